"""What can be worked out of hidden counts: bounds and parts against integer programmes over everything at once."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from evalkit.present.cells import Cells, Kind
from evalkit.present.reader import FEASIBLE, MOST_SUSPECTS, Reader

SEEDS = range(16)


def add_table(cells, random):
    """A table with margins, some of them shown, complements and orders; returns its cells."""
    size = random.integers(2, 4, size=2)
    values = random.poisson(random.choice([3, 8, 30], size=size))
    kinds = random.choice([Kind.COUNT, Kind.HIDDEN, Kind.KNOWN], p=[0.7, 0.2, 0.1], size=size)
    grid = [[cells.add(*cell, "n") for cell in zip(*row, strict=True)] for row in zip(values, kinds, strict=True)]
    for line in [*grid, *zip(*grid, strict=True)]:
        total = sum(cells.values[cell] for cell in line)
        cells.add_up(line, cells.add(total, Kind.COUNT, "total") if random.random() < 0.6 else None)
        if random.random() < 0.3:
            cells.add_order(sorted(line, key=lambda cell: -cells.values[cell]))
    flat = [cell for row in grid for cell in row]
    for cell in random.choice(flat, size=2, replace=False).tolist():
        cells.add_complement(cell, cells.add(cells.values[cell] + int(random.integers(0, 20)), Kind.KNOWN, "base"))
    return flat


def random_cells(seed):
    """Two tables, tied by a hidden count that is known all the same; and what is hidden of them to begin with."""
    random = np.random.default_rng(seed)
    cells = Cells(10, totals_known=bool(random.random() < 0.5))
    cells.solutions_left = 100_000
    one, other = add_table(cells, random), add_table(cells, random)
    bridge = cells.add_up(one, cells.add(sum(cells.values[cell] for cell in one), Kind.HIDDEN, "n"))
    cells.add_up([cells.add(cells.values[bridge], Kind.KNOWN, "n")], bridge)
    cells.add_up(
        [bridge, *other], cells.add(cells.values[bridge] + sum(cells.values[c] for c in other), Kind.KNOWN, "n")
    )
    hidden = np.array([kind is Kind.HIDDEN for kind in cells.kinds])
    hidden |= [
        kind is Kind.COUNT and (cells.is_small(n) or random.random() < 0.3) for n, kind in enumerate(cells.kinds)
    ]
    hidden[[count for rest, count in cells.count_of.items() if cells.is_small(rest)]] = True
    return cells, hidden


def limits_one_by_one(cells, hidden):
    """Least and most of each cell that the rules allow, written out."""
    values, seen = cells.values, fixed_cells(cells, hidden)
    low = [min(value, 1) if hide else 0 for value, hide in zip(values, hidden, strict=True)]
    high = [2 * max(values) + 100] * len(values)
    for rest, count in cells.count_of.items():
        if not hidden[count]:
            low[rest] = min(10, values[rest])
            high[rest] = high[rest] if values[rest] else 0
    for parts, _ in cells.sums:
        shown = [values[part] for part in parts if seen[part] and values[part] > 0]
        covered = [part for part in parts if hidden[part]]
        limit = max(9, min(shown, default=0))
        if shown and covered and max(values[part] for part in covered) <= limit:
            for part in covered:
                high[part] = min(high[part], limit)
    return np.array(low, dtype=float), np.array(high, dtype=float)


def fixed_cells(cells, hidden):
    in_tables = [kind not in (Kind.COMPLEMENT, Kind.GAP) for kind in cells.kinds]
    return [table and not hide for table, hide in zip(in_tables, hidden, strict=True)]


def exact_range(cells, hidden, cell, suspects=()):
    """Fewest and most of a cell with all cells in one programme; None if the suspects cannot be small."""
    low, high = limits_one_by_one(cells, hidden)
    fixed, truth = np.array(fixed_cells(cells, hidden)), np.array(cells.values, dtype=float)
    low, high = np.where(fixed, truth, low), np.where(fixed, truth, high)
    for suspect in suspects:
        low[suspect], high[suspect] = max(low[suspect], 1), min(high[suspect], 9)
    if (low > high).any():
        return None
    matrix = np.zeros((len(cells.sums), len(truth)))
    for row, (parts, whole) in enumerate(cells.sums):
        for part in parts:
            matrix[row, part] += 1
        matrix[row, whole] -= 1
    ends = []
    for sign in (1, -1):
        goal = np.where(np.arange(len(truth)) == cell, sign, 0)
        sums = LinearConstraint(matrix, 0, 0)
        found = milp(goal, integrality=np.ones(len(truth)), bounds=Bounds(low, high), constraints=sums)
        if found.status != 0:
            return None
        ends.append(round(found.x[cell]))
    return ends[0], ends[1]


def is_uncertain_at_once(cells, hidden, cell, suspects):
    """The same question without bounds, parts, or anything that was found before."""
    least, most = exact_range(cells, hidden, cell)
    possible = set()
    for few in suspects if most - least >= FEASIBLE - 1 else ():
        ends = exact_range(cells, hidden, cell, few)
        possible |= set(range(ends[0], ends[1] + 1)) if ends else set()
        if len(possible) >= FEASIBLE:
            return True
    return False


def unseen(cells, hidden):
    return np.flatnonzero(~np.array(fixed_cells(cells, hidden))).tolist()


def asked(cells, hidden):
    rests = [cell for cell, kind in enumerate(cells.kinds) if kind is Kind.COMPLEMENT and cells.is_small(cell)]
    return sorted({*np.flatnonzero(hidden).tolist(), *rests})


@pytest.mark.parametrize("seed", SEEDS)
def test_the_limits_of_the_rules_are_those_written_out(seed):
    cells, hidden = random_cells(seed)
    found = np.array(Reader(cells, hidden).limits)
    assert found.tolist() == np.array(limits_one_by_one(cells, hidden)).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_possible_is_outside_the_bounds(seed):
    cells, hidden = random_cells(seed)
    low, high = Reader(cells, hidden).outer
    ranges = [exact_range(cells, hidden, cell) for cell in unseen(cells, hidden)]
    bounds = [(low[cell], high[cell]) for cell in unseen(cells, hidden)]
    assert all(least <= ends[0] and ends[1] <= most for ends, (least, most) in zip(ranges, bounds, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_count_is_uncertain_exactly_where_one_programme_over_everything_finds_enough_values(seed):
    cells, hidden = random_cells(seed)
    reader = Reader(cells, hidden)
    found = {cell: reader.is_uncertain(cell) for cell in asked(cells, hidden)}
    suspects = {cell: reader.suspects_behind(cell) for cell in found}
    assert found == {cell: is_uncertain_at_once(cells, hidden, cell, suspects[cell]) for cell in found}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_taken_over_when_more_is_hidden_is_what_a_fresh_reader_finds(seed):
    cells, hidden = random_cells(seed)
    readers = [Reader(cells, hidden)]
    shown = [cell for cell, kind in enumerate(cells.kinds) if kind is Kind.COUNT and not hidden[cell]]
    for cell in shown[:3]:
        for other in asked(cells, readers[-1].hidden):
            readers[-1].is_uncertain(other)
        readers.append(readers[-1].hiding([cell]))
    for before, after in pairwise(readers):
        assert after.hidden.sum() == before.hidden.sum() + 1
        cells.worlds = type(cells.worlds)(cells)
        fresh = Reader(cells, after.hidden)
        wanted = asked(cells, after.hidden)
        assert [after.is_uncertain(cell) for cell in wanted] == [fresh.is_uncertain(cell) for cell in wanted]


def test_the_random_tables_hold_counts_of_every_sort():
    found = set()
    for seed in SEEDS:
        cells, hidden = random_cells(seed)
        reader = Reader(cells, hidden)
        for cell in asked(cells, hidden):
            pinned = reader.outer[1][cell] - reader.outer[0][cell] < FEASIBLE - 1
            found.add((reader.is_uncertain(cell), bool(pinned)))
    assert found == {(True, False), (False, True), (False, False)}


def two_by_two(*values):
    """Counts in two rows and two columns whose totals are known; all of them hidden."""
    cells = Cells(10, totals_known=True)
    cells.solutions_left = 100
    one, two, three, four = (cells.add(value, Kind.COUNT, "n") for value in values)
    for line in ((one, two), (three, four), (one, three), (two, four)):
        cells.add_up(line)
    return cells, np.array([True] * 4 + [False] * 4)


def test_what_the_sums_alone_pin_takes_no_programme():
    cells, hidden = two_by_two(3, 40, 50, 60)
    hidden[3] = False  # and with it all others are known
    assert [Reader(cells, hidden).is_uncertain(cell) for cell in range(3)] == [False] * 3
    assert cells.solutions_left == 100


@pytest.mark.parametrize(("room", "uncertain"), [(4, False), (5, True)])
def test_five_possible_values_are_enough_and_four_are_not(room, uncertain):
    """The first is from 1 up to one below the total of its row, which the other makes up."""
    cells = Cells(10, totals_known=True)
    cells.solutions_left = 100
    parts = [cells.add(2, Kind.COUNT, "n"), cells.add(room - 1, Kind.COUNT, "n")]
    cells.add_up(parts)
    reader = Reader(cells, np.array([True, True, False]))
    assert reader.outer[0][:2].tolist() == [1, 1]
    assert reader.outer[1][:2].tolist() == [room, room]
    assert reader.is_uncertain(parts[0]) is uncertain


def test_what_a_programme_found_is_not_asked_again():
    cells, hidden = two_by_two(3, 40, 50, 60)
    reader = Reader(cells, hidden)
    assert [reader.is_uncertain(cell) for cell in range(4)] == [True] * 4
    assert cells.solutions_left == 99
    assert [Reader(cells, hidden).is_uncertain(cell) for cell in range(4)] == [True] * 4
    assert cells.solutions_left == 99


def test_without_programmes_left_nothing_is_taken_to_be_uncertain():
    cells, hidden = two_by_two(3, 40, 50, 60)
    cells.solutions_left = 0
    assert not Reader(cells, hidden).is_uncertain(0)


def two_in_a_row(cells, *values, most):
    """Two hidden counts with a known total, neither of them larger than a known one."""
    pair = [cells.add(value, Kind.COUNT, "n") for value in values]
    cells.add_up(pair, cells.add(sum(values), Kind.KNOWN, "total"))
    for cell in pair:
        cells.add_order([cells.add(most, Kind.KNOWN, "n"), cell])
    return pair


def none_hidden_but(cells, *hidden):
    return np.isin(np.arange(len(cells.values)), hidden)


@pytest.mark.parametrize(("values", "uncertain"), [((9, 10), True), ((9, 11), False)])
def test_what_is_possible_with_one_or_the_other_small_is_taken_together(values, uncertain):
    """At most 12 each: of 19, the first is 7 to 9 or 10 to 12; of 20, it is 8, 9, 11, or 12."""
    cells = Cells(10)
    cells.solutions_left = 100
    pair = two_in_a_row(cells, *values, most=12)
    hidden = none_hidden_but(cells, *pair)
    assert [Reader(cells, hidden).is_uncertain(cell) for cell in [*pair, *pair]] == [uncertain] * 4


@pytest.mark.parametrize(("others", "most", "uncertain"), [((15, 15), 29, True), ((30, 30), 35, False)])
def test_a_large_suspect_counts_wherever_it_is_if_it_can_be_small(others, most, uncertain):
    """The pair of before; two further counts are tied to it by a hidden count that is known all the same."""
    cells = Cells(10)
    cells.solutions_left = 100
    pair = two_in_a_row(cells, 9, 11, most=12)
    further = two_in_a_row(cells, *others, most=most)
    bridge = cells.add(40, Kind.COUNT, "n")
    cells.add_up([cells.add(40, Kind.KNOWN, "n")], bridge)
    for tied in (pair, further):
        cells.add_up([bridge, *tied], cells.add(40 + sum(cells.values[cell] for cell in tied), Kind.KNOWN, "n"))
    reader = Reader(cells, none_hidden_but(cells, *pair, *further, bridge))
    assert set(reader.suspects_behind(pair[0])) >= {(pair[0],), (further[0],), (bridge,)}
    assert reader.is_uncertain(pair[0]) is uncertain


def test_what_is_uncertain_may_not_be_so_once_more_is_hidden_in_its_sum():
    """At first it is from 57 to 70; when 20 is hidden as well, no hidden part is larger than the 60 that is shown."""
    cells = Cells(10)
    cells.solutions_left = 100
    small, large, third, shown = (cells.add(value, Kind.COUNT, "n") for value in (13, 58, 20, 60))
    cells.add_up([small, large, third, shown], cells.add(151, Kind.KNOWN, "total"))
    cells.add_order([large, cells.add(57, Kind.KNOWN, "n")])
    reader = Reader(cells, none_hidden_but(cells, small, large))
    assert reader.is_uncertain(large)
    assert not reader.hiding([third]).is_uncertain(large)


def test_a_sum_that_comes_later_counts():
    cells, hidden = two_by_two(3, 40, 50, 60)
    assert Reader(cells, hidden).is_uncertain(0)
    cells.add_up([0, 3])  # one counts up where the other does
    assert not Reader(cells, np.append(hidden, False)).is_uncertain(0)


def test_suspects_are_at_most_so_many_and_the_small_ones_come_first():
    cells = Cells(10, totals_known=True)
    parts = [cells.add(value, Kind.COUNT, "n") for value in [*range(20, 40), 3]]
    cells.add_up(parts)
    reader = Reader(cells, np.array([True] * len(parts) + [False]))
    suspects = reader.suspects_behind(parts[0])
    assert len(suspects) == MOST_SUSPECTS
    assert suspects[0] == (parts[-1],)


@pytest.mark.parametrize("seed", SEEDS)
def test_cells_are_connected_by_chains_of_sums_whose_cells_are_not_fixed(seed):
    cells, hidden = random_cells(seed)
    fixed = fixed_cells(cells, hidden)
    groups = [{cell} for cell in unseen(cells, hidden)]
    for parts, whole in cells.sums:
        tied = [group for group in groups if group & {*parts, whole}]
        groups = [group for group in groups if group not in tied] + ([set().union(*tied)] if tied else [])
    assert cells.connected(fixed) == sorted(map(sorted, groups))
