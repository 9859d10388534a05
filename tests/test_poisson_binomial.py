"""Tails of the Poisson-binomial: whole-number arithmetic, plain convolution, the binomial and R as witnesses."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from conftest import assert_close
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import binom
from statistics_reference import PEOPLE, VALUES

from evalkit.errors import DataError
from evalkit.statistics.poisson_binomial import SADDLEPOINT_ABOVE, probability_masses, tilted_count


def made_up_risks(people, seed):
    return np.random.default_rng(seed).beta(1.6, 2.9, people).clip(0.02, 0.97)


def log_tails_in_whole_numbers(sixty_fourths, observed):
    """Both tails to 40 digits: probabilities in 64ths, every mass a whole number over 64**n."""
    masses = [1]
    for part in sixty_fourths:
        masses = [below * part + above * (64 - part) for below, above in zip([0, *masses], [*masses, 0], strict=True)]
    with localcontext(prec=40):
        whole = Decimal(64) ** len(sixty_fourths)
        sums = sum(masses[: observed + 1]), sum(masses[observed:])
        return [float((Decimal(part) / whole).ln()) for part in sums]


def log_lower_tail_by_plain_convolution(predicted, observed):
    """Only sums of positive numbers, in extended precision: nothing cancels as long as nothing underflows."""
    masses = np.zeros(observed + 1, np.longdouble)
    masses[0] = 1
    for chance in predicted.astype(np.longdouble):
        masses[1:] = masses[1:] * (1 - chance) + masses[:-1] * chance
        masses[0] *= 1 - chance
    return float(np.log(masses.sum()))


def test_masses_and_tails_of_five_people():
    risks = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    assert_close(probability_masses(risks), [0.1512, 0.3714, 0.3274, 0.1274, 0.0214, 0.0012], decimals=15)
    tails = tilted_count(risks, 2).tails()
    assert_close(np.exp([tails.log_lower, tails.log_upper, tails.log_point]), [0.85, 0.4774, 0.3274], decimals=14)


@pytest.mark.parametrize("observed", [1, 12, 60, 115, 119, 180, 239])
def test_tails_agree_with_whole_number_arithmetic(observed):
    sixty_fourths = np.random.default_rng(3).integers(1, 63, 240).tolist()
    tails = tilted_count(np.array(sixty_fourths) / 64, observed).tails()
    # absolute agreement of logarithms is relative agreement of probabilities
    expected = log_tails_in_whole_numbers(sixty_fourths, observed)
    assert_close([tails.log_lower, tails.log_upper], expected, decimals=11)


@pytest.mark.parametrize("people", [1, 2, 62, 63, 64, 126, 127, 1000])
def test_equal_risks_are_binomial(people):
    for observed in sorted({0, 1, people // 3, people - 1, people}):
        tails = tilted_count(np.full(people, 0.37), observed).tails()
        log_masses = binom.logpmf(np.arange(people + 1), people, 0.37)
        expected = [logsumexp(log_masses[: observed + 1]), logsumexp(log_masses[observed:])]
        assert_close([tails.log_lower, tails.log_upper], expected, decimals=10)


def test_a_p_value_of_1e_minus_116_comes_out_as_that():
    risks = made_up_risks(12_525, seed=1)
    observed = 3_362  # 4,453 predicted: 22 standard deviations below
    log_lower = tilted_count(risks, observed).tails().log_lower
    assert -117 < log_lower / math.log(10) < -115
    assert abs(math.expm1(log_lower - log_lower_tail_by_plain_convolution(risks, observed))) < 1e-11


def test_the_upper_tail_is_the_lower_tail_of_those_without_the_event():
    risks = made_up_risks(3_000, seed=2)
    above, below = tilted_count(risks, 2_000).tails(), tilted_count(1 - risks, 1_000).tails()
    assert above.log_upper < -200
    assert_close([above.log_upper, above.log_lower], [below.log_lower, below.log_upper], decimals=10)


def test_tails_and_shifts_agree_with_r():
    risks = PEOPLE.query("treated == 1")["predicted"].to_numpy()
    for observed in (1, 20, 61, 100, 182):
        tails = tilted_count(risks, observed).tails()
        expected = [VALUES[f"log_{side}_{observed}"] for side in ("lower", "upper")]
        assert_close([tails.log_lower, tails.log_upper], expected, decimals=11)


@given(
    st.lists(st.floats(1e-6, 1 - 1e-6), min_size=1, max_size=90),
    st.floats(0, 1),
    st.floats(-6, 6),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_shift_follows_from_the_one_tilt(risks, position, shift):
    observed = round(position * len(risks))
    count = tilted_count(np.array(risks), observed)
    shifted = 1 / (1 + np.exp(-(count.log_odds + shift)))
    tails = count.tails(shift)
    lower, upper = log_lower_tail_by_plain_convolution(shifted, observed), 0.0
    if observed:
        upper = log_lower_tail_by_plain_convolution(1 - shifted, len(risks) - observed)
    assert_close([tails.log_lower, tails.log_upper], [lower, upper], decimals=8)


@pytest.mark.parametrize("mid_p", [False, True])
@pytest.mark.parametrize("observed", [0, 1, 40, 119, 120])
def test_shift_for_tail_puts_that_much_in_the_tail(observed, mid_p):
    count = tilted_count(made_up_risks(120, seed=4), observed)
    for tail, impossible in (("lower", 120), ("upper", 0)):
        shift = count.shift_for_tail(tail, 0.025, mid_p=mid_p)
        if observed == impossible:
            assert np.isinf(shift)
            assert count.expected(shift) == observed
        else:
            tails = count.tails(shift).mid() if mid_p else count.tails(shift)
            assert_close(np.exp(tails.log_lower if tail == "lower" else tails.log_upper), 0.025, decimals=12)


def test_mid_p_counts_half_of_the_observed_number():
    tails = tilted_count(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), 2).tails().mid()
    assert_close(np.exp([tails.log_lower, tails.log_upper]), [0.85 - 0.3274 / 2, 0.4774 - 0.3274 / 2], decimals=14)


@pytest.mark.parametrize("deviations", [-30, -23, -2, -1e-4, 0, 1e-4, 0.01, 1, 6, 30])
def test_the_saddlepoint_agrees_with_the_convolution(deviations):
    risks = made_up_risks(100_001, seed=5)
    observed = round(risks.sum() + deviations * math.sqrt((risks * (1 - risks)).sum()))
    approximate = tilted_count(risks, observed, exact=False)
    exact = tilted_count(risks, observed, exact=True)
    assert (approximate.exact, exact.exact) == (False, True)
    found, expected = approximate.tails(), exact.tails()
    assert_close([found.log_lower, found.log_upper], [expected.log_lower, expected.log_upper], decimals=6)
    assert_close(
        [found.mid().log_lower, found.mid().log_upper], [expected.mid().log_lower, expected.mid().log_upper], decimals=5
    )


@pytest.mark.parametrize(("gap", "decimals"), [(0.0, 8), (1e-9, 8), (-1e-9, 8), (6e-6, 8), (8e-6, 8), (-8e-6, 8)])
def test_the_saddlepoint_is_smooth_where_its_formula_has_a_hole(gap, decimals):
    # at equal risks of .3 the binomial is the witness, close to and at the centre of the distribution
    people = 120_000
    count = tilted_count(np.full(people, 0.3), 36_000, exact=False)
    tails, chance = count.tails(count.tilt + gap), 1 / (1 + math.exp(-(count.log_odds[0] + count.tilt + gap)))
    assert_close(tails.log_lower, binom.logcdf(36_000, people, chance), decimals=decimals - 1)
    assert_close(tails.log_upper, binom.logsf(35_999, people, chance), decimals=decimals - 1)


def test_convolution_up_to_the_threshold_and_saddlepoint_above():
    risks = np.full(SADDLEPOINT_ABOVE + 1, 0.3)
    assert tilted_count(risks[1:], 5).exact
    assert not tilted_count(risks, 5).exact


def test_risks_far_apart_are_no_trouble():
    tails = tilted_count(np.array([1e-300, 0.5, 1 - 1e-16]), 3).tails()
    assert_close(tails.log_upper, math.log(0.5) - 300 * math.log(10), decimals=10)
    assert tails.log_lower == 0


@pytest.mark.parametrize("observed", [-1, 4, 1.5])
def test_an_impossible_count_is_refused(observed):
    with pytest.raises(DataError, match=rf"observed: {observed} is not a whole number from 0 to the 3 people"):
        tilted_count(np.array([0.1, 0.2, 0.3]), observed)
