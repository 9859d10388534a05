"""What earlier reports of the same evaluation showed, set beside the one that is being made.

Last year's report and a longer one, everyone's report and an area's, an area's and those of its teams: one can be
subtracted from the other. Releases are set against each other where one counts part of those whom the other counts, and
so is what follows from several of them: a period less a shorter one, one period after another, everybody or an area
less the units that are known.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

from evalkit.present.released_counts import Key, Shown, Together, combined, shown_of

__all__ = ["NOTHING_BEFORE", "Beside", "Earlier", "Release", "Window", "shown_of"]

Window = tuple[datetime.date, datetime.date]

MOST_RELEASES = 60
"""Releases, with those that follow from them, that one report is set against; the widest go first."""


@dataclass(frozen=True)
class Release:
    """What one report of an evaluation showed.

    unit    : 'area=North'; empty: everyone
    windows : the periods of its specification, in a fixed order; none: it has no period
    title   : how readers call it; empty for what only follows from other releases
    within  : wider unit in which all its people are (empty: everyone) -> units of its own column in there, if known
    """

    unit: str
    windows: tuple[Window, ...]
    shown: Shown
    title: str = ""
    within: Mapping[str, int] = field(default_factory=dict)

    def lies_in(self, other: Release) -> bool:
        """Whether the other counts everybody whom this one counts."""
        return other.unit in ("", self.unit, *self.within) and _lies_within(self.windows, other.windows)


@dataclass(frozen=True)
class Earlier:
    """A release as a report sees it, or what several releases leave for it.

    contains : whether it counted everybody whom the report counts, and others; if not, it is the other way round
    same     : whether both count the same people
    several  : whether it follows from the releases of several units
    hidden   : how many of those hide a count; complete: whether they and the report are all the units there are
    units    : what each of them shows
    """

    title: str
    contains: bool
    shown: Shown
    same: bool = False
    several: bool = False
    hidden: Mapping[str, Mapping[Key, int]] = field(default_factory=dict)
    complete: bool = False
    units: Sequence[Shown] = ()

    @property
    def rank(self) -> int:
        """Which goes first where there are too many: what contains the report, what follows from several, the rest."""
        return 0 if self.contains else 1 if self.several else 2


@dataclass(frozen=True)
class Beside:
    """What a new report is, and every release of its evaluation that is in force; within: as in `Release`."""

    unit: str = ""
    windows: tuple[Window, ...] = ()
    releases: Sequence[Release] = field(default_factory=tuple)
    within: Mapping[str, int] = field(default_factory=dict)

    def earlier(self) -> list[Earlier]:
        """The releases that the report can be subtracted from, or that can be subtracted from it."""
        if not self.releases:
            return []
        report = Release(self.unit, self.windows, {}, within=self.within)
        others = [one for one in self.releases if (one.unit, one.windows) != (self.unit, self.windows)]
        known = _with_periods_between(others)
        found = [*_one_by_one(report, known), *_together(report, known)]
        nearest = sorted(found, key=lambda one: one.rank)[:MOST_RELEASES] if len(found) > MOST_RELEASES else found
        return sorted(nearest, key=lambda one: not one.title)


NOTHING_BEFORE = Beside()
"""A report of which nothing is known."""


def _one_by_one(report: Release, known: Sequence[Release]) -> Iterator[Earlier]:
    for release in known:
        contains, inside = report.lies_in(release), release.lies_in(report)
        if contains or inside:
            yield Earlier(release.title, contains, release.shown, same=contains and inside)


def _together(report: Release, known: Sequence[Release]) -> Iterator[Earlier]:
    """What is known of all units of a column in the report together, and of what contains it without other units."""
    for windows in dict.fromkeys(release.windows for release in known):
        now = [release for release in known if release.windows == windows]
        exact = windows == report.windows
        if _lies_within(windows, report.windows):
            for column in dict.fromkeys(_column(release) for release in now if release.unit):
                if units := _family(column, report.unit, now, report):
                    yield _follows(units, exact=exact, contains=False)
        if report.unit and _lies_within(report.windows, windows):
            for whole in dict.fromkeys(["", *report.within]):
                if (left := _left_of(whole, now, report)) is not None:
                    yield _follows(left, exact=exact, contains=True)


def _follows(known: Together, *, exact: bool, contains: bool) -> Earlier:
    complete = known.complete and exact
    return Earlier("", contains, known.shown, several=True, hidden=known.hidden, complete=complete, units=known.units)


def _left_of(whole: str, now: Sequence[Release], report: Release) -> Together | None:
    """What is known of a whole without the other units of the report's column; None if that is no more than it shows.

    Of a whole whose own release is not known, that of everyone says something, without the others of its column.
    """
    found = {release.unit: Together(release.shown, complete=True) for release in now if release.unit in ("", whole)}
    siblings = _family(_column(report), whole, now, report)
    if whole not in found and "" in found:
        others = _family(whole.partition("=")[0], "", now, Release(whole, report.windows, {}))
        if others is None:
            return None
        left = others.left_of(found[""])
        return siblings.left_of(left) if siblings else replace(left, complete=False)
    return siblings.left_of(found[whole]) if whole in found and siblings else None


def _family(column: str, whole: str, now: Sequence[Release], report: Release) -> Together | None:
    """The units of a column in a whole, without the report itself; None if none of them is known."""
    units = [one for one in now if _column(one) == column and whole in ("", *one.within)]
    units = [one for one in units if one.unit not in (report.unit, *report.within)]
    if not units:
        return None
    number = max(one.within.get(whole, 0) for one in units)
    many = len(units) + (_column(report) == column)
    parts = [release.shown for release in units]
    stand_ins = {} if whole else _stand_ins(column, now, {*report.within, report.unit, *(one.unit for one in units)})
    for unit, inside in stand_ins.items():
        parts += [release.shown for release in inside]
        many += len(inside) >= max(release.within[unit] for release in inside)
    return Together.of(parts, complete=0 < number <= many)


def _stand_ins(column: str, now: Sequence[Release], known: Collection[str]) -> dict[str, list[Release]]:
    """Units whose own release is not known -> those that they are made up of, of the column of which most are known."""
    found: dict[str, dict[str, list[Release]]] = {}
    for release in now:
        for wider in release.within:
            if wider.startswith(f"{column}=") and wider not in known:
                found.setdefault(wider, {}).setdefault(_column(release), []).append(release)
    return {wider: max(columns.values(), key=len) for wider, columns in found.items()}


def _column(release: Release) -> str:
    return release.unit.partition("=")[0]


def _lies_within(inner: tuple[Window, ...], outer: tuple[Window, ...]) -> bool:
    if len(inner) != len(outer):
        return False
    return all(first >= start and last <= end for (first, last), (start, end) in zip(inner, outer, strict=True))


def _with_periods_between(releases: list[Release]) -> list[Release]:
    """The releases, and those of periods that lie between two of them or are made up of two, until there are no more.

    Only counts that both show are known of such a period.
    """
    most, grown = len(releases) + MOST_RELEASES, True
    known = {(release.unit, release.windows): release for release in releases}
    while grown and len(known) < most:
        grown = False
        for one, other in permutations(list(known.values()), 2):
            for sign, windows in ((-1, _less(one, other)), (1, _followed_by(one, other))):
                if windows is not None and (one.unit, windows) not in known and len(known) < most:
                    known[one.unit, windows] = _derived(one, other, sign, windows)
                    grown = True
    return list(known.values())


DAY = datetime.timedelta(days=1)


def _less(whole: Release, part: Release) -> tuple[Window, ...] | None:
    """The periods that are left of one release without another of the same unit; None if they are not whole periods."""
    if whole.unit != part.unit or whole.windows == part.windows or not _lies_within(part.windows, whole.windows):
        return None
    found = []
    for (start, end), (first, last) in zip(whole.windows, part.windows, strict=True):
        if (start, end) == (first, last):
            found.append((start, end))
        elif start == first:
            found.append((last + DAY, end))
        elif end == last:
            found.append((start, first - DAY))
        else:
            return None
    return tuple(found)


def _followed_by(one: Release, other: Release) -> tuple[Window, ...] | None:
    """The periods of two releases of one unit together, where each of the second follows at once; otherwise None."""
    if one.unit != other.unit or not one.windows or len(one.windows) != len(other.windows):
        return None
    pairs = list(zip(one.windows, other.windows, strict=True))
    if any(first[1] + DAY != second[0] and first != second for first, second in pairs) or one.windows == other.windows:
        return None
    return tuple((first[0], second[1]) for first, second in pairs)


def _derived(one: Release, other: Release, sign: int, windows: tuple[Window, ...]) -> Release:
    within = {wider: many for wider, many in one.within.items() if wider in other.within}
    return Release(one.unit, windows, combined(one.shown, other.shown, sign), within=within)
