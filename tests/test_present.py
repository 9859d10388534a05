"""Results for the reader: numbers, sentences, tables and charts."""

import datetime
from urllib.parse import unquote

import pandas as pd
import pytest
from matplotlib.figure import Figure

from evalkit.errors import DataError, SpecError
from evalkit.intake import Settings
from evalkit.present import (
    answer,
    beware,
    can_and_cannot_say,
    chart_finding,
    make_safe,
    masthead,
    most_frequent,
    rates_answer,
    show_bars,
    show_caveats,
    show_dumbbell,
    show_table,
    words,
)
from evalkit.present.charts import draw_bars, draw_calibration, draw_dumbbell
from evalkit.present.labels import readable
from evalkit.present.numbers import count, p_value, percent, points, written
from evalkit.spec import read_spec

NAMES = ["people", "actual"]


def row(name="took_up", *, complement=False, people=1000, actual=200, predicted=300.0, low=-0.13, high=-0.07, **other):
    """One line of a comparison, as group_comparisons gives it."""
    return {
        "name": name,
        "label": ("Not " if complement else "") + name,
        "complement": complement,
        "within": "",
        "outcome": "reconvicted",
        "horizon": "a year",
        "design": "naive",
        "immortal_time": not complement,
        "predictions": "known",
        "people": people,
        "actual": actual,
        "predicted": predicted,
        "actual_rate": actual / people,
        "actual_rate_low": actual / people - 0.02,
        "actual_rate_high": actual / people + 0.02,
        "predicted_rate": predicted / people,
        "difference": (actual - predicted) / people,
        "difference_low": low,
        "difference_high": high,
        "ratio": actual / predicted,
        "fewer_people": predicted - actual,
        "fewer_people_low": -high * people,
        "fewer_people_high": -low * people,
        "p_value": 1e-12,
        **other,
    }


def safe(*rows):
    return make_safe(pd.DataFrame(rows), counts={"people": None, "actual": "people"}, within="name")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (count(12524.6), "12,525"),
        (count(-1065), "−1,065"),
        (percent(0.27098), "27.1"),
        (percent(-1e-9), "0.0"),
        (points(-0.08503), "−8.5"),
        (points(0.0121), "+1.2"),
        (points(-0.0002), "−0.02"),  # rounds to zero, but is not zero: an interval that ends here excludes zero
        (points(0.0), "0.0"),
        (p_value(0.0633), "0.063"),
        (p_value(2.21e-116), "2.2e-116"),
        (p_value(0.0, -812.0), "< 1e-300"),
        (written("[c]", "count"), "[c]"),
        (written(float("nan"), "percent"), "[x]"),
        (written(None, "percent", missing="[z]"), "[z]"),
    ],
)
def test_numbers_are_written_one_way(text, expected):
    assert text == expected


def test_the_headline_says_lower_with_interval_and_people():
    assert answer(safe(row(), row(complement=True)), "took_up", who="people").text == (
        "20.0% of the 1,000 people were reconvicted within a year, against 30.0% predicted: 10.0 percentage points "
        "lower (95% interval 7.0 to 13.0), or 100 fewer people than predicted (70 to 130). This figure is naive."
    )


@pytest.mark.parametrize(("share", "amber"), [(0.10, False), (0.101, True)])
def test_a_headline_with_many_unscored_people_turns_amber(share, amber):
    unscored = make_safe(pd.DataFrame({"name": ["took_up"], "unscored": [100], "share": [share]}), counts=["unscored"])
    piece = answer(safe(row(), row(complement=True)), "took_up", who="people", unscored=unscored)
    assert ("amber" in piece.html) == amber
    assert ("10.1% of these people could not be scored" in piece.text) == amber


def test_the_headline_says_higher():
    text = answer(safe(row(actual=400, low=0.05, high=0.15), row(complement=True)), "took_up", who="people").text
    assert "10.0 percentage points higher (95% interval 5.0 to 15.0), or 100 more people than predicted" in text


def test_an_interval_that_contains_zero_is_not_distinguishable_and_never_no_effect():
    text = answer(safe(row(actual=295, low=-0.03, high=0.02), row(complement=True)), "took_up", who="people").text
    assert "not distinguishable from the prediction (−0.5, 95% interval −3.0 to +2.0 percentage points)." in text
    assert "no effect" not in text


