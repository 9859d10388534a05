"""What monitoring found, entered in the register: new alerts, fresh figures, what is resolved."""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from evalkit.errors import DataError, SpecError
from evalkit.register.store import (
    COUNTS,
    FIGURES,
    IN_ALERT,
    NOT_JUDGED,
    OPTIONAL,
    OVER,
    checked_day,
    note_down,
    opened,
    register_table,
    write_rows,
)
from evalkit.statistics.funnel import ALERT, AS_EXPECTED, BETTER, HOLD, TOO_SMALL, WATCH, WORSE
from evalkit.statistics.inputs import refuse_absent
from evalkit.statistics.monitored import Day, monitoring_period

MONITORING = "monitoring"
"""Who changed something, in the history, where no person did."""

_JUDGED = {AS_EXPECTED, WATCH, ALERT}
_KINDS: Mapping[str, Any] = dict.fromkeys(COUNTS, int)
_NEEDED = ["people", "actual", "predicted", "ratio"]
_ABSENT: Mapping[Hashable, Any] = {"state": "not in the table", "direction": ""}
Row = Mapping[Hashable, Any]


def update_register(
    path: str | Path, monitored: pd.DataFrame, *, unit: str, period: Day | tuple[Day, Day], extract_date: Day
) -> pd.DataFrame:
    """Enter what monitoring found: new alerts, fresh figures of those that continue, and which are resolved.

    path         : the register, made where there is none; or its folder (alerts.duckdb in it)
    monitored    : what `monitor` or `monitor_cohorts` returned: every unit, one row each, whatever its state
    unit         : its column of units; 'cohort' for what `monitor_cohorts` returned (the unit's column is then the
                   characteristic)
    period       : as given to `monitor`; its last day names it
    extract_date : of the data, not before the last day of the period; the day of what is entered in the history

    The same input twice changes nothing; the same period from a later extract revises it. Nothing is deleted, and what
    people entered (state, owner, due, note) is not touched. A unit that is on hold, too small or absent was not judged:
    its alert continues, with the figures of the last period in which it was in alert. An alert that was resolved and is
    raised again is the same alert, new once more; one that was closed becomes a new alert with a predecessor.

    Returns the whole register, as `read_register`.
    Raises SpecError where the period or the extract date is no day, or earlier than the last in the register; DataError
    where `monitored` is no table of monitoring, or the register cannot be used or is in use for 10 seconds.
    """
    last = monitoring_period(period).last.date()
    extracted = checked_day(extract_date, "extract_date")
    if extracted < last:
        raise SpecError(f"extract_date: {extracted} is before {last}, the end of the period: too early to know it")
    found = _found(monitored, unit)
    with opened(path, writing=True, create=True) as connection:
        for unit_column, units in found.items():
            update = _begun(connection, unit_column, last, extracted)
            _enter(update, units)
            write_rows(connection, "alerts", update.alerts)
            write_rows(connection, "sightings", update.sightings, replace=True)
            note_down(connection, update.history)
        return register_table(connection)


def _found(monitored: pd.DataFrame, unit: str) -> dict[str, dict[str, Row]]:
    """Column of units -> unit -> its row; what is no table of monitoring is refused."""
    refuse_absent(
        monitored, [unit, "state", "direction", "reason", *(name for name in FIGURES if name not in OPTIONAL)]
    )
    by_characteristic = unit == "cohort" and "characteristic" in monitored.columns
    found: dict[str, dict[str, Row]] = {}
    for row in monitored.to_dict("records"):
        name, column = _name(row[unit]), str(row["characteristic"]) if by_characteristic else unit
        place = f"{column} {name}"
        if row["state"] not in {*_JUDGED, HOLD, TOO_SMALL}:
            raise DataError(f"{place}: {row['state']!r} is no state of monitoring; give the table `monitor` returned")
        if row["state"] == ALERT and row["direction"] not in (WORSE, BETTER):
            raise DataError(f"{place}: an alert must be worse or better, not {row['direction']!r}")
        if row["state"] == ALERT and pd.isna([row[figure] for figure in _NEEDED]).any():
            raise DataError(f"{place}: an alert needs its {', '.join(_NEEDED)}; give the table `monitor` returned")
        if name in found.setdefault(column, {}):
            raise DataError(f"{place} is there twice: the table must hold each unit once")
        found[column][name] = row
    return found


def _name(value: Any) -> str:
    """A unit's name. Numbers are written whole: beside a missing one, pandas makes decimals of them."""
    if pd.isna(value):
        return "not recorded"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


Sighting = tuple[Any, ...]
"""Standing, unit's state, reason and figures of an alert in a period."""


