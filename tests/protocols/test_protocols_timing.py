"""Times, against a schedule that is known because the test wrote it."""

from __future__ import annotations

import pytest
from handmade import call, chunk, message, plain, sse, stream, usage_chunk

from trueweight.protocols import read_reply, timing_of


def timed(documents: list, times: list[int]) -> object:
    """The timing of a stream whose events arrive one a chunk, at the given times, sent at 100."""
    sizes = [len(sse([document], done=False)) for document in documents]
    cuts = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    made = stream(documents, cuts=cuts, times=times, t_send=100)
    return timing_of(made, read_reply(made))


def test_only_tokens_are_tokens() -> None:
    """Role, empty text, usage and a bare finish reason are events but no token events."""
    documents = [
        chunk(role="assistant", content=""),
        chunk(reasoning_content="r"),
        chunk(content="a"),
        chunk(content="b"),
        chunk("stop"),
        usage_chunk(completion=5),
    ]
    times = timed(documents, [200, 1100, 2100, 5100, 6000, 7000, 8000])
    assert (times.ttfe, times.ttft, times.ttfo) == (100, 1000, 2000)
    assert (times.service, times.response, times.generation) == (5000, 5100, 4000)
    assert times.tpot == 1000
    assert times.output_speed == pytest.approx(5e9 / 4000)
    assert times.gaps == (1000, 3000)


def test_bursts_show_as_gaps_of_nothing_and_tokens_a_chunk() -> None:
    """Three token events of which two came in one chunk: half of the gaps are 0; six tokens in three events are two."""
    documents = [chunk(content="a"), chunk(content="b"), chunk(content="c"), usage_chunk(completion=6)]
    times = timed(documents, [1000, 1000, 4000, 4000, 5000])
    assert (times.gap, times.gap_max, times.zero_gaps, times.chunk_tokens) == (1500, 3000, 0.5, 2)
    assert (times.lag, times.connect, times.cold) == (100, None, False)


def test_without_usage_there_is_no_speed() -> None:
    """The number of tokens comes from the server's usage, never from counting chunks."""
    times = timed([chunk(content="a"), chunk(content="b")], [200, 300, 400])
    assert times.tpot is None
    assert times.output_speed is None
    assert times.generation == 100


def test_a_tool_call_is_output_from_its_name_on() -> None:
    """A fragment with a name is a token event and counts as first output."""
    times = timed([chunk(tool_calls=[call(index=0, arguments="")]), chunk("tool_calls")], [300, 400, 500])
    assert (times.ttft, times.ttfo, times.service) == (200, 200, 200)


def test_a_stream_without_tokens_defines_no_first_token() -> None:
    """No token event, no TTFT: not a time of something else."""
    times = timed([chunk(role="assistant"), chunk("stop")], [200, 300, 400])
    assert (times.ttfe, times.ttft, times.service, times.tpot) == (100, None, None, None)


def test_a_plain_reply_has_service_and_response_time_only() -> None:
    """Sent to done, and scheduled to done; there is no first token in one body."""
    made = plain(message(content="x", usage=(1, 10)), t_send=100, t_done=1100)
    times = timing_of(made, read_reply(made))
    assert (times.service, times.response, times.ttft, times.ttfe) == (1000, 1100, None, None)
    assert times.output_speed is None  # the prompt and the queue are in its only time


def test_events_in_one_chunk_have_gaps_of_zero() -> None:
    """What arrives together has no time between; the burst shows instead of being smoothed."""
    made = stream([chunk(content="a"), chunk(content="b"), chunk(content="c")])
    assert timing_of(made, read_reply(made)).gaps == (0, 0)


def test_a_legacy_function_call_is_a_first_token() -> None:
    """Hosts that stream ``function_call`` send tokens with it."""
    times = timed([chunk(role="assistant"), chunk(function_call={"name": "f", "arguments": ""})], [200, 400, 500])
    assert (times.ttft, times.ttfo) == (300, 300)
