"""Actual against predicted for several groups at once, and two groups against each other."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.errors import DataError
from evalkit.statistics.expected import ActualVsPredicted, actual_vs_predicted
from evalkit.statistics.inputs import (
    FloatArray,
    checked_level,
    outcome_array,
    probability_array,
    refuse_absent,
    refuse_unequal,
)
from evalkit.statistics.logistic import LogisticFit, logistic_fit
from evalkit.statistics.shown import Shown

SMALLEST_VARIANCE = 1e-12
"""A variance of the log odds ratio below this is rounding error: too few clusters, all on one side."""


@dataclass(frozen=True, repr=False)
class TwoGroups(Shown):
    """One group against another, both against their predictions.

    people_in, people_out                      : people in the group and outside it
    odds_ratio, odds_ratio_low, odds_ratio_high : odds of reconviction, in the group over outside it
    difference, difference_low, difference_high : mean difference in probability over all these people, shares
    p_value, z                                 : of the log odds ratio
    clusters                                   : number of clusters, or None where people are independent
    """

    people_in: int
    people_out: int
    odds_ratio: float
    odds_ratio_low: float
    odds_ratio_high: float
    difference: float
    difference_low: float
    difference_high: float
    p_value: float
    z: float
    clusters: int | None
    level: float
    method: str


def actual_vs_predicted_by(
    frame: pd.DataFrame,
    *,
    by: str | list[str],
    reconvicted: str = "reconvicted",
    predicted: str = "predicted",
    level: float = 0.95,
) -> pd.DataFrame:
    """Actual against predicted for each group of a frame, with rates adjusted for the groups' mix of risks.

    frame       : one row per person
    by          : grouping column, or a list of them; people whose group is missing form a group of their own
    reconvicted : column of 0/1 or False/True
    predicted   : column of probabilities known beforehand

    Returns one row per group: the grouping columns, the fields of ActualVsPredicted, and adjusted_rate with
    adjusted_rate_low and adjusted_rate_high (the ratio and its limits times the predicted rate of the whole frame).
    Raises DataError where a column is absent or a row refused.
    """
    groupings = [by] if isinstance(by, str) else list(by)
    refuse_absent(frame, [*groupings, reconvicted, predicted])
    clashing = {field.name for field in fields(ActualVsPredicted)}.intersection(groupings)
    if clashing:
        raise DataError(f"by: the column {', '.join(sorted(clashing))} has the name of a result; rename it first")
    outcome_array(frame[reconvicted], name=reconvicted)
    overall = probability_array(frame[predicted], name=predicted).mean()
    rows = [
        dict(zip(groupings, key, strict=True)) | asdict(actual_vs_predicted(y, p, level=level))
        for key, group in frame.groupby(groupings, dropna=False, observed=True)
        for y, p in [(group[reconvicted], group[predicted])]
    ]
    table = pd.DataFrame(rows)
    limits = {f"adjusted_rate{limit}": table[f"ratio{limit}"] * overall for limit in ("", "_low", "_high")}
    return table.assign(**limits)


def two_groups(
    reconvicted: ArrayLike | pd.Series,
    predicted: ArrayLike | pd.Series,
    group: ArrayLike | pd.Series,
    *,
    clusters: ArrayLike | pd.Series | None = None,
    level: float = 0.95,
) -> TwoGroups:
    """Compare the people in a group with those outside it, each person against their own known prediction.

    reconvicted : 0/1 or False/True, one per person
    predicted   : probability of reconviction, known beforehand, strictly between 0 and 1
    group       : 0/1 or False/True, one per person; both must occur
    clusters    : who was served together (such as the team), one label per person; None if people are independent

    Logistic regression of the outcome on the group with logit(predicted) as offset. The difference is the mean over
    all the people of their probability in the group less that outside it, by the delta method. With clusters the
    covariance is the sandwich with the corrections G/(G-1) and (n-1)/(n-2), read against t with G-1 degrees of freedom.
    Raises DataError where a row is refused, a group is absent or all or none of it were reconvicted, or where there
    are fewer than two clusters.
    Source: Liang & Zeger (1986), Biometrika 73, 13-22; Cameron & Miller (2015), Journal of Human Resources 50, 317-372.
    """
    checked_level(level)
    for other, name in ((predicted, "predicted"), (group, "group")):
        refuse_unequal(reconvicted, other, names=("reconvicted", name))
    outcomes, shares, members = (
        outcome_array(reconvicted),
        probability_array(predicted),
        outcome_array(group, name="group"),
    )
    _refuse_uniform(outcomes, members)
    labels = None if clusters is None else _cluster_labels(clusters, reconvicted)
    design, offset = np.column_stack([np.ones(len(members)), members]), np.log(shares / (1 - shares))
    fit = logistic_fit(outcomes, design, ["intercept", "group"], offset=offset, clusters=labels)
    return _two_groups_result(fit, members, offset, labels, level=level)


def _refuse_uniform(outcomes: FloatArray, members: FloatArray) -> None:
    for value, name in ((1, "in the group"), (0, "outside the group")):
        own = outcomes[members == value]
        if not len(own):
            raise DataError(f"group: nobody is {name}, so there is nothing to compare")
        if own.min() == own.max():
            share = "all" if own[0] else "none"
            raise DataError(
                f"group: {share} of the {len(own):,} people {name} were reconvicted, so no finite odds ratio"
            )


def _cluster_labels(clusters: ArrayLike | pd.Series, reconvicted: ArrayLike | pd.Series) -> np.ndarray:
    refuse_unequal(reconvicted, clusters, names=("reconvicted", "clusters"))
    codes, names = pd.factorize(pd.Series(clusters))
    if (codes < 0).any():
        raise DataError(
            f"clusters, row {int(np.argmax(codes < 0))} (the first is row 0): missing; each person needs one"
        )
    if len(names) < 2:
        raise DataError(f"clusters: there is only one ({names[0]!r}); at least two are needed")
    return np.asarray(codes)


def _two_groups_result(
    fit: LogisticFit, members: FloatArray, offset: FloatArray, labels: np.ndarray | None, *, level: float
) -> TwoGroups:
    from scipy.special import expit, ndtr, ndtri, stdtr, stdtrit

    count = None if labels is None else int(labels.max()) + 1
    log_odds, covariance = float(fit.log_odds[1]), fit.covariance
    if not covariance[1, 1] > SMALLEST_VARIANCE:
        raise DataError(f"clusters: {count} clusters say nothing about the spread between the groups; more are needed")
    inside, outside = (expit(offset + fit.log_odds[0] + shift) for shift in (log_odds, 0.0))
    slope_in, slope_out = ((chance * (1 - chance)).mean() for chance in (inside, outside))
    gradient = np.array([slope_in - slope_out, slope_in])
    difference, z = float((inside - outside).mean()), log_odds / float(np.sqrt(covariance[1, 1]))
    reach = float(ndtri((1 + level) / 2) if count is None else stdtrit(count - 1, (1 + level) / 2))
    odds_reach = reach * float(np.sqrt(covariance[1, 1]))
    difference_reach = reach * float(np.sqrt(gradient @ covariance @ gradient))
    return TwoGroups(
        people_in=int(members.sum()),
        people_out=int((1 - members).sum()),
        odds_ratio=float(np.exp(log_odds)),
        odds_ratio_low=float(np.exp(log_odds - odds_reach)),
        odds_ratio_high=float(np.exp(log_odds + odds_reach)),
        difference=difference,
        difference_low=difference - difference_reach,
        difference_high=difference + difference_reach,
        p_value=float(2 * (ndtr(-abs(z)) if count is None else stdtr(count - 1, -abs(z)))),
        z=z,
        clusters=count,
        level=level,
        method="logistic regression with offset logit(p)"
        + (", independent people" if count is None else f", standard errors clustered ({count} clusters, t)"),
    )
