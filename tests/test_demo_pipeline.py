"""The pipeline on the demonstration extract: from rows to the figures of the published evaluation."""

from pathlib import Path

import pytest

from evalkit.cohort import (
    build_cohort,
    check_prediction,
    compare,
    counts,
    courses,
    group_comparisons,
    reconcile,
    sectors,
    stages,
    unscored,
)
from evalkit.errors import SpecError
from evalkit.intake import load
from evalkit.present import make_safe
from evalkit.spec import read_spec

SPEC = Path("notebooks/specs/ete.toml")
INCONSISTENT = {"rat_all_fewer", "conclusion_all", "conclusion_work", "conclusion_sustained"}
"""Figures that contradict others in print, as noted beside them in the file."""


@pytest.fixture(scope="module")
def spec():
    return read_spec(SPEC)


@pytest.fixture(scope="module")
def extract(demo_folder):
    return load(demo_folder)


@pytest.fixture(scope="module")
def cohort(extract, spec):
    return build_cohort(extract, spec)


@pytest.fixture(scope="module")
def results(extract, spec, cohort):
    return {
        "stages": stages(extract, spec),
        "courses": courses(extract, spec),
        "sectors": sectors(extract, spec),
        "counts": counts(extract, spec),
        "reconviction": group_comparisons(cohort, design="naive"),
    }


def test_every_row_of_the_demonstration_extract_is_accepted(extract):
    assert extract.rejected.empty
    assert (extract.summary["read"] == extract.summary["used"] + extract.summary["rejected"]).all()


def test_every_published_figure_comes_out_of_rows_at_the_precision_printed(spec, results):
    table = reconcile(spec, results).set_index("id")
    assert set(table.index[table["verdict"] == "agrees"]) == set(table.index) - INCONSISTENT - {"skills_builder"}


def test_what_contradicts_itself_in_print_is_flagged_beside_the_right_figure(spec, results):
    table = reconcile(spec, results).set_index("id")
    assert set(table.index[table["flagged"]]) == INCONSISTENT
    assert table.loc["rat_all_fewer", ["published", "from_print", "recomputed"]].tolist() == [
        "1,020",
        "1,058 to 1,071",  # 8.45 and 8.55 points of 12,525
        "1,065",
    ]
    assert table.loc["conclusion_all", "recomputed"] == "8.5"
    assert table.loc["conclusion_work", "recomputed"] == "10.4"
    assert table.loc["conclusion_sustained", "recomputed"] == "10.9"
    assert table.loc["skills_builder", "verdict"] == "not from rows"


def test_a_difference_in_the_other_direction_does_not_reconcile(spec, results):
    turned = results["reconviction"].assign(difference=-results["reconviction"]["difference"])
    table = reconcile(spec, results | {"reconviction": turned}).set_index("id")
    assert table.loc["rat_all_difference", ["recomputed", "verdict"]].tolist() == ["-8.5", "does not reconcile"]


def test_a_hidden_figure_is_not_shown_by_way_of_the_published_one(spec, results):
    hidden = results["sectors"].assign(people=[5, 6, *results["sectors"]["people"].iloc[2:]])
    table = reconcile(spec, results | {"sectors": make_safe(hidden, counts=["people"])}).set_index("id")
    assert table.loc["job_warehousing", ["recomputed", "verdict"]].tolist() == ["[c]", "not shown"]


def test_a_place_that_does_not_exist_is_an_error(spec, results):
    without = {name: table for name, table in results.items() if name != "counts"}
    with pytest.raises(SpecError, match="no result is called 'counts'"):
        reconcile(spec, without)
    with pytest.raises(SpecError, match="has no column 'people'"):
        reconcile(spec, results | {"stages": results["stages"].drop(columns="people")})


def test_the_flow_of_participants_is_the_published_one(cohort):
    flow = cohort.flow_of("took_up")
    assert flow["remaining"].tolist() == [13_923, 13_923, 13_410, 13_410, 12_884, 12_525]
    assert flow["remaining"].iloc[0] == flow["remaining"].iloc[-1] + flow["excluded"].sum()


def test_the_flow_of_everyone_balances_and_ends_with_the_people_analysed(cohort):
    assert cohort.flow["remaining"].iloc[0] == cohort.flow["remaining"].iloc[-1] + cohort.flow["excluded"].sum()
    assert cohort.flow["remaining"].iloc[-1] == len(cohort.analysed)
    assert cohort.frame["person_id"].is_unique


