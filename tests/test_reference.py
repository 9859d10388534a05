"""Predictions estimated from the reference group: R as witness, and the size of the test under no effect."""

from functools import cache
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from statistics_reference import PEOPLE, VALUES

from evalkit.errors import DataError, SpecError
from evalkit.statistics import actual_vs_predicted, estimated_actual_vs_predicted, reference_model


@pytest.fixture
def people():
    return PEOPLE.assign(untreated=PEOPLE["treated"] == 0)


def fitted(people, covariates=("age", "area"), **options):
    return reference_model(people, reference="untreated", covariates=list(covariates), outcome="reconvicted", **options)


def small_group(**columns):
    """Forty untreated and ten treated people with every third one reconvicted."""
    frame = pd.DataFrame({"untreated": [1] * 40 + [0] * 10, "reconvicted": [1, 0, 0, 0, 0, 1, 0, 1, 0, 0] * 5})
    return frame.assign(age=np.arange(50) % 17, **columns)


def test_coefficients_agree_with_r(people):
    model = fitted(people)
    names = ["(Intercept)", "age", "areasouth", "areawest"]
    assert model.coefficients["term"].tolist() == ["intercept", "age", "area=south", "area=west"]
    assert_close(model.coefficients["log_odds"], [VALUES[f"model_{name}"] for name in names], decimals=8)
    errors = [VALUES[f"model_error_{name}"] for name in names]
    assert_close(model.coefficients["standard_error"], errors, decimals=7)
    assert_close(np.sqrt(np.diag(model.covariance)), errors, decimals=7)
    assert (model.people, model.events) == (217, people.query("untreated")["reconvicted"].sum())


def test_reference_people_are_scored_by_the_folds_they_are_not_in(people):
    cross = fitted(people).predicted[people["untreated"]]
    assert_close(cross.mean(), VALUES["cross_mean"], decimals=8)
    assert_close(cross.iloc[[0, -1]], [VALUES["cross_first"], VALUES["cross_last"]], decimals=8)
    brier = ((cross - people.loc[cross.index, "reconvicted"]) ** 2).mean()
    assert_close(brier, VALUES["cross_brier"], decimals=8)


def test_the_outcome_of_the_others_is_never_read(people):
    hidden = people.assign(reconvicted=people["reconvicted"].where(people["untreated"]))
    pd.testing.assert_series_equal(fitted(hidden).predicted, fitted(people).predicted)


def test_predictions_keep_the_row_labels(people):
    shuffled = people.sample(frac=1, random_state=8)
    assert fitted(shuffled).predicted.index.equals(shuffled.index)


def test_estimated_comparison_agrees_with_r(people):
    result = estimated_actual_vs_predicted(fitted(people), people)
    expected, difference, error = (VALUES[f"estimated_{name}"] for name in ("expected", "difference", "error"))
    assert_close([result.predicted, result.difference], [expected, difference], decimals=7)
    reach = NormalDist().inv_cdf(0.975) * error
    assert_close([result.difference_low, result.difference_high], [difference - reach, difference + reach], decimals=8)
    assert_close(result.p_value, VALUES["estimated_p_value"], decimals=7)
    assert_close(result.z, (result.actual - result.predicted) / np.sqrt(result.variance), decimals=12)
    assert (result.people, result.predictions) == (183, "estimated")
    assert "delta method" in result.method
    assert "exact" not in result.method
    assert np.isnan(result.spiegelhalter_z)


def test_without_covariates_it_is_two_proportions():
    frame = pd.DataFrame({"untreated": np.repeat([0, 1], 216), "y": np.r_[np.arange(216) < 48, np.arange(216) < 66]})
    model = reference_model(frame, reference="untreated", covariates=[], outcome="y")
    result = estimated_actual_vs_predicted(model, frame)
    error = np.sqrt(48 * 168 / 216**3 + 66 * 150 / 216**3)
    assert_close([result.difference, result.predicted], [-18 / 216, 66], decimals=9)
    assert_close(result.difference_high, -18 / 216 + NormalDist().inv_cdf(0.975) * error, decimals=9)
    # Fieller's limits are where the test of rate_a - ratio x rate_b is on the edge
    for ratio in (result.ratio_low, result.ratio_high):
        spread = np.sqrt(48 * 168 / 216**3 + ratio**2 * 66 * 150 / 216**3)
        assert_close(abs(48 - ratio * 66) / 216 / spread, NormalDist().inv_cdf(0.975), decimals=8)


