"""The charts of one report, drawn by a process of their own while the notebook runs (`present.chart_draughtsman`)."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from evalkit.reports.processes import may_fork

DRAUGHTSMAN = "EVALKIT_DRAUGHTSMAN"
"""Environment variable of the notebook's process: numbers of the three file descriptors that it inherits."""

MARK = re.compile(r"evalkit-drawing-[0-9a-f]{32}")
"""As in `present.chart_draughtsman`, which is not imported here, because the notebook's process has to start first."""


class Charts:
    """What is drawn for one run of a notebook, as seen by the process that makes the page."""

    def __init__(self) -> None:
        self._orders, self._way_in = Pipe(duplex=False)
        self._answer, self._way_back = Pipe(duplex=False)

    @property
    def inherited(self) -> Collection[int]:
        """The file descriptors that the notebook's process has to inherit."""
        return [end.fileno() for end in (self._way_in, self._orders, self._way_back)]

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables for that process."""
        return {DRAUGHTSMAN: ",".join(map(str, self.inherited))}

    def leave_to_others(self) -> None:
        """Close what only the two other processes need, once the notebook's is there."""
        for end in (self._orders, self._way_back):
            end.close()

    def fill_in(self, executed: Any) -> bool:
        """Put the drawings where the outputs of a notebook have marks, once all its cells have run.

        Returns whether all went well. If not, the notebook has to be run again without a draughtsman: what is wrong
        with a drawing is then said in its cell.
        """
        try:
            self._way_in.send(None)  # not its end, which a process that a cell has left behind may hold open
            made = self._answer.recv()
        except (EOFError, BrokenPipeError):  # there is none, or it was killed; perhaps nothing had been ordered
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

    def close(self) -> None:
        """Close what led to the draughtsman, which ends with the notebook's process."""
        for end in (self._orders, self._way_in, self._answer, self._way_back):
            end.close()


@contextmanager
def drawn_apart() -> Iterator[Charts]:
    """The charts of one run of a notebook."""
    charts = Charts()
    try:
        yield charts
    finally:
        charts.close()


def hire() -> None:
    """In the notebook's process, before it has threads: fork a draughtsman, if whoever started it has asked for one.

    It is of this process's group, to be ended with it, but no child of it: a cell may wait for all children.
    """
    descriptors = os.environ.pop(DRAUGHTSMAN, "")
    if not descriptors:
        return
    from evalkit.present import chart_draughtsman

    way_in, orders, way_back = map(int, descriptors.split(","))
    if not may_fork():
        for end in (way_in, orders, way_back):
            os.close(end)
        return
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        for end in (orders, way_back):
            os.close(end)
        os.set_inheritable(way_in, False)
        chart_draughtsman.tell(Connection(way_in, readable=False))
    elif os.fork():
        os._exit(0)
    else:
        os.close(way_in)
        chart_draughtsman.draw_all(Connection(orders, writable=False), Connection(way_back, readable=False))
        os._exit(0)
