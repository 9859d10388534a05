"""Charts of designs, matches, curves and monitored units: by the numbers on their artists."""

import datetime

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from matplotlib.figure import Figure

from evalkit.errors import DataError
from evalkit.present.chart_cusum import draw_cusum, draw_vlad, show_cusum, show_vlad, vlad_finding
from evalkit.present.chart_effects import draw_effects, show_effects
from evalkit.present.chart_funnel import draw_funnel, show_funnel
from evalkit.present.chart_matching import draw_love, draw_overlap, show_love, show_overlap
from evalkit.present.chart_survival import draw_survival, show_survival
from evalkit.present.charts import NAVY, ORANGE, PAPER, TEAL
from evalkit.present.disclosure import CONFIDENTIAL, make_safe
from evalkit.present.layouts import LAYOUTS
from evalkit.present.made_safe import make_bins_safe, merge_path, merge_steps
from evalkit.present.tables import show_table

TEXTS = {"finding": "F", "measure": "M", "source": "S"}
NONE = float("nan")


def axes():
    return Figure(figsize=(7.6, 4)).add_subplot()


def points(ax, *, marker="o", color=None):
    """Where the single markers of a drawing are; keys of a legend have none."""
    lines = [line for line in ax.lines if line.get_marker() == marker and len(line.get_xdata())]
    lines = [line for line in lines if color is None or line.get_color() == color]
    return [(x, y) for line in lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def balance(*rows):
    frame = pd.DataFrame(rows, columns=["covariate", "smd_before", "smd_after", "rating"])
    means = dict.fromkeys(("treated_mean", "comparison_mean_before", "comparison_mean_after"), 0.5)
    return make_safe(frame.assign(**means), counts=[])


LOVE = balance(("age", -36.0, -2.3, "green"), ("sex: male", 6.0, 5.1, "amber"), ("logit", 61.0, 12.0, "red"))


def test_the_love_plot_has_a_hollow_marker_before_and_a_filled_one_after():
    ax = draw_love(LOVE, axes())
    assert_close(points(ax, color=PAPER), [(-36, 0), (6, 1), (61, 2)], decimals=9)
    assert_close(points(ax, color=NAVY), [(-2.3, 0), (5.1, 1), (12, 2)], decimals=9)
    assert {"−2.3", "+5.1 amber", "+12.0 red"} <= set(texts(ax))


def test_the_love_plot_has_lines_at_the_limits_of_the_ratings():
    ax = draw_love(LOVE, axes())
    upright = sorted(line.get_xdata()[0] for line in ax.lines if list(line.get_ydata()) == [0, 1])
    assert upright == [-10, -5, 0, 5, 10]


def test_the_love_plot_begins_with_the_largest_difference_before_the_match():
    html = show_love(LOVE, **TEXTS).html
    drawing = html.partition("<svg")[2].partition("</svg>")[0]
    labels = [drawing.index(f">{name}<") for name in ("logit", "age", "sex: male")]
    assert labels == sorted(labels)


def test_an_infinite_and_a_hidden_difference_are_written_and_not_drawn():
    table = balance(("a", float("inf"), 1.0, "green"), ("b", 3.0, 2.0, "green"))
    table.loc[1, ["smd_before", "smd_after"]] = CONFIDENTIAL
    ax = draw_love(table, axes())
    assert points(ax, color=PAPER) == []
    assert points(ax, color=NAVY) == [(1.0, 0.0)]
    assert CONFIDENTIAL in texts(ax)


BINS = {"low": [0.1, 0.2, 0.3], "high": [0.2, 0.3, 0.4], "treated": [30, 50, 40], "comparison": [200, 3, 50]}


def test_the_overlap_has_the_treated_above_and_the_comparison_below():
    table = make_bins_safe(pd.DataFrame(BINS | {"comparison": [200, 100, 50]}))
    figure = Figure()
    upper, lower = draw_overlap(table, figure.add_subplot(2, 1, 1), figure.add_subplot(2, 1, 2))
    assert [bar.get_height() for bar in upper.patches] == [30, 50, 40]
    assert [bar.get_height() for bar in lower.patches] == [200, 100, 50]
    assert_close([bar.get_x() + bar.get_width() / 2 for bar in lower.patches], [0.15, 0.25, 0.35], decimals=9)
    bottom, top = lower.get_ylim()
    assert (upper.get_ylim()[0], top) == (0, 0)
    assert bottom > 200
    assert upper.get_xlim() == lower.get_xlim() == (0.1, 0.4)


def test_a_hidden_bin_is_marked_and_has_no_bar():
    figure = Figure()
    table = make_bins_safe(pd.DataFrame(BINS))
    _, lower = draw_overlap(table, figure.add_subplot(2, 1, 1), figure.add_subplot(2, 1, 2))
    hidden = sum(value == CONFIDENTIAL for value in table["comparison"])
    assert texts(lower).count(CONFIDENTIAL) == hidden >= 2
    assert len(lower.patches) == 3 - hidden


def test_bins_that_do_not_ascend_are_refused():
    table = make_bins_safe(pd.DataFrame(BINS | {"low": [0.3, 0.2, 0.1], "high": [0.4, 0.3, 0.2]}))
    with pytest.raises(DataError, match="must ascend"):
        show_overlap(table, **TEXTS)


def effects(**changes):
    rows = {
        "label": ["From supervision start", "Month by month"],
        "method": ["known only later", "beside people at risk"],
        "estimate": [-0.085, -0.021],
        "low": [-0.092, -0.034],
        "high": [-0.078, 0.008],
        "naive": [True, False],
        "p_value": [1e-9, 0.2],
        "n_treated": [1200, 1200],
        "n_comparison": [9000, 9000],
    }
    return make_safe(pd.DataFrame(rows | changes), counts=["n_treated", "n_comparison"])


def test_the_forest_shows_the_naive_figure_hollow_and_by_name():
    ax = draw_effects(effects(), axes())
    assert_close(points(ax, color=PAPER), [(-8.5, 0)], decimals=9)
    assert_close(points(ax, color=NAVY), [(-2.1, 1)], decimals=9)
    assert {"naive · known only later", "beside people at risk"} <= set(texts(ax))
    assert {"−8.5 (−9.2 to −7.8)", "−2.1 (−3.4 to +0.8)"} <= set(texts(ax))


def test_the_forest_draws_intervals_in_percentage_points_and_a_zero_line():
    ax = draw_effects(effects(), axes())
    assert_close([line.get_xdata() for line in ax.lines if line.get_linewidth() == 2.2],
                 [(-9.2, -7.8), (-3.4, 0.8)], decimals=9)  # fmt: skip
    assert [line.get_xdata()[0] for line in ax.lines if list(line.get_ydata()) == [0, 1]] == [0]
    assert {"◀ lower\u00a0"} <= set(texts(ax))


def test_an_estimate_without_an_interval_is_a_point_and_a_hidden_one_is_a_symbol():
    described = draw_effects(effects(low=[-0.092, NONE], high=[-0.078, NONE]), axes())
    assert "−2.1" in texts(described)
    missing = draw_effects(effects(estimate=[-0.085, NONE]), axes())
    assert "too small" in texts(missing)
    hidden = draw_effects(effects(n_treated=[1200, 5]), axes())
    assert texts(hidden).count(CONFIDENTIAL) == 2  # the other one with it, or it could be worked out
    assert points(hidden) == []


def survival(**sizes):
    """Curves of that many people each, of whom every fourth is reconvicted on days 1, 2, ... up to 365."""
    curves = []
    for name, people in sizes.items():
        events = np.arange(people // 4 + 1)
        share = 1 - events / people
        days = np.where(events > 0, 1 + (events - 1) * 364 // max(events[-1] - 1, 1), 0)
        counts = {"at_risk": people - np.maximum(events - 1, 0), "events": np.minimum(events, 1)}
        limits = {"low": np.where(events > 0, share - 0.02, 1), "high": np.where(events > 0, share + 0.02, 1)}
        curves.append(pd.DataFrame({"group": name, "time": days, "survival": share, **limits, **counts}))
    return merge_steps(pd.concat(curves), group="group")


def test_the_survival_chart_draws_the_steps_that_are_safe():
    table = survival(A=400, B=80)
    ax = draw_survival(table, axes())
    first, second = (line for line in ax.lines if line.get_drawstyle() == "steps-post")
    assert_close(first.get_ydata(), 100 * table.loc[table["group"] == "A", "reconvicted"].astype(float), decimals=9)
    assert len(first.get_xdata()) == 11  # 100 events, ten at a time, and the start
    assert (first.get_ydata()[-1], second.get_ydata()[-1]) == (25.0, 25.0)
    assert first.get_linestyle() != second.get_linestyle()
    assert {"A\n25.0%", "B\n25.0%"} <= set(texts(ax))


def test_the_band_of_a_survival_curve_goes_from_its_low_to_its_high():
    ax = draw_survival(survival(A=400), axes())
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert_close([heights[heights > 0].min(), heights.max()], [0.5, 27.0], decimals=6)


def test_names_at_the_ends_of_curves_do_not_cover_each_other():
    ax = draw_survival(survival(A=400, B=400, C=400), axes())
    heights = sorted(text.xy[1] for text in ax.texts if text.get_text().endswith("%"))
    assert min(np.diff(heights)) > 0.1 * ax.get_ylim()[1]


def test_numbers_at_risk_stand_under_the_axis():
    shown = texts(draw_survival(survival(A=400, B=80), axes(), days=(0, 180, 365)))
    at = shown.index("At risk: A")
    assert shown[at + 1 : at + 4] == ["400", "360", "300"]
    assert shown[shown.index("At risk: B") + 1 :] == ["80", "70", "60"]


def test_a_group_with_too_few_events_has_no_curve():
    table = survival(A=400, B=20)
    ax = draw_survival(table, axes(), days=(0, 365))
    assert len([line for line in ax.lines if line.get_drawstyle() == "steps-post"]) == 1
    assert texts(ax)[-3:] == ["At risk: B", "20", CONFIDENTIAL]
    assert "B: [c]" in show_survival(table, **TEXTS).html


def test_the_text_alternative_of_a_survival_chart_gives_the_share_at_each_tick():
    html = show_survival(survival(A=400), days=(0, 180, 365), **TEXTS).html
    assert (
        'aria-label="F. A: 10.0% by day 180, 25.0% by day 365 reconvicted (95% interval 23.0 to 27.0 at the end)"'
        in html
    )


def test_more_than_four_curves_are_refused():
    table = survival(A=80, B=80, C=80, D=80, E=80)
    with pytest.raises(DataError, match="5 groups are too many for one chart"):
        show_survival(table, **TEXTS)


STATES = [
    ("Derby", 100.0, 1.4, "alert", "worse"),
    ("Stoke", 120.0, 0.6, "alert", "better"),
    ("Leicester", 80.0, 1.25, "watch", "worse"),
    ("Nottingham", 60.0, 1.0, "as expected", ""),
    ("Rutland", 8.0, 0.4, "too small to judge", ""),
    ("Stafford", 50.0, 0.9, "data-quality hold", ""),
]
UNITS = make_safe(pd.DataFrame(STATES, columns=["team", "predicted", "ratio", "state", "direction"]), counts=[])
GRID = np.array([10.0, 50.0, 120.0])
LIMITS = pd.DataFrame(
    {
        "predicted": GRID,
        **{f"low_{name}": 1 - z / np.sqrt(GRID) for name, z in (("95", 1.96), ("998", 3.09))},
        **{f"high_{name}": 1 + z / np.sqrt(GRID) for name, z in (("95", 1.96), ("998", 3.09))},
    }
)


def test_the_funnel_has_a_marker_for_each_state_and_names_alerts_only():
    ax = draw_funnel(UNITS, axes(), limits=LIMITS, unit="team")
    assert points(ax, marker="^", color=ORANGE) == [(100.0, 1.4)]
    assert points(ax, marker="v", color=TEAL) == [(120.0, 0.6)]
    assert points(ax, marker="^", color=PAPER) == [(80.0, 1.25)]
    assert points(ax, marker="o") == [(60.0, 1.0)]
    assert points(ax, marker="x") == [(8.0, 0.4)]
    assert points(ax, marker="s") == [(50.0, 0.9)]
    assert {name for name, *_ in STATES} & set(texts(ax)) == {"Derby", "Stoke"}


def test_the_funnel_has_its_limits_as_lines_with_names():
    ax = draw_funnel(UNITS, axes(), limits=LIMITS, unit="team")
    drawn = [line.get_ydata() for line in ax.lines if len(line.get_xdata()) == 3]
    assert_close(drawn, [LIMITS[name] for name in ("low_95", "high_95", "low_998", "high_998")], decimals=9)
    assert (texts(ax).count("95%"), texts(ax).count("99.8%")) == (2, 2)


def test_the_key_of_a_funnel_names_the_states_that_are_there():
    ax = draw_funnel(UNITS, axes(), limits=LIMITS, unit="team")
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["alert, worse", "alert, better", "watch, worse", "as expected", "data-quality hold",
                     "too small to judge"]  # fmt: skip


def test_adjusted_limits_are_drawn_where_there_are_any():
    wider = {f"adjusted_{name}": LIMITS[name] * 1.5 for name in LIMITS.columns if name != "predicted"}
    plain = show_funnel(UNITS, make_safe(LIMITS, counts=[]), unit="team", **TEXTS).html
    same = {name: LIMITS[name.removeprefix("adjusted_")] for name in wider}
    assert show_funnel(UNITS, make_safe(LIMITS.assign(**same), counts=[]), unit="team", **TEXTS).html == plain
    assert show_funnel(UNITS, make_safe(LIMITS.assign(**wider), counts=[]), unit="team", **TEXTS).html != plain


def test_a_hidden_unit_is_in_the_table_and_not_in_the_drawing():
    table = UNITS.assign(predicted=UNITS["predicted"].astype(object), ratio=UNITS["ratio"].astype(object))
    table.loc[0, ["predicted", "ratio"]] = CONFIDENTIAL
    ax = draw_funnel(table, axes(), limits=LIMITS, unit="team")
    assert points(ax, marker="^", color=ORANGE) == []
    assert "Derby" in show_funnel(make_safe(table, counts=[]), make_safe(LIMITS, counts=[]), unit="team", **TEXTS).html


def test_names_of_alerts_keep_clear_of_other_markers():
    near = [("Left", 60.0, 0.6, "alert", "better"), ("Right", 70.0, 0.6, "alert", "better"), STATES[1]]
    ax = draw_funnel(pd.DataFrame(near, columns=UNITS.columns), axes(), limits=LIMITS, unit="team")
    names = {text.get_text(): text.get_horizontalalignment() for text in ax.texts}
    assert (names["Left"], names["Right"]) == ("right", "left")


def test_a_state_that_is_not_known_is_refused():
    table = make_safe(pd.DataFrame([("A", 50.0, 1.0, "good", "")], columns=UNITS.columns), counts=[])
    with pytest.raises(DataError, match="unit 'A' has the state 'good'"):
        show_funnel(table, make_safe(LIMITS, counts=[]), unit="team", **TEXTS)


def cusum():
    """Derby has 20 people a year and alarms in its second; Stoke has nobody reconvicted and cannot be shown."""
    people = 60
    days = [pd.date_range(f"{year}-01-05", periods=20, freq="15D") for year in (2018, 2019, 2020)]
    path = pd.DataFrame(
        {
            "team": "Derby",
            "matures": np.concatenate(days),
            "fewer_people": np.cumsum(0.3 - np.arange(people) % 2),
            "cusum_worse": np.arange(people) / 10,
            "cusum_better": 0.5,
            "threshold_worse": 7.9,
            "threshold_better": 7.6,
            "alarm_worse": np.arange(people) == 25,
            "alarm_better": False,
        }
    )
    stoke = path.assign(team="Stoke", fewer_people=np.arange(people) * 0.3)
    return merge_path(pd.concat([path, stoke]), unit="team", last=datetime.date(2020, 12, 31))


def test_the_cusum_draws_one_arm_up_and_one_down_with_thresholds_and_alarms():
    table = cusum()
    ax = draw_cusum(table[table["team"] == "Derby"], axes(), unit="team")
    curves = {line.get_color(): line.get_ydata() for line in ax.lines if line.get_linewidth() == 1.8}
    # up to the alarm in the second year, and started again
    assert_close(curves[ORANGE], [1.9, 7.9, 3.9, 5.9], decimals=9)
    assert_close(curves[TEAL], [-0.5, -0.5, -0.5], decimals=9)
    assert_close([height for _, height in points(ax, marker="^", color=ORANGE)], [7.9], decimals=9)
    assert points(ax, marker="v") == []
    dashed = sorted(
        line.get_ydata()[0] for line in ax.lines if line.get_linewidth() == 1 and len(line.get_xdata()) == 3
    )
    assert_close(dashed, [-7.6, 7.9], decimals=9)
    assert ax.get_title(loc="left") == "Derby"


def test_every_point_of_a_path_has_a_marker_and_an_alarm_has_none_on_its_line():
    table = cusum()
    own = table[table["team"] == "Derby"]
    for ax, colour in ((draw_cusum(own, axes(), unit="team"), ORANGE), (draw_vlad(own, axes(), unit="team"), NAVY)):
        (line,) = (line for line in ax.lines if line.get_marker() == "o" and line.get_color() == colour)
        marked = range(len(line.get_xdata())) if line.get_markevery() is None else line.get_markevery()
        assert [line.get_xdata()[place] for place in marked] == own["matures"].tolist()
    ax = draw_cusum(own, axes(), unit="team")
    (line,) = (line for line in ax.lines if line.get_marker() == "o" and line.get_color() == ORANGE)
    assert line.get_markevery() == [0, 2, 3]  # the second is the alarm, which has its own


def test_a_single_point_is_drawn_and_dated():
    table = cusum()
    one = make_safe(pd.DataFrame(table).iloc[[2, 3]], counts=[])  # Derby's last, and none of Stoke's
    html = show_vlad(one, unit="team", **TEXTS).html
    assert ">2020<" in html
    assert "Derby: 12 more than predicted" in html


def test_a_unit_without_a_path_is_named_with_the_symbol():
    table = cusum()
    assert texts(draw_cusum(table[table["team"] == "Stoke"], axes(), unit="team")) == [CONFIDENTIAL]


def test_the_text_alternative_of_a_cusum_names_the_alarms():
    html = show_cusum(cusum(), unit="team", **TEXTS).html
    assert (
        'aria-label="F. Derby: alarm for more than predicted by 31 December 2019; at the end more than predicted 5.90 '
        'of 7.90, fewer than predicted 0.50 of 7.60; Stoke: [c]"' in html
    )


def test_the_vlad_adds_up_predicted_less_actual_in_whole_people():
    table = cusum()
    # in every year 10 of 20 people reconvicted where 6 were predicted
    ax = draw_vlad(table[table["team"] == "Derby"], axes(), unit="team")
    (line,) = (line for line in ax.lines if line.get_linewidth() == 1.8)
    assert line.get_ydata().tolist() == [-4, -8, -12]
    assert texts(draw_vlad(table[table["team"] == "Stoke"], axes(), unit="team")) == [CONFIDENTIAL]
    html = show_vlad(table, unit="team", **TEXTS).html
    assert 'aria-label="F. Derby: 12 more than predicted; Stoke: [c]"' in html
    assert vlad_finding(table, unit="team") == "By the end, Derby: 12 more than predicted; Stoke: [c]"
    assert "-3.9" not in html  # the tenths would say who of them had which score


SHOWN = {
    "love": lambda table: show_love(table, **TEXTS),
    "overlap": lambda table: show_overlap(table, **TEXTS),
    "effects": lambda table: show_effects(table, **TEXTS),
    "survival": lambda table: show_survival(table, **TEXTS),
    "funnel": lambda table: show_funnel(table, make_safe(LIMITS, counts=[]), unit="team", **TEXTS),
    "cusum": lambda table: show_cusum(table, unit="team", **TEXTS),
    "vlad": lambda table: show_vlad(table, unit="team", **TEXTS),
}
TABLES = {
    "love": LOVE,
    "overlap": make_bins_safe(pd.DataFrame(BINS)),
    "effects": effects(),
    "survival": survival(A=400, B=80),
    "funnel": UNITS,
    "cusum": cusum(),
    "vlad": cusum(),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_nothing_is_drawn_that_was_not_made_safe(kind):
    with pytest.raises(DataError, match="has not been made safe"):
        SHOWN[kind](pd.DataFrame(TABLES[kind]))


def test_the_limits_of_a_funnel_must_be_safe_too():
    with pytest.raises(DataError, match="has not been made safe"):
        show_funnel(UNITS, LIMITS, unit="team", **TEXTS)


@pytest.mark.parametrize("kind", SHOWN)
def test_a_chart_is_an_image_with_an_alternative_its_data_and_the_same_bytes_each_time(kind):
    html = SHOWN[kind](TABLES[kind]).html
    assert 'role="img" aria-label="F. ' in html
    assert '<span class="finding">F</span><span class="measure">M</span>' in html
    assert "The data behind this chart" in html
    assert '<p class="source">S</p>' in html
    assert html == SHOWN[kind](TABLES[kind]).html


@pytest.mark.parametrize("kind", SHOWN)
def test_every_colour_of_a_chart_follows_the_page_and_there_are_four_at_most(kind):
    drawing = SHOWN[kind](TABLES[kind]).html.partition("<svg")[2].partition("</svg>")[0]
    colours = {part.split(";")[0].split('"')[0] for part in drawing.replace("stroke: ", "fill: ").split("fill: ")[1:]}
    assert {colour for colour in colours if not colour.startswith("var(--")} <= {"none"}
    neutral = ("--ink", "--soft", "--line", "--line-strong", "--paper")
    assert len({colour for colour in colours if colour.startswith("var(") and not colour[4:].startswith(neutral)}) <= 4


@pytest.mark.parametrize("kind", SHOWN)
def test_an_empty_table_is_a_sentence(kind):
    empty = make_safe(pd.DataFrame(TABLES[kind]).head(0), counts=[])
    assert SHOWN[kind](empty).text == "M: nothing to show."


@pytest.mark.parametrize("kind", ["love", "effects", "survival", "funnel", "cusum", "vlad"])
def test_names_from_the_data_are_escaped(kind):
    column = {"love": "covariate", "effects": "label", "survival": "group"}.get(kind, "team")
    attacked = pd.DataFrame(TABLES[kind]).assign(**{column: "<script>alert(1)</script>"})
    html = SHOWN[kind](make_safe(attacked, counts=[])).html
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_ratings_mark_the_rows_of_a_balance_table():
    html = show_table(LOVE, caption="Balance", columns="balance", flag="rating").html
    assert '<tr><th scope="row">age</th>' in html
    assert '<tr class=amber><th scope="row">sex: male</th>' in html
    assert '<tr class=flag><th scope="row">logit</th>' in html
    assert "<td>red</td>" in html
    assert '<td class="num">+12.0</td>' in html


@pytest.mark.parametrize("layout", ["methods", "designs"])
def test_a_forest_can_have_either_table_below_it(layout):
    table = make_safe(pd.DataFrame(effects()).assign(people=1200), counts=[])
    html = show_effects(table, columns=layout, **TEXTS).html
    headings = [heading for heading, _ in LAYOUTS[layout].values()]
    assert [heading for heading in headings if f">{heading}</th>" not in html] == []
    assert "−8.5 (−9.2 to −7.8)" in html


def test_what_lower_and_higher_mean_stands_clear_of_the_zero_line():
    words = {text.get_text(): text.get_horizontalalignment() for text in draw_effects(effects(), axes()).texts}
    assert words["◀ lower\u00a0"] == "right"
    svg = show_effects(effects(), **TEXTS).html
    assert "◀ lower\u00a0</text>" in svg  # a plain space at the end is not drawn
