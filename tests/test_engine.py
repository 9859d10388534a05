"""Reports in forked processes: outputs as from a kernel, nothing left behind, limits kept."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from batch_inputs import LOAD, write_inputs
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from papermill import PapermillExecutionError, execute_notebook

from evalkit.reports.crew import Crew
from evalkit.reports.job import Job, Opening
from evalkit.reports.kernel import KERNEL_ENVIRONMENT, started_kernel
from evalkit.reports.request import Limits, requested
from evalkit.reports.run import read_notebook, run_report
from evalkit.spec import read_spec
from evalkit.synthetic import write_demo

SPEC = Path(__file__).resolve().parents[1] / "notebooks/specs/employment.toml"

OUTPUTS = (
    "import sys, os, subprocess, warnings\nimport pandas as pd",
    "from IPython.display import display, HTML, clear_output",
    "print('one', end='')\nprint('two')\ndisplay(HTML('<b>3</b>'), metadata={'text/html': {'alt': 'x'}})\nprint(4)\n5",
    "print('to stderr', file=sys.stderr)\nprint('flushed', flush=True)\nprint('then')\nsys.stdout.write('end')",
    "handle = display('first', display_id='shown')\nhandle.update('second')\nNone",
    "display('gone')\nclear_output()\ndisplay('kept')\nclear_output(wait=True)\ndisplay('last')",
    "display('stays')\nclear_output(wait=True)",
    "pd.DataFrame({'rate': [0.25, None]}, index=['a', 'b'])",
    "import asyncio\nawait asyncio.sleep(0)\n(1, {'tuple': (2, 3)})",
    "",
    "subprocess.run([sys.executable, '-c', 'print(chr(8212), flush=True)'])\nNone",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('left open')",
    "warnings.warn('careful')",
    "%precision 2\nx = 1.2345\nx, _",
    "import evalkit.errors\nraise evalkit.errors.DataError('people.csv, row 17')",
    "print('never')",
)
ALONE = """import json, sys
from evalkit.reports.engine import ENGINE
from evalkit.reports import kernel
from papermill import PapermillExecutionError
import papermill, nbformat
node = nbformat.from_dict(json.load(open(sys.argv[1])))
try:
    papermill.execute_notebook(node, sys.argv[2], engine_name=ENGINE, progress_bar=False)
