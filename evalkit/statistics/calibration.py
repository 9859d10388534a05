"""Do the predictions fit people who were never treated?

Sources: Cox (1958), Biometrika 45, 562-565 (intercept and slope); DeLong, DeLong & Clarke-Pearson (1988), Biometrics
44, 837-845, by the midranks of Sun & Xu (2014), IEEE Signal Processing Letters 21, 1389-1393 (AUC); Spiegelhalter
(1986), Statistics in Medicine 5, 421-433; Cleveland (1979), Journal of the American Statistical Association 74,
829-836 (smooth line).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.errors import DataError, SpecError
from evalkit.statistics.expected import actual_vs_predicted
from evalkit.statistics.inputs import FloatArray, outcome_array, probability_array
from evalkit.statistics.logistic import LogisticFit, logistic_fit
from evalkit.statistics.rates import wilson
from evalkit.statistics.shown import ShownWithoutFrames

_SMOOTH_GROUPS, _SMOOTH_POINTS, _SMOOTH_SHARE = 1_000, 50, 2 / 3


@dataclass(frozen=True, repr=False, eq=False)
class Calibration(ShownWithoutFrames):
    """How well predictions fit what happened; every _low and _high is a confidence limit at `level`.

    people, events  : how many, and how many of them were reconvicted
    ratio           : reconvicted / predicted
    intercept       : common shift of the log-odds that would make the totals agree (0: they do)
    slope           : coefficient of the predicted log-odds (1: right; below 1: predictions too extreme)
    auc             : chance that a reconvicted person was given the higher risk of the two (0.5: no better than a coin)
    brier           : mean squared error; scaled_brier is its share removed, against predicting everybody's mean rate
    spiegelhalter_z, spiegelhalter_p : of the probabilities as forecasts, p two-sided
    deciles         : frame, one row per group of like risk (`group`, 1 the lowest): people, actual, predicted (counts),
                      actual_rate with actual_rate_low and actual_rate_high, predicted_rate
    smooth          : frame, the line of actual_rate on predicted, from the 1st to the 99th percentile of risk
    """

    people: int
    events: int
    ratio: float
    ratio_low: float
    ratio_high: float
    intercept: float
    intercept_low: float
    intercept_high: float
    slope: float
    slope_low: float
    slope_high: float
    auc: float
    auc_low: float
    auc_high: float
    brier: float
    scaled_brier: float
    spiegelhalter_z: float
    spiegelhalter_p: float
    deciles: pd.DataFrame
    smooth: pd.DataFrame
    level: float
    method: str


def calibration(
    reconvicted: ArrayLike | pd.Series, predicted: ArrayLike | pd.Series, *, level: float = 0.95, groups: int = 10
) -> Calibration:
    """Check predicted probabilities against what happened to people who were never treated.

    reconvicted : 0/1 or False/True, one per person
    predicted   : probability of reconviction, known beforehand, strictly between 0 and 1
    groups      : groups of like risk in `deciles`, about equal in size; equal predictions stay in one group, and a
                  group all of whose people are tied into another is left out

    Intercept (offset logit p) and slope are logistic regressions with Wald limits, the AUC's limits are DeLong's, cut
    at 0 and 1, those of the groups Wilson's. The smooth line is Cleveland's local line (tricube weights over the
    nearest two thirds) through at most 1,000 groups of like risk, at 50 points.
    Raises DataError where a row is refused, predictions do not differ, fewer than two people were reconvicted or
    were not, or predictions tell the two apart without error.
    """
    from scipy.special import ndtr

    _refuse_groups(groups)
    totals = actual_vs_predicted(reconvicted, predicted, level=level)
    outcomes, shares = outcome_array(reconvicted), probability_array(predicted)
    refuse_uninformative(outcomes, shares, of="these people")
    intercept, slope = fit_on_log_odds(outcomes, shares, intercept_only=True), fit_on_log_odds(outcomes, shares)
    brier, rate = float(((outcomes - shares) ** 2).mean()), float(outcomes.mean())
    auc, auc_error = _auc(outcomes, shares)
    return Calibration(
        people=totals.people,
        events=totals.actual,
        ratio=totals.ratio,
        ratio_low=totals.ratio_low,
        ratio_high=totals.ratio_high,
        **_limits("intercept", intercept.log_odds[0], np.sqrt(intercept.covariance[0, 0]), level=level),
        **_limits("slope", slope.log_odds[1], np.sqrt(slope.covariance[1, 1]), level=level),
        **{name: min(max(limit, 0.0), 1.0) for name, limit in _limits("auc", auc, auc_error, level=level).items()},
        brier=brier,
        scaled_brier=1 - brier / (rate * (1 - rate)),
        spiegelhalter_z=totals.spiegelhalter_z,
        spiegelhalter_p=float(2 * ndtr(-abs(totals.spiegelhalter_z))),
        deciles=_deciles(outcomes, shares, groups, level=level),
        smooth=_smooth(outcomes, shares),
        level=level,
        method=f"ratio: {totals.method}; intercept and slope: logistic regression, Wald; AUC: DeLong; groups: Wilson",
    )


def _refuse_groups(groups: int) -> None:
    if not isinstance(groups, int) or groups < 2:
        raise SpecError(f"groups: {groups!r} is not a whole number of at least 2")


def refuse_uninformative(outcomes: FloatArray, shares: FloatArray, *, of: str, slope: bool = True) -> None:
    events, people = int(outcomes.sum()), len(outcomes)
    if min(events, people - events) < 2:
        raise DataError(
            f"reconvicted: {events:,} of {of} ({people:,}) were reconvicted; calibration needs at least two who were"
            " and two who were not. Take a longer period, or more people"
        )
    if slope and np.ptp(log_odds_matrix(shares)[:, 1]) < 1e-8:
        raise DataError(
            f"predicted: {of} all have {shares[0]:.6g}, so there is no slope to estimate. Give individual predictions,"
            " or compare the totals (`actual_vs_predicted`; `recalibrate` with intercept_only=True)"
        )


def log_odds_matrix(shares: FloatArray) -> FloatArray:
    from scipy.special import logit

    return np.column_stack([np.ones(len(shares)), logit(shares)])


def fit_on_log_odds(outcomes: FloatArray, shares: FloatArray, *, intercept_only: bool = False) -> LogisticFit:
    matrix, terms = log_odds_matrix(shares), ["intercept", "logit(predicted)"]
    if intercept_only:
        return logistic_fit(outcomes, matrix[:, :1], terms[:1], offset=matrix[:, 1])
    return logistic_fit(outcomes, matrix, terms)


def _limits(name: str, estimate: float, error: float, *, level: float) -> dict[str, float]:
    reach = NormalDist().inv_cdf((1 + level) / 2) * float(error)
    return {name: float(estimate), f"{name}_low": float(estimate) - reach, f"{name}_high": float(estimate) + reach}


def _auc(outcomes: FloatArray, shares: FloatArray) -> tuple[float, float]:
    """Area under the curve and DeLong's standard error."""
    events = outcomes == 1
    ranks = pd.Series(shares).rank().to_numpy()
    below_each_event, below_each_other = (
        (ranks[own] - pd.Series(shares[own]).rank().to_numpy()) / (~own).sum() for own in (events, ~events)
    )
    variances = [part.var(ddof=1) / len(part) for part in (below_each_event, below_each_other)]
    return float(below_each_event.mean()), float(np.sqrt(sum(variances)))


