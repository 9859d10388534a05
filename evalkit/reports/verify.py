"""Does a folder of reports still fit its manifest: the reports themselves, and what they were made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import DataError
from evalkit.reports import fingerprint
from evalkit.reports.index import INDEX, index_page
from evalkit.reports.manifest import DONE, MANIFEST, Batch, Entry, read_manifest


@dataclass(frozen=True)
class Misfit:
    """What does not fit: a file of the folder or of what it was made from, and what is wrong with it."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(frozen=True)
class Verified:
    """What was found: number of reports in the manifest, and all that does not fit."""

    reports: int
    misfits: tuple[Misfit, ...]


def verify_reports(folder: str | Path) -> Verified:
    """Take every checksum of a folder's manifest again.

    folder : where a batch wrote its reports

    A report that was changed or removed, one that is still to be made, one that is not in the manifest, an index page
    of another manifest, and a specification, notebook, extract or evalkit that is not the one the reports were made
    from do not fit.
    Raises DataError where the folder has no manifest, ReportError where it is not one of evalkit.
    """
    folder = Path(folder).resolve()
    if not (folder / MANIFEST).is_file():
        raise DataError(f"there is no {MANIFEST} in {folder}; give the folder that a batch wrote to")
    manifest = read_manifest(folder)
    batches = list(manifest.batches.values())
    found = [misfit for batch in batches for misfit in (*_reports(batch, folder), *_sources(batch, folder))]
    index = folder / INDEX
    if not index.is_file() or index.read_text(encoding="utf-8") != index_page(manifest):
        found.append(Misfit(INDEX, "is not the index page of this manifest"))
    found += _strangers(batches, folder)
    return Verified(sum(len(batch.entries) for batch in batches), tuple(found))


def _reports(batch: Batch, folder: Path) -> Iterator[Misfit]:
    for entry in batch.entries.values():
        path = folder / entry.file
        if entry.state != DONE:
            yield Misfit(entry.file, f"failed: {(entry.error or {}).get('message', '')}")
        elif not path.is_file():
            yield Misfit(entry.file, "is missing")
        elif fingerprint.sha256_of(path) != entry.sha256:
            yield Misfit(entry.file, "is not the file that was written")
    if not batch.together:
        yield Misfit(
            MANIFEST, f"reports by {batch.column} may give away small numbers of each other: run the batch again"
        )
    for unit in batch.to_make:
        yield Misfit(unit, f"its report by {batch.column} is not made yet: the batch was stopped; run it again")


def _sources(batch: Batch, folder: Path) -> Iterator[Misfit]:
    """What the reports were made from, as far as it is still where it was."""
    places = {name: folder / place for name, place in batch.places.items()}
    for name in [name for name in ("specification", "notebook") if name in places]:
        sha256 = _checksum(places[name])
        if _differing(batch, name, sha256):
            yield Misfit(places[name].name, _change(sha256, batch, name))
    if data := places.get("data"):
        yield from _inputs(batch, data)
    code = fingerprint.code()
    for part in ("library", "template"):
        if count := sum(entry.made_from["code"][part] != code[part] for entry in batch.entries.values()):
            yield Misfit(f"evalkit ({part})", f"is not the one that {_reports_of(count, batch)} made with")


def _inputs(batch: Batch, data: Path) -> Iterator[Misfit]:
    held = fingerprint.inputs(data) if data.exists() else {}
    if not held:
        yield Misfit(data.name, f"the extract is not at {batch.places['data']} any more")
        return
    for name, sha256 in batch.inputs.items():
        if held.get(name) != sha256:
            yield Misfit(f"{data.name}/{name}", "is missing" if name not in held else "has changed since the last run")
    for name in sorted(held.keys() - batch.inputs.keys()):
        yield Misfit(f"{data.name}/{name}", "is new since the last run")


def _checksum(path: Path) -> str:
    return fingerprint.sha256_of(path) if path.is_file() else ""


def _differing(batch: Batch, name: str, sha256: str) -> list[Entry]:
    return [entry for entry in batch.entries.values() if entry.made_from[name] != sha256]


def _change(sha256: str, batch: Batch, name: str) -> str:
    if not sha256:
        return f"is not at {batch.places[name]} any more"
    return f"is not the one that {_reports_of(len(_differing(batch, name, sha256)), batch)} made from"


def _reports_of(count: int, batch: Batch) -> str:
    return f"{count} of {len(batch.entries)} reports {'was' if count == 1 else 'were'}"


def _strangers(batches: list[Batch], folder: Path) -> Iterator[Misfit]:
    known = {entry.file for batch in batches for entry in batch.entries.values()}
    prefixes = tuple(f"{batch.specification}-" for batch in batches)
    for path in sorted(folder.glob("*.html")):
        if path.name.startswith(prefixes) and path.name not in known:
            yield Misfit(path.name, "is not in the manifest")
