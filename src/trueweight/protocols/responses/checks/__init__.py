"""Checks of the wire format of Responses. They import ``core`` and ``protocols`` only."""
