"""The headlines of a series made safe, and what each of them says: lower, higher, not distinguishable, no finding."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, make_safe, require_safe
from evalkit.present.words import HIGHER, LOWER, SMALL, SMALLEST_COUNT, SMALLEST_GROUP, UNCLEAR

DESCRIBED, NO_FINDING = "described", "no finding"
COUNTS = {"people": "scope", "met": "people", "others": "others_scope", "others_met": "others"}


def make_series_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The table of `series_headlines` made safe, each line with its finding.

    table     : name, within, same_people, people, met, others, others_met, scope, not_analysed, and what was computed
    threshold : as in `make_safe`

    People of one line who are among those of another are protected within it: of the evaluations that follow the same
    people by different designs, each of the later ones within the first. A line is hidden with any of its counts; how
    many people were not analysed may be hidden alone.
    Returns the table with the column finding: lower, higher, not distinguishable, too small, no finding (its prediction
    did not pass the check), described (nothing to compare it with).
    """
    nested = table.assign(within=_wider(table), complement=False)
    shown = pd.DataFrame(
        make_safe(nested.drop(columns=["strength", "not_analysed"]), counts=COUNTS, threshold=threshold)
    )
    left_out = make_safe(nested[["name", "within", "complement", "not_analysed"]], counts=["not_analysed"],
                         threshold=threshold)  # fmt: skip
    hidden = (shown[["people", "met"]] == CONFIDENTIAL).any(axis=1)
    shown["not_analysed"] = pd.DataFrame(left_out)["not_analysed"].mask(hidden, CONFIDENTIAL)
    shown["finding"] = [series_finding(row) for row in shown.to_dict("records")]
    return make_safe(shown.drop(columns="complement"), counts=[], threshold=threshold)


def series_finding(row: dict[Any, Any]) -> str:
    """What one line says."""
    if not (is_shown(row["people"]) and is_shown(row["met"])):
        return SMALL
    if not row["against"]:
        return DESCRIBED
    if row["caution"]:
        return NO_FINDING
    few = row["people"] < SMALLEST_GROUP or min(row["met"], row["people"] - row["met"]) < SMALLEST_COUNT
    if few or not (is_shown(row["low"]) and is_shown(row["high"])):
        return SMALL
    if row["high"] < 0:
        return LOWER
    return HIGHER if row["low"] > 0 else UNCLEAR


def compared_lines(table: SafeTable) -> SafeTable:
    """The lines that have something to stand beside."""
    rows = pd.DataFrame(require_safe(table))
    return make_safe(rows[rows["against"] != ""].reset_index(drop=True), counts=[], threshold=table.threshold)


def described_lines(table: SafeTable) -> SafeTable:
    """The lines that have nothing to stand beside."""
    rows = pd.DataFrame(require_safe(table))
    return make_safe(rows[rows["against"] == ""].reset_index(drop=True), counts=[], threshold=table.threshold)


def _wider(table: pd.DataFrame) -> list[str]:
    """Name of the line that holds the people of each line, if one before it does."""
    found, first = [], dict[str, dict[Any, Any]]()
    for row in table.to_dict("records"):
        other = first.setdefault(row["same_people"], row) if row["same_people"] else row
        inside = other is not row and all(row[name] <= other[name] for name in ("people", "met"))
        found.append(str(row["within"] or (other["name"] if inside else "")))
    return found
