"""How a provider behaves under more and more load: one level after the other, and the result of each."""

from trueweight.workflow.load.levels import DEFAULT_LEVELS, Level, lay_out, parse_levels, sweep
from trueweight.workflow.load.measured import LevelTrials, load_points, read_level
from trueweight.workflow.load.outcome import curves, load_result, load_text, saturation
from trueweight.workflow.load.slo import Slo, parse_slo

__all__ = [
    "DEFAULT_LEVELS",
    "Level",
    "LevelTrials",
    "Slo",
    "curves",
    "lay_out",
    "load_points",
    "load_result",
    "load_text",
    "parse_levels",
    "parse_slo",
    "read_level",
    "saturation",
    "sweep",
]
