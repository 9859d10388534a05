"""A batch as it was asked for: checked before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.errors import SpecError
from evalkit.reports import fingerprint
from evalkit.reports.job import Job, Opening
from evalkit.reports.ledger import Entry, Identity, beside, identity_of, of_a_batch
from evalkit.reports.parameters import check_parameters, declared_parameters
from evalkit.reports.run import read_notebook
from evalkit.spec import Spec, read_spec


@dataclass(frozen=True)
class Limits:
    """What one report may take before it is ended."""

    seconds: float = 600.0
    megabytes: float = 4000.0
    """Resident memory of its process."""


@dataclass(frozen=True)
class Request:
    """A batch as it was asked for, checked."""

    spec: Spec
    column: str
    data: Path
    out: Path
    source: Mapping[str, Any]
    limits: Limits
    code: Mapping[str, str]

    @property
    def opening(self) -> Opening:
        """What all its reports have in common."""
        return Opening(self.spec.notebook, self.source, self.spec, self.data, self.column)

    def parameters(self, unit: str) -> dict[str, Any]:
        """Parameters of the notebook for one unit."""
        return {"spec_path": str(self.spec.path), "data": str(self.data), "only": f"{self.column}={unit}"}

    def made_from(self, unit: str, rows: str) -> dict[str, Any]:
        """What the report on one unit is made from."""
        return fingerprint.made_from(self.spec, {"only": f"{self.column}={unit}"}, self.code, rows)

    def identity(self, unit: str) -> Identity:
        """Which report of the evaluation it is, in the ledger of what was released."""
        return identity_of(self.spec, f"{self.column}={unit}")

    @property
    def everyone(self) -> Identity:
        """The report on everybody of the same evaluation."""
        return identity_of(self.spec)

    def job(
        self,
        unit: str,
        planned: Sequence[dict[str, list[bool]]] = (),
        earlier: Sequence[Entry] = (),
        within: Mapping[str, int] | None = None,
    ) -> Job:
        """The report on one unit.

        planned : what its tables have to hide for the sake of others
        earlier : what was released before; units of the batch itself are held against each other elsewhere
        within  : the wider units in which all its people are (`ledger.Entry`)
        """
        identity = self.identity(unit)
        own = of_a_batch(identity, earlier, within or {})
        return Job(
            name=unit,
            title=f"{self.spec.title}: {unit}",
            parameters=self.parameters(unit),
            out=self.out,
            seconds=self.limits.seconds,
            megabytes=self.limits.megabytes,
            planned=planned,
            beside=beside(identity, own, within),
        )


def requested(spec_path: str | Path, by: str, data: str | Path | None, out: str | Path, limits: Limits) -> Request:
    """Check what `run_batch` was asked for. Raises SpecError, as it says."""
    spec = read_spec(spec_path)
    folder = data if data is not None else spec.data
    if folder is None:
        raise SpecError(f"{spec.path.name} names no data; say where the extract is")
    source = read_notebook(spec.notebook)
    declared = declared_parameters(source, spec.notebook.name)
    request = Request(spec, by, Path(folder).resolve(), Path(out).resolve(), source, limits, fingerprint.code())
    check_parameters(request.parameters("unit"), declared, spec.notebook.name)
    return request
