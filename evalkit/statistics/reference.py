"""Predictions estimated from the study's own untreated people, and the comparison that owns up to it.

Probabilities estimated from a reference group carry that group's sampling error. The exact test of `expected` takes
them for known and would call far too many null effects significant (15 % instead of 5 % with two equal groups);
here p-value and interval carry the sampling of both groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from evalkit.errors import DataError, SpecError
from evalkit.statistics.design import Design, learn_design
from evalkit.statistics.expected import ActualVsPredicted, comparison_sizes
from evalkit.statistics.inputs import FloatArray, checked_level, outcome_array, refuse_absent
from evalkit.statistics.logistic import logistic_fit

_GOLDEN_SECTION = (5**0.5 - 1) / 2
"""Steps of this share of a circle fill it evenly and never fall in with a pattern in the order of the rows."""


@dataclass(frozen=True, eq=False)
class ReferenceModel:
    """A logistic regression fitted on the reference group, with a prediction for everybody.

    predicted    : share per person, labelled like the frame; reference people by the folds they are not in
    coefficients : one row per term: term, log_odds, standard_error
    covariance   : of the coefficients, term by term
    people, events : size of the reference group, and how many of it had the outcome
    """

    predicted: pd.Series
    coefficients: pd.DataFrame
    covariance: pd.DataFrame
    design: Design
    reference: str
    outcome: str
    people: int
    events: int
    folds: int
    method: str


def reference_model(
    frame: pd.DataFrame, *, reference: str, covariates: list[str], outcome: str, folds: int = 5
) -> ReferenceModel:
    """Predict everybody's outcome from a logistic regression on the reference (untreated) people.

    frame      : one row per person
    reference  : column of 0/1 or False/True: the people to learn from
    covariates : columns known before the treatment; numbers and booleans enter as they are, anything else as
                 categories; an empty list predicts the reference rate for everybody
    outcome    : column of 0/1 or False/True; only that of the reference people is read
    folds      : reference people are scored by fits without their own fold. Within each outcome, in row order, people
                 join the folds by steps of the golden section: the same rows give the same folds

    Raises DataError where a covariate is missing, constant or made up of others, a category has one member or is
    unknown to the reference group, there are fewer events (or non-events) than terms, or the outcome is separated.
    """
    refuse_absent(frame, [reference, outcome, *covariates])
    chosen = outcome_array(frame[reference], name=reference) == 1
    if not chosen.any():
        raise DataError(f"{reference}: nobody is in the reference group")
    outcomes = outcome_array(frame.loc[chosen, outcome], name=f"{outcome} of the reference people")
    design = learn_design(frame, covariates, learners=chosen)
    _refuse_few(outcomes, design.terms, folds)
    matrix = design.matrix(frame)
    fit = logistic_fit(outcomes, matrix[chosen], design.terms)
    predicted = _chances(matrix, fit.log_odds)
    predicted[chosen] = _cross_fitted(outcomes, matrix[chosen], design.terms, folds)
    errors = np.sqrt(np.diag(fit.covariance))
    return ReferenceModel(
        predicted=pd.Series(predicted, index=frame.index, name="predicted"),
        coefficients=pd.DataFrame({"term": design.terms, "log_odds": fit.log_odds, "standard_error": errors}),
        covariance=pd.DataFrame(fit.covariance, index=design.terms, columns=design.terms),
        design=design,
        reference=reference,
        outcome=outcome,
        people=len(outcomes),
        events=int(outcomes.sum()),
        folds=folds,
        method=f"logistic regression on {len(outcomes):,} reference people, themselves scored in {folds} folds",
    )


def estimated_actual_vs_predicted(
    model: ReferenceModel, frame: pd.DataFrame, *, level: float = 0.95
) -> ActualVsPredicted:
    """Compare the number with the outcome with the number the reference model predicts, for the people outside it.

    model : from `reference_model`
    frame : the people to compare, with the model's columns; its reference people are left out
    level : confidence level, between 0 and 1

    The variance of the difference of the two rates is that of the outcomes about their predictions, over the people,
    plus that of the mean prediction through the estimated coefficients (delta method); where all or none had the
    outcome the first part is the predictions' own p(1 - p). p_value is normal, the interval of the difference goes with
    it and is cut at what is possible, and the ratio's is Fieller's, so that all three agree. `predictions` is
    'estimated', and spiegelhalter_z is not a number: such predictions fit by construction.
    Raises DataError where a row is refused or nobody is outside the reference group.
    Source: Fieller (1954), Journal of the Royal Statistical Society B 16, 175-185.
    """
    checked_level(level)
    refuse_absent(frame, [model.reference, model.outcome, *model.design.categories])
    treated = frame.loc[outcome_array(frame[model.reference], name=model.reference) == 0]
    if treated.empty:
        raise DataError(f"{model.reference}: everybody is in the reference group, so there is nobody to compare")
    outcomes = outcome_array(treated[model.outcome], name=f"{model.outcome} of the people compared")
    log_odds, covariance = model.coefficients["log_odds"].to_numpy(), model.covariance.to_numpy()
    return compared_with_estimates(outcomes, model.design.matrix(treated), log_odds, covariance, level=level)


def compared_with_estimates(
    outcomes: FloatArray, matrix: FloatArray, log_odds: FloatArray, covariance: FloatArray, *, level: float
) -> ActualVsPredicted:
    """Compare outcomes with the predictions of an estimated logistic model, the sampling error of both carried.

    outcomes : 0/1, one per person
    matrix   : people x terms
    log_odds, covariance : of the model's terms, estimated on other people
    """
    shares = _chances(matrix, log_odds)
    gradient = (shares * (1 - shares)) @ matrix / len(shares)
    from_model = float(gradient @ covariance @ gradient)
    return _estimated_result(outcomes, shares, _outcome_variance(outcomes, shares), from_model, level=level)


def _outcome_variance(outcomes: FloatArray, shares: FloatArray) -> float:
    """Variance of the mean outcome about its mean prediction."""
    people = len(outcomes)
    if outcomes.min() == outcomes.max():
        return float((shares * (1 - shares)).sum()) / people**2
    return float(np.var(outcomes - shares)) / people


def _estimated_result(
    outcomes: FloatArray, shares: FloatArray, from_outcomes: float, from_model: float, *, level: float
) -> ActualVsPredicted:
    from scipy.special import log_ndtr

    people, actual, predicted = len(outcomes), int(outcomes.sum()), float(shares.sum())
    variance = people**2 * (from_outcomes + from_model)
    reach = NormalDist().inv_cdf((1 + level) / 2) * float(np.sqrt(variance))
    excess = actual - predicted
    low, high = max(excess - reach, -predicted), min(excess + reach, people - predicted)
    z = excess / float(np.sqrt(variance))
    log_p = min(0.0, float(np.log(2) + log_ndtr(-abs(z))))
    sizes = comparison_sizes(people, actual, predicted, low=low, high=high)
    rates = actual / people, predicted / people
    sizes["ratio_low"], sizes["ratio_high"] = _fieller(rates, (from_outcomes, from_model), level=level)
    return ActualVsPredicted(
        **sizes,
        p_value=float(np.exp(log_p)),
        log10_p=log_p / float(np.log(10)),
        variance=variance,
        z=z,
        spiegelhalter_z=float("nan"),
        level=level,
        predictions="estimated",
        method="estimated predictions: delta method over the sampling of both groups (normal p, Fieller ratio)",
    )


def _fieller(rates: tuple[float, float], variances: tuple[float, float], *, level: float) -> tuple[float, float]:
    """Limits of the ratio of two independent rates: the part, round the estimate, of the ratios not refused.

    The upper limit is infinite where the lower rate could be zero.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    square = rates[1] ** 2 - z**2 * variances[1]
    constant = rates[0] ** 2 - z**2 * variances[0]
    roots = np.roots([square, -2 * rates[0] * rates[1], constant])
    real = roots.real[np.abs(roots.imag) < 1e-12]
    estimate = rates[0] / rates[1]
    below, above = real[(real < estimate) & (real > 0)], real[real > estimate]
    return float(below.max()) if len(below) else 0.0, float(above.min()) if len(above) else float("inf")


