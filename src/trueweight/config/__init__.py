"""Configuration files → nouns. Errors locate, quote and suggest; keys come from the environment only."""

from trueweight.config.keys import keys_for
from trueweight.config.providers import load_providers

__all__ = ["keys_for", "load_providers"]
