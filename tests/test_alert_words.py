"""Monitored units in words, made safe, and on a manager's page: by rule, never ranked, nothing of small units."""

import datetime

import pandas as pd
import pytest

from evalkit.errors import DataError
from evalkit.present import causal_words, make_safe
from evalkit.present.alert_words import (
    STATE_WORDS,
    common_shift,
    monitoring_answer,
    monitoring_can_and_cannot,
    show_alerts,
    state_words,
)
from evalkit.present.briefing_words import (
    briefing_answer,
    briefing_boxes,
    briefing_chance,
    briefing_checks,
    briefing_contact,
    briefing_early,
    briefing_figures,
)
from evalkit.present.curves_safe import make_paths_safe
from evalkit.present.monitored_safe import (
    make_caseload_safe,
    make_cohorts_safe,
    make_early_safe,
    make_quality_safe,
    make_units_safe,
)

YEAR = "ratio of the period"
RUN = "CUSUM in the last quarter"
PERIOD = (datetime.date(2020, 10, 1), datetime.date(2021, 9, 30))
ALERT, WATCH, FINE = "alert", "watch", "as expected"
HOLD, SMALL = "data-quality hold", "too small to judge"


def row(unit, state=FINE, direction="", *, people=400, actual=120, predicted=121.4, reason=None, within="North"):
    return {
        "unit": unit,
        "within": within,
        "state": state,
        "direction": direction,
        "reason": reason if reason is not None else (YEAR if direction else ""),
        "people": people,
        "actual": actual,
        "predicted": predicted,
        "ratio": actual / predicted,
        "ratio_low": actual / predicted - 0.1,
        "ratio_high": actual / predicted + 0.1,
        "q_value": 0.5,
        "adjusted_low_95": 0.8,
        "adjusted_high_95": 1.25,
    }


def safe(*rows):
    return make_units_safe(pd.DataFrame(rows))


def cohorts(*rows):
    table = pd.DataFrame(rows).rename(columns={"within": "characteristic", "unit": "cohort"})
    return make_cohorts_safe(table)


COMMON = make_safe(
    pd.DataFrame(
        [{"people": 900, "actual": 260, "predicted": 300.0, "ratio": 0.8667, "ratio_low": 0.81, "ratio_high": 0.92}]
    ),
    counts={"people": None, "actual": "people"},
)

TEAMS = safe(
    row("Alpha", ALERT, "worse"),
    row("Beta"),
    row("Gamma", ALERT, "better"),
    row("Delta", WATCH, "worse"),
    row("Epsilon", HOLD),
    row("Zeta", SMALL),
)
NOBODY = cohorts(row("female", within="sex"), row("male", within="sex"))


@pytest.mark.parametrize(
    ("state", "direction", "words"),
    [
        (ALERT, "worse", "more than people like them"),
        (ALERT, "better", "fewer than people like them"),
        (WATCH, "worse", "watch: perhaps more"),
        (WATCH, "better", "watch: perhaps fewer"),
        (FINE, "", "as expected"),
        (HOLD, "", "data to be checked first"),
        (SMALL, "", "too small to judge"),
    ],
)
def test_each_state_has_its_words(state, direction, words):
    assert state_words(state, direction) == words
    assert len(STATE_WORDS) == 7


@pytest.mark.parametrize(("state", "direction"), [("excellent", ""), (ALERT, ""), (SMALL, "better")])
def test_a_state_without_words_is_refused(state, direction):
    with pytest.raises(DataError, match=f"state '{state}', direction '{direction}': there are no words for it"):
        state_words(state, direction)


def test_the_answer_counts_alerts_of_both_directions_and_holds_and_names_them():
    text = monitoring_answer(TEAMS, safe(row("North")), NOBODY, COMMON, units=("teams", "areas")).text
    assert text.splitlines()[0] == "3 of 6 teams and none of 1 areas need a look."
    assert (
        "Of the teams: more people were reconvicted than among people like them in Alpha; fewer were reconvicted than "
        "among people like them in Gamma; the data must be checked first in Epsilon." in text
    )
    assert "Of the others, 1 is on watch (Delta), 1 is as expected, 1 is too small to judge." in text
    assert "All 1 areas are as expected." in text
    assert "None of 2 cohorts stands out." in text


