"""Do the estimators of a matched comparison tell the truth? Simulated studies whose true effect is known."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.errors import SpecError
from evalkit.statistics.propensity import propensity
from evalkit.synthetic.designs import (
    COVARIATES,
    DESIGNS,
    MODERATE,
    STRONG,
    TREATMENT_LOG_ODDS,
    true_effect,
)
from evalkit.synthetic.study import ESTIMATORS, Estimated, performance, shortcomings, simulations, study

SEEDS = range(1, 51)
FEWEST_COVERED = 0.89
SPREAD_OF_FIFTY = (0.8, 1.3)
"""Bounds for the ratio of standard errors that fifty simulations can keep; the thousand of `make validate` keep
0.9 to 1.2."""


@cache
def fifty(design):
    return simulations(design, seeds=SEEDS, workers=2)


def halved(drawn):
    """The same studies with every standard error, and so every interval, half as wide."""
    return drawn.assign(
        standard_error=drawn["standard_error"] / 2,
        low=(drawn["estimate"] + drawn["low"]) / 2,
        high=(drawn["estimate"] + drawn["high"]) / 2,
    )


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_every_estimator_covers_the_truth(design):
    table = performance(fifty(design))
    assert table["estimator"].tolist() == list(ESTIMATORS)
    assert (table["simulations"] == 50).all()
    assert (table["covered"] >= 45).all()
    assert shortcomings(table, least_coverage=FEWEST_COVERED, error_ratios=SPREAD_OF_FIFTY) == []


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_halved_standard_errors_are_found_out(design):
    table = performance(halved(fifty(design)))
    found = shortcomings(table, least_coverage=FEWEST_COVERED, error_ratios=(0, 9))
    assert len(found) == len(ESTIMATORS)
    assert all(sentence.endswith("of 50 intervals hold the truth") for sentence in found)
    of_errors = shortcomings(table, least_coverage=0, error_ratios=SPREAD_OF_FIFTY)
    assert len(of_errors) == len(ESTIMATORS)
    assert all("times the spread of the estimates" in sentence for sentence in of_errors)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_the_naive_difference_errs_against_the_effect_and_the_estimators_do_not(design):
    table = performance(fifty(design))
    assert (table["truth"] < -0.09).all()
    assert (table["naive_bias"] > 0.07).all()
    assert (table["bias"].abs() < 0.012).all()


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_a_design_is_what_it_says(design):
    frames = [design.draw(seed) for seed in range(20)]
    frame = pd.concat(frames, ignore_index=True)
    assert 6 <= len(COVARIATES) <= 8
    assert all(len(each) == design.people for each in frames)
    assert 0.15 <= frame["treated"].mean() <= 0.25
    model = propensity(frame, treated="treated", covariates=COVARIATES)
    assert abs(model.auc - design.auc) < 0.01
    log_odds = np.log(frame["chance_treated"] / (1 - frame["chance_treated"]))
    untreated = np.log(frame["chance_untreated"] / (1 - frame["chance_untreated"]))
    assert_close(log_odds - untreated, np.full(len(frame), TREATMENT_LOG_ODDS), decimals=9)
    for side, chance in ((True, "chance_treated"), (False, "chance_untreated")):
        own = frame[frame["treated"] == side]
        assert abs(own["reconvicted"].mean() - own[chance].mean()) < 3.5 * 0.5 / np.sqrt(len(own))


def test_a_seed_draws_the_same_study_again():
    pd.testing.assert_frame_equal(MODERATE.draw(3), MODERATE.draw(3))
    assert not MODERATE.draw(3).equals(MODERATE.draw(4))
    assert not MODERATE.draw(3)[list(COVARIATES)].equals(STRONG.draw(3)[list(COVARIATES)])


def test_the_true_effect_is_that_of_the_people_asked_for():
    frame = pd.DataFrame({"chance_treated": [0.1, 0.3, 0.5], "chance_untreated": [0.2, 0.2, 0.9]}, index=list("abc"))
    assert_close(true_effect(frame, pd.Index(["a", "c"])), -0.25, decimals=12)


def always(estimate, error):
    """An estimator that says the same whatever it is shown, of all the treated."""

    def estimator(frame):
        row = {"estimate": estimate, "standard_error": error, "low": estimate - 2 * error, "high": estimate + 2 * error}
        return Estimated(pd.DataFrame([row]), frame.index[frame["treated"]])

    return estimator


def test_what_is_counted_of_each_estimator():
    estimators = {"sure": always(-0.11, 1.0), "wrong": always(0.2, 0.01), "low": always(-0.5, 0.01)}
    drawn = simulations(MODERATE, seeds=[5, 6, 7], estimators=estimators)
    truths = [true_effect(frame, frame.index[frame["treated"]]) for frame in map(MODERATE.draw, [5, 6, 7])]
    table = performance(drawn).set_index("estimator")
    assert table["covered"].to_dict() == {"sure": 3, "wrong": 0, "low": 0}
    assert_close(table.loc["wrong", "bias"], 0.2 - np.mean(truths), decimals=12)
    assert_close(table["empirical_error"], np.std(truths, ddof=1), decimals=12)
    assert_close(table.loc["sure", "error_ratio"], 1 / np.std(truths, ddof=1), decimals=4)
    assert_close(table["coverage"], [1, 0, 0], decimals=12)
    rates = [frame.groupby("treated")["reconvicted"].mean() for frame in map(MODERATE.draw, [5, 6, 7])]
    naive = np.mean([rate[True] - rate[False] for rate in rates]) - np.mean(truths)
    assert_close(table["naive_bias"], naive, decimals=12)
    pd.testing.assert_frame_equal(study(MODERATE, seeds=[5, 6, 7], estimators=estimators), performance(drawn))


@pytest.mark.parametrize(("covered", "fails"), [(92, True), (93, False), (94, False)])
def test_ninety_three_of_a_hundred_are_enough(covered, fails):
    row = {"design": "any", "estimator": "one", "simulations": 100, "covered": covered, "error_ratio": 1.0}
    found = shortcomings(pd.DataFrame([row | {"naive_bias": 0.1, "truth": -0.1}]))
    assert found == ([f"one, any: {covered} of 100 intervals hold the truth"] if fails else [])


@pytest.mark.parametrize(("ratio", "fails"), [(0.899, True), (0.9, False), (1.2, False), (1.201, True)])
def test_standard_errors_may_be_a_tenth_too_small_or_a_fifth_too_large(ratio, fails):
    row = {"design": "any", "estimator": "one", "simulations": 100, "covered": 95, "error_ratio": ratio}
    found = shortcomings(pd.DataFrame([row | {"naive_bias": 0.1, "truth": -0.1}]))
    assert found == ([f"one, any: standard errors are {ratio:.2f} times the spread of the estimates"] if fails else [])


@pytest.mark.parametrize(("naive", "fails"), [(0.1, False), (-0.1, True), (0.0, True)])
def test_a_design_in_which_selection_helps_the_effect_shows_nothing(naive, fails):
    row = {"design": "any", "estimator": "one", "simulations": 100, "covered": 95, "error_ratio": 1.0, "truth": -0.1}
    found = shortcomings(pd.DataFrame([row | {"naive_bias": naive}]))
    assert bool(found) == fails
    assert all("errs towards the effect" in sentence for sentence in found)


def test_processes_do_not_change_the_numbers():
    chosen = {name: ESTIMATORS[name] for name in ("1:1 matching", "entropy balancing")}
    alone = simulations(STRONG, seeds=[1, 2, 3], estimators=chosen)
    first = fifty(STRONG).query("seed <= 3 and estimator in @chosen.keys()").reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, first)


def test_one_seed_is_no_study():
    with pytest.raises(SpecError, match="at least two"):
        study(MODERATE, seeds=[1])
