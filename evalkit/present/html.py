"""A piece of a report: HTML in a notebook, plain text in a terminal. All text from data is escaped here."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def escaped(value: Any) -> str:
    """A value as text that HTML shows as it is, in content and in quoted attributes."""
    return html.escape(str(value), quote=True)


@dataclass(frozen=True, repr=False)
class Piece:
    """What a presenting function returns: shows itself in a notebook and in a terminal.

    facts : what the index page of a batch takes from the report; safe figures and plain words only
    """

    html: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        """The facts travel as metadata of the HTML, which no reader sees."""
        return ({"text/html": self.html}, {"text/html": {"evalkit": dict(self.facts)}}) if self.facts else ({}, {})

    def __repr__(self) -> str:
        return self.text
