"""The matched comparison of a cohort: who is submitted with what, every table of its report, and the demo's truth."""

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from small_extracts import loaded

from evalkit.cohort import build_cohort, hazard_ratios, matched_comparison
from evalkit.cohort.matched import MEASURES
from evalkit.cohort.submitted import COVARIATES, comparable, profile, submitted, with_rare_merged
from evalkit.errors import SpecError
from evalkit.intake import load
from evalkit.spec import Matching, read_spec
from evalkit.synthetic.immortal import no_effect_cohort

DEMO_SPEC = "notebooks/specs/matched.toml"


@pytest.fixture(scope="module")
def demo(demo_folder):
    spec = read_spec(DEMO_SPEC)
    extract = load(demo_folder, tables=spec.tables)
    return extract, build_cohort(extract, spec)


@pytest.fixture(scope="module")
def comparison(demo):
    extract, cohort = demo
    return matched_comparison(cohort, extract)


def test_the_seven_measures_are_there_and_all_are_tested(comparison):
    assert list(comparison.measures["name"]) == list(MEASURES)
    assert len(comparison.measures) == 7
    assert comparison.measures["tested"].all()


def test_attrition_runs_from_the_group_to_the_match_without_a_gap(comparison):
    flow = comparison.attrition
    assert (flow["remaining"].shift() - flow["excluded"]).iloc[1:].equals(flow["remaining"].astype(float).iloc[1:])
    assert flow["remaining"].iloc[-1] == comparison.match.matched
    assert comparison.match.matched > 10_000


def test_pairs_are_of_the_same_month_and_never_of_one_person(comparison):
    rows = comparison.submitted.frame
    treated, control = (rows.loc[comparison.match.pairs[side]].reset_index() for side in ("treated", "control"))
    assert (treated["month"] == control["month"]).all()
    assert (treated["person"] != control["person"]).all()
    assert control["index"].is_unique  # a line serves once; its person may serve in other months
    assert control["person"].duplicated().any()


def test_nothing_is_left_unbalanced(comparison):
    after = comparison.balance
    assert (after["rating"] == "green").all()
    assert after["smd_before"].abs().max() > 20  # the month, before the match
    assert not after["covariate"].str.contains("_").any()


def test_every_method_tells_the_same_story(comparison):
    methods = comparison.methods.set_index("label")
    assert list(methods.index) == ["Not adjusted", "Matched", "Weighted", "Entropy balancing", "Doubly robust"]
    assert methods["naive"].tolist() == [True, False, False, False, False]
    adjusted = methods[~methods["naive"]]
    assert (adjusted["high"] < 0).all()
    assert np.ptp(adjusted["estimate"]) < 0.01
    first = comparison.measures.iloc[0]
    assert methods.loc["Matched", "estimate"] == first["estimate"]


def test_the_curve_ends_where_the_rate_is(comparison):
    ends = comparison.curve.groupby("group")["cumulative"].last()
    rate = comparison.measures.iloc[0]
    assert_close(ends["Group"], rate["treated_value"], decimals=9)
    assert_close(ends["Matched comparison"], rate["comparison_mean"], decimals=9)


def test_strength_says_what_could_have_been_seen(comparison):
    labels = comparison.strength["label"].tolist()
    assert labels[0].startswith("Smallest difference these numbers could show")
    assert any("E-value" in label for label in labels)
    assert any("Rosenbaum" in label for label in labels)
    assert comparison.warnings == []


def test_the_profile_counts_everyone_in_every_characteristic(comparison):
    table = profile(comparison.submitted)
    people = int(comparison.submitted.frame["treated"].sum())
    assert (table.groupby("characteristic")["people"].sum() == people).all()
    assert set(table["characteristic"]) == {"Sex", "Age", "Ethnicity", "Area", "Offence", "Sentence"}


def test_without_the_section_there_is_no_match(demo):
    extract, cohort = demo
    with pytest.raises(SpecError, match=r"the section \[matching\] is missing"):
        matched_comparison(replace(cohort, spec=replace(cohort.spec, matching=None)), extract)