REFERENCE = np.repeat([0, 1], 216)  # treated first
COVARIATE = np.tile(np.arange(216) % 2, 2)  # half of each group


@cache
def null_model(counts, covariates):
    """The model for so many reference people with the outcome among the covariate's 0s and 1s."""
    frame = pd.DataFrame({"reference": REFERENCE, "covariate": COVARIATE, "y": outcomes_of(counts + counts)})
    return reference_model(frame, reference="reference", covariates=list(covariates), outcome="y", folds=2)


@cache
def null_p_values(counts, covariates):
    """p-values, owning up to the estimation and not, for counts: treated 0s and 1s, reference 0s and 1s."""
    model = null_model(counts[2:], covariates)
    frame = pd.DataFrame({"reference": REFERENCE, "covariate": COVARIATE, "y": outcomes_of(counts)})
    naive = actual_vs_predicted(frame["y"][:216], model.predicted[:216])
    return estimated_actual_vs_predicted(model, frame).p_value, naive.p_value


def outcomes_of(counts):
    order = np.arange(216) // 2  # within each group, zeros and ones of the covariate alternate
    low, high = ([order < counts[part] for part in (place, place + 2)] for place in (0, 1))
    return np.concatenate([np.where(COVARIATE[:216] == 1, h, v) for v, h in zip(low, high, strict=True)]).astype(int)


@pytest.mark.parametrize(("rates", "covariates"), [((0.25, 0.25), ()), ((0.14, 0.36), ("covariate",))])
def test_size_under_no_effect_is_right_and_the_naive_exact_test_is_not(rates, covariates):
    draws = np.random.default_rng(216).binomial(108, rates * 2, size=(1_000, 4))
    if not covariates:  # only the totals matter: the same counts with the odd one first
        totals = draws[:, ::2] + draws[:, 1::2]
        draws = np.column_stack([totals - totals // 2, totals // 2])[:, [0, 2, 1, 3]]
    found = np.array([null_p_values(tuple(map(int, counts)), covariates) for counts in draws])
    own, naive = (found < 0.05).mean(axis=0)
    assert 0.035 <= own <= 0.06
    assert 0.12 <= naive <= 0.18


@pytest.mark.parametrize("outcome", [0, 1])
def test_none_or_all_of_the_treated(outcome):
    frame = small_group()
    frame.loc[frame["untreated"] == 0, "reconvicted"] = outcome
    result = estimated_actual_vs_predicted(fitted(frame, []), frame)
    rate = result.predicted_rate
    # ten people at the reference rate of 12/40, and that rate's own error from forty
    assert_close(result.variance, 100 * (0.3 * 0.7 / 10 + 0.3 * 0.7 / 40), decimals=8)
    # cut at what is possible, from nobody to everybody
    low, high = result.difference_low, result.difference_high
    assert_close(*((low, -rate) if outcome == 0 else (high, 1 - rate)), decimals=12)
    assert low < high
    assert result.ratio_low >= 0


def test_ratio_is_unbounded_where_the_prediction_could_be_zero():
    frame = pd.DataFrame({"untreated": [1] * 40 + [0] * 10, "reconvicted": [1, 1] + [0] * 38 + [1, 0] * 5})
    result = estimated_actual_vs_predicted(fitted(frame, [], folds=2), frame, level=0.99)
    assert result.ratio_high == float("inf")
    # the lower limit agrees with the difference, which is significant at this level
    assert result.difference_low > 0
    assert result.ratio_low > 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"sex": "male"}, "covariate sex: all 40 reference people have the same; leave it out"),
        ({"area": ["a", "b"] * 19 + ["c"] * 1 + ["a"] * 11}, "covariate area: only one reference person is c; merge"),
        ({"area": ["a", "b"] * 20 + ["d"] * 10}, r"area, row 40 .*: 'd'; not a category .*\(a, b\).*Rows refused: 10"),
        ({"area": ["a", "b", None, "b"] + ["a"] * 46}, "area, row 2 .*: missing; every person needs each covariate"),
        ({"priors": [1.0, np.inf] * 25}, "priors, row 1 .*: inf; each must be a finite number"),
        ({"months": np.arange(50) % 17 * 12}, r"covariate months: it is made up of those before it \(intercept, age\)"),
    ],
)
def test_covariates_that_cannot_be_used_are_refused(columns, message):
    with pytest.raises(DataError, match=message):
        fitted(small_group(**columns), ["age", *columns])


