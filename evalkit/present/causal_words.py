"""A linter for narrative: finds words that claim that one thing brought another about."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("causal_words.toml")
"""The words, as data."""


def causal_words(text: str) -> list[str]:
    """Every causal word or phrase of a text, in the order and spelling in which it stands there; empty if none.

    text : plain text; capitals and line breaks make no difference
    """
    found = [
        (match.start(), " ".join(match.group().split()))
        for words, before in _patterns()
        for match in words.finditer(text)
        if not (before and before.search(text, 0, match.start()))
    ]
    return [phrase for _, phrase in sorted(found)]


@cache
def _patterns() -> list[tuple[re.Pattern[str], re.Pattern[str] | None]]:
    """For each entry: what to look for, and what must not stand directly before it."""
    entries = tomllib.loads(LIST.read_text(encoding="utf-8"))["words"]
    return [(_words(entry), _before(entry.get("unless_preceded_by", []))) for entry in entries]


def _words(entry: dict[str, list[str]]) -> re.Pattern[str]:
    after = entry.get("unless_followed_by", [])
    other = rf"(?!{GAP}(?:{_any(after)})\b)" if after else ""
    return re.compile(rf"\b(?:{_any(entry['forms'])})\b{other}", re.IGNORECASE)


def _before(words: list[str]) -> re.Pattern[str] | None:
    return re.compile(rf"\b(?:{_any(words)}){GAP}$", re.IGNORECASE) if words else None


def _any(phrases: list[str]) -> str:
    return "|".join(r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases)


GAP = r"[\s-]+"
"""What lies between two words."""
