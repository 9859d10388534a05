"""How strong a hidden difference would have to be to explain a result away, and how many people it takes to see one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd

from evalkit.errors import DataError, SpecError
from evalkit.statistics.inputs import checked_level
from evalkit.statistics.shown import Shown, ShownWithoutFrames

_GAMMAS = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0, 2.5, 3.0)


@dataclass(frozen=True, repr=False)
class EValue(Shown):
    """The least strength of hidden confounding that would explain a risk ratio away.

    ratio, low, high : the risk ratio and its interval, as given
    point            : E-value of the ratio: what a hidden difference would need as a risk ratio both with the treatment
                       and with the outcome, beyond all covariates, to bring the ratio to 1
    limit            : the same for the limit nearest to 1; exactly 1 where the interval holds 1
    """

    ratio: float
    low: float
    high: float
    point: float
    limit: float
    method: str


@dataclass(frozen=True, repr=False, eq=False)
class RosenbaumBound(ShownWithoutFrames):
    """How unequal the hidden odds of treatment within pairs would have to be for significance to be lost.

    gamma            : odds of treatment of one member of a pair over the other's at which p reaches 1 - level; 1 where
                       p is there already without any hidden difference
    discordant_pairs : pairs in which exactly one had the event; the others tell nothing
    table            : per gamma: gamma, p_one_sided (its upper bound) and p_value (twice that, at most 1)
    """

    gamma: float
    discordant_pairs: int
    treated_only: int
    comparison_only: int
    table: pd.DataFrame
    level: float
    method: str


@dataclass(frozen=True, repr=False)
class DetectableDifference(Shown):
    """The smallest true difference of rates (a share) that a study of this size would call significant at this power.

    people, comparison_people : sizes of the groups; no comparison people where the comparison is a known prediction
    """

    difference: float
    people: int
    comparison_people: int | None
    level: float
    power: float
    method: str


@dataclass(frozen=True, repr=False)
class PeopleNeeded(Shown):
    """How many people would settle a difference (a share) of this size at this power.

    people, comparison_people : least sizes of the groups; no comparison people where that is a known prediction
    """

    people: int
    comparison_people: int | None
    difference: float
    level: float
    power: float
    method: str


def e_value(ratio: float, low: float, high: float) -> EValue:
    """Say how strong a hidden difference between the groups would have to be to explain a risk ratio away.

    ratio     : risk in the treated over that in the comparison group, above 0
    low, high : its confidence limits, low <= ratio <= high

    Returns the E-values of the ratio and of the limit nearest to 1: R + sqrt(R (R - 1)) for R above 1, below 1 that of
    1/R.
    Raises DataError where a number is not above 0 or the ratio lies outside its limits.
    Source: VanderWeele & Ding (2017), Annals of Internal Medicine 167, 268-274.
    """
    for name, value in (("ratio", ratio), ("low", low), ("high", high)):
        if not (isfinite(value) and value > 0):
            raise DataError(f"{name}: {value!r} is not a risk ratio; each must be a finite number above 0")
    if not low <= ratio <= high:
        raise DataError(f"ratio: {ratio:g} lies outside its own limits {low:g} to {high:g}; check their order")
    nearest = 1.0 if low <= 1 <= high else (low if low > 1 else high)
    return EValue(
        ratio=float(ratio),
        low=float(low),
        high=float(high),
        point=_e_value(ratio),
        limit=_e_value(nearest),
        method="E-value for a risk ratio and for its limit nearest to 1",
    )


def rosenbaum_bound(
    treated_only: int, comparison_only: int, *, gammas: Sequence[float] = _GAMMAS, level: float = 0.95
) -> RosenbaumBound:
    """Bound the exact McNemar test of matched pairs for a hidden difference in the odds of treatment within pairs.

    treated_only, comparison_only : pairs in which only the treated, only the comparison person had the event
    gammas : odds of treatment of one member of a pair over the other's to tabulate, each at least 1
    level  : 1 - level is the two-sided p at which significance counts as lost

    With a hidden difference of gamma the larger of the two counts is at most binomial with chance gamma / (1 + gamma).
    The published convention is one-sided; here significance is lost when twice the bound reaches 1 - level, so that
    gamma = 1 is the two-sided exact McNemar test. The table holds both.
    Raises DataError where a count is not a whole number or no pair is discordant, SpecError for a gamma below 1.
    Source: Rosenbaum (2002), Observational Studies, 2nd edition, section 4.3.2.
    """
    from scipy.special import betainc, betaincinv

    checked_level(level)
    for name, count in (("treated_only", treated_only), ("comparison_only", comparison_only)):
        if count < 0 or int(count) != count:
            raise DataError(f"{name}: {count!r} is not a number of pairs (a whole number, 0 or more)")
    pairs, larger = int(treated_only + comparison_only), int(max(treated_only, comparison_only))
    if not pairs:
        raise DataError("no pair is discordant (in each, both or neither had the event): there is nothing to bound")
    if not gammas or not all(isfinite(gamma) and gamma >= 1 for gamma in gammas):
        raise SpecError(f"gammas: {list(gammas)!r}: each must be a finite number, 1 or more (1: no hidden difference)")
    odds = np.asarray(gammas, dtype=np.float64)
    tails = betainc(larger, pairs - larger + 1, odds / (1 + odds))
    chance = float(betaincinv(larger, pairs - larger + 1, (1 - level) / 2))
    return RosenbaumBound(
        gamma=max(1.0, chance / (1 - chance)),
        discordant_pairs=pairs,
        treated_only=int(treated_only),
        comparison_only=int(comparison_only),
        table=pd.DataFrame({"gamma": odds, "p_one_sided": tails, "p_value": np.minimum(1.0, 2 * tails)}),
        level=level,
        method="Rosenbaum bound of the exact McNemar test, two-sided",
    )


def minimum_detectable(
    people: int,
    *,
    variance: float,
    comparison_people: int | None = None,
    comparison_variance: float | None = None,
    level: float = 0.95,
    power: float = 0.8,
) -> DetectableDifference:
    """Smallest true difference of rates that a study of this size would call significant, at the power given.

    people              : size of the treated group, at least 1
    variance            : mean of p (1 - p) over them, p being each one's chance of the event
    comparison_people   : size of the comparison group; None where treated people are compared with known predictions
    comparison_variance : the same mean over the comparison people; by default as among the treated
    level, power        : shares between 0 and 1; power above one half

    Returns (z of (1 + level) / 2 + z of power) x sqrt(variance / people + comparison_variance / comparison_people).
    Raises DataError where a size is below 1 or a variance not above 0 and at most 1/4 for a rate.
    """
    reach = _reach(level, power)
    _checked_variance(variance, "variance")
    sizes = [("people", people), ("comparison_people", comparison_people)]
    for name, size in sizes:
        if size is not None and size < 1:
            raise DataError(f"{name}: {size!r}; a group needs at least 1 person")
    squared_error = variance / people
    if comparison_people is not None:
        other = (
            variance if comparison_variance is None else _checked_variance(comparison_variance, "comparison_variance")
        )
        squared_error += other / comparison_people
    return DetectableDifference(
        difference=reach * sqrt(squared_error),
        people=people,
        comparison_people=comparison_people,
        level=level,
        power=power,
        method=_arms(comparison_people is not None),
    )


def people_needed(
    difference: float,
    *,
    variance: float,
    comparison_variance: float | None = None,
    comparison_per_treated: float = 1.0,
    level: float = 0.95,
    power: float = 0.8,
) -> PeopleNeeded:
    """How many people it would take for a difference of this size to be called significant, at the power given.

    difference  : of rates, a share (its sign does not matter), such as the one observed
    variance    : mean of p (1 - p) among the treated. Or, for a study like the one at hand, its standard error squared
                  times its treated people, without a comparison variance: that carries the whole design along
    comparison_variance    : the same mean among comparison people; None where the comparison is a known prediction
    comparison_per_treated : comparison people for each treated one, above 0; not used without comparison variance

    Returns the least whole numbers for which `minimum_detectable` is at most the difference.
    Raises DataError where the difference is zero or not finite, or a variance is not above 0.
    """
    reach = _reach(level, power)
    if not isfinite(difference) or difference == 0:
        raise DataError(
            f"difference: {difference!r}; no number of people settles it, a finite one other than 0 is needed"
        )
    total = _positive(variance, "variance")
    if comparison_variance is not None:
        shares = _positive(comparison_per_treated, "comparison_per_treated")
        total += _positive(comparison_variance, "comparison_variance") / shares
    people = _at_least(total * (reach / difference) ** 2)
    return PeopleNeeded(
        people=people,
        comparison_people=None if comparison_variance is None else _at_least(people * comparison_per_treated),
        difference=float(difference),
        level=level,
        power=power,
        method=_arms(comparison_variance is not None),
    )


def _e_value(ratio: float) -> float:
    away = max(ratio, 1 / ratio)
    return away + sqrt(away * (away - 1))


def _reach(level: float, power: float) -> float:
    """Standard errors between no difference and one that is significant at this power."""
    checked_level(level)
    if not 0.5 < power < 1:
        raise SpecError(f"power: {power!r} is not a power (a share between 0.5 and 1, such as 0.8)")
    return NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(power)


def _checked_variance(variance: float, name: str) -> float:
    if not 0 < variance <= 0.25:
        raise DataError(f"{name}: {variance!r}; the mean of p (1 - p) is above 0 and at most 0.25")
    return variance


def _positive(value: float, name: str) -> float:
    if not (isfinite(value) and value > 0):
        raise DataError(f"{name}: {value!r}; a finite number above 0 is needed")
    return value


def _at_least(size: float) -> int:
    """The next whole number, unless the size is one but for rounding error."""
    return max(1, ceil(size * (1 - 1e-12)))


def _arms(two: bool) -> str:
    return "two groups, both variances" if two else "one group against a known prediction"
