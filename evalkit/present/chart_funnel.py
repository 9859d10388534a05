"""A funnel of monitored units: actual over predicted against size, with the limits of what chance explains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalkit.errors import DataError
from evalkit.present.chart_forms import Sketch, is_narrow
from evalkit.present.charts import INK, NAVY, ORANGE, PAPER, SOFT, TEAL, chart_piece, one_panel
from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FUNNEL_MARGINS = 0.08, 0.92
WORSE, BETTER = "worse", "better"
LABELLED = "alert"
NARROW_FUNNEL = 0.12, 0.86
KEYS_ACROSS, NARROW_KEYS = 3, 2
SIDES: Mapping[str, Any] = {
    "right": ((9, 0), ("left", "center")),
    "left": ((-9, 0), ("right", "center")),
    "above": ((0, 8), ("center", "bottom")),
    "below": ((0, -8), ("center", "top")),
}
"""Where a name can stand: its offset from the marker in points, and how it is aligned."""

LOOKS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("alert", WORSE): {"marker": "^", "color": ORANGE, "markersize": 10},
    ("alert", BETTER): {"marker": "v", "color": TEAL, "markersize": 10},
    ("watch", WORSE): {"marker": "^", "color": PAPER, "markeredgecolor": ORANGE, "markersize": 9},
    ("watch", BETTER): {"marker": "v", "color": PAPER, "markeredgecolor": TEAL, "markersize": 9},
    ("as expected", ""): {"marker": "o", "color": NAVY, "markersize": 6.5},
    ("data-quality hold", ""): {"marker": "s", "color": PAPER, "markeredgecolor": SOFT, "markersize": 7},
    ("too small to judge", ""): {"marker": "x", "color": SOFT, "markersize": 6.5},
}
"""Marker of each state and direction: shape and filling say what colour says."""


def draw_funnel(table: pd.DataFrame, ax: Axes, *, limits: pd.DataFrame, unit: str) -> Axes:
    """Each unit's ratio against its predicted number, with the limits within which chance leaves it; alerts named."""
    units: list[Any] = table.to_dict("records")
    rows = [row | {"unit": row[unit]} for row in units if is_shown(row["ratio"]) and is_shown(row["predicted"])]
    ax.axhline(1, color=SOFT, linewidth=1.4, zorder=0)
    for row in rows:
        ax.plot(row["predicted"], row["ratio"], linestyle="", zorder=3, **_look(row))
    reach = 1.08 * max([row["predicted"] for row in rows] + [1.0])
    ax.set_xlim(0, reach)
    ax.set_ylim(*_heights(rows, limits))
    _draw_limits(limits[limits["predicted"] <= reach], ax)
    _name_alerts(rows, ax)
    _label_funnel(rows, ax)
    return ax


def _draw_limits(limits: pd.DataFrame, ax: Axes) -> None:
    right = ax.get_yaxis_transform()
    for name, label, line in (("95", "95%", (0, (5, 3))), ("998", "99.8%", "-")):
        for side in ("low", "high"):
            heights = limits[f"{side}_{name}"]
            ax.plot(limits["predicted"], heights, color=SOFT, linewidth=1.2, linestyle=line, zorder=0)
            edge = "bottom" if (side == "high") == (name == "998") else "top"
            ax.text(1.01, heights.iloc[-1], label, transform=right, va=edge, color=SOFT, fontsize=9)


def _look(row: Mapping[str, Any]) -> Mapping[str, Any]:
    directed = (row["state"], row["direction"])
    look = LOOKS.get(directed) or LOOKS.get((row["state"], ""))
    if look is None:
        known = ", ".join(sorted({state for state, _ in LOOKS}))
        raise DataError(
            f"unit '{row['unit']}' has the state '{row['state']}', direction '{row['direction']}' (known: {known})"
        )
    return {"markeredgewidth": 1.8, **look}


def _heights(rows: list[dict[str, Any]], limits: pd.DataFrame) -> tuple[float, float]:
    """From a little below the lowest to a little above the highest of units and limits, from the smallest unit on."""
    smallest = min([row["predicted"] for row in rows], default=0.0)
    near = limits[limits["predicted"] >= smallest]
    ratios = [1.0, *(row["ratio"] for row in rows)]
    low, high = min([*ratios, *near["low_998"]]), max([*ratios, *near["high_998"]])
    return max(0.0, low - 0.06 * (high - low)), high + 0.08 * (high - low)


