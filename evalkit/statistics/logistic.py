"""Logistic regression for the other rooms: fitted by statsmodels, refused where it has no finite answer."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalkit.errors import DataError
from evalkit.statistics.inputs import FloatArray

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
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    robust: dict[str, Any] = {} if clusters is None else {"cov_type": "cluster", "cov_kwds": {"groups": clusters}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they warn of is refused below, by name
        model = GLM(outcomes, matrix, family=Binomial(), offset=offset)
        plain = model.fit(maxiter=60, tol=1e-9, tol_criterion="params")
        _refuse_separated(plain, matrix, terms)
        fit = model.fit(maxiter=60, tol=1e-9, tol_criterion="params", **robust) if robust else plain
    return LogisticFit(np.asarray(fit.params), np.asarray(fit.cov_params()))


def _refuse_separated(fit: Any, matrix: FloatArray, terms: list[str]) -> None:
    covariance = np.asarray(fit.cov_params())
    widest = np.sqrt(np.einsum("ij,jk,ik->i", matrix, covariance, matrix).clip(min=0)).max()
    if fit.converged and np.isfinite(fit.params).all() and widest < _WIDEST_ERROR:
        return
    effects = np.abs(np.asarray(fit.params)) * np.ptp(matrix, axis=0)
    worst = terms[int(np.argmax(np.nan_to_num(effects, nan=np.inf)))]
    raise DataError(f"logistic regression: {worst} separates the outcome (all or none had it for some of its values)")
