"""Whom the figures are about: who left at each step of an attrition flow, and who went on from stage to stage."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

from evalkit.present.chart_forms import NARROW_LEFT, Rows, Sketch, edges, is_narrow
from evalkit.present.charts import GAP, INK, LINE, NAVY, SOFT, chart_piece, one_panel
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS, Layout
from evalkit.present.numbers import percent, written

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.axes import Axes

ATTRITION: Layout = {
    "step": ("Step", "text"),
    "excluded": ("Left at this step", "count"),
    "remaining": ("Remaining", "count"),
    "reason": ("Why they left", "text"),
}
BOX, STEM, BRANCH = 0.53, 0.04, 0.575
"""Across the drawing of an attrition flow: where boxes end, arrows go down, and the words on those who leave begin."""

BOX_HEIGHT, BAR = 0.54, 0.46
"""Of a box and of a bar; rows are one apart."""

STAGE_MARGINS = 0.3, 0.65
NARROW_STAGES = Rows(1, 1, 0.16)

Row = dict["Hashable", Any]


def draw_attrition(flow: SafeTable, ax: Axes, *, start: str) -> Axes:
    """Boxes from the top down, filled as far as people remain; to their right who left before each, and why."""
    rows = require_safe(flow).to_dict("records")
    most = max([row["remaining"] for row in rows if is_shown(row["remaining"])], default=0) or 1
    for position, row in enumerate(rows):
        if is_shown(row["remaining"]):
            ax.barh(position, BOX * row["remaining"] / most, height=BOX_HEIGHT, color=LINE, zorder=1)
        ax.barh(position, BOX, height=BOX_HEIGHT, color="none", edgecolor=NAVY, linewidth=1.3, zorder=2)
        _write_box(ax, position, row, start if position == 0 else row["step"])
        if position:
            _draw_leaving(ax, position, row)
    ax.set_xlim(0, 1)
    ax.set_ylim(len(rows) - 0.7, -0.3)
    ax.set_axis_off()
    return ax


def _write_box(ax: Axes, position: int, row: Row, name: str) -> None:
    ax.text(0.015, position, written(row["remaining"], "count"), va="center", color=INK, weight="bold", fontsize=12)
    ax.text(0.125, position, fill(name, 40), va="center", color=INK, fontsize=9.5, linespacing=1.1, zorder=3)


def _draw_leaving(ax: Axes, position: int, row: Row) -> None:
    """An arrow down to the box, and from it a branch to those who left."""
    line: dict[str, Any] = {"color": GAP, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    top, bottom, middle = position - 1 + BOX_HEIGHT / 2, position - BOX_HEIGHT / 2, position - 0.5
    for end, begin in (((STEM, bottom), (STEM, top)), ((BRANCH - 0.01, middle), (STEM, middle))):
        ax.annotate("", end, xytext=begin, arrowprops={"arrowstyle": "-|>", **line}, zorder=0)
    left = f"{written(row['excluded'], 'count')} left"
    ax.text(BRANCH, middle, left, va="bottom", color=INK, weight="bold", fontsize=10)
    ax.text(BRANCH, middle + 0.03, fill(row["reason"], 46), va="top", color=SOFT, fontsize=9, linespacing=1.1)


def show_attrition(flow: SafeTable, *, start: str, finding: str, measure: str, source: str) -> Piece:
    """An attrition flow as a diagram: people remaining after each step, those who left there, and why.

    flow  : what `make_flow_safe` returned: step, excluded, remaining, reason
    start : what the first number counts
    """
    steps = require_safe(flow).to_dict("records")
    said = [
        f"{row['step']}: {written(row['excluded'], 'count')} left ({row['reason']}), "
        f"{written(row['remaining'], 'count')} remain"
        for row in steps[1:]
    ]
    first = f"{written(steps[0]['remaining'], 'count')} {start}"
    return chart_piece(
        flow,
        one_panel(lambda ax: draw_attrition(flow, ax, start=start), (0.005, 0.995), above=0.05, below=0.05),
        height=0.84 * (len(steps) - 0.4) + 0.1,
        columns=ATTRITION,
        texts=(finding, measure, source),
        summary="; ".join([first, *said]),
    )


def draw_stages(table: SafeTable, ax: Axes) -> Axes:
    """A bar for the people of each stage; where it is part of the stage above, a band leads from there to it."""
    rows = table.to_dict("records")
    narrow = is_narrow(ax)
    for position, row in enumerate(rows):
        before: Row = rows[position - 1] if position else {"label": None, "people": None}
        if narrow:
            _write_above(ax, position, row, above=before["label"])
        if is_shown(row["people"]):
            thickness = NARROW_STAGES.marks / NARROW_STAGES.pitch if narrow else BAR
            ax.barh(position, row["people"], height=thickness, color=NAVY)
        if narrow:
            continue
        if row["of_label"] == before["label"] and is_shown(row["people"]) and is_shown(before["people"]):
            ends = [position - 1 + BAR / 2, position - BAR / 2]
            ax.fill_betweenx(ends, 0, [before["people"], row["people"]], color=LINE, linewidth=0)
        _write_stage(ax, position, row, above=before["label"])
    most = max([row["people"] for row in rows if is_shown(row["people"])], default=0) or 1
    ax.set_xlim(0, most)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    if narrow:
        NARROW_STAGES.frame(ax, len(rows))
    ax.set_axis_off()
    return ax


def _write_above(ax: Axes, position: int, row: Row, *, above: str | None) -> None:
    """The words of a stage in the narrow form: its name, and its people above the bar."""
    share = _share_words(row, above)
    NARROW_STAGES.write(ax, position, f"{written(row['people'], 'count')} {row['label']}", below=share, weight="bold")


def _write_stage(ax: Axes, position: int, row: Row, *, above: str | None) -> None:
    """The stage's name; its people, and which share of which stage they are, at the end of its bar."""
    place = (row["people"] if is_shown(row["people"]) else 0, position)
    style: dict[str, Any] = {"textcoords": "offset points", "color": INK}
    name = fill(row["label"], 27)
    ax.text(edges(ax)[0], position, name, transform=ax.get_yaxis_transform(), va="center", color=INK, fontsize=10.5)
    share = _share_words(row, above)
    ax.annotate(
        written(row["people"], "count"), place, xytext=(6, 1 if share else 0), weight="bold", fontsize=10.5,
        va="bottom" if share else "center", **style,
    )  # fmt: skip
    ax.annotate(share, place, xytext=(6, -1), va="top", fontsize=9, **style)


