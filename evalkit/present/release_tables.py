"""Tables of releases and of people released: transitions of accommodation, contact before release, recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from evalkit.errors import DataError
from evalkit.present.disclosure import SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count, percent, written
from evalkit.present.tables import show_table

BENEFIT_DAYS = {
    "group": ("Releases", "text"),
    "releases": ("Number", "count"),
    "claims": ("With a claim", "count"),
    "lower_quartile": ("A quarter by day", "count"),
    "median": ("Half by day", "count"),
    "upper_quartile": ("Three quarters by day", "count"),
}
CONTRAST = {
    "label": ("Measure", "text"),
    "stratum": ("Releases compared", "text"),
    "known_a": ("Seen", "count"),
    "rate_a": ("Of them (%)", "percent"),
    "known_b": ("Not seen", "count"),
    "rate_b": ("Of them not seen (%)", "percent"),
    "difference": ("Difference (pp), 95% interval", "points interval"),
    "p_value": ("Fisher's p", "p"),
}
RECONVICTION = {
    "label": ("Group", "text"),
    "people": ("People", "count"),
    "actual": ("Reconvicted", "count"),
    "actual_rate": ("Actual (%)", "percent"),
    "predicted_rate": ("Predicted (%)", "percent"),
    "difference": ("Difference (pp), 95% interval", "points interval"),
    "ratio": ("Actual / predicted, 95% interval", "ratio interval"),
}
RECALL = {"label": ("Within a year", "text"), "people": ("People", "count"), "share": ("Share (%)", "percent")}


def show_transitions(table: SafeTable, *, caption: str, notes: Sequence[str] = ()) -> Piece:
    """From the first night to three months: one row per category of the first night, its shares across the others.

    table : the transitions of `make_housing_safe`
    """
    rows = pd.DataFrame(require_safe(table))
    categories = list(dict.fromkeys(rows["first"]))
    lines = []
    for category in categories:
        own = rows[rows["first"] == category].set_index("third")
        cells = {other: _share_and_count(own.loc[other]) for other in categories}
        lines.append({"first": category.capitalize(), "of": own["of"].iloc[0], **cells})
    columns = {"first": ("First night", "text"), "of": ("Releases", "count")}
    columns |= {category: (category.capitalize(), "text") for category in categories}
    safe = make_safe(pd.DataFrame(lines).astype(object), counts=[], threshold=table.threshold)
    note = "Rows: the first night. Columns: three months later, as % of the row (releases). Each row adds up to 100%."
    return show_table(safe, caption=f"{caption}. Unit: release", columns=columns, notes=[note, *notes])


def _share_and_count(row: pd.Series) -> str:
    if not is_shown(row["releases"]):
        return str(row["releases"])
    if not is_shown(row["share"]):
        return count(row["releases"])
    return f"{percent(row['share'])} ({count(row['releases'])})"


def show_contrast(table: SafeTable, *, caption: str, notes: Sequence[str] = ()) -> Piece:
    """Contact before release beside none: all releases, each length of sentence, and the same mix of lengths.

    table : what `make_contrast_safe` returned
    """
    return show_table(
        table,
        caption=f"{caption}. Unit: release",
        columns=CONTRAST,
        notes=["Differences: Newcombe intervals, seen less not seen.", *notes],
        missing="[z]",
    )


def contrast_sentence(table: SafeTable, name: str) -> Piece:
    """The selection caveat in numbers: the difference as it is, and with the same mix of sentence lengths.

    name : id of the measure
    """
    every = pd.DataFrame(require_safe(table))
    rows = every[every["name"] == name].to_dict("records")
    if not rows:
        raise DataError(f"the table has no measure '{name}' (it has: {', '.join(every['name'].unique())})")
    first, last = rows[0], rows[-1]
    if not (is_shown(first["difference"]) and is_shown(last["difference"])):
        text = "There are too few releases to compare those with contact before release and those without."
    else:
        text = (
            f"{first['label']}: {percent(first['rate_a'])}% of the {count(first['known_a'])} releases with contact "
            f"before release, {percent(first['rate_b'])}% of the {count(first['known_b'])} without, a difference of "
            f"{_points(first)}. With the same mix of sentence lengths on both sides it is {_points(last)}. "
            "Nobody drew lots for whom to see: people with longer sentences are there longer to be seen."
        )
    return Piece(f'<p class="beware">{escaped(text)}</p>', text)


def _points(row: Mapping[Any, Any]) -> str:
    low, high = written(row["low"], "points"), written(row["high"], "points")
    return f"{written(row['difference'], 'points')} percentage points (95% interval {low} to {high})"
