"""The command line: exit codes, and plain sentences instead of tracebacks."""

import subprocess
import sys

import pytest
from small_extracts import PEOPLE, with_rows, write_extract

from evalkit.cli import main


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "evalkit", *arguments], capture_output=True, text=True, check=False)


def test_check_of_a_good_extract_says_what_was_read_and_exits_with_0(tmp_path, capsys):
    assert main(["check", str(write_extract(tmp_path / "extract"))]) == 0
    assert "people (people.csv): 3 rows read = 3 used + 0 rejected" in capsys.readouterr().out
    assert not (tmp_path / "extract" / "rejected").exists()


def test_check_of_a_bad_row_names_it_writes_it_and_exits_with_1(tmp_path, capsys):
    people = with_rows(PEOPLE, "P4,31/02/1990,male")
    folder = write_extract(tmp_path / "extract", people=people)
    assert main(["check", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "4 rows read = 3 used + 1 rejected" in out
    assert "is not a date (expected YYYY-MM-DD)" in out
    rejected = (folder / "rejected" / "people.csv").read_text(encoding="utf-8")
    assert "people.csv,5,date_of_birth,31/02/1990,is not a date (expected YYYY-MM-DD)" in rejected


def test_an_extract_that_is_not_there_is_a_sentence_and_no_traceback(tmp_path):
    done = run("check", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert done.stderr.startswith("evalkit: ")
    assert "Traceback" not in done.stderr


def test_a_report_of_a_misspelt_specification_is_a_sentence_and_no_traceback(tmp_path):
    done = run("report", str(tmp_path / "etee.toml"))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "no specification at" in done.stderr


def test_wrong_usage_exits_with_2():
    assert run("reprot").returncode == 2
    assert run().returncode == 2


def test_demo_and_dictionary_are_written(tmp_path, capsys):
    assert main(["demo", str(tmp_path / "demo"), "--people", "500"]) == 0
    assert (tmp_path / "demo" / "people.csv").exists()
    assert main(["dictionary"]) == 0
    assert "# Data dictionary" in capsys.readouterr().out


def test_a_demo_never_replaces_something_else(tmp_path, capsys):
    folder = write_extract(tmp_path / "extract")
    assert main(["demo", str(folder)]) == 1
    assert "something other than a demonstration extract" in capsys.readouterr().err


@pytest.mark.parametrize("heavy", ["pandas", "numpy", "scipy", "matplotlib", "duckdb", "papermill", "nbconvert"])
def test_importing_evalkit_loads_nothing_heavy(heavy):
    code = f"import evalkit, sys; sys.exit('{heavy}' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_public_name_is_there_and_an_unknown_one_is_an_error():
    import evalkit

    for name in evalkit.__all__:
        assert getattr(evalkit, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'evaluate'"):
        _ = evalkit.evaluate
