"""Put the page together: template, style, script, data, and the policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from importlib import resources
from typing import IO, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from trueweight.core.summary import Summary
from trueweight.metrics import describe, in_order
from trueweight.report.as_format_1 import as_format_1
from trueweight.report.counts import count_name, counts_in_order
from trueweight.report.evidence import Evidence
from trueweight.report.numbers import plain, sample, span, write
from trueweight.report.page.answer import answer
from trueweight.report.page.arrivals import lost_requests
from trueweight.report.page.client import client_health
from trueweight.report.page.drift import drifts
from trueweight.report.page.latency import latency
from trueweight.report.page.matrix import OUTCOMES, Matrix, as_data, build
from trueweight.report.page.paired import paired
from trueweight.report.page.payload import Failing, failing_cells, payload
from trueweight.report.page.select_evidence import choose
from trueweight.report.standing import Standing, standings
from trueweight.report.text import json_escaped, visible

EVIDENCE_BYTES: Final = 8_000_000
STATIC_ROWS: Final = 60
"""Rows of the matrix that stand in the page itself; the script shows the rest on demand."""


def inert_json(value: Any) -> Markup:
    """JSON for a data block: it holds no ``<``, ``>``, ``&`` or line separator, so nothing in it can end the block."""
    text = json_escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character with a meaning in HTML was replaced right above


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _asset(name: str) -> str:
    return resources.files("trueweight.report.page").joinpath(name).read_text(encoding="utf-8")


def _finalize(value: Any) -> Any:
    """Whatever the template prints: no unseen character passes, and nothing is endless."""
    return (
        visible(value, limit=2_000, lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value
    )


def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("trueweight.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "link": _link,
        "metric": describe,
        "sort_metrics": _sorted_metrics,
        "sort_counts": counts_in_order,
        "count": count_name,
        "json_text": json.dumps,
        "thousands": _thousands,
    }
    env.globals |= {"write": write, "span": span, "sample": sample}
    return env


def _thousands(number: float) -> str:
    return plain(number, 0)


def _places(summary: Mapping[str, Any], names: Sequence[str], lost: Container[str]) -> dict[str, str]:
    """Where on the page the reasons of each provider stand; who has none is left out."""
    reasons = [name for name in names if name in lost or summary["providers"][name]["findings"]]
    drifts = {name: "drift-h" for name in names if summary["providers"][name].get("drift")}
    return drifts | {name: f"why-{names.index(name)}" for name in reasons}


def _sorted_metrics(names: Iterable[str]) -> list[str]:
    return [metric.id for metric in in_order(names)]


def _metrics(summary: Mapping[str, Any]) -> list[str]:
    return _sorted_metrics({metric for one in summary["providers"].values() for metric in one["versus_reference"]})


def _link(url: Any) -> str:
    """The URL if it is a plain web address, else nothing."""
    text = str(url)
    return text if text.startswith(("https://", "http://")) and len(text) < 500 else ""


def _embed(
    evidence: Iterable[Evidence], chosen: Mapping[str, int], fails: Mapping[str, Sequence[Failing]]
) -> tuple[list[Markup], int]:
    """The chosen items as JSON texts, most telling first, within the budget; and how many did not fit."""
    texts: dict[int, Markup] = {}
    for item in evidence:
        rank = chosen.get(item.trial)
        if rank is not None:
            texts[rank] = inert_json(payload(item, fails.get(item.trial, ())))
    kept, used = [], 0
    for rank in sorted(texts):
        used += len(texts[rank].encode())
        if used > EVIDENCE_BYTES:
            break
        kept.append(texts[rank])
    return kept, len(texts) - len(kept)


def _laws(summary: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Check → its law, and the address of its clause or bug report."""
    found = (f for provider in summary["providers"].values() for f in provider.get("findings") or [])
    return {
        str(f["check"]): (visible(str(f.get("law", "")), limit=300), visible(_link(f.get("source", "")), limit=500))
        for f in found
    }


def _order(matrix: Matrix, summary: Mapping[str, Any]) -> list[str]:
    """Case keys as the summary writes them, in the matrix's order."""
    shown = {visible(str(case["case"]), limit=200): str(case["case"]) for case in summary.get("cases", [])}
    return [shown[row.key] for row in matrix.rows]


def _chosen(summary: Mapping[str, Any], matrix: Matrix, ranked: Sequence[Standing]) -> dict[str, int]:
    return choose(summary, [standing.provider for standing in ranked], _order(matrix, summary))


def wanted_trials(summary: Summary | Mapping[str, Any]) -> frozenset[str]:
    """Ids of the trials whose evidence the page would embed: nothing else needs to be read for it."""
    found = as_format_1(summary)
    ranked = standings(found)
    return frozenset(_chosen(found, build(found, [standing.provider for standing in ranked]), ranked))


def render_html(summary: Mapping[str, Any], evidence: Iterable[Evidence], *, title: str = "trueweight") -> str:
    """One self-contained page.

    Args:
        summary: the parsed ``summary.json``.
        evidence: any order; only what is embedded is kept in memory.
    """
    ranked = standings(summary)
    names = [standing.provider for standing in ranked]
    matrix = build(summary, names)
    kept, dropped = _embed(evidence, _chosen(summary, matrix, ranked), failing_cells(summary))
    lost = {name: found for name in names if (found := lost_requests(summary, name))}
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; script-src '{_source_hash(script)}'; style-src '{_source_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            policy=Markup(policy),  # noqa: S704 - made of constants and base64
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            summary=summary,
            run=summary["run"],
            answer=answer(summary, ranked),
            client=client_health(summary),
            latency=latency(summary, names),
            drift=drifts(summary, names),
            matrix=matrix,
            names={letter: name for name, letter in OUTCOMES.items()},
            static_rows=STATIC_ROWS,
            lost=lost,
            pairs=paired(
                summary, tuple(name for name in names if name != summary["run"].get("reference")), _metrics(summary)
            ),
            places=_places(summary, names, lost),
            blamed=frozenset(lost)
            | {standing.provider for standing in ranked if standing.word == "drifted"}
            | {name for name in names if any(f["severity"] != "INFO" for f in summary["providers"][name]["findings"])},
            judged=frozenset(name for name in names if summary["providers"][name].get("verdict")),
            data=inert_json(as_data(matrix, _laws(summary), summary["run"].get("reference"))),
            evidence=Markup("[" + ",\n".join(kept) + "]"),  # noqa: S704 - each piece went through inert_json
            embedded=len(kept),
            dropped=dropped,
        )
    )


def write_html(
    summary: Mapping[str, Any], evidence: Iterable[Evidence], file: IO[str], *, title: str = "trueweight"
) -> None:
    """The same, written to a text file object."""
    file.write(render_html(summary, evidence, title=title))
