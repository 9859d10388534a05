"""Safe tables as charts: each drawing takes a table and an `ax`, returns the `ax`, and computes nothing.

Only this room and its neighbours `chart_*` import matplotlib. `show_*` makes a figure of a drawing (`chart_figure`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from evalkit.present.chart_figure import chart_piece, one_panel
from evalkit.present.chart_forms import (
    GAP,
    INK,
    LINE,
    NARROW_LEFT,
    NAVY,
    ORANGE,
    PAPER,
    PURPLE,
    SOFT,
    TEAL,
    Rows,
    Sketch,
    edges,
    is_narrow,
    rows_for,
)
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import count, percent, points

__all__ = (
    "GAP",
    "INK",
    "LINE",
    "NAVY",
    "ORANGE",
    "PAPER",
    "PURPLE",
    "SOFT",
    "TEAL",
    "chart_piece",
    "draw_bars",
    "draw_calibration",
    "draw_dumbbell",
    "one_panel",
    "show_bars",
    "show_calibration",
    "show_dumbbell",
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

DUMBBELL_MARGINS = 0.33, 0.88
"""Where the axes of a dumbbell chart begin and end, as shares of the drawing's width."""

INDENT = 0.035
"""How far a group is set in under the one it is part of, as a share of the axes' width."""


def draw_dumbbell(table: pd.DataFrame, ax: Axes) -> Axes:
    """Actual (filled, with its interval) and predicted (open) rate of each row, top to bottom, and their difference."""
    right = ax.get_yaxis_transform()
    left_edge, right_edge = edges(ax)
    wider = dict(zip(table["name"], table["within"], strict=True))
    for position, row in enumerate(table.to_dict("records")):
        depth = _depth(row["within"], wider)
        base = f"{_count_text(row['people'])} people" + (" · immortal time" if row["immortal_time"] else "")
        if is_narrow(ax):
            _dumbbell_rows(table).write(ax, position, row["label"], below=base, indent=INDENT * depth)
        else:
            place = left_edge + INDENT * depth
            ax.text(place, position - 0.09, row["label"], transform=right, va="center", color=INK, fontsize=11)
            ax.text(place, position + 0.24, base, transform=right, va="center", color=SOFT, fontsize=8.5)
        if not is_shown(row["actual_rate"]):
            ax.text(right_edge, position, CONFIDENTIAL, transform=right, va="center", ha="right", color=INK)
            continue
        actual, predicted = 100 * row["actual_rate"], 100 * row["predicted_rate"]
        ax.plot([actual, predicted], [position] * 2, color=GAP, linewidth=3, zorder=1)
        ax.plot(
            [100 * row["actual_rate_low"], 100 * row["actual_rate_high"]],
            [position] * 2,
            color=NAVY,
            linewidth=2,
            zorder=2,
        )
        ax.plot(predicted, position, "o", color=PAPER, markeredgecolor=ORANGE, markeredgewidth=2, markersize=8)
        ax.plot(actual, position, "o", color=NAVY, markersize=8.5, zorder=3)
        difference = f"{points(row['difference'])} pp"
        ax.text(right_edge, position, difference, transform=right, va="center", ha="right", color=INK, weight="bold")
    _name_first_pair(table, ax)
    if is_narrow(ax):
        _dumbbell_rows(table).frame(ax, len(table))
    else:
        ax.set_ylim(len(table) - 0.4, -0.75)
    ax.set_yticks([])
    ax.margins(x=0.06)
    ax.locator_params(axis="x", nbins=5 if is_narrow(ax) else 8, steps=[1, 2, 5, 10], integer=True)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")
    ax.grid(axis="x")
    return ax


def _dumbbell_rows(table: pd.DataFrame) -> Rows:
    """Of the narrow form; 'actual' and 'predicted' stand below the first marks."""
    return rows_for(table["label"], ["people"], marks=0.42)


def _depth(within: str, wider: Mapping[str, str]) -> int:
    """How many groups a row lies within."""
    return 1 + _depth(wider.get(within, ""), wider) if within else 0


def _name_first_pair(table: pd.DataFrame, ax: Axes) -> None:
    shown = [(position, row) for position, row in enumerate(table.to_dict("records")) if is_shown(row["actual_rate"])]
    if not shown:
        return
    position, row = shown[0]
    sides = ("right", "left") if row["actual_rate"] < row["predicted_rate"] else ("left", "right")
    for name, colour, side in zip(("actual", "predicted"), (NAVY, ORANGE), sides, strict=True):
        nudge = 12 if side == "right" else -12
        ax.annotate(
            name,
            (100 * row[f"{name}_rate"], position),
            xytext=(nudge, -17 if is_narrow(ax) else 11),
            textcoords="offset points",
            ha=side,
            color=colour,
            weight="bold",
            fontsize=10,
        )


def _count_text(value: object) -> str:
    return count(value) if isinstance(value, int | float) else str(value)


