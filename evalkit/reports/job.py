"""One report of a batch, made in a process of its own: what it is told, and what it hands back."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import EvalkitError, ReportError
from evalkit.reports.scan import refuse, scanned

if TYPE_CHECKING:
    from evalkit.intake.identifiers import Identifiers

SHOWN_CHARACTERS = 600
"""Length to which an error is cut: it stands on the index page, and whole tables have no place there."""


@dataclass(frozen=True)
class Opening:
    """What all reports of a batch have in common.

    source   : the notebook as read from JSON; notebook, spec_path and data say where things lie
    spec     : what `read_spec` returned
    tables   : the tables of the extract to load; None: all
    column   : what the extract is divided by
    """

    notebook: Path
    source: Mapping[str, Any]
    spec: Any
    data: Path
    column: str


@dataclass(frozen=True)
class Prepared:
    """What a batch has to know of the extract before its reports.

    rows    : unit -> SHA-256 of all that its report can show of the extract
    people  : unit -> number of people
    without : number of people who belong to no unit
    wider   : unit -> wider units in which all its people are -> how many units of the same column lie in each
    files   : file of the extract -> SHA-256
    warm    : whether reports run in forked processes
    """

    rows: Mapping[str, str]
    people: Mapping[str, int]
    without: int
    files: Mapping[str, str]
    warm: bool = False
    wider: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One report.

    title      : of the page
    parameters : of the notebook, already checked
    out        : the folder it will lie in, whose path it must not show
    planned    : what each of its tables has to hide for the sake of other reports
    beside     : which report it is, and what was released earlier (see `ledger.beside`)
    seconds    : time after which it is ended
    megabytes  : resident memory at which it is ended
    """

    name: str
    title: str
    parameters: Mapping[str, Any]
    out: Path
    seconds: float
    megabytes: float
    planned: Sequence[dict[str, list[bool]]] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Hiding:
    """A report that has more to hide, of which it is worked out what this brings with it in its own tables.

    publication : of its tables; planned, seconds and megabytes: as of a `Job`
    """

    name: str
    publication: Any
    planned: Sequence[dict[str, list[bool]]]
    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Failure:
    """Why there is no report: kind of error, cell (where one is to blame) and message."""

    kind: str
    message: str
    cell: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a job: the page or a failure, and what the page shows of the extract.

    facts    : what the notebook handed out for the index page
    all_rows : whether it looked at rows of other units; files: path from the notebook's folder -> SHA-256
    published : the Publication of its tables, with hidden counts: it never leaves the process that makes the batch
    """

    name: str
    seconds: float
    peak_bytes: int
    html: str = ""
    failure: Failure | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    all_rows: bool = True
    files: Mapping[str, str] = field(default_factory=dict)
    published: Any = None


def work_out(hiding: Hiding) -> Outcome:
    """Work out what a report hides, in this process; the publication that comes out is all there is to hand back."""
    start = time.perf_counter()
    published = hiding.publication.again(hiding.planned)
    return Outcome(hiding.name, round(time.perf_counter() - start, 3), peak_bytes=0, published=published)


def make(opening: Opening, job: Job, units: Any) -> Outcome:
    """Make one report in this process, which is used up by it; a report that cannot be made is a failure handed back.

    units : the extract, divided; None: the notebook loads it
    """
    start = time.perf_counter()
    identifiers = None
    try:
        identifiers = _read_identifiers(opening.data) if units is None else units.identifiers
        made = _page(opening, job, units, identifiers)
    except BaseException as error:
        made = {"failure": discreet(failure_of(error, opening.notebook), identifiers)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Outcome(job.name, seconds=round(time.perf_counter() - start, 3), peak_bytes=peak, **made)


def _read_identifiers(data: Path) -> Identifiers:
    from evalkit.intake.identifiers import read_identifiers

    return read_identifiers(data)


def _page(opening: Opening, job: Job, units: Any, identifiers: Identifiers | None) -> dict[str, Any]:
    from evalkit.reports.kernel import import_papermill, run_cells, started_kernel
    from evalkit.reports.releasing import told
    from evalkit.reports.run import finished_page

    given: dict[str, Any] = {"title": job.title, "parameters": job.parameters, "out": job.out}
    given["identifiers"] = identifiers
    place, folder = opening.notebook.name, opening.notebook.parent
    if units is None:
        asked = {**job.beside, "planned": job.planned, "whole": True}
        with told(asked) as exchange, started_kernel(folder, told=exchange.environment) as manager:
            import_papermill()
            executed = run_cells(opening.source, job.parameters, place, km=manager)
            published = exchange.published
        facts = unidentifying(facts_of(executed.cells), identifiers, place)
        return {"html": finished_page(executed, opening.notebook, **given), "facts": facts, "published": published}

    from evalkit.present.exchange import beside_of
    from evalkit.present.running import plan_publication, running_publication
    from evalkit.reports.engine import ENGINE
    from evalkit.reports.shared import share

    os.chdir(folder)
    plan_publication(job.planned, beside_of(job.beside))
    used = share(units, opening.data, opening.spec.tables)
    executed = run_cells(opening.source, job.parameters, place, engine_name=ENGINE)
    all_rows, files = used.all_rows, used.checksums(folder)  # of the notebook, not of what is done with it afterwards
    return {
        "html": finished_page(executed, opening.notebook, **given),
        "facts": unidentifying(facts_of(executed.cells), identifiers, place),
        "all_rows": all_rows,
        "files": files,
        "published": running_publication(),
    }


def facts_of(cells: Sequence[Any]) -> dict[str, Any]:
    """What the cells of a notebook handed out for the index page beside HTML; the first to say a thing counts."""
    facts: dict[str, Any] = {}
    for cell in cells:
        for output in cell.get("outputs", []):
            said = output.get("metadata", {}).get("text/html", {}).get("evalkit", {})
            facts = {**said, **facts}
    return facts


def unidentifying(facts: dict[str, Any], identifiers: Identifiers | None, place: str) -> dict[str, Any]:
    """The facts, which stand on the index page. Raises ReportError where they must not."""
    refuse(scanned(json.dumps(facts, default=str), identifiers), place)
    return facts


def discreet(failure: Failure, identifiers: Identifiers | None) -> Failure:
    """A failure as the index page may show it."""
    found = scanned(f"{failure.cell} {failure.message}", identifiers)
    if not found:
        return failure
    kinds = ", ".join(dict.fromkeys(finding.kind for finding in found))
    message = f"the message is not shown here, because it holds {kinds}; make this report by itself to read it"
    return replace(failure, cell="", message=message)


def failure_of(error: BaseException, notebook: Path) -> Failure:
    """An error in words, without a path of this computer."""
    text = str(error).replace(f"{notebook.parent}/", "")
    cell = ""
    if isinstance(error, ReportError) and text.startswith(f"{notebook.name}, cell "):
        cell, _, text = text.removeprefix(f"{notebook.name}, ").partition("): ")
        cell += ")"
    elif not isinstance(error, EvalkitError):
        text = f"{type(error).__name__}: {text}"
    short = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} ..."
    return Failure(type(error).__name__, short, cell)
