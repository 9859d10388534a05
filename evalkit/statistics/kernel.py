"""Weights that compare each treated person with everybody near: all alike (radius), or the nearer the more (kernel).

Nothing is people x people. Sorted, the neighbours of a treated person are one stretch of the comparison people, and
sums over stretches come from running totals: n log n. The kernel is a parabola, so that running totals of 1, z and z^2
do.

Source: Heckman, Ichimura & Todd (1998), Review of Economic Studies 65, 261-294 (kernel); Dehejia & Wahba (2002), Review
of Economics and Statistics 84, 151-161 (radius).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError, SpecError
from evalkit.statistics.inputs import FloatArray
from evalkit.statistics.propensity import Propensity

_THIN = 100.0
"""Treated people whose neighbours' kernel values add up to less are worked out one by one: running totals, rounded at
the size of the whole sum, are too coarse for them."""


def radius_weights(fitted: Propensity, *, caliper: float = 0.2, strata: pd.Series | None = None) -> pd.Series:
    """Compare each treated person with the mean of all comparison people within the caliper.

    fitted  : from `propensity`
    caliper : largest distance, itself allowed, in standard deviations of the logit over all rows
    strata  : value per row, by row label, that must be equal, such as the month of a sequential comparison

    Returns one weight per row kept, by row label: 1 for treated people with a comparison person within the caliper, 0
    for those without (left out); for comparison people the sum, over the treated near them, of 1 / comparison people
    near that treated person.
    Raises DataError where nobody is near anybody or a stratum is missing, SpecError for a caliper not above 0.
    """
    return _weights(fitted, _evenly, reach=caliper, name="caliper", strata=strata)


def kernel_weights(fitted: Propensity, *, bandwidth: float = 0.2, strata: pd.Series | None = None) -> pd.Series:
    """Compare each treated person with a mean of comparison people that counts the nearer ones more.

    fitted    : from `propensity`
    bandwidth : distance at which somebody counts for nothing, in standard deviations of the logit over all rows
    strata    : as in `radius_weights`

    A comparison person at u bandwidths counts 1 - u^2 (Epanechnikov), relative to the others near that treated person.
    Returns weights as `radius_weights` does.
    Raises DataError and SpecError as `radius_weights` does.
    """
    return _weights(fitted, _parabolically, reach=bandwidth, name="bandwidth", strata=strata)


@dataclass(frozen=True, eq=False)
class _Stretches:
    """For each treated person the stretch first:beyond of the sorted comparison people within 1; places in widths."""

    treated: FloatArray
    comparison: FloatArray
    first: NDArray[np.intp]
    beyond: NDArray[np.intp]

    def covered(self, values: FloatArray) -> FloatArray:
        """For each comparison person, the sum of a value over the treated people near."""
        size = len(self.comparison) + 1
        ends = [np.bincount(end, weights=values, minlength=size) for end in (self.first, self.beyond)]
        return np.cumsum(ends[0] - ends[1])[:-1]


def _weights(
    fitted: Propensity,
    share: Callable[[_Stretches], tuple[NDArray[np.bool_], FloatArray]],
    *,
    reach: float,
    name: str,
    strata: pd.Series | None,
) -> pd.Series:
    if not isinstance(reach, int | float) or not 0 < reach < np.inf:
        raise SpecError(f"{name}: {reach!r} is not a number above 0 (standard deviations of the logit)")
    places = fitted.logit.to_numpy() / (reach * fitted.logit.std(ddof=1))
    weights = np.zeros(len(places))
    for treated, comparison in _rows_by_stratum(fitted, strata):
        ordered = comparison[np.argsort(places[comparison], kind="stable")]
        centre = places[treated].mean() if len(treated) else 0.0
        sought, sorted_places = places[treated] - centre, places[ordered] - centre
        first = np.searchsorted(sorted_places, sought - 1, side="left")
        beyond = np.searchsorted(sorted_places, sought + 1, side="right")
        near, given = share(_Stretches(sought, sorted_places, first, beyond))
        weights[treated], weights[ordered] = near, given
    if not weights.any():
        width = f"{name} of {reach:g} standard deviations"
        raise DataError(f"nobody can be compared: no comparison person within the {width} of any treated one; widen it")
    return pd.Series(weights, index=fitted.logit.index, name="weight")


def _rows_by_stratum(
    fitted: Propensity, strata: pd.Series | None
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Row numbers of the treated and of the comparison people, stratum by stratum."""
    codes = np.zeros(len(fitted.treated), dtype=np.intp)
    if strata is not None:
        codes = strata.reindex(fitted.logit.index).factorize()[0]
        if (codes < 0).any():
            raise DataError(f"strata: missing for {(codes < 0).sum():,} rows; give them a value of their own")
    for indices in pd.Series(codes).groupby(codes).indices.values():
        rows = np.asarray(indices, dtype=np.intp)
        yield rows[fitted.treated[rows]], rows[~fitted.treated[rows]]


def _evenly(stretches: _Stretches) -> tuple[NDArray[np.bool_], FloatArray]:
    people = stretches.beyond - stretches.first
    shares = np.divide(1.0, people, out=np.zeros(len(people)), where=people > 0)
    anybody = stretches.covered((people > 0).astype(float)) > 0.5
    return people > 0, np.where(anybody, stretches.covered(shares), 0.0)


def _parabolically(stretches: _Stretches) -> tuple[NDArray[np.bool_], FloatArray]:
    sought, places = stretches.treated, stretches.comparison
    totals = _parabola_totals(stretches)
    given = np.zeros(len(places))
    thin = np.flatnonzero((totals < _THIN) & (stretches.beyond > stretches.first))
    for unit in thin:
        stretch = slice(stretches.first[unit], stretches.beyond[unit])
        values = (1 - (sought[unit] - places[stretch]) ** 2).clip(min=0)
        totals[unit] = values.sum()
        given[stretch] += values / (totals[unit] or 1.0)
    near = totals > 0
    shares = np.divide(1.0, totals, out=np.zeros(len(totals)), where=near)
    shares[thin] = 0.0
    constant, linear, square = (stretches.covered(shares * sought**power) for power in (0, 1, 2))
    return near, given + (constant * (1 - places**2) + 2 * places * linear - square).clip(min=0)


def _parabola_totals(stretches: _Stretches) -> FloatArray:
    """For each treated person the sum of 1 - u^2 over the comparison people near."""
    sums = []
    for power in (0, 1, 2):
        running = np.concatenate([[0.0], np.cumsum(stretches.comparison**power)])
        sums.append(running[stretches.beyond] - running[stretches.first])
    sought = stretches.treated
    return np.asarray(sums[0] * (1 - sought**2) + 2 * sought * sums[1] - sums[2])
