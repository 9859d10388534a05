"""From the first night to three months: a heat table, one row per category of the first night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalkit.present.chart_forms import Sketch, edges, is_narrow
from evalkit.present.charts import INK, LINE, NAVY, chart_piece, one_panel
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count, percent, written
from evalkit.present.release_safe import UNKNOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARGINS, NARROW_MARGINS = (0.235, 0.995), (0.265, 0.995)
LIGHTEST, DARKEST = 0.04, 0.5
"""Strength of the colour at 0 and 100%: words of one colour can be read on all of it, on light pages and dark ones."""

HEAD, ROW = 0.5, 0.46
NARROW_HEAD, NARROW_ROW = 1.12, 0.5
"""Inches: the names of the columns, and a row, in either form; on a phone the names stand upright."""


def draw_transitions(table: pd.DataFrame, ax: Axes) -> Axes:
    """A cell per pair of categories, the darker the larger its share of the row, with that share written in it.

    table : first, third, releases, of, share; row by row
    """
    categories = list(dict.fromkeys(table["first"]))
    for place, row in enumerate(table.to_dict("records")):
        down, across = divmod(place, len(categories))
        share = float(row["share"]) if is_shown(row["share"]) else 0.0
        strength = round(LIGHTEST + (DARKEST - LIGHTEST) * share, 3)
        cell: dict[str, Any] = {"left": across + 0.03, "width": 0.94, "height": 0.9}
        ax.barh(down, **cell, color=NAVY, alpha=strength, linewidth=0)
        if down == across:
            ax.barh(down, **cell, color="none", edgecolor=NAVY, linewidth=1.1)
        text = percent(share) if is_shown(row["share"]) else written(row["releases"], "count", missing="–")
        ax.text(across + 0.5, down, text, ha="center", va="center", fontsize=8.5 if is_narrow(ax) else 10, color=INK)
    _name(table, categories, ax)
    ax.set_xlim(0, len(categories))
    ax.set_ylim(len(categories) - 0.45, -0.55)
    ax.set_axis_off()
    return ax


def _name(table: pd.DataFrame, categories: Sequence[str], ax: Axes) -> None:
    """Names of the rows with their releases, and of the columns."""
    narrow, left = is_narrow(ax), edges(ax)[0]
    totals = table.drop_duplicates("first").set_index("first")["of"]
    size = 8 if narrow else 9
    for place, name in enumerate(categories):
        own, releases = name.capitalize(), written(totals[name], "count")
        label = f"{fill(own, 15)}\n{releases}" if narrow else fill(f"{own} ({releases})", 24)
        ax.text(left, place, label, transform=ax.get_yaxis_transform(), va="center", color=INK, fontsize=size,
                linespacing=1.0)  # fmt: skip
        ax.text(place + 0.5, -0.58, fill(own, 15 if narrow else 13), ha="center", va="bottom", color=INK, fontsize=size,
                linespacing=1.0, rotation=90 if narrow else 0)  # fmt: skip
    ax.plot([0, len(categories)], [-0.52] * 2, color=LINE, linewidth=1, clip_on=False)


def transitions_finding(table: SafeTable) -> str:
    """What the chart shows, in one line: who was in the first category three months later."""
    rows = require_safe(table)
    if rows.empty or not any(is_shown(share) for share in rows["share"]):
        return "The numbers are too small to show"
    goal = str(rows["third"].iloc[0])
    into = {row["first"]: row["share"] for row in rows.to_dict("records") if row["third"] == goal}
    others = [float(share) for name, share in into.items() if name not in (goal, UNKNOWN) and is_shown(share)]
    if not is_shown(into[goal]) or not others:
        return f"Who was {goal} three months later is too small to show"
    lowest, highest = percent(min(others)), percent(max(others))
    between = f"{lowest}%" if lowest == highest else f"{lowest}% to {highest}%"
    return (
        f"{goal.capitalize()} three months later: {percent(into[goal])}% of releases {goal} on the first night, "
        f"{between} of those known to be elsewhere"
    )


def show_transitions(table: SafeTable, *, measure: str, source: str) -> Piece:
    """From the first night to three months: how each category of the first night spread over the others.

    table : the transitions of `make_housing_safe`: first, third, releases, of, share (of the row)
    """
    rows = pd.DataFrame(require_safe(table))
    if rows.empty:
        return Piece(f'<p class="note">{escaped(measure)}: nothing to show.</p>', f"{measure}: nothing to show.")
    categories = list(dict.fromkeys(rows["first"]))
    columns = {"first": ("First night", "text"), "of": ("Releases", "count")}
    columns |= {category: (category.capitalize(), "text") for category in categories}

    def draw(ax: Axes) -> Axes:
        return draw_transitions(rows, ax)

    return chart_piece(
        _wide(rows, categories, table.threshold),
        one_panel(draw, MARGINS, above=HEAD, below=0.02),
        height=ROW * len(categories) + HEAD + 0.02,
        columns=columns,
        texts=(transitions_finding(table), measure, source),
        summary=_in_words(rows, categories),
        narrow=Sketch(
            one_panel(draw, NARROW_MARGINS, above=NARROW_HEAD, below=0.02),
            NARROW_ROW * len(categories) + NARROW_HEAD + 0.02,
        ),
    )


def _wide(rows: pd.DataFrame, categories: Sequence[str], threshold: int) -> SafeTable:
    """One row per category of the first night: its releases, and share (releases) in each three months later."""
    lines = []
    for category in categories:
        own = rows[rows["first"] == category].to_dict("records")
        cells = {str(row["third"]): _share_and_count(row) for row in own}
        lines.append({"first": category.capitalize(), "of": own[0]["of"], **cells})
    return make_safe(pd.DataFrame(lines).astype(object), counts=[], threshold=threshold)


def _share_and_count(row: Mapping[Any, Any]) -> str:
    if not is_shown(row["releases"]):
        return str(row["releases"])
    if not is_shown(row["share"]):
        return count(row["releases"])
    return f"{percent(row['share'])} ({count(row['releases'])})"


def _in_words(rows: pd.DataFrame, categories: Sequence[str]) -> str:
    """The text alternative: of each category of the first night, the shares three months later."""
    said = []
    for category in categories:
        own = rows[rows["first"] == category]
        shares = [
            f"{percent(row['share'])}% {row['third']}" if is_shown(row["share"]) else f"{CONFIDENTIAL} {row['third']}"
            for row in own.to_dict("records")
            if is_shown(row["share"]) or not is_shown(row["releases"])
        ]
        total = written(own["of"].iloc[0], "count")
        said.append(
            f"{category.capitalize()} on the first night ({total} releases), then: {', '.join(shares) or 'none'}"
        )
    return "; ".join(said)
