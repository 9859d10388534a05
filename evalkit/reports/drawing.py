"""The charts of one report, drawn by a process of their own while the notebook runs (`present.chart_draughtsman`)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import Pipe
from typing import Any

from evalkit.reports.kernel import KERNEL_ENVIRONMENT

DRAUGHTSMAN = "EVALKIT_DRAUGHTSMAN"
MARK = re.compile(r"evalkit-drawing-[0-9a-f]{32}")
"""As in `present.chart_draughtsman`, which is not imported here, because the kernel has to be started first."""

START = """from evalkit.reports.job import begin_process
begin_process()
from evalkit.present.chart_draughtsman import main
main()"""


class Draughtsman:
    """The process that draws, and the pipe through which the notebook's process tells it what."""

    def __init__(self) -> None:
        self._orders, self._way_in = Pipe(duplex=False)
        self._answer, self._way_back = Pipe(duplex=False)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def descriptor(self) -> int:
        """The file descriptor that the notebook's process has to inherit."""
        return self._way_in.fileno()

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables for that process."""
        return {DRAUGHTSMAN: str(self.descriptor)}

    def start(self) -> None:
        """Begin, once the notebook's process is there."""
        ends = (self._orders.fileno(), self._way_back.fileno())
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, *map(str, ends)],
            env=os.environ | KERNEL_ENVIRONMENT,
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
        )
        for end in (self._orders, self._way_back):
            end.close()

    def fill_in(self, executed: Any) -> bool:
        """Put the drawings where the outputs of a notebook have marks, once its process has ended.

        Returns whether all went well. If not, the notebook has to be run again without a draughtsman: what is wrong
        with a drawing is then said in its cell.
        """
        try:
            self._way_in.send(None)  # not its end, which a process that a cell has left behind may hold open
            made = self._answer.recv()
        except (EOFError, BrokenPipeError):  # it was killed; perhaps nothing had been ordered
            made = {}
        whole = None not in made.values()
        for cell in executed.cells:
            for output in cell.get("outputs", []):
                for held in (output, output.get("data", {})):
                    for name, text in held.items():
                        if isinstance(text, str) and (marks := set(MARK.findall(text))):
                            whole = whole and marks <= made.keys()
                            held[name] = MARK.sub(lambda found: made.get(found[0]) or "", text)
        return whole

    def end(self) -> None:
        """End the process, and close what led to it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for end in (self._orders, self._way_in, self._answer, self._way_back):
            end.close()


@contextmanager
def draughtsman() -> Iterator[Draughtsman]:
    """A draughtsman for one run of a notebook."""
    charts = Draughtsman()
    try:
        yield charts
    finally:
        charts.end()
