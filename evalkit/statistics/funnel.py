"""Funnel of units: actual over predicted reconvictions, with limits that know chance and over-dispersion.

Sources: Spiegelhalter (2005), Statistics in Medicine 24, 1185-1202 (funnel plots), and those of `dispersion`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError, SpecError
from evalkit.statistics.dispersion import benjamini_hochberg, dispersion_of, root_errors, shrunken_ratios
from evalkit.statistics.inputs import FloatArray, outcome_array, probability_array, refuse_absent
from evalkit.statistics.poisson_binomial import probability_masses, tilted_count

TOO_SMALL, HOLD = "too small to judge", "data-quality hold"
AS_EXPECTED, WATCH, ALERT = "as expected", "watch", "alert"
WORSE, BETTER = "worse", "better"

LEVELS = {"95": 0.95, "998": 0.998}
"""Suffix of the limits' columns -> their level: outside the first is `watch`, outside the second `alert`."""

FEWEST_EXPECTED, FEWEST_PEOPLE = 10, 30
"""A unit with less of either is too small to judge."""

EXACT_BELOW = 100
"""With fewer predicted reconvictions than this the unadjusted limits are exact; from there on normal."""


def funnel(
    frame: pd.DataFrame,
    *,
    unit: str,
    reconvicted: str = "reconvicted",
    predicted: str = "predicted",
    raw: str | None = None,
    held: Collection[Any] = (),
) -> pd.DataFrame:
    """Compare each unit with its prediction, and say which differ by more than chance and the usual spread.

    frame       : one row per person
    unit        : grouping column (a team, an area); people without one form a unit of their own
    reconvicted : column of 0/1 or False/True
    predicted   : column of probabilities, strictly between 0 and 1, **centred** on all the units (see `centred`):
                  where the predictions are too high for everybody, nearly every unit would be an alert
    raw         : column of the probabilities before they were centred, for raw_ratio
    held        : units whose data are not to be trusted yet: shown, but neither judged nor used for the spread

    Returns one row per unit, sorted by name (there are no ranks):
    - people, actual, predicted (counts), variance; ratio (actual / predicted) with its 95 % interval ratio_low and
      ratio_high, that of `actual_vs_predicted` (by saddlepoint from 100 predicted on, right to four decimals);
      raw_ratio where asked for
    - low_95, high_95, low_998, high_998: where a ratio lies by chance alone; limits says how they were made. Exact
      below 100 predicted (the outermost counts that the two-sided Poisson-binomial test does not reject), else normal
    - adjusted_low_95, ...: the same with the spread between units, on the square-root scale
    - z and adjusted_z of sqrt(ratio) without and with that spread; p_value (two-sided) and q_value (Benjamini-Hochberg
      over the units judged), both of adjusted_z
    - unadjusted, adjusted: as expected, watch (outside 95 %) or alert (outside 99.8 %), by each kind of limits
    - shrunken, shrunken_low, shrunken_high: the ratio drawn towards 1 (all 1 where tau2 is 0)
    - phi, phi_p_value, tau2: the spread between units, the same in every row (see `over_dispersion`; corrected)
    - state: too small to judge, data-quality hold, as expected, watch or alert. It follows the adjusted limits; an
      unadjusted alert within them is a watch. direction: better or worse for watch and alert, else empty

    Raises DataError where a column is absent, a row refused, or the unit's column has the name of a result.
    """
    refuse_absent(frame, [unit, reconvicted, predicted, *([raw] if raw else [])])
    outcomes = outcome_array(frame[reconvicted], name=reconvicted)
    shares = probability_array(frame[predicted], name=predicted)
    groups = frame.groupby(unit, dropna=False, observed=True)
    codes, names = groups.ngroup().to_numpy(), groups.size().index
    table = _sums(codes, outcomes, shares)
    table = table.assign(**_intervals(codes, shares, table))
    if raw:
        before = probability_array(frame[raw], name=raw)
        table["raw_ratio"] = table["actual"] / np.bincount(codes, weights=before)
    table = judged_sums(table, _chance_limits(codes, shares, table), held=names.isin(list(held)))
    if unit in table.columns:
        raise DataError(f"unit: the column {unit} has the name of a result; rename it first")
    table.insert(0, unit, names)
    return table


