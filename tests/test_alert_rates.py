"""How often monitoring rings falsely and how fast it finds a team: the runs on record, their rates, and the limits."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from matplotlib.figure import Figure
from scipy.stats import norm

from evalkit.errors import DataError, SpecError
from evalkit.present.chart_trade_off import draw_trade_off, show_trade_off
from evalkit.present.disclosure import make_safe
from evalkit.statistics.alert_rates import COLUMNS, alert_rates, found_at_best, rates_shown, recorded_runs
from evalkit.statistics.thresholds import FALSE_ALARM
from evalkit.synthetic.alert_validation import (
    alert_limits,
    alert_verdicts,
    best_of,
    poisson_width,
    repeated_runs,
    trade_off,
)
from evalkit.synthetic.monitoring_study import SCENARIOS, TRADE_OFF, Scenario


def runs_of(*rows, scenario="one team", odds_ratio=1.5, tau2=0.0, false_alarm=FALSE_ALARM):
    """Runs from (quarters with an alert, first alert, first flag, first Poisson); the other counts are 0."""
    frame = pd.DataFrame(rows, columns=["alert_quarters", "first_alert", "first_flag", "first_poisson"]).astype(float)
    truth = {"scenario": scenario, "odds_ratio": odds_ratio, "tau2": tau2, "false_alarm": false_alarm}
    frame = frame.assign(**truth, run=range(len(frame)), funnel_quarters=0, cusum_quarters=0, spread_quarters=8)
    return frame[list(COLUMNS)]


def test_rates_by_hand():
    row = alert_rates(runs_of((0, 4, 1, None), (2, 5, 4, 8), (0, None, 9, None), (0, 8, 8, 4))).iloc[0]
    assert row["runs"] == 4
    assert_close([row["any_alert"], row["any_spread"], row["any_cusum"]], [2 / 32, 1, 0], decimals=12)
    # quarters of one run are alike: the spread between runs decides, 2/8 in one of four
    reach = 1.959964 * np.std([0, 0.25, 0, 0], ddof=1) / 2
    assert_close([row["any_alert_low"], row["any_alert_high"]], [0, 2 / 32 + reach], decimals=6)
    found = ["alert_within_4", "alert_within_8", "flag_within_4", "flag_within_8", "poisson_within_4"]
    assert_close(row[found].astype(float), [0.25, 0.75, 0.5, 0.75, 0.25], decimals=12)
    # Wilson's interval of 1 in 4: statsmodels gives .0456 to .6994
    assert_close([row["alert_within_4_low"], row["alert_within_4_high"]], [0.0456, 0.6994], decimals=4)
    assert_close(row["mean_quarters"], (4 + 5 + 9 + 8) / 4, decimals=12)


def test_rates_need_their_columns():
    with pytest.raises(DataError, match="first_alert"):
        alert_rates(runs_of((0, 4, 1, None)).drop(columns="first_alert"))


def test_the_record_holds_every_scenario_and_every_point_of_the_trade_off():
    rates = alert_rates(recorded_runs())
    used = rates[np.isclose(rates["false_alarm"], FALSE_ALARM)]
    assert used["scenario"].tolist() == [scenario.name for scenario in SCENARIOS]
    assert (used["runs"] >= 100).all()
    assert trade_off()["false_alarm"].tolist() == sorted(TRADE_OFF)


def test_the_record_is_what_the_code_does():
    table = repeated_runs(2)
    assert table["passed"].all()
    assert (table["same"] == 2).all()


def test_what_is_asked_is_kept_where_offices_differ_by_chance_and_false_alerts_are_rare_in_any_case():
    table = alert_verdicts()
    judged = table[table["passed"].notna()]
    assert len(judged) == 3 + 2 + 1
    assert judged["passed"].all()
    quiet = table[table["what"] == "quarters with any false alert"]
    assert (quiet["found"] < 0.10).all()
    assert table["passed"].isna().sum() == 4  # where offices differ, no rule could: see the limits


@pytest.mark.parametrize(("quarters", "passed"), [(7, True), (8, False), (9, False)])
def test_false_alerts_pass_below_a_tenth_of_the_quarters(quarters, passed):
    quiet = runs_of(*[(1 if run < quarters else 0, None, None, None) for run in range(10)], odds_ratio=1.0)
    assert alert_verdicts(quiet)["passed"].tolist() == [passed]


@pytest.mark.parametrize(("within_4", "passed"), [(199, False), (200, True)])
def test_a_team_must_be_found_within_four_quarters_in_two_thirds_of_runs(within_4, passed):
    team = runs_of(*[(0, 4 if run < within_4 else 8, 1, None) for run in range(300)])
    assert alert_verdicts(team)["passed"].tolist() == [passed, True, True]


def test_a_funnel_with_poisson_limits_is_to_miss_it():
    team = runs_of(*[(0, 3, 1, 3 if run < 5 else None) for run in range(10)])
    assert alert_verdicts(team)["passed"].tolist() == [True, True, False]
    assert_close(poisson_width(), np.sqrt(0.35556 / 0.18747), decimals=2)
    record = alert_verdicts()
    missed = record[record["what"].str.contains("Poisson")].iloc[0]
    assert missed["found"] < 0.4


# ------------------------------------------------------------------ the limits of what any rule can do
def test_the_best_that_can_be_done_is_the_power_of_the_best_test():
    """In 200,000 simulated offices: their deviation since, regressed on that before, tested at its own null."""
    generator, size = np.random.default_rng(4), 200_000
    risks, tau2, odds_ratio = np.full(100, 0.4), 0.005, 1.5
    shift = np.sqrt(0.5 / 0.4) - 1  # odds of 2/3 become 1: from 40 % to 50 %
    chance = np.sqrt(0.6 / 0.4) / 2 / np.sqrt(100)  # of the square root, in a quarter of 100 people
    own = np.sqrt(tau2) * generator.standard_normal(size)
    before, since = (own + chance / 2 * generator.standard_normal(size) for _ in range(2))
    for known, statistic in ((0, since), (4, since - before * tau2 / (tau2 + chance**2 / 4))):
        limit = np.quantile(statistic, 1 - 4 * 0.00292)
        power = np.mean(statistic + shift > limit)
        best = found_at_best(
            risks, people_a_quarter=100, odds_ratio=odds_ratio, tau2=tau2, lasting=True, quarters=4, before=known
        )
        assert abs(best - power) < 0.01
    passing = found_at_best(risks, people_a_quarter=100, odds_ratio=1.5, tau2=tau2, lasting=False, quarters=4)
    reached = norm.cdf(shift / np.sqrt((tau2 + chance**2) / 4) - norm.isf(4 * 0.00292))
    assert_close(passing, reached, decimals=12)


def test_what_is_asked_is_possible_by_chance_alone_and_impossible_where_offices_differ():
    chance, lasting, passing = SCENARIOS[3:]
    assert best_of(chance, quarters=4) > 0.85
    assert best_of(chance, quarters=8) > 0.99
    for scenario in (lasting, passing):
        for before in (0, 4):
            assert best_of(scenario, quarters=4, before=before) < 2 / 3
            assert best_of(scenario, quarters=8, before=before) < 0.95
    assert best_of(lasting, quarters=4) < 0.22
    assert best_of(Scenario("", odds_ratio=2.1, tau2=0.005), quarters=4) < 2 / 3


def test_monitoring_is_nowhere_above_the_limits():
    table = alert_limits()
    assert len(table) == 6
    assert table["passed"].all()
    assert (table["found"] < table[["best", "best_of_change"]].max(axis=1) + 0.05).all()
    # a rate above what is possible would say that the limit is wrong
    impossible = runs_of(*[(0, 2, 1, None)] * 50, scenario=SCENARIOS[4].name, tau2=0.005)
    assert not alert_limits(impossible)["passed"].any()


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"odds_ratio": 1.0}, SpecError, "odds_ratio: 1.0 is not above 1"),
        ({"risks": [0.2, 1.0]}, DataError, "risks: each must lie strictly between 0 and 1"),
    ],
)
def test_limits_are_refused_for_what_has_none(changed, kind, message):
    given = {"risks": [0.2, 0.3], "people_a_quarter": 100, "odds_ratio": 1.5, "tau2": 0.0, "lasting": True}
    with pytest.raises(kind, match=message):
        found_at_best(**(given | {"quarters": 4} | changed))


# ------------------------------------------------------------------ shown
def test_the_report_prints_the_rates_in_use_and_no_rate_of_a_team_where_none_differs():
    table = rates_shown()
    assert table["label"].tolist() == [scenario.name for scenario in SCENARIOS]
    assert table["alert_within_4"].isna().tolist() == [True] * 3 + [False] * 3
    verdicts = alert_verdicts()
    quiet = verdicts.loc[verdicts["what"] == "quarters with any false alert", "found"]
    assert_close(table["any_alert"].iloc[:3], quiet, decimals=12)


def test_lower_thresholds_ring_falsely_more_often_and_find_teams_sooner():
    table = trade_off()
    assert table["any_alert"].is_monotonic_increasing
    assert table["within_4"].iloc[-1] > table["within_4"].iloc[0] + 0.1
    assert table["mean_quarters"].iloc[-1] < table["mean_quarters"].iloc[0]
    assert table.loc[table["used"], "false_alarm"].tolist() == [FALSE_ALARM]


def test_the_curve_is_drawn_by_the_table_and_marks_what_is_in_use():
    table = pd.DataFrame({"false_alarm": [0.001, 0.01], "any_alert": [0.02, 0.08], "within_4": [0.5, 0.7]})
    table = make_safe(
        table.assign(
            within_8=[0.9, 0.95], mean_quarters=[5.0, 4.0], false_alarm_percent=[0.1, 1.0], used=[False, True]
        ),
        counts=[],
    )
    ax = draw_trade_off(table, Figure().add_subplot())
    eight, four, used = (line.get_xydata() for line in ax.lines)
    assert_close(four, [[2, 50], [8, 70]], decimals=10)
    assert_close(eight, [[2, 90], [8, 95]], decimals=10)
    assert_close(used[:, 0], [8, 8], decimals=10)
    piece = show_trade_off(table, finding="f", measure="m", source="s")
    assert "2.0% of quarters with a false alert: 50.0% found within four quarters, 90.0% within eight" in piece.html
