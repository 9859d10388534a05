"""Monitoring as a whole: periods, maturity order, holds, states, cohorts, the interim view, and honest rates."""

import datetime
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.errors import DataError, SpecError
from evalkit.statistics import actual_vs_predicted
from evalkit.statistics.alert_rates import alert_rates
from evalkit.statistics.centre import centred
from evalkit.statistics.cusum import cusum, vlad
from evalkit.statistics.interim import interim
from evalkit.statistics.monitored import data_quality, monitored_people, monitoring_period
from evalkit.statistics.monitoring import monitor, monitor_cohorts
from evalkit.statistics.thresholds import FALSE_ALARM
from evalkit.statistics.unit_cusums import cusum_paths, unit_thresholds
from evalkit.synthetic.monitoring_study import TEAM, Scenario, quarters_of, simulated_cohort, study

END = "2021-12-31"
LAST = pd.Timestamp(END)


def office(name, people, events, *, risk=0.4, last=LAST, days=364):
    """People whose years end evenly over a number of days up to `last`, the reconvicted spread evenly among them."""
    order = np.arange(people)
    matures = last - pd.to_timedelta((order * (days + 1)) // people, unit="D")
    return pd.DataFrame(
        {
            "unit": name,
            "index_date": matures - pd.Timedelta(days=365),
            "mature": True,
            "predicted": risk,
            "reconvicted": np.diff(np.floor(np.arange(people + 1) * events / people)) > 0,
        }
    )


def offices(*extra, ordinary=12):
    """Twelve offices exactly as predicted, and others; everybody has a number."""
    frame = pd.concat([*(office(f"office {number:02d}", 100, 40) for number in range(ordinary)), *extra])
    return frame.reset_index(drop=True).assign(person_id=lambda rows: rows.index + 1)


def states(frame, **settings):
    return monitor(frame, unit="unit", period=END, **settings).set_index("unit")


# ------------------------------------------------------------------ the period and who is in it
def test_the_period_is_the_twelve_months_to_the_end_of_a_quarter():
    window = monitoring_period("2021-06-30")
    assert [window.first, window.last, window.quarter_first] == list(
        pd.to_datetime(["2020-07-01", "2021-06-30", "2021-04-01"])
    )
    pair = monitoring_period((datetime.date(2019, 1, 1), "2020-12-31"))
    assert (pair.first, pair.quarter_first) == (pd.Timestamp("2019-01-01"), pd.Timestamp("2020-10-01"))
    assert_close(pair.years, 2, decimals=2)


@pytest.mark.parametrize(
    ("period", "message"),
    [
        ("2021-02-30", "period: '2021-02-30' is not a day"),
        (2021, "period: 2021 is not a day"),
        (pd.NaT, "is not a day"),
        (("2021-12-31", "2021-01-01"), "it ends on 2021-01-01, before it begins on 2021-12-31"),
        (("2021-01-01",) * 3, "neither the last day of a quarter nor a pair"),
    ],
)
def test_impossible_periods_are_refused(period, message):
    with pytest.raises(SpecError, match=message):
        monitoring_period(period)


def test_people_are_judged_by_the_day_their_year_ends():
    # day before the period, its first and last day, and the day after
    days = pd.to_datetime(["2020-12-31", "2021-01-01", "2021-12-31", "2022-01-01"])
    frame = offices().iloc[:4].assign(index_date=days - pd.Timedelta(days=365), reconvicted=[1, 0, 1, 0])
    frame = pd.concat([frame, offices()])
    people = monitored_people(frame, by=["unit"], period=END)
    named = people[people["person"].isin([1, 2, 3, 4])].drop_duplicates("person").set_index("person")
    assert people["matures"].is_monotonic_increasing
    assert people["matures"].max() == LAST
    assert named.loc[[1, 2, 3], "judged"].tolist() == [False, True, True]


def test_proven_reoffences_mature_183_days_later():
    frame = offices().iloc[:60]
    people = monitored_people(frame, by=["unit"], period=("2021-01-01", "2022-12-31"), court_days=183)
    assert people["matures"].max() == LAST + pd.Timedelta(days=183)


def test_ties_are_in_the_order_of_the_frame_which_no_pseudonym_decides():
    frame = offices().assign(index_date=LAST - pd.Timedelta(days=365)).sample(frac=1, random_state=4)
    people = monitored_people(frame, by=["unit"], period=END)
    assert people["person"].tolist() == frame["person_id"].tolist()


def test_the_cusum_is_in_the_order_in_which_years_end():
    # everybody reconvicted early in their year and recorded first: an order by what was known when would alarm
    frame = offices().sample(frac=1, random_state=1)
    paths = cusum_paths(frame, unit="unit", period=END)
    own = paths[paths["unit"] == "office 03"]
    assert own["matures"].is_monotonic_increasing
    moved = centred(frame["reconvicted"], frame["predicted"]).frame["centred"].iloc[0]
    in_order = frame[frame["unit"] == "office 03"].sort_values("index_date", kind="stable")
    expected = cusum(in_order["reconvicted"], np.full(100, moved), threshold=own["threshold_worse"].iloc[0])
    assert_close(own["cusum_worse"], expected["cusum"], decimals=8)
    assert_close(own["fewer_people"], vlad(in_order["reconvicted"], np.full(100, moved))["fewer_people"], decimals=6)
    assert own["people"].tolist() == list(range(1, 101))
    assert not paths["alarm_worse"].any()


# ------------------------------------------------------------------ states
def test_units_as_predicted_are_as_expected_and_sorted_by_name():
    table = monitor(offices(), unit="unit", period=END)
    assert table["unit"].tolist() == [f"office {number:02d}" for number in range(12)]
    assert set(table["state"]) == {"as expected"}
    assert set(table["direction"]) == set(table["reason"]) == {""}
    assert not [column for column in table if "rank" in column]
    assert_close(table["common_ratio"], np.ones(12), decimals=12)


def test_a_much_worse_and_a_much_better_office_are_alerts():
    table = states(offices(office("bad", 200, 116), office("good", 200, 50)))
    assert table.loc["bad", ["state", "direction"]].tolist() == ["alert", "worse"]
    assert table.loc["good", ["state", "direction"]].tolist() == ["alert", "better"]
    assert "ratio of the period" in table.loc["bad", "reason"]


def test_the_centre_takes_out_what_is_common_to_all():
    # the scores are far too high for everybody, and only one office is different
    frame = offices(office("bad", 200, 110)).assign(predicted=0.55)
    table = states(frame)
    assert_close(table["common_ratio"], np.full(13, 590 / (1400 * 0.55)), decimals=12)
    assert table.loc["bad", "direction"] == "worse"
    assert set(table["state"].drop("bad")) == {"as expected"}
    assert_close(table.loc["bad", "raw_ratio"], 1, decimals=12)
    assert_close(table["predicted"].sum(), table["actual"].sum(), decimals=6)


@pytest.mark.parametrize(("missing", "held"), [(10, False), (11, True)])
def test_more_than_a_tenth_without_a_score_is_a_hold(missing, held):
    frame = offices(office("faulty", 100, 90))
    rows = frame.index[frame["unit"] == "faulty"][:missing]
    frame.loc[rows, "predicted"] = np.nan
    row = states(frame).loc["faulty"]
    assert_close(row["missing_share"], missing / 100, decimals=12)
    assert row["state"] == ("data-quality hold" if held else "alert")
    assert row["reason"].split(" and ")[0] == ("scores are missing" if held else "ratio of the period")
    assert (row["all_people"], row["people"]) == (100, 100 - missing)


def test_a_unit_without_any_score_still_has_a_row():
    frame = offices(office("blank", 40, 20).assign(predicted=np.nan))
    row = states(frame).loc["blank"]
    assert (row["state"], row["people"], row["predicted"], row["all_people"]) == ("data-quality hold", 0, 0.0, 40)
    assert np.isnan(row["threshold_worse"])
    assert row["cusum_alarm"] == ""


def test_anybody_immature_is_a_hold_and_their_outcome_is_not_read():
    frame = offices(office("early", 100, 40)).astype({"reconvicted": object})
    row = frame.index[frame["unit"] == "early"][0]
    frame.loc[row, ["mature", "reconvicted"]] = [False, None]
    table = states(frame)
    assert table.loc["early", ["state", "reason"]].tolist() == ["data-quality hold", "outcomes are not yet known"]
    assert_close(table.loc["early", "immature_share"], 0.01, decimals=12)
    assert set(table["state"].drop("early")) == {"as expected"}


def test_duplicates_and_late_records_are_counted_where_the_frame_can_tell():
    frame = offices()
    frame.loc[1, "person_id"] = frame.loc[0, "person_id"]
    table = states(frame.assign(recorded_late=frame.index < 5))
    assert_close(table.loc["office 00", ["duplicate_share", "late_share"]].astype(float), [0.02, 0.05], decimals=12)
    blind = states(frame.drop(columns="person_id"))
    assert blind[["duplicate_share", "late_share"]].isna().all(axis=None)
    quality = data_quality(monitored_people(frame, by=["unit"], period=END), "unit")
    assert quality["all_people"].tolist() == [100] * 12


@pytest.mark.parametrize("people", [29, 30])
def test_too_small_to_judge_is_never_good(people):
    row = states(offices(office("small", people, 0))).loc["small"]
    assert row["state"] == ("too small to judge" if people == 29 else "alert")
    assert row["direction"] == ("" if people == 29 else "better")
    assert ("fewer than 30 people" in row["reason"]) == (people == 29)


def test_a_cusum_alarm_in_the_last_quarter_is_an_alert_and_an_earlier_one_is_none():
    # as predicted over the year, but a bad quarter in it: the last, or the one before
    def turned(last_day):
        good = office("turned", 300, 90, last=pd.Timestamp("2021-06-30"), days=170)
        return [good, office("turned", 100, 70, last=pd.Timestamp(last_day), days=80)]

    late, early = (states(offices(*turned(day))).loc["turned"] for day in ("2021-12-31", "2021-09-30"))
    assert late[["funnel_state", "state", "direction"]].tolist() == ["as expected", "alert", "worse"]
    assert (late["cusum_alarm"], late["reason"]) == ("worse", "CUSUM in the last quarter")
    assert late["last_alarm"] >= pd.Timestamp("2021-10-01")
    assert early[["state", "cusum_alarm"]].tolist() == ["as expected", ""]
    assert early["last_alarm"] <= pd.Timestamp("2021-09-30")


def test_where_units_differ_anyway_a_cusum_alarm_alone_is_a_watch():
    # the ratio of the year is as predicted, its last quarter is not
    turned = [
        office("turned", 300, 90, last=pd.Timestamp("2021-09-30"), days=270),
        office("turned", 100, 70, last=LAST, days=80),
    ]
    spread = [office(f"spread {change:+03d}", 400, 160 + change) for change in range(-36, 37, 6)]
    row = monitor(pd.concat([*spread, *turned]), unit="unit", period=END).set_index("unit").loc["turned"]
    assert row["phi_p_value"] < 0.01
    assert row[["funnel_state", "cusum_alarm"]].tolist() == ["as expected", "worse"]
    assert row[["state", "direction", "reason"]].tolist() == ["watch", "worse", "CUSUM in the last quarter"]


def test_worse_goes_before_better_where_funnel_and_cusum_point_both_ways():
    turned = [
        office("turned", 300, 45, last=pd.Timestamp("2021-09-30"), days=270),
        office("turned", 60, 50, last=LAST, days=80),
    ]
    row = states(offices(*turned, ordinary=40)).loc["turned"]
    assert row[["funnel_state", "funnel_direction", "cusum_alarm"]].tolist() == ["alert", "better", "worse"]
    assert row[["state", "direction", "reason"]].tolist() == ["alert", "worse", "CUSUM in the last quarter"]


def test_the_better_arm_alarms_for_the_better():
    turned = [
        office("turned", 300, 145, last=pd.Timestamp("2021-09-30"), days=270),
        office("turned", 100, 15, last=LAST, days=80),
    ]
    frame = offices(*turned)
    row = states(frame).loc["turned"]
    assert row[["funnel_state", "cusum_alarm", "state", "direction"]].tolist() == [
        "as expected",
        "better",
        "alert",
        "better",
    ]
    own = cusum_paths(frame, unit="unit", period=END).query("unit == 'turned'")
    in_order = frame[frame["unit"] == "turned"].sort_values("index_date", kind="stable")["reconvicted"]
    settings = {"odds_ratio": 1 / 1.5, "threshold": row["threshold_better"]}
    assert_close(own["cusum_better"], cusum(in_order, np.full(400, 0.4), **settings)["cusum"], decimals=8)


def test_earlier_years_are_centred_on_their_own_people():
    before = [office(f"office {number:02d}", 100, 60, last=pd.Timestamp("2020-12-31")) for number in range(12)]
    people = monitored_people(pd.concat([offices(), *before]), by=["unit"], period=END)
    assert_close(people.groupby("judged")["centred"].agg(["min", "max"]), [[0.6, 0.6], [0.4, 0.4]], decimals=8)
    table = monitor(pd.concat([offices(), *before]), unit="unit", period=END)
    assert set(table["cusum_alarm"]) == {""}  # what was common to all in the year before is no unit's doing


def test_the_people_a_year_are_those_of_the_period():
    before = office("office 00", 500, 200, last=pd.Timestamp("2020-12-31"))
    kept = unit_thresholds(pd.concat([offices(), before]), unit="unit", period=END)
    assert_close(kept["people_a_year"], np.full(12, 100), decimals=0)
    both = unit_thresholds(pd.concat([offices(), before]), unit="unit", period=("2020-01-01", END))
    assert_close(both["people_a_year"].iloc[:2], [300, 50], decimals=0)


def test_thresholds_may_be_kept_from_an_earlier_run():
    frame = offices(office("bad", 100, 50))
    kept = unit_thresholds(frame, unit="unit", period=END)
    assert kept["unit"].tolist() == sorted(frame["unit"].unique())
    assert_close(kept["people_a_year"], [100.0] * 13, decimals=0)
    pd.testing.assert_frame_equal(
        monitor(frame, unit="unit", period=END, thresholds=kept), monitor(frame, unit="unit", period=END)
    )
    low = kept.assign(threshold_worse=0.5)
    assert states(frame, thresholds=low).loc["bad", "cusum_alarm"] == "worse"
    assert states(frame).loc["bad", "cusum_alarm"] == ""
    gone = states(frame, thresholds=kept.iloc[1:])  # a unit that is new since then has no threshold, and no alarm
    assert np.isnan(gone.loc["bad", "threshold_worse"])
    assert gone.loc["bad", "cusum_worse"] > 1
    assert gone.loc["bad", "cusum_alarm"] == ""
    with pytest.raises(DataError, match="thresholds: 'bad' occurs twice"):
        monitor(frame, unit="unit", period=END, thresholds=pd.concat([kept, kept.iloc[[0]]]))


def test_people_without_a_unit_are_a_unit():
    table = monitor(offices(office(None, 50, 20)), unit="unit", period=END)
    assert pd.isna(table["unit"].iloc[-1])
    assert table[["people", "state"]].iloc[-1].tolist() == [50, "as expected"]
    assert table["people"].sum() == 1_250


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predicted": 40.0}, "predicted, row 0 .*: 40.0; each must lie strictly between 0 and 1"),
        ({"reconvicted": 2}, "reconvicted, row 0 .*: 2; each mature person's must be 0 or 1"),
        ({"index_date": "soon"}, "index_date, row 0 .*: 'soon'; each must be a date"),
        ({"mature": None}, "mature, row 0 .*: missing; each must be 0 or 1"),
        ({"predicted": np.nan}, "of nobody with a score did the follow-up year end from 2021-01-01 to 2021-12-31"),
    ],
)
def test_bad_rows_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        monitor(offices().assign(**change), unit="unit", period=END)


