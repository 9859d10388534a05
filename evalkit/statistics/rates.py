"""Single rates and the difference of two independent rates, by score intervals (never Wald)."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.errors import DataError
from evalkit.statistics.inputs import FloatArray, checked_level, numeric_array, refuse_rows, refuse_unequal
from evalkit.statistics.shown import Shown


@dataclass(frozen=True, repr=False)
class RateDifference(Shown):
    """Rate of group a minus rate of group b; rates, difference and limits are shares (-1 to 1)."""

    events_a: int
    people_a: int
    rate_a: float
    events_b: int
    people_b: int
    rate_b: float
    difference: float
    low: float
    high: float
    p_value: float
    level: float
    method: str


def wilson(events: ArrayLike | pd.Series, people: ArrayLike | pd.Series, *, level: float = 0.95) -> pd.DataFrame:
    """Share of each group with the event, with its Wilson score interval.

    events : people with the event; whole numbers, one per group (or one number)
    people : people in the group; same length, each at least `events` and above 0
    level  : confidence level, between 0 and 1

    Returns one row per group: events, people, rate, lower, upper, level, method. Rates are 0 to 1; the row labels of
    `events` are kept where it is a Series.
    Raises DataError where a count is missing, negative or not whole, events exceed people, or a group is empty.
    Source: Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    event_counts, people_counts = _checked_counts(events, people)
    lower, upper = _score_limits(event_counts, people_counts, level=checked_level(level))
    columns = {
        "events": event_counts.astype("int64"),
        "people": people_counts.astype("int64"),
        "rate": event_counts / people_counts,
        "lower": lower,
        "upper": upper,
        "level": level,
        "method": "Wilson score interval",
    }
    return pd.DataFrame(columns, index=events.index if isinstance(events, pd.Series) else None)


def newcombe(events_a: int, people_a: int, events_b: int, people_b: int, *, level: float = 0.95) -> RateDifference:
    """Difference of two independent rates, a minus b, with Newcombe's hybrid score interval and Fisher's exact test.

    events_a, events_b : people with the event; whole numbers
    people_a, people_b : people in each group, above 0; nobody is in both, and the groups are not matched pairs
    level              : confidence level, between 0 and 1

    p_value is Fisher's two-sided exact p. Test and interval are built differently, so close to the edge one may
    call a difference significant where the other does not.
    Raises DataError as `wilson` does.
    Source: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    rates = wilson([events_a, events_b], [people_a, people_b], level=level)
    rate_a, rate_b = rates["rate"]
    below, above = rates["rate"] - rates["lower"], rates["upper"] - rates["rate"]
    return RateDifference(
        events_a=int(events_a),
        people_a=int(people_a),
        rate_a=float(rate_a),
        events_b=int(events_b),
        people_b=int(people_b),
        rate_b=float(rate_b),
        difference=float(rate_a - rate_b),
        low=float(rate_a - rate_b - np.hypot(below[0], above[1])),
        high=float(rate_a - rate_b + np.hypot(above[0], below[1])),
        p_value=_fisher(int(events_a), int(people_a), int(events_b), int(people_b)),
        level=level,
        method="Newcombe hybrid score interval, Fisher's exact test",
    )


AS_LIKELY = 1 + 1e-7
"""Tables whose chances differ by less than this factor are equally likely, as in R."""


def _fisher(events_a: int, people_a: int, events_b: int, people_b: int) -> float:
    """Chance of a table no likelier than this one among those with the same margins.

    Our own sum rather than scipy.stats', which takes half a second to import.
    """
    events = events_a + events_b
    possible = np.arange(max(0, events - people_b), min(events, people_a) + 1.0)
    more = possible[1:]
    over_the_one_before = (people_a - more + 1) * (events - more + 1) / (more * (people_b - events + more))
    logs = np.concatenate([[0.0], np.log(over_the_one_before).cumsum()])
    chances = np.exp(logs - logs.max())
    seen = chances[events_a - int(possible[0])]
    return float(min(1.0, chances[chances <= seen * AS_LIKELY].sum() / chances.sum()))


def _checked_counts(events: ArrayLike | pd.Series, people: ArrayLike | pd.Series) -> tuple[FloatArray, FloatArray]:
    events, people = (counts if np.ndim(counts) else np.array([counts]) for counts in (events, people))
    refuse_unequal(events, people, names=("events", "people"))
    event_counts, people_counts = numeric_array(events, name="events"), numeric_array(people, name="people")
    for name, given, counts in (("events", events, event_counts), ("people", people, people_counts)):
        whole = np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts))
        refuse_rows(given, ~whole, name=name, rule="each must be a whole number, 0 or more")
    refuse_rows(people, people_counts == 0, name="people", rule="an empty group has no rate")
    if (event_counts > people_counts).any():
        row = int(np.argmax(event_counts > people_counts))
        raise DataError(f"events, row {row}: {event_counts[row]:.0f} exceeds the {people_counts[row]:.0f} people there")
    return event_counts, people_counts


def _score_limits(events: FloatArray, people: FloatArray, *, level: float) -> tuple[FloatArray, FloatArray]:
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = events + z**2 / 2
    half_width = z * np.sqrt(events * (people - events) / people + z**2 / 4)
    lower, upper = (centre - half_width) / (people + z**2), (centre + half_width) / (people + z**2)
    return lower, np.where(events == people, 1.0, upper)
