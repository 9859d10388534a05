"""The intervention notebook runs on all four specifications, and its reports say what was planted."""

import re
from pathlib import Path

import pytest
from test_notebooks import text_of

from evalkit.errors import EvalkitError
from evalkit.present import causal_words
from evalkit.reports import run_report

SPECS = Path("notebooks/specs")
NAMES = ("domestic_abuse", "skills", "wellbeing", "accommodation")


@pytest.fixture(scope="module")
def reports(demo_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("interventions")
    return {name: run_report(SPECS / f"{name}.toml", data=demo_folder, out=folder) for name in NAMES}


def test_the_new_programme_beside_the_one_before_it(reports):
    text = text_of(reports["domestic_abuse"])
    assert "168 of the 240 people who started the new programme of whom it is known, 70.0%" in text
    assert "56.1% of 312: +13.9 percentage points, 95% interval +5.8 to +21.7, p = 0.001." in text


def test_the_scale_with_no_effect_is_told_from_the_one_with_an_effect(reports):
    text = text_of(reports["domestic_abuse"])
    assert re.search(
        r"Accountability: the mean score .*? \(regression to the mean\), and the interval leaves that out", text
    )
    conflict = re.search(
        r"Managing conflict: the mean score .*?\(regression to the mean\), and the interval (\w+)", text
    )
    assert conflict.group(1) == "holds"


def test_the_skills_programme_has_its_exact_interval_and_its_unlike_benchmarks(reports):
    text = text_of(reports["skills"])
    assert "27.6 (19.0 to 37.5)" in text  # Clopper-Pearson for 27 of 98
    assert "yes; inside the interval" in text
    assert text.count("no: see below") >= 2
    assert "National average, as printed in 2021: not like for like. It differs in: population:" in text
    assert "27.0" in text
    assert "8.7" in text


def test_an_unlike_benchmark_that_is_not_acknowledged_stops_the_report(demo_folder, tmp_path):
    lines = (SPECS / "skills.toml").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("acknowledged"))
    spec = tmp_path / "skills.toml"
    spec.write_text(text.replace("../intervention.ipynb", str(Path("notebooks/intervention.ipynb").resolve())))
    with pytest.raises(EvalkitError, match="benchmark 'National average, as printed in 2021': it does not mean"):
        run_report(spec, data=demo_folder, out=tmp_path / "out")
    assert not list(tmp_path.rglob("*.html"))


def test_wellbeing_has_four_pathways_and_people_in_several(reports):
    text = text_of(reports["wellbeing"])
    for pathway in ("Emotional wellbeing", "Lifestyle and associates", "Family and significant others"):
        assert re.search(rf"{pathway}: the mean score .*?\(95% interval \+\S+ to \+\S+\)\.", text)
    assert "(95% interval −0.02 to +0.37), which is not distinguishable from no change" in text
    assert "Pathways of each person. Unit: participant" in text


def test_accommodation_has_nights_and_is_amber_where_much_is_unknown(reports):
    text = text_of(reports["accommodation"])
    assert "Bed-nights. Unit: stay" in text
    assert re.search(r"All stays 280 20,056 72 \(66 to 78\)", text)
    assert re.search(r"It is unknown of 19.3% of them: of all, it could be 46.8% to 66.1%", text)
    assert '<tr class=amber><th scope="row">Settled three months after the stay' in reports["accommodation"].read_text()


@pytest.mark.parametrize("name", NAMES)
def test_no_person_no_path_no_cause_and_nobody_quoted_by_name(reports, demo_folder, name):
    markup = reports[name].read_text(encoding="utf-8")
    for secret in ("SYN-P", "SYN-I", "SYN-T", "Karen", "07700", "darren", "14/03", "Mill Lane", str(demo_folder)):
        assert secret not in markup, secret
    assert causal_words(text_of(reports[name])) == []
    assert "are not quoted: they hold an identifier" in markup


def test_chapters_without_a_declaration_are_left_out_in_one_line(reports):
    text = text_of(reports["accommodation"])
    for line in ("declares no programme to compare with", "declares no scores", "declares no pathways"):
        assert line in text
