"""What a finished page is held against before it may be written: the extract's identifiers, and its authors' links."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from evalkit.intake.identifiers import Identifiers, read_identifiers
from evalkit.intake.sources import SETTINGS_FILE, WORKBOOKS
from evalkit.reports.kernel import cell_place
from evalkit.reports.parameters import Declared
from evalkit.reports.scan import refuse, scanned


def identifiers_of(
    notebook: Path, declared: Mapping[str, Declared], parameters: Mapping[str, Any]
) -> Identifiers | None:
    """The identifiers of every extract that a notebook is told of; None where there is none."""
    values = [parameters.get(name, item.default) for name, item in declared.items()]
    places = {notebook.parent / value for value in values if isinstance(value, str) and value}
    found = [read_identifiers(place) for place in sorted(places) if _is_extract(place)]
    return Identifiers.of_all(found) if found else None


def _is_extract(place: Path) -> bool:
    is_workbook = place.suffix.lower() in WORKBOOKS and place.is_file()
    return (place.parent if is_workbook else place).joinpath(SETTINGS_FILE).is_file()


def refuse_unfit(
    html: str, executed: Any, notebook: Path, parameters: Mapping[str, Any], identifiers: Identifiers | None
) -> None:
    """Raise ReportError where a page holds what identifies a person or a computer, or asks something of the network."""
    authored = "\n".join(_authored(executed, notebook, parameters))
    found = scanned(html, identifiers, authored=authored, cells=_cells(executed, notebook.name))
    refuse(found, notebook.name)


def _authored(executed: Any, notebook: Path, parameters: Mapping[str, Any]) -> Iterator[str]:
    """What people wrote for the report: the notebook's cells, the specification and its narrative."""
    yield from (cell.source for cell in executed.cells)
    if parameters.get("spec_path"):
        spec = notebook.parent / parameters["spec_path"]
        text = spec.read_text(encoding="utf-8")
        yield text
        files = [spec.parent / name for name in tomllib.loads(text).get("narrative", {}).values()]
        yield from (file.read_text(encoding="utf-8") for file in files if file.is_file())


def _cells(executed: Any, place: str) -> Iterator[tuple[str, str]]:
    """Where each cell is found, and what it shows."""
    shown = [cell for cell in executed.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    for number, cell in enumerate(shown, start=1):
        outputs = [text for output in cell.get("outputs", []) for text in _output(output)]
        yield cell_place(place, number, cell.source).removeprefix(f"{place}, "), "\n".join([cell.source, *outputs])


def _output(output: Any) -> Iterator[str]:
    for kind, content in {**output.get("data", {}), "text": output.get("text", "")}.items():
        if isinstance(content, str):
            is_markup = kind in {"text/html", "image/svg+xml", "text/markdown"}
            yield content if is_markup else f'<pre class="text">{escape(content)}</pre>'
