"""Outcomes of matched people: R (lm, sandwich::vcovCL in two ways, binom.test) on greedy matches by plain loops."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from weighting_reference import COVARIATES, OPTIONS, PAIRS, PEOPLE, VALUES

from evalkit.errors import DataError, SpecError
from evalkit.statistics import measures
from evalkit.statistics.contrast import two_means
from evalkit.statistics.matching import match
from evalkit.statistics.measures import Measure, seven_measures
from evalkit.statistics.outcomes import matched_lines, matched_outcomes, mcnemar

RATE = Measure("One-year reconviction rate", "reconvicted", "rate")
FREQUENCY = Measure("Reconvictions per person", "reconvictions", "count", unit="reconvictions")
DAYS = Measure("Days to first reconviction", "days", "days", unit="days", among="reconvicted")


@cache
def matched(design="single"):
    return match_people(PEOPLE, **OPTIONS[design])


def match_people(frame, **options):
    return match(frame, treated="treated", covariates=COVARIATES, person="person", **options)


def pairs_of_people(size, *, first=lambda _: 0, second=lambda _: 1):
    """As many pairs alike in one covariate but not in the outcome, and a few comparison people nobody needs."""
    place = np.arange(size)
    sides = [
        pd.DataFrame({"treated": treated, "age": place + 20.0, "outcome": [value(i) for i in place]})
        for treated, value in ((1, first), (0, second))
    ]
    spare = pd.DataFrame({"treated": 0, "age": [19.0, 21.5, size + 21.0], "outcome": 0})
    return pd.concat([*sides, spare], ignore_index=True)


def match_pairs(frame):
    return match(frame, treated="treated", covariates=("age",), caliper=None)


@pytest.mark.parametrize("design", OPTIONS)
def test_the_pairs_are_those_of_the_plain_loops(design):
    expected = PAIRS.query("design == @design")[["treated", "control"]]
    found = matched(design).pairs[["treated", "control"]]
    assert sorted(map(tuple, found.to_numpy())) == sorted(map(tuple, expected.to_numpy()))


@pytest.mark.parametrize("design", OPTIONS)
@pytest.mark.parametrize("outcome", ["reconvicted", "reconvictions"])
def test_matched_outcomes_agree_with_r(design, outcome):
    row = matched_outcomes(matched(design), PEOPLE, outcome).iloc[0]
    name = f"{design}_{outcome}"
    estimate, error, treated = (VALUES[f"{name}_{part}"] for part in ("estimate", "error", "treated"))
    assert_close([row["estimate"], row["standard_error"]], [estimate, error], decimals=10)
    assert_close([row["treated_value"], row["comparison_value"]], [treated, treated - estimate], decimals=10)
    assert_close(row["comparison_mean"], VALUES[f"{name}_raw"], decimals=10)
    reach = t.ppf(0.975, VALUES[f"{design}_degrees"])
    assert_close([row["low"], row["high"]], [estimate - reach * error, estimate + reach * error], decimals=10)
    assert_close(row["p_value"], 2 * t.sf(abs(estimate / error), VALUES[f"{design}_degrees"]), decimals=10)
    assert (row["n_treated"], row["n_comparison"]) == (VALUES[f"{design}_sets"], VALUES[f"{design}_rows"])
    assert "adjusted for 5 columns" in row["method"]


def test_the_level_and_other_clusters_are_taken():
    narrow, wide = (matched_outcomes(matched(), PEOPLE, "reconvicted", level=level).iloc[0] for level in (0.8, 0.99))
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]
    assert_close(narrow["estimate"], wide["estimate"], decimals=14)
    by_area = matched_outcomes(matched(), PEOPLE, "reconvicted", clusters="area").iloc[0]
    assert_close((by_area["high"] - by_area["estimate"]) / by_area["standard_error"], t.ppf(0.975, 2), decimals=10)


def test_the_ratio_is_that_of_the_two_values():
    row = matched_outcomes(matched(), PEOPLE, "reconvicted").iloc[0]
    assert_close(row["ratio"], row["treated_value"] / row["comparison_value"], decimals=14)
    assert_close(np.sqrt(row["ratio_low"] * row["ratio_high"]), row["ratio"], decimals=12)
    half = (np.log(row["ratio_high"]) - np.log(row["ratio_low"])) / 2
    assert_close(half, t.ppf(0.975, VALUES["single_degrees"]) * VALUES["single_log_ratio_error"], decimals=8)


def test_rows_do_not_count_by_their_order():
    shuffled = PEOPLE.sample(frac=1, random_state=4)
    first, again = (matched_outcomes(match_people(frame), frame, "reconvicted").iloc[0] for frame in (PEOPLE, shuffled))
    assert_close(again["estimate"], first["estimate"], decimals=10)
    assert_close(again["standard_error"], first["standard_error"], decimals=10)


@settings(max_examples=15)
@given(shift=st.floats(-50, 50), scale=st.floats(0.1, 20))
def test_a_change_of_unit_changes_nothing_else(shift, scale):
    found = matched()
    plain = matched_outcomes(found, PEOPLE, "reconvictions").iloc[0]
    changed = matched_outcomes(found, PEOPLE.assign(changed=PEOPLE["reconvictions"] * scale + shift), "changed").iloc[0]
    assert_close(changed["estimate"] / scale, plain["estimate"], decimals=7)
    assert_close(changed["treated_value"], plain["treated_value"] * scale + shift, decimals=7)


def test_an_outcome_made_of_covariates_has_no_difference():
    # what the covariates tell entirely is no effect, however unequal the matched people still are
    outcome = 3 * PEOPLE["age"] - 2 * PEOPLE["female"] + np.random.default_rng(1).normal(0, 1e-6, len(PEOPLE))
    row = matched_outcomes(matched("reused"), PEOPLE.assign(outcome=outcome), "outcome").iloc[0]
    assert_close(row["estimate"], 0, decimals=5)
    assert abs(row["treated_value"] - row["comparison_mean"]) > 0.01


@pytest.mark.parametrize("size", [29, 30])
def test_fewer_than_thirty_are_only_described(size):
    frame = pairs_of_people(size, first=lambda i: i % 2, second=lambda i: (i % 3) > 0)
    row = matched_outcomes(match_pairs(frame), frame, "outcome").iloc[0]
    numbers = row[["estimate", "low", "high", "p_value", "standard_error", "ratio", "ratio_low", "ratio_high"]]
    assert numbers.isna().all() == (size == 29)
    assert numbers.notna().all() == (size == 30)
    assert row["method"].startswith("description only: fewer than 30") == (size == 29)
    assert row["n_treated"] == size
    assert_close(row["treated_value"], frame.query("treated == 1")["outcome"].mean(), decimals=12)
    if size == 29:
        assert_close(row["comparison_value"], row["comparison_mean"], decimals=14)


@pytest.mark.parametrize(("people", "columns"), [(39, 1), (40, 8)])
def test_with_fewer_than_five_treated_per_column_the_logit_alone_is_adjusted_for(people, columns):
    generator = np.random.default_rng(8)
    frame = pd.DataFrame(generator.normal(size=(40 + 160, 8)), columns=list("abcdefgh"))
    frame["treated"] = np.arange(200) < people
    frame["outcome"] = generator.normal(size=200)
    found = match(frame, treated="treated", covariates=tuple("abcdefgh"), caliper=None)
    method = matched_outcomes(found, frame, "outcome")["method"].iloc[0]
    assert ("adjusted for 8 columns" in method) == (columns == 8)
    assert ("adjusted for the propensity's logit" in method) == (columns == 1)


def test_missing_outcomes_are_counted_and_refused():
    found = matched()
    treated = found.pairs["treated"].iloc[3]
    frame = PEOPLE.assign(reconvicted=PEOPLE["reconvicted"].astype(float).mask(PEOPLE.index == treated))
    with pytest.raises(
        DataError, match=r"outcome reconvicted: missing for 1 of the 130 .* leave them out before match"
    ):
        matched_outcomes(found, frame, "reconvicted")
    unused = PEOPLE.index.difference(found.pairs["treated"]).difference(found.pairs["control"])
    frame = PEOPLE.assign(reconvicted=PEOPLE["reconvicted"].astype(float).mask(PEOPLE.index.isin(unused)))
    assert_close(
        matched_outcomes(found, frame, "reconvicted")["estimate"], VALUES["single_reconvicted_estimate"], decimals=10
    )


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("area", "outcome area: a column of numbers or of False/True is needed"),
        ("absent", "the frame lacks the column absent"),
        ("age", "outcome age: nothing varies"),  # itself a covariate: adjusted for, nothing is left
        ("same", "outcome same: nothing varies among those compared"),
    ],
)
def test_what_is_no_outcome_is_refused(column, message):
    with pytest.raises(DataError, match=message):
        matched_outcomes(matched(), PEOPLE.assign(same=1), column)


def test_another_frame_is_refused():
    with pytest.raises(DataError, match=r"the frame lacks .* of the rows matched"):
        matched_outcomes(matched(), PEOPLE.iloc[:200], "reconvicted")


def test_one_comparison_row_that_decides_is_cautioned_against():
    row = matched_outcomes(matched("reused"), PEOPLE, "reconvicted").iloc[0]
    weights = matched("reused").weights[PEOPLE["treated"] == 0]
    assert_close(row["largest_weight_share"], weights.max() / weights.sum(), decimals=12)
    assert_close(row["effective_comparison"], weights.sum() ** 2 / (weights**2).sum(), decimals=10)
    assert row["caution"] == "one comparison row has 11 % of the weight"
    assert matched_outcomes(matched(), PEOPLE, "reconvicted")["caution"].iloc[0] == ""


@pytest.mark.parametrize("design", OPTIONS)
def test_lines_carry_the_weights_of_the_match(design):
    found = matched(design)
    lines = matched_lines(found, PEOPLE)
    assert lines.clusters.max() + 1 == PEOPLE.loc[lines.rows, "person"].nunique()
    weights = pd.Series(lines.weights).groupby(np.asarray(lines.rows)).sum()
    assert_close(weights, found.weights[weights.index], decimals=12)
    assert found.weights.drop(weights.index).eq(0).all()


def test_two_ways_of_clustering_that_leave_a_negative_variance_keep_the_larger():
    # sums by either way .5 and 0, so .25 x G/(G-1) = .5 each; by row 5.25 x 4/3 = 7; .5 + .5 - 7 is no variance
    influence = np.column_stack([[1.5, -1.0, 1.0, -1.0], np.zeros(4)])
    means = two_means(0.5, 0.2, influence, [np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0])])
    assert_close(means.covariance, [[0.5, 0], [0, 0]], decimals=12)


def test_two_ways_of_clustering_are_added_less_their_intersection():
    # sums by pair 3 and 0, by person 3 and 0, by row 1, 2, 1 and -1, each way with its own G/(G-1)
    influence = np.column_stack([[1.0, 2.0, 1.0, -1.0], np.zeros(4)])
    means = two_means(0.5, 0.2, influence, [np.array([0, 0, 1, 1]), np.array([1, 0, 0, 1])])
    assert_close(means.covariance[0, 0], (9 + 0) * 2 + (9 + 0) * 2 - (1 + 4 + 1 + 1) * 4 / 3, decimals=12)
    assert means.degrees == 1


def test_mcnemar_agrees_with_r():
    result = mcnemar(matched(), PEOPLE, "reconvicted")
    assert result.treated_only == VALUES["mcnemar_treated_only"]
    assert result.comparison_only == VALUES["mcnemar_comparison_only"]
    assert result.both + result.neither + result.treated_only + result.comparison_only == result.pairs == 65
    found = [result.p_value, result.odds_ratio_low, result.odds_ratio_high]
    assert_close(found, [VALUES[f"mcnemar_{part}"] for part in ("p_value", "low", "high")], decimals=10)
    assert_close(result.odds_ratio, result.treated_only / result.comparison_only, decimals=14)


ALL_ONE_WAY = 0.025**0.1
"""Lower limit of the share of ten of ten."""


@pytest.mark.parametrize(
    ("first", "second", "odds_ratio", "low", "high", "p_value"),
    [
        (1, 0, np.inf, ALL_ONE_WAY / (1 - ALL_ONE_WAY), np.inf, 2 * 0.5**10),
        (0, 1, 0, 0, (1 - ALL_ONE_WAY) / ALL_ONE_WAY, 2 * 0.5**10),
        (1, 1, np.nan, 0, np.inf, 1),  # no pair is discordant
    ],
)
def test_mcnemar_with_no_discordant_pairs_on_one_side(first, second, odds_ratio, low, high, p_value):
    frame = pairs_of_people(10, first=lambda _: first, second=lambda _: second)
    result = mcnemar(match_pairs(frame), frame, "outcome")
    found = [result.odds_ratio, result.odds_ratio_low, result.odds_ratio_high, result.p_value]
    assert_close(found, [odds_ratio, low, high, p_value], decimals=8)


@pytest.mark.parametrize("design", ["double", "reused"])
def test_mcnemar_is_refused_for_rows_in_several_pairs(design):
    with pytest.raises(DataError, match="mcnemar: a row is in more than one pair"):
        mcnemar(matched(design), PEOPLE, "reconvicted")


def test_mcnemar_needs_a_rate():
    with pytest.raises(DataError, match=r"reconvictions, row .*each must be 0 or 1"):
        mcnemar(matched(), PEOPLE, "reconvictions")


@pytest.mark.parametrize(
    ("people", "rate", "expected"),
    [(100, 0.1, True), (100, 0.099, False), (99, 0.1, False), (300, 10 / 300, True), (3_000, 9 / 3_000, False)],
)
def test_a_rate_is_testable_from_ten_people_on(people, rate, expected):
    assert measures.testable(people, rate) is expected


@pytest.mark.parametrize("design", OPTIONS)
def test_every_measure_in_one_table(design):
    table = seven_measures(matched(design), PEOPLE, {"rate": RATE, "frequency": FREQUENCY, "days": DAYS})
    assert table["name"].tolist() == ["rate", "frequency", "days"]
    alone = matched_outcomes(matched(design), PEOPLE, "reconvictions").iloc[0]
    same = ["treated_value", "comparison_value", "estimate", "low", "high", "p_value", "n_treated", "n_comparison"]
    assert_close(table.loc[1, same].astype(float), alone[same].astype(float), decimals=14)
    days = table.iloc[2]
    assert_close(days["estimate"], VALUES[f"{design}_days_estimate"], decimals=8)
    assert_close(days["standard_error"], VALUES[f"{design}_days_error"], decimals=8)
    again = PEOPLE.query("reconvicted == 1").index.intersection(matched(design).weights.loc[lambda w: w > 0].index)
    own = PEOPLE.loc[again]
    assert days["reoffenders_treated"] == days["n_treated"] == (own["treated"] == 1).sum()
    assert days["reoffenders_comparison"] == days["n_comparison"] == (own["treated"] == 0).sum()
    weighted = matched(design).weights[own.index[own["treated"] == 0]].sum()
    assert_close(days["reoffenders_comparison_weighted"], weighted, decimals=10)
    assert table["tested"].all()


@pytest.mark.parametrize(("events", "tested"), [(9, False), (10, True), (11, True)])
def test_fewer_than_ten_events_are_described_and_not_tested(events, tested):
    frame = pairs_of_people(60, first=lambda i: int(i < events), second=lambda i: int(i % 3 == 0))
    row = seven_measures(match_pairs(frame), frame, {"rate": Measure("Rate", "outcome", "rate")}).iloc[0]
    assert row["reoffenders_treated"] == events
    assert (row["tested"], row["headline"]) == (tested, tested)
    assert row["reason"] == ("" if tested else "fewer than 10 treated people with the outcome")
    assert pd.isna(row["p_value"]) == (not tested)
    assert_close(row["treated_value"], events / 60, decimals=12)


@pytest.mark.parametrize(
    ("reoffenders", "tested", "headline", "reason"),
    [
        (9, False, False, "fewer than 10 treated reoffenders"),
        (10, True, False, "fewer than 30 treated reoffenders"),
        (29, True, False, "fewer than 30 treated reoffenders"),
        (30, True, True, ""),
    ],
)
def test_days_are_headlined_from_thirty_reoffenders_on(reoffenders, tested, headline, reason):
    frame = pairs_of_people(60, first=lambda i: int(i < reoffenders), second=lambda i: int(i % 2))
    frame["days"] = np.where(frame["outcome"] == 1, np.arange(len(frame)) * 2.0 + 1, np.nan)
    measure = Measure("Days", "days", "days", among="outcome")
    row = seven_measures(match_pairs(frame), frame, {"days": measure}).iloc[0]
    assert (row["tested"], row["headline"], row["reason"]) == (tested, headline, reason)
    assert row["n_treated"] == row["reoffenders_treated"] == reoffenders


def test_days_need_reoffenders_on_both_sides():
    frame = pairs_of_people(60, first=lambda i: int(i < 40), second=lambda i: int(i < 9))
    frame["days"] = np.where(frame["outcome"] == 1, np.arange(len(frame)) * 2.0 + 1, np.nan)
    declared = {"days": Measure("Days", "days", "days", among="outcome"), "rate": Measure("Rate", "outcome", "rate")}
    table = seven_measures(match_pairs(frame), frame, declared)
    assert table["reason"].tolist() == ["fewer than 10 comparison reoffenders", ""]
    none = frame.assign(outcome=frame["outcome"].where(frame["treated"] == 1, 0))
    row = seven_measures(match_pairs(none), none, {"days": declared["days"]}).iloc[0]
    assert pd.isna(row["comparison_value"])
    assert (row["n_comparison"], row["caution"]) == (0, "nobody to compare with")


def test_few_people_make_every_measure_a_description():
    frame = pairs_of_people(29, first=lambda i: int(i < 15))
    row = seven_measures(match_pairs(frame), frame, {"rate": Measure("Rate", "outcome", "rate")}).iloc[0]
    assert not row["tested"]
    assert row["reason"] == "fewer than 30 treated people analysed"
    assert row["method"] == "description only: fewer than 30 treated people analysed"


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (Measure("Rate", "reconvictions", "rate"), "rate reconvictions, row .*each must be 0 or 1"),
        (Measure("Count", "score", "count"), "count score, row .*each must be 0 or more"),
        (Measure("Days", "days", "days", among="reconvictions"), "column reconvictions, row .*each must be 0 or 1"),
        (Measure("Days", "days", "count"), "outcome days: missing for"),
    ],
)
def test_columns_that_are_not_what_was_declared_are_refused(measure, message):
    with pytest.raises(DataError, match=message):
        seven_measures(matched(), PEOPLE, {"measure": measure})


def test_impossible_measures_are_refused():
    with pytest.raises(SpecError, match="kind 'share' is not one of rate, count, days"):
        Measure("Share", "reconvicted", "share")
    with pytest.raises(SpecError, match="name them in `among`"):
        Measure("Days", "days", "days")
