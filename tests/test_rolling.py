"""Years released quarter by quarter: no quarter of a few people follows from several of them, and the ledger knows."""

from __future__ import annotations

import datetime
import itertools
import json
import re
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from test_notebooks import SPECS

from evalkit.cohort import build_cohort
from evalkit.cohort.monitored import monitored_units
from evalkit.cohort.monitored_everyone import everyone_of
from evalkit.cohort.monitored_windows import everyone_windows, unit_windows
from evalkit.cohort.monitoring_round import monitoring_round
from evalkit.intake import load
from evalkit.present.earlier import Beside, Release, shown_of
from evalkit.present.monitored_safe import make_caseload_safe, make_cohorts_safe, make_early_safe, make_units_safe
from evalkit.present.quarters import EVERYONE, Quarter, hidden_for_earlier, judged_window, start_quarter
from evalkit.present.rolling import ACTUAL, PEOPLE, REST, SERIES, Counted, exposed, points_of, ranges, to_hide
from evalkit.present.running import end_publication, plan_publication, running_publication
from evalkit.reports import run_report
from evalkit.reports.ledger import LEDGER, Identity, Ledger, identity_of, read_ledger
from evalkit.spec import Monitoring, Predictor, read_spec
from evalkit.synthetic import write_demo


def start_of(quarter):
    return datetime.date(2015 + quarter // 4, 1 + 3 * (quarter % 4), 1)


def window(first, last):
    """From the first day of one quarter to the day before another."""
    return start_of(first), start_of(last) - datetime.timedelta(days=1)


def counted(first, last, counts, series=PEOPLE):
    return Counted(series, *window(first, last), counts)


def team(*released, series=PEOPLE):
    """Releases of one team's years: (first quarter, count)."""
    return [[counted(first, first + 4, {"Aston": count}, series)] for first, count in released]


# ---------------------------------------------------------------- what follows from several windows


def test_years_of_13_10_and_0_give_away_that_the_first_quarter_had_3():
    # Nobody came in the third year, so that nobody came in the last three quarters of the first two: 13 - 10 = 3.
    hidden = to_hide(counted(2, 6, {"Aston": 0}), [], team((0, 13), (1, 10)))
    assert hidden == {"Aston": True}


@pytest.mark.parametrize(("people", "hide"), [(30, False), (31, True), (39, True), (40, False)])
def test_a_quarter_of_1_to_9_people_is_exposed_and_one_of_nobody_or_ten_is_not(people, hide):
    # What the year of 40 people has more than its last three quarters came in the first: 10, 9, 1 and nobody.
    assert to_hide(counted(1, 4, {"Aston": people}), [], team((0, 40))) == {"Aston": hide}


def test_what_earlier_releases_gave_away_already_is_no_reason_to_hide_anything():
    given_away = [[counted(0, 4, {"Aston": 13}), counted(1, 4, {"Aston": 10})]]
    assert to_hide(counted(4, 8, {"Aston": 50}), [], given_away) == {"Aston": False}
    assert to_hide(counted(4, 8, {"Aston": 9}), [], given_away) == {"Aston": True}


def test_four_possible_values_are_too_few_and_five_are_enough():
    # The half-year lies between 0 and what the year holds: it has 4 values with 3 people, 5 with 4.
    points = points_of([counted(0, 4, {}), counted(1, 2, {})])
    for people, few in ((3, True), (4, False)):
        bounds = ranges(["Aston"], points, [counted(0, 4, {"Aston": people})])
        assert bool(exposed(bounds, 10)[0, 0, 1, 2]) is few


def test_nobody_and_ten_people_are_never_exposed():
    for people in (0, 10, 12):
        bounds = ranges(["Aston"], points_of([counted(0, 4, {})]), [counted(0, 4, {"Aston": people})])
        assert not exposed(bounds, 10).any()
    nine = ranges(["Aston"], points_of([counted(0, 4, {})]), [counted(0, 4, {"Aston": 9})])
    assert exposed(nine, 10)[0].any()


def test_a_team_that_is_not_listed_had_nobody_and_a_hidden_one_is_unknown():
    year = Counted(PEOPLE, *window(0, 4), {"Aston": None}, whole=True)
    assert np.isnan(year.of("Aston"))
    assert year.of("Yardley") == 0
    assert np.isnan(replace(year, whole=False).of("Yardley"))


SIX = 6


@pytest.mark.parametrize("seed", range(5))
def test_ranges_are_those_of_every_vector_of_quarters_that_fits(seed):
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, SIX)
    shown = [(0, 3), (1, 4), (3, 6), *((2, 5),) * (seed % 2)]
    windows = [counted(*span, {"Aston": int(truth[slice(*span)].sum())}) for span in shown]
    points = points_of([*windows, *(counted(quarter, quarter + 1, {}) for quarter in range(SIX))])
    bounds = ranges(["Aston"], points, windows)[SERIES.index(PEOPLE), 0]
    most = max(truth[slice(*span)].sum() for span in shown)
    every = np.array(list(itertools.product(range(int(most) + 1), repeat=SIX)))
    fits = np.all([every[:, slice(*span)].sum(axis=1) == truth[slice(*span)].sum() for span in shown], axis=0)
    for first, last in itertools.combinations(range(SIX + 1), 2):
        sums = every[fits][:, first:last].sum(axis=1)
        assert (-bounds[last, first], bounds[first, last]) == (sums.min(), sums.max())


