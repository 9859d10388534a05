"""The charts of one report, drawn by a process of their own while the notebook runs (`present.chart_draughtsman`)."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from evalkit import errors
from evalkit.errors import ReportError
from evalkit.reports.kernel import cell_place

DRAUGHTSMAN = "EVALKIT_DRAUGHTSMAN"
MARK = re.compile(r"evalkit-drawing-[0-9a-f]{32}")
"""As in `present.chart_draughtsman`, which is not imported here, because the kernel has to be started first."""

START = "from evalkit.present.chart_draughtsman import main; main()"


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

    def start(self, folder: Path) -> None:
        """Begin, once the notebook's process is there: when that one ends, nobody is left to order a drawing.

        folder : of the notebook, as for its process
        """
        ends = (self._orders.fileno(), self._way_back.fileno())
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, *map(str, ends)],
            cwd=folder,
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        for end in (self._orders, self._way_in, self._way_back):
            end.close()

    def fill_in(self, executed: Any, place: str) -> None:
        """Put the drawings where the outputs of a notebook have marks, once its process has ended.

        place : the notebook's file name, for messages

        Warnings of a drawing are added to its cell. Raises what evalkit refused in a drawing, as itself; ReportError
        for any other failure.
        """
        marked = [(cell, MARK.findall(_html(cell))) for cell in executed.cells]
        if not any(marks for _, marks in marked):
            return
        try:
            made = self._answer.recv()
        except EOFError:
            raise ReportError(f"{place}: the process that draws its charts ended early (out of memory?)") from None
        number = 0
        for cell, marks in marked:
            number += "injected-parameters" not in cell.metadata.get("tags", [])
            for mark in filter(made.__contains__, marks):
                _put(cell, mark, made[mark], cell_place(place, number, cell.source))

    def end(self) -> None:
        """End the process, and close what led to it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for end in (self._orders, self._way_in, self._answer, self._way_back):
            end.close()


def _html(cell: Any) -> str:
    return "\n".join(output.get("data", {}).get("text/html", "") for output in cell.get("outputs", []))


def _put(cell: Any, mark: str, drawing: Any, where: str) -> None:
    from nbformat.v4 import new_output

    svg, error, warned = drawing
    if error:
        name, message = error
        kind = getattr(errors, name, None)
        raise kind(message) if kind else ReportError(f"{where}: {name}: {message}")
    for output in cell.outputs:
        if "text/html" in output.get("data", {}):
            output.data["text/html"] = output.data["text/html"].replace(mark, svg)
    if warned:
        cell.outputs.append(new_output("stream", name="stderr", text=warned))


@contextmanager
def draughtsman() -> Iterator[Draughtsman]:
    """A draughtsman for one run of a notebook."""
    charts = Draughtsman()
    try:
        yield charts
    finally:
        charts.end()
