"""Two means and their difference: the one row that matched and weighted comparisons both return.

Source: Stefanski & Boos (2002), The American Statistician 56, 29-38; Cameron, Gelbach & Miller (2011), Journal of
Business & Economic Statistics 29, 238-249 (two ways of clustering).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError
from evalkit.statistics.inputs import FloatArray, numeric_array, refuse_absent

FEWEST_ANALYSED = 30
"""With fewer treated people than this there is a description and no inference."""

TREATED_PER_TERM = 5
"""With fewer treated than this per column of the propensity model, matching adjusts for its logit alone, and weighting
is cautioned against: its standard errors are then some 6 % too small (20 columns and 60 treated in a simulation)."""

LARGEST_SHARE, FEWEST_EFFECTIVE = 0.05, 30.0
"""One comparison row with more than this share of the weight, or fewer effective rows than this: a caution."""

_NOTHING = float("nan")


@dataclass(frozen=True, eq=False)
class TwoMeans:
    """Mean outcome of the treated and what it would have been without the treatment.

    covariance : of the two, treated first (2 x 2)
    degrees    : degrees of freedom of the t distribution they are read against
    """

    treated: float
    comparison: float
    covariance: FloatArray
    degrees: int


def two_means(
    treated: float, comparison: float, influence: FloatArray, clusterings: Sequence[NDArray[np.intp]]
) -> TwoMeans:
    """Two means with the covariance that their influence functions give.

    influence   : rows x 2: by how much each row moves the treated and the comparison mean
    clusterings : one or two codings of the rows, counted from 0; rows of one cluster may be dependent

    Each way of clustering has the correction G/(G-1); with two, the covariances are added and that of their
    intersection is taken off. Should that leave a negative variance of the difference, the larger of the two is kept.
    The degrees of freedom are those of the coarsest way, G - 1.
    """
    codings = [_compact(coding) for coding in clusterings]
    ways = [_covariance(influence, coding) for coding in codings]
    if len(codings) == 2:
        both = codings[0] * (codings[1].max() + 1) + codings[1]
        ways.append(ways[0] + ways[1] - _covariance(influence, _compact(both)))
    variances = [float(way[0, 0] + way[1, 1] - 2 * way[0, 1]) for way in ways]
    chosen = ways[-1] if variances[-1] > 0 else ways[int(np.argmax(variances))]
    return TwoMeans(treated, comparison, chosen, degrees=min(int(coding.max()) for coding in codings))


def contrast_columns(means: TwoMeans, *, outcome: str, level: float) -> dict[str, Any]:
    """The difference of two means and their ratio, with intervals, by column name.

    The ratio's interval is made on the log scale; without a positive mean on both sides there is none.
    Raises DataError where nothing varies.
    """
    from scipy.special import stdtr, stdtrit

    covariance, estimate = means.covariance, means.treated - means.comparison
    error = float(np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]))
    if not error > 1e-12 * max(1.0, abs(means.treated)):
        raise DataError(
            f"outcome {outcome}: nothing varies among those compared (it is the same for everybody, or the covariates"
            " tell it entirely), so a difference has no uncertainty to give"
        )
    reach = float(stdtrit(means.degrees, (1 + level) / 2))
    return {
        "treated_value": means.treated,
        "comparison_value": means.comparison,
        "estimate": estimate,
        "low": estimate - reach * error,
        "high": estimate + reach * error,
        "p_value": float(2 * stdtr(means.degrees, -abs(estimate) / error)),
        "standard_error": error,
        **_ratio_columns(means, reach),
    }


def description_columns(treated: float, comparison: float) -> dict[str, Any]:
    """The same columns where there is a description only: both raw means, and no difference to read anything into."""
    missing = ("estimate", "low", "high", "p_value", "standard_error", "ratio", "ratio_low", "ratio_high")
    return {"treated_value": treated, "comparison_value": comparison, **dict.fromkeys(missing, _NOTHING)}


def few_analysed(treated: int) -> str:
    """Why so few treated people are only described; empty where there are enough."""
    return f"fewer than {FEWEST_ANALYSED} treated people analysed" if treated < FEWEST_ANALYSED else ""


def size_columns(treated: int, weights: FloatArray, *, terms: int = 0) -> dict[str, Any]:
    """How many stand on each side, and how evenly the comparison rows count.

    weights : of the comparison rows, 0 or more
    terms   : columns that the weights were fitted on

    Returns n_treated, n_comparison (rows with weight), effective_comparison (square of the sum over sum of squares),
    largest_weight_share, and a caution where either says that a few rows decide, or the treated are few for that many
    columns.
    """
    if not weights.any():
        empty = {"effective_comparison": 0.0, "largest_weight_share": _NOTHING, "caution": "nobody to compare with"}
        return {"n_treated": treated, "n_comparison": 0} | empty
    share, effective = float(weights.max() / weights.sum()), float(weights.sum() ** 2 / (weights**2).sum())
    concerns = []
    if share > LARGEST_SHARE:
        concerns.append(f"one comparison row has {100 * share:.0f} % of the weight")
    if effective < FEWEST_EFFECTIVE:
        concerns.append(f"the comparison is worth {effective:.0f} equally weighted rows")
    if treated < TREATED_PER_TERM * terms:
        concerns.append(f"few treated for {terms} columns: the standard error may be too small")
    return {
        "n_treated": treated,
        "n_comparison": int((weights > 0).sum()),
        "effective_comparison": effective,
        "largest_weight_share": share,
        "caution": "; ".join(concerns),
    }


def outcome_values(frame: pd.DataFrame, rows: pd.Index, outcome: str) -> FloatArray:
    """The outcome of some rows of a frame as numbers, in their order.

    Raises DataError where the column is absent, is no number or boolean, or is missing or infinite for any of them.
    """
    refuse_absent(frame, [outcome])
    values = frame.loc[rows, outcome]
    if not pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_object_dtype(values.dtype):
        raise DataError(f"outcome {outcome}: a column of numbers or of False/True is needed, not {values.dtype}")
    numbers = numeric_array(values, name=outcome)
    absent = ~np.isfinite(numbers)
    if absent.any():
        raise DataError(
            f"outcome {outcome}: missing for {absent.sum():,} of the {len(rows):,} people analysed (the first is row"
            f" {rows[int(np.argmax(absent))]!r}); leave them out before matching or weighting, and count them"
        )
    return numbers


def cluster_codes(frame: pd.DataFrame, rows: pd.Index, clusters: str | None) -> NDArray[np.intp]:
    """Code per row of who belongs together, counted from 0: by a column of the frame, or each row label by itself.

    Raises DataError where the column is absent or missing for a row, or there is only one cluster.
    """
    if clusters is None:
        return pd.factorize(rows)[0]
    refuse_absent(frame, [clusters])
    codes = pd.factorize(frame.loc[rows, clusters])[0]
    if (codes < 0).any():
        raise DataError(f"clusters {clusters}: missing for {(codes < 0).sum():,} rows; each row needs one")
    if codes.max() < 1:
        raise DataError(f"clusters {clusters}: everybody is in the same one; at least two are needed")
    return codes


def _compact(coding: NDArray[np.intp]) -> NDArray[np.intp]:
    return pd.factorize(coding)[0]


def _covariance(influence: FloatArray, coding: NDArray[np.intp]) -> FloatArray:
    sums = np.column_stack([np.bincount(coding, weights=column) for column in influence.T])
    return np.asarray(sums.T @ sums * (len(sums) / (len(sums) - 1)))


def _ratio_columns(means: TwoMeans, reach: float) -> dict[str, float]:
    if not (means.treated > 0 and means.comparison > 0):
        return dict.fromkeys(("ratio", "ratio_low", "ratio_high"), _NOTHING)
    gradient = np.array([1 / means.treated, -1 / means.comparison])
    ratio = means.treated / means.comparison
    spread = float(np.exp(reach * np.sqrt(gradient @ means.covariance @ gradient)))
    return {"ratio": ratio, "ratio_low": ratio / spread, "ratio_high": ratio * spread}
