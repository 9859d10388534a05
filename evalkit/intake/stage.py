"""Text becomes typed: one SQL statement per table turns a raw table into declared columns; the text stays at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.errors import DataError
from evalkit.intake.declare import Column, Table
from evalkit.intake.engine import first_row, identifier, literal
from evalkit.intake.files import EXCEL_DAY_ZERO, RawTable
from evalkit.intake.pseudonyms import PERSONAL, Pseudonyms
from evalkit.intake.settings import Settings, nearest

_RAW = "raw"

ROW = '":row"'
"""The row number in a staged table; a colon cannot begin a declared column's name."""

SQL_TYPES = {"date": "DATE", "whole": "BIGINT", "number": "DOUBLE", "probability": "DOUBLE", "yes/no": "BOOLEAN"}

_WHOLE = r"[+-]?[0-9]{1,15}(\.0*)?"
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
# A time of midnight, which databases add to dates, is no time.
_DATE_FORMATS = {
    "YYYY-MM-DD": ("%Y-%m-%d", "%Y-%m-%d 00:00:00", "%Y-%m-%d 00:00:00.000", "%Y-%m-%dT00:00:00"),
    "DD/MM/YYYY": ("%d/%m/%Y", "%d/%m/%Y 00:00", "%d/%m/%Y 00:00:00"),
}
_YES_NO = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}


@dataclass(frozen=True)
class Staged:
    """A table in the engine, typed but not yet checked.

    header   : the columns of the file
    supplied : our column name -> its name in the file
    """

    table: Table
    place: str
    header: tuple[str, ...]
    supplied: Mapping[str, str]
    line_breaks: bool

    @property
    def name(self) -> str:
        """Quoted name of the staged table in the engine."""
        return identifier(f"staged:{self.table.name}")

    @property
    def written(self) -> str:
        """Quoted name of the view of the supplied columns as they were written, until `forget_raw`."""
        return identifier(f"written:{self.table.name}")

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns of the file that are not declared."""
        return tuple(name for name in self.header if name and name not in self.supplied.values())

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns whose text is kept where it could not be converted."""
        return tuple(column.name for column in self.table.columns if column.name in self.supplied and converted(column))


def stage(connection: Any, raw: RawTable, table: Table, settings: Settings, pseudonyms: Pseudonyms) -> Staged:
    """Put a raw table into the engine under declared names and types; blank rows are left out.

    Each converted column stands twice: typed, and under `text_name` as text where it cannot be converted. All of the
    text is in the view `Staged.written` until `forget_raw`. Identifiers of people are converted to pseudonyms.
    Raises DataError where a required column is missing or a mapped one is not in the file.
    """
    supplied = _supplied_columns(raw, table, settings)
    _check_scores(raw, table, supplied, settings)
    codes = settings.codes.get(table.name, {})
    texts = [
        f"{_text_sql(f'c{raw.header.index(theirs)}', codes.get(ours, {}))} AS {identifier(ours)}"
        for ours, theirs in supplied.items()
    ]
    cells, places = _with_pseudonyms(raw, supplied, codes, pseudonyms)
    typed = [_typed_column(column, settings, supplied=column.name in supplied) for column in table.columns]
    filled = " OR ".join(f"c{position} IS NOT NULL" for position in range(len(raw.header)))
    staged = Staged(table, raw.place, raw.header, supplied, raw.line_breaks)
    unread = [
        f"CASE WHEN {_typed_sql(column, identifier(column.name), settings)} IS NULL THEN {identifier(column.name)} END "
        f"AS {text_name(column.name)}"
        for column in table.columns
        if column.name in staged.texts
    ]
    connection.register(_RAW, cells.append_column(":row", [raw.rows]))
    written = ", ".join([ROW, *texts, *places])
    connection.execute(f"CREATE VIEW {staged.written} AS SELECT {written} FROM {_RAW} WHERE {filled}")
    connection.execute(
        f"CREATE TABLE {staged.name} AS SELECT {', '.join([*typed, *unread, ROW])} FROM {staged.written} AS w"
        f"{_order(table)}"
    )
    return staged


def _with_pseudonyms(
    raw: RawTable, supplied: Mapping[str, str], codes: Mapping[str, Mapping[str, str]], pseudonyms: Pseudonyms
) -> tuple[Any, list[str]]:
    """The cells with a further column for each that names people, and the quoted names of these columns."""
    cells, places = raw.cells, []
    for ours in [name for name in supplied if name in PERSONAL]:
        named = pseudonyms.of(ours, cells[f"c{raw.header.index(supplied[ours])}"], codes.get(ours))
        cells = cells.append_column(f":{ours}", named)
        places.append(_pseudonym_name(ours))
    return cells, places


def _pseudonym_name(column: str) -> str:
    return identifier(f":{column}")


def _order(table: Table) -> str:
    """People stand in the order of the source's identifiers, whatever the order of the file and the key."""
    return f' ORDER BY w."person_id", w.{ROW}' if table.name == "people" else ""


