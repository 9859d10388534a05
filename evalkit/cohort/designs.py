"""The designs in which a group reached after the index date can fairly be compared, each estimated from its trials.

sequential : month by month, people who reach the group beside those at risk who have not yet
own_lag    : the same people, against the score re-based to the day each of them reached the group
landmark   : everyone still at risk on one day, by whether they had reached the group by then
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.cohort.build import Cohort
from evalkit.cohort.trials import MONTHS, Timeline, Trials, landmark_trial, sequential_trials, timeline
from evalkit.errors import DataError
from evalkit.statistics.cox import cox, status_rows
from evalkit.statistics.expected import ActualVsPredicted
from evalkit.statistics.products import cross_products
from evalkit.statistics.rebasing import baseline_hazard, rebased
from evalkit.statistics.standardised import standardised_comparison

FEWEST_IN_A_MONTH = 20
"""Neighbouring months are taken as one where fewer comparison lines had the outcome, or did not have it."""

SAID_ALREADY = 1e-8
"""A column of which less than this share is not said by the others is left out."""

LANDMARK_DAYS = 183
"""Day on which people are classified in the landmark design."""

HONEST = {
    "sequential": "sequential: month by month, beside people not there yet",
    "own_lag": "own lag: from each person's day, against the re-based score",
    "landmark": f"landmark: everyone still at risk on day {LANDMARK_DAYS}",
}
"""How each design compares, as a table says it."""


@dataclass(frozen=True, repr=False, eq=False)
class Designed:
    """What a design found for a group.

    inside            : the people of the group, against the prediction estimated on the comparison lines
    odds              : odds_ratio, odds_ratio_low, odds_ratio_high of the outcome, group over comparison
    comparison_people : distinct people among the comparison lines
    fitted            : what the prediction makes of each comparison line, in their order
    trials            : the lines, and the flow of the group's people
    """

    inside: ActualVsPredicted
    odds: dict[str, float]
    comparison_people: int
    fitted: NDArray[np.float64]
    trials: Trials


def trials_for(cohort: Cohort, group: str, design: str, *, months: int = MONTHS, day: int = LANDMARK_DAYS) -> Trials:
    """The lines that a design compares.

    months : see `sequential_trials`
    day    : day of the landmark, after the index date

    Raises SpecError and DataError as `sequential_trials` does.
    """
    if design == "landmark":
        return landmark_trial(cohort, group, day=day)
    return sequential_trials(cohort, group, months=months)


def designed(cohort: Cohort, trials: Trials, design: str) -> Designed:
    """Compare a group by one of the designs of `HONEST`.

    trials : what `trials_for` returned for that design; sequential and own_lag share theirs

    Raises DataError where the comparison lines cannot carry a prediction.
    """
    rows = trials.rows
    lines = _by_month(rows) if design == "sequential" else _by_rebased_risk(cohort, trials)
    outcomes, treated = rows["reconvicted"].to_numpy(float), rows["treated"].to_numpy(bool)
    person = pd.factorize(rows["row"])[0]
    found = standardised_comparison(outcomes, treated, lines.matrix, lines.terms, clusters=person)
    return Designed(
        inside=replace(found.comparison, method=f"{lines.method}; {found.comparison.method}"),
        odds=found.odds,
        comparison_people=int(np.count_nonzero(np.bincount(person[~treated]))),
        fitted=found.chances[~treated],
        trials=trials,
    )


@dataclass(frozen=True, eq=False)
class _Lines:
    """What the two sides are made alike in."""

    matrix: NDArray[np.float64]
    terms: list[str]
    method: str


def _by_month(rows: pd.DataFrame) -> _Lines:
    shares = rows["predicted"].to_numpy(float)
    score = {"log-odds of the score": np.log(shares / (1 - shares))}
    return _lines(score | _stage_and_season(rows), rows, "sequential comparison by month, adjusted for the score")


def _stage_and_season(rows: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Dummies for the months since the index date and the half-years of the calendar, and days in the wider group."""
    outside, outcomes = ~rows["treated"].to_numpy(bool), rows["reconvicted"].to_numpy(bool)
    columns: dict[str, NDArray[np.float64]] = {}
    for name in ("month", "half_year"):
        number = rows[name].to_numpy()
        stretch = _pooled(number - number.min(), outside, outcomes)
        later = range(1, int(stretch.max()) + 1)
        columns |= {f"{name}, stretch {label}": (stretch == label).astype(float) for label in later}
    return columns | {"days in the wider group": np.log1p(rows["since_ready"].to_numpy(float))}


