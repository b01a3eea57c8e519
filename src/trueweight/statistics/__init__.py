"""Intervals, paired tests and corrections: pure functions of numbers, shared by metrics, drift and assessment."""
