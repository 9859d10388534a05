"""The engine tables live in: one embedded DuckDB, handed out as narwhals frames."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd


def connect() -> Any:
    """Open an embedded, in-memory DuckDB that never touches the network and spills to the temporary folder."""
    import duckdb

    return duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": str(Path(tempfile.gettempdir()) / f"evalkit-spill-{secrets.token_hex(8)}"),
        }
    )


def lazy(connection: Any, table: str) -> nw.LazyFrame[Any]:
    """Hand out a table of the engine as a narwhals frame: nothing is read until it is collected."""
    return nw.from_native(connection.table(table))


def to_pandas(frame: nw.LazyFrame[Any]) -> pd.DataFrame:
    """Collect a frame into pandas with one dtype per kind, whatever the engine's own.

    Dates become datetime64[us]; whole numbers int64 (Int64 with gaps), sums included, which DuckDB widens to 128 bits
    and pandas would show as floats; yes/no boolean (nullable); text str.
    """
    wide = [name for name, dtype in frame.collect_schema().items() if dtype in (nw.Int128, nw.UInt128)]
    narrowed = frame.with_columns(nw.col(*wide).cast(nw.Int64)) if wide else frame
    # By way of Arrow, in which pandas keeps text too: making a Python string of each takes as long as the query.
    collected = narrowed.collect("pyarrow").to_native().combine_chunks()
    return pd.DataFrame({name: _column(collected[name]) for name in collected.column_names})


def _column(values: Any) -> Any:
    """A column of an Arrow table for pandas."""
    from pyarrow import float64, timestamp, types

    kind = values.type
    if types.is_date(kind) or types.is_timestamp(kind):
        return values.cast(timestamp("us")).to_pandas()
    if types.is_boolean(kind):
        return values.to_pandas(types_mapper=lambda _: pd.BooleanDtype())
    if types.is_integer(kind) and values.null_count:
        return values.to_pandas(types_mapper=lambda _: pd.Int64Dtype())
    return values.cast(float64()).to_pandas() if types.is_decimal(kind) else values.to_pandas()


def first_row(connection: Any, query: str) -> tuple[Any, ...]:
    """Run a query that gives one row, and hand out that row."""
    return tuple(connection.execute(query).fetchall()[0])


def identifier(name: str) -> str:
    """Quote a column name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Quote a value for SQL."""
    return "'" + value.replace("'", "''") + "'"
