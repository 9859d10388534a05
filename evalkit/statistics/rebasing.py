"""Predictions moved to a later start: the risk of the year that begins when somebody takes up a service.

A prediction counts from the start of supervision. Who takes up a service weeks later has come through those weeks
without a reconviction, and is followed from then on. Every person's own hazard is carried forward, not a pooled curve:
that one falls already because people of high risk leave, and using it would count their leaving twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.errors import DataError, SpecError
from evalkit.statistics.inputs import (
    FloatArray,
    numeric_array,
    probability_array,
    refuse_rows,
    refuse_unequal,
)
from evalkit.statistics.shown import Shown
from evalkit.statistics.survival import ObservedTimes, observed_times

TAIL_DAYS = 90
"""Past its last day a hazard goes on at the rate of this many days before it."""

FEWEST_AT_RISK = 30
"""With fewer people under observation a hazard is not read off any more: one event would move it too far."""


@dataclass(frozen=True, repr=False, eq=False)
class BaselineHazard(Shown):
    """How risk builds up with time for people of the same prediction: H(t), cumulative.

    days, cumulative : days on which it rises, and its value from each of them on (it starts at 0 on day 0)
    last_day         : last day for which enough people were under observation
    daily_rate       : rise per day past the last day
    people, events   : people under observation, and those of them with the event up to the last day

    A person of prediction p stays unconvicted up to day t with probability (1 - p) ** (H(t) / H(365)).
    """

    days: FloatArray
    cumulative: FloatArray
    last_day: float
    daily_rate: float
    people: int
    events: int
    method: str

    def at(self, days: ArrayLike) -> FloatArray:
        """H on days after supervision start, 0 or later, in any shape; it comes back in the same.

        Raises DataError where a day is missing or before 0.
        """
        asked = _day_array(days, name="days")
        steps = np.concatenate([[0.0], self.cumulative])
        known = steps[np.searchsorted(self.days, np.minimum(asked, self.last_day), side="right")]
        return np.asarray(known + self.daily_rate * np.maximum(asked - self.last_day, 0))

    def _written(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in super()._written() if name not in ("days", "cumulative")]


def baseline_hazard(
    days: ArrayLike | pd.Series,
    event: ArrayLike | pd.Series,
    predicted: ArrayLike | pd.Series,
    *,
    entry: ArrayLike | pd.Series | None = None,
    fewest: int = FEWEST_AT_RISK,
) -> BaselineHazard:
    """Cumulative baseline hazard of untreated time, given each person's own prediction (Breslow, fixed offset).

    days      : days under observation without treatment, one per person: until the event, the day the service was taken
                up, or the end of observation, whichever came first. **Everybody's** time until take-up belongs here:
                people who were never treated are known for that only by what came later (early reconviction among it)
    event     : 0/1 or False/True: whether that ended with the event
    predicted : one-year probability, strictly between 0 and 1; enters as the offset log(-log(1 - predicted))
    entry     : day observation began, for people who came under it late; day 0 where it is not given
    fewest    : people who must be under observation; the hazard is known up to the first day after which fewer are

    H rises on each day by the events of that day over the sum of -log(1 - predicted) of the people at risk. Past its
    last day it goes on at the rate of the 90 days before (of all its days, if there are fewer).
    Raises DataError where a row is refused, the lengths differ, too few are under observation from the start, or
    nobody has the event; SpecError where fewest is no whole number of at least 1.
    Source: Breslow (1972), Journal of the Royal Statistical Society B 34, 216-217.
    """
    if not isinstance(fewest, int) or fewest < 1:
        raise SpecError(f"fewest: {fewest!r} is not a whole number of at least 1")
    times = observed_times(days, event, entry)
    refuse_unequal(days, predicted, names=("days", "predicted"))
    hazards = -np.log1p(-probability_array(predicted))
    last_day = _last_day(times, fewest)
    event_days, cumulative, events = _breslow(times, hazards, last_day)
    tail = min(float(TAIL_DAYS), last_day)
    before = float(cumulative[event_days <= last_day - tail].max(initial=0.0))
    return BaselineHazard(
        days=event_days,
        cumulative=cumulative,
        last_day=last_day,
        daily_rate=(float(cumulative[-1]) - before) / tail,
        people=len(hazards),
        events=events,
        method=f"Breslow cumulative hazard with fixed offset log(-log(1 - p)); from day {last_day:g} on at the rate of"
        f" the {tail:g} days before",
    )


def risk_between(
    predicted: ArrayLike | pd.Series,
    start: ArrayLike | pd.Series,
    end: ArrayLike | pd.Series,
    hazard: BaselineHazard,
    *,
    horizon: int = 365,
) -> FloatArray:
    """Probability of the event in (start, end], of people who have come to `start` without it.

    predicted  : probability of the event within the horizon from day 0, one per person, strictly between 0 and 1
    start, end : days after day 0; one each, or one per person
    hazard     : from `baseline_hazard`
    horizon    : days that `predicted` is for

    Returns one share per person: 1 - (1 - predicted) ** ((H(end) - H(start)) / H(horizon)).
    Raises DataError where a row is refused, the lengths differ, an end is not after its start, or the hazard does not
    rise up to the horizon.
    """
    shares = probability_array(predicted)
    starts, ends = (_day_array(value, name=name) for value, name in ((start, "start"), (end, "end")))
    for value, name, days in ((start, "start", starts), (end, "end", ends)):
        if days.ndim:
            refuse_unequal(predicted, value, names=("predicted", name))
    starts, ends = np.broadcast_to(starts, shares.shape), np.broadcast_to(ends, shares.shape)
    refuse_rows(ends, ends <= starts, name="end", rule="each must lie after its start")
    whole = float(hazard.at(horizon))
    if not whole > 0:
        raise DataError(f"hazard: nobody had the event by day {horizon}, so predictions for that day cannot be moved")
    return np.asarray(-np.expm1(np.log1p(-shares) * (hazard.at(ends) - hazard.at(starts)) / whole))


def rebased(
    predicted: ArrayLike | pd.Series, lag: ArrayLike | pd.Series, hazard: BaselineHazard, *, followup: int = 365
) -> FloatArray:
    """Each person's risk of the follow-up that begins at their lag, given that they came to it without the event.

    predicted : one-year probability from supervision start, one per person, strictly between 0 and 1
    lag       : days from supervision start to the new start; one, or one per person
    hazard    : from `baseline_hazard`
    followup  : days of follow-up, and what `predicted` is for

    Returns one share per person: [F(lag + followup) - F(lag)] / [1 - F(lag)], F(t) = 1 - (1 - p) ** (H(t) / H(365)).
    These are estimates: refit their level (`refitted`, `rebased_comparison`) before anything is claimed from them.
    Raises DataError as `risk_between` does.
    """
    days = _day_array(lag, name="lag")
    end = pd.Series(days + followup, index=lag.index) if isinstance(lag, pd.Series) else days + followup
    return risk_between(predicted, lag, end, hazard, horizon=followup)


def _day_array(days: ArrayLike | pd.Series, *, name: str) -> FloatArray:
    """Days as floats in the shape given, refused where missing or before 0."""
    numbers = numeric_array(np.ravel(days) if not isinstance(days, pd.Series) else days, name=name)
    rule = "each must be a number of days, 0 or more"
    refuse_rows(numbers, ~(np.isfinite(numbers) & (numbers >= 0)), name=name, rule=rule)
    return numbers.reshape(np.shape(days))


def _last_day(times: ObservedTimes, fewest: int) -> float:
    """First day after which fewer people are under observation; the number holds from each change to the next."""
    changes = np.unique(np.concatenate([[0.0], times.entry, times.days]))
    entered, left = (np.searchsorted(np.sort(values), changes, side="right") for values in (times.entry, times.days))
    thin = entered - left < fewest
    if thin[0]:
        raise DataError(
            f"days: {entered[0] - left[0]:,} people are under observation from day 0, fewer than {fewest}; the hazard"
            " cannot be read off so few. Take more people, or a longer period"
        )
    return float(changes[np.argmax(thin)])


def _breslow(times: ObservedTimes, hazards: FloatArray, last_day: float) -> tuple[FloatArray, FloatArray, int]:
    """Days of events up to the last day, the cumulative hazard from each on, and the number of events."""
    ended = times.days[(times.event == 1) & (times.days <= last_day)]
    if not len(ended):
        raise DataError(f"event: nobody has one by day {last_day:g}, so there is no hazard. Take a longer period")
    days, counts = np.unique(ended, return_counts=True)
    first, past = np.searchsorted(days, times.entry, side="right"), np.searchsorted(days, times.days, side="right")
    size = len(days) + 1
    at_risk = np.cumsum(np.bincount(first, hazards, size) - np.bincount(past, hazards, size))[:-1]
    return days, np.cumsum(counts / at_risk), int(counts.sum())
