"""References of written text to results: `{{ results.took_up.people }}` becomes the number that the tables show.

A reference is `results.ROW.COLUMN` or, where several tables have such a row, `results.TABLE.ROW.COLUMN`. A row is
found by its name or, in a table without names, by its label; a column by its name. The number is written as the table
writes it, with its unit and, where the table gives one, its interval.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evalkit.errors import SpecError
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, require_safe
from evalkit.present.ete_layouts import ETE_LAYOUTS
from evalkit.present.layouts import LAYOUTS, Layout
from evalkit.present.numbers import written

REFERENCE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
UNITS = {"percent": "%", "points": " percentage points"}
HIDDEN = "a number too small to show"


@dataclass(frozen=True, eq=False)
class References:
    """The numbers that written text may refer to.

    tables  : name -> safe table
    layouts : name -> layout of the table; only its columns can be referred to
    """

    tables: Mapping[str, SafeTable]
    layouts: Mapping[str, Layout]

    def text(self, reference: str, *, where: str) -> str:
        """The number a reference stands for, with unit and interval.

        reference : without braces: 'results.took_up.people'
        where     : file and line, for the message

        Raises SpecError where there is no such table, row or column, or several tables have that row.
        """
        parts = reference.split(".")
        if parts[0] != "results" or len(parts) not in (3, 4) or not all(parts):
            raise SpecError(
                f"{where}: '{reference}' is not a reference: write results.ROW.COLUMN or results.TABLE.ROW.COLUMN"
            )
        table, row, column = self._place(parts[1:], reference, where)
        if column not in self.layouts[table]:
            known = [name for name, (_, kind) in self.layouts[table].items() if kind != "text"]
            raise SpecError(f"{where}: '{reference}': table {table} has no column '{column}'{_known(column, known)}")
        return _written(row, column, self.layouts[table][column][1])

    @cached_property
    def _rows(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The rows of each table by their address."""
        return {name: _rows(table) for name, table in self.tables.items()}

    def _place(self, parts: list[str], reference: str, where: str) -> tuple[str, dict[str, Any], str]:
        if len(parts) == 3 and parts[0] not in self.tables:
            raise SpecError(f"{where}: '{reference}': no table '{parts[0]}'{_known(parts[0], list(self.tables))}")
        tables = [parts[0]] if len(parts) == 3 else list(self.tables)
        name, column = parts[-2:]
        found = [(table, rows[name]) for table in tables if name in (rows := self._rows[table])]
        having = [(table, row) for table, row in found if column in self.layouts[table]] or found
        if not having:
            known = sorted({row for table in tables for row in self._rows[table]})
            raise SpecError(f"{where}: '{reference}': no row '{name}'{_known(name, known)}")
        if len(having) > 1:
            names = ", ".join(f"results.{table}.{name}.{column}" for table, _ in having)
            raise SpecError(f"{where}: '{reference}' is in several tables: write {names}")
        return (*having[0], column)

    def numbers(self) -> set[str]:
        """Every number as the tables write it, without sign or unit: what a typed number may be."""
        texts = {
            written(row[column], kind.removesuffix(" interval"))
            for table, layout in self.layouts.items()
            for row in self._rows[table].values()
            for column, (_, kind) in layout.items()
            if kind != "text" and column in row
        }
        return {text.lstrip("+−") for text in texts}


def references(tables: Mapping[str, SafeTable], *, layouts: Mapping[str, str] | None = None) -> References:
    """What written text may refer to.

    tables  : name -> what `make_safe` or one of its kin returned
    layouts : name -> name of the layout that the table is shown with, where it is another name

    Raises DataError where a table is not safe, SpecError where a layout does not exist.
    """
    known = {**LAYOUTS, **ETE_LAYOUTS}
    named = {name: (layouts or {}).get(name, name) for name in tables}
    if unknown := [layout for layout in named.values() if layout not in known]:
        raise SpecError(f"references: there is no layout '{unknown[0]}'{_known(unknown[0], list(known))}")
    return References(
        {name: require_safe(table) for name, table in tables.items()},
        {name: known[layout] for name, layout in named.items()},
    )


def _rows(table: SafeTable) -> dict[str, dict[str, Any]]:
    """The rows by their address: name (a complement's ends in _others), or label; both labels where one recurs."""
    rows = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    return dict(zip(_addresses(table, rows), rows, strict=True))


def _addresses(table: SafeTable, rows: list[dict[str, Any]]) -> Iterator[str]:
    first, second = ([*map(str, table.columns), "", ""])[:2]
    if {"name", "complement"} <= set(table.columns):
        return (row["name"] + ("_others" if row["complement"] else "") for row in rows)
    named = "name" if "name" in table else first
    labels = [_address(row[named]) for row in rows]
    if len(set(labels)) == len(labels):
        return iter(labels)
    wider, narrower = (first, second) if named == first else (first, named)
    return (f"{_address(row[wider])}_{_address(row[narrower])}" for row in rows)


def _address(label: Any) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(label).lower()).strip("_")


def _written(row: Mapping[str, Any], column: str, kind: str) -> str:
    plain = kind.removesuffix(" interval")
    value = row[column]
    if not is_shown(value):
        return HIDDEN if value == CONFIDENTIAL else str(value) if isinstance(value, str) else "not available"
    text = written(value, plain) + UNITS.get(plain, "")
    low, high = (row.get(f"{column}_{end}", row.get(end)) for end in ("low", "high"))
    if kind == plain or not (is_shown(low) and is_shown(high)):
        return text
    return f"{text} (95% interval {written(low, plain)} to {written(high, plain)})"


def _known(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return (f"; did you mean '{close[0]}'?" if close else "") + f" (known: {shown})"