except PapermillExecutionError as error:
    sys.exit(error.cell_index)"""


def without_times(notebook):
    """An executed notebook without when, how long and in how many pieces, and without what names a file of this run."""
    plain, _ = CoalesceStreamsPreprocessor().preprocess(nbformat.from_dict(copy.deepcopy(notebook)), {})
    plain["metadata"].pop("papermill")
    for cell in plain["cells"]:
        if cell["cell_type"] == "markdown":
            del cell["id"]  # papermill's own cell above the one that failed
        cell["metadata"].pop("papermill", None)
        cell["metadata"].pop("execution", None)
        for output in cell.get("outputs", []):
            text = "".join(output.get("text", ""))
            output["text"] = re.sub(r"ipykernel_\d+", "", text)
    return plain


def test_outputs_are_those_of_a_kernel(tmp_path, monkeypatch):
    # A kernel does not look past Python at file descriptors while it believes to be in a test.
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(OUTPUTS)]
    kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
    nbformat.write(notebook, tmp_path / "cells.ipynb")
    environment = os.environ | KERNEL_ENVIRONMENT | {"IPYTHONDIR": str(tmp_path)}
    command = [sys.executable, "-c", ALONE, "cells.ipynb", "ours.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 14  # the cell that fails
    with started_kernel(tmp_path) as manager, pytest.raises(PapermillExecutionError):
        execute_notebook(notebook, str(tmp_path / "theirs.ipynb"), km=manager, progress_bar=False)
    ours, theirs = (without_times(json.loads((tmp_path / name).read_text())) for name in ("ours.ipynb", "theirs.ipynb"))
    for one, other in zip(ours["cells"], theirs["cells"], strict=True):
        assert one == other
    assert ours == theirs


# ---------------------------------------------------------------- one process a report

LOOK = """import os, random, sys, warnings
from pathlib import Path
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
found = sorted(name for name in globals() if name.startswith("left"))
print("state", found, mpl.rcParams["font.size"], plt.get_fignums(), len(warnings.filters), os.environ.get("LEFT"))
print(Path.cwd().name, np.geterr()["divide"], pd.get_option("display.max_rows"), "left_module" in sys.modules, len(Out))
print("random", random.random(), np.random.random())"""
LEAVE = """left_variable = 1
mpl.rcParams["font.size"] = 99
figure = plt.figure()
plt.close(figure) if only != "open" else None
warnings.simplefilter("ignore")
os.environ["LEFT"] = "x"
folder = os.getcwd()
os.chdir("/")
np.seterr(divide="ignore")
pd.set_option("display.max_rows", 3)
sys.modules["left_module"] = os
random.seed(1)
np.random.seed(1)
print("after", left_variable, mpl.rcParams["font.size"], os.environ["LEFT"], random.random() < 1)"""
DO = """marker = 'marker'
import signal, time, evalkit
from evalkit.reports.part import extract_of_part
from evalkit.errors import DataError
os.chdir(folder)
if only == "refuse": raise DataError("people.csv, row 17: no date")
if only == "fail": {}["no such key"]
if only == "sleep": time.sleep(60)
if only == "eat": held = bytearray(700_000_000)
if only == "die": os._exit(3)
if only == "kill" and not Path(marker).exists():
    Path(marker).touch()
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)
if only == "part": extract_of_part(evalkit.load(data), evalkit.read_spec(spec_path), "area=North").table("people")
if only == "tables": evalkit.load(data).table("people")
if only == "summary": print(evalkit.load(data).summary)
if only == "another": evalkit.load(data, tables=["people"])
if only == "read": print(Path("beside.txt").read_text())
if only == "orphan": os.system("sleep 600 & echo $! > " + marker)"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A crew that has opened a batch, and how to ask it for reports."""
    folder = tmp_path_factory.mktemp("shop")
    request = requested(write_inputs(folder, LOOK, LEAVE, DO), "area", None, folder / "out", Limits())
    with Crew(2) as crew:
        prepared = crew.open(request.opening)

        def ask(*kinds, seconds=50.0, megabytes=2000.0):
            given = [request.parameters("") | {"only": kind.rstrip("123")} for kind in kinds]
            named = zip(kinds, given, strict=True)
            jobs = [Job(kind, "Trial", values, request.out, seconds, megabytes) for kind, values in named]
            return {outcome.name: outcome for outcome in crew.outcomes(jobs)}

        ask.folder, ask.prepared = folder, prepared
        yield ask


def gone(process):
    """Whether a process ends within ten seconds (a signal may take a moment to arrive)."""
    status = Path(f"/proc/{process}/stat")
    for _ in range(1000):
        if not status.exists() or status.read_text().split()[2] in "ZX":
            return True
        time.sleep(0.01)
    return False


def test_nothing_leaks_from_one_report_to_the_next(shop):
    pages = [outcome.html for outcome in shop("calm1", "calm2", "calm3").values()]
    states = [re.search("state .*\n.*\n", page)[0] for page in pages]
    expected = "state [] 10.0 [] FILTERS None\nshop0 warn 60 False 0\n"
    assert [re.sub(r"\] \d+ None", "] FILTERS None", state) for state in states] == [expected] * 3
    assert len(set(states)) == 1
    assert all("after 1 99.0 x True" in page for page in pages)  # within a report all of it does take effect


def test_unseeded_random_numbers_differ_between_reports(shop):
    drawn = [re.search("random (.*) (.*)", outcome.html).groups() for outcome in shop("calm1", "calm2").values()]
    assert drawn[0][0] != drawn[1][0]
    assert drawn[0][1] != drawn[1][1]


