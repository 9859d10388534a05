"""Hidden bias and sizes: published worked examples and R as witnesses."""

import numpy as np
import pytest
from conftest import assert_close
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from weighting_reference import VALUES

from evalkit.errors import DataError, SpecError
from evalkit.statistics.sensitivity import e_value, minimum_detectable, people_needed, rosenbaum_bound


def test_the_published_e_value():
    # VanderWeele & Ding (2017): risk ratio 3.9 (1.8 to 8.7) gives 7.26, its lower limit 3.0
    result = e_value(3.9, 1.8, 8.7)
    assert_close([result.point, result.limit], [7.26, 3.0], decimals=2)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "limit"),
    [
        (0.8, 0.7, 0.9, 1 / 0.9),  # below 1 the upper limit is nearest, turned over
        (0.8, 0.7, 1.0, 1.0),  # the interval just reaches 1
        (0.8, 0.7, 1.1, 1.0),
        (1.25, 1.0, 1.5, 1.0),
        (1.25, 1.0001, 1.5, 1.0001),
    ],
)
def test_the_limit_nearest_to_one_decides(ratio, low, high, limit):
    result = e_value(ratio, low, high)
    assert_close(result.limit, limit + np.sqrt(limit * (limit - 1)), decimals=12)
    assert_close(result.point, 1.25 + np.sqrt(1.25 * 0.25), decimals=12)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0, 0.5, 2), "ratio: 0 is not a risk ratio"),
        ((1.2, -1, 2), "low: -1 is not a risk ratio"),
        ((1.2, 1.1, np.inf), "high: inf is not a risk ratio"),
        ((1.2, 1.3, 1.4), "ratio: 1.2 lies outside its own limits 1.3 to 1.4"),
    ],
)
def test_what_is_no_risk_ratio_is_refused(numbers, message):
    with pytest.raises(DataError, match=message):
        e_value(*numbers)


def test_the_bound_of_smoking_and_lung_cancer():
    # the pairs of Rosenbaum (2002), page 112: in 110 of 122 discordant pairs the smoker died; the study bears a hidden
    # difference of 5 but not of 6
    result = rosenbaum_bound(110, 12, gammas=(1, 4, 5, 6))
    exact = [VALUES[f"rosenbaum_110_12_{gamma}"] for gamma in (1, 4, 5, 6)]
    assert_close(result.table["p_one_sided"], exact, decimals=12)
    assert_close(result.table["p_value"], 2 * np.array(exact), decimals=12)
    assert_close(result.gamma, VALUES["rosenbaum_110_12_lost"], decimals=8)
    assert result.discordant_pairs == 122
    assert 5 < result.gamma < 6


def test_at_the_bound_the_p_value_is_five_per_cent():
    gamma = rosenbaum_bound(30, 60).gamma
    table = rosenbaum_bound(30, 60, gammas=(gamma - 1e-6, gamma, gamma + 1e-6)).table
    assert_close(table["p_value"].iloc[1], 0.05, decimals=9)
    assert table["p_value"].iloc[0] < 0.05 < table["p_value"].iloc[2]


def test_the_bound_does_not_mind_which_side_has_more():
    assert rosenbaum_bound(30, 60).gamma == rosenbaum_bound(60, 30).gamma


def test_what_is_not_significant_needs_no_hidden_bias():
    # two-sided exact p of 5 against 10 is .302; of 5 against 20 it is .0041
    assert rosenbaum_bound(5, 10).gamma == 1
    assert rosenbaum_bound(5, 20).gamma > 1
    assert_close(rosenbaum_bound(5, 10).table["p_value"].iloc[0], 0.3018, decimals=4)


def test_pairs_all_one_way_have_a_bound():
    # chance c of ten in ten with c**10 = .025
    chance = 0.025**0.1
    assert_close(rosenbaum_bound(0, 10).gamma, chance / (1 - chance), decimals=8)


@pytest.mark.parametrize(
    ("counts", "gammas", "error", "message"),
    [
        ((0, 0), (1,), DataError, "no pair is discordant"),
        ((-1, 5), (1,), DataError, "treated_only: -1 is not a number of pairs"),
        ((3, 2.5), (1,), DataError, "comparison_only: 2.5 is not a number of pairs"),
        ((3, 5), (0.99,), SpecError, "gammas: .*0.99.* each must be a finite number, 1 or more"),
        ((3, 5), (), SpecError, "gammas"),
    ],
)
def test_impossible_bounds_are_refused(counts, gammas, error, message):
    with pytest.raises(error, match=message):
        rosenbaum_bound(*counts, gammas=gammas)


