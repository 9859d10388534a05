"""What is no fault but should be known: columns not read, blank or repeated rows, a date format that fits nothing."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

from evalkit.intake.engine import first_row, identifier
from evalkit.intake.settings import Settings, nearest
from evalkit.intake.stage import Staged, text_name


def notes_on(connection: Any, staged: Staged, settings: Settings, *, absent: Set[str]) -> Iterator[str]:
    """Sentences about one staged table.

    absent : tables that are not there, so that references to them cannot be checked
    """
    place = staged.place
    missing = [name for name in staged.table.names if name not in staged.supplied]
    for name in staged.ignored:
        yield f"{place}: column {name} is not declared and was not read{nearest(name, missing)}"
    for reference in staged.table.references:
        if reference.column in staged.supplied and reference.table in absent:
            yield f"{place}: {reference.column} could not be checked, since there is no table {reference.table}"
    if not staged.table.key:
        yield from _repeated_rows(connection, staged)
    yield from _unread_dates(connection, staged, settings)


def blank_rows_note(place: str, rows: int) -> list[str]:
    """A sentence about rows in which every cell is blank, if there are any."""
    return [f"{place}: {rows:,} blank row{'s' * (rows > 1)} passed over"] if rows else []


def _repeated_rows(connection: Any, staged: Staged) -> Iterator[str]:
    columns = ", ".join(identifier(name) for name in staged.supplied)
    distinct = f"(SELECT count(*) FROM (SELECT DISTINCT {columns} FROM {staged.name}))"
    (repeated,) = first_row(connection, f"SELECT count(*) - {distinct} FROM {staged.name}")
    if repeated:
        yield (
            f"{staged.place}: {repeated:,} row{'s' * (repeated > 1)} repeat an earlier row exactly; used all the same, "
            f"since rows of {staged.table.name} have no key"
        )


def _unread_dates(connection: Any, staged: Staged, settings: Settings) -> Iterator[str]:
    dates = [column.name for column in staged.table.columns if column.kind == "date" and column.name in staged.supplied]
    if not dates:
        return
    none_read = ", ".join(f"count({text_name(name)}) > 0 AND count({identifier(name)}) = 0" for name in dates)
    for name, unread in zip(dates, first_row(connection, f"SELECT {none_read} FROM {staged.name}"), strict=True):
        if unread:
            yield (
                f"{staged.place}: no value of {staged.supplied[name]} is a date in the format {settings.date_format}; "
                "is date_format right in extract.toml?"
            )
