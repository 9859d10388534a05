"""Counts as reports have shown them: what is known of several together, and of one without others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Key = tuple[str, int, str]
"""Row, how often a row of that name came before in its table, column."""
Shown = Mapping[str, Mapping[Key, int | None]]
"""Table -> key -> the count that was shown; None: hidden."""

NO_CELL = -1
"""In a released column: a row that has no such count."""


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


def combined(one: Shown, other: Shown, sign: int) -> dict[str, dict[Key, int | None]]:
    """The sum or difference of two releases, as far as both show it; a row that one does not have counts nobody."""
    found: dict[str, dict[Key, int | None]] = {}
    for table in one.keys() & other.keys():
        mine, theirs = one[table], other[table]
        for key in mine.keys() | (theirs.keys() if sign > 0 else set()):
            first, second = mine.get(key, 0), theirs.get(key, 0)
            if first is not None and second is not None and (total := first + sign * second) >= 0:
                found.setdefault(table, {})[key] = total
    return found


@dataclass(frozen=True)
class Together:
    """What is known of several units together, or of a whole without them.

    shown    : the sum of what is shown, or what that leaves of the whole; None: the whole hides it
    hidden   : how many of the units hide a count; nothing where none does
    complete : whether there are no further units of that kind
    units    : what each of the units shows
    """

    shown: Mapping[str, Mapping[Key, int | None]]
    hidden: Mapping[str, Mapping[Key, int]] = field(default_factory=dict)
    complete: bool = False
    units: Sequence[Shown] = ()

    @classmethod
    def of(cls, units: Iterable[Shown], *, complete: bool) -> Together:
        """The sum over units, of which the hidden counts are taken to be nothing, and counted."""
        shown: dict[str, dict[Key, int | None]] = {}
        hidden: dict[str, dict[Key, int]] = {}
        units = list(units)
        for released in units:
            for table, counts in released.items():
                held, lacks = shown.setdefault(table, {}), hidden.setdefault(table, {})
                for key, count in counts.items():
                    held[key] = (held.get(key) or 0) + (count or 0)
                    if count is None:
                        lacks[key] = lacks.get(key, 0) + 1
        return cls(shown, hidden, complete, units)

    def left_of(self, whole: Together) -> Together:
        """What a whole shows without these units."""
        shown: dict[str, dict[Key, int | None]] = {}
        hidden: dict[str, dict[Key, int]] = {}
        for table in whole.shown.keys() & self.shown.keys():
            mine, theirs = self.shown[table], whole.shown[table]
            for key, count in theirs.items():
                left = None if count is None else count - (mine.get(key) or 0)
                if left is None or left >= 0:
                    shown.setdefault(table, {})[key] = left
            lacks = [held.get(table, {}) for held in (self.hidden, whole.hidden)]
            hidden[table] = {key: sum(one.get(key, 0) for one in lacks) for key in lacks[0].keys() | lacks[1].keys()}
        return Together(shown, hidden, self.complete and whole.complete, [*self.units, *whole.units])
