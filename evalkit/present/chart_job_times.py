"""Time from taking up a service to the first job: the curves of a survival chart, under their own headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.present.chart_survival import SURVIVAL_MARGINS, draw_survival, narrow_survival
from evalkit.present.charts import chart_piece, one_panel
from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.ete_layouts import ETE_LAYOUTS
from evalkit.present.findings import survival_finding
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

DAYS = (0, 91, 183, 274, 365)
"""Quarters of a year."""


def draw_job_times(table: pd.DataFrame, ax: Axes) -> Axes:
    """Share in work by day in steps with a band for each group, and the people not yet in work below."""
    draw_survival(table, ax, days=DAYS)
    ax.set_xlabel("days since taking up the service", fontsize=9.5, labelpad=3)
    return ax


def show_time_to_job(table: SafeTable, *, measure: str, source: str) -> Piece:
    """Share of people who have found a first job, by day, up to four groups.

    table : what `make_curve_safe` returned: group, time, reconvicted (here: in work by then), low, high, at_risk
    """
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")
    below = 0.58 + 0.46 * table["group"].nunique()
    ends = [curve.iloc[-1] for _, curve in table.groupby("group", sort=False)]
    words = [
        f"{end['group']}: {percent(end['reconvicted'])}% ({percent(end['low'])} to {percent(end['high'])})"
        for end in ends
        if is_shown(end["reconvicted"])
    ]

    def draw(ax: Axes) -> Axes:
        return draw_job_times(table, ax)

    return chart_piece(
        table,
        one_panel(draw, SURVIVAL_MARGINS, above=0.35, below=below),
        height=2.9 + below,
        columns=ETE_LAYOUTS["time to job"],
        texts=(survival_finding(table, outcome="in work"), measure, source),
        summary=f"In work at the end of each curve, with 95% interval: {'; '.join(words)}" if words else "",
        narrow=narrow_survival(draw, table["group"].nunique()),
    )
