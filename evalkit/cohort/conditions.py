"""Conditions on the columns of a table, as data: which values, which days after another date, what is complete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from evalkit.cohort.business_days import business_days_between
from evalkit.errors import DataError, SpecError

Unit = Literal["days", "business days"]


@dataclass(frozen=True)
class Condition:
    """One thing that must hold of a row. A row where the columns are empty does not meet it, unless filled is false.

    column   : whose value is looked at
    filled   : whether it must hold something (true) or nothing (false)
    is_in    : the values that meet it: texts, or true and false
    not_in   : the values that do not; an empty cell does not either
    at_least : smallest number that meets it
    at_most  : largest
    after    : a date column: the number is that of the days from it to the date in `column` (before it: negative)
    unit     : days, or business days of England and Wales
    complete : this many days after the date in `column` were over on the extract date
    """

    column: str
    filled: bool | None = None
    is_in: tuple[Any, ...] | list[Any] = ()
    not_in: tuple[Any, ...] | list[Any] = ()
    at_least: int | None = None
    at_most: int | None = None
    after: str = ""
    unit: Unit = "days"
    complete: int | None = None

    def __post_init__(self) -> None:
        said = [self.filled is not None, bool(self.is_in), bool(self.not_in), self.complete is not None]
        if sum([*said, self._is_range]) != 1:
            raise SpecError(
                f"column {self.column}: say exactly one of filled, is_in, not_in, complete, and at_least or at_most"
            )
        if self.after and not self._is_range:
            raise SpecError(f"column {self.column}: days after {self.after} need at_least or at_most")
        if self.unit not in get_args(Unit):
            raise SpecError(f"column {self.column}: the unit {self.unit!r} is not one of {', '.join(get_args(Unit))}")

    @property
    def _is_range(self) -> bool:
        return self.at_least is not None or self.at_most is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it looks at."""
        return (self.column, self.after) if self.after else (self.column,)

    def holds(self, rows: pd.DataFrame, extract_date: pd.Timestamp) -> pd.Series:
        """Which rows meet it, as True and False."""
        values = rows[self.column]
        if self.filled is not None:
            return values.notna() if self.filled else values.isna()
        if self.complete is not None:
            self._require_dates(rows, self.column)
            return _plain(values + pd.Timedelta(days=self.complete) <= extract_date)
        if self._is_range:
            counted = self._days(rows) if self.after else values
            low = -np.inf if self.at_least is None else self.at_least
            high = np.inf if self.at_most is None else self.at_most
            return _plain((counted >= low) & (counted <= high))
        if self.is_in:
            return _plain(values.isin(list(self.is_in)))
        return values.notna() & ~_plain(values.isin(list(self.not_in)))

    def _days(self, rows: pd.DataFrame) -> pd.Series:
        for name in self.columns:
            self._require_dates(rows, name)
        earlier, later = rows[self.after], rows[self.column]
        if self.unit == "business days":
            return business_days_between(earlier, later)
        return (later - earlier).dt.days

    def _require_dates(self, rows: pd.DataFrame, name: str) -> None:
        if not pd.api.types.is_datetime64_dtype(rows[name]):
            raise DataError(f"column {name} holds no dates; a measure counts days from it. Check the table's columns")


def _plain(holds: pd.Series) -> pd.Series:
    """A test with empty cells as plain True and False: empty is not met."""
    return holds.fillna(False).astype(bool)
