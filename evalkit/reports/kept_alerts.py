"""The alerts of a report entered in the register: which are new, which continue, which are resolved."""

from __future__ import annotations

import datetime

import pandas as pd

from evalkit.cohort.monitored import Monitored
from evalkit.register import update_register

SHOWN = ("unit_column", "unit", "direction", "seen", "first_period", "state", "owner", "due")
"""What a report shows of the register: no count, which stand in its safe tables, and no note, which may name people."""


def keep_alerts(register: str, watch: Monitored, *, extract_date: datetime.date) -> pd.DataFrame:
    """Enter the alerts of all areas, teams and cohorts in the register, and say how each stands.

    register     : path of the register, or of its folder; empty: none is kept, and the result has no row
    watch        : what `monitored` returned
    extract_date : of the data

    Returns one row per alert that is new, continuing or resolved: unit_column, unit, direction, seen, first_period,
    and what people entered: state, owner, due.
    Raises as `update_register` does.
    """
    if not register:
        return pd.DataFrame(columns=list(SHOWN))
    for units in (watch.areas, watch.teams):
        found = units.table.rename(columns={"unit": units.column})
        update_register(register, found, unit=units.column, period=watch.period[1], extract_date=extract_date)
    table = update_register(register, watch.cohorts, unit="cohort", period=watch.period[1], extract_date=extract_date)
    return table.loc[table["seen"] != "past", list(SHOWN)].reset_index(drop=True)
