"""The centre of monitoring: predictions moved to fit everybody monitored, so that units are compared with each other.

Raw scores that are too high, or too low, for everybody say something once, about everybody; left in, they would make
nearly every unit an alert.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.statistics.inputs import FloatArray, outcome_array, probability_array, refuse_unequal
from evalkit.statistics.recalibration import recalibrate
from evalkit.statistics.shown import ShownWithoutFrames

_SAME_RISK = 1e-9


@dataclass(frozen=True, repr=False, eq=False)
class Centre(ShownWithoutFrames):
    """How far everybody is from the raw prediction, and each prediction moved by that.

    people, actual, predicted     : of all the people monitored (predicted before moving), counts
    ratio, ratio_low, ratio_high  : actual / predicted before moving, 95 %, for saying once; after it the ratio is 1
    intercept, slope              : centred = expit(intercept + slope * logit(predicted))
    frame                         : one row per person, labelled as given: predicted, centred
    """

    people: int
    actual: int
    predicted: float
    ratio: float
    ratio_low: float
    ratio_high: float
    intercept: float
    slope: float
    frame: pd.DataFrame
    method: str


def centred(reconvicted: ArrayLike | pd.Series, predicted: ArrayLike | pd.Series) -> Centre:
    """Move predictions so that they fit all the people monitored, of one period.

    reconvicted : 0/1 or False/True, one per person: everybody monitored, of every unit
    predicted   : probability of reconviction, strictly between 0 and 1

    Intercept and slope, or the intercept alone where everybody has the same prediction. The interval of the ratio is
    normal. Predictions centred on the very people they are compared for are right for monitoring, and for nothing
    else: the sum over all units is made to agree.
    Raises DataError where a row is refused, or fewer than two people were reconvicted, or were not.
    """
    refuse_unequal(reconvicted, predicted, names=("reconvicted", "predicted"))
    outcomes, shares = outcome_array(reconvicted), probability_array(predicted)
    moved = recalibrate(reconvicted, predicted, predicted, intercept_only=bool(np.ptp(shares) < _SAME_RISK))
    ratio = float(outcomes.sum() / shares.sum())
    reach = 1.959963984540054 * float(np.sqrt((shares * (1 - shares)).sum()) / shares.sum())
    return Centre(
        people=len(outcomes),
        actual=int(outcomes.sum()),
        predicted=float(shares.sum()),
        ratio=ratio,
        ratio_low=ratio - reach,
        ratio_high=ratio + reach,
        intercept=moved.intercept,
        slope=moved.slope,
        frame=moved.frame.rename(columns={"recalibrated": "centred"}),
        method=f"logistic recalibration on all {len(outcomes):,} people monitored",
    )


def centred_by_year(
    outcomes: FloatArray, shares: FloatArray, years_back: FloatArray, *, fewest: int = 100
) -> FloatArray:
    """Predictions of several years, each year's moved to fit the people of that year.

    outcomes, shares : 0/1 and probability, one per person
    years_back       : 0 the year that is monitored, 1 the one before it, ...
    fewest           : an earlier year with fewer people reconvicted, or not reconvicted, takes the centre of the next

    Returns the centred probabilities, one per person. Raises DataError as `centred` does, of the last year.
    """
    moved = np.empty(len(shares))
    reference = years_back == 0
    for year in np.unique(years_back):
        own = years_back == year
        if year > 0 and min(outcomes[own].sum(), (1 - outcomes[own]).sum()) >= fewest:
            reference = own
        same = bool(np.ptp(shares[reference]) < _SAME_RISK)
        fit = recalibrate(outcomes[reference], shares[reference], shares[own], intercept_only=same)
        moved[own] = fit.frame["recalibrated"]
    return moved
