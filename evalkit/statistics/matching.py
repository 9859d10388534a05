"""Matched comparison: each treated person beside the untreated ones most alike in propensity.

Source: Rosenbaum & Rubin (1985), American Statistician 39, 33-38; Stuart (2010), Statistical Science 25, 1-21; Ho,
Imai, King & Stuart (2011), Journal of Statistical Software 42(8), whose rules of order, rounds and caliper are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import DataError, SpecError
from evalkit.statistics.balance import balance
from evalkit.statistics.inputs import FloatArray, refuse_absent
from evalkit.statistics.nearest import Line, Sides, greedy_pairs, nearest_distances
from evalkit.statistics.propensity import Propensity, propensity
from evalkit.statistics.shown import ShownWithoutFrames

ORDERS = {
    "largest": "largest propensity first",
    "smallest": "smallest propensity first",
    "data": "in row order",
    "random": "in random order",
}


@dataclass(frozen=True)
class MatchOptions:
    """How to match; see `match`. Raises SpecError where an option cannot be."""

    caliper: float | None = 0.2
    ratio: int = 1
    replace: bool = False
    exact: Sequence[str] = ()
    order: str = "largest"
    seed: int | None = None
    missing: str | None = None
    person: str | None = None

    def __post_init__(self) -> None:
        if self.caliper is not None and not (isinstance(self.caliper, int | float) and 0 < self.caliper < np.inf):
            raise SpecError(f"caliper: {self.caliper!r} is neither a number above 0 (standard deviations) nor None")
        if not isinstance(self.ratio, int) or isinstance(self.ratio, bool) or self.ratio < 1:
            raise SpecError(f"ratio: {self.ratio!r} is not a whole number of at least 1")
        if isinstance(self.exact, str):
            raise SpecError(f"exact: {self.exact!r} is one name; write ({self.exact!r},)")
        if self.order not in ORDERS:
            raise SpecError(f"order: {self.order!r} is none of {', '.join(ORDERS)}")
        if (self.order == "random") != (self.seed is not None):
            raise SpecError(
                "seed: needed with order='random', so that the match can be repeated, and with no other order"
            )


@dataclass(frozen=True, repr=False, eq=False)
class Match(ShownWithoutFrames):
    """Treated people and the comparison people matched to them. Row labels are those of the frame.

    pairs         : one row per matched pair, by the treated person's row and the round: treated, control (row labels),
                    distance (of the logits)
    dropped       : rows left out: row, side (treated, comparison), reason. Comparison people whom nobody needed are not
                    among them, only counted (unused)
    propensity    : probability of being treated, one per row of the frame; missing for rows left out
    balance       : from `balance`
    weights       : one per row of the frame: 1 for matched treated people; for comparison people the sum, over their
                    pairs, of 1 / matches of that treated person; 0 otherwise
    person        : who each row of the frame is, if a column was named
    caliper_width : largest distance allowed, in logits; infinite without a caliper
    treated, matched, unused : treated people with all covariates, those of them matched, comparison people not needed
    model         : from `propensity`
    """

    pairs: pd.DataFrame
    dropped: pd.DataFrame
    propensity: pd.Series
    balance: pd.DataFrame
    weights: pd.Series
    person: pd.Series | None
    caliper_width: float
    treated: int
    matched: int
    unused: int
    model: Propensity
    method: str

    def _written(self) -> list[tuple[str, str]]:
        shown = {"treated", "matched", "unused", "caliper_width", "method"}
        return [pair for pair in super()._written() if pair[0] in shown]


def match(frame: pd.DataFrame, *, treated: str, covariates: Sequence[str], **options: Any) -> Match:
    """Match each treated person to the nearest comparison people by the logit of the propensity, greedily.

    frame      : one row per person (or per person and month); row labels all different
    treated    : column of 0/1 or False/True
    covariates : columns of the propensity model, see `propensity`
    caliper    : largest distance, itself allowed, in standard deviations of the logit over all rows used, treated and
                 comparison (0.2); None for any
    ratio      : comparison people per treated person (1). Without replacement, in rounds: everybody is matched once
                 before anybody is matched again, in the same order; some may find fewer
    replace    : comparison people may serve several treated people (False)
    exact      : columns that must be equal, such as the month of a sequential comparison; none by default
    order      : who chooses first: the 'largest' propensity (default), the 'smallest', 'data' (row order) or 'random'
    seed       : of the random order
    missing    : None, 'drop' or 'indicator', see `propensity`
    person     : column that says who a row is. Nobody is matched with a row of the same person; without replacement
                 goes by rows, so that a person may serve once in each month

    Ties go by row order: of equal propensities the earlier row chooses first, and of two equally near comparison people
    the earlier row is taken.
    Raises DataError as `propensity` does, where a value of `exact` or `person` is missing, and where nobody can be
    matched; SpecError where an option cannot be.
    """
    chosen = MatchOptions(**options)
    keys = [*chosen.exact, *([chosen.person] if chosen.person else [])]
    _refuse_gaps(frame, keys)
    model = propensity(frame, treated=treated, covariates=covariates, missing=chosen.missing)
    rows = frame.index.get_indexer(model.score.index)
    kept = frame[list(dict.fromkeys([treated, *covariates, *keys]))].iloc[rows]
    width = np.inf if chosen.caliper is None else chosen.caliper * float(model.logit.std(ddof=1))
    sides = _sides(kept, model, chosen)
    order = _order(sides.treated.place, chosen)
    numbers = greedy_pairs(sides, order=order, width=width, ratio=chosen.ratio, replace=chosen.replace)
    dropped = _unmatched(sides, numbers, model, width=width, exact=chosen.exact)
    weights = pd.Series(_weights(numbers, model.treated), index=kept.index, name="weight")
    matched, unused = (int((weights[own] > 0).sum()) for own in (model.treated, ~model.treated))
    return Match(
        pairs=_labelled(numbers, model),
        dropped=pd.concat([model.left_out, dropped], ignore_index=True),
        propensity=model.score.reindex(frame.index).rename("propensity"),
        balance=balance(kept, treated=treated, covariates=covariates, weights=weights, logit=model.logit),
        weights=weights.reindex(frame.index, fill_value=0.0),
        person=frame[chosen.person] if chosen.person else None,
        caliper_width=width,
        treated=len(sides.treated.place),
        matched=matched,
        unused=len(sides.comparison.place) - unused,
        model=model,
        method=_method(chosen, width, matched=matched, treated=len(sides.treated.place)),
    )


def _refuse_gaps(frame: pd.DataFrame, keys: list[str]) -> None:
    if keys:
        refuse_absent(frame, keys)
    for key in keys:
        gaps = int(frame[key].isna().sum())
        if gaps:
            raise DataError(f"{key}: missing for {gaps:,} rows; leave them out or give them a value of their own")


def _sides(kept: pd.DataFrame, model: Propensity, options: MatchOptions) -> Sides:
    everybody = np.arange(len(kept))
    exact = list(options.exact)
    stratum: NDArray[np.intp] = np.zeros_like(everybody)
    person: NDArray[np.intp] = everybody
    if exact:
        stratum = kept.groupby(exact, sort=False, observed=True).ngroup().to_numpy().astype(np.intp)
    if options.person:
        person = kept[options.person].factorize()[0].astype(np.intp)
    logit = model.logit.to_numpy()
    lines = [Line(logit[own], stratum[own], person[own]) for own in (model.treated, ~model.treated)]
    return Sides(*lines)


def _order(places: FloatArray, options: MatchOptions) -> NDArray[np.intp]:
    """Numbers of the treated in the order in which they choose; equal ones in row order."""
    if options.order == "random":
        return np.random.default_rng(options.seed).permutation(len(places))
    keys = {"largest": -places, "smallest": places, "data": np.zeros_like(places)}
    return np.argsort(keys[options.order], kind="stable")


def _labelled(numbers: pd.DataFrame, model: Propensity) -> pd.DataFrame:
    labels = model.score.index
    treated, control = labels[model.treated][numbers["treated"]], labels[~model.treated][numbers["control"]]
    return pd.DataFrame({"treated": treated, "control": control, "distance": numbers["distance"]})


def _weights(numbers: pd.DataFrame, treated: NDArray[np.bool_]) -> FloatArray:
    weights = np.zeros(len(treated))
    matches = np.bincount(numbers["treated"], minlength=int(treated.sum()))
    weights[treated] = matches > 0
    shares = 1 / matches[numbers["treated"]]
    weights[~treated] = np.bincount(numbers["control"], weights=shares, minlength=int((~treated).sum()))
    return weights


def _unmatched(
    sides: Sides, numbers: pd.DataFrame, model: Propensity, *, width: float, exact: Sequence[str]
) -> pd.DataFrame:
    """The treated without a match, and why; an error where that is everybody."""
    alone = np.setdiff1d(np.arange(len(sides.treated.place)), numbers["treated"])
    distances = nearest_distances(sides, alone)
    within = " within the caliper" if np.isfinite(width) else ""
    nobody = (
        f"no comparison person with the same {', '.join(exact)}" if exact else "no comparison person but themselves"
    )
    reasons = np.where(
        distances > width, "no comparison person within the caliper", f"no comparison person left{within}"
    )
    reasons = np.where(np.isinf(distances), nobody, reasons)
    if numbers.empty:
        raise DataError(
            f"nobody can be matched: {reasons[0]} for any of the {len(alone):,} treated people (the nearest is"
            f" {distances.min():.4g} away in logits, the caliper {width:.4g}). Widen the caliper, ask for fewer exact"
            " columns, or find comparison people more like the treated"
        )
    labels = model.score.index[model.treated][alone]
    return pd.DataFrame({"row": labels, "side": "treated", "reason": reasons.astype(object)})


def _method(options: MatchOptions, width: float, *, matched: int, treated: int) -> str:
    caliper = "no caliper"
    if options.caliper is not None:
        caliper = f"caliper {options.caliper:g} standard deviations of the logit over all rows ({width:.4g})"
    exact = f", exact on {', '.join(options.exact)}" if options.exact else ""
    seed = f" (seed {options.seed})" if options.order == "random" else ""
    return (
        f"nearest neighbour 1:{options.ratio} {'with' if options.replace else 'without'} replacement on the logit of"
        f" the propensity, {ORDERS[options.order]}{seed}, {caliper}{exact}, ties by row order;"
        f" {matched:,} of {treated:,} treated people matched"
    )
