"""Faults: each a small named thing layered on a healthy provider. A new one is a new file here."""

from trueweight.fleet.faults.fault import Fault, all_faults, fault, find_fault

__all__ = ["Fault", "all_faults", "fault", "find_fault"]
