"""Files as they come: Excel and Parquet read into text, with the row number a person would see (CSV: csv_files.py)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from evalkit.errors import DataError
from evalkit.intake.settings import Settings

PYTHON_FORMATS = {"YYYY-MM-DD": "%Y-%m-%d", "DD/MM/YYYY": "%d/%m/%Y"}
EXCEL_DAY_ZERO = date(1899, 12, 30)


@dataclass(frozen=True)
class RawTable:
    """One file or sheet as text.

    place       : what to call it in a message (people.csv; extract.xlsx, sheet people)
    header      : its column names, trimmed
    cells       : Arrow table of trimmed text, one column per header position (c0, c1, ...); blank cells are null, and
                  blank rows still in it
    rows        : row number of each row of `cells` (the header is row 1)
    malformed   : rows that could not be split into columns: number, text, rule
    line_breaks : whether any cell may hold a line break
    """

    place: str
    header: tuple[str, ...]
    cells: Any
    rows: np.ndarray
    malformed: tuple[tuple[int, str, str], ...] = ()
    line_breaks: bool = True


@dataclass(frozen=True)
class Fingerprint:
    """What identifies a file's content: its SHA-256 and its size in bytes."""

    sha256: str
    bytes: int


def fingerprint(path: Path) -> Fingerprint:
    """Hash a file without holding it in memory."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    return Fingerprint(digest.hexdigest(), path.stat().st_size)


def read_sheet(sheet: Any, place: str, settings: Settings) -> RawTable:
    """Read one sheet of a workbook; native dates are written out in the declared date format."""
    records = sheet.to_python(skip_empty_area=False)
    text = _cell_writer(settings.date_format)
    header = clean_header([text(cell) for cell in records[0]] if records else [], place)
    columns = [[text(record[position]) for record in records[1:]] for position in range(len(header))]
    return _raw_from_text(place, header, columns)


def open_workbook(path: Path) -> Any:
    """Open an Excel workbook with python-calamine. Raises DataError where it cannot be read."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError) as error:
        raise DataError(f"{path.name} cannot be read as an Excel workbook: {error}") from error


def read_parquet(path: Path, settings: Settings) -> RawTable:
    """Read a Parquet file as text; its rows are numbered as in a spreadsheet, from 2."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        table = parquet.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path.name} cannot be read as Parquet: {error}") from error
    header = clean_header(table.column_names, path.name)
    columns = [
        _text_of(column, f"{path.name}, column {name}", settings.date_format)
        for name, column in zip(header, table.columns, strict=True)
    ]
    return _raw_from_text(path.name, header, columns)


def clean_header(names: Sequence[str], place: str) -> tuple[str, ...]:
    """The column names of row 1, trimmed. Raises DataError where one is there twice, or none at all."""
    header = tuple(name.strip() for name in names)
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise DataError(f"{place}, row 1: the column {', '.join(twice)} is there twice")
    if not any(header):
        raise DataError(f"{place}, row 1 is blank: the column names must be there")
    return header


def _raw_from_text(place: str, header: tuple[str, ...], columns: Sequence[Any]) -> RawTable:
    import pyarrow as pa

    cells = trimmed([pa.chunked_array([column]) if isinstance(column, list) else column for column in columns])
    return RawTable(place, header, cells, np.arange(2, len(cells) + 2))


def trimmed(columns: Sequence[Any], *, ascii_only: bool = False) -> Any:
    """Text without white space around it; what is then blank is null."""
    import pyarrow as pa
    import pyarrow.compute as compute

    trim = compute.ascii_trim_whitespace if ascii_only else compute.utf8_trim_whitespace

    def tidy(column: Any) -> Any:
        text = trim(column.cast(pa.string()))
        blank = compute.equal(text, "")
        return compute.if_else(blank, None, text) if compute.any(blank).as_py() else text

    with ThreadPoolExecutor() as pool:
        return pa.table(list(pool.map(tidy, columns)), names=[f"c{position}" for position in range(len(columns))])


def _cell_writer(date_format: str) -> Callable[[Any], str]:
    def text(cell: Any) -> str:
        if isinstance(cell, float):
            return str(int(cell)) if cell.is_integer() else repr(cell)
        if isinstance(cell, bool):
            return "yes" if cell else "no"
        if isinstance(cell, date):
            return _date_text(cell.date() if isinstance(cell, datetime) else cell, date_format)
        return str(cell)

    return text


def _date_text(day: date, date_format: str) -> str:
    if date_format == "Excel":
        return str((day - EXCEL_DAY_ZERO).days)
    return day.strftime(PYTHON_FORMATS[date_format])


def _text_of(column: Any, place: str, date_format: str) -> Any:
    """A Parquet column as text, in the form a CSV file would have it."""
    import pyarrow as pa
    import pyarrow.compute as compute

    if pa.types.is_nested(column.type):
        raise DataError(f"{place} holds {column.type}; expected text, numbers, dates or yes/no")
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        days = column.cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
        if date_format == "Excel":
            column = compute.subtract(days.cast(pa.int32()), (EXCEL_DAY_ZERO - date(1970, 1, 1)).days)
        else:
            column = compute.strftime(days.cast(pa.timestamp("s")), format=PYTHON_FORMATS[date_format])
    elif pa.types.is_floating(column.type) and compute.all(compute.equal(compute.floor(column), column)).as_py():
        column = column.cast(pa.int64())
    return column.cast(pa.string())
