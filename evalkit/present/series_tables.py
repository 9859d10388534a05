"""The headlines of a series as tables: the figures, what stands behind each, the ladder, what the outcomes mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from evalkit.present.blocks import fact_list
from evalkit.present.disclosure import SYMBOLS, SafeTable, make_safe, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import written
from evalkit.present.series_safe import NO_FINDING
from evalkit.present.tables import cell_texts, csv_link, csv_texts, show_table, table_markup
from evalkit.present.words import lower_first

Layout = Mapping[str, tuple[str, str]]

HEADLINES: Layout = {
    "title": ("Evaluation", "text"),
    "who": ("Who", "text"),
    "outcome_label": ("Outcome", "text"),
    "difference": ("Difference (pp), 95% interval", "points interval"),
    "finding": ("Reads as", "text"),
    "strength_words": ("Design strength", "text"),
    "verdict": ("Check of prediction", "text"),
    "people": ("People", "count"),
    "rate": ("Actual (%)", "percent"),
    "comparison": ("Beside it (%)", "percent"),
}
"""What stands beside each figure is said below the table, one headline after the other."""

COMPARISONS: Layout = {
    **{name: HEADLINES[name] for name in ("title", "who", "outcome_label")},
    "against": ("Beside", "text"),
    **{name: HEADLINES[name] for name in ("difference", "finding")},
}
"""Of the forest plot."""

SHARES: Layout = {
    "title": ("Evaluation", "text"),
    "outcome_label": ("Outcome", "text"),
    "who": ("Who", "text"),
    "people": ("People", "count"),
    "met": ("With the outcome", "count"),
    "rate": ("Share (%), 95% interval", "percent interval"),
    "strength_words": ("Design strength", "text"),
}
LADDER: Layout = {
    "strength": ("Strength", "text"),
    "compares": ("What is compared", "text"),
    "leaves_open": ("What stays open", "text"),
    "evaluations": ("Evaluations of this series", "text"),
}
ALL: Layout = {
    "title": ("Evaluation", "text"),
    "outcome_label": ("Outcome", "text"),
    "who": ("Who", "text"),
    "against": ("Beside", "text"),
    "unit": ("Unit", "text"),
    "people": ("People", "count"),
    "met": ("With the outcome", "count"),
    "rate": ("Actual (%)", "percent"),
    "comparison": ("Comparison (%)", "percent"),
    "difference": ("Difference (pp)", "points interval"),
    "p_value": ("p", "p"),
    "method": ("Method", "text"),
    "finding": ("Reads as", "text"),
    "caution": ("Why it is no finding", "text"),
    "design": ("Design", "text"),
    "strength_words": ("Design strength", "text"),
    "compares": ("What that strength means", "text"),
    "leaves_open": ("What it leaves open", "text"),
    "verdict": ("Check of the prediction", "text"),
    "verdict_reason": ("Why", "text"),
    "basis": ("So the headline stands beside", "text"),
    "not_analysed": ("Not analysed", "count"),
    "left_out_of": ("Of", "text"),
    "report": ("Report", "text"),
}
"""Every column, for the file."""


def show_series_table(table: SafeTable, *, caption: str, notes: Sequence[str] = ()) -> Piece:
    """All headlines in one table; the copy as CSV also has what stands behind each of them.

    table : what `make_series_safe` returned
    """
    shown = _filled(table)
    cells = cell_texts(shown, HEADLINES, missing="[z]")
    flags = ["amber" if finding == NO_FINDING else "" for finding in shown["finding"]]
    symbols = [f"{mark} {meaning}." for mark, meaning in SYMBOLS.items() if (cells == mark).to_numpy().any()]
    body = table_markup(cells, HEADLINES, caption=caption, notes=[*notes, *symbols], flags=flags)
    markup = f"{body}{csv_link(csv_texts(shown, ALL, missing='[z]'), caption)}"
    return Piece(f'<div class="table">{markup}</div>', f"{caption}\n{cells.to_string(index=False)}")


def show_behind(table: SafeTable) -> Piece:
    """What each headline rests on, one after the other: design, check, who is left out, method, and its report.

    table : what `make_series_safe` returned
    """
    blocks = [_block(row) for row in _filled(table).to_dict("records")]
    return Piece("".join(block.html for block in blocks), "\n".join(block.text for block in blocks))


def _block(row: dict[Any, Any]) -> Piece:
    left_out = f"{written(row['not_analysed'], 'count')} of {row['left_out_of']}"
    check = row["verdict"] if row["verdict"] == row["verdict_reason"] else f"{row['verdict']}: {row['verdict_reason']}"
    facts = {
        "Compared": row["compared"],
        "Design": row["design"],
        "Strength": f"{row['strength_words']}: {lower_first(row['compares'])}",
        "Leaves open": row["leaves_open"],
        "Check of the prediction": check,
        "So the headline stands beside": row["basis"],
        **({"No finding": row["caution"]} if row["caution"] else {}),
        "Not analysed": left_out,
        "Method": row["method"],
    }
    heading = f"{row['title']} · {row['who']}"
    said = fact_list(facts)
    report = escaped(row["report"])
    link = f'<p class="note">Report: <a href="{report}">{report}</a></p>'
    return Piece(f"<h3>{escaped(heading)}</h3>{said.html}{link}", f"{heading}\n{said.text}\nReport: {row['report']}")


def show_ladder(table: pd.DataFrame, *, caption: str, notes: Sequence[str] = ()) -> Piece:
    """The ladder of designs, all words.

    table : what `ladder` returned
    """
    return show_table(
        make_safe(table.assign(evaluations=table["evaluations"].replace("", "none")), counts=[]),
        caption=caption,
        columns=LADDER,
        notes=notes,
    )


def _filled(table: SafeTable) -> SafeTable:
    """The table with what stands beside what in words, and what one row of its data is."""
    rows = pd.DataFrame(require_safe(table))
    against = rows["against"].replace("", "nothing")
    said = {
        "against": against,
        "compared": rows["outcome_label"] + ": " + rows["who"] + ", beside " + against,
        "unit": "one " + rows["unit"],
    }
    return make_safe(rows.assign(**said), counts=[], threshold=table.threshold)
