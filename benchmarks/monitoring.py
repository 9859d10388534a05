"""Seconds of monitoring: all of it for 36 offices and 12 quarters, a large funnel, and thresholds beside simulation.

Run:  .venv/bin/python benchmarks/monitoring.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from evalkit.statistics.expected import actual_vs_predicted
from evalkit.statistics.funnel import funnel
from evalkit.statistics.monitoring import monitor
from evalkit.statistics.thresholds import cusum_threshold

QUARTER_ENDS = pd.date_range("2019-03-31", periods=12, freq="QE")


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - clock, time.process_time() - processor


def people(count: int, units: int) -> pd.DataFrame:
    """Made-up people whose years end in the twelve quarters."""
    generator = np.random.default_rng(1)
    predicted = generator.beta(1.6, 2.9, count).clip(0.02, 0.97)
    first = QUARTER_ENDS[0] - pd.Timedelta(days=89 + 365)
    return pd.DataFrame(
        {
            "unit": np.char.add("unit ", generator.integers(1_000, 1_000 + units, count).astype(str)),
            "index_date": first + pd.to_timedelta(generator.integers(0, 1_095, count), unit="D"),
            "mature": True,
            "predicted": predicted,
            "reconvicted": generator.random(count) < predicted,
        }
    )


def every_quarter(frame: pd.DataFrame) -> None:
    """The whole of monitoring, thresholds computed anew at each quarter's end."""
    for end in QUARTER_ENDS:
        monitor(frame, unit="unit", period=end)


def intervals_one_by_one(frame: pd.DataFrame) -> None:
    """What a user would write: the exact comparison of each unit in turn."""
    for _, own in frame.groupby("unit"):
        actual_vs_predicted(own["reconvicted"], own["predicted"])


if __name__ == "__main__":
    small, large = people(12_525, 36), people(1_000_000, 1_000)
    risks, yearly = small["predicted"], {"people_a_year": 400.0}
    funnel(small, unit="unit")  # imports are not counted
    rows = {
        "36 offices, 12 quarters, 12,525 people, everything": lambda: every_quarter(small),
        "funnel, 1,000 units, 1,000,000 people": lambda: funnel(large, unit="unit"),
        "  its intervals alone, unit by unit": lambda: intervals_one_by_one(large),
        "threshold at 400 a year, Markov chain": lambda: cusum_threshold(risks, **yearly),
        "  by simulation, 20,000 units": lambda: cusum_threshold(risks, **yearly, paths=20_000),
    }
    for name, call in rows.items():
        clock, processor = seconds(call)
        print(f"{name:<52} {clock:8.2f} s   processor {processor:8.2f} s")
