"""Checks of the wire format of chat completions. They import ``core`` and ``protocols`` only."""
