"""Reads configuration files. Errors have the line, the value and what is valid. Keys come from the environment."""

from trueweight.config.keys import keys_for, refuse_pasted_key
from trueweight.config.providers import load_providers, only_apis, parse_providers

__all__ = ["keys_for", "load_providers", "only_apis", "parse_providers", "refuse_pasted_key"]
