"""Every committed notebook runs, and its report says what the witnesses say."""

import html
import re
import runpy
from pathlib import Path

import pytest

from evalkit.reports import run_notebook, run_report

SPECS = Path("notebooks/specs")


def text_of(report):
    """The visible text of a report, without code and styles."""
    markup = report.read_text(encoding="utf-8")
    markup = re.sub(r"<(style|script|head)\b.*?</\1>", " ", markup, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup)))


@pytest.fixture(scope="module")
def ete(demo_folder, tmp_path_factory):
    return run_report(SPECS / "ete.toml", data=demo_folder, out=tmp_path_factory.mktemp("reports"))


def test_the_employment_report_answers_with_interval_and_people(ete):
    text = text_of(ete)
    assert (
        "27.1% of the 12,525 people who took up the service were reconvicted within a year, against 35.6% predicted: "
        "8.5 percentage points lower" in text
    )
    assert "or 1,065 fewer people than predicted" in text


def test_the_employment_report_carries_its_warnings(ete):
    text = text_of(ete)
    assert "Synthetic data: no real person" in text
    assert "Naive figures." in text
    assert "immortal time" in text
    assert "Of 47 published figures: 42 agree with the rows, 4 do not reconcile, 1 not from rows." in text


def test_the_employment_report_shows_complements_and_flow(ete):
    text = text_of(ete)
    for label in ("Did not take up", "Did not find work", "Did not keep it 13 weeks"):
        assert label in text
    for remaining in ("13,923 took up the service", "13,410", "12,884", "12,525"):
        assert remaining in text


def test_no_person_and_no_path_is_in_the_employment_report(ete, demo_folder):
    markup = ete.read_text(encoding="utf-8")
    assert "SYN-P" not in markup
    assert str(demo_folder) not in markup
    assert str(Path.cwd()) not in markup


def test_the_employment_report_is_small_enough_to_mail(ete):
    assert ete.stat().st_size < 1_500_000


def test_an_own_extract_is_evaluated_without_the_published_study(demo_folder, tmp_path):
    text = text_of(run_report(SPECS / "employment.toml", data=demo_folder, out=tmp_path))
    assert "27.1% of the 12,525 people" in text
    assert "The specification declares no published figures." in text
    for published in ("Derbyshire, Leicestershire", "does not reconcile", "Skills Builder"):
        assert published not in text


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    runpy.run_path("data/prepare_real.py")["main"](folder)
    return folder


@pytest.mark.parametrize(
    ("study", "sentences"),
    [
        (
            "rossi",
            [
                # Newcombe's interval and Fisher's test for 48 of 216 against 66 of 216, both reproduced in R
                "22.2% of the 216 people",
                "30.6% of the 216",
                "−8.3 percentage points, 95% interval −16.5 to −0.02",
                "p = 0.063: at 5% the verdict depends on the method",
                "48 of 216 people",
                "66 of 216 people",
            ],
        ),
        (
            "recid",
            [
                "12.4% of the 672 people",
                "12.9% of the 773",
                "The two are not distinguishable (−0.6 percentage points, 95% interval −4.0 to +2.9)",
                "83 of 672 people",
                "100 of 773 people",
            ],
        ),
    ],
)
def test_studies_of_real_people_say_what_their_witnesses_say(studies, tmp_path, study, sentences):
    text = text_of(run_report(SPECS / f"{study}.toml", data=studies / study, out=tmp_path))
    for sentence in sentences:
        assert sentence in text
    assert "exact Poisson-binomial" not in text


def test_the_notebook_to_explore_runs_from_top_to_bottom(demo_folder, tmp_path):
    parameters = {"spec_path": str((SPECS / "ete.toml").resolve()), "data": str(demo_folder)}
    page = run_notebook(
        Path("notebooks/explore.ipynb").resolve(), tmp_path / "explore.html", title="Explore", parameters=parameters
    )
    text = text_of(page)
    assert "people 51,249" in text  # actual against predicted of everyone analysed
    assert "Took up the service 12525" in text
