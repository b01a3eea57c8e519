"""Importers: files of other verifiers, and logs, as suites. A new format is a new file here."""

from trueweight.suites.importers.importer import IMPORTERS, Imported, LeftOut, Malformed, NotSent, read_format
from trueweight.suites.importers.write import write_suite

__all__ = ["IMPORTERS", "Imported", "LeftOut", "Malformed", "NotSent", "read_format", "write_suite"]
