"""Distance travelled and needs met: who has both scores, what changed, what chance alone would change."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from intervention_extracts import extract_with, spec_with, started

from evalkit.cohort.distance import distance_travelled, paired_change
from evalkit.cohort.pathways import needs_met, pathway_needs, pathways_each
from evalkit.cohort.programmes import programmes
from evalkit.errors import SpecError
from evalkit.present.disclosure import CONFIDENTIAL
from evalkit.present.intervention_safe import make_distance_safe, make_needs_safe
from evalkit.present.intervention_tables import show_distance, show_needs
from evalkit.present.intervention_words import change_sentence

VALUES = pd.read_csv("tests/reference/intervention_values.csv", index_col="name")["value"]
HEAD = "person_id,referral_id,instrument,domain,stage,date,score\n"
SCORES = '[intervention.scores]\ninstrument = "wheel"\ndomains = ["mood"]\n'


def scores_of(tmp_path, pairs, *, more="", rows=()):
    """Distance travelled of people with these start and end scores (None: none)."""
    measures = [
        f"P{number},R{number}new,wheel,mood,{stage},2019-0{3 + place}-01,{score}"
        for number, pair in enumerate(pairs, start=1)
        for place, (stage, score) in enumerate(zip(("start", "end"), pair, strict=True))
        if score is not None
    ]
    text = HEAD + "".join(f"{row}\n" for row in [*measures, *rows])
    people = max(len(pairs), 2)
    extract = extract_with(
        tmp_path, [started(n, "2019-02-01") for n in range(1, len(pairs) + 1)], people=people, measures=text
    )
    return distance_travelled(extract, programmes(extract, spec_with(tmp_path, sections=SCORES + more)))


def test_paired_change_is_that_of_r_on_students_data():
    first = pd.Series([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    second = pd.Series([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    found = paired_change(first, second)
    expected = VALUES[["sleep_change", "sleep_low", "sleep_high", "sleep_d_z"]]
    assert_close(list(found.values()), expected, decimals=9)


def test_one_pair_has_no_interval_and_equal_changes_no_d_z():
    one = paired_change(pd.Series([1.0]), pd.Series([3.0]))
    assert one["change"] == 2.0
    assert np.isnan([one["low"], one["d_z"]]).all()
    equal = paired_change(pd.Series([1.0, 2.0]), pd.Series([2.0, 3.0]))
    assert_close([equal["change"], equal["low"], equal["high"]], [1, 1, 1], decimals=9)
    assert np.isnan(equal["d_z"])


def test_who_has_which_score_is_counted(tmp_path):
    found = scores_of(tmp_path, [(4, 6), (4, 4), (4, 3), (5, None), (None, 9), (None, None)])
    change, ways = found.changes.iloc[0], found.directions.iloc[0]
    assert change[["people", "started", "paired", "no_end"]].tolist() == [6, 4, 3, 1]
    assert_close(change[["mean_start", "mean_end", "change"]], [4, 13 / 3, 1 / 3], decimals=9)
    assert ways[["improved", "same", "worse", "no_end"]].tolist() == [1, 1, 1, 1]
    assert_close(ways[["improved_share", "worst", "best"]], [1 / 3, 1 / 4, 2 / 4], decimals=9)
    assert change["rating"] == "amber"


@pytest.mark.parametrize(("missing", "rating"), [(1, "green"), (2, "amber")])
def test_more_than_a_tenth_without_an_end_score_is_amber(tmp_path, missing, rating):
    pairs = [(4, None)] * missing + [(4, 5)] * (10 - missing)
    assert scores_of(tmp_path, pairs).changes["rating"].tolist() == [rating]


def test_where_lower_is_better_the_direction_turns_and_the_change_does_not(tmp_path):
    found = scores_of(tmp_path, [(4, 6), (4, 3), (4, 2)], more='better = "lower"\n')
    assert found.directions.loc[0, ["improved", "same", "worse"]].tolist() == [2, 0, 1]
    assert_close(found.changes["change"], [-1 / 3], decimals=9)


def test_a_change_up_to_the_least_one_is_none(tmp_path):
    found = scores_of(tmp_path, [(4, 5), (4, 6), (4, 7), (4, 2), (4, 1)], more="least_change = 2.0\n")
    assert found.directions.loc[0, ["improved", "same", "worse"]].tolist() == [1, 3, 1]


def test_the_first_start_and_the_last_end_score_of_the_own_referral_count(tmp_path):
    rows = [
        "P1,R1new,wheel,mood,start,2019-02-15,2",  # earlier than the one of 1 March
        "P1,R1new,wheel,mood,end,2019-05-01,8",  # later than the one of 1 April
        "P1,R1new,other,mood,end,2019-06-01,1",  # another questionnaire
        "P1,R1new,wheel,sleep,end,2019-06-01,1",  # another scale
        "P1,,wheel,mood,end,2019-06-01,1",  # of no referral
    ]
    found = scores_of(tmp_path, [(4, 6)], rows=rows)
    assert_close(found.changes.loc[0, ["mean_start", "mean_end"]], [2, 8], decimals=9)


def test_regression_to_the_mean_is_expected_from_reliability(tmp_path):
    more = "reliability = 0.75\nreference_mean = 10.0\n"
    found = scores_of(tmp_path, [(4, 6), (6, 6), (5, 7)], more=more)
    assert_close(found.changes["expected"], [(1 - 0.75) * (10 - 5)], decimals=9)
    without = scores_of(tmp_path / "b", [(4, 6), (6, 6)], more="reliability = 0.75\n")
    assert without.changes["expected"].isna().all()


def test_the_expected_change_is_what_people_picked_by_a_low_score_show_with_no_effect_at_all():
    """Simulated: true scores do not move, yet those who started low rise by what the formula says."""
    rng = np.random.default_rng(1)
    true = 30 + np.sqrt(0.75) * 8 * rng.standard_normal(400_000)
    start, end = (true + np.sqrt(0.25) * 8 * rng.standard_normal(400_000) for _ in range(2))
    low = start <= 26
    expected = (1 - 0.75) * (30 - start[low].mean())
    assert abs((end - start)[low].mean() - expected) < 0.05
    assert expected > 2


def test_sentences_set_the_change_beside_what_is_expected_alone():
    row = {"domain": "mood", "paired": 159, "change": 0.86, "low": 0.07, "high": 1.66, "expected": 1.65}
    assert change_sentence(row) == (
        "Mood: the mean score of the 159 people with both scores changed by +0.86 points (95% interval +0.07 to "
        "+1.66). The start score alone leads one to expect +1.65 (regression to the mean), and the interval holds that."
    )
    assert "leaves that out" in change_sentence({**row, "expected": 0.05})
    unclear = change_sentence({**row, "low": -0.1, "expected": float("nan")})
    assert unclear.endswith("(95% interval −0.10 to +1.66), which is not distinguishable from no change.")
    assert change_sentence({**row, "change": CONFIDENTIAL}) == "Mood: there are too few people with both scores."


def test_a_scale_without_scores_is_an_error_that_names_the_known(tmp_path):
    with pytest.raises(SpecError, match="nobody of the programme has a start score of 'wheel', 'mood'"):
        scores_of(tmp_path, [(None, 3)])


def test_small_directions_are_hidden_with_all_that_rests_on_them(tmp_path):
    pairs = [(4, 6)] * 20 + [(4, 4)] * 15 + [(4, 3)] * 4 + [(4, None)] * 30
    safe = make_distance_safe(scores_of(tmp_path, pairs))
    ways = safe.directions.iloc[0]
    assert ways["worse"] == CONFIDENTIAL
    assert [ways["improved"], ways["same"]].count(CONFIDENTIAL) == 1  # or the four could be worked out
    assert safe.changes.loc[0, "paired"] == 39
    hidden = make_distance_safe(scores_of(tmp_path / "few", [(4, 6)] * 5 + [(4, None)] * 40))
    assert hidden.changes.loc[0, ["paired", "change", "low", "mean_start"]].tolist() == [CONFIDENTIAL] * 4
    assert hidden.directions.loc[0, "improved_share"] == CONFIDENTIAL
    assert CONFIDENTIAL in show_distance(hidden, caption="D").text
    assert "no reliability" in show_distance(hidden, caption="D").html


def test_a_hidden_expected_change_is_not_called_undeclared(tmp_path):
    more = "reliability = 0.75\nreference_mean = 10.0\n"
    hidden = make_distance_safe(scores_of(tmp_path, [(4, 6)] * 5 + [(4, None)] * 40, more=more))
    assert hidden.changes.loc[0, "expected"] == CONFIDENTIAL
    shown = show_distance(hidden, caption="D").html
    assert "no reliability" not in shown
    assert "from the reliability of the start score" in shown


def test_nothing_declared_is_said_in_one_line(tmp_path):
    extract = extract_with(tmp_path, [started(1, "2019-02-01")])
    found = programmes(extract, spec_with(tmp_path))
    assert distance_travelled(extract, found) is None
    needs = pathway_needs(extract, found)
    safe = make_needs_safe(needs_met(needs, found))
    assert "declares no scores" in show_distance(make_distance_safe(None), caption="D").text
    assert "declares no pathways" in show_needs(safe, safe, caption="N").text


NEEDS = "person_id,referral_id,pathway,identified_date,addressed_date,outcome\n"


def needs_of(tmp_path, rows, people=3):
    extract = extract_with(
        tmp_path,
        [started(n, "2019-02-01") for n in range(1, people + 1)] + [started(1, "2018-02-01", partner="old")],
        needs=NEEDS + "".join(f"{row}\n" for row in rows),
    )
    found = programmes(extract, spec_with(tmp_path, more='pathways = ["mood", "home"]'))
    return pathway_needs(extract, found), found


def test_needs_count_one_a_half_and_nothing(tmp_path):
    rows = [
        "P1,R1new,mood,2019-02-01,,achieved",
        "P2,R2new,mood,2019-02-01,,partly",
        "P3,R3new,mood,2019-02-01,,not",
        "P3,R3new,mood,2019-02-01,,",  # no outcome
        "P1,R1new,home,2019-02-01,,achieved",
        "P1,R1old,home,2018-02-01,,not",  # of another programme
        "P1,R1new,work,2019-02-01,,not",  # of no pathway of this one
    ]
    needs, found = needs_of(tmp_path, rows)
    table = needs_met(needs, found)
    assert table["pathway"].tolist() == ["Mood", "Home"]
    assert table["needs"].tolist() == [4, 1]  # neither that of the other programme nor that of another pathway
    mood = table.iloc[0]
    assert mood[["needs", "achieved", "partly", "not", "no_outcome"]].tolist() == [4, 1, 1, 1, 1]
    # 1, 0.5, 0: mean 0.5, standard deviation 0.5; t with two degrees of freedom 4.302653 times 0.288675
    assert_close(mood[["mean", "low", "high"]], [0.5, 0.5 - 1.242069, 0.5 + 1.242069], decimals=5)
    assert_close(mood[["worst", "best"]], [1.5 / 4, 2.5 / 4], decimals=9)
    assert table["rating"].tolist() == ["amber", "green"]
    each = pathways_each(needs, found)
    assert each["people"].tolist() == [0, 2, 1]  # nobody in none, two in one, one in both
    assert_close(each["share"], [0, 2 / 3, 1 / 3], decimals=9)


def test_a_pathway_that_nobody_has_is_probably_misspelt(tmp_path):
    with pytest.raises(SpecError, match="nobody of the programme has a need of the pathway 'home'"):
        needs_of(tmp_path, ["P1,R1new,mood,2019-02-01,,achieved"])


def test_small_outcomes_are_hidden_with_the_mean(tmp_path):
    outcomes = ["achieved"] * 14 + ["partly"] * 12 + ["not"] * 4
    rows = [f"P{n},R{n}new,mood,2019-02-01,,{outcome}" for n, outcome in enumerate(outcomes, start=1)]
    rows += [f"P{n},R{n}new,home,2019-02-01,,achieved" for n in range(1, 31)]
    needs, found = needs_of(tmp_path, rows, people=30)
    safe = make_needs_safe(needs_met(needs, found))
    assert safe.loc[0, ["not", "mean", "low"]].tolist() == [CONFIDENTIAL] * 3
    assert safe.loc[0, "needs"] == 30
    assert [safe.loc[0, "achieved"], safe.loc[0, "partly"]].count(CONFIDENTIAL) == 1
    assert safe.loc[1, "achieved"] == 30
