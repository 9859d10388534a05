"""Counts of people by windows of time, released again and again: what follows from several overlapping ones.

Of years released quarter by quarter, each counts the people whose day lies in it. Between the first and last days of
all windows lie spans of which a reader knows that nobody is counted less than not at all, and that shown windows add
up. That is a system of differences of running sums, whose shortest paths are the fewest and the most people that each
span can hold. What one series says of another is added until nothing changes: people are those reconvicted and the
rest, and nobody is reconvicted in three months who is not in a year.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalkit.present.suppression import FEASIBLE

PEOPLE, ACTUAL, ACTUAL_90 = "people", "actual", "actual_90"
"""People with a score, and those of them reconvicted within a year and within three months."""
UNSCORED, DUPLICATES = "unscored", "duplicates"
"""People without a score, and people, with or without one, of whom a record is there twice."""
STARTED, ALL = "started", "all"
"""People who started, and those of them old enough: with and without a score."""
REST, REST_90, SINGLES, YOUNG = "rest", "rest_90", "singles", "young"
"""Those who are left: people not reconvicted, without a record there twice, not old enough; nowhere shown."""

SUMS = (
    (PEOPLE, ACTUAL, REST),
    (PEOPLE, ACTUAL_90, REST_90),
    (ALL, PEOPLE, UNSCORED),
    (ALL, DUPLICATES, SINGLES),
    (STARTED, ALL, YOUNG),
)
"""A whole, a part of it, and the others: what is known of two says something of the third."""

LIES_IN = ((ACTUAL_90, ACTUAL),)
"""A series, and one that has all who are in it."""

SERIES = tuple(dict.fromkeys(series for sums in SUMS for series in sums))

MOST_RELEASES = 16
"""Earlier releases that a new one is held against: the latest, four years of quarters."""

MOST_ROUNDS = 12
"""Times that what one series says of another is followed up: each time the ranges are right, if perhaps too wide."""

DAY = datetime.timedelta(days=1)

Bounds = NDArray[np.float32]
"""Series, unit, point, point: the most that the running sum at the second point exceeds that at the first."""


@dataclass(frozen=True)
class Counted:
    """What a release shows of one series in one window.

    series      : one of those that are shown
    first, last : days, both in the window
    counts      : unit -> people; None: hidden
    whole       : whether a unit that is not in it counts nobody
    """

    series: str
    first: datetime.date
    last: datetime.date
    counts: Mapping[str, int | None]
    whole: bool = False

    def of(self, unit: str) -> float:
        """The count of a unit; missing where it is not known."""
        found = self.counts.get(unit, 0 if self.whole else None)
        return np.nan if found is None else float(found)


Released = Sequence[Counted]
"""All that one release shows."""


def to_hide(new: Counted, own: Released, earlier: Sequence[Released], *, threshold: int = 10) -> dict[str, bool]:
    """Which counts of a new release would give away how many people, from 1 to threshold - 1, came in some span.

    new     : the counts; those that are hidden for other reasons are None
    own     : what else the new release shows already, and what later ones are going to show
    earlier : the releases before it, the earliest first

    Returns unit -> whether it has to be hidden: with it a span has fewer than five possible values, some of them from
    1 to threshold - 1, and without it had not. Of a unit whose earlier numbers do not fit the new ones, or each other,
    because data were put right in between, the earliest releases are left out until they do.
    """
    units = list(new.counts)
    if not units:
        return {}
    kept = list(earlier)[-MOST_RELEASES:]
    held = [new, *own, *(counted for release in kept for counted in release)]
    points, series = points_of(held), in_use({counted.series for counted in held})
    before, after = (
        exposed(_consistent(units, points, series, known, kept), threshold) for known in (own, [*own, new])
    )
    found = after & ~before
    return {unit: bool(found[:, place].any()) for place, unit in enumerate(units)}


def points_of(counted: Released) -> list[datetime.date]:
    """Where windows begin: their first days, and the days after their last."""
    return sorted({day for window in counted for day in (window.first, window.last + DAY)})


def in_use(shown: Collection[str]) -> tuple[str, ...]:
    """The series of which something can be said, given those that are shown: of a sum, a third follows from two."""
    found, before = set(shown), 0
    while len(found) > before:
        before = len(found)
        for sums in SUMS:
            if len(found.intersection(sums)) > 1:
                found.update(sums)
    return tuple(series for series in SERIES if series in found)


def ranges(
    units: Sequence[str], points: Sequence[datetime.date], counted: Released, series: Sequence[str] = SERIES
) -> Bounds:
    """Bounds of some series, from what is shown of some windows; missing for a unit whose numbers contradict another.

    series : those wanted, with all that are shown
    """
    place = {day: number for number, day in enumerate(points)}
    bounds = np.full((len(series), len(units), len(points), len(points)), np.inf, dtype=np.float32)
    bounds[..., np.tri(len(points), dtype=bool)] = 0.0
    for window in counted:
        start, end, row = place[window.first], place[window.last + DAY], series.index(window.series)
        counts = np.array([window.of(unit) for unit in units])
        for one, other, most in ((start, end, counts), (end, start, -counts)):
            known = np.where(np.isnan(most), np.inf, most)
            bounds[row, :, one, other] = np.minimum(bounds[row, :, one, other], known)
    return _closed(bounds, series)


def exposed(bounds: Bounds, threshold: int) -> NDArray[np.bool_]:
    """Spans of which fewer than five values are possible, some of them from 1 to threshold - 1; in the upper corner."""
    most, least = bounds, -bounds.swapaxes(-1, -2)
    few = (most - least < FEASIBLE - 1) & (most >= 1) & (least < threshold)
    return np.triu(few, 1)


def _consistent(
    units: Sequence[str],
    points: Sequence[datetime.date],
    series: Sequence[str],
    own: Released,
    earlier: Sequence[Released],
) -> Bounds:
    """Bounds from all releases that fit, unit by unit."""
    bounds = ranges(units, points, [*own, *(counted for release in earlier for counted in release)], series)
    fits = _fits(bounds)
    if fits.all() or not earlier:
        return bounds
    others = [unit for unit, fit in zip(units, fits, strict=True) if not fit]
    bounds[:, ~fits] = _consistent(others, points, series, own, earlier[1:])
    return bounds


def _fits(bounds: Bounds) -> NDArray[np.bool_]:
    return np.asarray((np.diagonal(bounds, axis1=-2, axis2=-1) >= 0).all(axis=(0, 2)))


def _closed(bounds: Bounds, series: Sequence[str]) -> Bounds:
    """Every bound that follows from others, within a series and between them; missing for units that do not fit."""
    for _ in range(MOST_ROUNDS):
        _shortest_paths(bounds)
        bounds[:, ~_fits(bounds)] = np.nan
        before = bounds.copy()
        _between_series(dict(zip(series, bounds, strict=True)))
        if np.array_equal(bounds, before, equal_nan=True):
            break
    return bounds


def _shortest_paths(bounds: Bounds) -> None:
    """Floyd and Warshall, for all series and units at once."""
    for point in range(bounds.shape[-1]):
        np.minimum(bounds, bounds[..., :, point, None] + bounds[..., None, point, :], out=bounds)


def _between_series(of: Mapping[str, Bounds]) -> None:
    for sums in SUMS:
        if not of.keys() >= set(sums):
            continue
        whole, part, other = (of[series] for series in sums)
        np.minimum(whole, part + other, out=whole)
        np.minimum(part, whole + other.swapaxes(-1, -2), out=part)
        np.minimum(other, whole + part.swapaxes(-1, -2), out=other)
    for small, large in LIES_IN:
        if small in of and large in of:
            part, whole = of[small], of[large]
            later = np.triu(np.ones(part.shape[-2:], dtype=bool), 1)
            part[:, later] = np.minimum(part, whole)[:, later]
            whole[:, later.T] = np.minimum(whole, part)[:, later.T]