def test_smallest_differences_of_the_methods_page():
    # mean p (1 - p) = .19: 15.8 points with 60 people, 5.5 with 500
    found = [100 * minimum_detectable(people, variance=0.19).difference for people in (60, 500)]
    assert_close(found, [15.8, 5.5], decimals=1)


def test_level_and_power_are_those_asked_for():
    # power and level add up in standard errors: 1.6449 (90 %) + 1.2816 (90 % power), of sqrt(.25 / 100) = .05
    result = minimum_detectable(100, variance=0.25, level=0.9, power=0.9)
    assert_close(result.difference, (1.6448536 + 1.2815516) * 0.05, decimals=7)
    assert (result.level, result.power) == (0.9, 0.9)


def test_two_groups_carry_both_variances():
    result = minimum_detectable(300, variance=0.19, comparison_people=900, comparison_variance=0.21)
    assert_close(result.difference, VALUES["detectable_300_900"], decimals=12)
    assert result.method == "two groups, both variances"
    alike = minimum_detectable(300, variance=0.19, comparison_people=300).difference
    assert_close(alike, np.sqrt(2) * minimum_detectable(300, variance=0.19).difference, decimals=12)


def test_people_needed_agree_with_r():
    assert people_needed(0.05, variance=0.19).people == int(np.ceil(VALUES["needed_5_points"]))
    result = people_needed(-0.05, variance=0.19, comparison_variance=0.21, comparison_per_treated=2)
    assert result.people == int(np.ceil(VALUES["needed_5_points_two"]))
    assert result.comparison_people == 2 * result.people


@given(difference=st.floats(0.002, 0.9), variance=st.floats(0.01, 0.25), power=st.floats(0.55, 0.99))
def test_people_needed_are_the_least_that_do(difference, variance, power):
    people = people_needed(difference, variance=variance, power=power).people
    slack = 1e-9
    assert minimum_detectable(people, variance=variance, power=power).difference <= difference + slack
    if people > 1:
        assert minimum_detectable(people - 1, variance=variance, power=power).difference > difference - slack


def test_a_study_like_the_one_at_hand_needs_people_by_its_own_standard_error():
    # 400 people gave a standard error of 3 points; at 6 points and 80 % power, z + z = 2.8016 errors fit in 6 points
    reach = norm.ppf(0.975) + norm.ppf(0.8)
    assert people_needed(0.06, variance=0.03**2 * 400).people == int(np.ceil(400 * (reach * 0.03 / 0.06) ** 2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: minimum_detectable(0, variance=0.2), DataError, "people: 0; a group needs at least 1 person"),
        (
            lambda: minimum_detectable(9, variance=0.2, comparison_people=0),
            DataError,
            "comparison_people: 0; a group needs",
        ),
        (lambda: minimum_detectable(9, variance=0.26), DataError, "variance: 0.26; the mean of p"),
        (lambda: minimum_detectable(9, variance=0.0), DataError, "variance: 0.0; the mean of p"),
        (lambda: minimum_detectable(9, variance=0.2, power=0.5), SpecError, "power: 0.5 is not a power"),
        (lambda: minimum_detectable(9, variance=0.2, level=1), SpecError, "level: 1 is not a confidence level"),
        (lambda: people_needed(0, variance=0.2), DataError, "difference: 0; no number of people settles it"),
        (lambda: people_needed(np.nan, variance=0.2), DataError, "difference: nan"),
        (lambda: people_needed(0.1, variance=-1), DataError, "variance: -1; a finite number above 0"),
        (
            lambda: people_needed(0.1, variance=0.2, comparison_variance=0.2, comparison_per_treated=0),
            DataError,
            "comparison_per_treated: 0",
        ),
    ],
)
def test_impossible_sizes_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_quarter_is_the_largest_variance_of_a_rate():
    assert_close(minimum_detectable(100, variance=0.25).difference, 2.801585 * 0.05, decimals=6)