def test_people_reconvicted_and_the_rest_bound_each_other():
    # Of a quarter's 12 people 9 or more were not reconvicted: so 3 at most were.
    shown = [
        counted(0, 1, {"Aston": 12}),
        counted(0, 2, {"Aston": 40}),
        counted(0, 2, {"Aston": 16}, ACTUAL),  # 24 of the half-year were not
        counted(1, 3, {"Aston": 28}),
        counted(1, 3, {"Aston": 13}, ACTUAL),  # 15 of the next one: at least 9 of the first quarter
    ]
    quarter = points_of(shown).index(start_of(1))
    bounds = ranges(["Aston"], points_of(shown), shown)[:, 0]
    least_rest, most_actual = -bounds[SERIES.index(REST), quarter, 0], bounds[SERIES.index(ACTUAL), 0, quarter]
    assert (least_rest, most_actual) == (9, 3)
    alone = ranges(["Aston"], points_of(shown), [one for one in shown if one.series == ACTUAL])[:, 0]
    assert alone[SERIES.index(ACTUAL), 0, quarter] == 16


def test_of_numbers_that_contradict_each_other_the_earliest_are_left_out_team_by_team():
    wrong = [counted(1, 5, {"Aston": 40, "Yardley": 13})]  # 40, in a year of which a later release says 10
    earlier = [wrong, [counted(1, 5, {"Aston": 10, "Yardley": 13})], [counted(2, 6, {"Aston": 7, "Yardley": 10})]]
    new = counted(3, 7, {"Aston": 0, "Yardley": 0})
    assert to_hide(new, [], earlier) == to_hide(new, [], earlier[1:]) == {"Aston": True, "Yardley": True}
    nothing_fits = [[counted(3, 7, {"Aston": 5, "Yardley": 5})]]
    assert to_hide(new, [], nothing_fits) == {"Aston": False, "Yardley": False}


# ---------------------------------------------------------------- three years of quarterly releases


@dataclass(frozen=True)
class Windows:
    """The days that the counts of a quarter are about, as the cohort says them."""

    counted: dict
    column: str = "team"
    coming: dict = field(default_factory=dict)
    wider: object = None


FIRST, LAST = 8, 20
TEAMS = [f"Team {number:02}" for number in range(12)]
CHANGED = TEAMS[::6]


