"""Results of monitoring made safe: units within wider units, cohorts and crossings of them, running sums.

All tables of one kind of unit are released together, in a report and in one briefing per unit. So each page takes its
unit from the safe table of all of them: what is hidden in one place is hidden in every place.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, make_safe, require_safe
from evalkit.present.made_safe import merge_path

CROSSED = " and "
"""What stands between the characteristics of a crossing."""

SHOWN_OF_UNITS = {"people": None, "actual": "people"}
SHOWN_OF_QUALITY = {"unscored": "all_people", "duplicates": "all_people"}
SHOWN_OF_CASELOAD = {"people_before": None}
LATER = ("people", "unscored", "person_years", "actual", "predicted", "difference", "ratio", "ratio_low", "ratio_high")
SHOWN_OF_EARLY = {"people_90": None, "actual_90": "people_90"}


def make_units_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The judged units of one column made safe; units of one wider unit (`within`) add up to a total that is known.

    table     : one row per unit: unit, within, people, actual, and everything computed from them
    threshold : as in `make_safe`; raises DataError as it does
    """
    return make_safe(table, counts=SHOWN_OF_UNITS, within="within", threshold=threshold)


def make_quality_safe(quality: pd.DataFrame, units: SafeTable, *, threshold: int = 10) -> SafeTable:
    """People without a score and people counted twice, by unit.

    quality : unit, within, all_people, unscored, missing_share, duplicates
    units   : from `make_units_safe`, of the same units

    A share is hidden where the people of the unit are: the two would give their number away, and so is all_people
    everywhere. Raises DataError as `make_safe` does.
    """
    safe = make_safe(quality, counts=SHOWN_OF_QUALITY, within="within", threshold=threshold)
    return _hidden_with(units, safe, ["missing_share"], dropped=["all_people"])


def make_caseload_safe(caseload: pd.DataFrame, units: SafeTable, *, threshold: int = 10) -> SafeTable:
    """People of the year before, by unit, and the average risk of both years.

    caseload : unit, within, people, people_before, risk, risk_before
    units    : as in `make_quality_safe`; the people of the year judged stand there, and not in the result

    Raises DataError as `make_safe` does.
    """
    before = caseload.drop(columns="people")
    safe = make_safe(before, counts=SHOWN_OF_CASELOAD, within="within", threshold=threshold)
    return _hidden_with(units, safe, ["risk"])


def _hidden_with(units: SafeTable, safe: SafeTable, columns: list[str], *, dropped: Sequence[str] = ()) -> SafeTable:
    """The table with some columns hidden also for the units whose people are hidden, or that are not there."""
    open_units = [row["unit"] for row in require_safe(units).to_dict("records") if is_shown(row["people"])]
    hidden = ~safe["unit"].isin(open_units)
    shown = safe.assign(**{name: safe[name].mask(hidden, CONFIDENTIAL) for name in columns})
    final = make_safe(shown.drop(columns=list(dropped)), counts=[], threshold=safe.threshold)
    final.hidden_cells = safe.hidden_cells
    return final


def make_early_safe(interim: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The first three months, by unit: unit, within, people_90, actual_90 and what is computed from them.

    What happened later is left out: beside the first three months it would give small numbers away.
    """
    early = interim.drop(columns=list(LATER), errors="ignore")
    return make_safe(early, counts=SHOWN_OF_EARLY, within="within", threshold=threshold)


def make_cohorts_safe(cohorts: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """Cohorts made safe: those of one characteristic add up to everybody, those of a crossing to each of its parts.

    cohorts   : what `monitor_cohorts` returned: characteristic ('sex', 'sex and age band'), cohort, people, actual
    threshold : as in `make_safe`; raises DataError as it does

    A crossing in which anything has to be hidden is hidden whole: its parts are shown beside it.
    """
    safe = make_safe(cohorts, counts=SHOWN_OF_UNITS, within="characteristic", threshold=threshold)
    hidden = safe[list(SHOWN_OF_UNITS)].isin([CONFIDENTIAL]).any(axis=1)
    crossing = safe["characteristic"].str.contains(CROSSED, regex=False)
    closed = crossing & safe["characteristic"].isin(set(safe.loc[hidden, "characteristic"]))
    numbers = [name for name in cohorts if pd.api.types.is_numeric_dtype(cohorts[name]) and cohorts[name].dtype != bool]
    shown = pd.DataFrame(safe)
    shown.loc[closed, numbers] = CONFIDENTIAL
    final = make_safe(shown, counts=[], threshold=threshold)
    final.hidden_cells = int(shown[list(SHOWN_OF_UNITS)].isin([CONFIDENTIAL]).to_numpy().sum())
    return final


def make_paths_safe(paths: pd.DataFrame) -> SafeTable:
    """The running sums of some units, as `merge_path` makes them safe; an empty table where there are none.

    paths : columns of `cusum_paths`, with unit
    """
    return make_safe(paths, counts=[]) if paths.empty else merge_path(paths, unit="unit")
