"""One difference in many subgroups: a forest plot with a heading for each kind and the difference of everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalkit.present.chart_forms import NARROW_LEFT, Rows, Sketch, edges, is_narrow
from evalkit.present.charts import GAP, INK, NAVY, SOFT, chart_piece, one_panel
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.ete_layouts import ETE_LAYOUTS
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count, points, written

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MARGINS = 0.40, 0.76
EVERYONE = "Everyone"
ROW = 0.27
"""Height of a row, in inches."""

_NARROW = Rows(1, 0, 0.12)
"""Rows of the narrow form; a heading takes one, as a row does."""


def draw_subgroups(table: pd.DataFrame, ax: Axes) -> Axes:
    """Each estimate with its interval in percentage points under the heading of its kind; a line at everyone's."""
    across = ax.get_yaxis_transform()
    ax.axvline(0, color=SOFT, linewidth=1.2, zorder=0)
    place, kind = 0, EVERYONE
    for row in table.to_dict("records"):
        if row["kind"] != kind:
            kind, place = row["kind"], place + (0 if is_narrow(ax) else 1)
            ax.text(edges(ax)[0], place, kind, transform=across, va="center", color=INK, weight="bold", fontsize=10)
            place += 1
        _draw_row(ax, row, place, everyone=kind == EVERYONE)
        place += 1
    if is_narrow(ax):
        _NARROW.frame(ax, place)
    else:
        ax.set_ylim(place - 0.3, -0.8)
    ax.set_yticks([])
    ax.margins(x=0.03)
    ax.locator_params(axis="x", nbins=4 if is_narrow(ax) else 6, steps=[1, 2, 5, 10])
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:+g}".replace("-", "−").replace("+0", "0"))
    said = "percentage points; below zero:", "reconvicted less than people not there yet"
    ax.set_xlabel(("\n" if is_narrow(ax) else " ").join(said), fontsize=9, loc="left" if is_narrow(ax) else "center")
    ax.tick_params(labelsize=9.5)
    ax.grid(axis="x")
    return ax


def _draw_row(ax: Axes, row: dict[Any, Any], place: int, *, everyone: bool) -> None:
    across = ax.get_yaxis_transform()
    people = f"{row['name']}  ({written(row['people'], 'count')})"
    left_edge, right_edge = edges(ax)
    indent = 0 if everyone else 0.03
    if is_narrow(ax):
        _NARROW.write(ax, place, people, size=9)
    else:
        ax.text(left_edge + indent, place, people, transform=across, va="center", color=INK, fontsize=9)
    if not (is_shown(row["estimate"]) and is_shown(row["low"])):
        word = CONFIDENTIAL if isinstance(row["estimate"], str) else "too few"
        ax.text(right_edge, place, word, transform=across, va="center", ha="right", color=SOFT, fontsize=9)
        return
    estimate, low, high = (100 * row[name] for name in ("estimate", "low", "high"))
    if everyone:
        ax.axvline(estimate, color=GAP, linewidth=1.2, linestyle=(0, (4, 3)), zorder=0)
    ax.plot([low, high], [place] * 2, color=NAVY, linewidth=1.6)
    ax.plot(estimate, place, "D" if everyone else "o", color=NAVY, markersize=6 if everyone else 5)
    text = f"{points(row['estimate'])} ({points(row['low'])} to {points(row['high'])})"
    ax.text(right_edge, place, text, transform=across, va="center", ha="right", color=INK, fontsize=9)


def subgroups_finding(table: SafeTable) -> str:
    """Title of a forest of subgroups: how many stand out after allowing for their number."""
    rows = [row for row in require_safe(table).to_dict("records") if row["kind"] != EVERYONE]
    shown = [row for row in rows if is_shown(row["estimate"]) and is_shown(row["q_value"])]
    if not shown:
        return "There are too few people to compare within subgroups"
    clear = sum(row["q_value"] < 0.05 for row in shown)
    return f"{count(clear)} of {count(len(shown))} subgroups differ clearly, once their number is allowed for"


def multiplicity_note(table: SafeTable) -> str:
    """How many subgroups are looked at, what their number means, and by which kinds the difference varies."""
    rows = [row for row in require_safe(table).to_dict("records") if row["kind"] != EVERYONE]
    shown = [row for row in rows if is_shown(row["q_value"])]
    by_chance = f"{0.05 * len(shown):.1f}"
    alike = {row["kind"]: row["p_alike"] for row in rows if is_shown(row["p_alike"])}
    said = ", ".join(f"{kind.lower()} {written(p, 'p')}" for kind, p in alike.items())
    return (
        f"{len(shown)} subgroups are estimated: with no difference in any, about {by_chance} would have p below 0.05. "
        "q is the share of false findings to expect among those with a q as small (Benjamini-Hochberg)."
        + (f" One difference in all subgroups (Cochran's Q), p: {said}." if said else "")
    )


def show_subgroups(table: SafeTable, *, measure: str, source: str) -> Piece:
    """A difference by subgroup as a forest plot.

    table : what `make_subgroups_safe` returned: kind, name, people, estimate, low, high, q_value, p_alike; the row of
            everyone first
    """
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")
    rows = len(table) + 2 * (table["kind"].nunique() - 1)

    def draw(ax: Axes) -> Axes:
        return draw_subgroups(table, ax)

    return chart_piece(
        table,
        one_panel(draw, MARGINS, above=0.05, below=0.55),
        height=ROW * rows + 0.75,
        columns=ETE_LAYOUTS["subgroups"],
        texts=(subgroups_finding(table), measure, f"{source} {multiplicity_note(table)}"),
        narrow=Sketch(
            one_panel(draw, (NARROW_LEFT, 0.56), above=0.02, below=0.6),
            _NARROW.pitch * (len(table) + table["kind"].nunique() - 1) + 0.62,
        ),
    )
