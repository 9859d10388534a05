"""Accommodation, and contact before release beside none, made safe: every table of one subject in one problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from evalkit.errors import DataError
from evalkit.present.cells import Cells, Kind
from evalkit.present.declared_safe import with_hidden
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, make_safe
from evalkit.present.suppression import hidden_cells

UNKNOWN = "unknown"
CONTRAST_NUMBERS = ("rate_a", "rate_b", "difference", "low", "high", "p_value")
CONTRAST_COUNTS = {
    "known": None,
    "met": "known",
    "known_a": "known",
    "met_a": "met",
    "known_b": "known",
    "met_b": "met",
}


@dataclass(frozen=True)
class SafeHousing:
    """The three tables of accommodation, safe together."""

    first_night: SafeTable
    three_months: SafeTable
    transitions: SafeTable


def make_housing_safe(found: Any, *, threshold: int = 10) -> SafeHousing:
    """Accommodation on the first night, at three months, and from one to the other, made safe together.

    found     : what `housing` returned: first_night, three_months (one row per category, the unknown last) and
                transitions (first, third, releases, of)
    threshold : as in `make_safe`

    The pairs of the transitions add up to both margins, so nothing hidden in one table can be worked out from another.
    Raises DataError where the pairs do not add up to the categories at three months.
    """
    pairs = found.transitions
    cells = Cells(threshold)
    ids = [cells.add(int(value), Kind.COUNT, "pairs") for value in pairs["releases"]]
    first, third = (_category_cells(cells, table) for table in (found.first_night, found.three_months))
    bases = []
    for category, own in first.items():
        parts = [ids[place] for place in (pairs["first"] == category).to_numpy().nonzero()[0]]
        base = _base(cells, parts, own)
        cells.add_up(parts, base)
        bases += [base] * len(parts)
    for category, own in third.items():
        parts = [ids[place] for place in (pairs["third"] == category).to_numpy().nonzero()[0]]
        if sum(cells.values[part] for part in parts) != cells.values[own]:
            raise DataError(f"the transitions do not add up to the releases in '{category}' at three months")
        cells.add_up(parts, own)
    hidden = hidden_cells(cells)
    shown = pairs.astype({"releases": object, "of": object, "share": object})
    shown["releases"] = shown["releases"].mask(hidden[ids], CONFIDENTIAL)
    shown["of"] = shown["of"].mask(hidden[bases], CONFIDENTIAL)
    shown["share"] = shown["share"].mask(hidden[ids] | hidden[bases], CONFIDENTIAL)
    return SafeHousing(
        _safe_categories(found.first_night, hidden, first, threshold),
        _safe_categories(found.three_months, hidden, third, threshold),
        make_safe(shown, counts=[], threshold=threshold),
    )


def _category_cells(cells: Cells, table: pd.DataFrame) -> dict[str, int]:
    """A cell for each category of a table; together they are all in scope, which a reader knows."""
    names = table["name"].str.split(": ", n=1).str[1]
    ids = {
        str(name): cells.add(int(met), Kind.COUNT, "categories") for name, met in zip(names, table["met"], strict=True)
    }
    cells.add_up(list(ids.values()))
    return ids


def _base(cells: Cells, parts: list[int], own: int) -> int:
    """What a row of the transitions adds up to: its category, less the releases whose three months go on."""
    together = sum(cells.values[part] for part in parts)
    if together == cells.values[own]:
        return own
    base = cells.add(together, Kind.COUNT, "bases")
    cells.add_complement(base, own)
    return base


def _safe_categories(table: pd.DataFrame, hidden: Any, ids: dict[str, int], threshold: int) -> SafeTable:
    met = [bool(hidden[cell]) for cell in ids.values()]
    flags = pd.DataFrame({"in_scope": False, "known": met[-1], "met": met}, index=table.index)
    return with_hidden(table, flags, threshold=threshold)


def make_contrast_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The table of `reached_or_not` made safe: where one length of a measure is hidden, so are its other lengths.

    table     : name, stratum, the counts of both sides and of the two together; the first row of a measure is all
                releases, the last the same mix of lengths
    threshold : as in `make_safe`

    Raises DataError as `make_safe` does.
    """
    counts = list(CONTRAST_COUNTS)
    rows = [make_safe(table.loc[[row], counts], counts=CONTRAST_COUNTS, threshold=threshold) for row in table.index]
    hidden = pd.concat([pd.DataFrame(row) == CONFIDENTIAL for row in rows]).any(axis=1)
    length = table["stratum"] != table["stratum"].iloc[0]
    hidden |= (hidden & length).groupby(table["name"]).transform("any") & length
    shown = table.astype(dict.fromkeys([*counts, *CONTRAST_NUMBERS], object))
    for name in (*counts, *CONTRAST_NUMBERS):
        shown[name] = shown[name].mask(hidden, CONFIDENTIAL)
    return make_safe(shown, counts=[], threshold=threshold)
