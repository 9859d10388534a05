"""The pages under test, made once, and one browser for all of them."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from batch_inputs import LOAD, SHOW, write_inputs

SPECS = Path("notebooks/specs").resolve()
HOSTILE = "<script>alert(1)</script>"
"""The name of an area."""

REPORT = "import json, sys; from evalkit.reports import run_report; run_report(**json.loads(sys.argv[1]))"


def run(*arguments: object) -> None:
    """Run Python in a process of its own; what it says stands in the message where it fails."""
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def report(spec: str, out: Path, *, data: Path | None = None, **parameters: object) -> Path:
    """Make one report in a folder of its own."""
    given = {"spec_path": str(SPECS / f"{spec}.toml"), "out": str(out), "parameters": parameters}
    run("-c", REPORT, json.dumps(given | ({"data": str(data)} if data else {})))
    return next(out.glob("*.html"))


def index(folder: Path) -> Path:
    """The index page of a batch with an area whose name is a script."""
    spec = write_inputs(folder, LOAD, SHOW, **{"North": 12, HOSTILE: 15})
    run("-m", "evalkit", "batch", spec, "--by", "area", "--out", folder / "out", "--quiet")
    return folder / "out" / "index.html"


def briefings(folder: Path) -> Path:
    """The page that lists briefings, of areas that are not made here."""
    from evalkit.reports.briefings import write_briefings_index
    from evalkit.reports.manifest import DONE, Batch, Entry, Manifest, write_manifest

    said = {"finding": "more than people like them", "within": "North"}
    entries = {
        name: Entry(f"briefing-{name}.html", name, DONE, {}, {}, 1.0, 1, facts=facts)
        for name, facts in (("North", {"finding": "as expected"}), (HOSTILE, said))
    }
    folder.mkdir()
    batch = Batch("briefing", "Briefing", "area", "2021", entries=entries, too_small=["Tiny"])
    write_manifest(Manifest({"briefing-area": batch}), folder)
    return write_briefings_index(folder)


INTERVENTIONS = ("domestic_abuse", "accommodation", "wellbeing", "skills")

FULL = ("matched, full size", "validation", "area", *INTERVENTIONS[1:])
"""Pages that take longer, or are of a notebook whose other pages are tested: made where tests marked `full` are run."""


@pytest.fixture(scope="session")
def pages(request, tmp_path_factory) -> Iterator[Mapping[str, Future[Path]]]:
    """Every kind of page by name, made two at a time, from a small extract: its tables have hidden cells as well."""
    from evalkit.synthetic import write_demo

    folder = tmp_path_factory.mktemp("pages")
    demo = write_demo(folder / "demo", people=8000)
    studies = folder / "studies"
    runpy.run_path("data/prepare_real.py")["main"](studies)
    pool = ThreadPoolExecutor(2)
    made = {
        "index": pool.submit(index, folder / "index"),
        "briefings": pool.submit(briefings, folder / "briefings"),
        "every block": pool.submit(report, "../../tests/notebooks/every_block", folder / "blocks"),
        "prepared": pool.submit(report, "rossi", folder / "prepared", data=studies / "rossi"),
        "ete": pool.submit(report, "ete", folder / "ete", data=demo),
        "rat": pool.submit(report, "rat", folder / "rat", data=demo),
        "briefing": pool.submit(report, "briefing", folder / "briefing", data=demo, unit="Hall Green"),
        "matched": pool.submit(report, "recid_matched", folder / "matched", data=studies / "recid"),
        "gate": pool.submit(report, "through_the_gate", folder / "gate", data=demo),
        "summary": pool.submit(report, "summary", folder / "summary", data=demo),
        **{name: pool.submit(report, name, folder / name, data=demo) for name in INTERVENTIONS[:1]},
    }
    asked_for = {getattr(item, "callspec", None) and item.callspec.params.get("name") for item in request.session.items}
    if asked_for.intersection(FULL):
        everybody = write_demo(folder / "everybody")
        few = {"simulations": 400, "data": str(everybody), "rossi": str(studies / "rossi")}
        parameters = {"matched, full size": ("matched", {"data": everybody}), "validation": ("validation", few)}
        parameters |= {name: (name, {"data": demo}) for name in INTERVENTIONS[1:]}
        parameters["area"] = ("ete", {"data": demo, "only": "area=Derbyshire"})
        for name in asked_for.intersection(FULL):
            spec, given = parameters[name]
            made[name] = pool.submit(report, spec, folder / f"full {spec}", **given)
    yield made
    pool.shutdown(cancel_futures=True)  # where only some tests are run, the other pages are not made


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "these tests need Chromium: apt-get install chromium, or leave them out with -m 'not browser'"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@dataclass
class Visit:
    """A page as it is open, and what it did that a reader would not want."""

    page: object
    address: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def visit(browser, pages):
    """Opens a page by name; closes what was opened."""
    contexts = []

    def open_page(name: str, *, width: int = 1440) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        seen = Visit(context.new_page(), pages[name].result().as_uri())
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("console", lambda message: seen.complaints.append(message.text))
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.on("dialog", lambda dialog: seen.complaints.append(dialog.message) or dialog.dismiss())
        seen.page.goto(seen.address)
        return seen

    yield open_page
    for context in contexts:
        context.close()
