"""Reports of a batch published together: what one hides must not be the rest of a known total less what others show.

Units of a column add up to everybody, and somebody may know everybody's number: from the report of the whole, say. So a
count that one unit hides must be hidden by another as well, until the hidden ones leave enough possible values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.present.publication import Hidden, Published
from evalkit.present.suppression import FEASIBLE

ROUNDS = 5
"""Times that reports are made again to hide more; one that then still gives others away is withdrawn."""


@dataclass(frozen=True)
class _Place:
    """One count of one unit: table, column and row in its report."""

    unit: str
    table: int
    column: str
    row: int
    count: int


def to_hide(units: Mapping[str, Sequence[Published]]) -> dict[str, list[Hidden]]:
    """Which units must hide more, given what all of them show.

    units : unit -> the tables of its report; the same table has the same name in each

    Returns unit -> for each of its tables what it has to hide: what is hidden already, and what is new. Units that
    need not change are not in it.
    """
    shown, hidden = _by_cell(units)
    wanted = {
        unit: [{name: list(rows) for name, rows in table.hidden.items()} for table in units[unit]] for unit in units
    }
    changed = set()
    for cell, concealed in hidden.items():
        spare = sorted((place for place in shown.get(cell, ()) if place.count > 0), key=lambda place: place.count)
        counts = [place.count for place in concealed]
        while spare and not _is_uncertain(counts):
            place = spare.pop(0)
            counts.append(place.count)
            wanted[place.unit][place.table][place.column][place.row] = True
            changed.add(place.unit)
    return {unit: wanted[unit] for unit in units if unit in changed}


def _is_uncertain(counts: Sequence[int]) -> bool:
    """Whether counts whose sum is known leave each other enough possible values; a positive one is known to be so."""
    positive = sum(count > 0 for count in counts)
    return positive == 0 or (len(counts) > 1 and sum(counts) - positive + 1 >= FEASIBLE)


def _by_cell(units: Mapping[str, Sequence[Published]]) -> tuple[dict, dict]:
    """Table, column and row by name -> the units that show a count there, and those that hide it."""
    shown: dict[tuple[str, str, str], list[_Place]] = {}
    hidden: dict[tuple[str, str, str], list[_Place]] = {}
    for unit, tables in units.items():
        for number, table in enumerate(tables):
            for column, counts in table.counts.items():
                for row, (name, count) in enumerate(zip(table.rows, counts, strict=True)):
                    side = hidden if table.hidden[column][row] else shown
                    side.setdefault((table.name, column, name), []).append(_Place(unit, number, column, row, count))
    return shown, hidden


def released(tables: Sequence[Published]) -> tuple[dict[str, object], ...]:
    """What a report shows of its counts, for the manifest: hidden ones are missing (None)."""
    return tuple(
        {
            "table": table.name,
            "rows": list(table.rows),
            "counts": {
                column: [None if hide else count for count, hide in zip(counts, table.hidden[column], strict=True)]
                for column, counts in table.counts.items()
            },
        }
        for table in tables
    )


def read_released(tables: Sequence[Mapping[str, Any]]) -> list[Published]:
    """The tables of a report that is not made again; a hidden count, which is noted nowhere, is taken to be 1."""
    return [
        Published(
            table["table"],
            tuple(table["rows"]),
            {
                name: tuple(1 if count is None else count for count in column)
                for name, column in table["counts"].items()
            },
            {name: [count is None for count in column] for name, column in table["counts"].items()},
        )
        for table in tables
    ]
