"""The days that frame the demonstration extract, as day numbers, and how index dates spread over them."""

from __future__ import annotations

import numpy as np

from evalkit.dates import FOLLOWUP_DAYS
from evalkit.synthetic.draws import day

REGISTER_OPENS = day(2016, 4, 1)
INDEX_OPENS = day(2017, 10, 1)
SERVICE_OPENS = day(2018, 4, 1)
SERVICE_CLOSES = day(2021, 3, 31)
"""Last day of the index period, of the three-year database and of the five-year register."""

EXTRACTED = day(2021, 12, 31)
SETTLING_DAYS = 30
LAST_MATURE = EXTRACTED - SETTLING_DAYS - FOLLOWUP_DAYS
"""Last index day whose year of follow-up is over and recorded."""

QUARTERS = (1.0,) * 10 + (0.70, 0.90, 1.0, 1.30)
"""Sentences and releases per quarter of the index period, relative to most: few in spring 2020, many in early 2021."""


def index_days(rng: np.random.Generator, size: int) -> np.ndarray:
    """Index days over the index period, quarter by quarter."""
    first, last = INDEX_OPENS, SERVICE_CLOSES + 1
    edges = np.linspace(first, last, len(QUARTERS) + 1)
    quarter = rng.choice(len(QUARTERS), size=size, p=np.array(QUARTERS) / sum(QUARTERS))
    return np.floor(edges[quarter] + rng.random(size) * (edges[quarter + 1] - edges[quarter])).astype(int)
