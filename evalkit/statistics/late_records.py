"""Signs of late recording: whether the last quarter before the records end brought fewer reconvictions than it should.

An extract says when somebody was sentenced, not when that was entered. What is entered late is missing from the end of
the records first: the last quarter then falls short of what the three before it lead one to expect. So does a real
fall, so that it is a reason to look, and no proof.
"""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd

from evalkit.dates import FOLLOWUP_DAYS
from evalkit.statistics.inputs import FloatArray, numeric_array, refuse_absent
from evalkit.statistics.interim import CumulativeHazard

QUARTER_DAYS = 91
SHORT = 0.01
"""A last quarter with so few reconvictions that chance brings them more rarely than this falls short."""

FEWEST_BEFORE = 10
"""With fewer reconvictions in the three quarters before, nothing is said."""


def last_quarter(
    frame: pd.DataFrame, *, unit: str, hazard: CumulativeHazard, as_of: datetime.date, predicted: str = "predicted"
) -> pd.DataFrame:
    """Reconvictions dated in the 91 days up to the end of the records, beside the 273 days before them, by unit.

    frame     : one row per person: the unit, index_date, days_to_reconviction (missing if none is known), predicted
    hazard    : cumulative baseline hazard of one-year reconviction (see `baseline_hazard`)
    as_of     : last day on which outcomes are known
    predicted : column of one-year probabilities; who has none is left out

    A person is at risk for 365 days from the index date, until reconvicted; in each stretch of the calendar they are
    expected to add -log(1 - p) (H(last day) - H(first day)) / H(365). The unit's ratio of the 273 days is the yardstick
    of its last 91, so that neither the score nor the unit's own level matters.

    Returns one row per unit, sorted by name: the unit, recent (reconvictions of the last quarter), recent_expected,
    recent_ratio (recent / recent_expected), short_share (share of those expected that are missing, 0 where none are),
    recent_p (probability of so few or fewer if nothing changed: binomial, given the number of both stretches), short
    (recent_p below 0.01). All but recent are missing with fewer than 10 reconvictions in the 273 days.
    Raises DataError where a column is absent.
    """
    refuse_absent(frame, [unit, "index_date", "days_to_reconviction", predicted])
    scored = frame[frame[predicted].notna()]
    known = (pd.Timestamp(as_of) - scored["index_date"]).dt.days.to_numpy(float)
    days = np.nan_to_num(numeric_array(scored["days_to_reconviction"], name="days_to_reconviction"), nan=np.inf)
    end = np.minimum(np.minimum(known, FOLLOWUP_DAYS), days)
    weight = -np.log1p(-scored[predicted].to_numpy(float)) / float(np.ravel(hazard.at([float(FOLLOWUP_DAYS)]))[0])
    sums = {unit: scored[unit]}
    for name, before, until in (("before", 4 * QUARTER_DAYS, QUARTER_DAYS), ("recent", QUARTER_DAYS, 0)):
        first, last = np.maximum(known - before, 0.0), np.minimum(known - until, end)
        at_risk = last > first
        happened = at_risk & (days <= last) & (days > first)
        sums[name] = happened.astype("int64")
        sums[f"{name}_hazard"] = weight * np.where(at_risk, _between(hazard, first, last), 0.0)
    table = pd.DataFrame(sums).groupby(unit, dropna=False, observed=True).sum().reset_index()
    return table[[unit, "recent"]].join(_beside(table))


def _between(hazard: CumulativeHazard, first: FloatArray, last: FloatArray) -> FloatArray:
    return np.asarray(hazard.at(np.maximum(last, 0.0)) - hazard.at(first))


def _beside(table: pd.DataFrame) -> pd.DataFrame:
    """The last quarter beside what the three before lead one to expect."""
    from scipy.special import bdtr

    enough = (table["before"] >= FEWEST_BEFORE) & (table["recent_hazard"] > 0) & (table["before_hazard"] > 0)
    recent, before = table["recent"].where(enough), table["before"].where(enough)
    expected = before * table["recent_hazard"] / table["before_hazard"]
    share = (table["recent_hazard"] / (table["recent_hazard"] + table["before_hazard"])).where(enough)
    ratio = recent / expected
    chance = pd.Series(bdtr(recent, (recent + before).fillna(1).astype("int64"), share), index=table.index).where(
        enough
    )
    return pd.DataFrame(
        {
            "recent_expected": expected,
            "recent_ratio": ratio,
            "short_share": (1 - ratio).clip(lower=0),
            "recent_p": chance,
            "short": (chance < SHORT).fillna(False),
        }
    )
