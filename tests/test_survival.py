"""Curves, people at risk, log-rank test: worked by hand, R's survival, statsmodels, and what must always hold."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from hypothesis import given, settings
from hypothesis import strategies as st
from survival_reference import PEOPLE, VALUES, rossi

from evalkit.errors import DataError, SpecError
from evalkit.statistics.survival import logrank, number_at_risk, survival_curve

DAYS, EVENT = PEOPLE["days"], PEOPLE["event"]


def on_day(curve, day):
    return curve[curve["time"] <= day].iloc[-1]


def test_five_people_worked_by_hand():
    # two of five reconvicted on day 10, one leaves on day 20, one of the remaining two on day 30
    curve = survival_curve([10, 10, 20, 30, 40], [1, 1, 0, 1, 0])
    assert curve["time"].tolist() == [0, 10, 20, 30, 40]
    assert_close(curve["survival"], [1, 0.6, 0.6, 0.3, 0.3], decimals=15)
    assert_close(curve["cumulative"], [0, 0.4, 0.4, 0.7, 0.7], decimals=15)
    assert curve["at_risk"].tolist() == [5, 5, 3, 2, 1]
    assert curve["events"].tolist() == [0, 2, 0, 1, 0]
    assert curve["censored"].tolist() == [0, 0, 1, 0, 1]
    # Greenwood on day 30: 2/(5 x 3) + 1/(2 x 1); the limits are .3 to the power of exp(+-1.96 se / log .3)
    reach = 1.959963984540054 * np.sqrt(2 / 15 + 1 / 2) / np.log(0.3)
    assert_close(curve.loc[3, ["low", "high"]], 0.3 ** np.exp([-reach, reach]), decimals=12)


@pytest.mark.parametrize("day", [7, 91, 182, 364, 700])
def test_the_curve_agrees_with_r(day):
    row = on_day(survival_curve(DAYS, EVENT), day)
    names = ["survival", "low", "high"]
    assert_close(row[names].astype(float), [VALUES[f"curve_{day}_{name}"] for name in names], decimals=10)
    narrow = on_day(survival_curve(DAYS, EVENT, level=0.8), day)
    assert_close(narrow["low"], VALUES[f"curve_{day}_low80"], decimals=10)
    assert number_at_risk(DAYS, EVENT, [day]).loc[0, "at_risk"] == VALUES[f"curve_{day}_at_risk"]


def test_the_curve_agrees_with_statsmodels_on_every_day_of_events():
    from statsmodels.duration.survfunc import SurvfuncRight

    witness = SurvfuncRight(DAYS, EVENT)
    curve = survival_curve(DAYS, EVENT).query("events > 0")
    assert_close(curve["time"], witness.surv_times, decimals=12)
    assert_close(curve["survival"], witness.surv_prob, decimals=12)
    assert curve["at_risk"].tolist() == witness.n_risk.tolist()


def test_groups_have_a_curve_each_as_alone():
    curves = survival_curve(DAYS, EVENT, by=PEOPLE["aid"])
    for group, day in ((0, 91), (0, 364), (1, 91), (1, 364)):
        row = on_day(curves[curves["group"] == group], day)
        assert_close(row["survival"], VALUES[f"curve_by_aid_{group}_{day}"], decimals=12)
    assert list(curves.columns[:3]) == ["group", "time", "survival"]
    given_aid = PEOPLE["aid"] == 1
    alone = survival_curve(DAYS[given_aid], EVENT[given_aid])
    own = curves[curves["group"] == 1].drop(columns="group").reset_index(drop=True)
    pd.testing.assert_frame_equal(own, alone)


def test_limits_where_there_are_none():
    curve = survival_curve([5, 10, 15], [0, 1, 1])
    assert curve.loc[0, ["low", "high"]].tolist() == [1, 1]  # day 0: nobody can have had the event
    assert curve.loc[[1, 3], ["low", "high"]].isna().all(axis=None)  # nobody had it yet; nobody is left without it
    assert 0 < curve.loc[2, "low"] < 0.5 < curve.loc[2, "high"] < 1


def test_nobody_has_the_event_and_somebody_leaves_on_day_0():
    curve = survival_curve([0, 20], [0, 0])
    assert curve["survival"].tolist() == [1, 1]
    assert curve["time"].tolist() == [0, 20]
    assert curve["at_risk"].tolist() == [2, 1]


def test_people_at_risk_at_the_edge_of_a_day():
    table = number_at_risk([10, 10, 20], [1, 0, 1], [0, 9, 10, 11, 20, 21])
    assert table["at_risk"].tolist() == [3, 3, 3, 1, 1, 0]
    assert table["events"].tolist() == [0, 0, 1, 1, 2, 2]
    assert table["censored"].tolist() == [0, 0, 1, 1, 1, 1]
    by = number_at_risk([10, 10, 20], [1, 0, 1], [10], by=["b", "a", "a"])
    assert by.to_dict("list") == {
        "group": ["a", "b"],
        "time": [10, 10],
        "at_risk": [2, 1],
        "events": [0, 1],
        "censored": [1, 0],
    }


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=100)
def test_nobody_is_lost_and_the_curve_only_falls(people):
    days, events = zip(*people, strict=True)
    curve = survival_curve(days, events)
    assert curve["events"].sum() + curve["censored"].sum() == len(people)
    assert (curve["survival"].diff().dropna() <= 1e-15).all()
    assert ((curve["low"] <= curve["survival"] + 1e-12) | curve["low"].isna()).all()
    assert ((curve["high"] >= curve["survival"] - 1e-12) | curve["high"].isna()).all()
    without_leaving = survival_curve(days, [True] * len(days))
    assert_close(without_leaving["survival"].iloc[-1], 0, decimals=15)


def test_logrank_of_three_groups_agrees_with_r():
    table = logrank(DAYS, EVENT, PEOPLE["area"])
    assert table["group"].tolist() == ["north", "south", "west"]
    assert_close(table["expected"], [VALUES[f"logrank_expected_{area}"] for area in table["group"]], decimals=9)
    assert_close(table["chi_squared"], [VALUES["logrank_chisq"]] * 3, decimals=9)
    assert table["degrees_of_freedom"].tolist() == [2, 2, 2]
    assert_close(table["p_value"], np.exp(-VALUES["logrank_chisq"] / 2), decimals=12)  # two degrees of freedom
    assert table["events"].sum() == EVENT.sum()
    assert_close(table["expected"].sum(), EVENT.sum(), decimals=9)


def test_logrank_of_the_rossi_study():
    men = rossi()
    table = logrank(men["week"], men["arrest"], men["fin"])
    assert_close(table["p_value"], [0.0501, 0.0501], decimals=4)
    assert_close(table["p_value"], VALUES["rossi_logrank"], decimals=10)
    assert table["events"].tolist() == [66, 48]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: survival_curve([1, -1], [0, 1]), "days, row 1 .*: -1; each must be a number of days"),
        (lambda: survival_curve([1, None], [0, 1]), "days, row 1 .*: missing; each must be a number of days"),
        (lambda: survival_curve([1, np.inf], [0, 1]), "days, row 1 .*: inf; each must be a number of days"),
        (lambda: survival_curve([1, 2], [0, 2]), "event, row 1 .*: 2; each must be 0 or 1"),
        (lambda: survival_curve([1, 0], [0, 1]), "days, row 1 .*: 0; an event must come after"),
        (lambda: survival_curve([1, 2, 3], [0, 1]), "days has 3 rows but event has 2"),
        (lambda: survival_curve([1, 2], [0, 1], by=["a", None]), "group, row 1 .*: missing; each person needs one"),
        (lambda: number_at_risk([1, 2], [0, 1], [-1]), "times, row 0 .*: -1; each must be a day, 0 or later"),
        (lambda: logrank([1, 2], [0, 1], ["a", "a"]), "group: everybody is in the same"),
        (lambda: logrank([1, 2], [0, 0], ["a", "b"]), "event: nobody has one, so there is no pace to compare"),
    ],
)
def test_refused_with_row_value_and_rule(call, message):
    with pytest.raises(DataError, match=message):
        call()


def test_a_level_that_is_none_is_refused():
    with pytest.raises(SpecError, match="level: 95 is not a confidence level"):
        survival_curve([1, 2], [0, 1], level=95)
