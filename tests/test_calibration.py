"""Calibration, the gate, recalibration and tipping points: R, brute force, and no effect found where there is none."""

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from scipy.special import expit, logit
from statistics_reference import PEOPLE, VALUES

from evalkit.errors import DataError, SpecError
from evalkit.statistics import (
    actual_vs_predicted,
    calibration,
    gate,
    recalibrate,
    recalibrated_actual_vs_predicted,
    tipping_points,
    wilson,
)

UNTREATED, TREATED = PEOPLE.query("treated == 0"), PEOPLE.query("treated == 1")
Z = NormalDist().inv_cdf(0.975)


def made_up(people, seed, *, shift=0.0, slope=1.0):
    """Predictions of a given number of people, and outcomes drawn from expit(shift + slope * logit(predicted))."""
    generator = np.random.default_rng(seed)
    predicted = generator.beta(1.5, 3, people).clip(0.01, 0.97)
    return generator.random(people) < expit(shift + slope * logit(predicted)), predicted


@pytest.fixture
def good():
    """A calibration in the middle of all margins, to be moved to their edges."""
    return replace(
        calibration(UNTREATED["reconvicted"], UNTREATED["predicted"]),
        **{"people": 1000, "events": 300, "ratio_low": 0.97, "ratio_high": 1.03, "slope_low": 0.9, "slope_high": 1.1},
    )


def test_calibration_agrees_with_r():
    result = calibration(UNTREATED["reconvicted"], UNTREATED["predicted"])
    for name in ("intercept", "slope", "auc"):
        found = [getattr(result, f"{name}{limit}") for limit in ("", "_low", "_high")]
        assert_close(found, [VALUES[f"calibration_{name}{limit}"] for limit in ("", "_low", "_high")], decimals=7)
    for name in ("brier", "scaled_brier", "spiegelhalter_z", "spiegelhalter_p"):
        assert_close(getattr(result, name), VALUES[f"calibration_{name}"], decimals=11)
    assert (result.people, result.events) == (217, UNTREATED["reconvicted"].sum())


def test_five_people_worked_by_hand():
    result = calibration([0, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5])
    assert_close([result.brier, result.scaled_brier, result.ratio], [0.19, 1 - 0.19 / 0.24, 4 / 3], decimals=14)
    assert_close([result.spiegelhalter_z, result.spiegelhalter_p], [0, 1], decimals=14)
    assert_close(result.auc, 5 / 6, decimals=14)  # 0.3 and 0.5 beat 2 and 3 of the 3 others
    assert result.auc_high == 1.0
    assert result.auc_low > 0


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_ratio_has_the_exact_interval_and_all_limits_their_level(level):
    reconvicted, predicted = made_up(300, 3)
    result, exact = (check(reconvicted, predicted, level=level) for check in (calibration, actual_vs_predicted))
    assert (result.ratio, result.ratio_low, result.ratio_high) == (exact.ratio, exact.ratio_low, exact.ratio_high)
    wide = calibration(reconvicted, predicted, level=0.99)
    reach = NormalDist().inv_cdf((1 + level) / 2) / NormalDist().inv_cdf(0.995)
    for name in ("intercept", "slope", "auc"):
        narrow_width, wide_width = (
            getattr(check, f"{name}_high") - getattr(check, f"{name}_low") for check in (result, wide)
        )
        assert_close(narrow_width / wide_width, reach, decimals=10)


@pytest.mark.parametrize("decimals", [1, 2, 6])
def test_auc_agrees_with_every_pair_compared(decimals):
    reconvicted, predicted = made_up(400, 5)
    predicted = predicted.round(decimals).clip(0.05, 0.95)
    result = calibration(reconvicted, predicted)
    cases, others = predicted[reconvicted][:, None], predicted[~reconvicted][None, :]
    wins = (cases > others) + (cases == others) / 2
    by_case, by_other = wins.mean(axis=1), wins.mean(axis=0)
    error = np.sqrt(by_case.var(ddof=1) / len(by_case) + by_other.var(ddof=1) / len(by_other))
    expected = [wins.mean(), wins.mean() - Z * error, wins.mean() + Z * error]
    assert_close([result.auc, result.auc_low, result.auc_high], expected, decimals=12)


