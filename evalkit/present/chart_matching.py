"""Charts on the quality of a match: balance before and after, and the overlap of the propensity scores."""

from __future__ import annotations

import math
from textwrap import fill
from typing import TYPE_CHECKING, Any

from evalkit.errors import DataError
from evalkit.present.chart_forms import NARROW_LEFT, Rows, Sketch, edges, is_narrow, rows_for
from evalkit.present.charts import GAP, INK, NAVY, ORANGE, PAPER, SOFT, TEAL, chart_piece, one_panel
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import count, signed, written

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOVE_MARGINS = 0.35, 0.85
LABEL_WIDTH = 34
"""Letters in a line of a label."""

RATING_LIMITS: dict[float, Any] = {5.0: (0, (5, 3)), 10.0: (0, (1, 2))}
"""Per cent of a standard deviation -> line: up to the first a covariate is rated green, up to the second amber."""


def draw_love(table: pd.DataFrame, ax: Axes) -> Axes:
    """Standardised difference of each covariate before (hollow) and after (filled) the match, in the table's order."""
    across = ax.get_yaxis_transform()
    rows = _love_rows(table) if is_narrow(ax) else None
    for limit, line in RATING_LIMITS.items():
        for side in (-limit, limit):
            ax.axvline(side, color=SOFT, linewidth=1, linestyle=line, zorder=0)
    ax.axvline(0, color=SOFT, linewidth=1, zorder=0)
    for position, row in enumerate(table.to_dict("records")):
        if rows:
            rows.write(ax, position, row["covariate"], size=9.5)
        else:
            label = fill(row["covariate"], LABEL_WIDTH)
            ax.text(edges(ax)[0], position, label, transform=across, va="center", color=INK, fontsize=9.5,
                    linespacing=1.0)  # fmt: skip
        before, after = row["smd_before"], row["smd_after"]
        uneven = is_shown(after) and row["rating"] != "green"
        value = written(after, "signed") + (f" {row['rating']}" if uneven else "")
        weight = "bold" if uneven else "normal"
        ax.text(1.03, position, value, transform=across, va="center", color=INK, fontsize=9.5, weight=weight)
        if _drawable(before) and _drawable(after):
            ax.plot([before, after], [position] * 2, color=GAP, linewidth=2, zorder=1)
        if _drawable(before):
            ax.plot(before, position, "o", color=PAPER, markeredgecolor=ORANGE, markeredgewidth=1.6, markersize=6.5)
        if _drawable(after):
            ax.plot(after, position, "o", color=NAVY, markersize=6.5, zorder=3)
    _label_love(table, ax)
    return ax


def _drawable(value: Any) -> bool:
    """Whether a difference can be drawn: it is shown, and finite (it is not where neither side varies)."""
    return is_shown(value) and math.isfinite(value)


def _label_love(table: pd.DataFrame, ax: Axes) -> None:
    """Axis, and a key of its markers and lines above the drawing."""
    ends = [abs(value) for name in ("smd_before", "smd_after") for value in table[name] if _drawable(value)]
    reach = 1.08 * max([*ends, 1.2 * max(RATING_LIMITS)])
    ax.set_xlim(-reach, reach)
    if is_narrow(ax):
        _love_rows(table).frame(ax, len(table))
    else:
        ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_yticks([])
    ax.locator_params(axis="x", nbins=5 if is_narrow(ax) else 7, steps=[1, 2, 5, 10], integer=True)
    ax.xaxis.set_major_formatter(lambda value, _: signed(value, decimals=0))
    said = "difference of the means,", "in per cent of a standard deviation"
    ax.set_xlabel(("\n" if is_narrow(ax) else " ").join(said), fontsize=9.5)
    ax.tick_params(labelsize=9.5)
    keys = ax.plot([], [], "o", color=PAPER, markeredgecolor=ORANGE, markeredgewidth=1.6, markersize=6.5)
    keys += ax.plot([], [], "o", color=NAVY, markersize=6.5)
    for line in RATING_LIMITS.values():
        keys += ax.plot([], [], color=SOFT, linewidth=1, linestyle=line)
    names = ["before the match", "after it", *(f"±{limit:.0f}" for limit in RATING_LIMITS)]
    across = 2 if is_narrow(ax) else 4
    ax.legend(
        keys, names, loc="lower left", bbox_to_anchor=(edges(ax)[0], 1.0), ncols=across, frameon=False, borderaxespad=0,
        borderpad=0.2, handletextpad=0.4, columnspacing=1.4, fontsize=10,
    )  # fmt: skip


