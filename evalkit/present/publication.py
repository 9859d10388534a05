"""What is published together is protected together: a count hidden in one table must not be found through another.

A publication starts with a report (or a batch of them) and takes in every table as it is made safe. Between tables a
reader can compare rows that carry the same name, and numbers that are equal: where the same column of the same row
differs by a few people, where one column is the difference of two others, where a count comes up again, the tables are
tied together, and the sums of `suppression` hold across them. Ties that only seem to be there hide more, never less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from evalkit.present.cells import Cells, Kind
from evalkit.present.counts import START, Countable, Tie
from evalkit.present.suppression import MOST_SOLUTIONS, hidden_cells

UNMISTAKABLE = 100
"""Equal counts of this size in two tables are taken for the same people; smaller ones only in rows of one name."""

SOLUTIONS_A_TABLE = 30
"""Integer programmes that one table may take beside the others; not enough: all it ties in is hidden."""

Hidden = dict[str, list[bool]]


@dataclass(frozen=True)
class Published:
    """What a table published: its counts by column, in the order of its rows; what it keeps hidden, in the same places.

    name : the same for the same table of another report
    """

    name: str
    rows: tuple[str, ...]
    counts: Mapping[str, Sequence[int]]
    hidden: Hidden


@dataclass
class Publication:
    """All tables shown so far, and what each of them keeps hidden.

    threshold : counts from 1 to threshold - 1 are hidden
    totals_known : as in `Cells`
    planned   : for each table to come, what must be hidden for the sake of other reports of the same batch
    taken_in  : the counts of every table, in order
    """

    threshold: int
    totals_known: bool = False
    planned: Sequence[Hidden] = ()
    taken_in: list[Countable] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    by_value: dict[int, list[tuple[int, str, str]]] = field(default_factory=dict)
    cells: Cells = field(init=False)

    def __post_init__(self) -> None:
        budget = MOST_SOLUTIONS if self.totals_known else SOLUTIONS_A_TABLE
        self.cells = Cells(self.threshold, self.totals_known, budget)

    def take_in(self, counts: Countable, *, hidden_alone: Hidden | None = None) -> Hidden:
        """Decide what of one more table is hidden, given all that is shown already.

        hidden_alone : what is hidden of it in any case
        """
        cells, first, place = self.cells, len(self.cells.values), len(self.taken_in)
        new = counts.add_to(cells)
        self._tie(new, first)
        planned = self.planned[place] if place < len(self.planned) else {}
        for decided in (hidden_alone or {}, planned):
            for name, column in decided.items():
                for cell, hide in zip(new.ids.get(name, ()), column, strict=False):
                    if hide and cell >= first and cells.kinds[cell] is Kind.COUNT:
                        cells.kinds[cell] = Kind.HIDDEN
        hidden = hidden_cells(cells, first=first)
        cells.settle(first, hidden)
        self.taken_in.append(counts)
        self.ties.append(new)
        self._remember(new)
        return {name: [cell >= 0 and bool(hidden[cell]) for cell in column] for name, column in new.ids.items()}

    @property
    def published(self) -> list[Published]:
        """The tables so far, in order."""
        values, kinds, seen = self.cells.values, self.cells.kinds, Counter[str]()
        found = []
        for tie in self.ties:
            held = {name: ids for name, ids in tie.ids.items() if name != START and min(ids, default=-1) >= 0}
            name = " | ".join(held)
            seen[name] += 1
            counts = {column: tuple(values[cell] for cell in ids) for column, ids in held.items()}
            hidden = {column: [kinds[cell] is Kind.HIDDEN for cell in ids] for column, ids in held.items()}
            found.append(Published(f"{name} {seen[name]}", tie.rows, counts, hidden))
        return found

    @property
    def suppressed(self) -> dict[str, int]:
        """How many counts the tables so far hold, and how many of them are hidden, by reason."""
        cells = self.cells
        held = [cell for tie in self.ties for ids in tie.ids.values() for cell in dict.fromkeys(ids) if cell >= 0]
        hidden = [cell for cell in held if cells.kinds[cell] is Kind.HIDDEN]
        leaving_few = {count for rest, count in cells.count_of.items() if cells.is_small(rest)}
        small = sum(map(cells.is_small, hidden))
        few_left = sum(cell in leaving_few and not cells.is_small(cell) for cell in hidden)
        others = len(hidden) - small - few_left
        return {"counts": len(held), "small": small, "few_left": few_left, "protecting": others}

    def _tie(self, new: Tie, first: int) -> None:
        """Add what a reader knows of a new table from those before it."""
        for name, column in new.ids.items():
            for row, cell in zip(new.rows, column, strict=True):
                if cell >= first:
                    self._tie_to_earlier(cell, row, name)
        for cell in new.loose:
            self._tie_to_earlier(cell, "", "")
        for earlier in self.ties:
            for known, found in _differences(self.cells, earlier, new):
                self.cells.add_up(found, known)

    def _tie_to_earlier(self, cell: int, row: str, column: str) -> None:
        """Tie a count to equal ones in earlier tables, and to the same column of the same row if it differs by few.

        What was decided of an equal one holds for it as well.
        """
        cells, value = self.cells, self.cells.values[cell]
        for other, other_row, _ in self.by_value.get(value, ()) if value else ():
            sure = other_row == row if row and other_row else value >= cells.threshold
            if sure or value >= UNMISTAKABLE:
                cells.add_up([cell], other)
                if cells.kinds[other] is Kind.HIDDEN or (
                    cells.kinds[other] is Kind.KNOWN and cells.kinds[cell] is Kind.COUNT
                ):
                    cells.kinds[cell] = cells.kinds[other]
        for gap in range(1 - cells.threshold, cells.threshold) if row else ():
            for other, other_row, other_column in self.by_value.get(value + gap, ()) if gap else ():
                if (other_row, other_column) == (row, column):
                    _add_gap(cells, cell, other)

    def _remember(self, new: Tie) -> None:
        named = [(cell, row, name) for name, ids in new.ids.items() for row, cell in zip(new.rows, ids, strict=True)]
        for cell, row, name in [*named, *((cell, "", "") for cell in new.loose)]:
            if cell >= 0:
                self.by_value.setdefault(self.cells.values[cell], []).append((cell, row, name))


def _add_gap(cells: Cells, cell: int, other: int) -> None:
    """The few people by whom a count differs from an earlier one are a count of their own, though in no table."""
    small, large = sorted((cell, other), key=lambda one: cells.values[one])
    rest = cells.add_rest(small, large)
    if cells.kinds[other] is not Kind.HIDDEN:
        cells.count_of[rest] = cell


def _differences(cells: Cells, earlier: Tie, new: Tie) -> Iterator[tuple[int, tuple[int, int]]]:
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


_running: list[Publication] = []
_planned: list[Sequence[Hidden]] = []


def plan_publication(planned: Sequence[Hidden]) -> None:
    """What the next publication has to hide for the sake of others: column -> rows, for each of its tables in order."""
    _planned[:] = [planned]


def start_publication(threshold: int = 10, *, planned: Sequence[Hidden] = ()) -> Publication:
    """From here on, every table made safe with this threshold is protected together with those before it.

    One process publishes one report at a time; starting again forgets the tables of the one before.
    """
    _running[:] = [Publication(threshold, planned=planned or (_planned[0] if _planned else ()))]
    return _running[0]


def running_publication() -> Publication | None:
    """The publication that is running, if there is one."""
    return _running[0] if _running else None


def end_publication() -> None:
    """Tables are made safe one by one again."""
    _running.clear()


def decide(counts: Countable, threshold: int) -> Hidden:
    """What of a table is hidden: alone, or given all tables of the publication that is running."""
    alone = Publication(threshold, totals_known=True).take_in(counts)
    if _running and _running[0].threshold == threshold:
        return _running[0].take_in(counts, hidden_alone=alone)
    return alone
