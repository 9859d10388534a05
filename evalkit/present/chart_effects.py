"""One difference estimated in several ways, side by side: a forest plot in which the naive figure shows as naive."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

from evalkit.present.chart_forms import NARROW_LEFT, Rows, Sketch, edges, is_narrow, rows_for
from evalkit.present.charts import INK, NAVY, ORANGE, PAPER, SOFT, chart_piece, one_panel
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import points

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd
    from matplotlib.axes import Axes

FOREST_MARGINS = 0.34, 0.73


def draw_effects(table: pd.DataFrame, ax: Axes) -> Axes:
    """Each estimate with its interval in percentage points, top to bottom; naive ones hollow, and named so."""
    across = ax.get_yaxis_transform()
    right_edge = edges(ax)[1]
    rows = _effect_rows(table)
    ax.axvline(0, color=SOFT, linewidth=1.4, zorder=0)
    for position, row in enumerate(table.to_dict("records")):
        _write_estimate(rows, ax, position, row["label"], _below(row))
        if not is_shown(row["estimate"]):
            symbol = CONFIDENTIAL if isinstance(row["estimate"], str) else "too small"
            ax.text(right_edge, position, symbol, transform=across, va="center", ha="right", color=INK)
            continue
        colour = ORANGE if row["naive"] else NAVY
        inside = PAPER if row["naive"] else NAVY
        value = points(row["estimate"])
        if is_shown(row["low"]) and is_shown(row["high"]):
            ax.plot([100 * row["low"], 100 * row["high"]], [position] * 2, color=colour, linewidth=2.2, zorder=1)
            value += f" ({points(row['low'])} to {points(row['high'])})"
        ax.plot(
            100 * row["estimate"], position, "o", color=inside, markeredgecolor=colour, markeredgewidth=2, markersize=8
        )
        weight = "normal" if row["naive"] else "bold"
        ax.text(right_edge, position, value, transform=across, va="center", ha="right", color=INK,
                fontsize=9 if is_narrow(ax) else 10, weight=weight)  # fmt: skip
    _label_effects(rows, ax, len(table))
    return ax


def _below(row: Mapping[Hashable, Any]) -> str:
    return f"naive · {row['method']}" if row["naive"] else str(row["method"])


def _effect_rows(table: pd.DataFrame) -> Rows:
    return rows_for(table["label"], map(_below, table.to_dict("records")), marks=0.17)


def _write_estimate(rows: Rows, ax: Axes, position: int, label: str, below: str) -> None:
    """What is estimated and how: beside the marks or, in the narrow form, above them."""
    if is_narrow(ax):
        rows.write(ax, position, label, below=below)
        return
    place = edges(ax)[0]
    style: dict[str, Any] = {"transform": ax.get_yaxis_transform()}
    ax.text(place, position, fill(label, 30), va="bottom", color=INK, fontsize=10.5, linespacing=1.05, **style)
    ax.text(place, position + 0.07, fill(below, 40), va="top", color=SOFT, fontsize=8.5, **style)


def _label_effects(rows: Rows, ax: Axes, number: int) -> None:
    if is_narrow(ax):
        rows.frame(ax, number)
    else:
        ax.set_ylim(number - 0.45, -0.6)
    ax.set_yticks([])
    ax.margins(x=0.08)
    ax.locator_params(axis="x", nbins=4 if is_narrow(ax) else 6, steps=[1, 2, 5, 10])
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:+g}".replace("-", "−").replace("+0", "0"))
    ax.set_xlabel("percentage points", fontsize=9.5)
    ax.tick_params(labelsize=9.5)
    ax.grid(axis="x")
    low, high = ax.get_xlim()
    for text, end, side in (("◀ lower\u00a0", low, "right"), ("\u00a0higher ▶", high, "left")):
        if abs(end) > 0.15 * (high - low):
            ax.text(0, 1.0, text, transform=ax.get_xaxis_transform(), ha=side, va="bottom", color=SOFT, fontsize=9.5)


def show_effects(table: SafeTable, *, finding: str, measure: str, source: str, columns: str = "methods") -> Piece:
    """One difference of rates as several designs or methods estimate it, in the table's order.

    table   : label, method, estimate, low and high (shares: -0.085 is 8.5 percentage points lower), naive (True where
              the estimate is shown as a warning only)
    columns : layout of the table below the chart: 'methods' or 'designs'
    """
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")

    def draw(ax: Axes) -> Axes:
        return draw_effects(table, ax)

    return chart_piece(
        table,
        one_panel(draw, FOREST_MARGINS, above=0.3, below=0.62),
        height=0.62 * len(table) + 1.0,
        columns=LAYOUTS[columns],
        texts=(finding, measure, source),
        narrow=Sketch(
            one_panel(draw, (NARROW_LEFT, 0.56), above=0.25, below=0.5), _effect_rows(table).pitch * len(table) + 0.75
        ),
    )
