"""The counts of a table tied to those of an earlier release, so that no difference of the two gives a few people away.

An earlier count that was shown is a known number; one that was hidden is unknown here as well, because nothing hidden
is ever kept. It is then taken to be tied like the new ones are, and to be any number that fits all that was shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evalkit.present.cells import Cells, Kind
from evalkit.present.counts import Tie
from evalkit.present.earlier import Earlier
from evalkit.present.floors import Floors
from evalkit.present.released_counts import Key, Shown, numbered
from evalkit.present.suppression import FEASIBLE

Sums = Sequence[tuple[tuple[int, ...], int]]

WIDE = 3
"""Thresholds between an earlier count and a new one from which on one says nothing about the other."""


@dataclass
class Mirror:
    """One earlier release, as far as the tables so far have been set beside it.

    images : cell of the new report -> cell with its earlier count; counts : the same -> the earlier count, if shown
    gaps   : cells of the people who are in one of the two only
    late   : cells that would have to be hidden, but that tables before theirs show
    shared : cell -> what is left of it for several units that hide theirs
    """

    earlier: Earlier
    counts: dict[int, int] = field(default_factory=dict)
    images: dict[int, int] = field(default_factory=dict)
    gaps: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)
    shared: dict[int, int] = field(default_factory=dict)
    _keys: dict[int, tuple[str, Key]] = field(default_factory=dict)
    _floors: Floors = field(default_factory=Floors)

    def beside(self, cells: Cells, name: str, new: Tie, sums: Sums, hidden: np.ndarray) -> list[int] | None:
        """Tie the cells of one more table to what was shown of it earlier.

        sums   : those of the new table
        hidden : what is hidden of its cells for other reasons

        Returns the cells that have to be hidden in any case; None where nothing earlier bears on the table.
        """
        self._keys.update({cell: (name, key) for key, cell in _keyed(new).items() if cell >= 0})
        for cell in self._floors.take_in(cells.sums) & self.shared.keys():
            if self._leaves_few(cell, self.shared[cell]):
                self._note_late(cells, cell)
        held = self.earlier.shown.get(name)
        if not held:
            return None
        before, lacks = self._before(cells, new, held), self._lacking(name, new)
        alone = self._alone(cells, before, lacks)
        forced = [cell for cell in alone if before[cell] is None]
        if self.earlier.several:
            before = {cell: count for cell, count in before.items() if count is not None}
        self.counts.update({cell: count for cell, count in before.items() if count is not None and not lacks.get(cell)})
        left = self._near(cells, self._left_over(cells, sums))
        shown = {**self._near(cells, self._shown(before)), **self._shown(before, alone)}
        small = any(0 < abs(cells.values[cell] - count) < cells.threshold for cell, count in {**shown, **left}.items())
        if not (alone or small or None in before.values() or any(hidden[cell] for cell in shown)):
            return None
        unknown = [cell for cell, count in before.items() if count is None]
        imputed = self._imputed(cells, before, sums, _absent(new, held)) if unknown else {}
        if imputed:
            left = {cell: count for cell, count in left.items() if cell not in imputed}
            self._mirror(cells, before, sums, imputed)
        self._add_gaps(cells, shown, left, alone)
        for cell in forced:
            self._note_late(cells, cell)
        # Where the earlier table hung together in another way, what it hid stays hidden.
        return [*forced, *(unknown if imputed is None or self.earlier.same else ())]

    def given_away(self, cells: Cells, name: str, new: Tie) -> list[int]:
        """The cells of one more table that earlier releases give away, and that nothing else asks to be hidden."""
        held = self.earlier.shown.get(name)
        if not held or not (self.earlier.complete or self.earlier.same):
            return []
        before, lacks = self._before(cells, new, held), self._lacking(name, new)
        known = {cell for cell, count in before.items() if count == cells.values[cell] and not lacks.get(cell)}
        leaving_few = {count for rest, count in cells.count_of.items() if cells.is_small(rest)}
        return sorted(cell for cell in known - leaving_few if not cells.is_small(cell))

    def _before(self, cells: Cells, new: Tie, held: Mapping[Key, int | None]) -> dict[int, int | None]:
        """Cells of a table -> what was released of them, as far as it can be."""
        before = {cell: held[key] for key, cell in _keyed(new).items() if key in held and cell >= 0}
        return {cell: count for cell, count in before.items() if self._fits(cells.values[cell], count)}

    def _lacking(self, name: str, new: Tie) -> dict[int, int]:
        """Cells of a table -> how many of several units hide them, if any does."""
        hidden = self.earlier.hidden.get(name)
        return {cell: hidden[key] for key, cell in _keyed(new).items() if key in hidden} if hidden else {}

    def _alone(self, cells: Cells, before: Mapping[int, int | None], lacks: Mapping[int, int]) -> list[int]:
        """Cells that, if they were shown, would give away what one of several releases hides, or all but for one."""
        found = []
        for cell, count in before.items() if self.earlier.complete else ():
            many = lacks.get(cell, 0)
            left = 0 if count is None else abs(cells.values[cell] - count)
            too_few = many == 1 or (many > 1 and self._leaves_few(cell, left))
            if cells.values[cell] and (many == 0 if count is None else too_few):
                found.append(cell)
            elif many > 1:
                self.shared[cell] = left
        return found

    def _leaves_few(self, cell: int, left: int) -> bool:
        """Whether so many people are too few for several units that hide a count to have had any others."""
        table, key = self._keys[cell]
        hiding = [unit for unit in self.earlier.units if unit.get(table, {}).get(key, 0) is None]
        return left - sum(self._fewest(cell, unit) for unit in hiding) + 1 < FEASIBLE

    def _fewest(self, cell: int, unit: Shown) -> int:
        """The fewest that a unit can have in a cell, given what it shows itself."""

        def shown(one: int) -> int | None:
            table, key = self._keys.get(one, ("", None))
            return unit[table].get(key, 0) if key and table in unit else None

        return self._floors.fewest(cell, shown, lambda one: int(one in self._keys))

    def _fits(self, new: int, earlier: int | None) -> bool:
        """Whether one can be part of the other; where data were put right in between, it may not."""
        return earlier is None or (earlier >= new if self.earlier.contains else earlier <= new)

    @staticmethod
    def _near(cells: Cells, counts: Mapping[int, int]) -> dict[int, int]:
        """Those that are near enough to the new ones to bound them: of others only a wide limit is known."""
        wide = WIDE * cells.threshold
        return {cell: count for cell, count in counts.items() if abs(cells.values[cell] - count) < wide}

    @staticmethod
    def _shown(before: Mapping[int, int | None], among: Collection[int] | None = None) -> dict[int, int]:
        wanted = before.keys() if among is None else before.keys() & among
        return {cell: count for cell in wanted if (count := before[cell]) is not None}

    def _left_over(self, cells: Cells, sums: Sums) -> dict[int, int]:
        """Complements of counts that both releases show -> what they were earlier."""
        found = {}
        for parts, whole in sums:
            if len(parts) == 2 and cells.count_of.get(parts[1]) == parts[0]:
                count, base = self.counts.get(parts[0]), self.counts.get(whole)
                if count is not None and base is not None and self._fits(cells.values[parts[1]], base - count):
                    found[parts[1]] = base - count
        return {rest: earlier for rest, earlier in found.items() if earlier >= 0}

    def _add_gaps(
        self, cells: Cells, shown: Mapping[int, int], left: Mapping[int, int], alone: Collection[int]
    ) -> None:
        """People who are in one release only: where they are few, or what one hides, the new count has to be hidden."""
        for cell, count in shown.items():
            gap = self._add_gap(cells, cell, self._image(cells, cell, count), cell)
            if cell in alone:
                cells.kinds[gap] = Kind.HIDDEN
                self._note_late(cells, cell)
        for rest, count in left.items():
            self._add_gap(cells, rest, cells.add(count, Kind.KNOWN, ""), cells.count_of[rest])

    def _image(self, cells: Cells, cell: int, count: int) -> int:
        if cell not in self.images:
            self.images[cell] = cells.add(count, Kind.KNOWN, cells.columns[cell])
        return self.images[cell]

    def _add_gap(self, cells: Cells, cell: int, image: int, hides: int | None) -> int:
        small, large = (cell, image) if self.earlier.contains else (image, cell)
        gap = cells.add_rest(small, large)
        self.gaps.add(gap)
        if hides is not None:
            cells.count_of[gap] = hides
            if cells.is_small(gap):
                self._note_late(cells, hides)
        return gap

    def _note_late(self, cells: Cells, cell: int) -> None:
        if cells.kinds[cell] is Kind.KNOWN:
            self.late.add(cell)

    def _mirror(
        self,
        cells: Cells,
        before: Mapping[int, int | None],
        sums: Sums,
        imputed: Mapping[int, int],
    ) -> None:
        """Cells for the earlier counts that are not known, with the sums that tied them."""
        for cell, count in imputed.items():
            loose = Kind.COMPLEMENT if cells.kinds[cell] is Kind.COMPLEMENT else Kind.GAP
            self.images[cell] = cells.add(count, Kind.HIDDEN if cell in before else loose, cells.columns[cell])
        for parts, whole in sums:
            if any(cell in imputed for cell in (*parts, whole)):
                known = {cell: count for cell, count in self._known(cells, before).items() if cell in (*parts, whole)}
                images = {cell: self._image(cells, cell, count) for cell, count in known.items()}
                images |= {cell: self.images[cell] for cell in (*parts, whole) if cell in imputed}
                if len(images) == len({*parts, whole}):
                    cells.sums.append((tuple(images[part] for part in parts), images[whole]))
        for cell in imputed:
            if cells.kinds[cell] is not Kind.GAP:
                self._add_gap(cells, cell, self.images[cell], None)

    def _known(self, cells: Cells, before: Mapping[int, int | None]) -> dict[int, int]:
        images = {cell: cells.values[image] for cell, image in self.images.items()}
        return {**self.counts, **images, **self._shown(before)}

    def _imputed(
        self,
        cells: Cells,
        before: Mapping[int, int | None],
        sums: Sums,
        absent: Sequence[int],
    ) -> dict[int, int] | None:
        """Earlier counts that fit all that was shown, as near to the new ones as can be; None if there are none."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        known = {**self._known(cells, {}), **self._shown(before), **dict.fromkeys(absent, 0)}
        tied = [{*parts, whole} for parts, whole in sums]
        derived = {cell for group in tied for cell in group if cell not in known and cell not in before}
        unknown = sorted({cell for cell, count in before.items() if count is None} | derived)
        place = {cell: number for number, cell in enumerate(unknown)}
        rows, targets = [], []
        for parts, whole in sums:
            row, target = np.zeros(len(unknown)), 0
            for cell, sign in (*((part, 1) for part in parts), (whole, -1)):
                if cell in place:
                    row[place[cell]] += sign
                else:
                    target -= sign * known[cell]
            if row.any():
                rows.append(row)
                targets.append(target)
        values = np.array([cells.values[cell] for cell in unknown], dtype=float)
        named = np.array([cell in before for cell in unknown])
        bound = np.array([cells.kinds[cell] is not Kind.GAP for cell in unknown])
        if self.earlier.contains:
            low, high, goal = np.where(bound, values, 0), np.full(len(unknown), np.inf), named * 1.0
        else:
            low, high, goal = np.zeros(len(unknown)), np.where(bound, values, np.inf), named * -1.0
        low = np.where(named, np.maximum(low, np.minimum(1, high)), low)
        exact = [LinearConstraint(np.array(rows), targets, targets)] if rows else []
        found = milp(goal, integrality=np.ones_like(unknown), bounds=Bounds(low, high), constraints=exact)
        if found.status != 0:
            return None
        return {cell: round(float(value)) for cell, value in zip(unknown, found.x, strict=True)}


def _keyed(new: Tie) -> dict[Key, int]:
    """The cells of a table by the keys under which a release holds them."""
    rows = numbered(new.rows)
    return {(*row, name): cell for name, ids in new.ids.items() for row, cell in zip(rows, ids, strict=True)}


def _absent(new: Tie, held: Mapping[Key, int | None]) -> list[int]:
    """Cells of rows that the earlier table did not have."""
    rows = {key[:2] for key in held}
    return [cell for key, cell in _keyed(new).items() if cell >= 0 and key[:2] not in rows]
