"""Business days of England and Wales, against the government's list and a count day by day."""

import datetime

import pandas as pd
import pytest

from evalkit.cohort.business_days import bank_holidays, business_days_between

# gov.uk/bank-holidays, England and Wales, as published year by year
OFFICIAL = {
    2019: ["01-01", "04-19", "04-22", "05-06", "05-27", "08-26", "12-25", "12-26"],
    2020: ["01-01", "04-10", "04-13", "05-08", "05-25", "08-31", "12-25", "12-28"],
    2021: ["01-01", "04-02", "04-05", "05-03", "05-31", "08-30", "12-27", "12-28"],
    2022: ["01-03", "04-15", "04-18", "05-02", "06-02", "06-03", "08-29", "09-19", "12-26", "12-27"],
    2023: ["01-02", "04-07", "04-10", "05-01", "05-08", "05-29", "08-28", "12-25", "12-26"],
    2024: ["01-01", "03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26"],
    2025: ["01-01", "04-18", "04-21", "05-05", "05-26", "08-25", "12-25", "12-26"],
    2026: ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"],
    2027: ["01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"],
}


def days_between(earlier, later):
    dates = [pd.Series(pd.to_datetime([day])) for day in (earlier, later)]
    return business_days_between(*dates).iloc[0]


@pytest.mark.parametrize("year", OFFICIAL)
def test_the_bank_holidays_are_those_the_government_lists(year):
    assert [f"{day:%m-%d}" for day in bank_holidays(year, year)] == OFFICIAL[year]


def test_several_years_come_in_order_and_whole():
    assert len(bank_holidays(2019, 2027)) == sum(map(len, OFFICIAL.values()))
    assert bank_holidays(2021, 2022)[7:9] == [datetime.date(2021, 12, 28), datetime.date(2022, 1, 3)]


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ("2021-03-05", "2021-03-05", 0),  # the day itself
        ("2021-03-05", "2021-03-06", 0),  # Friday to Saturday
        ("2021-03-05", "2021-03-07", 0),
        ("2021-03-05", "2021-03-08", 1),  # Friday to Monday
        ("2021-03-06", "2021-03-08", 1),  # released on a Saturday, seen on Monday
        ("2020-12-24", "2020-12-28", 0),  # Christmas on a Friday, Boxing Day held on Monday
        ("2020-12-24", "2020-12-29", 1),
        ("2020-05-04", "2020-05-08", 3),  # in 2020 the early May holiday was Friday the 8th, not Monday the 4th
        ("2021-03-08", "2021-03-05", -1),
        ("2021-03-08", "2021-03-07", -1),  # the Sunday before a Monday is before it, not the same day
        ("2021-03-08", "2021-03-04", -2),
        ("2021-04-06", "2021-04-01", -1),  # backwards over Easter
    ],
)
def test_weekends_and_holidays_do_not_count(earlier, later, expected):
    assert days_between(earlier, later) == expected


def test_every_pair_of_a_quarter_agrees_with_a_count_day_by_day():
    days = pd.date_range("2020-03-20", "2020-06-20")
    official = {datetime.date.fromisoformat(f"2020-{day}") for day in OFFICIAL[2020]}
    earlier = pd.Series(days.repeat(12))
    later = earlier + pd.to_timedelta([wait for _ in days for wait in range(12)], unit="D")
    by_hand = [
        sum(day.weekday() < 5 and day.date() not in official for day in pd.date_range(first, last)[1:])
        for first, last in zip(earlier, later, strict=True)
    ]
    assert business_days_between(earlier, later).tolist() == by_hand


def test_a_missing_date_has_no_number_of_days():
    dates = pd.Series(pd.to_datetime(["2021-03-05", None]))
    assert business_days_between(dates, dates.iloc[::-1].reset_index(drop=True)).isna().all()
    assert business_days_between(dates, dates).tolist()[0] == 0
