"""trueweight: is it really the model you pay for?

The public interface: what stands in ``__all__`` is kept stable, everything else may change. In short::

    import trueweight as tw

    plan = tw.plan_run("providers.toml", ["tool-calls"], limit=20)
    tw.send_run(plan, "runs/today")
    summary = tw.judge_run("runs/today")
    print(summary["providers"]["cheap-host"]["metrics"]["schema_accuracy"])

Names are loaded when they are first used, so that importing this package costs nothing. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trueweight.api import (
        compare_runs,
        gate_run,
        judge_run,
        load_suite,
        merge_runs,
        open_run,
        plan_run,
        report_run,
        send_run,
    )
    from trueweight.assess import Bar, load_bar
    from trueweight.config import load_providers
    from trueweight.core import (
        Case,
        ConfigError,
        Exchange,
        ExitCode,
        Finding,
        InfrastructureError,
        Mode,
        Price,
        Provider,
        Role,
        Ruling,
        Severity,
        Suite,
        TrueweightError,
    )
    from trueweight.core.assessment import Assessment, Recommendation
    from trueweight.core.summary import Summary
    from trueweight.store import RunDir
    from trueweight.wire import SendResult, TransportName, WireSettings
    from trueweight.workflow.gate import Gate
    from trueweight.workflow.send import PreparedRun

__version__: str
"""Of the installed package: ``pyproject.toml`` is the only place that states it."""

__all__ = [
    "Assessment",
    "Bar",
    "Case",
    "ConfigError",
    "Exchange",
    "ExitCode",
    "Finding",
    "Gate",
    "InfrastructureError",
    "Mode",
    "PreparedRun",
    "Price",
    "Provider",
    "Recommendation",
    "Role",
    "Ruling",
    "RunDir",
    "SendResult",
    "Severity",
    "Suite",
    "Summary",
    "TransportName",
    "TrueweightError",
    "WireSettings",
    "__version__",
    "compare_runs",
    "gate_run",
    "judge_run",
    "load_bar",
    "load_providers",
    "load_suite",
    "merge_runs",
    "open_run",
    "plan_run",
    "report_run",
    "send_run",
]

_PLACES = {
    "Assessment": "core.assessment",
    "Recommendation": "core.assessment",
    "Summary": "core.summary",
    "Bar": "assess",
    "SendResult": "wire",
    "TransportName": "wire",
    "Gate": "workflow.gate",
    "PreparedRun": "workflow.send",
    "RunDir": "store",
    "WireSettings": "wire",
    "load_bar": "assess",
    "load_providers": "config",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'trueweight' has no attribute {name!r}")
    if name == "__version__":
        value: Any = importlib.import_module("importlib.metadata").version("trueweight")
    else:
        place = _PLACES.get(name, "api" if name[0].islower() else "core")
        value = getattr(importlib.import_module(f"trueweight.{place}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
