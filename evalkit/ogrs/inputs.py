"""The inputs of the predictors, read from a frame: dates, whole numbers, gender and codes, missing or not readable.

Two levels of wrong, treated differently throughout. A column that is absent, or in which nothing is of the right type,
stops the call with a DataError naming it. A single cell that cannot be read costs only its own row, which is reported.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from evalkit.errors import DataError

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LARGEST_COUNT = 2**31 - 1
"""Counts and ages are 32-bit whole numbers in the source; anything larger is not readable there either."""

CODE_HINT = "offence codes are text of five digits: a number has lost its leading zeros (00801 became 801)"

_GENDERS = {"m": 0, "male": 0, "f": 1, "female": 1}


@dataclass(frozen=True)
class Dates:
    """A date column: days as datetime64[s] with a plain index, NaT where missing or unreadable."""

    days: pd.Series
    missing: BoolArray
    unreadable: BoolArray


@dataclass(frozen=True)
class Counts:
    """A column of whole numbers as floats, NaN where missing or unreadable."""

    values: FloatArray
    missing: BoolArray
    unreadable: BoolArray


@dataclass(frozen=True)
class Text:
    """A text column as positions into its distinct values; -1 where missing, "" where the cell is not text."""

    positions: IntArray
    distinct: Sequence[str]
    missing: BoolArray
    unreadable: BoolArray

    def spread(self, per_distinct: Any) -> Any:
        """One value per distinct text -> one value per row, missing where the text is missing."""
        return pd.api.extensions.take(per_distinct, self.positions, allow_fill=True)

    def flag(self, per_distinct: Sequence[bool]) -> BoolArray:
        """One truth per distinct text -> one per row, false where the text is missing."""
        return np.array([*per_distinct, False], dtype=bool)[self.positions]  # position -1 meets the False at the end


Column = Dates | Counts | Text


@dataclass(frozen=True)
class People:
    """The seven inputs that every predictor has, under the names of their columns."""

    gender: Text
    date_of_birth: Dates
    conviction_date: Dates
    followup_date: Dates
    total_sanctions: Counts
    age_at_first_sanction: Counts
    offence_code: Text


def read_people(frame: pd.DataFrame) -> People:
    """Read the seven inputs that every predictor has.

    Raises DataError where a column is absent, occurs twice, or holds nothing of the right type.
    """
    return People(
        gender=read_text(column(frame, "gender"), "gender", hint="expected M, F, male or female"),
        date_of_birth=read_dates(frame, "date_of_birth"),
        conviction_date=read_dates(frame, "conviction_date"),
        followup_date=read_dates(frame, "followup_date"),
        total_sanctions=read_counts(frame, "total_sanctions"),
        age_at_first_sanction=read_counts(frame, "age_at_first_sanction"),
        offence_code=read_text(column(frame, "offence_code"), "offence_code", hint=CODE_HINT),
    )


def read_dates(frame: pd.DataFrame, name: str) -> Dates:
    """Read a date column: datetimes without time zone, dates, or text written YYYY-MM-DD; times of day are dropped.

    Raises DataError where the column is absent, has a time zone, or holds nothing that could be a date.
    """
    cells = column(frame, name)
    missing = cells.isna().to_numpy(dtype=bool)
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        raise DataError(f"column {name}: {cells.dtype} has a time zone; plain calendar dates are needed")
    dates = cells if types.is_datetime64_dtype(cells.dtype) else _parsed_dates(cells, missing, name)
    days = pd.Series(dates.to_numpy().astype("datetime64[D]").astype("datetime64[s]"))
    return Dates(days, missing, days.isna().to_numpy() & ~missing)


def _parsed_dates(cells: pd.Series, missing: BoolArray, name: str) -> pd.Series:
    loose = cells.astype(object)
    could_be = loose.map(_could_be_date).to_numpy(dtype=bool) & ~missing
    if not could_be.any() and not missing.all():
        raise DataError(f"column {name}: {_sample(cells)} is not a date (expected dates, or text written YYYY-MM-DD)")
    return pd.to_datetime(loose.where(could_be, None), format="%Y-%m-%d", errors="coerce")


def _could_be_date(cell: object) -> bool:
    return isinstance(cell, str | datetime.date | np.datetime64) and getattr(cell, "tzinfo", None) is None


def read_counts(frame: pd.DataFrame, name: str) -> Counts:
    """Read a column of whole numbers (a count, or an age in completed years).

    Raises DataError where the column is absent or holds no number at all.
    """
    cells = column(frame, name)
    missing = cells.isna().to_numpy(dtype=bool)
    numeric = types.is_any_real_numeric_dtype(cells.dtype)
    loose = types.is_object_dtype(cells.dtype) or types.is_string_dtype(cells.dtype)
    if numeric or loose or isinstance(cells.dtype, pd.CategoricalDtype):
        numbers = cells if numeric else pd.to_numeric(cells.astype(object), errors="coerce")
        values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = np.full(len(cells), np.nan)
    if np.isnan(values).all() and not missing.all():
        raise DataError(f"column {name}: {_sample(cells)} is not a number (expected whole numbers)")
    readable = (np.abs(values) <= LARGEST_COUNT) & (values == np.floor(values))
    return Counts(np.where(readable, values, np.nan), missing, ~readable & ~missing)


def read_text(cells: pd.Series, name: str, *, hint: str) -> Text:
    """Read a text column; `hint` ends the message of the DataError raised where the column holds no text at all."""
    try:
        positions, values = pd.factorize(cells)
    except TypeError as unhashable:
        raise DataError(f"column {name}: some cells hold lists or other structures, not text; {hint}") from unhashable
    is_text = np.array([isinstance(value, str) for value in values], dtype=bool)
    if len(values) and not is_text.any():
        raise DataError(f"column {name}: {_sample(cells)} is not text; {hint}")
    missing = positions < 0
    distinct = [value if text else "" for value, text in zip(values, is_text, strict=True)]
    unreadable = np.append(~is_text, False)[positions]
    return Text(positions.astype(np.int64), distinct, missing, unreadable)


def is_female(gender: Text) -> FloatArray:
    """0 for male, 1 for female, NaN for anything else; M, F, male and female in any mix of capitals."""
    per_distinct = np.array([_GENDERS.get(value.casefold(), np.nan) for value in gender.distinct], dtype=np.float64)
    return cast(FloatArray, gender.spread(per_distinct))


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """The column of that name.

    Raises DataError where it is absent or occurs twice.
    """
    found = int((frame.columns == name).sum())
    if found != 1:
        raise DataError(
            f"column {name}: {'missing' if found == 0 else f'occurs {found} times'} (expected exactly once)"
        )
    return frame[name]


def _sample(cells: pd.Series) -> str:
    first = cells[cells.notna().to_numpy()].iloc[0]
    return f"{first.item() if isinstance(first, np.generic) else first!r} ({cells.dtype})"
