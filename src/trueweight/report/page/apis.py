"""What a host does through each of its APIs, for the page: a row for each host and API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from trueweight.core import Estimate
from trueweight.core.api_comparison import ApiComparison
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.metrics import in_order
from trueweight.report.words import api_title

_LEFT_OUT: Final = frozenset({"ttfo"})
"""Of two times to a first token the page has the first: a reader compares APIs, and both have the same cause."""


class ApiRow(NamedTuple):
    """One API of a host: its name in sentences, the estimates in the order of the columns, and in how many cases it
    answers the same as the host's first API, ``other``; "" for that one."""

    title: str
    estimates: tuple[Estimate | None, ...]
    same: str
    other: str


class ApiHost(NamedTuple):
    """The rows of one provider."""

    name: str
    rows: tuple[ApiRow, ...]


class ThroughApis(NamedTuple):
    """The section: the metrics of its columns, and the providers that were asked through several APIs."""

    metrics: tuple[str, ...]
    hosts: tuple[ApiHost, ...]


def through_apis(summary: Summary, names: Sequence[str]) -> ThroughApis | None:
    """The section for these providers, in this order; None if none was asked through several APIs."""
    asked = [(name, one) for name in names if (one := summary.providers[name]).by_api]
    if not asked:
        return None
    known = {
        metric
        for _, one in asked
        for found in one.by_api.values()
        for metric, estimate in found.items()
        if estimate.value is not None and metric not in _LEFT_OUT
    }
    metrics = tuple(metric.id for metric in in_order(known))
    return ThroughApis(metrics, tuple(ApiHost(name, _rows(one, metrics)) for name, one in asked))


def _rows(provider: ProviderSummary, metrics: Sequence[str]) -> tuple[ApiRow, ...]:
    order = list(dict.fromkeys([api for pair in provider.apis for api in (pair.first, pair.second)]))
    apis = sorted(provider.by_api, key=lambda api: (api not in order, order.index(api) if api in order else 0, api))
    return tuple(
        ApiRow(
            api_title(api),
            tuple(provider.by_api[api].get(metric) for metric in metrics),
            _same(provider.apis, apis[0], api),
            api_title(apis[0]),
        )
        for api in apis
    )


def _same(pairs: Sequence[ApiComparison], first: str, api: str) -> str:
    pair = next((one for one in pairs if {one.first, one.second} == {first, api}), None)
    return "" if pair is None or not pair.cases else f"{pair.same} of {pair.cases}"
