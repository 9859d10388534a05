"""Designs for groups reached after the index date: no effect is found where there is none, and what naive ones find."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.cohort import compare, side_by_side
from evalkit.cohort.designs import HONEST, designed, trials_for
from evalkit.errors import DataError, SpecError
from evalkit.statistics.logistic import logistic_fit
from evalkit.statistics.standardised import standardised_comparison
from evalkit.synthetic.immortal import no_effect_cohort

GROUPS = ("took_up", "found_work")
FALLING = 1.5
"""Variance of the frailty that makes hazards fall."""


@pytest.fixture(scope="module", params=[0.0, FALLING], ids=["constant hazard", "falling hazard"])
def many(request):
    """Every design in 30 cohorts without any effect."""
    tables = [
        side_by_side(no_effect_cohort(3_000, seed=seed, frailty=request.param).cohort).assign(seed=seed)
        for seed in range(30)
    ]
    return pd.concat(tables, ignore_index=True)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("design", HONEST)
def test_the_designs_find_nothing_where_there_is_nothing(many, group, design):
    rows = many[(many["name"] == group) & (many["design"] == design)]
    assert len(rows) == 30
    covered = (rows["low"] <= 0) & (rows["high"] >= 0)
    assert covered.sum() >= 26  # fewer in 3 of 100 such series, were each interval right 19 times in 20
    spread = rows["estimate"].std()
    assert abs(rows["estimate"].mean()) < 3 * spread / np.sqrt(30)
    reported = ((rows["high"] - rows["low"]) / (2 * 1.96)).mean()
    assert 0.75 < reported / spread < 1.35


@pytest.mark.parametrize(("group", "at_least"), [("took_up", 0.10), ("found_work", 0.25)])
def test_the_naive_design_finds_a_large_effect_where_there_is_none(many, group, at_least):
    naive = many[(many["name"] == group) & (many["design"] == "naive")]
    assert (naive["ratio"] < 1 - at_least).all()
    assert (naive["p_value"] < 0.001).mean() > 0.9


@pytest.mark.parametrize("design", ["own_lag", "landmark"])
@pytest.mark.parametrize(("frailty", "within"), [(0.0, 0.003), (FALLING, 0.010)])
def test_the_risk_re_based_to_a_later_day_is_the_true_one(design, frailty, within):
    simulated = no_effect_cohort(120_000, seed=11, frailty=frailty)
    trials = trials_for(simulated.cohort, "took_up", design)
    inside = trials.rows[trials.rows["treated"]]
    truth = simulated.true_risk(inside["row"].to_numpy(), inside["start_day"].to_numpy()).mean()
    assert abs(designed(simulated.cohort, trials, design).inside.predicted_rate - truth) < within


def changing_times(seed, people=4_000):
    """No effect; the hazard halves in the second year of the calendar, while ever more people take up the service."""
    draw = np.random.default_rng(seed)
    simulated = no_effect_cohort(people, seed=seed).cohort
    frame, shift = simulated.frame, draw.integers(0, 730, people)
    half = shift > 365
    drop = half[simulated.history.events["row"]] & (draw.uniform(size=len(simulated.history.events)) < 0.5)
    later = frame["index_date"] + pd.to_timedelta(shift, unit="D")
    keep = half | (draw.uniform(size=people) < 0.3)
    moved = frame.assign(index_date=later, took_up=frame["took_up"] & keep, found_work=False)
    dated = later + (frame["took_up_date"] - frame["index_date"])
    moved = moved.assign(took_up_date=dated.where(moved["took_up"]), found_work_date=pd.NaT)
    history = replace(simulated.history, events=simulated.history.events[~drop].reset_index(drop=True))
    return replace(simulated, frame=moved, history=history)


def test_times_that_change_for_everybody_are_no_effect_of_the_service():
    # Without the half-years of the calendar this came out four points too low.
    found = [compare(changing_times(seed), "took_up", design="sequential").inside for seed in range(12)]
    differences = np.array([one.difference for one in found])
    assert abs(differences.mean()) < 3 * differences.std(ddof=1) / np.sqrt(len(found))
    assert sum(one.difference_low <= 0 <= one.difference_high for one in found) >= 9


def test_a_true_effect_is_found():
    cohort = no_effect_cohort(20_000, seed=3).cohort
    trials = trials_for(cohort, "took_up", "sequential")
    rows, draw = trials.rows, np.random.default_rng(1)
    spared = rows["treated"] & rows["reconvicted"] & (draw.uniform(size=len(rows)) < 0.25)
    changed = type(trials)(trials.group, rows.assign(reconvicted=rows["reconvicted"] & ~spared), trials.flow)
    found = designed(cohort, changed, "sequential").inside
    assert found.ratio_high < 0.85
    assert found.ratio_low < 0.75 < found.ratio_high


def standardised_example(people=400, seed=5):
    """Outcomes, group, matrix and person of lines with two lines for many people."""
    draw = np.random.default_rng(seed)
    person = np.sort(draw.integers(0, people // 2, people))
    person = np.unique(person, return_inverse=True)[1]
    treated = draw.uniform(size=people) < 0.3
    matrix = np.column_stack([np.ones(people), draw.normal(size=people)])
    outcomes = (draw.uniform(size=people) < 1 / (1 + np.exp(1 - matrix[:, 1] + 0.5 * treated))).astype(float)
    return outcomes, treated, matrix, person


def test_standardised_difference_and_its_variance_against_the_jackknife_over_people():
    outcomes, treated, matrix, person = standardised_example()

    def difference(kept):
        fit = logistic_fit(outcomes[kept & ~treated], matrix[kept & ~treated], ["intercept", "x"])
        inside = kept & treated
        chances = 1 / (1 + np.exp(-matrix[inside] @ fit.log_odds))
        return (outcomes[inside] - chances).mean()

    found = standardised_comparison(outcomes, treated, matrix, ["intercept", "x"], clusters=person).comparison
    assert_close(found.difference, difference(np.ones(len(outcomes), bool)), decimals=9)
    groups = person.max() + 1
    left_out = np.array([difference(person != number) for number in range(groups)])
    jackknife = np.sqrt((groups - 1) / groups * ((left_out - left_out.mean()) ** 2).sum())
    reported = (found.difference_high - found.difference_low) / (2 * 1.959964)
    assert abs(reported / jackknife - 1) < 0.03


def test_the_odds_ratio_and_its_error_against_the_jackknife_over_people():
    outcomes, treated, matrix, person = standardised_example()

    def log_odds_ratio(kept):
        fit = logistic_fit(outcomes[kept & ~treated], matrix[kept & ~treated], ["intercept", "x"])
        inside = kept & treated
        offset = matrix[inside] @ fit.log_odds
        return logistic_fit(outcomes[inside], np.ones((inside.sum(), 1)), ["group"], offset=offset).log_odds[0]

    odds = standardised_comparison(outcomes, treated, matrix, ["intercept", "x"], clusters=person).odds
    assert_close(np.log(odds["odds_ratio"]), log_odds_ratio(np.ones(len(outcomes), bool)), decimals=9)
    groups = person.max() + 1
    left_out = np.array([log_odds_ratio(person != number) for number in range(groups)])
    jackknife = np.sqrt((groups - 1) / groups * ((left_out - left_out.mean()) ** 2).sum())
    reported = np.log(odds["odds_ratio_high"] / odds["odds_ratio_low"]) / (2 * 1.959964)
    assert abs(reported / jackknife - 1) < 0.04


def test_people_on_both_sides_change_the_uncertainty():
    outcomes, treated, matrix, person = standardised_example()
    shared, apart = (
        standardised_comparison(outcomes, treated, matrix, ["intercept", "x"], clusters=codes).comparison
        for codes in (person, np.arange(len(person)))
    )
    assert shared.difference == apart.difference
    assert abs(shared.variance - apart.variance) > 0.01 * apart.variance


@pytest.mark.parametrize("happened", [0.0, 1.0])
def test_a_group_in_which_nobody_or_everybody_was_reconvicted_keeps_an_interval_as_wide_as_chance(happened):
    # The spread of equal outcomes is nil: 0 of 15 against 3.5 predicted once came out at p = 4e-28.
    outcomes, treated, matrix, person = standardised_example()
    treated &= np.cumsum(treated) <= 15
    outcomes = np.where(treated, happened, outcomes)
    found = standardised_comparison(outcomes, treated, matrix, ["intercept", "x"], clusters=person).comparison
    share = found.predicted_rate
    least = share * (1 - share) / 15 * 0.8
    assert found.variance / 15**2 > least
    assert found.p_value > 1e-9


def test_one_empty_side_is_refused():
    outcomes, treated, matrix, person = standardised_example()
    for nobody, place in ((np.zeros(len(treated), bool), "in"), (np.ones(len(treated), bool), "outside")):
        with pytest.raises(DataError, match=f"nobody is {place} the group"):
            standardised_comparison(outcomes, nobody, matrix, ["intercept", "x"], clusters=person)


@pytest.mark.parametrize("design", HONEST)
def test_compare_gives_the_design_that_was_asked_for(design):
    cohort = no_effect_cohort(3_000, seed=1).cohort
    comparison = compare(cohort, "took_up", design=design)
    rows = side_by_side(cohort).set_index(["name", "design"]).loc[("took_up", design)]
    assert comparison.inside.difference == rows["estimate"]
    assert comparison.odds["odds_ratio"] == rows["odds_ratio"]
    assert comparison.flow["remaining"].iloc[-1] == comparison.inside.people
    assert_close(comparison.outside.actual, comparison.outside.predicted, decimals=4)  # fitted on these lines


def test_without_a_design_the_refusal_names_the_honest_ones():
    cohort = no_effect_cohort(500, seed=1).cohort
    with pytest.raises(SpecError, match="design='sequential'"):
        compare(cohort, "took_up")


def test_a_design_for_which_too_few_remain_says_why_and_leaves_the_others():
    table = side_by_side(no_effect_cohort(60, seed=2).cohort).set_index(["name", "design"])
    refused = table[table["people"] == 0]
    assert len(refused) >= 1
    assert (refused["why_not"] != "").all()
    assert table.loc[("took_up", "naive"), "people"] > 0
