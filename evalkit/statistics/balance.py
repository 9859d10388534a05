"""How alike treated and comparison people are, covariate by covariate, before and after matching or weighting.

Source: Rosenbaum & Rubin (1985), American Statistician 39, 33-38; Austin (2009), Statistics in Medicine 28, 3083-3107.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evalkit.errors import DataError
from evalkit.statistics.covariates import checked_covariates, is_number, treated_rows
from evalkit.statistics.inputs import FloatArray, numeric_array, refuse_rows

GREEN_UP_TO, AMBER_UP_TO = 5, 10
"""Largest standardised difference of either rating, itself included, in per cent of a standard deviation."""


def balance(
    frame: pd.DataFrame,
    *,
    treated: str,
    covariates: Sequence[str],
    weights: pd.Series | ArrayLike,
    logit: pd.Series | None = None,
) -> pd.DataFrame:
    """Compare the covariates of treated and comparison people, unweighted (before) and weighted (after).

    frame      : one row per person, row labels all different
    treated    : column of 0/1 or False/True
    covariates : columns; numbers give one row, text, booleans and categories one per category. Where values are missing
                 there is a row `covariate: missing`, and the row of a number is of the people known
    weights    : not negative, one per row: a Series, in any order, by row label; anything else in row order
    logit      : log-odds of the propensity, by row label, for a first row `propensity (logit)`

    Returns one row per number or category: covariate (`covariate: category`), treated_mean, treated_mean_after,
    comparison_mean_before, comparison_mean_after, smd_before, smd_after, variance_ratio_before, variance_ratio_after
    (treated over comparison; numbers only), rating (green, amber, red, by smd_after; 'not known' without a mean),
    treated_people, treated_people_after, comparison_people_before, comparison_people_after (counts; after: weight above
    0). Means of categories are shares. smd is 100 (treated mean - comparison mean) / sqrt of the mean of both variances
    before, in per cent of a standard deviation. Variances are p(1 - p) for categories and numbers that are only 0 and
    1, with n - 1 otherwise; where both are 0 an smd is 0 or infinite.
    Raises DataError where a weight is missing or negative, or one side has none above 0.
    """
    names = checked_covariates(frame, covariates, treated=treated, missing="indicator")
    groups = _groups(treated_rows(frame, treated), _in_row_order(frame, weights))
    columns = [frame[name] for name in names]
    if logit is not None:
        columns.insert(0, logit.reindex(frame.index).rename("propensity (logit)"))
    lines = [line for values in columns for line in _lines(values, groups)]
    return _compared(pd.concat(lines, ignore_index=True))


@dataclass(frozen=True, eq=False)
class _Group:
    """Some of the rows (by number) and their weights."""

    rows: NDArray[np.intp]
    weights: FloatArray


def _in_row_order(frame: pd.DataFrame, weights: pd.Series | ArrayLike) -> FloatArray:
    if isinstance(weights, pd.Series):
        if not weights.index.is_unique:
            label = weights.index[weights.index.duplicated()][0]
            raise DataError(f"weights: row label {label} occurs more than once")
        weights = weights.reindex(frame.index)
    numbers = numeric_array(weights, name="weights")
    if len(numbers) != len(frame):
        raise DataError(f"weights: {len(numbers):,} for {len(frame):,} rows; each row needs one")
    refuse_rows(weights, ~(np.isfinite(numbers) & (numbers >= 0)), name="weights", rule="each must be 0 or above")
    return numbers


def _groups(sides: NDArray[np.bool_], weights: FloatArray) -> dict[str, _Group]:
    groups = {}
    for side, own in (("treated", sides), ("comparison", ~sides)):
        rows, weighted = np.flatnonzero(own), np.flatnonzero(own & (weights > 0))
        if not len(weighted):
            raise DataError(f"weights: none of the {len(rows):,} {side} people has a weight above 0")
        groups[f"{side}_before"] = _Group(rows, np.ones(len(rows)))
        groups[f"{side}_after"] = _Group(weighted, weights[weighted])
    return groups


def _lines(values: pd.Series, groups: dict[str, _Group]) -> list[pd.DataFrame]:
    """Mean, variance and people of each group: one row for a number, one per category, one for what is missing."""
    name = str(values.name)
    if not is_number(values):
        return [_shares(name, *_coded(values), groups)]
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    blank = np.isnan(numbers)
    line = _moments(name, numbers, groups)
    return [line, _shares(name, blank.astype(np.intp), ["", "missing"], groups)[1:]] if blank.any() else [line]


def _coded(values: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """Code of each row's category, and the categories in alphabetical order, `missing` last."""
    codes, found = values.factorize()
    labels = [str(category) for category in found]
    order = sorted(range(len(labels)), key=lambda code: labels[code])
    places = np.empty(len(labels) + 1, dtype=np.intp)
    places[[*order, -1]] = np.arange(len(labels) + 1)
    names = [labels[code] for code in order]
    return places[codes], [*names, "missing"] if (codes < 0).any() else names


