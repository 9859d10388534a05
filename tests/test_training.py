"""Courses started and completed, by the year in which the register opens."""

import pytest
from ete_extracts import SPEC, extract_of, spec_of

from evalkit.cohort.training import course_completion

COURSES = """
person_id,referral_id,subject,start_date,completion_date
A,R1,CSCS,2016-04-01,2016-05-01
A,R1,CSCS,2017-03-31,
A,R1,CSCS,2017-04-01,2017-04-02
A,R1,CSCS,2018-07-01,2018-07-02
A,R1,CSCS,,2018-01-01
E,R6,CSCS,2016-05-01,2016-05-02
"""
"""First day of the register; last of its first year; first of its second; a day late; no first day; another service."""


def completed(tmp_path, spec=SPEC):
    table = course_completion(extract_of(tmp_path, courses=COURSES), spec_of(tmp_path, spec))
    return table[["year", "started", "completed"]].values.tolist()


def test_a_year_begins_on_the_day_the_register_opens(tmp_path):
    assert completed(tmp_path) == [["2016/17", 2, 1], ["2017/18", 1, 1]]


def test_calendar_years_are_called_by_one_number(tmp_path):
    spec = SPEC.replace("register = [2016-04-01", "register = [2016-01-01")
    assert completed(tmp_path, spec) == [["2016", 1, 1], ["2017", 2, 1]]


@pytest.mark.parametrize("courses", [None, "person_id,referral_id,subject,start_date,completion_date\nA,R1,CSCS,,"])
def test_without_courses_there_is_no_row(tmp_path, courses):
    assert course_completion(extract_of(tmp_path, courses=courses), spec_of(tmp_path)).empty