def small_teams(seed):
    """People and reconvicted, by team and quarter: a third of the teams are opened or closed in between."""
    random = np.random.default_rng(seed)
    rates = random.uniform(2, 12, (len(TEAMS), 1)) * np.ones((1, LAST))
    for number in range(0, len(TEAMS), 3):
        change = random.integers(FIRST - 3, LAST - 4)
        rates[number, slice(change, None) if number % 2 else slice(0, change)] = 0
    people = random.poisson(rates)
    return people, random.binomial(people, 0.3)


def released_quarterly(people, actual, *, ledger):
    """Every quarter's year, and the year before it: what its pages show, with or without a ledger."""
    releases = []
    for quarter in range(FIRST, LAST + 1):
        year, before = window(quarter - 4, quarter), window(quarter - 8, quarter - 4)
        spans = {"people": year, "actual": year, "people_before": before}
        units = Quarter(Beside(releases=tuple(releases) if ledger else ())).of(Windows(spans))
        counts = {
            f"{name}{ending}": held[:, quarter - back : quarter - back + 4].sum(axis=1)
            for name, held in (("people", people), ("actual", actual))
            for ending, back in (("", 4), ("_before", 8))
        }
        table = pd.DataFrame({"unit": TEAMS, "within": "", **counts})
        safe = make_units_safe(table[["unit", "within", "people", "actual"]], among=units)
        make_caseload_safe(table.drop(columns="actual").assign(risk=0.3, risk_before=0.3), safe, among=units)
        releases.append(Release("", (year,), shown_of(running_publication().released)))
    end_publication()
    return releases


def given_away(releases, team):
    """Quarters of which fewer than five numbers of people, or of people reconvicted, fit all that was shown."""
    rows, sums = [], []
    for (row, _, text), count in (
        (key, count) for one in releases for held in one.shown.values() for key, count in held.items()
    ):
        series, first, last = text.split()
        if row == f"team={team}" and count is not None:
            inside = [start_of(quarter).isoformat() for quarter in range(LAST)]
            months = np.array([first <= day <= last for day in inside], dtype=float)
            rows.append(np.concatenate([months, months if series == PEOPLE else 0 * months]))
            sums.append(count)
    seen = LinearConstraint(np.array(rows), sums, sums) if rows else ()
    found = []
    for quarter in range(FIRST - 4, LAST):
        for series, parts in ((PEOPLE, (0, LAST)), (ACTUAL, (0,))):
            goal = np.zeros(2 * LAST)
            goal[[quarter + part for part in parts]] = 1
            least, most = (
                round(
                    sign * milp(sign * goal, integrality=np.ones(2 * LAST), bounds=Bounds(0, 99), constraints=seen).fun
                )
                for sign in (1, -1)
            )
            if most - least < 4 and most >= 1 and least <= 9:
                found.append((series, quarter, least, most))
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_three_years_of_quarters_give_small_teams_away_without_a_ledger_and_not_with_it(seed):
    people, actual = small_teams(seed)
    without = released_quarterly(people, actual, ledger=False)
    assert any(given_away(without, team) for team in CHANGED)
    with_it = released_quarterly(people, actual, ledger=True)
    assert [found for team in CHANGED for found in given_away(with_it, team)] == []


# ---------------------------------------------------------------- a quarter's pages


def quarters(*releases, **spans):
    """The units of one quarter's page, beside releases."""
    return Quarter(Beside(releases=releases)).of(Windows(spans))


def shown_by(first, column="team", **counts):
    """A release of the year from a quarter on, as the ledger hands it out: team -> people."""
    first, last = window(first, first + 4)
    held = {(f"{column}={team}", 0, f"people {first} {last}"): count for team, count in counts.items()}
    return Release("", ((first, last),), {"any": held}, "rat.html")


@dataclass(frozen=True)
class OfCohorts(Windows):
    column: str = "cohort"


FOUR = pd.DataFrame(
    {"unit": ["A", "B", "C", "D"], "within": "", "people": [40, 50, 60, 70], "actual": [20, 21, 22, 23]}
)


