"""What a declaration of an input table consists of; `tables.py` holds the declarations themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

Kind = Literal["code", "text", "date", "whole", "number", "yes/no", "probability"]

EARLIEST_DATE = date(1900, 1, 1)
"""No date before this one is accepted: earlier ones are spreadsheets' zeros and slips of the century."""

KINDS: Mapping[Kind, str] = MappingProxyType(
    {
        "code": "a short label or identifier on one line",
        "text": "free text, which may run over several lines",
        "date": "a calendar date in the declared date format, from 1900-01-01 to the extract date",
        "whole": "a whole number (3.0 counts as one)",
        "number": "a number with a decimal point",
        "yes/no": "yes or no in any case; also y/n, true/false, 1/0",
        "probability": "a probability above 0 and below 1, or 0 and 100 per cent, as [predicted] scale declares",
    }
)


@dataclass(frozen=True)
class Column:
    """One input column: its kind, whether it must be filled, its unit and what values it may hold.

    allowed : the codes accepted, in any case; empty if the list is open
    low, high : the smallest and largest number accepted
    pattern : a regular expression that the whole value must match, and in `pattern_meaning` what that says in words
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    unit: str = ""
    low: float | None = None
    high: float | None = None
    pattern: str = ""
    pattern_meaning: str = ""


@dataclass(frozen=True)
class Reference:
    """A column that, where filled, must name a row of another table (and, if it can, one of the same person)."""

    column: str
    table: str


@dataclass(frozen=True)
class Agreement:
    """A contradiction between columns of one row: the SQL condition under which `column` is at fault."""

    column: str
    broken_when: str
    rule: str


@dataclass(frozen=True)
class Table:
    """One input table: what a row is, its columns, its key, and what must hold between columns and tables.

    key           : column that names a row; empty if rows have no name of their own
    ordered_dates : chains of date columns, each on or before the next one filled
    """

    name: str
    one_row_per: str
    columns: tuple[Column, ...]
    key: str = ""
    references: tuple[Reference, ...] = ()
    ordered_dates: tuple[tuple[str, ...], ...] = ()
    agreements: tuple[Agreement, ...] = ()
    required: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    def refers_to(self, table: str) -> bool:
        """Whether a column of this table names rows of another."""
        return any(reference.table == table for reference in self.references)
