"""CUSUM weights, paths and thresholds: worked values, R's loop, and simulation against the Markov chain."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.errors import DataError, SpecError
from evalkit.statistics.cusum import cusum, cusum_weights, vlad
from evalkit.statistics.thresholds import cusum_threshold, false_alarm_probability, risk_mix

REFERENCE = Path("tests/reference")
PEOPLE = pd.read_csv(REFERENCE / "monitoring_people.csv").query("unit == 'unit 06'")
PATHS = pd.read_csv(REFERENCE / "monitoring_cusum.csv")
RISKS = np.random.default_rng(2).beta(1.6, 2.9, 2_000).clip(0.02, 0.97)


def test_weights_of_the_worked_examples():
    assert_close(cusum_weights([1, 0], [0.356, 0.356], odds_ratio=1.25), [0.13788, -0.08526], decimals=5)
    assert_close(cusum_weights([0], [0.09912], odds_ratio=2), [-0.09451], decimals=5)


def test_both_arms_agree_with_a_plain_loop_in_r():
    arms = {"worse": (1.5, 4.5), "better": (1 / 1.5, 4.2)}
    for arm, (odds_ratio, threshold) in arms.items():
        found = cusum(PEOPLE["reconvicted"], PEOPLE["predicted"], odds_ratio=odds_ratio, threshold=threshold)
        assert_close(found["cusum"], PATHS[arm], decimals=12)
        assert found["alarm"].tolist() == (PATHS[arm] >= threshold).tolist()
        assert found.index.equals(PEOPLE.index)
    assert (PATHS["worse"] >= 4.5).sum() == 2  # two alarms, and a new start after each


def test_the_sum_starts_again_after_an_alarm_and_alarms_at_the_threshold_itself():
    # at p = .5 and odds ratio 3 an event adds ln 3 - ln 2, anything else takes ln 2 away
    step = float(np.log(1.5))
    found = cusum([1, 1, 1, 0, 1], [0.5] * 5, odds_ratio=3, threshold=2 * step)
    assert_close(found["cusum"], [step, 2 * step, step, 0, step], decimals=12)
    assert found["alarm"].tolist() == [False, True, False, False, False]
    second = found["cusum"].iloc[1]  # to the last digit
    for threshold, alarms in ((second, [False, True, False]), (np.nextafter(second, 9), [False, False, True])):
        assert cusum([1, 1, 1], [0.5] * 3, odds_ratio=3, threshold=threshold)["alarm"].tolist() == alarms


def test_vlad_runs_up_while_fewer_are_reconvicted():
    found = vlad(PEOPLE["reconvicted"], PEOPLE["predicted"])
    assert_close(found["fewer_people"], PATHS["vlad"], decimals=10)
    assert found["people"].tolist() == list(range(1, 181))
    assert found["actual"].iloc[-1] == PEOPLE["reconvicted"].sum()
    assert found.index.equals(PEOPLE.index)


@pytest.mark.parametrize("odds_ratio", [1.5, 1 / 1.5])
def test_the_markov_chain_agrees_with_simulation(odds_ratio):
    # a high probability, so that 20,000 paths tell: standard error below .003
    settings = {"threshold": 2.0, "people_a_year": 60, "odds_ratio": odds_ratio}
    chain = false_alarm_probability(RISKS, **settings)
    simulated = false_alarm_probability(RISKS, **settings, paths=20_000, seed=5)
    assert 0.1 < chain < 0.3
    assert_close(simulated, chain, decimals=2)


def test_the_threshold_gives_its_false_alarm_probability():
    for false_alarm in (0.0025, 0.005):
        threshold = cusum_threshold(RISKS, people_a_year=400, false_alarm=false_alarm)
        found = false_alarm_probability(RISKS, threshold=threshold, people_a_year=400)
        assert_close(found, false_alarm, decimals=4)
    # METHODS' 'about 7.9' belongs to people who are more alike
    assert_close(cusum_threshold(RISKS, people_a_year=400, false_alarm=0.0025), 7.66, decimals=1)
    assert_close(cusum_threshold(np.full(50, 0.4), people_a_year=400, false_alarm=0.0025), 7.9, decimals=1)


def test_a_simulated_threshold_is_about_the_same_and_repeats_itself():
    settings = {"people_a_year": 50, "false_alarm": 0.05}
    simulated = cusum_threshold(RISKS, **settings, paths=5_000, seed=3)
    assert abs(simulated - cusum_threshold(RISKS, **settings)) < 0.15
    assert simulated == cusum_threshold(RISKS, **settings, paths=5_000, seed=3)
    assert simulated != cusum_threshold(RISKS, **settings, paths=5_000, seed=4)


def test_thresholds_rise_with_people_and_fall_with_false_alarms():
    by_people = [cusum_threshold(RISKS, people_a_year=people) for people in (1, 5, 30, 100, 1_000, 20_000)]
    assert np.all(np.diff(by_people) > 0)
    by_alarms = [cusum_threshold(RISKS, people_a_year=100, false_alarm=share) for share in (0.5, 0.05, 0.005, 0.0005)]
    assert np.all(np.diff(by_alarms) > 0)


def test_the_mix_of_risks_is_twenty_rounded_means():
    mix = risk_mix(np.arange(1, 101) / 101)
    assert len(mix) == 20
    assert_close(mix[:2], [0.03, 0.08], decimals=10)  # means of the first five and the second five: .0297, .0792
    assert risk_mix([0.5]) == (0.5,) * 20
    assert risk_mix([0.001, 0.999]) == (0.005,) * 10 + (0.995,) * 10
    # seven people: a twentieth is 0.35 of a person, and the mean stays right
    assert_close(np.mean(risk_mix([0.1] * 6 + [0.8])), 0.2, decimals=2)


def test_units_alike_share_a_threshold():
    first = cusum_threshold(RISKS, people_a_year=401)
    assert cusum_threshold(RISKS + 1e-6, people_a_year=404) == first
    assert cusum_threshold(RISKS, people_a_year=411) > first


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"people_a_year": 0.5}, "people_a_year: 0.5 is not a number of at least 1"),
        ({"people_a_year": 9, "false_alarm": 0.0}, "false_alarm: 0.0 is not a probability strictly between 0 and 1"),
        ({"people_a_year": 9, "odds_ratio": 1.0}, "odds_ratio: 1.0 is not a number above 0 other than 1"),
        ({"people_a_year": 9, "paths": 0}, "paths: 0 is not a whole number of at least 1"),
    ],
)
def test_impossible_settings_of_a_threshold_are_refused(settings, message):
    with pytest.raises(SpecError, match=message):
        cusum_threshold(RISKS, **settings)


@pytest.mark.parametrize("threshold", [0.0, float("inf"), float("nan")])
def test_an_impossible_threshold_is_refused(threshold):
    with pytest.raises(SpecError, match=r"threshold: .* is not a number above 0"):
        cusum([1], [0.5], threshold=threshold)
    if threshold != float("inf"):
        with pytest.raises(SpecError, match=r"threshold: .* is not a number above 0"):
            false_alarm_probability(RISKS, threshold=threshold, people_a_year=9)


def test_bad_rows_are_refused():
    with pytest.raises(DataError, match=r"predicted, row 1 .*: 1\.0; each must lie strictly between"):
        cusum([0, 1], [0.5, 1.0], threshold=4)
    with pytest.raises(DataError, match="reconvicted has 1 rows but predicted has 2"):
        vlad([1], [0.5, 0.4])
