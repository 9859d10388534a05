"""Every committed notebook runs, and its report says what the witnesses say."""

import html
import re
import runpy
from pathlib import Path

import pytest

from evalkit.present import causal_words
from evalkit.reports import run_notebook, run_report

SPECS = Path("notebooks/specs")


def text_of(report):
    """The visible text of a report on a screen, without code, styles and the phone's form of each chart."""
    markup = report.read_text(encoding="utf-8")
    markup = re.sub(r"<(style|script|head)\b.*?</\1>", " ", markup, flags=re.S)
    markup = re.sub(r'<svg class="narrow".*?</svg>', " ", markup, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup)))


def test_the_employment_report_answers_with_the_fair_figure_its_interval_and_people(ete):
    answer = re.search(
        r"(\S+)% of the ([\d,]+) people who took up the service were reconvicted within a year from then, against "
        r"(\S+)% of people like them, at risk at the same stage of supervision, who had not done so: (\S+) "
        r"percentage points lower \(95% interval (\S+) to (\S+)\)\.",
        text_of(ete),
    )
    actual, people, others, lower, least, most = (float(part.replace(",", "")) for part in answer.groups())
    assert 10_000 < people < 12_525  # of the 12,525, those not reconvicted before they took it up, and mature then
    assert abs(others - actual - lower) < 0.11
    assert 0 < least < lower < most < 4


def test_the_naive_figure_stands_beside_and_is_the_recalibrated_one(ete):
    text = text_of(ete)
    assert "Counted from the start of supervision instead: 27.1% of the 12,525 people who took up the service" in text
    assert "This figure is naive" in text
    assert "which fails its check on them, it would be −8.5 points." in text
    assert "1,065" in text


def test_every_design_is_in_the_employment_report(ete):
    text = text_of(ete)
    for design in ("sequential: month by month", "own lag: from each person's day", "landmark: everyone still at risk"):
        assert design in text
    assert "A second opinion: speed of reconviction" in text


def test_the_employment_report_carries_its_warnings(ete):
    text = text_of(ete)
    assert "Synthetic data: no real person" in text
    assert "Figures marked naive" in text
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
    assert re.search(r"people 51,2\d\d", text)  # actual against predicted of everyone analysed
    assert "Took up the service 12525" in text


@pytest.fixture(scope="module")
def matched(demo_folder, tmp_path_factory):
    return run_report(SPECS / "matched.toml", data=demo_folder, out=tmp_path_factory.mktemp("matched"))


def test_the_matched_report_has_its_finding_seven_tables_and_annexes(matched):
    text = text_of(matched)
    assert re.search(r"of the [\d,]+ people who took up the service were reconvicted within a year, against", text)
    for number in range(1, 8):
        assert f"Table {number}. " in text
    for part in ("Overall finding", "You can say", "You cannot say", "The programme", "Who was in the group"):
        assert part in text
    for method in ("Not adjusted", "Entropy balancing", "Doubly robust", "E-value", "Rosenbaum's bound"):
        assert method in text
    assert re.search(r"All \d\d covariates are balanced after the match", text)
    assert "Taking part is voluntary." in text


def test_the_matched_report_names_no_person_and_claims_no_cause(matched):
    assert "SYN-P" not in matched.read_text(encoding="utf-8")
    assert causal_words(text_of(matched)) == []


def test_a_null_result_is_not_distinguishable_and_never_no_effect(studies, tmp_path):
    text = text_of(run_report(SPECS / "recid_matched.toml", data=studies / "recid", out=tmp_path))
    assert "of the matched comparison group: not distinguishable (" in text
    assert "to tell a difference of this size from none (80% power)" in text
    assert "no effect" not in text.lower()


def test_the_validation_report_is_written_when_everything_passes(demo_folder, studies, tmp_path):
    few = {"simulations": 12, "cohorts": 4, "alert_runs": 2, "rossi": str(studies / "rossi")}
    text = text_of(run_report(SPECS / "validation.toml", data=demo_folder, out=tmp_path, parameters=few))
    for heading in ("Matched comparisons", "Immortal time", "A study of real people", "The demonstration extract"):
        assert heading in text
    assert text.count(" yes ") > 40
    assert " no " not in text.split("A study of real people")[-1].split("What was planted")[0]
