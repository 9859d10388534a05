"""The counts of one table, without anything else of it, as cells and the sums that tie them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from evalkit.present.cells import Cells, Kind
from evalkit.present.suppression import hidden_cells

Ids = dict[str, list[int]]
"""Column -> the number of each row's cell; -1 where there is none."""


START = "start"
"""The column under which a flow says whether its start is hidden."""


@dataclass(frozen=True)
class Tie:
    """The cells of one table, by column and row, and the sums that have no row of their own."""

    rows: tuple[str, ...]
    ids: Ids
    loose: Sequence[int] = ()


def whole_columns(tie: Tie) -> Mapping[str, Sequence[int]]:
    """The columns of a table that have a count in every row."""
    return {name: ids for name, ids in tie.ids.items() if min(ids, default=-1) >= 0}


def table_names(ties: Sequence[Tie]) -> list[str]:
    """A name for each table, by which it is known again in another report."""
    seen, names = Counter[str](), []
    for tie in ties:
        name = " | ".join(column for column in whole_columns(tie) if column != START)
        seen[name] += 1
        names.append(f"{name} {seen[name]}")
    return names


class Countable(Protocol):
    """The counts of one table, without anything else of it."""

    def add_to(self, cells: Cells) -> Tie:
        """Add a cell for each count, and the sums that tie them."""


def row_names(table: pd.DataFrame) -> tuple[str, ...]:
    """A name for each row by which a reader knows it again in another table."""
    if "name" in table:
        sides = table["complement"] if "complement" in table else [False] * len(table)
        names = [f"{name}{' (others)' * bool(side)}" for name, side in zip(table["name"], sides, strict=True)]
        if len(set(names)) == len(names):
            return tuple(names)
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    return tuple(" / ".join(map(str, row)) for row in table[texts].itertuples(index=False, name=None))


Family = tuple[list[int], int | None]
"""Places of the rows that add up, and the place of the row that they add up to (None: a total that is known)."""


@dataclass(frozen=True)
class Counts:
    """The counts of a table with the ways in which they hang together.

    columns  : count column -> counts
    bases    : count column -> the column of its base, itself a count column or one of `wholes`; None if it has none
    wholes   : base column -> numbers (None where there is none)
    families : rows that add up
    ordered  : whether the place of a row says how large its counts are
    """

    rows: tuple[str, ...]
    columns: Mapping[str, Sequence[int]]
    bases: Mapping[str, str | None]
    wholes: Mapping[str, Sequence[int | None]]
    families: Sequence[Family]
    ordered: bool

    def add_to(self, cells: Cells) -> Tie:
        """Add the cells of every count, and of every base that is no known total; complements and sums with them."""
        loose: list[int] = []
        ids = {name: [cells.add(value, Kind.COUNT, name) for value in column] for name, column in self.columns.items()}
        for column in list(ids.values()):
            for rows, parent in self.families:
                parts = [column[row] for row in rows]
                loose += _add_family(cells, parts, None if parent is None else column[parent], ordered=self.ordered)
        own = dict(ids)
        for name, values in self.wholes.items():
            ids[name] = _add_bases(cells, name, values, own)
        for name, base in self.bases.items():
            for count, whole in zip(ids[name], ids[base], strict=True) if base else ():
                if whole >= 0 and cells.values[whole] >= cells.values[count]:
                    cells.add_complement(count, whole)
        return Tie(self.rows, ids, loose)


@dataclass(frozen=True)
class CountsWithin:
    """The counts of groups of which another table shows the sums: the wider groups they are in.

    wider : those of the wider groups, which are shown as they would be alone; both: these first, then the groups
    """

    wider: Counts
    both: Counts

    def add_to(self, cells: Cells) -> Tie:
        """Add the cells of both; only those of the groups are to be decided."""
        alone, many = Cells(cells.threshold), len(self.wider.rows)
        decided = self.wider.add_to(alone).ids
        hidden = hidden_cells(alone)
        tie = self.both.add_to(cells)
        for name, ids in tie.ids.items():
            for cell, own in zip(ids[:many], decided[name], strict=True):
                if cell >= 0 and cells.kinds[cell] is Kind.COUNT:
                    cells.kinds[cell] = Kind.HIDDEN if hidden[own] else Kind.KNOWN
        return Tie(tie.rows[many:], {name: ids[many:] for name, ids in tie.ids.items()}, tie.loose)


