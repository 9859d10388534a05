"""Reconvictions so far, month by month: numbers by hand and by simulation, what is hidden, and what is drawn."""

import datetime

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from matplotlib.figure import Figure

from evalkit.errors import DataError
from evalkit.present.alert_words import interim_finding
from evalkit.present.chart_interim import briefing_curve, draw_interim, show_interim
from evalkit.present.curves_safe import make_curves_safe
from evalkit.present.disclosure import make_safe
from evalkit.present.monitored_safe import make_early_safe
from evalkit.statistics.interim import interim, interim_curves

TODAY = datetime.date(2021, 12, 31)


class SquareRootHazard:
    """Risk comes early: half of the year's by day 91."""

    def at(self, days):
        return 1.7 * np.sqrt(np.asarray(days, float) / 365)


HAZARD = SquareRootHazard()


def people(rows):
    """Unit, days ago of the index date, day of reconviction (None: not known of any), prediction."""
    frame = pd.DataFrame(rows, columns=["unit", "ago", "days_to_reconviction", "predicted"])
    frame["index_date"] = pd.Timestamp(TODAY) - pd.to_timedelta(frame["ago"], unit="D")
    return frame.astype({"days_to_reconviction": float})


def curve_of(frame):
    return interim_curves(frame, unit="unit", hazard=HAZARD, as_of=TODAY)


def test_a_curve_by_hand():
    rows = [("a", 100, None, 0.3)] * 20 + [("a", 200, 20, 0.5)] * 6 + [("a", 400, 150, 0.2)] * 9
    rows += [("a", 89, 5, 0.5)]  # not yet seen for ninety days
    rows += [("a", 400, 5, np.nan)]  # no score
    table = curve_of(people(rows))
    # 35 people have been seen for 90 days, 15 of them for 120: the curve ends at 90
    assert table["day"].tolist() == [0, 30, 60, 90]
    assert table["actual"].tolist() == [0, 6, 6, 6]
    assert (table["people"] == 35).all()
    assert (table["label"] == "INTERIM").all()
    share = np.sqrt(np.array([30, 60, 90]) / 365)
    expected = [20 * (1 - 0.7**part) + 6 * (1 - 0.5**part) + 9 * (1 - 0.8**part) for part in share]
    assert_close(table["predicted"].iloc[1:], expected, decimals=12)
    assert table.loc[0, ["predicted", "low", "high"]].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("seen", "days"), [(29, [0]), (30, [0, 30, 60, 90])])
def test_a_curve_ends_where_fewer_than_thirty_people_have_been_seen_so_long(seen, days):
    assert curve_of(people([("a", 119, None, 0.3)] * seen))["day"].tolist() == days


def test_who_was_seen_for_a_part_of_the_time_counts_for_that_part():
    rows = [("a", 300, None, 0.4)] * 40 + [("a", 100, 95, 0.4)] * 10
    table = curve_of(people(rows)).set_index("day")
    by_180 = 40 * (1 - 0.6 ** np.sqrt(180 / 365)) + 10 * (1 - 0.6 ** np.sqrt(100 / 365))
    assert_close(table.loc[180, "predicted"], by_180, decimals=12)
    assert table.loc[180, "actual"] == 10


def test_on_the_ninetieth_day_it_agrees_with_the_three_month_view():
    generator = np.random.default_rng(5)
    rows = [
        (unit, generator.integers(60, 420), generator.integers(1, 500), generator.uniform(0.1, 0.7))
        for unit in ("a", "b")
        for _ in range(300)
    ]
    frame = people(rows)
    view = interim(frame, unit="unit", hazard=HAZARD, as_of=TODAY).set_index("unit")
    table = curve_of(frame)
    ninety = table[table["day"] == 90].set_index("unit")
    assert (ninety["people"] == view["people_90"]).all()
    assert (ninety["actual"] == view["actual_90"]).all()
    assert_close(ninety["predicted"], view["predicted_90"], decimals=10)


def test_the_range_of_chance_holds_the_number_19_times_in_20():
    generator = np.random.default_rng(8)
    held = []
    for size in (80, 600):  # exact below 100 expected, else normal
        share = generator.uniform(0.1, 0.7, size)
        ago = generator.integers(91, 420, size)
        for _ in range(60):
            # F(t) = 1 - (1 - p) ** sqrt(t / 365), inverted
            days = np.ceil(365 * (np.log(generator.random(size)) / np.log(1 - share)) ** 2)
            table = curve_of(people(zip(["a"] * size, ago, days, share, strict=True)))
            last = table.iloc[-1]
            held.append(last["low"] <= last["actual"] <= last["high"])
    assert 0.90 <= np.mean(held) <= 1.0
    assert not all(held)


def test_a_curve_needs_somebody_and_a_hazard():
    with pytest.raises(DataError, match="nobody with a score has been seen for a day"):
        curve_of(people([("a", 100, None, np.nan)]))
    empty = curve_of(people([("a", 80, None, 0.3)] * 40))
    assert empty.empty
    assert list(empty.columns) == ["unit", "label", "day", "people", "actual", "predicted", "low", "high"]


