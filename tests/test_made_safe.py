"""Curves, paths, histograms and balance tables are made safe: no step, bin or line can be anybody's."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import DataError
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable
from evalkit.present.made_safe import make_balance_safe, make_bins_safe, merge_path, merge_steps
from evalkit.statistics.balance import balance
from evalkit.statistics.survival import survival_curve


def curve(events, *, people=200, left=None):
    """A Kaplan-Meier curve with that many events on days 1, 2, ..., and people who leave after each."""
    left = left or [0] * len(events)
    gone = np.cumsum([0, *(e + c for e, c in zip(events[:-1], left[:-1], strict=True))])
    at_risk = people - gone
    survival = np.cumprod(1 - np.array(events) / at_risk)
    rows = pd.DataFrame(
        {"time": range(1, len(events) + 1), "survival": survival, "at_risk": at_risk, "events": events, "low": survival}
    )
    start = pd.DataFrame({"time": [0], "survival": [1.0], "at_risk": [people], "events": [0], "low": [1.0]})
    both = pd.concat([start, rows], ignore_index=True)
    return both.assign(high=both["survival"], low=both["survival"] - 0.01)


def test_steps_end_where_ten_events_are_together():
    steps = merge_steps(curve([4, 5, 1, 9, 1, 10, 0]))
    assert isinstance(steps, SafeTable)
    # day 3 is the tenth event, day 5 the tenth after that, day 6 has ten of its own, day 7 is the end
    assert list(steps["time"]) == [0, 3, 5, 6, 7]
    assert list(steps["events"]) == [0, 10, 10, 10, 0]
    assert_close(steps["reconvicted"], [0, 0.05, 0.10, 0.15, 0.15], decimals=9)
    assert_close(steps["high"] - steps["reconvicted"], [0.01] * 5, decimals=9)


def test_nine_events_are_no_step_and_ten_are():
    assert list(merge_steps(curve([9]))["reconvicted"]) == [CONFIDENTIAL]
    assert list(merge_steps(curve([9]))["at_risk"]) == [200]
    assert list(merge_steps(curve([10]))["events"]) == [0, 10]


def test_events_left_over_at_the_end_are_part_of_the_last_step():
    steps = merge_steps(curve([10, 9]))
    assert list(steps["events"]) == [0, 19]
    assert list(steps["time"]) == [0, 2]


def test_a_curve_without_events_is_flat_and_shown():
    steps = merge_steps(curve([0, 0]))
    assert list(steps["time"]) == [0, 2]
    assert list(steps["reconvicted"]) == [0, 0]


@pytest.mark.parametrize(("people", "last"), [(50, 4), (49, 3)])  # ten people left after the fourth day, or nine
def test_a_curve_is_not_shown_further_than_ten_people_are_left(people, last):
    steps = merge_steps(curve([10, 10, 10, 10], people=people))
    assert steps["time"].iloc[-1] == last


def test_people_left_without_anybody_are_shown():
    assert merge_steps(curve([10, 10], people=20))["reconvicted"].iloc[-1] == 1


def test_a_group_of_fewer_than_ten_people_shows_no_number():
    steps = merge_steps(curve([4, 5], people=9))
    assert list(steps[["reconvicted", "low", "high", "at_risk", "events"]].iloc[0]) == [CONFIDENTIAL] * 5


def test_numbers_at_risk_do_not_give_away_one_person_who_left():
    same = [merge_steps(curve([10, 10, 10], left=[left, 0, 0], people=500)) for left in (0, 1, 2)]
    assert len({tuple(steps["at_risk"]) for steps in same}) == 1


def test_curves_are_merged_group_by_group():
    both = pd.concat([curve([10, 10]).assign(group="a"), curve([3]).assign(group="b")])
    steps = merge_steps(both, group="group")
    assert list(steps["group"]) == ["a", "a", "a", "b"]
    assert list(steps["reconvicted"]) == [0, 0.05, 0.1, CONFIDENTIAL]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(12, 300), st.floats(0.01, 0.9), st.floats(0, 0.3))
def test_whatever_the_curve_every_step_is_safe_and_right(seed, people, share, leaving):
    random = np.random.default_rng(seed)
    event = random.random(people) < share
    days = random.integers(1, 366, people)
    days = np.where(event | (random.random(people) < leaving), days, 365)
    steps = merge_steps(survival_curve(days, event))
    shown = steps[steps["reconvicted"] != CONFIDENTIAL]
    assert all(count == 0 or count >= 10 for count in shown["events"])
    assert all(here == 0 or here >= 10 for here in shown["at_risk"])
    # the share by then, from the definition
    for row in shown.to_dict("records"):
        surviving = 1.0
        for day in np.unique(days[event & (days <= row["time"])]):
            surviving *= 1 - (event & (days == day)).sum() / (days >= day).sum()
        assert_close(row["reconvicted"], round(1 - surviving, 3), decimals=6)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (curve([10]).drop(columns="at_risk"), "no column 'at_risk'"),
        (curve([10]).iloc[1:], "must begin with a row at time 0"),
        (pd.concat([curve([10]), curve([10]).iloc[1:]]), "must ascend"),
        (curve([10]).assign(at_risk=[200.0, 199.5]), "weighted curves cannot be made safe"),
    ],
)
def test_what_is_no_curve_is_refused(broken, message):
    with pytest.raises(DataError, match=message):
        merge_steps(broken)


def path(outcomes, *, team="A", alarms=()):
    """A CUSUM path of people who were all predicted at 0.3."""
    outcomes = np.array(outcomes, dtype=bool)
    people = len(outcomes)
    return pd.DataFrame(
        {
            "team": team,
            "matures": pd.date_range("2020-01-01", periods=people),
            "fewer_people": np.cumsum(0.3 - outcomes),
            "cusum_worse": np.arange(people) / 10,
            "cusum_better": np.zeros(people),
            "threshold_worse": 7.9,
            "threshold_better": 7.6,
            "alarm_worse": [place in alarms for place in range(people)],
            "alarm_better": False,
        }
    )


def test_a_path_keeps_points_between_which_ten_were_and_ten_were_not_reconvicted():
    points = merge_path(path([0] * 10 + [1] * 10 + [1] * 15 + [0] * 9 + [0] + [1] * 3), unit="team")
    # row 19 is the tenth reconvicted, row 44 the tenth not reconvicted since; the last three are part of that step
    assert list(points["cusum_worse"]) == [1.9, 4.7]
    assert points["matures"].iloc[-1] == pd.Timestamp("2020-02-17")


def test_an_alarm_within_a_step_is_kept():
    points = merge_path(path([0, 1] * 20, alarms=[3]), unit="team")
    assert list(points["alarm_worse"]) == [True, False]


@pytest.mark.parametrize(("reconvicted", "hidden"), [(10, False), (9, True)])
def test_a_unit_with_too_few_people_has_no_path(reconvicted, hidden):
    points = merge_path(path([0] * 40 + [1] * reconvicted), unit="team")
    assert len(points) == 1
    assert (points["cusum_worse"].iloc[0] == CONFIDENTIAL) == hidden


def test_a_path_out_of_order_is_refused():
    with pytest.raises(DataError, match="the dates of 'A' do not ascend"):
        merge_path(path([0, 1] * 20).iloc[::-1], unit="team")


def test_bins_keep_their_limits_when_their_counts_are_hidden():
    bins = pd.DataFrame(
        {"low": [0.1, 0.2, 0.3], "high": [0.2, 0.3, 0.4], "treated": [3, 50, 40], "comparison": [200, 100, 50]}
    )
    safe = make_bins_safe(bins)
    assert list(safe["low"]) == [0.1, 0.2, 0.3]
    assert safe["treated"].iloc[0] == CONFIDENTIAL
    assert (safe["treated"] == CONFIDENTIAL).sum() >= 2  # one alone could be worked out from the total


def people_with(rare):
    """120 people, a third of them treated; `rare` of the treated and 20 of the others have a rare category."""
    treated = [True] * 40 + [False] * 80
    categories = ["rare"] * rare + ["common"] * (40 - rare) + ["rare"] * 20 + ["common"] * 60
    return pd.DataFrame({"treated": treated, "kind": categories, "age": np.arange(120) % 37})


@pytest.mark.parametrize(("rare", "hidden"), [(9, True), (10, False), (0, False)])
def test_a_category_with_few_people_is_hidden_in_a_balance_table(rare, hidden):
    frame = people_with(rare)
    table = balance(frame, treated="treated", covariates=["kind", "age"], weights=pd.Series(1.0, index=frame.index))
    safe = make_balance_safe(table).set_index("covariate")
    assert (safe.loc["Kind: Rare ones together", "treated_mean"] == CONFIDENTIAL) == hidden
    assert (safe.loc["Kind: Common", "treated_mean"] == CONFIDENTIAL) == hidden  # its complement
    assert (safe.loc["Kind: Rare ones together", "rating"] == CONFIDENTIAL) == hidden
    assert safe.loc["Age", "treated_mean"] != CONFIDENTIAL
