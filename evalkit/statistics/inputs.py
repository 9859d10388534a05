"""What every statistic asks of the numbers it is given, with errors that name the row, the value and the rule."""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evalkit.errors import DataError, SpecError

FloatArray = NDArray[np.float64]


def outcome_array(values: ArrayLike | pd.Series, *, name: str = "reconvicted") -> FloatArray:
    """Outcomes as an array of 0.0 and 1.0, one per person.

    values : 0, 1, False or True, one dimension, at least one
    name   : what to call them in an error

    Raises DataError where a value is missing or anything else.
    """
    numbers = numeric_array(values, name=name)
    refuse_rows(values, (numbers != 0) & (numbers != 1), name=name, rule="each must be 0 or 1 (False or True)")
    return numbers


def probability_array(values: ArrayLike | pd.Series, *, name: str = "predicted") -> FloatArray:
    """Predicted probabilities as an array of shares, one per person.

    values : shares strictly between 0 and 1, one dimension, at least one
    name   : what to call them in an error

    Raises DataError where a value is missing, 0, 1 or outside (percentages are refused, not divided by 100).
    """
    numbers = numeric_array(values, name=name)
    rule = "each must lie strictly between 0 and 1 (a share, not a percentage)"
    refuse_rows(values, ~((numbers > 0) & (numbers < 1)), name=name, rule=rule)
    return numbers


def numeric_array(values: ArrayLike | pd.Series, *, name: str) -> FloatArray:
    """Numbers as a float array of one dimension; what is missing or is no number becomes NaN.

    Raises DataError where there is no row, or more than one dimension.
    """
    dimensions = np.ndim(values)
    if dimensions != 1:
        raise DataError(f"{name}: one value per person is needed (one dimension, found {dimensions})")
    column = pd.Series(values)
    if column.empty:
        raise DataError(f"{name}: there are no people (0 rows)")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    return np.array([float(value) if isinstance(value, (Real, np.bool_)) else np.nan for value in column])


def refuse_rows(values: ArrayLike | pd.Series, refused: NDArray[np.bool_], *, name: str, rule: str) -> None:
    """Raise DataError naming the first refused row, its value, the rule and how many rows break it."""
    if not refused.any():
        return
    row = int(np.argmax(refused))
    value = pd.Series(values).iloc[row]
    shown = "missing" if pd.isna(value) else repr(value.item() if isinstance(value, np.generic) else value)
    raise DataError(f"{name}, row {row} (the first is row 0): {shown}; {rule}. Rows refused: {refused.sum():,}")


def refuse_unequal(first: ArrayLike | pd.Series, second: ArrayLike | pd.Series, *, names: tuple[str, str]) -> None:
    """Raise DataError unless both have the same number of rows and, where both are Series, the same row labels."""
    lengths = len(pd.Series(first)), len(pd.Series(second))
    if lengths[0] != lengths[1]:
        raise DataError(f"{names[0]} has {lengths[0]:,} rows but {names[1]} has {lengths[1]:,}: each person needs both")
    if isinstance(first, pd.Series) and isinstance(second, pd.Series) and not first.index.equals(second.index):
        raise DataError(f"{names[0]} and {names[1]} have different row labels: their rows may not be the same people")


def refuse_absent(frame: pd.DataFrame, columns: list[str]) -> None:
    """Raise DataError naming the columns that the frame lacks, or saying that it has no row."""
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        found = ", ".join(map(str, frame.columns))
        raise DataError(f"the frame lacks the column {', '.join(map(str, absent))} (it has: {found})")
    if frame.empty:
        raise DataError("the frame holds no people (0 rows)")


def checked_level(level: float) -> float:
    """The confidence level, or SpecError unless it lies strictly between 0 and 1."""
    if not isinstance(level, int | float) or not 0 < level < 1:
        raise SpecError(f"level: {level!r} is not a confidence level (a share strictly between 0 and 1, such as 0.95)")
    return level
