"""What cells print, and what is printed past Python: all of it on the page, in its own cell."""

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
