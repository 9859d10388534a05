"""What cells print, and what is printed past Python: all of it on the page, in its own cell."""

import subprocess
import sys
from pathlib import Path

import pytest
from batch_inputs import write_notebook

from evalkit.errors import ReportError
from evalkit.reports.run import run_notebook


@pytest.fixture
def page_of(tmp_path, monkeypatch):
    def page(*cells):
        # Jupyter leaves to pytest what a test writes past Python.
        monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
        notebook = write_notebook(tmp_path / "trial.ipynb", *cells)
        return run_notebook(notebook, tmp_path / "out/trial.html", title="Trial", parameters={}).read_text()

    return page


def test_nothing_that_is_written_past_python_is_lost(page_of):
    written = [f"out of C {number}." for number in range(80)]
    page = page_of(*(f"import os\nos.write(1, b'{line}\\n')\nNone" for line in written))
    assert [f'text">{line}\n</pre>' in page for line in written] == [True] * 80


def test_what_is_written_past_python_has_its_place_among_the_rest(page_of):
    page = page_of("import os\nprint('one')\nos.system('echo two')\nprint('three', flush=True)\nprint('four')")
    assert sorted(page.partition('text">')[2].partition("</pre>")[0].split()) == ["four", "one", "three", "two"]
    assert "one\nthree\nfour\n</pre>" in page_of("print('one')\nprint('three', flush=True)\nprint('four')")


def test_a_warning_past_python_stops_the_report(page_of):
    with pytest.raises(ReportError, match=r"cell 2 \(import os\): a warning .*: careful"):
        page_of("import os\nos.system('echo careful >&2')\nNone")


def test_a_letter_of_two_bytes_stays_whole_wherever_what_was_written_is_cut(page_of):
    written = "xé" + 3000 * "é"
    assert f">{written}\n</pre>" in page_of(f"import os\nos.write(1, '{written}\\n'.encode())\nNone")


def test_half_a_letter_at_the_end_is_shown_as_one_that_cannot_be_read(page_of):
    assert ">caf\ufffd</pre>" in page_of("import os\nos.write(1, b'caf\\xe9')\nNone")


BUSY = """import time
begin = time.perf_counter()
print("x" * 3_000_000 + "end")
while time.perf_counter() - begin < {}:
    pass"""


def test_what_is_being_sent_when_its_cell_ends_is_not_overtaken_by_the_end(page_of):
    # What was written is sent by a timer after 0.2 s; a large text takes it a while.
    page = page_of(*(BUSY.format(0.195 + 0.006 * step) for step in range(6)))
    assert page.count("xend\n</pre>") == 6


def test_however_many_outputs_a_cell_has_all_are_there(page_of):
    many = (
        "from IPython.display import HTML, display\nfor number in range(6000):\n    display(HTML(f'<i>{number}</i>'))"
    )
    page = page_of(many)
    assert [number for number in range(6000) if f"<i>{number}</i>" not in page] == []


def test_a_report_is_made_where_nobody_takes_what_evalkit_says(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    cells = [f"import os\nos.system('echo two {number}')\nprint('one')" for number in range(4)]
    write_notebook(tmp_path / "trial.ipynb", *cells)
    make = """import sys
from pathlib import Path
from evalkit.reports.run import run_notebook
here = Path(sys.argv[1])
run_notebook(here / "trial.ipynb", here / "trial.html", title="Trial", parameters={})"""
    with Path("/dev/full").open("w") as full:
        subprocess.run([sys.executable, "-c", make, str(tmp_path)], stdout=full, check=True, timeout=60)
    shown = (tmp_path / "trial.html").read_text()
    assert [number for number in range(4) if f"two {number}\n" not in shown] == []
