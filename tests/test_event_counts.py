"""Rate ratios from counts: R (glm.nb, glm), counts that vary no more than chance, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from survival_reference import PEOPLE, VALUES

from evalkit.errors import DataError
from evalkit.statistics.event_counts import rate_ratio

R_TERMS = {"aid": "aid", "age": "age", "area=south": "areasouth", "area=west": "areawest"}


def ratios(people=PEOPLE, count="reconvictions", covariates=("aid", "age", "area"), **options):
    return rate_ratio(people, count=count, exposure="exposure", covariates=list(covariates), **options)


def from_r(name):
    return [VALUES[f"{name}_{term}"] for term in R_TERMS.values()]


def test_negative_binomial_coefficients_agree_with_r():
    table = ratios()
    assert table["term"].tolist() == list(R_TERMS)
    assert_close(table["log_rate_ratio"], from_r("counts"), decimals=7)
    assert_close(table["dispersion"], VALUES["counts_alpha"], decimals=6)
    # observed information here, expected in glm.nb: the third digit may differ
    assert_close(table["standard_error"] / from_r("counts_error"), np.ones(4), decimals=1)
    assert (table["model"] == "negative binomial").all()
    assert (table["people"].iloc[0], table["events"].iloc[0]) == (400, PEOPLE["reconvictions"].sum())


def test_standard_errors_are_those_of_the_likelihood():
    # curvature of the log likelihood in the coefficient of aid, all else at its best: by profile, not by formula
    table, reach = ratios(), 1.959963984540054
    row = table.iloc[0]
    assert_close(
        np.log([row["low"], row["high"]]),
        row["log_rate_ratio"] + np.array([-1, 1]) * reach * row["standard_error"],
        decimals=12,
    )
    lower, upper = (profile_likelihood(row["log_rate_ratio"] + step) for step in (-0.01, 0.01))
    curvature = (lower - 2 * profile_likelihood(row["log_rate_ratio"]) + upper) / 0.01**2
    assert_close(row["standard_error"] * np.sqrt(-curvature), 1, decimals=2)


def profile_likelihood(of_aid):
    """Log likelihood at its best with the coefficient of aid held, by scipy's optimiser from the formula."""
    from scipy.optimize import minimize
    from scipy.special import gammaln

    counts = PEOPLE["reconvictions"].to_numpy()
    areas = [(PEOPLE["area"] == area).to_numpy(float) for area in ("south", "west")]
    matrix = np.column_stack([np.ones(len(PEOPLE)), (PEOPLE["age"] - 35) / 10, *areas])
    offset = np.log(PEOPLE["exposure"].to_numpy()) + of_aid * PEOPLE["aid"].to_numpy()

    def negative(parameters):
        size, means = np.exp(-parameters[-1]), np.exp(offset + matrix @ parameters[:-1])
        chances = size / (size + means)
        parts = gammaln(counts + size) - gammaln(size) + size * np.log(chances) + counts * np.log1p(-chances)
        return -parts.sum()

    start = np.array([np.log(counts.sum() / PEOPLE["exposure"].sum()), 0, 0, 0, 0])
    return -minimize(negative, start, method="BFGS", options={"gtol": 1e-6}).fun


def test_counts_that_vary_no_more_than_chance_are_poisson_and_say_so():
    table = ratios(count="breaches")
    assert_close(table["log_rate_ratio"], from_r("chance"), decimals=8)
    assert_close(table["standard_error"], from_r("chance_error"), decimals=7)
    assert table["dispersion"].tolist() == [0] * 4
    assert (table["model"] == "Poisson").all()
    assert "vary no more than chance: dispersion 0" in table.loc[0, "method"]


@pytest.mark.parametrize(
    ("second_group", "model"),
    [
        ([1, 1, 2, 2, 2, 4], "Poisson"),  # squares 16 + 6, below the 24 events
        ([0, 2, 2, 2, 2, 4], "Poisson"),  # 16 + 8: the edge
        ([0, 1, 2, 2, 3, 4], "negative binomial"),  # 16 + 10
    ],
)
def test_the_edge_between_the_two(second_group, model):
    # both groups have mean 2: the sum of (count - 2) squared, beside the 24 events, decides
    frame = pd.DataFrame(
        {"reconvictions": [0, 0, 2, 2, 4, 4, *second_group], "exposure": 1.0, "aid": [0] * 6 + [1] * 6}
    )
    table = ratios(frame, covariates=["aid"])
    assert table["model"].tolist() == [model]
    assert (table.loc[0, "dispersion"] > 0) == (model == "negative binomial")
    assert_close(table.loc[0, "rate_ratio"], 1, decimals=7)


