"""Teams and the areas they add up to, on pages of their own: nothing hidden on one is the sum or the rest of others."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from evalkit.present.disclosure import make_safe
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
