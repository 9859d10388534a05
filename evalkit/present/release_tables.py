"""Tables of releases and of people released: benefit claims, contact before release, recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from evalkit.errors import DataError
from evalkit.present.disclosure import SafeTable, is_shown, require_safe
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
    "p_value": ("p", "p"),
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


def show_contrast(table: SafeTable, *, caption: str, notes: Sequence[str] = ()) -> Piece:
    """Contact before release beside none: all releases, each length of sentence, and the same mix of lengths.

    table : what `make_contrast_safe` returned
    """
    return show_table(
        table,
        caption=f"{caption}. Unit: release",
        columns=CONTRAST,
        notes=["Differences: seen less not seen, Newcombe intervals; p: Fisher's exact test.", *notes],
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
