"""What was rejected, for people: a description in plain words, and files to mend the source from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from evalkit.errors import DataError
from evalkit.intake.extract import Extract
from evalkit.intake.sources import SETTINGS_FILE

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_VALUE = 80


def describe(extract: Extract) -> str:
    """Say what was read, used and rejected, per table and per rule, each rule with its first row as an example."""
    settings = extract.settings
    synthetic = ", synthetic" if settings.synthetic else ""
    lines = [f"Extract of {settings.extract_date} from {settings.source}{synthetic}", ""]
    for table, file, read, used, rejected in extract.summary.itertuples(index=False):
        lines.append(f"{table} ({file}): {read:,} rows read = {used:,} used + {rejected:,} rejected")
        lines += _rules_of(extract.rejected[extract.rejected["table"] == table])
    if extract.notes:
        lines += ["", "Notes", *(f"  {note}" for note in extract.notes)]
    total = extract.summary[["read", "used", "rejected"]].sum()
    return "\n".join(
        [*lines, "", f"In all: {total['read']:,} rows read = {total['used']:,} used + {total['rejected']:,} rejected"]
    )


def write_rejected(extract: Extract, folder: str | Path) -> list[Path]:
    """Write one UTF-8 CSV file per table with rejected rows: file, row, column, value, rule; return their paths.

    A file of an earlier run for a table that now has none is removed. Values that a spreadsheet would take for a
    formula are preceded by an apostrophe.
    Raises DataError where `folder` is itself an extract, or cannot be written to.
    """
    folder = Path(folder)
    if (folder / SETTINGS_FILE).exists():
        raise DataError(f"{folder} is an extract: rejected rows must be written somewhere else")
    written = []
    try:
        for table in extract.settings.tables():
            rows = extract.rejected[extract.rejected["table"] == table].drop(columns="table")
            path = folder / f"{table}.csv"
            if rows.empty:
                path.unlink(missing_ok=True)
                continue
            folder.mkdir(parents=True, exist_ok=True)
            _harmless(rows).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
            written.append(path)
    except OSError as error:
        raise DataError(f"rejected rows cannot be written to {folder}: {error.strerror}") from error
    return written


def _rules_of(rejected: pd.DataFrame) -> list[str]:
    """One line per rule, in the order of the first row at fault."""
    if rejected.empty:
        return []
    rejected = rejected.assign(general=rejected["rule"].str.split(": ", n=1).str[0])
    by_rule = rejected.groupby(["column", "general"], sort=False)
    firsts = by_rule.first().assign(rows=by_rule["row"].nunique()).reset_index()
    return [line for fault in firsts.to_dict("records") for line in _lines_of(fault)]


def _lines_of(fault: Mapping[Any, Any]) -> tuple[str, str]:
    rows, column = fault["rows"], fault["column"]
    said = f"{column} {fault['general']}" if column else fault["general"]
    return f"  {rows:,} {'row' if rows == 1 else 'rows'}: {said}", f"    {'first: ' * (rows > 1)}{sentence(fault)}"


def sentence(fault: Mapping[Any, Any]) -> str:
    """One fault of `Extract.rejected` as a sentence: place, value, rule."""
    place = f"{fault['file']}, row {fault['row']}" + (f", column {fault['column']}" if fault["column"] else "")
    value = str(fault["value"])
    shown = value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."
    return f"{place}: '{shown}' {fault['rule']}" if value else f"{place}: {fault['rule']}"


def _harmless(rows: pd.DataFrame) -> pd.DataFrame:
    texts = [name for name in rows.columns if name != "row"]
    return rows.assign(
        **{name: rows[name].where(~rows[name].str.startswith(_FORMULA_STARTS), "'" + rows[name]) for name in texts}
    )