# ------------------------------------------------------------------ made safe
def curves(actual, *, people=200, unit="Aston"):
    days = range(0, 30 * len(actual), 30)
    rows = [(unit, "INTERIM", day, people, so_far, so_far + 1.5, so_far - 5.0, so_far + 8.0)
            for day, so_far in zip(days, actual, strict=True)]  # fmt: skip
    return pd.DataFrame(rows, columns=["unit", "label", "day", "people", "actual", "predicted", "low", "high"])


def test_points_are_merged_until_ten_reconvictions_lie_between_them():
    safe = make_curves_safe(curves([0, 9, 10, 19, 20, 33]))
    assert safe["day"].tolist() == [0, 60, 120, 150]
    # numbers rounded to 5: 10, 20, 35 of 200; the expected are not, as nothing of them depends on what happened
    assert_close(safe["actual_share"].astype(float), [0, 0.05, 0.10, 0.175], decimals=12)
    assert_close(safe["predicted_share"].astype(float), np.array([1.5, 11.5, 21.5, 34.5]) / 200, decimals=12)


@pytest.mark.parametrize(("people", "days"), [(29, [0, 30]), (30, [0, 30, 60])])
def test_ten_people_not_reconvicted_are_left_at_every_point(people, days):
    assert make_curves_safe(curves([0, 10, 20], people=people))["day"].tolist() == days


@pytest.mark.parametrize(("most", "hidden"), [(9, True), (10, False)])
def test_a_unit_with_fewer_than_ten_reconvictions_has_no_curve(most, hidden):
    safe = make_curves_safe(pd.concat([curves([0, most]), curves([0, 50], unit="Yardley")]))
    own = safe[safe["unit"] == "Aston"]
    assert (own["actual_share"].iloc[-1] == "[c]") == hidden
    assert len(own) == (1 if hidden else 2)
    assert (own["people"].iloc[0] == "[c]") == hidden


def test_a_unit_whose_first_three_months_are_hidden_has_no_curve():
    early = pd.DataFrame(
        {"unit": ["Aston", "Yardley", "Erdington"], "within": "North", "people_90": [200, 210, 190]}
    ).assign(actual_90=[5, 40, 45], predicted_90=[8.0, 41.0, 44.0])
    safe_early = make_early_safe(early)
    hidden = {row["unit"] for row in safe_early.to_dict("records") if row["actual_90"] == "[c]"}
    assert hidden > {"Aston"}  # and another one, which would give it away
    three = pd.concat([curves([0, 20, 40, 60], unit=unit) for unit in early["unit"]])
    safe = make_curves_safe(three, safe_early)
    shown = set(safe.loc[safe["actual_share"] != "[c]", "unit"])
    assert shown == set(early["unit"]) - hidden
    assert make_curves_safe(curves([]), safe_early).empty


# ------------------------------------------------------------------ drawn and told
def test_the_chart_draws_the_safe_shares_and_is_marked_interim():
    safe = make_curves_safe(pd.concat([curves([0, 20, 40]), curves([0, 3], unit="Yardley")]))
    ax = Figure().add_subplot()
    draw_interim(safe[safe["unit"] == "Aston"], ax, unit="unit")
    expected, actual = (line.get_ydata() for line in ax.lines)
    assert_close(actual, [0, 10, 20], decimals=10)
    assert_close(expected, [0.75, 10.75, 20.75], decimals=10)
    piece = show_interim(safe, finding=interim_finding(safe), measure="m", source="s")
    assert piece.text.startswith("INTERIM: Aston, 20.0% reconvicted by day 60, 20.8% expected by then")
    assert "INTERIM: reconvicted so far" in piece.html
    assert "Yardley: [c]" in piece.html
    assert "alert" not in piece.text


def test_where_there_is_nobody_nothing_is_drawn():
    nobody = make_curves_safe(curves([]))
    assert show_interim(nobody, finding="f", measure="INTERIM", source="s").text == "INTERIM: nothing to show."
    few = make_curves_safe(curves([0, 3]))
    assert interim_finding(few) == "INTERIM: too few people to show"


@pytest.mark.parametrize(
    ("state", "direction", "actual", "drawn"),
    [
        ("alert", "worse", 40, True),
        ("too small to judge", "", 40, False),
        ("data-quality hold", "", 40, False),
        ("as expected", "", 9, False),
    ],
)
def test_the_briefing_has_a_curve_where_the_unit_is_judged_and_has_enough_people(state, direction, actual, drawn):
    table = pd.DataFrame({"unit": ["Aston"], "state": state, "direction": direction, "people": 300, "actual": 90})
    units = make_safe(table, counts=["people", "actual"])
    piece = briefing_curve(units, make_curves_safe(curves([0, actual])), "Aston", as_of=TODAY)
    assert ("INTERIM" in piece.text) == drawn
    assert ("known up to 31 December 2021" in piece.text) == drawn
    assert briefing_curve(units, make_curves_safe(curves([])), "Aston", as_of=TODAY).text == ""
