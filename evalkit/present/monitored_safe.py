"""Results of monitoring made safe: units within wider units, cohorts and crossings of them.

All tables of one kind of unit are released together, in a report and in one briefing per unit. So each page takes its
unit from the safe table of all of them: what is hidden in one place is hidden in every place. Wider units are decided
by themselves, and what their units show never adds up to a wider one that is hidden. What is hidden of everybody
together (`everyone_safe`) is hidden of each of the widest units, and of each cohort.

Of one quarter, units are made safe first, then the quality of their records, then the first three months, then the
caseload; of everybody the flow comes last. Each knows what the ones before it show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from evalkit.present.disclosure import CONFIDENTIAL, AlsoHidden, SafeTable, is_shown, make_safe, require_safe
from evalkit.present.quarters import EVERYONE, Units

CROSSED = " and "
"""What stands between the characteristics of a crossing."""

SHOWN_OF_UNITS = {"people": None, "actual": "people"}
SHOWN_OF_QUALITY = {"unscored": "all_people", "duplicates": "all_people"}
LATE = ("recent", "recent_expected", "recent_ratio", "short_share", "recent_p", "short")
SHOWN_OF_CASELOAD = {"people_before": None, "actual_before": "people_before"}
"""The second is not shown; the page of that year was decided by both."""
LATER = ("people", "unscored", "person_years", "actual", "predicted", "difference", "ratio", "ratio_low", "ratio_high")
SHOWN_OF_EARLY = {"people_90": None, "actual_90": "people_90"}

NO_MORE = AlsoHidden()

Bases = Mapping[str, str | None]


def make_units_safe(table: pd.DataFrame, *, threshold: int = 10, among: Units | None = None) -> SafeTable:
    """The judged units of one column made safe; units of one wider unit (`within`) add up to a total that is known.

    table     : one row per unit: unit, within, people, actual, and everything computed from them
    threshold : as in `make_safe`; raises DataError as it does
    among     : these units in their quarter (see `start_quarter`): what would give a few people away beside earlier
                quarters is hidden as well, and what is shown enters the ledger; None: there is no ledger

    Of one quarter, this comes before `make_quality_safe`, that before `make_early_safe`, and `make_caseload_safe` last.
    """
    return safe_among(table, SHOWN_OF_UNITS, threshold, among)


def safe_among(table: pd.DataFrame, counts: Bases, threshold: int, among: Units | None) -> SafeTable:
    """Units made safe within their wider ones, with what other quarters require; counts with their bases, in order."""
    also = _also_hidden(table, counts, threshold, among)
    safe = _decided(table, counts, threshold, also)
    if among is not None:
        if also != NO_MORE:
            without = _decided(table, counts, threshold, NO_MORE)
            for name in among.told(counts):
                among.quarter.hidden += int((_is_hidden(safe[name]) & ~_is_hidden(without[name])).sum())
        among.note(safe, counts)
    return safe


def _is_hidden(cells: pd.Series) -> pd.Series:
    return cells.eq(CONFIDENTIAL)


def _decided(table: pd.DataFrame, counts: Bases, threshold: int, also: AlsoHidden) -> SafeTable:
    safe = make_safe(table, counts=counts, within="within", sums_shown=True, threshold=threshold, also_hidden=also)
    return _with_their_people(safe) if "people_90" in counts else safe


def _also_hidden(
    table: pd.DataFrame, counts: Bases, threshold: int, among: Units | None, everybody: pd.DataFrame | None = None
) -> AlsoHidden:
    """What has to be hidden of a table for the sake of other quarters, and what the page of the wider units hides.

    everybody : the rows that count everybody once; None: all
    """
    if among is None:
        return NO_MORE
    found = among.to_hide(table, counts, threshold)
    rows = {name: hidden for name, hidden in found.items() if any(hidden)}
    wider = among.within
    if wider is None or wider.windows.column != EVERYONE:
        inside = table[table["within"].fillna("") != ""]
        return AlsoHidden(rows, _hidden_wider(inside, counts, threshold, wider))
    inside = (table if everybody is None else everybody).assign(within=EVERYONE)
    rows |= {name: [True] * len(table) for name in _hidden_wider(inside, counts, threshold, wider)}
    return AlsoHidden(rows)


def _with_their_people(early: SafeTable) -> SafeTable:
    """The first three months, with nothing shown of a unit whose people are hidden: its curve would show them."""
    hidden = _is_hidden(early["people_90"])
    final = make_safe(
        early.assign(actual_90=early["actual_90"].mask(hidden, CONFIDENTIAL)), counts=[], threshold=early.threshold
    )
    final.hidden_cells = early.hidden_cells + int((hidden & ~_is_hidden(early["actual_90"])).sum())
    return final


def _hidden_wider(inside: pd.DataFrame, counts: Bases, threshold: int, wider: Units | None) -> dict[str, set[str]]:
    """The wider units that hide a count on their own page, where other quarters make a difference to that.

    Everybody together have no page: of them only that is hidden which has to be for the sake of other quarters.
    """
    if wider is None or inside.empty or not wider.are_bound(counts):
        return {}
    names = list(dict.fromkeys([*counts, *(base for base in counts.values() if base is not None)]))
    sums = inside.groupby("within", as_index=False)[names].sum().rename(columns={"within": "unit"})
    sums = sums.assign(within="")
    also = _also_hidden(sums, counts, threshold, wider)
    safe = _decided(sums, counts, threshold, also)
    wider.note(safe, counts, told=False)
    concerned = also.rows if wider.windows.column == EVERYONE else counts if also.rows else ()
    hidden = {name: set(safe.loc[_is_hidden(safe[name]), "unit"]) for name in concerned}
    return {name: units for name, units in hidden.items() if units}


def make_quality_safe(
    quality: pd.DataFrame, units: SafeTable, *, threshold: int = 10, among: Units | None = None
) -> SafeTable:
    """People without a score, people with a record that is there twice, and signs of late recording, by unit.

    quality : unit, within, all_people, unscored, missing_share, duplicates; recent, recent_ratio and short if there are
              any (see `quality_of`)
    units   : from `make_units_safe`, of the same units
    among   : as in `make_units_safe`

    Who is counted is everybody whose year ended in the period: all_people, those with a score (people) and those
    without (unscored); duplicates are some of both. A share is shown with its unscored only, and hidden where the
    people of the unit are, as is all_people everywhere: beside a shown count it says no more than people and unscored
    do, which the ledger holds. recent_ratio is rounded to 5 percentage points, and hidden with fewer than `threshold`
    recent reconvictions, which are nowhere shown. Raises DataError as `make_safe` does.
    """
    shown = [name for name in quality if name not in LATE]
    safe = safe_among(quality[shown], SHOWN_OF_QUALITY, threshold, among)
    if "recent_ratio" in quality:
        few = (quality["recent"] < threshold) & quality["recent_ratio"].notna()
        rounded = (20 * quality["recent_ratio"]).round() / 20
        late = safe.assign(recent_ratio=rounded.astype(object).mask(few, CONFIDENTIAL), short=quality["short"] & ~few)
        hidden = safe.hidden_cells
        safe = make_safe(late, counts=[], threshold=threshold)
        safe.hidden_cells = hidden
    return _hidden_with(units, safe, ["missing_share"], dropped=["all_people"])


def make_caseload_safe(
    caseload: pd.DataFrame, units: SafeTable, *, threshold: int = 10, among: Units | None = None
) -> SafeTable:
    """People of the year before, by unit, and the average risk of both years.

    caseload : unit, within, people, people_before, risk, risk_before; actual_before if it is known
    units    : as in `make_quality_safe`; the people of the year judged stand there, and not in the result
    among    : as in `make_units_safe`

    The people of the year before are hidden where its own report hid them, or, if the ledger does not know that one,
    where it would have, given its people and actual. Raises DataError as `make_safe` does.
    """
    counts = {name: base for name, base in SHOWN_OF_CASELOAD.items() if name in caseload}
    safe = safe_among(caseload.drop(columns="people"), counts, threshold, among)
    hidden = int(_is_hidden(safe["people_before"]).sum())
    final = _hidden_with(units, safe, ["risk"], dropped=[name for name in counts if name != "people_before"])
    final.hidden_cells = hidden
    return final


def _hidden_with(units: SafeTable, safe: SafeTable, columns: list[str], *, dropped: Sequence[str] = ()) -> SafeTable:
    """The table with some columns hidden also for the units whose people are hidden, or that are not there."""
    open_units = [row["unit"] for row in require_safe(units).to_dict("records") if is_shown(row["people"])]
    hidden = ~safe["unit"].isin(open_units)
    shown = safe.assign(**{name: safe[name].mask(hidden, CONFIDENTIAL) for name in columns})
    final = make_safe(shown.drop(columns=list(dropped)), counts=[], threshold=safe.threshold)
    final.hidden_cells = safe.hidden_cells
    return final


def make_early_safe(interim: pd.DataFrame, *, threshold: int = 10, among: Units | None = None) -> SafeTable:
    """The first three months, by unit: unit, within, people_90, actual_90 and what is computed from them.

    among : as in `make_units_safe`

    What happened later is left out: beside the first three months it would give small numbers away.
    """
    early = interim.drop(columns=list(LATER), errors="ignore")
    return safe_among(early, SHOWN_OF_EARLY, threshold, among)


def make_cohorts_safe(cohorts: pd.DataFrame, *, threshold: int = 10, among: Units | None = None) -> SafeTable:
    """Cohorts made safe: those of one characteristic add up to everybody, those of a crossing to each of its parts.

    cohorts   : what `monitor_cohorts` returned: characteristic ('sex', 'sex and age band'), cohort, people, actual
    threshold : as in `make_safe`; raises DataError as it does
    among     : as in `make_units_safe`, of the cohorts

    A crossing in which anything has to be hidden is hidden whole: its parts are shown beside it.
    """
    named = cohorts.assign(unit=cohorts["characteristic"] + ": " + cohorts["cohort"].astype(str), within="")
    everybody = named[named["characteristic"] == named["characteristic"].iloc[0]]
    also = _also_hidden(named, SHOWN_OF_UNITS, threshold, among, everybody)
    final = _decided_cohorts(cohorts, threshold, also)
    if among is not None:
        among.quarter.hidden += final.hidden_cells - _decided_cohorts(cohorts, threshold, NO_MORE).hidden_cells
        among.note(final.assign(unit=named["unit"]), SHOWN_OF_UNITS)
    return final


def _decided_cohorts(cohorts: pd.DataFrame, threshold: int, also: AlsoHidden) -> SafeTable:
    safe = make_safe(cohorts, counts=SHOWN_OF_UNITS, within="characteristic", threshold=threshold, also_hidden=also)
    hidden = safe[list(SHOWN_OF_UNITS)].isin([CONFIDENTIAL]).any(axis=1)
    crossing = safe["characteristic"].str.contains(CROSSED, regex=False)
    closed = crossing & safe["characteristic"].isin(set(safe.loc[hidden, "characteristic"]))
    numbers = [name for name in cohorts if pd.api.types.is_numeric_dtype(cohorts[name]) and cohorts[name].dtype != bool]
    shown = pd.DataFrame(safe)
    shown.loc[closed, numbers] = CONFIDENTIAL
    final = make_safe(shown, counts=[], threshold=threshold)
    final.hidden_cells = int(shown[list(SHOWN_OF_UNITS)].isin([CONFIDENTIAL]).to_numpy().sum())
    return final
