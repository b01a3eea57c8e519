"""Importers: what other verifiers and logs hold, as suites. A new format is a new file here, found by itself."""

from trueweight.importers.importer import Imported, Malformed, find_importer, importer_names, read_format
from trueweight.importers.recorded import import_run
from trueweight.importers.write import write_suite

__all__ = ["Imported", "Malformed", "find_importer", "import_run", "importer_names", "read_format", "write_suite"]
