"""Charts drawn by a process of their own, while the one that runs the notebook goes on.

Much of what the cells of a report do is drawing, and nothing waits for a drawing but the finished page. Whoever makes
one report may have a draughtsman forked from the notebook's process (`reports.drawing`); a chart then holds a mark
where its drawing belongs, to be filled in before the page is rendered. Without one, as in JupyterLab, charts are drawn
where they are shown.

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

MARK = "evalkit-drawing-"
"""How the 48 characters begin that stand in an output where a drawing will be."""

TRAVELLING = {"evalkit", "cloudpickle", "numpy", "pandas", "pyarrow", *sys.stdlib_module_names}
"""Where functions and classes are from that a drawing may take along."""


_ONE_AT_A_TIME = Lock()
_way: Connection | None = None
_process = 0


def tell(way: Connection) -> None:
    """From now on a draughtsman makes the drawings of this process; the way to it."""
    global _way, _process
    _way, _process = way, os.getpid()


class _Luggage(cloudpickle.Pickler):
    """What a drawing is made from, without anything that the notebook or a module beside it has defined."""

    def reducer_override(self, found: Any) -> Any:
        if isinstance(found, FunctionType | type) and found.__module__.partition(".")[0] not in TRAVELLING:
            raise pickle.PicklingError(f"{found.__qualname__} stays where it is")
        return super().reducer_override(found)


def ordered(draw: Callable[[], str]) -> str | None:
    """The mark of a drawing that a draughtsman was told to make; None where it has to be made here."""
    if _way is None or os.getpid() != _process or "matplotlib" in sys.modules:
        return None
    packed, mark = io.BytesIO(), f"{MARK}{secrets.token_hex(16)}"
    try:
        _Luggage(packed, protocol=5).dump(draw)
    except Exception:  # whatever cannot be sent is drawn here, and fails here if it has to
        return None
    with _ONE_AT_A_TIME:
        return mark if _sent((mark, packed.getvalue())) else None


def _sent(order: tuple[str, bytes]) -> bool:
    """Send an order; return whether there is a way and it was taken. Nothing more is sent after one broken off."""
    global _way
    if _way is None:
        return False
    try:
        _way.send(order)
    except BrokenPipeError:
        return False
    except BaseException:
        _way.close()
        _way = None
        raise
    return True


def draw_all(orders: Connection, answer: Connection) -> None:
    """Draw what is ordered until None is, and hand over all of it: mark -> SVG; None where it did not go smoothly."""
    import matplotlib.backends.backend_svg
    import matplotlib.figure
    import matplotlib.style  # noqa: F401  (all imported while there is nothing to draw yet)

    made: dict[str, str | None] = {}
    with suppress(EOFError, OSError):  # nobody waits for it any more, or an order was broken off
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