def _name_alerts(rows: list[Any], ax: Axes) -> None:
    """The names of alerts beside their markers, each on the side where it covers the fewest markers and names."""
    figure = ax.get_figure(root=True)
    scale = 72 / figure.dpi if figure else 1.0
    points = scale * ax.transData.transform([(row["predicted"], row["ratio"]) for row in rows])
    taken = [(x - 6, x + 6, y - 6, y + 6) for x, y in points]
    left, right = (scale * ax.transAxes.transform((edge, 0))[0] for edge in (0, 1))
    for row, (x, y) in zip(rows, points, strict=True):
        if row["state"] != LABELLED:
            continue
        boxes = {side: _box(x, y, side, 6.4 * len(str(row["unit"]))) for side in SIDES}
        side = min(SIDES, key=lambda side: _covered(boxes[side], taken) + 99 * _outside(boxes[side], left, right))
        taken.append(boxes[side])
        (across, up), (horizontal, vertical) = SIDES[side]
        ax.annotate(
            str(row["unit"]), (row["predicted"], row["ratio"]), xytext=(across, up), textcoords="offset points",
            ha=horizontal, va=vertical, color=INK, weight="bold", fontsize=10, zorder=4,
        )  # fmt: skip


Box = tuple[float, float, float, float]


def _box(x: float, y: float, side: str, width: float) -> Box:
    """Left, right, bottom and top of a name beside a marker, in points."""
    (across, up), _ = SIDES[side]
    left = {"right": x + across, "left": x + across - width}.get(side, x - width / 2)
    bottom = {"above": y + up, "below": y + up - 12}.get(side, y - 6)
    return left, left + width, bottom, bottom + 12


def _covered(box: Box, others: list[Box]) -> int:
    left, right, bottom, top = box
    return sum(left < east and west < right and bottom < north and south < top for west, east, south, north in others)


def _outside(box: Box, left: float, right: float) -> bool:
    return box[0] < left or box[1] > right


def _label_funnel(rows: list[dict[str, Any]], ax: Axes) -> None:
    ax.set_xlabel("predicted number reconvicted", fontsize=9.5)
    ax.locator_params(axis="x", nbins=5 if is_narrow(ax) else 7, integer=True)
    ax.locator_params(axis="y", nbins=7)
    ax.xaxis.set_major_formatter(lambda value, _: count(value))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.1f}")
    ax.tick_params(labelsize=9.5)
    ax.grid(axis="y")
    present = {(row["state"], row["direction"]) for row in rows}
    shown = [
        look for look in LOOKS if look in present or (look[1] == "" and look[0] in {state for state, _ in present})
    ]
    keys = [ax.plot([], [], linestyle="", markeredgewidth=1.8, **{"color": NAVY, **LOOKS[look]})[0] for look in shown]
    names = [f"{state}, {direction}" if direction else state for state, direction in shown]
    across = NARROW_KEYS if is_narrow(ax) else KEYS_ACROSS
    ax.legend(
        keys, names, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=across, frameon=False, borderaxespad=0.2,
        handletextpad=0.2, columnspacing=1.2, fontsize=9.5,
    )  # fmt: skip


def show_funnel(table: SafeTable, limits: SafeTable, *, unit: str, finding: str, measure: str, source: str) -> Piece:
    """Funnel of actual over predicted against the predicted number, with each alert named; nothing is ranked.

    table  : the unit, predicted, ratio, state (as expected, watch, alert, data-quality hold, too small to judge) and
             direction (worse, better, or '')
    limits : predicted (ascending), low_95, high_95, low_998, high_998; where it has them, their adjusted ones are drawn
    unit   : the column of the unit

    Raises DataError for a state that is not known.
    """
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")
    kinds = len(set(zip(table["state"], table["direction"], strict=True)))
    lines, narrow_lines = (math.ceil(kinds / across) for across in (KEYS_ACROSS, NARROW_KEYS))
    curves = _drawn(require_safe(limits))

    def draw(ax: Axes) -> Axes:
        return draw_funnel(table, ax, limits=curves, unit=unit)

    return chart_piece(
        table,
        one_panel(
            draw,
            FUNNEL_MARGINS,
            above=0.2 + 0.2 * lines,
            below=0.6,
        ),
        height=4.5 + 0.2 * lines,
        columns={unit: ("Unit", "text"), **LAYOUTS["funnel"]},
        texts=(finding, measure, source),
        narrow=Sketch(
            one_panel(draw, NARROW_FUNNEL, above=0.2 + 0.2 * narrow_lines, below=0.5), 3.9 + 0.2 * narrow_lines
        ),
    )


def _drawn(limits: pd.DataFrame) -> pd.DataFrame:
    """The limits that decide the state: the adjusted ones where there are any."""
    names = [f"{side}_{level}" for level in ("95", "998") for side in ("low", "high")]
    adjusted = {name: f"adjusted_{name}" if f"adjusted_{name}" in limits else name for name in names}
    return pd.DataFrame(
        {name: limits[source].astype(float) for name, source in {"predicted": "predicted", **adjusted}.items()}
    )
