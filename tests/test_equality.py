"""Participants beside the caseload: every characteristic that is recorded, of everyone who was eligible."""

from types import SimpleNamespace

import pandas as pd
import pytest
from conftest import assert_close
from small_extracts import loaded

from evalkit.cohort.equality import equality
from evalkit.errors import SpecError
from evalkit.intake import to_pandas

PEOPLE = """
person_id,date_of_birth,sex,ethnicity,religion
A,1990-01-01,male,white,none
B,1990-01-01,female,asian,
C,1990-01-01,male,,sikh
D,1990-01-01,male,white,none
"""
SENTENCES = "sentence_id,person_id,sentence_date,sentence_type,offence_code\nS1,A,2018-01-01,custody,00801"


@pytest.fixture
def table(tmp_path):
    extract = loaded(tmp_path / "extract", people=PEOPLE, sentences=SENTENCES)
    people = to_pandas(extract.table("people"))
    # ages on both sides of 21, 25 and 50; D is the one who did not take part
    frame = people[["person_id", "sex", "ethnicity"]].assign(age=[20, 21, 49, 50], took_up=[True, True, True, False])
    return equality(extract, SimpleNamespace(frame=frame), group="took_up").set_index("label")


def test_each_category_counts_the_caseload_and_those_who_took_part(table):
    counts = table[["caseload", "participants"]].T.to_dict("list")
    assert counts["Sex: Male"] == [3, 2]
    assert counts["Ethnicity: White"] == [2, 1]
    assert counts["Ethnicity: Not recorded"] == [1, 1]
    assert counts["Religion or belief: None"] == [2, 1]


def test_age_bands_have_their_limits_at_the_birthday(table):
    bands = table[table["characteristic"] == "Age"]["category"].tolist()
    assert bands == ["under 21", "21 to 24", "35 to 49", "50 and over"]


def test_a_characteristic_that_nobody_has_is_left_out_and_not_recorded_comes_last(table):
    assert "Disability" not in set(table["characteristic"])
    assert table[table["characteristic"] == "Ethnicity"]["category"].tolist() == ["asian", "white", "not recorded"]


def test_shares_are_of_the_caseload_and_of_everyone(table):
    row = table.loc["Sex: Male"]
    assert_close(row[["share", "caseload_share", "participant_share"]], [2 / 3, 3 / 4, 2 / 3], decimals=9)


def test_every_characteristic_adds_up_to_everyone(table):
    sums = table.groupby("characteristic")[["caseload", "participants"]].sum()
    assert sums.drop_duplicates().values.tolist() == [[4, 3]]


def test_a_group_that_is_not_declared_is_refused():
    with pytest.raises(SpecError, match="the cohort has no group 'sang'"):
        equality(None, SimpleNamespace(frame=pd.DataFrame({"took_up": [True]})), group="sang")
