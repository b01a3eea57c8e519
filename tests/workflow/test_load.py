"""``trueweight load``: levels of load, what they came to, and where a provider saturates."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from dataclasses import replace
from typing import Any

import pytest
from endpoint import ReceivedRequest, Workspace, answer_ok, endpoint, reply
from hypothesis import given
from hypothesis import strategies as st

from fleet_replies import exchange_with, served
from records import recorded_lines
from trueweight.cli import main
from trueweight.core import Case, ConfigError, Estimate, Exchange, Mode, Provider, Stamp, Suite, Timing
from trueweight.core.load_result import LoadPoint, OffPlan
from trueweight.report.load import LoadCurve, load_sentence
from trueweight.wire import WireSettings
from trueweight.workflow.load import Level, LevelTrials, curves, load_points, parse_slo, read_level, saturation
from trueweight.workflow.load.measured import _active
from trueweight.workflow.load.starts import Start, StartRate, pace, planned_starts

NONE = Estimate.not_applicable("proportion", "")


def load(workspace: Workspace, *more: object) -> subprocess.CompletedProcess[str]:
    command = [
        *workspace.command()[:3],
        "load",
        "--providers",
        "providers.toml",
        "--suite",
        "s.yaml",
        "--out",
        "out",
        "--plain",
    ]
    return subprocess.run(
        [*command, *map(str, more)], cwd=workspace.path, env=workspace.environment(), capture_output=True, text=True,
        encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


def load_here(workspace: Workspace, *more: object) -> dict[str, Any]:
    """The only point of a sweep in this process."""
    command = ("load", "--providers", "providers.toml", "--suite", "s.yaml", "--out", "out", "--plain", "--no-probe")
    done = workspace.trueweight(*command, "--arrivals", "constant", *more)
    assert done.returncode == 0, done.stderr
    point: dict[str, Any] = json.loads((workspace.run / "load.json").read_text("utf-8"))["points"][0]
    return point


def recorded(workspace: Workspace) -> int:
    """Requests of all levels on record, without those of the probe."""
    records = [recorded_lines(path.parent) for path in workspace.run.glob("*/manifest.json")]
    return sum(len(line["attempts"]) for lines in records for line in lines)


@pytest.mark.slow
def test_a_server_that_serves_two_at_a_time_saturates_there(workspace: Workspace) -> None:
    """Beyond two at once throughput stands still and waiting grows: table, JSON and page say where; a second call of
    the same command sends nothing."""
    places = asyncio.Semaphore(2)

    async def two_at_a_time(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        async with places:
            await asyncio.sleep(0.08)
        await answer_ok(request, writer)

    with endpoint(two_at_a_time) as place:
        workspace.providers({"<b>two": place.url})
        workspace.suite("a", "b")
        done = load(workspace, "--concurrency", "1,2,8", "--requests", 16, "--slo", "e2e=10s")
        assert done.returncode == 0, done.stderr
        sent = len(place.requests)
        again = load(workspace, "--concurrency", "1,2,8", "--requests", 16, "--slo", "e2e=10s")
        assert again.returncode == 0, again.stderr
        assert len(place.requests) == sent > recorded(workspace) == 3 * 16  # more: the probe, which is sent once too
    found = json.loads((workspace.run / "load.json").read_text("utf-8"))
    assert found["providers"]["<b>two"]["saturates_at"] == 2
    by_level = {point["level"]: point for point in found["points"]}
    assert all(point["ok"] == point["good"] == 16 for point in by_level.values())
    assert by_level[8]["times"]["e2e"]["p95"]["value"] > 2 * by_level[1]["times"]["e2e"]["p95"]["value"]
    assert "saturates at concurrency 2" in done.stdout
    page = (workspace.run / "load.html").read_text("utf-8")
    assert "<b>two" not in page
    assert "&lt;b&gt;two" in page
    assert page.count('<svg class="plot"') == 4  # plain replies have no TTFT and no TPOT to draw
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_dry_run_says_what_a_sweep_sends(workspace: Workspace) -> None:
    """Requests of all levels, the highest cost and the time; nothing is sent and nothing written."""
    workspace.providers({"p": "http://127.0.0.1:9/v1", "q": "http://127.0.0.1:9/v1"})
    workspace.suite("a")
    done = load(workspace, "--dry-run", "--no-probe", "--rate", "2,4", "--requests", 60)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:4]] == [["p", "120"], ["q", "120"], ["all", "240"]]
    assert "Expected time: 90 s to " in done.stdout
    assert "Nothing was sent." in done.stdout
    assert not workspace.run.exists()


@pytest.mark.slow
def test_a_smaller_sweep_in_the_same_place_is_of_its_own_requests(workspace: Workspace) -> None:
    """What an earlier sweep has beyond them, or as streams, is not mixed in: the page says how many were asked."""
    with endpoint() as place:
        workspace.providers({"p": place.url})
        workspace.suite("a", "b")
        assert load(workspace, "--concurrency", "2", "--requests", 12, "--no-probe").returncode == 0
        done = load(workspace, "--concurrency", "2", "--requests", 4, "--no-probe")
        assert (done.returncode, len(place.requests)) == (0, 12), done.stderr
    found = json.loads((workspace.run / "load.json").read_text("utf-8"))
    assert (found["requests_per_level"], [point["attempted"] for point in found["points"]]) == (4, [4])


@pytest.mark.slow
def test_an_open_loop_keeps_its_rate(workspace: Workspace) -> None:
    """Requests a second are levels too; what the limits forbid is not good."""
    with endpoint() as place:
        workspace.providers({"p": place.url})
        workspace.suite("a")
        done = load(workspace, "--rate", "20,40", "--arrivals", "constant", "--requests", 8, "--slo", "e2e=0.0001ms")
    assert done.returncode == 0, done.stderr
    found = json.loads((workspace.run / "load.json").read_text("utf-8"))
    assert [(point["level"], point["open_loop"], point["good"]) for point in found["points"]] == [
        (20, True, 0),
        (40, True, 0),
    ]
    assert "no request met the limits" in done.stdout


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--slo", "ttf=5ms"), ("ttf", "'ttft'")),
        (("--slo", "ttft=5"), ("unit",)),
        (("--concurrency", "1,x"), ("'x'",)),
        (("--concurrency", "1", "--rate", "2"), ("one of them",)),
    ],
)
def test_bad_levels_and_limits_are_refused(
    workspace: Workspace,
    more: tuple[str, ...],
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What was written, what would be valid, exit 2."""
    monkeypatch.chdir(workspace.path)
    workspace.providers({"p": "http://127.0.0.1:9/v1"})
    workspace.suite("a")
    with pytest.raises(SystemExit) as left:
        main(["load", "--providers", "providers.toml", "--suite", "s.yaml", "--out", "out", *more])
    assert left.value.code == 2
    output = capsys.readouterr().err
    for word in words:
        assert word in output


