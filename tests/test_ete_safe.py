"""Chapters of an employment report made safe, and the sentences chosen from them."""

from itertools import pairwise

import pandas as pd
import pytest
from conftest import assert_close

from evalkit.present import ete_safe, ete_words, make_safe
from evalkit.present.chart_job_times import show_time_to_job
from evalkit.present.chart_subgroups import draw_subgroups, multiplicity_note, show_subgroups, subgroups_finding
from evalkit.present.disclosure import CONFIDENTIAL
from evalkit.statistics.survival import survival_curve


def flow(*remaining):
    steps = [f"stage {number}" for number in range(len(remaining))]
    left = [0, *(before - after for before, after in pairwise(remaining))]
    of = [None, *remaining[:-1]]
    share = [None, *(after / before for before, after in pairwise(remaining))]
    table = pd.DataFrame({"step": steps, "excluded": left, "remaining": remaining, "reason": "", "of": of})
    return table.assign(share=pd.Series(share, dtype=float), low=0.1, high=0.9)


def test_a_stage_left_by_few_hides_its_number_and_both_shares_made_of_it():
    table = ete_safe.make_progression_safe(flow(200, 100, 95, 50))
    assert table["people"].tolist() == [200, 100, CONFIDENTIAL, 50]
    assert_close(table["share"].iloc[1], 0.5, decimals=9)
    assert table["share"].tolist()[2:] == [CONFIDENTIAL, CONFIDENTIAL]


def test_stages_of_many_are_shown_with_the_stage_before():
    table = ete_safe.make_progression_safe(flow(200, 100, 50))
    assert table["people"].tolist() == [200, 100, 50]
    assert table["of_label"].tolist() == ["", "stage 0", "stage 1"]
    assert ete_words.stages_finding(table) == "50 of 200 people who took up reached “stage 2” (25.0%)"


def subgroups(**changes):
    rows = {
        "kind": ["Everyone", "Area", "Area"],
        "name": ["Everyone", "North", "South"],
        "people": [300, 200, 100],
        "reconvicted": [100, 70, 30],
        "others": [900, 500, 400],
        "others_reconvicted": [300, 200, 100],
        "estimate": [-0.02, -0.05, 0.01],
        "low": [-0.03, -0.08, -0.04],
        "high": [-0.01, -0.02, 0.06],
        "p_value": [0.001, 0.001, 0.7],
        "q_value": [float("nan"), 0.002, 0.7],
        "p_alike": [float("nan"), 0.05, 0.05],
    }
    return pd.DataFrame(rows | changes)


def designs(people=300, actual=100):
    table = pd.DataFrame({"name": ["took_up"], "design": ["landmark"], "people": [people], "actual": [actual]})
    return make_safe(table, counts={"people": None, "actual": "people"}, within="design")


def safe_subgroups(table=None, **sizes):
    table = subgroups() if table is None else table
    return ete_safe.make_subgroups_safe(table, designs=designs(**sizes), group="took_up")


def test_a_small_subgroup_is_hidden_with_another_that_would_give_it_away():
    table = safe_subgroups(subgroups(reconvicted=[75, 70, 5]))
    assert table["reconvicted"].tolist()[1:] == [CONFIDENTIAL, CONFIDENTIAL]
    assert table["estimate"].tolist()[1:] == [CONFIDENTIAL, CONFIDENTIAL]


@pytest.mark.parametrize(("actual", "rows"), [(10, 3), (9, 0)])
def test_where_the_whole_is_hidden_no_subgroups_are_shown_to_add_up_to_it(actual, rows):
    assert len(safe_subgroups(actual=actual)) == rows


def test_the_forest_says_how_many_stand_out_and_what_their_number_means():
    table = safe_subgroups()
    assert subgroups_finding(table) == "1 of 2 subgroups differ clearly, once their number is allowed for"
    note = multiplicity_note(table)
    assert "2 subgroups are estimated: with no difference in any, about 0.1 would have p below 0.05" in note
    assert "area 0.050" in note


def test_the_forest_draws_each_estimate_at_its_place():
    from matplotlib.figure import Figure

    ax = draw_subgroups(safe_subgroups(), Figure().add_subplot())
    points = [line.get_xdata()[0] for line in ax.lines if line.get_marker() in {"o", "D"}]
    assert_close(points, [-2, -5, 1], decimals=9)
    assert "Area" in [text.get_text() for text in ax.texts]
    assert "North" in show_subgroups(safe_subgroups(), measure="m", source="s").text


def test_curves_are_merged_to_steps_of_their_own_size():
    days = [*range(1, 101)] * 10 + [*range(1, 31)]
    group = ["many"] * 1_000 + ["few"] * 30
    safe = ete_safe.make_curve_safe(survival_curve(days, [1] * 1_030, by=group))
    steps = safe.groupby("group").size()
    assert steps["few"] >= 3
    assert 20 < steps["many"] < 60
    assert ete_safe.make_curve_safe(survival_curve(days, [1] * 1_030, by=group), days=50)["time"].max() == 50
    piece = show_time_to_job(safe, measure="m", source="s")
    assert "In work by" in piece.text


def test_confirmation_that_would_give_away_few_is_hidden_on_both_sides():
    table = pd.DataFrame({"derived": ["13", "13", "less", "less"], "confirmed": ["yes", "no"] * 2})
    safe = make_safe(table.assign(people=[95, 0, 0, 5]), counts=["people"])
    assert safe["people"].tolist() == [CONFIDENTIAL, 0, 0, CONFIDENTIAL]
    assert "too small" in ete_words.confirmed_finding(safe)


CLAIM = pd.DataFrame(
    {
        "label": ["As counted", "Alike"],
        **{"seen": 100, "seen_engaged": 50, "not_seen": 100, "not_seen_engaged": 30},
        **{"seen_share": 0.5, "not_seen_share": 0.3, "estimate": 0.2, "low": 0.1, "high": 0.3},
    }
)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.1, 0.3, "engaged outside more often"), (-0.3, -0.1, "less often"), (-0.01, 0.3, "did not engage outside dist")],
)
def test_the_sentence_on_in_reach_goes_by_the_interval(low, high, said):
    sentence = ete_words.in_reach_finding(ete_safe.make_in_reach_safe(CLAIM.assign(low=low, high=high)))
    assert said in sentence
    assert "50.0% against 30.0%: +20.0 percentage points" in sentence


def test_with_few_engaged_the_claim_is_not_tested():
    safe = ete_safe.make_in_reach_safe(CLAIM.assign(seen_engaged=9))
    assert "too few people released" in ete_words.in_reach_finding(safe)


def test_empty_results_give_sentences_that_say_so():
    nothing = make_safe(CLAIM.head(0), counts=[])
    assert "too few" in ete_words.in_reach_finding(nothing)
    progression = ete_safe.make_progression_safe(flow(1).head(0))
    assert "too small" in ete_words.stages_finding(progression)


def test_categories_that_differ_are_named_by_direction():
    rows = [
        ("Sex", "female", 100, 10, 0.05, 0.17),
        ("Sex", "male", 100, 50, 0.4, 0.6),
        ("Age", "young", 50, 20, 0.2, 0.6),
    ]
    columns = ["characteristic", "category", "caseload", "participants", "low", "high"]
    table = pd.DataFrame(rows, columns=columns).assign(share=lambda rows: rows["participants"] / rows["caseload"])
    safe = make_safe(table, counts={"caseload": None, "participants": "caseload"}, within="characteristic")
    sentence = ete_words.equality_finding(safe)
    assert "less often: Female (sex, 10.0%); more often: Male (sex, 50.0%)" in sentence
    assert "young" not in sentence
