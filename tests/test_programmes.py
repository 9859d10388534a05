"""Programmes: whose rows count, what came of them, one beside the other, bed-nights."""

import pandas as pd
import pytest
from conftest import assert_close
from intervention_extracts import COMPARED, extract_with, spec_with, started

from evalkit.cohort.intervention_spec import declared_intervention
from evalkit.cohort.programme_measures import bed_nights, mean_with_interval, programme_rates, programmes_compared
from evalkit.cohort.programmes import programmes
from evalkit.errors import DataError, SpecError
from evalkit.present.disclosure import CONFIDENTIAL
from evalkit.present.intervention_safe import make_nights_safe, make_programmes_safe
from evalkit.present.intervention_words import difference_sentence, share_sentence
from evalkit.spec import read_spec

VALUES = pd.read_csv("tests/reference/intervention_values.csv", index_col="name")["value"]


def test_whose_rows_count_step_by_step(tmp_path):
    extract = extract_with(
        tmp_path,
        [
            "R1,P1,course,2019-02-01,,,,new",  # referred, never started
            started(2, "2018-12-31"),  # a day before the period
            started(3, "2019-01-01"),  # its first day
            started(4, "2020-12-31"),  # its last day
            started(5, "2021-01-01"),  # a day after it
            started(6, "2019-03-01"),
            started(6, "2019-09-01", referral="R6b"),  # started twice: the first counts
            started(7, "2018-05-01", partner="old"),
            started(7, "2019-05-01"),  # was in the other programme first
            started(8, "2019-05-01", partner="other"),  # another programme
        ],
    )
    found = programmes(extract, spec_with(tmp_path, sections=COMPARED))
    assert found.flow["remaining"].tolist() == [8, 7, 5, 4, 3]
    assert found.flow["excluded"].tolist() == [0, 1, 2, 1, 1]
    assert sorted(found.own["referral_id"]) == ["R3new", "R4new", "R6new"]
    assert found.frame["programme"].value_counts().to_dict() == {"New": 3, "Old": 1}
    assert len(found.stays) == 5


def test_completion_is_of_those_known_and_of_all(tmp_path):
    rows = [started(n, "2019-02-01", end="2019-06-01", reason="completed") for n in range(1, 7)]
    rows += [started(n, "2019-02-01", end="2019-06-01", reason="disengaged") for n in (7, 8)]
    rows += [started(9, "2019-02-01"), started(10, "2019-02-01")]
    rates = programme_rates(programmes(extract_with(tmp_path, rows), spec_with(tmp_path))).iloc[0]
    assert (rates["in_scope"], rates["known"], rates["met"]) == (10, 8, 6)
    assert_close([rates["share"], rates["share_all"], rates["worst"], rates["best"]], [0.75, 0.6, 0.6, 0.8], decimals=9)
    assert (rates["rating"], rates["unit"]) == ("amber", "participant")


@pytest.mark.parametrize(
    ("sentence", "counted"),
    [
        ("X,P1,2019-02-01,fine,00801,2019-02-01", 0),  # the day of the start
        ("X,P1,2019-02-02,fine,00801,2019-02-02", 1),  # the day after it
        ("X,P1,2020-02-01,fine,00801,2020-01-01", 1),  # day 365
        ("X,P1,2020-02-02,fine,00801,2020-01-01", 0),  # day 366
        ("X,P1,2019-06-01,fine,00801,2019-01-31", 0),  # for an offence before the start
        ("X,P1,2019-06-01,breach of order,00801,", 0),  # a breach is no reconviction
    ],
)
def test_a_reconviction_counts_within_a_year_of_the_start(tmp_path, sentence, counted):
    extract = extract_with(tmp_path, [started(1, "2019-02-01")], sentences=[sentence])
    assert programmes(extract, spec_with(tmp_path)).own["reconvictions"].tolist() == [counted]


@pytest.mark.parametrize(("day", "in_scope"), [("2020-12-01", 1), ("2020-12-02", 0)])
def test_reconvictions_need_a_year_and_thirty_days(tmp_path, day, in_scope):
    spec = spec_with(tmp_path, sections="")
    text = spec.path.read_text().replace("programme_completed", "programme_reconvicted_1_year")
    spec.path.write_text(text)

    found = programmes(extract_with(tmp_path, [started(1, day)]), read_spec(spec.path))
    assert programme_rates(found)["in_scope"].tolist() == [in_scope]  # 2020-12-01 + 395 days is 2021-12-31


