"""CUSUM paths of monitored units: small multiples on one scale, a point at the end of each stretch of the calendar.

An alarm stands on the threshold, at the end of the stretch in which the arm reached it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from evalkit.dates import long_date
from evalkit.present.chart_forms import Sketch
from evalkit.present.chart_panels import Panels, name_panel
from evalkit.present.charts import NAVY, ORANGE, SOFT, TEAL, chart_piece
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import count, written

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ARMS: tuple[tuple[str, int, str, str, Any], ...] = (
    ("worse", 1, ORANGE, "^", "-"),
    ("better", -1, TEAL, "v", (0, (3, 1))),
)
"""Of a CUSUM: name, side of zero, colour, marker of an alarm, line."""

POINT: dict[str, Any] = {"linewidth": 1.8, "marker": "o", "markersize": 3.6}
"""A path: where nothing is known in between, its points are what is to be seen."""

PANEL, ABOVE, BELOW = 1.15, 0.32, 0.3
"""Inches: height of a small panel, free space above and below it."""

A_YEAR, MARGIN = datetime.timedelta(days=366), 0.02
"""The shortest time that a panel spans, so that some year begins in it; and free space on either side, as a share."""


def draw_cusum(path: pd.DataFrame, ax: Axes, *, unit: str) -> Axes:
    """Both arms of one unit: evidence for more than predicted upwards, for fewer downwards, and where they alarm."""
    shown = _begun(path, ax, unit)
    if shown.empty:
        return ax
    days = shown["matures"].to_numpy()
    for arm, sign, colour, marker, line in ARMS:
        height, threshold = (sign * shown[f"{part}_{arm}"].to_numpy(dtype=float) for part in ("cusum", "threshold"))
        alarms = shown[f"alarm_{arm}"].to_numpy(dtype=bool)
        ax.plot(days, threshold, color=SOFT, linewidth=1, linestyle=(0, (5, 3)))
        # A sum that alarmed went up to its threshold, and started again.
        before = np.flatnonzero(alarms)
        points = np.arange(len(days)) + np.cumsum(alarms)
        through = np.insert(days, before, days[before]), np.insert(height, before, threshold[before])
        ax.plot(*through, color=colour, linestyle=line, markevery=points.tolist(), **POINT)
        ax.plot(days[alarms], threshold[alarms], marker, color=colour, markersize=8, linestyle="", clip_on=False)
    return ax


def _begun(path: pd.DataFrame, ax: Axes, unit: str) -> pd.DataFrame:
    """A panel with its name and the line of nothing; returns the points that are shown, and says so if none is."""
    ax.axhline(0, color=SOFT, linewidth=1)
    name_panel(ax, str(path[unit].iloc[0]))
    shown = path[[is_shown(value) for value in path["fewer_people"]]]
    if shown.empty:
        ax.text(0.5, 0.5, CONFIDENTIAL, transform=ax.transAxes, ha="center", va="bottom", color=SOFT)
    return shown


def _label_cusum(panels: list[Axes], table: pd.DataFrame) -> None:
    """The same scale in every panel."""
    names = [f"{part}_{arm[0]}" for arm in ARMS for part in ("cusum", "threshold")]
    _label_dates(panels, table, max([1.0, *(value for name in names for value in table[name] if is_shown(value))]))


def _label_dates(panels: list[Axes], table: pd.DataFrame, reach: float) -> None:
    """Every panel from minus to plus the reach, and a little more; dates as years."""
    from matplotlib.dates import DateFormatter, YearLocator

    last = table["matures"].max()
    first = min(table["matures"].min(), last - A_YEAR)
    beside = MARGIN * (last - first)
    for ax in panels:
        ax.set_ylim(-1.15 * reach, 1.15 * reach)
        ax.set_xlim(first - beside, last + beside)
        ax.xaxis.set_major_locator(YearLocator())
        ax.xaxis.set_major_formatter(DateFormatter("%Y"))
        ax.locator_params(axis="y", nbins=4, integer=True)
        ax.yaxis.set_major_formatter(lambda value, _: count(abs(value)))
        ax.tick_params(labelsize=9)
        ax.grid(axis="y")


def show_cusum(table: SafeTable, *, unit: str, finding: str, measure: str, source: str) -> Piece:
    """CUSUM paths, one small panel for each unit in the table's order, all on one scale.

    table : what `merge_path` returned: the unit, matures, and for both arms (worse, better) cusum, threshold, alarm
    unit  : the column of the unit
    """
    names = dict.fromkeys(require_safe(table)[unit])
    said = [f"{name}: {_in_words(table[table[unit] == name])}" for name in names]

    def finish(figure: Figure, layout: Panels, panels: list[Axes]) -> None:
        _label_cusum(panels, table)
        _key(figure, layout)

    return _small_multiples(
        table, unit, (finding, measure, source), layout="cusum", draw=draw_cusum, finish=finish, said=said, keys=(1, 3)
    )


def draw_vlad(path: pd.DataFrame, ax: Axes, *, unit: str) -> Axes:
    """Predicted less actual, added up person after person, of one unit: upwards where fewer were reconvicted."""
    shown = _begun(path, ax, unit)
    if not shown.empty:
        ax.plot(shown["matures"], shown["fewer_people"].astype(float), color=NAVY, **POINT)
    return ax


def vlad_finding(table: SafeTable, *, unit: str) -> str:
    """Title of the running differences: where each unit stands at the end."""
    return f"By the end, {'; '.join(_ends_of_vlad(require_safe(table), unit))}"


def show_vlad(table: SafeTable, *, unit: str, finding: str, measure: str, source: str) -> Piece:
    """The same units' predicted less actual reconvictions so far (VLAD), for reading; it raises no alarm.

    table, unit : as in `show_cusum`
    """
    said = _ends_of_vlad(require_safe(table), unit)

    def finish(_: Figure, __: Panels, panels: list[Axes]) -> None:
        _label_dates(panels, table, max([1.0, *(abs(value) for value in table["fewer_people"] if is_shown(value))]))

    texts = (finding, measure, source)
    return _small_multiples(table, unit, texts, layout="vlad", draw=draw_vlad, finish=finish, said=said)


def _small_multiples(
    table: SafeTable,
    unit: str,
    texts: tuple[str, str, str],
    *,
    layout: str,
    draw: Callable[..., object],
    finish: Callable[[Figure, Panels, list[Axes]], None],
    said: list[str],
    keys: tuple[int, int] = (0, 0),
) -> Piece:
    """One small panel for each unit in the table's order; keys: lines of the key in the wide and the narrow form."""
    if table.empty:
        return Piece(f'<p class="note">{escaped(texts[1])}: nothing to show.</p>', f"{texts[1]}: nothing to show.")
    units = list(dict.fromkeys(table[unit]))
    wide = Panels(units, PANEL, ABOVE, BELOW, key=keys[0])
    narrow = Panels(units, PANEL, ABOVE, BELOW, key=keys[1], narrow=True)

    def paint(figure: Figure, form: Panels) -> None:
        panels = form.add_to(figure)
        for name, ax in zip(units, panels, strict=True):
            draw(table[table[unit] == name], ax, unit=unit)
        finish(figure, form, panels)

    return chart_piece(
        table,
        lambda figure: paint(figure, wide),
        height=wide.height,
        columns={unit: ("Unit", "text"), **LAYOUTS[layout]},
        texts=texts,
        summary="; ".join(said),
        narrow=Sketch(lambda figure: paint(figure, narrow), narrow.height),
    )


