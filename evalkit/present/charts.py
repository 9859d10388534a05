"""Safe tables as charts: each drawing takes a table and an `ax`, returns the `ax`, and computes nothing.

Only this room and its neighbours `chart_*` import matplotlib. `show_*` wraps a drawing into a figure: SVG with a text
alternative that gives the numbers, and the data behind it as a table.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import count, percent, points
from evalkit.present.tables import cell_texts, data_behind

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("evalkit.mplstyle")
NAVY, ORANGE, TEAL, PURPLE = "#12436d", "#b8470e", "#1b7f77", "#801650"
INK, SOFT, LINE, GAP, PAPER = "#0b1c2c", "#4a5a68", "#d5dde4", "#c3ced8", "#ffffff"
WIDTH = 7.6
"""Of every drawing, in inches."""

DUMBBELL_MARGINS = 0.33, 0.88
"""Where the axes of a dumbbell chart begin and end, as shares of the drawing's width."""

LEFT_EDGE = -DUMBBELL_MARGINS[0] / (DUMBBELL_MARGINS[1] - DUMBBELL_MARGINS[0])
RIGHT_EDGE = 1 + (1 - DUMBBELL_MARGINS[1]) / (DUMBBELL_MARGINS[1] - DUMBBELL_MARGINS[0])
"""The edges of the drawing, in units of the axes' width."""

INDENT = 0.035
"""How far a group is set in under the one it is part of."""

_THEMED = {
    NAVY: "--series-1",
    ORANGE: "--predicted",
    TEAL: "--good",
    PURPLE: "--series-3",
    INK: "--ink",
    SOFT: "--soft",
    LINE: "--line",
    GAP: "--line-strong",
    PAPER: "--paper",
}
"""Colours of the drawing that follow the page into its dark version."""


def draw_dumbbell(table: pd.DataFrame, ax: Axes) -> Axes:
    """Actual (filled, with its interval) and predicted (open) rate of each row, top to bottom, and their difference."""
    right = ax.get_yaxis_transform()
    wider = dict(zip(table["name"], table["within"], strict=True))
    for position, row in enumerate(table.to_dict("records")):
        indent = INDENT * _depth(row["within"], wider)
        ax.text(LEFT_EDGE + indent, position - 0.09, row["label"], transform=right, va="center", color=INK, fontsize=11)
        base = f"{_count_text(row['people'])} people" + (" · immortal time" if row["immortal_time"] else "")
        ax.text(LEFT_EDGE + indent, position + 0.24, base, transform=right, va="center", color=SOFT, fontsize=8.5)
        if not is_shown(row["actual_rate"]):
            ax.text(RIGHT_EDGE, position, CONFIDENTIAL, transform=right, va="center", ha="right", color=INK)
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
        ax.text(RIGHT_EDGE, position, difference, transform=right, va="center", ha="right", color=INK, weight="bold")
    _name_first_pair(table, ax)
    ax.set_ylim(len(table) - 0.4, -0.75)
    ax.set_yticks([])
    ax.margins(x=0.06)
    ax.locator_params(axis="x", nbins=8, steps=[1, 2, 5, 10], integer=True)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")
    ax.grid(axis="x")
    return ax


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
            xytext=(nudge, 11),
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
    ax.barh([fill(row[label], 26) for row in shown], [row[value] for row in shown], color=NAVY, height=0.64)
    for position, row in enumerate(shown):
        ax.annotate(
            f"{count(row[value])}  ({percent(row[share])}%)",
            (row[value], position),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=10,
        )
    ax.invert_yaxis()
    ax.set_xticks([])
    ax.margins(y=0.01)
    ax.set_xlim(0, 1.35 * max((row[value] for row in shown), default=1))
    return ax


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
    return chart_piece(
        table,
        one_panel(lambda ax: draw_calibration(table, ax, smooth=smooth.head(0) if hidden else smooth), (0.1, 0.75)),
        height=4.2,
        columns=LAYOUTS["deciles"],
        texts=(finding, measure, source),
    )