@dataclass(frozen=True)
class _Update:
    """One column of units in one period: what the register knows of it, and the rows to be written to it."""

    unit_column: str
    period: datetime.date
    extract_date: datetime.date
    taken: set[str]
    latest: Mapping[tuple[str, str], tuple[str, str]]
    now: Mapping[str, Sighting]
    before: Mapping[str, Sighting]
    alerts: list[list[Any]] = field(default_factory=list)
    sightings: list[list[Any]] = field(default_factory=list)
    history: list[list[Any]] = field(default_factory=list)

    def raise_alert(self, unit: str, direction: str, predecessor: str) -> str:
        """Add an alert, numbered where one of the same period has been closed; return its alert_id."""
        plain = alert_id = f"{self.unit_column}/{unit}/{direction}/{self.period}"
        number = 1
        while alert_id in self.taken:
            number += 1
            alert_id = f"{plain}/{number}"
        self.taken.add(alert_id)
        entries = ["new", "", None, ""]
        keys = [alert_id, len(self.taken), self.unit_column, unit, direction, self.period, predecessor]
        self.alerts.append([*keys, *entries])
        return alert_id

    def sight(self, alert_id: str, standing: str, row: Row) -> None:
        """Add how an alert stands in the period; the figures are its unit's while in alert, and stay otherwise."""
        before = self.now.get(alert_id)
        unit_state = f"{row['state']} {row['direction']}".strip()
        kept = before[2:] if before else (None,) * (1 + len(FIGURES))
        now = (standing, unit_state, *(_figures(row) if standing == IN_ALERT else kept))
        if now == before:
            return
        self.sightings.append([alert_id, self.period, *now])
        change = [MONITORING, self._said(before), self._said(now)]
        if before and before[:2] == now[:2]:
            change = ["figures", "", f"revised; period to {self.period}"]
        self.history.append([alert_id, self.extract_date, MONITORING, *change])

    def _said(self, sighting: Sighting | None) -> str:
        return f"{sighting[0]} (unit: {sighting[1]}); period to {self.period}" if sighting else ""


def _begun(connection: Any, unit_column: str, period: datetime.date, extract_date: datetime.date) -> _Update:
    """The update, noted in the register; SpecError where it would put older findings over newer ones."""
    query = "SELECT max(period), max(extract_date), max(period) FILTER (period < ?) FROM updates WHERE unit_column = ?"
    last, last_extract, previous = connection.execute(query, [period, unit_column]).fetchone()
    if last and period < last:
        raise SpecError(f"period: {period} is before {last}, the last period in the register for {unit_column}")
    if last and extract_date < last_extract:
        raise SpecError(
            f"extract_date: {extract_date} is before {last_extract}, that of the last update for {unit_column}: newer"
            " findings would be replaced by older ones"
        )
    write_rows(connection, "updates", [[unit_column, period, extract_date]], replace=True)
    known = connection.execute("SELECT alert_id, unit_column, unit, direction, state FROM alerts ORDER BY number")
    alerts = known.fetchall()
    return _Update(
        unit_column=unit_column,
        period=period,
        extract_date=extract_date,
        taken={alert_id for alert_id, *_ in alerts},
        # Of the alerts of a unit and direction the last: no other one can be open.
        latest={
            (unit, side): (alert_id, state) for alert_id, column, unit, side, state in alerts if column == unit_column
        },
        now=_sightings(connection, period),
        before=_sightings(connection, previous),
    )


def _sightings(connection: Any, period: datetime.date | None) -> dict[str, Sighting]:
    rows = connection.execute("SELECT * EXCLUDE (period) FROM sightings WHERE period = ?", [period]).fetchall()
    return {alert_id: tuple(sighting) for alert_id, *sighting in rows}


def _enter(update: _Update, units: Mapping[str, Row]) -> None:
    in_alert = {(unit, str(row["direction"])) for unit, row in units.items() if row["state"] == ALERT}
    for unit, direction in sorted({*update.latest, *in_alert}):
        alert_id, state = update.latest.get((unit, direction), ("", "closed"))
        row, now, before = units.get(unit, _ABSENT), update.now.get(alert_id), update.before.get(alert_id)
        if (unit, direction) in in_alert:
            if state == "closed" and not (now and now[0] == IN_ALERT):
                alert_id = update.raise_alert(unit, direction, predecessor=alert_id)
            update.sight(alert_id, IN_ALERT, row)
            continue
        judged = row["state"] in _JUDGED
        if now or (before and before[0] != OVER and (judged or state != "closed")):
            update.sight(alert_id, OVER if judged else NOT_JUDGED, row)


def _figures(row: Row) -> tuple[Any, ...]:
    given = {name: row.get(name) for name in FIGURES}
    known = [None if pd.isna(value) else _KINDS.get(name, float)(value) for name, value in given.items()]
    return (row["reason"], *known)
