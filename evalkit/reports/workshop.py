"""The warmed process of a batch: it has imported everything and holds the extract, and forks one process a report.

It has one thread, or it does not fork; so it never opens the engine of tables itself: a child loads and divides the
extract, and hands it over as plain memory. Whoever starts it talks to it over a socket.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn

from evalkit.reports.job import (
    Failure,
    Hiding,
    Job,
    Opening,
    Outcome,
    Prepared,
    failure_of,
    make,
    work_out,
)
from evalkit.reports.processes import begin_process, may_fork, resident_bytes
from evalkit.reports.warming import import_what_it_needs

TICK = 0.05
"""Seconds between two looks at the memory and age of the running reports."""


@dataclass
class Running:
    """A process that is at work, and the pipe it answers through."""

    process: Any
    pipe: Connection
    job: Job | Hiding
    started: float
    peak_bytes: int = 0


class Workshop:
    """Serves one batch: opens it, makes the reports it is told to make, and ends with its line."""

    def __init__(self, line: Connection, *, warm: bool) -> None:
        self._line = line
        self._running: dict[Connection, Running] = {}
        self._warm = warm
        self._opening: Opening | None = None
        self._units: Any = None

    def serve(self) -> None:
        """Work until the other end says stop or is gone; then end whatever is still running."""
        try:
            while True:
                ready = wait([self._line, *self._running], timeout=TICK if self._running else None)
                for pipe in ready:
                    if pipe is not self._line:
                        self._collect(self._running[pipe])  # type: ignore[index]
                self._enforce_limits()
                if self._line in ready and not self._obey(self._line.recv()):
                    return
        except (EOFError, ConnectionError):
            return
        finally:
            for running in self._running.values():
                _end(running.process)

    def _obey(self, message: tuple[str, Any]) -> bool:
        order, about = message
        if order == "open":
            self._open(about)
        elif order == "make":
            self._start(about)
        return order != "stop"

    def _open(self, opening: Opening) -> None:
        self._opening = opening
        try:
            prepared: Prepared | Failure = self._prepare(opening)
        except Exception as error:
            prepared = failure_of(error, opening.notebook)
        # What is here now stays: a report that looks for garbage need not look here.
        gc.collect()
        gc.freeze()
        self._line.send(prepared)

    def _prepare(self, opening: Opening) -> Prepared | Failure:
        importlib.import_module("evalkit.reports.part")
        process, pipe = self._launch(prepare, opening, self._warm)
        try:
            if self._warm:
                # While the extract is being loaded.
                import_what_it_needs(opening.source)
                self._warm = may_fork()
            prepared, held = pipe.recv(), pipe.recv_bytes()
        except EOFError:
            return Failure("ReportError", "the process that loads the extract ended early (out of memory?)")
        finally:
            _end(process)
        self._units = pickle.loads(held) if self._warm and held else None
        return replace(prepared, warm=self._warm) if isinstance(prepared, Prepared) else prepared

    def _start(self, job: Job | Hiding) -> None:
        process, pipe = self._launch(answer, self._opening, job, self._units)
        self._running[pipe] = Running(process, pipe, job, time.monotonic())

    def _launch(self, work: Callable[..., None], *arguments: Any) -> tuple[Any, Connection]:
        context: Any = multiprocessing.get_context("fork" if self._warm else "spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(sender, *arguments))
        process.start()
        sender.close()
        return process, receiver

    def _collect(self, running: Running) -> None:
        try:
            outcome = running.pipe.recv()
        except EOFError:
            running.process.join()
            how = running.process.exitcode
            outcome = self._failed(running, f"its process ended early (exit code {how}; out of memory?)")
        self._finish(running, outcome)

    def _enforce_limits(self) -> None:
        for running in list(self._running.values()):
            running.peak_bytes = max(running.peak_bytes, resident_bytes(running.process.pid))
            age, job = time.monotonic() - running.started, running.job
            if age > job.seconds:
                self._finish(running, self._failed(running, f"ended after {job.seconds:g} s, the limit of time"))
            elif running.peak_bytes > job.megabytes * 1e6:
                self._finish(running, self._failed(running, f"ended at {job.megabytes:g} MB, the limit of memory"))

    def _failed(self, running: Running, message: str) -> Outcome:
        seconds = round(time.monotonic() - running.started, 3)
        return Outcome(running.job.name, seconds, running.peak_bytes, failure=Failure("ReportError", message))

    def _finish(self, running: Running, outcome: Outcome) -> None:
        del self._running[running.pipe]
        _end(running.process)
        running.pipe.close()
        self._line.send(outcome)


def _end(process: Any) -> None:
    """End a process and all that it has started."""
    for kill in (lambda: os.killpg(process.pid, signal.SIGKILL), process.kill):
        with contextlib.suppress(ProcessLookupError):
            kill()
    process.join()


def prepare(pipe: Connection, opening: Opening, hand_over: bool) -> None:
    """In a process of its own: load the extract, divide it, and send what is found (and the extract itself)."""
    begin_process()
    try:
        units = _load_and_divide(opening)
    except BaseException as error:
        _hand_over(pipe, failure_of(error, opening.notebook), b"")
    provenance = units.whole.provenance
    files = {name: facts["sha256"] for name, facts in provenance["files"].items()}
    from evalkit.reports.part import Only

    rows = {name: units.fingerprint(Only(opening.column, name)) for name in units.names}
    people = {name: units.people(name) for name in units.names}
    prepared = Prepared(rows, people, units.without, files, wider=units.wider)
    _hand_over(pipe, prepared, pickle.dumps(units, protocol=5) if hand_over else b"")


def _hand_over(pipe: Connection, said: Prepared | Failure, held: bytes) -> NoReturn:
    pipe.send(said)
    pipe.send_bytes(held)
    os._exit(0)


def _load_and_divide(opening: Opening) -> Any:
    from evalkit.intake import load
    from evalkit.intake.identifiers import read_identifiers
    from evalkit.reports.part import divide

    units = divide(load(opening.data, tables=opening.spec.tables), opening.spec, opening.column)
    return replace(units, identifiers=read_identifiers(opening.data))


def answer(pipe: Connection, opening: Opening, job: Job | Hiding, units: Any) -> None:
    """In a process of its own: make one report, or work out what it hides, and send what became of it."""
    begin_process()
    pipe.send(work_out(job) if isinstance(job, Hiding) else make(opening, job, units))
    os._exit(0)


def main(descriptor: int, *, warm: bool) -> None:
    """Serve whoever holds the other end of a socket, then end at once: libraries would complain of what is frozen."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Workshop(Connection(descriptor), warm=warm).serve()
    os._exit(0)
