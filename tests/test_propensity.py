"""The propensity model: R and statsmodels as witnesses, what is missing, what is refused, and overlap."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.errors import DataError, SpecError
from evalkit.statistics.propensity import overlap, propensity

FOLDER = Path(__file__).parent / "reference"
PEOPLE = pd.read_csv(FOLDER / "matching_people.csv")
VALUES = pd.read_csv(FOLDER / "matching_values.csv", index_col="name")["value"].to_dict()
COVARIATES = ("age", "sanctions", "logit_p", "sex", "area")


def fitted(frame, *covariates, **options):
    return propensity(frame, treated="treated", covariates=covariates, **options)


def people(**columns):
    """Forty people, every other one treated; ages that both sides share."""
    frame = pd.DataFrame({"treated": [True, False] * 20, "age": np.arange(40) * 7 % 19}, index=range(100, 140))
    return frame.assign(**columns)


def test_coefficients_agree_with_r():
    model = fitted(PEOPLE, *COVARIATES)
    names = ["(Intercept)", "age", "sanctions", "logit_p", "sexfemale", "areasouth", "areawest"]
    terms = ["intercept", "age", "sanctions", "logit_p", "sex=female", "area=south", "area=west"]
    assert model.terms == model.coefficients["term"].tolist() == terms
    assert_close(model.coefficients["log_odds"], [VALUES[f"log_odds_{name}"] for name in names], decimals=10)
    errors = [VALUES[f"error_{name}"] for name in names]
    assert_close(model.coefficients["standard_error"], errors, decimals=10)
    assert_close(np.sqrt(np.diag(model.covariance)), errors, decimals=10)
    assert_close(model.logit.iloc[[0, -1]], [VALUES["logit_first"], VALUES["logit_last"]], decimals=10)
    assert_close(model.logit.std(), VALUES["logit_sd"], decimals=10)
    assert_close(model.auc, VALUES["auc"], decimals=12)


def test_score_logit_and_matrix_belong_together():
    shuffled = PEOPLE.sample(frac=1, random_state=4)
    model = fitted(shuffled, *COVARIATES)
    assert model.score.index.equals(shuffled.index)
    assert model.logit.index.equals(shuffled.index)
    assert model.treated.tolist() == (shuffled["treated"] == 1).tolist()
    assert_close(model.matrix @ model.coefficients["log_odds"], model.logit, decimals=12)
    assert_close(1 / (1 + np.exp(-model.logit)), model.score, decimals=12)
    assert model.left_out.empty
    # at the maximum of the likelihood, scores and treatments have the same sums over every term
    assert_close(model.matrix.T @ (model.score - model.treated), np.zeros(7), decimals=9)


def test_many_people_agree_with_statsmodels():
    from statsmodels.discrete.discrete_model import Logit

    generator = np.random.default_rng(7)
    size = 34_000  # more than are worked on together
    frame = pd.DataFrame(
        {
            "year": generator.integers(2015, 2021, size),
            "income": generator.gamma(2, 9_000, size),
            "risk": generator.normal(-1, 0.9, size),
            "area": generator.choice([f"area {number}" for number in range(8)], size),
            "kind": pd.Categorical(generator.choice(["a", "b", "c"], size, p=[0.2, 0.5, 0.3])),
            "known": generator.random(size) < 0.6,
        }
    )
    log_odds = -2 + 0.4 * frame["risk"] + 0.3 * (frame["area"] > "area 4") + 0.1 * (frame["year"] - 2018)
    frame["treated"] = generator.random(size) < 1 / (1 + np.exp(-log_odds))
    model = fitted(frame, "year", "income", "risk", "area", "kind", "known")
    expected = Logit(model.treated.astype(float), np.ascontiguousarray(model.matrix)).fit(disp=0, tol=1e-9)
    errors = expected.bse.to_numpy() if isinstance(expected.bse, pd.Series) else expected.bse
    assert_close(model.coefficients["log_odds"] / errors, expected.params / errors, decimals=8)
    # the intercept goes with a year near 2,000: it is the only one above 1 in size
    assert_close(model.coefficients["log_odds"][1:], expected.params[1:], decimals=10)
    assert_close(model.covariance.iloc[1:, 1:], expected.cov_params()[1:, 1:], decimals=10)
    assert model.terms[-3:] == ["kind=a", "kind=c", "known=False"]


def test_people_with_the_same_covariates_have_the_same_logit_to_the_last_digit():
    generator = np.random.default_rng(5)
    half = pd.DataFrame({"risk": generator.normal(size=20_001), "years": generator.gamma(2, 4, 20_001)})
    chances = 1 / (1 + np.exp(1 - half["risk"]))
    frame = pd.concat([half, half], ignore_index=True).assign(treated=generator.random(40_002) < np.tile(chances, 2))
    logit = fitted(frame, "risk", "years").logit.to_numpy()
    assert (logit[:20_001] == logit[20_001:]).all()


def test_missing_covariates_need_a_choice():
    frame = people(sex=["m", "f", None, "m"] * 10, risk=[np.nan, 1.0, 2.0, 3.0, 5.0] * 8)
    with pytest.raises(DataError, match=r"missing: sex \(10 people\), risk \(8 people\)\. Choose missing='drop'"):
        fitted(frame, "age", "sex", "risk")
    with pytest.raises(SpecError, match="missing: 'mean' is none of None, 'drop', 'indicator'"):
        fitted(frame, "age", "sex", "risk", missing="mean")


def test_rows_with_missing_covariates_are_left_out_and_listed():
    frame = people(sex=["m", "f", None, "m", "f"] * 8, risk=[np.nan, 1.0, 2.0, 3.0] * 10)
    model = fitted(frame, "age", "sex", "risk", missing="drop")
    complete = frame.dropna()
    pd.testing.assert_series_equal(model.score, fitted(complete, "age", "sex", "risk").score)
    assert model.left_out["row"].tolist() == frame.index.difference(complete.index).tolist()
    counts = model.left_out["reason"].value_counts().to_dict()
    # every fifth has no sex, every fourth no risk, and row 112 and its like (every twentieth) neither
    assert counts == {"missing risk": 8, "missing sex": 6, "missing sex, risk": 2}
    assert model.left_out.loc[model.left_out["row"] == 112, "reason"].item() == "missing sex, risk"
    assert model.left_out["side"].tolist() == np.where(frame.loc[model.left_out["row"], "treated"], *SIDES).tolist()
    assert "16 rows with missing covariates left out" in model.method


SIDES = ("treated", "comparison")


def test_gaps_can_be_told_by_columns_of_their_own():
    frame = people(sex=["m", "f", None, "m", "m"] * 8, risk=[np.nan, 1.0, 2.0, 3.5, 5.0, 9.0, 11.0] * 5 + [1.0] * 5)
    model = fitted(frame, "age", "sex", "risk", missing="indicator")
    by_hand = frame.assign(
        sex=frame["sex"].fillna("missing"), risk=frame["risk"].fillna(frame["risk"].median()), gap=frame["risk"].isna()
    )
    assert model.terms == ["intercept", "age", "sex=f", "sex=missing", "risk", "risk=missing"]
    assert_close(model.score, fitted(by_hand, "age", "sex", "risk", "gap").score, decimals=10)
    assert model.matrix[:, 4].tolist() == by_hand["risk"].tolist()
    assert len(model.score) == 40
    assert model.left_out.empty


def test_the_same_gaps_are_told_once():
    gaps = np.arange(40) % 9 == 0
    frame = people(
        risk=np.where(gaps, np.nan, np.arange(40) % 8), sex=np.where(gaps, None, ["m", "f", "m"] * 13 + ["f"])
    )
    model = fitted(frame, "risk", "sex", missing="indicator")
    assert model.terms == ["intercept", "risk", "risk=missing", "sex=f"]


def test_integers_with_gaps():
    frame = people(risk=pd.array([1, 2, None, 4, 7] * 8, dtype="Int64"))
    model = fitted(frame, "risk", missing="indicator")
    assert model.matrix[2].tolist() == [1, 3, 1]  # the median of 1, 2, 4, 7


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"sex": "male"}, "covariate sex: all 40 people have the same; leave it out"),
        ({"risk": 3.0}, "covariate risk: all 40 people have the same"),
        ({"area": ["a", "b", "b", "a"] * 9 + ["a", "a", "b", "c"]}, "area: only one person is c; merge categories"),
        ({"area": ["a", "b", "b", "a"] * 9 + ["c", "a", "c", "b"]}, "area: all of the 2 people with c are treated"),
        ({"area": ["a", "b", "b", "a"] * 9 + ["a", "c", "b", "c"]}, "area: none of the 2 people with c are treated"),
        # the commonest category has no column of its own
        ({"area": [*["b", "a"] * 14, *["c", "c"] * 6]}, "area: none of the 14 people with a are treated"),
        ({"months": np.arange(40) * 7 % 19 * 12 + 3}, r"months: it is made up of those before it \(intercept, age\)"),
        (
            {"side": np.arange(40) % 2 * 2.5},
            r"side: treated \(0 to 0\) and comparison people \(2.5 to 2.5\) do not over",
        ),
        # they touch at 1: the likelihood still has no maximum
        ({"side": [0, 1, 1, 1] * 10}, None),
        ({"side": [1, 1, 0, 2] * 10}, r"side: treated \(0 to 1\) and comparison people \(1 to 2\) do not overlap"),
        ({"risk": [1.0, np.inf] * 20}, "risk, row 1 .*: inf; each must be a finite number"),
        ({"risk": np.nan}, "covariate risk: it is missing for everybody; leave it out"),
        ({"born": pd.Timestamp("1990-01-01")}, "covariate born: a date; give it as years or months"),
    ],
)
def test_covariates_that_cannot_be_used_are_refused(columns, message):
    frame = people(**columns)
    if message is None:
        message = "side"
    with pytest.raises(DataError, match=message):
        fitted(frame, "age", *columns)


def test_covariates_that_separate_only_together_are_refused():
    frame = people(first=np.arange(40) // 2 % 5.0)
    frame["second"] = frame["first"] + np.where(frame["treated"], 0.5, -0.5)  # either alone overlaps
    with pytest.raises(DataError, match=r"(first|second) separates the outcome.*do not overlap there.*leave it out"):
        fitted(frame, "age", "first", "second")


def test_a_gap_that_only_the_treated_have_is_refused():
    frame = people(risk=np.where(np.arange(40) % 4 == 0, np.nan, np.arange(40) % 7))
    with pytest.raises(DataError, match="covariate risk: all of the 10 people with a missing value are treated"):
        fitted(frame, "risk", missing="indicator")


def test_there_must_be_as_many_on_each_side_as_terms():
    generator = np.random.default_rng(3)
    frame = pd.DataFrame(generator.normal(size=(200, 5))).add_prefix("number ").assign(treated=np.arange(200) % 40 == 0)
    names = [f"number {number}" for number in range(5)]
    with pytest.raises(
        DataError, match=r"5 treated and 195 comparison people are too few for 6 terms \(intercept, number 0"
    ):
        fitted(frame, *names)
    assert len(fitted(frame, *names[:2]).terms) == 3
    with pytest.raises(DataError, match="195 treated and 5 comparison people are too few for 6 terms"):
        fitted(frame.assign(treated=~frame["treated"]), *names)


def test_other_refusals():
    frame = people()
    with pytest.raises(DataError, match="treated: everybody of the 40 people with all covariates is treated"):
        fitted(frame.assign(treated=1), "age")
    with pytest.raises(DataError, match="treated: nobody of the 40 people"):
        fitted(frame.assign(treated=0), "age")
    with pytest.raises(DataError, match=r"treated, row 1 .*: 2; each must be 0 or 1"):
        fitted(frame.assign(treated=[1, 2] * 20), "age")
    with pytest.raises(DataError, match="the frame lacks the column height"):
        fitted(frame, "height")
    with pytest.raises(DataError, match="age is named more than once"):
        fitted(frame, "age", "age")
    with pytest.raises(DataError, match="row label 7 occurs more than once"):
        fitted(frame.set_axis([7, 7, *range(38)]), "age")
    with pytest.raises(SpecError, match="treated is the treatment itself"):
        fitted(frame, "age", "treated")
    with pytest.raises(SpecError, match=r"'age' is one name; write \('age',\)"):
        propensity(frame, treated="treated", covariates="age")
    with pytest.raises(SpecError, match="none are named"):
        fitted(frame)


def test_nearly_the_same_covariate_is_told_from_the_same():
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=40)
        frame = people()
        assert fitted(frame.assign(twin=frame["age"] + 1e-4 * noise), "age", "twin").terms[-1] == "twin"
        with pytest.raises(DataError, match="twin: it is made up of those before it"):
            fitted(frame.assign(twin=3 * frame["age"] + 1 + 1e-8 * noise), "age", "twin")


def test_overlap_counts_both_sides_by_score():
    model = fitted(PEOPLE, *COVARIATES)
    found = overlap(model, bins=10)
    scores, treated = model.score.to_numpy(), model.treated
    low, high = scores[treated].min(), scores[treated].max()
    assert scores[~treated].min() < low < high < scores[~treated].max()  # the treated lie inside
    assert_close([found.low, found.high], [low, high], decimals=12)
    assert found.bins[["treated", "comparison"]].sum().tolist() == [100, 300]
    edges = [*found.bins["low"].tolist(), found.bins["high"].iloc[-1]]
    assert_close(edges, np.linspace(scores.min(), scores.max(), 11), decimals=12)
    second = (scores >= edges[1]) & (scores < edges[2])
    assert found.bins.loc[1, "treated"] == (second & treated).sum() > 0
    assert found.bins.loc[1, "comparison"] == (second & ~treated).sum() > 0
    below, above = (scores < low).sum(), (scores > high).sum()
    assert found.support.to_dict("list") == {
        "side": ["treated", "comparison"],
        "people": [100, 300],
        "below": [0, below],
        "above": [0, above],
        "outside": [0, below + above],
    }
    assert min(below, above) > 0
    turned = overlap(fitted(PEOPLE.assign(treated=1 - PEOPLE["treated"]), *COVARIATES)).support
    assert turned[["below", "above"]].to_numpy().tolist() == [[above, below], [0, 0]]
    with pytest.raises(SpecError, match="bins: 1 is not a whole number of at least 2"):
        overlap(model, bins=1)


def test_a_model_shows_what_it_is():
    shown = repr(fitted(PEOPLE, *COVARIATES))
    assert "intercept, age, sanctions, logit_p, sex=female, area=south, area=west" in shown
    assert "logistic regression of treatment on 6 terms, 100 treated and 300 comparison people" in shown
