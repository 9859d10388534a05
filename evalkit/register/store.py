"""The file of the register: its tables, one writer at a time, and changes that happen whole or not at all.

A DuckDB file in the evaluation's folder. What monitoring found (updates, sightings) and what people entered (the last
columns of alerts) lie apart, and an update writes only the first; the view `register` puts them together, one row per
alert. It holds units and counts, and no person. It is an analyst's file: counts of 1 to 9 are in it as they are, so
that a report takes it through `make_safe` before it shows anything.
"""

from __future__ import annotations

import datetime
import fcntl
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from evalkit.errors import DataError, SpecError

REGISTER_FILE, REGISTER_FOLDER = "alerts.duckdb", "register"
"""A report keeps its register in a folder of the extract's: files beside the tables would count as part of them."""

SCHEMA_VERSION = 2

WAIT_SECONDS = 10.0
"""How long a run waits for another that is using the register."""

STEPS = {
    "new": ("checked",),
    "checked": ("explained", "confirmed"),
    "explained": ("checked", "confirmed", "closed"),
    "confirmed": ("checked", "explained", "closed"),
    "closed": (),
}
"""State of an alert -> the states that may follow. Nothing is closed unchecked, and a closed alert stays closed."""

IN_ALERT, NOT_JUDGED, OVER = "in alert", "not judged", "no longer in alert"
"""How an alert stands in a period."""

FIGURES = ["people", "actual", "predicted", "ratio", "ratio_low", "ratio_high", "q_value"]
FIGURES += ["missing_share", "late_share", "duplicate_share", "short_share"]
OPTIONAL = {"late_share", "duplicate_share", "short_share"}
"""Figures that a table may lack: not every extract can tell, and not of every unit."""
COUNTS = {"people", "actual"}

_SETTINGS = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
_FIGURE_COLUMNS = ", ".join(f"{name} {'BIGINT' if name in COUNTS else 'DOUBLE'}" for name in FIGURES)
_VIEW = f"""
CREATE VIEW register AS
WITH ends AS (SELECT unit_column, max(period, 2) AS periods FROM updates GROUP BY unit_column),
spans AS (SELECT alert_id, coalesce(max(period) FILTER (standing = '{IN_ALERT}'), min(period)) AS last_period,
    arg_max(unit_state, period) AS unit_state FROM sightings GROUP BY alert_id)
SELECT alerts.alert_id, unit_column, unit, direction, first_period, last_period,
    CASE WHEN latest.standing IS NULL THEN 'past' WHEN latest.standing = '{OVER}' THEN 'resolved'
        WHEN latest.standing = '{NOT_JUDGED}' OR earlier.standing IN ('{IN_ALERT}', '{NOT_JUDGED}')
        THEN 'continuing' ELSE 'new' END AS seen,
    spans.unit_state, figures.reason, {", ".join(f"figures.{name}" for name in FIGURES)},
    state, owner, due, note, predecessor
FROM alerts JOIN ends USING (unit_column) JOIN spans USING (alert_id)
JOIN sightings AS figures ON figures.alert_id = alerts.alert_id AND figures.period = last_period
LEFT JOIN sightings AS latest ON latest.alert_id = alerts.alert_id AND latest.period = periods[1]
LEFT JOIN sightings AS earlier ON earlier.alert_id = alerts.alert_id AND earlier.period = periods[2];
"""
_SCHEMA = f"""
CREATE TABLE alert_register (schema_version INTEGER NOT NULL);
INSERT INTO alert_register VALUES ({SCHEMA_VERSION});
CREATE TABLE updates (unit_column VARCHAR, period DATE, extract_date DATE, PRIMARY KEY (unit_column, period));
CREATE TABLE alerts (alert_id VARCHAR PRIMARY KEY, number INTEGER, unit_column VARCHAR, unit VARCHAR,
    direction VARCHAR, first_period DATE, predecessor VARCHAR, state VARCHAR, owner VARCHAR, due DATE, note VARCHAR);
CREATE TABLE sightings (alert_id VARCHAR, period DATE, standing VARCHAR, unit_state VARCHAR, reason VARCHAR,
    {_FIGURE_COLUMNS}, PRIMARY KEY (alert_id, period));
CREATE TABLE history (number INTEGER PRIMARY KEY, alert_id VARCHAR, day DATE, changed_by VARCHAR, what VARCHAR,
    before VARCHAR, after VARCHAR);
{_VIEW}"""


def register_file(path: str | Path) -> Path:
    """The register itself, from its own path, its folder, or the folder of an extract beside which it is kept."""
    place = Path(path)
    if not place.is_dir():
        return place
    within = place / REGISTER_FOLDER / REGISTER_FILE
    return within if within.exists() else place / REGISTER_FILE


@contextmanager
def opened(path: str | Path, *, writing: bool = False, create: bool = False) -> Iterator[Any]:
    """Open a register; what is written inside the `with` is kept whole when it ends, and not at all where it fails.

    path    : the register, or the folder it lies in (see `register_file`)
    writing : whether others are kept out meanwhile, not only writers
    create  : make a register where there is none

    Raises DataError where it is not there, is no register of this version, or is in use for 10 seconds.
    """
    import duckdb

    file = register_file(path)
    if not file.exists() and not create:
        raise DataError(f"there is no register of alerts at {file}: the first update makes it")
    with _held(file, writing=writing):
        try:
            if not file.exists():
                _create(file)
            with closing(duckdb.connect(str(file), read_only=not writing, config=_SETTINGS)) as connection:
                version = _version(connection, file)
                connection.begin()
                if version < SCHEMA_VERSION:
                    _bring_up_to_date(connection, writing=writing)
                yield connection
                connection.commit()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{file} cannot be used as a register of alerts: {reason}") from error


