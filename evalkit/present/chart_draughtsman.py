"""Charts drawn by a process of their own, while the one that runs the notebook goes on.

Much of what the cells of a report do is drawing, and nothing waits for a drawing but the finished page. Whoever makes
one report may start a draughtsman and tell the notebook's process the way to it (`DRAUGHTSMAN`); a chart then holds a
mark where its drawing belongs, to be filled in before the page is rendered. Without one, as in JupyterLab, charts are
drawn where they are shown.

Both ways the same code draws the same bytes, as long as a drawing follows from its table alone. What could follow from
the notebook's process as well (a function that the notebook has, settings of matplotlib) is drawn there.
"""

from __future__ import annotations

import io
import os
import pickle
import secrets
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from multiprocessing.connection import Connection
from threading import Lock
from types import FunctionType
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

DRAUGHTSMAN = "EVALKIT_DRAUGHTSMAN"
"""Environment variable of the notebook's process: number of the file descriptor that leads to the draughtsman."""

MARK = "evalkit-drawing-"
"""How the 48 characters begin that stand in an output where a drawing will be."""

TRAVELLING = {"evalkit", "cloudpickle", "numpy", "pandas", "pyarrow", *sys.stdlib_module_names}
"""Where functions and classes are from that a drawing may take along."""


def _way() -> Connection | None:
    """The way to the draughtsman; what a cell starts does not find it."""
    descriptor = os.environ.pop(DRAUGHTSMAN, "")
    if not descriptor:
        return None
    os.set_inheritable(int(descriptor), False)
    return Connection(int(descriptor), readable=False)


_WAY, _PROCESS, _ONE_AT_A_TIME = _way(), os.getpid(), Lock()


class _Luggage(cloudpickle.Pickler):
    """What a drawing is made from, without anything that the notebook or a module beside it has defined."""

    def reducer_override(self, found: Any) -> Any:
        if isinstance(found, FunctionType | type) and found.__module__.partition(".")[0] not in TRAVELLING:
            raise pickle.PicklingError(f"{found.__qualname__} stays where it is")
        return super().reducer_override(found)


def ordered(draw: Callable[[], str]) -> str | None:
    """The mark of a drawing that a draughtsman was told to make; None where it has to be made here."""
    if _WAY is None or os.getpid() != _PROCESS or "matplotlib" in sys.modules:
        return None
    packed, mark = io.BytesIO(), f"{MARK}{secrets.token_hex(16)}"
    try:
        _Luggage(packed, protocol=5).dump(draw)
        with _ONE_AT_A_TIME:
            _WAY.send((mark, packed.getvalue()))
    except Exception:  # whatever cannot be sent is drawn here, and fails here if it has to
        return None
    return mark


def serve(orders: Connection, answer: Connection) -> None:
    """Draw what is ordered until None is, and hand over all of it: mark -> SVG; None where it did not go smoothly."""
    made: dict[str, str | None] = {}
    while (order := orders.recv()) is not None:
        mark, packed = order
        made[mark] = _drawn(packed)
    answer.send(made)


def _drawn(packed: bytes) -> str | None:
    """The drawing; None where it failed, warned or printed, which only its own cell can show."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            svg = str(pickle.loads(packed)())
        except BaseException:
            return None
    return None if said.getvalue() else svg


def main() -> None:
    """The draughtsman's process: the numbers of its two file descriptors are its arguments."""
    orders, answer = sys.argv[1:]
    import matplotlib.backends.backend_svg
    import matplotlib.figure
    import matplotlib.style  # noqa: F401  (all imported while there is nothing to draw yet)

    with suppress(EOFError, BrokenPipeError):  # nobody waits for it any more
        serve(Connection(int(orders), writable=False), Connection(int(answer), readable=False))
    os._exit(0)
