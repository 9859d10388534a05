"""The people of a monitoring period: whose follow-up year ends when, who is judged, and what is wrong with the data."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.dates import FOLLOWUP_DAYS
from evalkit.errors import DataError, SpecError
from evalkit.statistics.centre import centred_by_year
from evalkit.statistics.inputs import numeric_array, outcome_array, refuse_absent, refuse_rows

NEEDED = ["index_date", "mature", "reconvicted", "predicted"]
"""Columns of the cohort frame that monitoring reads, besides the unit; person_id and recorded_late if there are any."""

TAKEN = {"matures", "judged", "mature", "scored", "analysed", "reconvicted", "predicted", "centred", "duplicate"}
TAKEN |= {
    "recorded_late",
    "recorded_twice",
    "person",
    "index_date",
    "state",
    "direction",
    "reason",
    "funnel_state",
    "funnel_direction",
}
TAKEN |= {"all_people", "missing_share", "immature_share", "duplicate_share", "late_share", "held", "common_ratio"}
TAKEN |= {"people_a_year", "fewer_people", "characteristic", "cohort", "cohort_number", "cusum_alarm", "last_alarm"}
TAKEN |= {f"{kind}_{arm}" for kind in ("cusum", "threshold", "alarm") for arm in ("worse", "better")}
"""Names that a column of units may not have, besides those of the funnel's results."""

MOST_UNSCORED = 0.10
"""With a larger share of people without a score, a unit is on hold."""

Day = str | datetime.date
_DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Period:
    """Maturity dates of the people judged: first to last day, and the first day of the last quarter in it."""

    first: pd.Timestamp
    last: pd.Timestamp
    quarter_first: pd.Timestamp

    @property
    def years(self) -> float:
        return ((self.last - self.first).days + 1) / _DAYS_A_YEAR


def monitoring_period(period: Day | tuple[Day, Day]) -> Period:
    """The period judged, from the last day of its last quarter (twelve months to it) or from its first and last day.

    Raises SpecError where a day is none, or the last comes before the first.
    """
    days = period if isinstance(period, tuple) else (None, period)
    if len(days) != 2:
        raise SpecError(f"period: {period!r} is neither the last day of a quarter nor a pair of first and last day")
    last = _day(days[1])
    after = last + pd.Timedelta(days=1)
    first = after - pd.DateOffset(months=12) if days[0] is None else _day(days[0])
    if last < first:
        raise SpecError(f"period: it ends on {last:%Y-%m-%d}, before it begins on {first:%Y-%m-%d}")
    return Period(first=first, last=last, quarter_first=after - pd.DateOffset(months=3))


def monitored_people(
    frame: pd.DataFrame, *, by: list[str], period: Day | tuple[Day, Day], court_days: int = 0
) -> pd.DataFrame:
    """The people whose follow-up year ended by the end of the period, in the order in which it ended.

    frame      : cohort frame, one row per person: index_date, mature, reconvicted (0/1 or False/True where mature),
                 predicted (probability, or missing), the columns of `by`; person_id (for duplicates) and recorded_late
                 (whether the outcome changed after the settling days) if there are any
    by         : columns of units
    court_days : days added to the follow-up year: 183 for proven reoffences

    Returns the columns of `by` with matures (date), judged (in the period), mature, scored, analysed
    (mature and scored), reconvicted, predicted, centred (of those analysed), duplicate, recorded_late. Those whose year
    ends after the period are not there. Ties keep the order of the frame.
    Raises DataError where a column is absent or a row refused, or where nobody in the period can be analysed.
    """
    window = monitoring_period(period)
    clashing = TAKEN.intersection(by)
    if clashing:
        raise DataError(f"the column {', '.join(sorted(clashing))} has the name of a result; rename it first")
    refuse_absent(frame, [*by, *NEEDED])
    people = _checked(frame, by)
    people["matures"] = people["index_date"] + pd.Timedelta(days=FOLLOWUP_DAYS + court_days)
    people = people[people["matures"] <= window.last].sort_values("matures", kind="stable")
    people = people.drop(columns="index_date").reset_index(drop=True)
    people["judged"] = people["matures"] >= window.first
    people["analysed"] = people["mature"] & people["scored"]
    if "person_id" in frame.columns:
        people["duplicate"] = people["person"].duplicated(keep=False) | people["recorded_twice"]
    else:
        people["duplicate"] = np.nan
    people = people.drop(columns="recorded_twice")
    if not (people["analysed"] & people["judged"]).any():
        raise DataError(
            f"index_date: of nobody with a score did the follow-up year end from {window.first:%Y-%m-%d} to"
            f" {window.last:%Y-%m-%d}, and the outcome is known. Choose an earlier period, or a later extract"
        )
    people["centred"] = _centred(people, window)
    return people


