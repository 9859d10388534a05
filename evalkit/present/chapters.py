"""Chapters of a report: written ones, with the results set in and every sentence checked, and those made of tables.

A written chapter is Markdown. Between two lines `+++` at its top it may declare, in TOML, `quoted`: numbers quoted from
other sources, as they stand in the text, and `source`: where they are from.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evalkit.errors import SpecError
from evalkit.present.causal_words import causal_words
from evalkit.present.html import Piece, escaped
from evalkit.present.references import REFERENCE, References
from evalkit.spec import Spec

FENCE = "+++"
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_NOT_FIGURES = re.compile(
    rf"\{{\{{.*?\}}\}}|\]\([^)]*\)|^\s*\d+\.\s|\b\d{{1,2}} (?:{_MONTHS})\b|\b(?:19|20)\d\d(?:/\d\d(?:\d\d)?)?\b"
)
"""What holds digits but is no figure: references, addresses of links, numbers of a list, dates and years."""

_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Chapter:
    """The text of one chapter as it was written.

    lines  : (number in the file, text)
    quoted : numbers that are quoted from elsewhere
    source : where they are from; '' if that is not said
    """

    file: str
    lines: tuple[tuple[int, str], ...]
    quoted: tuple[str, ...] = ()
    source: str = ""


def show_chapter(spec: Spec, name: str, *, results: References, title: str) -> Piece:
    """A written chapter with the results in their places; one line where none is declared under that name.

    spec    : its section [narrative] names the Markdown file of each chapter
    results : what the text may refer to, from `references`
    title   : heading of the chapter

    A typed number that no result shows, and that is not declared as quoted, is named below the chapter.
    Raises SpecError where the file cannot be read, holds an image, refers to what does not exist, quotes without a
    source, or claims that one thing brought another about.
    """
    if name not in spec.narrative:
        text = f"{title}: no text is declared for this chapter."
        return Piece(f'<p class="note">{escaped(text)}</p>', text)
    chapter = read_chapter(spec.path.parent / spec.narrative[name])
    _refuse_causes(chapter)
    filled = "\n".join(_filled(line, results, f"{chapter.file}, line {number}") for number, line in chapter.lines)
    unmatched = typed_numbers(chapter, results)
    said = [f"line {row.line}: {row.number}" for row in unmatched.itertuples()]
    check = [f"Typed numbers that match no result of this report ({chapter.file}): {'; '.join(said)}."] if said else []
    source = [f"Figures quoted from elsewhere: {chapter.source}"] if chapter.source else []
    notes = "".join(f'<p class="note">{escaped(note)}</p>' for note in source)
    notes += "".join(f'<aside class="warning">{escaped(note)}</aside>' for note in check)
    heading = f"<h3>{escaped(title)}</h3>" if title else ""
    markup = f'<div class="narrative">{heading}{_markup(filled)}{notes}</div>'
    return Piece(markup, "\n".join([title, filled, *source, *check]))


def read_chapter(path: Path) -> Chapter:
    """Read a chapter and what it declares.

    Raises SpecError where it cannot be read, is empty, holds an image, or its declarations are wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"narrative {path.name}: cannot be read ({type(error).__name__})") from None
    declared, first = _declared(lines, path.name)
    numbered = tuple((number, line) for number, line in enumerate(lines, start=1) if number > first)
    if not any(line.strip() for _, line in numbered):
        raise SpecError(f"narrative {path.name}: the file is empty")
    images = [number for number, line in numbered if "![" in line]
    if images:
        raise SpecError(f"narrative {path.name}, line {images[0]}: a chapter holds text only, no image")
    return Chapter(path.name, numbered, tuple(declared.get("quoted", ())), declared.get("source", ""))


def typed_numbers(chapter: Chapter, results: References) -> pd.DataFrame:
    """Numbers typed in a chapter that are no reference, that no result shows, and that are not declared as quoted.

    Dates, years, the numbers of a list and the addresses of links do not count.
    Returns line (in the file), number (as typed).
    """
    known = results.numbers() | {text.strip("%") for text in chapter.quoted}
    found = [
        (number, figure)
        for number, line in chapter.lines
        for figure in _FIGURE.findall(_NOT_FIGURES.sub(" ", line))
        if figure.rstrip(",") not in known
    ]
    return pd.DataFrame(found, columns=["line", "number"])


def chapter(held: Container[str], needs: Sequence[str], *pieces: Piece, title: str) -> Piece:
    """Tables and charts of a chapter; one line instead where the extract lacks a table that it needs.

    held   : names of the tables of the extract
    needs  : tables without which the chapter has nothing to say
    pieces : what it shows, in order
    title  : what the chapter is about, for that line
    """
    if missing := [name for name in needs if name not in held]:
        text = f"{title}: left out, because the extract has no table {' and no table '.join(missing)}."
        return Piece(f'<p class="note">{escaped(text)}</p>', text)
    return Piece("".join(piece.html for piece in pieces), "\n\n".join(piece.text for piece in pieces))


def _declared(lines: list[str], file: str) -> tuple[dict[str, Any], int]:
    """What the head of a file declares, and the number of its last line."""
    if not lines or lines[0].strip() != FENCE:
        return {}, 0
    ends = [number for number, line in enumerate(lines[1:], start=2) if line.strip() == FENCE]
    if not ends:
        raise SpecError(f"narrative {file}: the head that begins with {FENCE} does not end with {FENCE}")
    try:
        declared = tomllib.loads("\n".join(lines[1 : ends[0] - 1]))
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"narrative {file}: the head is not valid TOML ({error})") from None
    if unknown := set(declared) - {"quoted", "source"}:
        raise SpecError(f"narrative {file}: unknown name '{min(unknown)}' in the head (known: quoted, source)")
    quoted, source = declared.get("quoted", []), declared.get("source", "")
    if not (isinstance(quoted, list) and all(isinstance(text, str) for text in quoted) and isinstance(source, str)):
        raise SpecError(f"narrative {file}: quoted is a list of texts and source a text")
    if quoted and not source:
        raise SpecError(f"narrative {file}: numbers are quoted, so the head must name their source")
    return declared, ends[0]


def _refuse_causes(chapter: Chapter) -> None:
    for number, line in chapter.lines:
        if claims := causal_words(line):
            raise SpecError(
                f"narrative {chapter.file}, line {number}: {', '.join(map(repr, claims))} claims a cause; no "
                "comparison here can show one. Say what was done and what was seen"
            )


def _filled(line: str, results: References, where: str) -> str:
    return REFERENCE.sub(lambda found: results.text(found[1], where=f"narrative {where}"), line)


def _markup(text: str) -> str:
    """Markdown as HTML, headings below those of the report; HTML in it is shown as text."""
    import mistune

    markup = str(mistune.create_markdown(escape=True)(text))
    return re.sub(r"(</?h)([1-3])\b", lambda found: f"{found[1]}{int(found[2]) + 3}", markup)