@pytest.mark.parametrize(
    ("people", "actual", "expected"),
    [
        (30, 10, words.LOWER),
        (29, 10, words.SMALL),
        (1000, 10, words.LOWER),
        (1000, 9, words.SMALL),
        (40, 31, words.SMALL),
    ],
)
def test_groups_too_small_are_not_compared(people, actual, expected):
    table = safe(row(people=people, actual=actual), row(complement=True))
    assert words.verdict(words.row_of(table, "took_up")) == expected


def test_a_sentence_that_gives_no_figure_does_not_call_it_naive():
    assert "naive" not in answer(safe(row(people=20, actual=10), row(complement=True)), "took_up", who="people").text


def test_the_people_outside_are_named_with_the_caveat():
    text = beware(safe(row(), row(complement=True)), "took_up", who="others", caveat="Mind that.").text
    assert text == (
        "But the 1,000 others were also reconvicted less than predicted, by 10.0 points (95% interval 7.0 to 13.0). "
        "Mind that."
    )


@pytest.mark.parametrize(
    ("rows", "finding"),
    [
        ([row(), row(complement=True)], "Every group was reconvicted less than predicted, also those outside"),
        (
            [row(), row(complement=True, low=-0.1, high=0.1)],
            "Of 2 groups: 1 reconvicted less than predicted, 1 not distinguishable",
        ),
        (
            [row(), row(complement=True, actual=400, low=0.05, high=0.15)],
            "Of 2 groups: 1 reconvicted less than predicted, 1 more",
        ),
        (
            [row(), row(complement=True, people=25, actual=12)],
            "Of 2 groups: 1 reconvicted less than predicted, 1 too small to say",
        ),
        # the people a model was fitted on are no finding
        (
            [row(predictions="estimated"), row(complement=True, predictions="estimated")],
            "took_up: reconvicted less than predicted",
        ),
        ([row(people=20, actual=10)], "The groups are too small to compare with the prediction"),
    ],
)
def test_the_chart_says_its_finding(rows, finding):
    assert chart_finding(safe(*rows)) == finding


def rates(**changes):
    values = {
        "label": "A", "complement_label": "B", "outcome": "arrested again", "horizon": "a year",
        "events_a": 48, "people_a": 216,
        "rate_a": 48 / 216, "events_b": 66, "people_b": 216, "rate_b": 66 / 216, "difference": -0.0833,
        "low": -0.165, "high": -0.0002, "p_value": 0.0633,
    }  # fmt: skip
    return make_safe(pd.DataFrame([values | changes]), counts=["events_a", "events_b"], within="label")


def test_also_and_but_follow_the_headline():
    table = safe(row(actual=440, low=0.1, high=0.18), row(complement=True))
    text = beware(table, "took_up", who="others", caveat="").text
    assert text.startswith("The 1,000 others were reconvicted less than predicted, by 10.0 points")
    table = safe(row(actual=440, low=0.1, high=0.18), row(complement=True, actual=400, low=0.05, high=0.15))
    assert beware(table, "took_up", who="others", caveat="").text.startswith(
        "But the 1,000 others were also reconvicted more"
    )


def test_a_limit_that_only_rounds_to_zero_is_not_printed_as_zero():
    table = safe(row(low=-0.13, high=-0.0001), row(complement=True))
    assert "(95% interval 0.01 to 13.0)" in answer(table, "took_up", who="people").text


def test_a_group_that_the_report_needs_and_nobody_declared_is_an_error():
    with pytest.raises(SpecError, match="the report needs a group called 'found_work' \\(declared: took_up\\)"):
        answer(safe(row(), row(complement=True)), "found_work", who="people")


def test_caveats_stand_above_and_the_report_is_not_final():
    spec = read_spec("notebooks/specs/ete.toml")
    settings = Settings(source="x", extract_date=datetime.date(2021, 12, 31))
    assert "Final" in masthead(spec, settings).html
    assert "Final" not in masthead(spec, settings, caveats=["x"]).html
    assert show_caveats([]).html == ""
    assert "<li>&lt;x&gt;</li>" in show_caveats(["<x>"]).html


