"""Risk-adjusted cumulative sums: whether a unit's people are reconvicted more, or less, than predicted, as years end.

Source: Steiner, Cook, Farewell & Treasure (2000), Biostatistics 1, 441-452; Lovegrove et al. (1997), Lancet 350,
1128-1130 (variable life-adjusted display).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.errors import SpecError
from evalkit.statistics.inputs import FloatArray, outcome_array, probability_array, refuse_unequal

ODDS_RATIO = 1.5
"""The odds of reconviction, over those predicted, that the worse arm looks for; the better arm looks for 1 / 1.5."""


def cusum(
    reconvicted: ArrayLike | pd.Series,
    predicted: ArrayLike | pd.Series,
    *,
    odds_ratio: float = ODDS_RATIO,
    threshold: float,
) -> pd.DataFrame:
    """Add up the evidence, person after person, that the odds are `odds_ratio` times those predicted.

    reconvicted : 0/1 or False/True, one per person, **in the order in which their follow-up years ended**; not in the
                  order in which reconvictions became known: so ordered the first year brings bad news only, and every
                  unit alarms
    predicted   : probability of reconviction, centred on all units, strictly between 0 and 1
    odds_ratio  : above 1 looks for worse results, below 1 for better ones
    threshold   : the sum at which an alarm is recorded (see `cusum_threshold`), above 0

    Returns one row per person, labelled as given: weight (log likelihood ratio), cusum (the sum, never below 0, as it
    stood after this person) and alarm (whether it reached the threshold). After an alarm it starts again at 0.
    Raises DataError where a row is refused or lengths differ, SpecError for an impossible odds ratio or threshold.
    """
    if not (math.isfinite(threshold) and threshold > 0):
        raise SpecError(f"threshold: {threshold!r} is not a number above 0")
    weights = cusum_weights(reconvicted, predicted, odds_ratio=odds_ratio)
    sums, alarms = running_sums(weights.tolist(), threshold)
    labels = reconvicted.index if isinstance(reconvicted, pd.Series) else None
    return pd.DataFrame({"weight": weights, "cusum": sums, "alarm": alarms}, index=labels)


def cusum_weights(
    reconvicted: ArrayLike | pd.Series, predicted: ArrayLike | pd.Series, *, odds_ratio: float = ODDS_RATIO
) -> FloatArray:
    """What each person adds to the sum: y ln(R) - ln(1 - p + R p), R being the odds ratio.

    reconvicted, predicted, odds_ratio : as in `cusum`
    """
    checked_odds_ratio(odds_ratio)
    refuse_unequal(reconvicted, predicted, names=("reconvicted", "predicted"))
    outcomes, shares = outcome_array(reconvicted), probability_array(predicted)
    return outcomes * np.log(odds_ratio) - np.log1p((odds_ratio - 1) * shares)


def checked_odds_ratio(odds_ratio: float) -> float:
    """The odds ratio, or SpecError unless it is a number above 0 other than 1."""
    if not (math.isfinite(odds_ratio) and odds_ratio > 0 and odds_ratio != 1):
        raise SpecError(f"odds_ratio: {odds_ratio!r} is not a number above 0 other than 1 (such as 1.5)")
    return odds_ratio


def vlad(reconvicted: ArrayLike | pd.Series, predicted: ArrayLike | pd.Series) -> pd.DataFrame:
    """Running total of predicted less actual reconvictions: for reading, never for alarms.

    reconvicted, predicted : as in `cusum`, in the order in which follow-up years ended

    Returns one row per person, labelled as given: people, actual, predicted (so far) and fewer_people (predicted less
    actual: rising while fewer are reconvicted than predicted).
    """
    refuse_unequal(reconvicted, predicted, names=("reconvicted", "predicted"))
    outcomes, shares = outcome_array(reconvicted), probability_array(predicted)
    labels = reconvicted.index if isinstance(reconvicted, pd.Series) else None
    actual, expected = outcomes.cumsum(), shares.cumsum()
    return pd.DataFrame(
        {
            "people": np.arange(1, len(outcomes) + 1),
            "actual": actual.astype("int64"),
            "predicted": expected,
            "fewer_people": expected - actual,
        },
        index=labels,
    )


def running_sums(weights: list[float], threshold: float) -> tuple[list[float], list[bool]]:
    """The sum after each weight, never below 0, and whether it reached the threshold (after which it is 0 again)."""
    sums, alarms, reached = [], [], 0.0
    for weight in weights:
        reached = max(0.0, reached + weight)
        sums.append(reached)
        alarms.append(reached >= threshold)
        if reached >= threshold:
            reached = 0.0
    return sums, alarms
