"""Reads configuration files. Errors have the line, the value and what is valid. Keys come from the environment."""

from trueweight.config.keys import keys_for
from trueweight.config.providers import load_providers, only_apis

__all__ = ["keys_for", "load_providers", "only_apis"]
