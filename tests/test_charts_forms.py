"""Every chart twice: wide, and for a phone. The second has the same numbers, the words of a row above its marks."""

import re

import pandas as pd
import pytest
from conftest import assert_close
from matplotlib.figure import Figure

from evalkit.present.chart_effects import draw_effects, show_effects
from evalkit.present.chart_flow import draw_stages
from evalkit.present.chart_forms import (
    BETWEEN_ROWS,
    NARROW_WIDTH,
    SMALL_WORDS,
    SMALLEST,
    UNDER_WORDS,
    WIDTH,
    WORDS,
    Rows,
    edges,
    is_narrow,
    rows_for,
)
from evalkit.present.chart_interim import show_interim
from evalkit.present.chart_journey import draw_journey
from evalkit.present.chart_panels import KEY_LINE, TITLE_LINE, Panels, name_panel
from evalkit.present.chart_survival import draw_survival
from evalkit.present.charts import NAVY, chart_piece, draw_bars, draw_dumbbell, one_panel
from evalkit.present.disclosure import make_safe

TEXTS = {"finding": "F", "measure": "M", "source": "S"}


def axes(width, height=4.0):
    return Figure(figsize=(width, height)).add_axes((0.04, 0.1, 0.7, 0.8))


def both(draw, table, **more):
    """The same drawing in its two forms."""
    return tuple(draw(table, axes(width), **more) for width in (WIDTH, NARROW_WIDTH))


def marks(ax):
    """Places of all lines of a drawing, in data units."""
    return [tuple(map(float, line.get_xdata())) for line in ax.lines if len(line.get_xdata()) and line.get_color()]


def estimates():
    rows = [
        {"label": "Took up", "method": "sequential", "estimate": -0.02, "low": -0.03, "high": -0.01, "naive": False},
        {"label": "Took up", "method": "from the start", "estimate": -0.08, "low": -0.09, "high": -0.07, "naive": True},
        {"label": "Found work", "method": "own lag", "estimate": None, "low": None, "high": None, "naive": False},
    ]
    return make_safe(pd.DataFrame(rows).assign(people=500, p_value=0.04), counts=[])


def pairs():
    rows = [
        {"name": "a", "label": "A", "within": "", "people": 1000, "immortal_time": True, "actual_rate": 0.2,
         "predicted_rate": 0.3, "actual_rate_low": 0.18, "actual_rate_high": 0.22, "difference": -0.1},
        {"name": "b", "label": "B", "within": "a", "people": 400, "immortal_time": False, "actual_rate": 0.25,
         "predicted_rate": 0.3, "actual_rate_low": 0.2, "actual_rate_high": 0.3, "difference": -0.05},
    ]  # fmt: skip
    return pd.DataFrame(rows)


def journey():
    rows = [{"label": f"step {share}", "share": share, "low": share - 0.05, "high": share + 0.05, "worst": None,
             "best": None, "met": 100 * share, "known": 100} for share in (0.9, 0.4)]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("draw", "table"), [(draw_effects, estimates()), (draw_dumbbell, pairs()), (draw_journey, journey())]
)
def test_both_forms_draw_the_same_numbers(draw, table):
    wide, narrow = both(draw, table)
    assert marks(wide) == marks(narrow)
    assert [patch.get_width() for patch in wide.patches] == [patch.get_width() for patch in narrow.patches]
    words = [" ".join(sorted(" ".join(text.get_text().split()) for text in ax.texts)) for ax in (wide, narrow)]
    assert words[0] == words[1]


def test_the_words_of_a_row_stand_above_its_marks_in_the_narrow_form_and_beside_them_in_the_wide_one():
    wide, narrow = both(draw_effects, estimates())
    for ax, above in ((wide, False), (narrow, True)):
        label = next(text for text in ax.texts if text.get_text() == "Found work")
        bottom = label.get_position()[1]  # of the third row; downwards is more
        assert label.get_va() == "bottom"
        assert (bottom < 2) is above
        assert_close(label.get_position()[0], edges(ax)[0], decimals=9)


