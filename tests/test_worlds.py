"""What counts could be, kept from one search to the next: never anything that a reader could rule out."""

import numpy as np
import pytest

from evalkit.present.cells import MOST_WORLDS, Cells, Kind


def two_hidden(*values):
    """Two hidden counts that add up to a total that is known."""
    cells = Cells(10, totals_known=True)
    parts = [cells.add(value, Kind.HIDDEN, "n") for value in values]
    cells.add_up(parts)
    return cells, parts


def fitting(cells, fixed, *, low=0, high=100):
    truth = np.array(cells.values, dtype=float)
    limits = np.zeros(len(truth)) + low, np.zeros(len(truth)) + high
    return cells.worlds.within(limits, truth, np.isin(np.arange(len(truth)), fixed)).tolist()


def test_a_solution_is_kept_for_as_long_as_nothing_that_is_seen_differs():
    cells, (one, other) = two_hidden(4, 6)
    total = 2
    cells.worlds.add(np.array(cells.values, dtype=float), [one, other], np.array([1.0, 9.0]))
    assert fitting(cells, [total]) == [[1, 9, 10]]
    assert fitting(cells, [total, one]) == []  # the first is seen, and is 4


@pytest.mark.parametrize(("low", "high", "found"), [(1, 9, 1), (2, 9, 0), (1, 8, 0)])
def test_a_solution_beyond_a_limit_is_none(low, high, found):
    cells, parts = two_hidden(4, 6)
    cells.worlds.add(np.array(cells.values, dtype=float), parts, np.array([1.0, 9.0]))
    assert len(fitting(cells, [2], low=[low, low, 0], high=[high, high, 10])) == found


def test_a_cell_that_comes_later_takes_the_value_that_the_sums_give_it():
    cells, (one, other) = two_hidden(4, 6)
    cells.worlds.add(np.array(cells.values, dtype=float), [one, other], np.array([1.0, 9.0]))
    copy = cells.add(4, Kind.HIDDEN, "n")
    cells.add_up([copy], one)
    rest = cells.add_rest(copy, 2)
    assert fitting(cells, [2]) == [[1, 9, 10, 1, 9]]
    assert cells.values[rest] == 6


def test_a_solution_that_breaks_a_later_sum_is_none():
    cells, (one, other) = two_hidden(4, 6)
    cells.worlds.add(np.array(cells.values, dtype=float), [one, other], np.array([1.0, 9.0]))
    cells.add_up([cells.add(4, Kind.KNOWN, "n")], one)  # another table shows it
    assert fitting(cells, [2, 3]) == []


def test_only_the_latest_are_kept():
    cells, parts = two_hidden(4, 6)
    for number in range(MOST_WORLDS + 1):
        cells.worlds.add(np.array(cells.values, dtype=float), parts, np.array([number % 2, 10.0 - number % 2]))
    assert len(fitting(cells, [2])) == MOST_WORLDS


def test_a_solution_in_which_two_counts_differ_that_turn_out_to_be_one_is_none():
    cells, (one, other) = two_hidden(5, 5)
    cells.worlds.add(np.array(cells.values, dtype=float), [one, other], np.array([1.0, 9.0]))
    assert len(fitting(cells, [2])) == 1
    cells.add_up([one], other)
    assert fitting(cells, [2]) == []


@pytest.mark.parametrize(
    ("given_away", "hidden_as_well"),
    [
        (set(), 20),  # the smallest of those that are shown
        ({20}, 30),  # hiding what earlier releases give away protects nothing
        ({20, 30, 40}, 102),  # the sum itself
        ({20, 30, 40, 102}, None),
    ],
)
def test_what_alone_is_hidden_of_a_sum_takes_another_with_it_that_is_not_known_anyway(given_away, hidden_as_well):
    cells = Cells(10)
    parts = [cells.add(value, Kind.KNOWN, "n") for value in (12, 30, 20, 40)]
    everything = [*parts, cells.add_up(parts)]
    wanted, equal = {parts[0]}, cells.equal()
    cells.kinds[parts[0]] = Kind.HIDDEN
    cells.also_pinned(wanted, equal, {cell for cell in everything if cells.values[cell] in given_away})
    assert {cells.values[cell] for cell in wanted - {parts[0]}} == ({hidden_as_well} - {None})
