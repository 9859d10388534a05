"""Declared percentages, one below the other: how far releases got on the way through the gate."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from evalkit.present.chart_forms import NARROW_LEFT, Rows, Sketch, edges, is_narrow, rows_for
from evalkit.present.charts import GAP, INK, NAVY, ORANGE, SOFT, chart_piece, one_panel
from evalkit.present.declared_tables import RATES
from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

JOURNEY_MARGINS = 0.36, 0.83


def draw_journey(table: pd.DataFrame, ax: Axes) -> Axes:
    """A bar for the share of each measure of those known, its interval, and the bounds where much is unknown."""
    across = ax.get_yaxis_transform()
    left_edge, right_edge = edges(ax)
    rows = _journey_rows(table) if is_narrow(ax) else None
    for position, row in enumerate(table.to_dict("records")):
        label = str(row["label"])
        if rows:
            rows.write(ax, position, label)
        else:
            ax.text(left_edge, position, fill(label, 32), transform=across, va="center", color=INK, fontsize=10,
                    linespacing=1.05)  # fmt: skip
        if not is_shown(row["share"]):
            text = row["share"] if isinstance(row["share"], str) else "nobody"
            ax.text(right_edge, position, text, transform=across, va="center", ha="right", color=INK)
            continue
        ax.barh(position, 100 * row["share"], color=NAVY, height=0.16 / rows.pitch if rows else 0.5)
        ax.plot([100 * row["low"], 100 * row["high"]], [position] * 2, color=GAP, linewidth=2.5, solid_capstyle="butt")
        if is_shown(row["worst"]) and is_shown(row["best"]):
            ends = [100 * row["worst"], 100 * row["best"]]
            ax.plot(
                ends,
                [position + (0.14 / rows.pitch if rows else 0.36)] * 2,
                color=ORANGE,
                linewidth=2,
                marker="|",
                markersize=7,
            )
        ax.text(right_edge, position - 0.13, f"{percent(row['share'])}%", transform=across, va="center", ha="right",
                color=INK, weight="bold", fontsize=10.5)  # fmt: skip
        ax.text(right_edge, position + 0.22, f"{count(row['met'])} of {count(row['known'])}", transform=across,
                va="center", ha="right", color=SOFT, fontsize=8.5)  # fmt: skip
    if rows:
        rows.frame(ax, len(table))
    else:
        ax.set_ylim(len(table) - 0.45, -0.55)
    ax.set_xlim(0, 100)
    ax.set_yticks([])
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")
    ax.locator_params(axis="x", nbins=4 if rows else 6)
    ax.tick_params(labelsize=9.5)
    ax.grid(axis="x")
    return ax


def _journey_rows(table: pd.DataFrame) -> Rows:
    return rows_for(map(str, table["label"]), marks=0.32)


def show_journey(table: SafeTable, *, finding: str, measure: str, source: str) -> Piece:
    """Percentages of declared measures as bars, in the table's order.

    table : what `make_rates_safe` or `make_housing_safe` returned, without groups
    """
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")

    def draw(ax: Axes) -> Axes:
        return draw_journey(table, ax)

    return chart_piece(
        table,
        one_panel(draw, JOURNEY_MARGINS, above=0.05, below=0.35),
        height=0.46 * len(table) + 0.5,
        columns=RATES,
        texts=(finding, measure, source),
        narrow=Sketch(
            one_panel(draw, (NARROW_LEFT, 0.66), above=0.02, below=0.3), _journey_rows(table).pitch * len(table) + 0.32
        ),
    )


def journey_finding(table: SafeTable) -> str:
    """What the chart shows, in one line: the lowest and the highest share."""
    shown = [row for row in require_safe(table).to_dict("records") if is_shown(row["share"])]
    if not shown:
        return "The numbers are too small to show"
    lowest, highest = (choose(shown, key=lambda row: float(row["share"])) for choose in (min, max))
    return (
        f"From {percent(lowest['share'])}% ({str(lowest['label']).lower()}) to {percent(highest['share'])}% "
        f"({str(highest['label']).lower()})"
    )
