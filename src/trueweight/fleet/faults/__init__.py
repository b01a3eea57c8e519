"""Faults: each changes one thing of what a healthy provider does. A new one is a new class in a file here."""

from trueweight.fleet.faults.fault import FAULTS, Fault, fault

__all__ = ["FAULTS", "Fault", "fault"]
