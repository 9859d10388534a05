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
    schema = frame.collect_schema()
    wide = [name for name, dtype in schema.items() if dtype in (nw.Int128, nw.UInt128)]
    narrowed = frame.with_columns(nw.col(*wide).cast(nw.Int64)) if wide else frame
    collected: pd.DataFrame = narrowed.collect("pandas").to_native()
    dates = {name: "datetime64[us]" for name, dtype in schema.items() if dtype in (nw.Date, nw.Datetime)}
    yes_no = {name: "boolean" for name, dtype in schema.items() if dtype == nw.Boolean}
    texts = {name: "str" for name, dtype in schema.items() if dtype == nw.String}
    return collected.astype(dates | yes_no | texts)


def first_row(connection: Any, query: str) -> tuple[Any, ...]:
    """Run a query that gives one row, and hand out that row."""
    return tuple(connection.execute(query).fetchall()[0])


def identifier(name: str) -> str:
    """Quote a column name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Quote a value for SQL."""
    return "'" + value.replace("'", "''") + "'"