def _share_words(row: Row, above: str | None) -> str:
    """'63.2% of those above (61.0 to 65.4)'; nothing for a stage that is part of none, or hidden."""
    if not row["of_label"] or not is_shown(row["share"]):
        return ""
    whole = "those above" if row["of_label"] == above else row["of_label"].lower()
    return f"{percent(row['share'])}% of {whole} ({percent(row['low'])} to {percent(row['high'])})"


def show_stages(
    table: SafeTable, *, finding: str, measure: str, source: str, columns: str | Layout = "stages"
) -> Piece:
    """People at each stage of a service, and the share of the stage before who went on.

    table   : one row per stage, first to last: label, people, of_label (the stage that it is part of, '' for none),
              share of that stage with low and high (0-1)
    columns : layout of the table below the chart, or its name
    """
    if not any(is_shown(people) for people in require_safe(table)["people"]):
        return Piece(f'<p class="note">{escaped(measure)}: {CONFIDENTIAL}.</p>', f"{measure}: {CONFIDENTIAL}.")

    def draw(ax: Axes) -> Axes:
        return draw_stages(table, ax)

    return chart_piece(
        table,
        one_panel(draw, STAGE_MARGINS, above=0.02, below=0.02),
        height=0.72 * len(table),
        columns=LAYOUTS[columns] if isinstance(columns, str) else columns,
        texts=(finding, measure, source),
        narrow=Sketch(
            one_panel(draw, (NARROW_LEFT, 0.98), above=0.02, below=0.02), NARROW_STAGES.pitch * len(table) + 0.04
        ),
    )
