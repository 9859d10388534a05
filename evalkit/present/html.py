"""A piece of a report: HTML in a notebook, plain text in a terminal. All text from data is escaped here."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any


def escaped(value: Any) -> str:
    """A value as text that HTML shows as it is, in content and in quoted attributes."""
    return html.escape(str(value), quote=True)


@dataclass(frozen=True, repr=False)
class Piece:
    """What a presenting function returns: shows itself in a notebook and in a terminal."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text
