"""How a provider behaves under more and more load: one level after the other, and the result of each."""

from trueweight.workflow.load.levels import DEFAULT_LEVELS, Level, lay_out, parse_levels, sweep
from trueweight.workflow.load.measured import measure_level
from trueweight.workflow.load.outcome import curves, load_result, load_text, saturation
from trueweight.workflow.load.slo import Slo, parse_slo

__all__ = [
    "DEFAULT_LEVELS",
    "Level",
    "Slo",
    "curves",
    "lay_out",
    "load_result",
    "load_text",
    "measure_level",
    "parse_levels",
    "parse_slo",
    "saturation",
    "sweep",
]
