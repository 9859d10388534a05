"""What earlier reports of the same evaluation showed, set beside the one that is being made.

Last year's report and a longer one, everyone's report and an area's: one can be subtracted from the other. Releases are
set against each other where one counts part of those whom the other counts, and so is what follows from several
of them: a period less a shorter one, one period after another, everybody less the units that are known.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

Window = tuple[datetime.date, datetime.date]
Key = tuple[str, int, str]
"""Row, how often a row of that name came before in its table, column."""
Shown = Mapping[str, Mapping[Key, int | None]]
"""Table -> key -> the count that was shown; None: hidden."""

MOST_RELEASES = 60
"""Releases, with those that follow from them, that one report is set against; the widest go first."""

ALL_KNOWN = "*"
"""The unit that all units of a column whose reports are known make up."""

NO_CELL = -1
"""In a released column: a row that has no such count."""


@dataclass(frozen=True)
class Release:
    """What one report of an evaluation showed.

    unit    : 'area=North'; empty: everyone
    windows : the periods of its specification, in a fixed order; none: it has no period
    title   : how readers call it; empty for what only follows from other releases
    """

    unit: str
    windows: tuple[Window, ...]
    shown: Shown
    title: str = ""


@dataclass(frozen=True)
class Earlier:
    """A release as a report sees it.

    contains : whether it counted everybody whom the report counts, and others; if not, it is the other way round
    """

    title: str
    contains: bool
    shown: Shown


@dataclass(frozen=True)
class Beside:
    """What a new report is, and every release of its evaluation that is in force."""

    unit: str = ""
    windows: tuple[Window, ...] = ()
    releases: Sequence[Release] = field(default_factory=tuple)

    def earlier(self) -> list[Earlier]:
        """The releases that the report can be subtracted from, or that can be subtracted from it."""
        if not self.releases:
            return []
        others = [release for release in self.releases if not self._is_revised(release)]
        known = _with_periods_between(others)
        known += list(_sums_of_units(known, self.unit))
        found = [
            Earlier(release.title, contains, release.shown)
            for release in known
            if (contains := self._relation(release)) is not None
        ]
        return sorted(found, key=lambda one: not one.title)[:MOST_RELEASES]

    def _is_revised(self, release: Release) -> bool:
        return (release.unit, release.windows) == (self.unit, self.windows)

    def _relation(self, release: Release) -> bool | None:
        """True if the release contains the report, False if the report contains it, None if neither does."""
        if release.unit in (self.unit, "") and _lies_within(self.windows, release.windows):
            return True
        if self.unit in (release.unit, "") and _lies_within(release.windows, self.windows):
            return False
        return None


NOTHING_BEFORE = Beside()
"""A report of which nothing is known."""


def shown_of(tables: Iterable[Mapping[str, object]]) -> dict[str, dict[Key, int | None]]:
    """Released tables, as a ledger or a manifest holds them, by table and key."""
    found = {}
    for table in tables:
        rows: Sequence[str] = table["rows"]  # type: ignore[assignment]
        columns: Mapping[str, Sequence[int | None]] = table["counts"]  # type: ignore[assignment]
        found[str(table["table"])] = {
            (*key, column): count
            for column, counts in columns.items()
            for key, count in zip(numbered(rows), counts, strict=True)
            if count != NO_CELL
        }
    return found


def numbered(rows: Iterable[str]) -> list[tuple[str, int]]:
    """Rows, told apart where several have one name."""
    seen, found = Counter[str](), []
    for row in rows:
        found.append((row, seen[row]))
        seen[row] += 1
    return found


def _lies_within(inner: tuple[Window, ...], outer: tuple[Window, ...]) -> bool:
    if len(inner) != len(outer):
        return False
    return all(first >= start and last <= end for (first, last), (start, end) in zip(inner, outer, strict=True))


def _with_periods_between(releases: list[Release]) -> list[Release]:
    """The releases, and those of periods that lie between two of them or are made up of two, until there are no more.

    Only counts that both show are known of such a period.
    """
    known = {(release.unit, release.windows): release for release in releases}
    grown = True
    while grown and len(known) < MOST_RELEASES:
        grown = False
        for one, other in permutations(list(known.values()), 2):
            for sign, windows in ((-1, _less(one, other)), (1, _followed_by(one, other))):
                if windows is not None and (one.unit, windows) not in known and len(known) < MOST_RELEASES:
                    known[one.unit, windows] = Release(one.unit, windows, _combined(one.shown, other.shown, sign))
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


def _combined(one: Shown, other: Shown, sign: int) -> dict[str, dict[Key, int | None]]:
    """The sum or difference of two releases, as far as both show it; a row that one does not have counts nobody."""
    found: dict[str, dict[Key, int | None]] = {}
    for table in one.keys() & other.keys():
        mine, theirs = one[table], other[table]
        for key in mine.keys() | (theirs.keys() if sign > 0 else set()):
            first, second = mine.get(key, 0), theirs.get(key, 0)
            if first is not None and second is not None and (total := first + sign * second) >= 0:
                found.setdefault(table, {})[key] = total
    return found


def _sums_of_units(known: list[Release], unit: str) -> Iterator[Release]:
    """What is known of all units of a column together; for the report on one of them, of everyone but the others."""
    by_column: dict[tuple[str, tuple[Window, ...]], list[Release]] = {}
    for release in known:
        if release.unit and release.unit != unit:
            by_column.setdefault((release.unit.partition("=")[0], release.windows), []).append(release)
    everyone = {release.windows: release for release in known if not release.unit}
    for (column, windows), units in by_column.items():
        together = _sum(units)
        if not unit:
            yield Release(f"{column}={ALL_KNOWN}", windows, together)
        elif unit.partition("=")[0] == column and windows in everyone:
            yield Release("", windows, _combined(everyone[windows].shown, together, -1))


def _sum(units: list[Release]) -> dict[str, dict[Key, int | None]]:
    """What the units that show a count show of it together."""
    found: dict[str, dict[Key, int | None]] = {}
    for release in units:
        for table, counts in release.shown.items():
            held = found.setdefault(table, {})
            for key, count in counts.items():
                held[key] = (held.get(key) or 0) + (count or 0)
    return found
