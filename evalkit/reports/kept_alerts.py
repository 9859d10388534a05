"""The alerts of a report entered in the register: which are new, which continue, which are resolved."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evalkit.cohort.monitored import Monitored
from evalkit.dates import long_date
from evalkit.register import (
    REGISTER_FILE,
    REGISTER_FOLDER,
    read_register,
    read_updates,
    register_file,
    update_register,
)

SHOWN = ("unit_column", "unit", "direction", "seen", "first_period", "state", "owner", "due")
"""What a report shows of the register: no count, which stand in its safe tables, and no note, which may name people."""

NOT_KEPT = "none"


@dataclass(frozen=True, eq=False)
class KeptAlerts:
    """What the register says: a table of alerts (columns SHOWN), and a sentence on how it was kept."""

    table: pd.DataFrame
    note: str


def keep_alerts(register: str, watch: Monitored, *, extract_date: datetime.date, data: str = "") -> KeptAlerts:
    """Enter the alerts of all areas, teams and cohorts in the register, and say how each stands.

    register     : path of the register, or of its folder; 'none': none is kept; empty: the register is kept with the
                   extract, in its folder `register`
    watch        : what `monitored` returned
    extract_date : of the data
    data         : the extract: its folder, or the workbook beside which the register is kept

    Of alerts that are new, continuing or resolved the table has one row each: unit_column, unit, direction, seen,
    first_period, and what people entered: state, owner, due. A register that already holds a later quarter, or this one
    from a later extract, is shown as it is, and nothing is entered; where a folder cannot be written to, none is kept.
    Raises as `update_register` does.
    """
    empty = pd.DataFrame(columns=list(SHOWN))
    file = _file(register, data)
    if file is None:
        return KeptAlerts(empty, "No register of alerts is kept with this report.")
    if not _writable(file):
        return KeptAlerts(empty, "The folder of the extract cannot be written to: no register of alerts is kept.")
    period = watch.period[1]
    if later := _later(file, period, extract_date):
        return KeptAlerts(_shown(read_register(file)), later)
    for units in (watch.areas, watch.teams):
        found = units.table.rename(columns={"unit": units.column})
        update_register(file, found, unit=units.column, period=period, extract_date=extract_date)
    table = update_register(file, watch.cohorts, unit="cohort", period=period, extract_date=extract_date)
    return KeptAlerts(_shown(table), f"The register as of the quarter to {long_date(period)}.")


def _file(register: str, data: str) -> Path | None:
    if register == NOT_KEPT or not (register or data):
        return None
    if register:
        return register_file(register)
    extract = Path(data)
    return (extract if extract.is_dir() else extract.parent) / REGISTER_FOLDER / REGISTER_FILE


def _writable(file: Path) -> bool:
    """Whether the register, or where there is none yet its folder or the one that this will lie in, may be written."""
    standing = next(place for place in (file, *file.parents) if place.exists())
    return os.access(standing, os.W_OK) and os.access(standing if standing.is_dir() else standing.parent, os.W_OK)


def _later(file: Path, period: datetime.date, extract_date: datetime.date) -> str:
    """What is to be said where the register knows more than this report; empty where it does not."""
    if not file.exists():
        return ""
    updates = read_updates(file)
    last = updates["period"].max()
    same = updates.loc[updates["period"] == pd.Timestamp(period), "extract_date"]
    if updates.empty or (last <= pd.Timestamp(period) and not (same > pd.Timestamp(extract_date)).any()):
        return ""
    held = f"the quarter to {long_date(last.date())}, from an extract of {long_date(updates['extract_date'].max())}"
    return f"The register already holds {held}: nothing of this report was entered, and it is shown as it stands."


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    return table.loc[table["seen"] != "past", list(SHOWN)].reset_index(drop=True)
