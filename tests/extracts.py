"""Small extracts written as a user would supply them, for the tests of what is built from them."""

from __future__ import annotations

from pathlib import Path

from evalkit.intake import Extract, load

SETTINGS = 'source = "test"\nextract_date = 2021-12-31\nsynthetic = true\n'


def written(folder: Path, *, settings: str = SETTINGS, **tables: str) -> Path:
    """Write each table given as lines of comma-separated text, and extract.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "extract.toml").write_text(settings, encoding="utf-8")
    for name, text in tables.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def loaded(folder: Path, *, settings: str = SETTINGS, **tables: str) -> Extract:
    """Write and load; every row must be accepted."""
    extract = load(written(folder, settings=settings, **tables))
    assert extract.rejected.empty, extract.rejected.to_string()
    return extract
