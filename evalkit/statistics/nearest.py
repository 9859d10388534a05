"""Greedy nearest neighbours in one dimension: no distance matrix, the next free neighbour always at hand.

Comparison people stand sorted along a line, once in each direction. A treated person's neighbours are the next free
ones up and down from the own place; who is taken is bridged, so that no search passes the same people twice. Sorting
decides the cost: n log n, in a few columns of memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.statistics.inputs import FloatArray

_NOBODY = -1


@dataclass(frozen=True, eq=False)
class Line:
    """People on a line, in row order.

    place   : where each stands
    stratum : code of the stratum, from 0; neighbours share it
    person  : code of the person, who may have several rows
    """

    place: FloatArray
    stratum: NDArray[np.intp]
    person: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Sides:
    """The treated and the comparison people; codes of strata and persons mean the same on both lines."""

    treated: Line
    comparison: Line


def greedy_pairs(sides: Sides, *, order: NDArray[np.intp], width: float, ratio: int, replace: bool) -> pd.DataFrame:
    """Give the treated, one after the other, their nearest comparison people.

    order   : numbers of the treated, in the order in which they choose
    width   : largest distance, itself allowed; infinite for any
    ratio   : comparison people for each. Without replacement everybody chooses once before anybody chooses again
    replace : comparison people may be chosen again (by another treated person)

    Of two equally near the earlier row is taken: of equal places, and of one place below and one above. Nobody is
    paired with a row of the same person.
    Returns one row per pair, by treated and round: treated, control (numbers), distance.
    """
    search = _Search(sides, largest=width)
    choose = _with_replacement if replace else _without_replacement
    pairs = pd.DataFrame(choose(search, order.tolist(), ratio), columns=["treated", "control", "distance"])
    return pairs.sort_values("treated", kind="stable", ignore_index=True)


def nearest_distances(sides: Sides, chosen: NDArray[np.intp]) -> FloatArray:
    """How far some of the treated (by number) are from the nearest comparison person; infinite in an empty stratum."""
    if not len(chosen):
        return np.array([])
    search = _Search(sides, largest=np.inf)
    return np.array([search.nearest(unit, *search.start(unit))[1] for unit in chosen.tolist()], dtype=float)


def _without_replacement(search: _Search, order: list[int], ratio: int) -> list[tuple[int, int, float]]:
    pairs = []
    for _ in range(ratio):
        matched = []
        for unit in order:
            control, distance, _ = search.nearest(unit, *search.start(unit))
            if control != _NOBODY:
                search.take(control)
                pairs.append((unit, control, distance))
                matched.append(unit)
        order = matched
    return pairs


def _with_replacement(search: _Search, order: list[int], ratio: int) -> list[tuple[int, int, float]]:
    pairs = []
    for unit in order:
        up, down = search.start(unit)
        for _ in range(ratio):
            control, distance, (up, down) = search.nearest(unit, up, down)
            if control == _NOBODY:
                break
            pairs.append((unit, control, distance))
    return pairs


class _Direction:
    """Comparison people in one direction along the line, stratum by stratum, equal ones in row order."""

    def __init__(self, sides: Sides, *, sign: int) -> None:
        order = np.lexsort((sign * sides.comparison.place, sides.comparison.stratum))
        places = np.empty(len(order), dtype=np.intp)
        places[order] = np.arange(len(order))
        self.control = order.tolist()
        self.place_of = places.tolist()
        self.start, self.end = _starts(sides, order, sign=sign)
        self.following = list(range(len(order) + 1))

    def free(self, place: int) -> int:
        """First free place from this one on."""
        following = self.following
        last = following[place]
        if last == place:
            return place
        while following[last] != last:
            last = following[last]
        while following[place] != last:
            following[place], place = last, following[place]
        return last


def _starts(sides: Sides, order: NDArray[np.intp], *, sign: int) -> tuple[list[int], list[int]]:
    """Where each treated person's neighbours begin, and where the stratum ends; people at the same place are above."""
    treated = sides.treated
    places, strata = sign * sides.comparison.place[order], sides.comparison.stratum[order]
    start = np.searchsorted(strata, treated.stratum, side="left")
    end = np.searchsorted(strata, treated.stratum, side="right")
    by_stratum = pd.Series(range(len(start))).groupby(treated.stratum).indices
    for members in by_stratum.values():
        low, high = start[members[0]], end[members[0]]
        sought = sign * treated.place[members]
        start[members] = low + np.searchsorted(places[low:high], sought, side="left" if sign > 0 else "right")
    return start.tolist(), end.tolist()


class _Search:
    """The comparison people still free, up and down from each treated person."""

    def __init__(self, sides: Sides, *, largest: float) -> None:
        self._up, self._down = (_Direction(sides, sign=sign) for sign in (1, -1))
        self._treated, self._comparison = sides.treated.place.tolist(), sides.comparison.place.tolist()
        self._person, self._owner = sides.treated.person.tolist(), sides.comparison.person.tolist()
        self._largest = largest

    def start(self, unit: int) -> tuple[int, int]:
        """Places from which to search for a treated person, up and down."""
        return self._up.start[unit], self._down.start[unit]

    def nearest(self, unit: int, up: int, down: int) -> tuple[int, float, tuple[int, int]]:
        """The nearest free comparison person from these places on, the distance, and where to search for the next.

        Nobody (-1) where none is left within the largest distance; the distance is infinite in an empty stratum.
        """
        up, above, above_distance = self._candidate(self._up, unit, up)
        down, below, below_distance = self._candidate(self._down, unit, down)
        if above_distance < below_distance or (above_distance == below_distance and above < below):
            control, distance, following = above, above_distance, (up + 1, down)
        else:
            control, distance, following = below, below_distance, (up, down + 1)
        return (control if distance <= self._largest else _NOBODY), distance, following

    def take(self, control: int) -> None:
        """Make a comparison person unavailable."""
        for direction in (self._up, self._down):
            place = direction.place_of[control]
            direction.following[place] = place + 1

    def _candidate(self, direction: _Direction, unit: int, place: int) -> tuple[int, int, float]:
        place, end = direction.free(place), direction.end[unit]
        while place < end and self._owner[direction.control[place]] == self._person[unit]:
            place = direction.free(place + 1)
        if place >= end:
            return place, _NOBODY, float("inf")
        control = direction.control[place]
        return place, control, abs(self._treated[unit] - self._comparison[control])
