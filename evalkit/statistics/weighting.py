"""Comparison people weighted until they stand for the treated: the second opinions on a matched comparison.

Every standard error is that of the stacked estimating equations, so that it carries the estimation of the propensity,
of the weights and of the outcome regression too.
Source: Stefanski & Boos (2002), The American Statistician 56, 29-38.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evalkit.errors import DataError, SpecError
from evalkit.statistics.contrast import (
    TwoMeans,
    cluster_codes,
    contrast_columns,
    description_columns,
    few_analysed,
    outcome_values,
    size_columns,
    two_means,
)
from evalkit.statistics.inputs import FloatArray, checked_level, numeric_array
from evalkit.statistics.kernel import kernel_weights, radius_weights
from evalkit.statistics.products import cross_products
from evalkit.statistics.propensity import Propensity, propensity

Method = Literal["att", "entropy", "doubly_robust", "radius", "kernel"]

_METHODS: dict[str, str] = {
    "att": "odds of the propensity as weights, normalised",
    "entropy": "entropy balancing of the first moments",
    "doubly_robust": "odds of the propensity as weights, and a linear outcome regression on the comparison people",
    "radius": "everybody within 0.2 standard deviations of the logit, and a linear outcome regression",
    "kernel": "Epanechnikov kernel of 0.2 standard deviations of the logit, and a linear outcome regression",
}
_REGRESSED = ("doubly_robust", "radius", "kernel")
_FIXED = ("radius", "kernel")
"""Methods whose weights are taken as given in the standard error."""

_MOST_ROUNDS, _BALANCED = 200, 1e-10


def weighted_outcomes(
    frame: pd.DataFrame,
    *,
    treated: str,
    covariates: tuple[str, ...],
    outcome: str,
    method: Method = "att",
    missing: Literal["drop", "indicator"] | None = None,
    clusters: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Difference in an outcome between the treated and comparison people weighted to be like them.

    frame      : one row per person, or per person and month
    treated    : column of 0/1 or False/True
    covariates : columns known before the treatment, as for `propensity`
    outcome    : column of numbers or of False/True (its mean is a rate), in any unit
    method     : 'att': each comparison row counts by its odds of treatment, the weights normalised; 'entropy': the
                 most even weights that give every column of the design matrix the mean of the treated;
                 'doubly_robust': 'att' for what a linear regression on the comparison people leaves unexplained
                 (augmented weighting; linear for rates too, so that a rare outcome does not separate it); 'radius' and
                 'kernel': the weights of `radius_weights` and `kernel_weights` with the same regression, treated people
                 whom nobody is near left out, the weights taken as given in the standard error
    missing    : what to do about missing covariates, as for `propensity`
    clusters   : column of who belongs together (the person, where one has several rows; the team); None: each row alone
    level      : confidence level

    Returns one row: outcome, treated_value (mean of the treated), comparison_value (what they would have had), estimate
    (treated less comparison), low, high, p_value, standard_error, ratio, ratio_low, ratio_high, comparison_mean (of all
    comparison rows, unweighted), n_treated, n_comparison, effective_comparison, largest_weight_share, caution (empty,
    or that a few rows decide or the treated are few for so many columns), method, level. Values are in the unit of the
    outcome. The interval is that of the t distribution with clusters - 1 degrees of freedom. With fewer than 30 treated
    it is a description: both means (the comparison's weighted), and nothing else.
    Raises DataError where `propensity` does, the outcome is missing, or the treated lie outside the comparison people.
    Source: Hirano, Imbens & Ridder (2003), Econometrica 71, 1161-1189; Hainmueller (2012), Political Analysis 20,
    25-46; Zhao & Percival (2017), Journal of Causal Inference 5 (1); Sant'Anna & Zhao (2020), Journal of
    Econometrics 219, 101-122.
    """
    model = propensity(frame, treated=treated, covariates=covariates, missing=missing)
    return outcomes_by(model, frame, outcome, method=method, clusters=clusters, level=level)