def _chances(matrix: FloatArray, log_odds: FloatArray) -> FloatArray:
    from scipy.special import expit

    return np.asarray(expit(matrix @ log_odds))


def _refuse_few(outcomes: FloatArray, terms: list[str], folds: int) -> None:
    if folds != int(folds) or folds < 2:
        raise SpecError(f"folds: {folds!r} is not a whole number of at least 2")
    events, others = int(outcomes.sum()), int((1 - outcomes).sum())
    fewest = max(len(terms), folds)
    if min(events, others) < fewest:
        raise DataError(
            f"the reference group has {events:,} events and {others:,} non-events: too few for {len(terms)} terms"
            f" ({', '.join(terms)}) and {folds} folds (at least {fewest} of each)"
        )


def _cross_fitted(outcomes: FloatArray, matrix: FloatArray, terms: list[str], folds: int) -> FloatArray:
    order = pd.Series(outcomes).groupby(outcomes).cumcount().to_numpy()
    fold = np.floor(folds * (order * _GOLDEN_SECTION % 1)).astype(int)
    predicted = np.empty(len(outcomes))
    for own in range(folds):
        try:
            fit = logistic_fit(outcomes[fold != own], matrix[fold != own], terms)
        except DataError as error:
            raise DataError(f"{error}; fold {own + 1} of {folds} left out. Merge rare categories") from error
        predicted[fold == own] = _chances(matrix[fold == own], fit.log_odds)
    return predicted


def odds_ratios(model: ReferenceModel, *, level: float = 0.95) -> pd.DataFrame:
    """The coefficients of a reference model as odds ratios, without the intercept.

    level : confidence level, between 0 and 1

    Returns one row per term: term, odds_ratio, low, high (Wald), level.
    """
    reach = NormalDist().inv_cdf((1 + checked_level(level)) / 2)
    terms = model.coefficients.iloc[1:]
    margin = reach * terms["standard_error"]
    return pd.DataFrame(
        {
            "term": terms["term"],
            "odds_ratio": np.exp(terms["log_odds"]),
            "low": np.exp(terms["log_odds"] - margin),
            "high": np.exp(terms["log_odds"] + margin),
            "level": level,
        }
    ).reset_index(drop=True)
