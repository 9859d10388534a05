"""Months as lines: what breaks a series is marked, and no line runs across it; small multiples on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from evalkit.errors import DataError
from evalkit.present.chart_forms import Sketch, is_narrow, key_above, key_height
from evalkit.present.chart_panels import Panels, name_panel
from evalkit.present.chart_survival import LOOKS, apart, label_size
from evalkit.present.charts import SOFT, chart_piece, one_panel
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS, Layout
from evalkit.present.months import (
    Breaks,
    first_day,
    hidden_places,
    month_number,
    place_before,
    place_of,
    stretches,
)
from evalkit.present.numbers import count, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE_MARGINS, NARROW_LINES = (0.07, 0.81), (0.12, 0.97)
EDGE = 20
"""Days left free before the first month and after the last."""

PANEL, ABOVE, BELOW, NAME_OF_BREAK = 1.25, 0.34, 0.34, 0.18
"""Inches: height of a small panel, free space above and below it, and a line for the name of each break."""


def draw_months(table: SafeTable, ax: Axes, *, columns: Layout, values: Sequence[str], breaks: Breaks) -> Axes:
    """A line for each value by month, from zero. It stops at hidden months, at months without a row, and at breaks."""
    month = next(iter(columns))
    for (colour, line), name in zip(LOOKS, values, strict=False):
        for stretch in stretches(table, month, name, breaks):
            days = [place_of(row[month]) for row in stretch]
            heights = [_height(row[name], columns, name) for row in stretch]
            ax.plot(days, heights, color=colour, linewidth=2, linestyle=line)
            ax.plot(days, heights, "o", color=colour, markersize=3 if len(table) > 18 else 4.5)
            if columns[name][1].endswith("interval"):
                low, high = ([_height(row[end], columns, name) for row in stretch] for end in _limits(table, name))
                ax.fill_between(days, low, high, color=colour, alpha=0.15, linewidth=0)
    for first in breaks:
        ax.axvline(place_before(first), color=SOFT, linewidth=1.2, linestyle=(0, (2, 2)))
    for day in hidden_places(table, month, values):
        ax.annotate(
            CONFIDENTIAL, (day, 0), xytext=(0, 4), textcoords="offset points", ha="center", color=SOFT, fontsize=8.5
        )
    return ax


def _height(value: float, columns: Layout, name: str) -> float:
    return 100 * value if columns[name][1].startswith("percent") else float(value)


def _limits(table: SafeTable, name: str) -> tuple[str, str]:
    return (f"{name}_low", f"{name}_high") if f"{name}_low" in table else ("low", "high")


def _set_scale(panels: Sequence[Axes], table: SafeTable, columns: Layout, values: Sequence[str]) -> None:
    """The same for every panel: from zero to a little above the highest value, and all months of the table."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    names = [name for value in values for name in (value, *_limits(table, value)) if name in table]
    top = 1.12 * max(
        (_height(value, columns, values[0]) for name in names for value in table[name] if is_shown(value)), default=0
    )
    days = [place_of(month) for month in table[next(iter(columns))]]
    shares = columns[values[0]][1].startswith("percent")
    for ax in panels:
        ax.set_ylim(0, top or 1)
        ax.set_xlim(min(days) - EDGE, max(days) + EDGE)
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%" if shares else count(value))
        ax.locator_params(axis="y", nbins=5, steps=[1, 2, 5, 10], integer=True)
        locator = AutoDateLocator(minticks=3, maxticks=8 if len(panels) == 1 and not is_narrow(ax) else 4)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
        ax.tick_params(labelsize=9.5 if len(panels) == 1 else 9)
        ax.grid(axis="y")


def _name_lines(table: SafeTable, ax: Axes, columns: Layout, values: Sequence[str]) -> None:
    """Each line's name at its end, in its colour, with the last value shown; in the narrow form, in a key above."""
    from matplotlib.lines import Line2D

    ends, drawn = [], []
    for (colour, line), name in zip(LOOKS, values, strict=False):
        if shown := [value for value in table[name] if is_shown(value)]:
            text = f"{_line_name(columns, name)}\n{_value_text(shown[-1], columns, name)}"
            ends.append((_height(shown[-1], columns, name), text, colour))
            drawn.append((Line2D([], [], color=colour, linestyle=line, linewidth=2), text.replace("\n", ", last ")))
    if is_narrow(ax):
        key_above(ax, drawn)
        return
    top = ax.get_ylim()[1]
    sizes = [top * label_size(text) for _, text, _ in ends]
    for (_, text, colour), height in zip(ends, apart([end[0] for end in ends], sizes, top), strict=True):
        ax.annotate(
            text, (1, height), xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points",
            va="center", color=colour, weight="bold", fontsize=10, linespacing=1.1,
        )  # fmt: skip


def _line_name(columns: Layout, name: str) -> str:
    """A heading without its unit: 'Took up (%), 95% interval' heads the line 'Took up'."""
    return columns[name][0].partition(" (")[0].partition(",")[0]


def _value_text(value: Any, columns: Layout, name: str) -> str:
    kind = columns[name][1].removesuffix(" interval")
    return written(value, kind) + ("%" if kind == "percent" and is_shown(value) else "")


def _name_breaks(ax: Axes, breaks: Breaks, *, lift: float) -> None:
    """What broke the series, above the drawing at its place, each on a line of its own, that many points up."""
    middle = sum(ax.get_xlim()) / 2
    for place, (first, words) in enumerate(breaks.items()):
        day = place_before(first)
        ax.annotate(
            words, (day, 1), xycoords=("data", "axes fraction"), xytext=(0, lift + 72 * NAME_OF_BREAK * place),
            textcoords="offset points", ha="right" if day > middle else "left", va="bottom", color=SOFT, fontsize=9,
            annotation_clip=False,
        )  # fmt: skip


