"""A batch: one report for each area, team, prison or provider, an index page, and a manifest that proves them.

Only this process writes: a report is handed over whole, put into a file beside its own and renamed, and only then
entered in the manifest. Whatever is killed when, each file in the folder is a whole report.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evalkit.errors import DataError, ReportError
from evalkit.reports import fingerprint
from evalkit.reports.crew import Crew
from evalkit.reports.job import Failure, Hiding, Outcome
from evalkit.reports.keeper import Keeper
from evalkit.reports.ledger import Entry, adding_to, read_ledger
from evalkit.reports.manifest import Manifest
from evalkit.reports.progress import Progress
from evalkit.reports.request import Limits, Request, requested
from evalkit.reports.together import ROUNDS, Unit, exposed, settled, to_hide, wholes_of
from evalkit.reports.writing import sole_writer


def run_batch(
    spec_path: str | Path,
    *,
    by: str,
    data: str | Path | None = None,
    out: str | Path = "reports",
    workers: int | str | None = None,
    force: bool = False,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Make one report for each unit of a column, as far as they are not up to date; return the manifest of the folder.

    spec_path : the evaluation's .toml file; its notebook declares the parameter `only`
    by        : column that the extract is divided by: area, team, prison, provider
    data      : the extract; without it the one that the specification names
    out       : folder of <specification>-<unit>.html, index.html and manifest.json
    workers   : reports made at a time (None: one per core), or the address of a Dask scheduler, 'tcp://...'
    force     : make every report again
    limits    : of one report, in time and memory
    progress  : is told how far the batch is

    A report that fails is an entry of the manifest with its error, and does not stop the others.
    Raises SpecError or DataError where no report can be made at all, ReportError where nothing can be written or
    another batch is writing there.
    """
    request = requested(spec_path, by, data, out, limits or Limits())
    progress = progress or Progress()
    with sole_writer(request.out):
        keeper = Keeper(request)
        try:
            _bring_up_to_date(request, keeper, workers, force, progress)
        except BaseException:
            # What stopped the batch is said, not that a full disk takes no manifest either.
            with contextlib.suppress(ReportError):
                keeper.finish()
            raise
        keeper.finish()
        return keeper.manifest


def _bring_up_to_date(
    request: Request, keeper: Keeper, workers: int | str | None, force: bool, progress: Progress
) -> None:
    inputs = fingerprint.inputs(request.data)
    if not force and keeper.is_all_current(inputs):
        progress.begin(kept=len(keeper.batch.entries), due=0, workers=1)
        return
    with crew_of(workers) as crew:
        prepared = crew.open(request.opening)
        if changed := [name for name, sha256 in prepared.files.items() if inputs.get(name, sha256) != sha256]:
            raise DataError(f"{', '.join(changed)} changed while it was being read; start the batch again")
        keeper.divide(inputs, prepared)
        due = [unit for unit in keeper.batch.rows if force or not keeper.is_current(unit, inputs)]
        progress.begin(kept=len(keeper.batch.rows) - len(due), due=len(due), workers=crew.workers)
        earlier = read_ledger(request.out, request.everyone.evaluation)
        units = keeper.published(unit for unit in keeper.batch.rows if unit not in due)
        for outcome in crew.outcomes([request.job(unit, (), earlier, keeper.wider[unit]) for unit in due]):
            progress.tell(keeper.enter(outcome))
            _take_note(units, keeper, outcome)
        unprotected = _protect_together(request, keeper, crew, units, earlier, progress)
        if keeper.has_released:
            with adding_to(request.out, earlier, request.everyone.evaluation) as ledger:
                keeper.release(ledger)
        keeper.protected_together(unprotected)


def _take_note(units: dict[str, Unit], keeper: Keeper, outcome: Outcome) -> None:
    """What a report shows now, or the page that still stands where it has failed."""
    found = keeper.standing(outcome.name) if outcome.failure else Unit.of(outcome.published)
    units.pop(outcome.name, None)
    if found is not None:
        units[outcome.name] = found


def _protect_together(
    request: Request,
    keeper: Keeper,
    crew: Any,
    units: dict[str, Unit],
    earlier: Sequence[Entry],
    progress: Progress,
) -> set[str]:
    """Make reports again that would give away what another hides, until none does; withdraw what never comes right.

    Returns the units that are given away by a page of an earlier run, which stands and cannot be told to hide more.
    """
    wholes = wholes_of(keeper.wider, request.everyone, earlier)

    def work_out(asked: Mapping[str, tuple[Any, Sequence[Any]]]) -> dict[str, Any]:
        limits = request.limits.seconds, request.limits.megabytes
        progress.working_out(len(asked))
        outcomes = crew.outcomes([Hiding(unit, *held, *limits) for unit, held in asked.items()])
        return {outcome.name: _worked_out(outcome) for outcome in outcomes}

    for _ in range(ROUNDS):
        planned = settled(units, wholes, work_out=work_out)
        if not planned:
            break
        progress.again(len(planned))
        jobs = [request.job(unit, planned[unit], earlier, keeper.wider[unit]) for unit in planned]
        for outcome in crew.outcomes(jobs):
            if outcome.failure:
                progress.withdrawn(keeper.withdraw(outcome))
                del units[outcome.name]
            else:
                keeper.enter(outcome)
                _take_note(units, keeper, outcome)
    why = Failure("ReportError", "it would give away small numbers that reports on other units hide")
    for unit in to_hide(units, wholes):
        progress.withdrawn(keeper.withdraw(Outcome(unit, seconds=0.0, peak_bytes=0, failure=why)))
        del units[unit]
    return exposed(units, wholes)


def _worked_out(outcome: Outcome) -> Any:
    if outcome.failure:
        raise ReportError(f"{outcome.name}: what it has to hide was not found: {outcome.failure.message}")
    return outcome.published


def crew_of(workers: int | str | None) -> Any:
    """Who makes the reports: processes on this machine, or a Dask cluster where an address is given."""
    if isinstance(workers, str):
        from evalkit.reports.cluster import Cluster

        return Cluster(workers)
    return Crew(workers)
