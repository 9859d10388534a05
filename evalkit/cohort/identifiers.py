"""No identifier of the extract in written text: a case study must not name anybody whom the rows name."""

from __future__ import annotations

import re
from collections.abc import Iterator

import narwhals as nw

from evalkit.errors import SpecError
from evalkit.intake import Extract
from evalkit.spec import Spec

_WORD = re.compile(r"[^\s,;:()\[\]{}\"'“”‘’*!?]+")
SHORTEST, FEWEST_DIGITS = 3, 6
"""A shorter word, or a number with fewer digits, says nothing about anybody."""


def refuse_identifiers(extract: Extract, spec: Spec) -> None:
    """Refuse narrative that holds an identifier of the extract: of a referral, sentence, release, interview, person.

    spec : its section [narrative] names the files

    Words are compared with the identifiers that the tables hold, whatever their capitals; those of people, advisers and
    volunteers are pseudonyms there. Names of people are not in an extract and cannot be looked for.
    Raises SpecError with file and line, and the column, where there is one; it does not repeat the word.
    """
    words = _words(spec)
    identifiers = list(_identifiers(extract))
    if not words or not identifiers:
        return
    found = nw.concat(identifiers).filter(nw.col("word").is_in(list(words)))
    named = found.group_by("table", "column").agg(nw.col("word").min()).collect("pyarrow").rows()
    if named:
        table, column, word = min(named)
        raise SpecError(
            f"narrative {words[word]}: holds an identifier of the extract ({table}, column {column}). Take it out"
        )


def _identifiers(extract: Extract) -> Iterator[nw.LazyFrame]:
    """Every column of identifiers in small letters: word, and the table and column it is from."""
    for table, rows in extract.tables.items():
        for column, kind in rows.collect_schema().items():
            if column.endswith("_id") and kind == nw.String:
                yield rows.select(word=nw.col(column).str.to_lowercase(), table=nw.lit(table), column=nw.lit(column))


def _words(spec: Spec) -> dict[str, str]:
    """Each word that could be an identifier, in small letters -> the file and line where it stands first."""
    words: dict[str, str] = {}
    for file in spec.narrative.values():
        path = spec.path.parent / file
        if not path.exists():
            raise SpecError(f"{spec.path.name}: there is no narrative file {file}")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for word in _WORD.findall(line.lower()):
                plain = word.strip(".")
                if len(plain) >= (FEWEST_DIGITS if plain.isdigit() else SHORTEST):
                    words.setdefault(plain, f"{path.name}, line {number}")
    return words