def test_one_unit_needs_and_more_need():
    one = monitoring_answer(safe(row("A", HOLD)), safe(row("N")), NOBODY, COMMON, units=("teams", "areas")).text
    assert one.startswith("1 of 1 teams and none of 1 areas needs a look.")
    both = monitoring_answer(safe(row("A", HOLD)), safe(row("N", HOLD)), NOBODY, COMMON, units=("teams", "areas")).text
    assert both.startswith("1 of 1 teams and 1 of 1 areas need a look.")


@pytest.mark.parametrize(("many", "text"), [(4, "in A, B, C and D."), (5, "in 5 of them.")])
def test_up_to_four_units_are_named(many, text):
    table = safe(*(row(name, ALERT, "worse") for name in "ABCDE"[:many]))
    answer = monitoring_answer(table, safe(row("North")), NOBODY, COMMON, units=("teams", "areas")).text
    assert f"more people were reconvicted than among people like them {text}" in answer


def test_a_cohort_that_stands_out_is_named_with_its_characteristic():
    table = cohorts(
        row("female", ALERT, "worse", within="sex"),
        row("male", within="sex"),
        row("18 to 24", ALERT, "better", within="age band"),
        row("25 to 34", WATCH, "worse", within="age band"),
    )
    text = monitoring_answer(TEAMS, safe(row("North")), table, COMMON, units=("teams", "areas")).text
    assert (
        "Of 4 cohorts: more reconvictions than among people like them in sex: Female, fewer in age band: 18 to 24. The "
        "needs of a cohort with more may not be met." in text
    )


def test_the_common_shift_has_its_counts_and_interval():
    text = common_shift(COMMON)
    assert text.startswith(
        "Everybody together: 260 of 900 people were reconvicted within a year, 0.87 times the number that their scores "
        "predict (95% interval 0.81 to 0.92)."
    )
    few = make_safe(pd.DataFrame([{"people": 30, "actual": 4, "ratio": 0.9}]), counts={"people": None, "actual": None})
    assert common_shift(few) == "There are too few people to say how far everybody together is from the score."


def test_the_table_keeps_the_order_given_and_says_states_in_words_and_colour():
    piece = show_alerts(TEAMS, caption="Teams")
    places = [piece.html.index(f'<th scope="row">{name}</th>') for name in TEAMS["unit"]]
    assert places == sorted(places)
    assert piece.html.count("<tr class=flag>") == 2
    assert piece.html.count("<tr class=amber>") == 2
    assert piece.html.index("more than people like them") < piece.html.index("too small to judge")
    named = show_alerts(cohorts(row("female", within="sex")), caption="Cohorts", columns="cohort alerts")
    assert '<th scope="row">Sex: Female</th>' in named.html


def test_what_cannot_be_said_says_that_there_is_no_ranking_and_small_is_not_good():
    text = monitoring_can_and_cannot(TEAMS, NOBODY, units="teams").text
    assert "there is no ranking" in text
    assert "That too small to judge is good: it says nothing either way." in text
    assert causal_words(text) == []


def test_a_small_team_is_hidden_with_another_of_its_area_and_no_other_area():
    table = safe(
        row("A", SMALL, people=12, actual=4, predicted=4.2),
        row("B", actual=130),
        row("C", actual=125),
        row("D", within="South"),
    ).set_index("unit")
    assert table.loc["A", "actual"] == "[c]"
    assert table.loc["A", "predicted"] == "[c]"  # what is computed from a hidden count goes with it
    assert (table.loc[["A", "B", "C"], "actual"] == "[c]").sum() == 2  # the area's total is known
    assert table.loc["D", "actual"] == 120


