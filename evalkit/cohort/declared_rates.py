"""Declared measures read from rows: known-only and all in scope, with bounds where too much is unknown."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evalkit.cohort.conditions import Condition
from evalkit.cohort.declared import Measure, Registry, read_measures
from evalkit.errors import SpecError
from evalkit.statistics.rates import wilson

AMBER_ABOVE = 0.10
"""With a larger share unknown, a row is amber and gets its bounds."""

NOT_RECORDED = "not recorded"
"""Group of rows whose grouping column is empty."""

COUNTS = ("in_scope", "known", "met")


def declared_rates(
    tables: Mapping[str, pd.DataFrame],
    ids: Sequence[str],
    *,
    extract_date: datetime.date | pd.Timestamp,
    by: str | None = None,
    registry: Registry | None = None,
) -> pd.DataFrame:
    """The percentages that measures declare, of everyone in scope or group by group.

    tables       : name of a table -> its rows, one per unit of the measure
    ids          : ids of declared measures, in order; all of one unit, as releases and people are never mixed
    extract_date : until which the rows are complete
    by           : column of groups, in alphabetical order; rows where it is empty form a group of their own
    registry     : what `read_measures` returned; without it, the registry of evalkit

    Returns one row per measure (and category, where it counts each) and group: name, label, group (empty without
    `by`), unit, part_of (of the measures asked for), in_scope, known, unknown, met; share with low and high (of the
    known), share_all with _low and _high (of all in scope), unknown_share; best and worst (shares of all in scope if
    every unknown had met it, or none; missing up to 10 % unknown); rating (amber above 10 % unknown, else green);
    method. Shares are 0 to 1 with Wilson intervals, missing where there is nobody.
    Raises SpecError for an unknown id, mixed units, a mean, and a table or column that is not there.
    """
    known = registry or read_measures()
    measures = [known.measure(name) for name in ids]
    if len(units := dict.fromkeys(measure.unit for measure in measures)) > 1:
        raise SpecError(
            f"measures of different units in one table ({', '.join(units)}): ask for those of one at a time"
        )
    if means := [measure.id for measure in measures if measure.mean_of]:
        raise SpecError(f"{', '.join(means)}: a mean, and no percentage; ask for it by itself")
    rows = [row for measure in measures for row in _counted(measure, tables, pd.Timestamp(extract_date), by)]
    table = pd.DataFrame(rows)
    table["part_of"] = table["part_of"].where(table["part_of"].isin(list(ids)), "")
    return _with_shares(table.reset_index(drop=True))


def value_of(measure: Measure, rows: pd.DataFrame, extract_date: pd.Timestamp) -> pd.DataFrame:
    """Of each row, whether it is in scope, its value known, and the measure met: three columns of True and False."""
    in_scope = _all_hold(measure.scope, rows, extract_date)
    known = in_scope & _all_hold(measure.known, rows, extract_date)
    return pd.DataFrame(
        {"in_scope": in_scope, "known": known, "met": known & _all_hold(measure.met, rows, extract_date)}
    )


def rows_of(measure: Measure, tables: Mapping[str, pd.DataFrame], *more: str) -> pd.DataFrame:
    """The rows of the measure's table. Raises SpecError where the table, or a column it needs, is not there."""
    if measure.table not in tables:
        raise SpecError(
            f"measure '{measure.id}' is read from the table {measure.table}, which the extract does not have"
        )
    rows = tables[measure.table]
    if missing := [name for name in (*measure.columns, *more) if name not in rows]:
        raise SpecError(
            f"measure '{measure.id}': the table {measure.table} has no column {', '.join(missing)}; leave the measure "
            "out, or supply the column"
        )
    return rows


def _counted(
    measure: Measure, tables: Mapping[str, pd.DataFrame], extract_date: pd.Timestamp, by: str | None
) -> list[dict[str, object]]:
    rows = rows_of(measure, tables, *([by] if by else []))
    values = value_of(measure, rows, extract_date)
    groups = rows[by].astype("str").fillna(NOT_RECORDED) if by else pd.Series("", index=rows.index, dtype="str")
    counted = []
    for category in measure.categories or ("",):
        met = values["known"] & (rows[measure.each] == category).fillna(False) if category else values["met"]
        for group in sorted(groups.unique()) if by else [""]:
            part = values.assign(met=met)[groups == group]
            counted.append(_row(measure, category, group, [int(part[name].sum()) for name in COUNTS]))
    return counted


def _row(measure: Measure, category: str, group: str, counts: list[int]) -> dict[str, object]:
    return {
        "name": f"{measure.id}: {category}" if category else measure.id,
        "label": category.capitalize() or measure.label,
        "group": group,
        "unit": measure.unit,
        "part_of": measure.part_of,
        **dict(zip(COUNTS, counts, strict=True)),
        "unknown": counts[0] - counts[1],
    }


def _all_hold(conditions: Sequence[Condition], rows: pd.DataFrame, extract_date: pd.Timestamp) -> pd.Series:
    holds = pd.Series(True, index=rows.index)
    for condition in conditions:
        holds &= condition.holds(rows, extract_date)
    return holds


def _with_shares(table: pd.DataFrame) -> pd.DataFrame:
    unknown_share = table["unknown"] / table["in_scope"].where(table["in_scope"] > 0)
    amber = unknown_share > AMBER_ABOVE
    best = (table["met"] + table["unknown"]) / table["in_scope"].where(amber)
    worst = table["met"] / table["in_scope"].where(amber)
    shares = {
        **_shares(table, "known", ("share", "low", "high")),
        **_shares(table, "in_scope", ("share_all", "share_all_low", "share_all_high")),
    }
    rating = np.where(amber, "amber", "green")
    return table.assign(
        **shares, unknown_share=unknown_share, best=best, worst=worst, rating=rating, method="Wilson score interval"
    )


def _shares(table: pd.DataFrame, base: str, names: Sequence[str]) -> dict[str, pd.Series]:
    some = table[table[base] > 0]
    if some.empty:
        return {name: pd.Series(np.nan, index=table.index) for name in names}
    intervals = wilson(some["met"], some[base])
    found = (intervals[name].reindex(table.index) for name in ("rate", "lower", "upper"))
    return dict(zip(names, found, strict=True))
