"""The chapters of the employment report in the finished page: the whole, one area, and an extract that lacks tables."""

import re
import shutil
from pathlib import Path

import pytest
from test_notebooks import text_of

from evalkit.present import causal_words
from evalkit.reports import run_report

SPECS = Path("notebooks/specs")


@pytest.fixture(scope="module")
def whole(ete):
    return text_of(ete)


@pytest.fixture(scope="module")
def own(demo_folder, tmp_path_factory):
    """The employment report on an extract that has the tables it cannot do without, and no others."""
    folder = tmp_path_factory.mktemp("own")
    for name in ("people.csv", "sentences.csv", "referrals.csv", "jobs.csv", "extract.toml"):
        shutil.copy(demo_folder / name, folder)
    return text_of(run_report(SPECS / "employment.toml", data=folder, out=tmp_path_factory.mktemp("reports")))


def test_every_chapter_of_the_evaluation_is_there(whole):
    for heading in (
        *("In short", "Commission and structure", "Evidence base and theory of change", "The model"),
        *("Month by month", "By setting, area and partner", "Equality", "How soon, and for how long"),
        *("The progression framework", "In-reach: a claim tested", "Employability events and lived experience"),
        *("By area, sentence, risk and offence", "Inspectors' views", "Case studies", "Conclusions"),
        *("Critical success factors", "Definitions"),
    ):
        assert heading in whole


def test_the_summary_and_the_narrative_have_the_figures_of_the_tables(whole):
    assert "3,263 people who took up the service found work: 23.4% (95% interval 22.7 to 24.1) of 13,923." in whole
    assert "In the period that is evaluated 13,923 people took it up, with 29 advisers." in whole
    assert "Peer mentors trained 150" in whole
    assert "Peer mentors employed 92" in whole


def test_confirmation_and_dates_stages_and_completion_are_those_of_the_rows(whole):
    assert "Confirmation and dates agree for 3,263 of 3,263 people who found work (100.0%)." in whole
    assert "3,263 of 13,923 people who took up reached “adapting to work” (23.4%)" in whole
    assert "2018/19 1,607 1,348 83.9 (82.0 to 85.6)" in whole


def test_the_in_reach_claim_is_tested_and_not_confirmed_where_nothing_was_planted(whole):
    found = re.search(r"People seen in prison, beside .* did not engage outside distinguishably .*\)\.", whole)
    assert found
    matched = re.search(
        r"In ([\d,]+) matched pairs of people, .*? percentage points \(95% interval (\S+) to (\S+)\);", whole
    )
    pairs, low, high = (float(part.replace("−", "-").replace(",", "")) for part in matched.groups())
    assert pairs > 5_000
    assert low < 0 < high
    assert "Before the result: the pairs are alike in all that is listed here" in whole


def test_subgroups_come_with_their_number(whole):
    assert re.search(r"\d+ subgroups are estimated: with no difference in any, about \d\.\d would have p below", whole)


def test_no_sentence_claims_a_cause(whole):
    assert causal_words(whole) == []


def test_one_area_has_the_same_chapters_and_no_breakdown_by_area(demo_folder, tmp_path):
    only = {"only": "area=Coventry and Warwickshire"}
    text = text_of(run_report(SPECS / "ete.toml", data=demo_folder, out=tmp_path, parameters=only))
    assert "Of 1,5" in text.split("In short")[2]  # the contents list has the first
    assert "Coventry and Warwickshire Area" not in text
    assert "[c]" in text
    assert "{{" not in text


def test_an_own_extract_is_evaluated_without_the_published_study(own):
    assert "27.1% of the 12,525 people" in own
    assert "from then, against" in own
    assert "The specification declares no published figures." in own
    for published in ("Derbyshire, Leicestershire", "does not reconcile", "Skills Builder"):
        assert published not in own


def test_chapters_without_their_table_or_text_say_so_in_one_line(own):
    for line in (
        "Courses by subject: left out, because the extract has no table courses.",
        "The progression framework: left out, because the extract has no table progress.",
        "In-reach: left out, because the extract has no table releases.",
        "The model: no text is declared for this chapter.",
    ):
        assert line in own
    assert "3,263 people who took up the service found work" in own