def outcomes_by(
    model: Propensity,
    frame: pd.DataFrame,
    outcome: str,
    *,
    method: Method = "att",
    clusters: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The same from a propensity that is fitted already, for several outcomes or methods of one comparison.

    model : what `propensity` returned for rows of the frame

    The other arguments, the columns and the errors are those of `weighted_outcomes`.
    """
    checked_level(level)
    if method not in _METHODS:
        raise SpecError(f"method: {method!r} is not one of {', '.join(_METHODS)}")
    rows = model.score.index
    values, codes = outcome_values(frame, rows, outcome), cluster_codes(frame, rows, clusters)
    weights = _WEIGHTS[method](model).to_numpy()
    members, others = model.treated & (weights > 0), ~model.treated
    few = few_analysed(int(members.sum()))
    if few:
        columns = description_columns(
            values[members].mean(), float(np.average(values[others], weights=weights[others]))
        )
    else:
        columns = contrast_columns(
            _two_means(model, values, weights, method=method, codes=codes), outcome=outcome, level=level
        )
    how = f"description only: {few}; {_METHODS[method]}" if few else _described(method, clusters)
    raw = {"comparison_mean": values[others].mean()}
    sizes = raw | size_columns(int(members.sum()), weights[others], terms=len(model.terms) - 1)
    return pd.DataFrame([{"outcome": outcome} | columns | sizes | {"method": how, "level": level}])


def att_weights(model: Propensity) -> pd.Series:
    """Weights that make the comparison rows stand for the treated: their odds of treatment, at the treated's total.

    model : of the chance of treatment

    Returns one weight per row of the model: 1 for the treated, for the others proportional to the odds of treatment and
    adding up to the number of treated.
    """
    members = model.treated
    log_odds = model.logit.to_numpy()
    odds = np.exp(log_odds[~members] - log_odds[~members].max())
    weights = np.ones(len(members))
    weights[~members] = odds * (members.sum() / odds.sum())
    return pd.Series(weights, index=model.logit.index, name="weight")


def entropy_weights(model: Propensity) -> pd.Series:
    """The most even weights for which the comparison rows have the treated's mean in every column of the design matrix.

    model : gives the design matrix and who was treated; its coefficients are not used

    Newton's method on the dual, until no mean is off by more than 1e-10 of the comparison rows' standard deviation.
    Returns one weight per row of the model: 1 for the treated; those of the others add up to the number of treated.
    Raises DataError where no weights can do it: the treated's means lie outside what comparison people span.
    Source: Hainmueller (2012), Political Analysis 20, 25-46.
    """
    members, matrix, terms = model.treated, model.matrix[:, 1:], model.terms[1:]
    others, targets = np.compress(~members, matrix.T, axis=1).T, matrix[members].mean(axis=0)
    _refuse_outside(others, targets, terms)
    spread = others.std(axis=0)
    gaps = (others - targets) / np.where(spread > 0, spread, 1.0)
    weights = np.ones(len(members))
    weights[~members] = _balancing_shares(gaps, terms) * members.sum()
    return pd.Series(weights, index=model.score.index, name="weight")


_WEIGHTS: dict[str, Callable[[Propensity], pd.Series]] = {
    "att": att_weights,
    "entropy": entropy_weights,
    "doubly_robust": att_weights,
    "radius": radius_weights,
    "kernel": kernel_weights,
}


def effective_sample_size(weights: ArrayLike | pd.Series) -> float:
    """How many equally weighted rows these weighted ones are worth: square of the sum over the sum of squares.

    weights : one per row, 0 or more, not all 0

    Raises DataError where a weight is negative or missing, or all are 0.
    Source: Kish (1965), Survey Sampling.
    """
    numbers = numeric_array(weights, name="weights")
    if not (numbers >= 0).all() or not numbers.any():
        raise DataError("weights: each must be a number of 0 or more, and not all can be 0")
    return float(numbers.sum() ** 2 / (numbers**2).sum())


def _balancing_shares(gaps: FloatArray, terms: list[str]) -> FloatArray:
    """Shares of the rows, of greatest entropy, for which every column of gaps has mean 0 (damped Newton steps)."""
    tilt = np.zeros(gaps.shape[1])
    height, shares = _log_mean_exp(gaps @ tilt)
    for _ in range(_MOST_ROUNDS):
        slope = shares @ gaps
        if np.abs(slope).max() < _BALANCED:
            return shares
        curvature = cross_products(gaps, shares) - np.outer(slope, slope)
        step = -np.linalg.lstsq(curvature, slope, rcond=None)[0]
        length, fall = 1.0, float(slope @ step)
        while True:
            next_height, next_shares = _log_mean_exp(gaps @ (tilt + length * step))
            if next_height <= height + 1e-4 * length * fall + 1e-14 or length < 1e-10:
                break
            length /= 2
        tilt, height, shares = tilt + length * step, next_height, next_shares
    worst = terms[int(np.argmax(np.abs(slope)))]
    raise DataError(
        f"entropy balancing: the treated lie outside the comparison people for {worst}, together with the other"
        " covariates: no weights give both the same means; merge categories, leave covariates out or use matching"
    )


def _log_mean_exp(exponents: FloatArray) -> tuple[float, FloatArray]:
    """Log of the mean of exp, and each row's share of the sum."""
    top = float(exponents.max())
    powers = np.exp(exponents - top)
    return top + float(np.log(powers.mean())), powers / powers.sum()


def _refuse_outside(others: FloatArray, targets: FloatArray, terms: list[str]) -> None:
    lowest, highest = others.min(axis=0), others.max(axis=0)
    outside = ((targets < lowest) | (targets > highest)).nonzero()[0]
    if len(outside):
        term = outside[0]
        raise DataError(
            f"entropy balancing: the treated lie outside the comparison people for {terms[term]} (the treated's mean is"
            f" {targets[term]:.4g}, comparison people have {lowest[term]:.4g} to {highest[term]:.4g}); leave the"
            " covariate out, merge its categories, or leave out the treated whom nobody resembles"
        )


def _two_means(
    model: Propensity, values: FloatArray, weights: FloatArray, *, method: str, codes: NDArray[np.intp]
) -> TwoMeans:
    """Both means with the influence of every row on them, through its outcome, its treatment and its covariates."""
    members, others, matrix = model.treated & (weights > 0), ~model.treated, model.matrix
    people, mean = members.sum(), values[members].mean()
    fitted = _regressed(matrix, values, ~others) if method in _REGRESSED else np.zeros(len(values))
    residuals, base = values - fitted, fitted[members].mean()
    rest = float(np.average(residuals[others], weights=weights[others]))
    pull = np.where(others, weights * (residuals - rest) / people, 0.0)
    influence = pull
    if method not in _FIXED:
        influence = pull + _of_the_weights(model, weights, pull, balanced=method == "entropy")
    if method in _REGRESSED:
        gap = matrix[members].mean(axis=0) - np.where(others, weights / people, 0.0) @ matrix
        reach = np.linalg.solve(cross_products(matrix, others.astype(np.float64)), gap)
        of_regression = np.where(others, matrix @ reach, 0.0) * residuals
        influence = influence + np.where(members, (fitted - base) / people, of_regression)
    return two_means(
        mean, base + rest, np.column_stack([np.where(members, (values - mean) / people, 0.0), influence]), [codes]
    )


def _regressed(matrix: FloatArray, values: FloatArray, members: NDArray[np.bool_]) -> FloatArray:
    """What a linear regression on the comparison rows expects of every row."""
    return np.asarray(matrix @ np.linalg.lstsq(matrix[~members], values[~members], rcond=None)[0])


def _of_the_weights(model: Propensity, weights: FloatArray, pull: FloatArray, *, balanced: bool) -> FloatArray:
    """How far each row moves the weighted mean by its part in estimating the weights."""
    members, matrix, chances = model.treated, model.matrix, model.score.to_numpy()
    spread = np.where(members, 0.0, weights) if balanced else chances * (1 - chances)
    score = members - np.where(members, 0.0, weights) if balanced else members - chances
    return np.asarray(matrix @ np.linalg.solve(cross_products(matrix, spread), pull @ matrix) * score)


def _described(method: str, clusters: str | None) -> str:
    together = "independent rows" if clusters is None else f"clustered by {clusters}"
    return f"{_METHODS[method]}; standard error of the stacked estimating equations, {together}"
