"""Predictions adjusted to people who were never treated, and the comparison that carries the adjustment's own error.

Source: Cox (1958), Biometrika 45, 562-565.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.statistics.calibration import fit_on_log_odds, log_odds_matrix, refuse_uninformative
from evalkit.statistics.expected import ActualVsPredicted
from evalkit.statistics.inputs import checked_level, outcome_array, probability_array, refuse_unequal
from evalkit.statistics.reference import compared_with_estimates
from evalkit.statistics.shown import ShownWithoutFrames


@dataclass(frozen=True, repr=False, eq=False)
class Recalibration(ShownWithoutFrames):
    """Predictions moved to fit the reference people: expit(intercept + slope * logit(predicted)).

    frame          : one row per person, labelled as given: predicted, recalibrated
    covariance     : of intercept and slope (a slope held at 1 has none)
    people, events : size of the reference group, and how many of it were reconvicted
    """

    intercept: float
    slope: float
    covariance: pd.DataFrame
    frame: pd.DataFrame
    people: int
    events: int
    method: str


def recalibrate(
    reference_reconvicted: ArrayLike | pd.Series,
    reference_predicted: ArrayLike | pd.Series,
    predicted: ArrayLike | pd.Series,
    *,
    intercept_only: bool = False,
) -> Recalibration:
    """Move predictions so that they fit people who were never treated.

    reference_reconvicted, reference_predicted : of the never treated people, as in `calibration`; never the treated
    predicted      : probability of reconviction of the people to move, strictly between 0 and 1
    intercept_only : hold the slope at 1, and only shift the log-odds

    What comes out is estimated: compare with it by `recalibrated_actual_vs_predicted`, not by the exact test.
    Raises DataError as `calibration` does, of the reference people.
    """
    from scipy.special import expit

    names = ("reference_reconvicted", "reference_predicted")
    refuse_unequal(reference_reconvicted, reference_predicted, names=names)
    outcomes = outcome_array(reference_reconvicted, name=names[0])
    reference_shares, shares = probability_array(reference_predicted, name=names[1]), probability_array(predicted)
    refuse_uninformative(outcomes, reference_shares, of="the reference people", slope=not intercept_only)
    fit = fit_on_log_odds(outcomes, reference_shares, intercept_only=intercept_only)
    coefficients, covariance = np.array([0.0, 1.0]), np.zeros((2, 2))
    fitted = len(fit.log_odds)
    coefficients[:fitted], covariance[:fitted, :fitted] = fit.log_odds, fit.covariance
    labels = predicted.index if isinstance(predicted, pd.Series) else None
    recalibrated = expit(log_odds_matrix(shares) @ coefficients)
    terms = ["intercept", "slope"]
    return Recalibration(
        intercept=float(coefficients[0]),
        slope=float(coefficients[1]),
        covariance=pd.DataFrame(covariance, index=terms, columns=terms),
        frame=pd.DataFrame({"predicted": shares, "recalibrated": recalibrated}, index=labels),
        people=len(outcomes),
        events=int(outcomes.sum()),
        method=f"logistic recalibration, {'intercept' if intercept_only else 'intercept and slope'} fitted on"
        f" {len(outcomes):,} reference people",
    )


def recalibrated_actual_vs_predicted(
    recalibration: Recalibration,
    reconvicted: ArrayLike | pd.Series,
    predicted: ArrayLike | pd.Series,
    *,
    level: float = 0.95,
) -> ActualVsPredicted:
    """Compare the number reconvicted with the number predicted after recalibration, its uncertainty carried.

    reconvicted : 0/1 or False/True, one per person; nobody of the reference group
    predicted   : their predictions as they were **before** recalibration, strictly between 0 and 1

    Test and interval are those of `estimated_actual_vs_predicted`; any group of people may be compared.
    Raises DataError where a row is refused or the lengths differ.
    """
    checked_level(level)
    refuse_unequal(reconvicted, predicted, names=("reconvicted", "predicted"))
    outcomes, matrix = outcome_array(reconvicted), log_odds_matrix(probability_array(predicted))
    coefficients = np.array([recalibration.intercept, recalibration.slope])
    return compared_with_estimates(outcomes, matrix, coefficients, recalibration.covariance.to_numpy(), level=level)
