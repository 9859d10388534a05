"""People seen in prison beside people not seen, matched on what was known when they were released."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.cohort.in_reach_lines import Comparable, comparable_people
from evalkit.errors import DataError, SpecError
from evalkit.statistics.balance import AMBER_UP_TO, GREEN_UP_TO, balance
from evalkit.statistics.contrast import FEWEST_ANALYSED
from evalkit.statistics.matching import Match
from evalkit.statistics.nearest import Line, Sides, greedy_pairs
from evalkit.statistics.outcomes import matched_outcomes
from evalkit.statistics.propensity import Propensity, propensity

CALIPER = 0.2
"""Largest distance within a pair, in standard deviations of the logit of the propensity."""

SEEN, NOT_SEEN = "seen", "not seen"

PAIRED, NO_PARTNER = "In a pair", "No partner alike enough was left"
NOBODY_ALIKE, NOT_RECORDED = "In a category without anybody of the other side", "Score, age or history not recorded"

COMPARED = (
    *("name", "pairs", "seen_met", "not_seen_met", "seen_share", "not_seen_share"),
    *("estimate", "low", "high", "p_value", "method"),
)

_NOTHING = dict.fromkeys(("seen_share", "not_seen_share", "estimate", "low", "high", "p_value"), float("nan"))


@dataclass(frozen=True, repr=False, eq=False)
class InReachMatched:
    """Matched pairs of somebody seen in prison and somebody not seen, both released.

    compared : one row per outcome: name; pairs (with the outcome of both known); seen_met, not_seen_met (people in
               pairs); seen_share, not_seen_share (0 to 1; the second adjusted for what the match left uneven), estimate
               (seen less not seen) with low, high; p_value; method
    parts    : the same people by outcome, side, paired (or not): people, met (those with the outcome known)
    used     : side, part, people: who is in a pair, and why others are not; the parts of a side add up to it
    balance  : one row per covariate: covariate; before, after (the largest standardised difference of its categories,
               in per cent of a standard deviation); rating (green, amber, red); fewest (people behind any of its means)
    verdict  : rating of the match: that of its worst covariate; '' without a match
    alike    : whether the propensity itself is even enough for the difference to be shown
    reason   : why there is no match; '' where there is one
    """

    compared: pd.DataFrame
    parts: pd.DataFrame
    used: pd.DataFrame
    balance: pd.DataFrame
    verdict: str
    alike: bool
    reason: str

    def __repr__(self) -> str:
        return f"InReachMatched\n{self.reason}\n{self.compared.to_string(index=False)}"


def match_seen(people: pd.DataFrame, outcomes: tuple[str, ...]) -> InReachMatched:
    """Pair people seen in prison with people not seen, and compare their outcomes.

    people   : one row per person: seen (yes/no), those of `COVARIATES` and `EXACT` that are recorded, and the outcomes
               (1 yes, 0 no, missing where nobody knows)
    outcomes : names of columns

    Nearest neighbours 1:1 without replacement on the logit of the propensity, within 0.2 of its standard deviations and
    within the same kind of stay. In each kind the smaller side chooses, the largest propensity for its side first: a
    larger side that chose would use up the other at the largest distance allowed, and be cut off at one end. So the
    result is about the people in pairs, not about all who were seen.
    Pairs with the outcome of either unknown are left out of that outcome. Outcomes are adjusted for what the match left
    uneven, with standard errors clustered by pair, as in `matched_outcomes`. Where the propensity itself stays uneven
    (red), no difference is given.
    Source: Li & Greene (2013), International Journal of Biostatistics 9, 215-234 (whom pairs of the smaller side are
    about).
    """
    seen = people["seen"].to_numpy(bool)
    if min(seen.sum(), (~seen).sum()) < FEWEST_ANALYSED:
        return _no_match(people, outcomes, f"fewer than {FEWEST_ANALYSED} people on one side")
    ready = comparable_people(people, outcomes)
    lines = ready.frame
    if not ready.covariates or lines["treated"].nunique() < 2:
        return _no_match(people, outcomes, "nothing is recorded by which people could be matched")
    found = _first_that_fits(ready)
    if found is None:
        return _no_match(people, outcomes, "nobody on one side is alike enough to anybody on the other")
    return _compared(people, outcomes, ready, found)


def _first_that_fits(ready: Comparable) -> Match | None:
    """Pairs on all covariates or, where there are too few people or too little overlap for them, on the numbers."""
    for covariates in (ready.covariates, ready.numbers):
        try:
            model = propensity(ready.frame, treated="treated", covariates=covariates)
        except (DataError, SpecError):
            continue
        return _matched(ready, model, covariates)
    return None


def _matched(ready: Comparable, model: Propensity, covariates: list[str]) -> Match | None:
    """The pairs, in each kind of stay chosen by its smaller side; None where there are none."""
    kept, exact = ready.frame, ready.exact
    kind: NDArray[np.intp] = np.zeros(len(kept), dtype=np.intp)
    if exact:
        kind = kept.groupby(exact, sort=False, observed=True).ngroup().to_numpy().astype(np.intp)
    width = CALIPER * float(model.logit.std(ddof=1))
    fewer_seen = np.bincount(kind, weights=np.where(model.treated, 1, -1))[kind] <= 0
    chosen = [
        _chosen(model, kind, own, by_seen=by_seen, width=width)
        for own, by_seen in ((fewer_seen, True), (~fewer_seen, False))
    ]
    pairs = pd.concat(chosen, ignore_index=True)
    if pairs.empty:
        return None
    weights = pd.Series(0.0, index=kept.index)
    weights[[*pairs["treated"], *pairs["control"]]] = 1.0
    return Match(
        pairs=pairs,
        dropped=model.left_out,
        propensity=model.score,
        balance=balance(kept, treated="treated", covariates=covariates, weights=weights, logit=model.logit),
        weights=weights,
        person=None,
        caliper_width=width,
        treated=int(model.treated.sum()),
        matched=len(pairs),
        unused=int((~model.treated).sum()) - len(pairs),
        model=model,
        method=f"nearest neighbour 1:1 without replacement, caliper {CALIPER:g}",
    )


def _chosen(
    model: Propensity, kind: NDArray[np.intp], own: NDArray[np.bool_], *, by_seen: bool, width: float
) -> pd.DataFrame:
    """Pairs (row labels: treated, control, distance) of some kinds of stay, in which one side chooses."""
    choosing = model.treated == by_seen
    place = model.logit.to_numpy() * (1 if by_seen else -1)
    numbers = [np.flatnonzero(own & side) for side in (choosing, ~choosing)]
    # Each person has one row, so that nobody can be paired with themselves.
    lines = [Line(place[rows], kind[rows], rows) for rows in numbers]
    order = np.argsort(-lines[0].place, kind="stable")
    found = greedy_pairs(Sides(*lines), order=order, width=width, ratio=1, replace=False).astype(
        {"treated": "int64", "control": "int64"}
    )
    labels = [model.score.index[rows[found[role]]] for rows, role in zip(numbers, ("treated", "control"), strict=True)]
    seen, others = labels if by_seen else reversed(labels)
    return pd.DataFrame({"treated": seen, "control": others, "distance": found["distance"]})


def _no_match(people: pd.DataFrame, outcomes: tuple[str, ...], reason: str) -> InReachMatched:
    rows = [
        {"name": name, "pairs": 0, "seen_met": 0, "not_seen_met": 0, **_NOTHING, "method": reason} for name in outcomes
    ]
    nobody = np.zeros(len(people), dtype=bool)
    return InReachMatched(
        compared=pd.DataFrame(rows)[list(COMPARED)],
        parts=pd.concat([_parts(people, name, nobody) for name in outcomes], ignore_index=True),
        used=pd.DataFrame(columns=["side", "part", "people"]),
        balance=pd.DataFrame(columns=["covariate", "before", "after", "rating", "fewest"]),
        verdict="",
        alike=False,
        reason=reason,
    )


def _compared(people: pd.DataFrame, outcomes: tuple[str, ...], ready: Comparable, found: Match) -> InReachMatched:
    alike = bool(found.balance["rating"].iloc[0] != "red")
    lines, rows, parts = ready.frame, [], []
    for name in outcomes:
        known = lines[name].notna()
        both = known[found.pairs["treated"]].to_numpy() & known[found.pairs["control"]].to_numpy()
        pairs = found.pairs[both]
        rows.append(_row(replace(found, pairs=pairs), lines, name, alike=alike))
        paired = np.zeros(len(people), dtype=bool)
        paired[lines.loc[[*pairs["treated"], *pairs["control"]], "line"]] = True
        parts.append(_parts(people, name, paired))
    table = _balance(found.balance)
    return InReachMatched(
        compared=pd.DataFrame(rows)[list(COMPARED)],
        parts=pd.concat(parts, ignore_index=True),
        used=_used(people, ready, found),
        balance=table,
        verdict=next(rating for rating in ("red", "amber", "green") if (table["rating"] == rating).any()),
        alike=alike,
        reason="",
    )


def _row(found: Match, lines: pd.DataFrame, name: str, *, alike: bool) -> dict[str, Any]:
    values = lines[name].astype("float64")
    met = {
        f"{side}_met": int(values[found.pairs[role]].sum())
        for side, role in (("seen", "treated"), ("not_seen", "control"))
    }
    row: dict[str, Any] = {"name": name, "pairs": len(found.pairs), **met, **_NOTHING}
    if not alike:
        return row | {"method": "the match left the two sides too unlike to compare them"}
    try:
        result = matched_outcomes(found, pd.DataFrame({name: values}), name).iloc[0]
    except DataError as error:
        return row | {"method": f"cannot be estimated: {error}"}
    taken = {name: float(result[name]) for name in ("estimate", "low", "high", "p_value")}
    shares = {"seen_share": float(result["treated_value"]), "not_seen_share": float(result["comparison_value"])}
    return row | shares | taken | {"method": f"1:1 nearest neighbours, {result['method']}"}


def _parts(people: pd.DataFrame, name: str, paired: NDArray[np.bool_]) -> pd.DataFrame:
    """People of each side in a pair and not, of those whose outcome is known."""
    seen, values = people["seen"].to_numpy(bool), people[name].to_numpy(dtype=float, na_value=np.nan)
    rows = []
    for side, own in ((SEEN, seen), (NOT_SEEN, ~seen)):
        for is_paired in (True, False):
            chosen = values[own & (paired == is_paired) & ~np.isnan(values)]
            counted = {"people": len(chosen), "met": int(chosen.sum())}
            rows.append({"name": name, "side": side, "paired": is_paired, **counted})
    return pd.DataFrame(rows)


def _used(people: pd.DataFrame, ready: Comparable, found: Match) -> pd.DataFrame:
    """Each person's part: in a pair, or why not."""
    lines = ready.frame
    part = np.where(ready.complete, NOBODY_ALIKE, NOT_RECORDED).astype(object)
    part[lines["line"]] = NO_PARTNER
    part[lines.loc[[*found.pairs["treated"], *found.pairs["control"]], "line"]] = PAIRED
    seen = people["seen"].to_numpy(bool)
    return pd.DataFrame(
        [
            {"side": side, "part": name, "people": int((own & (part == name)).sum())}
            for side, own in ((SEEN, seen), (NOT_SEEN, ~seen))
            for name in (PAIRED, NO_PARTNER, NOBODY_ALIKE, NOT_RECORDED)
        ]
    )


