"""Who makes the reports of a batch: processes on this machine, forked from a warmed one where the system can."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from evalkit import errors
from evalkit.errors import EvalkitError, ReportError
from evalkit.reports.job import Failure, Hiding, Job, Opening, Outcome, Prepared
from evalkit.reports.kernel import KERNEL_ENVIRONMENT
from evalkit.reports.processes import CAN_FORK

START = "import sys; from evalkit.reports.workshop import main; main(int(sys.argv[1]), warm=sys.argv[2] == 'warm')"
ATTEMPTS = 2
"""A report whose warmed process is killed from outside is begun again once."""


class Crew:
    """Makes the reports of one batch, some at a time, on this machine. Use as a context.

    workers : reports made at a time; None: one per core
    warm    : whether to fork reports from a process that has imported everything; None: where the system can
    """

    def __init__(self, workers: int | None = None, *, warm: bool | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._warm = CAN_FORK if warm is None else warm
        self._opening: Opening | None = None

    def __enter__(self) -> Crew:
        self._private = TemporaryDirectory(prefix="evalkit-")
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()
        self._private.cleanup()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        environment = os.environ | KERNEL_ENVIRONMENT | {"IPYTHONDIR": self._private.name}
        # The workshop is found where this evalkit was, whatever the current folder.
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [_home(), os.environ.get("PYTHONPATH")]))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", START, str(theirs.fileno()), "warm" if self._warm else "cold"],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=environment,
            )
        self._line = Connection(ours.detach())

    def _end(self) -> None:
        # It ends its reports as soon as the line is closed; the reports end with it in any case.
        self._line.close()
        try:
            self._process.wait(timeout=0.3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def open(self, opening: Opening) -> Prepared:
        """Load the extract, once for all reports. Raises what evalkit refuses in it."""
        self._opening = opening
        try:
            self._line.send(("open", opening))
            prepared = self._line.recv()
        except (EOFError, ConnectionError):
            raise ReportError("the process that holds the extract ended early (out of memory?)") from None
        if isinstance(prepared, Failure):
            kind: type[EvalkitError] = getattr(errors, prepared.kind, ReportError)
            raise kind(prepared.message)
        return prepared

    def outcomes(self, jobs: Iterable[Job | Hiding]) -> Iterator[Outcome]:
        """Make the reports, or work out what they hide; hand out what becomes of each as soon as it is known."""
        waiting, working, attempts = list(jobs)[::-1], dict[str, Job | Hiding](), dict[str, int]()
        while waiting or working:
            try:
                while waiting and len(working) < self.workers:
                    job = waiting.pop()
                    working[job.name], attempts[job.name] = job, attempts.get(job.name, 0) + 1
                    self._line.send(("make", job))
                outcome: Outcome = self._line.recv()
            except (EOFError, ConnectionError):
                self._restart()
                given_up = [job for job in working.values() if attempts[job.name] >= ATTEMPTS]
                waiting += [job for job in working.values() if attempts[job.name] < ATTEMPTS]
                working = {}
                yield from map(_killed, given_up)
                continue
            del working[outcome.name]
            yield outcome

    def _restart(self) -> None:
        self._end()
        self._start()
        if self._opening is not None:
            self.open(self._opening)


def _killed(job: Job | Hiding) -> Outcome:
    failure = Failure("ReportError", "the process it was made in was killed twice (out of memory?)")
    return Outcome(job.name, seconds=0.0, peak_bytes=0, failure=failure)


def _home() -> str:
    return str(Path(__file__).parents[2])
