"""Counts as cells, and the sums that tie them: what the search for counts to hide works on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise
from typing import Any

import numpy as np


class Kind(Enum):
    """What a reader sees of a cell."""

    COUNT = auto()  # shown or hidden by the rules
    KNOWN = auto()  # always known
    HIDDEN = auto()  # hidden already, in another table
    COMPLEMENT = auto()  # in no table, but must not be worked out if it is small
    GAP = auto()  # in no table and of no interest


Entries = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Numbers of sums, numbers of cells in them, and signs."""


@dataclass
class Cells:
    """Cells with the sums that tie them together; `column` names what is hidden as a whole if nothing else helps.

    totals_known   : whether a reader is taken to know every total, even one that nothing shows
    most_solutions : integer programmes that one problem may take; then all of it is hidden
    """

    threshold: int
    totals_known: bool = True
    most_solutions: int = 1_000_000
    values: list[int] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    sums: list[tuple[tuple[int, ...], int]] = field(default_factory=list)
    count_of: dict[int, int] = field(default_factory=dict)
    """Complement -> the count that is hidden if the complement is small."""
    solutions_left: int = 0
    worlds: Worlds = field(init=False)
    """What the counts could be, as far as it was worked out."""

    def __post_init__(self) -> None:
        self.worlds = Worlds(self)
        self._entries: Entries | None = None
        self._sums_written = 0
        self._matrix: Any = None

    def add(self, value: int, kind: Kind, column: str) -> int:
        """A new cell; returns its number."""
        self.values.append(int(value))
        self.kinds.append(kind)
        self.columns.append(column)
        return len(self.values) - 1

    def add_up(self, parts: Sequence[int], whole: int | None = None) -> int:
        """The parts add up to the whole, or to a total in no table; returns the number of the whole."""
        total = sum(self.values[part] for part in parts)
        if whole is None:
            whole = self.add(total, Kind.KNOWN if self.totals_known else Kind.GAP, self.columns[parts[0]])
        self.sums.append((tuple(parts), whole))
        return whole

    def add_complement(self, count: int, base: int) -> int:
        """What is left of a base without a count: if it is small, the count has to be hidden; returns its number."""
        rest = self.add_rest(count, base)
        self.count_of[rest] = count
        return rest

    def add_rest(self, count: int, base: int) -> int:
        """The same where the base is hidden already, so that the count alone does not give the rest away."""
        rest = self.add(self.values[base] - self.values[count], Kind.COMPLEMENT, self.columns[count])
        self.add_up((count, rest), base)
        return rest

    def add_order(self, ordered: Sequence[int]) -> None:
        """The cells are known to stand in descending order."""
        for larger, smaller in pairwise(ordered):
            gap = self.add(self.values[larger] - self.values[smaller], Kind.GAP, "")
            self.add_up((smaller, gap), larger)

    def is_small(self, cell: int) -> bool:
        """Whether a cell holds a number that points at a person."""
        return 0 < self.values[cell] < self.threshold

    def cost(self, cell: int) -> tuple[bool, int, int]:
        """What it costs to hide a cell: the smaller the cheaper, but zeros last."""
        return self.values[cell] == 0, self.values[cell], cell

    def connected(self, fixed: Sequence[bool]) -> list[list[int]]:
        """Groups of cells that chains of sums connect; fixed cells connect nothing and are in no group."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        is_free, (rows, places, _) = ~np.asarray(fixed, dtype=bool), self.entries
        tied = is_free[places]
        size = len(self.values)
        ends = rows[tied] + size, places[tied]
        tree = csr_array((np.ones(tied.sum()), ends), shape=(size + len(self.sums),) * 2)
        _, labels = connected_components(tree, directed=False)
        groups: dict[int, list[int]] = {}
        for cell in np.flatnonzero(is_free).tolist():
            groups.setdefault(labels[cell], []).append(cell)
        return list(groups.values())

    @property
    def entries(self) -> Entries:
        """The sums as parts less whole: for each cell of each sum the number of the sum, the cell, and its sign."""
        if self._entries is None or self._sums_written != len(self.sums):
            self._sums_written = len(self.sums)
            signed = [
                (row, cell, sign)
                for row, (parts, whole) in enumerate(self.sums)
                for cell, sign in (*((part, 1) for part in parts), (whole, -1))
            ]
            rows, places, signs = np.array(signed, dtype=int).reshape(-1, 3).T
            self._entries = rows, places, signs
        return self._entries

    @property
    def matrix(self) -> Any:
        """The same as a sparse matrix: one row for each sum."""
        from scipy.sparse import csr_array

        shape = len(self.sums), len(self.values)
        if self._matrix is None or self._matrix.shape != shape:
            rows, places, signs = self.entries
            self._matrix = csr_array((signs.astype(float), (rows, places)), shape=shape)
        return self._matrix

    def equal(self) -> list[int]:
        """For each cell the first that is known to hold the same count."""
        first = list(range(len(self.values)))
        for parts, whole in self.sums:
            if len(parts) == 1:
                one, other = first[parts[0]], first[whole]
                if one != other:
                    first = [min(one, other) if cell in (one, other) else cell for cell in first]
        return first

    def also_pinned(self, wanted: set[int], equal: Sequence[int], given_away: Collection[int] = ()) -> None:
        """Add to cells that are to be hidden one more of each sum that would be known but for a single one of them.

        wanted : in terms of `equal`, which is what the method of that name returned
        given_away : the same of cells that are known whether they are hidden or not
        """
        grown = True
        while grown:
            grown = False
            for parts, whole in self.sums:
                tied = {equal[cell] for cell in (*parts, whole)}
                seen = {cell for cell in (*parts, whole) if self.kinds[cell] is Kind.KNOWN}
                fixed = {*wanted, *given_away}
                left = [equal[cell] for cell in seen if equal[cell] not in fixed and self.values[cell] > 0]
                if len(tied & wanted) == 1 and left and tied - {equal[cell] for cell in seen} <= wanted:
                    wanted.add(min(left, key=self.cost))
                    grown = True

    def settle(self, first: int, hidden: np.ndarray) -> None:
        """What was decided of the counts from `first` on stands, whatever is shown later."""
        for cell in range(first, len(self.values)):
            if hidden[cell]:
                self.kinds[cell] = Kind.HIDDEN
            elif self.kinds[cell] is Kind.COUNT:
                self.kinds[cell] = Kind.KNOWN
        for parts, whole in self.sums:
            if self.kinds[whole] is Kind.GAP and all(self.kinds[part] is Kind.KNOWN for part in parts):
                self.kinds[whole] = Kind.KNOWN


MOST_WORLDS = 400
"""Solutions that are kept: the latest ones."""


class Worlds:
    """Values of all cells that fit what a reader saw when they were found; where more is hidden, many still fit."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._found = np.empty((0, 0))
        self._differs = np.empty((0, 0), dtype=bool)
        self._new: list[tuple[np.ndarray, np.ndarray]] = []
        self._sums_seen = 0

    def add(self, truth: np.ndarray, group: Sequence[int] | np.ndarray, solution: np.ndarray) -> None:
        """Keep one: as `solution` in the cells of a group, and as they are in all others."""
        self._extend(truth)
        self._new = [*self._new, (np.asarray(group), solution)][-MOST_WORLDS:]

    def within(self, limits: tuple[np.ndarray, np.ndarray], truth: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        """Those that fit now, one a row: nothing that is seen differs, no limit is passed, every sum is right."""
        self._extend(truth)
        self._take_in_new(truth)
        low, high = limits
        fits = ~(self._differs & fixed).any(axis=1)
        fits[fits] = ((self._found[fits] >= low) & (self._found[fits] <= high)).all(axis=1)
        return self._found[fits]

    def _take_in_new(self, truth: np.ndarray) -> None:
        worlds = np.tile(truth, (len(self._new), 1))
        for world, (group, solution) in zip(worlds, self._new, strict=True):
            world[group] = solution
        if len(worlds):
            self._found = np.vstack([self._found, worlds])[-MOST_WORLDS:]
            self._differs = np.vstack([self._differs, worlds != truth])[-MOST_WORLDS:]
        self._new = []

    def _extend(self, truth: np.ndarray) -> None:
        """Give cells that came later what the sums make of the others, and where they do not say, what is true.

        What does not fit a later sum is dropped.
        """
        known = self._found.shape[1]
        if known == len(truth) and self._sums_seen == len(self._cells.sums):
            return
        self._take_in_new(truth[:known])
        worlds = np.tile(truth, (len(self._found), 1))
        worlds[:, :known] = self._found
        self._sums_seen = len(self._cells.sums)
        if len(worlds):
            self._fill(worlds, known)
            worlds = worlds[~np.any(self._cells.matrix @ worlds.T, axis=0)]
        self._found, self._differs = worlds, worlds != truth

    def _fill(self, worlds: np.ndarray, known: int) -> None:
        open_sums = [(*parts, whole) for parts, whole in self._cells.sums if max(*parts, whole) >= known]
        missing, found = set(range(known, worlds.shape[1])), True
        while found:
            found = False
            for tied in open_sums:
                new = [cell for cell in tied if cell in missing]
                if len(new) == 1 and tied.count(new[0]) == 1:
                    *parts, whole = tied
                    rest = worlds[:, [part for part in parts if part != new[0]]].sum(axis=1)
                    worlds[:, new[0]] = rest if whole == new[0] else worlds[:, whole] - rest
                    missing.discard(new[0])
                    found = True