def test_a_known_miscalibration_is_recovered():
    result = calibration(*made_up(100_000, 8, shift=-0.3, slope=0.9))
    assert result.slope_low < 0.9 < result.slope_high < 0.95
    assert result.intercept_high < -0.15
    assert result.ratio_high < 0.95


def test_deciles_hold_everybody_once_and_equal_groups_without_ties():
    reconvicted, predicted = made_up(1000, 11)
    table = calibration(reconvicted, predicted).deciles
    assert table["group"].tolist() == list(range(1, 11))
    assert table["people"].tolist() == [100] * 10
    ranked = np.argsort(predicted).reshape(10, 100)
    assert table["actual"].tolist() == reconvicted[ranked].sum(axis=1).tolist()
    assert_close(table["predicted_rate"], predicted[ranked].mean(axis=1), decimals=12)
    bars = wilson(table["actual"], table["people"])
    shown = table[["actual_rate", "actual_rate_low", "actual_rate_high"]]
    assert_close(shown, bars[["rate", "lower", "upper"]], decimals=14)


def test_equal_predictions_stay_in_one_group_whatever_the_order():
    reconvicted, predicted = made_up(997, 12)
    tied = predicted.round(1).clip(0.1, 0.9)
    table = calibration(reconvicted, tied).deciles
    assert table["people"].sum() == 997
    assert set(table["people"]) <= {sum(chosen) for chosen in _runs(np.unique(tied, return_counts=True)[1])}
    order = np.random.default_rng(1).permutation(997)
    pd.testing.assert_frame_equal(calibration(reconvicted[order], tied[order]).deciles, table)


def _runs(counts):
    """Every run of neighbouring tied values, as lists of how many people have each."""
    return [list(counts[a:b]) for a in range(len(counts)) for b in range(a + 1, len(counts) + 1)]


def test_groups_that_ties_empty_are_left_out():
    table = calibration([0, 1] * 10, [0.2] * 12 + [0.6] * 8).deciles
    assert table["people"].tolist() == [12, 8]
    assert table["group"].tolist() == [4, 9]  # the tied people's middle ranks, 6.5 of 20 and 16.5 of 20
    assert len(calibration([0, 1] * 10, np.linspace(0.1, 0.8, 20), groups=2).deciles) == 2


@pytest.mark.parametrize("groups", [1, 2.5])
def test_bad_numbers_of_groups_are_refused(groups):
    with pytest.raises(SpecError, match=f"groups: {groups} is not a whole number of at least 2"):
        calibration([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], groups=groups)


def test_the_smooth_line_agrees_with_statsmodels():
    from statsmodels.nonparametric.smoothers_lowess import lowess

    predicted = np.random.default_rng(14).permutation(np.linspace(0.03, 0.9, 600) ** 1.5)  # no ties
    reconvicted = np.random.default_rng(15).random(600) < predicted
    line = calibration(reconvicted, predicted).smooth
    witness = lowess(reconvicted.astype(float), predicted, frac=2 / 3, it=0, xvals=line["predicted"].to_numpy())
    assert_close(line["actual_rate"], witness.clip(0, 1), decimals=5)  # it drops the farthest thousandth
    assert_close(line["predicted"].iloc[[0, -1]], np.quantile(predicted, [0.01, 0.99]), decimals=14)
    assert len(line) == 50


def test_the_smooth_line_follows_the_truth_among_many_people():
    line = calibration(*made_up(50_000, 15, shift=-0.3, slope=0.9)).smooth
    truth = expit(-0.3 + 0.9 * logit(line["predicted"]))
    assert np.abs(line["actual_rate"] - truth).max() < 0.03
    assert np.abs(line["actual_rate"] - line["predicted"]).max() > 0.04


def test_people_with_equal_predictions_weigh_by_their_number():
    risks, people, events = np.arange(1, 7) / 10, np.array([40, 300, 10, 200, 20, 60]), np.array([10, 30, 9, 80, 4, 50])
    reconvicted = np.concatenate([np.arange(total) < had for total, had in zip(people, events, strict=True)])
    line = calibration(reconvicted, np.repeat(risks, people)).smooth
    point = line["predicted"].iloc[20]
    distances = np.abs(risks - point)
    tricube = (1 - np.minimum(distances / np.sort(distances)[3], 1) ** 3) ** 3  # two thirds of six: four neighbours
    fitted = np.polyfit(risks, events / people, 1, w=np.sqrt(people * tricube))
    assert_close(line["actual_rate"].iloc[20], np.polyval(fitted, point), decimals=4)


