"""The ledger of releases: what the reports in a folder have shown, kept between runs, so that none undoes another.

It lies in OUTPUT/.evalkit-released, one file per report, written whole or not at all, and holds safe counts only. What
was shown stays shown: removing a report, or `make clean`, does not take it out of the ledger; `python -m evalkit
releases OUTPUT --forget NAME` does, for a report that nobody outside has seen.

What it cannot do. It knows the reports of one folder, and sets those of one evaluation against each other: reports in
another folder, or of another specification about the same people, are not seen. A report made again takes its place:
that its two versions can be subtracted, if both were shared, is not prevented. Areas and the teams within them are set
against each other where everybody of a team belongs to one area, which each report finds in its extract and an entry
keeps: a team spread over two areas, and releases of before entries kept it, are set against everyone's alone. Of
shifted periods only what follows by adding and subtracting whole releases is seen; but monitoring reports of the same
rules are one evaluation with one entry for each quarter, whose counts by window of time are held against those of the
other quarters (present.rolling): of units, cohorts and everybody together the people and those reconvicted; of units
and everybody also the year before, the first three months, people without a score and people with a record that is
there twice; of everybody the steps of the flow from who started to who has a score. Not held are tenths of risk beyond
their total, the first steps of the flow and rows by file (present.everyone_safe says why), and the curves, which are
kept away from the exact number of day 90 instead. Tables are known again by their columns
and place, so that a notebook whose tables were put in another order is set beside the wrong ones. Changed data are
taken for other people where a count went down. What was hidden is noted nowhere: it is worked with as any number that
fits, which hides more, never less.
"""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evalkit.dates import long_date, period_text
from evalkit.errors import DataError, ReportError
from evalkit.reports.names import slug
from evalkit.reports.writing import write_whole
from evalkit.spec import Spec

LEDGER = ".evalkit-released"
LOCK = ".lock"
FORMAT = 1
ALL = "all"
MONITORED = "monitoring: "
"""How the names of evaluations begin whose reports are monitoring reports."""