def test_jobs_and_courses_belong_to_the_referral(tmp_path):
    found = programmes(
        extract_with(
            tmp_path,
            [started(1, "2019-02-01"), started(2, "2019-02-01"), started(1, "2018-02-01", partner="old")],
            jobs="person_id,referral_id,sector,start_date\nP1,R1old,Rail,2019-03-01\nP2,R2new,Rail,2019-03-01\n",
            courses=(
                "person_id,referral_id,subject,start_date,completion_date\n"
                "P1,R1new,CSCS,2019-03-01,2019-03-02\nP2,R2new,CSCS,2019-03-01,\n"
            ),
        ),
        spec_with(tmp_path),
    )
    own = found.own.set_index("referral_id")
    assert own["jobs_found"].to_dict() == {"R1new": 0, "R2new": 1}
    assert own["courses_completed"].to_dict() == {"R1new": 1, "R2new": 0}  # without a date it is not completed


def two_programmes(tmp_path, new, old):
    """So many people completed of so many whose end is known, in each programme."""
    rows, number = [], 0
    for partner, day, (met, known) in (("new", "2019-02-01", new), ("old", "2018-02-01", old)):
        for place in range(known):
            number += 1
            reason = "completed" if place < met else "disengaged"
            rows.append(started(number, day, partner=partner, end="2020-01-31", reason=reason))
    extract = extract_with(tmp_path, rows, people=number)
    return programmes(extract, spec_with(tmp_path, sections=COMPARED))


def test_two_programmes_are_compared_as_in_r(tmp_path):
    row = programmes_compared(two_programmes(tmp_path, (168, 240), (175, 312))).iloc[0]
    assert_close(row[["rate_a", "rate_b"]], [168 / 240, 175 / 312], decimals=9)
    expected = VALUES[["two_difference", "two_low", "two_high", "two_p"]]
    assert_close(row[["difference", "low", "high", "p_value"]], expected, decimals=9)
    text = difference_sentence(row.to_dict(), labels=("New", "Old"))
    assert text == ("In “Old” it was 56.1% of 312: +13.9 percentage points, 95% interval +5.8 to +21.7, p = 0.001.")


def test_what_cannot_be_told_apart_is_said_so(tmp_path):
    row = programmes_compared(two_programmes(tmp_path, (20, 40), (22, 40))).iloc[0].to_dict()
    assert "The two are not distinguishable (" in difference_sentence(row, labels=("New", "Old"))
    assert "too few people" in difference_sentence({**row, "difference": CONFIDENTIAL}, labels=("New", "Old"))


def test_a_difference_is_hidden_where_a_count_behind_it_is(tmp_path):
    found = two_programmes(tmp_path, (33, 40), (30, 60))  # seven did not complete the new one
    safe = make_programmes_safe(programme_rates(found, by="programme"), programmes_compared(found))
    assert safe.differences[["rate_a", "rate_b", "difference", "p_value"]].iloc[0].tolist() == [CONFIDENTIAL] * 4
    assert 33 not in safe.rates["met"].tolist()
    found = two_programmes(tmp_path / "larger", (30, 40), (30, 60))
    shown = make_programmes_safe(programme_rates(found, by="programme"), programmes_compared(found))
    assert shown.differences["known_a"].tolist() == [40]


def test_nobody_on_one_side_is_an_error_that_says_where_to_look(tmp_path):
    extract = extract_with(tmp_path, [started(1, "2019-02-01")])
    with pytest.raises(
        DataError, match="nobody started 'Old' from 1 January 2018 to 31 December 2018; check its period"
    ):
        programmes(extract, spec_with(tmp_path, sections=COMPARED))


@pytest.mark.parametrize(
    ("more", "sections", "message"),
    [
        ('pathway = ["x"]', "", "intervention: unknown name 'pathway'; did you mean 'pathways'"),
        ('pathways = "x"', "", "intervention, pathways: 'x' is not"),
        ("", '[intervention.scores]\ninstrument = "q"', "intervention, scores: 'domains' is missing"),
        ("", '[intervention.scores]\ninstrument = "q"\ndomains = ["a"]\nbetter = "up"', "'up' is not one of 'higher'"),
        ("", '[intervention.scores]\ninstrument = "q"\ndomains = ["a"]\nreliability = "r"', "'r' is not a number"),
        ("", COMPARED.replace('"Old"', '"New"'), "both programmes are called 'New'"),
    ],
)
def test_what_is_wrong_in_the_section_is_named(tmp_path, more, sections, message):
    spec = spec_with(tmp_path, more=more, sections=sections)
    with pytest.raises(SpecError, match=message):
        declared_intervention(spec)


def test_a_missing_section_and_a_missing_column_are_named(tmp_path):
    spec = spec_with(tmp_path)
    text = spec.path.read_text()

    spec.path.write_text(text[: text.index("[intervention]")])
    with pytest.raises(SpecError, match=r"programme\.toml: the section \[intervention\] is missing"):
        declared_intervention(read_spec(spec.path))
    spec.path.write_text(text.replace("partner =", "house ="))
    with pytest.raises(SpecError, match="'New': the table referrals has no column house"):
        programmes(extract_with(tmp_path, [started(1, "2019-02-01")]), read_spec(spec.path))