def test_the_smooth_line_survives_ties_and_stays_a_rate():
    line = calibration([0, 1, 0, 1, 1, 0], [0.2, 0.2, 0.2, 0.2, 0.5, 0.5]).smooth
    assert_close(line["actual_rate"], [0.5] * 50, decimals=12)
    steep = calibration([0] * 20 + [1, 0] + [1] * 20, np.linspace(0.3, 0.7, 42)).smooth["actual_rate"]
    assert (steep.min(), steep.max()) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("moved", "verdict", "ratio", "slope"),
    [
        ({}, "passed", "within", "within"),
        ({"ratio_low": 0.95, "ratio_high": 1.05}, "passed", "within", "within"),  # ending on a margin is within
        ({"ratio_low": 0.9499}, "undetermined", "across", "within"),
        ({"ratio_high": 1.0501}, "undetermined", "across", "within"),
        ({"slope_low": 0.8, "slope_high": 1.2}, "passed", "within", "within"),
        ({"slope_low": 0.7999}, "undetermined", "within", "across"),
        ({"slope_high": 1.2001}, "undetermined", "within", "across"),
        ({"ratio_low": 0.90, "ratio_high": 0.95}, "undetermined", "across", "within"),  # touches the margin
        ({"ratio_low": 0.90, "ratio_high": 0.9499}, "failed", "outside", "within"),
        ({"ratio_low": 1.0501, "ratio_high": 1.2}, "failed", "outside", "within"),
        ({"slope_low": 1.2001, "slope_high": 1.4}, "failed", "within", "outside"),
        ({"ratio_low": 0.5, "slope_low": 0.5, "slope_high": 0.7}, "failed", "across", "outside"),
        ({"ratio_low": 0.5, "ratio_high": 1.5}, "undetermined", "across", "within"),  # round both margins
    ],
)
def test_gate_at_its_edges(good, moved, verdict, ratio, slope):
    result = gate(replace(good, **moved))
    assert (result.verdict, result.ratio, result.slope, result.claims_allowed) == (verdict, ratio, slope, True)


@pytest.mark.parametrize(
    ("people", "events", "allowed"), [(1000, 99, False), (1000, 100, True), (400, 300, True), (399, 300, False)]
)
def test_too_few_events_or_non_events_allow_no_claim(good, people, events, allowed):
    result = gate(replace(good, people=people, events=events))
    assert result.claims_allowed is allowed
    assert result == ("passed" if allowed else "undetermined")
    assert result.reason.startswith("too few reference events: no effect claim; ") is not allowed
    failing = gate(replace(good, people=people, events=events, ratio_low=0.7, ratio_high=0.8))
    assert failing == ("failed" if allowed else "undetermined")


def test_gate_does_not_apply_to_estimated_predictions(good):
    result = gate(replace(good, ratio_high=3.0), estimated=True)
    assert result == "not applicable"
    assert (result.reason, result.claims_allowed) == ("calibrated by construction", True)
    few = gate(replace(good, events=50), estimated=True)
    assert (few.verdict, few.claims_allowed) == ("not applicable", False)


def test_gate_is_its_verdict_and_says_which_interval_lay_where(good):
    result = gate(replace(good, slope_low=0.5))
    assert result == "undetermined"
    assert result != "passed"
    assert result == gate(replace(good, slope_high=1.5))
    assert result != gate(good)
    assert (f"{result}", {result: 1}["undetermined"]) == ("undetermined", 1)
    assert (
        result.reason
        == "actual / predicted: 0.970 to 1.030, within 0.95 to 1.05; slope: 0.500 to 1.100, across 0.8 to 1.2"
    )
    assert gate(replace(good, slope_low=0.5), slope=(0.4, 1.6)) == "passed"
    assert gate(good, ratio=(0.98, 1.02)) == "undetermined"


