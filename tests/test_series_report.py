"""The summary notebook runs, and its page has the figures that the evaluations' own reports lead with."""

import re
from pathlib import Path

import pytest
from test_notebooks import text_of

from evalkit.cohort.released import released_comparisons, released_people
from evalkit.cohort.releases import releases
from evalkit.intake import load
from evalkit.present import causal_words
from evalkit.present.numbers import count, percent, points
from evalkit.reports import run_report
from evalkit.spec import read_spec
from evalkit.synthetic import write_demo

SPECS = Path("notebooks/specs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_demo(tmp_path_factory.mktemp("series") / "demo", people=4000)


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory):
    return run_report(SPECS / "summary.toml", data=folder, out=tmp_path_factory.mktemp("summary"))


def test_every_chapter_and_evaluation_is_there(page):
    text = text_of(page)
    for heading in (
        *("The answer", "Every comparison of the series", "Shares with nothing beside them"),
        *("The headlines in one table", "What stands behind each headline", "The ladder of designs"),
        *("What you can say", "What the outcomes mean", "Data quality", "What is hidden", "How this was made"),
    ):
        assert heading in text
    for title in ("Through-the-Gate evaluation", "Supported housing", "Skills programme, against a benchmark"):
        assert title in text
    assert "7 evaluations of 4 outcomes, which do not add up to a total." in text
    assert "Synthetic data: no real person" in text


def test_the_figures_of_the_library_are_on_the_page_and_what_is_no_finding_cannot_be_said(page, folder):
    spec = read_spec(SPECS / "through_the_gate.toml")
    extract = load(folder, tables=spec.tables)
    cohort = released_people(extract, spec, releases(extract, spec))
    row = released_comparisons(cohort).query("name == 'released'").iloc[0]
    difference, low, high = (points(row[name]) for name in ("difference", "difference_low", "difference_high"))
    text = text_of(page)
    line = f"Everyone released Reconvicted within a year {difference} ({low} to {high}) no finding 2 of 5 failed"
    actual, predicted = percent(row["actual_rate"]), percent(row["predicted_rate"])
    rates = f"{count(row['people'])} {actual} {predicted}"
    assert f"{line} {rates}" in text
    assert "(Everyone released)" not in text.split("You cannot say")[0].split("You can say")[-1]
    assert "(Seen in prison before release)" in text.split("You cannot say")[0].split("You can say")[-1]


def test_small_numbers_are_hidden_on_the_page(page):
    assert re.search(r"Fit for Work Skills Builder Found related work \[c\]", text_of(page))
    assert "[c] confidential: a small number" in text_of(page)


def test_links_lead_to_the_reports_beside_the_page_and_nowhere_else(page):
    links = set(re.findall(r'<a href="([^"#][^"]*\.html)"', page.read_text(encoding="utf-8")))
    assert links == {
        f"{name}.html"
        for name in ("ete", "matched", "through_the_gate", "domestic_abuse", "accommodation", "wellbeing", "skills")
    }


def test_no_person_no_path_and_no_cause(page, folder):
    markup = page.read_text(encoding="utf-8")
    for secret in ("SYN-P", str(folder), str(Path.cwd())):
        assert secret not in markup
    assert causal_words(text_of(page)) == []
    assert page.stat().st_size < 500_000
