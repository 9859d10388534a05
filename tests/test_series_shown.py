"""A series as it is shown: safe first, each outcome by itself, no finding without a prediction that fits."""

import re
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from evalkit.cohort.declared import definitions
from evalkit.errors import DataError
from evalkit.present import causal_words
from evalkit.present.chart_series import draw_headlines, draw_shares, show_series, show_shares
from evalkit.present.declared_tables import show_definitions
from evalkit.present.disclosure import SafeTable
from evalkit.present.series_safe import compared_lines, described_lines, make_series_safe
from evalkit.present.series_tables import show_behind, show_ladder, show_series_table
from evalkit.present.series_words import (
    headline_sentence,
    same_people_note,
    series_answer,
    series_can_and_cannot,
    series_finding_line,
    why_not_added,
)

NOTHING = float("nan")
LINE = {
    **{"title": "One", "who": "Took up", "against": "people not there yet", "unit": "person", "within": ""},
    **{"outcome": "reconvicted_1_year", "outcome_label": "Reconvicted within a year", "same_people": ""},
    **{"people": 500, "met": 100, "scope": NOTHING, "others": 0, "others_met": 0, "not_analysed": 40},
    **{"others_scope": NOTHING},
    **{"rate": 0.2, "comparison": 0.25, "difference": -0.05, "low": -0.08, "high": -0.02, "p_value": 0.001},
    **{"rate_low": NOTHING, "rate_high": NOTHING, "method": "a method", "basis": "People", "caution": ""},
    **{"verdict": "not applicable", "verdict_reason": "no prediction is the yardstick", "design": "a design"},
    **{"strength": 2, "strength_words": "2 of 5", "compares": "Beside people", "leaves_open": "Much"},
    "left_out_of": "all who took up",
}


def lines(*changes):
    rows = []
    for number, change in enumerate(changes):
        name = change.get("name", f"line {number}")
        named = {"name": name, "evaluation": name, "report": f"{name}.html"}
        rows.append({**LINE, **named, **change})
    return pd.DataFrame(rows)


def safe_lines(*changes):
    return make_series_safe(lines(*changes))


SHARE = {"against": "", "comparison": NOTHING, "difference": NOTHING, "low": NOTHING, "high": NOTHING,
         "p_value": NOTHING, "rate_low": 0.17, "rate_high": 0.24}  # fmt: skip
HIGHER = {"difference": 0.05, "low": 0.01, "high": 0.09, "outcome_label": "Found work"}
UNCLEAR = {"difference": -0.01, "low": -0.03, "high": 0.01, "p_value": 0.4}
UNTRUE = {"caution": "its prediction failed the check", "verdict": "failed", "verdict_reason": "outside"}


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({}, "lower"),
        (HIGHER, "higher"),
        (UNCLEAR, "not distinguishable"),
        ({"high": 0.0}, "not distinguishable"),
        ({"low": 0.0, "high": 0.1}, "not distinguishable"),
        (UNTRUE, "no finding"),
        (SHARE, "described"),
        ({"people": 30, "met": 15, "difference": -0.3, "low": -0.5, "high": -0.1}, "lower"),
        ({"people": 29, "met": 15, "difference": -0.3, "low": -0.5, "high": -0.1}, "too small"),
        ({"met": 10, "rate": 0.02}, "lower"),
        ({"people": 500, "met": 9}, "too small"),
        ({"low": NOTHING, "high": NOTHING}, "too small"),
    ],
)
def test_each_line_reads_by_its_interval_its_numbers_and_its_check(change, finding):
    assert safe_lines(change)["finding"].tolist() == [finding]


@pytest.mark.parametrize(("met", "hidden"), [(9, True), (10, False), (490, False), (491, True), (0, False)])
def test_a_small_count_or_remainder_hides_the_line_with_all_that_is_computed_from_it(met, hidden):
    row = safe_lines({"met": met}).iloc[0]
    assert (row["met"] == "[c]") == hidden
    for name in ("rate", "comparison", "difference", "low", "high", "p_value"):
        assert (row[name] == "[c]") == hidden, name


@pytest.mark.parametrize(("others_met", "hidden"), [(9, True), (10, False), (390, False), (391, True)])
def test_a_small_count_of_the_other_side_hides_the_line_as_well(others_met, hidden):
    row = safe_lines({"others": 400, "others_met": others_met}).iloc[0]
    assert (row["comparison"] == "[c]") == hidden


@pytest.mark.parametrize(("others_scope", "hidden"), [(409, True), (410, False)])
def test_few_unknown_of_the_other_side_hide_its_rate(others_scope, hidden):
    row = safe_lines({"others": 400, "others_met": 100, "others_scope": float(others_scope)}).iloc[0]
    assert (row["comparison"] == "[c]") == hidden


@pytest.mark.parametrize(("scope", "hidden"), [(509, True), (510, False), (500, False)])
def test_few_of_whom_the_outcome_is_unknown_hide_how_many_it_is_known_of(scope, hidden):
    row = safe_lines({"scope": float(scope)}).iloc[0]
    assert (row["people"] == "[c]") == hidden
    assert (row["not_analysed"] == "[c]") == hidden


