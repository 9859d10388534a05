"""manifest.json: what a folder of reports was made from, enough to prove it (docs/manifest.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from evalkit.errors import ReportError
from evalkit.reports.writing import write_whole

MANIFEST = "manifest.json"
FORMAT = 1
DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Entry:
    """One report.

    file      : name in the folder
    unit      : the area, team, prison or provider it is about
    state     : 'done' or 'failed'
    made_from : checksums of the notebook, the specification, the code and the unit's own rows; the parameters
    inputs    : files of the extract when it was made -> SHA-256
    all_rows  : whether it shows numbers of other units too; files: what else it read, path from the notebook -> SHA-256
    facts     : what it says, for the index page: headline, finding, difference, low, high, ...
    released  : the counts of its tables as it shows them, hidden ones missing: other reports must not give them away
    error     : kind, cell and message, if it failed
    """

    file: str
    unit: str
    state: str
    made_from: Mapping[str, Any]
    inputs: Mapping[str, str]
    seconds: float
    peak_bytes: int
    all_rows: bool = True
    files: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    bytes: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    released: Sequence[Mapping[str, Any]] = ()
    error: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Batch:
    """All reports of one specification by one column.

    specification : its name; title and period are its own; column is what the extract was divided by
    places    : path from the folder to the specification, the notebook and the extract ('data')
    inputs    : files of the extract at the last run -> SHA-256
    rows      : unit -> SHA-256 of all that its report can show of the extract, at the last run
    too_small : units of which no report is made, because too few people belong to them
    without   : people who belong to no unit, as text; '[c]' if they are few
    together  : whether it is settled that no report gives away a small number that another hides
    entries   : one per report, by name of the unit
    """

    specification: str
    title: str
    column: str
    period: str
    places: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)
    too_small: tuple[str, ...] = ()
    without: str = "0"
    together: bool = False
    entries: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What tells it from the other batches of a folder."""
        return f"{self.specification} by {self.column}"

    @property
    def to_make(self) -> list[str]:
        """Units whose report is still to be made, because the batch was stopped."""
        return sorted(self.rows.keys() - self.entries.keys())

    def having(self, entry: Entry) -> Batch:
        """The same with one entry put in or replaced."""
        return replace(self, entries=dict(sorted({**self.entries, entry.unit: entry}.items())))


@dataclass(frozen=True)
class Manifest:
    """The batches of one folder."""

    batches: Mapping[str, Batch] = field(default_factory=dict)

    def having(self, batch: Batch) -> Manifest:
        """The same with one batch put in or replaced."""
        return replace(self, batches=dict(sorted({**self.batches, batch.name: batch}.items())))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder; an empty one where there is none.

    Raises ReportError where it is not one that this version writes.
    """
    path = folder / MANIFEST
    if not path.exists():
        return Manifest()
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["format"] != FORMAT:
            raise ReportError(f"{path} is of format {held['format']}, this version reads {FORMAT}; give another folder")
        return Manifest({batch.name: batch for batch in map(_read_batch, held["batches"])})
    except (ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{path} is not a manifest of evalkit ({error}); remove it, or give another folder") from None


def _read_batch(held: Mapping[str, Any]) -> Batch:
    reports = [Entry(**{**entry, "released": tuple(entry.get("released", ()))}) for entry in held["reports"]]
    entries = {entry.unit: entry for entry in reports}
    plain = {item.name: held[item.name] for item in fields(Batch) if item.name != "entries"}
    return Batch(**{**plain, "too_small": tuple(held["too_small"])}, entries=entries)


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest of a folder. Raises ReportError where it cannot be written."""
    held = [_line(batch) for batch in manifest.batches.values()]
    text = json.dumps({"format": FORMAT, "batches": held}, indent=1, ensure_ascii=False)
    write_whole(folder / MANIFEST, text + "\n")


def _line(batch: Batch) -> dict[str, Any]:
    line = asdict(batch)
    line["reports"] = list(line.pop("entries").values())
    return line
