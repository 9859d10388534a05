"""What every chart and table shares: alignment, limits that stay whole, labels that do not overlap, a short finding."""

import pandas as pd
import pytest
from conftest import assert_close

from evalkit.present.chart_measures import _short_and_long
from evalkit.present.chart_survival import BETWEEN_LABELS, LINE_OF_LABEL, apart, label_size
from evalkit.present.disclosure import make_safe
from evalkit.present.tables import show_table


def shown(values, kind="text", **limits):
    rows = pd.DataFrame({"name": [f"row {place}" for place in range(len(values))], "value": values, **limits})
    return show_table(
        make_safe(rows, counts=[]), caption="C", columns={"name": ("N", "text"), "value": ("V", kind)}
    ).html


@pytest.mark.parametrize(
    ("values", "aligned"),
    [
        (["21.2%", "−1,204.5", "[c]"], True),
        (["21.2%", "1.31 (limit 1.11)"], False),
        (["[c]", "[x]"], False),
        (["about 20", "30"], False),
    ],
)
def test_texts_that_are_all_numbers_are_aligned_as_numbers(values, aligned):
    html = shown(values)
    assert ('<th scope="col" class="num">V</th>' in html) is aligned
    assert (html.count('<td class="num">') == len(values)) is aligned


def test_the_names_of_the_rows_stand_under_their_heading_also_where_they_are_years():
    rows = make_safe(pd.DataFrame({"year": ["2019", "2020"], "value": [10, 20]}), counts=[])
    html = show_table(rows, caption="C", columns={"year": ("Year", "text"), "value": ("V", "count")}).html
    assert '<th scope="col">Year</th><th scope="col" class="num">V</th>' in html


def test_the_limits_of_an_interval_stay_together():
    html = shown([0.25], "percent interval", low=[0.2], high=[0.3])
    assert '<td class="num">25.0 <span class="limits">(20.0 to 30.0)</span></td>' in html
    assert "<td>20 (of 30)</td>" in shown(["20 (of 30)"])  # a text in brackets is no interval


def test_labels_are_moved_apart_by_half_of_each_and_not_above_the_top():
    assert_close(apart([10, 50], [20, 20], 100), [10, 50], decimals=9)
    assert_close(apart([50, 40], [20, 30], 100), [65, 40], decimals=9)
    assert_close(apart([95, 90], [20, 20], 100), [100, 80], decimals=9)
    assert_close(label_size("a\nb\nc"), 3 * LINE_OF_LABEL + BETWEEN_LABELS, decimals=9)


@pytest.mark.parametrize(
    ("sentence", "short", "long"),
    [
        (
            "Rate: 20% of the 50 people, against 30% of others: 10.0 percentage points lower (95% interval 2 to 18).",
            "Rate: 10.0 percentage points lower (95% interval 2 to 18)",
            "20% of the 50 people, against 30% of others.",
        ),
        (
            "Rate: 20% of them, against 21%: not distinguishable (−1.0). It would take 900 people.",
            "Rate: not distinguishable (−1.0)",
            "20% of them, against 21%. It would take 900 people.",
        ),
        ("Rate: there are too few people to compare.", "Rate: there are too few people to compare.", ""),
    ],
)
def test_a_finding_is_its_verdict_and_the_values_behind_it(sentence, short, long):
    assert _short_and_long(sentence, "Rate") == (short, long)