@pytest.mark.parametrize("margins", [(1.05, 0.95), (0.95, 1.0), (1.0, 1.05), (-0.1, 2), (0.9,), (math.nan, 2)])
def test_bad_margins_are_refused(good, margins):
    with pytest.raises(SpecError, match=r"ratio: .* are not margins round 1"):
        gate(good, ratio=margins)
    with pytest.raises(SpecError, match=r"slope: .* are not margins round 1"):
        gate(good, slope=margins)


@pytest.mark.parametrize(("name", "intercept_only"), [("recalibrated", False), ("shifted", True)])
def test_recalibrated_comparison_agrees_with_r(name, intercept_only):
    moved = recalibrate(
        UNTREATED["reconvicted"], UNTREATED["predicted"], TREATED["predicted"], intercept_only=intercept_only
    )
    result = recalibrated_actual_vs_predicted(moved, TREATED["reconvicted"], TREATED["predicted"])
    expected, error, p_value = (VALUES[f"{name}_{value}"] for value in ("expected", "error", "p_value"))
    assert_close([result.predicted, moved.frame["recalibrated"].sum()], [expected, expected], decimals=7)
    assert_close(result.p_value, p_value, decimals=8)
    limits = [result.difference_low, result.difference_high]
    assert_close(limits, [result.difference - Z * error, result.difference + Z * error], decimals=8)
    assert (result.predictions, result.actual, result.people) == ("estimated", 61, 183)
    assert "exact" not in result.method
    assert moved.frame.index.equals(TREATED.index)


def test_recalibration_makes_its_own_reference_fit():
    reconvicted, predicted = made_up(2000, 21, shift=-0.3, slope=0.9)
    moved = recalibrate(reconvicted, predicted, predicted)
    after = calibration(reconvicted, moved.frame["recalibrated"])
    assert_close([after.ratio, after.intercept, after.slope], [1, 0, 1], decimals=8)
    assert (moved.people, moved.events) == (2000, reconvicted.sum())
    shifted = recalibrate(reconvicted, predicted, predicted, intercept_only=True)
    assert_close(shifted.frame["recalibrated"].mean(), reconvicted.mean(), decimals=10)
    assert shifted.slope == 1
    assert (shifted.covariance.loc["slope"] == 0).all()
    assert_close(calibration(reconvicted, predicted).intercept, shifted.intercept, decimals=12)


def test_under_no_effect_only_the_recalibrated_test_keeps_its_size():
    # the score is wrong for everybody alike; nobody was treated with anything that works
    rejected, raw_rejected = 0, 0
    for seed in range(1000):
        reconvicted, predicted = made_up(2000, 40_000 + seed, shift=-0.3, slope=0.9)
        moved = recalibrate(reconvicted[:1000], predicted[:1000], predicted[1000:])
        rejected += recalibrated_actual_vs_predicted(moved, reconvicted[1000:], predicted[1000:]).p_value < 0.05
        if seed < 100:
            raw_rejected += actual_vs_predicted(reconvicted[1000:], predicted[1000:]).p_value < 0.05
    assert 35 <= rejected <= 65
    assert raw_rejected > 80


def test_significance_is_lost_at_the_count_r_finds():
    predicted = TREATED["predicted"].to_numpy()
    result = actual_vs_predicted(np.arange(183) < 40, predicted)
    table = tipping_points(result, predicted).set_index("point")
    lost = table.loc["significance lost"]
    assert lost["actual"] == VALUES["tipping_count"] == 54
    assert_close(lost["capture"], 40 / 54, decimals=14)
    one_less = actual_vs_predicted(np.arange(183) < 53, predicted).p_value
    at_the_tip = actual_vs_predicted(np.arange(183) < 54, predicted).p_value
    assert one_less < 0.05 <= at_the_tip
    assert_close(lost["p_value"], at_the_tip, decimals=12)
    vanished = table.loc["difference vanishes"]
    assert_close(vanished[["capture", "ratio", "p_value"]], [result.ratio, 1, 1], decimals=12)
    assert_close(vanished[["actual", "score_factor"]], [result.predicted, result.ratio], decimals=12)
    published = table.loc["published under-reporting"]
    assert_close(published[["capture", "actual", "ratio"]], [0.975, 40 / 0.975, result.ratio / 0.975], decimals=12)
    # 41.03 true reconvictions: P(X <= 41.03) is that of 41
    assert_close(published["p_value"], actual_vs_predicted(np.arange(183) < 41, predicted).p_value, decimals=12)
    assert math.isnan(published["score_factor"])