@pytest.mark.parametrize(("actual", "hidden"), [(9, True), (10, False)])
def test_a_crossing_with_a_small_number_is_hidden_whole_and_its_parts_are_not(actual, hidden):
    table = cohorts(
        row("female", people=200, actual=60, within="sex"),
        row("male", people=600, actual=190, within="sex"),
        row("female, old", people=60, actual=actual, within="sex and age band"),
        row("female, young", people=140, actual=60 - actual, within="sex and age band"),
        row("male, old", people=300, actual=90, within="sex and age band"),
        row("male, young", people=300, actual=100, within="sex and age band"),
    )
    crossing = table[table["characteristic"] == "sex and age band"]
    numbers = crossing[["people", "actual", "predicted", "ratio"]]
    assert (numbers == "[c]").all(axis=None) == hidden
    assert (numbers == "[c]").any(axis=None) == hidden
    assert table.loc[table["cohort"] == "female", "actual"].item() == 60
    assert table.hidden_cells == (8 if hidden else 0)


def test_no_path_at_all_is_an_empty_safe_table():
    nobody = pd.DataFrame(columns=["unit", "matures", "fewer_people"])
    paths = make_paths_safe(nobody, TEAMS, last=PERIOD[1])
    assert len(paths) == 0
    assert paths.hidden_cells == 0


def test_of_the_first_three_months_nothing_later_is_kept():
    table = early(people=50, actual=30, person_years=40.0)
    assert not {"people", "actual", "person_years"} & set(table.columns)
    assert table["actual_90"].tolist() == [12]


def test_beside_a_hidden_number_of_people_no_share_gives_it_away():
    """All people, less those without a score, are the people judged: hidden in one table, hidden in every table."""
    rows = [row(name, people=many, actual=30) for name, many in (("A", 40), ("B", 45), ("C", 50))]
    rows[0] |= {"people": 5, "actual": 2}
    units = safe(*rows)
    closed = set(units.loc[units["people"] == "[c]", "unit"])
    assert len(closed) == 2
    records = pd.DataFrame(rows)[["unit", "within"]].assign(
        all_people=[25, 65, 70], unscored=20, missing_share=[0.8, 20 / 65, 20 / 70], duplicates=0
    )
    shown = make_quality_safe(records, units).set_index("unit")
    assert set(shown.index[shown["missing_share"] == "[c]"]) >= closed
    assert "all_people" not in shown
    years = pd.DataFrame(rows)[["unit", "within", "people"]].assign(people_before=60, risk=0.3, risk_before=0.3)
    loads = make_caseload_safe(years, units).set_index("unit")
    assert "people" not in loads
    assert set(loads.index[loads["risk"] == "[c]"]) == closed
    assert loads["people_before"].tolist() == [60, 60, 60]


def early(unit="Alpha", *, people_90=50, actual_90=12, **later):
    ratio = {"ratio_90": 1.2, "ratio_90_low": 0.7, "ratio_90_high": 1.9}
    own = {"unit": unit, "within": "North", "people_90": people_90, "actual_90": actual_90, "predicted_90": 10.2}
    return make_early_safe(pd.DataFrame([own | ratio | later]))


def quality(unit="Alpha", *, unscored=12, all_people=412, duplicates=0):
    shares = {"missing_share": unscored / all_people, "held": unscored > all_people / 10}
    counts = {"all_people": all_people, "unscored": unscored, "duplicates": duplicates}
    table = pd.DataFrame([{"unit": unit, "within": "North"} | shares | counts])
    return make_quality_safe(table, safe(row(unit)))


def caseload(unit="Alpha", *, before=410, risk=0.36, risk_before=0.37):
    own = {"people": 400, "people_before": before, "risk": risk, "risk_before": risk_before}
    return make_caseload_safe(pd.DataFrame([{"unit": unit, "within": "North"} | own]), safe(row(unit)))


