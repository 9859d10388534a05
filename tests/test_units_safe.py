"""Teams and the areas they add up to, on pages of their own: nothing hidden on one is the sum or the rest of others."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from test_made_safe import LAST, months
from test_rolling import FOUR, quarters, window

from evalkit.present.curves_safe import make_paths_safe
from evalkit.present.disclosure import make_safe
from evalkit.present.earlier import Release
from evalkit.present.findings import cusum_finding
from evalkit.present.monitored_safe import make_units_safe


def drawn(seed):
    """Teams of four areas, and the areas."""
    random = np.random.default_rng(seed)
    rows = [
        (f"Team {area}{team}", f"Area {area}", people, random.binomial(people, 0.3))
        for area in range(4)
        for team, people in enumerate(random.integers(12, 45, random.integers(1, 4)))
    ]
    teams = pd.DataFrame(rows, columns=["unit", "within", "people", "actual"])
    areas = teams.groupby("within", as_index=False)[["people", "actual"]].sum()
    return teams, areas.rename(columns={"within": "unit"}).assign(within="")


def end(vector, sums, sign):
    found = milp(sign * vector, integrality=np.ones(len(vector)), bounds=Bounds(0, np.inf), constraints=sums)
    return round(sign * found.fun)


def exposed(teams, areas, safe_teams, safe_areas):
    """Hidden counts of teams and areas with fewer than five possible values, for who knows the numbers of everybody."""
    many = len(teams)
    truth = np.concatenate([teams["actual"], teams["people"] - teams["actual"]])
    made_of = {"actual": np.eye(2 * many)[:many], "people": np.hstack([np.eye(many), np.eye(many)])}
    known, hidden = [], []
    for column, rows in made_of.items():
        known.append((rows.sum(axis=0), teams[column].sum(), teams[column].sum()))
        within = [rows[(teams["within"] == area).to_numpy()].sum(axis=0) for area in areas["unit"]]
        shown = [*zip(rows, safe_teams[column], strict=True), *zip(within, safe_areas[column], strict=True)]
        for vector, value in shown:
            ends = (min(1, vector @ truth), np.inf) if value == "[c]" else (value, value)
            known.append((vector, *ends))
            hidden += [vector] if value == "[c]" and vector @ truth > 0 else []
    rows, low, high = zip(*known, strict=True)
    sums = LinearConstraint(np.array(rows), low, high)
    return [int(vector @ truth) for vector in hidden if end(vector, sums, -1) - end(vector, sums, 1) < 4]


@pytest.mark.parametrize("seed", range(20, 32))
def test_no_area_is_the_sum_of_its_teams_and_no_team_the_rest_of_its_area(seed):
    teams, areas = drawn(seed)
    assert exposed(teams, areas, make_units_safe(teams), make_units_safe(areas)) == []


def test_made_safe_without_each_other_they_give_small_numbers_away():
    counts = {"people": None, "actual": "people"}
    found = []
    for teams, areas in map(drawn, (20, 21, 22, 23)):
        alone = [make_safe(table, counts=counts, within="within") for table in (teams, areas)]
        found.append(exposed(teams, areas, *alone))
    assert all(found)


def test_areas_are_shown_as_ever_and_teams_too_where_no_area_is_hidden():
    teams = pd.DataFrame({"unit": ["a", "b", "c"], "within": ["X", "X", "Y"], "people": [90, 80, 60],
                          "actual": [30, 25, 20]})  # fmt: skip
    assert make_units_safe(teams)["actual"].tolist() == [30, 25, 20]
    few = teams.assign(actual=[30, 5, 20])
    assert make_units_safe(few)["actual"].tolist() == ["[c]", "[c]", 20]


# ---------------------------------------------------------------- running sums


def shown_paths(safe_paths):
    return {unit for unit, value in zip(safe_paths["unit"], safe_paths["cusum_worse"], strict=True) if value != "[c]"}


PATHS = pd.concat([months(*[12] * 24, team=team) for team in "ABCD"]).rename(columns={"team": "unit"})


def test_a_team_that_hides_its_number_has_no_path():
    # That B has enough people in every year of a path would say how few of the total are left for A.
    table = FOUR.assign(actual=[5, 21, 22, 23])
    units = make_units_safe(table)
    hidden = set(units.loc[units["actual"] == "[c]", "unit"])
    assert len(hidden) == 2
    assert shown_paths(make_paths_safe(PATHS, units, last=LAST)) == set("ABCD") - hidden
    assert shown_paths(make_paths_safe(PATHS, make_units_safe(FOUR), last=LAST)) == set("ABCD")


@pytest.mark.parametrize(
    ("first", "series", "shown"), [(19, "people", "BCD"), (19, "unscored", "ABCD"), (14, "people", "ABCD")]
)
def test_a_team_hidden_in_an_earlier_quarter_that_its_path_tells_of_has_no_path(first, series, shown):
    """From October 2019 on, with the people of a year hidden, with a number of no path, and with an earlier year."""
    begin, end = window(first, first + 4)
    held = {(f"team={team}", 0, f"{series} {begin} {end}"): None if team == "A" else 50 for team in "ABCD"}
    among = quarters(
        Release("", ((begin, end),), {"any": held}, "rat.html"), people=window(23, 27), actual=window(23, 27)
    )
    safe_paths = make_paths_safe(PATHS, make_units_safe(FOUR), last=LAST, among=among)
    assert shown_paths(safe_paths) == set(shown)


def test_the_finding_counts_alarms_among_the_sums_that_are_shown():
    paths = PATHS.assign(alarm_worse=(PATHS["unit"] <= "B") & (PATHS["matures"] > "2021-06-01"))
    safe_paths = make_paths_safe(paths, make_units_safe(FOUR.assign(actual=[5, 21, 22, 23])), last=LAST)
    assert shown_paths(safe_paths) == set("CD")
    assert cusum_finding(safe_paths, unit="unit", units="teams") == "None of 2 teams has alarmed; 2 cannot be shown"
    every = make_paths_safe(paths, make_units_safe(FOUR), last=LAST)
    assert cusum_finding(every, unit="unit", units="teams") == "2 of 4 teams have alarmed: A, B"
    none = make_paths_safe(paths, make_units_safe(FOUR.head(0)), last=LAST)
    assert cusum_finding(none, unit="unit", units="teams") == "The sums of 4 teams cannot be shown"
