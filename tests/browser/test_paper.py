"""A report printed by the real browser: tagged, with its outline and numbered pages."""

import re
import runpy
import shutil
import subprocess

import pytest

from evalkit.reports.pdf import write_pdf

from .conftest import report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper")
    runpy.run_path("data/prepare_real.py")["main"](folder / "studies")
    page = report("rossi", folder / "prepared", data=folder / "studies/rossi")
    return write_pdf(page, out=folder / "prepared.pdf")


def test_a_printed_report_is_tagged_and_knows_its_language_and_title(printed):
    content = printed.read_bytes()
    for mark in (b"/StructTreeRoot", b"/Marked true", b"/Lang (en-GB)", b"/Outlines"):
        assert mark in content
    assert b"/Title (Financial aid on release from prison)" in content
    # headings, tables with heads, figures with an alternative
    for tag in (b"/S /H1", b"/S /H2", b"/S /Table", b"/S /TH", b"/S /Figure", b"/Alt "):
        assert tag in content


@pytest.mark.parametrize(("name", "sheets"), [("briefing", 1), ("prepared", 4)])
def test_a_briefing_is_one_sheet_and_small_tables_are_not_dragged_to_the_next_page(visit, name, sheets):
    content = visit(name).page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", content)) == sheets


def test_a_printed_report_has_numbered_pages(printed):
    reader = shutil.which("pdftotext")
    assert reader, "this test reads the PDF with pdftotext: apt-get install poppler-utils"
    text = subprocess.run([reader, "-layout", printed, "-"], capture_output=True, text=True, check=True).stdout
    sheets = text.split("\f")[:-1]
    assert len(sheets) == len(re.findall(rb"/Type /Page\b", printed.read_bytes())) > 1
    for number, sheet in enumerate(sheets, start=1):
        assert sheet.rstrip().endswith(f"{number} of {len(sheets)}")
