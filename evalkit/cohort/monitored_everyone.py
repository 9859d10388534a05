"""Everybody together, as one unit: all numbers that a report shows of the whole caseload, or that add up to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evalkit.cohort.monitored_interim import EVERYONE

if TYPE_CHECKING:
    from evalkit.cohort.monitored import MonitoredUnits

ADDED_UP = {
    "table": ("people", "actual"),
    "quality": ("all_people", "unscored", "duplicates"),
    "interim": ("people_90", "actual_90"),
    "caseload": ("people_before", "actual_before"),
}
"""Table of the widest units -> its counts, which a reader can add up."""

OF_FLOW = ("started", "eligible", "followed", "scored")
"""What remains at the last steps of a cohort's flow."""


def everyone_of(widest: MonitoredUnits, flow: pd.DataFrame) -> pd.DataFrame:
    """The counts of everybody together.

    widest : what is known of the widest units, to one of which everybody belongs
    flow   : of the cohort, to those with a score

    Returns one row: unit ('Everyone'), within (empty), people, actual, all_people, unscored, duplicates, people_90,
    actual_90, people_before, actual_before; and of the flow started, eligible, followed, scored.
    """
    sums = {name: int(getattr(widest, table)[name].sum()) for table, names in ADDED_UP.items() for name in names}
    remaining = flow["remaining"].tail(len(OF_FLOW)).astype(int)
    return pd.DataFrame([{"unit": EVERYONE, "within": "", **sums, **dict(zip(OF_FLOW, remaining, strict=True))}])
