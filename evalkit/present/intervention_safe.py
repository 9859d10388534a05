"""Tables of a programme made safe: what adds up is decided together, and each number goes with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from evalkit.present.cells import Cells, Kind
from evalkit.present.declared_safe import make_rates_safe
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, make_safe
from evalkit.present.suppression import hidden_cells

DIRECTIONS = ("improved", "same", "worse")
OUTCOMES = ("achieved", "partly", "not", "no_outcome")
ALL = "all"


@dataclass(frozen=True)
class SafeDistance:
    """Both tables of distance travelled, safe together."""

    changes: SafeTable
    directions: SafeTable


@dataclass(frozen=True)
class SafeProgrammes:
    """Declared measures of both programmes, and their differences, safe together."""

    rates: SafeTable
    differences: SafeTable


def make_programmes_safe(rates: pd.DataFrame, differences: pd.DataFrame, *, threshold: int = 10) -> SafeProgrammes:
    """Measures of two programmes side by side, and their differences: one hides a number where the other does.

    rates       : what `programme_rates` returned, by programme
    differences : what `programmes_compared` returned
    threshold   : as in `make_safe`
    """
    safe = make_rates_safe(rates, threshold=threshold)
    if differences.empty:
        return SafeProgrammes(safe, make_safe(differences, counts=[], threshold=threshold))
    hidden = pd.DataFrame(safe[["known", "met"]] == CONFIDENTIAL).any(axis=1).groupby(safe["name"]).any()
    shown = differences.astype(dict.fromkeys(differences.columns, object))
    concerned = differences["name"].map(hidden).astype(bool)
    for name in differences.columns.difference(["name", "label", "method"]):
        shown[name] = shown[name].mask(concerned, CONFIDENTIAL)
    return SafeProgrammes(safe, make_safe(shown, counts=[], threshold=threshold))


def make_distance_safe(found: Any, *, threshold: int = 10) -> SafeDistance:
    """Distance travelled made safe: improved, same and worse add up to the paired, with no end score to the started.

    found     : what `distance_travelled` returned: changes and directions, one row per scale each; or None
    threshold : as in `make_safe`
    """
    if found is None:
        empty = make_safe(pd.DataFrame(), counts=[], threshold=threshold)
        return SafeDistance(empty, empty)
    cells, ids = Cells(threshold), []
    for change, way in zip(found.changes.to_dict("records"), found.directions.to_dict("records"), strict=True):
        own = {name: cells.add(way[name], Kind.COUNT, name) for name in (*DIRECTIONS, "no_end")}
        own |= {name: cells.add(change[name], Kind.COUNT, name) for name in ("paired", "started")}
        people = cells.add(change["people"], Kind.KNOWN, "people")
        _parts_of_whole(cells, [own[name] for name in DIRECTIONS], own["paired"])
        cells.add_up([own["paired"], own["no_end"]], own["started"])
        cells.add_complement(own["started"], people)
        ids.append(own)
    hidden = hidden_cells(cells)
    flags = pd.DataFrame([{name: bool(hidden[cell]) for name, cell in own.items()} for own in ids])
    known = ["expected"] if found.changes["expected"].notna().any() else []
    of_pairs = ("mean_start", "mean_end", "change", "low", "high", "d_z", *known)
    rests = {name: (name,) for name in ("paired", "started", "no_end")}
    changes = _hide(
        found.changes, flags, {**rests, **dict.fromkeys(of_pairs, ("paired",)), "rating": ("paired", "no_end")}
    )
    rests = {name: (name,) for name in (*DIRECTIONS, "no_end")}
    shares = {
        "improved_share": ("improved", "paired"),
        "worst": ("improved", "started"),
        "best": ("improved", "no_end", "started"),
        "rating": ("paired", "no_end"),
    }
    directions = _hide(found.directions, flags, {**rests, **shares})
    return SafeDistance(*(make_safe(table, counts=[], threshold=threshold) for table in (changes, directions)))


def make_needs_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The table of `needs_met` made safe: the outcomes of a pathway add up to its needs."""
    if table.empty:
        return make_safe(table, counts=[], threshold=threshold)
    cells, ids = Cells(threshold), []
    for row in table.to_dict("records"):
        own = {name: cells.add(row[name], Kind.COUNT, name) for name in (*OUTCOMES, "needs")}
        _parts_of_whole(cells, [own[name] for name in OUTCOMES], own["needs"])
        ids.append(own)
    hidden = hidden_cells(cells)
    flags = pd.DataFrame([{name: bool(hidden[cell]) for name, cell in own.items()} for own in ids])
    rests: dict[str, Sequence[str]] = {name: (name,) for name in (*OUTCOMES, "needs")}
    rests |= dict.fromkeys(("mean", "low", "high"), ("achieved", "partly", "not"))
    rests |= dict.fromkeys(("worst", "best"), ("achieved", "partly", "no_outcome", "needs"))
    rests |= {"rating": ("no_outcome", "needs")}
    return make_safe(_hide(table, flags, rests), counts=[], threshold=threshold)


