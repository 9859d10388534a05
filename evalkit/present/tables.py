"""One way to show a result table: caption, scope, units in the header, notes, symbols explained, a copy as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import pandas as pd

from evalkit.present.disclosure import SYMBOLS, SafeTable, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import written

ROW_MARKS = {True: "flag", "red": "flag", "amber": "amber"}
"""What a cell of the flagging column does to its row; the word stands in the row as well."""


MOST_ON_PAPER = 40
"""Rows of data behind a chart that are printed."""

NUMBER = re.compile(r"[−+-]?\d[\d,]*(\.\d+)?%?")


def show_table(
    table: SafeTable,
    *,
    caption: str,
    columns: str | Mapping[str, tuple[str, str]],
    notes: Sequence[str] = (),
    flag: str | None = None,
    missing: str = "[x]",
) -> Piece:
    """A safe table as HTML.

    table   : what `make_safe` returned
    caption : what the table shows, with place and period
    columns : name of a layout (see `LAYOUTS`), or column -> (heading with its unit, kind: text, count, percent, points,
              ratio or p); the first is the row's name
    notes   : sentences shown between the caption and the head
    flag    : a column of True/False, or of ratings (green, amber, red); rows with True, amber or red are marked
    missing : the symbol of an empty cell: [x] not available, [z] not applicable
    """
    columns = LAYOUTS[columns] if isinstance(columns, str) else columns
    if require_safe(table).empty:
        return Piece(f'<p class="note">{escaped(caption)}: nothing to show.</p>', f"{caption}: nothing to show.")
    cells = cell_texts(table, columns, missing=missing)
    flags = [ROW_MARKS.get(value, "") for value in table[flag]] if flag else []
    body = table_markup(cells, columns, caption=caption, notes=[*notes, *_explained(cells)], flags=flags)
    markup = f"{body}{csv_link(csv_texts(table, columns, missing=missing), caption)}"
    return Piece(f'<div class="table">{markup}</div>', f"{caption}\n{cells.to_string(index=False)}")


def data_behind(
    table: SafeTable, columns: Mapping[str, tuple[str, str]], *, finding: str, measure: str, is_open: bool = False
) -> str:
    """The data behind a chart, folded up, with their copy as CSV; on paper only as many rows as a reader will read."""
    cells = cell_texts(table, columns)
    body = table_markup(cells, columns, caption=measure, notes=_explained(cells)) + csv_link(
        csv_texts(table, columns), measure
    )
    is_long = len(cells) > MOST_ON_PAPER
    instead = f'<p class="note on-paper">{len(cells)} rows of data behind this chart are in the HTML report.</p>'
    return (
        f'<details class="data{" long" if is_long else ""}"{" open" if is_open else ""}><summary>The data behind this '
        f'chart<span class="visually-hidden">: {escaped(finding)}</span></summary>'
        f"{body}{instead if is_long else ''}</details>"
    )


def _explained(cells: pd.DataFrame) -> list[str]:
    """The symbols that occur, each with its meaning."""
    written_cells = {cell for row in cells.values.tolist() for cell in row}
    return [f"{mark} {meaning}." for mark, meaning in SYMBOLS.items() if mark in written_cells]


def table_markup(
    cells: pd.DataFrame,
    columns: Mapping[str, tuple[str, str]],
    *,
    caption: str,
    notes: Sequence[str] = (),
    flags: Sequence[str] = (),
) -> str:
    """Written cells as a table that scrolls inside its own region: notes under the caption, rows with their mark."""
    below = "".join(f'<span class="note">{escaped(note)}</span>' for note in notes)
    # The first column names the rows, also where its names are numbers.
    kinds = ["text", *(_aligned_as(kind, cells[heading]) for heading, kind in list(columns.values())[1:])]
    marks = flags or [""] * len(cells)
    head = "".join(
        f'<th scope="col"{_align(kind)}>{escaped(heading)}</th>' for heading, kind in zip(cells, kinds, strict=True)
    )
    body = "".join(_row(row, kinds, mark) for row, mark in zip(cells.values.tolist(), marks, strict=True))
    return (
        f'<div class="table-scroll" tabindex="0" role="group" aria-label="{escaped(caption)}"><table>'
        f"<caption>{escaped(caption)}{below}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _aligned_as(kind: str, cells: pd.Series) -> str:
    """The kind of a column; one of texts that are all numbers is aligned as numbers are."""
    numbers = [bool(NUMBER.fullmatch(cell)) for cell in cells if cell not in SYMBOLS]
    return "number" if kind == "text" and numbers and all(numbers) else kind


def cell_texts(table: SafeTable, columns: Mapping[str, tuple[str, str]], *, missing: str = "[x]") -> pd.DataFrame:
    """The cells of a safe table as they are written, under their headings; a value with its limits is one cell."""
    cells = {}
    for name, (heading, kind) in columns.items():
        cells[heading] = [written(value, kind.removesuffix(" interval"), missing=missing) for value in table[name]]
        if kind.endswith(" interval"):
            cells[heading] = list(map(_with_limits, cells[heading], *_limits(table, name, kind)))
    return pd.DataFrame(cells)


def csv_texts(table: SafeTable, columns: Mapping[str, tuple[str, str]], *, missing: str = "[x]") -> pd.DataFrame:
    """The same for a file: the limits of an interval in columns of their own."""
    cells = {}
    for name, (heading, kind) in columns.items():
        cells[heading] = [written(value, kind.removesuffix(" interval"), missing=missing) for value in table[name]]
        if kind.endswith(" interval"):
            low, high = _limits(table, name, kind)
            cells |= {f"{heading}: from": low, f"{heading}: to": high}
    return pd.DataFrame(cells)


def _limits(table: SafeTable, name: str, kind: str) -> tuple[list[str], list[str]]:
    own = f"{name}_low" in table
    low, high = (f"{name}_{end}" if own else end for end in ("low", "high"))
    plain = kind.removesuffix(" interval")
    return [written(value, plain) for value in table[low]], [written(value, plain) for value in table[high]]


def _with_limits(value: str, low: str, high: str) -> str:
    """'−8.5 (−9.2 to −7.8)'; without limits that can be shown the value stands alone."""
    return value if low.startswith("[") or high.startswith("[") else f"{value} ({low} to {high})"


def csv_link(cells: pd.DataFrame, caption: str) -> str:
    """A link that holds the written cells as CSV; texts that a spreadsheet would run as a formula are defused."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(cells.columns)
    writer.writerows([[_defused(cell) for cell in row] for row in cells.values.tolist()])
    name = "-".join("".join(c if c.isalnum() else " " for c in caption.lower()).split())[:60]
    return (
        f'<a class="csv" download="{escaped(name)}.csv" href="data:text/csv;charset=utf-8,{quote(buffer.getvalue())}">'
        f'Copy as CSV<span class="visually-hidden">: {escaped(caption)}</span></a>'
    )


def _row(cells: list[str], kinds: list[str], mark: str) -> str:
    first, *rest = cells
    body = "".join(
        f"<td{_align(kind)}>{_breakable(cell, kind)}</td>" for cell, kind in zip(rest, kinds[1:], strict=True)
    )
    return f'<tr{f" class={mark}" if mark else ""}><th scope="row">{escaped(first)}</th>{body}</tr>'


def _breakable(cell: str, kind: str) -> str:
    """A cell's text; on a narrow screen the limits of an interval go below its value, whole."""
    value, bracket, limits = cell.partition(" (")
    if not (bracket and kind.endswith("interval")):
        return escaped(cell)
    return f'{escaped(value)} <span class="limits">({escaped(limits)}</span>'


def _align(kind: str) -> str:
    return "" if kind == "text" else ' class="num"'


def _defused(cell: str) -> str:
    """Spreadsheets run cells that begin with these signs as formulas; signed numbers are left as they are."""
    starts_formula = cell[:1] in {"=", "@", "\t", "\r"} or (cell[:1] in {"+", "-"} and not cell[1:2].isdigit())
    return f"'{cell}" if starts_formula else cell
