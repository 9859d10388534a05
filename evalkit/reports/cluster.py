"""The reports of a batch made on a Dask cluster.

Which worker makes which report, and what happens when one is lost, is Dask's affair. The workers must see the same
notebook, specification and extract under the same paths.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

from evalkit.errors import EvalkitError, ReportError, SpecError
from evalkit.reports.crew import Crew
from evalkit.reports.job import Failure, Hiding, Job, Opening, Outcome, Prepared, failure_of, work_out

ANSWER_SECONDS = 10
"""Time that a scheduler has to answer."""

LOOK_SECONDS = 5
"""Between two looks at whether the cluster still has workers."""

ALONE_SECONDS = 600
"""Time after which a cluster without workers is given up: lost ones are often replaced, and some start when asked."""


class Cluster:
    """Makes the reports of one batch on the cluster of a Dask scheduler. Use as a context, like `Crew`.

    address : of the scheduler, such as 'tcp://192.0.2.1:8786'
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self.workers = 0

    def __enter__(self) -> Cluster:
        try:
            from distributed import Client
        except ImportError:
            raise SpecError("a Dask cluster needs the package distributed: pip install 'evalkit[dask]'") from None
        try:
            self._client = Client(self._address, timeout=ANSWER_SECONDS)
        except OSError:
            raise ReportError(f"no Dask scheduler answers at {self._address}") from None
        self.workers = len(self._client.nthreads())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def open(self, opening: Opening) -> Prepared:
        """Read the extract once here, to know its units. Raises what evalkit refuses in it."""
        with Crew(1) as crew:
            self._opening, self._prepared = opening, crew.open(opening)
        return self._prepared

    def outcomes(self, jobs: Iterable[Job | Hiding]) -> Iterator[Outcome]:
        """Make the reports, or work out what they hide; hand out what becomes of each as soon as it is known."""
        jobs, last_worker = list(jobs), time.monotonic()
        if self._client.status == "closed":
            yield from (_failed(job, "its scheduler is gone") for job in jobs)
            return
        left = {self._submit(job): job for job in jobs}
        while left:
            for future in self._ended(left):
                yield _outcome(future, left.pop(future))
            if self._has_workers():
                last_worker = time.monotonic()
            elif time.monotonic() - last_worker > ALONE_SECONDS:
                self._client.cancel(list(left))
                yield from (_failed(job, f"no worker for {ALONE_SECONDS} s") for job in left.values())
                return

    def _submit(self, job: Job | Hiding) -> Any:
        # The opening travels with each report: what is given to the workers beforehand is lost with the last of them.
        task = (work_out, job) if isinstance(job, Hiding) else (made_on_worker, self._opening, job, self._rows(job))
        return self._client.submit(*task, pure=False)

    def _rows(self, job: Job) -> str:
        return self._prepared.rows[job.name]

    def _ended(self, futures: Iterable[Any]) -> list[Any]:
        """The futures that have ended, after a wait of at most `LOOK_SECONDS` for the first of them."""
        from distributed import CancelledError, wait

        with contextlib.suppress(TimeoutError, CancelledError):  # those that are cancelled have ended
            wait(list(futures), timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED")
        return [future for future in futures if future.status != "pending"]

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.nthreads())
        except (OSError, TimeoutError):
            return False


def _outcome(future: Any, job: Job | Hiding) -> Outcome:
    from distributed import CancelledError

    try:
        outcome: Outcome = future.result(timeout=ALONE_SECONDS)
    except (Exception, CancelledError) as error:
        return _failed(job, f"{type(error).__name__}: {error}")
    return outcome


def _failed(job: Job | Hiding, why: str) -> Outcome:
    failure = Failure("ReportError", f"the cluster could not make it: {why}")
    return Outcome(job.name, seconds=0.0, peak_bytes=0, failure=failure)


_AT_WORK = threading.Lock()
_CREWS: dict[tuple[str, ...], tuple[Crew, Prepared]] = {}
"""On a worker: the warmed process of the batch that it works on, with what it holds. It ends with the worker."""


def made_on_worker(opening: Opening, job: Job, rows: str) -> Outcome:
    """On a worker: make one report, in a process of its own.

    rows : checksum of what the report may show of the extract, as the batch knows it; a worker that sees another
           extract makes no report of it
    """
    with _AT_WORK:
        try:
            crew, prepared = _crew(opening, rows)
        except EvalkitError as error:
            return Outcome(job.name, seconds=0.0, peak_bytes=0, failure=failure_of(error, opening.notebook))
        if prepared.rows.get(job.name) != rows:
            failure = Failure("ReportError", "a worker of the cluster sees other data under the path of the extract")
            return Outcome(job.name, seconds=0.0, peak_bytes=0, failure=failure)
        return next(crew.outcomes([job]))


def _crew(opening: Opening, rows: str) -> tuple[Crew, Prepared]:
    """The warmed process of a batch; that of the batch before ends."""
    key = (str(opening.notebook), repr(opening.source), str(opening.spec), str(opening.data), opening.column)
    held = _CREWS.get(key)
    if held is None or rows not in held[1].rows.values():
        for crew, _ in _CREWS.values():
            crew.__exit__(None, None, None)
        _CREWS.clear()
        crew = Crew(1).__enter__()
        try:
            _CREWS[key] = held = (crew, crew.open(opening))
        except BaseException:
            crew.__exit__(None, None, None)
            raise
    return held
