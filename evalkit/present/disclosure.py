"""Make a result table safe to show: small counts, and what would give them away, become [c].

The rules: counts of 1 to 9 are hidden, and so are counts whose complement is 1 to 9 (a percentage and its base give
both away). Everything computed from a hidden count goes with it. Where rows add up to a known total, more rows are
hidden until no hidden count can be worked out to within five whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from evalkit.errors import DataError

CONFIDENTIAL = "[c]"
SYMBOLS = {
    CONFIDENTIAL: "confidential: a small number, or one that would give a small number away",
    "[x]": "not available",
    "[z]": "not applicable",
    "[low]": "rounds to zero, but is not zero",
}
FEASIBLE = 5
"""Every hidden count keeps at least this many possible whole values."""


class SafeTable(pd.DataFrame):
    """A table that `make_safe` has passed; any operation on it gives a plain frame, which is not safe any more."""

    _metadata = ("threshold", "hidden_cells")
    threshold: int
    hidden_cells: int


def make_safe(
    table: pd.DataFrame,
    *,
    counts: Sequence[str] | Mapping[str, str | None],
    within: str | None = None,
    threshold: int = 10,
    round_to: int | None = None,
) -> SafeTable:
    """The same table with every count that could point at a person hidden.

    table     : one row per group; counts are whole numbers
    counts    : the count columns; or a mapping from each to the column of its base (None if it has none)
    within    : column naming the group that a row is part of: rows of one such group add up to a total that a reader
                knows; None: all rows do
    threshold : counts from 1 to threshold - 1 are hidden; 0 is shown
    round_to  : also round shown counts to this base; numbers computed from exact counts then become '[x]'

    Returns a SafeTable: hidden cells hold '[c]', and so do all other numbers of a row with a hidden count.
    Raises DataError where a count column is missing, negative or not whole.
    """
    bases = dict(counts) if isinstance(counts, Mapping) else dict.fromkeys(counts)
    _check_counts(table, list(bases))
    hidden = pd.DataFrame(
        {name: _primary(table, name, base, threshold) for name, base in bases.items()}, index=table.index
    )
    blocks = table[within].fillna("") if within else pd.Series("", index=table.index)
    for name in bases:
        for _, rows in table[name].groupby(blocks, sort=False):
            hidden.loc[rows.index, name] |= _secondary(rows, hidden.loc[rows.index, name])
    any_hidden = hidden.any(axis=1)
    shown = table.astype(dict.fromkeys(table.columns, object))
    if round_to:
        shown[list(bases)] = (table[list(bases)] / round_to).round().astype("int64").mul(round_to).astype(object)
    for name in _numbers(table):
        if round_to and name not in bases:
            shown[name] = "[x]"
        shown.loc[hidden[name] if name in bases else any_hidden, name] = CONFIDENTIAL
    safe = SafeTable(shown)
    safe.threshold = threshold
    safe.hidden_cells = int(hidden.to_numpy().sum())
    return safe


def make_flow_safe(flow: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """An attrition flow made safe: also hides the remainders from which a hidden exclusion could be worked out.

    flow : step, excluded, remaining, reason
    """
    safe = make_safe(flow, counts=["excluded"], threshold=threshold)
    hidden = np.flatnonzero(safe["excluded"] == CONFIDENTIAL)
    remaining = flow["remaining"].astype(object)
    if len(hidden):
        remaining.iloc[hidden[0] : hidden[-1]] = CONFIDENTIAL
    safe["remaining"] = remaining
    return safe


def require_safe(table: Any) -> SafeTable:
    """The table itself if `make_safe` has passed it. Raises DataError otherwise."""
    if not isinstance(table, SafeTable):
        raise DataError("this table has not been made safe: call make_safe(table, counts=...) before showing it")
    return table


def is_shown(value: Any) -> bool:
    """Whether a cell holds a number that may be used (neither hidden nor missing)."""
    return value is not None and not isinstance(value, str) and bool(pd.notna(value))


def _check_counts(table: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in table:
            raise DataError(f"the table has no count column '{name}' (it has: {', '.join(map(str, table.columns))})")
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
        if not (np.isfinite(values).all() and (values >= 0).all() and (values == np.round(values)).all()):
            raise DataError(f"column '{name}' is not a count: whole numbers of 0 or more are needed")


def _primary(table: pd.DataFrame, name: str, base: str | None, threshold: int) -> pd.Series:
    small = table[name].between(1, threshold - 1)
    return small | (table[base] - table[name]).between(1, threshold - 1) if base else small


def _secondary(counts: pd.Series, hidden: pd.Series) -> pd.Series:
    """Hide the smallest shown counts of one block until what is hidden cannot be worked out from its total."""
    hidden = hidden.copy()
    shown = counts[~hidden].sort_values(kind="stable")
    candidates = [*shown.index[shown > 0], *shown.index[shown == 0]]
    while hidden.any() and candidates and not _protected(counts[hidden]):
        hidden[candidates.pop(0)] = True
    return hidden


def _protected(hidden_counts: pd.Series) -> bool:
    """With k hidden counts of at least 1 that add up to S, each can be anything from 1 to S - k + 1."""
    return len(hidden_counts) > 1 and int(hidden_counts.sum()) - len(hidden_counts) + 1 >= FEASIBLE


def _numbers(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if pd.api.types.is_numeric_dtype(table[name]) and table[name].dtype != bool]
