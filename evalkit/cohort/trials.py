"""A group that people reach only after the index date, put beside people who could have reached it and had not yet.

In each month after the index date, people who reach the group (take up the service, find work) are set beside people
who were still at risk and had not reached it; both are followed from the same days on. Nobody's follow-up begins
before the day that settles where they belong, so there is no immortal time. People who reach the group later stay
among the comparisons of the months before (intention to treat).
Source: Hernán & Robins (2016), American Journal of Epidemiology 183, 758-764 (emulated trials); Gran et al. (2010),
Statistics in Medicine 29, 2757-2768 (the sequential Cox approach).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.cohort.build import Cohort
from evalkit.cohort.history import History
from evalkit.errors import DataError, SpecError
from evalkit.spec import Group

MONTH_DAYS = 30
"""Length of a month since the index date."""

MONTHS = 12
"""Months after the index date in which people are taken to have reached a group early enough to be compared."""


@dataclass(frozen=True, repr=False, eq=False)
class Timeline:
    """When each scored person of a cohort reached a group, all in days after the person's own index date.

    rows    : row number in the cohort frame of each scored person; all that follows is in their order
    predicted, mature, reconvicted : as in the cohort frame
    reached : day the group was reached; infinite where never
    ready   : day the wider group was reached, from which on the group itself can be; 0 where there is none
    event   : day of the first reconviction; infinite where there is none
    before  : whether the person had started the service before the period of the evaluation
    index   : index date
    history : of the cohort
    """

    group: Group
    rows: NDArray[np.intp]
    predicted: NDArray[np.float64]
    mature: NDArray[np.bool_]
    reconvicted: NDArray[np.bool_]
    reached: NDArray[np.float64]
    ready: NDArray[np.float64]
    event: NDArray[np.float64]
    before: NDArray[np.bool_]
    index: NDArray[np.datetime64]
    history: History

    @property
    def last_start(self) -> NDArray[np.float64]:
        """Last day on which a follow-up can start that is over and settled on the extract date."""
        days = (np.datetime64(self.history.mature_until) - self.index) / np.timedelta64(1, "D")
        return np.asarray(days, np.float64)


@dataclass(frozen=True, repr=False, eq=False)
class Trials:
    """People who reached a group beside people who had not yet, month by month.

    rows : one line per person and month: row (number in the cohort frame), month (from 1), treated, start_day (days
           after the index date on which follow-up starts), half_year (of that day, numbered), since_ready (days since
           the wider group was reached), predicted (as on the index date), and what
           `History.outcomes_from` found; the people who reached the group once each, the others in every month
           in which they were at risk
    flow : the people of the group: step, excluded, remaining, reason
    """

    group: Group
    rows: pd.DataFrame
    flow: pd.DataFrame


def timeline(cohort: Cohort, group: str) -> Timeline:
    """When each scored person reached a group, and what else decides who can be compared when.

    Raises SpecError for an undeclared group, and for a prepared cohort, which has no dates.
    """
    # Kept with the cohort, as a cached property is: nearly every design starts from it.
    known: dict[str, Timeline] = vars(cohort).setdefault("timelines", {})
    if group not in known:
        known[group] = _timeline(cohort, group)
    return known[group]


def _timeline(cohort: Cohort, group: str) -> Timeline:
    declared = cohort.spec.group(group)
    if cohort.history is None:
        raise SpecError(
            f"group '{group}': a prepared cohort does not say when people reached a group; designs that follow people "
            "from that day need the tables people, sentences and referrals"
        )
    people = cohort.frame
    rows = np.flatnonzero(people["predicted"].notna())
    reached = _days(people, group)
    ready = _days(people, declared.within) if declared.within else np.zeros(len(people))
    return Timeline(
        group=declared,
        rows=rows,
        predicted=people["predicted"].to_numpy(float)[rows],
        mature=people["mature"].to_numpy(bool)[rows],
        reconvicted=people["reconvicted"].to_numpy(bool)[rows],
        reached=reached[rows],
        ready=np.maximum(ready, 0)[rows],
        event=cohort.history.first_day[rows],
        before=_before(people, declared)[rows],
        index=people["index_date"].to_numpy("datetime64[D]")[rows],
        history=cohort.history,
    )


def _before(people: pd.DataFrame, group: Group) -> NDArray[np.bool_]:
    """Who is neither in the group nor a person who could still reach it; within a wider group that does not matter."""
    if group.within or "in_service_before" not in people:
        return np.zeros(len(people), bool)
    return people["in_service_before"].to_numpy(bool)


def _days(people: pd.DataFrame, group: str) -> NDArray[np.float64]:
    days = (people[f"{group}_date"] - people["index_date"]).dt.days
    return np.asarray(days.where(people[group], np.nan).fillna(np.inf), np.float64)


def sequential_trials(cohort: Cohort, group: str, *, months: int = MONTHS) -> Trials:
    """Set the people who reach a group in each month beside those at risk who have not yet.

    group  : a declared group that is reached after the index date
    months : months of 30 days after the index date in which the group is reached; later ones are left out and counted

    A comparison line starts on a day taken, in rotation, from the days on which that month's people reached the group;
    it stands only if on that day the person was in the wider group, at risk, had not reached the group yet, and the
    follow-up could end before the extract date; and only on calendar days between the first and the last on which
    anybody reached the group. Nothing after that day is looked at.
    Raises SpecError as `timeline` does, DataError where nobody remains on one side.
    """
    people = timeline(cohort, group)
    steps = _membership_steps(people, months)
    flow = _flow(people, steps)
    kept = _all_of(steps) & np.isfinite(people.reached)
    if not kept.any():
        raise DataError(f"group '{group}': nobody is left to compare; {_main_reason(flow)}")
    lines = pd.concat([_treated_lines(people, kept), _comparison_lines(people, kept)], ignore_index=True)
    if lines["treated"].all():
        raise DataError(f"group '{group}': nobody was at risk and had not reached it in the same months")
    return Trials(people.group, _with_outcomes(people, lines), flow)


def trial_flow(cohort: Cohort, group: str, *, months: int = MONTHS) -> pd.DataFrame:
    """Where the scored people of a group leave on the way into its sequential comparison.

    Arguments and errors are those of `sequential_trials`. Returns step, excluded, remaining, reason.
    """
    people = timeline(cohort, group)
    return _flow(people, _membership_steps(people, months))


def landmark_trial(cohort: Cohort, group: str, *, day: int) -> Trials:
    """Set the people who had reached a group by one day beside those who had not; both are followed from that day.

    day : days after the index date

    Everyone at risk on that day who was in the wider group by then takes part, once; whoever reached the group before
    the index date does not.
    Raises SpecError and DataError as `sequential_trials` does.
    """
    people = timeline(cohort, group)
    steps = [
        _new_to_the_service(people),
        ("reached after the index date", "reached before the index date", people.reached >= 0),
        (f"reached by day {day}", f"reached after day {day}", people.reached <= day),
        (f"still at risk on day {day}", f"reconvicted by day {day}", people.event > day),
        (
            "followed up in full from then",
            "follow-up from that day was not over, or not settled, on the extract date",
            day <= people.last_start,
        ),
    ]
    flow = _flow(people, steps)
    eligible = (
        ~people.before
        & (people.reached >= 0)
        & (people.ready <= day)
        & (people.event > day)
        & (day <= people.last_start)
    )
    treated = people.reached[eligible] <= day
    if treated.all() or not treated.any():
        side = "outside" if treated.all() else "in"
        raise DataError(f"group '{group}': nobody at risk on day {day} was {side} the group; {_main_reason(flow)}")
    lines = pd.DataFrame(
        {
            "place": np.flatnonzero(eligible),
            "month": 0,
            "treated": treated,
            "start_day": np.full(len(treated), float(day)),
        }
    )
    return Trials(people.group, _with_outcomes(people, lines), flow)


def month_of(days: NDArray[np.float64]) -> NDArray[np.int64]:
    """Month since the index date, from 1: day 30 is the last of the first."""
    return (np.maximum(days - 1, 0) // MONTH_DAYS).astype(np.int64) + 1


def _membership_steps(people: Timeline, months: int) -> list[tuple[str, str, NDArray[np.bool_]]]:
    reached = people.reached
    return [
        _new_to_the_service(people),
        ("reached after the index date", "reached before the index date", reached >= 0),
        (
            f"reached within {months * MONTH_DAYS} days",
            f"reached more than {months * MONTH_DAYS} days after the index date",
            reached <= months * MONTH_DAYS,
        ),
        ("still at risk then", "reconvicted before, or on the day of, reaching it", people.event > reached),
        (
            "followed up in full from then",
            "follow-up from that day was not over, or not settled, on the extract date",
            reached <= people.last_start,
        ),
    ]


def _new_to_the_service(people: Timeline) -> tuple[str, str, NDArray[np.bool_]]:
    return "new to the service", "in the service already before the period of the evaluation", ~people.before


def _all_of(steps: list[tuple[str, str, NDArray[np.bool_]]]) -> NDArray[np.bool_]:
    return np.logical_and.reduce([holds for _, _, holds in steps])


def _flow(people: Timeline, steps: list[tuple[str, str, NDArray[np.bool_]]]) -> pd.DataFrame:
    """Where the people of the group leave, in the order of the steps."""
    left = np.isfinite(people.reached)
    rows = [("scored people of the group", 0, int(left.sum()), "")]
    for step, reason, holds in steps:
        stay = left & holds
        rows.append((step, int(left.sum() - stay.sum()), int(stay.sum()), reason))
        left = stay
    return pd.DataFrame(rows, columns=["step", "excluded", "remaining", "reason"])


def _main_reason(flow: pd.DataFrame) -> str:
    return f"most people leave here: {flow.sort_values('excluded', kind='stable')['reason'].iloc[-1]}"


def _treated_lines(people: Timeline, kept: NDArray[np.bool_]) -> pd.DataFrame:
    days = people.reached[kept]
    return pd.DataFrame({"place": np.flatnonzero(kept), "month": month_of(days), "treated": True, "start_day": days})


def _comparison_lines(people: Timeline, kept: NDArray[np.bool_]) -> pd.DataFrame:
    days = np.sort(people.reached[kept])
    months = month_of(days)
    dates = people.index[kept] + people.reached[kept].astype("timedelta64[D]")
    return pd.concat(
        [_lines_of_month(people, month, days[months == month], (dates.min(), dates.max())) for month in set(months)],
        ignore_index=True,
    )


def _lines_of_month(
    people: Timeline, month: int, days: NDArray[np.float64], calendar: tuple[np.datetime64, np.datetime64]
) -> pd.DataFrame:
    start = days[np.arange(len(people.rows)) % len(days)]
    date = people.index + start.astype("timedelta64[D]")
    eligible = (
        (people.ready <= start)
        & ~people.before
        & (people.reached > start)
        & (people.event > start)
        & (start <= people.last_start)
        & (date >= calendar[0])
        & (date <= calendar[1])
    )
    return pd.DataFrame(
        {"place": np.flatnonzero(eligible), "month": month, "treated": False, "start_day": start[eligible]}
    )


def _with_outcomes(people: Timeline, lines: pd.DataFrame) -> pd.DataFrame:
    place = lines["place"].to_numpy()
    outcomes = people.history.outcomes_from(people.rows[place], lines["start_day"].to_numpy())
    start = lines["start_day"].to_numpy()
    dates = pd.DatetimeIndex(people.index[place] + start.astype("timedelta64[D]"))
    known = {
        "row": people.rows[place],
        "predicted": people.predicted[place],
        "half_year": 2 * dates.year + (dates.month > 6),
        "since_ready": start - people.ready[place],
    }
    return lines.drop(columns="place").assign(**known, **outcomes)
