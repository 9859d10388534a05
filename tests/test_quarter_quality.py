"""Unscored people, records there twice and everybody together, released quarter by quarter: no few people follow."""

from __future__ import annotations

import datetime
import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from test_rolling import Windows

from evalkit.present.curves_safe import make_curves_safe
from evalkit.present.earlier import Beside, Release, shown_of
from evalkit.present.everyone_safe import OF_FLOW, make_everyone_safe, make_judged_safe, make_whole_flow_safe
from evalkit.present.monitored_safe import (
    make_cohorts_safe,
    make_early_safe,
    make_quality_safe,
    make_units_safe,
)
from evalkit.present.quarters import EVERYONE, Quarter
from evalkit.present.rolling import (
    ACTUAL,
    ALL,
    DUPLICATES,
    PEOPLE,
    SERIES,
    STARTED,
    UNSCORED,
    Counted,
    exposed,
    in_use,
    points_of,
    ranges,
)
from evalkit.present.running import end_publication, running_publication

FIRST, LAST = 4, 16
TEAMS = [f"Team {number:02}" for number in range(12)]

PARTS = ("reconvicted", "others", "unscored", "young", "twice")
MADE_OF = {
    PEOPLE: (1, 1, 0, 0, 0),
    ACTUAL: (1, 0, 0, 0, 0),
    UNSCORED: (0, 0, 1, 0, 0),
    ALL: (1, 1, 1, 0, 0),
    STARTED: (1, 1, 1, 1, 0),
    DUPLICATES: (0, 0, 0, 0, 1),
}
"""Series -> how often it counts each of the parts of a quarter's people; of whom a record is there twice is in ALL."""

Quarters = np.ndarray
"""Team, part, quarter: people."""


