"""One exchange in a terminal: findings with their bytes, reply, timeline, and the command that sends it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from trueweight.core import DEFAULT_API, SEVERE, Finding, Outcome, Reply
from trueweight.report.divergence import Divergence
from trueweight.report.evidence import Evidence, grade_rows, preview, side_by_side
from trueweight.report.page.payload import curl, marked
from trueweight.report.page.reply_rows import reply_rows
from trueweight.report.terminal.whole import NAME
from trueweight.report.text import cut, for_log, visible

_MARKS: Final = {Outcome.FAIL: ("✕", "red"), Outcome.PASS: ("✓", "green"), Outcome.UNSUPPORTED: ("∅", "yellow")}
_EVENTS: Final = 12
_LINE: Final = 400
_BODY: Final = 4_000


def _block(text: str, limit: int = _BODY) -> str:
    """Text of several lines, every one of them indented and harmless to a terminal and to a CI log."""
    return "\n".join(f"    {for_log(line, limit=_LINE)}" for line in cut(text, limit).split("\n"))


def _bytes(finding: Finding, reply: Reply | None) -> Iterator[Text]:
    for span in finding.spans[:2] if reply else ():
        line = Text("    ")
        for piece, on in marked(reply.body, span) if reply else ():
            shown = for_log(piece, limit=700)
            line.append(f"⟦{shown}⟧" if on else shown, style="bold reverse" if on else "dim")
        if len(line) > 4:
            yield line


def _finding(finding: Finding, requirement: str, reply: Reply | None) -> Iterator[Text]:
    mark, style = _MARKS.get(finding.outcome, ("·", "dim"))
    yield Text(f"{mark} {for_log(finding.check)}", style=f"bold {style}").append(
        f"  {finding.severity.value}", style="not bold"
    )
    rows = [
        ("required", requirement),
        ("found", finding.message),
        ("expected", finding.expected),
        ("got", finding.got),
    ]
    for label, text in rows:
        if text:
            yield Text(f"  {label:<12}", style="dim").append(for_log(text, limit=600), style="not dim")
    yield from _bytes(finding, reply)


def _timeline(item: Evidence) -> Iterator[str]:
    final = item.exchange.final
    events = item.reply.events if item.reply else ()
    yield f"{final.t_send / 1e6:>10.1f} ms  send"
    if final.t_headers is not None:
        yield f"{final.t_headers / 1e6:>10.1f} ms  response head, {final.status}"
    for event in events[:_EVENTS]:
        yield f"{event.ns / 1e6:>10.1f} ms  {for_log(preview(event, item.exchange.api, 200), limit=120)}"
    if len(events) > _EVENTS:
        yield f"{'':>13}  … {len(events) - _EVENTS} more events"
    end = f"failed: {final.failure.kind.value}: {final.failure.detail}" if final.failure else "end of body"
    yield f"{final.t_done / 1e6:>10.1f} ms  {for_log(end)}"


def _print(console: Console, text: Text | str) -> None:
    console.print(text if isinstance(text, Text) else Text(text), soft_wrap=True)


def print_exchange(item: Evidence, requirements: dict[str, str], console: Console, *, whole: bool = True) -> None:
    """Print the evidence of one trial.

    Args:
        requirements: check id → what it requires.
        whole: also the reply, its timeline, the headers and the request; else only what was found.
    """
    api = "" if item.exchange.api == DEFAULT_API else f"{item.exchange.api}, "
    title = f"{item.case} · {item.provider} · {api}{item.mode}, repeat {item.repeat + 1}"
    _print(console, Text(for_log(title), style="bold"))
    _print(console, Text(f"trial {for_log(item.trial, limit=40)}, {item.exchange.started_at}", style="dim"))
    if item.exchange.client_limited:
        _print(console, Text("CLIENT-LIMITED: this client was busy; do not trust the times", style="yellow"))
    failing = [finding for finding in item.findings if finding.outcome is not Outcome.PASS]
    for finding in failing:
        for line in _finding(finding, requirements.get(finding.check, ""), item.reply):
            _print(console, line)
    held = [finding.check for finding in item.findings if finding.outcome is Outcome.PASS]
    if held and not failing:
        _print(console, Text(f"✓ all {len(held)} checks held", style="green"))
    if whole:
        _print_whole(item, held, console)


def _print_whole(item: Evidence, held: Sequence[str], console: Console) -> None:
    def head(text: str) -> None:
        _print(console, "")
        _print(console, Text(text, style="bold"))

    if item.task is not None:
        head("Answers")
        for label, text in side_by_side(item):
            _print(console, Text(f"  {for_log(label, limit=60)}", style="dim"))
            _print(console, _block(text))
        for label, text in grade_rows(item):
            _print(console, Text(f"  {label}: {for_log(text, limit=300)}", style="dim"))
    head("Reply")
    if item.reply is None:
        _print(console, "    none arrived")
    else:
        for label, text in reply_rows(item.reply):
            _print(console, Text(f"  {for_log(label, limit=60)}", style="dim"))
            _print(console, _block(text))
        for anomaly in item.reply.anomalies[:12]:
            _print(console, Text(f"  odd: {for_log(f'{anomaly.kind}: {anomaly.detail}')}", style="yellow"))
    head("Timeline")
    for line in _timeline(item):
        _print(console, line)
    if len(item.exchange.attempts) > 1:
        head(f"{len(item.exchange.attempts)} attempts")
        for attempt in item.exchange.attempts:
            why = f", {attempt.failure.kind.value}" if attempt.failure else ""
            _print(console, f"    {attempt.status or 'no status'} after {attempt.t_done / 1e6:.1f} ms{why}")
    head("Response headers")
    for name, value in item.exchange.final.headers[:30]:
        _print(console, f"    {for_log(f'{name}: {value}')}")
    head("Request")
    # A command that is pasted into a shell must be whole: no line of it is cut, only made visible.
    _print(console, visible(curl(item.exchange.request), limit=10**9, lines=True))
    if held:
        head("Held")
        _print(console, f"    {for_log(', '.join(held), limit=4_000)}")


def print_divergence(found: Divergence | None, names: tuple[str, str], console: Console) -> None:
    """Print where two replies part, one below the other."""
    if found is None:
        _print(console, "Apart from ids and times the two replies say the same.")
        return
    _print(console, Text(f"First divergence: {for_log(found.label)}", style="bold"))
    width = max(len(for_log(name, limit=NAME)) for name in names)
    for name, text, style in ((names[0], found.left, "red"), (names[1], found.right, "green")):
        line = Text(f"  {for_log(name, limit=NAME):<{width}}  ").append(for_log(found.same), style="dim")
        _print(console, line.append(f"⟦{for_log(text)}⟧", style=f"bold {style}"))


def print_outcomes(items: Sequence[Evidence], console: Console) -> None:
    """Print a line per trial of a case: provider, API (if several), mode, repeat, id, and the failing checks."""
    width = max((len(item.exchange.api) for item in items), default=0)
    names = max((len(for_log(item.provider, limit=NAME)) for item in items), default=0)
    several = len({item.exchange.api for item in items}) > 1
    for item in items:
        failed = [finding for finding in item.findings if finding.outcome is Outcome.FAIL]
        failing = [finding.check for finding in failed if finding.severity in SEVERE]
        words = ", ".join(failing) or "held"
        if len(failed) > len(failing):
            words += f" (info: {', '.join(f.check for f in failed if f.severity not in SEVERE)})"
        if item.reply is None:
            kind = item.exchange.failure.kind.value if item.exchange.failure else "no answer"
            words = f"no answer arrived ({kind})"
        mark, style = ("✕", "red") if failing else ("⌁", "yellow") if item.reply is None else ("✓", "green")
        line = Text(f"{mark} ", style=style).append(f"{for_log(item.provider, limit=NAME):<{names}}  ", style="none")
        api = f"{item.exchange.api:<{width}} " if several else ""
        line.append(f"{api}{item.mode:<6} {item.repeat + 1}  {item.trial}  ", style="dim")
        _print(console, line.append(for_log(words), style="none"))


def print_changed(changed: tuple[Sequence[str], Sequence[str], Sequence[str]], console: Console) -> None:
    """Print the checks that still fail, that fail now, and that hold now.

    Args:
        changed: ids of checks: failing in both replies, in the new one only, in the old one only.
    """
    for words, style, checks in zip(
        ("still fails", "fails now", "holds now"), ("red", "red", "green"), changed, strict=True
    ):
        if checks:
            _print(
                console,
                Text(f"{words}: ", style=f"bold {style}").append(for_log(", ".join(checks), limit=4_000), style="none"),
            )
