"""The heat table of accommodation and the forest of prisons: what is drawn, hidden, and said."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from test_release_tables import CATEGORIES, LARGE, found_housing

from evalkit.present.chart_prisons import make_prisons_safe, prisons_finding, show_prisons
from evalkit.present.chart_transitions import draw_transitions, show_transitions, transitions_finding
from evalkit.present.release_safe import make_housing_safe


def transitions(counts):
    return make_housing_safe(found_housing(counts)).transitions


def small():
    counts = LARGE.copy()
    counts[2, 3] = 4
    return transitions(counts)


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("width", [7.6, 3.6])
def test_every_pair_has_a_cell_as_strong_as_its_share(width):
    table = transitions(LARGE)
    ax = draw_transitions(pd.DataFrame(table), Figure(figsize=(width, 3)).add_subplot())
    cells = [patch for patch in ax.patches if patch.get_alpha() is not None]
    assert len(cells) == 36
    shares = table["share"].to_numpy(float)
    assert [round(cell.get_alpha(), 3) for cell in cells] == [round(0.04 + 0.46 * share, 3) for share in shares]
    assert [(round(cell.get_x()), round(cell.get_y() + 0.45)) for cell in cells[:7]] == [
        *((across, 0) for across in range(6)),
        (0, 1),
    ]
    assert "28.6" in texts_of(ax)  # 40 of 140 stayed settled


def test_hidden_pairs_are_as_pale_as_none_and_say_so():
    table = small()
    ax = draw_transitions(pd.DataFrame(table), Figure(figsize=(7.6, 3)).add_subplot())
    hidden = (table["releases"] == "[c]").to_numpy()
    cells = [patch for patch in ax.patches if patch.get_alpha() is not None]
    assert hidden.sum() >= 4
    assert {cell.get_alpha() for cell, hide in zip(cells, hidden, strict=True) if hide} == {0.04}
    assert texts_of(ax).count("[c]") >= hidden.sum()


def test_the_text_alternative_and_the_data_hold_no_hidden_number():
    html = show_transitions(small(), measure="From to", source="Source").html
    assert "(4)" not in html
    assert "6.2% homeless" not in html  # 4 of 64
    assert 'role="img"' in html
    assert "Settled on the first night (140 releases), then: 28.6% settled" in html
    assert "28.6 (40)" in html
    assert "[c] homeless not rough sleeping" in html


def test_the_finding_compares_the_settled_with_the_others_whose_night_is_known():
    assert transitions_finding(transitions(LARGE)) == (
        "Settled three months later: 28.6% of releases settled on the first night, 33.3% of those known to be elsewhere"
    )
    counts = LARGE.copy()
    counts[5, 0] = 400  # unknown on the first night: no place
    counts[1, 0] = 60
    assert "33.3% to 60.0%" in transitions_finding(transitions(counts))
    few = np.ones((6, 6), dtype=int)
    assert transitions_finding(transitions(few)) == "The numbers are too small to show"
    assert CATEGORIES[0] == "settled"


def prisons(*, people=500, q=(0.5, 0.01), alike=0.2):
    rows = [
        ("Everyone", "Everyone", 2 * people, 0.1, np.nan),
        ("Prison", "Alpha", people, -0.02, q[0]),
        ("Prison", "Beta", people, 0.2, q[1]),
    ]
    table = pd.DataFrame(rows, columns=["kind", "name", "people", "estimate", "q_value"])
    table = table.assign(reconvicted=table["people"] // 2, low=table["estimate"] - 0.05, high=table["estimate"] + 0.05)
    table = table.assign(actual_rate=0.5, predicted_rate=0.5 - table["estimate"], p_value=table["q_value"])
    return table.assign(ratio=1.0, ratio_low=0.9, ratio_high=1.1, p_alike=alike)


def test_prisons_stand_in_order_of_their_names_with_the_note_on_their_number():
    piece = show_prisons(make_prisons_safe(prisons()), measure="m", source="s.")
    assert piece.html.index("Alpha") < piece.html.index("Beta")
    assert "2 prisons are estimated: with no difference in any, about 0.1 would have p below 0.05" in piece.html
    assert "reconvicted less than predicted" in piece.html
    assert "people not there yet" not in piece.html
    assert "subgroups" not in piece.html


@pytest.mark.parametrize(("q", "clear"), [((0.5, 0.049), 1), ((0.5, 0.05), 0), ((0.01, 0.01), 2)])
def test_the_title_counts_prisons_after_allowing_for_their_number(q, clear):
    assert prisons_finding(make_prisons_safe(prisons(q=q))).startswith(f"{clear} of 2 prisons differ clearly")


@pytest.mark.parametrize(("alike", "said"), [(0.049, "the difference varies"), (0.05, "does not vary distinguishably")])
def test_the_title_says_whether_prisons_vary(alike, said):
    assert said in prisons_finding(make_prisons_safe(prisons(alike=alike)))


def test_a_small_prison_is_hidden_and_not_alone():
    table = prisons()
    table.loc[1, ["people", "reconvicted"]] = [8, 4]
    safe = make_prisons_safe(table)
    assert safe["people"].tolist()[1:] == ["[c]", "[c]"]
    assert "too few people to compare prisons" in prisons_finding(safe)
    assert "[c]" in show_prisons(safe, measure="m", source="s.").html
