"""Percentages of declared measures made safe together: all measures and groups of one table in one problem."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from evalkit.errors import DataError
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, make_safe

COUNTS = ("in_scope", "known", "met")
RESTS_ON = {
    **dict.fromkeys(("share", "low", "high"), ("known", "met")),
    **dict.fromkeys(("share_all", "share_all_low", "share_all_high"), ("in_scope", "met")),
    **dict.fromkeys(("unknown", "unknown_share", "rating"), ("in_scope", "known")),
    **dict.fromkeys(("best", "worst"), COUNTS),
}
"""Column of a table of percentages -> the counts that would be given away with it."""


def make_rates_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The table of `declared_rates` made safe.

    table     : name, group, part_of, in_scope, known, met, and what was computed from them; the groups of one measure
                add up to a total that a reader knows. Measures that count each category belong to `make_housing_safe`
    threshold : as in `make_safe`

    Where the scope of a measure is what another one counts (resolved of the needs addressed), the two are hidden alike.
    A measure that is part of another is protected within it: who engaged within 28 days but not within 7 is a count as
    well. Each percentage is hidden with the counts that it would give away, and no further.
    Raises DataError where a name and group come up twice, or as `make_safe` does.
    """
    if table.duplicated(["name", "group"]).any():
        raise DataError("the table of percentages has a measure twice for one group; each may be there once")
    wide = _wide(table)
    hidden = pd.DataFrame(make_safe(wide.counts, counts=wide.bases, threshold=threshold)) == CONFIDENTIAL
    hidden.index = wide.counts.index
    for one, other in wide.same_numbers:
        hidden[one] = hidden[other] = hidden[one] | hidden[other]
    flags = {
        count: [
            bool(hidden.loc[group, wide.column_of[name, count]])
            for name, group in zip(table["name"], table["group"], strict=True)
        ]
        for count in COUNTS
    }
    return with_hidden(table, pd.DataFrame(flags, index=table.index), threshold=threshold)


def with_hidden(table: pd.DataFrame, hidden: pd.DataFrame, *, threshold: int) -> SafeTable:
    """The table of percentages with some counts hidden, and all that rests on them.

    hidden : True where a count is hidden: in_scope, known, met, row by row
    """
    shown = table.astype(dict.fromkeys(table.columns, object))
    for name in COUNTS:
        shown[name] = shown[name].mask(hidden[name], CONFIDENTIAL)
    for name, counts in RESTS_ON.items():
        if name in shown:
            shown[name] = shown[name].mask(hidden[list(counts)].any(axis=1), CONFIDENTIAL)
    safe = make_safe(shown, counts=[], threshold=threshold)
    safe.hidden_cells = int(hidden.to_numpy().sum())
    return safe


@dataclass(frozen=True)
class _Wide:
    """One row per group and one column per count; the same base of several measures is one column."""

    counts: pd.DataFrame
    bases: dict[str, str | None]
    column_of: dict[tuple[str, str], str]

    @property
    def same_numbers(self) -> list[tuple[str, str]]:
        """Columns in which a measure counts just what another one has in its scope."""
        met = {column for (_, count), column in self.column_of.items() if count == "met"}
        bases = [column for column in self.bases if column not in met]
        return [(one, base) for one in met for base in bases if (self.counts[one] == self.counts[base]).all()]


def _wide(table: pd.DataFrame) -> _Wide:
    groups = list(dict.fromkeys(table["group"]))
    columns: dict[str, list[int]] = {}
    bases: dict[str, str | None] = {}
    column_of: dict[tuple[str, str], str] = {}
    for name, part_of, rows in _outermost_first(table):
        for count in COUNTS:
            values = rows[count].reindex(groups, fill_value=0).astype(int).tolist()
            base = {"in_scope": next(iter(columns), None), "known": column_of.get((name, "in_scope"))}.get(count)
            if count == "met":
                base = column_of[part_of, "met"] if part_of else column_of[name, "known"]
            same = _same_base(values, count, base, columns)
            column_of[name, count] = column = same or f"{name} {count}"
            if same is None:
                columns[column] = values
                bases[column] = base if base and _fits(values, columns[base]) else None
    return _Wide(pd.DataFrame(columns, index=groups), bases, column_of)


def _same_base(values: list[int], count: str, base: str | None, columns: dict[str, list[int]]) -> str | None:
    """The column that a base shares with another: the same releases in scope, or all of those in scope known."""
    if count == "known" and base and columns[base] == values:
        return base
    if count == "in_scope":
        return next((name for name, held in columns.items() if name.endswith(" in_scope") and held == values), None)
    return None


def _outermost_first(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each measure with the one it is part of and its rows by group; after the one it is part of."""
    waiting = {
        str(name): (str(rows["part_of"].iloc[0]), rows.set_index("group"))
        for name, rows in table.groupby("name", sort=False)
    }
    waiting = dict(sorted(waiting.items(), key=lambda item: -int(item[1][1]["in_scope"].sum())))
    while waiting:
        ready = next((name for name, (part_of, _) in waiting.items() if part_of not in waiting), None)
        if ready is None:
            raise DataError(
                f"the measures {', '.join(waiting)} are part of each other in a circle; declare an outermost"
            )
        part_of, rows = waiting.pop(ready)
        yield ready, part_of, rows


def _fits(values: list[int], base: list[int]) -> bool:
    return all(value <= whole for value, whole in zip(values, base, strict=True))
