"""The main metrics of a host through each of its APIs are those of its trials through that API."""

from __future__ import annotations

import pytest

from trueweight.core import Mode, Observation, Variant
from trueweight.metrics import measure
from trueweight.metrics.by_api import SHOWN
from trueweight.metrics.table import CaseInfo

CASES = [CaseInfo(f"s/{n}", (Mode.PLAIN,), tools=True, structured=False) for n in range(10)]


def seen(case: int, api: str, valid: bool) -> Observation:
    """A reply to a case that requires a call."""
    return Observation(
        f"{case}{api}", "p", "s", f"s/{case}", 0, Mode.PLAIN, 1, True, True, True, called=valid,
        calls_valid=True if valid else None, expects_call=True, api=api, compared_as=api,
    )  # fmt: skip


def measured(*apis: str) -> dict[str, dict[str, float | None]]:
    """What is measured by API; Responses call no tool."""
    rows = [seen(n, api, api != "responses") for n in range(10) for api in apis]
    variants = {"p": {case.key: tuple(Variant(api, Mode.PLAIN) for api in apis) for case in CASES}}
    found = measure({"p": rows}, CASES, reference=None, repeats=1, passes=1, seed=0, variants=variants)
    return {api: {name: one.value for name, one in metrics.items()} for api, metrics in found.by_api["p"].items()}


def test_each_api_has_its_own_numbers() -> None:
    """Tools that one API drops are missing there alone; the whole host has the mean."""
    found = measured("chat", "responses")
    assert {api: metrics["schema_accuracy_unconditional"] for api, metrics in found.items()} == {
        "chat": 1.0,
        "responses": 0.0,
    }
    assert {tuple(metrics) for metrics in found.values()} == {SHOWN}


@pytest.mark.parametrize("apis", [("chat",), ("chat", "models")])
def test_a_host_with_one_api_has_no_such_table(apis: tuple[str, ...]) -> None:
    """A list of models is no API of completions."""
    assert measured(*apis) == {}
