"""The headlines of a series: each is its own report's result, and nothing is pooled, ranked or shown that is small."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import assert_close
from intervention_extracts import COMPARED, extract_with, spec_with, started

from evalkit.cohort import build_cohort, check_prediction, matched_comparison, side_by_side
from evalkit.cohort.benchmarks import benchmarks, exact_share
from evalkit.cohort.programme_measures import programme_rates, programmes_compared
from evalkit.cohort.programmes import programmes
from evalkit.cohort.released import check_on_the_others, released_comparisons, released_people
from evalkit.cohort.releases import releases
from evalkit.cohort.series import headlines_of, series_headlines, series_specs, tables_of
from evalkit.cohort.series_headlines import released_lines
from evalkit.cohort.series_ladder import LADDER, ladder
from evalkit.errors import DataError, SpecError
from evalkit.intake import load
from evalkit.spec import read_spec
from evalkit.synthetic import write_demo

SPECS = Path("notebooks/specs")
NUMBERS = ("people", "met", "rate", "comparison", "difference", "low", "high", "p_value")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A demonstration extract of 4,000 people: the same code in a tenth of the time."""
    return write_demo(tmp_path_factory.mktemp("series") / "demo", people=4000)


@pytest.fixture(scope="module")
def extract(folder):
    return load(folder)


@pytest.fixture(scope="module")
def specs():
    return {spec.name: spec for spec in series_specs(read_spec(SPECS / "summary.toml"))}


@pytest.fixture(scope="module")
def table(extract, specs):
    return series_headlines(extract, list(specs.values())).set_index("name")


def own(folder, spec):
    """The extract as the first cell of the evaluation's own notebook loads it."""
    return load(folder, tables=spec.tables)


@pytest.fixture(scope="module")
def released(folder, specs):
    """The comparisons of the report on releases, and the check of its prediction."""
    spec = specs["through_the_gate"]
    extract = own(folder, spec)
    cohort = released_people(extract, spec, releases(extract, spec))
    return released_comparisons(cohort), check_on_the_others(cohort)


def numbers(row):
    return [float(row[name]) for name in NUMBERS]


def test_the_series_is_what_the_summary_lists_in_its_order(specs, table):
    assert list(specs) == [
        *("ete", "matched", "through_the_gate", "domestic_abuse", "accommodation", "wellbeing", "skills")
    ]
    assert list(table["evaluation"].unique()) == list(specs)
    assert list(table["title"].unique()) == [spec.title for spec in specs.values()]
    assert list(table["report"].unique()) == [f"{name}.html" for name in specs]


def test_the_employment_headline_is_the_fair_row_of_its_report(folder, specs, table):
    spec = specs["ete"]
    cohort = build_cohort(own(folder, spec), spec)
    row = side_by_side(cohort).query("name == 'took_up' and design == 'sequential'").iloc[0]
    trust = check_prediction(cohort, "took_up")
    columns = ("people", "actual", "actual_rate", "predicted_rate", "estimate", "low", "high", "p_value")
    assert numbers(table.loc["ete"]) == [float(row[name]) for name in columns]
    assert (table.loc["ete", "verdict"], table.loc["ete", "verdict_reason"]) == (trust.verdict, trust.reason)
    assert table.loc["ete", "not_analysed"] == cohort.flow_of("took_up")["remaining"].iloc[0] - row["people"]


def test_the_matched_headline_is_the_primary_measure_of_its_report(folder, specs, table):
    spec = specs["matched"]
    extract = own(folder, spec)
    row = matched_comparison(build_cohort(extract, spec), extract).measures.query("name == 'reconvicted'").iloc[0]
    columns = ("n_treated", "reoffenders_treated", "treated_value", "comparison_value", "estimate")
    assert numbers(table.loc["matched"]) == [float(row[name]) for name in (*columns, "low", "high", "p_value")]
    assert table.loc["matched", ["others", "others_met"]].tolist() == [
        row["n_comparison"],
        row["reoffenders_comparison"],
    ]
    assert table.loc["matched", "verdict"] == "not applicable"


