"""At what sum a CUSUM alarms, so that a unit with nothing the matter rarely does.

A unit in control is followed for three years, its people drawn from its own mix of risks; the threshold gives the
wanted probability of any alarm in the third year (after two years the sum has forgotten that it began at 0). The
probability is computed by a Markov chain over the values of the sum, without drawing; `paths` asks for simulation,
which agrees (a test compares them) and costs a thousand times as much.

Source: Brook & Evans (1972), Biometrika 59, 539-549 (the chain).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.errors import SpecError
from evalkit.statistics.cusum import ODDS_RATIO, checked_odds_ratio
from evalkit.statistics.inputs import FloatArray, probability_array

FALSE_ALARM = 0.0075
"""Probability of an alarm within twelve months, of one arm of a unit with nothing the matter.

Fixed by simulation of 36 offices: as large as leaves any of them an alert on the worse side in fewer than 10 % of
quarters, also where their risks are disturbed from quarter to quarter (`alert_rates` has the figures)."""

_RISK_GROUPS, _BURN_IN_YEARS = 20, 2
_CELLS_A_STEP, _FEWEST_CELLS, _MOST_CELLS = 4, 16, 256
_LOWEST, _HIGHEST, _TOLERANCE, _STRIDE = 0.05, 60.0, 2e-3, 0.5
_SMALLEST_PROBABILITY = 1e-12


def cusum_threshold(
    predicted: ArrayLike | pd.Series,
    *,
    people_a_year: float,
    odds_ratio: float = ODDS_RATIO,
    false_alarm: float = FALSE_ALARM,
    paths: int | None = None,
    seed: int = 2021,
) -> float:
    """Find the threshold at which a unit in control alarms with a given probability in a year.

    predicted     : the unit's mix of risks: probability of each of its people, strictly between 0 and 1
    people_a_year : how many people's follow-up years end in twelve months, at least 1
    odds_ratio    : what the arm looks for, as in `cusum`
    false_alarm   : probability of any alarm in the third year, between 0 and 1
    paths, seed   : number of simulated units, and the seed; without `paths` by Markov chain, where nothing is drawn

    The mix enters as the mean risk of twenty groups of like risk, rounded to a hundredth, and the people a year rounded
    to two digits: units alike in both share one (cached) threshold. About 7.7 at 400 people a year for a false_alarm
    of 0.0025.
    Raises DataError where a probability is refused, SpecError where another argument is out of range.
    """
    if not 0 < false_alarm < 1:
        raise SpecError(f"false_alarm: {false_alarm!r} is not a probability strictly between 0 and 1")
    mix, people = risk_mix(predicted), _people_a_year(people_a_year)
    return _threshold(mix, people, float(checked_odds_ratio(odds_ratio)), float(false_alarm), paths, seed)


def false_alarm_probability(
    predicted: ArrayLike | pd.Series,
    *,
    threshold: float,
    people_a_year: float,
    odds_ratio: float = ODDS_RATIO,
    paths: int | None = None,
    seed: int = 2021,
) -> float:
    """Probability that a unit in control alarms in its third year, at a given threshold.

    threshold : of the sum, above 0; the other arguments as in `cusum_threshold`
    """
    if not threshold > 0:
        raise SpecError(f"threshold: {threshold!r} is not a number above 0")
    people = _people_a_year(people_a_year)
    return _alarm_probability(risk_mix(predicted), people, checked_odds_ratio(odds_ratio), paths, seed)(threshold)


def risk_mix(predicted: ArrayLike | pd.Series) -> tuple[float, ...]:
    """A mix of risks in twenty numbers: mean risk of each twentieth of the people, in order, to a hundredth."""
    running = np.r_[0.0, np.cumsum(np.sort(probability_array(predicted)))]
    people = len(running) - 1
    edges = np.linspace(0, people, _RISK_GROUPS + 1)
    means = np.diff(np.interp(edges, np.arange(people + 1), running)) * _RISK_GROUPS / people
    return tuple(means.round(2).clip(0.005, 0.995).tolist())


def _people_a_year(people_a_year: float) -> int:
    if not (math.isfinite(people_a_year) and people_a_year >= 1):
        raise SpecError(f"people_a_year: {people_a_year!r} is not a number of at least 1")
    digits = max(0, int(math.log10(people_a_year)) - 1)
    return round(people_a_year / 10**digits) * 10**digits


@lru_cache(maxsize=10_000)
def _threshold(
    mix: tuple[float, ...], people: int, odds_ratio: float, false_alarm: float, paths: int | None, seed: int
) -> float:
    from scipy.optimize import brentq

    probability = _alarm_probability(mix, people, odds_ratio, paths, seed)

    @cache
    def excess(threshold: float) -> float:
        return math.log(max(probability(threshold), _SMALLEST_PROBABILITY) / false_alarm)

    low = high = max(math.log(people) + 1.5, 1.0)
    while low > _LOWEST and excess(low) < 0:
        low, high = max(low - _STRIDE, _LOWEST), low
    while excess(high) > 0 and high < _HIGHEST:
        low, high = high, high + _STRIDE
    if excess(low) < 0 or excess(high) > 0:
        return low if excess(low) < 0 else high
    return float(brentq(excess, low, high, xtol=_TOLERANCE if paths is None else 10 * _TOLERANCE))


def _alarm_probability(
    mix: tuple[float, ...], people: int, odds_ratio: float, paths: int | None, seed: int
) -> Callable[[float], float]:
    """The probability of an alarm in the third year, as a function of the threshold."""
    risks = np.array(mix)
    without_event = -np.log1p((odds_ratio - 1) * risks)
    with_event = without_event + math.log(odds_ratio)
    if paths is None:
        steps, chances = np.r_[with_event, without_event], np.r_[risks, 1 - risks] / len(risks)
        width = abs(math.log(odds_ratio)) / _CELLS_A_STEP
        return lambda threshold: _by_chain(steps, chances, people, threshold, width)
    if not isinstance(paths, int) or paths < 1:
        raise SpecError(f"paths: {paths!r} is not a whole number of at least 1 (or None, for the Markov chain)")
    drawn = paths
    return lambda threshold: _by_simulation(risks, with_event, without_event, people, threshold, drawn, seed)


def _by_chain(steps: FloatArray, chances: FloatArray, people: int, threshold: float, width: float) -> float:
    """Alarm in the third year, the sum held on a grid from 0 to half a cell below the threshold."""
    cells = min(max(math.ceil(threshold / width), _FEWEST_CELLS), _MOST_CELLS)
    moves = _moves(steps / (threshold / (cells - 0.5)), chances, cells)
    live = moves[:, :cells]
    restarting = live.copy()
    restarting[:, 0] += moves[:, cells]
    start = np.eye(1, cells) @ np.linalg.matrix_power(restarting, _BURN_IN_YEARS * people)
    return float(1 - (start @ np.linalg.matrix_power(live, people)).sum())


def _moves(steps: FloatArray, chances: FloatArray, cells: int) -> FloatArray:
    """Probability of each move from cell to cell, the last column being the alarm.

    A sum between cells is shared among three so that its mean and its variance stay right (shared between two, the
    variance grows, and with it the false alarms); next to 0, where the third would be negative, between two.
    """
    places = np.maximum(np.arange(cells)[:, None] + steps, 0.0)
    near_zero = places < 1
    nearest = np.where(near_zero, np.floor(places), np.rint(places)).astype(np.intp)
    beyond = places - nearest
    above = np.where(near_zero, beyond, (beyond**2 + beyond) / 2)
    below = np.where(near_zero, 0.0, (beyond**2 - beyond) / 2)
    moves = np.zeros((cells, cells + 1))
    rows = np.broadcast_to(np.arange(cells)[:, None], places.shape)
    for reached, parts in ((nearest - 1, below), (nearest, 1 - above - below), (nearest + 1, above)):
        np.add.at(moves, (rows, reached.clip(0, cells)), parts * chances)
    return moves


def _by_simulation(
    risks: FloatArray,
    with_event: FloatArray,
    without_event: FloatArray,
    people: int,
    threshold: float,
    paths: int,
    seed: int,
) -> float:
    """The same by drawing people; the same seed draws the same people at every threshold."""
    generator = np.random.default_rng(seed)
    sums, alarmed = np.zeros(paths), np.zeros(paths, dtype=bool)
    for person in range((_BURN_IN_YEARS + 1) * people):
        drawn = generator.integers(0, len(risks), paths)
        events = generator.random(paths) < risks[drawn]
        sums = np.maximum(sums + np.where(events, with_event[drawn], without_event[drawn]), 0.0)
        alarms = sums >= threshold
        if person >= _BURN_IN_YEARS * people:
            alarmed |= alarms
        sums[alarms] = 0.0
    return float(alarmed.mean())
