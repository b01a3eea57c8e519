"""Checks of the wire format of the list of models. They import ``core`` and ``protocols`` only."""