def show_dumbbell(table: SafeTable, *, finding: str, measure: str, source: str) -> Piece:
    """Actual against predicted, one line per group. The table has the columns of `group_comparisons`."""
    return chart_piece(
        require_safe(table),
        one_panel(lambda ax: draw_dumbbell(table, ax), DUMBBELL_MARGINS),
        height=0.62 * len(table) + 0.7,
        columns=LAYOUTS["comparison chart"],
        texts=(finding, measure, source),
    )


def show_bars(table: SafeTable, *, columns: str, finding: str, measure: str, source: str, most: int = 12) -> Piece:
    """Bars of a count by category, most frequent first.

    columns : name of a layout whose first three columns are the category, its count and its share
    most    : how many categories are drawn; the table below the chart has them all
    """
    label, value, share = list(LAYOUTS[columns])[:3]
    if not any(is_shown(number) for number in require_safe(table)[value]):
        return Piece(f'<p class="note">{escaped(measure)}. {escaped(finding)}.</p>', f"{measure}. {finding}.")
    return chart_piece(
        table,
        one_panel(lambda ax: draw_bars(table.head(most), ax, label=label, value=value, share=share), (0.33, 0.99)),
        height=0.36 * min(most, len(table)) + 0.4,
        columns=LAYOUTS[columns],
        texts=(finding, measure, source),
    )


def one_panel(
    draw: Callable[[Axes], Axes], sides: tuple[float, float], *, above: float = 0.05, below: float = 0.45
) -> Callable[[Figure], object]:
    """Lay a drawing out as the only one of its figure.

    sides        : where it begins and ends, as shares of the figure's width
    above, below : what is left free there, in inches
    """

    def paint(figure: Figure) -> object:
        height = float(figure.get_figheight())
        place = (sides[0], below / height, sides[1] - sides[0], 1 - (above + below) / height)
        return draw(figure.add_axes(place))

    return paint


def chart_piece(
    table: SafeTable,
    paint: Callable[[Figure], object],
    *,
    height: float,
    columns: Mapping[str, tuple[str, str]],
    texts: Sequence[str],
    summary: str = "",
    data_open: bool = False,
    detail: str = "",
) -> Piece:
    """A figure as a piece of a report: finding, measure, drawing, the data behind it, source.

    table   : what the drawing shows, already safe
    paint   : draws into the figure it is given
    height  : of the drawing, in inches
    columns : layout of the table below the chart
    texts   : finding, measure and source
    summary : the numbers in words, for the text alternative; without it, every row of the table
    data_open : show the data behind the chart from the start
    detail  : what the finding says in more words, below it
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    finding, measure, source = texts
    more = f'<span class="detail">{escaped(detail)}</span>' if detail else ""
    with style.context(STYLE):
        figure = Figure(figsize=(WIDTH, height))
        paint(figure)
        svg = _svg(figure, finding)
    cells = cell_texts(table, columns)
    rows = (", ".join(f"{heading} {cell}" for heading, cell in row.items()) for row in cells.to_dict("records"))
    alternative = f"{finding}. {summary or '; '.join(rows)}"
    markup = (
        f'<figure class="chart"><figcaption><span class="finding">{escaped(finding)}</span>{more}'
        f'<span class="measure">{escaped(measure)}</span></figcaption><div class="drawing">'
        f'<svg role="img" aria-label="{escaped(alternative)}" {svg}</div>'
        f"{data_behind(table, columns, finding=finding, measure=measure, is_open=data_open)}"
        f'<p class="source">{escaped(source)}</p></figure>'
    )
    said = "\n".join(text for text in (finding, detail, measure) if text)
    return Piece(markup, f"{said}\n{cells.to_string(index=False)}\n{source}")


def _svg(figure: Figure, salt: str) -> str:
    """The drawing as an SVG element without its opening '<svg': same input, same bytes; ids unique to the chart."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<\?xml.*?\?>|<!DOCTYPE.*?>", "", svg, flags=re.S)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(
        r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1), count=1
    )
    svg = re.sub("'DejaVu Sans', *sans-serif|'DejaVu Sans'|DejaVu Sans", "inherit", svg)
    for colour, variable in _THEMED.items():
        svg = re.sub(f"(fill|stroke): {colour}", rf"\1: var({variable}, {colour})", svg, flags=re.I)
    return re.sub(r"\n\s*", "\n", svg).strip().removeprefix("<svg ")
