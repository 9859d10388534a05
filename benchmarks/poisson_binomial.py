"""Seconds and relative error of a far tail: evalkit against scipy.stats.poisson_binom, side by side.

Run:  .venv/bin/python benchmarks/poisson_binomial.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import poisson_binom

from evalkit.statistics import actual_vs_predicted
from evalkit.statistics.poisson_binomial import tilted_count

REPEATS = 3
SCIPY_UP_TO = 12_525  # beyond, its time grows with the square of the people


def fastest(call: Callable[[], object]) -> float:
    """Shortest of several runs, in seconds."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def log10_lower_tail(risks: np.ndarray, observed: int) -> float:
    """The witness: plain convolution of positive numbers in extended precision."""
    masses = np.zeros(observed + 1, np.longdouble)
    masses[0] = 1
    for chance in risks.astype(np.longdouble):
        masses[1:] = masses[1:] * (1 - chance) + masses[:-1] * chance
        masses[0] *= 1 - chance
    return float(np.log10(masses.sum()))


def compare(people: int) -> dict[str, float]:
    """One row: the count 22 standard deviations below its expectation, or a tenth of it if that is more."""
    risks = np.random.default_rng(1).beta(1.6, 2.9, people).clip(0.02, 0.97)
    observed = int(max(risks.sum() - 22 * np.sqrt((risks * (1 - risks)).sum()), risks.sum() / 10))
    outcomes = np.arange(people) < observed
    row = {
        "people": people,
        "log10 of the tail": tilted_count(risks, observed).tails().log_lower / np.log(10),
        "p-value, s": fastest(lambda: tilted_count(risks, observed).tails()),
        "p-value and interval, s": fastest(lambda: actual_vs_predicted(outcomes, risks)),
        "by convolution throughout, s": fastest(lambda: tilted_count(risks, observed, exact=True).tails()),
    }
    if people <= SCIPY_UP_TO:
        exact = log10_lower_tail(risks, observed)
        row["scipy p-value, s"] = fastest(lambda: poisson_binom.cdf(observed, risks))
        row["relative error"] = abs(10 ** (row["log10 of the tail"] - exact) - 1)
        row["scipy relative error"] = abs(float(poisson_binom.cdf(observed, risks)) / 10**exact - 1)
    return row


if __name__ == "__main__":
    rows = [compare(people) for people in (200, 1_709, 12_525, 100_000, 1_000_000)]
    print(pd.DataFrame(rows).T.to_string(header=False, float_format=lambda number: f"{number:.3g}"))
