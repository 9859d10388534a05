"""Actual less predicted reconviction by prison: a forest plot without ranks, made safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalkit.present.chart_forms import NARROW_LEFT, Rows, Sketch, is_narrow
from evalkit.present.chart_subgroups import EVERYONE, MARGINS, ROW, draw_subgroups, multiplicity_note
from evalkit.present.charts import chart_piece, one_panel
from evalkit.present.disclosure import SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PRISONS = {
    "name": ("Prison", "text"),
    "people": ("People", "count"),
    "reconvicted": ("Reconvicted", "count"),
    "actual_rate": ("Actual (%)", "percent"),
    "predicted_rate": ("Predicted (%)", "percent"),
    "estimate": ("Difference (pp), 95% interval", "points interval"),
    "ratio": ("Actual / predicted, 95% interval", "ratio interval"),
    "p_value": ("p", "p"),
    "q_value": ("q", "p"),
}
NARROW_PITCH = Rows(1, 0, 0.12).pitch
"""Inches from one row to the next in the narrow form of a forest plot."""


def make_prisons_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The table of `differences_by` made safe: prisons add up to everyone."""
    return make_safe(table, counts={"people": None, "reconvicted": "people"}, within="kind", threshold=threshold)


def prisons_finding(table: SafeTable) -> str:
    """Title of the forest plot: how many prisons stand out after allowing for their number, and whether they vary."""
    rows = [row for row in require_safe(table).to_dict("records") if row["kind"] != EVERYONE]
    shown = [row for row in rows if is_shown(row["estimate"]) and is_shown(row["q_value"])]
    if not shown:
        return "There are too few people to compare prisons with their prediction"
    clear = sum(row["q_value"] < 0.05 for row in shown)
    said = f"{count(clear)} of {count(len(shown))} prisons differ clearly from their prediction"
    if not is_shown(shown[0]["p_alike"]):
        return said
    vary = "varies" if shown[0]["p_alike"] < 0.05 else "does not vary distinguishably"
    return f"{said}; from prison to prison the difference {vary}"


def show_prisons(table: SafeTable, *, measure: str, source: str) -> Piece:
    """Actual less predicted by prison as a forest plot, in alphabetical order.

    table : what `make_prisons_safe` returned; the row of everyone first
    """
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")
    rows = len(table) + 2 * (table["kind"].nunique() - 1)

    def draw(ax: Axes) -> Axes:
        drawn = draw_subgroups(table, ax)
        said = "percentage points; below zero:", "reconvicted less than predicted"
        drawn.set_xlabel(
            ("\n" if is_narrow(ax) else " ").join(said), fontsize=9, loc="left" if is_narrow(ax) else "center"
        )
        return drawn

    note = multiplicity_note(table).replace("subgroups", "prisons")
    return chart_piece(
        table,
        one_panel(draw, MARGINS, above=0.05, below=0.55),
        height=ROW * rows + 0.75,
        columns=PRISONS,
        texts=(prisons_finding(table), measure, f"{source} {note}"),
        narrow=Sketch(one_panel(draw, (NARROW_LEFT, 0.56), above=0.02, below=0.6), NARROW_PITCH * rows + 0.62),
    )
