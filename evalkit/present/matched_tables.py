"""The table of a matched comparison's measures: each row in its own unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalkit.present.disclosure import SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece
from evalkit.present.matched_words import KINDS
from evalkit.present.numbers import percent
from evalkit.present.tables import show_table

UNITS = {"rate": "%, difference in pp", "count": "per person", "days": "days"}
DECIMALS = {"count": 2, "days": 1}
WRITTEN = ("treated_value", "comparison_value", "estimate", "low", "high")


def show_measures(table: SafeTable, *, caption: str, notes: Sequence[str] = ()) -> Piece:
    """The measures of a matched comparison, treated beside comparison, with the difference, its interval, p and people.

    table : the safe table, with the columns of `seven_measures`; a measure without a unit gets that of its kind, and
            what was not tested has no estimate ([z])
    """
    rows = [_written(row) for row in require_safe(table).to_dict("records")]
    written = table.assign(**{name: [row[name] for row in rows] for name in (*WRITTEN, "unit")})
    safe = make_safe(written, counts=[], threshold=table.threshold)
    return show_table(safe, caption=caption, columns="matched measures", notes=notes, missing="[z]")


def _written(row: Any) -> dict[str, str]:
    """Values and differences of a row as texts in the unit of its kind; hidden and missing cells as they are."""
    kind = row["kind"]
    values = {name: _value(row[name], kind) for name in WRITTEN[:2]}
    differences = {
        name: KINDS[kind].difference(row[name]) if is_shown(row[name]) else row[name] for name in WRITTEN[2:]
    }
    return {**values, **differences, "unit": row["unit"] or UNITS[kind]}


def _value(value: Any, kind: str) -> Any:
    if not is_shown(value):
        return value
    return percent(value) if kind == "rate" else f"{value:.{DECIMALS[kind]}f}"
