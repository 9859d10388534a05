"""Stages of the service, courses, jobs and declared counts. Each row of the small extract says why it is there."""

from dataclasses import replace

import narwhals as nw
import pytest
from small_extracts import loaded

from evalkit.cohort import build_cohort, counts, courses, sectors, stages
from evalkit.cohort.service import mark_days_reached
from evalkit.cohort.service import reached as days_reached
from evalkit.errors import DataError, SpecError
from evalkit.intake import to_pandas
from evalkit.spec import read_spec

SPEC = """
title = "Test"
notebook = "none.ipynb"
[service]
name = "ETE"
took_up = [2018-04-01, 2021-03-31]
register = [2016-04-01, 2021-03-31]
[[groups]]
name = "took_up"
label = "Took up"
complement = "Did not"
[[groups]]
name = "found_work"
label = "Found work"
complement = "Did not"
within = "took_up"
[[groups]]
name = "sustained_13_weeks"
label = "Kept it"
complement = "Did not"
within = "found_work"
"""
REFERRALS = """
referral_id,person_id,service,referral_date,start_date,advisor_id,partner
R1,A,ETE,2018-04-01,2018-04-01,V1,
R2,B,ETE,2018-03-01,2018-03-31,V1,
R3,C,ETE,2018-05-01,,V2,
R4,D,accommodation,2018-05-01,2018-05-02,,
R5,E,ETE,2018-05-01,2018-05-02,V3,
R6,F,event,2019-05-01,2019-05-01,,Rail
"""
"""A took up on the first day; B a day too early; C never; D another service; E as A; F came to an event."""


def spec_of(tmp_path, extra=""):
    path = tmp_path / "test.toml"
    path.write_text(SPEC + extra, encoding="utf-8")
    return read_spec(path)


def extract_of(tmp_path, *, jobs="", courses=""):
    tables = {
        "people": "person_id,date_of_birth,sex\n" + "\n".join(f"{name},1990-01-01,male" for name in "ABCDEF"),
        "sentences": "sentence_id,person_id,sentence_date,sentence_type,offence_code\nS1,A,2018-01-01,custody,00801",
        "referrals": REFERRALS,
        "jobs": "person_id,referral_id,sector,start_date,end_date,confirmed_13_weeks\n"
        + "\n".join(_six(line) for line in (jobs or "A,R1,Retail,2018-06-01,").split("\n")),
        "courses": "person_id,referral_id,subject,start_date,completion_date\n" + (courses or "A,R1,CSCS,,2018-06-01"),
    }
    return loaded(tmp_path / "extract", **tables)


def _six(line):
    return line + "," * (5 - line.count(","))


def reached(tmp_path, jobs):
    table = stages(extract_of(tmp_path, jobs=jobs), spec_of(tmp_path))
    return dict(zip(table["name"], table["people"], strict=True))


def test_take_up_is_the_first_start_of_this_service_within_the_period(tmp_path):
    assert reached(tmp_path, "")["took_up"] == 2  # A and E


@pytest.mark.parametrize(
    ("job", "counts"),
    [
        ("A,R1,Retail,2018-04-01,", 1),  # on the day of take-up
        ("A,R1,Retail,2018-03-31,", 0),  # the day before
        ("A,R1,Retail,2021-03-31,", 1),  # the last day of the period
        ("A,R1,Retail,2021-04-01,", 0),  # a day late
        ("A,,Retail,2018-06-01,", 1),  # names no referral, but A took the service up
        ("D,R4,Retail,2018-06-01,", 0),  # a job of another service
        ("B,R2,Retail,2018-06-01,", 0),  # B took up before the period
    ],
)
def test_found_work_is_a_job_of_the_service_after_take_up(tmp_path, job, counts):
    assert reached(tmp_path, job)["found_work"] == counts