def make_nights_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The table of `bed_nights` made safe: the ways in which stays ended add up to all stays, its first row."""
    if table.empty:
        return make_safe(table, counts=[], threshold=threshold)
    every = make_safe(table.head(1), counts=["stays"], threshold=threshold)
    parts = make_safe(table.iloc[1:], counts=["stays"], ranked_by="group", threshold=threshold)
    together = pd.concat([pd.DataFrame(every), pd.DataFrame(parts)], ignore_index=True)
    return make_safe(together, counts=[], threshold=threshold)


def make_benchmarks_safe(table: pd.DataFrame, rates: SafeTable, *, threshold: int = 10) -> SafeTable:
    """The table of `benchmarks` made safe: hidden where the measure itself is.

    rates : the measures of the programme as `make_rates_safe` returned them
    """
    if table.empty:
        return make_safe(table, counts=[], threshold=threshold)
    hidden = pd.DataFrame(rates[["known", "met"]] == CONFIDENTIAL).any(axis=1)
    concerned = table["beside"].map(dict(zip(rates["name"], hidden, strict=True))).astype(bool)
    shown = table.astype(dict.fromkeys(table.columns, object))
    for name in ("people", "met", "share", "low", "high", "inside"):
        shown[name] = shown[name].mask(concerned, CONFIDENTIAL)
    return make_safe(shown, counts=[], threshold=threshold)


def make_themes_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The table of `themes_by_role` made safe: a theme adds up over the roles, and a role over the themes."""
    roles = [name for name in table.columns if name not in ("theme", ALL)]
    cells, ids = Cells(threshold), []
    for row in table.to_dict("records"):
        own = {name: cells.add(row[name], Kind.COUNT, str(name)) for name in (*roles, ALL)}
        cells.add_up([own[name] for name in roles], own[ALL])
        ids.append(own)
    for role in roles if ids else ():
        cells.add_up([own[role] for own in ids])
    hidden = hidden_cells(cells)
    flags = pd.DataFrame([{name: bool(hidden[cell]) for name, cell in own.items()} for own in ids])
    return make_safe(_hide(table, flags, {str(name): (str(name),) for name in flags}), counts=[], threshold=threshold)


def make_quotes_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """Quotes without the role of the person where fewer of that role than the threshold were interviewed."""
    shown = table.astype(dict.fromkeys(table.columns, object))
    few = table["interviews"].lt(threshold) & table["excerpt"].ne("")
    shown["role"] = shown["role"].mask(few, "somebody")
    return make_safe(shown.drop(columns="interviews"), counts=[], threshold=threshold)


def _parts_of_whole(cells: Cells, parts: Sequence[int], whole: int) -> None:
    """Parts that add up to a whole, each with a percentage that its complement must not give away."""
    cells.add_up(list(parts), whole)
    for part in parts:
        cells.add_complement(part, whole)


def _hide(table: pd.DataFrame, flags: pd.DataFrame, rests_on: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The table with every number hidden that rests on a hidden count."""
    shown = table.astype(dict.fromkeys(table.columns, object)).reset_index(drop=True)
    for name, counts in rests_on.items():
        shown[name] = shown[name].mask(flags[list(counts)].any(axis=1), CONFIDENTIAL)
    return shown
