"""People seen in prison beside people not seen, in pairs: what was planted is recovered; who is paired; edges."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.cohort.in_reach_lines import comparable_people, known_at_release
from evalkit.cohort.in_reach_matched import NO_PARTNER, NOBODY_ALIKE, NOT_RECORDED, PAIRED, match_seen
from evalkit.cohort.releases import NOT_KNOWN, OVER, UNDER
from evalkit.statistics import match, matched_outcomes


def released(size, *, more, seed=11):
    """People whom longer stays make likelier to be seen and likelier to engage; `more`: what being seen adds itself."""
    rng = np.random.default_rng(seed)
    days = rng.integers(20, 400, size)
    long = days >= 183
    seen = rng.random(size) < np.where(long, 0.8, 0.4)
    risk = rng.uniform(0.1, 0.8, size)
    chance = 0.2 + 0.25 * long - 0.1 * risk + more * seen
    return known_at_release(
        pd.DataFrame(
            {
                "person_id": [f"P{number}" for number in range(size)],
                "seen": seen,
                "engaged": (rng.random(size) < chance).astype(float),
                "predicted": risk,
                "age": rng.integers(18, 60, size),
                "prison": rng.choice(["Ranby", "Stocken"], size),
                "sex": "male",
                "release_date": pd.Timestamp("2019-08-01"),
                "reception_date": pd.Timestamp("2019-08-01") - pd.to_timedelta(days, unit="D"),
            }
        )
    )


@pytest.mark.parametrize("more", [0.0, 0.12])
def test_what_was_planted_is_recovered_where_the_plain_difference_is_not(more):
    people = released(6_000, more=more)
    naive = people.groupby("seen")["engaged"].mean()
    row = match_seen(people, ("engaged",)).compared.iloc[0]
    assert naive[True] - naive[False] > more + 0.06  # selection on the length of the stay
    assert row["low"] < more < row["high"]
    assert abs(row["estimate"] - more) < 0.03
    assert row["high"] - row["low"] < 0.09


def one_kind(sizes, seed=3):
    """People of one kind of stay with two covariates: so many seen, so many not."""
    rng = np.random.default_rng(seed)
    total = sum(sizes)
    seen = np.arange(total) < sizes[0]
    return pd.DataFrame(
        {
            "seen": seen,
            "age": rng.normal(35, 8, total) + 2 * seen,
            "total_sanctions": rng.normal(10, 3, total) - seen,
            "engaged": (rng.random(total) < 0.4 + 0.1 * seen).astype(float),
        }
    )


@pytest.mark.parametrize("sizes", [(150, 400), (400, 150)])
def test_the_smaller_side_chooses_as_the_matching_of_the_library_does(sizes):
    people = one_kind(sizes)
    chooser = people["seen"] if sizes[0] < sizes[1] else ~people["seen"]
    found = match(people.assign(own=chooser), treated="own", covariates=["age", "total_sanctions"], caliper=0.2)
    witness = matched_outcomes(found, people.assign(own=chooser), "engaged").iloc[0]
    own = match_seen(people, ("engaged",))
    sign = 1 if sizes[0] < sizes[1] else -1
    row = own.compared.iloc[0]
    assert row["pairs"] == found.matched
    assert_close(row["estimate"], sign * witness["estimate"], decimals=10)
    assert_close(
        sorted([row["low"], row["high"]]), sorted([sign * witness["low"], sign * witness["high"]]), decimals=10
    )
    assert_close(own.balance["after"].iloc[0], abs(found.balance["smd_after"].iloc[0]), decimals=6)


def test_pairs_are_of_one_kind_of_stay_and_its_smaller_side_limits_them():
    short, long = one_kind((100, 300), seed=1), one_kind((300, 100), seed=2)
    alone = one_kind((60, 2), seed=4).head(60)  # nobody unseen of this kind
    people = pd.concat(
        [
            short.assign(sentence_length=UNDER),
            long.assign(sentence_length=OVER),
            alone.assign(sentence_length=NOT_KNOWN),
        ]
    )
    found = match_seen(people, ("engaged",))
    parts = found.used.set_index(["side", "part"])["people"]
    assert 180 <= parts["seen", PAIRED] <= 200
    assert parts["seen", PAIRED] == parts["not seen", PAIRED]
    assert parts["seen", NO_PARTNER] + parts["seen", NOBODY_ALIKE] >= 60 + 200
    assert parts.groupby("side").sum().to_dict() == {"not seen": 400, "seen": 460}


def test_nobody_is_paired_with_somebody_of_another_kind_however_alike():
    people = pd.concat(
        [one_kind((100, 300), seed=1).assign(sex="female"), one_kind((300, 100), seed=2).assign(sex="male")]
    )
    pairs = match_seen(people, ("engaged",)).compared["pairs"].iloc[0]
    assert 180 <= pairs <= 200  # of 400 on either side


def test_what_is_not_recorded_or_on_one_side_only_is_left_out_and_counted():
    people = one_kind((200, 200)).assign(prison="Ranby")
    people.loc[:39, "prison"] = "Open"  # 40 seen, nobody else
    people.loc[[50, 51, 399], "age"] = np.nan
    parts = match_seen(people, ("engaged",)).used.set_index(["side", "part"])["people"]
    assert parts["seen", NOBODY_ALIKE] == 40
    assert [parts["seen", NOT_RECORDED], parts["not seen", NOT_RECORDED]] == [2, 1]
    assert parts["seen"].sum() == 200


def test_a_rare_category_is_merged_below_ten_on_a_side():
    people = one_kind((200, 200)).assign(area="North")
    people.loc[list(range(9)) + list(range(200, 230)), "area"] = "South"
    people.loc[list(range(20, 30)) + list(range(230, 240)), "area"] = "West"
    ready = comparable_people(people, ["engaged"])
    assert sorted(ready.frame["area"].unique()) == ["North", "West", "rare"]


def test_a_pair_counts_for_an_outcome_only_where_both_are_known():
    people = one_kind((150, 300)).assign(work=1.0)
    people.loc[people.index % 5 == 0, "work"] = np.nan
    people.loc[people.index % 7 == 0, "work"] = 0.0
    found = match_seen(people, ("engaged", "work"))
    pairs = found.compared.set_index("name")["pairs"]
    assert pairs["work"] < pairs["engaged"]
    parts = found.parts[found.parts["name"] == "work"]
    assert parts["people"].sum() == people["work"].notna().sum()
    assert parts[parts["paired"]]["people"].tolist() == [pairs["work"]] * 2


@pytest.mark.parametrize(("fewest", "there"), [(29, False), (30, True)])
def test_with_fewer_than_thirty_on_a_side_nobody_is_paired(fewest, there):
    found = match_seen(one_kind((fewest, 200)), ("engaged",))
    assert (found.reason == "") == there
    assert (found.compared["pairs"].iloc[0] > 0) == there
    assert found.parts["people"].sum() == fewest + 200


def test_sides_that_stay_uneven_as_a_whole_get_no_difference():
    clusters = np.repeat([0.0, 1.0, 2.0], 60)
    people = pd.DataFrame(
        {
            "seen": np.repeat([True, False], 180),
            "age": np.concatenate([clusters + 0.14, clusters]),  # 17% of a standard deviation, within the caliper
            "engaged": np.tile([1.0, 0.0, 0.0], 120),
        }
    )
    found = match_seen(people, ("engaged",))
    assert found.verdict == "red"
    assert not found.alike
    assert np.isnan(found.compared["estimate"].iloc[0])
    assert "too unlike" in found.compared["method"].iloc[0]


def test_too_few_people_for_the_categories_are_matched_on_the_numbers():
    people = one_kind((40, 60)).assign(prison=np.tile([f"Prison {number}" for number in range(2)], 50))
    rng = np.random.default_rng(1)
    many = people.assign(area=rng.choice(["a", "b"], 100), ethnicity=rng.choice(["c", "d"], 100))
    constant = many.assign(offence_group=many["area"])  # two covariates that are one
    names = set(match_seen(constant, ("engaged",)).balance["covariate"])
    assert names == {"propensity (logit)", "age", "total_sanctions"}
    assert "area" in set(match_seen(many, ("engaged",)).balance["covariate"])


@pytest.mark.parametrize(("days", "length"), [(182, UNDER), (183, OVER), (None, NOT_KNOWN)])
def test_the_length_of_a_sentence_is_estimated_from_the_days_in_custody(days, length):
    release = pd.Timestamp("2019-07-01")
    reception = pd.NaT if days is None else release - pd.Timedelta(days=days)
    row = known_at_release(pd.DataFrame({"release_date": [release], "reception_date": [reception]})).iloc[0]
    assert row["sentence_length"] == length
    assert row["half_year"] == "2019 July"