def test_a_time_that_cannot_be_measured_is_neither_met_nor_missed() -> None:
    """One token has no time per output token, a plain reply no first token; a stream without a token misses TTFT."""
    slo = parse_slo("ttft=500ms, tpot=0.05s")
    assert str(slo) == "ttft=500ms,tpot=50ms"
    assert slo.met(Timing(ttft=500_000_000, tpot=50e6))
    assert not slo.met(Timing(ttft=500_000_001, tpot=50e6))
    assert slo.met(Timing(ttft=1, ttfe=1)) is None
    assert slo.met(Timing(ttft=500_000_001, ttfe=1)) is False
    assert slo.met(Timing(ttfe=1)) is False
    assert slo.met(Timing(service=1)) is None
    assert slo.met(None) is False
    assert parse_slo("").met(Timing())
    with pytest.raises(ConfigError):
        parse_slo("ttft=1ms,ttft=2ms")


def point(level: float, throughput: float, limited: int = 0, off: OffPlan | None = None) -> LoadPoint:
    ok = round(throughput * 10)
    return LoadPoint(
        level=level, open_loop=False, provider="p", attempted=ok, ok=ok, good=ok, seconds=10.0, throughput=ok / 10,
        goodput=ok / 10, tokens_per_second=0.0, client_limited=limited, failures={}, good_share=NONE, times={},
        off_plan=off, planned_per_second=10.0, sent_per_second=5.5,
    )  # fmt: skip


