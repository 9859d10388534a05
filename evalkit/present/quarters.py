"""A quarter's monitoring among the quarters released before it: what the ledger is told, and what is hidden for it.

Each report of a quarter, and each briefing, shows counts of the same units in the same windows of time. They are one
release: the ledger has one entry for the quarter, and what one page does not show of it stays as another showed it.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import pandas as pd

from evalkit.dates import period_text
from evalkit.present.cells import Kind
from evalkit.present.counts import Tie
from evalkit.present.earlier import NOTHING_BEFORE, Beside, Release, Window
from evalkit.present.exchange import tell_again
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count
from evalkit.present.released_counts import NO_CELL
from evalkit.present.rolling import (
    ACTUAL,
    ACTUAL_90,
    ALL,
    DUPLICATES,
    PEOPLE,
    STARTED,
    UNSCORED,
    Counted,
    Released,
    to_hide,
)
from evalkit.present.running import start_publication

SERIES_OF = {
    "people": PEOPLE,
    "people_before": PEOPLE,
    "people_90": PEOPLE,
    "scored": PEOPLE,
    "actual": ACTUAL,
    "actual_90": ACTUAL_90,
    "unscored": UNSCORED,
    "duplicates": DUPLICATES,
    "started": STARTED,
    "eligible": ALL,
    "followed": ALL,
}
"""Count -> the series that it is a part of."""

EVERYONE = "Everyone"
"""Everybody together, as a unit and as its column: the widest units, and cohorts of a characteristic, add up to it."""

EARLY = "_90"
"""How the names of early counts end."""

NO_TABLES = 0
"""The threshold of the publication that carries the counts to the ledger: no table is made safe with it."""

Counts = Mapping[str, int | None]
Title = tuple[str, str]
"""What the units are units of, and the name of a column in the ledger: series, first and last day."""


class UnitWindows(Protocol):
    """As `evalkit.cohort.monitored_windows` has it."""

    @property
    def column(self) -> str: ...
    @property
    def counted(self) -> Mapping[str, Window]: ...
    @property
    def coming(self) -> Mapping[Window, Mapping[str, int]]: ...
    @property
    def wider(self) -> UnitWindows | None: ...


@dataclass
class Quarter:
    """One quarter's release as it grows: the releases that are in force, and what the pages of this one show.

    hidden : counts that are hidden because of earlier releases
    """

    beside: Beside = NOTHING_BEFORE
    shown: dict[Title, Counts] = field(default_factory=dict)
    hidden: int = 0
    _judged: Window | None = None

    def of(self, windows: UnitWindows) -> Units:
        """The units of one column, to be made safe among all releases."""
        if self._judged is None:
            self._judged = windows.counted["actual"]
            own = [release for release in self.beside.releases if release.windows == (self._judged,)]
            self.shown = {title: counts for release in own for title, counts in _columns(release).items()}
        return Units(self, windows)

    @property
    def earlier(self) -> list[Release]:
        """The releases of other quarters, the earliest first."""
        others = [release for release in self.beside.releases if release.windows not in ((), (self._judged,))]
        return sorted(others, key=lambda release: release.windows[0][::-1])

    def tell(self) -> None:
        """Hand what is shown so far to the ledger."""
        publication = start_publication(NO_TABLES)
        for column in sorted({column for column, _ in self.shown}):
            held = {text: counts for (one, text), counts in sorted(self.shown.items()) if one == column}
            units = sorted({unit for counts in held.values() for unit in counts})
            ids = {text: [_cell(publication.cells, counts, unit) for unit in units] for text, counts in held.items()}
            publication.ties.append(Tie(tuple(f"{column}={unit}" for unit in units), ids))
        tell_again(publication)


@dataclass
class Units:
    """The units of one column in a quarter; what is made safe first is known when the next is decided."""

    quarter: Quarter
    windows: UnitWindows
    own: list[Counted] = field(default_factory=list)

    @cached_property
    def within(self) -> Units | None:
        """The wider units, as their own page decides them; None: there are none."""
        return Units(self.quarter, self.windows.wider) if self.windows.wider else None

    def are_bound(self, names: Collection[str]) -> bool:
        """Whether other quarters bear on some counts of these or wider units: released ones, on early ones the next."""
        to_come = bool(self.windows.coming) and any(name.endswith(EARLY) for name in names)
        return bool(self.earlier) or to_come or (self.within is not None and self.within.are_bound(names))

    def _ahead(self, threshold: int) -> Released:
        """What later quarters are going to show of people whom an early count counts now."""
        coming = {
            window: {unit: _as_shown(people, None, threshold) for unit, people in counts.items()}
            for window, counts in self.windows.coming.items()
        }
        return [Counted(PEOPLE, *window, counts, whole=True) for window, counts in coming.items()]

    @cached_property
    def earlier(self) -> list[Released]:
        """What each release of another quarter showed of these units, the earliest first."""
        found: list[Released] = []
        for release in self.quarter.earlier:
            columns = {text: counts for (one, text), counts in _columns(release).items() if one == self.windows.column}
            if columns:
                found.append([_counted(text, counts, release.windows[0]) for text, counts in columns.items()])
        return found

    def to_hide(self, table: pd.DataFrame, bases: Mapping[str, str | None], threshold: int) -> dict[str, list[bool]]:
        """Which counts of a table have to be hidden because of other quarters: count -> rows.

        An early count is hidden as well if it would have to be so that a later quarter can show its year.
        """
        if not self.are_bound(bases):
            return {}
        found: dict[str, list[bool]] = {}
        seen, ahead = list(self.own), self._ahead(threshold)
        for name in self.told(bases):
            base = bases[name]
            values = [_as_shown(row[name], row[base] if base else None, threshold) for row in table.to_dict("records")]
            new = self._window(name, dict(zip(table["unit"].astype(str), values, strict=True)))
            known = [*seen, *ahead] if name.endswith(EARLY) else seen
            hidden = to_hide(new, known, self.earlier, threshold=threshold)
            hidden |= dict.fromkeys(self._hidden_then(name) & hidden.keys(), True)
            found[name] = [hidden[str(unit)] for unit in table["unit"]]
            kept = {unit: None if hidden[unit] else value for unit, value in new.counts.items()}
            seen.append(self._window(name, kept))
        return found

    def _hidden_then(self, name: str) -> set[str]:
        """Units of which an earlier release that judged the very window of a count hid it."""
        window = self.windows.counted[name]
        title = self.windows.column, _text(SERIES_OF[name], *window)
        then = [_columns(release) for release in self.quarter.earlier if release.windows == (window,)]
        return {unit for shown in then for unit, value in shown.get(title, {}).items() if value is None}

    def told(self, names: Iterable[str]) -> list[str]:
        """The counts among these that pages show."""
        return [name for name in names if name in self.windows.counted]

    def note(self, safe: pd.DataFrame, names: Iterable[str], *, told: bool = True) -> None:
        """Take note of the counts of a safe table, and tell them."""
        for name in self.told(names):
            values = [None if isinstance(value, str) else int(value) for value in safe[name]]
            new = self._window(name, dict(zip(safe["unit"].astype(str), values, strict=True)))
            self.own.append(new)
            if told:
                self.quarter.shown[self.windows.column, _text(new.series, new.first, new.last)] = new.counts
        if told:
            self.quarter.tell()

    def _window(self, name: str, counts: Counts) -> Counted:
        # A table lists all units with people in the year judged, or later; the year before, others may have had some.
        return Counted(SERIES_OF[name], *self.windows.counted[name], counts, whole=not name.endswith("_before"))


def start_quarter() -> Quarter:
    """A quarter's release, beside those that the ledger of this report knows."""
    return Quarter(start_publication(NO_TABLES).beside)


