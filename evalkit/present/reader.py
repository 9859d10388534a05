"""What somebody who sees all but the hidden counts can work out of these, by whole numbers that fit every sum.

Bounds that follow from the sums one by one come first: they pin most of what can be worked out, and they cut the
counts that are left into parts that say nothing about each other. What they leave open is asked of integer programming
(SciPy's HiGHS), one part at a time: only a proof makes a count narrow, only values that were found make it wide.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from evalkit.present.cells import Cells, Kind

FEASIBLE = 5
"""Every hidden count keeps at least this many possible whole values."""
MOST_SUSPECTS = 16
"""Cells, or pairs of them, that are tried as the small ones behind what is hidden."""
MOST_ROUNDS = 30
"""Times that the sums are gone through for bounds; these are right after each of them."""

Bounds = tuple[np.ndarray, np.ndarray]
"""Least and most of each cell."""


class Reader:
    """What somebody who sees all but the hidden cells can work out."""

    def __init__(self, cells: Cells, hidden: np.ndarray, before: Reader | None = None) -> None:
        """before : one who sees all that this one sees; what is uncertain for the one stays so if nothing changes."""
        self.cells, self.hidden = cells, hidden
        self.amounts = np.asarray(cells.values, dtype=float)
        self.in_tables: np.ndarray = before.in_tables if before else _in_tables(cells)
        self.fixed = self.in_tables & ~hidden
        self.group_of = {cell: group for group in cells.connected(self.fixed) for cell in group}
        self.covers: dict[int, set[int]] = {}
        self.suspects: dict[int, list[tuple[int, ...]]] = {}
        self.parts: dict[tuple[int, ...], _Part] = {}
        self.asked: set[int] = set()
        self.uncertain = self._unchanged(before) if before else set[int]()

    def hiding(self, more: Sequence[int]) -> Reader:
        """Somebody who does not see some further cells either."""
        if self.hidden[more].all():
            return self
        hidden = self.hidden.copy()
        hidden[more] = True
        return Reader(self.cells, hidden, self)

    def _unchanged(self, before: Reader) -> set[int]:
        """What was uncertain before, in groups of the same cells: what is hidden elsewhere does not bear on these."""
        groups = {before.group_of[cell][0]: before.group_of[cell] for cell in before.uncertain}
        kept = [group for first, group in groups.items() if self.group_of[first] == group]
        return {cell for group in kept for cell in group if cell in before.uncertain}

    def next_covers(self, cell: int) -> list[int]:
        """Of each sum with a cell connected to this one: the shown count that is to be hidden next.

        Those of the same column come first, then the smallest; zeros last.
        """
        cells, group = self.cells, self.group_of[cell]
        if group[0] not in self.covers:
            self.covers[group[0]] = self._covers_of(group)
        column = cells.columns[cell]
        return sorted(self.covers[group[0]], key=lambda other: (cells.columns[other] != column, cells.cost(other)))

    def _covers_of(self, group: list[int]) -> set[int]:
        cells, covers = self.cells, set[int]()
        for parts, whole in self._sums_of(group):
            if not any(cells.kinds[part] is Kind.GAP for part in parts):  # else it is an order
                for side in (parts, (whole,)):
                    shown = [other for other in side if self.fixed[other] and cells.kinds[other] is Kind.COUNT]
                    positive = [other for other in shown if cells.values[other] > 0]
                    covers.update(sorted(positive, key=cells.cost)[:1] or shown)
        nothing = [parts for parts, whole in self._sums_of(covers) if self.fixed[whole] and cells.values[whole] == 0]
        return covers.difference(*nothing)

    def _sums_of(self, some: Collection[int]) -> list[tuple[tuple[int, ...], int]]:
        """The sums with any of these cells."""
        rows, places, _ = self.cells.entries
        wanted = np.zeros(len(self.amounts), dtype=bool)
        wanted[list(some)] = True
        return [self.cells.sums[row] for row in np.unique(rows[wanted[places]])]

    def is_uncertain(self, cell: int) -> bool:
        """Whether a cell has enough possible values, whichever cell is taken to be the small one."""
        group = self.group_of[cell]
        if group[0] not in self.asked:
            self.asked.add(group[0])
            self.uncertain |= self._found_wide(group)
        least, most = self.outer
        if cell not in self.uncertain and most[cell] - least[cell] >= FEASIBLE - 1 and self._work_out(cell):
            self.uncertain.add(cell)
        return cell in self.uncertain

    def _work_out(self, cell: int) -> bool:
        """Ask for the values with each of the suspects in turn: enough with one of them are enough."""
        possible: set[int] = set()
        for number, suspects in enumerate(self.suspects_behind(cell)):
            if number == 1:  # not enough with the first: are there enough at all?
                low, high = self._range(cell, ())
                if high - low < FEASIBLE - 1:
                    return False
            low, high = self._range(cell, suspects)
            possible.update(range(low, min(high, low + FEASIBLE) + 1))
            if len(possible) >= FEASIBLE:
                return True
        return False

    @cached_property
    def outer(self) -> Bounds:
        """Least and most of each cell as far as they follow from the sums one by one; nothing possible is outside."""
        low, high = (limit.copy() for limit in self.limits)
        low[self.fixed] = high[self.fixed] = self.amounts[self.fixed]
        rows, places, signs = self.cells.entries
        is_open = np.bincount(rows, ~self.fixed[places], minlength=1)[rows] > 0
        rows, places, signs = rows[is_open], places[is_open], signs[is_open]
        for _ in range(MOST_ROUNDS):
            before = low.copy(), high.copy()
            least = np.where(signs > 0, low[places], -high[places])
            most = np.where(signs > 0, high[places], -low[places])
            # Parts less whole come to nothing: what the ends of all others leave for one of them.
            left_least, left_most = most - np.bincount(rows, most)[rows], least - np.bincount(rows, least)[rows]
            np.maximum.at(low, places, np.where(signs > 0, left_least, -left_most))
            np.minimum.at(high, places, np.where(signs > 0, left_most, -left_least))
            if (low == before[0]).all() and (high == before[1]).all():
                break
        return low, high

    @cached_property
    def _part_of(self) -> dict[int, list[int]]:
        """The cells that a cell is connected to by others that are not pinned."""
        low, high = self.outer
        return {cell: part for part in self.cells.connected(low == high) for cell in part}

    def _found_wide(self, group: list[int]) -> set[int]:
        """The cells that take enough values in what was found for other readers, with the first suspects small."""
        suspects, found = list(self.suspects_behind(group[0])[0]), self._still_possible
        if not len(found) or not all(map(self.cells.is_small, suspects)):
            return set()
        small = found[:, suspects]
        found = found[((small >= 1) & (small < self.cells.threshold)).all(axis=1)][:, group]
        found = np.vstack([found, self.amounts[group]])
        is_wide = found.max(axis=0) - found.min(axis=0) >= FEASIBLE - 1
        return set(np.array(group)[is_wide].tolist())

    @cached_property
    def _still_possible(self) -> np.ndarray:
        return self.cells.worlds.within(self.limits, self.amounts, self.fixed)

    def suspects_behind(self, cell: int) -> list[tuple[int, ...]]:
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
        low, high, value = self.outer[0][cell], self.outer[1][cell], self.amounts[cell]
        large = [suspect for suspect in suspects if not self.cells.is_small(suspect)]
        if any(suspect not in self._part_of for suspect in large):  # it is known, and is not small
            return 0, -1
        part = self._part(tuple(sorted({self._part_of[one][0] for one in (cell, *large)})))
        place = part.place_of[cell]
        at = tuple(part.place_of[suspect] for suspect in suspects if suspect in part.place_of)
        least, most = part.known(at)
        for sign in (-1, 1) if high - value >= value - low else (1, -1):  # where there is more room comes first
            if most[place] - least[place] < FEASIBLE - 1:
                goal = np.zeros(len(part.cells))
                goal[place] = sign
                solution = self._solve(part, goal, at)
                if solution is None:
                    return 0, -1
                np.minimum(least, solution, out=least)
                np.maximum(most, solution, out=most)
        return int(least[place]), int(most[place])

    def _part(self, firsts: tuple[int, ...]) -> _Part:
        """Parts of the cells that are to be solved for together, all else as it is."""
        if firsts not in self.parts:
            cells = np.array([cell for first in firsts for cell in self._part_of[first]])
            low, high = (bound[cells] for bound in self.outer)
            elsewhere = self.outer[0].copy()  # all that these cells are tied to is pinned
            elsewhere[cells] = 0
            inside = self.cells.matrix[:, cells]
            rows = np.flatnonzero(np.diff(inside.indptr))
            targets = -(self.cells.matrix @ elsewhere)[rows]
            known = [self.amounts[cells], *self._still_possible[:, cells]]
            self.parts[firsts] = _Part(cells, inside[rows], targets, low, high, known, self.cells.threshold)
        return self.parts[firsts]

    def _solve(self, part: _Part, goal: np.ndarray, suspects: tuple[int, ...]) -> np.ndarray | None:
        """All cells of a part where the goal is least; None if there is no solution."""
        if self.cells.solutions_left <= 0:
            return None
        self.cells.solutions_left -= 1
        solution = part.solve(goal, suspects)
        if solution is not None:
            self.cells.worlds.add(self.amounts, part.cells, solution)
        return solution

    @cached_property
    def limits(self) -> Bounds:
        """Least and most of each cell that the rules alone allow."""
        cells, values, threshold = self.cells, self.amounts, self.cells.threshold
        low = np.where(self.hidden, np.minimum(values, 1), 0.0)
        high = np.full(len(values), 2 * values.max() + 100)
        pairs = np.array(list(cells.count_of.items()), dtype=int).reshape(-1, 2)
        rest = pairs[~self.hidden[pairs[:, 1]], 0]  # these are not small, or their counts would be hidden
        low[rest] = np.minimum(threshold, values[rest])
        high[rest[values[rest] == 0]] = 0
        rows, places, signs = cells.entries
        rows, places = rows[signs > 0], places[signs > 0]
        shown, covered = self.fixed[places] & (values[places] > 0), self.hidden[places]
        least_shown, most_covered = np.full(len(cells.sums), np.inf), np.full(len(cells.sums), np.inf)
        np.minimum.at(least_shown, rows[shown], values[places[shown]])
        most_covered[rows[covered]] = -np.inf
        np.maximum.at(most_covered, rows[covered], values[places[covered]])
        limit = np.maximum(threshold - 1, least_shown)
        binds = covered & ((least_shown < np.inf) & (most_covered <= limit))[rows]  # the smallest are hidden first
        np.minimum.at(high, places[binds], limit[rows[binds]])
        return low, high


def _in_tables(cells: Cells) -> np.ndarray:
    return np.array([kind not in (Kind.COMPLEMENT, Kind.GAP) for kind in cells.kinds])


@dataclass
class _Part:
    """Cells that are solved for together: the sums over them, their bounds, and the solutions that are known."""

    cells: np.ndarray
    sums: Any
    targets: np.ndarray
    low: np.ndarray
    high: np.ndarray
    solutions: list[np.ndarray]
    threshold: int
    seen: dict[tuple[int, ...], Bounds] = field(default_factory=dict)

    @cached_property
    def place_of(self) -> dict[int, int]:
        return {cell: place for place, cell in enumerate(self.cells.tolist())}

    def known(self, suspects: tuple[int, ...]) -> Bounds:
        """Fewest and most of each cell in the solutions that are known, as long as the suspects are small in them."""
        if suspects not in self.seen:
            found = np.array(self.solutions)
            small = found[:, list(suspects)]
            found = found[((small >= 1) & (small < self.threshold)).all(axis=1)]
            ends = (found.min(axis=0), found.max(axis=0)) if len(found) else (self.low + np.inf, self.low - np.inf)
            self.seen[suspects] = ends
        return self.seen[suspects]

    def solve(self, goal: np.ndarray, suspects: tuple[int, ...]) -> np.ndarray | None:
        """The cells where the goal is least while all suspects are below the threshold; None if they cannot be."""
        from scipy import optimize

        low, high, at = self.low.copy(), self.high.copy(), list(suspects)
        low[at], high[at] = np.maximum(low[at], 1), np.minimum(high[at], self.threshold - 1)
        if (low > high).any():
            return None
        sums: Any = optimize.LinearConstraint(self.sums, self.targets, self.targets) if self.sums.shape[0] else ()
        bounds = optimize.Bounds(low, high)
        found = optimize.milp(goal, integrality=np.ones_like(goal), bounds=bounds, constraints=sums)
        solution = np.round(found.x) if found.status == 0 else None
        if solution is None or not (self.sums @ solution == self.targets).all():
            return None
        self.solutions.append(solution)
        return solution