def test_a_count_hidden_for_times_sake_is_protected_by_another_and_both_are_counted():
    # A's quarter before had 13 - 10 = 3 people if nobody came since; the total is known, so that B is hidden as well.
    nobody = FOUR.assign(people=[0, 50, 60, 70], actual=[0, 20, 21, 22])
    earlier = [shown_by(0, A=13, B=50, C=60, D=70), shown_by(1, A=10, B=50, C=60, D=70)]
    units = quarters(*earlier, people=window(2, 6), actual=window(2, 6))
    safe = make_units_safe(nobody, among=units)
    assert safe["people"].tolist() == ["[c]", "[c]", 60, 70]
    said = hidden_for_earlier(units.quarter).text
    assert (safe[["people", "actual"]] == "[c]").to_numpy().sum() == 4
    assert said.endswith(f"several quarters: 4 counts. Held against: years that ended in {ENDED}.")
    alone = make_units_safe(nobody, among=quarters(people=window(2, 6), actual=window(2, 6)))
    assert alone["people"].tolist() == [0, 50, 60, 70]


def test_what_is_hidden_anyway_is_not_counted_as_hidden_for_times_sake():
    few = FOUR.assign(people=[0, 50, 60, 70], actual=[0, 20, 21, 2])
    earlier = [shown_by(0, A=13, B=50, C=60, D=70), shown_by(1, A=10, B=50, C=60, D=70)]
    units = quarters(*earlier, people=window(2, 6), actual=window(2, 6))
    safe, alone = make_units_safe(few, among=units), make_units_safe(few)
    hidden, anyway = (table[["people", "actual"]] == "[c]" for table in (safe, alone))
    assert anyway["actual"].sum() >= 2
    assert units.quarter.hidden == (hidden & ~anyway).to_numpy().sum() > 0


def test_a_cohort_of_which_an_earlier_quarter_would_be_known_is_hidden_with_another_of_its_characteristic():
    ages = ("young", "middling", "older", "old")
    cohorts = FOUR.assign(characteristic="age band", cohort=ages, people=[0, 50, 60, 70], actual=[0, 20, 21, 22])
    named = [f"age band: {age}" for age in ages]
    earlier = [
        shown_by(start, "cohort", **dict(zip(named, people, strict=True)))
        for start, people in ((0, (13, 50, 60, 70)), (1, (10, 50, 60, 70)))
    ]
    spans = {"people": window(2, 6), "actual": window(2, 6)}
    units = Quarter(Beside(releases=earlier)).of(OfCohorts(spans))
    safe = make_cohorts_safe(cohorts, among=units)
    assert safe["people"].tolist() == ["[c]", "[c]", 60, 70]
    assert units.quarter.hidden == 4
    told = units.quarter.shown["cohort", f"people {spans['people'][0]} {spans['people'][1]}"]
    assert told == dict(zip(named, (None, None, 60, 70), strict=True))
    alone = make_cohorts_safe(cohorts, among=Quarter(Beside()).of(OfCohorts(spans)))
    assert alone["people"].tolist() == make_cohorts_safe(cohorts)["people"].tolist() == [0, 50, 60, 70]


ENDED = "January 2015 to December 2015; April 2015 to March 2016"


def test_a_release_of_the_very_quarter_is_revised_and_hides_nothing():
    of_this_quarter = shown_by(0, A=38, B=50, C=60, D=70)
    units = quarters(of_this_quarter, people=window(0, 4), actual=window(0, 4))
    assert make_units_safe(FOUR, among=units)["people"].tolist() == [40, 50, 60, 70]
    assert hidden_for_earlier(units.quarter).text == ""


@dataclass(frozen=True)
class Within(Windows):
    column: str = "area"


