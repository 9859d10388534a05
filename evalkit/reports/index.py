"""The index page of a folder of reports: what each says, in one table that can be searched and sorted.

Like a report it is one file that asks nothing of the network. It takes its figures from the reports, where they have
been made safe.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit import errors
from evalkit.reports.manifest import FAILED, Batch, Entry, Manifest
from evalkit.reports.writing import write_page

INDEX = "index.html"
TEMPLATE = Path(__file__).with_name("template")
FINDINGS = {
    "lower": "Lower",
    "higher": "Higher",
    "not distinguishable": "Not distinguishable",
    "too small": "Too few people to say",
}
WIDTH, HEIGHT, MARGIN = 160, 22, 6
"""Size of the chart of one row."""


@dataclass(frozen=True)
class Drawing:
    """A difference and its interval on a scale that all rows share: places from the left."""

    low: float
    point: float
    high: float
    zero: float


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    unit: str
    address: str
    headline: str
    finding: str
    difference: str
    order: float
    drawing: Drawing | None
    error: str


def write_index(manifest: Manifest, folder: Path) -> None:
    """Write the index page of a folder. Raises ReportError where it cannot be written."""
    write_page(folder / INDEX, index_page(manifest))


def index_page(manifest: Manifest) -> str:
    """The index page of a manifest, as HTML text; the same reports give the same characters."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    script = (TEMPLATE / "batch.js").read_text(encoding="utf-8")
    return environment.get_template("batch.html.j2").render(
        title=_title(manifest),
        style="".join((TEMPLATE / name).read_text(encoding="utf-8") for name in ("style.css", "batch.css")),
        script=script,
        script_hash="sha256-" + b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        batches=[(batch, _rows(batch), _scale(batch)) for batch in manifest.batches.values()],
        drawing={"width": WIDTH, "height": HEIGHT},
    )


def _title(manifest: Manifest) -> str:
    titles = {batch.title for batch in manifest.batches.values()}
    return titles.pop() if len(titles) == 1 else "Reports"


def _rows(batch: Batch) -> list[Row]:
    scale = _scale(batch)
    none = dict.fromkeys(batch.too_small, "Too few people to show") | dict.fromkeys(batch.to_make, "Not made yet")
    without_report = [Row(unit, "", "", why, "", 0.0, None, "") for unit, why in none.items()]
    return [*(_row(entry, scale) for entry in batch.entries.values()), *without_report]


def _scale(batch: Batch) -> float:
    """The largest distance from zero of any interval, as a share; 0 where there is none."""
    held = [facts[end] for facts in _intervals(batch) for end in ("low", "high")]
    return max(map(abs, held), default=0.0)


def _intervals(batch: Batch) -> list[Mapping[str, Any]]:
    return [entry.facts for entry in batch.entries.values() if _has_interval(entry.facts)]


def _has_interval(facts: Mapping[str, Any]) -> bool:
    return all(isinstance(facts.get(name), int | float) for name in ("difference", "low", "high"))


def _row(entry: Entry, scale: float) -> Row:
    facts = entry.facts
    shown = _has_interval(facts)
    finding = "Failed" if entry.state == FAILED else FINDINGS.get(str(facts.get("finding")), "")
    return Row(
        unit=entry.unit,
        address="" if entry.state == FAILED else entry.file,
        headline=str(facts.get("headline", "")),
        finding=finding,
        difference=_points(facts) if shown else "",
        order=float(facts["difference"]) if shown else 0.0,
        drawing=_drawing(facts, scale) if shown and scale else None,
        error=_error(entry),
    )


def _error(entry: Entry) -> str:
    if entry.error is None:
        return ""
    # What evalkit refuses says in plain words what is wrong; of any other error the kind is part of what happened.
    kind = "" if hasattr(errors, entry.error["kind"]) else entry.error["kind"]
    return ": ".join(part for part in (entry.error["cell"], kind, entry.error["message"]) if part)


def _points(facts: Mapping[str, Any]) -> str:
    from evalkit.present.numbers import points

    return f"{points(facts['difference'])} ({points(facts['low'])} to {points(facts['high'])})"


def _drawing(facts: Mapping[str, Any], scale: float) -> Drawing:
    def place(share: float) -> float:
        return round(WIDTH / 2 + share / scale * (WIDTH / 2 - MARGIN), 1)

    return Drawing(place(facts["low"]), place(facts["difference"]), place(facts["high"]), place(0.0))
