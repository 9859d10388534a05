"""The charts of one report, drawn by a process of their own while the notebook runs (`present.chart_draughtsman`)."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, NoReturn

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
            self._way_in.send(None)  # not its end alone, which a process that a cell has left behind may hold open
            self._way_in.close()  # but also its end: an order that was broken off leaves it waiting for the rest
            made = self._answer.recv()
        except (EOFError, OSError):  # there is none, or it was killed; perhaps nothing had been ordered
            made = {}
        whole, placed = None not in made.values(), set()
        for cell in executed.cells:
            for output in cell.get("outputs", []):
                for held in (output, output.get("data", {})):
                    for name, text in held.items():
                        if isinstance(text, str) and (marks := set(MARK.findall(text))):
                            placed |= marks
                            held[name] = MARK.sub(lambda found: made.get(found[0]) or "", text)
        # A drawing without its place may have lost its mark on the way: printed in two pieces, or as other characters.
        return whole and placed == made.keys()

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
    way_in, orders, way_back = map(int, descriptors.split(","))
    between = None
    with suppress(ImportError):  # it will be the error of the cell that needs it
        from evalkit.present import chart_draughtsman

        between = os.fork() if may_fork() else None
    if between == 0:
        _draw_apart(way_in, orders, way_back)
    if between:
        os.waitpid(between, 0)
        os.set_inheritable(way_in, False)
        chart_draughtsman.tell(Connection(way_in, readable=False))
    else:
        os.close(way_in)
    os.close(orders)
    os.close(way_back)


def _draw_apart(way_in: int, orders: int, way_back: int) -> NoReturn:
    """In the forked process: fork another one, nobody's child, which draws. Both end here, whatever happens."""
    from evalkit.present import chart_draughtsman

    try:
        if not os.fork():
            gc.freeze()
            gc.enable()
            os.close(way_in)
            chart_draughtsman.draw_all(Connection(orders, writable=False), Connection(way_back, readable=False))
    finally:
        os._exit(0)