def test_a_wider_unit_hidden_on_its_own_page_is_not_the_sum_of_its_teams():
    first, last = window(0, 4)
    areas = {("area=X", 0, f"people {first} {last}"): 103, ("area=Y", 0, f"people {first} {last}"): 130}
    earlier = Release("", ((first, last),), {"areas": areas}, "rat.html")
    spans = {"people": window(1, 4), "actual": window(1, 4)}  # 103 - 100: three people of X came in the quarter before
    table = FOUR.assign(within=["X", "X", "Y", "Y"], people=[40, 60, 60, 70])
    units = Quarter(Beside(releases=(earlier,))).of(Windows(spans, wider=Within(spans)))
    area_page = make_units_safe(
        pd.DataFrame({"unit": ["X", "Y"], "within": "", "people": [100, 130], "actual": 40}),
        among=Quarter(Beside(releases=(earlier,))).of(Within(spans)),
    )
    assert area_page["people"].tolist() == ["[c]", "[c]"]
    teams = make_units_safe(table, among=units)["people"]
    assert (teams == "[c]").sum() >= 2
    assert "[c]" in teams[:2].tolist()


def test_the_year_before_is_hidden_where_its_own_page_hid_it():
    year, before = window(4, 8), window(0, 4)
    spans = {"people": year, "actual": year, "people_before": before}
    loads = FOUR.drop(columns="actual").assign(people_before=[44, 55, 66, 77], risk=0.3, risk_before=0.3)
    units = quarters(shown_by(0, A=None, B=None, C=66, D=77), **spans)
    safe = make_caseload_safe(loads, make_units_safe(FOUR, among=units), among=units)
    assert safe["people_before"].tolist() == ["[c]", "[c]", 66, 77]
    assert "actual_before" not in safe


def test_a_year_is_not_hidden_because_an_early_count_of_the_same_people_was():
    first, last = window(4, 8)
    held = {(f"team={unit}", 0, f"people {first} {last}"): None for unit in "ABCD"}
    early = Release("", (window(0, 4),), {"early": held}, "rat.html")
    units = quarters(early, people=(first, last), actual=(first, last))
    assert make_units_safe(FOUR, among=units)["people"].tolist() == [40, 50, 60, 70]


def test_where_that_page_is_not_known_it_is_decided_as_the_page_would_have():
    units, within = list("ABCDEF"), list("XXYYYZ")
    then = pd.DataFrame(
        {"unit": units, "within": within, "people": [14, 13, 12, 10, 10, 8], "actual": [0, 0, 0, 9, 4, 7]}
    )
    page = make_units_safe(then)["people"].tolist()
    loads = then.assign(risk=0.3, risk_before=0.3, people_before=then["people"], actual_before=then["actual"])
    safe = make_caseload_safe(loads.drop(columns="actual"), make_units_safe(then))
    assert safe["people_before"].tolist() == page == [14, "[c]", 12, 10, 10, "[c]"]
    assert safe.hidden_cells == 2
    assert "actual_before" not in safe
    without_actual = make_caseload_safe(loads.drop(columns=["actual", "actual_before"]), make_units_safe(then))
    assert without_actual["people_before"].tolist() != page  # decided by other numbers, it would hide others


@pytest.mark.parametrize(("left", "hide"), [(9, True), (10, False)])
def test_the_first_three_months_give_way_to_the_year_that_a_later_quarter_will_show(left, hide):
    # Of the year that the next quarter judges all but a few are in the early count.
    year = window(5, 9)
    coming = {year: {"A": 50 + left, "B": 90, "C": 90, "D": 90}}
    spans = {"people_90": window(6, 9), "actual_90": window(6, 9)}
    units = Quarter(Beside()).of(Windows({**spans, "actual": window(2, 6)}, coming=coming))
    early = pd.DataFrame(
        {"unit": list("ABCD"), "within": "", "people_90": [50, 60, 70, 80], "actual_90": [20, 21, 22, 23]}
    )
    safe = make_early_safe(early, among=units)
    hidden = [hide, hide, False, False]  # and one to protect it
    assert safe["people_90"].eq("[c]").tolist() == safe["actual_90"].eq("[c]").tolist() == hidden