def test_the_release_headline_is_everyone_released_and_the_comparison_that_the_check_allows(released, table):
    comparisons, trust = released
    raw = comparisons.query("name == 'released'").iloc[0]
    columns = ("people", "actual", "actual_rate", "predicted_rate", "difference", "difference_low", "difference_high")
    everyone, reached = (table.loc[f"through_the_gate: {name}"] for name in ("released", "reached"))
    assert numbers(everyone) == [float(raw[name]) for name in (*columns, "p_value")]
    assert trust.verdict != "passed"
    (allowed,) = trust.recalibrated.to_dict("records")
    assert numbers(reached) == [float(allowed[name]) for name in (*columns, "p_value")]
    assert (everyone["verdict"], reached["verdict"]) == (trust.verdict, trust.verdict)
    assert everyone["caution"] != ""
    assert reached["caution"] == ""


@pytest.mark.parametrize(
    ("verdict", "cautions", "right"),
    [
        ("passed", ["", ""], "The raw prediction"),
        (
            "failed",
            ["its prediction failed the check", ""],
            "The recalibrated prediction, put right on people not seen",
        ),
        (
            "undetermined",
            ["whether its prediction fits is undetermined", ""],
            "The recalibrated prediction, put right on people not seen",
        ),
    ],
)
def test_the_check_decides_which_comparison_of_released_people_is_a_finding(released, verdict, cautions, right):
    table, trust = released
    lines = released_lines(table, replace(trust, verdict=verdict))
    assert list(lines) == ["released", "reached"]
    assert [line["caution"] for line in lines.values()] == cautions
    assert [line["basis"] for line in lines.values()] == ["The raw prediction", right]


def test_without_anybody_to_put_it_right_on_the_raw_comparison_is_shown_with_its_caution(released):
    table, trust = released
    lines = released_lines(table, replace(trust, verdict="undetermined", recalibrated=trust.recalibrated.head(0)))
    assert [line["caution"] for line in lines.values()] == ["whether its prediction fits is undetermined"] * 2
    assert lines["reached"]["difference"] == table.query("name == 'reached' and not complement")["difference"].iloc[0]


@pytest.mark.parametrize("name", ["domestic_abuse", "accommodation", "wellbeing", "skills"])
def test_the_headline_of_a_programme_is_the_primary_measure_of_its_report(folder, specs, table, name):
    spec = specs[name]
    found = programmes(own(folder, spec), spec)
    share = programme_rates(found).iloc[0]
    row = table.loc[name]
    assert [row["outcome"], row["people"], row["met"], row["scope"], row["rate"]] == [
        share[column] for column in ("name", "known", "met", "in_scope", "share")
    ]
    assert row["not_analysed"] == len(found.own) - share["known"]
    assert (row["strength"], row["design"]) == (spec.strength, spec.design)


def test_two_programmes_are_compared_as_their_report_compares_them(folder, specs, table):
    spec = specs["domestic_abuse"]
    compared = programmes_compared(programmes(own(folder, spec), spec)).iloc[0]
    columns = ("known_a", "met_a", "rate_a", "rate_b", "difference", "low", "high", "p_value")
    assert numbers(table.loc["domestic_abuse"]) == [float(compared[name]) for name in columns]
    assert table.loc["domestic_abuse", ["others", "others_met"]].tolist() == [compared["known_b"], compared["met_b"]]


def test_only_a_like_benchmark_is_compared_with_and_its_interval_moves_with_it(folder, specs, table):
    spec = specs["skills"]
    found = programmes(own(folder, spec), spec)
    like = benchmarks(found, spec).query("kind == 'like for like'").iloc[0]
    row = table.loc["skills"]
    assert row["against"] == like["label"]
    exact = exact_share(int(row["met"]), int(row["people"]))
    expected = [exact[name] - 0.25 for name in ("share", "low", "high")]
    assert_close([row["difference"], row["low"], row["high"]], expected, decimals=12)
    assert (row["comparison"], like["benchmark"]) == (0.25, 0.25)
    first = {**spec.intervention["benchmarks"][0], "window": "Another", "acknowledged": "It is in print."}
    unlike = replace(spec, intervention={**spec.intervention, "benchmarks": [first]})
    (alone,) = headlines_of(load(folder), unlike)
    assert alone.against == ""
    assert pd.isna(alone.difference)


def test_what_stands_beside_nothing_has_its_own_interval_and_no_difference(folder, specs, table):
    for name in ("accommodation", "wellbeing"):
        share = programme_rates(programmes(own(folder, specs[name]), specs[name])).iloc[0]
        row = table.loc[name]
        assert [row["rate_low"], row["rate_high"]] == [share["low"], share["high"]]
        assert row[["comparison", "difference", "low", "high", "p_value"]].isna().all()