def _moments(name: str, numbers: FloatArray, groups: dict[str, _Group]) -> pd.DataFrame:
    known = numbers[~np.isnan(numbers)]
    binary = bool(((known == 0) | (known == 1)).all())
    line: dict[str, object] = {"covariate": name, "number": not binary}
    for group_name, group in groups.items():
        own = numbers[group.rows]
        weights = group.weights[~np.isnan(own)]
        own = own[~np.isnan(own)]
        total = weights.sum() or np.nan
        mean = (weights * own).sum() / total
        freedom = total - (weights**2).sum() / total
        spread = (weights * (own - mean) ** 2).sum() / (freedom or np.nan)
        line[f"{group_name}_mean"], line[f"{group_name}_people"] = mean, len(own)
        line[f"{group_name}_variance"] = mean * (1 - mean) if binary else spread
    return pd.DataFrame([line])


def _shares(name: str, codes: NDArray[np.intp], categories: list[str], groups: dict[str, _Group]) -> pd.DataFrame:
    lines: dict[str, object] = {"covariate": [f"{name}: {category}" for category in categories], "number": False}
    for group_name, group in groups.items():
        sums = np.bincount(codes[group.rows], weights=group.weights, minlength=len(categories))
        shares = sums / group.weights.sum()
        lines[f"{group_name}_mean"], lines[f"{group_name}_people"] = shares, len(group.rows)
        lines[f"{group_name}_variance"] = shares * (1 - shares)
    return pd.DataFrame(lines)


def _compared(lines: pd.DataFrame) -> pd.DataFrame:
    """The finished table from means, variances and people of the four groups."""
    spread = np.sqrt((lines["treated_before_variance"] + lines["comparison_before_variance"]) / 2)
    table = pd.DataFrame(
        {
            "covariate": lines["covariate"],
            "treated_mean": lines["treated_before_mean"],
            "treated_mean_after": lines["treated_after_mean"],
            "comparison_mean_before": lines["comparison_before_mean"],
            "comparison_mean_after": lines["comparison_after_mean"],
        }
    )
    for when in ("before", "after"):
        difference = lines[f"treated_{when}_mean"] - lines[f"comparison_{when}_mean"]
        table[f"smd_{when}"] = 100 * (difference / spread).mask(difference == 0, 0.0)
    for when in ("before", "after"):
        ratio = lines[f"treated_{when}_variance"] / lines[f"comparison_{when}_variance"]
        table[f"variance_ratio_{when}"] = ratio.where(lines["number"])
    table["rating"] = _rating(table["smd_after"])
    for side, when in (("treated", "before"), ("treated", "after"), ("comparison", "before"), ("comparison", "after")):
        suffix = "" if (side, when) == ("treated", "before") else f"_{when}"
        table[f"{side}_people{suffix}"] = lines[f"{side}_{when}_people"]
    return table


def _rating(differences: pd.Series) -> NDArray[np.str_]:
    """Green, amber or red; to nine decimals, so that rounding does not move a difference off an edge."""
    sizes = differences.abs().round(9)
    ratings = [(sizes <= GREEN_UP_TO, "green"), (sizes <= AMBER_UP_TO, "amber"), (sizes.notna(), "red")]
    conditions, names = zip(*ratings, strict=True)
    return np.select(conditions, names, default="not known")
