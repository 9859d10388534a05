"""Each measure of a matched comparison by itself: a numbered table, its finding, and a drawing of both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalkit.present.chart_forms import NARROW_LEFT, Sketch, is_narrow, rows_for
from evalkit.present.charts import INK, NAVY, ORANGE, chart_piece, one_panel
from evalkit.present.disclosure import SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece
from evalkit.present.layouts import LAYOUTS
from evalkit.present.matched_tables import DECIMALS, UNITS
from evalkit.present.matched_words import MATCHED, matched_finding
from evalkit.present.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ABOUT = "With the outcome: people {}, or of those the people that the measure is about."

SIDES = {"treated": "Group", "comparison": "Matched comparison"}


def draw_sides(table: pd.DataFrame, ax: Axes) -> Axes:
    """One bar for each side, with its value at the end; a hidden value leaves its symbol."""
    shown = [value for value in table["number"] if is_shown(value)]
    ax.set_xlim(0, 1.3 * max(shown, default=1) or 1)
    rows = rows_for(SIDES.values(), marks=0.16) if is_narrow(ax) else None
    for position, row in enumerate(table.to_dict("records")):
        if rows:
            rows.write(ax, position, row["side"])
        colour = NAVY if position == 0 else ORANGE
        if is_shown(row["number"]):
            ax.barh(position, row["number"], color=colour, height=rows.marks / rows.pitch if rows else 0.62)
        place = (row["number"] if is_shown(row["number"]) else 0, position)
        ax.annotate(row["value"], place, xytext=(6, 0), textcoords="offset points", va="center", color=INK)
    if rows:
        ax.set_yticks([])
        rows.frame(ax, len(table))
    else:
        ax.set_yticks(range(len(table)), table["side"])
        ax.invert_yaxis()
    ax.set_xticks([])
    return ax


def show_measure_tables(table: SafeTable, *, who: str, outcome: str, strength: int = MATCHED) -> Piece:
    """Every measure as a numbered table with its finding and a drawing.

    table    : the safe table of measures, with the columns of `seven_measures`
    who      : the people of the group, as sentences call them
    outcome  : what happened to those who are counted ('reconvicted')
    strength : of the design, on the Maryland scale
    """
    rows = require_safe(table).to_dict("records")
    pieces = [
        _measure_piece(number, row, who, outcome, strength, table.threshold) for number, row in enumerate(rows, start=1)
    ]
    return Piece("".join(piece.html for piece in pieces), "\n\n".join(piece.text for piece in pieces))


def _measure_piece(number: int, row: Any, who: str, outcome: str, strength: int, threshold: int) -> Piece:
    title = f"Table {number}. {row['label']} ({row['unit'] or UNITS[row['kind']]})"
    sides = make_safe(pd.DataFrame([_side(row, side, row["kind"]) for side in SIDES]), counts=[], threshold=threshold)
    finding, detail = _short_and_long(matched_finding(row, who=who, strength=strength), row["label"])

    def draw(ax: Axes) -> Axes:
        return draw_sides(sides, ax)

    return chart_piece(
        sides,
        one_panel(draw, (0.24, 0.98), above=0.02, below=0.05),
        height=0.95,
        columns=LAYOUTS["sides"],
        texts=(finding, title, ABOUT.format(outcome), *([detail] if detail else [])),
        data_open=True,
        narrow=Sketch(one_panel(draw, (NARROW_LEFT, 0.98), above=0.02, below=0.03), 1.0),
    )


def _short_and_long(sentence: str, label: str) -> tuple[str, str]:
    """'One-year rate: 20% of them, against 30%: 10 points lower (...).' as its verdict, and the values behind it."""
    values, colon, verdict = sentence.removeprefix(f"{label}: ").partition(": ")
    if not colon:
        return sentence, ""
    verdict, stop, more = verdict.partition("). ")
    return f"{label}: {verdict.removesuffix('.')}{')' if stop else ''}", f"{values}. {more}".strip()


def _side(row: Any, side: str, kind: str) -> dict[str, Any]:
    value = row[f"{side}_value"]
    text = value if not is_shown(value) else f"{percent(value)}%" if kind == "rate" else f"{value:.{DECIMALS[kind]}f}"
    return {
        "side": SIDES[side],
        "number": value,
        "value": text,
        "people": row[f"n_{side}"],
        "with_outcome": row[f"reoffenders_{side}"],
    }
