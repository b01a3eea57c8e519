"""Checks of the wire format of the Messages API. They import ``core`` and ``protocols`` only."""
