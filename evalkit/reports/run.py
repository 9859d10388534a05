"""From a specification to one self-contained HTML file, written whole or not at all."""

from __future__ import annotations

import gc
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from evalkit.errors import ReportError, SpecError
from evalkit.reports.drawing import drawn_apart
from evalkit.reports.kernel import WhileCellsRun, import_papermill, run_cells, started_kernel
from evalkit.reports.ledger import Identity, identity_of
from evalkit.reports.parameters import check_parameters, declared_parameters
from evalkit.reports.releasing import Releases, among_releases
from evalkit.spec import read_spec

if TYPE_CHECKING:
    from evalkit.intake.identifiers import Identifiers


RUNS = 4
"""Times that a notebook is run at most.

A table may have to hide, beside earlier releases, what one before it has shown; a drawing that does not go well
elsewhere is drawn by the notebook itself.
"""

DRAWING = re.compile(r"\b(show|chart)_\w")
"""What is named in the cells of a notebook that draws."""

GIVES_AWAY = (
    "beside the releases in this folder the report would give away small numbers that those hide; write it to another "
    "folder, or take out releases that were never shared (evalkit releases)"
)


def run_report(
    spec_path: str | Path,
    *,
    data: str | Path | None = None,
    out: str | Path = "reports",
    parameters: Mapping[str, Any] | None = None,
) -> Path:
    """Run the notebook of a specification and write its report; return the HTML file, `out`/name.html.

    spec_path  : the evaluation's .toml file
    data       : folder of the extract; without it the one the specification names, else the notebook's own default
    out        : folder of the report, made where it is missing
    parameters : further values for the notebook's parameters cell; JSON values of the declared type

    Raises SpecError for a wrong specification or parameter, what evalkit refused inside the notebook (DataError, say)
    as itself, ReportError for any other failure. A report that was there before is then still there, unchanged.
    """
    spec = read_spec(spec_path)
    own = {"spec_path": str(spec.path)}
    folder = data if data is not None else spec.data
    if folder is not None:
        own["data"] = str(Path(folder).resolve())
    given = dict(parameters or {})
    for name in ("spec_path", "data"):
        if name in given:
            raise SpecError(f"parameter {name!r} is set by the report itself; name the specification and data instead")
    identity = identity_of(spec, str(given.get("only", "")))
    target = Path(out).resolve() / f"{spec.name}.html"
    return run_notebook(spec.notebook, target, title=spec.title, parameters=own | given, identity=identity)


def run_notebook(
    notebook: Path, target: Path, *, title: str, parameters: Mapping[str, Any], identity: Identity | None = None
) -> Path:
    """Run one notebook with checked parameters and write it as HTML to `target`; return `target`.

    identity : which report it is, in the ledger of what was released; None: it is not entered

    Raises as `run_report` does; `target` is replaced only by a finished report.
    """
    source = read_notebook(notebook)
    declared = declared_parameters(source, notebook.name)
    check_parameters(parameters, declared, notebook.name)
    with _garbage_left(), among_releases(target.parent, identity) as releases, _replacing(target) as file:
        apart = _draws(source)
        for _ in range(RUNS):
            meanwhile = WhileCellsRun(lambda: _finishing(notebook, declared, parameters))
            executed, drawn = _executed(notebook, source, parameters, releases, meanwhile, apart=apart)
            if not releases.ask_again() and drawn:
                break
            apart = apart and drawn
        else:
            raise ReportError(f"{notebook.name}: {GIVES_AWAY}")
        known: dict[str, Any] = {"parameters": parameters, "identifiers": meanwhile.result()}
        file.write(finished_page(executed, notebook, title=title, out=target.parent, **known))
        releases.enter(target.name)
    return target


def _draws(source: Mapping[str, Any]) -> bool:
    """Whether a notebook is likely to draw: a process for its charts takes nearly a second to start."""
    return any(DRAWING.search("".join(cell["source"])) for cell in source["cells"] if cell["cell_type"] == "code")


def _executed(
    notebook: Path,
    source: Mapping[str, Any],
    parameters: Mapping[str, Any],
    releases: Releases,
    meanwhile: WhileCellsRun,
    *,
    apart: bool,
) -> tuple[Any, bool]:
    """The notebook with its outputs, and whether its charts are in them.

    apart : whether a process of their own draws them; where that does not go well, they are not there
    """
    with drawn_apart() as charts:
        told = {**releases.environment, **(charts.environment if apart else {})}
        with started_kernel(notebook.parent, told=told, inherits=charts.inherited if apart else []) as manager:
            charts.leave_to_others()
            import_papermill()  # slow, while the kernel wakes up
            options = {"bar": sys.stderr.isatty(), "km": manager, "on_cell_execute": meanwhile.begin}
            executed = run_cells(source, parameters, notebook.name, **options)
            return executed, not apart or charts.fill_in(executed)


@contextmanager
def _garbage_left() -> Iterator[None]:
    """Look for no garbage: nearly all that a report imports and makes stays until it is written.

    The looking would take a seventh of this process's time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _finishing(*arguments: Any) -> Identifiers | None:
    """Make ready what renders and checks the page, and read what it must not show."""
    from evalkit.reports.finishing import identifiers_of
    from evalkit.reports.render import rehearse

    rehearse()
    identifiers = identifiers_of(*arguments)
    if identifiers:
        identifiers.in_text("")  # how they are written is told once, before the page has to wait for it
    return identifiers


def finished_page(
    executed: Any,
    notebook: Path,
    *,
    title: str,
    parameters: Mapping[str, Any],
    out: Path,
    identifiers: Identifiers | None,
) -> str:
    """The page of an executed notebook, as HTML text. Raises ReportError where it must not be shown."""
    from evalkit.reports.finishing import refuse_unfit
    from evalkit.reports.render import render

    html = render(executed, title=title, place=notebook.name)
    _refuse_paths(html, [notebook.parent, out, *_absolute_paths(parameters)], notebook.name)
    refuse_unfit(html, executed, notebook, parameters, identifiers)
    return html


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook as read from JSON. Raises SpecError where it is missing or none of format 4."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(f"no notebook at {path}") from None
    except ValueError as error:
        raise SpecError(f"{path.name} is not a notebook: {error}") from None
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4:
        raise SpecError(f"{path.name} is not a notebook of format 4; open it in JupyterLab and save it again")
    return notebook


@contextmanager
def _replacing(target: Path) -> Iterator[TextIO]:
    """A file beside `target` that takes its place when the block ends well, and vanishes otherwise."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        folder = target.parent
        why = f"{folder} is a file, not a folder" if folder.is_file() else error.strerror or error
        raise ReportError(f"cannot write {target}: {why}") from error
    finally:
        _remove(partial)


def _remove(partial: Path) -> None:
    # Where the folder itself could not be made or entered there is nothing to remove.
    if os.path.lexists(partial):
        partial.unlink()


def _absolute_paths(parameters: Mapping[str, Any]) -> list[Path]:
    return [Path(value) for value in parameters.values() if isinstance(value, str) and Path(value).is_absolute()]


def _refuse_paths(html: str, places: list[Path], notebook: str) -> None:
    for place in {path for path in places if path != path.parent and str(path) in html}:
        found = re.search(rf"(?<![\w.:/-]){re.escape(str(place))}(?![\w-])", html)
        if found:
            around = html[max(0, found.start() - 40) : found.end()]
            raise ReportError(f"{notebook}: the report would show a path of this computer: ...{around!r}")