@pytest.mark.parametrize(("left_out", "shown"), [(9, "[c]"), (10, 10), (0, 0)])
def test_few_who_are_not_analysed_are_hidden_alone(left_out, shown):
    row = safe_lines({"not_analysed": left_out}).iloc[0]
    assert row["not_analysed"] == shown
    assert row["difference"] == -0.05


def test_people_within_another_line_are_protected_against_subtraction():
    all_of_them = {"name": "all"}
    few_others = safe_lines(all_of_them, {"name": "seen", "within": "all", "people": 493, "met": 80})
    assert "[c]" in few_others["people"].tolist()
    enough = safe_lines(all_of_them, {"name": "seen", "within": "all", "people": 400, "met": 80})
    assert enough["people"].tolist() == [500, 400]


def test_the_same_people_by_two_designs_are_protected_against_subtraction():
    same = {"same_people": "service"}
    apart = safe_lines({**same, "name": "fair"}, {**same, "name": "matched", "people": 497, "met": 98})
    assert "[c]" in apart["people"].tolist()
    alone = safe_lines({"name": "fair"}, {"name": "matched", "people": 497, "met": 98})
    assert alone["people"].tolist() == [500, 497]


def test_nothing_is_shown_before_it_is_safe():
    for show in (series_answer, series_can_and_cannot, show_behind, why_not_added, compared_lines, described_lines):
        with pytest.raises(DataError, match="has not been made safe"):
            show(lines({}))
    with pytest.raises(DataError, match="has not been made safe"):
        show_series_table(lines({}), caption="All")
    with pytest.raises(DataError, match="has not been made safe"):
        show_series(lines({}), finding="f", measure="m", source="s")


def test_outcomes_are_tallied_each_by_itself_and_the_same_people_once():
    same = {"same_people": "service"}
    table = safe_lines(same, same, UNCLEAR, UNTRUE, HIGHER, {**SHARE, "outcome_label": "Settled"})
    assert series_finding_line(table) == (
        "Reconvicted within a year: lower in 1 of 3 comparisons (by 2 designs), not distinguishable in 1, no finding "
        "in 1. Found work: higher"
    )
    assert series_answer(table).text.startswith(
        "6 evaluations of 3 outcomes, which do not add up to a total. Reconvicted within a year:"
    )
    assert series_finding_line(safe_lines(SHARE)) == "No evaluation of this series has a comparison"


def test_designs_that_disagree_on_the_same_people_are_both_told():
    same = {"same_people": "service"}
    assert series_finding_line(safe_lines(same, {**same, **UNCLEAR})) == (
        "Reconvicted within a year: lower in 1 of 2 comparisons, not distinguishable in 1"
    )


def test_why_there_is_no_total_is_said_with_the_outcomes():
    text = why_not_added(safe_lines({}, HIGHER))
    assert "“reconvicted within a year” and “found work” are different things" in text
    assert "cannot be added up or averaged" in text
    assert "cannot be added up or averaged" in why_not_added(safe_lines({}, {}))


def test_the_same_people_are_one_result():
    same = {"same_people": "service"}
    note = same_people_note(safe_lines({**same, "title": "Fair"}, {**same, "title": "Matched"}, {"title": "Else"}))
    assert note.startswith("“Fair” and “Matched” follow the same people by different designs")
    assert same_people_note(safe_lines(same, {})) == ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {},
            "One. Reconvicted within a year: 20.0% of 500 people (Took up), against 25.0% (people not there yet): "
            "−5.0 percentage points, 95% interval −8.0 to −2.0.",
        ),
        (UNCLEAR, "interval −3.0 to +1.0. The two are not distinguishable."),
        (UNTRUE, "−2.0. No finding: its prediction failed the check."),
        (SHARE, "20.0% of 500 people (Took up), 95% interval 17.0 to 24.0. Nothing stands beside it."),
        ({"met": 9}, "One. There are too few people to show “reconvicted within a year”."),
        ({"low": NOTHING, "high": NOTHING}, "There are too few people to compare."),
        ({"p_value": 0.06}, "Interval and test (p = 0.060) do not agree: the verdict depends on the method."),
        ({**UNCLEAR, "p_value": 0.04}, "Interval and test (p = 0.040) do not agree"),
        ({**UNCLEAR, "p_value": NOTHING}, "The two are not distinguishable."),
    ],
)
def test_a_headline_as_a_sentence(change, sentence):
    (row,) = safe_lines(change).to_dict("records")
    assert sentence in headline_sentence(row)


def test_what_can_be_said_leaves_out_what_is_no_finding_and_claims_no_cause():
    text = series_can_and_cannot(safe_lines({}, UNTRUE, UNCLEAR, HIGHER, SHARE)).text
    can, cannot = text.split("You cannot say")
    assert can.count("One.") == 4
    assert "No finding" not in can
    for line in ("no total or average", "puts them in an order", "marked as no finding", "drew lots"):
        assert line in cannot
    assert causal_words(text) == []
    by_lot = series_can_and_cannot(safe_lines({"strength_words": "5 of 5"})).text
    assert "drew lots" not in by_lot