def test_separation_is_refused_and_named():
    frame = small_group()
    frame["kind"] = np.where((frame["reconvicted"] == 1) & (np.arange(50) < 40), "yes", "no")
    with pytest.raises(DataError, match="kind=yes separates the outcome"):
        fitted(frame, ["age", "kind"])
    frame["kind"] = np.where((frame["reconvicted"] == 0) & (np.arange(50) < 20), "rare", "other")  # nobody rare returns
    with pytest.raises(DataError, match="kind=rare separates the outcome"):
        fitted(frame, ["kind"])


def test_separation_that_looks_like_convergence_is_refused():
    # with half of everybody in the separated category, the iterations stop at an estimate of about 30
    half = np.arange(100) < 50
    frame = pd.DataFrame({"untreated": 1, "reconvicted": half | (np.arange(100) % 3 == 0), "half": half})
    frame["age"] = np.random.default_rng(2).normal(40, 9, size=100)
    with pytest.raises(DataError, match="half separates the outcome"):
        fitted(frame, ["age", "half"])


def test_separation_in_a_fold_says_which():
    frame = small_group()
    frame["kind"] = "other"
    frame.loc[[0, 1, 2], "kind"] = (
        "rare"  # the first row is the only one of them reconvicted: gone once its fold is left out
    )
    with pytest.raises(DataError, match=r"kind=rare separates the outcome.*fold 1 of 5 left out\. Merge rare"):
        fitted(frame, ["kind"])


@pytest.mark.parametrize(("events", "covariates"), [(4, 1), (5, 5)])
def test_events_must_be_as_many_as_terms_and_folds(events, covariates):
    numbers = np.random.default_rng(11).normal(size=(200, 6))
    frame = pd.DataFrame(numbers).add_prefix("number_").assign(untreated=1, reconvicted=np.arange(200) % 40 == 0)
    assert len(fitted(frame, ["number_0"]).coefficients) == 2  # five events suffice for two terms and five folds
    frame.loc[frame["reconvicted"].cumsum() > events, "reconvicted"] = False
    with pytest.raises(
        DataError, match=rf"{events} events and .*: too few for {covariates + 1} terms \(intercept, number_0"
    ):
        fitted(frame, [f"number_{number}" for number in range(covariates)])


def test_other_refusals():
    frame = small_group()
    with pytest.raises(DataError, match="the frame lacks the column height"):
        fitted(frame, ["height"])
    with pytest.raises(DataError, match="untreated: nobody is in the reference group"):
        fitted(frame.assign(untreated=0), ["age"])
    with pytest.raises(DataError, match="untreated: everybody is in the reference group"):
        estimated_actual_vs_predicted(fitted(frame, ["age"]), frame.query("untreated == 1"))
    with pytest.raises(DataError, match="age is named more than once"):
        fitted(frame, ["age", "age"])
    with pytest.raises(SpecError, match="folds: 1 is not a whole number of at least 2"):
        fitted(frame, ["age"], folds=1)
