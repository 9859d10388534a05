"""Reconvictions so far of people whose year is not over, month by month, beside those expected: marked INTERIM."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from evalkit.dates import long_date
from evalkit.present.alert_words import CHECK, TOO_SMALL, interim_finding
from evalkit.present.briefing_words import told_of
from evalkit.present.chart_forms import Sketch
from evalkit.present.chart_panels import Panels, name_panel
from evalkit.present.charts import NAVY, SOFT, chart_piece
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL = "INTERIM"
PANEL, ABOVE, BELOW, ALONE = 1.15, 0.32, 0.32, 1.9
"""Inches: height of a small panel, free space above and below it; height of a panel alone."""

TICKS = (0, 90, 180, 270, 365)


def draw_interim(curve: pd.DataFrame, ax: Axes, *, unit: str) -> Axes:
    """One unit: reconvicted so far (line with points), expected by then (dashed), and the range of chance (shaded)."""
    name_panel(ax, str(curve[unit].iloc[0]))
    if not is_shown(curve["actual_share"].iloc[-1]):
        ax.text(0.5, 0.5, CONFIDENTIAL, transform=ax.transAxes, ha="center", va="center", color=SOFT)
        return ax
    days = curve["day"].astype(float)
    actual, expected, low, high = (
        100 * curve[f"{name}_share"].astype(float) for name in ("actual", "predicted", "low", "high")
    )
    ax.fill_between(days, low, high, color=SOFT, alpha=0.2, linewidth=0)
    ax.plot(days, expected, color=SOFT, linewidth=1.4, linestyle=(0, (5, 3)))
    ax.plot(days, actual, color=NAVY, linewidth=2, marker="o", markersize=3.5)
    return ax


def show_interim(table: SafeTable, *, unit: str = "unit", finding: str, measure: str, source: str) -> Piece:
    """Share reconvicted so far and share expected, by day since the index date, one small panel for each unit.

    table : what `make_curves_safe` returned; panels stand in its order, all on one scale
    unit  : the column of the unit

    The key says INTERIM, whatever the texts say. Empty where there is nobody.
    """
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")
    units = list(dict.fromkeys(table[unit]))
    tall = ALONE if len(units) == 1 else PANEL
    wide = Panels(units, tall, ABOVE, BELOW, key=1)
    narrow = Panels(units, tall, ABOVE, BELOW, key=3, narrow=True)

    def paint(figure: Figure, layout: Panels) -> None:
        panels = layout.add_to(figure)
        if len(panels) == 1:
            _widen(panels[0], layout)
        for name, ax in zip(units, panels, strict=True):
            draw_interim(table[table[unit] == name], ax, unit=unit)
        _label_interim(panels, table, every=2 if layout.narrow and len(panels) > 1 else 1)
        _key(figure, layout)

    return chart_piece(
        table,
        lambda figure: paint(figure, wide),
        height=wide.height,
        columns={unit: ("Unit", "text"), **LAYOUTS["interim curves"]},
        texts=(finding, measure, source),
        summary=f"{LABEL}. " + "; ".join(f"{name}: {_in_words(table[table[unit] == name])}" for name in units),
        narrow=Sketch(lambda figure: paint(figure, narrow), narrow.height),
    )


def briefing_curve(table: SafeTable, curves: SafeTable, unit: str, *, as_of: datetime.date) -> Piece:
    """The curve of one unit for its briefing; empty where nothing is judged, or there are too few people.

    table  : columns of `monitor` with unit, made safe
    curves : from `make_curves_safe`
    as_of  : last day on which outcomes are known
    """
    own = require_safe(curves)[curves["unit"] == unit] if len(curves) else curves
    quiet = told_of(table, unit) in {TOO_SMALL, CHECK}
    if quiet or own.empty or not is_shown(own["actual_share"].iloc[-1]):
        return Piece("", "")
    safe = make_safe(own, counts=[], threshold=curves.threshold)
    return show_interim(
        safe,
        finding=interim_finding(safe),
        measure=f"People whose year is not counted yet, by days since the start (known up to {long_date(as_of)})",
        source="Too early to judge. Shaded: the usual range if nothing but chance is at work. Numbers rounded to 5.",
    )


def _widen(ax: Axes, layout: Panels) -> None:
    """One panel alone takes the whole width."""
    place = ax.get_position()
    left = 0.11 if layout.narrow else 0.06
    ax.set_position((left, place.y0, 0.97 - left, place.height))


def _label_interim(panels: list[Axes], table: pd.DataFrame, *, every: int) -> None:
    """The same scale in every panel, with every tick named or every second one."""
    shares = [value for name in ("actual", "high") for value in table[f"{name}_share"] if is_shown(value)]
    top = 106 * max([0.05, *shares])
    for ax in panels:
        ax.set_ylim(0, top)
        ax.set_xlim(0, TICKS[-1])
        ax.set_xticks(TICKS[::every])
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%")
        ax.locator_params(axis="y", nbins=4, steps=[1, 2, 5, 10], integer=True)
        ax.tick_params(labelsize=8.5)
        ax.grid(axis="y")


def _key(figure: Figure, layout: Panels) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines: list[Any] = [
        Line2D([], [], color=NAVY, linewidth=2, marker="o", markersize=3.5),
        Line2D([], [], color=SOFT, linestyle=(0, (5, 3)), linewidth=1.4),
        Patch(color=SOFT, alpha=0.2, linewidth=0),
    ]
    names = [f"{LABEL}: reconvicted so far", "expected by then", "range of chance, 19 times in 20"]
    layout.write_key(figure, lines, names)


def _in_words(curve: pd.DataFrame) -> str:
    """Where a unit's lines stand at their end."""
    last = curve.iloc[-1]
    if not is_shown(last["actual_share"]):
        return CONFIDENTIAL
    low, high = percent(last["low_share"]), percent(last["high_share"])
    return (
        f"{percent(last['actual_share'])}% of {count(last['people'])} people by day {count(last['day'])}, expected "
        f"{percent(last['predicted_share'])}%, by chance {low} to {high}"
    )
