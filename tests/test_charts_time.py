"""Lines by month and small multiples: by the numbers on their artists."""

import datetime

import pandas as pd
import pytest
from conftest import assert_close
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from evalkit.errors import DataError
from evalkit.present.chart_time import draw_months, show_months, show_small_multiples
from evalkit.present.charts import NAVY, ORANGE
from evalkit.present.disclosure import CONFIDENTIAL, make_safe
from evalkit.present.months import place_before, place_of

TEXTS = {"finding": "F", "measure": "M", "source": "S"}
COLUMNS = {"month": ("Month", "text"), "referred": ("Referred", "count"), "took_up": ("Took up", "count")}
SHARES = {"month": ("Month", "text"), "share": ("Engaged (%), 95% interval", "percent interval")}
MONTHS = ["2019-11", "2019-12", "2020-01", "2020-02", "2020-03"]


def axes():
    return Figure(figsize=(7.6, 4)).add_subplot()


def months(referred=(50, 60, 55, 70, 65), took_up=(20, 25, 22, 30, 28), month=MONTHS):
    rows = pd.DataFrame({"month": month, "referred": referred, "took_up": took_up})
    return make_safe(rows, counts=["referred", "took_up"])


def drawn(table, *, values=("referred",), columns=COLUMNS, breaks=None):
    return draw_months(table, axes(), columns=columns, values=values, breaks=breaks or {})


def runs(ax, colour=NAVY):
    """The joined points of each line in a colour."""
    lines = [line for line in ax.lines if line.get_color() == colour and line.get_marker() == "None"]
    return [list(line.get_ydata()) for line in lines]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_the_place_of_a_month_is_its_first_day():
    assert place_of("2020-04") == date2num(datetime.date(2020, 4, 1))
    assert place_of(datetime.date(2020, 4, 30)) == place_of(pd.Timestamp(2020, 4, 9)) == place_of("2020-04")
    assert place_of("2020-03") < place_before("2020-04") < place_of("2020-04")


def test_each_value_is_one_line_through_its_months():
    ax = drawn(months(), values=("referred", "took_up"))
    assert runs(ax) == [[50, 60, 55, 70, 65]]
    assert runs(ax, ORANGE) == [[20, 25, 22, 30, 28]]
    assert_close(ax.lines[0].get_xdata(), [place_of(month) for month in MONTHS], decimals=9)
    assert ax.lines[0].get_linestyle() != ax.lines[2].get_linestyle()


# the break is before February: January is the last month of the old series
@pytest.mark.parametrize(
    ("first", "expected"),
    [("2020-02", [[50, 60, 55], [70, 65]]), ("2019-11", [[50, 60, 55, 70, 65]]), ("2020-03", [[50, 60, 55, 70], [65]])],
)
def test_no_line_runs_across_a_break_and_the_break_is_marked(first, expected):
    ax = drawn(months(), breaks={first: "offices closed"})
    assert runs(ax) == expected
    upright = [line.get_xdata()[0] for line in ax.lines if list(line.get_ydata()) == [0, 1]]
    assert upright == [place_before(first)]


def test_a_break_in_a_month_without_a_row_still_interrupts():
    table = months((50, 60, 70, 65), (20, 25, 30, 28), ["2019-11", "2019-12", "2020-02", "2020-03"])
    assert runs(drawn(table)) == [[50, 60], [70, 65]]
    assert runs(drawn(table, breaks={"2020-01": "closed"})) == [[50, 60], [70, 65]]


def test_hidden_months_interrupt_and_one_symbol_stands_for_a_run():
    table = months(referred=(50, 9, 8, 70, 65))
    assert list(table["referred"][1:3]) == [CONFIDENTIAL] * 2
    ax = drawn(table)
    assert runs(ax) == [[50], [70, 65]]
    assert texts(ax) == [CONFIDENTIAL]
    assert_close(ax.texts[0].xy, ((place_of("2019-12") + place_of("2020-01")) / 2, 0), decimals=9)


def test_a_month_at_the_threshold_and_one_without_anybody_are_drawn():
    assert runs(drawn(months(referred=(50, 10, 0, 70, 65)))) == [[50, 10, 0, 70, 65]]


def test_a_share_is_drawn_in_per_cent_with_its_band():
    rows = pd.DataFrame({"month": MONTHS[:2], "share": [0.4, 0.5], "low": [0.35, 0.45], "high": [0.46, 0.56]})
    ax = drawn(make_safe(rows, counts=[]), values=("share",), columns=SHARES)
    assert_close(runs(ax), [[40, 50]], decimals=9)
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert_close([band.min(), band.max()], [35, 56], decimals=9)


