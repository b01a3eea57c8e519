"""Suites: YAML, JSONL, Python files of properties, and folders of them, read into cases."""

from trueweight.suites.find import find_suite, generated_suites, read_suite, shipped_suites, suite_path
from trueweight.suites.request_lines import Reading

__all__ = ["Reading", "find_suite", "generated_suites", "read_suite", "shipped_suites", "suite_path"]