def start_of(quarter):
    return datetime.date(2015 + quarter // 4, 1 + 3 * (quarter % 4), 1)


def window(first, last):
    """From the first day of one quarter to the day before another."""
    return start_of(first), start_of(last) - datetime.timedelta(days=1)


def small_teams(seed, rates=(2, 9)):
    """People by team, part and quarter; a third of the teams are opened or closed in between."""
    random = np.random.default_rng(seed)
    many = random.uniform(*rates, (len(TEAMS), 1)) * np.ones((1, LAST))
    for number in range(0, len(TEAMS), 3):
        change = random.integers(FIRST - 1, LAST - 4)
        many[number, slice(change, None) if number % 2 else slice(0, change)] = 0
    people, unscored, young = random.poisson(many), random.poisson(0.6 * many), random.poisson(0.4 * many)
    reconvicted, twice = random.binomial(people, 0.4), random.binomial(people + unscored, 0.4)
    return np.stack([reconvicted, people - reconvicted, unscored, young, twice], axis=1)


def number(quarters: Quarters, series, first, last):
    return np.tensordot(quarters[:, :, first:last].sum(axis=2), MADE_OF[series], axes=(1, 0))


def of_year(quarters, quarter):
    """The counts of the year that a quarter judges, by team."""
    counts = {
        name: number(quarters, series, quarter - 4, quarter)
        for name, series in {
            "people": PEOPLE,
            "actual": ACTUAL,
            "all_people": ALL,
            "unscored": UNSCORED,
            "duplicates": DUPLICATES,
        }.items()
    }
    return pd.DataFrame({"unit": TEAMS[: len(quarters)], "within": "", **counts})


def released_by_team(quarters, *, ledger):
    """Every quarter's units and the quality of their records, with or without a ledger."""
    releases = []
    for quarter in range(FIRST, LAST + 1):
        year = window(quarter - 4, quarter)
        spans = dict.fromkeys(("people", "actual", "unscored", "duplicates"), year)
        units = Quarter(Beside(releases=tuple(releases) if ledger else ())).of(Windows(spans))
        table = of_year(quarters, quarter)
        safe = make_units_safe(table[["unit", "within", "people", "actual"]], among=units)
        quality = table.drop(columns=["people", "actual"])
        make_quality_safe(quality.assign(missing_share=quality["unscored"] / quality["all_people"]), safe, among=units)
        releases.append(Release("", (year,), shown_of(running_publication().released)))
    end_publication()
    return releases


def released_of_everyone(quarters, *, ledger):
    """Every quarter's numbers of a small service: the year judged, and the flow since its beginning."""
    releases = []
    for quarter in range(FIRST, LAST + 1):
        year, seen, period = window(quarter - 4, quarter), (0, quarter), (0, min(quarter + 3, LAST))
        spans = dict.fromkeys(("people", "actual", "unscored", "duplicates"), year)
        flow = {
            "started": (STARTED, period),
            "eligible": (ALL, period),
            "followed": (ALL, seen),
            "scored": (PEOPLE, seen),
        }
        spans |= {name: window(*span) for name, (_, span) in flow.items()}
        units = Quarter(Beside(releases=tuple(releases) if ledger else ())).of(Windows(spans, column=EVERYONE))
        row = of_year(quarters, quarter).assign(
            unit=EVERYONE, **{name: number(quarters, series, *span) for name, (series, span) in flow.items()}
        )
        row = row.assign(people_90=0, actual_90=0, people_before=0, actual_before=0)
        make_everyone_safe(row, flow_to(row), among=units)
        releases.append(Release("", (year,), shown_of(running_publication().released)))
    end_publication()
    return releases


def flow_to(row):
    """The flow from an extract of 600 people to those judged."""
    left = [600, *(int(row[name].iloc[0]) for name in ("started", "eligible", "followed", "scored", "people"))]
    excluded = [0, *(before - after for before, after in itertools.pairwise(left))]
    return pd.DataFrame(
        {"step": [f"step {n}" for n in range(6)], "excluded": excluded, "remaining": left, "reason": ""}
    )


def given_away(releases, unit, series):
    """Quarters of which fewer than five numbers of some series fit all that was shown, some of them from 1 to 9."""
    rows, sums = [], []
    for (row, _, text), count in (
        (key, count) for one in releases for held in one.shown.values() for key, count in held.items()
    ):
        shown, first, last = text.split()
        if row == unit and count is not None:
            inside = [first <= start_of(quarter).isoformat() <= last for quarter in range(LAST)]
            rows.append(np.kron(MADE_OF[shown], inside))
            sums.append(count)
    seen = [LinearConstraint(np.array(rows), sums, sums), in_all()] if rows else [in_all()]
    found = []
    for one in series:
        for quarter in range(LAST):
            goal = np.kron(MADE_OF[one], np.arange(LAST) == quarter)
            least = end(goal, seen, 1)
            if least <= 9 and 1 <= (most := end(goal, seen, -1)) < least + 4:
                found.append((one, quarter, least, most))
    return found


def in_all():
    """Nobody is there twice who is not there."""
    kinds = np.array(MADE_OF[ALL]) - np.array(MADE_OF[DUPLICATES])
    return LinearConstraint(np.kron(kinds, np.eye(LAST)), 0, np.inf)


def end(goal, seen, sign):
    whole = milp(sign * goal, integrality=np.ones(len(goal)), bounds=Bounds(0, 99), constraints=seen)
    return round(sign * whole.fun)


NEW = (UNSCORED, DUPLICATES, ALL)


@pytest.mark.parametrize(("seed", "team"), [(1, 6), (4, 6)])
def test_three_years_of_records_give_small_teams_away_without_a_ledger_and_not_with_it(seed, team):
    quarters, unit = small_teams(seed), f"team={TEAMS[team]}"
    without, with_it = (released_by_team(quarters, ledger=ledger) for ledger in (False, True))
    assert given_away(without, unit, NEW)
    assert given_away(with_it, unit, NEW) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_three_years_of_a_small_service_give_its_people_away_without_a_ledger_and_not_with_it(seed):
    quarters, unit = small_teams(seed)[:1], f"{EVERYONE}={EVERYONE}"
    without, with_it = (released_of_everyone(quarters, ledger=ledger) for ledger in (False, True))
    assert given_away(without, unit, (UNSCORED, PEOPLE))
    assert given_away(with_it, unit, (UNSCORED, PEOPLE, STARTED)) == []


# ---------------------------------------------------------------- what one series says of another


def counted(first, last, count, series):
    return Counted(series, *window(first, last), {"Aston": count})


def test_of_a_sum_the_third_series_follows_from_two():
    assert in_use({PEOPLE}) == (PEOPLE,)
    assert in_use({PEOPLE, ACTUAL}) == (PEOPLE, ACTUAL, "rest")
    assert in_use({PEOPLE, DUPLICATES}) == (PEOPLE, DUPLICATES)
    assert in_use({PEOPLE, UNSCORED}) == (PEOPLE, ALL, UNSCORED)
    assert in_use({PEOPLE, UNSCORED, DUPLICATES}) == (PEOPLE, ALL, UNSCORED, DUPLICATES, "singles")


@pytest.mark.parametrize(("twice", "least"), [(40, 4), (36, 0)])
def test_who_is_there_twice_is_there_with_a_score_or_without(twice, least):
    # In two quarters are 30 people with a score, 26 of them in the first, and 10 without: 36 is the most in the first.
    shown = [
        counted(0, 2, 30, PEOPLE),
        counted(0, 1, 26, PEOPLE),
        counted(0, 2, 10, UNSCORED),
        counted(0, 2, twice, DUPLICATES),
    ]
    points = points_of(shown)
    bounds = dict(zip(SERIES, ranges(["Aston"], points, shown)[:, 0], strict=True))
    assert (-bounds[ALL][1, 0], bounds[ALL][0, 1]) == (26, 36)
    assert -bounds[DUPLICATES][2, 1] == least
    assert bool(exposed(ranges(["Aston"], points, shown), 10)[SERIES.index(PEOPLE), 0, 1, 2])


@pytest.mark.parametrize("seed", range(4))
def test_ranges_of_all_series_hold_every_way_to_fill_the_quarters(seed):
    random = np.random.default_rng(seed)
    many = 3
    truth = random.integers(0, 2, (2, many))
    twice = random.binomial(truth.sum(axis=0), 0.5)
    values = {PEOPLE: truth[0], UNSCORED: truth[1], ALL: truth.sum(axis=0), DUPLICATES: twice}
    spans = [(0, 2), (1, 3)]
    shown = [
        counted(*span, int(values[series][slice(*span)].sum()), series)
        for series in (PEOPLE, UNSCORED, DUPLICATES)
        for span in spans
    ]
    bounds = ranges(["Aston"], points_of(shown), shown)[:, 0]
    every = np.array(list(itertools.product(range(3), repeat=3 * many))).reshape(-1, 3, many)
    every = every[(every[:, 2] <= every[:, 0] + every[:, 1]).all(axis=1)]
    of = {PEOPLE: every[:, 0], UNSCORED: every[:, 1], ALL: every[:, 0] + every[:, 1], DUPLICATES: every[:, 2]}
    fits = np.all(
        [
            of[series][:, slice(*span)].sum(axis=1) == values[series][slice(*span)].sum()
            for series in (PEOPLE, UNSCORED, DUPLICATES)
            for span in spans
        ],
        axis=0,
    )
    for series, held in of.items():
        for first, last in itertools.combinations(range(many + 1), 2):
            sums = held[fits][:, first:last].sum(axis=1)
            one = bounds[SERIES.index(series)]
            assert -one[last, first] <= sums.min()
            assert sums.max() <= one[first, last]
            if series in (PEOPLE, UNSCORED):
                assert (-one[last, first], one[first, last]) == (sums.min(), sums.max())


# ---------------------------------------------------------------- everybody together


def of_everyone(first, **counts):
    """A release of everybody's year from a quarter on: count -> people."""
    first, last = window(first, first + 4)
    return Release(
        "",
        ((first, last),),
        {"any": {(f"{EVERYONE}={EVERYONE}", 0, f"{name} {first} {last}"): count for name, count in counts.items()}},
        "rat.html",
    )


def row_of_everyone(**counts):
    names = "people actual all_people unscored duplicates people_90 actual_90 people_before actual_before"
    flow = "started eligible followed scored"
    held = dict.fromkeys(f"{names} {flow}".split(), 0) | counts
    return pd.DataFrame([{"unit": EVERYONE, "within": "", **held}])


FLOW = flow_to(row_of_everyone(people=200, actual=60, scored=400, followed=480, eligible=500, started=540))

THREE_IN_THE_FIRST_QUARTER = (of_everyone(0, people=113), of_everyone(1, people=110))
"""Of a service that had nobody in the year from the third quarter on: 113 - 110 is the number of the first."""

YEAR = dict.fromkeys(("people", "actual"), window(2, 6))
EVERYBODY = Windows({**YEAR, "scored": window(0, 6), "people_90": window(6, 9)}, column=EVERYONE)


def beside(windows, releases=THREE_IN_THE_FIRST_QUARTER):
    return Quarter(Beside(releases=releases)).of(windows)


def test_what_has_to_be_hidden_of_everybody_is_hidden_of_all_that_adds_up_to_them():
    nobody = pd.DataFrame({"unit": ["X", "Y"], "within": "", "people": 0, "actual": 0})
    cohorts = nobody.assign(characteristic="sex", cohort=["female", "male"])
    shown = {}
    for releases in ((), THREE_IN_THE_FIRST_QUARTER):
        everyone = make_everyone_safe(row_of_everyone(), FLOW, among=beside(EVERYBODY, releases))
        areas = make_units_safe(nobody, among=beside(Windows(YEAR, "area", wider=EVERYBODY), releases))
        of_cohorts = make_cohorts_safe(cohorts, among=beside(Windows(YEAR, "cohort", wider=EVERYBODY), releases))
        tenths = make_judged_safe(nobody, everyone)
        shown[len(releases)] = [list(table["people"]) for table in (everyone, areas, of_cohorts, tenths)]
    assert shown == {0: [[0], [0, 0], [0, 0], [0, 0]], 2: [["[c]"], ["[c]"] * 2, ["[c]"] * 2, ["[c]"] * 2]}


def test_teams_of_areas_that_are_hidden_with_everybody_do_not_add_up_to_them():
    areas = Windows(YEAR, "area", wider=EVERYBODY)
    nobody = pd.DataFrame({"unit": list("abcd"), "within": list("XXYY"), "people": 0, "actual": 0})
    found = {
        len(releases): make_units_safe(nobody, among=beside(Windows(YEAR, wider=areas), releases))["people"].tolist()
        for releases in ((), THREE_IN_THE_FIRST_QUARTER)
    }
    assert found[0] == [0] * 4
    assert "[c]" in found[2][:2]
    assert "[c]" in found[2][2:]


@pytest.mark.parametrize(("before", "hide"), [(390, False), (391, True), (399, True), (400, False)])
def test_a_flow_that_would_tell_how_few_came_since_the_last_one_is_shown_without_numbers(before, hide):
    # The last quarter's flow had so many people with a score; its window ended where the quarters judged begin.
    held = {(f"{EVERYONE}={EVERYONE}", 0, f"people {start_of(0)} {window(0, 5)[1]}"): before}
    earlier = Release("", (window(1, 5),), {"any": held}, "rat.html")
    row = row_of_everyone(people=200, actual=60, scored=400, followed=480, eligible=500, started=540)
    everyone = make_everyone_safe(row, FLOW, among=beside(EVERYBODY, (earlier,)))
    flow = make_whole_flow_safe(FLOW, everyone)
    assert (flow["remaining"].tolist() == ["[c]"] * 6) is hide
    assert (flow["excluded"].tolist() == ["[c]"] * 6) is hide
    assert everyone["people"].tolist() == [200]
    told = beside(EVERYBODY, (earlier,))
    make_everyone_safe(row, FLOW, among=told)
    first, last = EVERYBODY.counted["scored"]
    assert told.quarter.shown[EVERYONE, f"people {first} {last}"] == {EVERYONE: None if hide else 400}
    end_publication()


def test_a_flow_is_not_shown_without_numbers_for_a_step_that_it_hides_itself():
    # Three people are not followed up in full, of whom no release says anything else.
    row = row_of_everyone(people=200, actual=60, scored=400, followed=497, eligible=500, started=540)
    windows = Windows({**EVERYBODY.counted, "eligible": window(0, 7), "followed": window(0, 6)}, column=EVERYONE)
    among = beside(windows, (of_everyone(1, people=150),))
    everyone = make_everyone_safe(row, flow_to(row), among=among)
    flow = make_whole_flow_safe(flow_to(row), everyone)
    end_publication()
    hidden = flow["remaining"].eq("[c]").tolist()[1:5]
    assert [name not in everyone for name in OF_FLOW] == hidden
    assert any(hidden)
    assert flow["excluded"].tolist().count("[c]") == 2
    assert flow["remaining"].tolist()[-2:] == [400, 200]


@pytest.mark.parametrize(("people_90", "drawn"), [(9, False), (10, True)])
def test_everybody_whose_first_three_months_are_hidden_has_no_curve(people_90, drawn):
    everyone = make_everyone_safe(row_of_everyone(people_90=people_90), FLOW)
    curve = pd.DataFrame({"unit": EVERYONE, "label": "", "day": [0, 90], "people": 200, "actual": [0, 40]})
    curve = curve.assign(predicted=1.0, low=0.0, high=2.0)
    assert (len(make_curves_safe(curve, everyone=everyone)) == 2) is drawn


@pytest.mark.parametrize(("day_60", "days"), [(20, [0, 60, 90, 120]), (21, [0, 90, 120])])
def test_no_point_of_a_curve_is_near_the_exact_number_of_three_months(day_60, days):
    # 30 by day 90 stands in the table: beside 19 to 23 of a rounded 20 or so it says how few followed in a month.
    curve = pd.DataFrame({"unit": "Aston", "label": "", "day": range(0, 150, 30), "people": 200})
    curve = curve.assign(actual=[0, 5, day_60, 30, 40], predicted=1.0, low=0.0, high=2.0)
    early = pd.DataFrame({"unit": ["Aston"], "within": "", "people_90": [200], "actual_90": [30]})
    assert make_curves_safe(curve, make_early_safe(early))["day"].tolist() == days
    assert make_curves_safe(curve)["day"].tolist() == [0, 60, *([90, 120] if day_60 == 20 else [120])]


def test_a_first_quarter_hides_no_more_of_the_records_than_it_did():
    table = of_year(small_teams(5), 8)
    quality = table.assign(missing_share=table["unscored"] / table["all_people"]).drop(columns=["people", "actual"])
    units = make_units_safe(table[["unit", "within", "people", "actual"]])
    spans = dict.fromkeys(("people", "actual", "unscored", "duplicates"), window(4, 8))
    among = beside(Windows(spans, wider=EVERYBODY), ())
    safe, alone = make_quality_safe(quality, units, among=among), make_quality_safe(quality, units)
    end_publication()
    assert (alone == "[c]").to_numpy().any()
    pd.testing.assert_frame_equal(pd.DataFrame(safe), pd.DataFrame(alone))
    assert among.quarter.hidden == 0
