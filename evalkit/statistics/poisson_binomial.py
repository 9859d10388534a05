"""Tails of the number of events among people with different probabilities (the Poisson-binomial distribution).

Far out in the tails a Fourier transform leaves only noise. Here the log-odds of everybody are first shifted (tilted)
until the observed count is the expected one. The masses around that centre are large and come out right; what the
shift did to each of them is known exactly, and is undone in logarithms. Every other shift of the same log-odds follows
from the same masses, so a whole interval costs one convolution.

Sources: Hong (2013), Computational Statistics & Data Analysis 59, 41-51 (the distribution); Lugannani & Rice (1980),
Advances in Applied Probability 12, 475-490, with Daniels (1987), International Statistical Review 55, 37-48, for
whole counts (the approximation for very many people).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalkit.errors import DataError
from evalkit.statistics.inputs import FloatArray, probability_array

SADDLEPOINT_ABOVE = 1_000_000
"""With more people than this the saddlepoint stands in for the convolution (relative error below 1e-6 there)."""

FEW_EXPECTED = 1_000
"""With fewer expected events the saddlepoint is too coarse, however many people there are."""

_BLOCK = 63
"""People convolved one by one before transforms take over; 63 people have 64 possible counts, a power of two."""


@dataclass(frozen=True)
class Tails:
    """Natural logarithms of P(X <= observed), P(X >= observed) and P(X = observed)."""

    log_lower: float
    log_upper: float
    log_point: float

    def mid(self) -> Tails:
        """The same tails with only half of P(X = observed) in each (mid-p)."""
        lower, upper = (
            tail + float(np.log1p(-0.5 * np.exp(self.log_point - tail))) for tail in (self.log_lower, self.log_upper)
        )
        return Tails(lower, upper, self.log_point)


@dataclass(frozen=True, eq=False)
class TiltedCount:
    """A count of independent events, observed once, whose log-odds may all be shifted by a common amount.

    log_odds : logit of each person's probability, at shift 0
    observed : the count, 0 to the number of people
    tilt     : the shift at which the expected count is the observed one (infinite at 0 and at everybody)
    exact    : True by convolution, False by Lugannani-Rice
    """

    log_odds: FloatArray
    observed: int
    tilt: float
    exact: bool

    def expected(self, shift: float = 0.0) -> float:
        """Expected count after the shift of all log-odds; 0 and everybody at minus and plus infinity."""
        return float(_shares(self.log_odds, shift).sum())

    def tails(self, shift: float = 0.0) -> Tails:
        """Tails at the observed count after a finite shift of all log-odds."""
        if not np.isfinite(self.tilt):
            return self._tails_at_the_end(shift)
        gap = self.tilt - shift
        distance = self._distance(shift)
        log_tail, log_point = (
            self._centred_by_masses(gap) if self.exact else self._centred_by_saddlepoint(gap, distance)
        )
        log_outer, log_point = min(log_tail - distance, 0.0), log_point - distance
        log_inner = min(float(np.log1p(np.exp(log_point) - np.exp(log_outer))), 0.0)
        return Tails(log_inner, log_outer, log_point) if gap >= 0 else Tails(log_outer, log_inner, log_point)

    def shift_for_tail(self, tail: Literal["lower", "upper"], probability: float, *, mid_p: bool = False) -> float:
        """The shift of all log-odds at which a tail at the observed count has the given probability.

        Minus infinity where the upper tail is always larger (nobody had the event), plus infinity likewise.
        """
        if self.observed == (0 if tail == "upper" else len(self.log_odds)):
            return self.tilt
        sign = 1 if tail == "upper" else -1

        def excess(shift: float) -> float:
            found = self.tails(shift).mid() if mid_p else self.tails(shift)
            return sign * ((found.log_upper if tail == "upper" else found.log_lower) - float(np.log(probability)))

        finite = bool(np.isfinite(self.tilt))
        return _rising_root(excess, self.tilt if finite else 0.0, 2 / self._deviation if finite else 1.0)

    @cached_property
    def _tilted(self) -> FloatArray:
        return _shares(self.log_odds, self.tilt)

    @cached_property
    def _masses(self) -> FloatArray:
        return np.maximum(probability_masses(self._tilted), 0.0)

    @cached_property
    def _deviation(self) -> float:
        return float(np.sqrt((self._tilted * (1 - self._tilted)).sum()))

    def _distance(self, shift: float) -> float:
        """log of P(observed) at the tilt over P(observed) at the shift, summed in terms that do not cancel."""
        gap = self.tilt - shift
        if abs(gap) < 0.5:
            terms = gap * self._tilted + np.log1p(self._tilted * np.expm1(-gap))
        else:
            at_tilt, at_shift = (np.logaddexp(0, self.log_odds + moved) for moved in (self.tilt, shift))
            terms = gap * self._tilted - (at_tilt - at_shift)
        return max(float(terms.sum() + gap * (self.observed - self._tilted.sum())), 0.0)

    def _centred_by_masses(self, gap: float) -> tuple[float, float]:
        outward = self._masses[self.observed :] if gap >= 0 else self._masses[self.observed :: -1]
        weights = np.exp(-abs(gap) * np.arange(len(outward)))
        return float(np.log(outward @ weights)), float(np.log(outward[0]))

    def _centred_by_saddlepoint(self, gap: float, distance: float) -> tuple[float, float]:
        from scipy.special import erfcx

        deviation, root = self._deviation, np.sqrt(2 * distance)
        if root > 1e-3:
            correction = -1 / (deviation * np.expm1(-abs(gap))) - 1 / root
        else:
            skewness = (self._tilted * (1 - self._tilted) * (1 - 2 * self._tilted)).sum() / deviation**2
            correction = (0.5 - (skewness if gap >= 0 else -skewness) / 6) / deviation
        mills = np.sqrt(np.pi / 2) * erfcx(root / np.sqrt(2))
        scale = 0.5 * np.log(2 * np.pi)
        return float(np.log(mills + correction) - scale), float(-np.log(deviation) - scale)

    def _tails_at_the_end(self, shift: float) -> Tails:
        nobody = self.observed == 0
        log_point = -float(np.logaddexp(0, (self.log_odds + shift) * (1 if nobody else -1)).sum())
        return Tails(log_point, 0.0, log_point) if nobody else Tails(0.0, log_point, log_point)


def tilted_count(predicted: ArrayLike, observed: int, *, exact: bool | None = None) -> TiltedCount:
    """The distribution of the number of events, ready for tails at the observed count and for any shift of log-odds.

    predicted : probability of the event, one per person, strictly between 0 and 1
    observed  : whole number, 0 to the number of people
    exact     : True convolution, False Lugannani-Rice; None chooses (Lugannani-Rice above a million people)

    Raises DataError where a probability is refused or the count is impossible.
    """
    from scipy.special import logit

    shares = probability_array(predicted)
    if not 0 <= observed <= len(shares) or observed != int(observed):
        raise DataError(f"observed: {observed!r} is not a whole number from 0 to the {len(shares):,} people")
    log_odds = logit(shares)
    few_expected = float(shares.sum()) < FEW_EXPECTED
    by_convolution = few_expected or len(shares) <= SADDLEPOINT_ABOVE if exact is None else exact
    return TiltedCount(log_odds, int(observed), _tilt(log_odds, int(observed)), by_convolution)


def probability_masses(predicted: FloatArray) -> FloatArray:
    """P(X = 0), ..., P(X = n) by a convolution tree, right to about 1e-16 of the largest mass (not of each mass).

    predicted : probabilities from 0 to 1, one per person
    """
    rows = _block_masses(predicted)
    while len(rows) > 1:
        if len(rows) % 2:
            rows = np.vstack([rows, np.eye(1, rows.shape[1])])
        length = 2 * rows.shape[1]
        transformed = np.fft.rfft(rows, length)
        rows = np.fft.irfft(transformed[::2] * transformed[1::2], length)
    return rows[0, : len(predicted) + 1]


def _block_masses(predicted: FloatArray) -> FloatArray:
    blocks = np.zeros(-(-len(predicted) // _BLOCK) * _BLOCK)
    blocks[: len(predicted)] = predicted
    chances = blocks.reshape(-1, _BLOCK)
    masses = np.zeros((len(chances), _BLOCK + 1))
    masses[:, 0] = 1.0
    for people in range(_BLOCK):
        chance = chances[:, [people]]
        with_event = chance * masses[:, : people + 1]
        masses[:, : people + 1] *= 1 - chance
        masses[:, 1 : people + 2] += with_event
    return masses


def _shares(log_odds: FloatArray, shift: float) -> FloatArray:
    from scipy.special import expit

    return np.asarray(expit(log_odds + shift))


def _tilt(log_odds: FloatArray, observed: int) -> float:
    people = len(log_odds)
    if observed in (0, people):
        return -np.inf if observed == 0 else np.inf
    start = float(np.log(observed / (people - observed)) - log_odds.mean())
    return _rising_root(lambda shift: float(_shares(log_odds, shift).sum()) - observed, start, 0.25)


def _rising_root(rising: Callable[[float], float], start: float, step: float) -> float:
    """Where a rising function crosses zero, looking outwards from the start in doubling steps."""
    from scipy.optimize import brentq

    low, high, width = start, start, step
    while rising(low) > 0:
        low, high, width = low - width, low, 2 * width
    width = step
    while rising(high) < 0:
        low, high, width = high, high + width, 2 * width
    return float(brentq(rising, low, high, xtol=1e-13, rtol=1e-14)) if high > low else start
