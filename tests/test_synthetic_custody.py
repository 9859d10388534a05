"""What is planted among the releases of the demonstration extract is there, and nothing else moved."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.cohort.business_days import business_days_between
from evalkit.synthetic import describe_truth, truth
from evalkit.synthetic.cast import everyone
from evalkit.synthetic.custody import release_table
from evalkit.synthetic.draws import stream

DATES = ["reception_date", "screening_date", "plan_date", "release_date", "first_appointment_date", "recall_date"]


@pytest.fixture(scope="module")
def table(demo_folder):
    table = pd.read_csv(demo_folder / "releases.csv", parse_dates=DATES)
    served = (table["release_date"] - table["reception_date"]).dt.days
    waited = business_days_between(table["release_date"], table["first_appointment_date"])
    return table.assign(long=served >= truth.LONG_CUSTODY_DAYS, prompt=waited <= 1, seen=table["in_reach"] == "yes")


def test_contact_before_release_and_prompt_appointments_go_with_the_length(table):
    by_length = table.groupby("long")[["seen", "prompt"]].mean()
    assert np.abs(by_length.loc[True, "seen"] - truth.IN_REACH_IF_LONG[0]) < 0.015
    assert np.abs(by_length.loc[False, "seen"] - truth.IN_REACH_IF_LONG[1]) < 0.015
    missed = 1 - table["first_appointment_date"].isna().mean()
    assert_close(by_length["prompt"] / missed, truth.PROMPT_IF_LONG[::-1], decimals=1)


def test_people_seen_keep_the_appointment_more_often_by_selection_alone(table):
    seen, not_seen = (table[table["seen"] == side]["prompt"].mean() for side in (True, False))
    assert 0.05 < seen - not_seen < 0.12
    within = table.groupby(["long", "seen"])["prompt"].mean().unstack()
    assert (within[True] - within[False]).abs().max() < 0.03


def test_one_prison_has_much_unknown_accommodation_and_no_other(table):
    unknown = (table["accommodation_first_night"] == "unknown").groupby(table["prison"]).mean()
    (planted,) = truth.UNKNOWN_HOUSING_IN_PRISON
    assert unknown[planted] > 0.20
    assert unknown.drop(planted).max() < 0.08


def test_most_stay_where_they_slept_the_first_night(table):
    known = table[~table[["accommodation_first_night", "accommodation_3_months"]].isin(["unknown"]).any(axis=1)]
    rough = known[known["accommodation_first_night"] == "rough sleeping"]
    kept = (rough["accommodation_3_months"] == "rough sleeping").mean()
    assert truth.HOUSING_KEPT < kept < truth.HOUSING_KEPT + 0.06  # some drawn afresh come up the same


def test_appointments_are_on_business_days_or_the_day_of_release(table):
    attended = table[table["first_appointment_date"].notna()]
    before = attended["first_appointment_date"] - pd.Timedelta(days=1)
    business = business_days_between(before, attended["first_appointment_date"]) == 1
    assert (business | (attended["first_appointment_date"] == attended["release_date"])).all()
    assert (attended["first_appointment_date"] >= attended["release_date"]).all()


def test_what_is_planted_has_a_stream_of_its_own_and_moves_nothing_else(monkeypatch):
    people = everyone(2021, 0.01, 700)
    before = release_table(stream(2021, "releases"), people)
    for name, value in {"IN_REACH_IF_LONG": (0.1, 0.9), "PROMPT_IF_LONG": (0.1, 0.9), "HOUSING_KEPT": 0.1}.items():
        monkeypatch.setattr(truth, name, value)
    after = release_table(stream(2021, "releases"), people)
    changed = {name for name in before if not before[name].equals(after[name])}
    assert changed == {"in_reach", "first_appointment_date", "accommodation_3_months"}
    assert len(before) > 100


def test_what_is_planted_is_described():
    text = describe_truth()
    assert "80% with 12 months or more, 48% with less" in text
    assert "Ranby: first night unknown in 24%, others 4%" in text
