"""Which counts must be hidden so that no hidden one can be worked out from what a reader sees.

All that a reader knows is written as sums of cells, whole numbers of 0 or more: rows that add up to a total, a count
and its complement, an order as a gap. `reader` finds whether a hidden cell can hold enough different numbers; further
counts are hidden, the smallest first, until every one can.

The reader is taken to know the sums, every shown count, the totals of all that adds up, that a hidden count is at least
1 (zeros are shown), that something near it is small or has a small complement, and that the smallest count is hidden
first. Where this says more than a reader can know, more is hidden, never less.
"""

from __future__ import annotations

import numpy as np

from evalkit.present.cells import Cells, Kind
from evalkit.present.reader import FEASIBLE, Reader

__all__ = ["FEASIBLE", "MOST_SOLUTIONS", "hidden_cells"]

MOST_SOLUTIONS = 3_000
"""Integer programmes that one problem may take (some milliseconds each); then all of it is hidden."""


def hidden_cells(cells: Cells, *, first: int = 0) -> np.ndarray:
    """Which cells to hide: the small ones, and what would give them away. Returns one boolean per cell.

    first : number of the first cell that is not settled; problems made up of settled cells alone are solved already
    """
    hidden = np.array([kind is Kind.HIDDEN for kind in cells.kinds], dtype=bool)
    small = [cell for cell, kind in enumerate(cells.kinds) if kind is Kind.COUNT and cells.is_small(cell)]
    small += [count for rest, count in cells.count_of.items() if cells.is_small(rest)]
    hidden[small] = True
    if not hidden.any():
        return hidden
    for problem in cells.connected([kind is Kind.KNOWN for kind in cells.kinds]):
        if problem[-1] >= first and hidden[problem].any():
            _cover(cells, problem, hidden)
    return hidden


def _cover(cells: Cells, problem: list[int], hidden: np.ndarray) -> None:
    """Hide further counts of one problem, in place, until nothing hidden can be worked out or nothing is left."""
    cells.solutions_left, given_up = min(MOST_SOLUTIONS, cells.most_solutions), set[int]()
    counts = [cell for cell in problem if cells.kinds[cell] is Kind.COUNT]
    rests = [cell for cell in problem if cells.kinds[cell] is Kind.COMPLEMENT and cells.is_small(cell)]
    reader = Reader(cells, hidden)
    nearly_blind = reader.hiding([cell for cell, kind in enumerate(cells.kinds) if kind is Kind.COUNT])
    while True:
        at_risk = sorted({cell for cell in problem if reader.hidden[cell]}.union(rests) - given_up)
        exposed = next((cell for cell in at_risk if not reader.is_uncertain(cell)), None)
        if exposed is None or cells.solutions_left <= 0:
            hidden[:] = reader.hidden
            hidden[counts if exposed is not None else []] = True
            return
        covered = _with_cheapest_cover(reader, exposed, nearly_blind)
        if covered is None:
            given_up.add(exposed)
            covered = reader.hiding([cell for cell in counts if cells.columns[cell] == cells.columns[exposed]])
        reader = covered


def _with_cheapest_cover(reader: Reader, exposed: int, nearly_blind: Reader) -> Reader | None:
    """With the first of the counts next in line hidden that protects the exposed cell; if none does, the first of all.

    None if hiding everything would not do either, as `nearly_blind` has it.
    """
    covers = reader.next_covers(exposed)
    for cell in covers:
        other = reader.hiding([cell])
        if other.is_uncertain(exposed):
            return other
    return reader.hiding(covers[:1]) if covers and nearly_blind.is_uncertain(exposed) else None