def frame_of(connection: Any, query: str) -> pd.DataFrame:
    """The result of a query: dates datetime64[us], whole numbers int64, texts str, also where it is empty."""
    frame: pd.DataFrame = connection.execute(query).df()
    dates = {"first_period", "last_period", "due", "day"}
    texts = set(frame.columns) - dates - set(FIGURES) - {"number"}
    kinds = [("datetime64[us]", dates), ("str", texts), ("int64", COUNTS | {"number"})]
    return frame.astype({name: kind for kind, names in kinds for name in names if name in frame.columns})


def register_table(connection: Any) -> pd.DataFrame:
    """The view `register`, sorted by unit."""
    query = "SELECT * FROM register ORDER BY unit_column, unit, direction, first_period, length(alert_id), alert_id"
    return frame_of(connection, query)


def write_rows(connection: Any, table: str, rows: list[list[Any]], *, replace: bool = False) -> None:
    """Add rows to a table, in the place of those with the same key if it is to be."""
    if rows:
        # Column by column: row by row, a thousand of them take a hundred times as long.
        columns = [list(column) for column in zip(*rows, strict=True)]
        insert = (
            f"INSERT {'OR REPLACE' if replace else ''} INTO {table} SELECT {', '.join(['unnest(?)'] * len(columns))}"
        )
        connection.execute(insert, columns)


def note_down(connection: Any, changes: list[list[Any]]) -> None:
    """Add lines to the history: alert_id, day, changed_by, what, before, after."""
    (lines,) = connection.execute("SELECT count(*) FROM history").fetchone()
    write_rows(connection, "history", [[number, *change] for number, change in enumerate(changes, start=lines + 1)])


def checked_day(value: object, name: str) -> datetime.date:
    """A day from a date, or from a text such as '2022-05-01'; SpecError where it is neither."""
    day = value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        day = pd.to_datetime(value, format="%Y-%m-%d", errors="coerce")
    if isinstance(day, datetime.date) and not pd.isna(day):
        return datetime.date(day.year, day.month, day.day)
    raise SpecError(f"{name}: {value!r} is not a day (such as '2022-05-01')")


@contextmanager
def _held(file: Path, *, writing: bool) -> Iterator[None]:
    """Wait until no other run writes (or, for a writer, uses the register at all), and keep them out meanwhile.

    The lock goes with the process, however that ends. A reader makes no file: where none is, nobody has written yet.
    """
    lock_file = file.with_name(f"{file.name}.lock")
    if not writing and not lock_file.exists():
        yield
        return
    try:
        if writing:
            file.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_file.open("a" if writing else "r", encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot lock the register {file}: {error.strerror or error}") from error
    with lock:
        last_try = time.monotonic() + WAIT_SECONDS
        while not _locked(lock.fileno(), fcntl.LOCK_EX if writing else fcntl.LOCK_SH):
            if time.monotonic() > last_try:
                raise DataError(
                    f"{file} is in use by another run (waited {WAIT_SECONDS:.0f} s); try again when it ends"
                )
            time.sleep(0.02)
        yield


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _create(file: Path) -> None:
    """Put an empty register in its place whole, so that a run killed meanwhile leaves none."""
    import duckdb

    partial = file.with_name(f".{file.name}.part")
    for left in (partial, partial.with_name(f"{partial.name}.wal"), file.with_name(f"{file.name}.wal")):
        left.unlink(missing_ok=True)
    with closing(duckdb.connect(str(partial), config=_SETTINGS)) as connection:
        connection.execute(_SCHEMA)
    partial.replace(file)


def _version(connection: Any, file: Path) -> int:
    """The version of a register; DataError where it is none, or one of a later evalkit."""
    import duckdb

    try:
        (version,) = connection.execute("SELECT schema_version FROM alert_register").fetchone()
    except duckdb.CatalogException:
        raise DataError(f"{file} is a DuckDB file, but no register of alerts; give another path") from None
    if version > SCHEMA_VERSION:
        raise DataError(
            f"{file} is a register of version {version}, and this evalkit knows version {SCHEMA_VERSION}: update"
            " evalkit, or give another path"
        )
    return int(version)


def _bring_up_to_date(connection: Any, *, writing: bool) -> None:
    """Give a register of version 1 the figure that it lacks: for good, or for a reader until it has read."""
    if not writing:
        (own,) = connection.execute("SELECT current_database()").fetchone()
        lacking = f'SELECT *, NULL::DOUBLE AS short_share FROM "{own}".main.sightings'
        connection.execute(f"CREATE TEMP VIEW sightings AS {lacking}")
        connection.execute(_VIEW.replace("CREATE VIEW", "CREATE TEMP VIEW"))
        return
    connection.execute("DROP VIEW register")
    connection.execute("ALTER TABLE sightings ADD COLUMN short_share DOUBLE")
    connection.execute(_VIEW)
    connection.execute("UPDATE alert_register SET schema_version = ?", [SCHEMA_VERSION])
