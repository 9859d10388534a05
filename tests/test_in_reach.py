"""The in-reach claim: seen in prison or not, engaged outside within 183 days or not."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from conftest import assert_close
from ete_extracts import SPEC, spec_of
from small_extracts import loaded

from evalkit.cohort import in_reach
from evalkit.cohort.in_reach import in_reach_claim, in_reach_tested
from evalkit.intake import to_pandas

DAY = pd.Timestamp("2018-01-01")


def claim_of(tmp_path, starts, *, seen, end="2020-12-31"):
    """The claim for people released on one day; starts: days after release of a start, and its setting, or None."""
    names = [f"P{number:03}" for number in range(len(starts))]
    people = "person_id,date_of_birth,sex\n" + "\n".join(f"{name},1990-01-01,male" for name in names)
    sentences = "sentence_id,person_id,sentence_date,sentence_type,offence_code\nS1,P000,2018-01-01,custody,00801"
    releases = "release_id,person_id,release_date,in_reach\n" + "\n".join(
        f"L{name},{name},2018-01-01,{'yes' if inside else 'no'}" for name, inside in zip(names, seen, strict=True)
    )
    referrals = "referral_id,person_id,service,referral_date,start_date,setting\n" + "\n".join(
        f"R{name},{name},ETE,2017-12-01,{DAY + pd.Timedelta(days=start[0]):%Y-%m-%d},{start[1]}"
        for name, start in zip(names, starts, strict=True)
        if start
    )
    extract = loaded(tmp_path / "extract", people=people, sentences=sentences, releases=releases, referrals=referrals)
    spec = spec_of(tmp_path, SPEC.replace("2018-06-30]\nregister", f"{end}]\nregister"))
    frame = to_pandas(extract.table("people").select("person_id", "sex"))
    rng = np.random.default_rng(5)
    frame = frame.assign(
        index_date=DAY, predicted=rng.uniform(0.1, 0.8, len(names)), age=rng.integers(18, 60, len(names)), area="North"
    )
    return in_reach_claim(extract, SimpleNamespace(frame=frame, spec=spec)), frame


def counts_of(table):
    return table[["seen", "seen_engaged", "not_seen", "not_seen_engaged"]].iloc[0].tolist()


def test_engaged_is_a_start_outside_prison_within_183_days_of_release(tmp_path):
    outside = "community office"
    starts = [(0, outside), (183, outside), (184, outside), (-1, outside), (10, "prison in-reach"), None]
    table, _ = claim_of(tmp_path, [*starts, (1, outside), None], seen=[True] * 6 + [False] * 2)
    assert counts_of(table) == [6, 2, 2, 1]  # on the day of release and on day 183


@pytest.mark.parametrize(("end", "rows"), [("2018-07-03", 2), ("2018-07-02", 0)])
def test_183_days_must_be_over_in_the_period(tmp_path, end, rows):
    table, _ = claim_of(tmp_path, [(1, "community office"), None], seen=[True, False], end=end)
    assert len(table) == rows


def test_the_interval_as_counted_is_newcombes(tmp_path):
    # Newcombe (1998), table II: 56 of 70 against 48 of 80, method 10: 0.0524 to 0.3339
    starts = [(1, "community office")] * 56 + [None] * 14 + [(1, "community office")] * 48 + [None] * 32
    table, _ = claim_of(tmp_path, starts, seen=[True] * 70 + [False] * 80)
    assert_close(table.iloc[0][["estimate", "low", "high"]], [0.2, 0.0524, 0.3339], decimals=4)


def test_made_alike_is_a_logistic_regression_on_the_others(tmp_path):
    starts = [(1, "community office") if number % 3 else None for number in range(200)]
    seen = [number % 2 == 0 for number in range(200)]
    table, frame = claim_of(tmp_path, starts, seen=seen)
    design = sm.add_constant(
        np.column_stack([np.log(frame["predicted"] / (1 - frame["predicted"])), frame["age"], frame["age"] ** 2])
    )
    engaged, inside = np.array([start is not None for start in starts], float), np.array(seen)
    model = sm.GLM(engaged[~inside], design[~inside], family=sm.families.Binomial()).fit()
    expected = model.predict(design[inside]).mean()
    assert_close(table.iloc[1]["not_seen_share"], expected, decimals=8)
    assert_close(table.iloc[1]["estimate"], engaged[inside].mean() - expected, decimals=8)


@pytest.mark.parametrize("seen", [[True, True], [False, False]])
def test_without_people_on_both_sides_there_is_no_row(tmp_path, seen):
    table, _ = claim_of(tmp_path, [(1, "community office"), None], seen=seen)
    assert table.empty
    assert list(table.columns) == list(in_reach.COLUMNS)


def compared_people(tmp_path, *, started, size=160, late=0):
    """The claim on people of whom every second was seen; `started`: when another service began, days after release."""
    names = [f"P{number:03}" for number in range(size)]
    rng = np.random.default_rng(8)
    day = [pd.Timestamp("2020-12-01") if number < late else DAY for number in range(size)]
    people = "person_id,date_of_birth,sex\n" + "\n".join(f"{name},1990-01-01,male" for name in names)
    sentences = "sentence_id,person_id,sentence_date,sentence_type,offence_code\nS1,P000,2018-01-01,custody,00801"
    releases = "release_id,person_id,release_date,reception_date,prison,in_reach\n" + "\n".join(
        f"L{name},{name},{when:%Y-%m-%d},2017-0{rng.integers(1, 10)}-01,{prison},{'yes' if number % 2 else 'no'}"
        for number, (name, when, prison) in enumerate(
            zip(names, day, rng.choice(["Ranby", "Stocken"], size), strict=True)
        )
    )
    referrals = "referral_id,person_id,service,referral_date,start_date,setting\n" + "\n".join(
        f"R{name},{name},{'ETE' if number % 3 else 'Housing'},2017-12-01,"
        f"{when + pd.Timedelta(days=5 if number % 3 else started):%Y-%m-%d},community office"
        for number, (name, when) in enumerate(zip(names, day, strict=True))
    )
    extract = loaded(tmp_path / "extract", people=people, sentences=sentences, releases=releases, referrals=referrals)
    spec = spec_of(tmp_path, SPEC.replace("2018-06-30]\nregister", "2020-12-31]\nregister"))
    frame = to_pandas(extract.table("people").select("person_id", "sex"))
    frame = frame.assign(
        area="North",
        index_date=day,
        predicted=rng.uniform(0.1, 0.8, size),
        age=rng.integers(18, 60, size).astype(float),
    )
    return in_reach_tested(extract, SimpleNamespace(frame=frame, spec=spec))


def test_matched_people_are_those_of_the_claim_and_who_had_no_time_is_on_neither_side(tmp_path):
    found = compared_people(tmp_path, started=0, late=11)
    sides = found.matched.used.groupby("side")["people"].sum()
    assert [sides["seen"], sides["not seen"]] == [75, 74]
    assert found.claim[["seen", "not_seen"]].iloc[0].tolist() == [75, 74]
    engaged = found.matched.parts.groupby("side")["met"].sum()
    assert found.claim[["seen_engaged", "not_seen_engaged"]].iloc[0].tolist() == [engaged["seen"], engaged["not seen"]]


@pytest.mark.parametrize(("started", "known"), [(0, True), (1, False)])
def test_another_service_counts_if_it_began_by_the_day_of_release(tmp_path, started, known):
    covariates = set(compared_people(tmp_path, started=started).matched.balance["covariate"])
    assert ("other_services" in covariates) == known
    assert {"prison", "log_days_in_custody", "age", "logit_predicted"} <= covariates


def test_without_people_on_both_sides_there_is_no_match(tmp_path):
    found = compared_people(tmp_path, started=0, size=1)
    assert found.claim.empty
    assert "fewer than 30 people" in found.matched.reason
