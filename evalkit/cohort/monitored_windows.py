"""Of which days the people of a monitoring report are: what a ledger of releases has to know of its counts."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from evalkit.cohort.monitored_interim import EVERYONE, NOT_RECORDED
from evalkit.cohort.monitoring_round import Round
from evalkit.dates import FOLLOWUP_DAYS
from evalkit.statistics.interim import EARLY_DAYS
from evalkit.statistics.monitored import monitoring_period

Window = tuple[datetime.date, datetime.date]
Stretch = tuple[pd.Timestamp, pd.Timestamp]
DAY, FOLLOWUP = pd.Timedelta(days=1), pd.Timedelta(days=FOLLOWUP_DAYS)

QUARTERS_AHEAD = 5
"""Quarters by which everybody is judged who has been seen for three months now."""


@dataclass(frozen=True)
class UnitWindows:
    """The windows of time that the counts of some units are about.

    column  : what the units are units of; 'Everyone': everybody together, as one unit of that name
    counted : count -> first and last day on which the follow-up years of its people ended or will end; a count of
              nobody's years is not in it
    coming  : the year that each of the next quarters will judge -> unit -> people known of it already; only years of
              which everybody is
    wider   : the same of the wider units they lie in, the widest in everybody; None: there are none
    """

    column: str
    counted: Mapping[str, Window]
    coming: Mapping[Window, Mapping[str, int]]
    wider: UnitWindows | None = None


def unit_windows(rounds: Round, column: str) -> UnitWindows:
    """The windows of the units of one column, in one quarter's look.

    rounds : what `monitoring_round` returned
    column : of the units

    The counts are people, actual, unscored and duplicates (of the year judged), people_before (of the year before),
    people_90 and actual_90 (of those judged later who have been seen for three months). A window is no wider than the
    period of the cohort and the quarters looked back on.
    """
    place = rounds.settings.units.index(column)
    wider = unit_windows(rounds, rounds.settings.units[place - 1]) if place else everyone_windows(rounds)
    return _windows(rounds, column, wider)


def everyone_windows(rounds: Round) -> UnitWindows:
    """The windows of everybody together: those of `unit_windows`, and those of the flow from the start of the cohort.

    The flow's counts are started and eligible (old enough), of the whole period of the cohort or as far as the extract
    goes, followed (for a year) and scored, of those of them whose outcome is known.
    """
    found = _windows(rounds, EVERYONE, None)
    delay, rules = FOLLOWUP + pd.Timedelta(days=rounds.court_days), rounds.spec.cohort
    if rules is None:
        return found
    first, last = (pd.Timestamp(day) for day in rules.period)
    # No follow-up ends after the extract, so that this is its day wherever anybody's is not over.
    recorded = min(last, rounds.frame["followup_end"].max())
    first, last, seen = first + delay, recorded + delay, min(last + delay, rounds.as_of + delay - FOLLOWUP)
    ends = {"started": last, "eligible": last, "followed": seen, "scored": seen}
    flow = {count: (first.date(), end.date()) for count, end in ends.items()}
    return replace(found, counted={**found.counted, **flow})


def _windows(rounds: Round, column: str, wider: UnitWindows | None) -> UnitWindows:
    judged, delay = monitoring_period(rounds.last), FOLLOWUP + pd.Timedelta(days=rounds.court_days)
    before = (judged.first - pd.DateOffset(months=12), judged.first - DAY)
    early = (judged.last + DAY, rounds.as_of - pd.Timedelta(days=EARLY_DAYS) + delay)
    year = (judged.first, judged.last)
    of_year = dict.fromkeys(("people", "actual", "unscored", "duplicates"), year)
    found = {**of_year, "people_before": before, "people_90": early, "actual_90": early}
    limits = _limits(rounds, delay)
    return UnitWindows(
        column=column,
        wider=wider,
        coming=dict(_coming(rounds, column, limits)),
        counted={
            count: (first.date(), last.date())
            for count, window in found.items()
            for first, last in _within(window, limits)
        },
    )


def cohort_windows(rounds: Round) -> UnitWindows:
    """The windows of cohorts, of which the people of the year judged and those reconvicted are shown, and no more."""
    everyone = everyone_windows(rounds)
    year = {count: everyone.counted[count] for count in ("people", "actual")}
    return UnitWindows(column="cohort", counted=year, coming={}, wider=everyone)


def _coming(rounds: Round, column: str, limits: Stretch) -> Iterator[tuple[Window, dict[str, int]]]:
    """People of the years that the next quarters will judge, as far as they end in days that the data reach."""
    scored, matures = rounds.frame["predicted"].notna(), rounds.matures()
    reach = rounds.as_of + FOLLOWUP + pd.Timedelta(days=rounds.court_days)
    units = _units(rounds.frame, column)
    for quarter in range(1, QUARTERS_AHEAD + 1):
        year = monitoring_period((rounds.last + DAY + pd.DateOffset(months=3 * quarter) - DAY).date())
        for first, last in _within((year.first, year.last), limits):
            if last <= reach:
                found = units[scored & matures.between(first, last)].value_counts()
                yield (first.date(), last.date()), {str(unit): int(people) for unit, people in found.items()}


def _units(frame: pd.DataFrame, column: str) -> pd.Series:
    if column == EVERYONE:
        return pd.Series(EVERYONE, index=frame.index)
    return frame[column].astype(object).where(frame[column].notna(), NOT_RECORDED).astype(str)


def _limits(rounds: Round, delay: pd.Timedelta) -> Stretch:
    """First and last day on which the year of anybody in the look can end."""
    back = rounds.last + DAY - pd.DateOffset(months=3 * rounds.settings.quarters)
    rules = rounds.spec.cohort
    if rules is None:
        return back, pd.Timestamp.max
    first, last = (pd.Timestamp(day) + delay for day in rules.period)
    return max(first, back), last


def _within(window: Stretch, limits: Stretch) -> list[Stretch]:
    """The part of a window within some limits; none where there is no such part."""
    first, last = max(window[0], limits[0]), min(window[1], limits[1])
    return [(first, last)] if first <= last else []