def test_capture_just_above_the_tipping_point_keeps_significance():
    predicted = TREATED["predicted"]
    result = actual_vs_predicted(np.arange(183) < 40, predicted)
    above, at = (
        tipping_points(result, predicted, published_capture=capture)["p_value"].iloc[2]
        for capture in (40 / 54 + 1e-6, 40 / 54)
    )
    assert above < 0.05 <= at


@pytest.mark.parametrize(("events", "end"), [(40, "ratio_high"), (90, "ratio_low")])
def test_score_scaled_to_the_tipping_point_is_exactly_at_the_edge(events, end):
    from scipy.optimize import brentq

    predicted, outcomes = TREATED["predicted"].to_numpy(), np.arange(183) < events
    result = actual_vs_predicted(outcomes, predicted)
    factor = tipping_points(result, predicted)["score_factor"].iloc[0]
    assert factor == getattr(result, end)
    shift = brentq(lambda d: expit(logit(predicted) + d).sum() - factor * predicted.sum(), -3, 3, xtol=1e-13)
    assert_close(actual_vs_predicted(outcomes, expit(logit(predicted) + shift)).p_value, 0.05, decimals=9)


def test_more_reconvictions_than_predicted_cannot_come_from_missing_some():
    result = actual_vs_predicted(np.arange(183) < 90, TREATED["predicted"])
    table = tipping_points(result, TREATED["predicted"])
    assert table.loc[:1, ["capture", "actual", "ratio", "p_value"]].isna().all(axis=None)
    assert_close(table["score_factor"].iloc[1], result.ratio, decimals=14)
    assert table["p_value"].iloc[2] < result.p_value


@pytest.mark.parametrize("events", [0, 61, 183])
def test_no_significance_to_lose_nobody_and_everybody(events):
    result = actual_vs_predicted(np.arange(183) < events, TREATED["predicted"])
    table = tipping_points(result, TREATED["predicted"])
    assert math.isnan(table["capture"].iloc[0])
    assert math.isnan(table["score_factor"].iloc[0]) == (events == 61)
    assert math.isnan(table["capture"].iloc[1]) == (events != 61)
    # everybody cannot become more than everybody
    assert_close(table["actual"].iloc[2], min(events / 0.975, 183), decimals=12)
    assert_close(table["p_value"].iloc[2] if events != 61 else result.p_value, result.p_value, decimals=12)


def test_tipping_points_of_a_recalibrated_comparison():
    reconvicted, predicted = made_up(3000, 31, shift=-0.3, slope=0.9)
    moved = recalibrate(reconvicted[:2000], predicted[:2000], predicted[2000:])
    helped = np.random.default_rng(2).random(1000) < 0.6 * moved.frame["recalibrated"]
    result = recalibrated_actual_vs_predicted(moved, helped, predicted[2000:])
    table = tipping_points(result)
    lost = result.predicted - Z * np.sqrt(result.variance)
    assert_close(table["actual"].iloc[0], lost, decimals=9)
    assert_close(table["capture"].iloc[:2], [result.actual / lost, result.ratio], decimals=12)
    assert_close(table["p_value"].iloc[:2], [0.05, 1], decimals=12)
    assert_close(table["score_factor"].iloc[:2], [result.ratio_high, result.ratio], decimals=14)
    z = (result.actual / 0.975 - result.predicted) / np.sqrt(result.variance)
    assert_close(table["p_value"].iloc[2], 2 * NormalDist().cdf(z), decimals=12)


def test_tipping_points_follow_the_level_of_the_result():
    outcomes, predicted = np.arange(183) < 40, TREATED["predicted"].to_numpy()
    lost = [
        tipping_points(actual_vs_predicted(outcomes, predicted, level=level), predicted)["actual"].iloc[0]
        for level in (0.99, 0.95, 0.8)
    ]
    assert lost[0] < lost[1] < lost[2]


