"""Actual against predicted with known probabilities: worked example, R, and what must always hold."""

import math

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from statistics_reference import PEOPLE, VALUES

from evalkit.errors import DataError, SpecError
from evalkit.statistics import actual_vs_predicted


def test_five_people_worked_by_hand():
    result = actual_vs_predicted([0, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5])
    assert (result.people, result.actual) == (5, 2)
    assert_close([result.predicted, result.variance], [1.5, 0.95], decimals=14)
    assert_close([result.p_value, result.log10_p], [0.9548, math.log10(0.9548)], decimals=14)
    assert_close([result.z, result.spiegelhalter_z], [0.51299, 0], decimals=5)
    sizes = [result.actual_rate, result.predicted_rate, result.difference, result.ratio, result.fewer_people]
    assert_close(sizes, [0.4, 0.3, 0.1, 4 / 3, -0.5], decimals=14)
    assert_close(result.relative_change, 1 / 3, decimals=14)
    assert result.predictions == "known"


@pytest.mark.parametrize("kind", ["", "mid_"])
def test_test_and_interval_agree_with_r(kind):
    people = PEOPLE.query("treated == 1")
    result = actual_vs_predicted(people["reconvicted"], people["predicted"], mid_p=bool(kind))
    expected = {name: VALUES[f"treated_{name}"] for name in ("people", "observed", "expected")}
    assert (result.people, result.actual) == (expected["people"], expected["observed"])
    assert_close(result.predicted, expected["expected"], decimals=11)
    scores = [VALUES["treated_z"], VALUES["treated_spiegelhalter_z"]]
    assert_close([result.z, result.spiegelhalter_z], scores, decimals=12)
    assert_close(result.p_value, VALUES[f"treated_{kind}p_value"], decimals=12)
    low, high = (VALUES[f"treated_{kind}expected_{end}"] for end in ("low", "high"))
    assert_close([result.ratio_low, result.ratio_high], np.array([low, high]) / result.predicted, decimals=10)
    assert ("mid-p" in result.method) == bool(kind)


def test_the_interval_inverts_the_test_and_not_the_excess():
    # 58 of 200 where 76.9 were predicted: -15.1 to -3.3 pp. Inverting O - E(d) gives an interval that contains zero.
    risks = beta.ppf((np.arange(200) + 0.5) / 200, 4 * 0.3845, 4 * 0.6155)
    result = actual_vs_predicted(np.arange(200) < 58, risks * 76.9 / risks.sum())
    assert_close(result.predicted, 76.9, decimals=10)
    assert_close([100 * result.difference_low, 100 * result.difference_high], [-15.1, -3.3], decimals=1)


def test_every_limit_is_the_same_interval():
    result = actual_vs_predicted(np.arange(200) < 58, np.linspace(0.01, 0.759, 200))
    ends = np.array([result.difference_low, result.difference_high]) * 200
    assert_close([result.fewer_people_high, result.fewer_people_low], -ends, decimals=11)
    assert_close([result.ratio_low, result.ratio_high], 1 + ends / result.predicted, decimals=12)


@given(
    st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=1, max_size=60),
    st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]),
    st.booleans(),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_significant_exactly_when_the_interval_leaves_out_zero(people, level, mid_p):
    risks, outcomes = zip(*people, strict=True)
    result = actual_vs_predicted(outcomes, risks, level=level, mid_p=mid_p)
    assume(abs(result.p_value - (1 - level)) > 1e-9)
    assert (result.p_value < 1 - level) == (result.difference_low > 0 or result.difference_high < 0)
    assert result.difference_low - 1e-12 <= result.difference <= result.difference_high + 1e-12
    assert_close(10**result.log10_p, result.p_value, decimals=12)


