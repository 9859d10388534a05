"""Short cuts that save time in every report give what the long way gives."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_extracts import loaded

from evalkit.cohort import courses, sectors
from evalkit.cohort.build import Cohort
from evalkit.cohort.history import History
from evalkit.cohort.trials import timeline
from evalkit.present.disclosure import SYMBOLS, make_safe
from evalkit.present.tables import show_table
from evalkit.spec import CohortRules, read_spec

SPEC = """
title = "Test"
notebook = "none.ipynb"
[service]
name = "ETE"
took_up = [2018-04-01, 2021-03-31]
[[groups]]
name = "took_up"
label = "Took up"
complement = "Did not"
[[groups]]
name = "found_work"
label = "Found work"
complement = "Did not"
within = "took_up"
"""
REFERRALS = """\
referral_id,person_id,service,referral_date,start_date
R1,P1,ETE,2018-05-01,2018-05-02
R2,P1,ETE,2019-05-01,2019-05-02
R3,P2,ETE,2018-05-01,
R4,P3,housing,2018-05-01,2018-05-02
"""
"""P1 started twice; P2 was referred and never started; P3 is a client of another service."""


def history(rows, days):
    events = pd.DataFrame({"row": np.array(rows, np.intp), "day": np.array(days, float)})
    events = events.assign(offence_day=np.nan, sentence_day=events["day"], custodial=False, violent=False)
    return History(events, 6, pd.Timestamp("2020-12-31"), CohortRules(period=(), outcome="reconviction"))


def test_the_events_of_each_line_are_those_of_its_person_whoever_has_none_and_however_often_a_person_comes_up():
    owners, days = [1, 1, 1, 3, 5, 5], [10, 20, 400, 50, 60, 70]
    asked = np.array([5, 0, 1, 2, 1, 3, 4, 5])
    start = np.array([0.0, 0, 0, 0, 15, 50, 0, 60])
    found = history(owners, days).outcomes_from(asked, start)
    slowly = [
        sum(owner == row and from_day < day <= from_day + 365 for owner, day in zip(owners, days, strict=True))
        for row, from_day in zip(asked, start, strict=True)
    ]
    assert found["reconvictions"].tolist() == slowly == [2, 0, 2, 0, 1, 0, 0, 1]


def test_nobody_has_events_where_there_are_none():
    found = history([], []).outcomes_from(np.array([0, 5]), np.zeros(2))
    assert found["reconvictions"].tolist() == [0, 0]
    assert found["days_to_reconviction"].isna().all()


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "test.toml"
    path.write_text(SPEC, encoding="utf-8")
    return read_spec(path)


@pytest.fixture
def cohort(spec):
    frame = pd.DataFrame({"predicted": 0.3, "mature": True, "reconvicted": False}, index=range(6))
    frame["index_date"] = pd.Timestamp("2019-01-01")
    for name, day, first in (("took_up", 5, 0), ("found_work", 50, 1)):
        frame[name] = frame.index % 2 == first
        frame[f"{name}_date"] = (frame["index_date"] + pd.Timedelta(days=day)).where(frame[name])
    nothing = pd.DataFrame()
    return Cohort(frame, nothing, nothing, (), nothing, spec, history=history([], []))


def test_a_timeline_is_made_once_for_each_group_of_each_cohort(cohort):
    early, late = timeline(cohort, "took_up"), timeline(cohort, "found_work")
    assert timeline(cohort, "took_up") is early
    assert early.reached.tolist() == [5, np.inf] * 3
    assert late.reached.tolist() == [np.inf, 50] * 3
    other = replace(cohort, frame=cohort.frame.assign(took_up=False))
    assert np.isinf(timeline(other, "took_up").reached).all()


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        ("P1,R1", 1),
        ("P1,", 1),  # of no referral, by somebody who started, twice: still one row
        ("P2,", 0),  # by somebody who never started
        ("P2,R3", 1),  # of a referral to the service, whether it came to a start or not
        ("P3,", 0),  # by a client of another service
        ("P3,R4", 0),
    ],
)
def test_rows_of_a_service_are_those_of_its_referrals_and_of_its_clients_once(tmp_path, spec, row, counts):
    extract = loaded(
        tmp_path / "extract",
        referrals=REFERRALS,
        jobs=f"person_id,referral_id,sector,start_date\n{row},Retail,2019-06-01\n",
        courses=f"person_id,referral_id,subject,completion_date\n{row},CSCS,2019-06-01\n",
    )
    assert sectors(extract, spec)["people"].sum() == counts
    assert courses(extract, spec)["courses"].sum() == counts


@pytest.mark.parametrize(("people", "symbols"), [([3, 200], ["[c]"]), ([30, 200], [])])
def test_a_table_explains_the_symbols_that_stand_in_it_and_no_other(people, symbols):
    places = pd.DataFrame({"place": ["A", "B"], "part_of": ["X", "Y"], "people": people})
    table = make_safe(places, counts=["people"], within="part_of")
    html = show_table(table, caption="People", columns={"place": ("Place", "text"), "people": ("People", "count")}).html
    assert [symbol for symbol in SYMBOLS if f"{symbol} {SYMBOLS[symbol]}." in html] == symbols