def _love_rows(table: pd.DataFrame) -> Rows:
    return rows_for(table["covariate"], marks=0.14)


def show_love(table: SafeTable, *, finding: str, measure: str, source: str) -> Piece:
    """Balance before and after a match: a Love plot, the largest difference before the match first.

    table : what `make_balance_safe` returned: covariate, smd_before and smd_after (per cent of a standard deviation),
            rating (green, amber, red)
    """
    if require_safe(table).empty:
        return _nothing(measure)
    size = table["smd_before"].map(lambda value: abs(value) if is_shown(value) else -1.0)
    ordered = table.iloc[size.argsort(kind="stable")[::-1]]
    line = 0.34 if table["covariate"].map(len).max() > LABEL_WIDTH else 0.27

    def draw(ax: Axes) -> Axes:
        return draw_love(ordered, ax)

    return chart_piece(
        table,
        one_panel(draw, LOVE_MARGINS, above=0.42, below=0.62),
        height=line * len(table) + 1.1,
        columns=LAYOUTS["balance"],
        texts=(finding, measure, source),
        narrow=Sketch(
            one_panel(draw, (NARROW_LEFT, 0.72), above=0.5, below=0.62), _love_rows(table).pitch * len(table) + 1.12
        ),
    )


def draw_overlap(table: pd.DataFrame, upper: Axes, lower: Axes) -> tuple[Axes, Axes]:
    """Counts by propensity score: the treated upwards, the comparison people downwards, each on its own scale."""
    rows = table.to_dict("records")
    for ax, name, colour in ((upper, "treated", NAVY), (lower, "comparison", TEAL)):
        tops = [row[name] for row in rows if is_shown(row[name])]
        reach = 1.12 * max([*tops, 1])
        for row in rows:
            middle, width = (row["low"] + row["high"]) / 2, row["high"] - row["low"]
            if is_shown(row[name]):
                ax.bar(middle, row[name], width=0.9 * width, color=colour)
            else:
                edge = "bottom" if ax is upper else "top"
                ax.text(middle, 0.015 * reach, CONFIDENTIAL, ha="center", va=edge, color=SOFT, fontsize=8.5)
        ax.set_ylim(*((0, reach) if ax is upper else (reach, 0)))
        ax.set_xlim(rows[0]["low"], rows[-1]["high"])
        ax.locator_params(axis="y", nbins=4, steps=[1, 2, 5, 10], integer=True)
        ax.yaxis.set_major_formatter(lambda value, _: count(value))
        ax.grid(axis="y")
    lower.yaxis.set_major_formatter(lambda value, _: count(value) if value else "")  # the upper one says 0
    upper.axhline(0, color=SOFT, linewidth=1.2)
    upper.tick_params(labelbottom=False)
    _label_overlap(upper, lower)
    return upper, lower


def _label_overlap(upper: Axes, lower: Axes) -> None:
    for ax, text, colour, height, edge in (
        (upper, "treated ▲", NAVY, 0.98, "top"),
        (lower, "comparison ▼ (own scale)", TEAL, 0.02, "bottom"),
    ):
        ax.text(1.0, height, text, transform=ax.transAxes, ha="right", va=edge, color=colour, weight="bold")
    lower.set_xlabel("propensity score", fontsize=9.5)
    lower.locator_params(axis="x", nbins=4 if is_narrow(lower) else 8, steps=[1, 2, 2.5, 5, 10])
    for ax in (upper, lower):
        ax.tick_params(labelsize=9.5)
    lower.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}".replace("-", "−"))


def show_overlap(table: SafeTable, *, finding: str, measure: str, source: str) -> Piece:
    """Mirrored histogram of propensity scores.

    table : what `make_bins_safe` returned: low and high (limits of each bin of the score, ascending), treated
            and comparison (people in it)
    """
    if require_safe(table).empty:
        return _nothing(measure)
    if not (table["high"] > table["low"]).all() or not table["low"].is_monotonic_increasing:
        raise DataError("the bins of an overlap chart must ascend, each from 'low' to a greater 'high'")

    def paint(figure: Figure, left: float) -> Any:
        upper = figure.add_axes((left, 0.55, 0.98 - left, 0.43))
        lower = figure.add_axes((left, 0.12, 0.98 - left, 0.43))
        return draw_overlap(table, upper, lower)

    return chart_piece(
        table,
        lambda figure: paint(figure, 0.1),
        height=4.2,
        columns=LAYOUTS["overlap"],
        texts=(finding, measure, source),
        narrow=Sketch(lambda figure: paint(figure, 0.18), 4.0),
    )


def _nothing(measure: str) -> Piece:
    return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")
