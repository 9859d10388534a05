"""Balance: R's formulas, edges of the ratings, gaps, and weights in any order."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.errors import DataError
from evalkit.statistics.balance import balance
from evalkit.statistics.matching import match

FOLDER = Path(__file__).parent / "reference"
PEOPLE = pd.read_csv(FOLDER / "matching_people.csv", index_col="person")
EXPECTED = pd.read_csv(FOLDER / "matching_balance.csv")
COVARIATES = ("age", "sanctions", "logit_p", "sex", "area")


@pytest.fixture(scope="module")
def twice():
    return match(PEOPLE, treated="treated", covariates=COVARIATES, ratio=2)


def table(frame, *covariates, weights=None, **options):
    weights = np.ones(len(frame)) if weights is None else weights
    found = balance(frame, treated="treated", covariates=covariates, weights=weights, **options)
    return found.set_index("covariate")


def test_balance_of_a_match_agrees_with_r(twice):
    columns = EXPECTED.columns.drop("covariate")
    assert twice.balance["covariate"].tolist() == EXPECTED["covariate"].tolist()
    assert_close(twice.balance[columns], EXPECTED[columns], decimals=9)
    assert (twice.balance["treated_people"] == 100).all()
    assert (twice.balance["treated_people_after"] == 98).all()
    assert (twice.balance["comparison_people_before"] == 300).all()
    assert (twice.balance["comparison_people_after"] == twice.pairs["control"].nunique()).all()


def test_ratings_follow_the_differences_after(twice):
    found = twice.balance.set_index("covariate")
    assert found["rating"].to_dict() == {
        "propensity (logit)": "green",  # 4.3
        "age": "green",
        "sanctions": "green",  # 4.3, by the variances before
        "logit_p": "amber",  # 7.6
        "sex: female": "green",
        "sex: male": "green",
        "area: north": "amber",  # -5.3
        "area: south": "green",
        "area: west": "green",
    }


def spread(difference):
    """Treated 0, 2 and comparison people 0, 2 less the difference in hundredths of their standard deviation."""
    shift = difference / 100 * np.sqrt(2)
    return pd.DataFrame({"treated": [1, 1, 0, 0], "risk": [0.0, 2.0, 0.0 - shift, 2.0 - shift]})


@pytest.mark.parametrize(
    ("difference", "rating"),
    [(0, "green"), (4.999, "green"), (5, "green"), (5.001, "amber"), (10, "amber"), (10.001, "red"), (300, "red")],
)
def test_ratings_at_their_edges(difference, rating):
    for sign in (1, -1):
        found = table(spread(sign * difference), "risk").loc["risk"]
        assert_close(found["smd_after"], sign * difference, decimals=9)
        assert found["rating"] == rating


def test_spreads_are_those_before_matching():
    frame = pd.DataFrame({"treated": [1, 1, 1, 0, 0, 0], "risk": [1.0, 2.0, 6.0, 0.0, 4.0, 5.0]})
    found = table(frame, "risk", weights=[1, 1, 0, 0.5, 1.5, 0]).loc["risk"]
    # variances 7 and 7; after: treated mean 1.5, comparison mean (0 + 6) / 2 = 3
    assert_close(found["smd_before"], 0, decimals=12)
    assert_close(found["smd_after"], -150 / np.sqrt(7), decimals=10)
    # 0.5 over [0.5 * 9 + 1.5 * 1] / (2 - 2.5 / 2)
    assert_close([found["variance_ratio_before"], found["variance_ratio_after"]], [1, 0.5 / 8], decimals=12)
    assert found[["treated_people_after", "comparison_people_after"]].tolist() == [2, 2]


def test_numbers_that_are_only_0_and_1_count_as_shares():
    frame = pd.DataFrame({"treated": [1] * 4 + [0] * 5, "job": [1, 1, 0, 0, 1, 0, 0, 0, 0]})
    number, text = table(frame, "job"), table(frame.assign(job=frame["job"].map({1: "yes", 0: "no"})), "job")
    assert_close(number.loc["job", "smd_before"], 100 * 0.3 / np.sqrt((0.25 + 0.16) / 2), decimals=10)
    assert_close(number.loc["job", "smd_before"], text.loc["job: yes", "smd_before"], decimals=10)
    assert np.isnan(number.loc["job", "variance_ratio_before"])
    booleans = table(frame.assign(job=frame["job"] == 1), "job")
    assert booleans.index.tolist() == ["job: False", "job: True"]
    assert_close(booleans["smd_before"], text["smd_before"], decimals=10)


def test_missing_values_have_a_row_of_their_own():
    frame = pd.DataFrame(
        {
            "treated": [1, 1, 1, 1, 0, 0, 0, 0],
            "risk": [1.0, 3.0, np.nan, np.nan, 2.0, 6.0, 7.0, np.nan],
            "sex": ["m", None, "m", "f", "f", "m", "f", "f"],
        }
    )
    found = table(frame, "risk", "sex")
    assert found.index.tolist() == ["risk", "risk: missing", "sex: f", "sex: m", "sex: missing"]
    assert found.loc["risk", ["treated_mean", "comparison_mean_before"]].tolist() == [2, 5]  # of those known
    assert found.loc["risk", ["treated_people", "comparison_people_before"]].tolist() == [2, 3]
    assert found["treated_mean"].tolist()[1:] == [0.5, 0.25, 0.5, 0.25]
    assert found["comparison_mean_after"].tolist()[1:] == [0.25, 0.75, 0.25, 0]
    unknown = table(frame, "risk", weights=[0, 0, 1, 1, 1, 1, 1, 1]).loc["risk"]
    assert unknown["rating"] == "not known"
    assert unknown["treated_people_after"] == 0


def test_no_spread_at_all():
    frame = pd.DataFrame({"treated": [1, 1, 0, 0], "same": 3.0, "apart": [1.0, 1.0, 2.0, 2.0], "kind": list("aabb")})
    found = table(frame, "same", "apart", "kind")
    assert found["smd_after"].tolist() == [0, -np.inf, np.inf, -np.inf]
    assert found["rating"].tolist() == ["green", "red", "red", "red"]


def test_weights_go_by_row_label_and_rows_in_any_order(twice):
    options = {"logit": twice.model.logit}
    plain = table(PEOPLE, *COVARIATES, weights=twice.weights, **options)
    turned = table(PEOPLE, *COVARIATES, weights=twice.weights.sample(frac=1, random_state=1), **options)
    pd.testing.assert_frame_equal(plain, turned)
    shuffled = table(PEOPLE.sample(frac=1, random_state=2), *COVARIATES, weights=twice.weights, **options)
    pd.testing.assert_frame_equal(plain, shuffled)
    pd.testing.assert_frame_equal(plain, table(PEOPLE, *COVARIATES, weights=twice.weights.to_numpy(), **options))
    assert plain["smd_before"].abs().max() > plain["smd_after"].abs().max()


def test_categories_of_any_kind():
    frame = pd.DataFrame({"treated": [1, 1, 0, 0], "kind": pd.Categorical(list("baab"), categories=list("abz"))})
    found = table(frame, "kind")
    assert found.index.tolist() == ["kind: a", "kind: b"]  # nobody is a z
    assert found["treated_mean"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 1, -1, 1], r"weights, row 2 .*: -1; each must be 0 or above"),
        ([1, np.nan, 1, 1], r"weights, row 1 .*: missing; each must be 0 or above"),
        ([1, np.inf, 1, 1], r"weights, row 1 .*: inf"),
        ([1, 1, 1], "weights: 3 for 4 rows; each row needs one"),
        (pd.Series([1, 1, 1], index=[0, 1, 2]), r"weights, row 3 .*: missing"),
        (pd.Series([1, 1, 1, 1], index=[0, 1, 2, 2]), "weights: row label 2 occurs more than once"),
        ([1, 0, 0, 0], "weights: none of the 2 comparison people has a weight above 0"),
        ([0, 0, 1, 0], "weights: none of the 2 treated people has a weight above 0"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights, message):
    with pytest.raises(DataError, match=message):
        table(spread(0), "risk", weights=weights)