def test_the_table_has_strength_and_check_and_its_file_has_every_column():
    piece = show_series_table(safe_lines({}, {**UNTRUE, "name": "gate"}, SHARE), caption="All")
    assert re.search(r"<tr class=amber><th[^>]*>One</th>.*?no finding</td>", piece.html)
    assert piece.html.count("class=amber") == 1
    for cell in ("−5.0 (−8.0 to −2.0)", "2 of 5", "not applicable", "[z]"):
        assert cell in piece.text
    head, *rows = unquote(re.search(r'href="data:text/csv;charset=utf-8,([^"]*)"', piece.html)[1]).split("\r\n")
    for column in ("Difference (pp): from", "Design strength", "Check of the prediction", "Not analysed", "Report"):
        assert column in head.split(",") or f'"{column}"' in head
    assert len([row for row in rows if row]) == 3
    assert "gate.html" in rows[1]


def test_a_hidden_line_is_hidden_in_the_file_as_well():
    piece = show_series_table(safe_lines({"met": 9, "rate": 0.018}), caption="All")
    file = unquote(re.search(r'href="data:text/csv;charset=utf-8,([^"]*)"', piece.html)[1])
    assert "[c]" in file
    for number in ("1.8", "−5.0", ",9,"):
        assert number not in file
    assert "confidential: a small number" in piece.html


def test_behind_each_headline_stand_its_design_its_check_and_a_link_to_its_report():
    piece = show_behind(safe_lines({"name": "ete"}, {**UNTRUE, "name": "gate"}))
    assert piece.html.count("<h3>") == 2
    assert '<a href="gate.html">gate.html</a>' in piece.html
    for text in (
        "2 of 5: beside people",
        "failed: outside",
        "40 of all who took up",
        "its prediction failed the check",
    ):
        assert text in piece.text
    hostile = show_behind(safe_lines({"title": "<b>", "name": 'x" onload="'})).html
    assert "<b>" not in hostile
    assert '" onload="' not in hostile


def test_the_ladder_and_the_definitions_are_words():
    rungs = pd.DataFrame([{"strength": "none", "compares": "A", "leaves_open": "B", "evaluations": ""}])
    assert "none" in show_ladder(rungs, caption="Ladder").text
    shown = show_definitions(definitions(["reconvicted_1_year"]), caption="Meanings")
    assert "365 days from the day after the one the person is followed from" in shown.text
    assert "one person" in shown.text


def drawn(draw, table, width=7.6):
    return draw(table, Figure(figsize=(width, 3)).add_axes((0.4, 0.2, 0.34, 0.7)))


@pytest.mark.parametrize("width", [7.6, 3.6])
def test_the_forest_plot_draws_the_differences_and_hollows_what_is_no_finding(width):
    ax = drawn(draw_headlines, safe_lines({}, UNTRUE, {"met": 9}), width)
    intervals = [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_marker() == "None"][1:]
    assert [tuple(np.round(line.get_xdata(), 6)) for line in intervals] == [(-8.0, -2.0)] * 2
    full, hollow = (line for line in ax.lines if line.get_marker() == "o")
    assert (full.get_xdata()[0], full.get_ydata()[0]) == (-5.0, 0)
    assert full.get_markerfacecolor() == full.get_markeredgecolor()
    assert hollow.get_markerfacecolor() == "#ffffff"
    texts = [text.get_text() for text in ax.texts]
    assert "−5.0 (−8.0 to −2.0)" in texts
    assert "no finding" in texts
    assert "[c]" in texts
    assert ax.get_title(loc="left") == "Reconvicted within a year"
    assert "left of zero: fewer people" in ax.get_xlabel()


def test_shares_are_drawn_from_0_to_100_per_cent():
    ax = drawn(draw_shares, safe_lines(SHARE, {**SHARE, "met": 9}))
    assert ax.get_xlim() == (0, 100)
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "s"] == [20.0]
    assert "20.0% (17.0 to 24.0)" in [text.get_text() for text in ax.texts]
    assert "[c]" in [text.get_text() for text in ax.texts]


def test_each_outcome_has_a_block_of_its_own_and_shares_are_in_none():
    table = safe_lines({}, HIGHER, {}, SHARE)
    both = compared_lines(table)
    assert isinstance(both, SafeTable)
    piece = show_series(both, finding="f", measure="m", source="s")
    wide = piece.html[: piece.html.index("</svg>")]
    assert wide.count("Reconvicted within a year</text>") == 1
    assert wide.count("Found work</text>") == 1
    assert wide.count("percentage points; left of zero") == 2
    assert len(both) == 3
    share = show_shares(described_lines(table), finding="f", measure="m", source="s")
    assert "20.0 (17.0 to 24.0)" in share.text
    nothing = show_shares(described_lines(safe_lines({})), finding="f", measure="Shares", source="s")
    assert nothing.text == "Shares: nothing to show."
    assert show_series(compared_lines(safe_lines(SHARE)), finding="f", measure="m", source="s").text == (
        "m: nothing to show."
    )
