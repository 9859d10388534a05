"""Loaded into the kernel of every report, as an IPython extension.

Evalkit's own refusals travel out whole, and slow imports begin while the kernel still waits for its first cell.
"""

from __future__ import annotations

import importlib
import threading
from types import TracebackType
from typing import Any

from evalkit.errors import EvalkitError

REFUSED = "evalkit refused"
"""First line of the traceback of an EvalkitError, by which the runner tells it from its namesakes elsewhere."""


NEEDED_SOON = (
    "evalkit.intake",
    "evalkit.cohort",
    "evalkit.present",
    "pyarrow.csv",
    "scipy.special",
    "scipy.optimize",
    "matplotlib.figure",
    "matplotlib.backends.backend_svg",
)
"""Modules that nearly every report uses, in the order of use."""


def load_ipython_extension(shell: Any) -> None:
    """Replace the traceback of an EvalkitError by a mark (every other exception keeps its own); import ahead."""
    shell.set_custom_exc((EvalkitError,), _refuse)
    threading.Thread(target=_import_ahead, daemon=True).start()


def _import_ahead() -> None:
    for name in NEEDED_SOON:
        importlib.import_module(name)


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