def page(own, *, quality_table=None, caseload_table=None, early_table=None):
    """Every part of the page about Alpha, as text."""
    table = safe(own, row("Beta", actual=130))
    parts = [
        briefing_answer(table, "Alpha"),
        briefing_figures(table, "Alpha", period=PERIOD),
        briefing_checks(
            table,
            quality() if quality_table is None else quality_table,
            caseload() if caseload_table is None else caseload_table,
            "Alpha",
        ),
        briefing_early(
            table, early() if early_table is None else early_table, "Alpha", as_of=datetime.date(2021, 12, 1)
        ),
    ]
    answer, *others = [part.text for part in parts]
    figures = "\n".join(filter(None, [others[0], briefing_chance(table, "Alpha").text]))
    return [answer, figures, *others[1:]]


def test_an_alert_is_told_with_what_was_expected_what_happened_and_chance():
    answer, figures, checks, latest = page(row("Alpha", ALERT, "worse", actual=160))
    assert answer == "More people than expected were reconvicted in Alpha, by more than chance explains."
    assert "400 people of Alpha (followed for a year)" in figures
    assert "Their years ended in October 2020 to September 2021." in figures
    assert "121 expected to be reconvicted (of 400 like them)" in figures
    assert "160 were reconvicted (of the 400 here)" in figures
    assert "97–152 the usual range (19 times in 20)" in figures  # 0.8 and 1.25 times 121.4
    assert "Yes. Chance, and the usual differences between places, seldom bring this." in figures
    assert checks.splitlines()[0] == "What to check first"
    assert latest.startswith("INTERIM. Of 50 people whose year is not counted yet, 12 were reconvicted in their first")
    assert "of people like them about 10 would have been (known up to 1 December 2021)" in latest


@pytest.mark.parametrize(
    ("state", "direction", "headline", "verdict"),
    [
        (ALERT, "better", "Fewer people than expected were reconvicted in Alpha, by more than chance", "Yes."),
        (WATCH, "worse", "Perhaps more people than expected were reconvicted in Alpha", "Perhaps."),
        (WATCH, "better", "Perhaps fewer people than expected were reconvicted in Alpha", "Perhaps."),
        (FINE, "", "About as many people as expected were reconvicted in Alpha.", "No."),
    ],
)
def test_headline_and_verdict_on_chance_follow_the_state(state, direction, headline, verdict):
    answer, figures, *_ = page(row("Alpha", state, direction))
    assert answer.startswith(headline)
    assert figures.splitlines()[-1].startswith(verdict)


def test_a_run_alone_is_told_as_lately_and_beside_the_year_as_also():
    """The year may be as expected, or even better, while the sum of the last months alarms."""
    answer, figures, *_ = page(row("Alpha", ALERT, "worse", actual=118, reason=RUN))
    assert answer == "Lately more people than expected were reconvicted in Alpha, by more than chance explains."
    assert (
        "Yes, lately: over the whole year the number is not out of the ordinary, but the last quarter kept" in figures
    )
    answer, figures, *_ = page(row("Alpha", ALERT, "better", actual=80, reason=f"{YEAR} and {RUN}"))
    assert answer.startswith("Fewer people")
    assert figures.endswith("Also, the last quarter kept bringing fewer reconvictions than expected.")
    assert "lately" not in figures


@pytest.mark.parametrize(
    "own",
    [
        row("Alpha", SMALL, people=29, actual=11),
        row("Gamma"),  # nobody of Alpha was due in the period
    ],
)
def test_too_small_is_said_and_nothing_else_is_shown(own):
    answer, *others = page(own)
    assert answer == "There are too few people in Alpha to say anything. That is neither good nor bad news."
    assert others == ["", "", ""]


def test_a_judged_unit_whose_numbers_are_hidden_has_its_verdict_and_no_number():
    answer, figures, *_ = page(row("Alpha", ALERT, "better", people=60, actual=4, predicted=18.0))
    assert answer == "Fewer people than expected were reconvicted in Alpha, by more than chance explains."
    assert figures.startswith("Yes. ")
    assert not any(character.isdigit() for character in figures)
    assert "The numbers are not shown here: they are small, or would give small ones elsewhere away." in figures


