"""The headlines of a series as a forest plot: a block with a scale of its own for each outcome, and one of shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalkit.present.chart_forms import NARROW_LEFT, Rows, Sketch, edges, is_narrow, rows_for
from evalkit.present.charts import INK, NAVY, ORANGE, PAPER, SOFT, chart_piece, one_panel
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import percent, points, written
from evalkit.present.series_safe import NO_FINDING
from evalkit.present.series_tables import COMPARISONS, SHARES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, NARROW = (0.40, 0.74), (NARROW_LEFT, 0.58)
ROW, ABOVE, BELOW = 0.72, 0.34, 0.62
"""Inches: a row of the wide form, the heading of a block, and its scale."""


def draw_headlines(table: pd.DataFrame, ax: Axes) -> Axes:
    """The differences of one outcome with their intervals, in the order of the series; no findings are hollow."""
    ax.axvline(0, color=SOFT, linewidth=1.3, zorder=0)
    for position, row in enumerate(table.to_dict("records")):
        _write_row(table, ax, position, row)
        if not (is_shown(row["difference"]) and is_shown(row["low"])):
            _write_value(ax, position, CONFIDENTIAL if isinstance(row["difference"], str) else "too few")
            continue
        hollow = row["finding"] == NO_FINDING
        colour = ORANGE if hollow else NAVY
        ax.plot([100 * row["low"], 100 * row["high"]], [position] * 2, color=colour, linewidth=2.2, zorder=1)
        ax.plot(100 * row["difference"], position, "o", color=PAPER if hollow else NAVY, markeredgecolor=colour,
                markeredgewidth=2, markersize=8)  # fmt: skip
        _write_value(
            ax,
            position,
            f"{points(row['difference'])} ({points(row['low'])} to {points(row['high'])})",
            below="no finding" if hollow else "",
        )
    _frame(table, ax)
    outcome = str(table["outcome_label"].iloc[0])
    ax.set_title(outcome, loc="left", x=edges(ax)[0], fontsize=11, weight="bold", color=INK, pad=9)
    said = "percentage points; left of zero: fewer people", f"“{outcome.lower()}”"
    ax.set_xlabel(("\n" if is_narrow(ax) else " ").join(said), fontsize=9, loc="left" if is_narrow(ax) else "center")
    ax.margins(x=0.08)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:+g}".replace("-", "−").replace("+0", "0"))
    return ax


def draw_shares(table: pd.DataFrame, ax: Axes) -> Axes:
    """Shares with nothing beside them, with their intervals, on a scale from 0 to 100 per cent."""
    for position, row in enumerate(table.to_dict("records")):
        _write_row(table, ax, position, row)
        if not (is_shown(row["rate"]) and is_shown(row["rate_low"])):
            _write_value(ax, position, CONFIDENTIAL if isinstance(row["rate"], str) else "nobody")
            continue
        ax.plot([100 * row["rate_low"], 100 * row["rate_high"]], [position] * 2, color=NAVY, linewidth=2.2)
        ax.plot(100 * row["rate"], position, "s", color=NAVY, markersize=6.5)
        limits = f"{percent(row['rate_low'])} to {percent(row['rate_high'])}"
        _write_value(ax, position, f"{percent(row['rate'])}% ({limits})")
    _frame(table, ax)
    ax.set_xlim(0, 100)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")
    return ax


def show_series(table: SafeTable, *, finding: str, measure: str, source: str) -> Piece:
    """The differences of a series, outcome by outcome.

    table : lines of `make_series_safe` that have something to stand beside
    """
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")
    blocks = [rows.reset_index(drop=True) for _, rows in pd.DataFrame(table).groupby("outcome_label", sort=False)]
    wide, narrow = ([_height(block, narrow=form) for block in blocks] for form in (False, True))
    return chart_piece(
        table,
        _stacked(blocks, wide, WIDE),
        height=sum(wide),
        columns=COMPARISONS,
        texts=(finding, measure, source),
        narrow=Sketch(_stacked(blocks, narrow, NARROW), sum(narrow)),
    )


def show_shares(table: SafeTable, *, finding: str, measure: str, source: str) -> Piece:
    """The shares of a series that have nothing to stand beside.

    table : those lines of `make_series_safe`
    """
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")

    def draw(ax: Axes) -> Axes:
        return draw_shares(table, ax)

    return chart_piece(
        table,
        one_panel(draw, WIDE, above=0.05, below=0.35),
        height=ROW * len(table) + 0.4,
        columns=SHARES,
        texts=(finding, measure, source),
        narrow=Sketch(one_panel(draw, NARROW, above=0.02, below=0.3), _rows(table).pitch * len(table) + 0.32),
    )


def _stacked(
    blocks: Sequence[pd.DataFrame], heights: Sequence[float], sides: tuple[float, float]
) -> Callable[[Figure], object]:
    """Blocks below one another, each with its heading and its own scale."""

    def paint(figure: Figure) -> object:
        top = whole = sum(heights)
        for block, height in zip(blocks, heights, strict=True):
            bottom = (top - height + BELOW) / whole
            draw_headlines(
                block, figure.add_axes((sides[0], bottom, sides[1] - sides[0], (height - ABOVE - BELOW) / whole))
            )
            top -= height
        return figure

    return paint


def _height(block: pd.DataFrame, *, narrow: bool) -> float:
    return ABOVE + BELOW + len(block) * (_rows(block).pitch if narrow else ROW)


def _rows(table: pd.DataFrame) -> Rows:
    lines = table.to_dict("records")
    return rows_for(table["title"], map(_below, lines), marks=0.3)


def _below(row: dict[Any, Any]) -> str:
    """What is said of a line in small: whose it is, of how many people, by how strong a design."""
    outcome = "" if row["against"] else f"{row['outcome_label']} · "
    people = written(row["people"], "count")
    strength = str(row["strength_words"]).replace(" ", "\u00a0")
    return f"{outcome}{row['who']} · {people}\u00a0people · strength:\u00a0{strength}"


def _write_row(table: pd.DataFrame, ax: Axes, position: int, row: dict[Any, Any]) -> None:
    """The words of a line: beside its marks or, in the narrow form, above them."""
    if is_narrow(ax):
        _rows(table).write(ax, position, str(row["title"]), below=_below(row))
        return
    style: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "linespacing": 1.05}
    left = edges(ax)[0]
    ax.text(left, position, fill(str(row["title"]), 38), va="bottom", color=INK, fontsize=10, **style)
    ax.text(left, position + 0.06, fill(_below(row), 48), va="top", color=SOFT, fontsize=8.5, **style)


def _write_value(ax: Axes, position: int, text: str, *, below: str = "") -> None:
    style: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "ha": "right"}
    size = 9 if is_narrow(ax) else 10
    right = edges(ax)[1]
    ax.text(right, position, text, va="center", color=INK, fontsize=size, weight="normal" if below else "bold", **style)
    if below:
        ax.text(right, position + 0.17, below, va="top", color=ORANGE, fontsize=8.5, **style)


def _frame(table: pd.DataFrame, ax: Axes) -> None:
    if is_narrow(ax):
        _rows(table).frame(ax, len(table))
    else:
        ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_yticks([])
    ax.locator_params(axis="x", nbins=4 if is_narrow(ax) else 6, steps=[1, 2, 5, 10])
    ax.tick_params(labelsize=9.5)
    ax.grid(axis="x")
