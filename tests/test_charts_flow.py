"""Attrition and stages as charts: by the numbers on their artists."""

import pandas as pd
import pytest
from conftest import assert_close
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from evalkit.errors import DataError
from evalkit.present.chart_flow import BOX, draw_attrition, draw_stages, show_attrition, show_stages
from evalkit.present.charts import LINE, NAVY
from evalkit.present.disclosure import CONFIDENTIAL, make_flow_safe, make_safe

TEXTS = {"finding": "F", "measure": "M", "source": "S"}


def axes():
    return Figure(figsize=(7.6, 4)).add_subplot()


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def widths(ax, colour):
    return [bar.get_width() for bar in ax.patches if to_hex(bar.get_facecolor()) == colour and bar.get_height() > 0]


def flow(*excluded, start=1000):
    remaining = [start - sum(excluded[: step + 1]) for step in range(len(excluded))]
    rows = {
        "step": ["in the extract", *(f"step {number}" for number in range(1, len(excluded) + 1))],
        "excluded": [0, *excluded],
        "remaining": [start, *remaining],
        "reason": ["", *(f"reason {number}" for number in range(1, len(excluded) + 1))],
    }
    return make_flow_safe(pd.DataFrame(rows))


def test_the_boxes_of_an_attrition_flow_are_filled_as_far_as_people_remain():
    ax = draw_attrition(flow(250, 350), axes(), start="people in the extract")
    assert_close(widths(ax, LINE), [BOX, 0.75 * BOX, 0.4 * BOX], decimals=9)
    assert texts(ax) == [
        "1,000", "people in the extract",
        "750", "step 1", "250 left", "reason 1",
        "400", "step 2", "350 left", "reason 2",
    ]  # fmt: skip


def test_a_hidden_step_has_its_symbol_and_no_filled_box():
    safe = flow(250, 3, 40)
    ax = draw_attrition(safe, axes(), start="people")
    hidden = [value == CONFIDENTIAL for value in safe["remaining"]]
    assert sum(hidden) == 1
    assert len(widths(ax, LINE)) == 3
    assert texts(ax).count(CONFIDENTIAL) == 1
    assert texts(ax).count(f"{CONFIDENTIAL} left") == 2  # the small step, and the one beside it


def test_the_text_alternative_of_an_attrition_flow_gives_every_number():
    html = show_attrition(flow(250, 350), start="people in the extract", **TEXTS).html
    assert 'role="img" aria-label="F. 1,000 people in the extract; step 1: 250 left (reason 1), 750 remain; ' in html
    assert "step 2: 350 left (reason 2), 400 remain" in html
    assert '<th scope="row">step 2</th><td class="num">350</td><td class="num">400</td><td>reason 2</td>' in html


def test_an_attrition_flow_must_be_safe():
    unsafe = pd.DataFrame({"step": ["a"], "excluded": [0], "remaining": [9], "reason": [""]})
    with pytest.raises(DataError, match="has not been made safe"):
        show_attrition(unsafe, start="people", **TEXTS)


def stages(people=(2000, 500, 200), of_label=("", "Took up", "Found work")):
    rows = pd.DataFrame({"label": ["Took up", "Found work", "Kept it"], "people": people, "of_label": of_label})
    rows["of"] = [people[0], people[0], people[1]]
    rows["share"] = rows["people"] / rows["of"]
    return make_safe(
        rows.assign(low=rows["share"] - 0.02, high=rows["share"] + 0.03), counts={"people": "of"}, within="label"
    )


def bands(ax):
    """The ends of each band, above and below."""
    return [sorted({point[0] for point in band.get_paths()[0].vertices}) for band in ax.collections]


def test_the_bars_of_a_stage_flow_are_as_long_as_people_are_many():
    ax = draw_stages(stages(), axes())
    assert_close(widths(ax, NAVY), [2000, 500, 200], decimals=9)
    assert_close(bands(ax), [[0, 500, 2000], [0, 200, 500]], decimals=9)
    assert ax.get_xlim() == (0, 2000)
    assert texts(ax) == [
        "Took up", "2,000",
        "Found work", "500", "25.0% of those above (23.0 to 28.0)",
        "Kept it", "200", "40.0% of those above (38.0 to 43.0)",
    ]  # fmt: skip


def test_a_stage_of_another_one_than_that_above_has_no_band_and_names_it():
    ax = draw_stages(stages(of_label=("", "Took up", "Took up")), axes())
    assert len(bands(ax)) == 1
    assert texts(ax)[-1] == "40.0% of took up (38.0 to 43.0)"


def test_a_hidden_stage_has_its_symbol_and_neither_bar_nor_band():
    ax = draw_stages(stages(people=(2000, 500, 9)), axes())
    assert_close(widths(ax, NAVY), [2000, 500], decimals=9)
    assert texts(ax)[-2:] == ["Kept it", CONFIDENTIAL]
    assert len(bands(ax)) == 1
    assert texts(draw_stages(stages(people=(2000, 500, 10)), axes()))[-2] == "10"  # at the threshold


def test_stages_that_are_all_hidden_are_a_sentence():
    assert show_stages(stages(people=(7, 5, 3)), **TEXTS).html == '<p class="note">M: [c].</p>'
