"""Curves, paths, histograms and balance tables are made safe: no step, bin or line can be anybody's."""

import datetime

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


LAST = datetime.date(2021, 9, 30)
MONTHS, QUARTERS = (
    [day.date() for day in pd.date_range(end=LAST, periods=periods, freq=freq)]
    for periods, freq in ((24, "ME"), (8, "QE"))
)
HALVES, YEARS = QUARTERS[1::2], QUARTERS[3::4]


def months(*numbers, others=60, team="A", alarms=(), day=15, turned=False):
    """The path of a team with so many people reconvicted (or not) in each of the months before October 2021."""
    rows = []
    for back, number in enumerate(reversed(numbers), start=1):
        month = pd.Timestamp("2021-10-01") - pd.DateOffset(months=back)
        rows += [(month + pd.Timedelta(days=day - 1), (place < number) != turned) for place in range(number + others)]
    table = pd.DataFrame(rows, columns=["matures", "outcome"]).sort_values("matures", ignore_index=True)
    people = len(table)
    return table.drop(columns="outcome").assign(
        team=team,
        fewer_people=np.cumsum(0.3 - table["outcome"]),
        cusum_worse=np.arange(people) / 10,
        cusum_better=np.zeros(people),
        threshold_worse=7.9,
        threshold_better=7.6,
        alarm_worse=table["matures"].isin(pd.to_datetime(list(alarms))),
        alarm_better=False,
    )


def points_of(path):
    points = merge_path(path, unit="team", last=LAST)
    return ["[c]"] if points["cusum_worse"].iloc[0] == CONFIDENTIAL else [day.date() for day in points["matures"]]


@pytest.mark.parametrize(
    ("reconvicted", "days"),
    [
        ([30] * 24, MONTHS),
        ([15, *[32] * 11] * 2, MONTHS),
        ([14, *[32] * 11] * 2, QUARTERS),  # a month with one short of 15
        ([30] * 23 + [29], QUARTERS),  # a year with one short of 360
        ([5, 5, 5, *[12] * 9] * 2, QUARTERS),
        ([5, 5, 4, *[12] * 9] * 2, HALVES),  # a quarter with one short of 15
        ([10] * 24, QUARTERS),
        ([10] * 23 + [9], HALVES),  # a year with one short of 120
        ([5] * 24, HALVES),
        ([5] * 23 + [4], YEARS),  # a year with one short of 60
        ([3, 3, 3, 2, 2, 2, *[8] * 6] * 2, HALVES),
        ([3, 3, 2, 2, 2, 2, *[8] * 6] * 2, YEARS),  # a half-year with one short of 15
        ([10, *[0] * 11] * 2, YEARS),
        ([9, *[0] * 11] * 2, ["[c]"]),
        ([10, *[0] * 11, 9, *[0] * 11], ["[c]"]),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_points_end_the_shortest_stretches_that_all_hold_enough_people(reconvicted, days, turned):
    """Enough who were reconvicted, and as many who were not."""
    assert points_of(months(*reconvicted, turned=turned)) == days


def test_people_from_before_the_first_whole_year_are_part_of_the_first_step():
    points = merge_path(months(*[7] * 30), unit="team", last=LAST)
    assert [day.date() for day in points["matures"]] == HALVES
    # 12 months of 67 people have come by the end of March 2020
    assert list(points["cusum_worse"]) == [80.3, 120.5, 160.7, 200.9]


@pytest.mark.parametrize(("first", "shown"), [("2020-10-01", True), ("2020-10-31", True), ("2020-11-01", False)])
def test_a_year_is_whole_from_the_month_of_the_first_person_on(first, shown):
    path = months(*[10] * 10)
    before = path.head(30).assign(matures=pd.Timestamp(first))
    assert (points_of(pd.concat([before, path])) != ["[c]"]) == shown


def test_a_team_with_no_people_lately_has_no_path():
    path = months(*[10] * 36)
    assert points_of(path[path["matures"] < "2020-09-01"]) == ["[c]"]


def test_no_day_of_a_person_can_be_seen():
    """Whichever day of their month people come on, the days of the points are the same, and so are the numbers."""
    early, late = (merge_path(months(*[12] * 30, day=day), unit="team", last=LAST) for day in (1, 28))
    pd.testing.assert_frame_equal(early, late)
    hidden = [merge_path(months(*[0] * 30, day=day), unit="team", last=LAST) for day in (1, 28)]
    assert [day.date() for table in hidden for day in table["matures"]] == [LAST, LAST]


def test_stretches_are_counted_back_from_any_day():
    points = merge_path(months(*[12] * 24, day=14), unit="team", last=datetime.date(2021, 9, 14))
    assert [str(day.date()) for day in points["matures"]][-3:] == ["2021-03-14", "2021-06-14", "2021-09-14"]
    assert len(points) == 8  # the first month has begun the day before its person


def test_an_alarm_within_a_stretch_is_kept_and_stands_at_its_end():
    points = merge_path(months(*[12] * 24, alarms=["2020-02-15"]), unit="team", last=LAST)
    assert [day.date() for day in points.loc[points["alarm_worse"].astype(bool), "matures"]] == [QUARTERS[1]]
    assert not points["alarm_better"].any()


def test_whole_people_fewer_than_predicted_stand_at_each_point():
    points = merge_path(months(*[12] * 24), unit="team", last=LAST)
    # in a quarter 216 people predicted at 0.3, of whom 36 were reconvicted
    assert list(points["fewer_people"]) == [29, 58, 86, 115, 144, 173, 202, 230]


def test_a_team_that_may_not_be_shown_has_no_path():
    paths = pd.concat([months(*[12] * 24, team=team) for team in ("A", "B")])
    points = merge_path(paths, unit="team", last=LAST, shown={"B"})
    assert (points["cusum_worse"] == CONFIDENTIAL).groupby(points["team"]).agg(["sum", "size"]).to_numpy().tolist() == [
        [1, 1],
        [0, 8],
    ]


def test_a_path_out_of_order_or_after_the_last_day_is_refused():
    with pytest.raises(DataError, match="the dates of 'A' do not ascend"):
        merge_path(months(*[12] * 24).iloc[::-1], unit="team", last=LAST)
    with pytest.raises(DataError, match="the path of 'A' goes on after 2021-09-14: give the last day of the period"):
        merge_path(months(*[12] * 24), unit="team", last=datetime.date(2021, 9, 14))


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
