"""Whom the service reached: each person once, by the first referral of the period."""

import pytest
from conftest import assert_close
from ete_extracts import REFERRALS, SPEC, extract_of, spec_of

from evalkit.cohort.reach import reach, reach_by_month, referral_records
from evalkit.errors import SpecError


@pytest.fixture
def records(tmp_path):
    return referral_records(extract_of(tmp_path), spec_of(tmp_path))


def rows_of(table, kind):
    rows = table[table["kind"] == kind]
    return {row.value: (row.referred, row.took_up) for row in rows.itertuples()}


def test_everyone_referred_in_the_period_counts_once(records):
    # A, C, D, F; B was referred a day before the period, E to another service. D starts a day after the period.
    assert rows_of(reach(records), "Everyone") == {"Everyone": (4, 3)}


def test_a_person_counts_where_the_first_referral_says_and_took_up_from_any(records):
    table = reach(records)
    assert rows_of(table, "Setting") == {"prison in-reach": (3, 2), "community office": (1, 1)}  # C from R4
    assert rows_of(table, "Area") == {"North": (2, 2), "South": (2, 1)}
    assert rows_of(table, "Partner") == {"college": (2, 1), "not recorded": (2, 2)}


def test_shares_are_of_those_referred_with_wilson_limits(records):
    row = reach(records).iloc[0]
    assert_close([row["share"], row["low"], row["high"]], [0.75, 0.3006, 0.9544], decimals=4)  # R: prop.test(3, 4)


def test_a_kind_with_one_value_is_left_out(tmp_path):
    same = extract_of(tmp_path, referrals=REFERRALS.replace("South", "North"))
    assert "Area" not in set(reach(referral_records(same, spec_of(tmp_path)))["kind"])


def test_months_run_over_the_period_and_take_up_includes_people_referred_before(records, tmp_path):
    months = reach_by_month(records, spec_of(tmp_path))
    assert months.values.tolist() == [["2018-04", 2, 2], ["2018-05", 1, 1], ["2018-06", 1, 1]]


def test_a_month_in_which_nothing_happened_is_there_with_nought(tmp_path):
    long = spec_of(tmp_path, SPEC.replace("2018-06-30]\nregister", "2018-12-31]\nregister"))
    months = reach_by_month(referral_records(extract_of(tmp_path), long), long)
    assert len(months) == 9
    assert months[["referred", "took_up"]].iloc[-1].tolist() == [0, 0]


def test_a_specification_without_a_service_is_refused(tmp_path):
    spec = spec_of(tmp_path, 'title = "Test"\nnotebook = "none.ipynb"\n')
    with pytest.raises(SpecError, match=r"the section \[service\] is missing"):
        referral_records(extract_of(tmp_path), spec)
