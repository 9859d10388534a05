"""Cox's partial likelihood with Efron's treatment of ties, people entering late, and what its tests are made of.

Our own, because statsmodels' PHReg counts a row that starts on the day of an event as at risk on that day (so that a
person who takes up a service that day is there twice: -.024 instead of .006 in the reference data), and makes robust
standard errors as if Breslow's ties had been used.

Source: Efron (1977), Journal of the American Statistical Association 72, 557-565; Therneau & Grambsch (2000),
Modeling Survival Data, sections 3.3, 6.2 and 7.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalkit.errors import DataError
from evalkit.statistics.inputs import FloatArray

_MOST_ROUNDS, _MOST_HALVINGS, _SETTLED = 50, 20, 1e-10


@dataclass(frozen=True, eq=False)
class ObservedRows:
    """Rows under observation in (entry, days], in the order given.

    entry, days : one each per row
    event       : 1.0 where the row ends with an event
    matrix      : rows x terms, without an intercept
    """

    entry: FloatArray
    days: FloatArray
    event: FloatArray
    matrix: FloatArray


@dataclass(frozen=True, eq=False)
class CoxFit:
    """Log hazards (one per term) and their covariance (terms x terms), with the log likelihood reached."""

    log_hazards: FloatArray
    covariance: FloatArray
    log_likelihood: float


@dataclass(frozen=True, eq=False)
class _Ties:
    """Who is at risk when: everything about the rows that does not depend on the coefficients.

    days        : distinct days of events
    first, past : per row, its first day of events at risk and the one after its last
    event_rows  : rows with an event, by day
    own_day     : of each of them, which day
    gone        : of each of them, the share of its day's events taken out of the risk set before it (Efron)
    """

    days: FloatArray
    first: NDArray[np.intp]
    past: NDArray[np.intp]
    event_rows: NDArray[np.intp]
    own_day: NDArray[np.intp]
    gone: FloatArray


@dataclass(frozen=True, eq=False)
class _Moments:
    """Of the risk set before each event, in the order of `event_rows`: total hazard, mean and covariance of terms."""

    total: FloatArray
    mean: FloatArray
    spread: FloatArray


def cox_fit(rows: ObservedRows, terms: list[str]) -> CoxFit:
    """Maximise the partial likelihood by Newton's method.

    terms : names of the columns of the matrix, for errors

    Raises DataError where nobody has an event, or where the likelihood has no maximum: a term tells who has an event.
    """
    if not rows.event.any():
        raise DataError("event: nobody has one, so there are no hazards to compare. Take a longer period")
    ties, spreads = _ties(rows), rows.matrix.std(axis=0)
    scaled = ObservedRows(rows.entry, rows.days, rows.event, (rows.matrix - rows.matrix.mean(axis=0)) / spreads)
    fit = _maximised(scaled, ties, terms)
    return CoxFit(fit.log_hazards / spreads, fit.covariance / np.outer(spreads, spreads), fit.log_likelihood)


def clustered_covariance(rows: ObservedRows, fit: CoxFit, clusters: NDArray[np.intp]) -> FloatArray:
    """Covariance of the log hazards where rows of a cluster (a person) go together; no small-sample correction.

    clusters : code per row, 0 to the number of clusters less 1

    Source: Lin & Wei (1989), Journal of the American Statistical Association 84, 1074-1078.
    """
    residuals = _score_residuals(rows, fit.log_hazards)
    sums = np.column_stack([np.bincount(clusters, weights=column) for column in residuals.T])
    return np.asarray(fit.covariance @ (sums.T @ sums) @ fit.covariance)


@dataclass(frozen=True, eq=False)
class TimeTrend:
    """Score (terms) and information (2 terms x 2 terms) of a trend of the log hazards in a transform of time."""

    score: FloatArray
    information: FloatArray

    def chi_squared(self, columns: list[int]) -> float:
        """Score test of a trend in some of the terms; degrees of freedom: their number."""
        terms = len(self.score)
        kept = [*range(terms), *(terms + column for column in columns)]
        score = np.concatenate([np.zeros(terms), self.score[columns]])
        return float(score @ np.linalg.solve(self.information[np.ix_(kept, kept)], score))


def time_trend(rows: ObservedRows, fit: CoxFit, transformed: FloatArray) -> TimeTrend:
    """What the score test of proportional hazards is made of.

    transformed : the transform of time at the end of each row; only its values at events are used, about their mean

    Source: Grambsch & Therneau (1994), Biometrika 81, 515-526, exact as in R's survival 3 (cox.zph).
    """
    ties = _ties(rows)
    moments = _moments(rows, ties, fit.log_hazards)
    times = transformed[ties.event_rows] - transformed[ties.event_rows].mean()
    blocks = [np.einsum("e,ejk->jk", times**power, moments.spread) for power in (0, 1, 2)]
    score = times @ (rows.matrix[ties.event_rows] - moments.mean)
    return TimeTrend(score, np.block([[blocks[0], blocks[1]], [blocks[1], blocks[2]]]))


def _ties(rows: ObservedRows) -> _Ties:
    days = np.unique(rows.days[rows.event == 1])
    event_rows = np.flatnonzero(rows.event)
    event_rows = event_rows[np.argsort(rows.days[event_rows], kind="stable")]
    own_day = np.searchsorted(days, rows.days[event_rows])
    tied = np.bincount(own_day)
    place = np.arange(len(event_rows)) - (np.cumsum(tied) - tied)[own_day]
    return _Ties(
        days=days,
        first=np.searchsorted(days, rows.entry, side="right"),
        past=np.searchsorted(days, rows.days, side="right"),
        event_rows=event_rows,
        own_day=own_day,
        gone=place / tied[own_day],
    )


def _hazards(rows: ObservedRows, log_hazards: FloatArray) -> FloatArray:
    """Of every row, up to a factor common to all."""
    risks = rows.matrix @ log_hazards
    return np.asarray(np.exp(risks - risks.max()))


def _at_risk_sums(values: FloatArray, ties: _Ties) -> FloatArray:
    """Sum of a value over the rows at risk on each day of events."""
    size = len(ties.days) + 1
    changes = np.bincount(ties.first, values, size) - np.bincount(ties.past, values, size)
    return np.asarray(np.cumsum(changes)[:-1])


def _before_each_event(values: FloatArray, ties: _Ties) -> FloatArray:
    """Sum over the risk set before each event, those of its own day that went before it taken out in part."""
    own_day = np.bincount(ties.own_day, values[ties.event_rows], len(ties.days))
    return np.asarray(_at_risk_sums(values, ties)[ties.own_day] - ties.gone * own_day[ties.own_day])


def _moments(rows: ObservedRows, ties: _Ties, log_hazards: FloatArray) -> _Moments:
    hazards, terms = _hazards(rows, log_hazards), rows.matrix.shape[1]
    total = _before_each_event(hazards, ties)
    mean = np.column_stack([_before_each_event(hazards * column, ties) / total for column in rows.matrix.T])
    spread = np.empty((len(total), terms, terms))
    for one in range(terms):
        for other in range(one + 1):
            products = _before_each_event(hazards * rows.matrix[:, one] * rows.matrix[:, other], ties) / total
            spread[:, one, other] = spread[:, other, one] = products - mean[:, one] * mean[:, other]
    return _Moments(total, mean, spread)


def _log_likelihood(rows: ObservedRows, ties: _Ties, log_hazards: FloatArray) -> float:
    """Less than any other where the hazards are too far apart for floats to add up."""
    hazards = _hazards(rows, log_hazards)
    own, totals = hazards[ties.event_rows], _before_each_event(hazards, ties)
    if not (own > 0).all() or not (totals > 0).all():
        return -np.inf
    return float(np.log(own).sum() - np.log(totals).sum())


def _maximised(rows: ObservedRows, ties: _Ties, terms: list[str]) -> CoxFit:
    current, likelihood = np.zeros(len(terms)), _log_likelihood(rows, ties, np.zeros(len(terms)))
    for _ in range(_MOST_ROUNDS):
        moments = _moments(rows, ties, current)
        information = moments.spread.sum(axis=0)
        covariance = _inverse(information)
        if covariance is None:
            raise DataError(_without_maximum(terms, current, information))
        step = covariance @ (rows.matrix[ties.event_rows] - moments.mean).sum(axis=0)
        if np.abs(step).max() < _SETTLED:
            return CoxFit(current, covariance, likelihood)
        current, likelihood = _uphill(rows, ties, current, step, likelihood)
    raise DataError(_without_maximum(terms, current, information))


def _inverse(information: FloatArray) -> FloatArray | None:
    try:
        inverse = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(inverse) if np.isfinite(inverse).all() and (np.diag(inverse) > 0).all() else None


def _uphill(
    rows: ObservedRows, ties: _Ties, current: FloatArray, step: FloatArray, likelihood: float
) -> tuple[FloatArray, float]:
    """The step, halved until it does not go down by more than rounding."""
    slack = 1e-10 * (1 + abs(likelihood))
    for halvings in range(_MOST_HALVINGS):
        tried = current + step / 2**halvings
        found = _log_likelihood(rows, ties, tried)
        if found >= likelihood - slack:
            return tried, found
    return current + step / 2**_MOST_HALVINGS, likelihood


def _without_maximum(terms: list[str], current: FloatArray, information: FloatArray) -> str:
    worst = terms[int(np.argmax(np.abs(current) - np.log(np.diag(information).clip(min=1e-300))))]
    return (
        f"Cox regression: {worst} has a hazard ratio without end (all or none with some of its values have the event,"
        " or it says the same as other terms). Leave it out, or merge its categories"
    )


def _score_residuals(rows: ObservedRows, log_hazards: FloatArray) -> FloatArray:
    """Every row's part of the score, events less what the baseline hazard expected of it, Efron's ties throughout."""
    ties = _ties(rows)
    moments, hazards = _moments(rows, ties, log_hazards), _hazards(rows, log_hazards)
    size = len(ties.days)
    jumps = 1 / moments.total
    tied = np.bincount(ties.own_day)

    def by_day(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(ties.own_day, values, size), dtype=np.float64)

    def over_rows(values: FloatArray) -> FloatArray:
        """Sum over the days of events at which each row was at risk."""
        running = np.concatenate([[0.0], np.cumsum(by_day(values))])
        return np.asarray(running[ties.past] - running[ties.first])

    residuals = np.empty_like(rows.matrix)
    for term, column in enumerate(rows.matrix.T):
        mean = moments.mean[:, term]
        residuals[:, term] = -hazards * (column * over_rows(jumps) - over_rows(jumps * mean))
        partly_gone = column[ties.event_rows] * by_day(ties.gone * jumps)[ties.own_day]
        partly_gone -= by_day(ties.gone * jumps * mean)[ties.own_day]
        from_events = column[ties.event_rows] - (by_day(mean) / tied)[ties.own_day]
        residuals[ties.event_rows, term] += from_events + hazards[ties.event_rows] * partly_gone
    return residuals