def test_bars_have_their_names_above_them_and_room_for_their_numbers():
    courses = pd.DataFrame({"subject": ["Welding", "Baking"], "courses": [300, 100], "share": [0.75, 0.25]})
    wide, narrow = both(draw_bars, courses, label="subject", value="courses", share="share")
    assert [label.get_text() for label in wide.get_yticklabels()] == ["Welding", "Baking"]
    assert list(narrow.get_yticks()) == []
    assert {"Welding", "Baking", "300  (75.0%)"} <= {text.get_text() for text in narrow.texts}
    assert_close([wide.get_xlim()[1], narrow.get_xlim()[1]], [1.35 * 300, 1.6 * 300], decimals=9)


def test_stages_have_their_people_above_the_bar():
    stages = pd.DataFrame(
        {"label": ["referred", "took up"], "people": [200, 150], "of_label": ["", "referred"], "share": [None, 0.75],
         "low": [None, 0.7], "high": [None, 0.8]}
    )  # fmt: skip
    _, narrow = both(draw_stages, stages)
    assert [patch.get_width() for patch in narrow.patches] == [200, 150]
    words = [text.get_text().strip() for text in narrow.texts]
    assert words == ["200 referred", "75.0% of those above (70.0 to 80.0)", "150 took up"]


def test_curves_are_named_at_their_ends_or_in_a_key_above():
    rows = [{"group": group, "time": day, "reconvicted": day / 1000, "low": day / 1100, "high": day / 900,
             "at_risk": 500 - day} for group in ("Men", "Women") for day in (0, 180, 365)]  # fmt: skip
    wide, narrow = both(draw_survival, pd.DataFrame(rows))
    assert wide.get_legend() is None
    assert "Men\n36.5%" in {text.get_text() for text in wide.texts}
    assert [text.get_text() for text in narrow.get_legend().get_texts()] == ["Men 36.5%", "Women 36.5%"]
    assert not any("\n" in text.get_text() for text in narrow.texts)


@pytest.mark.parametrize(("width", "narrow"), [(WIDTH, False), (6.4, False), (NARROW_WIDTH, True)])
def test_the_form_is_told_by_the_width(width, narrow):
    assert is_narrow(axes(width)) is narrow


def test_a_row_is_as_high_as_its_longest_words_and_its_marks():
    short = rows_for(["a", "b"], marks=0.2)
    assert short == Rows(1, 0, 0.2)
    assert_close(short.pitch, WORDS + UNDER_WORDS + 0.2 + BETWEEN_ROWS, decimals=9)
    long = rows_for(["a", "word " * 20], ["", "in small"], marks=0.2)
    assert long == Rows(2, 1, 0.2)
    assert_close(long.pitch - short.pitch, WORDS + SMALL_WORDS, decimals=9)
    assert rows_for([]) == Rows(1, 0, 0.2)
    ax = axes(NARROW_WIDTH)
    short.frame(ax, 3)
    below = (0.1 + BETWEEN_ROWS) / short.pitch  # half the marks, and what is free under them
    assert_close(ax.get_ylim(), (2 + below, below - 1), decimals=9)


@pytest.mark.parametrize(
    ("letters", "size", "lines"), [(43, 10, 1), (44, 430 / 44, 1), (57, 430 / 57, 1), (60, 7.5, 2)]
)
def test_a_long_label_shrinks_before_it_breaks(letters, size, lines):
    ax = axes(NARROW_WIDTH)
    rows_for(["x"]).write(ax, 0, ("x " * 40)[:letters].rstrip() + ("x" if letters % 2 == 0 else ""))
    (label,) = ax.texts
    assert_close(label.get_fontsize(), max(size, SMALLEST), decimals=6)
    assert label.get_text().count("\n") + 1 == lines


def test_a_chart_without_a_narrow_form_is_scrolled():
    table = make_safe(pd.DataFrame({"a": ["x"]}), counts=[])
    html = chart_piece(
        table, one_panel(lambda ax: ax, (0.1, 0.9)), height=2, columns={"a": ("A", "text")}, texts=("F", "M", "S")
    ).html
    assert html.count("<svg") == 1
    assert '<div class="drawing scrolls"><svg class="wide" role="img"' in html


