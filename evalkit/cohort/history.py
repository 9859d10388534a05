"""What happened to each person after the index date, however late: outcomes from any later day on.

A design that follows people from the day they took up a service needs the year after that day, not the year after
the index date. Days are counted from the person's own index date.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.dates import COURT_DAYS
from evalkit.intake import Extract
from evalkit.ogrs import offence_group
from evalkit.spec import CohortRules

VIOLENT_GROUPS = ("Violence",)
"""OGRS3 offence groups that count as violent."""

Days = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, repr=False, eq=False)
class History:
    """Counted events after the index date, by person.

    events       : one row per event, in order of person and day: row (number of the person's row in the cohort frame),
                   day, offence_day (missing where the offence date is), sentence_day, custodial, violent
    people       : number of people
    mature_until : last day on which a follow-up can have started that was over, and settled, on the extract date
    rules        : what counts, and for how long
    """

    events: pd.DataFrame
    people: int
    mature_until: pd.Timestamp
    rules: CohortRules

    @cached_property
    def first_day(self) -> Days:
        """Day of each person's first reconviction as counted from the index date; infinite where there is none."""
        events = self.events
        real = events[~(events["offence_day"] <= 0)]
        return real.groupby("row")["day"].min().reindex(range(self.people), fill_value=np.inf).to_numpy(float)

    def outcomes_from(self, rows: Rows, start_days: Days) -> pd.DataFrame:
        """What happened to people in the follow-up that starts on a day of their own.

        rows       : row number of each person in the cohort frame; a person may come up several times
        start_days : days after the index date on which the follow-up of that line starts

        An event for an offence on or before that day is no outcome of it, as for the index date itself.
        Returns one line per line given: reconvicted, days_to_reconviction (from the start day; missing if none),
        reconvictions, custodial_reconvictions, violent_reconvictions, first_custodial, first_violent (False if none).
        """
        lines, events = self._events_of(rows)
        start = start_days[lines]
        day, last = events["day"], start + self.rules.followup_days
        inside = (day > start) & (day <= last) & ~(events["offence_day"] <= start)
        if self.rules.outcome == "proven_reoffence":
            inside &= events["sentence_day"] <= last + COURT_DAYS
        lines, events = lines[inside], {name: values[inside] for name, values in events.items()}
        return _summed(lines, events, start_days)

    @cached_property
    def _bounds(self) -> Rows:
        """Where the events of each person begin, and at last where those of the last person end."""
        return np.searchsorted(self.events["row"].to_numpy(), np.arange(self.people + 1))

    def _events_of(self, rows: Rows) -> tuple[Rows, dict[str, NDArray]]:
        """Every event of the people of some lines: number of the line, and the columns of the event."""
        first = self._bounds[rows]
        many = self._bounds[rows + 1] - first
        lines = np.repeat(np.arange(len(rows)), many)
        place = np.arange(many.sum()) - np.repeat(many.cumsum() - many, many) + np.repeat(first, many)
        return lines, {str(name): column.to_numpy()[place] for name, column in self.events.items()}


def _summed(lines: Rows, events: dict[str, NDArray], start_days: Days) -> pd.DataFrame:
    many = len(start_days)
    total = np.bincount(lines, minlength=many)
    first = np.ones(len(lines), bool)
    first[1:] = lines[1:] != lines[:-1]
    days = np.full(many, np.nan)
    days[lines[first]] = events["day"][first] - start_days[lines[first]]
    columns = {"reconvicted": total > 0, "days_to_reconviction": days, "reconvictions": total}
    for kind in ("custodial", "violent"):
        flags = events[kind].astype(bool)
        columns[f"{kind}_reconvictions"] = np.bincount(lines, weights=flags, minlength=many).astype(np.int64)
        # Of several convictions on the first day, any one counts: their order in a file says nothing.
        on_first_day = events["day"] - start_days[lines] == days[lines]
        columns[f"first_{kind}"] = np.bincount(lines, weights=flags & on_first_day, minlength=many) > 0
    return pd.DataFrame(columns)


def history(extract: Extract, later: pd.DataFrame, frame: pd.DataFrame, rules: CohortRules) -> History:
    """Put the later sentences of a cohort's people in order.

    later : what `later_sentences` found, collected
    frame : the cohort frame
    """
    rows = pd.Series(np.arange(len(frame)), index=frame["person_id"])
    row = later["person_id"].map(rows)
    later = later.assign(row=row)[row.notna()]
    index_date = frame["index_date"].to_numpy()[later["row"].astype(int)]
    days = {name: (later[f"{name}_date"] - index_date).dt.days.astype(float) for name in ("sentence", "offence")}
    event_day = days["sentence" if rules.outcome == "reconviction" else "offence"]
    events = pd.DataFrame(
        {
            "row": later["row"].astype(np.intp),
            "day": event_day,
            "offence_day": days["offence"],
            "sentence_day": days["sentence"],
            "custodial": later["custodial"].astype(bool),
            "violent": offence_group(later["offence_code"]).isin(VIOLENT_GROUPS),
        }
    )
    events = events[events["day"].notna()].sort_values(["row", "day", "sentence_day"], kind="stable", ignore_index=True)
    return History(events, len(frame), last_mature_day(extract, rules), rules)


def last_mature_day(extract: Extract, rules: CohortRules) -> pd.Timestamp:
    """Last day on which a follow-up can start that is over, with the days for late recording, on the extract date."""
    lag = settled_after(extract, rules)
    return pd.Timestamp(extract.settings.extract_date) - pd.Timedelta(days=lag + rules.followup_days)


def settled_after(extract: Extract, rules: CohortRules) -> int:
    """Days after follow-up until what happened in it is on record."""
    return extract.settings.settling_days + (COURT_DAYS if rules.outcome == "proven_reoffence" else 0)
