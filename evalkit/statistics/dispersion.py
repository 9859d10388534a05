"""How far units differ by more than chance, and what follows from it: adjusted errors, q-values, shrunken ratios.

Sources: Spiegelhalter (2005), Quality and Safety in Health Care 14, 347-351, and Spiegelhalter et al. (2012), Journal
of the Royal Statistical Society A 175, 1-47 (over-dispersion by winsorised z and an additive variance on the
square-root scale); Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.errors import DataError
from evalkit.statistics.inputs import FloatArray, numeric_array, refuse_rows
from evalkit.statistics.shown import Shown

WINSORISED_SHARE = 0.1
"""The z of each end's outermost tenth is moved in to the tenth, so that a real outlier does not excuse itself."""

FEWEST_TO_WINSORISE = 10

SIGNIFICANT_DISPERSION = 0.05
"""Below this p-value units may well differ by more than chance. At 0.01 a spread redrawn every quarter passed unnoticed
in two quarters of five, and false alarms of the CUSUM with it (in 17 % of quarters); at 0.1 one team that is worse is
itself taken for such a spread too often (`alert_rates` has the figures of the value in use)."""

_DRAWN_NUMBERS, _MOST_DRAWS, _SEED = 2_000_000, 20_000, 2021


@dataclass(frozen=True, repr=False)
class Dispersion(Shown):
    """How far the ratios of units spread, beyond what people's own chances explain.

    phi        : mean squared z of the units, after winsorising (about 1, or a little less, if only chance is at work)
    tau2       : variance between units of sqrt(actual / predicted), beyond chance
    p_value    : probability of so large a phi if only chance is at work (seeded draws of normal z)
    units      : how many units it was estimated from
    winsorised : whether the outermost tenths were moved in
    corrected  : whether tau2 makes good what winsorising takes from phi
    """

    phi: float
    tau2: float
    p_value: float
    units: int
    winsorised: bool
    corrected: bool
    method: str


def over_dispersion(
    actual: ArrayLike, predicted: ArrayLike, variance: ArrayLike, *, corrected: bool = False
) -> Dispersion:
    """Estimate how far units differ by more than chance.

    actual    : number reconvicted, one per unit
    predicted : expected number, one per unit, above 0
    variance  : of the number, one per unit, above 0: the sum of p (1 - p) of its people
    corrected : divide phi by its mean if only chance is at work, before tau2 is taken from it. Winsorising makes that
                about 0.7 of what it would be: uncorrected (as published), tau2 comes out at 40 to 65 % of the true
                spread, and limits adjusted by it raise several times the alerts they promise

    On the scale of sqrt(actual / predicted), with winsorising at 10 % and 90 % from ten units on (linear quantiles).
    Fewer than two units have no spread: tau2 is 0 and p_value 1.
    Raises DataError where a number is missing, an actual below 0, or a predicted or variance not above 0.
    """
    counts, expected, variances = (
        numeric_array(values, name=name)
        for values, name in ((actual, "actual"), (predicted, "predicted"), (variance, "variance"))
    )
    if not len(counts) == len(expected) == len(variances):
        raise DataError("actual, predicted and variance need one value per unit each: their lengths differ")
    refuse_rows(counts, ~(counts >= 0), name="actual", rule="each must be 0 or more")
    for values, name in ((expected, "predicted"), (variances, "variance")):
        refuse_rows(values, ~(values > 0), name=name, rule="each must be above 0")
    return dispersion_of(counts, expected, variances, corrected=corrected)


def dispersion_of(counts: FloatArray, expected: FloatArray, variances: FloatArray, *, corrected: bool) -> Dispersion:
    """The same for arrays that have been checked; there may be no unit at all (phi is then not a number)."""
    units, errors = len(counts), root_errors(expected, variances)
    winsorised = units >= FEWEST_TO_WINSORISE
    phi, tau2, p_value = float("nan"), 0.0, 1.0
    if units:
        phi = float(_phi(((np.sqrt(counts / expected) - 1) / errors)[None, :])[0])
    if units >= 2:
        by_chance, weights = _phi_by_chance(units), 1 / errors**2
        scaled = phi / float(by_chance.mean()) if corrected and winsorised else phi
        excess = units * scaled - (units - 1)
        tau2 = max(0.0, float(excess / (weights.sum() - (weights**2).sum() / weights.sum())))
        p_value = float((1 + (by_chance >= phi).sum()) / (1 + len(by_chance)))
    ends = "winsorised at 10 % and 90 %" if winsorised else "not winsorised (fewer than 10 units)"
    made_good = ", tau2 corrected for it" if corrected and winsorised else ""
    return Dispersion(
        phi=phi,
        tau2=tau2,
        p_value=p_value,
        units=units,
        winsorised=winsorised,
        corrected=corrected and winsorised,
        method=f"additive variance on sqrt(actual / predicted), {ends}{made_good}, from {units:,} units",
    )


def root_errors(expected: FloatArray, variances: FloatArray) -> FloatArray:
    """Standard error of sqrt(actual / predicted) of each unit if only chance is at work."""
    return np.sqrt(variances) / (2 * expected)


def benjamini_hochberg(p_values: ArrayLike) -> FloatArray:
    """q-values: the smallest share of false discoveries at which each p-value counts as one; NaN stays NaN.

    p_values : one per comparison, 0 to 1; a NaN is no comparison and does not count among them
    """
    given = numeric_array(p_values, name="p_values")
    refuse_rows(given, (given < 0) | (given > 1), name="p_values", rule="each must lie between 0 and 1")
    found = np.full(len(given), np.nan)
    asked = np.flatnonzero(~np.isnan(given))
    order = asked[np.argsort(-given[asked], kind="stable")]
    ranks = np.arange(len(order), 0, -1)
    found[order] = np.minimum.accumulate(np.minimum(given[order] * len(order) / ranks, 1.0))
    return found


def shrunken_ratios(ratio: FloatArray, error: FloatArray, tau2: float) -> pd.DataFrame:
    """Ratios drawn towards 1 by as much as chance may have moved them: normal-normal on the square root.

    ratio : actual / predicted, one per unit
    error : standard error of its square root
    tau2  : variance between units; where it is 0 every unit is the same, and every row 1 to 1

    Returns one row per unit: shrunken, shrunken_low, shrunken_high (95 %).
    """
    from scipy.special import ndtri

    own = tau2 / (tau2 + error**2)
    middle, reach = 1 + own * (np.sqrt(ratio) - 1), ndtri(0.975) * np.sqrt(own) * error
    low, high = (np.maximum(middle + end, 0) ** 2 for end in (-reach, reach))
    return pd.DataFrame({"shrunken": middle**2, "shrunken_low": low, "shrunken_high": high})


def _phi(z: FloatArray) -> FloatArray:
    """Mean square of each row, winsorised where a row has ten or more."""
    if z.shape[1] >= FEWEST_TO_WINSORISE:
        low, high = np.quantile(z, [WINSORISED_SHARE, 1 - WINSORISED_SHARE], axis=1, keepdims=True)
        z = np.clip(z, low, high)
    return np.asarray((z**2).mean(axis=1))


@lru_cache(maxsize=64)
def _phi_by_chance(units: int) -> FloatArray:
    draws = max(1_000, min(_MOST_DRAWS, _DRAWN_NUMBERS // units))
    return _phi(np.random.default_rng(_SEED).standard_normal((draws, units)))