def test_where_interval_and_exact_test_disagree_the_sentence_says_so():
    text = rates_answer(rates()).text
    assert "−8.3 percentage points, 95% interval −16.5 to −0.02." in text
    assert text.endswith("p = 0.063: at 5% the verdict depends on the method.")


def test_where_they_agree_it_does_not():
    assert rates_answer(rates(p_value=0.04)).text.endswith("to −0.02.")
    assert rates_answer(rates(high=0.0002)).text.endswith(
        "not distinguishable (−8.3 percentage points, 95% interval −16.5 to +0.02)."
    )


def test_what_cannot_be_said_follows_the_design():
    naive = can_and_cannot_say(safe(row(), row(complement=True)), who="it", strength=2).text
    fair = can_and_cannot_say(safe(row(immortal_time=False), row(complement=True)), who="it", strength=5).text
    assert "immortal time" in naive
    assert "immortal time" not in fair
    assert "made the difference" in naive
    assert "elsewhere" in fair


def courses(*counts):
    table = pd.DataFrame({"subject": [f"S{n}" for n in counts], "courses": counts, "of": sum(counts)})
    table["share"] = table["courses"] / table["of"]
    return make_safe(table.assign(low=0.0, high=1.0), counts=["courses"], ranked_by="subject")


def test_the_most_frequent_category_is_the_finding():
    assert most_frequent(courses(30, 20), "courses", what="courses") == "S30 comes first: 30 of 50 courses (60.0%)"
    assert most_frequent(courses(3, 2), "courses", what="courses") == "The numbers of courses are too small to show"


def test_an_empty_table_says_so():
    empty = make_safe(pd.DataFrame({"subject": [], "courses": [], "of": [], "share": []}), counts=["courses"])
    assert show_table(empty, caption="Courses", columns="courses").text == "Courses: nothing to show."
    assert most_frequent(empty, "courses", what="courses") == "There are no courses"


@pytest.mark.parametrize(
    "show",
    [
        lambda table: show_table(table, caption="x", columns="comparison"),
        lambda table: show_dumbbell(table, finding="x", measure="x", source="x"),
        lambda table: show_bars(table, columns="courses", finding="x", measure="x", source="x"),
        lambda table: answer(table, "took_up", who="x"),
        lambda table: beware(table, "took_up", who="x", caveat="x"),
        lambda table: chart_finding(table),
        lambda table: can_and_cannot_say(table, who="x", strength=2),
        lambda table: rates_answer(table),
        lambda table: most_frequent(table, "courses", what="x"),
    ],
)
def test_nothing_is_shown_that_was_not_made_safe(show):
    with pytest.raises(DataError, match="has not been made safe"):
        show(pd.DataFrame([row(), row(complement=True)]))


def test_text_from_data_is_escaped_everywhere():
    attack = '<script>alert("1")</script>'
    table = safe(row(label=attack), row(complement=True))
    pieces = [
        show_table(table, caption=attack, columns="comparison", notes=[attack]),
        show_dumbbell(table, finding=attack, measure=attack, source=attack),
        can_and_cannot_say(table, who=attack, strength=2),
        answer(table, "took_up", who=attack),
    ]
    for piece in pieces:
        assert "<script" not in piece.html
        assert "&lt;script&gt;" in piece.html


def test_a_table_has_caption_scopes_units_symbols_and_a_copy():
    html = show_table(safe(row(actual=5), row("b", actual=6), row("c")), caption="Cap", columns="comparison").html
    assert '<caption>Cap<span class="note">[c] confidential' in html
    assert '<th scope="col" class="num">Actual (%)</th>' in html
    assert '<th scope="row">took_up</th>' in html
    assert "[c] confidential" in html
    assert "data:text/csv" in html
    assert ">5<" not in html


def test_a_copy_has_the_limits_of_an_interval_in_columns_of_their_own():
    html = show_table(safe(row(), row(complement=True)), caption="x", columns="comparison").html
    assert '−10.0 <span class="limits">(−13.0 to −7.0)</span>' in html
    header, first, *_ = unquote(html.partition("charset=utf-8,")[2].partition('"')[0]).split("\r\n")
    assert "95% interval: from" in header
    assert first.endswith("−10.0,−13.0,−7.0")


