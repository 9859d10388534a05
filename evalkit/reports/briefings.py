"""The page that lists the briefings of all areas and teams, each team under its area; nothing in it is ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalkit.errors import ReportError
from evalkit.reports.manifest import DONE, Batch, read_manifest
from evalkit.reports.writing import write_page

INDEX, FULL_REPORT = "rat-index.html", "rat.html"
TEMPLATE = Path(__file__).with_name("template")
TOO_SMALL, FAILED = "too small to judge", "could not be made"
AS_EXPECTED = "as expected"
ELSEWHERE = "Not in an area of its own"


@dataclass(frozen=True)
class Line:
    """One unit: where its briefing lies ('' without one), what it says in a few words, and the area it lies in."""

    unit: str
    address: str
    finding: str
    within: str

    @property
    def quiet(self) -> bool:
        """Whether nothing about it asks for a look."""
        return self.finding in {AS_EXPECTED, TOO_SMALL}


@dataclass(frozen=True)
class Chapter:
    """An area with its teams."""

    area: Line
    teams: tuple[Line, ...]


def write_briefings_index(out: str | Path, *, specification: str = "briefing") -> Path:
    """Write the page that lists the briefings of a folder; return it, `out`/rat-index.html.

    out           : the folder that the batches of briefings, by area and by team, wrote to
    specification : the name of their specification

    Raises ReportError where the folder holds no briefing, or cannot be written to.
    """
    out = Path(out)
    batches = [batch for batch in read_manifest(out).batches.values() if batch.specification == specification]
    lines = [line for batch in batches for line in _lines(batch)]
    if not lines:
        raise ReportError(f"{out} holds no briefing; run `make rat`, which makes them first")
    write_page(out / INDEX, _page(batches, _chapters(lines), linked=(out / FULL_REPORT).is_file()))
    return out / INDEX


def _lines(batch: Batch) -> list[Line]:
    """The units of a batch by name. Where some lie within areas, those of which no area is known lie elsewhere."""
    made = [
        Line(entry.unit, entry.file if entry.state == DONE else "", *_said(entry.state, entry.facts))
        for entry in batch.entries.values()
    ]
    lines = [*made, *(Line(unit, "", TOO_SMALL, "") for unit in batch.too_small)]
    if any(line.within for line in lines):
        lines = [replace(line, within=line.within or ELSEWHERE) for line in lines]
    return sorted(lines, key=lambda line: line.unit)


def _said(state: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Finding and area of a unit, as its briefing handed them out."""
    finding = str(facts.get("finding", "")) if state == DONE else FAILED
    return finding, str(facts.get("within", ""))


def _chapters(lines: list[Line]) -> list[Chapter]:
    """Areas by name, each with its teams by name; teams of no listed area come last."""
    areas = {line.unit: line for line in lines if not line.within}
    inside = [line for line in lines if line.within]
    chapters = [Chapter(area, tuple(line for line in inside if line.within == name)) for name, area in areas.items()]
    left = tuple(line for line in inside if line.within not in areas)
    return [*chapters, *([Chapter(Line(ELSEWHERE, "", "", ""), left)] if left else [])]


def _page(batches: list[Batch], chapters: list[Chapter], *, linked: bool) -> str:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("briefings.html.j2").render(
        title=batches[0].title,
        style=(TEMPLATE / "style.css").read_text(encoding="utf-8"),
        chapters=chapters,
        full_report=FULL_REPORT if linked else "",
    )
