"""Simulated studies by the hundred: how far each estimator is from the truth, and how often its interval holds it.

Source: Morris, White & Crowther (2019), Statistics in Medicine 38, 2074-2102 (what to report of a simulation study).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from types import MappingProxyType
from typing import Any

import pandas as pd

from evalkit.errors import SpecError
from evalkit.statistics.matching import match
from evalkit.statistics.outcomes import matched_outcomes
from evalkit.statistics.weighting import weighted_outcomes
from evalkit.synthetic.designs import COVARIATES, SimulatedDesign, true_effect

LEAST_COVERAGE = 0.93
"""Share of the 95 % intervals that must hold the truth, over 1,000 simulations."""

ERROR_RATIOS = (0.9, 1.2)
"""Bounds of the mean estimated standard error over the empirical one."""


_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_KEPT = ("estimate", "standard_error", "low", "high")


@dataclass(frozen=True, eq=False)
class Estimated:
    """What an estimator says of one simulated study: its one-row result, and the people it speaks about."""

    result: pd.DataFrame
    people: pd.Index


Estimator = Callable[[pd.DataFrame], Estimated]


def study(
    design: SimulatedDesign,
    *,
    seeds: Iterable[int],
    estimators: Mapping[str, Estimator] | None = None,
    workers: int = 1,
) -> pd.DataFrame:
    """Draw studies of one design and say how each estimator does.

    design     : how a study is drawn
    seeds      : one simulated study per seed
    estimators : by name; by default ESTIMATORS
    workers    : processes to spread the seeds over; the numbers do not depend on it

    Returns the frame of `performance`. Raises SpecError where there are fewer than two seeds.
    """
    return performance(simulations(design, seeds=seeds, estimators=estimators, workers=workers))


def simulations(
    design: SimulatedDesign,
    *,
    seeds: Iterable[int],
    estimators: Mapping[str, Estimator] | None = None,
    workers: int = 1,
) -> pd.DataFrame:
    """Every estimate of every simulated study.

    design, seeds, estimators, workers : as for `study`

    The truth is the mean effect on the chance of reconviction of the people an estimator speaks about: the matched
    treated for matching, all treated for weighting.
    Returns one row per seed and estimator: design, seed, estimator, estimate, standard_error, low, high, truth, naive
    (rate of all treated less rate of all others), truth_of_all (the mean effect on all treated); shares.
    """
    numbers = list(seeds)
    if len(numbers) < 2:
        raise SpecError(f"seeds: {numbers!r}; a simulation study needs at least two")
    one = partial(_simulated, design, dict(ESTIMATORS if estimators is None else estimators))
    if workers == 1:
        drawn = [one(seed) for seed in numbers]
    else:
        with _one_thread_each(), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            drawn = list(pool.map(one, numbers, chunksize=max(1, len(numbers) // (4 * workers))))
    return pd.DataFrame([row for rows in drawn for row in rows])


def performance(drawn: pd.DataFrame) -> pd.DataFrame:
    """How each estimator did, from the frame of `simulations` of one design.

    Returns one row per estimator: design, estimator, simulations, covered (number of intervals that hold the truth),
    coverage (share), bias (mean of estimate less truth), mean_error (mean estimated standard error), empirical_error
    (standard deviation of estimate less truth), error_ratio, truth and naive_bias (means; shares).
    """
    off = drawn["estimate"] - drawn["truth"]
    table = (
        drawn.assign(
            off=off,
            held=(drawn["low"] <= drawn["truth"]) & (drawn["truth"] <= drawn["high"]),
            naive_off=drawn["naive"] - drawn["truth_of_all"],
        )
        .groupby(["design", "estimator"], sort=False)
        .agg(
            simulations=("off", "size"),
            covered=("held", "sum"),
            coverage=("held", "mean"),
            bias=("off", "mean"),
            mean_error=("standard_error", "mean"),
            empirical_error=("off", "std"),
            truth=("truth", "mean"),
            naive_bias=("naive_off", "mean"),
        )
        .reset_index()
    )
    table.insert(8, "error_ratio", table["mean_error"] / table["empirical_error"])
    return table


def shortcomings(
    table: pd.DataFrame,
    *,
    least_coverage: float = LEAST_COVERAGE,
    error_ratios: tuple[float, float] = ERROR_RATIOS,
) -> list[str]:
    """What an estimator fails in, as sentences; empty where all do what they promise.

    table          : of `performance`
    least_coverage : share of intervals that must hold the truth
    error_ratios   : least and largest mean estimated standard error over the empirical one
    """
    found = []
    for row in table.to_dict("records"):
        where = f"{row['estimator']}, {row['design']}"
        if row["covered"] < least_coverage * row["simulations"] - 1e-9:
            found.append(f"{where}: {row['covered']} of {row['simulations']} intervals hold the truth")
        if not error_ratios[0] <= row["error_ratio"] <= error_ratios[1]:
            found.append(f"{where}: standard errors are {row['error_ratio']:.2f} times the spread of the estimates")
        if row["naive_bias"] * row["truth"] >= 0:
            found.append(f"{where}: the naive difference errs towards the effect, so the design shows nothing")
    return found


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started in here do linear algebra on one thread, instead of all of them on all processors."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _simulated(design: SimulatedDesign, estimators: Mapping[str, Estimator], seed: int) -> list[dict[str, Any]]:
    frame = design.draw(seed)
    treated, outcomes = frame["treated"].to_numpy(), frame["reconvicted"].to_numpy()
    whole = {
        "naive": float(outcomes[treated].mean() - outcomes[~treated].mean()),
        "truth_of_all": true_effect(frame, frame.index[treated]),
    }
    rows = []
    for name, estimator in estimators.items():
        estimated = estimator(frame)
        row: dict[str, Any] = {"design": design.name, "seed": seed, "estimator": name}
        row |= {column: float(estimated.result[column].iloc[0]) for column in _KEPT}
        rows.append(row | {"truth": true_effect(frame, estimated.people)} | whole)
    return rows


def _matched(frame: pd.DataFrame, **options: Any) -> Estimated:
    matched = match(frame, treated="treated", covariates=COVARIATES, **options)
    return Estimated(matched_outcomes(matched, frame, "reconvicted"), pd.Index(matched.pairs["treated"].unique()))


def _weighted(frame: pd.DataFrame, **options: Any) -> Estimated:
    result = weighted_outcomes(frame, treated="treated", covariates=COVARIATES, outcome="reconvicted", **options)
    return Estimated(result, frame.index[frame["treated"]])


ESTIMATORS: Mapping[str, Estimator] = MappingProxyType(
    {
        "1:1 matching": _matched,
        "1:3 matching": partial(_matched, ratio=3),
        "matching with replacement": partial(_matched, replace=True),
        "ATT weights": partial(_weighted, method="att"),
        "entropy balancing": partial(_weighted, method="entropy"),
        "doubly robust": partial(_weighted, method="doubly_robust"),
        "radius": partial(_weighted, method="radius"),
        "kernel": partial(_weighted, method="kernel"),
    }
)
"""The estimators of a matched comparison, by the name that the study prints."""
