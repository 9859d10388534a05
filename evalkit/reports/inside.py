"""Loaded into the kernel of every report, as an IPython extension.

Evalkit's own refusals travel out whole, and slow imports begin while the kernel still waits for its first cell.
"""

from __future__ import annotations

import gc
import importlib
import re
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from evalkit.errors import EvalkitError

REFUSED = "evalkit refused"
"""First line of the traceback of an EvalkitError, by which the runner tells it from its namesakes elsewhere."""

LOADING = ("evalkit.intake", "duckdb", "pyarrow.csv", "evalkit.cohort", "evalkit.present")
"""Modules that an extract is loaded with."""

SHOWING = (
    "scipy.special",
    "scipy.optimize",
    "cloudpickle",
)
"""Modules that nearly every report uses afterwards: they are imported while the engine loads the extract."""

NEEDED_SOON = (*LOADING, *SHOWING)
"""Modules that nearly every report uses, in the order of use."""


def load_ipython_extension(shell: Any) -> None:
    """Replace the traceback of an EvalkitError by a mark (every other exception keeps its own); import ahead."""
    shell.set_custom_exc((EvalkitError,), _refuse)
    can_load, can_show = threading.Event(), threading.Event()
    shell.events.register("pre_run_cell", _waiting(shell, can_load, can_show))
    # What a module makes stays for good: to look for garbage in it takes a fifth of the time of importing it.
    gc.disable()
    threading.Thread(target=_import_ahead, args=(can_load, can_show), daemon=True).start()


def _import_ahead(can_load: threading.Event, can_show: threading.Event) -> None:
    try:
        for name in LOADING:
            importlib.import_module(name)
        can_load.set()
        for name in SHOWING:
            importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()
        # A module that cannot be imported is the error of the cell that needs it.
        can_load.set()
        can_show.set()


def _waiting(shell: Any, can_load: threading.Event, can_show: threading.Event) -> Callable[[Any], None]:
    """Before each cell: wait for the imports, since two threads that import parts of one package may fail each other.

    Cells up to the one that imports evalkit and loads the extract need the first of them alone.
    """

    def wait(cell: Any) -> None:
        loads = "evalkit" not in shell.user_ns and not re.search(r"\bimport\s+(?!evalkit\b)", cell.raw_cell)
        (can_load if loads else can_show).wait()

    return wait


def _refuse(
    shell: Any,
    kind: type[EvalkitError],
    error: EvalkitError,
    traceback: TracebackType,  # noqa: ARG001
    tb_offset: int | None = None,  # noqa: ARG001
) -> list[str]:
    message = [REFUSED, f"{kind.__name__}: {error}"]
    shell._showtraceback(kind, error, message)
    return message
