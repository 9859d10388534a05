"""An early look at people whose follow-up year is not over: reconvictions so far beside those expected so far.

Labelled INTERIM, and without any state: it decides nothing.
"""

from __future__ import annotations

import datetime
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.dates import FOLLOWUP_DAYS
from evalkit.errors import DataError
from evalkit.statistics.expected import actual_vs_predicted
from evalkit.statistics.funnel import EXACT_BELOW, outermost_counts
from evalkit.statistics.inputs import FloatArray, checked_level, numeric_array, refuse_absent, refuse_rows

LABEL = "INTERIM"
EARLY_DAYS = 90
"""The early view: the first three months, of everybody who has had them."""

CURVE_DAYS = (*range(30, FOLLOWUP_DAYS, 30), FOLLOWUP_DAYS)
"""Days of a curve's points; the ninetieth is among them, where the table of the first three months stands."""

FEWEST_SEEN = 30
"""A curve ends where fewer people than this have been seen for so long."""

_REACH = 1.959963984540054


class CumulativeHazard(Protocol):
    """Anything that knows the cumulative baseline hazard: `.at(days)` gives it for an array of days (0 at day 0)."""

    def at(self, days: ArrayLike) -> FloatArray: ...


def interim(
    frame: pd.DataFrame,
    *,
    unit: str,
    hazard: CumulativeHazard,
    as_of: datetime.date,
    predicted: str = "predicted",
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare reconvictions so far with those expected so far, unit by unit, before the year is over.

    frame     : one row per person: the unit, index_date, days_to_reconviction (missing if none is known), predicted
    hazard    : cumulative baseline hazard of one-year reconviction (see `baseline_hazard`)
    as_of     : last day on which outcomes are known: the extract date less the settling days
    predicted : column of one-year probabilities, best centred as in `monitor`; missing where there is no score
    level     : confidence level of the intervals

    A person with prediction p who has been seen for d days, to their first reconviction, to as_of or to day 365, is
    expected to add -log(1 - p) H(d) / H(365). The three-month view compares, among people seen for 90 days, those
    reconvicted by day 90 with the sum of 1 - (1 - p)^(H(90) / H(365)). The hazard is taken as known.

    Returns one row per unit, sorted by name: the unit, label (INTERIM), people, unscored (left out), person_years,
    actual, predicted, difference (actual less predicted), ratio with ratio_low and ratio_high (Poisson, Garwood);
    people_90, actual_90, predicted_90, ratio_90 with ratio_90_low and ratio_90_high (exact; missing without people).
    Raises DataError where a column is absent or a row refused, nobody has been seen for a day, or the hazard is 0.
    """
    checked_level(level)
    people = _so_far(frame, unit, predicted, as_of)
    scored = people[people["share"].notna()].copy()
    early, year = _hazards(hazard)
    total = -np.log1p(-scored["share"].to_numpy())
    scored["expected"] = total * np.asarray(hazard.at(scored["seen"].to_numpy())) / year
    scored["early_share"] = -np.expm1(-total * early / year)
    rows = [
        {unit: name, "label": LABEL, **_to_date(own, level=level), **_three_months(own, level=level)}
        for name, own in scored.groupby(unit, dropna=False, observed=True)
    ]
    table = pd.DataFrame(rows)
    unscored = people["share"].isna().groupby(people[unit], dropna=False, observed=True).sum()
    table.insert(3, "unscored", unscored.reindex(table[unit]).to_numpy())
    return table


def interim_curves(
    frame: pd.DataFrame,
    *,
    unit: str,
    hazard: CumulativeHazard,
    as_of: datetime.date,
    predicted: str = "predicted",
) -> pd.DataFrame:
    """Reconvictions so far beside those expected so far, month by month since the index date.

    frame, unit, hazard, as_of, predicted : as in `interim`

    The people are those of the three-month view: with a score, and seen for 90 days. By day t a person seen up to day
    c <= 365 is expected to have been reconvicted with probability 1 - (1 - p)^(H(min(t, c)) / H(365)); these add up to
    the number expected, and with their variance to the range in which the number lies 19 times in 20 by chance alone
    (exact Poisson-binomial below 100 expected, else normal). Nothing of that depends on what happened.

    Returns one row per unit, sorted by name, and day (0, 30, 60, ..., 365, as long as 30 people have been seen for so
    long): the unit, label (INTERIM), day, people, actual and predicted (numbers reconvicted by that day), low and high
    (the range of the number by chance). A unit with fewer than 30 people has the row of day 0 alone.
    Raises DataError as `interim` does.
    """
    people = _so_far(frame, unit, predicted, as_of)
    _, year = _hazards(hazard)
    early = people[people["share"].notna() & (people["known"] >= EARLY_DAYS)]
    rows = [
        {unit: name, "label": LABEL, "day": day, "people": len(own), **_by_day(own, day, hazard, year)}
        for name, own in early.groupby(unit, dropna=False, observed=True)
        for day in (0, *(day for day in CURVE_DAYS if (own["known"] >= day).sum() >= FEWEST_SEEN))
    ]
    return pd.DataFrame(rows, columns=[unit, "label", "day", "people", "actual", "predicted", "low", "high"])


def _by_day(own: pd.DataFrame, day: int, hazard: CumulativeHazard, year: float) -> dict[str, float]:
    if day == 0:
        return {"actual": 0, "predicted": 0.0, "low": 0.0, "high": 0.0}
    seen = np.minimum(own["known"].to_numpy(), day)
    shares = -np.expm1(np.log1p(-own["share"].to_numpy()) * np.asarray(hazard.at(seen)) / year)
    expected = float(shares.sum())
    if expected < EXACT_BELOW:
        counts = outermost_counts(shares)
        low, high = float(counts["low_95"]), float(counts["high_95"])
    else:
        reach = _REACH * float(np.sqrt((shares * (1 - shares)).sum()))
        low, high = expected - reach, expected + reach
    actual = int((own["event"] & (own["seen"] <= day)).sum())
    return {"actual": actual, "predicted": expected, "low": low, "high": high}


def _hazards(hazard: CumulativeHazard) -> tuple[float, float]:
    """The cumulative hazard of the first three months and of the year."""
    early, year = (float(np.asarray(hazard.at(np.array([float(day)])))[0]) for day in (EARLY_DAYS, FOLLOWUP_DAYS))
    if not (year > 0 and early > 0):
        raise DataError(
            f"hazard: {early:.6g} by day {EARLY_DAYS}, {year:.6g} by day {FOLLOWUP_DAYS}; both must be above 0"
        )
    return early, year


def _so_far(frame: pd.DataFrame, unit: str, predicted: str, as_of: datetime.date) -> pd.DataFrame:
    """What each person has been seen for; those not seen for a single day are left out."""
    refuse_absent(frame, [unit, "index_date", "days_to_reconviction", predicted])
    dates = pd.to_datetime(frame["index_date"], format="ISO8601", errors="coerce")
    refuse_rows(frame["index_date"], dates.isna().to_numpy(), name="index_date", rule="each must be a date")
    shares = numeric_array(frame[predicted], name=predicted)
    outside = frame[predicted].notna().to_numpy() & ~((shares > 0) & (shares < 1))
    rule = "each must lie strictly between 0 and 1 (a share, not a percentage), or be missing"
    refuse_rows(frame[predicted], outside, name=predicted, rule=rule)
    days = numeric_array(frame["days_to_reconviction"], name="days_to_reconviction")
    refuse_rows(
        frame["days_to_reconviction"], days <= 0, name="days_to_reconviction", rule="each must be above 0, or missing"
    )
    known = np.minimum((pd.Timestamp(as_of) - dates).dt.days.to_numpy(), FOLLOWUP_DAYS).astype(float)
    event = days <= known
    people = pd.DataFrame(
        {unit: frame[unit], "share": shares, "known": known, "event": event, "seen": np.where(event, days, known)}
    )
    people = people[people["known"] > 0]
    if not people["share"].notna().any():
        raise DataError(f"as_of: by {as_of:%Y-%m-%d} nobody with a score has been seen for a day")
    return people


def _to_date(own: pd.DataFrame, *, level: float) -> dict[str, Any]:
    actual, expected = int(own["event"].sum()), float(own["expected"].sum())
    low, high = _garwood(actual, level=level)
    return {
        "people": len(own),
        "person_years": float(own["seen"].sum() / FOLLOWUP_DAYS),
        "actual": actual,
        "predicted": expected,
        "difference": actual - expected,
        "ratio": actual / expected,
        "ratio_low": low / expected,
        "ratio_high": high / expected,
    }


def _three_months(own: pd.DataFrame, *, level: float) -> dict[str, Any]:
    seen = own[own["known"] >= EARLY_DAYS]
    if seen.empty:
        missing = dict.fromkeys(["ratio_90", "ratio_90_low", "ratio_90_high"], np.nan)
        return {"people_90": 0, "actual_90": 0, "predicted_90": 0.0, **missing}
    found = actual_vs_predicted(seen["event"] & (seen["seen"] <= EARLY_DAYS), seen["early_share"], level=level)
    return {
        "people_90": found.people,
        "actual_90": found.actual,
        "predicted_90": found.predicted,
        "ratio_90": found.ratio,
        "ratio_90_low": found.ratio_low,
        "ratio_90_high": found.ratio_high,
    }


def _garwood(count: int, *, level: float) -> tuple[float, float]:
    from scipy.special import gammaincinv

    edge = (1 - level) / 2
    low = float(gammaincinv(count, edge)) if count else 0.0
    return low, float(gammaincinv(count + 1, 1 - edge))