def test_a_later_year_of_too_few_people_to_be_shown_takes_nothing_from_the_first_three_months():
    # What is left of B's 15 people without those of the next year, 5 or 6, follows where that is shown: 10, but not 9.
    spans = {"people_90": window(6, 9), "actual_90": window(6, 9), "actual": window(2, 6)}
    early = pd.DataFrame(
        {"unit": list("ABCD"), "within": "", "people_90": [50, 15, 60, 70], "actual_90": [20, 0, 22, 23]}
    )
    for people, hide in ((9, False), (10, True)):
        coming = {window(7, 9): {"A": 40, "B": people, "C": 40, "D": 40}}
        shown = make_early_safe(early, among=Quarter(Beside()).of(Windows(spans, coming=coming)))["people_90"]
        assert (shown[1] == "[c]") is hide


# ---------------------------------------------------------------- the ledger


def test_what_is_told_holds_no_hidden_count_and_keeps_what_another_page_of_the_quarter_showed():
    first, last = window(0, 4)
    by_area = {("area=X", 0, f"people {first} {last}"): 220}
    another_page = Release("", ((first, last),), {"areas": by_area}, "rat.html")
    units = quarters(another_page, people=(first, last), actual=(first, last))
    make_units_safe(FOUR.assign(actual=[20, 7, 21, 22]), among=units)
    told = {
        name: dict(zip(table["rows"], counts, strict=True))
        for table in running_publication().released
        for name, counts in table["counts"].items()
    }
    end_publication()
    assert told[f"actual {first} {last}"] == {"team=A": None, "team=B": None, "team=C": 21, "team=D": 22}
    assert told[f"people {first} {last}"] in (
        {"area=X": 220},
        {f"team={unit}": n for unit, n in zip("ABCD", [40, 50, 60, 70], strict=True)},
    )
    assert len(running_tables(units)) == 2


def running_tables(units):
    units.quarter.tell()
    tables = running_publication().released
    end_publication()
    return tables


def test_the_tool_and_its_briefings_are_one_evaluation_and_other_rules_another():
    tool, briefing = (read_spec(SPECS / f"{name}.toml") for name in ("rat", "briefing"))
    name = identity_of(tool).evaluation
    assert name == identity_of(briefing, "team=Aston").evaluation
    assert identity_of(briefing, "team=Aston").unit == ""
    later = replace(tool, name="other", cohort=replace(tool.cohort, period=window(0, 8)))
    assert identity_of(later).evaluation == name
    for other in (
        replace(tool, cohort=replace(tool.cohort, minimum_age=21)),
        replace(tool, predictor=Predictor(coefficients="moj_api")),
        replace(tool, monitoring=Monitoring(units=("team",))),
    ):
        assert identity_of(other).evaluation != name


def test_the_ledger_has_an_entry_for_each_quarter_named_by_the_years_it_judged(tmp_path):
    (tmp_path / LEDGER).mkdir()
    identity = identity_of(read_spec(SPECS / "rat.toml"))
    for first, count in ((0, 40), (1, 41), (1, 42)):
        start, end = window(first, first + 4)
        tables = [{"table": "any 1", "rows": ["team=A"], "counts": {f"actual {start} {end}": [count]}}]
        Ledger(tmp_path).add(identity, "rat.html", tables)
    entries = read_ledger(tmp_path, identity.evaluation)
    assert [entry.tables[0]["counts"].popitem()[1] for entry in entries] == [[40], [42]]
    assert [entry.title for entry in entries] == [
        "monitoring (all units, years that ended in January 2015 to December 2015)",
        "monitoring (all units, years that ended in April 2015 to March 2016)",
    ]
    assert judged_window([]) is None
    Ledger(tmp_path).add(
        Identity("other", "", (window(0, 4),)),
        "other.html",
        [{"table": "people 1", "rows": [], "counts": {"people": []}}],
    )
    assert read_ledger(tmp_path, "other")[0].title == "other.html (everyone, January 2015 to December 2015)"


