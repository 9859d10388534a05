"""From a linear predictor to what is reported: probability, rounded per cent, band, and the horizon it speaks about."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evalkit.dates import FOLLOWUP_DAYS
from evalkit.errors import SpecError
from evalkit.ogrs.inputs import BoolArray, FloatArray, IntArray

HORIZON_DAYS = MappingProxyType(
    {
        "ogrs3_one_year": FOLLOWUP_DAYS,
        "ogrs3_two_year": 2 * FOLLOWUP_DAYS,
        "arp_two_year": 2 * FOLLOWUP_DAYS,
        "vrp_two_year": 2 * FOLLOWUP_DAYS,
    }
)
"""Days of follow-up that each score predicts. ARP and VRP are published with a two-year form only."""

BANDS = ("LOW", "MEDIUM", "HIGH", "VERY_HIGH")


def check_horizon(predictor: str, followup_days: int) -> None:
    """Refuse a score as the prediction of an outcome over another length of follow-up.

    predictor     : a key of HORIZON_DAYS
    followup_days : days over which the outcome is counted

    Raises SpecError where the score is unknown or predicts another horizon.
    """
    if predictor not in HORIZON_DAYS:
        raise SpecError(f"predictor {predictor!r} is not one of {', '.join(HORIZON_DAYS)}")
    horizon = HORIZON_DAYS[predictor]
    if horizon == followup_days:
        return
    only = "" if predictor.startswith("ogrs3") else f"; {predictor[:3].upper()} has no published one-year form"
    raise SpecError(
        f"predictor {predictor} predicts reoffending within {horizon} days, but the outcome is counted over "
        f"{followup_days} days: it cannot be used as its prediction{only}"
    )


def logistic(linear: FloatArray) -> FloatArray:
    """Probability of a log-odds value above -709 (below it, the exponential overflows)."""
    return 1.0 / (1.0 + np.exp(-linear))


def half_up(probability: FloatArray, steps: int) -> IntArray:
    """Probability (0 to 1) in units of 1/steps, rounded half-up on the exact binary value of each number."""
    below = np.floor(probability * steps)
    middle = (2 * below + 1) / (2 * steps)  # the double nearest to the tie, which is seldom a double itself
    above = probability > middle
    tied = probability == middle
    if tied.any():
        values, position = np.unique(probability[tied], return_inverse=True)
        above[tied] = np.array([_fraction_of_step(value, steps) >= Fraction(1, 2) for value in values])[position]
    return (below + above).astype(np.int64)


def _fraction_of_step(value: float, steps: int) -> Fraction:
    return Fraction(value) * steps % 1


def whole_percent(probability: FloatArray) -> IntArray:
    """Whole per cent as the Ministry's service rounds it: to five decimals first, then that stored number again.

    Both roundings are half-up on exact binary values, so 0.27500 becomes 28 but 0.84500 becomes 84.
    """
    return _percent_of_five_decimals()[half_up(probability, 100_000)]


@cache
def _percent_of_five_decimals() -> IntArray:
    return half_up(np.arange(100_001) / 100_000, 100)


def bands(percent: npt.NDArray[Any], *, starts: list[int], scored: BoolArray) -> Any:
    """Band names; `starts` are the per cents at which MEDIUM, HIGH and VERY_HIGH begin; missing where not scored."""
    position = np.where(scored, np.searchsorted(starts, percent, side="right"), -1)
    return pd.array(list(BANDS), dtype="str").take(position, allow_fill=True)
