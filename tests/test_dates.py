"""Calendar rules."""

import datetime

import pandas as pd

from evalkit.dates import completed_months, completed_years, long_date, period_text


def days(*texts):
    return pd.Series(pd.to_datetime(list(texts)))


def test_the_birthday_itself_completes_the_year():
    born = days("1990-06-15", "1990-06-15", "1990-06-15")
    later = days("2020-06-14", "2020-06-15", "2020-06-16")
    assert completed_years(born, later).tolist() == [29, 30, 30]


def test_born_on_29_february_has_the_birthday_on_1_march_in_common_years():
    born = days("2000-02-29", "2000-02-29", "2000-02-29")
    later = days("2019-02-28", "2019-03-01", "2020-02-29")
    assert completed_years(born, later).tolist() == [18, 19, 20]


def test_a_month_is_complete_on_the_same_day_number():
    assert completed_months(days("2020-01-31", "2020-01-31"), days("2020-02-29", "2020-03-01")).tolist() == [0, 1]


def test_a_missing_date_gives_a_missing_age():
    assert completed_years(days("1990-01-01", None), days(None, "2020-01-01")).isna().all()


def test_long_date_is_written_without_leading_zero():
    assert long_date(datetime.date(2018, 4, 1)) == "1 April 2018"


def test_a_period_of_whole_months_is_written_in_months():
    day = datetime.date
    assert period_text((day(2018, 4, 1), day(2021, 3, 31))) == "April 2018 to March 2021"
    assert period_text((day(2018, 4, 2), day(2021, 3, 31))) == "2 April 2018 to 31 March 2021"
    assert period_text((day(2018, 4, 1), day(2021, 3, 30))) == "1 April 2018 to 30 March 2021"