def test_groups_and_complements_add_up(results):
    table = results["reconviction"].set_index(["name", "complement"])
    for part, whole in (("found_work", "took_up"), ("sustained_13_weeks", "found_work")):
        for column in ("people", "actual", "predicted"):
            total = table.loc[(part, False), column] + table.loc[(part, True), column]
            assert total == pytest.approx(table.loc[(whole, False), column])


def test_groups_stand_before_what_is_in_them_and_complements_after(results):
    assert results["reconviction"]["label"].tolist() == [
        "Took up the service",
        "Found work",
        "Kept the job 13 weeks",
        "Did not keep it 13 weeks",
        "Did not find work",
        "Did not take up",
    ]


def test_a_group_reached_later_is_not_compared_without_a_design(cohort):
    with pytest.raises(SpecError, match="group 'took_up' is reached after the index date"):
        compare(cohort, "took_up")
    assert compare(cohort, "took_up", design="naive").design == "naive"
    with pytest.raises(SpecError, match="design 'honest' is not known"):
        compare(cohort, "took_up", design="honest")


def test_the_prediction_fails_its_check_as_planted(cohort):
    trust = check_prediction(cohort, "took_up")
    assert trust.verdict == "failed"
    measures = trust.measures.set_index("measure")
    # planted: actual over predicted about 0.85 among people who did not take part, and no error in the slope
    assert measures.loc["Actual / predicted", "value"] == pytest.approx(0.85, abs=0.01)
    assert measures.loc["Calibration slope", "low"] < 1 < measures.loc["Calibration slope", "high"]
    assert trust.deciles["people"].sum() == (~cohort.analysed["took_up"]).sum()


def test_the_recalibrated_comparison_has_the_reference_rate_as_its_yardstick(cohort, results):
    trust = check_prediction(cohort, "took_up")
    raw = results["reconviction"].set_index(["name", "complement"])
    table = trust.recalibrated.set_index(["name", "complement"])
    assert ("took_up", True) not in table.index
    assert (table["predictions"] == "estimated").all()
    # the score over-predicts, so put right it predicts less, and the difference shrinks but does not turn
    for group in ("took_up", "found_work", "sustained_13_weeks"):
        both = raw.loc[(group, False), "difference"], table.loc[(group, False), "difference"]
        assert both[0] < both[1] < 0
    assert table.loc[("took_up", False), "actual"] == raw.loc[("took_up", False), "actual"]


def test_the_tipping_points_are_those_of_the_raw_comparison(cohort, results):
    row = results["reconviction"].iloc[0]
    table = check_prediction(cohort, "took_up").tipping.set_index("point")
    assert table.loc["difference vanishes", "capture"] == pytest.approx(row["ratio"])
    assert table.loc["significance lost", "capture"] > row["ratio"]


def test_a_comparison_shows_itself_with_its_design(cohort):
    comparison = compare(cohort, "took_up", design="naive")
    assert repr(comparison).startswith("Comparison of 'took_up', naive")
    assert "12525" in repr(comparison)
    assert "<td>naive</td>" in comparison._repr_html_()


def test_an_unknown_group_or_comparison_is_an_error(cohort):
    with pytest.raises(SpecError, match="no group is called 'took'"):
        compare(cohort, "took", design="naive")
    with pytest.raises(SpecError, match="compare against 'everyone' is not known"):
        compare(cohort, "took_up", against="everyone", design="naive")


def test_people_without_a_score_are_counted_with_their_rate(cohort):
    table = unscored(cohort).set_index("label")
    assert table.loc["Took up the service", ["people", "unscored"]].tolist() == [12_884, 359]
    people = cohort.frame[cohort.frame["took_up"] & cohort.frame["mature"] & cohort.frame["predicted"].isna()]
    assert table.loc["Took up the service", "actual_rate"] == pytest.approx(people["reconvicted"].mean())


def test_the_cohort_shows_itself_as_text_and_as_html(cohort):
    assert f"{len(cohort.analysed):,} analysed" in repr(cohort)
    assert 51_000 < len(cohort.analysed) < 51_500
    assert "<table" in cohort._repr_html_()


def test_the_frame_has_the_columns_of_the_data_dictionary(cohort):
    assert {
        *("person_id", "index_date", "followup_end", "mature", "age", "sex", "ethnicity", "area", "team"),
        *("sentence_type", "offence_group", "total_sanctions", "age_at_first_sanction", "predicted", "predictor"),
        *("reconvicted", "days_to_reconviction", "reconvictions", "took_up", "took_up_date", "found_work"),
        *("found_work_date", "sustained_13_weeks", "sustained_13_weeks_date"),
    } <= set(cohort.frame)
    assert cohort.frame["reconvicted"].dtype == bool
    assert cohort.frame["index_date"].dtype == "datetime64[us]"