@pytest.mark.parametrize("seed", [0, 10, 173])
def test_a_spread_hardly_above_chance_still_settles(seed):
    # found by trial: to the twelfth digit, statsmodels' Newton circled round these for ever
    generator = np.random.default_rng(seed)
    people = int(generator.choice([60, 300, 2000]))
    frame = pd.DataFrame({"aid": generator.integers(0, 2, people), "age": generator.normal(35, 10, people)})
    frame["exposure"] = generator.uniform(60, 365, people)
    means = frame["exposure"] / 365 * np.exp(-0.2 - 0.3 * frame["aid"] - 0.02 * (frame["age"] - 35))
    spread = generator.choice([0, 0, 0.05, 1, 4])
    frame["reconvictions"] = generator.poisson(means * (generator.gamma(1 / spread, spread, people) if spread else 1))
    table = ratios(frame, covariates=["aid", "age"])
    assert 0 < table.loc[0, "dispersion"] < 0.01
    plain = ratios(frame.assign(reconvictions=np.minimum(frame["reconvictions"], 2)), covariates=["aid", "age"])
    assert plain.loc[0, "model"] == "Poisson"
    assert_close(table["standard_error"] / plain["standard_error"], np.ones(2), decimals=0)


def test_two_rates_worked_by_hand():
    # Poisson: 6 events in 300 days against 12 in 400; ratio (6/300)/(12/400) = 2/3, variance of its log 1/6 + 1/12
    frame = pd.DataFrame(
        {"reconvictions": [2, 2, 2, 4, 4, 4], "exposure": [100, 100, 100, 133, 133, 134], "aid": [1, 1, 1, 0, 0, 0]}
    )
    row = ratios(frame, covariates=["aid"]).iloc[0]
    assert_close([row["rate_ratio"], row["standard_error"]], [2 / 3, 0.5], decimals=8)
    assert_close(row["p_value"], 0.41739, decimals=4)  # z = log(2/3) / .5 = -.81093


def test_the_unit_of_exposure_and_of_covariates_does_not_matter():
    table = ratios()
    years = ratios(PEOPLE.assign(exposure=PEOPLE["exposure"] / 365.25, age=PEOPLE["age"] * 1000))
    assert_close(years["log_rate_ratio"] * [1, 1000, 1, 1], table["log_rate_ratio"], decimals=7)
    assert_close(years["standard_error"] * [1, 1000, 1, 1], table["standard_error"], decimals=7)


def test_clustered_standard_errors_agree_with_r():
    table = ratios(count="breaches", clusters="team")
    assert_close(table["standard_error"], from_r("chance_team_error"), decimals=6)
    assert_close(table["log_rate_ratio"], from_r("chance"), decimals=8)


def test_clusters_count_people_once():
    twice = pd.concat([PEOPLE, PEOPLE], ignore_index=True)
    alone, doubled = ratios(clusters="person"), ratios(twice, clusters="person")
    assert_close(doubled["log_rate_ratio"], alone["log_rate_ratio"], decimals=7)
    # the corrections (n-1)/(n-k) see twice as many rows
    assert_close(doubled["standard_error"] / alone["standard_error"], np.ones(4), decimals=1)
    assert_close(ratios(twice)["standard_error"] / alone["standard_error"] < 0.85, np.ones(4), decimals=6)
    assert "clustered by person" in alone.loc[0, "method"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reconvictions": 0}, "none of the 400 people has an event, so there is no rate to compare"),
        ({"reconvictions": 0.5}, r"reconvictions, row 0 .*: 0.5; each must be a whole number, 0 or more"),
        ({"reconvictions": -1}, r"reconvictions, row 0 .*: -1; each must be a whole number"),
        ({"reconvictions": None}, "reconvictions, row 0 .*: missing"),
        ({"exposure": 0}, r"exposure, row 0 .*: 0; time at risk must be above 0"),
        ({"reconvictions": PEOPLE["aid"]}, "aid: none of the .* people with its lower value has an event"),
        ({"reconvictions": 1 - PEOPLE["aid"]}, "aid: none of the .* people with its higher value has an event"),
        ({"age": 30}, "covariate age: all 400 .* have the same"),
    ],
)
def test_refused_with_what_to_do(changes, message):
    with pytest.raises(DataError, match=message):
        ratios(PEOPLE.assign(**changes))


def test_other_refusals():
    with pytest.raises(DataError, match="the frame lacks the column team_name"):
        ratios(clusters="team_name")
    with pytest.raises(DataError, match="team: there is only one"):
        ratios(PEOPLE.assign(team=1), clusters="team")
    with pytest.raises(DataError, match="the regression of counts does not settle: there are too few events"):
        ratios(PEOPLE.assign(steps=PEOPLE["age"] // 20, reconvictions=(PEOPLE["age"] == 60) * 3), covariates=["steps"])
    frame = pd.DataFrame({"aid": [1, 0, 0] * 20, "job": [0, 1, 0] * 20, "reconvictions": [1, 1, 0] * 20, "exposure": 1})
    with pytest.raises(DataError, match="or they tell who has events almost without error"):
        ratios(frame, covariates=["aid", "job"])
