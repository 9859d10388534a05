"""What a batch has written, and what is still up to date."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from evalkit.dates import period_text
from evalkit.errors import DataError
from evalkit.reports import fingerprint
from evalkit.reports.index import write_index
from evalkit.reports.job import Outcome, Prepared
from evalkit.reports.ledger import Ledger
from evalkit.reports.manifest import DONE, FAILED, Batch, Entry, read_manifest, write_manifest
from evalkit.reports.names import file_name
from evalkit.reports.request import Request
from evalkit.reports.together import Unit, read_released
from evalkit.reports.writing import write_whole

BOOKKEEPING_SECONDS = 1.0
"""The manifest is written when this much time has passed since the last time: what is killed in between is redone."""


class Keeper:
    """Writes reports, manifest and index of one batch, and knows what is there already."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.manifest = read_manifest(request.out)
        spec = request.spec
        period = period_text(spec.cohort.period) if spec.cohort else ""
        fresh = Batch(spec.name, spec.title, request.column, period, _places(request))
        held = self.manifest.batches.get(fresh.name, fresh)
        self.batch = replace(held, title=fresh.title, period=period, places=fresh.places)
        self.wider: Mapping[str, Mapping[str, int]] = {}
        self._written = time.monotonic()

    def is_all_current(self, inputs: Mapping[str, str]) -> bool:
        """Whether no report need be made, which for an unchanged extract can be told without reading it."""
        rows = self.batch.rows
        whole = bool(rows) and self.batch.together and self.batch.inputs == inputs
        return whole and all(self.is_current(unit, inputs) for unit in rows)

    def is_current(self, unit: str, inputs: Mapping[str, str]) -> bool:
        """Whether the report on a unit is there, unchanged, and would come out the same."""
        entry = self.batch.entries.get(unit)
        if entry is None or entry.state != DONE or entry.made_from != self._made_from(unit):
            return False
        if entry.all_rows and entry.inputs != inputs:
            return False
        beside = {self._request.spec.notebook.parent / name: sha256 for name, sha256 in entry.files.items()}
        return all(_has(path, sha256) for path, sha256 in {self._path(entry): entry.sha256, **beside}.items())

    def divide(self, inputs: Mapping[str, str], prepared: Prepared) -> None:
        """Take note of the units of an extract; the report of one that is gone, or now too small, is removed.

        Raises DataError where there is no unit of which a report may be made.
        """
        threshold = self._request.spec.threshold
        small = tuple(unit for unit, people in prepared.people.items() if people < threshold)
        rows = {unit: sha256 for unit, sha256 in prepared.rows.items() if unit not in small}
        if not rows:
            raise DataError(f"no {self.batch.column} has {threshold} people or more: there is nothing to report on")
        self.wider = {unit: prepared.wider.get(unit, {}) for unit in rows}
        for entry in self.batch.entries.values():
            if entry.unit not in rows and _has(self._path(entry), entry.sha256):
                self._path(entry).unlink()
        self.batch = replace(
            self.batch,
            inputs=inputs,
            rows=rows,
            together=False,
            too_small=small,
            without="[c]" if 0 < prepared.without < threshold else f"{prepared.without:,}",
            entries={unit: entry for unit, entry in self.batch.entries.items() if unit in rows},
        )
        self.save()

    def enter(self, outcome: Outcome) -> Entry:
        """Write the report of a unit, or note why there is none; return the entry of the manifest.

        The page of an earlier run stays where there is no new one, and so does what is noted of its counts.
        """
        failure, before = outcome.failure, self.batch.entries.get(outcome.name)
        stands = before.released if failure and before and self._path(before).is_file() else ()
        entry = Entry(
            file=self._file(outcome.name),
            unit=outcome.name,
            state=FAILED if failure else DONE,
            made_from=self._made_from(outcome.name),
            inputs=self.batch.inputs,
            seconds=outcome.seconds,
            peak_bytes=outcome.peak_bytes,
            all_rows=outcome.all_rows,
            files=outcome.files,
            facts=outcome.facts,
            released=tuple(outcome.published.released) if outcome.published else stands,
            error=asdict(failure) if failure else None,
        )
        if not failure:
            write_whole(self._path(entry), outcome.html)
            written = outcome.html.encode()
            entry = replace(entry, sha256=fingerprint.sha256_of_bytes(written), bytes=len(written))
        self.batch = self.batch.having(entry)
        if time.monotonic() - self._written > BOOKKEEPING_SECONDS:
            self.save()
        return entry

    def withdraw(self, outcome: Outcome) -> Entry:
        """Remove a report that must not be there, and note why."""
        held = self.batch.entries.get(outcome.name)
        if held is not None:
            self._path(held).unlink(missing_ok=True)
        return self.enter(outcome)

    def protected_together(self, unprotected: Collection[str]) -> None:
        """Note whether no report gives away what another hides; unprotected: those that could not be told to."""
        self.batch = replace(self.batch, together=not unprotected)

    def published(self, units: Iterable[str]) -> dict[str, Unit]:
        """The tables of reports that stand as they are."""
        entries = self.batch.entries
        return {unit: Unit(read_released(entries[unit].released)) for unit in units if unit in entries}

    def standing(self, unit: str) -> Unit | None:
        """The page of an earlier run on a unit whose report has failed now; None where there is none."""
        entry = self.batch.entries[unit]
        if entry.state == DONE or not entry.released:
            return None
        return Unit(read_released(entry.released), stands=True)

    @property
    def has_released(self) -> bool:
        """Whether any report shows a table that is protected."""
        return any(entry.state == DONE and entry.released for entry in self.batch.entries.values())

    def release(self, ledger: Ledger) -> None:
        """Enter what all reports that are there show in the ledger of releases."""
        for unit, entry in self.batch.entries.items():
            if entry.state == DONE:
                identity = self._request.identity(unit)
                within = self.wider.get(unit) if identity.unit else None
                ledger.add(identity, entry.file, entry.released, within=within)

    def save(self) -> None:
        """Write the manifest as it stands; a batch whose units are not known yet is not in it."""
        if self.batch.rows:
            self.manifest = self.manifest.having(self.batch)
        write_manifest(self.manifest, self._request.out)
        self._written = time.monotonic()

    def finish(self) -> None:
        """Write manifest and index, if there is anything to put in."""
        if self.batch.rows or self.manifest.batches:
            self.save()
            write_index(self.manifest, self._request.out)

    def _made_from(self, unit: str) -> Mapping[str, object]:
        return self._request.made_from(unit, self.batch.rows[unit])

    def _path(self, entry: Entry) -> Path:
        return self._request.out / entry.file

    def _file(self, unit: str) -> str:
        if unit in self.batch.entries:
            return self.batch.entries[unit].file
        others = [batch for batch in self.manifest.batches.values() if batch.name != self.batch.name]
        taken = {entry.file for batch in (*others, self.batch) for entry in batch.entries.values()}
        return file_name(self._request.spec.name, self._request.column, unit, taken)


def _places(request: Request) -> dict[str, str]:
    places = {"specification": request.spec.path, "notebook": request.spec.notebook, "data": request.data}
    return {name: Path(os.path.relpath(place, request.out)).as_posix() for name, place in places.items()}


def _has(path: Path, sha256: str) -> bool:
    return path.is_file() and fingerprint.sha256_of(path) == sha256
