"""Importers: what other verifiers and logs hold, as suites. A new format is a new file here, found by itself."""

from trueweight.suites.importers.importer import Imported, Malformed, find_importer, importer_names, read_format
from trueweight.suites.importers.write import write_suite

__all__ = ["Imported", "Malformed", "find_importer", "importer_names", "read_format", "write_suite"]