def _lines(columns: dict[str, NDArray[np.float64]], rows: pd.DataFrame, method: str) -> _Lines:
    """The columns with an intercept, less those that the ones before them say already of the comparison lines."""
    names = ["intercept", *columns]
    matrix = np.vstack([np.ones(len(rows)), *columns.values()]).T  # in memory column by column, as fits go through it
    products = cross_products(matrix, np.asarray(~rows["treated"], float))
    kept: list[int] = []
    for number in range(len(names)):
        left = products[number, number]
        if kept and left > 0:
            among = products[np.ix_(kept, [number])]
            left = left - float(among[:, 0] @ np.linalg.solve(products[np.ix_(kept, kept)], among[:, 0]))
        if left > SAID_ALREADY * max(products[number, number], 1.0):
            kept.append(number)
    return _Lines(matrix if len(kept) == len(names) else matrix.T[kept].T, [names[number] for number in kept], method)


def _pooled(number: NDArray[np.int64], outside: NDArray[np.bool_], outcomes: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Number of the stretch each line is in: sparse months, or half-years, are joined to their neighbours."""
    lines, events = np.bincount(number, weights=outside), np.bincount(number, weights=outside & outcomes)
    stretch, label, left = np.zeros(len(lines), np.intp), 0, np.zeros(2)
    for place, here in enumerate(np.column_stack([events, lines - events])):
        if left.min() >= FEWEST_IN_A_MONTH:
            label, left = label + 1, np.zeros(2)
        left += here
        stretch[place] = label
    if left.min() < FEWEST_IN_A_MONTH:
        stretch = np.minimum(stretch, max(label - 1, 0))
    return stretch[number]


def _by_rebased_risk(cohort: Cohort, trials: Trials) -> _Lines:
    """Each line's risk re-based to its own start day; level and slope are fitted on people at risk on those days."""
    people = timeline(cohort, trials.group.name)
    days, event = _untreated_time(people)
    # The shape of the hazard from everybody outside the group; its level is fitted on those who could have joined it.
    hazard = baseline_hazard(days[days > 0], event[days > 0], people.predicted[days > 0])
    place = np.searchsorted(people.rows, trials.rows["row"])
    followup = people.history.rules.followup_days
    risk = rebased(people.predicted[place], trials.rows["start_day"].to_numpy(), hazard, followup=followup)
    score = {"log-odds of the re-based score": np.log(risk / (1 - risk))}
    season = {name: column for name, column in _stage_and_season(trials.rows).items() if not name.startswith("month")}
    method = "score re-based by each person's own hazard, put right on comparison people at risk at the same stage"
    return _lines(score | season, trials.rows, method)


def _untreated_time(people: Timeline) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Days each person was observed at risk and outside the group, and whether they ended in a reconviction."""
    return _observed(people, until=people.reached.clip(min=0))


HAZARD_DAYS = 730
"""Days after the index date that the time-dependent second opinion looks at."""


def hazard_ratios(cohort: Cohort) -> pd.DataFrame:
    """A second opinion on every group reached after the index date: Cox regression with a status that changes.

    Each person counts as outside the group until the day of reaching it and as inside from then on, among people at
    risk in the wider group, up to two years after the index date; adjusted for the log hazard that the score implies.
    Returns one row per group: name, label, people, actual (events), people_inside, actual_inside (of them, in the
    group), hazard_ratio, low, high, p_value (missing where it cannot be estimated, as method then says), method.
    """
    groups = [group for group in cohort.spec.groups if not group.known_at_index]
    return pd.DataFrame([_hazard_ratio(timeline(cohort, group.name)) for group in groups])


def _hazard_ratio(people: Timeline) -> dict[str, object]:
    days, event = _observed(people, until=HAZARD_DAYS)
    frame = pd.DataFrame(
        {
            "days": days,
            "event": event,
            "reached": np.where(np.isfinite(people.reached), people.reached.clip(min=0), np.nan),
            "risk": np.log(-np.log1p(-people.predicted)),
            "ready": people.ready,
        }
    )
    rows = status_rows(frame[days > 0], days="days", event="event", reached="reached")
    rows["start"] = np.maximum(rows["start"], rows["ready"])
    seen = rows[rows["days"] > rows["start"]]
    row: dict[str, object] = {
        "name": people.group.name,
        "label": people.group.label,
        "people": int((days > people.ready).sum()),
        "actual": int(seen["event"].sum()),
        "people_inside": int(seen["status"].sum()),
        "actual_inside": int((seen["event"].astype(bool) & (seen["status"] == 1)).sum()),
    }
    try:
        found = cox(seen, "start, days, event ~ status + risk").iloc[0]
    except DataError as error:
        return row | dict.fromkeys(_RATIO, float("nan")) | {"method": f"cannot be estimated: {error}"}
    return row | {key: found[key] for key in (*_RATIO, "method")}


_RATIO = ("hazard_ratio", "low", "high", "p_value")


def _observed(people: Timeline, *, until: float | NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Days each person was observed at risk, up to a day, and whether they ended in a reconviction."""
    end = np.minimum(np.maximum(people.last_start + people.history.rules.followup_days, 0), until)
    return np.minimum(people.event, end), people.event <= end
