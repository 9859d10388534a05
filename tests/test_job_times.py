"""How soon work came, who kept it, and whether confirmation and dates agree."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from ete_extracts import extract_of, spec_of

from evalkit.cohort.job_times import (
    ELSEWHERE,
    EVERYONE,
    IN_PRISON,
    confirmed_and_derived,
    kept_by,
    time_to_job,
    work_records,
)


@pytest.fixture
def work(tmp_path):
    return work_records(extract_of(tmp_path), spec_of(tmp_path)).sort_values("taken_up", ignore_index=True)


def test_everyone_who_took_up_is_there_with_the_first_job_in_the_period(work):
    # A, B, F, C by the day of take-up
    assert work["taken_up"].dt.strftime("%m-%d").tolist() == ["04-01", "04-02", "05-01", "06-30"]
    assert work["found"].notna().tolist() == [True, True, True, False]  # C's job starts a day after the period
    assert work["through"].tolist() == [ELSEWHERE, ELSEWHERE, IN_PRISON, ELSEWHERE]


def test_work_kept_goes_by_the_dates_and_confirmation_stands_apart(work):
    assert work["kept"].tolist() == [True, False, True, False]
    assert work["confirmed"].fillna(-1).tolist() == [1, 0, 0, -1]


def test_a_job_on_the_day_of_take_up_counts_on_day_one_and_others_are_followed_to_the_end(work):
    curve = time_to_job(work).set_index("time")
    assert curve.loc[1, "events"] == 1  # A
    assert curve.loc[[10, 30], "events"].tolist() == [1, 1]  # B after 10 days, F after 30
    assert curve.loc[0, "censored"] == 1  # C took up on the last day of the period
    assert_close(curve.loc[[1, 10, 30], "survival"], [2 / 3, 1 / 3, 0], decimals=9)
    assert set(curve["group"]) == {EVERYONE}


def many(people, jobs):
    """People of each way in, of whom so many found work on days 1, 2, ..."""
    day = pd.Timestamp("2018-04-01")
    rows = []
    for through in (ELSEWHERE, IN_PRISON):
        found = [day + pd.Timedelta(days=n + 1) if n < jobs else pd.NaT for n in range(people)]
        rows.append(pd.DataFrame({"through": through, "found": found, "taken_up": day}))
    return pd.concat(rows, ignore_index=True).assign(until=pd.Timestamp("2018-06-30"))


@pytest.mark.parametrize(("people", "jobs", "groups"), [(50, 20, 2), (49, 20, 1), (50, 19, 1)])
def test_two_curves_need_enough_people_and_jobs_in_each(people, jobs, groups):
    assert time_to_job(many(people, jobs))["group"].nunique() == groups


def test_kept_by_sector_and_way_in_counts_people_who_found_work(work):
    sectors = kept_by(work, "sector")
    assert sectors[["sector", "found_work", "kept"]].values.tolist() == [["Retail", 2, 1], ["Driving", 1, 1]]
    assert kept_by(work, "through")[["found_work", "kept"]].values.tolist() == [[2, 1], [1, 1]]


def test_confirmation_beside_dates_has_every_combination(work):
    table = confirmed_and_derived(work).set_index(["derived", "confirmed"])["people"]
    assert table["13 weeks by the dates", "confirmed"] == 1  # A
    assert table["13 weeks by the dates", "not confirmed"] == 1  # F
    assert table["less by the dates", "not confirmed"] == 1  # B
    assert table.sum() == 3
    assert len(table) == 6


def test_without_the_table_of_jobs_every_result_is_empty(tmp_path):
    nothing = work_records(extract_of(tmp_path, jobs=None), spec_of(tmp_path))
    results = [nothing, time_to_job(nothing), kept_by(nothing, "sector"), confirmed_and_derived(nothing)]
    assert [len(result) for result in results] == [0, 0, 0, 0]
    assert np.isin(["derived", "confirmed", "people"], results[-1].columns).all()
