"""CSV files as they come: the declared encoding and separator, every record numbered, broken ones kept apart."""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evalkit.errors import DataError
from evalkit.intake.files import RawTable, clean_header, trimmed
from evalkit.intake.settings import Settings

_BLOCK = 4 << 20
_LARGEST_BLOCK = (1 << 31) - 1


def read_csv(path: Path, settings: Settings) -> RawTable:
    """Read a CSV file in the declared encoding and separator.

    A row with too few or too many fields is kept apart as malformed; a blank line keeps its row number.
    Raises DataError where the encoding or separator is not the declared one, or a quotation mark is never closed.
    """
    counts = _check_bytes(path, settings.encoding)
    header = _csv_header(path, settings)
    cells, malformed = _parse_csv(path, settings, len(header), threads=True)
    if malformed:
        cells, malformed = _parse_csv(path, settings, len(header), threads=False)
    cells = trimmed(cells.columns, ascii_only=counts.ascii)
    rows = np.delete(np.arange(2, len(cells) + len(malformed) + 2), [row - 2 for row, _, _ in malformed])
    raw = RawTable(
        path.name, header, cells, rows, malformed, line_breaks=counts.lines > len(cells) + len(malformed) + 1
    )
    _refuse_open_quotation(raw, odd=counts.quotation_marks % 2 == 1)
    return raw


@dataclass(frozen=True)
class _Counts:
    lines: int
    quotation_marks: int
    ascii: bool


def _check_bytes(path: Path, encoding: str) -> _Counts:
    decoder = codecs.getincrementaldecoder(encoding)()
    line_ends, quotation_marks, ascii_only, block = 0, 0, True, b"\n"
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_BLOCK):
                decoder.decode(chunk)
                line_ends += chunk.count(b"\n")
                quotation_marks += chunk.count(b'"')
                ascii_only = ascii_only and chunk.isascii()
                block = chunk
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _encoding_error(path, encoding) from None
    if encoding != "utf-8" and not ascii_only:
        _refuse_utf8(path, encoding)
    return _Counts(line_ends + (not block.endswith(b"\n")), quotation_marks, ascii_only)


def _encoding_error(path: Path, encoding: str) -> DataError:
    content = path.read_bytes()
    hint = "declare the encoding in extract.toml, or save the file as CSV UTF-8"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        hint = "it looks like UTF-16 (Unicode text): save it as CSV UTF-8"
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        found = f"byte {error.start + 1} (0x{content[error.start]:02X})"
        return DataError(f"{path.name}, row {row}, {found} is not {encoding}; {hint}")
    return DataError(f"{path.name} changed while it was read")


def _refuse_utf8(path: Path, encoding: str) -> None:
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return
    raise DataError(f"{path.name} is UTF-8, not {encoding} as extract.toml declares")


def _csv_header(path: Path, settings: Settings) -> tuple[str, ...]:
    encoding = "utf-8-sig" if settings.encoding == "utf-8" else settings.encoding
    with path.open(encoding=encoding, newline="") as stream:
        names = next(csv.reader(stream, delimiter=settings.separator), [])
        if not any(line.strip() for line in stream):
            raise DataError(f"{path.name} is empty: {'a header but no rows' if names else 'nothing in it'}")
    other = {",": ";", ";": ","}[settings.separator]
    if len(names) == 1:
        hint = f": the file seems to use '{other}'" if other in names[0] else ""
        raise DataError(f"{path.name} has only one column with separator '{settings.separator}' in extract.toml{hint}")
    return clean_header(names, path.name)


def _parse_csv(
    path: Path, settings: Settings, width: int, *, threads: bool, block: int = _BLOCK
) -> tuple[Any, tuple[tuple[int, str, str], ...]]:
    """Cells and malformed rows; only without threads are the numbers of malformed rows known."""
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    malformed: list[tuple[int, str, str]] = []

    def keep_apart(row: Any) -> str:
        rule = (
            f"has a different number of fields from the header: {row.actual_columns} instead of {row.expected_columns}"
        )
        malformed.append((row.number or 0, row.text, rule))
        return "skip"

    names = [f"c{position}" for position in range(width)]
    try:
        cells = arrow_csv.read_csv(
            path,
            arrow_csv.ReadOptions(
                column_names=names,
                skip_rows_after_names=1,
                use_threads=threads,
                block_size=block,
                encoding=settings.encoding,
            ),
            arrow_csv.ParseOptions(
                delimiter=settings.separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=keep_apart,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        if "straddling" in str(error) and block == _BLOCK:
            whole_file = min(path.stat().st_size + 1, _LARGEST_BLOCK)
            return _parse_csv(path, settings, width, threads=False, block=whole_file)
        raise DataError(f"{path.name} cannot be read as CSV: {error}") from error
    return cells, tuple(malformed)


def _refuse_open_quotation(raw: RawTable, *, odd: bool) -> None:
    for row, text, _ in raw.malformed:
        if text.count('"') % 2 and "\n" in text:
            raise DataError(f"{raw.place}, row {row}: a quotation mark is opened and never closed")
    if odd and raw.line_breaks and len(raw.cells):
        last = raw.cells.slice(len(raw.cells) - 1).to_pylist()[0]
        if any("\n" in (cell or "") for cell in last.values()):
            raise DataError(f"{raw.place}, row {raw.rows[-1]}: a quotation mark is opened and never closed")