def _by_risk(outcomes: FloatArray, shares: FloatArray, groups: int) -> pd.DataFrame:
    """Groups of about equal size, by the midrank of the prediction, so that equal predictions share one."""
    frame = pd.DataFrame({"actual": outcomes, "predicted": shares})
    group = (2 * frame["predicted"].rank() - 1).astype("int64") * groups // (2 * len(frame)) + 1
    sums = frame.groupby(group.rename("group")).agg(
        people=("actual", "size"), actual=("actual", "sum"), predicted=("predicted", "sum")
    )
    return sums.reset_index().astype({"actual": "int64"})


def _deciles(outcomes: FloatArray, shares: FloatArray, groups: int, *, level: float) -> pd.DataFrame:
    table = _by_risk(outcomes, shares, groups)
    rates = wilson(table["actual"], table["people"], level=level)
    return table.assign(
        actual_rate=rates["rate"],
        actual_rate_low=rates["lower"],
        actual_rate_high=rates["upper"],
        predicted_rate=table["predicted"] / table["people"],
    )


def _smooth(outcomes: FloatArray, shares: FloatArray) -> pd.DataFrame:
    table = _by_risk(outcomes, shares, _SMOOTH_GROUPS)
    risks, rates = (table[column].to_numpy() / table["people"].to_numpy() for column in ("predicted", "actual"))
    lowest, highest = np.quantile(shares, [0.01, 0.99])
    grid = np.linspace(lowest, highest, _SMOOTH_POINTS)[:, None]
    distances = np.abs(risks - grid)
    neighbours = max(2, int(_SMOOTH_SHARE * len(risks)))
    reach = (1 + 1e-6) * np.sort(distances, axis=1)[:, [neighbours - 1]]
    weights = table["people"].to_numpy() * (1 - np.minimum(distances / reach, 1) ** 3) ** 3
    weights /= weights.sum(axis=1, keepdims=True)
    risk, rate = weights @ risks, weights @ rates
    across, up = risks - risk[:, None], rates - rate[:, None]
    steepness = (weights * across * up).sum(axis=1) / np.maximum((weights * across**2).sum(axis=1), 1e-12)
    line = rate + steepness * (grid[:, 0] - risk)
    return pd.DataFrame({"predicted": grid[:, 0], "actual_rate": line.clip(0, 1)})
