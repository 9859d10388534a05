"""Charts drawn by a process of their own, while the one that runs the notebook goes on.

Much of what the cells of a report do is drawing, and nothing waits for a drawing but the finished page. Whoever makes
one report may start a draughtsman and tell the notebook's process the way to it (`DRAUGHTSMAN`); a chart then holds a
mark where its drawing belongs, to be filled in before the page is rendered. Without one, as in JupyterLab, charts are
drawn where they are shown. Both ways the same code draws the same bytes.
"""

from __future__ import annotations

import os
import pickle
import secrets
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection

DRAUGHTSMAN = "EVALKIT_DRAUGHTSMAN"
"""Environment variable of the notebook's process: number of the file descriptor that leads to the draughtsman."""

MARK = "evalkit-drawing-"
"""How the 48 characters begin that stand in an output where a drawing will be."""


Drawing = tuple[str, tuple[str, str] | None, str]


def ordered(draw: Callable[[], str]) -> str | None:
    """The mark of a drawing that a draughtsman was told to make; None where it has to be made here.

    That is so where there is no draughtsman, or none any more, or what the drawing is made from cannot travel.
    """
    line = _line(os.environ.get(DRAUGHTSMAN, ""))
    if line is None:
        return None
    import cloudpickle  # type: ignore[import-untyped]

    mark = f"{MARK}{secrets.token_hex(16)}"
    try:
        line.send((mark, cloudpickle.dumps(draw, protocol=5)))
    except (BrokenPipeError, pickle.PicklingError, TypeError):
        return None
    return mark


@cache
def _line(descriptor: str) -> Connection | None:
    return Connection(int(descriptor), readable=False) if descriptor else None


def serve(orders: Connection, answer: Connection) -> None:
    """Draw what is ordered until nobody is left to order anything; then hand over all of it.

    Sends mark -> (SVG, kind and message of the exception that it raised or None, what it warned of as text).
    """
    made: dict[str, Drawing] = {}
    with suppress(EOFError):
        while True:
            mark, packed = orders.recv()
            made[mark] = _drawn(packed)
    answer.send(made)


def _drawn(packed: bytes) -> Drawing:
    with warnings.catch_warnings(record=True) as caught:
        try:
            svg, error = pickle.loads(packed)(), None
        except Exception as failed:
            svg, error = "", (type(failed).__name__, str(failed))
    told = (warnings.formatwarning(one.message, one.category, one.filename, one.lineno) for one in caught)
    return svg, error, "".join(told)


def main() -> None:
    """The draughtsman's process: the numbers of its two file descriptors are its arguments."""
    orders, answer = sys.argv[1:]
    import matplotlib.backends.backend_svg
    import matplotlib.figure
    import matplotlib.style  # noqa: F401  (all imported while there is nothing to draw yet)

    sys.path.insert(0, "")  # as in a kernel: modules beside the notebook are found after all others have been
    serve(Connection(int(orders), writable=False), Connection(int(answer), readable=False))
    os._exit(0)