def test_an_unknown_covariate_is_named(demo):
    extract, cohort = demo
    with pytest.raises(SpecError, match="the cohort has no column shoe_size"):
        submitted(cohort, extract, Matching(group="took_up", covariates=("sex", "shoe_size")))


@pytest.mark.parametrize(("frailty", "seed"), [(0.0, 5), (1.5, 5)])
def test_hazards_inside_and_outside_are_alike_where_nothing_has_an_effect(frailty, seed):
    table = hazard_ratios(no_effect_cohort(20_000, seed=seed, frailty=frailty).cohort)
    assert list(table["name"]) == ["took_up", "found_work"]
    assert ((table["low"] < 1) & (table["high"] > 1)).all()
    assert (table["people"] > 1_000).all()


def test_a_hazard_ratio_without_end_is_missing_and_says_why():
    table = hazard_ratios(no_effect_cohort(25, seed=4).cohort).set_index("name")
    assert np.isnan(table.loc["found_work", "hazard_ratio"])
    assert table.loc["found_work", "method"].startswith("cannot be estimated: ")
    assert table.loc["found_work", "people"] > 0


SERVICES = """
referral_id,person_id,service,referral_date,start_date,end_date
R1,A,ETE,2018-06-11,2018-06-11,
R2,A,accommodation,2018-06-01,2018-06-05,
R3,A,wellbeing,2018-06-01,2018-06-05,2018-06-10
R4,B,accommodation,2018-06-01,2018-06-11,2018-06-11
R5,B,wellbeing,2018-06-01,2018-06-12,
R6,B,finance,2018-06-01,,
"""
"""On day 10 (11 June) A has one other service in hand, the second ended the day before; B has the one of that day."""


def test_other_services_count_if_they_were_in_hand_on_the_day(tmp_path):
    index = datetime.date(2018, 6, 1).isoformat()
    extract = loaded(
        tmp_path / "extract",
        people="person_id,date_of_birth,sex\nA,1990-01-01,male\nB,1980-01-01,female",
        sentences="sentence_id,person_id,sentence_date,sentence_type,offence_code,supervision_start,total_sanctions,"
        f"age_at_first_sanction\nS1,A,{index},custody,00801,{index},3,18\nS2,B,{index},custody,00801,{index},2,20",
        referrals=SERVICES,
    )
    spec = replace(read_spec(DEMO_SPEC), tables=None)
    cohort = build_cohort(extract, spec)
    frame = submitted(cohort, extract, Matching(group="took_up")).frame.set_index("treated")
    assert frame["other_services"].to_dict() == {True: 1, False: 1}
    assert frame["years_since_first_sanction"].to_dict() == {True: 10, False: 18}
    assert frame["start_day"].to_dict() == {True: 10, False: 10}
    assert set(COVARIATES) <= {*frame.columns}
    assert pd.api.types.is_string_dtype(frame["month"])


def offences(**counts):
    """People by offence: (in the group, outside it)."""
    rows = [(name, side) for name, pair in counts.items() for side, many in enumerate(pair) for _ in range(many)]
    return pd.DataFrame(rows, columns=["offence", "outside"]).assign(treated=lambda frame: frame["outside"] == 0)


def test_categories_of_few_people_on_either_side_are_taken_together():
    frame = with_rare_merged(offences(theft=(10, 10), fraud=(9, 50), arson=(50, 9), other=(0, 1)), ("offence",))
    assert frame["offence"].value_counts().to_dict() == {"rare": 9 + 50 + 50 + 9 + 1, "theft": 20}


def test_people_of_a_kind_that_is_on_one_side_only_leave_and_are_counted():
    flow = pd.DataFrame([{"step": "start", "excluded": 0, "remaining": 14, "reason": ""}])
    frame, flow = comparable(offences(theft=(10, 10), fraud=(4, 0), arson=(0, 7)), ("offence",), flow)
    assert frame["offence"].unique().tolist() == ["theft"]
    assert frame.index.tolist() == list(range(20))
    assert flow.iloc[-1].tolist() == ["comparable", 4, 10, "nobody else with the same offence"]
