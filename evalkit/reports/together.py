"""Reports of a batch published together: what one hides must not be the rest of a known total less what others show.

Units of a column add up to everybody, and somebody may know everybody's number: from the report of the whole, say. So a
count that one unit hides must be hidden by another as well, until the hidden ones leave enough possible values.

How the tables of each report hang together is known here, so that what one more hidden count brings with it in its own
report is found without making the report again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalkit.present.publication import Publication
from evalkit.present.published import Hidden, Published
from evalkit.present.released_counts import NO_CELL, Shown, Together, numbered, shown_of
from evalkit.present.suppression import FEASIBLE
from evalkit.reports.ledger import Entry, Identity

ROUNDS = 3
"""Times that reports are made again to hide more; one that then still gives others away is withdrawn."""
ROUNDS_IN_MIND = 20
"""Times that it is worked out what reports would hide."""


@dataclass(frozen=True)
class Unit:
    """What one unit's report shows and hides.

    tables      : its tables
    publication : how they hang together; None where the report was made in an earlier run
    stands      : whether it is out and cannot be made again: it hides no more than it does
    """

    tables: Sequence[Published]
    publication: Publication | None = None
    stands: bool = False

    @classmethod
    def of(cls, publication: Publication | None) -> Unit:
        """The unit of a report that was just made."""
        return cls(publication.published if publication else (), publication)

    def hiding(self, planned: Sequence[Hidden]) -> Unit:
        """The same report with no more to hide than this."""
        tables = [replace(table, hidden=hidden) for table, hidden in zip(self.tables, planned, strict=True)]
        return Unit(tables)


@dataclass(frozen=True)
class Whole:
    """Units of a batch that make up a known whole, with what its report has shown (None: it is not out).

    An empty set of units stands for all of them.
    """

    shown: Shown | None
    units: frozenset[str] = frozenset()

    def among(self, units: Mapping[str, Unit]) -> dict[str, Unit]:
        """Those of the units that make it up."""
        return {name: unit for name, unit in units.items() if name in self.units or not self.units}


EVERYONE_UNKNOWN = (Whole(None),)


Plans = Mapping[str, Sequence[Hidden]]
"""Unit -> for each of its tables what it has to hide."""

WorkOut = Callable[[Mapping[str, tuple[Publication, Sequence[Hidden]]]], Mapping[str, Publication]]
"""Takes units with their publications and what these have to hide; returns what that brings with it in their tables."""


def one_by_one(units: Mapping[str, tuple[Publication, Sequence[Hidden]]]) -> dict[str, Publication]:
    """Work out in this process what more hidden counts bring with them."""
    return {unit: publication.again(planned) for unit, (publication, planned) in units.items()}


def settled(
    units: Mapping[str, Unit], wholes: Sequence[Whole] = EVERYONE_UNKNOWN, *, work_out: WorkOut = one_by_one
) -> dict[str, list[Hidden]]:
    """What the units have to hide so that none gives away what another hides, with all that this brings with it.

    wholes   : what the units make up: everyone, and the wider units whose reports are out
    work_out : who works out what follows in the units' own tables

    Returns unit -> for each of its tables what it has to hide; units that need not change are not in it.
    """
    now, changed = dict(units), set[str]()
    for _ in range(ROUNDS_IN_MIND):
        planned = _agreed(now, wholes)
        if not planned:
            break
        changed |= planned.keys()
        asked = {unit: (held, planned[unit]) for unit in planned if (held := now[unit].publication) is not None}
        now |= {unit: now[unit].hiding(planned[unit]) for unit in planned.keys() - asked.keys()}
        now |= {unit: Unit.of(publication) for unit, publication in work_out(asked).items()}
    return {unit: [dict(table.hidden) for table in now[unit].tables] for unit in units if unit in changed}


def _agreed(units: Mapping[str, Unit], wholes: Sequence[Whole]) -> Plans:
    """What the units have to hide until none gives another away, before it is worked out what follows from it."""
    now, agreed = dict(units), dict[str, Sequence[Hidden]]()
    while planned := to_hide(now, wholes):
        agreed.update(planned)
        now |= {unit: units[unit].hiding(planned[unit]) for unit in planned}
    return agreed


Bounded = tuple[int, int]
"""A count, and the fewest that it can be as far as its own report says."""


@dataclass(frozen=True)
class _Place:
    """One count of one unit: table, column and row in its report.

    fixed : it cannot be hidden
    least : the fewest that it can be if it is hidden, as far as its own report says
    """

    unit: str
    table: int
    column: str
    row: int
    count: int
    fixed: bool
    least: int

    @property
    def bounded(self) -> Bounded:
        """As one of several whose sum is known."""
        return self.count, self.least


def to_hide(units: Mapping[str, Unit], wholes: Sequence[Whole] = EVERYONE_UNKNOWN) -> dict[str, list[Hidden]]:
    """Which units must hide more, given what all of them show, and the reports on what they make up.

    Returns as `settled` does, without what follows from it in the units' own reports.
    """
    put_right = {unit: held.publication.put_right for unit, held in units.items() if held.publication}
    changed = {unit for unit, planned in put_right.items() if planned}
    wanted = {
        unit: put_right.get(unit)
        or [{name: list(rows) for name, rows in table.hidden.items()} for table in held.tables]
        for unit, held in units.items()
    }
    for whole in wholes:
        shown, hidden = _by_cell(whole.among(units), wanted)
        for cell in dict.fromkeys([*hidden, *(shown if whole.shown else ())]):
            spare = sorted(
                (place for place in shown.get(cell, ()) if place.count > 0 and not place.fixed),
                key=lambda place: (-_hides(wanted, place), place.count),
            )
            counts = [place.bounded for place in hidden.get(cell, ())]
            total = sum(place.count for place in (*hidden.get(cell, ()), *shown.get(cell, ())))
            counts += _others(whole.shown, cell, total)
            while spare and not _is_uncertain(counts):
                place = spare.pop(0)
                counts.append(place.bounded)
                wanted[place.unit][place.table][place.column][place.row] = True
                changed.add(place.unit)
    return {unit: wanted[unit] for unit in units if unit in changed}


def _hides(wanted: Mapping[str, Sequence[Hidden]], place: _Place) -> int:
    """How many counts the table of a place hides: two tables that hide the same counts protect each other."""
    return sum(map(sum, wanted[place.unit][place.table].values()))


def exposed(units: Mapping[str, Unit], wholes: Sequence[Whole] = EVERYONE_UNKNOWN) -> set[str]:
    """Units that hide what the others give away, though none of those can hide more."""
    found = set()
    for whole in wholes:
        shown, hidden = _by_cell(whole.among(units))
        for cell, places in hidden.items():
            counts = [place.bounded for place in places]
            others = [place for place in shown.get(cell, ()) if place.count > 0]
            counts += _others(whole.shown, cell, sum(place.count for place in (*places, *others)))
            if any(place.fixed for place in others) and not _is_uncertain(counts):
                found |= {place.unit for place in places}
    return found


def wholes_of(batch: Mapping[str, Mapping[str, int]], identity: Identity, entries: Sequence[Entry]) -> list[Whole]:
    """What the units of a batch make up: everyone, and each wider unit of which something has been released.

    batch    : unit -> the wider units in which all its people are
    identity : of the report on everyone
    """
    shown = {
        entry.identity.unit: shown_of(entry.tables) for entry in entries if entry.identity.windows == identity.windows
    }
    wider = dict.fromkeys(unit for within in batch.values() for unit in within if unit)
    found = [
        Whole(known, frozenset(name for name, within in batch.items() if unit in within))
        for unit in wider
        if (known := _known_of(unit, shown)) is not None
    ]
    return [*found, Whole(shown.get(""))]


def _known_of(unit: str, shown: Mapping[str, Shown]) -> Shown | None:
    """What is known of a unit: its own release, or what those of the others of its column leave of everyone."""
    if unit in shown or "" not in shown:
        return shown.get(unit)
    column = unit.partition("=")[0]
    others = [counts for name, counts in shown.items() if name.startswith(f"{column}=")]
    return Together.of(others, complete=False).left_of(Together(shown[""])).shown if others else None


FEW = 10
"""People who belong to no unit are a hidden count, if there are fewer of them."""


def _others(everyone: Shown | None, cell: tuple[str, str, int, str], total: int) -> list[Bounded]:
    """What somebody does not know of everybody: how many belong to no unit where they are few, or their own number."""
    table, row, nth, column = cell
    held = everyone.get(table, {}) if everyone else {}
    if (row, nth, column) not in held:
        return []
    count = held[row, nth, column]
    if count is None:
        return [(total, 1)] if total else []
    return [(count - total, 1)] if 0 < count - total < FEW else []


def _is_uncertain(counts: Sequence[Bounded]) -> bool:
    """Whether hidden counts whose sum is known leave each other enough possible values; a positive one is known to."""
    left = sum(count - least for count, least in counts)
    return not any(count for count, _ in counts) or (len(counts) > 1 and left + 1 >= FEASIBLE)


Cell = tuple[str, str, int, str]
"""Table, row, how often a row of that name came before, column."""


def _by_cell(
    units: Mapping[str, Unit], wanted: Mapping[str, Sequence[Hidden]] | None = None
) -> tuple[dict[Cell, list[_Place]], dict[Cell, list[_Place]]]:
    """Cell -> the units that show a count there, and those that hide it, or are wanted to."""
    shown: dict[Cell, list[_Place]] = {}
    hidden: dict[Cell, list[_Place]] = {}
    for unit, held in units.items():
        for number, table in enumerate(held.tables):
            keys = numbered(table.rows)
            hiding = wanted[unit][number] if wanted else table.hidden
            for column, counts in table.counts.items():
                for row, (key, count) in enumerate(zip(keys, counts, strict=True)):
                    side = hidden if hiding[column][row] else shown
                    fixed = held.stands or (column, row) in table.given_away
                    least = table.least.get((column, row), min(count, 1))
                    side.setdefault((table.name, *key, column), []).append(
                        _Place(unit, number, column, row, count, fixed, least)
                    )
    return shown, hidden


def read_released(tables: Sequence[Mapping[str, Any]]) -> list[Published]:
    """The tables of a report that is not made again; a hidden count, which is noted nowhere, is taken to be 1."""
    found = []
    for table in tables:
        whole = {name: column for name, column in table["counts"].items() if NO_CELL not in column}
        counts = {name: tuple(1 if count is None else count for count in column) for name, column in whole.items()}
        hidden = {name: [count is None for count in column] for name, column in whole.items()}
        found.append(Published(table["table"], tuple(table["rows"]), counts, hidden))
    return found
