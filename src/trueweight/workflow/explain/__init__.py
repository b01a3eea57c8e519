"""What a check is, in words and by its example, with the bytes that show the failure marked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from trueweight.checks import run_checks, run_paired_checks
from trueweight.core import CheckInfo, Outcome, ReplyDigest, digest_reply
from trueweight.core.check import CHECKS, all_checks
from trueweight.core.example import Example, PairedExample, SampleReply, SampleTrial
from trueweight.core.exchange import Exchange
from trueweight.core.grader import GRADERS, Grader, all_graders
from trueweight.protocols import read_reply
from trueweight.protocols.chat.sample import write_sample
from trueweight.workflow.explain.show import marked

__all__ = ["check_table", "checks_json", "digests", "explain", "sample_exchange"]

_OURS = "trueweight"
_BLAME = {
    True: "the serving stack; a model cannot cause it",
    False: "the model or the serving stack: compare with the reference",
}


def checks_json() -> str:
    """Every check and every grader with all their attributes, for machines."""
    listed = {
        "checks": [_as_json(info) for info in all_checks()],
        "graders": [_as_grader(one) for one in all_graders()],
    }
    return json.dumps(listed, indent=2, ensure_ascii=False)


def check_table() -> Iterator[str]:
    """A line for each check: id, severity, failure mode, requirement; then one for each grader: id and definition.

    The package of one that is not ours stands at the end of its line.
    """
    checks = all_checks()
    width = max(len(info.id) for info in checks)
    for info in checks:
        row = f"row {info.row}" if info.row else ""
        yield f"{info.id:<{width}}  {info.severity:<6}  {row:<6}  {info.requirement}{_package(CHECKS.origin(info.id))}"
    yield ""
    yield "Graders, which the check 'graded' takes:"
    for one in all_graders():
        yield f"{one.id:<{width}}  {one.definition}{_package(GRADERS.origin(one.id))}"


def _package(origin: str) -> str:
    return "" if origin == _OURS else f"  [{origin}]"


def explain(check_id: str) -> str:
    """What a check requires, why, an example that breaks it, and how to fix the server.

    Raises:
        ConfigError: ``unknown-check``, with the nearest name.
    """
    info = CHECKS.get(check_id).info
    facts = [("requirement", info.requirement)]
    facts += [("severity", f"{info.severity}, unless the case that names it says otherwise")]
    facts += [("why", info.why), ("fix", info.fix), ("caused by", _BLAME[info.engine])]
    facts += [("API", info.protocol)] if info.protocol else []
    facts += [("source", info.source)] if info.source else []
    facts += [("failure mode", str(info.row))] if info.row else []
    facts += [("parameters", json.dumps(info.params["properties"]))] if _params(info) else []
    facts += [("package", origin)] if (origin := CHECKS.origin(check_id)) != _OURS else []
    lines = [info.id, "", *(f"{name + ':':<14}{text}" for name, text in facts), "", *_example(info)]
    return "\n".join(lines)


def sample_exchange(reply: SampleReply | Exchange) -> Exchange:
    """An example's reply as an exchange: as it is, or as a server of chat completions sends it."""
    return write_sample(reply) if isinstance(reply, SampleReply) else reply


def digests(samples: Iterable[SampleTrial]) -> list[ReplyDigest]:
    """The replies of a paired example as its check takes them; their trials are numbered from 0."""
    made = []
    for at, one in enumerate(samples):
        exchange = sample_exchange(one.reply)
        digest = digest_reply(f"{at:020}", one.case, exchange.mode, at, read_reply(exchange))
        if digest is not None:
            made.append(digest)
    return made


def _params(info: CheckInfo) -> list[str]:
    return list(info.params.get("properties", {}))


def _as_json(info: CheckInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "requirement": info.requirement,
        "severity": info.severity.value,
        "row": info.row or None,
        "source": info.source or None,
        "why": info.why,
        "fix": info.fix,
        "engine": info.engine,
        "protocol": info.protocol,
        "parameters": _params(info),
        "package": CHECKS.origin(info.id),
    }


def _as_grader(one: Grader) -> dict[str, Any]:
    return {"id": one.id, "definition": one.definition, "expected": one.expected, "package": GRADERS.origin(one.id)}


def _example(info: CheckInfo) -> Iterator[str]:
    match info.example:
        case Example() as example:
            yield from _single(info, example)
        case PairedExample() as paired:
            yield from _paired(info, paired)
        case None:
            yield "This check declares no example."


def _single(info: CheckInfo, example: Example) -> Iterator[str]:
    reply = read_reply(sample_exchange(example.bad))
    found = next(f for f in run_checks(example.case, reply) if f.check == info.id)
    yield f"A reply that breaks it (status {reply.status}); the evidence is between ⟦ and ⟧:"
    yield ""
    yield marked(reply, found)
    yield ""
    yield f"finding:      {found.message}"
    yield from (f"{name:<14}{text}" for name, text in (("expected:", found.expected), ("got:", found.got)) if text)


def _paired(info: CheckInfo, example: PairedExample) -> Iterator[str]:
    findings = run_paired_checks(digests(example.bad), digests(example.reference))
    yield "Replies that break it together:"
    for at, one in enumerate(example.bad):
        exchange = sample_exchange(one.reply)
        reply = read_reply(exchange)
        usage = reply.usage
        text = reply.content or "".join(f"{call.name}({call.arguments})" for call in reply.calls)
        tokens = f"{usage.input} + {usage.output} tokens" if usage else "no usage"
        failed = [f for f in findings.get(f"{at:020}", ()) if f.check == info.id and f.outcome is Outcome.FAIL]
        mark = f"  ⟦{failed[0].message}⟧" if failed else ""
        yield f"  case {one.case.id}, {exchange.mode}: {json.dumps(text, ensure_ascii=False)}, {tokens}{mark}"
