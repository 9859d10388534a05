"""The last look at a finished page: nothing about one person, no place on this computer, nothing loaded from elsewhere.

It judges the text of the page alone, whatever was meant to keep such things out of it.
"""

from __future__ import annotations

import base64
import binascii
import getpass
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_to_bytes

from evalkit.errors import DataError, ReportError
from evalkit.reports.scan_rows import identifying_cells

if TYPE_CHECKING:
    from evalkit.intake.identifiers import Identifiers

MOST_NAMED = 5
"""Findings that a message names; the others are counted."""

_FOLDERS = "home|Users|root|tmp|var|mnt|media|opt|srv|usr|etc|private|Volumes|work|data"
_WORDS = {
    "a pseudonym": re.compile(r"(?<![A-Za-z0-9])p_[0-9a-f]{8,}(?![0-9A-Za-z])"),
    "a path of a computer": re.compile(
        rf"(?<![\w.:/~<-])(?:/(?:{_FOLDERS})/[\w.~-]+|~/[\w.-]+/|[A-Za-z]:\\+\w|\\\\\w+\\\w|file:/)"
    ),
    "a trace of the notebook's run": re.compile(r"ipykernel_\d+|<ipython-input|papermill-error"),
}
"""Kinds of things written without a space."""

_PHRASES = {
    "the record of an error": re.compile(
        r"Traceback \(most recent call last\)|Cell In\[\d+\], line \d|File \"[^\"\n]+\", line \d+"
    ),
    "a trace of the notebook's run": re.compile(r"\"papermill\"\s*:"),
}
_ADDRESS = re.compile(r"=\s*[\"']?\s*((?:&|//|https?:|ftp:|wss?:)[^\s\"'>]*)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*\Z")
_LOADING = {"src", "srcset", "poster", "data", "action", "formaction", "background", "ping", "manifest", "href"}
_REMOTE = re.compile(r"(?:(?:https?|ftp|wss?):|//)", re.IGNORECASE)
_STYLED = re.compile(r"(?:url\(|@import)\s*['\"]*\s*(?:(?:https?|ftp):|//)[^)\s]*", re.IGNORECASE)
_SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script\s*>", re.IGNORECASE | re.DOTALL)
_STYLE = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.IGNORECASE | re.DOTALL)
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b")
_COLOURED = re.compile(r"\b(?:style|fill|stroke|color|stop-color|bgcolor)\s*=\s*(?:\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_INLINE = re.compile(r"</?(?:a|abbr|b|code|em|i|mark|s|small|span|strong|sub|sup|tspan|u|wbr)\b[^>]*>", re.IGNORECASE)
_EMBEDDED = re.compile(r"data:[\w/+.-]*((?:;[\w=-]+)*),([^\"'\s)<>]*)")
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_HEADING = re.compile(r"(?=<h[1-6]\b)", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Finding:
    """Something that must not be in a report: what kind of thing, how it begins, and where it stands."""

    kind: str
    beginning: str = ""
    place: str = ""

    def __str__(self) -> str:
        return f"{self.place}: " * bool(self.place) + self.kind + f" ({self.beginning})" * bool(self.beginning)


def scan_report(report: str | Path, data: str | Path) -> tuple[Finding, ...]:
    """Look through a finished report for what identifies people or computers, or asks for something of the network.

    report : an HTML file
    data   : the extract it was made from, as for `load`

    Returns what was found, each with the heading it stands under, and none of it in full; links in the text, which
    load nothing, are not judged here. Raises DataError where one of the two cannot be read.
    """
    from evalkit.intake.identifiers import read_identifiers

    try:
        html = Path(report).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{report} cannot be read as a report: {error}") from error
    return scanned(html, read_identifiers(data))


def scanned(
    html: str,
    identifiers: Identifiers | None,
    *,
    authored: str | None = None,
    cells: Iterable[tuple[str, str]] = (),
) -> tuple[Finding, ...]:
    """What a page holds that it must not.

    html        : the page
    identifiers : those of the extract; None: there is none
    authored    : text in which the addresses of permitted links stand; None: links are not judged
    cells       : name and content of each cell that the page was made of; without them, places are headings
    """
    if not _found(html, identifiers, authored):
        return ()
    html = _without_colours(html)
    found = _found(html, identifiers, authored)
    parts = [*cells, *_sections(html)]
    return tuple(replace(finding, place=_place(finding, parts, identifiers, authored)) for finding in found)


def refuse(findings: Iterable[Finding], place: str) -> None:
    """Raise ReportError where there is a finding, naming the first few; place: the notebook's file name."""
    found = list(findings)
    if found:
        named = "; ".join(map(str, found[:MOST_NAMED])) + "; and others" * (len(found) > MOST_NAMED)
        raise ReportError(f"{place}: the report is not written, because it would show {len(found)} things: {named}")


def _place(
    finding: Finding, parts: list[tuple[str, str]], identifiers: Identifiers | None, authored: str | None
) -> str:
    for name, part in parts:
        if any(finding == other for other in _found(part, identifiers, authored)):
            return name
    return ""


def _sections(html: str) -> list[tuple[str, str]]:
    """The page from heading to heading."""
    first, *others = _HEADING.split(html)
    named = [(f"under '{unescape(_TAG.sub('', part.split('</h')[0])).strip()}'", part) for part in others]
    return [*named, ("at the head of the page", first)]


def _found(html: str, identifiers: Identifiers | None, authored: str | None) -> list[Finding]:
    texts = [html, *_embedded(html)]
    plain = "\n".join(readable for text in texts for readable in _readable(text))
    cells = identifying_cells(texts)
    found = [Finding(kind, _masked(match)) for kind, match in _matches(plain)]
    found += [Finding("an address that is loaded", _host(address)) for address in _loaded(html)]
    if authored is not None:
        links = [address for element, address in _addresses(html) if element == "a" and address not in authored]
        found += [Finding("a link that the specification does not have", _host(link)) for link in links]
    found += [Finding("the name of a user", _masked(name)) for name in _users(plain)]
    found += [Finding("rows about single people", f"a column headed {head!r}") for head in cells.heads]
    if identifiers is not None:
        known = sorted(identifiers.in_text(plain) | identifiers.among(cells.words))
        found += [Finding("an identifier of the extract", _masked(identifier)) for identifier in known]
    return list(dict.fromkeys(found))


def _readable(text: str) -> Iterator[str]:
    """Text as written and as read: entities replaced, and words that mark-up divides joined."""
    yield _UNSEEN.sub("", unescape(text))
    if "<" in text:
        yield _UNSEEN.sub("", unescape(_TAG.sub(" ", _INLINE.sub("", text))))


def _without_colours(html: str) -> str:
    """Colours are written as numbers of six digits are."""
    for styled in (_STYLE, _COLOURED):
        html = styled.sub(lambda match: _COLOUR.sub("", match[0]), html)
    return html


def _embedded(html: str) -> list[str]:
    """What stands in data addresses, decoded; of pictures, what can be read as letters."""
    texts = []
    for options, content in set(_EMBEDDED.findall(html)):
        texts.append(_from_base64(unescape(content)) if "base64" in options else unquote(unescape(content)))
    return texts


def _from_base64(content: str) -> str:
    try:
        held = base64.b64decode(unquote_to_bytes(content), validate=False)
    except (binascii.Error, ValueError):
        return content
    try:
        return held.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(run.decode("ascii") for run in re.findall(rb"[\x20-\x7e]{8,}", held))


def _matches(plain: str) -> Iterator[tuple[str, str]]:
    different = "\n".join(set(plain.split()))
    for patterns, text in ((_WORDS, different), (_PHRASES, plain)):
        for kind, pattern in patterns.items():
            yield from ((kind, match) for match in sorted(set(pattern.findall(text))))


def _addresses(html: str) -> Iterator[tuple[str, str]]:
    """Element and remote address of each attribute that loads or links something."""
    for match in _ADDRESS.finditer(html):
        address = unescape(match[1])
        attribute = _ATTRIBUTE.search(html, max(0, match.start() - 40), match.start())
        name = attribute[1].lower().removeprefix("xlink:") if attribute else ""
        begin = html.rfind("<", 0, match.start())
        element = re.match(r"<([A-Za-z][\w:-]*)", html[begin : match.start()])
        if name in _LOADING and element and _REMOTE.match(address):
            yield element[1].lower(), address


def _loaded(html: str) -> Iterator[str]:
    """Remote addresses that a browser would ask for by itself."""
    yield from (address for element, address in _addresses(html) if element != "a")
    yield from _STYLED.findall(html)
    for script in _SCRIPT.findall(html):
        yield from re.findall(r"(?:https?|wss?)://[^\s\"']+", script)


def _users(plain: str) -> Iterator[str]:
    """The name of whoever runs this, where it stands as a computer's account does: name@machine, ~name."""
    try:
        names = {getpass.getuser(), Path.home().name}
    except (OSError, KeyError, RuntimeError):
        # An account without a name has none to show.
        names = set()
    for name in sorted(names - {""}):
        if name in plain and re.search(rf"(?<![\w.])(?:~{re.escape(name)}\b|{re.escape(name)}@[\w-]+)", plain):
            yield name


def _masked(text: str) -> str:
    """How a thing begins, so that whoever made the report can find it and nobody else learns it."""
    return f"{text[: min(2, len(text) // 3)]}..., {len(text)} characters"


def _host(address: str) -> str:
    found = re.search(r"(?:[a-z]+:)?//([^/?#)\s\"']+)", address, re.IGNORECASE)
    return found[1] if found else "an address"