@pytest.mark.parametrize("mid_p", [False, True])
def test_nobody_and_everybody_reconvicted(mid_p):
    risks = np.linspace(0.1, 0.8, 30)
    nobody = actual_vs_predicted(np.zeros(30), risks, mid_p=mid_p)
    everybody = actual_vs_predicted(np.ones(30), risks, mid_p=mid_p)
    share = 0.5 if mid_p else 1.0
    assert (nobody.ratio_low, nobody.fewer_people_high) == (0.0, nobody.predicted)
    assert 0 < nobody.ratio_high < 0.3
    assert_close(nobody.log10_p, np.log10(2 * share) + np.log10(1 - risks).sum(), decimals=12)
    assert_close(everybody.predicted_rate + everybody.difference_high, 1, decimals=15)
    assert 0.85 < everybody.predicted_rate + everybody.difference_low < 1
    assert_close(everybody.log10_p, np.log10(2 * share) + np.log10(risks).sum(), decimals=12)


def test_one_person():
    result = actual_vs_predicted([True], [0.3])
    assert_close([result.p_value, result.difference_low, result.difference_high], [0.6, 0.025 - 0.3, 0.7], decimals=12)


def test_a_million_people_and_a_p_value_too_small_to_write():
    risks = np.tile(np.linspace(0.05, 0.7, 1000), 1000)
    outcomes = np.tile(np.arange(1000) % 3 == 0, 1000)
    result = actual_vs_predicted(outcomes, risks)
    assert result.people == 1_000_000
    assert result.p_value == 0
    # the Gaussian exponent is the rough witness: z squared over two, in decimal digits
    assert_close(result.log10_p / (-(result.z**2) / 2 / math.log(10)), 1, decimals=1)
    assert "exact" in result.method
    assert result.difference_low < result.difference < result.difference_high < 0


def test_z_of_spiegelhalter_where_it_is_undefined():
    assert math.isnan(actual_vs_predicted([0, 1], [0.5, 0.5]).spiegelhalter_z)


@pytest.mark.parametrize(
    ("reconvicted", "predicted", "message"),
    [
        ([0, 2], [0.1, 0.2], r"reconvicted, row 1 \(the first is row 0\): 2; each must be 0 or 1 .*Rows refused: 1"),
        ([0, None, np.nan], [0.1, 0.2, 0.3], "reconvicted, row 1 .*: missing; each must be 0 or 1 .*Rows refused: 2"),
        (["0", "1"], [0.1, 0.2], "reconvicted, row 0 .*: '0'; each must be 0 or 1"),
        ([0, 1], [0.1, 1.0], "predicted, row 1 .*: 1.0; each must lie strictly between 0 and 1"),
        ([0, 1], [0.0, 0.5], "predicted, row 0 .*: 0.0; each must lie strictly between 0 and 1"),
        ([0, 1], [0.3, 35.0], r"predicted, row 1 .*: 35.0; .* \(a share, not a percentage\)"),
        ([0, 1], [0.3, np.nan], "predicted, row 1 .*: missing; each must lie"),
        ([0, 1], [0.3], "reconvicted has 2 rows but predicted has 1: each person needs both"),
        ([], [], r"reconvicted: there are no people \(0 rows\)"),
        ([[0, 1]], [[0.1, 0.2]], r"reconvicted: one value per person is needed \(one dimension, found 2\)"),
    ],
)
def test_refused_with_row_value_and_rule(reconvicted, predicted, message):
    with pytest.raises(DataError, match=message):
        actual_vs_predicted(reconvicted, predicted)


def test_series_with_other_row_labels_are_refused():
    with pytest.raises(DataError, match="different row labels"):
        actual_vs_predicted(pd.Series([0, 1]), pd.Series([0.2, 0.3], index=[1, 2]))


@pytest.mark.parametrize("as_outcome", [list, np.array, pd.Series, lambda v: pd.Series(v, dtype="boolean")])
def test_any_array_of_outcomes_will_do(as_outcome):
    outcomes = as_outcome([True, False, True])
    assert actual_vs_predicted(outcomes, [0.2, 0.3, 0.4]).actual == 2


def test_level_is_checked():
    with pytest.raises(SpecError, match="level: 95 is not a confidence level"):
        actual_vs_predicted([0], [0.5], level=95)


def test_a_result_shows_itself_as_text_and_as_a_table():
    result = actual_vs_predicted([0, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5])
    assert "p_value            0.9548" in repr(result)
    assert '<th scope="row">predicted</th><td>1.5</td>' in result._repr_html_()
