"""Propensity, caliper match and balance: seconds and peak memory, against statsmodels and a full distance matrix.

Run:  .venv/bin/python benchmarks/matching.py [--small]      (--small leaves out the million)

Every measurement runs in a process of its own: seconds are the best of three; processor seconds hold on a busy machine
too; memory is the peak, and what it grew by once the people were made. The alternatives do the same work: statsmodels'
Logit on the finished matrix, and greedy matching on a matrix of all distances, at a size at which that fits.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from evalkit.statistics.balance import balance
from evalkit.statistics.logistic import logistic_fit
from evalkit.statistics.matching import Match, match
from evalkit.statistics.nearest import Line, Sides, greedy_pairs
from evalkit.statistics.propensity import propensity

REPEATS = 3
NUMBERS = ["age", "sanctions", "years_since_first", "logit_p", "other_services"]
CATEGORIES = ["sex", "ethnicity", "area", "offence_group", "sentence_type", "month"]
FULL_SIZE, MILLION = (12_525, 100_000), (125_000, 1_000_000)
MATRIX_SIZE = (2_000, 16_000)
CURVE = [(1_563, 12_500), (3_125, 25_000), (6_250, 50_000), FULL_SIZE, (25_050, 200_000), (50_100, 400_000)]


def made_up_people(treated: int, comparison: int) -> pd.DataFrame:
    """Eleven covariates, 36 terms; the treated are a selected group with an AUC of about .65."""
    generator, size = np.random.default_rng(1), treated + comparison
    frame = pd.DataFrame(
        {
            "age": generator.integers(18, 70, size),
            "sanctions": generator.poisson(6, size),
            "years_since_first": generator.gamma(2, 4, size),
            "logit_p": generator.normal(-1, 0.9, size),
            "other_services": generator.integers(0, 2, size),
            "sex": generator.choice(["male", "female"], size, p=[0.87, 0.13]),
            "ethnicity": generator.choice(
                ["White", "Black", "Asian", "Mixed", "Other"], size, p=[0.75, 0.1, 0.08, 0.04, 0.03]
            ),
            "area": generator.choice([f"area {number:02}" for number in range(12)], size),
            "offence_group": generator.choice([f"group {number:02}" for number in range(12)], size),
            "sentence_type": generator.choice(["community order", "suspended", "custody"], size),
            "month": generator.choice(["m1", "m2"], size),
        }
    )
    pull = -0.03 * frame["age"] + 0.05 * frame["sanctions"] + 0.3 * frame["logit_p"] + 0.4 * (frame["sex"] == "male")
    order = np.argsort(-(pull + generator.logistic(size=size)).to_numpy())
    return frame.assign(treated=np.isin(np.arange(size), order[:treated]))


def evalkit_match(frame: pd.DataFrame) -> Callable[[], Match]:
    return lambda: match(frame, treated="treated", covariates=NUMBERS + CATEGORIES)


def evalkit_propensity(frame: pd.DataFrame) -> Callable[[], object]:
    return lambda: propensity(frame, treated="treated", covariates=NUMBERS + CATEGORIES)


def evalkit_fit(frame: pd.DataFrame) -> Callable[[], object]:
    fitted = propensity(frame, treated="treated", covariates=NUMBERS + CATEGORIES)
    return lambda: logistic_fit(fitted.treated.astype(float), fitted.matrix, fitted.terms)


def statsmodels_fit(frame: pd.DataFrame) -> Callable[[], object]:
    from statsmodels.discrete.discrete_model import Logit

    fitted = propensity(frame, treated="treated", covariates=NUMBERS + CATEGORIES)
    matrix = np.ascontiguousarray(fitted.matrix)
    return lambda: Logit(fitted.treated.astype(float), matrix).fit(disp=0).cov_params()


def evalkit_balance(frame: pd.DataFrame) -> Callable[[], object]:
    covariates = NUMBERS + CATEGORIES
    matched = match(frame, treated="treated", covariates=covariates)
    return lambda: balance(
        frame, treated="treated", covariates=covariates, weights=matched.weights, logit=matched.model.logit
    )


def evalkit_pairs(frame: pd.DataFrame) -> Callable[[], object]:
    places, treated, width = scored(frame)
    lines = [Line(places[own], np.zeros(own.sum(), dtype=np.intp), np.flatnonzero(own)) for own in (treated, ~treated)]
    order = np.argsort(-lines[0].place, kind="stable")
    return lambda: greedy_pairs(Sides(*lines), order=order, width=width, ratio=1, replace=False)


def matrix_pairs(frame: pd.DataFrame) -> Callable[[], object]:
    places, treated, width = scored(frame)

    def pairs() -> list[tuple[int, int]]:
        distances = np.abs(places[treated][:, None] - places[~treated])
        found = []
        for unit in np.argsort(-places[treated], kind="stable"):
            nearest = int(distances[unit].argmin())
            if distances[unit, nearest] <= width:
                found.append((int(unit), nearest))
                distances[:, nearest] = np.inf
        return found

    return pairs


def scored(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float]:
    fitted = propensity(frame, treated="treated", covariates=NUMBERS + CATEGORIES)
    return fitted.logit.to_numpy(), fitted.treated, 0.2 * float(fitted.logit.std())


TASKS = {
    task.__name__: task
    for task in (
        evalkit_match,
        evalkit_propensity,
        evalkit_fit,
        statsmodels_fit,
        evalkit_balance,
        evalkit_pairs,
        matrix_pairs,
    )
}


def memory() -> float:
    """Peak of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(task: str, treated: int, comparison: int) -> dict[str, float]:
    """Seconds (best of several) and MB of one task in this process."""
    frame = made_up_people(treated, comparison)
    before = memory()
    call, seconds, processor = TASKS[task](frame), [], []
    for _ in range(REPEATS):
        start, start_processor = time.perf_counter(), time.process_time()
        call()
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - start_processor)
    return {"seconds": min(seconds), "processor": min(processor), "peak": memory(), "more": memory() - before}