def test_predictions_that_are_not_those_of_the_result_are_refused():
    outcomes, predicted = np.arange(183) < 40, TREATED["predicted"].to_numpy()
    result = actual_vs_predicted(outcomes, predicted)
    with pytest.raises(DataError, match="predicted: give the probabilities this result was made from"):
        tipping_points(result)
    even = np.full(183, predicted.mean())  # the same sum, but not the same people
    for wrong in (predicted[1:], predicted * 1.01, even):
        with pytest.raises(DataError, match=r"are not those of this result \(183 people, 65.6574 predicted\)"):
            tipping_points(result, wrong)
    with pytest.raises(DataError, match="or it was made with mid_p"):
        tipping_points(actual_vs_predicted(outcomes, predicted, mid_p=True), predicted)


@pytest.mark.parametrize("capture", [0, 1.01, 97.5, math.nan])
def test_bad_captures_are_refused(capture):
    result = actual_vs_predicted([0, 1], [0.2, 0.3])
    with pytest.raises(SpecError, match=f"published_capture: {capture} is not a share above 0 and at most 1"):
        tipping_points(result, [0.2, 0.3], published_capture=capture)


@pytest.mark.parametrize(
    ("reconvicted", "predicted", "message"),
    [
        ([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], r"reconvicted: 0 of .* \(4\) were reconvicted; .* Take a longer period"),
        ([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4], r"reconvicted: 4 of .* at least two who were and two who were not"),
        ([0, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], "reconvicted: 1 of"),
        ([1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], "reconvicted: 3 of"),
        ([0, 1, 0, 1], [0.3] * 4, "predicted: .* all have 0.3, so there is no slope to estimate. Give individual"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], r"logit\(predicted\) separates the outcome"),
        ([0, 1, 0], [0.1, 0.2, 0.3, 0.4], "has 3 rows but .*predicted has 4"),
        ([0, 1, 0, 1], [0.1, 0.2, 0.3, np.nan], "predicted, row 3 .*: missing"),
        ([0, 1, 0, None], [0.1, 0.2, 0.3, 0.4], "reconvicted, row 3 .*: missing"),
        ([0, 1, 0, 1], [0.1, 0.2, 0.3, 40], r"predicted, row 3 .*: 40.0; .* \(a share, not a percentage\)"),
    ],
)
def test_refused_with_the_value_the_rule_and_what_to_do(reconvicted, predicted, message):
    with pytest.raises(DataError, match=message):
        calibration(reconvicted, predicted)
    with pytest.raises(DataError, match=message):
        recalibrate(reconvicted, predicted, [0.2, 0.3])


def test_people_to_compare_are_checked_too():
    moved = recalibrate(UNTREATED["reconvicted"], UNTREATED["predicted"], [0.2, 0.3])
    with pytest.raises(DataError, match=r"predicted, row 1 .*: 1.5"):
        recalibrate(UNTREATED["reconvicted"], UNTREATED["predicted"], [0.2, 1.5])
    with pytest.raises(DataError, match="reconvicted has 1 rows but predicted has 2"):
        recalibrated_actual_vs_predicted(moved, [1], [0.2, 0.3])
    with pytest.raises(SpecError, match="level: 95"):
        recalibrated_actual_vs_predicted(moved, [1, 0], [0.2, 0.3], level=95)
    with pytest.raises(SpecError, match="level: 95"):
        calibration([0, 1], [0.2, 0.3], level=95)


def test_a_constant_prediction_can_still_be_shifted():
    moved = recalibrate([0, 0, 0, 1, 1, 0, 0, 0], [0.4] * 8, [0.4], intercept_only=True)
    assert_close(moved.frame["recalibrated"], [0.25], decimals=12)


def test_results_show_themselves_without_their_frames():
    result = calibration(UNTREATED["reconvicted"], UNTREATED["predicted"])
    assert "  people           217" in repr(result)
    assert "deciles" not in repr(result)
    assert '<th scope="row">auc</th>' in result._repr_html_()
    moved = recalibrate(UNTREATED["reconvicted"], UNTREATED["predicted"], [0.2, 0.3])
    assert "slope" in repr(moved)
    assert "frame" not in repr(moved)
