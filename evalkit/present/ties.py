"""What two tables of one report have in common: counts a few people apart, a column as the difference of two others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

from evalkit.present.cells import Cells, Kind
from evalkit.present.counts import Tie


def add_gap(cells: Cells, cell: int, other: int) -> None:
    """The few people by whom a count differs from an earlier one are a count of their own, though in no table."""
    small, large = sorted((cell, other), key=lambda one: cells.values[one])
    rest = cells.add_rest(small, large)
    if cells.kinds[other] is not Kind.HIDDEN:
        cells.count_of[rest] = cell


def differences(cells: Cells, earlier: Tie, new: Tie) -> Iterator[tuple[int, tuple[int, int]]]:
    """Cells that are the sum of two others in every row that both tables have: (sum, parts)."""
    places = [(new.rows.index(row), earlier.rows.index(row)) for row in _shared(earlier, new)]
    if len(places) < 2:
        return
    columns = {("new", name): [ids[here] for here, _ in places] for name, ids in new.ids.items()}
    columns |= {("earlier", name): [ids[there] for _, there in places] for name, ids in earlier.ids.items()}
    columns = {name: column for name, column in columns.items() if min(column) >= 0}
    values = {name: tuple(cells.values[cell] for cell in column) for name, column in columns.items()}
    named: dict[tuple[int, ...], list[tuple[str, str]]] = {}
    for name, numbers in values.items():
        named.setdefault(numbers, []).append(name)
    for whole, part in product(columns, repeat=2):
        left = tuple(many - few for many, few in zip(values[whole], values[part], strict=True))
        for rest in named.get(left, ()) if any(left) and any(values[part]) else ():
            if part <= rest and {whole[0], part[0], rest[0]} == {"new", "earlier"} and whole not in (part, rest):
                for cell, *parts in zip(columns[whole], columns[part], columns[rest], strict=True):
                    yield cell, (parts[0], parts[1])


def _shared(earlier: Tie, new: Tie) -> list[str]:
    """Names of rows that come up once in each of two tables."""
    mine, theirs = Counter(new.rows), Counter(earlier.rows)
    return [row for row in new.rows if mine[row] == 1 and theirs[row] == 1]
