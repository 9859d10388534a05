"""What is planted for monitoring, and that it is found: two teams, a cohort, a team with a data-quality fault."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from conftest import assert_close
from scipy.special import logit

from evalkit.cohort import build_cohort
from evalkit.intake import load
from evalkit.ogrs import offence_group
from evalkit.spec import read_spec
from evalkit.statistics.monitoring import monitor, monitor_cohorts
from evalkit.statistics.unit_cusums import unit_thresholds
from evalkit.synthetic import catalogue, choose, describe_truth, truth
from evalkit.synthetic.draws import day, to_dates
from evalkit.synthetic.histories import untreated_risk

LAST_QUARTER = "2021-09-30"
"""The last quarter whose people are all mature in an extract of 31 December 2021."""

BEFORE = "2019-12-31"
"""The people of the year to this day started before anything was planted."""

WORSE, BETTER = truth.PLANTED_TEAMS
(COHORT,) = truth.PLANTED_COHORT
(FAULTY,) = truth.UNSCORED_IN_TEAM
UNITS = {WORSE: "alert worse", BETTER: "alert better", FAULTY: "data-quality hold", COHORT: "alert worse"}
CHARACTERISTICS = ("sex", "ethnicity", "offence_group", "sentence_type")


@pytest.fixture(scope="module")
def frame(demo_folder):
    """The cohort frame of the demonstration extract, made from its rows."""
    return build_cohort(load(demo_folder), read_spec(Path("notebooks/specs/ete.toml"))).frame


@pytest.fixture(scope="module")
def thresholds(frame):
    """Set once and kept from run to run, as a user would: the teams are as large with every seed."""
    return unit_thresholds(frame, unit="team", period=LAST_QUARTER)


def frame_of(seed):
    """The columns of the cohort frame that monitoring reads, of the people of a seed, without the files between."""
    people = choose.followed_people(seed, 1.0)
    return pd.DataFrame(
        {
            "person_id": people.index,
            "index_date": to_dates(people["index_day"]).array,
            "mature": people["index_day"] <= choose.LAST_MATURE,
            "reconvicted": people["reconvicted_after"] <= 365,
            "predicted": people["predicted"].mask(people["unscored"]),
            "offence_group": offence_group(people["offence_code"]),
            **people[["team", "sex", "ethnicity", "sentence_type"]],
        }
    )


def states(frame, thresholds, period=LAST_QUARTER):
    """State and direction of each team and each offence group."""
    teams = monitor(frame, unit="team", period=period, thresholds=thresholds).set_index("team")
    cohorts = monitor_cohorts(frame, by=CHARACTERISTICS, period=period).set_index("cohort")
    cohorts = cohorts[cohorts["characteristic"] == "offence_group"]
    return pd.concat([(table["state"] + " " + table["direction"]).str.strip() for table in (teams, cohorts)])


def test_the_planted_units_differ_from_their_day_on_and_not_before():
    teams = ["Aston", WORSE, BETTER, FAULTY]  # Aston stands for all the others
    rows = [(team, code) for team in teams for code in ("10501", "09261")]  # violence, the planted cohort
    people = pd.DataFrame(rows, columns=["team", "offence_code"])
    people["team_number"] = people["team"].map({team: number for number, team in enumerate(teams)})
    first = day(truth.PLANTED_FROM.year, truth.PLANTED_FROM.month, truth.PLANTED_FROM.day)
    predicted = np.linspace(0.1, 0.8, len(people))
    before, after = (
        logit(untreated_risk(np.random.default_rng(1), people.assign(index_day=index_day), predicted))
        for index_day in (first - 1, first)
    )
    planted = [0, 0.45, 0.69, 1.14, -0.69, -0.24, 0, 0.45]
    assert_close(after - before, planted, decimals=9)
    spread = np.repeat(np.random.default_rng(1).standard_normal(4), 2)
    assert_close(before, logit(predicted) + truth.SCORE_SHIFT + truth.TEAM_SPREAD * spread, decimals=9)


def test_the_planted_units_are_in_the_catalogue():
    teams = {team for area in catalogue.TEAMS.values() for team in area}
    area_of = {team: area for area, members in catalogue.TEAMS.items() for team in members}
    assert {WORSE, BETTER, FAULTY} <= teams
    assert len({area_of[team] for team in (WORSE, BETTER, FAULTY)}) == 3
    assert COHORT in set(offence_group(pd.Series(list(catalogue.OFFENCES))))


@pytest.mark.parametrize("began", [False, True])
def test_the_planted_odds_are_recovered_from_the_rows(frame, began):
    people = frame[frame["analysed"] & ((frame["index_date"] >= pd.Timestamp(truth.PLANTED_FROM)) == began)]
    members = [people["team"] == WORSE, people["team"] == BETTER, people["offence_group"] == COHORT]
    design = sm.add_constant(np.column_stack(members).astype(float))
    outcome, offset = people["reconvicted"].to_numpy(float), logit(people["predicted"].to_numpy())
    fit = sm.GLM(outcome, design, family=sm.families.Binomial(), offset=offset).fit()
    planted = [truth.PLANTED_TEAMS[WORSE], truth.PLANTED_TEAMS[BETTER], truth.PLANTED_COHORT[COHORT]]
    error = np.hypot(fit.bse[1:], [truth.TEAM_SPREAD, truth.TEAM_SPREAD, 0])
    assert (error < 0.11).all()
    assert (np.abs(fit.params[1:] - np.array(planted) * began) < 1.96 * error).all()


def test_the_fault_is_in_one_team_and_in_its_records_only(frame):
    mature = frame[frame["mature"]]
    unscored = mature["predicted"].isna().groupby(mature["team"]).mean()
    assert unscored[FAULTY] > 0.15
    assert unscored.drop(FAULTY).max() < 0.05
    assert abs(mature["predicted"].isna().mean() - 0.028) < 0.002
    rates = mature["reconvicted"].groupby(mature["team"]).mean()
    assert abs(rates[FAULTY] - rates.drop([FAULTY, WORSE, BETTER]).mean()) < 0.03


def test_monitoring_finds_what_is_planted(frame, thresholds):
    found = states(frame, thresholds)
    assert found[list(UNITS)].to_dict() == UNITS
    # people whose offence group is not known have no score either
    assert found.index[found == "data-quality hold"].tolist() == [FAULTY, "not recorded"]


def test_monitoring_finds_nothing_planted_before_its_day(frame, thresholds):
    found = states(frame, thresholds, period=BEFORE)
    assert not found[[WORSE, BETTER, COHORT]].str.startswith("alert").any()
    assert found[FAULTY] == "data-quality hold"


@pytest.mark.parametrize("seed", [1, 2])
def test_monitoring_finds_it_with_other_seeds(thresholds, seed):
    assert states(frame_of(seed), thresholds)[list(UNITS)].to_dict() == UNITS


@pytest.mark.full
def test_of_20_seeds_each_planted_unit_is_found_in_18_and_other_alerts_are_as_rare_as_promised(thresholds):
    """Worse alerts of teams with nothing planted in less than 10 % of quarters: here one quarter of 120 seeds."""
    found = pd.DataFrame({seed: states(frame_of(seed), thresholds) for seed in range(1, 121)})
    assert (found.loc[list(UNITS), 1:20].eq(pd.Series(UNITS), axis=0).sum(axis=1) >= 18).all()
    assert (found.loc[FAULTY] == "data-quality hold").all()
    others = found.loc[thresholds["team"]].drop(index=[WORSE, BETTER, FAULTY])
    assert (others == "alert worse").any().mean() < 0.10
    assert not (others == "data-quality hold").any(axis=None)


def test_what_is_planted_is_stated_in_words():
    text = describe_truth()
    assert f"| a team that became worse | {WORSE}: odds of reconviction 1.99 times" in text
    assert f"| a team that became better | {BETTER}: odds of reconviction 0.50 times" in text
    assert f"| offence group {COHORT}: odds of reconviction 1.57 times" in text
    assert f"| a team with a data-quality fault | {FAULTY}: 18% unscored" in text
    assert str(truth.PLANTED_FROM) in text
