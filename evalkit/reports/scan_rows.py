"""Tables whose rows are single people: known by a column headed as identifiers are."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape

_WHO = "person|people|advis[eo]r|volunteer|sentence|referral|release|case|client|offender|prisoner|interview"
_HEAD = re.compile(
    rf"(?:{_WHO})[ _-]?(?:ids?|no|number|ref|reference|identifier)"
    r"|ids?|identifiers?|crn|pnc|prn|noms|nomis|person|pseudonym|pid",
    re.IGNORECASE,
)
_HEAD_ROWS = 2
"""A frame whose index has a name is drawn with a second row of heads."""

_TABLE = re.compile(r"<table\b.*?(?:</table\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_ROW = re.compile(r"<tr\b[^>]*>(.*?)(?=<tr\b|</tr\s*>|</table|\Z)", re.IGNORECASE | re.DOTALL)
_CELL = re.compile(r"<t[hd]\b[^>]*>(.*?)(?=<t[hd]\b|</t[hd]\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_PRINTED = re.compile(r"<pre class=\"text\"[^>]*>(.*?)</pre>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class IdentifyingCells:
    """Headings of columns that hold identifiers, and the words in the cells below them."""

    heads: tuple[str, ...]
    words: frozenset[str]


def identifying_cells(texts: Iterable[str]) -> IdentifyingCells:
    """The columns of identifiers in all tables of a page: drawn as a table, printed, or in a CSV file.

    texts : the page, and the files that are embedded in it
    """
    heads: dict[str, None] = {}
    words: set[str] = set()
    for table in (table for text in texts for table in _tables(text)):
        named = {place: cell for row in table[:_HEAD_ROWS] for place, cell in enumerate(row) if _HEAD.fullmatch(cell)}
        heads |= dict.fromkeys(named.values())
        words |= {row[place] for row in table[1:] for place in named if len(row) > place}
    return IdentifyingCells(tuple(heads), frozenset(words - {""}))


def _tables(text: str) -> Iterator[list[list[str]]]:
    """Each table with a column of identifiers, as rows of cells, the first being the heads."""
    if "<" not in text:
        yield from _csv(text)
    for table in _TABLE.findall(text):
        rows = _ROW.findall(table)
        if any(_HEAD.fullmatch(_text(cell)) for row in rows[:_HEAD_ROWS] for cell in _CELL.findall(row)):
            yield [[_text(cell) for cell in _CELL.findall(row)] for row in rows]
    for printed in _PRINTED.findall(text):
        yield from _printed(_text(printed, lines=True))


def _csv(text: str) -> Iterator[list[list[str]]]:
    head = text.partition("\n")[0].replace('"', "").split(",")
    if any(_HEAD.fullmatch(cell.strip()) for cell in head):
        yield [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text.replace("\0", "")))]


def _printed(text: str) -> Iterator[list[list[str]]]:
    """A frame as pandas prints it: any line may be the head, and rows have one cell more, their number."""
    lines = [line.split() for line in text.splitlines()]
    for number, line in enumerate(lines):
        if any("_" in word and _HEAD.fullmatch(word) for word in line):
            yield [line, *(row[-len(line) :] for row in lines[number + 1 :])]


def _text(markup: str, *, lines: bool = False) -> str:
    plain = unescape(_TAG.sub("", markup))
    return plain if lines else " ".join(plain.split())
