"""Percentages of declared measures for the reader: each table with the definitions of its measures right under it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evalkit.errors import DataError
from evalkit.present.blocks import Card, fact_list
from evalkit.present.disclosure import SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count, percent, written
from evalkit.present.tables import show_table
from evalkit.present.words import lower_first

RATES = {
    "label": ("Measure", "text"),
    "met": ("Counted", "count"),
    "known": ("Of known", "count"),
    "share": ("Share of known (%), 95% interval", "percent interval"),
    "in_scope": ("Of all in scope", "count"),
    "share_all": ("Share of all (%)", "percent"),
    "unknown_share": ("Unknown (%)", "percent"),
}
BOUNDS = {"bounds": ("Bounds of that (%)", "text")}
DEFINITIONS = {
    "definition": "What it means",
    "numerator": "Counted",
    "denominator": "Of",
    "unit": "Unit",
    "window": "Window",
    "unknowns": "Unknowns",
    "source": "Source",
    "breaks": "Breaks in the series",
}
AMBER_NOTE = "Amber: more than 10% unknown. Bounds: the share of all if no unknown counts, and if all of them do."
AMBER_ROWS = "Amber: a measure is unknown in more than 10%; the last column says which. Its bounds are below the table."


def show_rates(table: SafeTable, meanings: pd.DataFrame, *, caption: str, notes: Sequence[str] = ()) -> Piece:
    """Percentages of declared measures, known-only and of all in scope, their definitions right under them.

    table    : what `make_rates_safe` or `make_housing_safe` returned; with groups, each row names its own
    meanings : what `definitions` returned for the measures of the table
    caption  : what the table shows; the unit is added to it

    Raises DataError where a measure of the table has no definition.
    """
    _require_definitions(table, meanings)
    unit = _unit(table)
    body = _rates_table(
        table,
        caption=f"{caption}. Unit: {unit}",
        first={"group": ("Group", "text"), "label": RATES["label"]} if any(table["group"]) else {},
        notes=[f"One row of the data is one {unit}. Intervals: Wilson, as if no two were of the same person.", *notes],
    )
    return _with_definitions(body, meanings, caption)


def show_rates_by(
    table: SafeTable, meanings: pd.DataFrame, *, caption: str, group: str, notes: Sequence[str] = ()
) -> Piece:
    """The same group by group: one row per group and one column per measure, of known; all denominators below it.

    table : what `make_rates_safe` returned for measures by group
    group : heading of the groups

    A row with a measure unknown in more than 10 % is amber, and names the measure.
    """
    _require_definitions(table, meanings)
    labels = dict(zip(table["name"], table["label"], strict=True))
    rows = pd.DataFrame(require_safe(table))
    wide = pd.DataFrame({"group": list(dict.fromkeys(rows["group"]))})
    columns = {"group": (group, "text"), "in_scope": (f"{_unit(table).capitalize()}s", "count")}
    first = rows[rows["name"] == next(iter(labels))].set_index("group")
    wide["in_scope"] = list(first["in_scope"].reindex(wide["group"]))
    for name, label in labels.items():
        own = rows[rows["name"] == name].set_index("group").reindex(wide["group"])
        wide = wide.assign(
            **{name: list(own["share"]), f"{name}_low": list(own["low"]), f"{name}_high": list(own["high"])}
        )
        columns[name] = (f"{label} (%)", "percent interval")
    amber = rows[rows["rating"] == "amber"].groupby("group")["label"].agg(", ".join)
    wide["unknown"] = list(amber.reindex(wide["group"]).fillna("none"))
    wide["rating"] = ["green" if text == "none" else "amber" for text in wide["unknown"]]
    if not amber.empty:
        columns["unknown"] = ("Over 10% unknown", "text")
    safe = make_safe(wide.astype(object), counts=[], threshold=table.threshold)
    unit = _unit(table)
    body = show_table(
        safe,
        caption=f"{caption}. Unit: {unit}",
        columns=columns,
        notes=["Shares of those known, with 95% Wilson intervals.", *notes, *([AMBER_ROWS] if len(amber) else [])],
        flag="rating",
        missing="[z]",
    )
    both = f"{caption}: both denominators and bounds"
    every = _rates_table(table, caption=both, first={"group": (group, "text"), "label": RATES["label"]}, notes=[])
    summary = "Both denominators, and bounds where much is unknown"
    details = f'<details class="data"><summary>{summary}</summary>{every.html}</details>'
    return _with_definitions(Piece(f"{body.html}{details}", f"{body.text}\n{every.text}"), meanings, caption)


def _rates_table(table: SafeTable, *, caption: str, first: dict[str, tuple[str, str]], notes: Sequence[str]) -> Piece:
    """Every column of the percentages; bounds where any row is amber."""
    amber = "amber" in set(require_safe(table)["rating"])
    bounds = [_bounds(low, high) for low, high in zip(table["worst"], table["best"], strict=True)]
    safe = make_safe(table.assign(bounds=bounds), counts=[], threshold=table.threshold)
    return show_table(
        safe,
        caption=caption,
        columns={**first, **RATES, **(BOUNDS if amber else {})},
        notes=[*notes, *([AMBER_NOTE] if amber else [])],
        flag="rating",
        missing="[z]",
    )


def _bounds(low: object, high: object) -> str:
    if is_shown(low) and is_shown(high):
        return f"{written(low, 'percent')} to {written(high, 'percent')}"
    return low if isinstance(low, str) else "[z]"


def declared_card(table: SafeTable, name: str, *, label: str) -> Card:
    """One declared percentage as a key figure: of the known, with its counts, unit and interval."""
    every = pd.DataFrame(require_safe(table))
    rows = every[every["name"] == name].to_dict("records")
    if not rows:
        raise DataError(f"the table has no measure '{name}' (it has: {', '.join(map(str, table['name']))})")
    row = rows[0]
    if not is_shown(row["share"]):
        return Card(written(row["share"], "percent"), label, "too few to show")
    detail = f"{count(row['met'])} of {count(row['known'])} {row['unit']}s"
    detail += f" · 95% interval {percent(row['low'])} to {percent(row['high'])}"
    if row["rating"] == "amber":
        detail += f" · unknown: {percent(row['unknown_share'])}%"
    return Card(f"{percent(row['share'])}%", label, detail)


def show_definitions(meanings: pd.DataFrame, *, caption: str) -> Piece:
    """What declared measures mean that stand in another table: definition, both sides, window, unknowns.

    meanings : what `definitions` returned
    """
    return _with_definitions(Piece(f"<p>{escaped(caption)}</p>", caption), meanings, caption)


def _unit(table: SafeTable) -> str:
    units = list(dict.fromkeys(require_safe(table)["unit"]))
    if len(units) != 1:
        raise DataError(f"one table has one unit; this one has {', '.join(units) or 'none'}")
    return str(units[0])


def _require_definitions(table: SafeTable, meanings: pd.DataFrame) -> None:
    asked = {str(name).split(": ", 1)[0] for name in require_safe(table)["name"]}
    if missing := sorted(asked - set(meanings["id"])):
        raise DataError(f"no definition is given for {', '.join(missing)}: a percentage is shown with its definition")


def _with_definitions(body: Piece, meanings: pd.DataFrame, caption: str) -> Piece:
    """The table, what each percentage counts of what in a line each, and the whole definitions to unfold."""
    rows = [{**row, "unit": f"one {row['unit']}"} for row in meanings.to_dict("records")]
    items = "".join(
        f"<li>{escaped(row['label'])}: {escaped(lower_first(row['numerator']))}, of "
        f"{escaped(lower_first(row['denominator']))}.</li>"
        for row in rows
    )
    said = [(row["label"], fact_list({heading: row[name] for name, heading in DEFINITIONS.items()})) for row in rows]
    blocks = "".join(f'<p class="term">{escaped(label)}</p>{facts.html}' for label, facts in said)
    hidden = f'<span class="visually-hidden">: {escaped(caption)}</span>'
    summary = f"Definitions: windows, unknowns, sources, breaks in the series{hidden}"
    markup = f'<ul class="note">{items}</ul><details class="data"><summary>{summary}</summary>{blocks}</details>'
    return Piece(f"{body.html}{markup}", "\n".join([body.text, *(f"{label}\n{facts.text}" for label, facts in said)]))