def test_saturation_is_where_more_load_stops_paying() -> None:
    """Growth of less than a tenth of what the load grew by; a level where we were the bottleneck does not count."""
    assert saturation([point(1, 10), point(2, 20), point(4, 40)]) is None
    full = saturation([point(1, 10), point(2, 20), point(4, 21), point(8, 21)])
    assert full is not None and full.level == 2
    assert saturation([point(1, 10), point(2, 20), point(4, 20, limited=150)]) is None
    assert saturation([point(1, 53), point(2, 51), point(4, 78)]) is None  # one slow level, and more after it
    full = saturation([point(1, 100), point(2, 90), point(4, 105)])
    assert full is not None and full.level == 1  # 105 after a slow level is not much more than 100


def test_a_level_that_was_not_sent_as_planned_proves_nothing() -> None:
    """It neither saturates the provider nor shows that it does not; the sentence names it and is of the others."""
    points = [point(1, 10), point(2, 20), point(4, 5.5, off=OffPlan.MOVED)]
    assert saturation(points) is None
    assert saturation([point(1, 10), point(2, 10), point(4, 40, off=OffPlan.MOVED)]) is not None
    [curve] = curves(points)
    sentence = load_sentence(curve, "")
    assert "most goodput at concurrency 2" in sentence
    assert "not saturated up to concurrency 2;" in sentence
    assert (
        "concurrency 4 left out: sent at 5.50 of 10.0 a second: the run was resumed or a worker was replaced"
        in sentence
    )
    [alone] = curves([point(1, 10, off=OffPlan.LATE)])
    assert load_sentence(alone, "").startswith("nothing was measured; concurrency 1 left out: sent at")


def test_the_starts_on_record_are_held_to_the_schedule() -> None:
    """A part that is sent after the rest, a gap, late starts and a limit of the file are told apart; so is a provider
    that holds the requests back, which is its load."""
    settings = WireSettings(rate=10.0, seed=3)
    plan = planned_starts(settings, "p", 400)

    def found(meant: list[float], late: float = 0.0, *, held: bool = False, paced: bool = False) -> StartRate:
        starts = [Start(at, at + late * number) for number, at in enumerate(meant)]
        return pace(starts, plan, 10.0, held=held, paced=paced)

    assert found(plan).off_plan is None
    assert found(plan, 0.001).off_plan is None
    # One of two workers dies halfway: its second half starts when the other worker's part has ended.
    moved = found([at + 35.0 * (number % 2 and number >= 200) for number, at in enumerate(plan)])
    assert moved.off_plan is OffPlan.MOVED
    assert (moved.sent or 0) < 0.7 * (moved.planned or 0)
    # A gap of five seconds is less than a tenth of the level, and twice the longest gap of one session.
    assert found([at + 5.0 * (number >= 200) for number, at in enumerate(plan)]).off_plan is OffPlan.MOVED
    assert found(plan, 0.1).off_plan is OffPlan.LATE
    assert found(plan, 0.1, paced=True).off_plan is OffPlan.PACED
    assert found(plan, 0.1, held=True).off_plan is None
    assert pace([], plan, 10.0, held=False, paced=False) == pace([], [], 10.0, held=False, paced=False) == StartRate()


def test_an_open_loop_that_is_resumed_is_left_out(workspace: Workspace) -> None:
    """The first session sends a part of it, the second one the rest: JSON, page and table name no rate of it."""
    with endpoint() as place:
        workspace.providers({"p": place.url})
        workspace.suite("a")
        assert load_here(workspace, "--rate", 200, "--requests", 6)["off_plan"] != "moved"
        time.sleep(0.2)  # more than twenty mean gaps, which is what makes it two sessions
        found = load_here(workspace, "--rate", 200, "--requests", 12)
    assert (found["off_plan"], found["ok"]) == ("moved", 12)
    assert found["sent_per_second"] < 0.9 * found["planned_per_second"]
    assert "left out: sent at" in (workspace.run / "load.html").read_text("utf-8")


