"""Narrative that holds an identifier of the extract is refused, without repeating it."""

import pytest
from ete_extracts import SPEC, extract_of, spec_of

from evalkit.cohort.identifiers import refuse_identifiers
from evalkit.errors import SpecError

REFERRALS = """
referral_id,person_id,service,referral_date
REF-77,A,ETE,2018-04-01
1234567,B,ETE,2018-04-01
12345,C,ETE,2018-04-01
No,D,ETE,2018-04-01
"""


def check(tmp_path, text):
    (tmp_path / "cases.md").write_text(text, encoding="utf-8")
    spec = spec_of(tmp_path, SPEC + '[narrative]\ncase_studies = "cases.md"\n')
    refuse_identifiers(extract_of(tmp_path, referrals=REFERRALS, jobs=None), spec)
    return True


@pytest.mark.parametrize("text", ["(ref-77)", "The referral REF-77.", "number 1234567, opened"])
def test_an_identifier_is_refused_with_its_line_and_not_repeated(tmp_path, text):
    with pytest.raises(SpecError, match=r"cases.md, line 2: .*\(referrals, column referral_id\)") as error:
        check(tmp_path, f"A case.\n{text}\n")
    assert "77" not in str(error.value)
    assert "1234567" not in str(error.value)


@pytest.mark.parametrize("text", ["12345 people", "No, REF-778 is another", "reference 77"])
def test_short_words_and_numbers_and_parts_of_words_are_not_taken_for_one(tmp_path, text):
    assert check(tmp_path, text)


def test_without_narrative_nothing_is_looked_for(tmp_path):
    assert refuse_identifiers(extract_of(tmp_path), spec_of(tmp_path)) is None


def test_a_file_that_is_not_there_is_named(tmp_path):
    spec = spec_of(tmp_path, SPEC + '[narrative]\nmodel = "model.md"\n')
    with pytest.raises(SpecError, match=r"there is no narrative file model.md"):
        refuse_identifiers(extract_of(tmp_path), spec)