def test_a_bad_report_says_why_and_does_not_stop_the_others(shop):
    made = shop("refuse", "fail", "die", "calm")
    failures = {name: outcome.failure for name, outcome in made.items() if outcome.failure}
    why = {name: (failure.kind, failure.cell, failure.message) for name, failure in failures.items()}
    assert why == {
        "refuse": ("DataError", "", "people.csv, row 17: no date"),
        "fail": ("ReportError", "cell 4 (marker = 'marker')", "KeyError: 'no such key'"),
        "die": ("ReportError", "", "its process ended early (exit code 3; out of memory?)"),
    }
    assert made["calm"].html.startswith("<!DOCTYPE html>")


def test_a_report_that_takes_too_long_is_ended(shop):
    made = shop("sleep", seconds=1.5)
    assert made["sleep"].failure.message == "ended after 1.5 s, the limit of time"


@pytest.mark.parametrize(("megabytes", "ended"), [(700.0, True), (2000.0, False)])
def test_a_report_that_takes_too_much_memory_is_ended(shop, megabytes, ended):
    outcome = shop("eat", megabytes=megabytes)["eat"]
    assert (outcome.failure is not None) == ended
    assert not ended or outcome.failure.message == "ended at 700 MB, the limit of memory"
    assert outcome.peak_bytes > 700e6


def test_what_a_report_started_ends_with_it(shop):
    (shop.folder / "marker").unlink(missing_ok=True)
    shop("orphan")
    process = int((shop.folder / "marker").read_text())
    assert gone(process)


@pytest.mark.parametrize(
    ("kind", "all_rows"), [("calm", False), ("part", False), ("tables", True), ("summary", True), ("another", True)]
)
def test_it_is_known_whether_a_report_looked_at_rows_of_others(shop, kind, all_rows):
    assert shop(kind)[kind].all_rows == all_rows


def test_files_that_a_notebook_reads_are_known_by_their_checksum(shop):
    (shop.folder / "beside.txt").write_text("read")
    files = shop("read")["read"].files
    assert files == {"beside.txt": hashlib.sha256(b"read").hexdigest()}


def test_a_killed_workshop_is_begun_again_and_its_reports_are_made(shop):
    (shop.folder / "marker").unlink(missing_ok=True)
    made = shop("kill", "calm1", "calm2")
    assert (shop.folder / "marker").exists()  # it was killed once
    assert {name: outcome.failure for name, outcome in made.items()} == {"kill": None, "calm1": None, "calm2": None}


def test_the_crew_forks_and_knows_the_units(shop):
    assert shop.prepared.warm
    assert shop.prepared.people == {"North": 12, "South & East": 15, "Tiny": 9}


# ---------------------------------------------------------------- the same page


def test_the_page_of_the_employment_report_is_that_of_the_standard_engine(tmp_path):
    data = write_demo(tmp_path / "demo", people=3000)
    standard = run_report(SPEC, data=data, out=tmp_path).read_bytes()
    spec = read_spec(SPEC)
    opening = Opening(spec.notebook, read_notebook(spec.notebook), spec, data, "area")
    job = Job("all", spec.title, {"spec_path": str(spec.path), "data": str(data)}, tmp_path, 100, 2000)
    with Crew(1) as crew:
        crew.open(opening)
        (outcome,) = crew.outcomes([job])
    assert outcome.html.encode() == standard
    assert outcome.all_rows


def test_where_processes_cannot_be_forked_kernels_make_the_same_reports(tmp_path):
    spec = write_inputs(tmp_path, LOAD, "print(extract.summary.to_string())")
    request = requested(spec, "area", None, tmp_path / "out", Limits())
    pages = {}
    for warm in (True, False):
        with Crew(1, warm=warm) as crew:
            assert crew.open(request.opening).warm == warm
            (outcome,) = crew.outcomes([request.job("North")])
            pages[warm] = outcome.html
            assert outcome.all_rows == (not warm)  # a kernel does not tell what it looked at
    assert pages[True] == pages[False] != ""