def test_boxes_hold_what_is_said_and_leave_out_what_is_empty():
    table = safe(row("Alpha"), row("Zeta", SMALL))
    chance, latest = briefing_chance(table, "Alpha"), briefing_early(table, early(), "Alpha", as_of=PERIOD[1])
    both = briefing_boxes([chance], [latest, chance])
    assert [box.count("<h3>") for box in both.html.split("<div>")] == [0, 1, 2]
    alone = briefing_boxes([briefing_chance(table, "Zeta")], [latest])
    assert [box.count("<h3>") for box in alone.html.split("<div>")] == [0, 1]
    assert alone.text == latest.text
    assert briefing_boxes([briefing_chance(table, "Zeta")]).html == ""


def test_a_unit_on_hold_gets_its_checks_and_no_judgement():
    answer, figures, checks, latest = page(row("Alpha", HOLD), quality_table=quality(unscored=80))
    assert answer == "The records of Alpha have to be checked before anything can be said."
    assert (figures, latest) == ("", "")
    assert "80 people (19.4%) have no risk score" in checks
    assert "As long as more than 10% have none" in checks


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (quality(unscored=12), "Missing scores: 12 people (2.9%) have no risk score, and are left out."),
        (quality(unscored=3), "Missing scores: hardly anybody is without a risk score."),  # three are not shown
        (quality(unscored=0), "Missing scores: hardly anybody is without a risk score."),
        (quality(duplicates=0), "Records there twice: none, unless one person has two numbers."),
        (quality(duplicates=4), "Records there twice: some sentences are. Have the second ones removed."),
    ],
)
def test_the_checks_say_what_the_records_show(table, text):
    checks = page(row("Alpha"), quality_table=table)[2]
    assert text in checks
    assert "Late records:" in checks


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (caseload(before=500), "500 people the year before at 37.0% average risk, now 400 at 36.0%."),
        (caseload(before=500), "A marked change"),  # a fifth fewer
        (caseload(before=499), "Much the same"),
        (caseload(risk=0.40), "A marked change"),  # three points
        (caseload(risk=0.399), "Much the same"),
        (caseload(before=0), "there is no earlier year to compare with"),
        (caseload(before=7), "there is no earlier year to compare with"),  # seven are not shown
    ],
)
def test_a_change_of_caseload_is_pointed_out_from_a_fifth_or_three_points_on(table, text):
    assert text in page(row("Alpha"), caseload_table=table)[2]


@pytest.mark.parametrize("table", [early(actual_90=4), early("Beta"), early(people_90=0, actual_90=0)])
def test_where_the_first_months_are_few_nothing_is_said_of_them(table):
    assert page(row("Alpha"), early_table=table)[3] == ""


def test_the_page_hands_the_list_its_sentence_words_and_area_and_no_figure():
    facts = briefing_answer(safe(row("Alpha", WATCH, "better")), "Alpha").facts
    assert facts == {
        "headline": "Perhaps fewer people than expected were reconvicted in Alpha: keep an eye on it.",
        "finding": "watch: perhaps fewer",
        "within": "North",
    }


def test_names_from_the_data_are_text_and_no_markup():
    table = safe(row("<b>A</b>", ALERT, "worse"))
    shown = [briefing_answer(table, "<b>A</b>"), briefing_figures(table, "<b>A</b>", period=PERIOD)]
    shown += [briefing_contact("<i>us</i>"), show_alerts(table, caption="<u>T</u>")]
    assert not any(mark in piece.html for piece in shown for mark in ("<b>A", "<i>us", "<u>T"))
    assert "&lt;b&gt;A" in shown[0].html


def test_no_sentence_of_any_page_claims_a_cause():
    states = [
        (ALERT, "worse"),
        (ALERT, "better"),
        (WATCH, "worse"),
        (WATCH, "better"),
        (FINE, ""),
        (HOLD, ""),
        (SMALL, ""),
    ]
    texts = [text for state in states for reason in (YEAR, RUN) for text in page(row("Alpha", *state, reason=reason))]
    texts.append(briefing_contact("us").text)
    assert len(set(texts)) > 15
    assert causal_words("\n".join(texts)) == []