def draw_bars(table: pd.DataFrame, ax: Axes, *, label: str, value: str, share: str) -> Axes:
    """Horizontal bars of a count, in the table's order, each with its count and percentage at its end."""
    shown = [row for row in table.to_dict("records") if is_shown(row[value])]
    rows = _bar_rows([row[label] for row in shown]) if is_narrow(ax) else None
    thickness = rows.marks / rows.pitch if rows else 0.64
    ax.barh(range(len(shown)), [row[value] for row in shown], color=NAVY, height=thickness)
    for position, row in enumerate(shown):
        if rows:
            rows.write(ax, position, row[label])
        ax.annotate(
            f"{count(row[value])}  ({percent(row[share])}%)",
            (row[value], position),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=10,
        )
    if rows:
        ax.set_yticks([])
        rows.frame(ax, len(shown))
    else:
        ax.set_yticks(range(len(shown)), [fill(row[label], 26) for row in shown])
        ax.invert_yaxis()
        ax.margins(y=0.01)
    ax.set_xticks([])
    ax.set_xlim(0, (1.6 if rows else 1.35) * max((row[value] for row in shown), default=1))
    return ax


def _bar_rows(labels: Sequence[str]) -> Rows:
    return rows_for(labels, marks=0.16)


def draw_calibration(table: pd.DataFrame, ax: Axes, *, smooth: pd.DataFrame) -> Axes:
    """Actual rate (with its interval) against the predicted one for each tenth of risk, a smooth line, the diagonal."""
    shown = [row for row in table.to_dict("records") if is_shown(row["actual_rate"])]
    top = 1.05 * max([row["actual_rate_high"] for row in shown] + [row["predicted_rate"] for row in shown], default=1)
    ax.plot([0, 100 * top], [0, 100 * top], color=GAP, linewidth=1.5, linestyle=(0, (4, 3)))
    ax.annotate("perfect prediction", (97 * top, 100 * top), ha="right", va="top", color=SOFT, fontsize=9)
    ax.plot(100 * smooth["predicted"], 100 * smooth["actual_rate"], color=ORANGE, linewidth=2)
    for row in shown:
        predicted = 100 * row["predicted_rate"]
        ax.plot([predicted] * 2, [100 * row["actual_rate_low"], 100 * row["actual_rate_high"]], color=NAVY, linewidth=2)
        ax.plot(predicted, 100 * row["actual_rate"], "o", color=NAVY, markersize=6.5)
    ax.set_xlabel("predicted (%)")
    ax.set_ylabel("actual (%)")
    ax.set_xlim(0, 100 * top)
    ax.set_ylim(0, 100 * top)
    ax.grid(axis="y")
    return ax


def show_calibration(table: SafeTable, smooth: pd.DataFrame, *, finding: str, measure: str, source: str) -> Piece:
    """Actual against predicted by tenth of predicted risk. The smooth line is drawn with enough people only."""
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: too few people to show.</p>', "Too few people to show.")
    hidden = not all(is_shown(rate) for rate in table["actual_rate"])

    def draw(ax: Axes) -> Axes:
        return draw_calibration(table, ax, smooth=smooth.head(0) if hidden else smooth)

    return chart_piece(
        table,
        one_panel(draw, (0.1, 0.75)),
        height=4.2,
        columns=LAYOUTS["deciles"],
        texts=(finding, measure, source),
        narrow=Sketch(one_panel(draw, (0.18, 0.97), below=0.5), 3.4),
    )


def show_dumbbell(table: SafeTable, *, finding: str, measure: str, source: str) -> Piece:
    """Actual against predicted, one line per group. The table has the columns of `group_comparisons`."""
    return chart_piece(
        require_safe(table),
        one_panel(lambda ax: draw_dumbbell(table, ax), DUMBBELL_MARGINS),
        height=0.62 * len(table) + 0.7,
        columns=LAYOUTS["comparison chart"],
        texts=(finding, measure, source),
        narrow=Sketch(
            one_panel(lambda ax: draw_dumbbell(table, ax), (NARROW_LEFT, 0.8), below=0.3),
            _dumbbell_rows(table).pitch * len(table) + 0.35,
        ),
    )


def show_bars(table: SafeTable, *, columns: str, finding: str, measure: str, source: str, most: int = 12) -> Piece:
    """Bars of a count by category, most frequent first.

    columns : name of a layout whose first three columns are the category, its count and its share
    most    : how many categories are drawn; the table below the chart has them all
    """
    label, value, share = list(LAYOUTS[columns])[:3]
    if not any(is_shown(number) for number in require_safe(table)[value]):
        return Piece(f'<p class="note">{escaped(measure)}. {escaped(finding)}.</p>', f"{measure}. {finding}.")

    def draw(ax: Axes) -> Axes:
        return draw_bars(table.head(most), ax, label=label, value=value, share=share)

    drawn = [str(row[label]) for row in table.head(most).to_dict("records") if is_shown(row[value])]
    return chart_piece(
        table,
        one_panel(draw, (0.33, 0.99), below=0.1),
        height=0.36 * len(drawn) + 0.15,
        columns=LAYOUTS[columns],
        texts=(finding, measure, source),
        narrow=Sketch(one_panel(draw, (NARROW_LEFT, 0.99), below=0.05), _bar_rows(drawn).pitch * len(drawn) + 0.1),
    )