def test_a_quarter_starts_beside_what_its_process_was_told():
    release = shown_by(0, A=40)
    plan_publication((), Beside(releases=(release,)))
    assert start_quarter().beside.releases == (release,)
    plan_publication(())
    end_publication()
    assert start_quarter().earlier == []


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return write_demo(tmp_path_factory.mktemp("small") / "demo", people=4000)


@pytest.fixture(scope="module")
def cohort(demo):
    spec = read_spec(SPECS / "briefing.toml")
    return build_cohort(load(demo, tables=spec.tables), spec)


def people_between(cohort, column, first, last):
    """People with a score whose year ends in a window, by unit."""
    frame = cohort.frame[cohort.frame["predicted"].notna()]
    ends = frame["index_date"] + pd.Timedelta(days=365)
    return frame[ends.between(pd.Timestamp(first), pd.Timestamp(last))].groupby(column).size()


@pytest.mark.parametrize("column", ["area", "team"])
def test_the_windows_are_those_of_the_people_counted(cohort, column):
    units = monitored_units(cohort, column)
    windows, shown = units.windows, {"people": units.table, "people_before": units.caseload, "people_90": units.interim}
    assert (windows.column, windows.wider.column) == (column, "area" if column == "team" else EVERYONE)
    for name, table in shown.items():
        found = table.set_index("unit")[name]
        assert found[found > 0].to_dict() == people_between(cohort, column, *windows.counted[name]).to_dict()
    assert windows.counted["people"] == windows.counted["actual"] == units.period
    assert windows.counted["people_90"] == windows.counted["actual_90"]
    # The cohort's supervisions start by March 2021: later quarters judge nobody whose year ends after March 2022.
    assert windows.counted["people_90"] == (day("2021-10-01"), day("2022-03-31"))
    assert [last.isoformat() for _, last in windows.coming] == ["2021-12-31", *["2022-03-31"] * 4]
    for year, people in windows.coming.items():
        assert people == people_between(cohort, column, *year).to_dict()


@pytest.mark.parametrize("last", ["2021-03-31", "2021-12-31", "2030-12-31"])
def test_the_windows_of_everybody_are_those_of_the_people_counted(demo, last):
    spec = read_spec(SPECS / "briefing.toml")
    spec = replace(spec, cohort=replace(spec.cohort, period=(day("2017-10-01"), day(last))))
    cohort = build_cohort(load(demo, tables=spec.tables), spec)
    everyone = everyone_of(monitored_units(cohort, "area"), cohort.flow)
    windows = everyone_windows(monitoring_round(cohort))
    ends, score = cohort.frame["index_date"] + pd.Timedelta(days=365), cohort.frame["predicted"].notna()
    among = {"unscored": ~score, "followed": score | ~score, "eligible": score | ~score}
    outcomes = {"actual": cohort.frame["reconvicted"], "actual_90": cohort.frame["days_to_reconviction"].le(90)}
    counted = [name for name in windows.counted if name in everyone and name not in {"duplicates", "started"}]
    for name in counted:
        people = among.get(name, score) & outcomes.get(name, True)
        first, end = (pd.Timestamp(one) for one in windows.counted[name])
        assert everyone[name].tolist() == [int((people & ends.between(first, end)).sum())], name
    assert len(counted) == 9
    # No start is on record after 31 December 2021, when the extract was made.
    assert windows.counted["started"][1] == min(day(last), day("2021-12-31")) + datetime.timedelta(days=365)
    assert (windows.column, windows.wider) == (EVERYONE, None)
    assert all(list(people) == [EVERYONE] for people in windows.coming.values())