def _balance(table: pd.DataFrame) -> pd.DataFrame:
    """One row per covariate: its most uneven category before and after the match."""
    named = table["covariate"].str.split(": ", n=1).str[0]
    category = table["covariate"].str.contains(": ", regex=False)
    means = {
        "treated_mean": "treated_people",
        "treated_mean_after": "treated_people_after",
        "comparison_mean_before": "comparison_people_before",
        "comparison_mean_after": "comparison_people_after",
    }
    held = pd.concat(
        [(table[mean] * table[size]).where(category, table[size]) for mean, size in means.items()], axis=1
    ).min(axis=1)
    rest = pd.concat([((1 - table[mean]) * table[size]).where(category) for mean, size in means.items()], axis=1)
    fewest = pd.concat([held, rest.min(axis=1)], axis=1).min(axis=1).round()
    sizes = pd.DataFrame(
        {"covariate": named, "before": table["smd_before"].abs(), "after": table["smd_after"].abs(), "fewest": fewest}
    )
    largest = sizes.groupby("covariate", sort=False).agg({"before": "max", "after": "max", "fewest": "min"})
    after = largest["after"].round(9)
    rating = np.select([after <= GREEN_UP_TO, after <= AMBER_UP_TO], ["green", "amber"], default="red")
    return largest.assign(rating=rating, fewest=largest["fewest"].astype("int64")).reset_index()
