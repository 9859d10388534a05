"""What is planted in the interventions of the demonstration extract is there, and their rows move nothing else."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.synthetic import describe_truth, truth
from evalkit.synthetic.draws import stream
from evalkit.synthetic.interviews import GIVEAWAYS, interview_table


@pytest.fixture(scope="module")
def referrals(demo_folder):
    every = pd.read_csv(demo_folder / "referrals.csv")
    return every[every["referral_id"].str.startswith("SYN-I")]


@pytest.fixture(scope="module")
def scores(demo_folder):
    rows = pd.read_csv(demo_folder / "measures.csv")
    return rows.pivot_table(index=["instrument", "domain", "referral_id"], columns="stage", values="score")


def test_the_planted_shares_completed_both_programmes(referrals):
    for partner, side in (("Respectful Relationships", "new"), ("Building Respect", "old")):
        known = referrals.loc[referrals["partner"] == partner, "end_reason"].dropna()
        assert len(known) > 200
        assert_close((known == "completed").mean(), truth.COMPLETED[side], decimals=2)


def test_a_scale_with_no_effect_rises_by_regression_to_the_mean_alone(scores):
    questionnaire = scores.loc["relationships questionnaire"].dropna()
    assert questionnaire["start"].max() <= 30
    for domain, change in truth.TRUE_CHANGE.items():
        own = questionnaire.loc[domain]
        alone = (1 - truth.SCORE_RELIABILITY) * (30 - own["start"].mean())
        assert alone > 1
        error = (own["end"] - own["start"]).std() / len(own) ** 0.5
        assert abs((own["end"] - own["start"]).mean() - change - alone) < 2.5 * error


def test_one_wellbeing_pathway_has_fewer_needs_met_and_no_change(demo_folder, scores):
    needs = pd.read_csv(demo_folder / "needs.csv", low_memory=False)
    needs = needs[needs["referral_id"].fillna("").str.startswith("SYN-I")].dropna(subset=["outcome"])
    achieved = (needs["outcome"] == "achieved").groupby(needs["pathway"]).mean()
    assert achieved.idxmin() == "social inclusion"
    assert abs(achieved["social inclusion"] - 0.30) < 0.08
    assert (achieved.drop("social inclusion") - 0.50).abs().max() < 0.08
    wheel = scores.loc["wellbeing wheel"].dropna()
    change = (wheel["end"] - wheel["start"]).groupby("domain").mean()
    assert abs(change["social inclusion"]) < 0.3
    assert (change.drop("social inclusion") - truth.WELLBEING_CHANGE_ELSEWHERE).abs().max() < 0.3
    assert set(needs.groupby("person_id")["pathway"].nunique()) == {1, 2, 3, 4}


def test_stays_end_and_people_live_afterwards_as_planted(referrals, scores):
    stays = referrals[referrals["partner"] == "Bridge House"]
    assert_close(stays["end_reason"].str.startswith("moved to").mean(), truth.MOVED_ON, decimals=2)
    settled = scores.loc["accommodation follow-up"]["end"]
    assert_close(settled.mean(), truth.SETTLED_AFTER_STAY, decimals=2)
    assert abs(1 - len(settled) / len(stays) - truth.UNKNOWN_AFTER_STAY) < 0.06


def test_every_person_is_in_one_of_them_and_their_area_is_that_of_a_sentence(demo_folder, referrals):
    assert referrals["person_id"].is_unique
    sentences = pd.read_csv(demo_folder / "sentences.csv", usecols=["person_id", "area", "team"], low_memory=False)
    places = sentences.dropna(subset=["area", "team"]).drop_duplicates()
    held = referrals.merge(places, on=["person_id", "area", "team"])
    assert set(held["person_id"]) == set(referrals["person_id"])


def test_the_interviews_hold_what_is_planted():
    table = interview_table(stream(2021, "interviews"))
    first, second = table[table["coder"] == "C1"], table[table["coder"] == "C2"]
    assert first["interview_id"].nunique() == 50
    assert table["theme"].nunique() == 5
    assert not first.duplicated(["interview_id", "excerpt"]).any()
    holds = first["excerpt"].map(lambda text: any(words in text for words in GIVEAWAYS))
    assert holds.sum() == truth.WITH_IDENTIFIER
    both = first.merge(second, on=["interview_id", "excerpt"])
    chance = np.square(first["theme"].value_counts(normalize=True)).sum()
    agreed = (both["theme_x"] == both["theme_y"]).mean()
    assert abs((agreed - chance) / (1 - chance) - truth.THEMES_AGREED) < 0.1


def test_what_is_planted_is_described():
    text = describe_truth()
    assert "70% of the new programme, 56% of the one before" in text
    assert "+4 points on accountability, none on managing conflict" in text
    assert "all by regression to the mean" in text
