"""Radius and kernel weights against all the distances."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close

from evalkit.errors import DataError, SpecError
from evalkit.statistics.kernel import kernel_weights, radius_weights
from evalkit.statistics.propensity import propensity


def model(size, *, seed=1, discrete=False):
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({"risk": generator.integers(0, 9, size) if discrete else generator.normal(size=size)})
    frame["treated"] = generator.random(size) < 1 / (1 + np.exp(1.5 - 0.5 * frame["risk"].clip(-2, 2)))
    frame.index += 1_000
    return propensity(frame.sample(frac=1, random_state=seed), treated="treated", covariates=("risk",))


def by_all_distances(fitted, reach, value, strata=None):
    """Every treated person's comparison people with their shares."""
    logit, treated = fitted.logit.to_numpy(), fitted.treated
    apart = np.abs(logit[treated][:, None] - logit[~treated]) / (reach * logit.std(ddof=1))
    counts = np.where(apart <= 1, value(apart), 0.0)
    if strata is not None:
        counts *= strata[treated][:, None] == strata[~treated]
    totals = counts.sum(axis=1, keepdims=True)
    weights = np.empty(len(logit))
    weights[treated] = totals[:, 0] > 0
    weights[~treated] = (counts / np.where(totals > 0, totals, 1)).sum(axis=0)
    return weights


def evenly(apart):
    return np.ones_like(apart)


def parabola(apart):
    return 1 - apart**2


KINDS = [(radius_weights, "caliper", evenly), (kernel_weights, "bandwidth", parabola)]


@pytest.mark.parametrize(("weigh", "name", "value"), KINDS)
@pytest.mark.parametrize("reach", [0.02, 0.2, 1.5])
@pytest.mark.parametrize(("size", "discrete"), [(60, False), (600, True), (6_000, False)])
def test_weights_are_those_of_all_distances(weigh, name, value, reach, size, discrete):
    fitted = model(size, discrete=discrete)
    found = weigh(fitted, **{name: reach})
    assert found.index.equals(fitted.logit.index)
    assert_close(found, by_all_distances(fitted, reach, value), decimals=8)
    matched = found.to_numpy()[fitted.treated].sum()
    assert_close(found.to_numpy()[~fitted.treated].sum(), matched, decimals=8)
    assert matched > 0


@pytest.mark.parametrize(("weigh", "name", "value"), KINDS)
def test_strata_are_kept_apart(weigh, name, value):
    fitted = model(600)
    strata = pd.Series(np.random.default_rng(2).choice(["a", "b", "c"], 600), index=fitted.logit.index)
    expected = by_all_distances(fitted, 0.2, value, strata.to_numpy())
    turned = strata.sample(frac=1, random_state=1)  # by row label, in any order
    assert_close(weigh(fitted, **{name: 0.2}, strata=turned), expected, decimals=8)
    with pytest.raises(DataError, match="strata: missing for 2 rows"):
        weigh(fitted, strata=strata.iloc[2:])


def test_the_radius_itself_is_near_and_counts_for_nothing_in_the_kernel():
    # two places only: apart by so many standard deviations of the logit
    frame = pd.DataFrame({"treated": [True, False] * 20 + [True] * 20, "risk": [0.0] * 30 + [1.0] * 30})
    frame.loc[[1, 3], "risk"] = 1.0
    fitted = propensity(frame, treated="treated", covariates=("risk",))
    apart = float(np.ptp(fitted.logit) / fitted.logit.std(ddof=1))
    same = by_all_distances(fitted, 0.5 * apart, evenly)
    assert_close(radius_weights(fitted, caliper=apart * (1 - 1e-9)), same, decimals=8)
    assert_close(
        radius_weights(fitted, caliper=apart * (1 + 1e-9)), by_all_distances(fitted, 2 * apart, evenly), decimals=8
    )
    assert_close(kernel_weights(fitted, bandwidth=apart), same, decimals=8)


@pytest.mark.parametrize(("weigh", "name", "value"), KINDS)
def test_refusals(weigh, name, value):
    fitted = model(60)
    assert value(np.zeros(1)) == 1
    for reach in (0, -1, np.inf, "wide"):
        with pytest.raises(SpecError, match=f"{name}: {reach!r} is not a number above 0"):
            weigh(fitted, **{name: reach})
    with pytest.raises(DataError, match=f"nobody can be compared: .* within the {name} of 1e-09 standard deviations"):
        weigh(fitted, **{name: 1e-9})
