"""What a check is, in words and by example: replies that break it, with the bytes that show it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from trueweight.checks import all_checks, check_params_schema, run_checks, run_paired_checks
from trueweight.core import CheckInfo, ConfigError, Outcome, near_miss
from trueweight.protocols import read_reply
from trueweight.workflow.explain.examples import EXAMPLES
from trueweight.workflow.explain.paired_examples import PAIRED_EXAMPLES, heard_of
from trueweight.workflow.explain.show import marked

__all__ = ["check_table", "checks_json", "explain"]

_BLAME = {True: "the serving stack alone can break it", False: "the model, or the serving stack: compare the reference"}


def checks_json() -> str:
    """Every check with all that is known of it, for machines."""
    return json.dumps([_as_json(info) for info in all_checks()], indent=2, ensure_ascii=False)


def check_table() -> Iterator[str]:
    """A line for each check: id, severity, failure mode, requirement."""
    checks = all_checks()
    width = max(len(info.id) for info in checks)
    for info in checks:
        row = f"row {info.row}" if info.row else ""
        yield f"{info.id:<{width}}  {info.severity:<6}  {row:<6}  {info.requirement}"


def explain(check_id: str) -> str:
    """What a check says, why, an example that breaks it, and how to fix the server.

    Raises:
        ConfigError: with the near miss, if there is no such check.
    """
    known = {info.id: info for info in all_checks()}
    if check_id not in known:
        hint = near_miss(check_id, known)
        raise ConfigError(f"unknown check {check_id!r}", code="unknown-check", hint=hint)
    info = known[check_id]
    facts = [
        ("requirement", info.requirement),
        ("severity", f"{info.severity}, unless the case that names it says otherwise"),
    ]
    facts += [("why", info.why), ("fix", info.fix), ("broken by", _BLAME[info.engine])]
    facts += [("source", info.source)] if info.source else []
    facts += [("failure mode", str(info.row))] if info.row else []
    facts += [("parameters", json.dumps(check_params_schema(check_id)["properties"]))] if _params(check_id) else []
    lines = [info.id, "", *(f"{name + ':':<14}{text}" for name, text in facts), "", *_example(info)]
    return "\n".join(lines)


def _params(check_id: str) -> list[str]:
    return list(check_params_schema(check_id).get("properties", {}))


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
        "parameters": _params(info.id),
    }


def _example(info: CheckInfo) -> Iterator[str]:
    for example in EXAMPLES:
        if example.check == info.id:
            reply = read_reply(example.bad)
            found = next(f for f in run_checks(example.asked, reply) if f.check == info.id)
            yield f"A reply that breaks it (status {reply.status}); the evidence stands between ⟦ and ⟧:"
            yield ""
            yield marked(reply, found)
            yield ""
            yield f"finding:      {found.message}"
            yield from (
                f"{name:<14}{text}" for name, text in (("expected:", found.expected), ("got:", found.got)) if text
            )
            return
    yield from _paired(info)


def _paired(info: CheckInfo) -> Iterator[str]:
    example = next(one for one in PAIRED_EXAMPLES if one.check == info.id)
    findings = run_paired_checks(heard_of(example.bad), heard_of(example.reference))
    yield "Replies that break it together:"
    for at, one in enumerate(example.bad):
        reply = read_reply(one.exchange)
        usage = reply.usage
        said = reply.content or "".join(f"{call.name}({call.arguments})" for call in reply.tool_calls)
        tokens = f"{usage.prompt_tokens} + {usage.completion_tokens} tokens" if usage else "no usage"
        failed = [f for f in findings.get(f"{at:020}", ()) if f.check == info.id and f.outcome is Outcome.FAIL]
        mark = f"  ⟦{failed[0].message}⟧" if failed else ""
        yield f"  case {one.case.id}, {one.exchange.mode}: {json.dumps(said, ensure_ascii=False)}, {tokens}{mark}"
