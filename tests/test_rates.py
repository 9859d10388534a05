"""Wilson and Newcombe intervals against R (prop.test, fisher.test) and printed figures."""

from fractions import Fraction
from math import comb

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from statistics_reference import VALUES

from evalkit.errors import DataError, SpecError
from evalkit.statistics import newcombe, wilson


@pytest.mark.parametrize(
    ("name", "events", "people", "level"),
    [("wilson_1_20", 1, 20, 0.95), ("wilson_303_1709", 303, 1709, 0.95), ("wilson90_7_9", 7, 9, 0.90)],
)
def test_wilson_agrees_with_r(name, events, people, level):
    row = wilson(events, people, level=level).iloc[0]
    assert_close([row.lower, row.upper], [VALUES[f"{name}_low"], VALUES[f"{name}_high"]], decimals=13)
    assert row.level == level


def test_wilson_gives_the_printed_limits():
    table = wilson([1, 303], [20, 1709])
    assert_close(table[["lower", "upper"]].iloc[0], [0.00888, 0.23613], decimals=5)
    assert_close(100 * table[["lower", "upper"]].iloc[1], [15.99, 19.61], decimals=2)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_wilson_limits_of_none_and_all_are_exact_for_any_size(level):
    people = np.arange(1, 400)
    assert (wilson(0 * people, people, level=level)["lower"] == 0).all()
    assert (wilson(people, people, level=level)["upper"] == 1).all()


def test_wilson_leaves_zero_and_one_as_soon_as_it_may():
    table = wilson([0, 1, 9, 10], 4 * [10])
    assert list(table["lower"] == 0) == [True, False, False, False]
    assert list(table["upper"] == 1) == [False, False, False, True]
    assert_close(table["lower"], 1 - table["upper"][::-1].to_numpy(), decimals=14)


def test_wilson_keeps_counts_and_row_labels():
    counts = pd.DataFrame({"events": [3, 5], "people": [10, 20]}, index=["north", "south"])
    table = wilson(counts["events"], counts["people"])
    assert list(table.columns) == ["events", "people", "rate", "lower", "upper", "level", "method"]
    assert list(table.index) == ["north", "south"]
    assert table.loc["south", ["events", "people"]].tolist() == [5, 20]
    assert_close(table["rate"], [0.3, 0.25], decimals=15)


@pytest.mark.parametrize(
    ("events", "people", "message"),
    [
        ([1, -1], [5, 5], r"events, row 1 \(the first is row 0\): -1; each must be a whole number, 0 or more"),
        ([1, 1.5], [5, 5], "events, row 1 .*: 1.5; each must be a whole number"),
        ([1, np.nan], [5, 5], "events, row 1 .*: missing; each must be a whole number"),
        ([0, 0], [5, 0], "people, row 1 .*: 0; an empty group has no rate"),
        ([5, 6], [5, 5], "events, row 1: 6 exceeds the 5 people there"),
        ([1, 2], [5], "events has 2 rows but people has 1"),
    ],
)
def test_wilson_refuses_impossible_counts(events, people, message):
    with pytest.raises(DataError, match=message):
        wilson(events, people)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_is_a_share(level):
    with pytest.raises(SpecError, match=f"level: {level} is not a confidence level"):
        wilson(1, 20, level=level)


@pytest.mark.parametrize(
    ("counts", "points", "fisher"),
    [
        ((48, 216, 66, 216), (-8.33, -16.50, -0.02), "fisher_rossi"),  # financial aid, randomised
        ((83, 672, 100, 773), (-0.59, -4.00, 2.89), "fisher_recid"),  # prison work programme
    ],
)
def test_newcombe_gives_the_printed_differences(counts, points, fisher):
    result = newcombe(*counts)
    assert_close([100 * value for value in (result.difference, result.low, result.high)], points, decimals=2)
    assert_close(result.p_value, VALUES[fisher], decimals=12)


def test_newcombe_turns_its_sign_with_the_groups():
    one, other = newcombe(7, 34, 1, 34), newcombe(1, 34, 7, 34)
    assert_close([one.difference, one.low, one.high], [-other.difference, -other.high, -other.low], decimals=15)
    # Newcombe (1998), table II, contrast (b) is 9/10 v 3/10: method 10 gives 0.1705 to 0.8090
    published = newcombe(9, 10, 3, 10)
    assert_close([published.low, published.high], [0.1705, 0.8090], decimals=4)


def test_newcombe_at_none_and_all():
    result = newcombe(0, 20, 20, 20)
    assert (result.difference, result.low) == (-1.0, -1.0)
    assert -1 < result.high < -0.6


@pytest.mark.parametrize(
    "counts",
    [(3, 10, 7, 10), (1, 4, 0, 9), (0, 5, 0, 5), (5, 5, 3, 3), (9, 10, 3, 10), (12, 40, 31, 52), (0, 20, 20, 20)],
)
def test_the_exact_p_adds_up_every_table_no_likelier_than_this_one(counts):
    events_a, people_a, events_b, people_b = counts
    events = events_a + events_b
    # Whole numbers: ways to have a table with these margins, ties with the one at hand (3 and 7 of 10 each) among them
    ways = [comb(people_a, a) * comb(people_b, events - a) for a in range(events + 1)]
    seen = comb(people_a, events_a) * comb(people_b, events_b)
    expected = Fraction(sum(way for way in ways if way <= seen), comb(people_a + people_b, events))
    assert_close(newcombe(*counts).p_value, float(expected), decimals=14)


def test_the_exact_p_of_many_people_who_differ_much_is_no_less_than_nought():
    assert 0 <= newcombe(100, 50_000, 20_000, 50_000).p_value < 1e-300
    assert_close(newcombe(20_000, 50_000, 20_000, 50_000).p_value, 1.0, decimals=12)
