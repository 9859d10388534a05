"""What the warmed process of a batch does before it forks: import, and build what is otherwise built on first use."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import io
import logging
from collections.abc import Mapping
from typing import Any

from evalkit.reports.inside import NEEDED_SOON
from evalkit.reports.kernel import import_papermill

ALSO_NEEDED = ("nbconvert", "evalkit.reports.render", "evalkit.reports.engine", "evalkit.reports.shared")


def import_what_it_needs(source: Mapping[str, Any]) -> None:
    """Import what every report needs, and the installed libraries that the cells of this notebook name."""
    import_papermill()
    # Parameters were checked before; papermill's own remarks on them would stand in between the lines of progress.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    for name in (*NEEDED_SOON, *ALSO_NEEDED, *_libraries(source)):
        importlib.import_module(name)
    _rehearse()


def _rehearse() -> None:
    """Check and render a notebook and draw a chart: what is built on first use is built before any report forks."""
    import nbformat
    from nbformat.v4 import new_notebook

    from evalkit.reports.render import rehearse

    nbformat.reads(nbformat.writes(new_notebook()), as_version=4)
    rehearse()
    figure = importlib.import_module("matplotlib.figure").Figure()
    figure.subplots().set_title("1")
    figure.savefig(io.BytesIO(), format="svg")


def _libraries(source: Mapping[str, Any]) -> list[str]:
    found: dict[str, None] = {}
    for cell in source["cells"]:
        with contextlib.suppress(SyntaxError):
            tree = ast.parse("".join(cell["source"])) if cell["cell_type"] == "code" else ast.parse("")
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    found |= dict.fromkeys(alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found[node.module] = None
    return [name for name in found if _is_installed(name)]


def _is_installed(name: str) -> bool:
    with contextlib.suppress(ImportError, ValueError):
        found = importlib.util.find_spec(name)
        return found is not None and "site-packages" in (found.origin or "")
    return False
