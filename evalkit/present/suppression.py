"""Which counts must be hidden so that no hidden one can be worked out from what a reader sees.

All that a reader knows is written as sums of cells, whole numbers of 0 or more: rows that add up to a total, a count
and its complement, an order as a gap. Integer programming (SciPy's HiGHS) then finds the fewest and the most that a
hidden cell can hold; further counts are hidden, the smallest first, until every one has enough possible values.

The reader is taken to know the sums, every shown count, the totals of all that adds up, that a hidden count is at least
1 (zeros are shown), that something near it is small or has a small complement, and that the smallest count is hidden
first. Where this says more than a reader can know, more is hidden, never less.
"""

from __future__ import annotations

from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from evalkit.present.cells import Cells, Kind

FEASIBLE = 5
"""Every hidden count keeps at least this many possible whole values."""
MOST_SOLUTIONS = 3_000
"""Integer programmes that one problem may take (about a millisecond each); then all of it is hidden."""
MOST_SUSPECTS = 16
"""Cells, or pairs of them, that are tried as the small ones behind what is hidden."""


def hidden_cells(cells: Cells, *, first: int = 0) -> np.ndarray:
    """Which cells to hide: the small ones, and what would give them away. Returns one boolean per cell.

    first : number of the first cell that is not settled; problems made up of settled cells alone are solved already
    """
    hidden = np.array([kind is Kind.HIDDEN for kind in cells.kinds], dtype=bool)
    small = [cell for cell, kind in enumerate(cells.kinds) if kind is Kind.COUNT and cells.is_small(cell)]
    small += [count for rest, count in cells.count_of.items() if cells.is_small(rest)]
    hidden[small] = True
    for problem in cells.connected([kind is Kind.KNOWN for kind in cells.kinds]):
        if problem[-1] >= first and hidden[problem].any():
            _cover(cells, problem, hidden)
    return hidden


def _cover(cells: Cells, problem: list[int], hidden: np.ndarray) -> None:
    """Hide further counts of one problem, in place, until nothing hidden can be worked out or nothing is left."""
    cells.solutions_left, given_up = min(MOST_SOLUTIONS, cells.most_solutions), set[int]()
    counts = [cell for cell in problem if cells.kinds[cell] is Kind.COUNT]
    while True:
        reader = Reader(cells, hidden)
        at_risk = [cell for cell in _protected(cells, problem, hidden) if cell not in given_up]
        exposed = next((cell for cell in at_risk if not reader.is_uncertain(cell)), None)
        if exposed is None:
            return
        if cells.solutions_left <= 0:
            hidden[counts] = True
            return
        cover = _cheapest_cover(cells, hidden, exposed, reader)
        if cover is None:
            hidden[[cell for cell in counts if cells.columns[cell] == cells.columns[exposed]]] = True
            given_up.add(exposed)
        else:
            hidden[cover] = True


def _protected(cells: Cells, problem: list[int], hidden: np.ndarray) -> list[int]:
    """Hidden cells, and small complements."""
    return [cell for cell in problem if hidden[cell] or (cells.kinds[cell] is Kind.COMPLEMENT and cells.is_small(cell))]


def _cheapest_cover(cells: Cells, hidden: np.ndarray, exposed: int, reader: Reader) -> int | None:
    """The first of the counts next in line that protects the exposed cell; if none alone does, the first of all.

    None if hiding everything would not do either.
    """
    covers = reader.next_covers(exposed)
    for cell in covers:
        if _would_protect(cells, hidden, [cell], exposed):
            return cell
    counts = [cell for cell, kind in enumerate(cells.kinds) if kind is Kind.COUNT]
    return covers[0] if covers and _would_protect(cells, hidden, counts, exposed) else None


def _would_protect(cells: Cells, hidden: np.ndarray, more: list[int], exposed: int) -> bool:
    with_more = hidden.copy()
    with_more[more] = True
    return Reader(cells, with_more).is_uncertain(exposed)


