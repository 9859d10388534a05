"""One way to show a result table: caption, scope, units in the header, notes, symbols explained, a copy as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import pandas as pd

from evalkit.present.disclosure import SYMBOLS, SafeTable, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import written

ROW_MARKS = {True: "flag", "red": "flag", "amber": "amber"}
"""What a cell of the flagging column does to its row; the word stands in the row as well."""


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
    symbols = [f"{mark} {meaning}." for mark, meaning in SYMBOLS.items() if (cells == mark).to_numpy().any()]
    body = table_markup(cells, columns, caption=caption, notes=[*notes, *symbols], flags=flags)
    markup = f"{body}{csv_link(csv_texts(table, columns, missing=missing), caption)}"
    return Piece(f'<div class="table">{markup}</div>', f"{caption}\n{cells.to_string(index=False)}")


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
    kinds = [kind for _, kind in columns.values()]
    marks = flags or [""] * len(cells)
    head = "".join(f'<th scope="col"{_align(kind)}>{escaped(heading)}</th>' for heading, kind in columns.values())
    body = "".join(_row(row, kinds, mark) for row, mark in zip(cells.values.tolist(), marks, strict=True))
    return (
        f'<div class="table-scroll" tabindex="0" role="region" aria-label="{escaped(caption)}"><table>'
        f"<caption>{escaped(caption)}{below}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


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
    body = "".join(f"<td{_align(kind)}>{escaped(cell)}</td>" for cell, kind in zip(rest, kinds[1:], strict=True))
    return f'<tr{f" class={mark}" if mark else ""}><th scope="row">{escaped(first)}</th>{body}</tr>'


def _align(kind: str) -> str:
    return "" if kind == "text" else ' class="num"'


def _defused(cell: str) -> str:
    """Spreadsheets run cells that begin with these signs as formulas; signed numbers are left as they are."""
    starts_formula = cell[:1] in {"=", "@", "\t", "\r"} or (cell[:1] in {"+", "-"} and not cell[1:2].isdigit())
    return f"'{cell}" if starts_formula else cell