def test_the_first_three_months_of_a_cohort_that_is_still_open_end_with_those_seen_for_so_long(demo):
    spec = read_spec(SPECS / "briefing.toml")
    spec = replace(spec, cohort=replace(spec.cohort, period=(day("2017-10-01"), day("2021-12-31"))))
    units = monitored_units(build_cohort(load(demo, tables=spec.tables), spec), "area")
    # Outcomes are known up to 1 December 2021: seen for 90 days is who started by 2 September.
    assert units.windows.counted["people_90"] == (day("2021-10-01"), day("2022-09-02"))
    found = units.interim.set_index("unit")["people_90"]
    whole = build_cohort(load(demo, tables=spec.tables), spec)
    assert found.to_dict() == people_between(whole, "area", "2021-10-01", "2022-09-02").to_dict()
    assert [last.isoformat() for _, last in units.windows.coming][-2:] == ["2022-06-30", "2022-09-30"]


def test_a_unit_that_had_people_in_one_of_the_years_only_is_in_the_caseload(cohort):
    ends = cohort.frame["index_date"] + pd.Timedelta(days=365)
    gone = (cohort.frame["area"] == "Derbyshire") & (ends >= pd.Timestamp("2020-10-01"))
    new = (cohort.frame["area"] == "Birmingham") & (ends < pd.Timestamp("2020-10-01"))
    caseload = monitored_units(replace(cohort, frame=cohort.frame[~gone & ~new]), "area").caseload.set_index("unit")
    assert caseload.loc["Derbyshire", "people"] == caseload.loc["Birmingham", "people_before"] == 0
    assert caseload.loc["Derbyshire", "people_before"] > caseload.loc["Derbyshire", "actual_before"] > 0


def day(text):
    return datetime.date.fromisoformat(text)


def test_a_window_that_the_look_does_not_reach_back_to_is_none(cohort):
    spec = replace(cohort.spec, monitoring=replace(cohort.spec.monitoring, quarters=4))
    assert "people_before" not in unit_windows(monitoring_round(replace(cohort, spec=spec)), "area").counted
    spec = replace(cohort.spec, monitoring=replace(cohort.spec.monitoring, quarters=6))
    counted = unit_windows(monitoring_round(replace(cohort, spec=spec)), "area").counted
    assert counted["people_before"] == (day("2020-04-01"), day("2020-09-30"))


@pytest.fixture(scope="module")
def pages(demo, tmp_path_factory):
    """Briefings on one area from a small extract, two quarters, the second twice: the bytes and the ledger of each."""
    folder, made = tmp_path_factory.mktemp("quarters"), []
    text = (
        (SPECS / "briefing.toml").read_text().replace('"../team_briefing', f'"{SPECS.parent.resolve()}/team_briefing')
    )
    for day in ("2021-03-31", "2021-06-30", "2021-06-30"):
        (folder / "page.toml").write_text(text.replace("[monitoring]", f"[monitoring]\nquarter_end = {day}"))
        area = {"unit_column": "area", "unit": "Birmingham"}
        page = run_report(folder / "page.toml", data=demo, out=folder / "out", parameters=area)
        made.append((page.read_bytes(), read_ledger(folder / "out")))
    return folder, made


def test_a_second_quarter_is_held_against_the_first_and_made_again_it_is_the_same(pages):
    _, ((_, one), (page, two), (again, three)) = pages
    assert [len(one), len(two), len(three)] == [1, 2, 2]
    assert again == page
    assert three == two
    said = re.search(r"several quarters: (\d+) counts?\. Held against: years that ended in ([^.]*)\.", page.decode())
    assert int(said[1]) > 0
    assert said[2] == "April 2020 to March 2021"
    assert [entry.identity.windows[0][1].isoformat() for entry in two] == ["2021-03-31", "2021-06-30"]


def test_the_file_of_the_ledger_holds_shown_counts_only(pages):
    folder, _ = pages
    files = sorted((folder / "out" / LEDGER).glob("*.json"))
    counts = [
        value
        for file in files
        for table in json.loads(file.read_text())["tables"]
        for held in table["counts"].values()
        for value in held
    ]
    assert len(files) == 2
    assert None in counts
    assert all(value is None or value == 0 or value >= 10 for value in counts)