def test_a_copied_cell_cannot_run_as_a_formula():
    table = make_safe(pd.DataFrame({"label": ["=1+1"], "n": [20]}), counts=["n"])
    html = show_table(table, caption="x", columns={"label": ("L", "text"), "n": ("N", "count")}).html
    assert "%27%3D1%2B1" in html


def drawn(draw, table, **options):
    axes = Figure().add_subplot()
    return draw(table, axes, **options)


def test_the_dumbbell_draws_the_numbers_of_the_table():
    axes = drawn(draw_dumbbell, safe(row(), row(complement=True, actual=250)))
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([30.0, 20.0, 30.0, 25.0])
    intervals = [tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 2]
    assert intervals == [pytest.approx((18.0, 22.0)), pytest.approx((23.0, 27.0))]
    assert {"−10.0 pp", "−5.0 pp", "1,000 people · immortal time"} <= {text.get_text() for text in axes.texts}


def test_a_hidden_row_is_named_but_not_drawn():
    axes = drawn(draw_dumbbell, safe(row(actual=5), row("b", actual=6), row("c")))
    assert len([line for line in axes.lines if line.get_marker() == "o"]) == 2
    assert [text.get_text() for text in axes.texts].count("[c]") == 2


def test_bars_are_as_long_as_the_counts():
    axes = drawn(draw_bars, courses(30, 20, 4, 3), label="subject", value="courses", share="share")
    assert [patch.get_width() for patch in axes.patches] == [30, 20]


def test_where_every_count_is_hidden_there_is_a_sentence_and_no_chart():
    piece = show_bars(courses(3, 2), columns="courses", finding="Too small to show", measure="Courses", source="S")
    assert piece.text == "Courses. Too small to show."
    assert "<svg" not in piece.html


def test_a_chart_has_a_text_alternative_with_its_numbers_and_the_same_bytes_each_time():
    table = safe(row(), row(complement=True))
    chart = show_dumbbell(table, finding="F", measure="M", source="S").html
    assert (
        'role="img" aria-label="F. Group took_up, People 1,000, With outcome 200, Actual (%), 95% interval 20.0 (18.0'
        in chart
    )
    assert chart == show_dumbbell(table, finding="F", measure="M", source="S").html
    assert " id=" not in chart.partition("<details")[0].replace("<clipPath id=", "").replace("<path id=", "")


def test_the_calibration_chart_draws_tenths_intervals_and_line():
    deciles = make_safe(
        pd.DataFrame(
            {
                "group": [1, 2],
                "people": [100, 100],
                "actual": [20, 50],
                "actual_rate": [0.2, 0.5],
                "actual_rate_low": [0.15, 0.4],
                "actual_rate_high": [0.25, 0.6],
                "predicted_rate": [0.3, 0.6],
            }
        ),
        counts={"people": None, "actual": "people"},
    )
    smooth = pd.DataFrame({"predicted": [0.1, 0.7], "actual_rate": [0.05, 0.6]})
    axes = drawn(draw_calibration, deciles, smooth=smooth)
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert dots == [pytest.approx((30, 20)), pytest.approx((60, 50))]
    lines = [tuple(line.get_ydata()) for line in axes.lines if line.get_linewidth() == 2]
    assert lines == [pytest.approx((5, 60)), pytest.approx((15, 25)), pytest.approx((40, 60))]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ethnicity: asian", "Ethnicity: Asian"),
        ("work_experience", "Work experience"),
        ("half_year: 2018 January", "Half-year: 2018 January"),
        ("half year: rare", "Half-year: Rare ones together"),
        ("ethnicity: missing", "Ethnicity: Not recorded"),
        ("missing", "Missing"),
        ("odds ratio, took_up, own_lag", "Odds ratio, took up, own lag"),
        ("OGRS3", "OGRS3"),
        ("[c]", "[c]"),
        ("", ""),
    ],
)
def test_columns_and_categories_have_names_that_a_reader_knows(name, shown):
    assert readable(name) == shown
    assert written(name, "name") == shown
