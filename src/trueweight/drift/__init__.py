"""Drift: evidence that a candidate is not the model that the reference is."""
