"""Loaded into the kernel of every report, as an IPython extension: evalkit's own refusals travel out whole."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from evalkit.errors import EvalkitError

REFUSED = "evalkit refused"
"""First line of the traceback of an EvalkitError, by which the runner tells it from its namesakes elsewhere."""


def load_ipython_extension(shell: Any) -> None:
    """Replace the traceback of an EvalkitError by a mark; every other exception keeps its own."""
    shell.set_custom_exc((EvalkitError,), _refuse)


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
