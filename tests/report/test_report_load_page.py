"""The page of a load sweep: the design of a run's page, inert, with axes that hold their labels."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from msgspec import structs

from trueweight.core import Estimate
from trueweight.core.load_result import LoadPoint
from trueweight.report.load import LoadCurve, load_page, load_sentence

HOSTILE = "<script>alert(1)</script>{{7*7}}\u202e"


def _ms(value: float) -> dict[str, Estimate]:
    return {name: Estimate(value * at, value, value * 3, 16, "ms", "by hand") for name, at in (("p50", 1), ("p95", 2))}


def _point(provider: str, level: float, throughput: float) -> LoadPoint:
    return LoadPoint(
        level=level,
        open_loop=False,
        provider=provider,
        attempted=64,
        ok=64,
        good=60,
        seconds=10.0,
        throughput=throughput,
        goodput=throughput * 0.9,
        tokens_per_second=throughput * 123_456,
        client_limited=3,
        failures={},
        good_share=Estimate(0.9, 0.8, 0.97, 64, "proportion", "by hand"),
        times={name: _ms(100 * level) for name in ("ttft", "ttfo", "tpot", "e2e", "response")},
    )


def make_curves(names: tuple[str, ...] = ("reference", HOSTILE)) -> list[LoadCurve]:
    """Six levels of each provider; each saturates at the fourth."""
    curves = []
    for number, name in enumerate(names, start=1):
        points = [_point(name, level, number * min(level, 8)) for level in (1, 2, 4, 8, 16, 32)]
        curves.append(LoadCurve(name, points, points[3], points[3]))
    return curves


@pytest.fixture(scope="module")
def html() -> str:
    """The page of two providers, one of them of a hostile name."""
    return load_page(make_curves(), limits="e2e=10s", suite=HOSTILE, requests=64)


def test_it_is_inert_and_carries_the_design(html: str) -> None:
    """No script, no inline style, nothing from elsewhere; the policy names the style, dark colours are in it."""
    assert "<script" not in html
    assert not re.search(r"<[^>]* style=", html)
    assert "\u202e" not in html
    assert "{{7*7}}" in html
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "prefers-color-scheme: dark" in style
    assert "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in html


def test_no_label_is_outside_its_chart(html: str) -> None:
    """Labels of seven digits stand between the edge and the axis; those of levels above the lower edge."""
    charts = re.findall(r'<svg class="plot".*?</svg>', html)
    assert len(charts) == 7
    for chart in charts:
        for x, y, anchor, label in re.findall(
            r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">([^<]*)</text>', chart
        ):
            width = 7 * len(label)
            left = float(x) - (width if anchor == "end" else width / 2)
            assert left >= -4, label
            assert left + width <= 460
            assert 0 < float(y) < 260
        places = [tuple(map(float, pair.split(","))) for pair in re.findall(r"[\d.]+,[\d.]+", chart)]
        assert all(76 <= x <= 440 and 16 <= y <= 220 for x, y in places)


def test_every_provider_has_a_key_a_line_and_its_levels(html: str) -> None:
    """Twenty providers have twenty pairs of colour and dash; each level is a row."""
    names = tuple(f"host-{n}" for n in range(20))
    page = load_page(make_curves(names), limits="", suite="s", requests=1)
    keys = re.findall(r'<li class="(l\d)"><svg[^>]*><line class="(d\d)"', page)
    assert len(set(keys)) == 20
    assert page.count('<tr><th scope="row">') == 20 * 6
    assert html.count("CLIENT-LIMITED") == 1


def test_nothing_measured_is_no_crash() -> None:
    """A time that no level has is not drawn; a rate of none is n/a."""
    curve = make_curves()[0]
    none = Estimate.not_applicable("ms", "no stream")
    nothing = {name: dict.fromkeys(("p50", "p95"), none) for name in curve.points[0].times}
    points = [structs.replace(point, times=nothing, goodput=None) for point in curve.points]
    page = load_page([LoadCurve("a", points, None, None)], limits="", suite="s", requests=1)
    assert "TTFT p95" not in page
    assert page.count("n/a") == 6 * 5


@pytest.mark.parametrize(
    ("good", "not_judged", "words"),
    [
        (0, 64, "nothing was judged: a time of the limits cannot be measured in 64 requests"),
        (0, 20, "no request met the limits at any level; 20 not judged: a time cannot be measured"),
        (44, 20, "44 of 44; not saturated up to the highest level; 20 not judged: a time cannot be measured"),
    ],
)
def test_what_cannot_be_judged_is_no_miss(good: int, not_judged: int, words: str) -> None:
    """Answers of one word have no time per token: the sentence says how many, and calls none of them a miss."""
    point = structs.replace(_point("p", 1, 1.0), good=good, not_judged=not_judged)
    assert load_sentence(LoadCurve("p", [point], point, None), "tpot=50ms").endswith(words)