def test_a_level_of_a_provider_that_is_stopped_is_left_out(workspace: Workspace) -> None:
    """It has fewer requests than planned, and the reason."""

    async def refuse_later(request: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        await (answer_ok(request, writer) if len(place.requests) < 4 else reply(writer, {}, 401))

    with endpoint(refuse_later) as place:
        workspace.providers({"p": place.url})
        workspace.suite("a")
        found = load_here(workspace, "--concurrency", 1, "--requests", 8)
    assert (found["off_plan"], found["unsent"]) == ("incomplete", 8 - found["attempted"])
    assert "401" in found["unsent_reason"]
    page = (workspace.run / "load.html").read_text("utf-8")
    assert f"{found['attempted']} of 8 requests sent (HTTP 401" in page


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 20)), max_size=20))
def test_active_time_is_the_union(spans: list[tuple[int, int]]) -> None:
    """Counted second by second."""
    covered = {second for start, length in spans for second in range(start, start + length)}
    assert _active([(start, start + length) for start, length in spans]) == len(covered)


def test_in_an_open_loop_the_time_between_two_requests_counts() -> None:
    """Thirty requests at one a second are one success a second, however fast each is; a pause of an hour is none."""
    starts = [*range(15), *range(3_600, 3_615)]
    assert _active([(start, start + 0.2) for start in starts], 20.0) == pytest.approx(2 * 14.2)


def _read_level(provider: str, concurrency: int, texts: list[str], *, first_after: float = 0.0) -> LevelTrials:
    """A level of streamed replies of a provider of the fleet; ``first_after`` seconds are added to each time."""
    cases = tuple(
        Case(f"c{n}", "s", {"messages": [{"role": "user", "content": text}]}, modes=(Mode.STREAM,))
        for n, text in enumerate(texts)
    )
    provided, late = served(provider), round(first_after * 1e9)
    return read_level(
        Level(concurrency),
        Provider(provider, "http://127.0.0.1", "m"),
        [_later(exchange_with(provided, case, Mode.STREAM), late) for case in cases],
        parse_slo("ttft=500ms"),
        suite=Suite("s", cases),
    )


def _later(exchange: Exchange, ns: int) -> Exchange:
    stamps = tuple(Stamp(at.ns + ns, at.offset) for at in exchange.final.stamps)
    return replace(exchange, attempts=(replace(exchange.final, stamps=stamps),))


def test_streams_that_are_held_back_have_no_time_to_a_first_token() -> None:
    """Nor one per token, at any level of that provider, also where they begin early; the reason and their number are
    said. A limit of TTFT holds all the same of when they came, and a provider that streams keeps its times."""
    texts = [f"Tell a long story of {name}, please." for name in ("a ship", "a dog", "a hill", "a fire")]
    held = [_read_level("stream-buffered", 1, texts, first_after=-0.4), _read_level("stream-buffered", 2, texts)]
    points = load_points([*held, _read_level("slow", 1, texts, first_after=0.6)])
    for point in points[:2]:
        assert point.in_one_piece == point.ok == 4
        for name in ("ttft", "ttfo", "tpot"):
            found = point.times[name]["p50"]
            assert (found.value, found.note) == (
                None, "4 streams came in one piece, after the last token was generated"
            )  # fmt: skip
        assert point.times["e2e"]["p50"].value
    assert [point.good for point in points] == [4, 0, 0]
    assert points[2].in_one_piece == 0
    assert points[2].times["ttft"]["p50"].value == pytest.approx(660, abs=20)
    assert "4 streams came in one piece" in load_sentence(LoadCurve("p", points[:1], points[0], None), "")
