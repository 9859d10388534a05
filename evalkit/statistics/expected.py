"""Actual against predicted reconvictions where every person's probability was known beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.statistics.inputs import FloatArray, checked_level, outcome_array, probability_array, refuse_unequal
from evalkit.statistics.poisson_binomial import TiltedCount, tilted_count
from evalkit.statistics.shown import Shown


@dataclass(frozen=True, repr=False)
class ActualVsPredicted(Shown):
    """The number reconvicted beside the number predicted, with the test and the interval that belong together.

    people, actual, predicted  : counts (predicted is the sum of probabilities, unrounded)
    actual_rate, predicted_rate, difference (actual less predicted), difference_low, difference_high : shares
    ratio, ratio_low, ratio_high             : actual / predicted
    fewer_people, fewer_people_low, fewer_people_high : predicted less actual, unrounded (negative: more)
    relative_change            : (actual - predicted) / predicted, a share
    p_value, log10_p           : two-sided; where p_value underflows to 0 its log10 is still right
    variance                   : of actual less predicted, as counts, if nothing but the prediction is at work
    z                          : (actual - predicted) / sqrt(variance)
    spiegelhalter_z            : of the probabilities as forecasts; not a number where all are one half, or estimated
    level                      : confidence level of every interval
    predictions                : 'known' (fixed beforehand, on others) or 'estimated' (on this study's own people)
    method                     : how test and interval were made

    p_value is below 1 - level exactly when the interval leaves out no difference.
    """

    people: int
    actual: int
    predicted: float
    actual_rate: float
    predicted_rate: float
    difference: float
    difference_low: float
    difference_high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    fewer_people: float
    fewer_people_low: float
    fewer_people_high: float
    relative_change: float
    p_value: float
    log10_p: float
    variance: float
    z: float
    spiegelhalter_z: float
    level: float
    predictions: str
    method: str


def actual_vs_predicted(
    reconvicted: ArrayLike | pd.Series, predicted: ArrayLike | pd.Series, *, level: float = 0.95, mid_p: bool = False
) -> ActualVsPredicted:
    """Compare the number reconvicted with the number predicted, exactly, for probabilities known beforehand.

    reconvicted : 0/1 or False/True, one per person
    predicted   : probability of reconviction, one per person, strictly between 0 and 1, and **not** estimated from
                  these people or their comparison group (for those, see `estimated_actual_vs_predicted`)
    level       : confidence level, between 0 and 1
    mid_p       : count only half of the probability of the observed number (less conservative in small groups)

    If the predictions hold, the number reconvicted is Poisson-binomial. p_value is twice the smaller tail, at most 1.
    The interval inverts that test: all log-odds are shifted by a common amount until the observed number would
    lie exactly on the edge (Clopper & Pearson's argument), so test and interval never disagree.
    Raises DataError where a row is refused or the lengths differ, SpecError for a level outside 0 to 1.
    Source: Hong (2013); Clopper & Pearson (1934), Biometrika 26, 404-413; Spiegelhalter (1986), Statistics in
    Medicine 5, 421-433. The saddlepoint for over 1,000,000 people: Lugannani & Rice (1980).
    """
    checked_level(level)
    refuse_unequal(reconvicted, predicted, names=("reconvicted", "predicted"))
    outcomes, shares = outcome_array(reconvicted), probability_array(predicted)
    count = tilted_count(shares, int(outcomes.sum()))
    low, high = _excess_limits(count, level=level, mid_p=mid_p)
    tails = count.tails().mid() if mid_p else count.tails()
    log_p = min(0.0, float(np.log(2)) + min(tails.log_lower, tails.log_upper))
    variance = float((shares * (1 - shares)).sum())
    return ActualVsPredicted(
        **comparison_sizes(len(shares), count.observed, float(shares.sum()), low=low, high=high),
        p_value=float(np.exp(log_p)),
        log10_p=log_p / float(np.log(10)),
        variance=variance,
        z=float((count.observed - shares.sum()) / np.sqrt(variance)),
        spiegelhalter_z=_spiegelhalter_z(outcomes, shares),
        level=level,
        predictions="known",
        method=_method(count, mid_p=mid_p),
    )


def comparison_sizes(people: int, actual: int, predicted: float, *, low: float, high: float) -> dict[str, Any]:
    """Every size of the comparison, by field name, from the counts and the limits of actual less predicted.

    people, actual, predicted : counts
    low, high                 : limits of (actual - predicted), as counts
    """
    excess = actual - predicted
    return {
        "people": people,
        "actual": actual,
        "predicted": predicted,
        "actual_rate": actual / people,
        "predicted_rate": predicted / people,
        "difference": excess / people,
        "difference_low": low / people,
        "difference_high": high / people,
        "ratio": actual / predicted,
        "ratio_low": (predicted + low) / predicted,
        "ratio_high": (predicted + high) / predicted,
        "fewer_people": -excess,
        "fewer_people_low": -high,
        "fewer_people_high": -low,
        "relative_change": excess / predicted,
    }


def _excess_limits(count: TiltedCount, *, level: float, mid_p: bool) -> tuple[float, float]:
    """Limits of the expected count less the predicted one: the shifts at which the observed count is on the edge."""
    edge = (1 - level) / 2
    shifts = count.shift_for_tail("upper", edge, mid_p=mid_p), count.shift_for_tail("lower", edge, mid_p=mid_p)
    low, high = (count.expected(shift) - count.expected() for shift in shifts)
    return low, high


def _spiegelhalter_z(outcomes: FloatArray, shares: FloatArray) -> float:
    spread = float(((1 - 2 * shares) ** 2 * shares * (1 - shares)).sum())
    return float(((outcomes - shares) * (1 - 2 * shares)).sum() / np.sqrt(spread)) if spread > 0 else float("nan")


def _method(count: TiltedCount, *, mid_p: bool) -> str:
    test = "exact Poisson-binomial test" if count.exact else "Poisson-binomial test by Lugannani-Rice saddlepoint"
    return f"{test}{', mid-p' if mid_p else ''}, and the interval that inverts it; predictions taken as known"
