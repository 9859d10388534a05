"""An executed notebook becomes one HTML page: our own nbconvert template, no remote request, no clock, no path."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from functools import cache
from html import escape, unescape
from pathlib import Path
from threading import Lock
from typing import Any

from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from traitlets.config import Config

from evalkit.errors import ReportError
from evalkit.reports.kernel import cell_place

TEMPLATE = Path(__file__).with_name("template")
NEVER_SHOWN = frozenset({"masthead", "parameters", "injected-parameters", "not-in-report"})
LEFT_OUT = 'class="note left-out"'
"""What marks the one line of a chapter without anything to show."""

SHOWN_TYPES = ["text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"]
"""Best first; whatever else a cell offers (widgets, JavaScript) is shown by its plain text."""

_ONE_AT_A_TIME = Lock()
"""Pages share the template, which knows the headings of one of them."""


def render(notebook: Any, *, title: str, place: str) -> str:
    """The page of an executed notebook, as HTML text; the same outputs give the same characters.

    notebook : nbformat node; tags on its cells decide: `masthead` becomes the page's header; `parameters` and
               `not-in-report` are left out; `stderr-expected` drops what the cell wrote to stderr
    title    : shown by the browser, and as the heading where no cell is tagged `masthead`
    place    : the notebook's file name, for messages

    Raises ReportError where a cell warned, or shows an image without a text alternative.
    """
    _refuse_unfit_outputs(notebook, place)
    headings = Headings()
    notebook, left_out = _without_empty_chapters(notebook)
    script = (TEMPLATE / "script.js").read_text(encoding="utf-8")
    page = {
        "title": title,
        "style": (TEMPLATE / "style.css").read_text(encoding="utf-8"),
        "script": script,
        "script_hash": "sha256-" + b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "masthead": _masthead(notebook) or f"<h1>{escape(title)}</h1>",
        "never_shown": NEVER_SHOWN,
        "left_out": left_out,
    }
    with _ONE_AT_A_TIME:
        exporter = _exporter()
        exporter.register_filter("author_markdown", headings.author_markdown)
        exporter.register_filter("data_markdown", headings.data_markdown)
        # A global, because nbconvert copies the resources: the list fills while the page is being written.
        exporter.environment.globals["contents"] = headings.contents
        html, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    _refuse_images_without_alternative(html, place)
    return html


@cache
def _exporter() -> TemplateExporter:
    """Our template, read and compiled once."""
    exporter = TemplateExporter(
        template_name=TEMPLATE.name,
        template_file="index.html.j2",
        extra_template_basedirs=[str(TEMPLATE.parent)],
        config=Config(
            {
                "NbConvertBase": {"display_data_priority": SHOWN_TYPES},
                # A kernel sends what is printed in as many pieces as it happens to.
                "CoalesceStreamsPreprocessor": {"enabled": True},
            }
        ),
        optimistic_validation=True,
    )
    exporter.output_mimetype = "text/html"
    return exporter


def rehearse() -> None:
    """Render a page: what is built on first use is built before one has to wait for it."""
    shown = [new_output("display_data", data={"text/html": "<p>1</p>"})]
    cells = [new_code_cell("1", metadata={"tags": []}, outputs=shown), new_markdown_cell("## 1", metadata={"tags": []})]
    render(new_notebook(cells=cells), title="", place="")


def _refuse_unfit_outputs(notebook: Any, place: str) -> None:
    shown = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.tags]
    for number, cell in enumerate(shown, start=1):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr" and "stderr-expected" not in cell.metadata.tags:
                raise ReportError(
                    f"{cell_place(place, number, cell.source)}: a warning must be dealt with, or the cell tagged "
                    f"'stderr-expected': {' '.join(output.text.split())[:400]}"
                )
            if _lacks_alternative(output):
                raise ReportError(
                    f"{cell_place(place, number, cell.source)}: shows an image without a text alternative "
                    "(close the figure and show it through evalkit's charts)"
                )


def _without_empty_chapters(notebook: Any) -> tuple[Any, list[str]]:
    """The notebook without the chapters that say of themselves they have nothing to show, and what these say."""
    chapters: list[list[Any]] = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            chapters.append([])
        chapters[-1].append(cell)
    kept, said = [], []
    for cells in chapters:
        outputs = [output.get("data", {}).get("text/html", "") for cell in cells for output in cell.get("outputs", [])]
        if outputs and all(LEFT_OUT in output for output in outputs):
            sentences = dict.fromkeys(re.sub(r"<[^>]*>", "", output).strip() for output in outputs)
            said.append(f"{cells[0].source.splitlines()[0].removeprefix('## ')}: {unescape(' '.join(sentences))}")
        else:
            kept += cells
    return type(notebook)({**notebook, "cells": kept}), said


def _masthead(notebook: Any) -> str:
    outputs = [output for cell in notebook.cells if "masthead" in cell.metadata.tags for output in cell.outputs]
    return "\n".join(output.data["text/html"] for output in outputs if "text/html" in output.get("data", {}))


def _lacks_alternative(output: Any) -> bool:
    kinds = [kind for kind in SHOWN_TYPES if kind in output.get("data", {})]
    return bool(kinds) and kinds[0].startswith("image/") and not output.metadata.get(kinds[0], {}).get("alt")


def _refuse_images_without_alternative(html: str, place: str) -> None:
    for image in re.findall(r"<img\b[^>]*>", html):
        if not re.search(r"\balt\s*=", image):
            raise ReportError(f"{place}: an image has no text alternative: {image[:120]}")


class Headings(IPythonRenderer):
    """Markdown to HTML, noting each section's heading for the contents list and giving it an address.

    A first-level heading is the notebook's title in JupyterLab; the page has its own, so it is left out.
    """

    def __init__(self) -> None:
        super().__init__(escape=False, allow_harmful_protocols=False)
        self.contents: list[dict[str, str]] = []
        self._addresses = {"main", "contents", "show-code"}

    def author_markdown(self, source: str) -> str:
        """A markdown cell: HTML in it is the author's and stays."""
        return MarkdownWithMath(renderer=self).render(source)

    def data_markdown(self, source: str) -> str:
        """Markdown that code has made: HTML in it may come from the data and is shown as text."""
        return MarkdownWithMath(renderer=IPythonRenderer(escape=True, allow_harmful_protocols=False)).render(source)

    def heading(self, text: str, level: int, **attrs: Any) -> str:  # noqa: ARG002
        if level == 1:
            return ""
        plain = unescape(re.sub(r"<[^>]*>", "", text)).strip()
        address = self._address(plain)
        if level == 2:
            self.contents.append({"address": address, "text": plain})
        inner = text if "<a " in text else f'<a class="self" href="#{address}">{text}</a>'
        return f'<h{level} id="{address}">{inner}</h{level}>\n'

    def _address(self, text: str) -> str:
        stem = re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "section"
        address, count = stem, 1
        while address in self._addresses:
            count += 1
            address = f"{stem}-{count}"
        self._addresses.add(address)
        return escape(address)
