"""How much the outcome would have to miss, or the score over-predict, for a result to tip."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.errors import DataError, SpecError
from evalkit.statistics.expected import ActualVsPredicted
from evalkit.statistics.inputs import FloatArray, probability_array
from evalkit.statistics.poisson_binomial import probability_masses, tilted_count


def tipping_points(
    result: ActualVsPredicted, predicted: ArrayLike | pd.Series | None = None, *, published_capture: float = 0.975
) -> pd.DataFrame:
    """How incomplete the outcome, or how pessimistic the score, would have to be to tip a comparison.

    predicted         : the probabilities the result was made from, where they were known; not used where estimated
    published_capture : share of true reconvictions the outcome is said to capture (under-reporting of 2-3 per cent)

    If the outcome captures a share c of true reconvictions, the true number is actual / c. Significance at
    1 - level is lost at the first whole number that the exact test no longer rejects, or, with estimated predictions,
    where the normal p reaches 1 - level at the variance of the result. The difference vanishes at actual / predicted.
    Returns three rows, by `point` ('significance lost', 'difference vanishes', 'published under-reporting'): capture;
    actual (the true number then), ratio and p_value; score_factor, what the predicted number would have to be
    multiplied by to the same end (to lose significance: all log-odds shifted alike). Missing are what cannot be:
    significance that is not there, and a capture where nobody, or as many as predicted or more, were reconvicted.
    Raises DataError where `predicted` is needed or not what the result was made from, SpecError for a bad capture.
    """
    if not 0 < published_capture <= 1:
        raise SpecError(f"published_capture: {published_capture!r} is not a share above 0 and at most 1")
    shares = _predictions_of(result, predicted) if result.predictions == "known" else None
    fewer, significant = result.actual < result.predicted, result.p_value < 1 - result.level
    can_tip = fewer and result.actual > 0
    lost = _count_without_significance(result, shares) if can_tip and significant else np.nan
    vanished = result.predicted if can_tip else np.nan
    actual = np.array([lost, vanished, min(result.actual / published_capture, result.people)])
    p_values = [np.nan if np.isnan(lost) else _p_value(lost, result, shares), 1.0 if can_tip else np.nan]
    edge = (result.ratio_high if fewer else result.ratio_low) if significant else np.nan
    return pd.DataFrame(
        {
            "point": ["significance lost", "difference vanishes", "published under-reporting"],
            "capture": [*(result.actual / actual[:2]), published_capture],
            "actual": actual,
            "ratio": actual / result.predicted,
            "p_value": [*p_values, _p_value(actual[2], result, shares)],
            "score_factor": [edge, result.ratio, np.nan],
            "level": result.level,
        }
    )


def _predictions_of(result: ActualVsPredicted, predicted: ArrayLike | pd.Series | None) -> FloatArray:
    if predicted is None:
        raise DataError("predicted: give the probabilities this result was made from; its exact test needs them")
    shares = probability_array(predicted)
    same = len(shares) == result.people and np.isclose(shares.sum(), result.predicted, rtol=1e-9)
    if not same or not np.isclose(_p_value(result.actual, result, shares), result.p_value, rtol=1e-6, atol=0):
        raise DataError(
            f"predicted: {len(shares):,} probabilities with sum {shares.sum():,.6g} are not those of this result"
            f" ({result.people:,} people, {result.predicted:,.6g} predicted), or it was made with mid_p"
        )
    return shares


def _count_without_significance(result: ActualVsPredicted, shares: FloatArray | None) -> float:
    tail = (1 - result.level) / 2
    if shares is None:
        return result.predicted + NormalDist().inv_cdf(tail) * float(np.sqrt(result.variance))
    return float(np.searchsorted(np.cumsum(probability_masses(shares)), tail))


def _p_value(count: float, result: ActualVsPredicted, shares: FloatArray | None) -> float:
    """Two-sided p of a number that may lie between whole ones (then of the next one away from the predicted number)."""
    from scipy.special import ndtr

    if shares is None:
        return float(2 * ndtr(-abs(count - result.predicted) / np.sqrt(result.variance)))
    if count < result.predicted:
        log_tail = tilted_count(shares, int(np.floor(count))).tails().log_lower
    else:
        log_tail = tilted_count(shares, int(np.ceil(count))).tails().log_upper
    return float(min(1.0, 2 * np.exp(log_tail)))
