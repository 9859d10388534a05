"""Reconvicted by day: Kaplan-Meier curves of merged steps, with their bands and the numbers at risk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from evalkit.errors import DataError
from evalkit.present.chart_forms import Sketch, edges, is_narrow, key_above, key_height
from evalkit.present.charts import INK, NAVY, ORANGE, PURPLE, TEAL, chart_piece, one_panel
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import count, percent, written

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LOOKS: tuple[tuple[str, Any], ...] = (
    (NAVY, "-"),
    (ORANGE, (0, (6, 2))),
    (TEAL, (0, (2, 1.5))),
    (PURPLE, (0, (6, 2, 1, 2))),
)
"""Colour and line of each curve."""

SURVIVAL_MARGINS = 0.07, 0.79
LINE_OF_LABEL, BETWEEN_LABELS = 0.062, 0.02
"""Of a label at the end of a line: the height of one line, and what is left free, as shares of the axis's height."""

DAYS = (0, 90, 180, 270, 365)
NARROW_SURVIVAL = 0.13, 0.93


def draw_survival(table: pd.DataFrame, ax: Axes, *, days: Sequence[int] = DAYS) -> Axes:
    """Share reconvicted by day in steps with a band for each group; its name and last value at the end of its curve."""
    ends = []
    for (colour, line), (name, curve) in zip(LOOKS, table.groupby("group", sort=False), strict=False):
        if not is_shown(curve["reconvicted"].iloc[-1]):
            continue
        shown = curve[["time", "reconvicted", "low", "high"]].astype(float)
        reconvicted, low, high = (100 * shown[side] for side in ("reconvicted", "low", "high"))
        ax.fill_between(shown["time"], low, high, step="post", color=colour, alpha=0.15, linewidth=0)
        drawn = ax.step(shown["time"], reconvicted, where="post", color=colour, linewidth=2.2, linestyle=line)
        ends.append((float(reconvicted.iloc[-1]), str(name), colour, drawn[0]))
    shares = [value for side in ("reconvicted", "high") for value in table[side] if is_shown(value)]
    top = 105 * max(shares, default=0.0) or 1.0
    ax.set_ylim(0, top)
    ax.set_xlim(0, max([*days, *table["time"]]))
    _name_curves(ax, ends, top)
    ax.set_xticks(list(days))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")
    ax.locator_params(axis="y", nbins=6, steps=[1, 2, 5, 10], integer=True)
    ax.tick_params(labelsize=9.5)
    ax.grid(axis="y")
    ax.set_xlabel("days of follow-up", fontsize=9.5, labelpad=3)
    _numbers_at_risk(table, ax, days)
    return ax


def _name_curves(ax: Axes, ends: Sequence[tuple[float, str, str, Any]], top: float) -> None:
    """Each curve's name and last value at its end; in the narrow form, in a key above."""
    if is_narrow(ax):
        key_above(ax, [(line, f"{name} {percent(height / 100)}%") for height, name, _, line in ends])
        return
    texts = [f"{fill(name, 17)}\n{percent(height / 100)}%" for height, name, _, _ in ends]
    places = apart([end[0] for end in ends], [top * label_size(text) for text in texts], top)
    for (_, _, colour, _), text, height in zip(ends, texts, places, strict=True):
        ax.annotate(
            text, (1, height), xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points",
            va="center", color=colour, weight="bold", fontsize=10, linespacing=1.1,
        )  # fmt: skip


def label_size(text: str) -> float:
    """Of a label at the end of a line, as a share of the axis's height."""
    return LINE_OF_LABEL * (text.count("\n") + 1) + BETWEEN_LABELS


def apart(heights: Sequence[float], sizes: Sequence[float], top: float) -> list[float]:
    """The same heights, moved apart where labels of these sizes would overlap, and not above the top."""
    placed: dict[int, float] = {}
    last, below = float("-inf"), 0.0
    for place in sorted(range(len(heights)), key=lambda place: heights[place]):
        last = max(heights[place], last + (below + sizes[place]) / 2)
        placed[place], below = last, sizes[place]
    return [placed[place] - max(0.0, last - top) for place in range(len(heights))]


def _numbers_at_risk(table: pd.DataFrame, ax: Axes, days: Sequence[int]) -> None:
    """A row for each group under the axis: how many were still at risk after the last step up to each day."""
    line: dict[str, Any] = {"textcoords": "offset points", "va": "center", "annotation_clip": False, "fontsize": 9.5}
    tick: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "ha": "center", "color": INK, **line}
    for place, ((colour, _), (name, curve)) in enumerate(zip(LOOKS, table.groupby("group", sort=False), strict=False)):
        below = -46 - 33 * place
        text = f"At risk: {name}"
        ax.annotate(text, (edges(ax)[0], 0), xycoords="axes fraction", xytext=(0, below), color=colour, **line)
        for day in days:
            text = written(at_risk_on(curve, day), "count")
            ax.annotate(text, (day, 0), xytext=(0, below - 15), **tick)


def at_risk_on(curve: pd.DataFrame, day: int) -> Any:
    """The number at risk after the last step up to a day: a number, or '[c]'; nothing after the end of the curve."""
    if day > 0 and not is_shown(curve["reconvicted"].iloc[-1]):
        return CONFIDENTIAL
    return curve.loc[curve["time"] <= day, "at_risk"].iloc[-1]


def show_survival(
    table: SafeTable,
    *,
    finding: str,
    measure: str,
    source: str,
    days: Sequence[int] = DAYS,
    outcome: str = "reconvicted",
) -> Piece:
    """Share reconvicted by day, up to four groups.

    table   : what `merge_steps` returned, with the groups' names in a column 'group'
    days    : ticks of the axis, and days for which the number at risk is given
    outcome : what happened to those who are counted

    Raises DataError with more than four groups: more lines than that cannot be told apart.
    """
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")
    groups = table["group"].nunique()
    if groups > len(LOOKS):
        raise DataError(f"{groups} groups are too many for one chart: show {len(LOOKS)} or fewer at a time")
    below = 0.58 + 0.46 * groups

    def draw(ax: Axes) -> Axes:
        return draw_survival(table, ax, days=days)

    return chart_piece(
        table,
        one_panel(draw, SURVIVAL_MARGINS, above=0.35, below=below),
        height=2.9 + below,
        columns=LAYOUTS["survival"],
        texts=(finding, measure, source),
        summary=_in_words(table, days, outcome),
        narrow=narrow_survival(draw, groups),
    )


def narrow_survival(draw: Callable[[Axes], Axes], groups: int) -> Sketch:
    """The form for a phone of curves with their numbers at risk."""
    above, below = key_height(groups), 0.58 + 0.46 * groups
    return Sketch(one_panel(draw, NARROW_SURVIVAL, above=above, below=below), 2.1 + above + below)


def _in_words(table: SafeTable, days: Sequence[int], outcome: str) -> str:
    """The curves at the ticks of the axis."""
    parts = []
    for name, curve in table.groupby("group", sort=False):
        if not is_shown(curve["reconvicted"].iloc[-1]):
            parts.append(f"{name}: {CONFIDENTIAL}")
            continue
        at_days = [curve[curve["time"] <= day].iloc[-1] for day in days if day > 0]
        found = ", ".join(
            f"{percent(row['reconvicted'])}% by day {count(day)}"
            for row, day in zip(at_days, [day for day in days if day > 0], strict=True)
        )
        last = curve.iloc[-1]
        interval = f"95% interval {percent(last['low'])} to {percent(last['high'])} at the end"
        parts.append(f"{name}: {found} {outcome} ({interval})")
    return "; ".join(parts)