class Reader:
    """What somebody who sees all but the hidden cells can work out."""

    def __init__(self, cells: Cells, hidden: np.ndarray) -> None:
        self.cells, self.hidden = cells, hidden
        self.amounts = np.asarray(cells.values, dtype=float)
        seen = [kind not in (Kind.COMPLEMENT, Kind.GAP) for kind in cells.kinds]
        self.fixed = [bool(cell) for cell in seen & ~hidden]
        groups = cells.connected(self.fixed)
        self.group_of = {cell: group for group in groups for cell in group}
        self.place_of = {cell: place for group in groups for place, cell in enumerate(group)}
        self.seen: dict[tuple[int, tuple[int, ...]], tuple[np.ndarray, np.ndarray]] = {}
        self.rows: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self.suspects: dict[int, list[tuple[int, ...]]] = {}
        self.solutions: dict[int, list[np.ndarray]] = {}
        self.still_possible = cells.worlds.within(self._limits, self.amounts, np.array(self.fixed))

    def next_covers(self, cell: int) -> list[int]:
        """Of each sum with a cell connected to this one: the shown count that is to be hidden next.

        Those of the same column come first, then the smallest; zeros last.
        """
        cells, group, covers = self.cells, set(self.group_of[cell]), set[int]()
        for parts, whole in cells.sums:
            is_order = any(cells.kinds[part] is Kind.GAP for part in parts)
            if not is_order and group.intersection((*parts, whole)):
                for side in (parts, (whole,)):
                    shown = [other for other in side if self.fixed[other] and cells.kinds[other] is Kind.COUNT]
                    positive = [other for other in shown if cells.values[other] > 0]
                    covers.update(sorted(positive, key=cells.cost)[:1] or shown)
        nothing = [parts for parts, whole in cells.sums if self.fixed[whole] and cells.values[whole] == 0]
        covers, column = covers.difference(*nothing), cells.columns[cell]
        return sorted(covers, key=lambda other: (cells.columns[other] != column, cells.cost(other)))

    def is_uncertain(self, cell: int) -> bool:
        """Whether a cell has enough possible values, whichever cell is taken to be the small one."""
        possible: set[int] = set()
        least, most = self._range(cell, ())
        for suspects in self._suspects(cell) if most - least >= FEASIBLE - 1 else ():
            low, high = self._range(cell, suspects)
            possible.update(range(low, min(high, low + FEASIBLE) + 1))
            if len(possible) >= FEASIBLE:
                return True
        return False

    def _suspects(self, cell: int) -> list[tuple[int, ...]]:
        """Cells that may be the small ones behind it all: one of this table and, if it has any, one of the other."""
        first = self.group_of[cell][0]
        if first not in self.suspects:
            kinds, is_small = self.cells.kinds, self.cells.is_small
            group = [other for other in self.group_of[cell] if kinds[other] is not Kind.GAP]
            tables = [
                [other for other in group if (kinds[other] is Kind.HIDDEN) is elsewhere] for elsewhere in (False, True)
            ]
            tables = [sorted(table, key=lambda other: not is_small(other)) for table in tables]
            known = [table[:MOST_SUSPECTS] for table in tables if table and is_small(table[0])]
            tried = sorted(product(*known), key=lambda few: not all(map(is_small, few)))
            self.suspects[first] = tried[:MOST_SUSPECTS]
        return self.suspects[first]

    def _range(self, cell: int, suspects: tuple[int, ...]) -> tuple[int, int]:
        """Fewest and most of a cell, or any two values FEASIBLE apart, if all suspects are below the threshold."""
        group, place = self.group_of[cell], self.place_of[cell]
        if (group[0], suspects) not in self.seen:
            self.seen[group[0], suspects] = self._range_so_far(group, suspects)
        least, most = self.seen[group[0], suspects]
        for sign in (1, -1):
            if most[place] - least[place] < FEASIBLE - 1:
                goal = np.zeros(len(group))
                goal[place] = sign
                solution = self._solve(group, goal, suspects)
                if solution is None:
                    return 0, -1
                np.minimum(least, solution, out=least)
                np.maximum(most, solution, out=most)
        return int(least[place]), int(most[place])

    def _range_so_far(self, group: list[int], suspects: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Fewest and most of each cell of a group in the solutions that are known already, the truth among them."""
        if group[0] not in self.solutions:
            self.solutions[group[0]] = [self.amounts[group], *self.still_possible[:, group]]
        known = np.array(self.solutions[group[0]])
        small = known[:, [self.place_of[suspect] for suspect in suspects]]
        known = known[((small >= 1) & (small < self.cells.threshold)).all(axis=1)]
        if not len(known):
            return np.full(len(group), np.inf), np.full(len(group), -np.inf)
        return known.min(axis=0), known.max(axis=0)

    def _solve(self, group: list[int], goal: np.ndarray, suspects: tuple[int, ...]) -> np.ndarray | None:
        """All cells of the group where the goal is least; None if there is no solution."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        if self.cells.solutions_left <= 0:
            return None
        self.cells.solutions_left -= 1
        matrix, targets = self._equations(group)
        low, high = self._limits[0][group], self._limits[1][group].copy()
        at = [self.place_of[suspect] for suspect in suspects]
        low[at], high[at] = np.maximum(low[at], 1), np.minimum(high[at], self.cells.threshold - 1)
        if (low > high).any():
            return None
        sums: Any = LinearConstraint(matrix, targets, targets) if len(matrix) else ()
        found = milp(goal, integrality=np.ones_like(group), bounds=Bounds(low, high), constraints=sums)
        solution = np.round(found.x) if found.status == 0 else None
        if solution is None or not (matrix @ solution == targets).all():
            return None
        self.solutions[group[0]].append(solution)
        self.cells.worlds.add(self.amounts, group, solution)
        return solution

    def _equations(self, group: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """The sums as rows over the cells of a group, and what each row must come to given the cells that are seen."""
        if group[0] in self.rows:
            return self.rows[group[0]]
        position = {cell: place for place, cell in enumerate(group)}
        rows, targets = [], []
        for parts, whole in self.cells.sums:
            signed = [*((part, 1) for part in parts), (whole, -1)]
            if any(cell in position for cell, _ in signed):
                row = np.zeros(len(group))
                for cell, sign in signed:
                    if cell in position:
                        row[position[cell]] += sign
                rows.append(row)
                targets.append(-sum(sign * self.cells.values[cell] for cell, sign in signed if cell not in position))
        found = self.rows[group[0]] = np.array(rows).reshape(-1, len(group)), np.array(targets, dtype=float)
        return found

    @cached_property
    def _limits(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and most of each cell that the rules alone allow."""
        cells, values = self.cells, self.amounts
        low = np.where(self.hidden, np.minimum(values, 1), 0.0)
        high = np.full(len(values), 2 * values.max() + 100)
        for rest, count in cells.count_of.items():
            if not self.hidden[count]:  # its complement is not small, or it would be hidden
                low[rest] = min(cells.threshold, values[rest])
                high[rest] = high[rest] if values[rest] else 0
        for parts, _ in cells.sums:
            shown = [values[part] for part in parts if self.fixed[part] and values[part] > 0]
            covered = [part for part in parts if self.hidden[part]]
            limit = max(cells.threshold - 1, min(shown, default=0))
            if shown and covered and values[covered].max() <= limit:  # the smallest are hidden first
                high[covered] = np.minimum(high[covered], limit)
        return low, high
