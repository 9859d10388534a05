"""The landmark comparison by subgroup: each estimate by itself, and what their number means."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from conftest import assert_close
from scipy.special import expit
from scipy.stats import chi2
from statsmodels.stats.multitest import multipletests

from evalkit.cohort.subgroups import RISK_BANDS, by_subgroup, differences


def lines_of(size=4_000):
    """People at risk on the landmark, of whom those in the group in the North fare 15 points better."""
    rng = np.random.default_rng(11)
    predicted = rng.uniform(0.05, 0.9, size)
    treated, north = rng.random(size) < 0.3, rng.random(size) < 0.5
    chance = expit(np.log(predicted / (1 - predicted))) - 0.15 * (treated & north)
    return pd.DataFrame(
        {
            "treated": treated,
            "reconvicted": rng.random(size) < chance,
            "predicted": predicted,
            "risk_band": pd.cut(predicted, [0, *RISK_BANDS.values()], labels=list(RISK_BANDS), right=False),
            "half_year": rng.integers(3, 9, size),
            "area": np.where(north, "North", "South"),
            "sentence_type": "custody",
            "offence_group": rng.choice(["Theft", "Violence", "Rare"], size, p=[0.5, 0.49, 0.01]),
        }
    )


@pytest.fixture(scope="module")
def table():
    return differences(lines_of()).set_index("name")


def test_the_planted_difference_is_found_where_it_is_and_not_elsewhere(table):
    assert -0.2 < table.loc["North", "estimate"] < -0.08
    assert table.loc["North", "q_value"] < 0.001
    assert table.loc["South", "low"] < 0 < table.loc["South", "high"]


def test_an_estimate_is_actual_less_what_a_regression_on_the_others_expects(table):
    lines = lines_of()
    north = lines[lines["area"] == "North"]
    predicted = north["predicted"]
    design = sm.add_constant(np.column_stack([np.log(predicted / (1 - predicted)), north["half_year"]]))
    treated, outcome = north["treated"].to_numpy(), north["reconvicted"].to_numpy(float)
    model = sm.GLM(outcome[~treated], design[~treated], family=sm.families.Binomial()).fit()
    expected = outcome[treated].mean() - model.predict(design[treated]).mean()
    assert_close(table.loc["North", "estimate"], expected, decimals=8)


def test_q_values_are_those_of_benjamini_and_hochberg_over_all_subgroups(table):
    inside = table[(table["kind"] != "Everyone") & table["p_value"].notna()]
    assert_close(inside["q_value"], multipletests(inside["p_value"], method="fdr_bh")[1], decimals=12)


def test_cochrans_q_asks_whether_one_difference_would_do(table):
    areas = table[table["kind"] == "Area"]
    weight = ((areas["high"] - areas["low"]) / 3.919927969) ** -2
    centre = np.average(areas["estimate"], weights=weight)
    expected = chi2.sf(float((weight * (areas["estimate"] - centre) ** 2).sum()), 1)
    assert_close(areas["p_alike"], [expected] * 2, decimals=9)
    assert expected < 0.001


def test_a_subgroup_too_small_has_its_counts_and_no_estimate(table):
    assert table.loc["Rare", "people"] > 0
    assert np.isnan(table.loc["Rare", "estimate"])


def test_a_kind_with_one_subgroup_is_left_out_and_the_others_add_up(table):
    assert "Sentence" not in set(table["kind"])
    sums = table.groupby("kind")[["people", "reconvicted", "others"]].sum()
    assert sums.drop_duplicates().shape == (1, 3)


def test_risk_bands_begin_where_they_say(table):
    lines = lines_of()
    low = ((lines["predicted"] < 0.25) & lines["treated"]).sum()
    assert table.loc["low (under 25%)", "people"] == low


def test_a_prepared_cohort_without_dates_has_no_subgroups():
    assert by_subgroup(SimpleNamespace(history=None), "took_up").empty
