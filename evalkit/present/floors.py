"""The fewest that a hidden count can be, by the sums it stands in and the counts that are shown beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

STEPS = 2
"""Sums that are followed one after another: a count is no less than its parts, and those no less than theirs."""


class Floors:
    """Sums by the cell that is their whole, taken in as they come."""

    def __init__(self) -> None:
        self._parts: dict[int, list[Sequence[int]]] = {}
        self._taken = 0

    def take_in(self, sums: Sequence[tuple[tuple[int, ...], int]]) -> set[int]:
        """Learn the sums that are new of a growing list; return the cells of which they say something."""
        touched = set()
        for parts, whole in sums[self._taken :]:
            self._parts.setdefault(whole, []).append(parts)
            touched.add(whole)
            if len(parts) == 1:
                self._parts.setdefault(parts[0], []).append((whole,))
                touched.add(parts[0])
        self._taken = len(sums)
        return touched

    def fewest(self, cell: int, shown: Callable[[int], int | None], least: Callable[[int], int]) -> int:
        """The fewest of a cell.

        shown : cell -> its count; None where it is not shown
        least : cell -> what it is at least, by itself
        """
        return self._fewest(cell, shown, least, STEPS)

    def _fewest(self, cell: int, shown: Callable[[int], int | None], least: Callable[[int], int], steps: int) -> int:
        count = shown(cell)
        if count is not None:
            return count
        sums = self._parts.get(cell, ()) if steps else ()
        together = [sum(self._fewest(part, shown, least, steps - 1) for part in parts) for parts in sums]
        return max([least(cell), *together])