def test_impossible_requests_are_refused():
    with pytest.raises(DataError, match="the frame lacks the column team"):
        monitor(offices(), unit="team", period=END)
    with pytest.raises(DataError, match="the column state has the name of a result"):
        monitor(offices().assign(state=1), unit="state", period=END)
    with pytest.raises(SpecError, match=r"odds_ratio: 0\.5 is not above 1"):
        monitor(offices(), unit="unit", period=END, odds_ratio=0.5)


# ------------------------------------------------------------------ cohorts
def test_a_cohort_whose_needs_are_not_met_is_found_within_its_crossing():
    generator = np.random.default_rng(8)
    frame = pd.concat([offices(), offices()]).reset_index(drop=True)
    frame["sex"] = np.where(np.arange(len(frame)) % 3 == 0, "female", "male")
    frame["age_band"] = pd.Categorical(np.array(["18-24", "25-39", "40+"])[np.arange(len(frame)) // 3 % 3])
    young_women = (frame["sex"] == "female") & (frame["age_band"] == "18-24")
    frame["reconvicted"] = generator.random(len(frame)) < np.where(young_women, 0.65, 0.4)
    frame.loc[frame.index[:40], "sex"] = None
    table = monitor_cohorts(frame, by=("sex", "age_band", ("sex", "age_band")), period=END)
    assert table["characteristic"].unique().tolist() == ["sex", "age_band", "sex and age_band"]
    assert table["cohort"].tolist()[:6] == ["female", "male", "not recorded", "18-24", "25-39", "40+"]
    found = table.set_index(["characteristic", "cohort"])
    assert found.loc[("sex and age_band", "female, 18-24"), ["state", "direction"]].tolist() == ["alert", "worse"]
    assert found.loc[("age_band", "40+"), "state"] == "as expected"
    assert found.loc[("sex", "not recorded"), "people"] == 40
    judged = table[~table["state"].isin(["too small to judge", "data-quality hold"])]
    assert judged["q_value"].notna().all()
    assert table.groupby("characteristic")["people"].sum().unique().tolist() == [2_400]


@pytest.mark.parametrize("by", [(), "sex", ("sex", "sex"), ("sex", ())])
def test_cohorts_have_to_be_declared_each_once(by):
    with pytest.raises(SpecError, match=r"by: .* does not declare columns"):
        monitor_cohorts(offices().assign(sex="male"), by=by, period=END)


# ------------------------------------------------------------------ the interim view
@dataclass(frozen=True)
class PowerHazard:
    """Cumulative hazard (days / 365) to a power, times anything."""

    power: float = 1.0
    scale: float = 2.0

    def at(self, days):
        return self.scale * (np.asarray(days, float) / 365) ** self.power


def recent(frame):
    return pd.DataFrame(frame, columns=["unit", "index_date", "days_to_reconviction", "predicted"])


def test_the_interim_view_by_hand():
    day = pd.Timestamp("2021-12-31")
    frame = recent(
        [
            ("a", day - pd.Timedelta(days=73), 50, 0.3),  # reconvicted on day 50: exposed for 50 days
            ("a", day - pd.Timedelta(days=146), np.nan, 0.5),  # seen for 146 days
            ("a", day - pd.Timedelta(days=100), 120, 0.5),  # a reconviction known only later is none yet
            ("a", day - pd.Timedelta(days=500), np.nan, 0.2),  # a whole year, and no more than it
            ("a", day - pd.Timedelta(days=80), np.nan, np.nan),  # no score
            ("a", day, np.nan, 0.4),  # not seen for a day
        ]
    )
    row = interim(frame, unit="unit", hazard=PowerHazard(), as_of=datetime.date(2021, 12, 31)).iloc[0]
    expected = -np.log([0.7, 0.5, 0.5, 0.8]) @ (np.array([50, 146, 100, 365]) / 365)
    assert (row["label"], row["people"], row["unscored"], row["actual"]) == ("INTERIM", 4, 1, 1)
    assert_close([row["predicted"], row["difference"]], [expected, 1 - expected], decimals=12)
    assert_close(row["person_years"], 661 / 365, decimals=12)
    # Garwood's interval for one event: .0253 to 5.572
    assert_close([row["ratio_low"] * expected, row["ratio_high"] * expected], [0.0253, 5.5716], decimals=4)
    assert (row["people_90"], row["actual_90"]) == (3, 0)
    shares = 1 - np.array([0.5, 0.5, 0.8]) ** (90 / 365)
    assert_close(row["predicted_90"], shares.sum(), decimals=12)
    assert_close(row["ratio_90_high"], actual_vs_predicted([0, 0, 0], shares).ratio_high, decimals=10)
    assert not [name for name in row.index if name in ("state", "direction")]


@pytest.mark.parametrize(("seen", "people"), [(89, 0), (90, 1)])
def test_the_three_month_view_takes_people_seen_for_ninety_days(seen, people):
    frame = recent([("a", pd.Timestamp("2021-12-31") - pd.Timedelta(days=seen), 89, 0.3)])
    row = interim(frame, unit="unit", hazard=PowerHazard(), as_of=datetime.date(2021, 12, 31)).iloc[0]
    assert (row["people_90"], row["actual"], row["actual_90"]) == (people, 1, people)
    assert np.isnan(row["ratio_90"]) == (people == 0)


def test_the_interim_view_is_right_on_average_where_hazards_fall():
    generator, people = np.random.default_rng(3), 40_000
    risk, power = generator.uniform(0.1, 0.6, people), 0.6
    # F(t) = 1 - (1 - p) ** ((t / 365) ** power), inverted
    days = 365 * (np.log(generator.random(people)) / np.log(1 - risk)) ** (1 / power)
    start = pd.Timestamp("2021-12-31") - pd.to_timedelta(generator.integers(5, 360, people), unit="D")
    frame = pd.DataFrame({"unit": "a", "index_date": start, "days_to_reconviction": np.ceil(days), "predicted": risk})
    as_of = datetime.date(2021, 12, 31)
    row = interim(frame, unit="unit", hazard=PowerHazard(power), as_of=as_of).iloc[0]
    assert_close([row["ratio"], row["ratio_90"]], [1, 1], decimals=1)
    assert row["ratio_low"] - 0.01 < 1 < row["ratio_high"] + 0.01
    assert row["ratio_90_low"] - 0.01 < 1 < row["ratio_90_high"] + 0.01
    flat = interim(frame, unit="unit", hazard=PowerHazard(1.0), as_of=as_of).iloc[0]
    assert flat["ratio_low"] > 1.1  # a hazard that does not fall expects too few early on


@pytest.mark.parametrize(
    ("row", "hazard", "message"),
    [
        (("a", "2021-12-31", np.nan, 0.3), PowerHazard(), "nobody with a score has been seen for a day"),
        (("a", "2021-01-31", 0, 0.3), PowerHazard(), "days_to_reconviction, row 0 .*: 0; each must be above 0"),
        (("a", "2021-01-31", np.nan, 3.0), PowerHazard(), "predicted, row 0 .*: 3.0; each must lie strictly between"),
        (("a", "soon", np.nan, 0.3), PowerHazard(), "index_date, row 0 .*: 'soon'; each must be a date"),
        (
            ("a", "2021-01-31", np.nan, 0.3),
            PowerHazard(scale=0),
            "hazard: 0 by day 90, 0 by day 365; both must be above 0",
        ),
    ],
)
def test_bad_interim_data_are_refused(row, hazard, message):
    with pytest.raises(DataError, match=message):
        interim(recent([row]), unit="unit", hazard=hazard, as_of=datetime.date(2021, 12, 31))


# ------------------------------------------------------------------ honest rates (the full study has its own run)
@pytest.mark.parametrize("odds_ratio", [1.0, 1.5])
def test_the_study_says_what_monitoring_says(odds_ratio):
    cohort = simulated_cohort(Scenario("one team", odds_ratio=odds_ratio), np.random.default_rng(7))
    end = "2022-12-31"
    kept = unit_thresholds(cohort, unit="unit", period=end)
    quarter = quarters_of(cohort, kept, team_apart=True).iloc[-1]
    table = monitor(cohort, unit="unit", period=end, thresholds=kept).set_index("unit")
    worse = table[table["direction"] == "worse"]
    assert quarter["quarter"] == 11
    assert quarter["team_flag"] == (TEAM in worse.index)
    assert quarter["team_alert"] == (TEAM in worse.index[worse["state"] == "alert"])
    assert quarter["any_alert"] == (worse["state"] == "alert").drop(TEAM, errors="ignore").any()
    assert quarter["team_flag"] == (odds_ratio > 1)


def test_false_alerts_are_rare_and_a_bad_team_is_found():
    scenarios = (Scenario("none"), Scenario("one team", odds_ratio=1.5), Scenario("spread", tau2=0.005))
    rates = alert_rates(study(scenarios, runs=range(6), seed=11)).set_index("scenario")
    # a slice: standard errors of .03 of the quarters and .2 of the teams; the record holds 400 runs of each
    assert (rates["runs"] == 6).all()
    assert rates.loc["none", "any_alert"] < 0.15
    assert rates.loc["one team", "flag_within_8"] == 1
    assert rates.loc["one team", "alert_within_8"] > 0.8
    assert rates.loc["spread", "any_spread"] > 0.9
    assert rates.loc["spread", "any_cusum"] > 0.4  # a CUSUM knows only chance: watches here
    assert rates.loc["spread", "any_alert"] < 0.2


def test_lower_thresholds_find_teams_sooner_and_alarm_more_often():
    scenarios = (Scenario("none"), Scenario("one team", odds_ratio=1.5))
    rates = alert_rates(study(scenarios, runs=range(6), false_alarms=(0.0005, 0.05), seed=12))
    quiet, changed = (rates[rates["scenario"] == name].reset_index(drop=True) for name in ("none", "one team"))
    assert quiet["false_alarm"].tolist() == [0.0005, 0.05]
    assert quiet["any_cusum"].is_monotonic_increasing
    assert quiet["any_cusum"].iloc[1] > 0.2
    assert changed["mean_quarters"].iloc[1] < changed["mean_quarters"].iloc[0]


def test_a_run_is_the_same_in_whatever_company():
    scenario = Scenario("one team", odds_ratio=1.5)
    alone = study([scenario], runs=[3], seed=5)
    among = study([Scenario("none"), scenario], runs=range(2, 5), false_alarms=(0.05, FALSE_ALARM), seed=5)
    rows = (among["scenario"] == "one team") & (among["run"] == 3) & (among["false_alarm"] == FALSE_ALARM)
    pd.testing.assert_frame_equal(among[rows].reset_index(drop=True), alone)
