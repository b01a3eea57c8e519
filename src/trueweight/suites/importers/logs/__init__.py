"""Logs that teams have, one module for one format: each line as a request of chat completions and its answer."""

from trueweight.suites.importers.logs.formats import LOG_FORMATS
from trueweight.suites.importers.logs.line import LogLine
from trueweight.suites.importers.logs.reading import ReadLog, read_log

__all__ = ["LOG_FORMATS", "LogLine", "ReadLog", "read_log"]
