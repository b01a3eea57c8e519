"""A server that fails after its 200 has failed: typed, tried again, and never counted as a success."""

from __future__ import annotations

from fault_servers import Stage, Talk

DIED = b'data: {"error":{"message":"Worker died.","code":500},"choices":[]}\n\n'
WORD = b'data: {"choices":[{"delta":{"content":"half"}}]}\n\n'


async def dies_once(talk: Talk) -> None:
    await talk.start_chunks()
    await talk.chunk(WORD)
    await talk.chunk(DIED if talk.number == 0 else b"data: [DONE]\n\n")
    await talk.chunk(b"")


def test_an_error_inside_the_stream_is_a_typed_failure_and_is_tried_again(stage: Stage) -> None:
    """HTTP 200 and an error event: both attempts are on record, the first as a failure with the server's words."""
    stage.against(dies_once)
    assert stage.kinds() == ["error-in-body", None]
    first = stage.only.attempts[0]
    assert first.failure is not None
    assert (first.status, first.failure.detail, first.body) == (200, "Worker died.", WORD + DIED)


def test_what_the_server_said_before_it_failed_may_be_read_but_is_no_answer(stage: Stage) -> None:
    """Checks may point at the error; no metric may hold the half answer against the model (law 3)."""

    async def always_dies(talk: Talk) -> None:
        await talk.answer(200, b'{"error":{"message":"CUDA out of memory"}}')

    stage.against(always_dies, retries=0)
    assert stage.kinds() == ["error-in-body"]
    assert stage.only.judgeable
    assert not stage.only.answered
