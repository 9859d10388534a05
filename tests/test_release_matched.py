"""Matched pairs made safe, the verdict before the result, and the matched row below the others."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.cohort.in_reach_matched import NO_PARTNER, NOBODY_ALIKE, NOT_RECORDED, PAIRED, InReachMatched
from evalkit.present import causal_words, end_publication, start_publication
from evalkit.present.disclosure import is_shown
from evalkit.present.ete_safe import make_in_reach_safe
from evalkit.present.release_matched import (
    balance_sentence,
    contrast_with_matched,
    make_matched_safe,
    matched_sentence,
    show_match,
    with_matched_row,
)
from evalkit.present.release_safe import make_contrast_safe


def matched(*, pairs=200, met=(100, 90), left=(100, 50), left_met=(50, 20), low=-0.02, high=0.12, after=1.0, fewest=50):
    """A matched comparison of one outcome; `left`: people of either side in no pair."""
    numbers = {"seen_share": met[0] / max(pairs, 1), "not_seen_share": met[1] / max(pairs, 1)}
    row = {"name": "engaged", "pairs": pairs, "seen_met": met[0], "not_seen_met": met[1], **numbers}
    row |= {"estimate": (low + high) / 2, "low": low, "high": high, "p_value": 0.2, "method": "pairs"}
    parts, used = [], []
    for place, side in enumerate(("seen", "not seen")):
        parts.append({"name": "engaged", "side": side, "paired": True, "people": pairs, "met": met[place]})
        parts.append({"name": "engaged", "side": side, "paired": False, "people": left[place], "met": left_met[place]})
        held = {PAIRED: pairs, NO_PARTNER: left[place], NOBODY_ALIKE: 0, NOT_RECORDED: 0}
        used += [{"side": side, "part": part, "people": people} for part, people in held.items()]
    rating = "green" if after <= 5 else "amber" if after <= 10 else "red"
    balance = pd.DataFrame(
        {
            "covariate": ["propensity (logit)", "prison"],
            **{"before": [70.0, 3.0], "after": [0.4, after], "rating": ["green", rating], "fewest": [pairs, fewest]},
        }
    )
    return InReachMatched(pd.DataFrame([row]), pd.DataFrame(parts), pd.DataFrame(used), balance, rating, True, "")


@pytest.mark.parametrize(("left", "shown"), [((100, 9), False), ((100, 10), True), ((9, 100), False), ((100, 0), True)])
def test_few_people_in_no_pair_are_not_the_rest_of_the_pairs(left, shown):
    found = matched(left=left, left_met=(0, 0), met=(100, 90))
    safe = make_matched_safe(found)
    row = safe.compared.iloc[0]
    assert [is_shown(row[name]) for name in ("pairs", "estimate", "low", "seen_share")] == [shown] * 4
    in_pairs = safe.used.iloc[0]
    assert [is_shown(in_pairs[name]) for name in ("seen", "not_seen")] == [shown] * 2
    sentence = matched_sentence(safe, "engaged", did="engaged", unit="person")
    assert sentence.startswith(
        "In 200 " if shown else "The difference in matched pairs is not shown, to protect people:"
    )


@pytest.mark.parametrize(
    ("met", "shown"), [((9, 90), False), ((10, 90), True), ((100, 191), False), ((100, 190), True)]
)
def test_few_who_engaged_or_did_not_are_hidden_with_the_difference(met, shown):
    row = make_matched_safe(matched(met=met)).compared.iloc[0]
    assert is_shown(row["estimate"]) == shown
    assert is_shown(row["pairs"]) == shown


def test_nobody_can_work_out_a_small_part_from_what_is_shown():
    rng = np.random.default_rng(4)
    for pairs, left in itertools.product((40, 120), range(0, 24, 3)):
        recorded = int(rng.integers(0, left + 1))
        found = matched(pairs=pairs, met=(20, 20), left=(60, left), left_met=(30, 0))
        used = found.used.copy()
        used.loc[used["side"] == "not seen", "people"] = [pairs, left - recorded, 0, recorded]
        start_publication(10)
        try:
            safe = make_matched_safe(dataclasses.replace(found, used=used))
        finally:
            end_publication()
        assert not [value for value in safe.used["not_seen"] if is_shown(value) and 0 < value < 10]
        # Both totals are known, so pairs that are shown tell how many are in none.
        shown = [safe.used["seen"].iloc[0], safe.used["not_seen"].iloc[0], safe.compared["pairs"].iloc[0]]
        assert [is_shown(value) for value in shown] == [not 0 < left < 10] * 3


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (5.0, "the pairs are alike in all that is listed here; the largest difference shown is 5.0%"),
        (10.0, "the pairs are nearly alike"),
        (10.1, "but not in Prison"),
    ],
)
def test_the_verdict_is_said_before_the_result(after, said):
    sentence = balance_sentence(make_matched_safe(matched(after=after)))
    assert sentence.startswith("Before the result:")
    assert said in sentence


def test_pairs_that_are_not_alike_or_not_there_get_no_difference():
    uneven = make_matched_safe(dataclasses.replace(matched(after=20.0), alike=False))
    assert "so no matched difference is given" in balance_sentence(uneven)
    nothing = make_matched_safe(dataclasses.replace(matched(), reason="fewer than 30 people on one side"))
    assert "There is no matched comparison" in show_match(nothing, unit="person").text


def test_a_standardised_difference_with_few_people_behind_it_is_hidden():
    shown = make_matched_safe(matched(fewest=10)).balance
    hidden = make_matched_safe(matched(fewest=9)).balance
    assert shown["after"].tolist() == [0.4, 1.0]
    assert hidden["after"].tolist() == [0.4, "[c]"]
    assert hidden["covariate"].tolist() == ["All together (logit of the propensity)", "Prison"]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.02, 0.12, "not distinguishable"), (0.02, 0.12, "more often where seen"), (-0.12, -0.02, "less often")],
)
def test_the_sentence_goes_by_the_interval_and_claims_no_cause(low, high, said):
    sentence = matched_sentence(make_matched_safe(matched(low=low, high=high)), "engaged", did="engaged", unit="person")
    assert said in sentence
    assert sentence.startswith("In 200 matched pairs of people, 50.0% of those seen in prison engaged, and 45.0%")
    assert causal_words(sentence) == []


def test_who_is_in_no_pair_is_counted_beside_who_is():
    piece = show_match(make_matched_safe(matched()), unit="person")
    assert "In a pair" in piece.text
    assert NO_PARTNER in piece.text
    assert NOT_RECORDED not in piece.text  # nobody
    assert "70.0" in piece.html
    assert "Unit: person" in piece.html


CLAIM = pd.DataFrame(
    {
        "label": ["As counted", "Alike"],
        **{"seen": 300, "seen_engaged": 150, "not_seen": 250, "not_seen_engaged": 110},
        **{"seen_share": 0.5, "not_seen_share": 0.44, "estimate": 0.06, "low": -0.02, "high": 0.14, "method": "m"},
    }
)


def test_the_matched_row_stands_below_the_others():
    both = with_matched_row(make_in_reach_safe(CLAIM), make_matched_safe(matched()))
    assert both["label"].tolist()[-1].startswith("Matched pairs")
    assert both["seen"].tolist() == [300, 300, 200]
    assert_close(both["estimate"].astype(float), [0.06, 0.06, 0.05], decimals=9)
    assert with_matched_row(make_in_reach_safe(CLAIM.head(0)), make_matched_safe(matched())).empty


def test_each_measure_of_releases_has_its_matched_row():
    strata = ["All releases", "Under 12 months", "Same mix of sentence lengths"]
    numbers = {"known": 550, "met": 260, "known_a": 300, "met_a": 150, "rate_a": 0.5, "known_b": 250, "met_b": 110}
    numbers |= {"rate_b": 0.44, "difference": 0.06, "low": -0.02, "high": 0.14, "p_value": 0.5, "method": "m"}
    table = pd.DataFrame({"name": "engaged", "label": "Engaged", "stratum": strata}).assign(**numbers)
    both = contrast_with_matched(make_contrast_safe(table), make_matched_safe(matched()))
    assert both["stratum"].tolist() == [*strata, "Matched pairs"]
    assert both["known_a"].tolist() == [300, 300, 300, 200]
    assert_close(both["difference"].astype(float).iloc[-1], 0.05, decimals=9)


def test_pairs_that_give_no_difference_are_not_called_hidden():
    safe = make_matched_safe(matched(low=float("nan"), high=float("nan")))
    sentence = matched_sentence(safe, "engaged", did="engaged", unit="person")
    assert sentence == "The matched pairs are too few, or too unlike, to give a difference."
