"""Logistic regression for the other rooms, refused where it has no finite answer.

Our own iteration rather than statsmodels': the same numbers (a test compares them), without half a second of imports
in every report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalkit.errors import DataError
from evalkit.statistics.inputs import FloatArray
from evalkit.statistics.products import column_sums, cross_products, largest_quadratic_form, linear_predictor

_MOST_ROUNDS = 60

_SETTLED = 1e-9
"""Settled when no coefficient moves by more than this share of its standard error; the next move would be far less."""


_WIDEST_ERROR = 50.0
"""Largest standard error of anybody's fitted log-odds; separated data give thousands, thin data a handful."""


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """Log odds ratios (one per column of the matrix) and their covariance (columns x columns)."""

    log_odds: FloatArray
    covariance: FloatArray


def logistic_fit(
    outcomes: FloatArray,
    matrix: FloatArray,
    terms: list[str],
    *,
    offset: FloatArray | None = None,
    clusters: NDArray[np.intp] | None = None,
) -> LogisticFit:
    """Fit outcomes (0/1) on the columns of a matrix by maximum likelihood.

    matrix   : people x terms, the intercept among them; no column made up of others
    terms    : names of the columns, for errors
    offset   : log-odds added to each person's, with a coefficient of 1
    clusters : code per person; the covariance is then the sandwich with corrections G/(G-1) and (n-1)/(n-k)

    Raises DataError where the outcome is separated: some combination of terms tells it without error, for some people.
    """
    shifts = np.zeros(len(outcomes)) if offset is None else offset
    matrix = np.asfortranarray(matrix)  # each round goes through it column by column
    fit = _reweighted_least_squares(outcomes, matrix, shifts)
    _refuse_separated(fit, matrix, terms)
    return fit if clusters is None else LogisticFit(fit.log_odds, _sandwich(fit, outcomes, matrix, shifts, clusters))


def _reweighted_least_squares(outcomes: FloatArray, matrix: FloatArray, offset: FloatArray) -> LogisticFit:
    """Iterate to the maximum of the likelihood; a fit that does not settle has an infinite covariance."""
    from scipy.special import logit

    coefficients, first = np.zeros(matrix.shape[1]), logit((outcomes + 0.5) / 2)
    for this_round in range(_MOST_ROUNDS):
        gradient, information = _slopes(outcomes, matrix, offset, coefficients, first=None if this_round else first)
        if not np.isfinite(information).all():
            break
        try:
            covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
        except np.linalg.LinAlgError:
            break
        step = covariance @ gradient
        coefficients = coefficients + step
        if (np.abs(step) <= _SETTLED * np.sqrt(covariance.diagonal().clip(min=0))).all():
            return LogisticFit(coefficients, covariance)
    return LogisticFit(coefficients, np.full((matrix.shape[1],) * 2, np.inf))


def _slopes(
    outcomes: FloatArray, matrix: FloatArray, offset: FloatArray, coefficients: FloatArray, *, first: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Gradient and information of the likelihood.

    first : log-odds to start from, in the first round; the gradient then leads from zero coefficients to the least
            squares fit of them

    The information is infinite where somebody's chance is 0 or 1.
    """
    from scipy.special import expit

    log_odds = offset + linear_predictor(matrix, coefficients) if first is None else first
    chances = expit(log_odds)
    weights = chances * (1 - chances)
    if not weights.min() > 0:
        return np.zeros_like(coefficients), np.full((len(coefficients),) * 2, np.inf)
    misses = outcomes - chances
    if first is not None:
        misses += weights * (log_odds - offset)
    return column_sums(matrix, misses), cross_products(matrix, weights)


def _sandwich(
    fit: LogisticFit, outcomes: FloatArray, matrix: FloatArray, offset: FloatArray, clusters: NDArray[np.intp]
) -> FloatArray:
    """Liang and Zeger's covariance, with the corrections G/(G-1) and (n-1)/(n-k)."""
    from scipy.special import expit

    scores = matrix * (outcomes - expit(offset + matrix @ fit.log_odds))[:, None]
    sums = np.column_stack([np.bincount(clusters, weights=column) for column in scores.T])
    people, terms, groups = *matrix.shape, len(sums)
    correction = groups / (groups - 1) * (people - 1) / (people - terms)
    return np.asarray(correction * fit.covariance @ (sums.T @ sums) @ fit.covariance)


def _refuse_separated(fit: LogisticFit, matrix: FloatArray, terms: list[str]) -> None:
    if np.isfinite(fit.covariance).all():
        errors = np.sqrt(fit.covariance.diagonal().clip(min=0))
        at_most = (np.maximum(matrix.max(axis=0), -matrix.min(axis=0)) * errors).sum()  # spares most fits the exact one
        if at_most < _WIDEST_ERROR or largest_quadratic_form(matrix, fit.covariance) < _WIDEST_ERROR**2:
            return
    effects = np.abs(fit.log_odds) * np.ptp(matrix, axis=0)
    worst = terms[int(np.argmax(np.nan_to_num(effects, nan=np.inf)))]
    raise DataError(f"logistic regression: {worst} separates the outcome (all or none had it for some of its values)")
