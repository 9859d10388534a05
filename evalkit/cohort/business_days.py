"""Business days of England and Wales: weekends and bank holidays do not count.

The holidays follow from their rules; one-off days and moved days are declared here, as the government announced them.
A year whose one-off days are not announced yet has the ordinary ones.
"""

from __future__ import annotations

import datetime
from functools import cache
from typing import cast

import numpy as np
import pandas as pd

MOVED = {
    datetime.date(2012, 5, 28): datetime.date(2012, 6, 4),
    datetime.date(2020, 5, 4): datetime.date(2020, 5, 8),
    datetime.date(2022, 5, 30): datetime.date(2022, 6, 2),
}
"""Ordinary bank holidays that were held on another day."""

ONE_OFF = (
    *(datetime.date(2011, 4, 29), datetime.date(2012, 6, 5), datetime.date(2022, 6, 3)),
    *(datetime.date(2022, 9, 19), datetime.date(2023, 5, 8)),
)
"""Bank holidays of one year only: weddings, jubilees, a funeral, a coronation."""


def bank_holidays(first_year: int, last_year: int) -> list[datetime.date]:
    """Every bank holiday in England and Wales of some years, in order.

    first_year, last_year : whole years, both included, from 2000 on

    Source: Banking and Financial Dealings Act 1971, schedule 1; proclamations as listed at gov.uk/bank-holidays.
    """
    return sorted(
        MOVED.get(day, day)
        for day in (*_ordinary(first_year, last_year), *ONE_OFF)
        if first_year <= day.year <= last_year
    )


@cache
def _ordinary(first_year: int, last_year: int) -> tuple[datetime.date, ...]:
    from pandas.tseries.holiday import (
        AbstractHolidayCalendar,
        EasterMonday,
        GoodFriday,
        Holiday,
        next_monday,
        next_monday_or_tuesday,
    )

    rules = [
        Holiday("New Year's Day", month=1, day=1, observance=next_monday),
        GoodFriday,
        EasterMonday,
        Holiday("Early May", month=5, day=7, observance=_monday_by),
        Holiday("Spring", month=5, day=31, observance=_monday_by),
        Holiday("Summer", month=8, day=31, observance=_monday_by),
        Holiday("Christmas Day", month=12, day=25, observance=next_monday),
        Holiday("Boxing Day", month=12, day=26, observance=next_monday_or_tuesday),
    ]
    calendar = AbstractHolidayCalendar(name="England and Wales", rules=rules)
    return tuple(day.date() for day in calendar.holidays(f"{first_year}-01-01", f"{last_year}-12-31"))


def _monday_by(day: datetime.datetime) -> datetime.datetime:
    """The last Monday on or before a day: by 7 May the first of May, by 31 May the last."""
    return day - datetime.timedelta(days=day.weekday())


def business_days_between(earlier: pd.Series, later: pd.Series) -> pd.Series:
    """Business days after one date, up to and including another, as numbers (missing where a date is missing).

    earlier, later : dates, same index

    The day itself is day 0, and so are the weekend and the holidays after it: from a Friday, Saturday is 0 and Monday
    is 1. Where `later` comes first, the same backwards, never above -1: no day before passes for the day itself.
    """
    known = earlier.notna() & later.notna()
    counted = pd.Series(float("nan"), index=earlier.index, dtype="float64")
    if not known.any():
        return counted
    start, end = (dates[known].to_numpy().astype("datetime64[D]") for dates in (earlier, later))
    years = pd.DatetimeIndex(np.concatenate([start, end])).year
    holidays = np.array(bank_holidays(int(years.min()), int(years.max())), dtype="datetime64[D]")
    # busday_count takes the first day in and leaves the last one out: both are moved on by a day.
    forward = np.busday_count(start + 1, end + 1, holidays=holidays)
    backward = -np.maximum(np.busday_count(end, start, holidays=holidays), 1)
    counted.loc[known] = np.where(end >= start, forward, backward)
    return cast("pd.Series", counted)
