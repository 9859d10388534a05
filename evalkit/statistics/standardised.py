"""A group beside people who could have been in it, standardised to the group's own people.

The prediction for the group is estimated on the comparison people alone, so both samplings, and the people who are
on both sides at different times, count in every interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from evalkit.errors import DataError
from evalkit.statistics.expected import ActualVsPredicted, comparison_sizes
from evalkit.statistics.inputs import FloatArray, checked_level
from evalkit.statistics.logistic import logistic_fit

FEW = 10
"""With fewer people than this on one side, the spread of what happened says little of what could have."""


@dataclass(frozen=True, eq=False)
class Standardised:
    """The comparison, and what the lines outside the group predict for every line, in the order given.

    odds : odds_ratio, odds_ratio_low, odds_ratio_high: the odds of everybody in the group over those predicted, by one
           common factor; infinite or 0 where all or none had the outcome
    """

    comparison: ActualVsPredicted
    odds: dict[str, float]
    chances: FloatArray


def standardised_comparison(
    outcomes: FloatArray,
    treated: NDArray[np.bool_],
    matrix: FloatArray,
    terms: list[str],
    *,
    offset: FloatArray | None = None,
    clusters: NDArray[np.intp],
    level: float = 0.95,
) -> Standardised:
    """Compare the outcomes of a group with what people outside it, of the same kind, would have had.

    outcomes : 0/1, one per line
    treated  : whether the line belongs to the group
    matrix   : lines x terms, the intercept among them; what the two sides may differ in
    terms    : names of the columns, for errors
    offset   : log-odds of each line that hold with a coefficient of 1
    clusters : code of the person of each line, from 0 without gaps; one person may have several lines, on both sides

    A logistic regression on the lines outside the group predicts each line in it; actual and predicted are summed over
    the group. The variance is that of the stacked estimating equations, summed by person (sandwich), with the
    correction G/(G-1); where fewer than 10 of the group have the outcome, or have not, its own part is not taken below
    the binomial one of its predictions. p-value and interval are normal, those of the ratio on the log scale.
    Raises DataError where one side is empty or the outcome is separated.
    Source: Stefanski & Boos (2002), The American Statistician 56, 29-38.
    """
    from scipy.special import expit

    checked_level(level)
    if treated.all() or not treated.any():
        raise DataError(f"nobody is {'outside' if treated.all() else 'in'} the group, so there is nothing to compare")
    shifts = np.zeros(len(outcomes)) if offset is None else offset
    others = np.compress(~treated, matrix.T, axis=1).T  # keeps a matrix that lies in memory column by column as it is
    fit = logistic_fit(outcomes[~treated], others, terms, offset=shifts[~treated])
    log_odds = shifts + matrix @ fit.log_odds
    chances = expit(log_odds)

    def moved_by_others(spread: FloatArray) -> FloatArray:
        """How far a sum over the group, of these slopes in its log-odds, moves with each line outside it."""
        slopes = spread @ matrix[treated]
        return np.where(treated, 0.0, (matrix @ (fit.covariance @ slopes)) * (outcomes - chances))

    inside = chances[treated]
    moved = moved_by_others(inside * (1 - inside))
    comparison = _compared(outcomes, chances, treated, moved, clusters, level=level)
    factor = _common_factor(outcomes[treated], log_odds[treated])
    odds = {"odds_ratio": float(np.exp(factor)), "odds_ratio_low": 0.0, "odds_ratio_high": float("inf")}
    if np.isfinite(factor):
        shifted = expit(log_odds + factor)
        spread = (shifted * (1 - shifted))[treated]
        influence = np.where(treated, outcomes - shifted, -moved_by_others(spread)) / spread.sum()
        reach = NormalDist().inv_cdf((1 + level) / 2) * float(np.sqrt(_variance(influence, clusters)))
        odds |= {"odds_ratio_low": float(np.exp(factor - reach)), "odds_ratio_high": float(np.exp(factor + reach))}
    return Standardised(comparison, odds, chances)


def _common_factor(outcomes: FloatArray, log_odds: FloatArray) -> float:
    """What must be added to everybody's log-odds for the predicted number to be the actual one (Newton)."""
    from scipy.special import expit

    if outcomes.min() == outcomes.max():
        return float("inf") if outcomes[0] else float("-inf")
    factor = 0.0
    for _ in range(100):
        shifted = expit(log_odds + factor)
        step = float((outcomes - shifted).sum() / (shifted * (1 - shifted)).sum())
        factor += max(-2.0, min(2.0, step))
        if abs(step) < 1e-12:
            break
    return factor


def _compared(
    outcomes: FloatArray,
    chances: FloatArray,
    treated: NDArray[np.bool_],
    moved: FloatArray,
    clusters: NDArray[np.intp],
    *,
    level: float,
) -> ActualVsPredicted:
    from scipy.special import log_ndtr

    people, actual, predicted = int(treated.sum()), int(outcomes[treated].sum()), float(chances[treated].sum())
    excess, reach = actual - predicted, NormalDist().inv_cdf((1 + level) / 2)
    of_excess = np.where(treated, outcomes - chances - excess / people, -moved)
    of_log_ratio = np.where(treated, outcomes / max(actual, 1) - chances / predicted, -moved / predicted)
    missed = float((chances * (1 - chances))[treated].sum() - (of_excess[treated] ** 2).sum())
    few = min(actual, people - actual) < FEW
    variance = _variance(of_excess, clusters) + (max(missed, 0.0) if few else 0.0)
    error = float(np.sqrt(_variance(of_log_ratio, clusters)))
    wide, z = reach * float(np.sqrt(variance)), excess / float(np.sqrt(variance))
    log_p = min(0.0, float(np.log(2) + log_ndtr(-abs(z))))
    low, high = max(excess - wide, -predicted), min(excess + wide, people - predicted)
    sizes = comparison_sizes(people, actual, predicted, low=low, high=high)
    spread = float(np.exp(reach * error))
    sizes["ratio_low"], sizes["ratio_high"] = (
        (sizes["ratio"] / spread, sizes["ratio"] * spread) if actual else (0.0, float("inf"))
    )
    return ActualVsPredicted(
        **sizes,
        p_value=float(np.exp(log_p)),
        log10_p=log_p / float(np.log(10)),
        variance=variance,
        z=z,
        spiegelhalter_z=float("nan"),
        level=level,
        predictions="estimated",
        method="prediction estimated on comparison people at the same time; sandwich variance by person",
    )


def _variance(influence: FloatArray, clusters: NDArray[np.intp]) -> float:
    sums = np.bincount(clusters, weights=influence)
    return float((sums**2).sum()) * len(sums) / (len(sums) - 1)