def _ends_of_vlad(table: SafeTable, unit: str) -> list[str]:
    return [f"{name}: {_fewer_in_words(table[table[unit] == name])}" for name in dict.fromkeys(table[unit])]


def _fewer_in_words(path: pd.DataFrame) -> str:
    last = path["fewer_people"].iloc[-1]
    if not is_shown(last):
        return CONFIDENTIAL
    return f"{count(abs(last))} {'fewer' if last > 0 else 'more'} than predicted" if last else "as many as predicted"


def _key(figure: Figure, layout: Panels) -> None:
    from matplotlib.lines import Line2D

    names = ("more than predicted ▲ alarm", "fewer than predicted ▼ alarm")
    lines = [Line2D([], [], color=colour, linestyle=line, linewidth=1.8) for _, _, colour, _, line in ARMS]
    lines.append(Line2D([], [], color=SOFT, linestyle=(0, (5, 3)), linewidth=1))
    layout.write_key(figure, lines, [*names, "threshold"])


def _in_words(path: pd.DataFrame) -> str:
    """A unit's alarms, and where its arms stand at the end."""
    last = path.iloc[-1]
    if not is_shown(last["cusum_worse"]):
        return CONFIDENTIAL
    words = {"worse": "more than predicted", "better": "fewer than predicted"}
    alarms = [
        f"alarm for {words[arm]} by {long_date(row['matures'])}"
        for row in path.to_dict("records")
        for arm in words
        if row[f"alarm_{arm}"]
    ]
    ends = ", ".join(
        f"{words[arm]} {written(last[f'cusum_{arm}'], 'ratio')} of {written(last[f'threshold_{arm}'], 'ratio')}"
        for arm in words
    )
    return f"{', '.join(alarms) or 'no alarm'}; at the end {ends}"
