"""Sentences on matched comparisons, the titles of charts, and the linter that keeps causal words out of both."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from evalkit.errors import DataError, SpecError
from evalkit.present.causal_words import causal_words
from evalkit.present.disclosure import CONFIDENTIAL, make_safe
from evalkit.present.findings import (
    balance_finding,
    cusum_finding,
    effects_finding,
    funnel_finding,
    overlap_finding,
    survival_finding,
)
from evalkit.present.matched_tables import show_measures
from evalkit.present.matched_words import matched_answer, matched_can_and_cannot, matched_finding, matched_verdict
from evalkit.present.words import HIGHER, LOWER, SMALL, UNCLEAR

NONE = float("nan")
WHO = "people who took part"
SENTENCES = list(csv.DictReader(io.StringIO(Path("tests/reference/causal_sentences.csv").read_text(encoding="utf-8"))))


def measure(name="rate", **changes):
    """One line of seven_measures."""
    return {
        "name": name, "label": "Reconvicted within a year", "kind": "rate", "unit": "", "treated_value": 0.342,
        "comparison_value": 0.371, "estimate": -0.029, "low": -0.053, "high": -0.005, "p_value": 0.018,
        "n_treated": 1200, "n_comparison": 1200, "reoffenders_treated": 410, "level": 0.95, "method": "m",
        "tested": True, "headline": True, "reason": "", "people_needed": NONE,
    } | changes  # fmt: skip


UNCLEAR_RATE = {"treated_value": 0.364, "estimate": -0.007, "low": -0.03, "high": 0.016, "people_needed": 38_211}
FREQUENCY = {
    "kind": "count", "label": "Reconvictions", "treated_value": 0.84, "comparison_value": 0.95, "estimate": -0.11,
    "low": -0.2, "high": -0.002,
}  # fmt: skip
DAYS = {
    "kind": "days", "label": "Days to the first", "treated_value": 142.1, "comparison_value": 133.2, "estimate": 8.9,
    "low": 2.1, "high": 15.7, "n_treated": 410,
}  # fmt: skip
UNTESTED = {
    "label": "Custody", "estimate": NONE, "low": NONE, "high": NONE, "p_value": NONE, "tested": False,
    "headline": False, "reason": "fewer than 10 treated people with the outcome",
}  # fmt: skip


def safe(*rows):
    counts = {"n_treated": None, "n_comparison": None, "reoffenders_treated": "n_treated"}
    return make_safe(pd.DataFrame(rows), counts=counts, within="name")


ALL = [
    measure(), measure("freq", **FREQUENCY), measure("days", **DAYS), measure("custody", **UNTESTED),
    measure("unclear", **UNCLEAR_RATE),
]  # fmt: skip


def sentence(*, outcome="reconvicted within a year", strength=3, **changes):
    return matched_answer(safe(measure(**changes)), "rate", who=WHO, outcome=outcome, strength=strength).text


def test_the_headline_says_lower_with_both_rates_and_the_interval():
    assert sentence() == (
        "34.2% of the 1,200 people who took part were reconvicted within a year, against 37.1% of the matched "
        "comparison group: 2.9 percentage points lower (95% interval 0.5 to 5.3)."
    )


def test_the_headline_says_higher():
    assert sentence(treated_value=0.4, estimate=0.029, low=0.005, high=0.053).endswith(
        ": 2.9 percentage points higher (95% interval 0.5 to 5.3)."
    )


def test_a_null_is_not_distinguishable_and_never_no_effect_and_says_how_many_people_would_settle_it():
    text = sentence(**UNCLEAR_RATE)
    assert text.endswith(
        "of the matched comparison group: not distinguishable (−0.7, 95% interval −3.0 to +1.6 percentage points). It "
        "would take 38,211 people who took part to tell a difference of this size from none (80% power)."
    )
    assert "no effect" not in text


def test_without_a_number_of_people_needed_there_is_none_in_the_sentence():
    assert sentence(**(UNCLEAR_RATE | {"people_needed": NONE})).endswith("percentage points).")


@pytest.mark.parametrize(("high", "kind"), [(-0.0001, LOWER), (0.0, UNCLEAR), (0.0001, UNCLEAR)])
def test_at_the_edge_of_zero(high, kind):
    assert matched_verdict(measure(high=high)) == kind


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"n_treated": 30}, LOWER),
        ({"n_treated": 29}, SMALL),
        ({"headline": False}, SMALL),
        ({"low": CONFIDENTIAL}, SMALL),
        ({"n_treated": CONFIDENTIAL}, SMALL),
        ({"low": 0.001, "high": 0.01}, HIGHER),
        (UNTESTED, SMALL),
    ],
)
def test_what_is_too_small_is_not_compared(changes, kind):
    assert matched_verdict(measure(**changes)) == kind


def test_too_small_says_why():
    assert sentence(**UNTESTED) == (
        "There are too few people who took part to compare them with the matched comparison group (fewer than 10 "
        "treated people with the outcome)."
    )


def test_a_hidden_row_gives_no_number_away():
    text = matched_answer(safe(measure(reoffenders_treated=5)), "rate", who=WHO, outcome="reconvicted").text
    assert text == "There are too few people who took part to compare them with the matched comparison group."


def test_a_frequency_and_days_have_their_own_units():
    assert matched_finding(measure(**FREQUENCY), who=WHO) == (
        "Reconvictions: 0.84 per person among the 1,200 people who took part, against 0.95 per person in the matched "
        "comparison group: 0.11 per person lower (95% interval 0.002 to 0.20)."  # 0.002: not printed as zero
    )
    assert matched_finding(measure(**DAYS), who=WHO) == (
        "Days to the first: 142.1 days among the 410 with the outcome of the people who took part, against 133.2 days "
        "in the matched comparison group: 8.9 days later (95% interval 2.1 to 15.7)."
    )


def test_a_randomised_comparison_is_not_called_matched():
    assert "of the comparison group:" in sentence(strength=5)
    assert "of the matched comparison group:" in sentence(strength=4)


def test_the_level_of_the_interval_is_its_own():
    assert "(90% interval" in sentence(level=0.9)


def test_what_can_and_cannot_be_said_of_a_matched_design():
    text = matched_can_and_cannot(safe(*ALL), service="the service", who=WHO).text
    can, cannot = text.split("You cannot say")
    assert can.count("\n- ") == 5
    assert "Custody: there are too few people who took part" in can
    assert "That the service made the difference: the groups are alike in what is recorded" in cannot
    assert "people who took part who could not be matched" in cannot
    assert "That there is no difference where none can be distinguished" in cannot
    assert "one measure among 4" in cannot


def test_what_cannot_be_said_follows_the_design_and_the_findings():
    text = matched_can_and_cannot(safe(measure()), service="the service", who=WHO, strength=5).text
    assert "made the difference" not in text
    assert "no difference" not in text
    assert "one measure among" not in text
    assert "elsewhere or today" in text


def test_a_measure_that_is_not_there_is_an_error():
    with pytest.raises(SpecError, match="needs a measure called 'custody' \\(there are: rate\\)"):
        matched_answer(safe(measure()), "custody", who=WHO, outcome="x")


def test_every_row_of_the_table_is_in_its_own_unit():
    html = (
        show_measures(safe(*ALL), caption="Measures").html.replace('<span class="limits">', "").replace("</span>", "")
    )
    assert '<td class="num">34.2</td><td class="num">37.1</td><td class="num">−2.9 (−5.3 to −0.5)</td>' in html
    assert '<td class="num">0.84</td><td class="num">0.95</td><td class="num">−0.11 (−0.20 to −0.002)</td>' in html
    assert '<td class="num">142.1</td><td class="num">133.2</td><td class="num">+8.9 (+2.1 to +15.7)</td>' in html
    assert '<td class="num">[z]</td><td class="num">[z]</td>' in html
    assert "<td>%, difference in pp</td>" in html


def test_a_hidden_row_stays_hidden_in_the_table():
    html = show_measures(safe(measure(reoffenders_treated=5)), caption="Measures").html
    assert html.count('<td class="num">[c]</td>') == 4
    assert "34.2" not in html


def balanced(*ratings):
    frame = pd.DataFrame({"covariate": [f"c{n}" for n in range(len(ratings))], "rating": ratings})
    return make_safe(frame, counts=[])


def support(outside, people=1200):
    frame = pd.DataFrame({"side": ["treated", "comparison"], "people": [people, 9000], "outside": [outside, 400]})
    return make_safe(frame, counts={"people": None, "outside": "people"}, within="side")


def estimates(*limits, naive=False):
    rows = [{"low": low, "high": high, "naive": False} for low, high in limits]
    rows += [{"low": -0.1, "high": -0.09, "naive": True}] if naive else []
    return make_safe(pd.DataFrame(rows), counts=[])


def units(*states):
    return make_safe(pd.DataFrame(states, columns=["state", "direction"]), counts=[])


def paths(*alarmed, of=5):
    rows = [{"team": f"T{n}", "alarm_worse": n in alarmed, "alarm_better": False} for n in range(of)]
    return make_safe(pd.DataFrame(rows), counts=[])


def curves(*ends):
    rows = [{"group": f"G{n}", "time": 365, "reconvicted": end} for n, end in enumerate(ends)]
    return make_safe(pd.DataFrame(rows), counts=[])


TITLES = [
    (balance_finding(balanced("green", "green")), "All 2 covariates are balanced after the match"),
    (
        balance_finding(balanced("green", "red", "amber", "green", "not known", CONFIDENTIAL)),
        "Of 6 covariates after the match: 2 green, 1 amber, 1 red, 2 not shown",
    ),
    (overlap_finding(support(0)), "All 1,200 treated people lie within the scores that both sides have"),
    (overlap_finding(support(12)), "12 of the 1,200 treated people lie outside the scores that both sides have"),
    (overlap_finding(support(3)), "Few of the 1,200 treated people lie outside the scores that both sides have"),
    (overlap_finding(support(0, people=5)), "There are too few treated people to show"),
    (survival_finding(curves(0.241, 0.347)), "Reconvicted by day 365: 24.1% in “G0”, 34.7% in “G1”"),
    (survival_finding(curves(CONFIDENTIAL)), "Too few people were reconvicted to show by day"),
    (effects_finding(estimates((-0.2, -0.1), (-0.2, -0.1))), "All 2 estimates find it lower"),
    (
        effects_finding(estimates((-0.2, -0.1), (-0.1, 0.1), (0.1, 0.2), naive=True)),
        "Of 3 estimates: 1 finds it lower, 1 finds it higher, 1 cannot tell it from none; the naive one does not count",
    ),
    (effects_finding(estimates((NONE, NONE))), "There are too few people for an estimate with an interval"),
    (
        funnel_finding(
            units(("alert", "worse"), ("alert", "better"), ("watch", "worse"), ("too small to judge", "")),
            units="teams",
        ),
        "Of 4 teams: 2 alerts (1 worse, 1 better), 1 watch, 1 too small to judge",
    ),
    (funnel_finding(units(("as expected", "")), units="areas"), "Of 1 areas: no alert, 1 as expected"),
    (cusum_finding(paths(), unit="team", units="teams"), "None of 5 teams has alarmed"),
    (cusum_finding(paths(1, 3), unit="team", units="teams"), "2 of 5 teams have alarmed: T1, T3"),
    (cusum_finding(paths(0, 1, 2, 3), unit="team", units="teams"), "4 of 5 teams have alarmed"),
]


@pytest.mark.parametrize(("title", "expected"), TITLES)
def test_the_titles_of_charts_say_what_they_show(title, expected):
    assert title == expected


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row["sentence"][:40])
def test_causal_words_are_found_and_others_are_not(row):
    assert causal_words(row["sentence"]) == [word for word in row["caught"].split(";") if word]


def test_there_are_thirty_sentences_of_either_kind():
    assert sum(bool(row["caught"]) for row in SENTENCES) == 30
    assert len(SENTENCES) == 60


def test_every_inflection_of_the_listed_words_is_found():
    words = ["because of", "due to", "led to", "thanks to", "caused", "prevented", "reduced", "proves"]
    assert [causal_words(f"It {word} this") for word in words] == [[word] for word in words]
    inflected = (
        "cause causes causing prevent prevents preventing reduce reduces reducing reduction prove proved proving"
    )
    assert causal_words(inflected) == inflected.split()
    assert causal_words("It was due\n   to this") == ["due to"]


def test_no_generated_sentence_has_a_causal_word():
    rows = [measure(), measure("h", low=0.01, high=0.03, estimate=0.02), *ALL[1:]]
    texts = [matched_can_and_cannot(safe(*rows), service="the service", who=WHO, strength=n).text for n in (3, 5)]
    texts += [sentence(), sentence(**UNCLEAR_RATE), *(title for title, _ in TITLES)]
    assert [causal_words(text) for text in texts] == [[]] * len(texts)
    assert causal_words(f"{texts[0]} It reduced reoffending.") == ["reduced"]


@pytest.mark.parametrize(
    "show",
    [
        lambda table: matched_answer(table, "rate", who="x", outcome="x"),
        lambda table: matched_can_and_cannot(table, service="x", who="x"),
        lambda table: show_measures(table, caption="x"),
        balance_finding,
        overlap_finding,
        survival_finding,
        effects_finding,
        lambda table: funnel_finding(table, units="x"),
        lambda table: cusum_finding(table, unit="name", units="x"),
    ],
)
def test_nothing_is_said_of_what_was_not_made_safe(show):
    with pytest.raises(DataError, match="has not been made safe"):
        show(pd.DataFrame([measure()]))


def test_names_are_escaped():
    attack = "<script>alert(1)</script>"
    pieces = [
        matched_answer(safe(measure()), "rate", who=attack, outcome=attack),
        matched_can_and_cannot(safe(measure(label=attack)), service=attack, who=attack),
        show_measures(safe(measure(label=attack)), caption=attack),
    ]
    assert ["<script" in piece.html for piece in pieces] == [False] * 3
