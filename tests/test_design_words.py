"""Sentences about groups reached after the index date: the fair figure leads, the naive one is marked."""

import pandas as pd
import pytest
from test_present import row, safe

from evalkit.errors import SpecError
from evalkit.present import make_safe
from evalkit.present.design_words import (
    designs_finding,
    fair_answer,
    fair_can_and_cannot_say,
    fair_card,
    make_designs_safe,
    naive_beside,
)

FAIR = {"design": "sequential", "immortal_time": False, "predictions": "estimated"}
OTHERS = "people like them who had not"


def table(*rows):
    return make_safe(pd.DataFrame(rows), counts={"people": None, "actual": "people"}, within="design")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.05, -0.01, "against 23.0% of people like them who had not: 3.0 percentage points lower (95% interval 1.0"),
        (-0.05, 0.01, "not distinguishable (−3.0, 95% interval −5.0 to +1.0 percentage points)."),
        (-0.05, 0.0, "not distinguishable"),  # an interval that ends at zero does not leave it out
        (0.01, 0.05, "3.0 percentage points higher (95% interval 1.0 to 5.0)."),
    ],
)
def test_the_headline_is_the_fair_figure(low, high, said):
    naive = row(actual=100)
    predicted = 170.0 if low > 0 else 230.0
    fair = row(predicted=predicted, low=low, high=high, **FAIR)
    text = fair_answer(table(naive, fair), "took_up", who="people who took it up", others=OTHERS).text
    assert said in text
    assert text.startswith("20.0% of the 1,000 people who took it up were reconvicted within a year from then")


def test_too_few_people_are_not_compared():
    small = table(row(people=29, actual=12, **FAIR))
    assert "too few" in fair_answer(small, "took_up", who="people", others=OTHERS).text


def test_a_group_that_is_not_there_is_named():
    with pytest.raises(SpecError, match="'found_work' by the design 'sequential'"):
        fair_answer(table(row(**FAIR)), "found_work", who="people", others=OTHERS)


@pytest.mark.parametrize(
    ("verdict", "figure", "also"),
    [
        ("passed", "10.0 percentage points lower", ""),
        ("failed", "5.0 percentage points lower", "which fails its check on them, it would be −10.0 points."),
        ("undetermined", "5.0 percentage points lower", "could not settle whether it fits them."),
        ("not applicable", "10.0 percentage points lower", ""),
    ],
)
def test_the_gate_decides_which_naive_figure_stands_beside(verdict, figure, also):
    raw = safe(row(), row(complement=True))
    recalibrated = safe(row(predicted=250.0, low=-0.08, high=-0.02))
    text = naive_beside(raw, recalibrated, "took_up", verdict_of_check=verdict, who="people").text
    assert text.startswith("Counted from the start of supervision instead: 20.0% of the 1,000 people")
    assert figure in text
    assert "This figure is naive" in text
    assert text.endswith(also or "cannot get into the group.")


def test_boxes_hold_fair_findings_only():
    rows = table(row(actual=100), row(low=-0.12, high=0.01, **FAIR))
    text = fair_can_and_cannot_say(rows, who="the service", others=OTHERS).text
    can, cannot = text.split("You cannot say")
    assert "20.0%" in can
    assert "10.0%" not in can
    assert "no difference where none can be distinguished" in cannot
    assert "immortal time" in cannot


def test_card_and_chart_title():
    rows = table(row(), row(low=-0.05, high=0.01, **FAIR))
    assert fair_card(rows, "took_up", label="x").figure == "−10.0 pp"
    assert designs_finding(rows).startswith("Lower than expected in 1 of 1 groups by the naive figure, in 0 when")


def test_what_is_hidden_of_people_is_hidden_in_every_row_of_theirs():
    # A review read a hidden rate off the next row: the same people by another design.
    own = {**FAIR, "design": "own_lag"}
    rows = [
        *(row("a", people=300, actual=90, **FAIR), row("b", people=40, actual=6, **FAIR)),
        *(row("a", people=300, actual=90, **own), row("b", people=40, actual=15, **own)),
    ]
    safe_rows = make_designs_safe(pd.DataFrame(rows)).set_index(["name", "design"])
    for design in ("sequential", "own_lag"):
        assert safe_rows.loc[("b", design), "actual"] == "[c]"
        assert safe_rows.loc[("b", design), "actual_rate"] == "[c]"
    assert safe_rows.loc[("b", "sequential"), "difference"] == safe_rows.loc[("b", "own_lag"), "difference"] == "[c]"


def test_nothing_is_hidden_where_nothing_need_be():
    rows = pd.DataFrame([row(**FAIR), row(**{**FAIR, "design": "own_lag"})])
    assert make_designs_safe(rows)["actual"].tolist() == [200, 200]