def funnel_curves(table: pd.DataFrame, *, points: int = 100) -> pd.DataFrame:
    """The limits of a funnel as smooth curves along the predicted number, for a chart.

    table  : what `funnel` returned
    points : how many points of each curve, at least 2, from 10 predicted (or fewer, if no unit has 10) to the largest

    Returns one row per point: predicted, low_95, high_95, low_998, high_998 and the same adjusted. Normal throughout,
    with the variance per predicted reconviction of all the units together: a unit's own limits, in its row of the
    table, differ a little, and decide.
    """
    if not isinstance(points, int) or points < 2:
        raise SpecError(f"points: {points!r} is not a whole number of at least 2")
    refuse_absent(table, ["predicted", "variance", "tau2"])
    known = table[table["predicted"] > 0]
    largest = known["predicted"].max()
    grid = np.geomspace(min(FEWEST_EXPECTED, largest / 2), largest, points)
    variance = grid * known["variance"].sum() / known["predicted"].sum()
    limits = _normal_limits(np.sqrt(variance) / grid) | _adjusted_limits(
        np.sqrt(root_errors(grid, variance) ** 2 + known["tau2"].iloc[0])
    )
    return pd.DataFrame({"predicted": grid, **limits})


def judged_sums(
    table: pd.DataFrame, limits: Mapping[str, Any] | None = None, *, held: NDArray[np.bool_] | None = None
) -> pd.DataFrame:
    """Limits, spread and states of units from their sums, without the people.

    table  : one row per unit: people, actual, predicted, variance, ratio
    limits : unadjusted limits by name, as `funnel` makes them; None takes the normal ones
    held   : which units are on hold, one per row; None for none

    Returns the table with the columns that `funnel` describes, from its limits to the direction.
    """
    if limits is None:
        limits = _normal_limits(np.sqrt(table["variance"].to_numpy()) / table["predicted"].to_numpy())
    on_hold = np.zeros(len(table), dtype=bool) if held is None else held
    table = _with_spread(table.assign(**limits), _large_enough(table) & ~on_hold)
    return table.assign(state=_states(table, on_hold)).assign(direction=_directions)


def _sums(codes: NDArray[np.integer[Any]], outcomes: FloatArray, shares: FloatArray) -> pd.DataFrame:
    predicted = np.bincount(codes, weights=shares)
    actual = np.bincount(codes, weights=outcomes).astype("int64")
    return pd.DataFrame(
        {
            "people": np.bincount(codes),
            "actual": actual,
            "predicted": predicted,
            "variance": np.bincount(codes, weights=shares * (1 - shares)),
            "ratio": actual / predicted,
        }
    )


def _people_of_each(codes: NDArray[np.integer[Any]], shares: FloatArray) -> list[FloatArray]:
    return np.split(shares[np.argsort(codes, kind="stable")], np.cumsum(np.bincount(codes))[:-1])


def _intervals(codes: NDArray[np.integer[Any]], shares: FloatArray, table: pd.DataFrame) -> dict[str, FloatArray]:
    ends, actual, predicted = np.empty((len(table), 2)), table["actual"].to_numpy(), table["predicted"].to_numpy()
    for row, own in enumerate(_people_of_each(codes, shares)):
        count = tilted_count(own, int(actual[row]), exact=bool(predicted[row] < EXACT_BELOW))
        ends[row] = [count.expected(count.shift_for_tail(tail, 0.025)) for tail in ("upper", "lower")]
    low, high = ends.T / predicted
    return {"ratio_low": low, "ratio_high": high}


