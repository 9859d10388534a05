"""Weighted comparisons: R (stacked estimating equations with a numerical derivative) as witness."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from scipy.stats import t
from weighting_reference import COVARIATES, PEOPLE, VALUES

from evalkit.errors import DataError, SpecError
from evalkit.statistics.contrast import size_columns
from evalkit.statistics.matching import match
from evalkit.statistics.outcomes import matched_outcomes
from evalkit.statistics.propensity import propensity
from evalkit.statistics.weighting import att_weights, effective_sample_size, entropy_weights, weighted_outcomes

METHODS = ["att", "entropy", "doubly_robust"]
MODEL = propensity(PEOPLE, treated="treated", covariates=COVARIATES)
OTHERS = ~MODEL.treated


def weighted(outcome="reconvicted", frame=PEOPLE, **options):
    return weighted_outcomes(frame, treated="treated", covariates=COVARIATES, outcome=outcome, **options).iloc[0]


def many_people(people, *, seed=5):
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(generator.normal(size=(people, 3)), columns=["a", "b", "c"])
    frame["treated"] = generator.random(people) < 1 / (1 + np.exp(1.5 - 0.5 * frame["a"]))
    return frame.assign(outcome=frame["a"] + generator.normal(size=people), person=np.arange(people) // 2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("outcome", ["reconvicted", "reconvictions"])
@pytest.mark.parametrize("clusters", [None, "person"])
def test_weighted_outcomes_agree_with_r(method, outcome, clusters):
    row, name = weighted(outcome, method=method, clusters=clusters), f"{method}_{outcome}"
    way, degrees = ("rows", 419) if clusters is None else ("persons", PEOPLE["person"].nunique() - 1)
    treated, comparison = VALUES[f"{name}_treated"], VALUES[f"{name}_comparison"]
    error = VALUES[f"{name}_error_{way}"]
    assert_close([row["treated_value"], row["comparison_value"]], [treated, comparison], decimals=7)
    assert_close([row["estimate"], row["standard_error"]], [treated - comparison, error], decimals=7)
    reach = t.ppf(0.975, degrees) * error
    assert_close([row["low"], row["high"]], treated - comparison + np.array([-reach, reach]), decimals=7)
    assert_close(row["p_value"], 2 * t.sf(abs(treated - comparison) / error, degrees), decimals=7)
    half = (np.log(row["ratio_high"]) - np.log(row["ratio_low"])) / 2
    assert_close(half, t.ppf(0.975, degrees) * VALUES[f"{name}_log_ratio_error_{way}"], decimals=7)
    assert_close(row["ratio"], treated / comparison, decimals=7)
    assert (row["n_treated"], row["n_comparison"]) == (MODEL.treated.sum(), OTHERS.sum())
    assert_close(row["comparison_mean"], PEOPLE.loc[PEOPLE["treated"] == 0, outcome].mean(), decimals=12)


def test_att_weights_agree_with_r():
    weights = att_weights(MODEL)
    assert_close(weights[MODEL.treated], 1, decimals=14)
    assert_close(weights[OTHERS].sum(), MODEL.treated.sum(), decimals=9)
    assert_close(weights[OTHERS].iloc[0], VALUES["att_weight_of_first"], decimals=9)
    odds = MODEL.score[OTHERS] / (1 - MODEL.score[OTHERS])
    assert_close(weights[OTHERS] / weights[OTHERS].iloc[0], odds / odds.iloc[0], decimals=9)
    row = weighted()
    found = [row["effective_comparison"], row["largest_weight_share"]]
    assert_close(found, [VALUES["att_effective"], VALUES["att_share"]], decimals=8)


def test_entropy_weights_balance_every_column_and_agree_with_r():
    weights = entropy_weights(MODEL)
    assert_close(weights[MODEL.treated], 1, decimals=14)
    assert (weights > 0).all()
    means = np.average(MODEL.matrix[OTHERS], axis=0, weights=weights[OTHERS])
    assert_close(means, MODEL.matrix[MODEL.treated].mean(axis=0), decimals=8)
    assert_close(weights[OTHERS].iloc[0], VALUES["entropy_weight_of_first"], decimals=7)
    assert_close(effective_sample_size(weights[OTHERS]), VALUES["entropy_effective"], decimals=4)


def test_entropy_weights_are_the_most_even_that_balance():
    # any other weights with the same means have less entropy: move along directions that keep all means
    weights, generator = entropy_weights(MODEL)[OTHERS].to_numpy(), np.random.default_rng(2)
    matrix = MODEL.matrix[OTHERS]
    entropy = -(weights * np.log(weights)).sum()
    for _ in range(20):
        move = generator.normal(size=len(weights))
        move -= matrix @ np.linalg.lstsq(matrix, move, rcond=None)[0]
        moved = weights + move * 0.2 * np.min(weights / np.abs(move))
        assert_close(moved @ matrix, weights @ matrix, decimals=8)
        assert -(moved * np.log(moved)).sum() < entropy


@pytest.mark.parametrize("method", METHODS)
def test_the_columns_are_those_of_a_matched_comparison(method):
    found = match(PEOPLE, treated="treated", covariates=COVARIATES)
    assert weighted(method=method).index.tolist() == matched_outcomes(found, PEOPLE, "reconvicted").columns.tolist()


def test_one_binary_covariate_by_hand():
    # treated: 20 of x = 0, 60 of x = 1; comparison: 100 and 50, reconvicted 30 and 25. Standing for the treated:
    # .25 x .3 + .75 x .5 = .45 by every method
    counts = {(1, 0): (20, 8), (1, 1): (60, 24), (0, 0): (100, 30), (0, 1): (50, 25)}
    rows = [
        {"treated": treated, "x": x, "outcome": int(place < events)}
        for (treated, x), (people, events) in counts.items()
        for place in range(people)
    ]
    frame = pd.DataFrame(rows)
    for method in METHODS:
        row = weighted_outcomes(frame, treated="treated", covariates=("x",), outcome="outcome", method=method).iloc[0]
        assert_close([row["treated_value"], row["comparison_value"]], [0.4, 0.45], decimals=9)
        # independent strata: .4 x .6 / 80 (with the covariate's part taken out: the same rate in both strata) + strata
        variance = 0.24 / 80 + 0.25**2 * 0.21 / 100 + 0.75**2 * 0.25 / 50
        spread = 0.25 * 0.75 * (0.5 - 0.3) ** 2 / 80
        assert_close(row["standard_error"] ** 2, (variance + spread) * 230 / 229, decimals=9)


@pytest.mark.parametrize("method", METHODS)
def test_what_the_covariates_tell_is_no_effect(method):
    frame = many_people(3_000)
    frame["outcome"] = 2 + frame["a"] + np.random.default_rng(9).normal(0, 0.2, len(frame))
    naive = frame.groupby("treated")["outcome"].mean().diff().iloc[1]
    row = weighted_outcomes(frame, treated="treated", covariates=("a", "b", "c"), outcome="outcome", method=method)
    assert naive > 0.4
    assert abs(row["estimate"].iloc[0]) < 0.05


def test_doubly_robust_survives_a_wrong_propensity_and_weights_do_not():
    # selection goes by the square of a, which no method is told; the outcome is linear in a and the square's own column
    generator = np.random.default_rng(11)
    frame = pd.DataFrame({"a": generator.normal(size=4_000)})
    frame["treated"] = generator.random(4_000) < 1 / (1 + np.exp(2.5 - 1.2 * np.maximum(frame["a"], 0) ** 2))
    frame["outcome"] = frame["a"] + generator.normal(0, 0.1, 4_000)
    found = {
        method: weighted_outcomes(frame, treated="treated", covariates=("a",), outcome="outcome", method=method).iloc[0]
        for method in METHODS
    }
    assert abs(found["doubly_robust"]["estimate"]) < 0.02
    assert abs(found["entropy"]["estimate"]) < 0.02
    assert abs(found["att"]["estimate"]) > 0.1


@pytest.mark.parametrize("method", METHODS)
def test_rows_repeated_for_the_same_person_add_nothing(method):
    doubled = pd.concat([PEOPLE, PEOPLE], ignore_index=True).assign(who=np.tile(np.arange(len(PEOPLE)), 2))
    once = weighted(method=method)
    twice = weighted(frame=doubled, method=method, clusters="who")
    assert_close([twice["estimate"], twice["standard_error"]], [once["estimate"], once["standard_error"]], decimals=8)
    assert_close(twice["p_value"], once["p_value"], decimals=8)


@pytest.mark.parametrize("treated", [29, 30])
@pytest.mark.parametrize("method", METHODS)
def test_fewer_than_thirty_treated_are_only_described(treated, method):
    frame = many_people(200).assign(treated=np.arange(200) < treated)
    row = weighted_outcomes(frame, treated="treated", covariates=("a",), outcome="outcome", method=method).iloc[0]
    assert row[["estimate", "low", "high", "p_value", "standard_error"]].isna().all() == (treated == 29)
    assert row["method"].startswith("description only: fewer than 30") == (treated == 29)
    assert_close(row["treated_value"], frame["outcome"].iloc[:treated].mean(), decimals=12)
    assert np.isfinite(row["comparison_value"])


@pytest.mark.parametrize(
    ("others", "caution"),
    [
        (1_901, ""),
        (1_900, ""),  # 100 of 2,000: exactly a twentieth
        (1_899, "one comparison row has 5 % of the weight"),
    ],
)
def test_a_row_with_over_a_twentieth_of_the_weight_is_cautioned_against(others, caution):
    weights = np.append(np.ones(others), 100.0)
    assert size_columns(100, weights)["caution"] == caution


@pytest.mark.parametrize(("rows", "caution"), [(30, ""), (29, "the comparison is worth 29 equally weighted rows")])
def test_a_comparison_worth_fewer_than_thirty_rows_is_cautioned_against(rows, caution):
    assert size_columns(100, np.ones(rows))["caution"] == caution


@pytest.mark.parametrize(("treated", "cautioned"), [(39, True), (40, False)])
def test_fewer_than_five_treated_per_column_are_cautioned_against(treated, cautioned):
    generator = np.random.default_rng(8)
    frame = pd.DataFrame(generator.normal(size=(1_000, 8)), columns=list("abcdefgh"))
    frame = frame.assign(treated=np.arange(1_000) < treated, outcome=generator.normal(size=1_000))
    table = weighted_outcomes(frame, treated="treated", covariates=tuple("abcdefgh"), outcome="outcome")
    expected = "few treated for 8 columns: the standard error may be too small" if cautioned else ""
    assert table["caution"].iloc[0] == expected


def test_effective_sample_size():
    assert_close(effective_sample_size([2.0, 2.0, 2.0]), 3, decimals=12)
    assert_close(effective_sample_size([1, 1, 0, 2]), 16 / 6, decimals=12)
    for weights in ([0.0, 0.0], [1.0, -1.0], [1.0, np.nan]):
        with pytest.raises(DataError, match="weights: each must be a number of 0 or more"):
            effective_sample_size(weights)


def test_the_treated_outside_the_comparison_people_are_refused():
    # nobody untreated has a above 1.5, but one treated person has it enormous: the mean of the treated lies outside
    frame = many_people(400)
    frame.loc[frame.index[frame["treated"]][0], "a"] = 900.0
    frame.loc[frame.index[frame["treated"]][1], "a"] = -30.0
    model = propensity(frame, treated="treated", covariates=("a", "b"))
    with pytest.raises(DataError, match=r"the treated lie outside the comparison people for a \(the treated's mean is"):
        entropy_weights(model)


def test_the_treated_outside_in_combination_are_refused():
    # each mean is within reach, but the comparison people lie on both sides of the line that the treated lie beyond
    generator = np.random.default_rng(3)
    others = pd.DataFrame({"a": generator.uniform(-1, 1, 300)})
    others["b"] = -others["a"] + generator.uniform(-0.3, 0.3, 300)
    members = pd.DataFrame({"a": generator.uniform(0.2, 1, 60)})
    members["b"] = members["a"]
    members.iloc[0] = [-0.1, -0.1]  # so that no line separates everybody
    frame = pd.concat([members.assign(treated=1), others.assign(treated=0)], ignore_index=True)
    model = propensity(frame, treated="treated", covariates=("a", "b"))
    with pytest.raises(
        DataError, match=r"the treated lie outside the comparison people for [ab], together with the other"
    ):
        entropy_weights(model)


@pytest.mark.parametrize("method", METHODS)
def test_missing_covariates_are_left_out_with_their_outcomes(method):
    gaps = PEOPLE.assign(score=PEOPLE["score"].mask(PEOPLE.index % 7 == 0))
    found = weighted(frame=gaps, method=method, missing="drop")
    expected = weighted(frame=PEOPLE[PEOPLE.index % 7 != 0], method=method)
    assert_close(
        [found["estimate"], found["standard_error"]], [expected["estimate"], expected["standard_error"]], decimals=9
    )
    with pytest.raises(DataError, match="covariates are missing: score"):
        weighted(frame=gaps, method=method)


def test_impossible_requests_are_refused():
    with pytest.raises(SpecError, match="method: 'ipw' is not one of att, entropy, doubly_robust"):
        weighted(method="ipw")
    with pytest.raises(DataError, match=r"outcome days: missing for .* of the 420"):
        weighted("days")
    with pytest.raises(DataError, match="clusters team: missing for 1 rows"):
        weighted(frame=PEOPLE.assign(team=[None, *["a", "b"] * 209, "a"]), clusters="team")
    with pytest.raises(DataError, match="clusters team: everybody is in the same one"):
        weighted(frame=PEOPLE.assign(team="a"), clusters="team")
    with pytest.raises(SpecError, match="level: 95 is not a confidence level"):
        weighted(level=95)


def test_a_hundred_thousand_rows_need_no_square_of_memory():
    frame = many_people(100_000)
    tracemalloc.start()
    row = weighted_outcomes(
        frame,
        treated="treated",
        covariates=("a", "b", "c"),
        outcome="outcome",
        method="doubly_robust",
        clusters="person",
    ).iloc[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6
    assert row["low"] < 0 < row["high"]
