"""How likely each person was to be treated, given what was known beforehand: a logistic regression, and its overlap.

Source: Rosenbaum & Rubin (1983), Biometrika 70, 41-55.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError, SpecError
from evalkit.statistics.covariates import (
    CovariateMatrix,
    checked_covariates,
    covariate_matrix,
    rows_left_out,
    treated_rows,
)
from evalkit.statistics.inputs import FloatArray
from evalkit.statistics.logistic import LogisticFit, logistic_fit
from evalkit.statistics.products import linear_predictor
from evalkit.statistics.shown import ShownWithoutFrames


@dataclass(frozen=True, repr=False, eq=False)
class Propensity(ShownWithoutFrames):
    """A fitted propensity model. The rows kept are those of the frame in its order, without those left out.

    score        : probability of being treated, labelled like the rows kept
    logit        : its log-odds, likewise; people with the same covariates have the same to the last digit
    matrix       : rows kept x terms, the intercept first
    terms        : `intercept`, a number's own name, `covariate=category`, `covariate=missing`
    treated      : True for the treated among the rows kept
    coefficients : one row per term: term, log_odds, standard_error
    covariance   : of the coefficients, term by term
    left_out     : one row per row left out: row (its label), side (treated, comparison), reason
    auc          : chance that a treated person's score is above a comparison person's
    """

    score: pd.Series
    logit: pd.Series
    matrix: FloatArray
    terms: list[str]
    treated: NDArray[np.bool_]
    coefficients: pd.DataFrame
    covariance: pd.DataFrame
    left_out: pd.DataFrame
    auc: float
    method: str

    def _written(self) -> list[tuple[str, str]]:
        return [("terms", ", ".join(self.terms)), ("auc", f"{self.auc:.6g}"), ("method", self.method)]


@dataclass(frozen=True, repr=False, eq=False)
class Overlap(ShownWithoutFrames):
    """Where the scores of treated and comparison people lie.

    bins      : one row per bin of the score, low <= score < high (the last one includes its high): low, high, treated,
                comparison (counts)
    support   : one row per side (treated, comparison): side, people, and how many have scores below or above those that
                both sides have: below, above, outside (below or above)
    low, high : the lowest and the highest score that both sides reach
    """

    bins: pd.DataFrame
    support: pd.DataFrame
    low: float
    high: float


def propensity(
    frame: pd.DataFrame, *, treated: str, covariates: Sequence[str], missing: str | None = None
) -> Propensity:
    """Fit how likely each person was to be treated, by logistic regression.

    frame      : one row per person (or per person and month); row labels all different
    treated    : column of 0/1 or False/True
    covariates : columns known before the treatment. Numbers enter as they are; text, booleans and categories as a 0/1
                 column per category but the commonest
    missing    : what to do about missing covariates. None refuses them; 'drop' leaves those rows out, listed with the
                 reason; 'indicator' puts the median in the place of a missing number, beside a 0/1 column
                 `covariate=missing`, and makes `missing` a category of its own

    Raises DataError where covariates are missing and nothing was chosen, where a covariate is constant, has a category
    with one member or with none or only treated people, or is made up of others, where the treated (or the comparison
    people) are none or fewer than the terms, and where covariates separate them; SpecError for an unknown choice.
    """
    names = checked_covariates(frame, covariates, treated=treated, missing=missing)
    everybody = treated_rows(frame, treated)
    left_out = rows_left_out(frame, names, everybody, missing=missing)
    kept = ~frame.index.isin(left_out["row"]) if len(left_out) else np.ones(len(frame), dtype=bool)
    sides = everybody[kept]
    _refuse_one_sided(sides, treated)
    columns = covariate_matrix(frame.loc[kept, names], sides)
    fit = _checked_fit(sides, columns)
    return _result(fit, columns, sides, labels=frame.index[kept], left_out=left_out, missing=missing)


def overlap(fitted: Propensity, *, bins: int = 20) -> Overlap:
    """Count treated and comparison people by score, and those beyond the scores that both sides have.

    fitted : from `propensity`
    bins   : number of equally wide bins from the lowest to the highest score of anybody, at least 2

    Raises SpecError for fewer bins.
    """
    if not isinstance(bins, int) or bins < 2:
        raise SpecError(f"bins: {bins!r} is not a whole number of at least 2")
    scores = fitted.score.to_numpy()
    parts = {"treated": scores[fitted.treated], "comparison": scores[~fitted.treated]}
    edges = np.linspace(scores.min(), scores.max(), bins + 1)
    counts = {side: np.histogram(own, bins=edges)[0] for side, own in parts.items()}
    low = float(max(own.min() for own in parts.values()))
    high = float(min(own.max() for own in parts.values()))
    rows = [(side, len(own), int((own < low).sum()), int((own > high).sum())) for side, own in parts.items()]
    support = pd.DataFrame(rows, columns=["side", "people", "below", "above"])
    return Overlap(
        bins=pd.DataFrame({"low": edges[:-1], "high": edges[1:], **counts}),
        support=support.assign(outside=support["below"] + support["above"]),
        low=low,
        high=high,
    )


def _refuse_one_sided(sides: NDArray[np.bool_], name: str) -> None:
    if sides.any() and not sides.all():
        return
    whom = "everybody" if sides.any() else "nobody"
    raise DataError(
        f"{name}: {whom} of the {len(sides):,} people with all covariates is treated; both treated and comparison"
        " people are needed. Check the column, and whom missing='drop' leaves out"
    )


def _checked_fit(sides: NDArray[np.bool_], columns: CovariateMatrix) -> LogisticFit:
    matrix, terms = columns.matrix, columns.terms
    treated, others = int(sides.sum()), int((~sides).sum())
    if min(treated, others) < len(terms):
        raise DataError(
            f"{treated:,} treated and {others:,} comparison people are too few for {len(terms)} terms"
            f" ({', '.join(terms)}); at least as many of each are needed: leave covariates out or merge categories"
        )
    try:
        return logistic_fit(sides.astype(float), matrix, terms)
    except DataError as error:
        raise DataError(
            f"propensity, a {error}. Treated and comparison people do not overlap there, perhaps together with other"
            " covariates: leave it out, merge its categories, or keep only people who could have been either"
        ) from error


def _result(
    fit: LogisticFit,
    columns: CovariateMatrix,
    sides: NDArray[np.bool_],
    *,
    labels: pd.Index,
    left_out: pd.DataFrame,
    missing: str | None,
) -> Propensity:
    from scipy.special import expit

    log_odds, terms = linear_predictor(columns.matrix, fit.log_odds), columns.terms
    errors = np.sqrt(np.diag(fit.covariance))
    gaps = {"drop": f"; {len(left_out):,} rows with missing covariates left out", "indicator": "; gaps by indicator"}
    return Propensity(
        score=pd.Series(expit(log_odds), index=labels, name="score"),
        logit=pd.Series(log_odds, index=labels, name="logit"),
        matrix=columns.matrix,
        terms=terms,
        treated=sides,
        coefficients=pd.DataFrame({"term": terms, "log_odds": fit.log_odds, "standard_error": errors}),
        covariance=pd.DataFrame(fit.covariance, index=terms, columns=terms),
        left_out=left_out,
        auc=_auc(sides, log_odds),
        method=f"logistic regression of treatment on {len(terms) - 1} terms, {sides.sum():,} treated and"
        f" {(~sides).sum():,} comparison people{gaps.get(missing or '', '')}",
    )


def _auc(sides: NDArray[np.bool_], log_odds: FloatArray) -> float:
    treated = int(sides.sum())
    ranks = pd.Series(log_odds).rank().to_numpy()
    return float((ranks[sides].sum() - treated * (treated + 1) / 2) / (treated * (len(sides) - treated)))