def _add_family(cells: Cells, parts: list[int], parent: int | None, *, ordered: bool) -> list[int]:
    """Rows that add up; returns the total, if it has no row.

    A group whose complement has no row of its own is still part of the group it is within.
    """
    values = [cells.values[part] for part in parts]
    if parent is not None and len(parts) == 1 and values[0] <= cells.values[parent]:
        cells.add_complement(parts[0], parent)
    elif parent is not None and sum(values) == cells.values[parent]:
        cells.add_up(parts, parent)
    elif len(parts) > 1:
        total = cells.add_up(parts)
        if ordered and values in (sorted(values), sorted(values, reverse=True)):
            cells.add_order(sorted(parts, key=lambda part: -cells.values[part]))
        return [total]
    return []


def _add_bases(cells: Cells, name: str, values: Sequence[int | None], counts: Ids) -> list[int]:
    """The cell of each row's base that is no count column; -1 where there is none.

    A small base, and one that is a count of another row (as a stage's base is the stage before), has to be hidden with
    it; any other is known.
    """
    ids: dict[int | None, int] = {None: -1}
    for value in dict.fromkeys(values):
        if value is None:
            continue
        others = [place for place, other in enumerate(values) if other != value]
        same = [column[place] for column in counts.values() for place in others]
        same = [cell for cell in same if cells.values[cell] == value]
        small = 0 < value < cells.threshold
        ids[value] = cells.add(value, Kind.COUNT if same or small else Kind.KNOWN, name)
        for cell in same:
            cells.add_up([cell], ids[value])
    return [ids[value] for value in values]


@dataclass(frozen=True)
class FlowCounts:
    """The counts of an attrition flow: the people excluded at each step, and those who remain at the end.

    rows  : the steps, and the end
    whole : the same of everyone, where the flow is that of a group among them and both are shown
    """

    rows: tuple[str, ...]
    parts: Sequence[int]
    whole: Sequence[int] = ()

    def add_to(self, cells: Cells) -> Tie:
        """Add the cells; the sums of them that are shown are cells of no table."""
        start, ids = _add_flow(cells, self.parts, [Kind.COUNT] * len(self.parts))
        if self.whole:
            _add_whole(cells, ids, self.whole)
        remainders = [cells.add(sum(self.parts[step:]), Kind.GAP, "") for step in range(1, len(self.parts))]
        for step, remainder in enumerate(remainders, start=1):
            cells.add_up(ids[step:], remainder)
        return Tie(self.rows, {"excluded": ids, START: [start] * len(ids)}, remainders)


def _add_flow(cells: Cells, parts: Sequence[int], kinds: Sequence[Kind]) -> tuple[int, list[int]]:
    """The start of a flow and its parts, which add up to it, and to each remainder, of which the small ones matter."""
    ids = [cells.add(part, kind, "flow") for part, kind in zip(parts, kinds, strict=True)]
    start = cells.add(sum(parts), Kind.KNOWN if cells.totals_known else Kind.COUNT, "flow")
    cells.add_up(ids, start)
    _add_remainders(cells, ids)
    return start, ids


def _add_remainders(cells: Cells, ids: list[int]) -> None:
    for step in range(1, len(ids) - 1):
        for side in (ids[:step], ids[step:]):
            together = sum(cells.values[cell] for cell in side)
            if 0 < together < cells.threshold:
                cells.add_up(side, cells.add(together, Kind.COMPLEMENT, cells.columns[ids[0]]))


def _add_whole(cells: Cells, ids: list[int], parts: Sequence[int]) -> None:
    """The flow of everyone, as far as it is shown, and that of the people who are not in the group."""
    alone = Cells(cells.threshold)
    _, own = _add_flow(alone, parts, [Kind.COUNT] * len(parts))
    hidden = hidden_cells(alone)[own]
    _, wholes = _add_flow(cells, parts, [Kind.HIDDEN if hide else Kind.KNOWN for hide in hidden])
    add = {True: cells.add_rest, False: cells.add_complement}
    rests = [add[bool(hide)](*pair) for hide, *pair in zip(hidden, ids, wholes, strict=True)]
    _add_remainders(cells, rests)
