"""How often people were reconvicted: rate ratios from counts, with more spread than chance allowed for."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError
from evalkit.statistics.cox import cluster_codes
from evalkit.statistics.design import learn_design
from evalkit.statistics.inputs import FloatArray, checked_level, numeric_array, refuse_absent, refuse_rows

_WIDEST_ERROR = 50.0
"""Largest standard error of any coefficient per standard deviation; a ratio without end gives thousands."""

_ROUNDING = 1e-9
"""Share of the events by which the spread of counts may exceed chance and still count as chance."""


@dataclass(frozen=True, eq=False)
class _CountFit:
    """Of the terms without the intercept: log rate ratios and their standard errors."""

    log_ratios: FloatArray
    errors: FloatArray
    dispersion: float
    model: str


def rate_ratio(
    frame: pd.DataFrame,
    *,
    count: str,
    exposure: str,
    covariates: list[str],
    clusters: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare how often people are reconvicted, per time at risk (negative binomial regression, log exposure).

    frame      : one row per person
    count      : column of reconvictions, whole numbers, 0 or more
    exposure   : column of time at risk, above 0, in any one unit (days); time in custody is no time at risk
    covariates : columns to compare by, the group among them; numbers and booleans enter as they are, anything else as
                 categories against the first in alphabetical order (term `area=south`)
    clusters   : column of who belongs together (the team); None: people are independent
    level      : confidence level, between 0 and 1

    The variance is mean + dispersion x mean squared. Where counts vary no more than chance, the likelihood is highest
    at a dispersion of 0: that is Poisson regression, and `model` and `method` say so.
    Returns one row per term: term, log_rate_ratio, standard_error, rate_ratio, low, high (Wald), z, p_value, and, the
    same in every row, people, events, dispersion, model ('negative binomial' or 'Poisson'), level, method. With
    clusters the standard errors are the sandwich with the corrections G/(G-1) and (n-1)/(n-k), the dispersion being
    one of the k.
    Raises DataError where a column is absent, a row is refused, nobody has an event, a covariate is missing, constant,
    made up of others or has no end to its ratio, or the fit does not settle.
    Source: Lawless (1987), Canadian Journal of Statistics 15, 209-225; fitted by statsmodels.
    """
    reach = NormalDist().inv_cdf((1 + checked_level(level)) / 2)
    refuse_absent(frame, [count, exposure, *covariates])
    counts, logs = _counts(frame[count]), np.log(_exposures(frame[exposure]))
    design = learn_design(frame, covariates, learners=np.ones(len(frame), dtype=bool))
    _refuse_without_events(counts, design.matrix(frame)[:, 1:], design.terms[1:])
    fit = _fitted(counts, design.matrix(frame), logs, cluster_codes(frame, clusters) if clusters else None)
    return _ratios(fit, design.terms[1:], reach).assign(
        people=len(frame),
        events=int(counts.sum()),
        dispersion=fit.dispersion,
        model=fit.model,
        level=level,
        method=_method(fit, clusters),
    )


def _ratios(fit: _CountFit, terms: list[str], reach: float) -> pd.DataFrame:
    from scipy.special import ndtr

    estimates = {"term": terms, "log_rate_ratio": fit.log_ratios, "standard_error": fit.errors}
    return pd.DataFrame(estimates).assign(
        rate_ratio=np.exp(fit.log_ratios),
        low=np.exp(fit.log_ratios - reach * fit.errors),
        high=np.exp(fit.log_ratios + reach * fit.errors),
        z=fit.log_ratios / fit.errors,
        p_value=2 * ndtr(-np.abs(fit.log_ratios / fit.errors)),
    )


def _counts(values: pd.Series) -> FloatArray:
    counts = numeric_array(values, name=str(values.name))
    whole = np.isfinite(counts) & (counts >= 0) & (counts == np.round(counts))
    refuse_rows(values, ~whole, name=str(values.name), rule="each must be a whole number, 0 or more")
    return counts


def _exposures(values: pd.Series) -> FloatArray:
    exposures = numeric_array(values, name=str(values.name))
    rule = "time at risk must be above 0; leave out people who were never at risk, and count them"
    refuse_rows(values, ~(np.isfinite(exposures) & (exposures > 0)), name=str(values.name), rule=rule)
    return exposures


def _refuse_without_events(counts: FloatArray, matrix: FloatArray, terms: list[str]) -> None:
    if not counts.any():
        raise DataError(f"none of the {len(counts):,} people has an event, so there is no rate to compare")
    for term, column in zip(terms, matrix.T, strict=True):
        lowest = column == column.min()
        for people, side in ((lowest, "lower"), (~lowest, "higher")):
            if len(np.unique(column)) == 2 and not counts[people].any():
                raise DataError(
                    f"{term}: none of the {people.sum():,} people with its {side} value has an event, so its rate ratio"
                    " has no end. Leave it out, or merge categories"
                )


def _fitted(counts: FloatArray, matrix: FloatArray, logs: FloatArray, codes: NDArray[np.intp] | None) -> _CountFit:
    """Poisson; and negative binomial where the likelihood rises as the dispersion leaves 0."""
    from statsmodels.discrete.discrete_model import NegativeBinomial, Poisson

    spreads = matrix[:, 1:].std(axis=0)
    scaled = np.column_stack([matrix[:, 0], (matrix[:, 1:] - matrix[:, 1:].mean(axis=0)) / spreads])
    options = {} if codes is None else {"cov_type": "cluster", "cov_kwds": {"groups": codes}}
    plain = _settled(Poisson(counts, scaled, offset=logs), None, options)
    means = plain.predict(scaled, offset=logs)
    rise = float(((counts - means) ** 2 - counts).sum())
    if rise <= _ROUNDING * counts.sum():
        return _CountFit(plain.params[1:] / spreads, plain.bse[1:] / spreads, 0.0, "Poisson")
    start = np.append(plain.params, rise / float((means**2).sum()))
    found = _settled(NegativeBinomial(counts, scaled, offset=logs), start, options)
    dispersion = float(found.params[-1])
    return _CountFit(found.params[1:-1] / spreads, found.bse[1:-1] / spreads, dispersion, "negative binomial")


def _settled(model, start: FloatArray | None, options: dict):  # type: ignore[no-untyped-def]
    """The model fitted: quickly at first, then to the last digit; statsmodels' own warnings become our errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        near = model.fit(start_params=start, method="bfgs", maxiter=500, disp=0)
        found = model.fit(start_params=near.params, method="newton", maxiter=100, tol=1e-8, disp=0, **options)
    if not found.mle_retvals["converged"] or not (found.bse < _WIDEST_ERROR).all():
        raise DataError(
            "the regression of counts does not settle: there are too few events for its terms, or they tell who has"
            " events almost without error. Take fewer terms, or merge categories"
        )
    return found


def _method(fit: _CountFit, clusters: str | None) -> str:
    name = (
        "Poisson regression (the counts vary no more than chance: dispersion 0)"
        if fit.model == "Poisson"
        else "negative binomial regression (NB2)"
    )
    return f"{name} with log exposure, Wald limits{f', standard errors clustered by {clusters}' if clusters else ''}"
