"""A PDF is written whole or not at all, and what is missing is named."""

import stat

import pytest

from evalkit.errors import ReportError
from evalkit.reports.pdf import BROWSERS, write_pdf

PRINTS = 'for word in "$@"; do case $word in --print-to-pdf=*) printf "{}" > "${{word#*=}}";; esac; done\n'


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "ete.html"
    path.write_text("<title>Report</title>", encoding="utf-8")
    (tmp_path / "ete.pdf").write_bytes(b"the old one")
    return path


def program(folder, script):
    """A stand-in for the browser: a shell script."""
    path = folder / "stand-in"
    path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def left(report):
    return sorted(path.name for path in report.parent.iterdir() if path.name != "stand-in")


def test_a_printed_report_takes_the_place_of_the_old_one(report, tmp_path):
    browser = program(tmp_path, PRINTS.format("%%PDF-1.4 x %%%%EOF"))
    assert write_pdf(report, browser=browser) == tmp_path / "ete.pdf"
    assert (tmp_path / "ete.pdf").read_bytes() == b"%PDF-1.4 x %%EOF"
    assert left(report) == ["ete.html", "ete.pdf"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo no display >&2; exit 3", r"did not print ete.html \(exit code 3\): no display"),
        ("exit 0", "did not print ete.html"),
        (PRINTS.format("%%PDF-1.4 cut off"), "did not print ete.html"),
        (PRINTS.format("an error page %%%%EOF"), "did not print ete.html"),
        (PRINTS.format("%%PDF-1.4 x %%%%EOF") + "exit 1", r"exit code 1"),
    ],
)
def test_a_browser_that_fails_leaves_the_old_file(report, tmp_path, script, words):
    with pytest.raises(ReportError, match=words):
        write_pdf(report, browser=program(tmp_path, script))
    assert (tmp_path / "ete.pdf").read_bytes() == b"the old one"
    assert left(report) == ["ete.html", "ete.pdf"]


def test_a_browser_that_hangs_is_ended(report, tmp_path):
    with pytest.raises(ReportError, match=r"within 0.2 seconds"):
        write_pdf(report, browser=program(tmp_path, "exec sleep 20"), seconds=0.2)
    assert (tmp_path / "ete.pdf").read_bytes() == b"the old one"


def test_a_missing_browser_is_named_and_what_to_do(report, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReportError, match="needs the browser Chromium") as raised:
        write_pdf(report)
    assert all(name in str(raised.value) for name in BROWSERS)
    assert "apt-get install chromium" in str(raised.value)
    assert f"open {report} in any browser" in str(raised.value)


def test_a_browser_on_the_path_is_found_by_its_name(report, monkeypatch, tmp_path):
    folder = tmp_path / "programs"
    folder.mkdir()
    found = program(folder, PRINTS.format("%%PDF-1.4 x %%%%EOF"))
    (folder / "stand-in").rename(folder / BROWSERS[-1])
    monkeypatch.setenv("PATH", str(folder))
    assert found != str(folder / BROWSERS[-1])
    assert write_pdf(report, out=tmp_path / "other.pdf").read_bytes().startswith(b"%PDF-")


def test_what_cannot_be_printed_or_written_is_refused(report, tmp_path):
    browser = program(tmp_path, PRINTS.format("%%PDF-1.4 x %%%%EOF"))
    with pytest.raises(ReportError, match=r"no report at .*gone.html: make it first"):
        write_pdf(tmp_path / "gone.html", browser=browser)
    with pytest.raises(ReportError, match="would overwrite the report"):
        write_pdf(report, out=report, browser=browser)
    with pytest.raises(ReportError, match=r"cannot write .*No such file or directory"):
        write_pdf(report, out=tmp_path / "gone" / "ete.pdf", browser=browser)
