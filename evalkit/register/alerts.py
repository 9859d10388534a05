"""Alerts as people read and edit them."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from evalkit.errors import DataError, SpecError
from evalkit.register.store import STEPS, checked_day, frame_of, note_down, opened, register_table
from evalkit.statistics.monitored import Day

_ENTRIES = ["state", "owner", "due", "note"]


def read_register(path: str | Path, *, state: str | None = None, unit: str | None = None) -> pd.DataFrame:
    """Read every alert, or those in one state or of one unit.

    path  : the register, or its folder
    state : new, checked, explained, confirmed or closed
    unit  : name of a unit

    Returns one row per alert, sorted by unit (there are no ranks):
    - alert_id: column of the unit, unit, direction and first period, joined by '/'
    - unit_column, unit, direction (worse or better); first_period, last_period: last days of the first and the latest
      period in which it was in alert
    - seen, as of the last update for its column of units: new (not in alert at the update before), continuing, resolved
      (in alert before, now judged otherwise), or past (resolved, or closed and succeeded, in an earlier update)
    - unit_state: what monitoring last said of the unit, with the direction; reason: why it was raised
    - of the last period: people, actual, predicted (numbers reconvicted), ratio (actual / predicted) with its 95 %
      interval ratio_low and ratio_high, q_value; and the data's quality, to be looked at first: missing_share (without
      a score), late_share (outcome changed late), duplicate_share (person, or a record, there twice), short_share (of
      the last quarter's reconvictions those missing beside the three before), 0 to 1, or missing: cannot be told
    - what people entered: state, owner, due (day or missing), note; predecessor: the closed alert before, or empty
    Raises SpecError where the state is unknown, DataError where there is no register, or it cannot be used.
    """
    _refuse_unknown_state(state)
    with opened(path) as connection:
        table = register_table(connection)
    for column, wanted in (("state", state), ("unit", unit)):
        table = table if wanted is None else table[table[column] == wanted]
    return table.reset_index(drop=True)


def read_updates(path: str | Path) -> pd.DataFrame:
    """Read which quarters have been entered for which kind of unit.

    path : the register, or its folder

    Returns one row per update: unit_column, period (its last day), extract_date; sorted by both.
    Raises DataError where there is no register, or it cannot be used.
    """
    with opened(path) as connection:
        updates: pd.DataFrame = connection.execute("SELECT * FROM updates ORDER BY period, unit_column").df()
    return updates


def read_history(path: str | Path) -> pd.DataFrame:
    """Read what happened to the alerts, oldest first.

    path : the register, or its folder

    Returns one row per change: number, alert_id, day (of the extract, or of the edit), changed_by ('monitoring', or a
    person), what (monitoring, figures, state, owner, due or note), before, after (texts, empty where there is nothing).
    Raises DataError where there is no register, or it cannot be used.
    """
    with opened(path) as connection:
        return frame_of(connection, "SELECT * FROM history ORDER BY number")


def edit_alert(
    path: str | Path,
    alert_id: str,
    *,
    by: str,
    on: Day,
    state: str | None = None,
    owner: str | None = None,
    due: Day | None = None,
    note: str | None = None,
) -> pd.DataFrame:
    """Enter what a person did about an alert.

    path        : the register, or its folder
    alert_id    : of `read_register`
    by, on      : who changes it, and the day of the change
    state       : one that may follow the present one (see STEPS)
    owner, note : texts; a note names nobody under supervision
    due         : a day. Of owner, note and due, '' empties an entry; what is not given stays

    Returns the alert's row, as `read_register`. What is given as it was before leaves no line in the history.
    Raises SpecError where an entry is refused or nothing is given; DataError where there is no such alert, or the
    register is not there, cannot be used or is in use for 10 seconds.
    """
    _refuse_unknown_state(state)
    texts = {name: text.strip() for name, text in (("owner", owner), ("note", note)) if text is not None}
    entries: dict[str, Any] = ({"state": state} if state else {}) | texts
    if due is not None:
        entries["due"] = None if due == "" else checked_day(due, "due")
    if not entries or not by.strip():
        raise SpecError(
            f"alert {alert_id}: an edit needs a state, owner, due day or note, and the name of who makes it"
        )
    day = checked_day(on, "on")
    with opened(path, writing=True) as connection:
        before = _entries(connection, alert_id)
        _refuse_step(alert_id, before["state"], entries.get("state", before["state"]))
        changed = {name: value for name, value in entries.items() if value != before[name]}
        for name, value in changed.items():
            connection.execute(f"UPDATE alerts SET {name} = ? WHERE alert_id = ?", [value, alert_id])
        lines = [[name, str(before[name] or ""), str(value or "")] for name, value in changed.items()]
        note_down(connection, [[alert_id, day, by.strip(), *line] for line in lines])
        table = register_table(connection)
    return table[table["alert_id"] == alert_id].reset_index(drop=True)


def alerts_text(table: pd.DataFrame) -> str:
    """Alerts as a table of plain text, for a terminal.

    table : what `read_register` returned
    """
    if table.empty:
        return "no alerts"
    titles = ["alert", "seen", "unit is now", "people", "actual", "predicted", "ratio (95 % interval)", "q"]
    rows = [[*titles, *_ENTRIES], *(_cells(row) for row in table.to_dict("records"))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _cells(row: Mapping[Hashable, Any]) -> list[str]:
    counts = [f"{row['people']:,}", f"{row['actual']:,}", f"{row['predicted']:,.1f}"]
    ratio = f"{row['ratio']:.2f} ({row['ratio_low']:.2f} to {row['ratio_high']:.2f})"
    due = "" if pd.isna(row["due"]) else f"{row['due']:%Y-%m-%d}"
    figures = [*counts, ratio, f"{row['q_value']:.2g}"]
    cells = [row["alert_id"], row["seen"], row["unit_state"], *figures, row["state"], row["owner"], due, row["note"]]
    return [" ".join(cell.split()) for cell in cells]


def _refuse_unknown_state(state: str | None) -> None:
    if state is not None and state not in STEPS:
        raise SpecError(f"state: {state!r} is none of {', '.join(STEPS)}")


def _refuse_step(alert_id: str, before: str, after: str) -> None:
    if after == before or after in STEPS[before]:
        return
    may = f"may become {' or '.join(STEPS[before])}" if STEPS[before] else "stays closed; a later alert is raised anew"
    raise SpecError(f"state: alert {alert_id} is {before} and cannot become {after}: it {may}")


def _entries(connection: Any, alert_id: str) -> dict[str, Any]:
    """What people have entered for an alert so far."""
    query = f"SELECT {', '.join(_ENTRIES)} FROM alerts WHERE alert_id = ?"
    row = connection.execute(query, [alert_id]).fetchone()
    if row is None:
        known = [name for (name,) in connection.execute("SELECT alert_id FROM alerts").fetchall()]
        near = difflib.get_close_matches(alert_id, known, n=1)
        raise DataError(f"there is no alert {alert_id!r}" + (f": is it {near[0]!r}?" if near else ""))
    return dict(zip(_ENTRIES, row, strict=True))