@pytest.mark.parametrize(
    ("jobs", "kept"),
    [
        ("A,R1,Retail,2018-06-01,2018-08-31", 1),  # 91 days
        ("A,R1,Retail,2018-06-01,2018-08-30", 0),  # 90 days
        ("A,R1,Retail,2018-06-01,2018-07-01\nA,R1,Retail,2018-07-08,2018-08-31", 1),  # a gap of 7 days
        ("A,R1,Retail,2018-06-01,2018-07-01\nA,R1,Retail,2018-07-09,2018-08-31", 0),  # a gap of 8 days
        ("A,R1,Retail,2018-06-01,2018-08-20\nA,R1,Retail,2018-06-10,2018-06-20\nA,R1,Retail,2018-08-25,2018-09-01", 1),
        # a short job inside a long one does not end the spell early
        ("A,R1,Retail,2021-03-01,", 1),  # still in work on the extract date
        ("A,R1,Retail,2021-03-01,,no", 0),  # without an end, and not confirmed: its length is not known
        ("A,R1,Retail,2018-06-01,2018-08-31,no", 1),  # the dates decide where there are dates
        ("A,R1,Retail,2021-03-31,2021-04-10\nA,R1,Retail,2021-04-12,2021-07-31", 1),  # goes on after the period
    ],
)
def test_work_is_kept_after_91_days_and_gaps_of_up_to_7_days_do_not_break_it(tmp_path, jobs, kept):
    assert reached(tmp_path, jobs)["sustained_13_weeks"] == kept


def test_stages_carry_their_base_and_a_wilson_interval(tmp_path):
    table = stages(extract_of(tmp_path), spec_of(tmp_path)).set_index("name")
    assert table.loc["found_work", ["people", "of", "share"]].tolist() == [1, 2, 0.5]
    # Wilson (1927) for 1 of 2: 0.0945 to 0.9055
    assert table.loc["found_work", ["low", "high"]].tolist() == pytest.approx([0.0945, 0.9055], abs=5e-5)


def test_courses_count_completions_and_sectors_count_people(tmp_path):
    extract = extract_of(
        tmp_path,
        courses="\n".join(
            [
                "A,R1,CSCS,,2016-04-01",  # the first day of the register
                "A,R1,CSCS,,2018-06-01",  # a second course of the same person counts again
                "E,R5,First aid,2018-06-01,",  # not completed
                "E,R5,First aid,,2021-04-01",  # a day late
                "F,R6,CSCS,,2019-06-01",  # of another service
            ]
        ),
        jobs="A,R1,Retail,2018-07-01,\nA,R1,Driving,2018-06-01,\nE,R5,Retail,2019-01-01,",
    )
    spec = spec_of(tmp_path)
    assert courses(extract, spec)[["subject", "courses", "of"]].values.tolist() == [["CSCS", 2, 2]]
    # A counts once, in the sector of the first job
    assert sectors(extract, spec)[["sector", "people", "of"]].values.tolist() == [["Driving", 1, 2], ["Retail", 1, 2]]


COUNTS = """
[[counts]]
name = "advisors"
label = "Advisors"
table = "referrals"
unit = "people"
distinct = "advisor_id"
where = { service = "ETE" }
dated = "start_date"
period = [2018-04-01, 2021-03-31]
[[counts]]
name = "event_courses"
label = "Started a course after the event"
table = "courses"
unit = "people"
distinct = "person_id"
of_referral = { partner = "Rail" }
"""


def test_declared_counts_count_what_is_distinct(tmp_path):
    extract = extract_of(tmp_path, courses="F,R6,CSCS,,2019-06-01\nF,R6,First aid,,2019-06-02\nA,R1,CSCS,,2018-06-01")
    table = counts(extract, spec_of(tmp_path, COUNTS))
    # advisers V1 (A) and V3 (E); V1's other referral is too early and V2's was never taken up
    assert table[["name", "count"]].values.tolist() == [["advisors", 2], ["event_courses", 1]]