@dataclass(frozen=True)
class Identity:
    """Which report of which evaluation: the same again is a revision of it, and takes its place in the ledger.

    unit    : 'area=North'; empty: everyone
    windows : first and last day of each period of the specification
    """

    evaluation: str
    unit: str
    windows: tuple[tuple[datetime.date, datetime.date], ...]

    @property
    def name(self) -> str:
        """Its name in the ledger: evaluation, unit, last day, and a checksum."""
        held = json.dumps([self.evaluation, self.unit, self.windows], default=str)
        parts = [self.evaluation, *([slug(self.unit)] if self.unit else [])]
        parts += [str(self.windows[0][1])] if self.windows else []
        return f"{slug('-'.join(parts))}-{hashlib.sha256(held.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Entry:
    """One release: the report, the file that showed it, the day on which it was made, and its tables as shown.

    within : wider unit in which all its people are, 'area=North' for a team (empty: everyone) -> how many units of the
             same column lie in it
    """

    identity: Identity
    report: str
    made: datetime.date
    tables: Sequence[Mapping[str, Any]]
    within: Mapping[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """How a reader calls it: the file, whom it is about, and its period."""
        period = period_text(self.identity.windows[0]) if self.identity.windows else ""
        if self.identity.evaluation.startswith(MONITORED):
            # The tool and all briefings of a quarter are one release; which of them came last says nothing.
            return f"monitoring (all units, years that ended in {period})"
        about = self.identity.unit.partition("=")[2] or "everyone"
        return f"{self.report} ({about}{f', {period}' if period else ''})"

    def __str__(self) -> str:
        return f"{self.identity.name}: {self.title}, made on {long_date(self.made)}"


def identity_of(spec: Spec, only: str = "") -> Identity:
    """The report of a specification on one unit, or on everyone.

    Monitoring reports show all units whatever they are about: those of the same rules are one evaluation, however their
    specifications are called, and which years they judged is known when they are entered.
    """
    service = (spec.service.took_up, spec.service.register) if spec.service else ()
    windows = (spec.cohort.period if spec.cohort else None, *service)
    unit = "=".join(part.strip() for part in only.split("=", 1))
    known = tuple(window for window in windows if window is not None)
    if spec.monitoring is not None:
        return Identity(_rules_monitored(spec), "", known)
    return Identity(spec.name, unit, known)


def _rules_monitored(spec: Spec) -> str:
    """A name for the rules that decide whom a monitoring report counts in which unit, whatever the period."""
    cohort = replace(spec.cohort, period=None) if spec.cohort else None  # type: ignore[arg-type]
    rules = (cohort, spec.predictor, spec.monitoring.units if spec.monitoring else ())
    return f"{MONITORED}{hashlib.sha256(repr(rules).encode()).hexdigest()[:8]}"


def _as_entered(identity: Identity, tables: Sequence[Mapping[str, Any]]) -> Identity:
    """A monitoring report with the years it judged, which its tables say."""
    if not identity.evaluation.startswith(MONITORED):
        return identity
    from evalkit.present.quarters import judged_window

    judged = judged_window(tables)
    return replace(identity, windows=(judged,)) if judged else identity


def read_ledger(out: Path, evaluation: str | None = None) -> list[Entry]:
    """The releases of a folder, or those of one evaluation. Raises ReportError where a file is none of evalkit."""
    start = "" if evaluation is None else slug(evaluation)
    entries = [_read(path) for path in sorted((out / LEDGER).glob(f"{start}*.json"))]
    return [entry for entry in entries if evaluation in (None, entry.identity.evaluation)]


def _read(path: Path) -> Entry:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["format"] != FORMAT:
            raise ReportError(f"{path} is of format {held['format']}, this version reads {FORMAT}")
        day = datetime.date.fromisoformat
        windows = tuple((day(first), day(last)) for first, last in held["windows"])
        identity = Identity(held["evaluation"], held["unit"], windows)
        return Entry(identity, held["report"], day(held["made"]), held["tables"], held.get("within", {}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(
            f"{path} cannot be read ({error}): without it nobody knows what was released. Restore it from a backup; "
            "or remove it, if the report was never shared"
        ) from None


def beside(identity: Identity, entries: Sequence[Entry], within: Mapping[str, int] | None = None) -> dict[str, Any]:
    """A report among the releases that are in force, in plain values, as its process is told (present.exchange).

    within : as in `Entry`, where it is known before the extract is read
    """
    releases = [
        {**_place(entry.identity), "title": entry.title, "tables": entry.tables, "within": entry.within}
        for entry in entries
    ]
    return {**_place(identity), "releases": releases, "within": within or {}}


def of_a_batch(identity: Identity, entries: Sequence[Entry], within: Mapping[str, int]) -> list[Entry]:
    """The entries that one report of a batch is set against; the other units of the batch are seen to afterwards."""
    wider = ("", identity.unit, *within)
    return [entry for entry in entries if entry.identity.unit in wider or identity.unit in entry.within]


def _place(identity: Identity) -> dict[str, Any]:
    return {"unit": identity.unit, "windows": [[str(first), str(last)] for first, last in identity.windows]}


@contextmanager
def adding_to(out: Path, seen: Sequence[Entry], evaluation: str) -> Iterator[Ledger]:
    """A ledger to which releases may be added: nobody else adds to it meanwhile, or has since it was read.

    seen : what `read_ledger` returned before the reports were made

    Raises ReportError where another run has released something of the same evaluation since.
    """
    ledger = Ledger(out)
    with ledger.locked():
        known = {entry.identity: entry for entry in seen}
        for entry in read_ledger(out, evaluation):
            if known.get(entry.identity) != entry:
                raise ReportError(
                    f"{entry.report} was released while this report was being made, and the two were not held against "
                    "each other; run it again"
                )
        yield ledger


class Ledger:
    """The releases of one folder, to be written."""

    def __init__(self, out: Path) -> None:
        self._folder = out / LEDGER

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other run out of it; waits for one that is adding to it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / LOCK).open("a", encoding="utf-8")
        except OSError as error:
            raise ReportError(f"cannot write to {self._folder}: {error.strerror or error}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def add(
        self,
        identity: Identity,
        report: str,
        tables: Sequence[Mapping[str, Any]],
        *,
        within: Mapping[str, int] | None = None,
    ) -> None:
        """Enter what a report shows; it takes the place of an earlier version of the same report."""
        if not tables:
            return
        identity = _as_entered(identity, tables)
        line = {
            "format": FORMAT,
            "evaluation": identity.evaluation,
            **_place(identity),
            "report": report,
            "made": str(datetime.date.today()),
            **({"within": within} if within else {}),
            "tables": list(tables),
        }
        write_whole(self._path(identity), json.dumps(line, ensure_ascii=False) + "\n")

    def remove(self, identity: Identity) -> None:
        """Take a report out that nobody has seen."""
        self._path(identity).unlink(missing_ok=True)

    def _path(self, identity: Identity) -> Path:
        return self._folder / f"{identity.name}.json"


def forget(out: Path, names: Sequence[str]) -> list[Entry]:
    """Take releases out of the ledger that were never shared; return them.

    names : as `python -m evalkit releases` lists them; 'all': every one

    Raises DataError where there is none of that name.
    """
    entries = {entry.identity.name: entry for entry in read_ledger(out)}
    if unknown := [name for name in names if name != ALL and name not in entries]:
        raise DataError(f"no release in {out} is called {unknown[0]!r} (there are: {', '.join(entries) or 'none'})")
    found = list(entries.values()) if ALL in names else [entries[name] for name in dict.fromkeys(names)]
    ledger = Ledger(out)
    if found:
        with ledger.locked():
            for entry in found:
                ledger.remove(entry.identity)
    return found
