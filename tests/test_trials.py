"""Trials of people who reach a group beside those who have not yet: expected lines person by person."""

import datetime
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_extracts import loaded, pseudonyms

from evalkit.cohort import build_cohort
from evalkit.cohort.trials import landmark_trial, month_of, sequential_trials
from evalkit.errors import DataError, SpecError
from evalkit.spec import read_spec

INDEX = datetime.date(2018, 6, 1)
"""Index date of everyone but J and M."""

LATE_INDEX = datetime.date(2020, 10, 20)
"""Of J and M: a follow-up that starts on day 42 has ended and settled on the extract date, one from day 43 has not."""

SPEC = """
title = "Test"
notebook = "none.ipynb"
[cohort]
period = [2018-01-01, 2021-03-31]
[predictor]
source = "supplied"
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
SETTINGS = """
source = "test"
extract_date = 2021-12-31
[predicted]
scale = "share"
predictor = "supplied score"
"""

TOOK_UP = {"A": 10, "B": 40, "E": 100, "F": -5, "G": 50, "H": 400, "K": 5, "M": 43, "N": 0}
"""Day of take-up. F before the index date; G on the day of a reconviction; H after the last month; M too late
to be followed up in full; N on the index date itself."""

WORK = {"A": 60, "B": 200}
EVENTS = {"A": 210, "B": 500, "C": 20, "G": 50}
"""Day of the next sentence. B's comes more than 365 days after take-up; C's before the month of B."""

OLD_OFFENCES = {"K": (100, 3), "L": (35, -20)}
"""Sentence and offence day: K's offence was before take-up on day 5, L's before the index date."""

PEOPLE = "ABCDEFGHIJKLMN"
NAMES = dict(zip(pseudonyms(*PEOPLE), PEOPLE, strict=True))
"""D never reaches anything and is never reconvicted; I has no score."""


def day(number, start=INDEX):
    return (start + datetime.timedelta(days=number)).isoformat()


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trials")
    starts = dict.fromkeys(PEOPLE, INDEX) | {"J": LATE_INDEX, "M": LATE_INDEX}
    score = dict.fromkeys(PEOPLE, "0.3") | {"I": ""}
    sentences = [
        f"S{who},{who},{day(0, starts[who])},custody,00801,,{day(0, starts[who])},{score[who]}" for who in PEOPLE
    ]
    sentences += [f"T{who},{who},{day(number)},fine,04910,,," for who, number in EVENTS.items()]
    sentences += [f"U{who},{who},{day(late)},fine,04910,{day(old)},," for who, (late, old) in OLD_OFFENCES.items()]
    extract = loaded(
        folder / "extract",
        settings=SETTINGS,
        people="person_id,date_of_birth,sex\n" + "\n".join(f"{who},1990-01-01,male" for who in PEOPLE),
        sentences="sentence_id,person_id,sentence_date,sentence_type,offence_code,offence_date,supervision_start,"
        "ogrs3_one_year\n" + "\n".join(sentences),
        referrals="referral_id,person_id,service,referral_date,start_date\n"
        + "\n".join(
            f"R{who},{who},ETE,{day(number, starts[who])},{day(number, starts[who])}" for who, number in TOOK_UP.items()
        ),
        jobs="person_id,referral_id,sector,start_date\n"
        + "\n".join(f"{who},R{who},Retail,{day(number)}" for who, number in WORK.items()),
    )
    path = folder / "test.toml"
    path.write_text(SPEC, encoding="utf-8")
    return build_cohort(extract, read_spec(path))


def lines(cohort, trials):
    """Every line in order: month, in the group, person, start day, reconvicted."""
    rows = trials.rows
    who = cohort.frame["person_id"].map(NAMES).to_numpy()[rows["row"]]
    columns = (rows["month"], rows["treated"], who, rows["start_day"].astype(int), rows["reconvicted"])
    ordered = sorted(zip(*columns, strict=True), key=lambda row: (row[0], not row[1], row[2]))
    return [
        (int(month), bool(inside), str(name), int(start), bool(event)) for month, inside, name, start, event in ordered
    ]


def test_each_month_sets_new_starters_beside_those_at_risk_who_have_not_started(cohort):
    trials = sequential_trials(cohort, "took_up")
    rows = lines(cohort, trials)
    assert [row for row in rows if row[1]] == [
        # month, in the group, person, start day, reconvicted in the 365 days after it
        (1, True, "A", 10, True),
        (1, True, "K", 5, False),  # the sentence on day 100 is for an offence before day 5
        (1, True, "N", 0, False),
        (2, True, "B", 40, False),  # day 500 is more than 365 days after day 40
        (4, True, "E", 100, False),
    ]
    assert [row for row in rows if not row[1]] == [
        # Start days of the first month rotate through 0, 5, 10 in the order of the scored people A B C D E F G H J ...
        (1, False, "A", 0, True),  # has not started on day 0, does on day 10
        (1, False, "B", 5, False),  # starts later: stays
        (1, False, "C", 10, True),
        (1, False, "D", 0, False),
        (1, False, "E", 5, False),
        (1, False, "G", 0, True),
        (1, False, "H", 5, False),
        (1, False, "K", 0, True),  # from day 0 on, the offence of day 3 does count
        (1, False, "L", 5, False),  # the sentence of day 35 is for an offence before the index date
        (2, False, "D", 40, False),
        (2, False, "E", 40, False),
        (2, False, "G", 40, True),
        (2, False, "H", 40, False),
        (2, False, "L", 40, False),
        (4, False, "D", 100, False),
        (4, False, "H", 100, False),
        (4, False, "L", 100, False),
    ]
    # Nowhere: F took up before the index date, I has no score; J's and M's days are after anybody's take-up.


def test_the_flow_says_where_the_people_of_the_group_leave(cohort):
    flow = sequential_trials(cohort, "took_up").flow
    # nobody in the service before; F before, H after 360 days; G reconvicted that very day; M too late
    assert flow["excluded"].tolist() == [0, 0, 1, 1, 1, 1]
    assert flow["remaining"].tolist() == [9, 9, 8, 7, 6, 5]
    assert "settled" in flow["reason"].iloc[-1]


def test_more_months_let_later_starters_in(cohort):
    assert sequential_trials(cohort, "took_up", months=13).flow["remaining"].iloc[-1] == 5
    assert sequential_trials(cohort, "took_up", months=14).flow["remaining"].iloc[-1] == 6  # H, day 400 of 420


def test_a_group_within_another_is_compared_with_people_who_are_in_that_one_by_then(cohort):
    rows = lines(cohort, sequential_trials(cohort, "found_work"))
    assert [row[2:] for row in rows if row[1]] == [("A", 60, True), ("B", 200, True)]
    assert [row[2] for row in rows if not row[1] and row[0] == 2] == ["B", "F", "K", "N"]  # E takes up on day 100 only
    assert [row[2] for row in rows if not row[1] and row[0] == 7] == ["E", "F", "N"]  # K was reconvicted on day 100


def test_a_landmark_classifies_everyone_at_risk_on_one_day(cohort):
    rows = lines(cohort, landmark_trial(cohort, "took_up", day=40))
    assert [row[2] for row in rows if row[1]] == ["A", "B", "K", "N"]  # B on that very day
    assert [row[2] for row in rows if not row[1]] == ["D", "E", "G", "H", "J", "L", "M"]  # C was reconvicted on day 20
    assert {row[3] for row in rows} == {40}


def test_frequency_and_severity_count_from_the_start_day(cohort):
    rows = sequential_trials(cohort, "took_up").rows
    mine = rows[rows["treated"] & rows["reconvicted"]].iloc[0]
    assert (mine["days_to_reconviction"], mine["reconvictions"], mine["custodial_reconvictions"]) == (200, 1, 0)


def test_a_group_nobody_could_have_missed_is_refused(cohort):
    with pytest.raises(DataError, match="nobody at risk on day 0 was in the group"):
        landmark_trial(cohort, "found_work", day=0)
    with pytest.raises(DataError, match="nobody is left to compare; most people leave here"):
        sequential_trials(cohort, "found_work", months=1)


def test_a_prepared_cohort_has_no_dates_to_follow_people_from(cohort):
    with pytest.raises(SpecError, match="a prepared cohort does not say when people reached a group"):
        sequential_trials(replace(cohort, history=None), "took_up")


def test_people_in_the_service_before_its_period_are_on_neither_side(cohort):
    known = cohort.frame["person_id"].map(NAMES).isin(["A", "D"])
    earlier = replace(cohort, frame=cohort.frame.assign(in_service_before=known))
    trials = sequential_trials(earlier, "took_up")
    assert not {"A", "D"} & {row[2] for row in lines(earlier, trials)}
    assert trials.flow.iloc[1].tolist()[:3] == ["new to the service", 1, 8]
    assert not {"A", "D"} & {row[2] for row in lines(earlier, landmark_trial(earlier, "took_up", day=40))}


def test_of_several_convictions_on_one_day_any_one_makes_the_first_violent(cohort):
    events = pd.DataFrame(
        {
            "row": 0,
            "day": 9.0,
            "offence_day": np.nan,
            "sentence_day": 9.0,
            "custodial": [False, True],
            "violent": [True, False],
        }
    )
    for order in (events, events[::-1].reset_index(drop=True)):
        found = replace(cohort.history, events=order).outcomes_from(np.array([0]), np.array([0.0]))
        assert found[["first_violent", "first_custodial"]].iloc[0].tolist() == [True, True]


def test_month_numbers_at_the_edges():
    assert month_of(np.array([0.0, 1.0, 30.0, 31.0, 360.0, 361.0])).tolist() == [1, 1, 1, 2, 12, 13]
