"""What a watch found, as sentences, as markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from trueweight.report.numbers import counted, percent, points
from trueweight.report.text import inline, visible

_NAMES: Final = {
    "agreement": "agreement with the recorded answers",
    "right": "difference from the baseline by golden answers, points",
    "in-time": "replies in time",
    "replies": "requests with a reply",
}


class WatchEvent(NamedTuple):
    """A change of a host; the fields are those of the JSON form."""

    host: str
    metric: str
    fell: bool
    run: str
    started_at: str
    mean: float
    bound: float
    evidence: float
    new: bool


def event_sentence(event: WatchEvent) -> str:
    """``twin: agreement with the recorded answers fell below 90.0% in 2026-11-30 (81.2% there)``."""
    verb = "fell below" if event.fell else "is back above"
    bound, mean = (_amount(event.metric, value) for value in (event.bound, event.mean))
    host, run = visible(event.host, limit=80), visible(event.run, limit=80)
    return f"{host}: {_NAMES.get(event.metric, event.metric)} {verb} {bound} in {run} ({mean} there)"


def _amount(metric: str, value: float) -> str:
    return points(value) if metric == "right" else percent(value)


def watch_lines(events: Sequence[WatchEvent], looks: int) -> Iterator[str]:
    """A line for each event, and one that says how many runs there are."""
    yield f"{counted(looks, 'run')} with a measurement"
    for event in events:
        yield f"{event_sentence(event)}{' NEW' if event.new else ''}"
    if not events:
        yield "no host changed"


def watch_markdown(events: Sequence[WatchEvent], looks: int, alpha: float) -> str:
    """For a step summary or an issue: what is new first."""
    new = [event for event in events if event.new]
    lines = [f"**{inline(event_sentence(event))}**" for event in new] or ["No host changed in the newest run."]
    out = ["## trueweight: watch", "", *lines, ""]
    if events:
        out += ["| run | host | metric | change | bound | mean |", "|---|---|---|---|--:|--:|"]
    for event in events:
        bound, mean = (_amount(event.metric, value) for value in (event.bound, event.mean))
        word = "fell" if event.fell else "back"
        cells = (event.run, event.host, _NAMES.get(event.metric, event.metric), word, bound, mean)
        out.append(f"| {' | '.join(inline(visible(cell, limit=80)) for cell in cells)} |")
    out += [
        "",
        f"{counted(looks, 'run')} with a measurement; α = {alpha:.3g} for each host and metric, over all looks.",
    ]
    return "\n".join(out) + "\n"


def watch_json(events: Sequence[WatchEvent], looks: int, alpha: float, *, measured: bool) -> dict[str, Any]:
    """The JSON form; ``measured`` says whether the newest run measured anything."""
    rows = [
        {
            "host": one.host,
            "metric": one.metric,
            "change": "fell" if one.fell else "back",
            "run": one.run,
            "started_at": one.started_at,
            "mean": round(one.mean, 6),
            "bound": one.bound,
            "evidence": float(f"{one.evidence:.6g}"),
            "new": one.new,
        }
        for one in events
    ]
    return {"looks": looks, "alpha": alpha, "measured": measured, "events": rows}


def webhook_body(events: Sequence[WatchEvent], looks: int, alpha: float) -> dict[str, Any]:
    """The new events: ``text`` for chat programs, the rest for others."""
    new = [event for event in events if event.new]
    text = "trueweight watch: " + "; ".join(map(event_sentence, new))
    return {"text": text, "source": "trueweight", **watch_json(new, looks, alpha, measured=True)}
