"""Suites: YAML, JSONL and folders of them, read into cases."""

from trueweight.suites.find import find_suite, read_suite, shipped_suites
from trueweight.suites.reading import Reading

__all__ = ["Reading", "find_suite", "read_suite", "shipped_suites"]