def _chance_limits(codes: NDArray[np.integer[Any]], shares: FloatArray, table: pd.DataFrame) -> dict[str, Any]:
    predicted = table["predicted"].to_numpy()
    limits = _normal_limits(np.sqrt(table["variance"].to_numpy()) / predicted)
    exact = predicted < EXACT_BELOW
    people = _people_of_each(codes, shares) if exact.any() else []
    for row in np.flatnonzero(exact):
        for name, count in outermost_counts(people[row]).items():
            limits[name][row] = count / predicted[row]
    return limits | {"limits": np.where(exact, "exact Poisson-binomial", "normal")}


def outermost_counts(shares: FloatArray) -> dict[str, int]:
    """The smallest and largest count of events that the exact two-sided test does not reject, at each level.

    shares : probability of each person

    Returns low_95, high_95, low_998, high_998.
    """
    masses = np.maximum(probability_masses(shares), 0.0)
    lower, upper = np.cumsum(masses), np.cumsum(masses[::-1])[::-1]
    counts = {}
    for suffix, level in LEVELS.items():
        edge = (1 - level) / 2
        counts[f"low_{suffix}"] = int(np.argmax(lower > edge))
        counts[f"high_{suffix}"] = int(np.flatnonzero(upper > edge)[-1])
    return counts


def _normal_limits(error: FloatArray) -> dict[str, FloatArray]:
    return {
        f"{end}_{suffix}": np.maximum(1 + sign * _reach(level) * error, 0.0)
        for suffix, level in LEVELS.items()
        for end, sign in (("low", -1), ("high", 1))
    }


def _adjusted_limits(root_error: FloatArray) -> dict[str, FloatArray]:
    return {f"adjusted_{name}": limit**2 for name, limit in _normal_limits(root_error).items()}


def _reach(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def _large_enough(table: pd.DataFrame) -> NDArray[np.bool_]:
    return np.asarray((table["predicted"] >= FEWEST_EXPECTED) & (table["people"] >= FEWEST_PEOPLE))


def _with_spread(table: pd.DataFrame, judged: NDArray[np.bool_]) -> pd.DataFrame:
    """Everything that depends on the spread between the units judged."""
    from scipy.special import ndtr

    actual, predicted, variance = (table[name].to_numpy(float) for name in ("actual", "predicted", "variance"))
    spread = dispersion_of(actual[judged], predicted[judged], variance[judged], corrected=True)
    error, distance = root_errors(predicted, variance), np.sqrt(actual / predicted) - 1
    adjusted_error = np.sqrt(error**2 + spread.tau2)
    adjusted_z = distance / adjusted_error
    p_value = 2 * ndtr(-np.abs(adjusted_z))
    table = table.assign(
        **_adjusted_limits(adjusted_error),
        z=distance / error,
        adjusted_z=adjusted_z,
        p_value=p_value,
        q_value=benjamini_hochberg(np.where(judged, p_value, np.nan)),
    )
    ratio = table["ratio"].to_numpy()
    return table.assign(
        unadjusted=_beyond(table, ""),
        adjusted=_beyond(table, "adjusted_"),
        **shrunken_ratios(ratio, error, spread.tau2),
        phi=spread.phi,
        phi_p_value=spread.p_value,
        tau2=spread.tau2,
    )


def _beyond(table: pd.DataFrame, prefix: str) -> NDArray[np.object_]:
    outside = [
        (table["ratio"] < table[f"{prefix}low_{suffix}"]) | (table["ratio"] > table[f"{prefix}high_{suffix}"])
        for suffix in ("998", "95")
    ]
    return np.select(outside, [ALERT, WATCH], AS_EXPECTED)


def _states(table: pd.DataFrame, held: NDArray[np.bool_]) -> NDArray[np.object_]:
    only_unadjusted = (table["unadjusted"] == ALERT) & (table["adjusted"] == AS_EXPECTED)
    return np.select(
        [held, ~_large_enough(table), only_unadjusted], [HOLD, TOO_SMALL, WATCH], table["adjusted"].to_numpy(object)
    )


def _directions(table: pd.DataFrame) -> NDArray[np.object_]:
    flagged = table["state"].isin([WATCH, ALERT])
    return np.select([~flagged, table["ratio"] > 1], ["", WORSE], BETTER)
