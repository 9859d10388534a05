"""Make a result table safe to show: small counts, and what would give them away, become [c].

The rules: counts of 1 to 9 are hidden, and so are counts whose complement is 1 to 9 (a percentage and its base give
both away). Everything computed from a hidden count goes with it. Then more counts are hidden until no hidden one can be
worked out to within five whole numbers from all that the table shows: totals, bases, groups within groups, order.

What no hiding can do: where everything that adds up to a total is hidden and that total is itself so small that fewer
than five values are possible, somebody who knows the total from elsewhere still has that bound.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from evalkit.errors import DataError
from evalkit.present.cells import Cells, Kind
from evalkit.present.counts import START, Counts, CountsWithin, Family, FlowCounts, Tie, row_names
from evalkit.present.running import decide

CONFIDENTIAL = "[c]"
SYMBOLS = {
    CONFIDENTIAL: "confidential: a small number, or one that would give a small number away",
    "[x]": "not available",
    "[z]": "not applicable",
    "[low]": "rounds to zero, but is not zero",
}


class SafeTable(pd.DataFrame):
    """A table that `make_safe` has passed; any operation on it gives a plain frame, which is not safe any more."""

    _metadata = ["threshold", "hidden_cells"]  # noqa: RUF012  (pandas wants a list to load a pickle)
    threshold: int
    hidden_cells: int


@dataclass(frozen=True)
class AlsoHidden:
    """Counts of a table that have to be hidden, whatever they are.

    rows   : count column -> for each row whether its count has to be hidden; a column that is not there: none
    within : count column -> the wider groups that hide their sum in the table that shows it
    """

    rows: Mapping[str, Sequence[bool]] = field(default_factory=dict)
    within: Mapping[str, Collection[str]] = field(default_factory=dict)


def make_safe(
    table: pd.DataFrame,
    *,
    counts: Sequence[str] | Mapping[str, str | None],
    within: str | None = None,
    sums_shown: bool = False,
    ranked_by: str | None = None,
    threshold: int = 10,
    round_to: int | None = None,
    also_hidden: AlsoHidden | None = None,
) -> SafeTable:
    """The same table with every count that could point at a person hidden.

    table     : one row per group; counts are whole numbers. With the columns name, complement and within, a group and
                its complement add up to the row of the group they are within, or to a total that a reader knows
    counts    : the count columns; or a mapping from each to the column of its base (None if it has none)
    within    : column naming the group that a row is part of: rows of one such group add up to a total that a reader
                knows, a row that is alone to none; None: all rows do
    sums_shown: whether another table shows what the rows of each such group add up to, one row for each group by name,
                made safe by itself
    ranked_by : column of labels of a table in order of size: rows with a hidden count go to the end, by this label, as
                their place would give them away; without it the order is taken to be known where it is one of size
    threshold : counts from 1 to threshold - 1 are hidden; 0 is shown
    round_to  : also round shown counts to this base; numbers computed from exact counts then become '[x]'
    also_hidden : counts that have to be hidden for other reasons, and are protected like the small ones

    Returns a SafeTable: hidden cells hold '[c]', and so do all other numbers of a row with a hidden count.
    Raises DataError where a count column is missing, negative or not whole, or labels of a ranking are not distinct.
    """
    bases = dict(counts) if isinstance(counts, Mapping) else dict.fromkeys(counts)
    _check_counts(table, list(bases))
    if unknown := {base for base in bases.values() if base is not None} - set(table.columns):
        raise DataError(f"the table has no column '{min(unknown)}', which is to be the base of a count")
    if ranked_by is not None and (ranked_by not in table or table[ranked_by].duplicated().any()):
        raise DataError(f"column '{ranked_by}' cannot label a ranking: every row needs a label of its own")
    families = list(_families(table, within))
    also = also_hidden or AlsoHidden()
    counted = _counts_of(table, bases, families, ordered=ranked_by is None and not _is_nested(table), also=also)
    decided = decide(_with_sums(counted, table, within, also) if within and sums_shown else counted, threshold)
    hidden = pd.DataFrame(decided, index=table.index, dtype=bool)
    any_hidden = hidden.any(axis=1)
    shown = table.astype(dict.fromkeys(table.columns, object))
    if round_to:
        shown[list(bases)] = (table[list(bases)] / round_to).round().astype("int64").mul(round_to).astype(object)
    for name in _numbers(table):
        if round_to and name not in bases:
            shown[name] = "[x]"
        concerned = hidden[name] if name in bases else any_hidden
        if concerned.any():
            shown.loc[concerned, name] = CONFIDENTIAL
    if ranked_by is not None:
        shown = _hidden_last(shown, any_hidden, ranked_by)
    return _safe(shown, threshold, int(hidden[list(bases)].to_numpy().sum()))


def make_flow_safe(flow: pd.DataFrame, *, threshold: int = 10, whole: pd.DataFrame | None = None) -> SafeTable:
    """An attrition flow made safe: hides small steps, small remainders, and what would give either away.

    flow  : step, excluded, remaining, reason; the first row is the start, from which nobody is excluded yet
    whole : the flow of everyone, if `flow` is that of a group among them and both are shown: those who are not in the
            group are protected as well. It has the same steps, and is itself shown as this function makes it

    Raises DataError where a flow does not balance, or the whole has other steps or fewer people at one.
    """
    parts = _parts(flow)
    starts = [sum(parts)] if whole is None else [sum(parts), int(whole["remaining"].iloc[0]) - sum(parts)]
    of_everyone = [] if whole is None else _parts_of_whole(whole, flow)
    steps = tuple(map(str, flow["step"]))
    decided = decide(FlowCounts((*steps[1:], f"{steps[-1]}: end"), parts, of_everyone), threshold)
    small_start = any(0 < start < threshold for start in starts)
    hidden = np.array(decided["excluded"]) | small_start
    start_hidden = small_start or decided[START][0]
    before, after = np.maximum.accumulate(hidden) | start_hidden, np.maximum.accumulate(hidden[::-1])[::-1]
    remainders = [start_hidden, *(before[:-2] & after[1:-1]), hidden[-1]]
    safe = flow.astype({"excluded": object, "remaining": object})
    safe["excluded"] = safe["excluded"].mask(np.array([False, *hidden[:-1]]), CONFIDENTIAL)
    safe["remaining"] = safe["remaining"].mask(np.array(remainders[: len(flow)]), CONFIDENTIAL)
    return _safe(safe, threshold, int(hidden[:-1].sum()) + int(sum(remainders)))


def require_safe(table: Any) -> SafeTable:
    """The table itself if `make_safe` has passed it. Raises DataError otherwise."""
    if not isinstance(table, SafeTable):
        raise DataError("this table has not been made safe: call make_safe(table, counts=...) before showing it")
    return table


def is_shown(value: Any) -> bool:
    """Whether a cell holds a number that may be used (neither hidden nor missing)."""
    return value is not None and not isinstance(value, str) and bool(pd.notna(value))


def _safe(shown: pd.DataFrame, threshold: int, hidden: int) -> SafeTable:
    safe = SafeTable(shown)
    safe.threshold, safe.hidden_cells = threshold, hidden
    return safe


def _check_counts(table: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in table:
            raise DataError(f"the table has no count column '{name}' (it has: {', '.join(map(str, table.columns))})")
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
        if not (np.isfinite(values).all() and (values >= 0).all() and (values == np.round(values)).all()):
            raise DataError(f"column '{name}' is not a count: whole numbers of 0 or more are needed")


def _is_nested(table: pd.DataFrame) -> bool:
    return {"name", "complement", "within"} <= set(table.columns)


def _families(table: pd.DataFrame, within: str | None) -> Iterator[Family]:
    nested = _is_nested(table)
    place_of = _places(table) if nested else {}
    sides = table[["name", "within"]].fillna({"within": ""}) if nested else table[[within] if within else []].fillna("")
    blocks: dict[tuple[Any, ...], list[int]] = {}
    for place, key in enumerate(sides.itertuples(index=False, name=None) if len(sides.columns) else [()] * len(table)):
        blocks.setdefault(key, []).append(place)
    for key, rows in blocks.items():
        yield rows, place_of.get(key[-1]) if nested else None


def _places(table: pd.DataFrame) -> dict[str, int]:
    """Name of a group -> the place of its row."""
    sides = zip(table["name"], table["complement"], strict=True)
    return {name: place for place, (name, complement) in enumerate(sides) if not complement}


def _counts_of(
    table: pd.DataFrame,
    bases: Mapping[str, str | None],
    families: list[Family],
    *,
    ordered: bool,
    also: AlsoHidden,
) -> _CountsHiding:
    wholes = [base for base in dict.fromkeys(bases.values()) if base is not None and base not in bases]
    return _CountsHiding(
        rows=row_names(table),
        columns={name: [int(value) for value in table[name]] for name in bases},
        bases=bases,
        wholes={name: [None if pd.isna(value) else int(value) for value in table[name]] for name in wholes},
        families=families,
        ordered=ordered,
        hiding=also.rows,
    )


@dataclass(frozen=True)
class _CountsHiding(Counts):
    """Counts of which some are hidden in any case: column -> rows."""

    hiding: Mapping[str, Sequence[bool]] = field(default_factory=dict)

    def add_to(self, cells: Cells) -> Tie:
        tie = super().add_to(cells)
        for name, rows in self.hiding.items():
            for cell, hide in zip(tie.ids[name], rows, strict=True):
                if hide:
                    cells.kinds[cell] = Kind.HIDDEN
        return tie


def _with_sums(counted: _CountsHiding, table: pd.DataFrame, within: str, also: AlsoHidden) -> CountsWithin:
    """The counts of a table with those of the wider groups; groups within none add up to a total, as without them."""
    groups = table[within].fillna("").astype(str)
    names = sorted(set(groups) - {""})
    rows_of = {name: [place for place, group in enumerate(groups) if group == name] for name in names}
    sums = {
        column: [sum(values[row] for row in rows_of[name]) for name in names]
        for column, values in counted.columns.items()
    }
    known: dict[str, list[int | None]] = {name: [None] * len(names) for name in counted.wholes}
    held = {column: [name in groups for name in names] for column, groups in also.within.items()}
    everybody: list[Family] = [(list(range(len(names))), None)]
    wider = _CountsHiding(tuple(names), sums, counted.bases, known, everybody, counted.ordered, held)
    loose = [place for place, group in enumerate(groups) if not group]
    families: list[Family] = [*everybody, ([place + len(names) for place in loose], None)]
    families += [([row + len(names) for row in rows_of[name]], place) for place, name in enumerate(names)]
    columns = {column: [*sums[column], *values] for column, values in counted.columns.items()}
    wholes = {column: [*known[column], *values] for column, values in counted.wholes.items()}
    rows = (*names, *counted.rows)
    hiding = {column: [*[False] * len(names), *hidden] for column, hidden in counted.hiding.items()}
    both = _CountsHiding(rows, columns, counted.bases, wholes, families, counted.ordered, hiding)
    return CountsWithin(wider, both)


def _hidden_last(shown: pd.DataFrame, hidden: pd.Series, label: str) -> pd.DataFrame:
    """Rows with a hidden count after the others, in alphabetical order: their place says nothing about their size."""
    last = shown[hidden].sort_values(label, key=lambda labels: labels.astype(str))
    return pd.concat([shown[~hidden], last], ignore_index=True)


def _parts(flow: pd.DataFrame) -> list[int]:
    """What the start of a flow is made of: the people excluded at each step, and those who remain at the end."""
    _check_counts(flow, ["excluded", "remaining"])
    excluded, remaining = (flow[name].to_numpy(dtype=int) for name in ("excluded", "remaining"))
    if excluded[0] != 0 or (remaining[0] - excluded.cumsum() != remaining).any():
        raise DataError("the flow does not balance: each row must leave what remained before, less those excluded")
    return [*map(int, excluded[1:]), int(remaining[-1])]


def _parts_of_whole(whole: pd.DataFrame, flow: pd.DataFrame) -> list[int]:
    parts = _parts(whole)
    if list(whole["step"]) != list(flow["step"]):
        raise DataError("the flow of everyone must have the same steps as that of the group")
    if any(many < few for many, few in zip(parts, _parts(flow), strict=True)):
        raise DataError("the flow of everyone has fewer people than that of the group at one of its steps")
    return parts


def _numbers(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if pd.api.types.is_numeric_dtype(table[name]) and table[name].dtype != bool]