def in_own_process(task: str, size: tuple[int, int]) -> dict[str, float]:
    command = [sys.executable, __file__, "measure", task, *map(str, size)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def shown(label: str, size: tuple[int, int], found: dict[str, float]) -> None:
    print(
        f"{label:34} {size[0]:>8,} v {size[1]:>9,}  {found['seconds']:7.3f} s  (processor {found['processor']:7.3f} s)"
        f"  peak {found['peak']:6,.0f} MB, of it {found['more']:6,.0f} by the task"
    )


def main(*, small: bool) -> None:
    sizes = [FULL_SIZE] if small else [FULL_SIZE, MILLION]
    for size in sizes:
        for task, label in (
            ("match", "propensity, match and balance"),
            ("propensity", "of it: propensity"),
            ("pairs", "of it: pairs"),
            ("balance", "of it: balance"),
        ):
            shown(label, size, in_own_process(f"evalkit_{task}", size))
    print("\nAlternatives")
    fits = {name: in_own_process(f"{name}_fit", FULL_SIZE) for name in ("evalkit", "statsmodels")}
    for name, found in fits.items():
        shown(f"logistic regression, {name}", FULL_SIZE, found)
    print(f"statsmodels / evalkit: {fits['statsmodels']['seconds'] / fits['evalkit']['seconds']:.1f}")
    found = {name: in_own_process(f"{name}_pairs", MATRIX_SIZE) for name in ("evalkit", "matrix")}
    shown("pairs, evalkit", MATRIX_SIZE, found["evalkit"])
    shown("pairs, matrix of all distances", MATRIX_SIZE, found["matrix"])
    print(f"matrix / evalkit: {found['matrix']['seconds'] / found['evalkit']['seconds']:.0f}")
    print("\nGrowth of the pairs: processor seconds, and in billionths of n log2 n")
    for size in CURVE[:4] if small else CURVE:
        people, seconds = sum(size), in_own_process("evalkit_pairs", size)["processor"]
        print(f"{people:>9,} people  {seconds:7.3f} s  {1e9 * seconds / (people * np.log2(people)):6.1f}")
    print("\nBalance after the match")
    matched = evalkit_match(made_up_people(*FULL_SIZE))()
    print(matched.balance.loc[:, :"rating"].to_string(index=False, float_format=lambda number: f"{number:.3g}"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(sys.argv[2], *map(int, sys.argv[3:]))))
    else:
        main(small="--small" in sys.argv)
