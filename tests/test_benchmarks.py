"""Figures from elsewhere: like with like is shown, unlike is refused unless the specification owns up to it."""

import pandas as pd
import pytest
from conftest import assert_close
from intervention_extracts import extract_with, spec_with, started

from evalkit.cohort.benchmarks import benchmarks, exact_share
from evalkit.cohort.declared import read_measures
from evalkit.cohort.programme_measures import programme_rates
from evalkit.cohort.programmes import programmes
from evalkit.errors import DataError, SpecError
from evalkit.present.declared_safe import make_rates_safe
from evalkit.present.disclosure import CONFIDENTIAL
from evalkit.present.intervention_safe import make_benchmarks_safe
from evalkit.present.intervention_tables import show_benchmarks

VALUES = pd.read_csv("tests/reference/intervention_values.csv", index_col="name")["value"]
LIKE = {
    "label": "National",
    "beside": "programme_completed",
    "share": 0.27,
    "source": "a book",
    "population": "People who started the programme",
    "definition": "programme_completed",
    "window": "Up to the extract date",
}


def beside(tmp_path, *, met=20, known=40, **changes):
    """Met of known people completed; one benchmark, like for like but for the changes."""
    declared = {**LIKE, **changes}
    lines = [
        f"{name} = {value if isinstance(value, float) else chr(34) + value + chr(34)}"
        for name, value in declared.items()
    ]
    rows = [
        started(n, "2019-02-01", end="2019-06-01", reason="completed" if n <= met else "left")
        for n in range(1, known + 1)
    ]
    extract = extract_with(tmp_path, rows, people=known)
    spec = spec_with(tmp_path, sections="[[intervention.benchmarks]]\n" + "\n".join(lines))
    found = programmes(extract, spec)
    return benchmarks(found, spec), found


@pytest.mark.parametrize(("events", "people"), [(0, 20), (1, 20), (27, 98), (8, 92), (97, 98), (98, 98)])
def test_the_exact_interval_is_that_of_r(events, people):
    found = exact_share(events, people)
    expected = [events / people, VALUES[f"exact_{events}_{people}_low"], VALUES[f"exact_{events}_{people}_high"]]
    assert_close(list(found.values()), expected, decimals=9)


@pytest.mark.parametrize(("events", "people"), [(-1, 5), (6, 5), (0, 0)])
def test_no_share_of_nobody(events, people):
    with pytest.raises(DataError, match=f"{events} of {people} people is no share"):
        exact_share(events, people)


def test_like_for_like_is_shown_with_its_verdict(tmp_path):
    table, _ = beside(tmp_path)
    row = table.iloc[0]
    assert (row["kind"], row["differences"]) == ("like for like", "")
    assert not row["inside"]  # 20 of 40: 33.8 to 66.2, and 27 is outside
    assert beside(tmp_path / "b", share=0.34)[0]["inside"].tolist() == [True]


@pytest.mark.parametrize("text", ["programme_completed", "Completed the programme", "COMPLETED  the programme."])
def test_a_measure_may_be_named_by_id_label_or_definition(tmp_path, text):
    assert beside(tmp_path, definition=text)[0]["kind"].tolist() == ["like for like"]
    whole = read_measures().measure("programme_completed").definition
    assert beside(tmp_path / "whole", definition=whole)[0]["kind"].tolist() == ["like for like"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"population": "Everybody in England"},
            "population: “Everybody in England”, here “People who started the programme”",
        ),
        (
            {"definition": "Attended once"},
            "measure: “Attended once”, here “The recorded reason why the programme ended",
        ),
        ({"window": "Two years"}, "window: “Two years”, here “Up to the extract date”"),
    ],
)
def test_unlike_is_refused_until_it_is_acknowledged(tmp_path, changed, said):
    with pytest.raises(SpecError) as refused:
        beside(tmp_path, **changed)
    message = str(refused.value)
    assert message.startswith(
        "programme.toml, benchmark 'National': it does not mean what the programme's figure means"
    )
    assert said in message
    assert "say in 'acknowledged' why" in message
    with pytest.raises(SpecError, match="it does not mean"):
        beside(tmp_path / "blank", acknowledged="  ", **changed)
    table, found = beside(tmp_path / "owned", acknowledged="It stands in print.", **changed)
    assert table["kind"].tolist() == ["not like for like"]
    assert table["inside"].tolist() == [None]  # like is not compared with like
    rates = make_rates_safe(programme_rates(found))
    text = show_benchmarks(make_benchmarks_safe(table, rates), caption="B").text
    assert said in text
    assert "Shown because: It stands in print." in text


def test_all_differences_are_named_at_once(tmp_path):
    with pytest.raises(SpecError, match=r"population: .*; measure: .*; window: "):
        beside(tmp_path, population="a", definition="b", window="c")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"beside": "programme_found_work"}, "'programme_found_work', which is no measure of this evaluation"),
        ({"share": 27.0}, r"the share 27.0 is not from 0 to 1 \(27 % is 0.27\)"),
        ({"window": " "}, "'window' is empty"),
        ({"source": ""}, "'source' is empty"),
    ],
)
def test_what_is_wrong_with_a_benchmark_is_named(tmp_path, changed, message):
    with pytest.raises(SpecError, match=message):
        beside(tmp_path, **changed)


def test_the_own_figure_is_hidden_where_the_measure_is(tmp_path):
    table, found = beside(tmp_path, met=4, known=40)
    safe = make_benchmarks_safe(table, make_rates_safe(programme_rates(found)))
    assert safe[["met", "share", "low", "high", "inside"]].iloc[0].tolist() == [CONFIDENTIAL] * 5
    assert_close(safe["benchmark"], [0.27], decimals=9)
    text = show_benchmarks(safe, caption="B").text
    assert "inside the interval" not in text
    assert "outside the interval" not in text