def test_an_evaluation_sees_the_tables_that_its_own_report_loads(folder, extract, specs):
    for spec in specs.values():
        loaded = own(folder, spec)
        narrowed = tables_of(extract, spec)
        assert set(narrowed.tables) == set(loaded.tables), spec.name
        pd.testing.assert_frame_equal(narrowed.summary, loaded.summary)
    assert tables_of(extract, replace(specs["ete"], tables=None)) is extract


def test_evaluations_of_the_same_people_say_so(table):
    assert table.loc["ete", "same_people"] == table.loc["matched", "same_people"] != ""
    assert set(table["same_people"]) == {"", table.loc["ete", "same_people"]}
    assert table.loc["through_the_gate: reached", "within"] == "through_the_gate: released"


def test_the_outcome_of_a_cohort_is_a_declared_measure_or_refused(extract, specs):
    spec = specs["through_the_gate"]
    proven = replace(spec, cohort=replace(spec.cohort, outcome="proven_reoffence"))
    assert {line.outcome for line in headlines_of(extract, proven)} == {"proven_reoffence_1_year"}
    longer = replace(spec, cohort=replace(spec.cohort, followup_days=730))
    with pytest.raises(SpecError, match="reconviction within 730 days is no declared measure"):
        headlines_of(extract, longer)


def test_the_ladder_has_every_rung_and_each_evaluation_once(table):
    rungs = ladder(table.reset_index())
    assert len(rungs) == len(LADDER) == 6
    assert list(rungs["strength"]) == ["none", "1 of 5", "2 of 5", "3 of 5", "4 of 5", "5 of 5"]
    assert rungs["evaluations"].tolist()[0] == "Supported housing"
    standing = [title for text in rungs["evaluations"] for title in text.split("; ") if title]
    assert sorted(standing) == sorted(table["title"].unique())


def test_a_strength_on_no_rung_is_refused(extract, specs):
    with pytest.raises(SpecError, match=r"skills\.toml: strength 6 is on no rung of the ladder \(known: 0 to 5\)"):
        series_headlines(extract, [replace(specs["skills"], strength=6)])


def summary(tmp_path, evaluations):
    path = tmp_path / "summary.toml"
    path.write_text(f'title = "All"\nnotebook = "summary.ipynb"\nevaluations = {evaluations}\n', encoding="utf-8")
    return read_spec(path)


def test_a_list_that_is_empty_or_names_one_twice_or_a_missing_one_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"summary\.toml: 'evaluations' is empty; list the specifications"):
        series_specs(summary(tmp_path, []))
    with pytest.raises(SpecError, match=r"'one\.toml' is listed twice"):
        series_specs(summary(tmp_path, ["one.toml", "one.toml"]))
    with pytest.raises(SpecError, match="no specification at"):
        series_specs(summary(tmp_path, ["none.toml"]))


def test_a_notebook_without_a_headline_and_an_evaluation_that_fails_are_named(extract, specs):
    with pytest.raises(SpecError, match=r"skills\.toml: nobody has said what the headline of explore\.ipynb is"):
        headlines_of(extract, replace(specs["skills"], notebook=Path("explore.ipynb")))
    nobody = {**specs["skills"].intervention, "programme": {**specs["skills"].intervention["programme"],
              "where": {"service": "none"}}}  # fmt: skip
    with pytest.raises(DataError, match=r"skills\.toml: nobody started 'Fit for Work Skills Builder'"):
        headlines_of(extract, replace(specs["skills"], intervention=nobody))


def test_people_of_whom_the_outcome_is_unknown_are_not_analysed(tmp_path):
    rows = [started(n, "2019-02-01", end="2019-03-01", reason="completed" if n < 13 else "") for n in range(1, 16)]
    rows += [
        started(n, "2018-02-01", partner="old", end="2018-03-01", reason="left" if n < 30 else "")
        for n in range(16, 31)
    ]
    (line,) = headlines_of(extract_with(tmp_path, rows), spec_with(tmp_path, sections=COMPARED))
    assert (line.people, line.met, line.scope, line.not_analysed) == (12, 12, 15.0, 3)
    assert (line.others, line.others_met, line.others_scope, line.difference) == (14, 0, 15.0, 1.0)
