"""Cox regression: R's survival (ties, late entry, clusters, proportional hazards), Rossi, and a status on the way."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from survival_reference import PEOPLE, VALUES, rossi

from evalkit.errors import DataError, SpecError
from evalkit.statistics.cox import cox, proportional_hazards, status_rows

FORMULA = "days, event ~ aid + age + area"
R_TERMS = {"aid": "aid", "age": "age", "area=south": "areasouth", "area=west": "areawest"}
ROSSI = "week, arrest ~ fin + age + race + wexp + mar + paro + prio"


def from_r(name, terms):
    return [VALUES[f"{name}_{R_TERMS.get(term, term)}"] for term in terms]


def on_the_way(people=PEOPLE):
    return status_rows(people, days="days", event="event", reached="reached")


@pytest.mark.parametrize(
    ("name", "formula", "clusters"),
    [
        ("cox", FORMULA, None),
        ("entry", f"entry, {FORMULA}", None),
        ("entry_team", f"entry, {FORMULA}", "team"),
    ],
)
def test_hazard_ratios_agree_with_r(name, formula, clusters):
    table = cox(PEOPLE, formula, clusters=clusters)
    assert table["term"].tolist() == list(R_TERMS)
    coefficients, errors = from_r(name, R_TERMS), np.array(from_r(f"{name}_error", R_TERMS))
    assert_close(table["log_hazard"], coefficients, decimals=8)
    assert_close(table["standard_error"], errors, decimals=8)
    assert_close(table["low"], np.exp(coefficients - 1.959963984540054 * errors), decimals=7)
    assert_close(table["high"], np.exp(coefficients + 1.959963984540054 * errors), decimals=7)
    assert table["people"].tolist() == [20 if clusters else 400] * 4
    assert table["events"].tolist() == [PEOPLE["event"].sum()] * 4
    assert ("clustered by team (20)" in table.loc[0, "method"]) == (clusters == "team")


def test_rossi_financial_aid():
    table = cox(rossi(), ROSSI)
    assert_close(table.loc[0, "log_hazard"], -0.3794222, decimals=7)
    assert_close(table.loc[0, ["hazard_ratio", "low", "high"]].astype(float), [0.6843, 0.4702, 0.9957], decimals=4)
    assert_close(table["log_hazard"], from_r("rossi", table["term"]), decimals=9)
    assert_close(table["standard_error"], from_r("rossi_error", table["term"]), decimals=9)
    assert table.loc[0, "p_value"] < 0.05  # by Cox; the log-rank test (.0501) and Fisher's (.063) say otherwise


def test_breslow_ties_would_not_do():
    from statsmodels.duration.hazard_regression import PHReg

    columns = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    men = rossi()
    efron, breslow = (
        PHReg(men["week"], men[columns], status=men["arrest"], ties=ties).fit().params for ties in ("efron", "breslow")
    )
    assert_close(cox(men, ROSSI)["log_hazard"], efron, decimals=9)
    assert abs(breslow[0] - efron[0]) > 1e-4


@pytest.mark.parametrize("transform", ["km", "identity"])
@pytest.mark.parametrize(("name", "formula"), [("zph", FORMULA), ("zph_entry", f"entry, {FORMULA}")])
def test_the_check_of_proportional_hazards_agrees_with_r(name, formula, transform):
    table = proportional_hazards(PEOPLE, formula, transform=transform)
    assert table["covariate"].tolist() == ["aid", "age", "area", "all together"]
    assert table["degrees_of_freedom"].tolist() == [1, 1, 2, 4]
    expected = [VALUES[f"{name}_{transform}_{row}"] for row in ("aid", "age", "area", "GLOBAL")]
    assert_close(table["chi_squared"], expected, decimals=7)
    assert_close(table.loc[2, "p_value"], np.exp(-table.loc[2, "chi_squared"] / 2), decimals=12)


def test_rossi_age_does_not_hold_one_ratio_for_all_weeks():
    table = proportional_hazards(rossi(), ROSSI)
    expected = [VALUES[f"rossi_zph_km_{row}"] for row in [*table["covariate"][:-1], "GLOBAL"]]
    assert_close(table["chi_squared"], expected, decimals=7)
    assert table.set_index("covariate")["p_value"].lt(0.05).to_dict()["age"]
    assert not table.set_index("covariate")["p_value"].lt(0.05).to_dict()["fin"]


def test_a_status_on_the_way_agrees_with_r():
    rows = on_the_way()
    assert len(rows) == VALUES["status_rows"]
    assert rows["status"].sum() == VALUES["status_ones"]
    for name, clusters in (("status", None), ("status_person", "person")):
        table = cox(rows, "start, days, event ~ status + age", clusters=clusters)
        assert_close(table["log_hazard"], from_r(name, ["status", "age"]), decimals=8)
        assert_close(table["standard_error"], from_r(f"{name}_error", ["status", "age"]), decimals=8)
    assert table["people"].tolist() == [400, 400]
    check = proportional_hazards(rows, "start, days, event ~ status + age")
    assert_close(
        check["chi_squared"], [VALUES[f"zph_status_km_{row}"] for row in ("status", "age", "GLOBAL")], decimals=7
    )


def test_statsmodels_counts_a_person_twice_on_the_day_of_change():
    # why the likelihood is our own: PHReg has rows that start on a day of events at risk on that day
    from statsmodels.duration.hazard_regression import PHReg

    rows = on_the_way()
    options = {"status": rows["event"], "entry": rows["start"], "ties": "efron"}
    theirs = PHReg(rows["days"], rows[["status", "age"]], **options).fit().params
    late = PHReg(rows["days"], rows[["status", "age"]], **(options | {"entry": rows["start"] + 0.5})).fit().params
    ours = cox(rows, "start, days, event ~ status + age")["log_hazard"]
    assert_close(late, ours, decimals=7)
    assert abs(theirs[0] - ours[0]) > 0.01


def test_rows_of_a_person_around_the_day_of_change():
    people = pd.DataFrame(
        {"id": list("abcdef"), "days": [10, 20, 30, 40, 50, 60], "event": [1, 0, 1, 1, 0, 1]}
        | {"reached": [4, None, 30, 41, 0, 59]},
        index=[7, 7, 8, 9, 10, 11],
    )
    rows = status_rows(people, days="days", event="event", reached="reached")
    stretches = rows[["id", "start", "days", "event", "status"]].to_numpy().tolist()
    assert stretches == [
        ["a", 0, 4, 0, 0],
        ["a", 4, 10, 1, 1],
        ["b", 0, 20, 0, 0],  # never
        ["c", 0, 30, 1, 0],  # on the last day: the event belongs to the time before
        ["d", 0, 40, 1, 0],  # after it
        ["e", 0, 50, 0, 1],  # from the start
        ["f", 0, 59, 0, 0],
        ["f", 59, 60, 1, 1],
    ]
    assert rows.index.tolist() == [7, 7, 7, 8, 9, 10, 11, 11]


def test_splitting_a_person_changes_nothing_where_the_status_is_left_out():
    whole, split = cox(PEOPLE, "days, event ~ age"), cox(on_the_way(), "start, days, event ~ age")
    assert_close(split["log_hazard"], whole["log_hazard"], decimals=10)
    assert_close(split["standard_error"], whole["standard_error"], decimals=10)


def test_neither_the_order_of_rows_nor_the_unit_of_a_covariate_matters():
    table = cox(PEOPLE, f"entry, {FORMULA}", clusters="team")
    moved = cox(
        PEOPLE.sample(frac=1, random_state=4).assign(age=lambda people: 1e6 + people["age"] / 100),
        f"entry, {FORMULA}",
        clusters="team",
    )
    scale = np.array([1, 100, 1, 1])
    assert_close(moved["log_hazard"] / scale, table["log_hazard"], decimals=7)
    assert_close(moved["standard_error"] / scale, table["standard_error"], decimals=7)


def test_days_on_which_nobody_is_left_or_nobody_began_say_nothing():
    more = pd.DataFrame(
        {
            "days": [0, 900],
            "entry": [0, 899],
            "event": [0, 0],
            "aid": [1, 0],
            "age": [30, 50],
            "area": ["north", "west"],
        }
    )
    longer = pd.concat([PEOPLE, more], ignore_index=True)
    found, expected = (cox(people, f"entry, {FORMULA}") for people in (longer, PEOPLE))
    assert_close(found["log_hazard"], expected["log_hazard"], decimals=10)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("days ~ age", "formula: 'days ~ age' cannot be read"),
        ("days, event", "formula: 'days, event' cannot be read"),
        ("days, event ~ ", "formula: 'days, event ~ ' cannot be read"),
        ("days, event ~ age + ", "cannot be read .expected 'days, event ~ covariate"),
        ("a, b, days, event ~ age", "cannot be read"),
    ],
)
def test_a_formula_that_cannot_be_read_is_refused(formula, message):
    with pytest.raises(SpecError, match=message):
        cox(PEOPLE, formula)


@pytest.mark.parametrize(
    ("changes", "formula", "clusters", "message"),
    [
        ({}, "days, event ~ height", None, "the frame lacks the column height"),
        ({"event": 0}, FORMULA, None, "event: nobody has one, so there are no hazards to compare"),
        ({"entry": 800}, f"entry, {FORMULA}", None, "entry, row 0 .*: 800; each must be a number of days from 0"),
        ({"entry": PEOPLE["days"]}, f"entry, {FORMULA}", None, "days, row .* an event must come after the day"),
        ({"age": 30}, FORMULA, None, "covariate age: all 400 .* have the same; leave it out"),
        ({"aid": PEOPLE["event"]}, FORMULA, None, "Cox regression: aid has a hazard ratio without end"),
        ({"aid": PEOPLE["age"] * 2}, FORMULA, None, "covariate age: it is made up of those before it"),
        ({"team": 1}, FORMULA, "team", "team: there is only one"),
        ({"team": None}, FORMULA, "team", "team, row 0 .*: missing; each row needs one"),
    ],
)
def test_refused_with_what_to_do(changes, formula, clusters, message):
    with pytest.raises(DataError, match=message):
        cox(PEOPLE.assign(**changes), formula, clusters=clusters)


def test_other_refusals():
    with pytest.raises(SpecError, match="transform: 'rank' is not known"):
        proportional_hazards(PEOPLE, FORMULA, transform="rank")
    with pytest.raises(SpecError, match="the frame already has a column status"):
        on_the_way(PEOPLE.assign(status=1))
    with pytest.raises(DataError, match=r"reached, row 0 .*: -1; each must be a number of days, 0 or more, or missing"):
        on_the_way(PEOPLE.assign(reached=-1))
    with pytest.raises(DataError, match=r"reached, row 0 .*'2020-01-01'; each must be a number of days"):
        on_the_way(PEOPLE.assign(reached="2020-01-01"))
