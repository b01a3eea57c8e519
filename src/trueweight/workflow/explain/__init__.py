"""What a check, a metric or a grader is, in words; a check also by its example, with the bytes that break it marked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from trueweight.checks import run_checks, run_paired_checks
from trueweight.core import (
    DEFAULT_API,
    PROTOCOLS,
    CheckInfo,
    ConfigError,
    Outcome,
    ReplyDigest,
    digest_choices,
    near_miss,
)
from trueweight.core.check import CHECKS
from trueweight.core.example import Example, PairedExample, SampleReply, SampleTrial
from trueweight.core.exchange import Exchange
from trueweight.core.grader import GRADERS, Grader
from trueweight.metrics import Metric, all_metrics, describe, in_order, metric_origin
from trueweight.protocols import read_reply
from trueweight.report.terminal import COLUMNS
from trueweight.report.words.terms import find_term, term_names
from trueweight.workflow.explain.listing import OURS, check_table, checks_json
from trueweight.workflow.explain.show import marked

__all__ = ["check_table", "checks_json", "digests", "explain", "explain_json", "sample_exchange"]

_BETTER = {True: "higher", False: "lower", None: "neither direction"}
_BLAME = {
    True: "the serving stack; a model cannot cause it",
    False: "the model or the serving stack: compare with the reference",
}


class _Explained(NamedTuple):
    """A name with labelled facts, where it is from, and the lines of an example."""

    name: str
    facts: tuple[tuple[str, str], ...]
    origin: str = OURS
    example: tuple[str, ...] = ()


def explain_json(name: str) -> str:
    """The same as ASCII JSON: the name, a text for each label, and the text of the example; errors as in `explain`."""
    found = _explained(name)
    made: dict[str, object] = {"name": found.name, **dict(found.facts), "package": found.origin}
    return json.dumps(made | ({"example": "\n".join(found.example)} if found.example else {}), indent=2)


def explain(name: str) -> str:
    """A check, a metric, a grader or a word of the report, in words.

    Of a check: what it requires, why, an example that breaks it, and how to fix the server. Of a metric: definition,
    unit, direction, method and source. Of a grader: what its score is and what answer it expects. A metric is also
    found by its title. Of a word of the report: what it means.

    Raises:
        ConfigError: ``unknown-check`` if no check, metric, grader or word has this name, with the nearest name.
    """
    found = _explained(name)
    package = [] if found.origin == OURS else [("package", found.origin)]
    lines = [found.name, "", *(f"{label + ':':<14}{text}" for label, text in (*found.facts, *package))]
    return "\n".join([*lines, "", *found.example] if found.example else lines)


def _explained(name: str) -> _Explained:
    if name in CHECKS.all():
        return _explain_check(CHECKS.get(name).info)
    if name.casefold() in all_metrics():
        return _explain_metric(describe(name.casefold()))
    if name in GRADERS.all():
        return _explain_grader(GRADERS.get(name))
    titles = {one.title.partition(", ")[0].casefold(): one.id for one in reversed(in_order(all_metrics()))}
    titles |= {describe(one).title.casefold(): one for one in all_metrics()}
    titles |= {head.casefold(): metric for head, metric in COLUMNS.items()}
    if name.casefold() in titles:
        return _explain_metric(describe(titles[name.casefold()]))
    if (term := find_term(name)) is not None:
        also = [("also", ", ".join(term.also))] if term.also else []
        return _Explained(term.name, (("meaning", term.meaning), *also))
    known = {*CHECKS.all(), *all_metrics(), *GRADERS.all(), *titles, *term_names()}
    raise ConfigError(
        f"unknown check, metric, grader or word {name!r}", code="unknown-check", hint=near_miss(name, sorted(known))
    )


def _explain_check(info: CheckInfo) -> _Explained:
    facts = [("requirement", info.requirement)]
    facts += [("severity", f"{info.severity}, unless the case that names it says otherwise")]
    facts += [("why", info.why), ("fix", info.fix), ("caused by", _BLAME[info.engine])]
    facts += [("API", info.protocol)] if info.protocol else []
    facts += [("source", info.source)] if info.source else []
    facts += [("failure mode", str(info.row))] if info.row else []
    parameters = info.params.get("properties", {})
    facts += [("parameters", json.dumps(parameters))] if parameters else []
    return _Explained(info.id, tuple(facts), CHECKS.origin(info.id), tuple(_example(info)))


def _explain_metric(metric: Metric) -> _Explained:
    facts = [("title", metric.title), ("definition", metric.definition), ("unit", metric.unit)]
    facts += [("better", _BETTER[metric.higher_is_better]), ("estimate", metric.method), ("source", metric.source)]
    facts += [("bar", "can be required in bar.toml")] if metric.estimate is not None else []
    return _Explained(metric.id, tuple(facts), metric_origin(metric.id))


def _explain_grader(one: Grader) -> _Explained:
    facts = [("score", one.definition), ("expected", json.dumps(one.expected, ensure_ascii=False))]
    facts += [("use", f"checks: {{graded: {{grader: {one.id}, expected: …}}}} in a case")]
    if one.id in COLUMNS:
        title = describe(COLUMNS[one.id]).title
        facts += [("heading", f"in the table of a run: {title}, see `trueweight explain {COLUMNS[one.id]}`")]
    return _Explained(one.id, tuple(facts), GRADERS.origin(one.id))


def sample_exchange(reply: SampleReply | Exchange, api: str | None = None) -> Exchange:
    """An example's reply as an exchange: as it is, or as a server of the check's API sends it."""
    return PROTOCOLS.get(api or DEFAULT_API).sample(reply) if isinstance(reply, SampleReply) else reply


def digests(samples: Iterable[SampleTrial]) -> list[ReplyDigest]:
    """The replies of a paired example as its check takes them; their trials are numbered from 0."""
    made: list[ReplyDigest] = []
    for at, one in enumerate(samples):
        exchange = sample_exchange(one.reply)
        made += digest_choices(f"{at:020}", one.case, exchange.mode, at, read_reply(exchange))
    return made


def _example(info: CheckInfo) -> Iterator[str]:
    match info.example:
        case Example() as example:
            yield from _single(info, example)
        case PairedExample() as paired:
            yield from _paired(info, paired)
        case None:
            yield "This check declares no example."


def _single(info: CheckInfo, example: Example) -> Iterator[str]:
    reply = read_reply(sample_exchange(example.bad, info.protocol))
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
