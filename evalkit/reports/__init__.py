"""Reports: a notebook run with its parameters becomes one self-contained HTML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalkit.reports.run import run_notebook, run_report

__all__ = ["run_notebook", "run_report"]


def __getattr__(name: str) -> Any:
    # The process of a notebook has no use for what runs it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from evalkit.reports import run

    return getattr(run, name)
