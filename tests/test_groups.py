"""Groups of a frame, and one group against another: R (glm, sandwich) as witness."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from statistics_reference import PEOPLE, VALUES

from evalkit.errors import DataError
from evalkit.statistics import actual_vs_predicted, actual_vs_predicted_by, two_groups
from evalkit.statistics.logistic import logistic_fit


def test_each_group_is_compared_as_it_would_be_alone():
    table = actual_vs_predicted_by(PEOPLE, by="area")
    assert table["area"].tolist() == ["north", "south", "west"]
    alone = PEOPLE.query("area == 'south'")
    expected = asdict(actual_vs_predicted(alone["reconvicted"], alone["predicted"]))
    assert table[list(expected)].iloc[1].to_dict() == expected
    assert table["people"].sum() == len(PEOPLE)


def test_adjusted_rate_of_the_whole_is_its_crude_rate():
    row = actual_vs_predicted_by(PEOPLE.assign(all="all"), by="all").iloc[0]
    assert_close(row["adjusted_rate"], PEOPLE["reconvicted"].mean(), decimals=14)


def test_adjusted_rate_takes_out_the_mix_of_risks():
    # both groups at 1.2 times their prediction; crude rates .6 and .24, adjusted alike: 1.2 x overall .35
    frame = pd.DataFrame({"team": ["a"] * 50 + ["b"] * 50, "predicted": [0.5] * 50 + [0.2] * 50})
    frame["reconvicted"] = [1] * 30 + [0] * 20 + [1] * 12 + [0] * 38
    table = actual_vs_predicted_by(frame, by="team")
    assert_close(table["adjusted_rate"], [0.42, 0.42], decimals=14)
    assert_close(table["adjusted_rate_low"], table["ratio_low"] * 0.35, decimals=14)
    assert_close(table["adjusted_rate_high"], table["ratio_high"] * 0.35, decimals=14)


def test_missing_groups_and_several_columns_keep_every_person():
    frame = pd.DataFrame(
        {
            "area": ["n", "n", None, "s"],
            "sex": ["f", "m", "f", "f"],
            "reconvicted": [0, 1, 1, 0],
            "predicted": [0.2] * 4,
        }
    )
    assert actual_vs_predicted_by(frame, by="area")["people"].tolist() == [2, 1, 1]
    table = actual_vs_predicted_by(frame.astype({"area": "category"}), by=["area", "sex"])
    assert table["people"].sum() == 4
    assert table["sex"].tolist() == ["f", "m", "f", "f"]


@pytest.mark.parametrize(
    ("by", "message"),
    [("team", "the frame lacks the column team"), ("level", "by: the column level has the name of a result")],
)
def test_impossible_groupings_are_refused(by, message):
    frame = pd.DataFrame({"reconvicted": [0, 1], "predicted": [0.2, 0.3], "level": ["a", "b"]})
    with pytest.raises(DataError, match=message):
        actual_vs_predicted_by(frame, by=by)


def test_a_bad_row_is_named_by_its_place_in_the_whole_frame():
    frame = pd.DataFrame({"area": ["n", "s", "s"], "reconvicted": [0, 1, 0], "predicted": [0.2, 0.3, 1.0]})
    with pytest.raises(DataError, match="predicted, row 2 "):
        actual_vs_predicted_by(frame, by="area")


@pytest.mark.parametrize("clustered", [False, True])
def test_two_groups_agree_with_r(clustered):
    frame, suffix = PEOPLE, "_clustered" if clustered else ""
    clusters = frame["team"] if clustered else None
    result = two_groups(frame["reconvicted"], frame["predicted"], frame["treated"], clusters=clusters)
    reach = VALUES["two_t_975"] if clustered else 1.959963984540054
    log_odds, error = VALUES["two_log_odds"], VALUES[f"two_error{suffix}"]
    found = np.log([result.odds_ratio, result.odds_ratio_low, result.odds_ratio_high])
    assert_close(found, [log_odds, log_odds - reach * error, log_odds + reach * error], decimals=8)
    mean, error = VALUES["two_difference"], VALUES[f"two_difference_error{suffix}"]
    found = [result.difference, result.difference_low, result.difference_high]
    assert_close(found, [mean, mean - reach * error, mean + reach * error], decimals=8)
    assert (result.people_in, result.people_out) == (183, 217)
    assert result.clusters == (16 if clustered else None)


def test_two_groups_far_apart_in_the_right_direction():
    group = np.repeat([1, 0], 200)
    outcomes = np.r_[np.arange(200) < 40, np.arange(200) < 100]
    result = two_groups(outcomes, np.full(400, 0.5), group)
    # 2 x 2 table: odds .25 against 1; rates .2 against .5; error of the log odds ratio from the four cells
    assert_close([result.odds_ratio, result.difference], [0.25, -0.3], decimals=8)
    assert_close(result.z, np.log(0.25) / np.sqrt(1 / 40 + 1 / 160 + 1 / 100 + 1 / 100), decimals=6)
    assert result.p_value < 1e-8


@pytest.mark.parametrize(
    ("outcomes", "group", "clusters", "message"),
    [
        ([0, 1, 0, 1], [1, 1, 1, 1], None, "group: nobody is outside the group"),
        ([0, 1, 0, 1], [0, 0, 0, 0], None, "group: nobody is in the group"),
        ([0, 0, 0, 1], [1, 1, 0, 0], None, "group: none of the 2 people in the group were reconvicted"),
        ([0, 1, 1, 1], [1, 1, 0, 0], None, "group: all of the 2 people outside the group were reconvicted"),
        ([0, 1, 0, 1], [1, 1, 0, 2], None, "group, row 3 .*: 2; each must be 0 or 1"),
        ([0, 1, 0, 1], [1, 1, 0, 0], ["a", None, "b", "b"], "clusters, row 1 .*: missing; each person needs one"),
        ([0, 1, 0, 1], [1, 1, 0, 0], ["a", "a", "a", "a"], "clusters: there is only one"),
        ([0, 1, 0, 1], [1, 1, 0, 0], ["a", "b"], "reconvicted has 4 rows but clusters has 2"),
    ],
)
def test_two_groups_refuse_what_has_no_answer(outcomes, group, clusters, message):
    with pytest.raises(DataError, match=message):
        two_groups(outcomes, [0.2, 0.3, 0.4, 0.5], group, clusters=clusters)


@pytest.mark.parametrize("clusters", [[0] * 20 + [1] * 20, [0, 1] * 20])
def test_two_clusters_that_leave_no_variance_are_refused(clusters):
    group = [1] * 20 + [0] * 20
    outcomes = [1, 0] * 20
    with pytest.raises(DataError, match="2 clusters say nothing"):
        two_groups(outcomes, [0.3] * 40, group, clusters=clusters)


@pytest.mark.parametrize("clustered", [False, True])
def test_the_logistic_regression_agrees_with_statsmodels(clustered):
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    generator = np.random.default_rng(3)
    matrix = np.column_stack([np.ones(2_000), generator.normal(size=(2_000, 3))])
    offset, clusters = generator.normal(size=2_000), generator.integers(0, 25, 2_000)
    chances = 1 / (1 + np.exp(-(offset + matrix @ [-0.5, 0.3, 0.0, -1.0])))
    outcomes = (generator.random(2_000) < chances).astype(float)
    found = logistic_fit(outcomes, matrix, list("abcd"), offset=offset, clusters=clusters if clustered else None)
    options = {"cov_type": "cluster", "cov_kwds": {"groups": clusters}} if clustered else {}
    expected = GLM(outcomes, matrix, family=Binomial(), offset=offset).fit(tol=1e-12, tol_criterion="params", **options)
    assert_close(found.log_odds, expected.params, decimals=10)
    assert_close(found.covariance, expected.cov_params(), decimals=10)