def data_quality(people: pd.DataFrame, unit: str) -> pd.DataFrame:
    """What is wrong with each unit's data of the period, and whether it is reason enough to hold its state.

    people : what `monitored_people` returned

    Returns one row per unit, sorted by name: the unit, all_people (in the period), missing_share (without a
    score), immature_share (outcome not yet known), duplicate_share (person, or a record, there twice), late_share
    (outcome changed after the settling days), each a share or missing where the frame cannot tell, and held: more than
    10 % without a score, or anybody immature.
    """
    judged = people[people["judged"]].assign(
        missing=lambda rows: ~rows["scored"], immature=lambda rows: ~rows["mature"]
    )
    table = judged.groupby(unit, dropna=False, observed=True).agg(
        all_people=("missing", "size"),
        missing_share=("missing", "mean"),
        immature_share=("immature", "mean"),
        duplicate_share=("duplicate", "mean"),
        late_share=("recorded_late", "mean"),
    )
    held = (table["missing_share"] > MOST_UNSCORED) | (table["immature_share"] > 0)
    return table.assign(held=held).reset_index()


def _day(value: object) -> pd.Timestamp:
    if isinstance(value, datetime.date) and not pd.isna(value):
        return pd.Timestamp(value).normalize()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        day = pd.to_datetime(value, format="%Y-%m-%d", errors="coerce")
        if not pd.isna(day):
            return day
    raise SpecError(f"period: {value!r} is not a day (such as '2021-12-31')")


def _checked(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    people = frame[by].copy()
    dates = pd.to_datetime(frame["index_date"], format="ISO8601", errors="coerce")
    refuse_rows(frame["index_date"], dates.isna().to_numpy(), name="index_date", rule="each must be a date")
    people["index_date"] = dates
    people["mature"] = outcome_array(frame["mature"], name="mature") == 1
    outcomes = numeric_array(frame["reconvicted"], name="reconvicted")
    wrong = people["mature"].to_numpy() & (outcomes != 0) & (outcomes != 1)
    refuse_rows(frame["reconvicted"], wrong, name="reconvicted", rule="each mature person's must be 0 or 1")
    shares = numeric_array(frame["predicted"], name="predicted")
    outside = frame["predicted"].notna().to_numpy() & ~((shares > 0) & (shares < 1))
    rule = "each must lie strictly between 0 and 1 (a share, not a percentage), or be missing"
    refuse_rows(frame["predicted"], outside, name="predicted", rule=rule)
    late = numeric_array(frame["recorded_late"], name="recorded_late") if "recorded_late" in frame.columns else np.nan
    twice = frame["recorded_twice"].to_numpy(bool) if "recorded_twice" in frame.columns else False
    person = frame["person_id"].to_numpy() if "person_id" in frame.columns else np.arange(len(frame))
    return people.assign(
        reconvicted=outcomes,
        predicted=shares,
        scored=~np.isnan(shares),
        recorded_late=late,
        recorded_twice=twice,
        person=person,
    )


def _centred(people: pd.DataFrame, window: Period) -> pd.Series:
    analysed = people[people["analysed"]]
    days_before = (window.first - analysed["matures"]).dt.days.to_numpy()
    years_back = np.where(days_before > 0, np.floor((days_before - 1) / _DAYS_A_YEAR) + 1, 0)
    moved = centred_by_year(analysed["reconvicted"].to_numpy(), analysed["predicted"].to_numpy(), years_back)
    return pd.Series(moved, index=analysed.index)