def test_the_text_alternative_gives_first_highest_and_last_month_the_hidden_and_the_breaks():
    html = show_months(
        months(referred=(50, 60, 5, 70, 65)), columns=COLUMNS, values=["referred"],
        breaks={"2020-02": "offices closed"}, **TEXTS,
    ).html  # fmt: skip
    alternative = html.partition('aria-label="')[2].partition('"')[0]
    assert alternative == (
        "F. Referred: 60 in December 2019, highest 70 in February 2020, 65 in March 2020, 2 months hidden. "
        "Break in the series: February 2020, offices closed"
    )


def test_names_of_lines_and_breaks_are_written_beside_them():
    html = show_months(
        months(), columns=COLUMNS, values=["referred", "took_up"], breaks={"2020-02": "closed"}, **TEXTS
    ).html
    drawing = html.partition("<svg")[2].partition("</svg>")[0]
    assert {">Referred<", ">65<", ">Took up<", ">28<", ">closed<"} <= set(pieces(drawing))
    assert '<th scope="row">2020-03</th><td class="num">65</td><td class="num">28</td>' in html


def pieces(drawing):
    """Every text of a drawing, between its signs."""
    return [f">{part.partition('<')[0].strip()}<" for part in drawing.split(">")]


def units():
    rows = [("North", month, 20 + place) for place, month in enumerate(MONTHS)]
    rows += [("South", month, 100 + place) for place, month in enumerate(MONTHS)]
    return make_safe(pd.DataFrame(rows, columns=["area", "month", "people"]), counts=["people"], within="area")


PEOPLE = {"month": ("Month", "text"), "people": ("People", "count")}


def test_small_multiples_have_a_panel_for_each_unit_on_one_scale(monkeypatch):
    kept = []
    draw = Figure.add_axes
    monkeypatch.setattr(Figure, "add_axes", lambda figure, place: kept.append(draw(figure, place)) or kept[-1])
    html = show_small_multiples(units(), panel="area", columns=PEOPLE, value="people", **TEXTS).html
    assert [runs(ax) for ax in kept] == 2 * [[[20, 21, 22, 23, 24]], [[100, 101, 102, 103, 104]]]  # wide and narrow
    assert len({ax.get_ylim() for ax in kept}) == len({ax.get_xlim() for ax in kept}) == 1
    assert_close(kept[0].get_ylim(), (0, 1.12 * 104), decimals=9)
    assert "North: People: 20 in November 2019, highest 24 in March 2020, 24 in March 2020; South: " in html


@pytest.mark.parametrize(
    ("table", "values", "words"),
    [
        (months(month=MONTHS[::-1]), ["referred"], "must ascend"),
        (months(month=["2019-11", "2019-11", *MONTHS[2:]]), ["referred"], "must ascend"),
        (months(month=["winter", *MONTHS[1:]]), ["referred"], "'winter' is not a month"),
        (months(), ["refused"], "'refused' is to be drawn"),
        (months(), ["referred"] * 5, "1 to 4 lines"),
    ],
)
def test_what_cannot_be_drawn_is_refused(table, values, words):
    with pytest.raises(DataError, match=words):
        show_months(table, columns=COLUMNS, values=values, **TEXTS)


def test_four_lines_can_be_drawn():
    table = make_safe(pd.DataFrame({"month": MONTHS, **{name: range(10, 15) for name in "abcd"}}), counts=list("abcd"))
    columns = {"month": ("Month", "text"), **{name: (name.upper(), "count") for name in "abcd"}}
    assert show_months(table, columns=columns, values=list("abcd"), **TEXTS).html.count(">14<") >= 4


def test_long_data_behind_a_chart_are_not_printed_and_their_symbols_are_explained():
    def behind(many):
        month = [str(period) for period in pd.period_range("2015-01", periods=many, freq="M")]
        table = make_safe(pd.DataFrame({"month": month, "people": [5, 7, *[30] * (many - 2)]}), counts=["people"])
        return show_months(table, columns=PEOPLE, values=["people"], **TEXTS).html

    assert '<details class="data">' in behind(40)
    assert "on-paper" not in behind(40)
    assert '<details class="data long">' in behind(41)
    assert "41 rows of data behind this chart are in the HTML report." in behind(41)
    assert behind(40).count("[c] confidential: a small number") == 1
