"""The Through-the-Gate notebook runs, and its report says what was planted."""

import re
from pathlib import Path

import pytest
from test_notebooks import text_of

from evalkit.present import causal_words
from evalkit.reports import run_report

SPEC = Path("notebooks/specs/through_the_gate.toml")


@pytest.fixture(scope="module")
def report(demo_folder, tmp_path_factory):
    return run_report(SPEC, data=demo_folder, out=tmp_path_factory.mktemp("gate"))


def test_the_answer_has_intervals_and_the_verdict_of_the_check(report):
    text = text_of(report)
    assert re.search(
        r"% of the [\d,]+ people released from prison were reconvicted within a year, against \S+% predicted: \S+ "
        r"percentage points lower \(95% interval \S+ to \S+\), or [\d,]+ fewer people than predicted \(.*?\)\. "
        r"The prediction fails its check on people not seen in prison before release",
        text,
    )
    assert re.search(r"predicted from those not seen: not distinguishable \(.*?points\)\. Who is seen was not", text)


def test_selection_on_sentence_length_is_told_from_contact(report):
    found = re.search(
        r"a difference of (\S+) percentage points \(95% interval \S+ to \S+\)\. With the same mix of sentence lengths "
        r"on both sides it is (\S+) percentage points \(95% interval (\S+) to (\S+)\)",
        text_of(report),
    )
    crude, mixed, low, high = (float(part.replace("−", "-")) for part in found.groups())
    assert 6 < crude < 11
    assert low < 0 < high
    assert abs(mixed) < 2


def test_matched_pairs_recover_that_contact_goes_with_nothing_by_itself(report):
    text = text_of(report)
    found = re.search(
        r"In ([\d,]+) matched pairs of releases, \S+% of those seen in prison had the first appointment within 1 "
        r"business day, and \S+% of those not seen: (\S+) percentage points \(95% interval (\S+) to (\S+)\); the "
        r"two are not distinguishable",
        text,
    )
    pairs, estimate, low, high = (float(part.replace("−", "-").replace(",", "")) for part in found.groups())
    assert pairs > 5_000
    assert abs(estimate) < 2  # planted: 0; as counted 8
    assert low < 0 < high
    assert "Before the result: the pairs are alike in all that is listed here" in text
    assert text.index("Before the result:") < found.start()
    assert len(re.findall(r"Matched pairs [\d,]+ ", text)) == 4


def test_prisons_and_homes_are_pictures_with_their_notes(report):
    text = text_of(report)
    assert re.search(
        r"\d+ of 12 prisons differ clearly from their prediction; from prison to prison the difference", text
    )
    assert "12 prisons are estimated: with no difference in any, about 0.6 would have p below 0.05" in text
    assert "this is no league table" in text
    assert re.search(r"Settled three months later: 80\.\d% of releases settled on the first night, 2\d\.\d% to 2", text)


def test_the_prison_with_careless_records_is_amber(report):
    markup = report.read_text(encoding="utf-8")
    table = markup.split('aria-label="Releases by prison. Unit: release"')[1]
    rows = re.findall(r'<tr class=amber><th scope="row">([^<]+)</th>', table.split("</table>")[0])
    assert rows == ["Ranby"]


def test_every_table_says_its_unit_and_every_percentage_its_definition(report):
    text = text_of(report)
    for caption in (
        "Through the gate, October 2017 to March 2021. Unit: release",
        "Needs by pathway. Unit: need",
        "Accommodation at 3 months. Unit: release",
        "From the first night to 3 months. Unit: release",
        "Recalled to custody. Unit: release",
        "first release in the period. Unit: person",
        "Actual and predicted reconviction within a year. Unit: person",
    ):
        assert caption in text
    assert text.count("Definitions: windows, unknowns, sources, breaks in the series") == 10
    assert "business days of England and Wales" in text
    assert "half of a sentence is served in custody" in text


def test_no_person_no_path_and_no_cause_is_in_the_report(report, demo_folder):
    markup = report.read_text(encoding="utf-8")
    assert "SYN-P" not in markup
    assert "SYN-L" not in markup
    assert str(demo_folder) not in markup
    assert causal_words(text_of(report)) == []
    assert report.stat().st_size < 1_500_000


def test_one_small_prison_has_a_report_of_its_own(demo_folder, tmp_path):
    parameters = {"only": "prison=Sudbury"}
    text = text_of(run_report(SPEC, data=demo_folder, out=tmp_path, parameters=parameters))
    assert "Through-the-Gate evaluation: Sudbury" in text
    assert "[c] confidential" in text
