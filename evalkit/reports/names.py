"""File names of reports: readable, safe in every file system and address, and different for different units."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection

LONGEST = 60
"""Characters of a unit's name that go into a file name."""


def file_name(specification: str, column: str, unit: str, taken: Collection[str]) -> str:
    """Name of the report on one unit: <specification>-<unit>.html, with column or checksum where that is taken."""
    stem = f"{specification}-{slug(unit)}"
    with_column = f"{specification}-{column}-{slug(unit)}"
    checksum = hashlib.sha256(f"{column}={unit}".encode()).hexdigest()[:8]
    names = (f"{stem}.html", f"{with_column}.html", f"{with_column}-{checksum}.html")
    return next((name for name in names if name not in taken), names[-1])


def slug(text: str) -> str:
    """A name in small letters of the alphabet, digits and hyphens; 'unit' where none of it can be written so."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].rstrip("-") or "unit"