def test_a_declared_count_of_which_there_is_none_is_nought(tmp_path):
    extract = extract_of(tmp_path, courses="E,R5,CSCS,,2019-06-01")
    table = counts(extract, spec_of(tmp_path, COUNTS)).set_index("name")["count"]
    assert table["event_courses"] == 0


def test_a_count_by_an_unknown_column_is_an_error(tmp_path):
    with pytest.raises(SpecError, match="count 'advisors': there is no column adviser_id"):
        counts(extract_of(tmp_path), spec_of(tmp_path, COUNTS.replace("advisor_id", "adviser_id")))


def test_a_table_that_is_not_there_is_an_error_in_plain_words(tmp_path):
    extract = loaded(
        tmp_path / "extract",
        people="person_id,date_of_birth,sex\nA,1990-01-01,male",
        sentences="sentence_id,person_id,sentence_date,sentence_type,offence_code\nS1,A,2018-01-01,custody,00801",
    )
    with pytest.raises(DataError, match="the extract has no table referrals, which is needed here"):
        stages(extract, spec_of(tmp_path))


def test_a_count_whose_table_is_not_there_is_left_out(tmp_path):
    extra = COUNTS.replace('table = "courses"', 'table = "volunteers"').replace('"person_id"', '"volunteer_id"')
    assert counts(extract_of(tmp_path), spec_of(tmp_path, extra))["name"].tolist() == ["advisors"]


def test_an_unknown_stage_is_an_error(tmp_path):
    spec = spec_of(tmp_path, '[[groups]]\nname = "sang"\nlabel = "Sang"\ncomplement = "Did not"\n')
    with pytest.raises(SpecError, match="group 'sang' is not a stage of the service"):
        stages(extract_of(tmp_path), spec)


def test_nothing_completed_gives_an_empty_table_and_no_error(tmp_path):
    assert courses(extract_of(tmp_path, courses="A,R1,CSCS,2018-06-01,"), spec_of(tmp_path)).empty


def test_a_misspelt_service_is_named_with_those_there_are(tmp_path):
    path = tmp_path / "wrong.toml"
    cohort = "[cohort]\nperiod = [2017-10-01, 2021-03-31]\n"
    path.write_text(SPEC.replace('name = "ETE"', 'name = "Employment"') + cohort, encoding="utf-8")
    with pytest.raises(SpecError) as raised:
        build_cohort(extract_of(tmp_path), read_spec(path))
    assert str(raised.value) == (
        "wrong.toml, [service] name: nobody was referred to a service called 'Employment' (services of the table "
        "referrals: ETE, accommodation, event)"
    )


def test_days_reached_stand_beside_their_own_people_in_any_order(tmp_path):
    extract, spec = extract_of(tmp_path), spec_of(tmp_path)
    everyone = to_pandas(extract.table("people").select("person_id"))["person_id"].tolist()
    people = to_pandas(extract.table("people").select("person_id")).iloc[[4, 2, 0]].reset_index(drop=True)
    mark_days_reached(people, extract, spec)
    took_up = days_reached(extract, spec.service, "took_up").set_index("person_id")["date"]
    assert set(took_up.index) == {everyone[0], everyone[4]}
    assert people["took_up_date"].dt.strftime("%Y-%m-%d").fillna("never").tolist() == [
        "2018-05-02",
        "never",
        "2018-04-01",
    ]
    assert people["service_first_start"].isna().tolist() == [False, True, False]


def test_a_stage_is_read_once_but_not_for_another_extract(tmp_path):
    extract, service = extract_of(tmp_path), spec_of(tmp_path).service
    first = days_reached(extract, service, "took_up")
    nobody = extract.table("referrals").filter(nw.col("referral_id") == "none of them")
    without = replace(extract, tables={**extract.tables, "referrals": nobody})
    assert days_reached(extract, service, "took_up") is first
    assert (len(first), len(days_reached(without, service, "took_up"))) == (2, 0)
    earlier = replace(service, took_up=(service.took_up[0], service.took_up[0]))
    assert len(days_reached(extract, earlier, "took_up")) == 1
