"""Where the tables of an extract are: a folder of files, or the sheets of a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.errors import DataError
from evalkit.intake.csv_files import read_csv
from evalkit.intake.files import RawTable, open_workbook, read_parquet, read_sheet
from evalkit.intake.settings import Settings, nearest

WORKBOOKS = (".xlsx", ".xlsm")
READABLE = (".csv", ".parquet", *WORKBOOKS)
SETTINGS_FILE = "extract.toml"


@dataclass(frozen=True)
class Source:
    """One table's file, and its sheet if it is one of a workbook's."""

    table: str
    path: Path
    sheet: str = ""
    workbook: Any = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """What to call it in a message."""
        return f"{self.path.name}, sheet {self.sheet.strip()}" if self.sheet else self.path.name

    def read(self, settings: Settings) -> RawTable:
        """Read it as text."""
        match self.path.suffix.lower():
            case ".csv":
                return read_csv(self.path, settings)
            case ".parquet":
                return read_parquet(self.path, settings)
            case _:
                return read_sheet(self.workbook.get_sheet_by_name(self.sheet), self.place, settings)


@dataclass(frozen=True)
class Sources:
    """Every table found, and notes on what was passed over."""

    found: dict[str, Source]
    notes: tuple[str, ...]


def settings_path(path: Path) -> Path:
    """Where extract.toml must be: in the folder, or beside the workbook. Raises DataError where there is neither."""
    if path.is_dir():
        return path / SETTINGS_FILE
    if not path.exists():
        raise DataError(f"{path} does not exist: expected a folder of data files or an Excel workbook")
    if path.suffix.lower() not in WORKBOOKS:
        raise DataError(f"{path.name} is neither a folder nor an Excel workbook ({', '.join(WORKBOOKS)})")
    return path.parent / SETTINGS_FILE


def find_sources(path: Path, tables: Iterable[str]) -> Sources:
    """Find the tables in a folder (one file each, or a single workbook) or in a workbook (one sheet each).

    Raises DataError where nothing is found, or two files or sheets are for one table.
    """
    known = tuple(tables)
    if path.is_file():
        return _in_workbook(path, known)
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in READABLE and not file.name.startswith("~"))
    named = [file for file in files if file.stem.lower() in known]
    if not named and len(files) == 1 and files[0].suffix.lower() in WORKBOOKS:
        return _in_workbook(files[0], known)
    if not named:
        found = ", ".join(file.name for file in files) or "none"
        raise DataError(f"{path.name} holds no data file of a known name (expected people.csv, ...; found: {found})")
    notes = tuple(_unknown(file.name, file.stem, known) for file in files if file not in named)
    return Sources(_one_each([_source(file) for file in named]), notes)


def _source(file: Path) -> Source:
    table = file.stem.lower()
    if file.suffix.lower() not in WORKBOOKS:
        return Source(table, file)
    workbook = open_workbook(file)
    sheets = {sheet.strip().lower(): sheet for sheet in workbook.sheet_names}
    if table not in sheets and len(sheets) > 1:
        raise DataError(f"{file.name} has several sheets, none of them called {table}: {', '.join(sheets.values())}")
    return Source(table, file, sheets.get(table, workbook.sheet_names[0]), workbook)


def _in_workbook(path: Path, known: tuple[str, ...]) -> Sources:
    workbook = open_workbook(path)
    sheets = [sheet for sheet in workbook.sheet_names if sheet.strip().lower() in known]
    if not sheets:
        raise DataError(f"{path.name} has no sheet of a known name (found: {', '.join(workbook.sheet_names)})")
    sources = [Source(sheet.strip().lower(), path, sheet, workbook) for sheet in sheets]
    others = [sheet for sheet in workbook.sheet_names if sheet not in sheets]
    return Sources(_one_each(sources), tuple(_unknown(f"{path.name}, sheet {sheet}", sheet, known) for sheet in others))


def _one_each(sources: list[Source]) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for source in sources:
        if source.table in found:
            raise DataError(
                f"{found[source.table].place} and {source.place} are both the table {source.table}; keep one"
            )
        found[source.table] = source
    return found


def _unknown(place: str, name: str, known: tuple[str, ...]) -> str:
    return f"{place} is not a table of evalkit and was not read{nearest(name.lower(), known)}"