def hidden_for_earlier(quarter: Quarter) -> Piece:
    """How many counts are hidden because of other quarters, and which those are; empty where there are none."""
    if not quarter.earlier and not quarter.hidden:
        return Piece("", "")
    periods = "; ".join(period_text(release.windows[0]) for release in quarter.earlier)
    text = (
        "Hidden in the tables of units, so that the numbers of a few people do not follow from several quarters: "
        f"{count(quarter.hidden)} {'count' if quarter.hidden == 1 else 'counts'}."
    )
    text += f" Held against: years that ended in {periods}." if periods else " No earlier quarter is known."
    return Piece(f"<p>{escaped(text)}</p>", text)


def judged_window(tables: Iterable[Mapping[str, Any]]) -> Window | None:
    """First and last day on which the years judged ended, from what a quarter told; None where it told of none."""
    texts = [text for table in tables for text in table["counts"] if text.startswith(f"{ACTUAL} ")]
    return _read(texts[0])[1:] if texts else None


def _columns(release: Release) -> dict[Title, Counts]:
    """What a release shows of each kind of unit and each window."""
    found: dict[Title, Any] = {}
    for held in release.shown.values():
        for (row, _, text), value in held.items():
            column, _, unit = row.partition("=")
            found.setdefault((column, text), {})[unit] = value
    return dict(found)


def _counted(text: str, counts: Counts, judged: Window) -> Counted:
    series, first, last = _read(text)
    return Counted(series, first, last, counts, whole=first >= judged[0])


def _text(series: str, first: datetime.date, last: datetime.date) -> str:
    return f"{series} {first} {last}"


def _read(text: str) -> tuple[str, datetime.date, datetime.date]:
    series, first, last = text.split(" ")
    return series, datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)


def _as_shown(value: Any, base: Any, threshold: int) -> int | None:
    """A count, unless the rules hide it as it stands."""
    small = 0 < value < threshold or (base is not None and 0 < base - value < threshold)
    return None if small else int(value)


def _cell(cells: Any, counts: Counts, unit: str) -> int:
    """A cell for the count of a unit: what is hidden is told as such, not how much it is."""
    if unit not in counts:
        return NO_CELL
    value = counts[unit]
    return int(cells.add(value or 0, Kind.HIDDEN if value is None else Kind.KNOWN, ""))
