"""Outcomes of matched people: the difference, adjusted for what matching left uneven, with honest standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError
from evalkit.statistics.contrast import (
    TREATED_PER_TERM,
    TwoMeans,
    cluster_codes,
    contrast_columns,
    description_columns,
    few_analysed,
    outcome_values,
    size_columns,
    two_means,
)
from evalkit.statistics.inputs import FloatArray, checked_level, outcome_array
from evalkit.statistics.matching import Match
from evalkit.statistics.shown import Shown


@dataclass(frozen=True, eq=False)
class MatchedLines:
    """Everybody matched, one line per treated row and one per use of a comparison row.

    rows     : label of each line's row in the frame
    sets     : code of the matched set, counted from 0: a treated row and its comparison rows
    clusters : code of the person, or of whatever else recurs, counted from 0
    treated  : True for treated lines
    weights  : 1 for treated lines, 1 / (comparison rows of the set) for the others
    """

    rows: pd.Index
    sets: NDArray[np.intp]
    clusters: NDArray[np.intp]
    treated: NDArray[np.bool_]
    weights: FloatArray

    def only(self, kept: NDArray[np.bool_]) -> MatchedLines:
        """Some of the lines, weights unchanged."""
        return MatchedLines(
            self.rows[kept], self.sets[kept], self.clusters[kept], self.treated[kept], self.weights[kept]
        )

    def comparison_weights(self) -> FloatArray:
        """Weight of each comparison row, all its uses together."""
        labels = pd.factorize(self.rows[~self.treated])[0]
        return np.bincount(labels, weights=self.weights[~self.treated]).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Adjustment:
    """Columns to adjust for (lines x columns, without an intercept; perhaps none), and how that is called."""

    columns: FloatArray
    method: str


@dataclass(frozen=True, repr=False)
class McNemar(Shown):
    """Matched pairs by who of the two had the event, with the exact test.

    pairs, both, treated_only, comparison_only, neither : numbers of pairs
    odds_ratio, odds_ratio_low, odds_ratio_high : treated_only / comparison_only with exact limits; 0 or infinite
        where one of them is 0
    p_value : exact, two-sided; 1 where no pair is discordant
    """

    pairs: int
    both: int
    treated_only: int
    comparison_only: int
    neither: int
    odds_ratio: float
    odds_ratio_low: float
    odds_ratio_high: float
    p_value: float
    level: float
    method: str


def matched_outcomes(
    match: Match, frame: pd.DataFrame, outcome: str, *, level: float = 0.95, clusters: str | None = None
) -> pd.DataFrame:
    """Difference in an outcome between the treated and their matched comparison people.

    match    : of rows of this frame
    frame    : the frame that was matched, or the same rows with more columns
    outcome  : column of numbers or of False/True (its mean is a rate), in any unit; known for everybody matched
    level    : confidence level
    clusters : column of who may be dependent beyond the matched set (the team); by default the person of the match

    On one line per treated row and one per use of a comparison row, weighted 1 and 1 / (comparison rows of the set),
    the outcome is regressed on the treatment and the columns of the propensity model; the coefficient of the treatment
    is the difference. One slope serves both sides: a slope per side was no nearer the truth in the simulated designs
    and takes twice the coefficients. With fewer than 5 matched treated per column only the logit is adjusted for.
    The standard error is the sandwich clustered both by matched set and by person, with the corrections G/(G-1) and
    (n-1)/(n-k), read against t with (number of sets, or of persons if fewer) - 1 degrees of freedom.

    Returns one row: outcome, treated_value (mean of the matched treated), comparison_value (treated_value - estimate:
    what they would have had), estimate (treated less comparison), low, high, p_value, standard_error, ratio, ratio_low,
    ratio_high (treated_value over comparison_value), comparison_mean (of the matched comparison people, weighted but
    not adjusted), n_treated, n_comparison (rows used), effective_comparison, largest_weight_share, caution (empty, or
    that a few rows decide), method, level. Values are in the unit of the outcome. With fewer than 30 matched treated it
    is a description: both means as they are, and nothing else.
    Raises DataError where nobody is matched, or the outcome is missing or the same for everybody matched.
    Source: Abadie & Spiess (2022), Journal of the American Statistical Association 117, 983-995 (regression after
    matching, clustered by set); Cameron, Gelbach & Miller (2011), Journal of Business & Economic Statistics 29,
    238-249.
    """
    checked_level(level)
    lines = matched_lines(match, frame, clusters=clusters)
    values = outcome_values(frame, lines.rows, outcome)
    adjustment, few = adjustment_for(match, lines), few_analysed(int(lines.treated.sum()))
    return pd.DataFrame([compared_lines(lines, values, adjustment, outcome=outcome, level=level, description=few)])


def mcnemar(match: Match, frame: pd.DataFrame, outcome: str, *, level: float = 0.95) -> McNemar:
    """Matched pairs by who of the two had the event, with the exact McNemar test.

    match   : 1:1, no comparison row used twice
    frame   : the frame that was matched, or the same rows with more columns
    outcome : column of 0/1 or False/True
    level   : confidence level of the odds ratio's exact limits

    Pairs are taken as independent; for people who recur in other pairs the interval of `matched_outcomes` is the honest
    one. The counts of discordant pairs are what `rosenbaum_bound` takes.
    Raises DataError where a row is in two pairs, nobody is matched, or an outcome is missing or not 0/1.
    Source: McNemar (1947), Psychometrika 12, 153-157.
    """
    from scipy.special import bdtr, betaincinv

    checked_level(level)
    pairs = _pairs(match)
    if pairs["treated"].duplicated().any() or pairs["control"].duplicated().any():
        raise DataError(
            "mcnemar: a row is in more than one pair; match 1:1 without replacement, or use matched_outcomes"
        )
    treated, other = (
        outcome_array(outcome_values(frame, pd.Index(pairs[side]), outcome), name=outcome) == 1
        for side in ("treated", "control")
    )
    first, second = int((treated & ~other).sum()), int((other & ~treated).sum())
    low = float(betaincinv(first, second + 1, (1 - level) / 2)) if first else 0.0
    high = float(betaincinv(first + 1, second, (1 + level) / 2)) if second else 1.0
    return McNemar(
        pairs=len(pairs),
        both=int((treated & other).sum()),
        treated_only=first,
        comparison_only=second,
        neither=int((~treated & ~other).sum()),
        odds_ratio=_odds(first, second),
        odds_ratio_low=_odds(low, 1 - low),
        odds_ratio_high=_odds(high, 1 - high),
        p_value=min(1.0, 2 * float(bdtr(min(first, second), first + second, 0.5))),
        level=level,
        method="exact McNemar test of independent pairs",
    )


def matched_lines(match: Match, frame: pd.DataFrame, *, clusters: str | None = None) -> MatchedLines:
    """Everybody matched, one line per treated row and one per use of a comparison row.

    clusters : column of the frame of who may be dependent beyond the matched set; by default the person of the match

    Raises DataError where nobody is matched or the frame lacks the rows or the column.
    """
    pairs = _pairs(match)
    codes, treated = pd.factorize(pairs["treated"])
    rows = pd.Index(treated).append(pd.Index(pairs["control"]))
    absent = ~rows.isin(frame.index)
    if absent.any():
        raise DataError(f"the frame lacks {absent.sum():,} of the rows matched (the first: {rows[absent.argmax()]!r})")
    return MatchedLines(
        rows=rows,
        sets=np.concatenate([np.arange(len(treated)), codes]),
        clusters=_who(match, frame, rows, clusters),
        treated=np.arange(len(rows)) < len(treated),
        weights=np.concatenate([np.ones(len(treated)), 1 / np.bincount(codes)[codes]]),
    )


def compared_lines(
    lines: MatchedLines,
    values: FloatArray,
    adjustment: Adjustment,
    *,
    outcome: str,
    level: float,
    description: str = "",
) -> dict[str, Any]:
    """The row of `matched_outcomes` for some lines, by column name.

    values      : outcome of each line
    adjustment  : columns to adjust for, and how that is called
    description : why there is to be a description only; empty where there is a difference to estimate
    """
    treated = lines.treated
    if description:
        columns, method = description_columns(*_plain_means(lines, values)), f"description only: {description}"
    else:
        columns = contrast_columns(_adjusted_means(lines, values, adjustment.columns), level=level, outcome=outcome)
        method = f"{adjustment.method}, clustered by matched set and by person"
    sizes = size_columns(int(treated.sum()), lines.comparison_weights())
    raw = {"comparison_mean": _plain_means(lines, values)[1]}
    return {"outcome": outcome} | columns | raw | sizes | {"method": method, "level": level}


def adjustment_for(match: Match, lines: MatchedLines) -> Adjustment:
    """The columns of the propensity model for these lines or, with too few people for them, its logit alone."""
    model, places = match.model, match.model.score.index.get_indexer(lines.rows)
    terms = len(model.terms) - 1
    if lines.treated.sum() >= TREATED_PER_TERM * terms:
        return Adjustment(model.matrix[places, 1:], f"regression-adjusted for {terms} columns of the propensity model")
    logit = model.logit.to_numpy()[places]
    return Adjustment(
        logit[:, None], f"regression-adjusted for the propensity's logit (too few people for {terms} columns)"
    )


def _who(match: Match, frame: pd.DataFrame, rows: pd.Index, clusters: str | None) -> NDArray[np.intp]:
    if clusters is None and match.person is not None:
        return pd.factorize(match.person.loc[rows])[0]
    return cluster_codes(frame, rows, clusters)


def _pairs(match: Match) -> pd.DataFrame:
    if match.pairs.empty:
        raise DataError("nobody is matched, so there is nothing to compare; see who was dropped and why")
    return match.pairs


def _plain_means(lines: MatchedLines, values: FloatArray) -> list[float]:
    sides = lines.treated, ~lines.treated
    return [float(np.average(values[own], weights=lines.weights[own])) if own.any() else float("nan") for own in sides]


def _adjusted_means(lines: MatchedLines, values: FloatArray, columns: FloatArray) -> TwoMeans:
    """Mean of the treated, and what they would have had, by weighted least squares with its influence functions."""
    treated, weights = lines.treated, lines.weights
    centred = columns - columns[treated].mean(axis=0)
    spread = np.sqrt(np.average(centred**2, axis=0, weights=weights))
    design = np.column_stack([np.ones(len(values)), treated, (centred / np.where(spread > 0, spread, 1))])
    information = (design * weights[:, None]).T @ design
    inverse = np.linalg.pinv(information, rcond=1e-10, hermitian=True)
    if abs((inverse @ information)[1, 1] - 1) > 1e-6:
        raise DataError("the covariates tell all matched treated from their comparison people; leave some out")
    coefficients = inverse @ (design.T @ (weights * values))
    residuals = values - design @ coefficients
    rank = int(np.linalg.matrix_rank(information, hermitian=True, rtol=1e-10))
    correction = np.sqrt((len(values) - 1) / (len(values) - rank))
    influence = design @ inverse[:, :2] * (weights * residuals * correction)[:, None]
    means = np.column_stack([influence[:, 0] + influence[:, 1], influence[:, 0]])
    base, difference = coefficients[:2]
    return two_means(base + difference, base, means, [lines.sets, lines.clusters])


def _odds(share: float, rest: float) -> float:
    """Odds of a share, or of a count over the rest of them."""
    return share / rest if rest else (float("inf") if share else float("nan"))