def forget_raw(connection: Any, staged: Staged) -> None:
    """Let go of the raw table once nobody needs to know how a value was written."""
    connection.execute(f"DROP VIEW {staged.written}")
    connection.unregister(_RAW)


def converted(column: Column) -> bool:
    """Whether the typed value of a column may differ from its text."""
    return column.kind in SQL_TYPES or bool(column.allowed) or column.name in PERSONAL


def text_name(column: str) -> str:
    """Quoted name of the column that holds what could not be converted of another."""
    return identifier(f"{column}:text")


def all_numbers(connection: Any, raw: RawTable, name: str) -> bool:
    """Whether a column of a raw table holds numbers and nothing else."""
    cell = f"c{raw.header.index(name)}"
    connection.register(_RAW, raw.cells)
    every_one = f"coalesce(bool_and(regexp_full_match({cell}, {literal(_NUMBER)})), false)"
    (numbers,) = first_row(connection, f"SELECT {every_one} FROM {_RAW} WHERE {cell} IS NOT NULL")
    connection.unregister(_RAW)
    return bool(numbers)


def _supplied_columns(raw: RawTable, table: Table, settings: Settings) -> dict[str, str]:
    mapping = settings.columns.get(table.name, {})
    for ours, theirs in mapping.items():
        if theirs not in raw.header:
            raise DataError(
                f"{raw.place} has no column '{theirs}', which extract.toml maps to {ours}{nearest(theirs, raw.header)}"
            )
    supplied = {name: mapping.get(name, name) for name in table.names if mapping.get(name, name) in raw.header}
    for column in table.columns:
        if column.required and column.name not in supplied:
            spare = [name for name in raw.header if name and name not in supplied.values()]
            found = ", ".join(spare[:8]) or "none"
            raise DataError(
                f"{raw.place} has no column {column.name}, but it is required (columns not used: {found}); if it has "
                f"another name there, map it in extract.toml under [columns.{table.name}]"
            )
    return supplied


def _check_scores(raw: RawTable, table: Table, supplied: Mapping[str, str], settings: Settings) -> None:
    for column in table.columns:
        if column.kind != "probability" or column.name not in supplied:
            continue
        cells = raw.cells[f"c{raw.header.index(supplied[column.name])}"]
        place = f"{raw.place}, column {supplied[column.name]}"
        if cells.null_count == len(cells):
            continue
        if settings.predicted_scale is None:
            raise DataError(f'{place}: extract.toml must declare its scale, [predicted] scale = "share" or "per cent"')
        if column.name == "ogrs3_one_year" and settings.horizon_days != 365:
            raise DataError(
                f"{place} is a one-year score, but extract.toml says [predicted] horizon_days = {settings.horizon_days}"
            )


def _text_sql(cell: str, codes: Mapping[str, str]) -> str:
    if not codes:
        return cell
    cases = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in codes.items())
    return f"nullif(CASE {cell} {cases} ELSE {cell} END, '')"


def _typed_column(column: Column, settings: Settings, *, supplied: bool) -> str:
    name = identifier(column.name)
    if not supplied:
        return f"CAST(NULL AS {SQL_TYPES.get(column.kind, 'VARCHAR')}) AS {name}"
    return f"{_typed_sql(column, name, settings)} AS {name}" if converted(column) else name


def _typed_sql(column: Column, text: str, settings: Settings) -> str:
    if column.name in PERSONAL:
        # A line break in an identifier means that a quotation mark is open.
        return f"CASE WHEN NOT contains({text}, chr(10)) THEN {_pseudonym_name(column.name)} END"
    match column.kind:
        case "date":
            return _date_sql(text, settings.date_format)
        case "whole":
            return f"CASE WHEN regexp_full_match({text}, {literal(_WHOLE)}) THEN CAST({text} AS DOUBLE)::BIGINT END"
        case "number":
            return _number_sql(text)
        case "probability":
            return f"{_number_sql(text)} / {100 if settings.predicted_scale == 'per cent' else 1}"
        case "yes/no":
            cases = " ".join(f"WHEN {literal(word)} THEN {value}" for word, value in _YES_NO.items())
        case _:
            cases = " ".join(f"WHEN {literal(code.lower())} THEN {literal(code)}" for code in column.allowed)
    return f"CASE lower({text}) {cases} END"


def _date_sql(text: str, date_format: str) -> str:
    if date_format == "Excel":
        days = f"floor({_number_sql(text)})"
        return f"CASE WHEN {days} BETWEEN 1 AND 2958465 THEN DATE '{EXCEL_DAY_ZERO}' + {days}::INTEGER END"
    formats = ", ".join(literal(form) for form in _DATE_FORMATS[date_format])
    return f"try_strptime({text}, [{formats}])::DATE"


def _number_sql(text: str) -> str:
    number = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN regexp_full_match({text}, {literal(_NUMBER)}) AND isfinite({number}) THEN {number} END"
