"""The history of a watch as a table: a Parquet file of all looks, or a DuckDB file that has each answer as well."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trueweight.core import ConfigError
from trueweight.store import is_special
from trueweight.workflow.watch import Watched

if TYPE_CHECKING:
    import pyarrow as pa

DUCKDB: Final = ".duckdb"
"""Files with this ending are DuckDB databases; all others are Parquet."""


def export_history(found: Watched, path: Path) -> int:
    """Write the file, replacing an older one. Returns the number of looks × hosts × metrics.

    A Parquet file is the table ``looks``, with a row for each look, host and metric. A DuckDB database has it, and
    ``answers`` with a row for each answer.

    Raises:
        ConfigError: ``history-extra`` without pyarrow or duckdb, ``export-disk`` if it cannot be written.
    """
    try:
        looks = _looks(found)
        if is_special(path) and path.suffix == DUCKDB:
            raise OSError("a database cannot be written to a device or a pipe")
        if path.suffix == DUCKDB:
            _write_database(path, {"looks": looks, "answers": _answers(found)})
        else:
            path.write_bytes(_parquet(looks))
    except ImportError as error:
        hint = "Install it: pip install 'trueweight[history]'"
        message = f"the export needs {error.name}"
        raise ConfigError(message, code="history-extra", where=str(path), hint=hint) from None
    except OSError as error:
        raise ConfigError(f"cannot write: {error}", code="export-disk", where=str(path)) from None
    return int(looks.num_rows)


def _parquet(table: pa.Table) -> bytes:
    """Made in memory: at an error, pyarrow deletes a file that it was to write, even a device."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = pa.BufferOutputStream()
    pq.write_table(table, stream)
    return bytes(stream.getvalue().to_pybytes())


def _looks(found: Watched) -> pa.Table:
    import pyarrow as pa

    changes = {(one.look.path, one.host, one.metric): one.change for one in found.events}
    keys = [(one.look.path, one.host, one.metric) for one in found.means]
    fell = [None if (change := changes.get(key)) is None else "fell" if change.fell else "back" for key in keys]
    return pa.table(
        {
            "run": [one.look.path.name for one in found.means],
            "started_at": pa.array([one.look.started_at for one in found.means]),
            "host": [one.host for one in found.means],
            "metric": [one.metric.value for one in found.means],
            "n": pa.array([one.n for one in found.means], pa.int64()),
            "mean": pa.array([one.mean for one in found.means], pa.float64()),
            "bound": pa.array([one.bound for one in found.means], pa.float64()),
            "change": pa.array(fell, pa.string()),
        }
    )


def _answers(found: Watched) -> pa.Table:
    import pyarrow as pa

    rows = [(look, one) for look in found.looks for one in look.answers]
    return pa.table(
        {
            "run": pa.array([look.path.name for look, _ in rows], pa.string()),
            "started_at": pa.array([look.started_at for look, _ in rows], pa.string()),
            "host": pa.array([one.host for _, one in rows], pa.string()),
            "task": pa.array([one.task for _, one in rows], pa.string()),
            "case_key": pa.array([one.case for _, one in rows], pa.string()),
            "trial": pa.array([one.trial for _, one in rows], pa.string()),
            "arrived": pa.array([one.arrived for _, one in rows], pa.bool_()),
            "recorded": pa.array([one.recorded for _, one in rows], pa.float64()),
            "golden": pa.array([one.golden for _, one in rows], pa.float64()),
            "ms": pa.array([one.ms for _, one in rows], pa.float64()),
            "cost": pa.array([one.cost for _, one in rows], pa.float64()),
        }
    )


def _write_database(path: Path, tables: dict[str, pa.Table]) -> None:
    """Build it beside the old one, so that a reader never sees half of it."""
    import duckdb

    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(aside)) as database:
            for name, table in tables.items():
                database.register("rows", table)
                database.execute(
                    f"CREATE TABLE {name} AS SELECT * REPLACE (CAST(started_at AS TIMESTAMPTZ) AS started_at) FROM rows"  # noqa: S608 - our own names
                )
                database.unregister("rows")
        aside.replace(path)
    except duckdb.Error as error:
        raise OSError(str(error)) from None
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