def test_nights_run_from_start_to_end_or_to_the_extract(tmp_path):
    rows = [
        started(1, "2020-12-01", end="2020-12-11", reason="moved on"),
        started(2, "2020-12-01", end="2020-12-21", reason="moved on"),
        started(3, "2020-12-30"),  # still there on 31 December 2021
    ]
    table = bed_nights(programmes(extract_with(tmp_path, rows), spec_with(tmp_path, more="stays = true")))
    assert table["group"].tolist() == ["All stays", "Moved on", "No end on record"]
    assert table["nights"].tolist() == [396, 30, 366]
    assert table["stays"].tolist() == [3, 2, 1]
    # 10 and 20 nights: mean 15, t with one degree of freedom 12.7062 times a standard error of 5
    assert_close(table.loc[1, ["nights_per_stay", "low", "high"]], [15, -48.531, 78.531], decimals=3)
    assert pd.isna(table.loc[2, "low"])
    assert bed_nights(programmes(extract_with(tmp_path / "none", rows), spec_with(tmp_path))).empty


def test_few_stays_of_one_kind_are_hidden_with_another_and_last():
    kinds = {"All stays": 60, "Moved": 40, "Left": 16, "Custody": 4}
    table = pd.DataFrame({"group": list(kinds), "stays": list(kinds.values())})
    table = table.assign(nights=table["stays"] * 10, nights_per_stay=10.0, low=9.0, high=11.0)
    safe = make_nights_safe(table)
    assert safe["stays"].tolist() == [60, 40, CONFIDENTIAL, CONFIDENTIAL]
    assert safe["group"].tolist() == ["All stays", "Moved", "Custody", "Left"]  # hidden ones last, by name
    assert safe["nights"].tolist() == [600, 400, CONFIDENTIAL, CONFIDENTIAL]


def test_the_mean_of_one_has_no_interval():
    assert_close([mean_with_interval(pd.Series([4.0]))["mean"]], [4.0], decimals=9)
    assert pd.isna(mean_with_interval(pd.Series([4.0]))["low"])
    assert pd.isna(mean_with_interval(pd.Series([], dtype=float))["mean"])


@pytest.mark.parametrize(("score", "expected"), [("1", 1.0), ("0", 0.0), (None, None)])
def test_where_people_live_three_months_on_comes_from_the_follow_up(tmp_path, score, expected):
    measures = "person_id,referral_id,instrument,domain,stage,date,score\n"
    measures += "P2,R2new,follow-up,settled,end,2019-09-01,1\n"
    measures += f"P1,R1new,follow-up,settled,end,2019-09-01,{score}\n" if score else ""
    sections = '[intervention.settled]\ninstrument = "follow-up"\ndomain = "settled"'
    extract = extract_with(tmp_path, [started(1, "2019-02-01"), started(2, "2019-02-01")], measures=measures)
    settled = programmes(extract, spec_with(tmp_path, sections=sections)).own.set_index("referral_id")
    value = settled.loc["R1new", "settled_at_3_months"]
    assert pd.isna(value) if expected is None else value == expected
    assert settled.loc["R2new", "settled_at_3_months"] == 1


def test_a_follow_up_that_is_no_yes_or_no_is_refused(tmp_path):
    measures = "person_id,referral_id,instrument,domain,stage,date,score\nP1,R1new,follow-up,settled,end,2019-09-01,2\n"
    sections = '[intervention.settled]\ninstrument = "follow-up"\ndomain = "settled"'
    extract = extract_with(tmp_path, [started(1, "2019-02-01")], measures=measures)
    with pytest.raises(DataError, match="'follow-up', 'settled': a score is neither 1"):
        programmes(extract, spec_with(tmp_path, sections=sections))


def test_much_unknown_gets_its_bounds_in_the_answer(tmp_path):
    rows = [started(n, "2019-02-01", end="2019-06-01", reason="completed" if n < 16 else "left") for n in range(1, 27)]
    rows += [started(n, "2019-02-01") for n in range(27, 41)]
    extract = extract_with(tmp_path, rows, people=40)
    row = programme_rates(programmes(extract, spec_with(tmp_path))).iloc[0].to_dict()
    assert share_sentence(row, who="people who started") == (
        "Completed the programme: 15 of the 26 people who started of whom it is known, 57.7% (95% interval 38.9 to "
        "74.5). It is unknown of 35.0% of them: of all, it could be 37.5% to 72.5%."
    )