@pytest.mark.parametrize(("height", "tall"), [(13.0, False), (13.1, True)])
def test_a_chart_much_longer_than_a_page_is_not_made_to_fit_one(height, tall):
    table = make_safe(pd.DataFrame({"a": ["x"]}), counts=[])
    columns = {"a": ("A", "text")}
    html = chart_piece(
        table, one_panel(lambda ax: ax, (0.1, 0.9)), height=height, columns=columns, texts=("F", "M", "S")
    ).html
    assert ('<div class="drawing scrolls tall">' in html) is tall


def test_both_forms_share_one_text_alternative_and_their_ids_differ():
    html = show_effects(estimates(), columns="designs", **TEXTS).html
    drawing = re.search(r'<div class="drawing">(.*?)</div>', html, flags=re.S)[1]
    said = dict(re.findall(r'<svg class="(\w+)" role="img" aria-label="([^"]+)"', drawing))
    assert list(said) == ["wide", "narrow"]
    assert said["wide"] == said["narrow"]
    widths = [float(width) for width in re.findall(r'viewBox="0 0 ([\d.]+) ', drawing)]
    assert_close(widths, [72 * WIDTH, 72 * NARROW_WIDTH], decimals=6)
    ids = re.findall(r' id="([^"]+)"', drawing)
    assert len(ids) == len(set(ids)) > 0
    assert f"var(--series-1, {NAVY})" in drawing


def test_small_panels_stand_three_beside_each_other_or_two():
    names = ["A", "B", "C", "Coventry and Warwickshire"]
    wide = Panels(names, 1.0, 0.3, 0.2, key=1)
    narrow = Panels(names, 1.0, 0.3, 0.2, key=3, narrow=True)
    assert_close(wide.height, 2 * 1.5 + KEY_LINE + 0.14, decimals=9)
    assert_close(narrow.height, 2 * (1.5 + TITLE_LINE) + 3 * KEY_LINE + 0.14, decimals=9)  # a title of two lines
    for panels, across in ((wide, 3), (narrow, 2)):
        figure = Figure(figsize=(WIDTH, panels.height))
        places = [ax.get_position() for ax in panels.add_to(figure)]
        tops = sorted({round(place.y1, 9) for place in places}, reverse=True)
        assert [tops.index(round(place.y1, 9)) for place in places] == [number // across for number in range(4)]
        assert_close([place.height * panels.height for place in places], [1.0] * 4, decimals=9)
        assert all(0 <= place.x0 < place.x1 <= 1 and 0 <= place.y0 < place.y1 <= 1 for place in places)


def test_a_long_title_of_a_panel_breaks_on_a_phone_only():
    wide, narrow = axes(WIDTH), axes(NARROW_WIDTH)
    for ax in (wide, narrow):
        name_panel(ax, "Coventry and Warwickshire")
    assert wide.get_title(loc="left") == "Coventry and Warwickshire"
    assert narrow.get_title(loc="left") == "Coventry and\nWarwickshire"


def test_one_panel_alone_takes_the_whole_width_in_both_forms(monkeypatch):
    kept = []
    add = Figure.add_axes
    monkeypatch.setattr(Figure, "add_axes", lambda figure, place: kept.append(add(figure, place)) or kept[-1])
    shares = ("actual_share", "predicted_share", "low_share", "high_share")
    rows = [
        {"unit": "North", "label": "in line", "day": day, "people": 500, **dict.fromkeys(shares, day / 1000)}
        for day in (0, 90, 180)
    ]
    show_interim(make_safe(pd.DataFrame(rows), counts=[]), **TEXTS)
    assert_close([ax.get_position().x0 for ax in kept], [0.06, 0.11], decimals=9)
    assert_close([ax.get_position().x1 for ax in kept], [0.97, 0.97], decimals=9)
