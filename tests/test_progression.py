"""How far people got: a stage counts if it, or a later one, is recorded on or after take-up."""

from conftest import assert_close
from ete_extracts import extract_of, spec_of

from evalkit.cohort.progression import progression
from evalkit.present import make_flow_safe

PROGRESS = """
person_id,referral_id,stage,date
A,R1,finding your feet,2018-04-01
A,R1,setting actions,2018-05-01
B,R2,adapting to work,2018-04-01
C,R4,finding your feet,2018-06-30
F,R7,ready for interview,2018-05-02
E,R6,adapting to work,2018-06-01
"""
"""A skipped a stage; B's is a day before take-up; C's on the day; E took up another service."""


def test_a_stage_that_was_skipped_counts_as_reached(tmp_path):
    flow = progression(extract_of(tmp_path, progress=PROGRESS), spec_of(tmp_path))
    # took up: A, B, C, F; then A, C, F; A and F; A and F; F; F; nobody
    assert flow["remaining"].tolist() == [4, 3, 2, 2, 1, 1, 0]
    assert flow["excluded"].tolist() == [0, 1, 1, 0, 1, 0, 1]
    assert flow["step"].tolist()[-1] == "adapting to work"


def test_shares_are_of_the_stage_before(tmp_path):
    flow = progression(extract_of(tmp_path, progress=PROGRESS), spec_of(tmp_path))
    assert_close(flow["share"][1:], [3 / 4, 2 / 3, 1, 1 / 2, 1, 0], decimals=9)


def test_the_flow_balances_as_making_it_safe_requires(tmp_path):
    flow = progression(extract_of(tmp_path, progress=PROGRESS), spec_of(tmp_path))
    assert make_flow_safe(flow)["remaining"].tolist()[0] == "[c]"  # four people


def test_without_the_table_there_is_no_flow(tmp_path):
    assert progression(extract_of(tmp_path), spec_of(tmp_path)).empty
