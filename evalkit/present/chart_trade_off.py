"""False alerts against how soon a team is found, for a range of thresholds: a curve of choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.present.chart_forms import Sketch, is_narrow, key_above, key_height
from evalkit.present.charts import INK, NAVY, TEAL, chart_piece, one_panel
from evalkit.present.disclosure import SafeTable, require_safe
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from evalkit.present.html import Piece

CURVES = (("within_8", "within eight quarters", TEAL, (0, (5, 2))), ("within_4", "within four quarters", NAVY, "-"))


def draw_trade_off(table: pd.DataFrame, ax: Axes) -> Axes:
    """Teams found within four and eight quarters against quarters with a false alert; the choice in use is named."""
    false = 100 * table["any_alert"].astype(float)
    lines = []
    for name, label, colour, line in CURVES:
        found = 100 * table[name].astype(float)
        drawn = ax.plot(false, found, color=colour, linestyle=line, linewidth=2, marker="o", markersize=5)
        lines.append((drawn[0], label))
        if is_narrow(ax):
            continue
        ax.annotate(
            label, (false.iloc[-1], found.iloc[-1]), xytext=(8, 0), textcoords="offset points", va="center",
            color=colour, weight="bold", fontsize=10,
        )  # fmt: skip
    if is_narrow(ax):
        key_above(ax, lines)
    used = table[table["used"].astype(bool)]
    for row in used.to_dict("records"):
        ax.axvline(100 * row["any_alert"], color=INK, linewidth=1, linestyle=(0, (2, 2)), zorder=0)
        ax.annotate(
            "in use", (100 * row["any_alert"], 2), xytext=(5, 0), textcoords="offset points", color=INK, fontsize=9.5
        )
    ax.set_xlim(0, 1.05 * max(false.max(), 10))
    ax.set_ylim(0, 103)
    said = "quarters with any false alert", "among 36 offices (%)"
    ax.set_xlabel(("\n" if is_narrow(ax) else " ").join(said), fontsize=9.5)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")
    ax.tick_params(labelsize=9.5)
    ax.grid(axis="y")
    return ax


def show_trade_off(table: SafeTable, *, finding: str, measure: str, source: str) -> Piece:
    """The trade-off curve: how many teams are found in time, at the price of how many false alerts.

    table : columns of `trade_off`, made safe: false_alarm, any_alert, within_4, within_8, mean_quarters, used; shares
    """
    require_safe(table)

    def draw(ax: Axes) -> Axes:
        return draw_trade_off(table, ax)

    above = key_height(len(CURVES))
    return chart_piece(
        table,
        one_panel(draw, (0.07, 0.78), below=0.55),
        height=3.4,
        columns=LAYOUTS["trade-off"],
        texts=(finding, measure, source),
        summary="; ".join(
            f"{percent(row['any_alert'])}% of quarters with a false alert: {percent(row['within_4'])}% found within"
            f" four quarters, {percent(row['within_8'])}% within eight"
            for row in table.to_dict("records")
        ),
        narrow=Sketch(one_panel(draw, (0.13, 0.96), above=above, below=0.65), 3.0 + above),
    )
