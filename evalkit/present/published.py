"""What the tables of a publication show and hide, as others are told of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from evalkit.present.cells import Cells, Kind
from evalkit.present.counts import Tie, table_names, whole_columns
from evalkit.present.floors import Floors
from evalkit.present.released_counts import NO_CELL

Hidden = dict[str, list[bool]]


@dataclass(frozen=True)
class Published:
    """What a table published: its counts by column, in the order of its rows; what it keeps hidden, in the same places.

    name   : the same for the same table of another report
    given_away : (column, place of the row) of counts that earlier releases give away
    least  : the same of hidden counts -> the fewest that each can be, given all that is shown; at least 1
    """

    name: str
    rows: tuple[str, ...]
    counts: Mapping[str, Sequence[int]]
    hidden: Hidden
    given_away: Collection[tuple[str, int]] = ()
    least: Mapping[tuple[str, int], int] = field(default_factory=dict)


def published_of(cells: Cells, ties: Sequence[Tie], given_away: Collection[int]) -> list[Published]:
    """The tables, in order; given_away: cells that earlier releases give away."""
    values, kinds, floors = cells.values, cells.kinds, Floors()
    floors.take_in(cells.sums)

    def shown(cell: int) -> int | None:
        return values[cell] if kinds[cell] is Kind.KNOWN else None

    def one(cell: int) -> int:
        return int(kinds[cell] is Kind.HIDDEN and values[cell] > 0)

    found = []
    for name, tie in zip(table_names(ties), ties, strict=True):
        held = whole_columns(tie)
        counts = {column: tuple(values[cell] for cell in ids) for column, ids in held.items()}
        hidden = {column: [kinds[cell] is Kind.HIDDEN for cell in ids] for column, ids in held.items()}
        places = {(column, row): cell for column, ids in held.items() for row, cell in enumerate(ids)}
        given = {place for place, cell in places.items() if cell in given_away}
        secret = {place: cell for place, cell in places.items() if kinds[cell] is Kind.HIDDEN}
        least = {place: floors.fewest(cell, shown, one) for place, cell in secret.items()}
        found.append(Published(name, tie.rows, counts, hidden, given, least))
    return found


def released_of(cells: Cells, ties: Sequence[Tie]) -> list[dict[str, object]]:
    """The tables as they are shown, for the ledger: hidden counts are missing (None)."""
    return [_released(cells, name, tie) for name, tie in zip(table_names(ties), ties, strict=True)]


def _released(cells: Cells, name: str, tie: Tie) -> dict[str, object]:
    values, kinds = cells.values, cells.kinds
    counts = {
        column: [NO_CELL if cell < 0 else None if kinds[cell] is Kind.HIDDEN else values[cell] for cell in ids]
        for column, ids in tie.ids.items()
    }
    return {"table": name, "rows": list(tie.rows), "counts": counts}


def suppressed_of(
    cells: Cells, ties: Sequence[Tie], for_earlier: Collection[int], gaps: Collection[int]
) -> dict[str, int]:
    """How many counts the tables hold, and how many of them are hidden, by reason.

    for_earlier : cells hidden because of earlier releases
    gaps        : cells of the people who are in an earlier release or this one only
    """
    held = [cell for tie in ties for ids in tie.ids.values() for cell in dict.fromkeys(ids) if cell >= 0]
    hidden = [cell for cell in held if cells.kinds[cell] is Kind.HIDDEN]
    complements = {rest: count for rest, count in cells.count_of.items() if rest not in gaps}
    leaving_few = {count for rest, count in complements.items() if cells.is_small(rest)}
    small = sum(map(cells.is_small, hidden))
    few_left = sum(cell in leaving_few and not cells.is_small(cell) for cell in hidden)
    earlier = sum(cell in for_earlier for cell in hidden)
    others = len(hidden) - small - few_left - earlier
    return {"counts": len(held), "small": small, "few_left": few_left, "protecting": others, "earlier": earlier}
