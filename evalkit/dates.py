"""Calendar rules, each decided once: completed years, whole months, follow-up windows, bounds of a period."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

FOLLOWUP_DAYS = 365
"""One year of follow-up is 365 days, in leap years too: (index date, index date + 365 days]."""

COURT_DAYS = 183
"""Proven reoffences may be sentenced up to 183 days after follow-up ends."""


def completed_months(earlier: pd.Series, later: pd.Series) -> pd.Series:
    """Whole calendar months from one date to another, as numbers (missing where a date is missing).

    earlier, later : dates, same index

    A month is complete on the same day number (from 31 January, the first month is complete on 1 March), so a
    birthday on 29 February falls on 1 March in common years. Negative where `later` comes first.
    """
    start, end = earlier.dt, later.dt
    months = (end.year - start.year) * 12 + (end.month - start.month) - (end.day < start.day)
    return cast("pd.Series", months.where(earlier.notna() & later.notna(), float("nan")).astype("float64"))


def completed_years(earlier: pd.Series, later: pd.Series) -> pd.Series:
    """Completed years between two dates (ages), as numbers; the birthday itself counts.

    earlier, later : dates, same index
    """
    return completed_months(earlier, later) // 12


def days_after(column: str, days: int) -> nw.Expr:
    """The date a number of days after that in a column, as an expression on a lazy table."""
    import narwhals as nw

    return nw.col(column).dt.offset_by(f"{days}d").cast(nw.Date)


def within(column: str, period: tuple[datetime.date, datetime.date]) -> nw.Expr:
    """Whether the date in a column lies in a period, first and last day included, as an expression."""
    import narwhals as nw

    return (nw.col(column) >= period[0]) & (nw.col(column) <= period[1])


def long_date(day: datetime.date) -> str:
    """A date as a reader writes it: 1 April 2018."""
    return f"{day.day} {day:%B %Y}"


def period_text(period: tuple[datetime.date, datetime.date]) -> str:
    """A period as a reader writes it: April 2018 to March 2021, with days where it does not run over whole months."""
    first, last = period
    whole = first.day == 1 and (last + datetime.timedelta(days=1)).day == 1
    return f"{first:%B %Y} to {last:%B %Y}" if whole else f"{long_date(first)} to {long_date(last)}"
