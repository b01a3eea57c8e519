"""The history of a watch as a Parquet file: one row for each look, host and metric."""

from __future__ import annotations

from pathlib import Path

from trueweight.core import ConfigError
from trueweight.workflow.watch import Watched


def export_parquet(found: Watched, path: Path) -> int:
    """Write the file, replacing an older one. Returns the number of rows.

    Raises:
        ConfigError: ``history-extra`` without pyarrow, ``export-disk`` if it cannot be written.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        hint = "Install it: pip install 'trueweight[history]'"
        raise ConfigError("Parquet needs pyarrow", code="history-extra", where=str(path), hint=hint) from None
    changes = {(one.look.path, one.host, one.metric): one.change for one in found.events}
    keys = [(one.look.path, one.host, one.metric) for one in found.means]
    fell = [None if (change := changes.get(key)) is None else "fell" if change.fell else "back" for key in keys]
    table = pa.table(
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
    try:
        pq.write_table(table, path)
    except OSError as error:
        raise ConfigError(f"cannot write: {error}", code="export-disk", where=str(path)) from None
    return int(table.num_rows)