def show_months(
    table: SafeTable,
    *,
    columns: str | Layout,
    values: Sequence[str],
    finding: str,
    measure: str,
    source: str,
    breaks: Breaks | None = None,
) -> Piece:
    """Up to four values by month as lines from zero, each named at its end.

    table   : one row per month, ascending, safe; a month without a row interrupts the lines, so a month in which
              nothing happened needs its 0
    columns : name of a layout, or the layout: its first column is the month, as text ('2020-04') or a date
    values  : columns drawn, all counts or all shares; a share whose kind is 'percent interval' gets its band
    breaks  : first month after each break -> what broke the series there ('2020-04': 'offices closed')

    Raises DataError where months do not ascend or are none, or with more than four values.
    """
    layout, breaks = _checked(table, columns, values, panel=None), breaks or {}
    if table.empty:
        return _nothing(measure)

    def draw(ax: Axes) -> Axes:
        draw_months(table, ax, columns=layout, values=values, breaks=breaks)
        _set_scale([ax], table, layout, values)
        _name_breaks(ax, breaks, lift=72 * key if is_narrow(ax) else 3)
        _name_lines(table, ax, layout, values)
        return ax

    above, key = 0.15 + NAME_OF_BREAK * len(breaks), key_height(len(values))
    return chart_piece(
        table,
        one_panel(draw, LINE_MARGINS, above=above, below=0.35),
        height=2.9 + above,
        columns=layout,
        texts=(finding, measure, source),
        summary=f"{_in_words(table, layout, values)}{_breaks_in_words(breaks)}",
        narrow=Sketch(one_panel(draw, NARROW_LINES, above=above + key, below=0.35), 2.5 + above + key),
    )


def show_small_multiples(
    table: SafeTable,
    *,
    panel: str,
    columns: str | Layout,
    value: str,
    finding: str,
    measure: str,
    source: str,
    breaks: Breaks | None = None,
) -> Piece:
    """One value by month, a small panel for each unit in the table's order, all on one scale.

    table   : one row per unit and month, months ascending within each unit, safe
    panel   : column of the units; not part of the layout
    columns : as in `show_months`, as are the breaks: they are marked in each panel and named in the measure
    value   : the column drawn

    Raises DataError as `show_months` does.
    """
    layout, breaks = _checked(table, columns, [value], panel=panel), breaks or {}
    if table.empty:
        return _nothing(measure)
    units = list(dict.fromkeys(table[panel]))
    parts = [SafeTable(table[table[panel] == unit]) for unit in units]
    wide, narrow = (Panels(units, PANEL, ABOVE, BELOW, narrow=narrow) for narrow in (False, True))

    def paint(figure: Figure, shape: Panels) -> None:
        panels = shape.add_to(figure)
        for unit, part, ax in zip(units, parts, panels, strict=True):
            draw_months(part, ax, columns=layout, values=[value], breaks=breaks)
            name_panel(ax, str(unit))
        _set_scale(panels, table, layout, [value])

    return chart_piece(
        table,
        lambda figure: paint(figure, wide),
        height=wide.height,
        columns={panel: (panel.capitalize(), "text"), **layout},
        texts=(finding, f"{measure}{_breaks_in_words(breaks)}", source),
        summary="; ".join(
            f"{unit}: {_in_words(part, layout, [value])}" for unit, part in zip(units, parts, strict=True)
        ),
        narrow=Sketch(lambda figure: paint(figure, narrow), narrow.height),
    )


def _checked(table: SafeTable, columns: str | Layout, values: Sequence[str], *, panel: str | None) -> Layout:
    layout = LAYOUTS[columns] if isinstance(columns, str) else columns
    if not 1 <= len(values) <= len(LOOKS):
        raise DataError(f"a chart shows 1 to {len(LOOKS)} lines: {len(values)} cannot be told apart")
    if unknown := [name for name in values if name not in layout]:
        raise DataError(f"column '{unknown[0]}' is to be drawn, but the layout has only: {', '.join(layout)}")
    month = next(iter(layout))
    for _, part in require_safe(table).groupby(panel, sort=False) if panel else [("", table)]:
        numbers = [month_number(value) for value in part[month]]
        if any(later <= earlier for earlier, later in pairwise(numbers)):
            raise DataError("the months of a line must ascend, with one row for each")
    return layout


def _nothing(measure: str) -> Piece:
    return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")


def _breaks_in_words(breaks: Breaks) -> str:
    words = "; ".join(f"{first_day(first):%B %Y}, {text}" for first, text in breaks.items())
    return f". Break in the series: {words}" if words else ""


def _in_words(table: SafeTable, columns: Layout, values: Sequence[str]) -> str:
    """Of each line: its first and last shown value, its highest, and how many months are hidden."""
    month = next(iter(columns))
    lines = []
    for name in values:
        shown = [row for row in table.to_dict("records") if is_shown(row[name])]
        hidden = sum(isinstance(value, str) and value == CONFIDENTIAL for value in table[name])
        parts = [
            f"{words}{_value_text(row[name], columns, name)} in {first_day(row[month]):%B %Y}"
            for words, row in _turning_points(shown, name)
        ]
        if hidden:
            parts.append(f"{hidden} {'month' if hidden == 1 else 'months'} hidden")
        lines.append(f"{_line_name(columns, name)}: {', '.join(parts)}")
    return "; ".join(lines)


def _turning_points(shown: list[dict[Any, Any]], name: str) -> list[tuple[str, dict[Any, Any]]]:
    if not shown:
        return []
    return [("", shown[0]), ("highest ", max(shown, key=lambda row: row[name])), ("", shown[-1])]
