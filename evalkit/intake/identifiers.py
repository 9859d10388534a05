"""The identifiers that the source gives people, sentences, referrals, ...: what a finished report must not hold.

They are read from the files once more, because the tables of an extract know pseudonyms only. Arrow is handed its own
arrays throughout: wherever it is given a Python value it imports pandas, to see whether it is one of pandas'.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

from evalkit.intake.declare import Table
from evalkit.intake.pseudonyms import PERSONAL
from evalkit.intake.settings import Settings, read_settings
from evalkit.intake.sources import Source, find_sources, settings_path

FEWEST_DIGITS = 6
"""A shorter number is one like others: it is an identifier only where a column of identifiers says so."""

_RUN = re.compile(r"[^\W_]+")
_ALNUM = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ALL_W = bytes.maketrans(_ALNUM, b"W" * len(_ALNUM))


@dataclass(frozen=True, repr=False)
class Identifiers:
    """Every identifier of an extract.

    values : Arrow text; some may be there twice
    """

    values: Any

    @staticmethod
    def of_all(several: Sequence[Identifiers]) -> Identifiers:
        """Those of several extracts together."""
        import pyarrow as pa

        return several[0] if len(several) == 1 else Identifiers(pa.concat_arrays([each.values for each in several]))

    def among(self, words: Iterable[str]) -> set[str]:
        """Those of the words that are identifiers."""
        import pyarrow.compute as compute

        asked = _texts(sorted(words))
        return set(self.values.filter(compute.is_in(self.values, value_set=asked)).to_pylist())

    def in_text(self, text: str) -> set[str]:
        """The identifiers that stand in a text as whole words; not numbers of fewer than six digits, nor a letter."""
        different = "\n".join(set(text.split()))
        words = {
            word for form, pattern in self._patterns for word in pattern.findall(text if " " in form else different)
        }
        asked = {word for word in words if not is_ambiguous(word)}
        return {found for found in self.among(asked) if not found.isdecimal() or _is_whole_number(found, text)}

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        """Each way in which identifiers are written (words, and what stands between them), and its pattern."""
        return [(form, _RUN if form == "W" else _pattern(form)) for form in sorted(self._forms())]

    def _forms(self) -> set[str]:
        """'W', 'W-W', 'W/W W', ...: each run of letters and digits as one W."""
        import pyarrow as pa
        import pyarrow.compute as compute

        if not len(self.values):
            return set()
        ends = pa.py_buffer(array("i", [0, len(self.values)]))
        whole = pa.ListArray.from_buffers(pa.list_(pa.string()), 1, [None, ends], children=[self.values])
        joined = compute.binary_join(whole, _texts(["\n"]))[0].as_py()
        if joined.isascii():
            return {re.sub("W+", "W", form.decode()) for form in set(joined.encode().translate(_ALL_W).split(b"\n"))}
        return set(_RUN.sub("W", joined).split("\n"))


def _texts(words: Sequence[str]) -> Any:
    """Text as an Arrow array."""
    import pyarrow as pa

    encoded = [word.encode() for word in words]
    ends = array("i", accumulate(map(len, encoded), initial=0))
    return pa.StringArray.from_buffers(len(words), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def is_ambiguous(identifier: str) -> bool:
    """Whether an identifier may as well be an ordinary number or word: fewer than six digits, or one or two letters."""
    return len(identifier) < (FEWEST_DIGITS if identifier.isdecimal() else 3 if identifier.isalpha() else 1)


def _pattern(form: str) -> re.Pattern[str]:
    written = _RUN.pattern.join(map(re.escape, form.split("W")))
    # Ahead of each word's beginning, so that of three words in a row the last two are seen as well.
    return re.compile(rf"(?<![^\W_])(?=({written})(?![^\W_]))" if form[0] == "W" else rf"(?=({written})(?![^\W_]))")


def _is_whole_number(digits: str, text: str) -> bool:
    """Whether it stands there as a number of its own, and not before or after a decimal point."""
    return re.search(rf"(?<!\d\.)(?<![^\W_]){digits}(?![^\W_])(?!\.\d)", text) is not None


def read_identifiers(path: str | Path) -> Identifiers:
    """Read the identifiers of an extract: of people, advisors and volunteers, and the keys of the other tables.

    path : as for `load`

    Raises DataError where the extract cannot be read.
    """
    import pyarrow as pa

    path = Path(path)
    settings = read_settings(settings_path(path))
    tables = settings.tables()
    found = find_sources(path, tables).found
    columns = [cells for name, source in found.items() for cells in _columns(source, tables[name], settings)]
    return Identifiers(pa.concat_arrays([pa.nulls(0, pa.string()), *columns]))


def _columns(source: Source, table: Table, settings: Settings) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.compute as compute

    referring = {reference.column for reference in table.references}
    naming = [name for name in table.names if name in PERSONAL and name not in referring]
    mapping = settings.columns.get(table.name, {})
    wanted = [mapping.get(name, name) for name in dict.fromkeys([*naming, table.key]) if name.endswith("_id")]
    for cells in _cells(source, wanted, settings):
        trimmed = compute.utf8_trim_whitespace(cells.combine_chunks())
        yield trimmed.filter(compute.utf8_length(trimmed).cast(pa.bool_()))  # without the empty ones


def _cells(source: Source, wanted: list[str], settings: Settings) -> list[Any]:
    """Columns of a file as text, chunked; of CSV files only these are kept in memory."""
    import pyarrow as pa

    if not wanted:
        return []
    try:
        return _csv_cells(source.path, wanted, settings)
    except pa.ArrowInvalid:
        # No CSV file, or one that takes more care.
        raw = source.read(settings)
        return [raw.cells[f"c{raw.header.index(name)}"] for name in wanted if name in raw.header]


def _csv_cells(path: Path, wanted: list[str], settings: Settings) -> list[Any]:
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    if path.suffix.lower() != ".csv":
        raise pa.ArrowInvalid(f"{path.name} is no CSV file")
    with path.open(encoding=settings.encoding.replace("utf-8", "utf-8-sig"), newline="") as stream:
        header = [name.strip() for name in next(csv.reader(stream, delimiter=settings.separator), [])]
    names = [f"c{position}" for position in range(len(header))]
    columns = [names[header.index(name)] for name in wanted if name in header]
    table = arrow_csv.read_csv(
        path,
        arrow_csv.ReadOptions(column_names=names, skip_rows_after_names=1, encoding=settings.encoding),
        arrow_csv.ParseOptions(
            delimiter=settings.separator, newlines_in_values=True, invalid_row_handler=lambda _: "skip"
        ),
        arrow_csv.ConvertOptions(include_columns=columns, column_types=dict.fromkeys(columns, pa.string())),
    )
    return list(table.columns)
