"""What is published together is protected together: a count hidden in one table must not be found through another.

A publication starts with a report (or a batch of them) and takes in every table as it is made safe. Between tables a
reader can compare rows that carry the same name, and numbers that are equal: where the same column of the same row
differs by a few people, where one column is the difference of two others, where a count comes up again, the tables are
tied together, and the sums of `suppression` hold across them. Ties that only seem to be there hide more, never less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from evalkit.present.beside import Mirror
from evalkit.present.cells import Cells, Kind
from evalkit.present.counts import Countable, Tie, table_names
from evalkit.present.earlier import NOTHING_BEFORE, Beside
from evalkit.present.published import Hidden, Published, published_of, released_of, suppressed_of
from evalkit.present.suppression import MOST_SOLUTIONS, hidden_cells
from evalkit.present.ties import add_gap, differences

UNMISTAKABLE = 100
"""Equal counts of this size in two tables are taken for the same people; smaller ones only in rows of one name."""

SOLUTIONS_A_TABLE = 100
"""Integer programmes that one table may take beside the others; not enough: all it ties in is hidden."""

SOLUTIONS_BESIDE_EARLIER = 400
"""The same for a table that is set beside earlier releases."""


@dataclass
class Publication:
    """All tables shown so far, and what each of them keeps hidden.

    threshold : counts from 1 to threshold - 1 are hidden
    totals_known : as in `Cells`
    planned   : for each table to come, what must be hidden for the sake of other reports of the same batch
    beside    : what the report is, and what earlier reports of its evaluation have shown; from the first table on
    taken_in  : the counts of every table in order, with what is hidden of it in any case
    """

    threshold: int
    totals_known: bool = False
    planned: Sequence[Hidden] = ()
    beside: Beside = NOTHING_BEFORE
    taken_in: list[tuple[Countable, Hidden]] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    by_value: dict[int, list[tuple[int, str, str]]] = field(default_factory=dict)
    for_earlier: set[int] = field(default_factory=set)
    """Cells that are hidden because of earlier releases."""
    given_away: set[int] = field(default_factory=set)
    """Cells that earlier releases give away: to hide them protects nothing."""
    cells: Cells = field(init=False)

    def __post_init__(self) -> None:
        budget = MOST_SOLUTIONS if self.totals_known else SOLUTIONS_A_TABLE
        self.cells = Cells(self.threshold, self.totals_known, budget)

    @cached_property
    def mirrors(self) -> list[Mirror]:
        """One for each earlier release."""
        return [Mirror(earlier) for earlier in self.beside.earlier()]

    def take_in(self, counts: Countable, *, hidden_alone: Hidden | None = None) -> Hidden:
        """Decide what of one more table is hidden, given all that is shown already.

        hidden_alone : what is hidden of it in any case
        """
        cells, first, place = self.cells, len(self.cells.values), len(self.taken_in)
        first_sum = len(cells.sums)
        new = counts.add_to(cells)
        self._tie(new, first)
        self._pin(new)
        planned = self.planned[place] if place < len(self.planned) else {}
        # What is shown already need not be hidden, unless that is planned: then it is hidden wherever it comes up.
        for decided, kinds in ((hidden_alone or {}, {Kind.COUNT}), (planned, {Kind.COUNT, Kind.KNOWN})):
            for name, column in decided.items():
                for cell, hide in zip(new.ids.get(name, ()), column, strict=False):
                    if hide and cell >= first and cells.kinds[cell] in kinds:
                        cells.kinds[cell] = Kind.HIDDEN
        hidden = hidden_cells(cells, first=first)
        if self.mirrors:
            hidden = self._beside_earlier(new, first, first_sum, hidden)
        cells.settle(first, hidden)
        self.taken_in.append((counts, hidden_alone or {}))
        self.ties.append(new)
        self._remember(new)
        return {name: [cell >= 0 and bool(hidden[cell]) for cell in column] for name, column in new.ids.items()}

    def _pin(self, new: Tie) -> None:
        """Take counts that earlier releases give away, and that need not be hidden, for shown already."""
        name = table_names([*self.ties, new])[-1] if self.mirrors else ""
        for cell in [cell for mirror in self.mirrors for cell in mirror.given_away(self.cells, name, new)]:
            if self.cells.kinds[cell] is Kind.COUNT:
                self.cells.kinds[cell] = Kind.KNOWN
            if self.cells.kinds[cell] is Kind.KNOWN:
                self.given_away.add(cell)

    def _beside_earlier(self, new: Tie, first: int, first_sum: int, hidden: np.ndarray) -> np.ndarray:
        """What is hidden of a table once it stands beside what earlier releases showed of it."""
        cells, name = self.cells, table_names([*self.ties, new])[-1]
        own_sums = cells.sums[first_sum:]
        found = [mirror.beside(cells, name, new, own_sums, hidden) for mirror in self.mirrors]
        if all(cells_to_hide is None for cells_to_hide in found):
            return hidden
        own = len(hidden)
        forced = [cell for cells_to_hide in found for cell in cells_to_hide or ()]
        for cell in [*np.flatnonzero(hidden), *forced]:
            if cells.kinds[cell] is Kind.COUNT:
                cells.kinds[cell] = Kind.HIDDEN
        budget, cells.most_solutions = cells.most_solutions, SOLUTIONS_BESIDE_EARLIER
        decided = hidden_cells(cells, first=first)
        cells.most_solutions = budget
        held = {cell for ids in new.ids.values() for cell in ids if cell >= 0}
        self.for_earlier |= {cell for cell in held if cell < own and decided[cell] and not hidden[cell]}
        return decided

    @property
    def published(self) -> list[Published]:
        """The tables so far, in order."""
        return published_of(self.cells, self.ties, self._known_anyway(self.cells.equal()) if self.given_away else set())

    @property
    def released(self) -> list[dict[str, object]]:
        """The tables so far as they are shown, for the ledger: hidden counts are missing (None)."""
        return released_of(self.cells, self.ties)

    @property
    def suppressed(self) -> dict[str, int]:
        """How many counts the tables so far hold, and how many of them are hidden, by reason."""
        gaps = {gap for mirror in self.mirrors for gap in mirror.gaps}
        return suppressed_of(self.cells, self.ties, self.for_earlier, gaps)

    @property
    def earlier_titles(self) -> list[str]:
        """The earlier releases that the tables were set beside."""
        return list(dict.fromkeys(mirror.earlier.title for mirror in self.mirrors if mirror.earlier.title))

    def again(self, planned: Sequence[Hidden]) -> Publication:
        """The same tables once more, with other things to hide for the sake of others.

        A count that is to be hidden is hidden in each table in which it comes up, and in none it is the sum of others.
        """
        new = Publication(self.threshold, self.totals_known, self._wherever(planned), self.beside)
        for counts, alone in self.taken_in:
            new.take_in(counts, hidden_alone=alone)
        return new

    @property
    def put_right(self) -> list[Hidden] | None:
        """What the tables have to hide from the first on, if one shows what a later one has to hide; None if none does.

        For another run of the report; only what earlier releases have shown can bring this about.
        """
        late = {cell for mirror in self.mirrors for cell in mirror.late}
        if not late or not (late := late - self._known_anyway(self.cells.equal())):
            return None
        wanted = late | {cell for cell, kind in enumerate(self.cells.kinds) if kind is Kind.HIDDEN}
        return self._wherever(
            [{name: [cell in wanted for cell in ids] for name, ids in tie.ids.items()} for tie in self.ties]
        )

    def _known_anyway(self, equal: Sequence[int]) -> set[int]:
        """The cells that earlier releases give away, and all that are known to hold the same counts."""
        first = {equal[cell] for cell in self.given_away}
        return {cell for cell, one in enumerate(equal) if one in first}

    def _wherever(self, planned: Sequence[Hidden]) -> list[Hidden]:
        """What is to be hidden, in every table that shows the same count or all that adds up to it."""
        cells, equal = self.cells, self.cells.equal()
        wanted = {
            equal[cell]
            for tie, decided in zip(self.ties, planned, strict=True)
            for name, column in decided.items()
            for cell, hide in zip(tie.ids.get(name, ()), column, strict=True)
            if hide and cell >= 0
        }
        known_anyway = self._known_anyway(equal)
        wanted -= known_anyway
        cells.also_pinned(wanted, equal, known_anyway)
        return [
            {name: [cell >= 0 and equal[cell] in wanted for cell in ids] for name, ids in tie.ids.items()}
            for tie in self.ties
        ]

    def _tie(self, new: Tie, first: int) -> None:
        """Add what a reader knows of a new table from those before it."""
        for name, column in new.ids.items():
            for row, cell in zip(new.rows, column, strict=True):
                if cell >= first:
                    self._tie_to_earlier(cell, row, name)
        for cell in new.loose:
            self._tie_to_earlier(cell, "", "")
        for earlier in self.ties:
            for known, found in differences(self.cells, earlier, new):
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
                    add_gap(cells, cell, other)

    def _remember(self, new: Tie) -> None:
        named = [(cell, row, name) for name, ids in new.ids.items() for row, cell in zip(new.rows, ids, strict=True)]
        for cell, row, name in [*named, *((cell, "", "") for cell in new.loose)]:
            if cell >= 0:
                self.by_value.setdefault(self.cells.values[cell], []).append((cell, row, name))
