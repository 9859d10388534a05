"""Checked tables kept beside their files, and handed out again for as long as nothing that made them has changed.

Only large extracts are kept. What is kept holds pseudonyms and, as the rejected rows do, values of the source: it lies
in the data folder, readable by its owner alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd

from evalkit.intake.engine import connect, identifier, lazy, literal, to_pandas
from evalkit.intake.files import fingerprint

KEPT_FOLDER = ".evalkit-checked"

WORTH_KEEPING = 100_000
"""Rows from which an extract is kept: fewer are read and checked in a moment."""

_MADE_WITH = ("evalkit", "duckdb", "pyarrow", "pandas", "python-calamine")
_FRAME = "kept:frame"


@dataclass(frozen=True)
class Checked:
    """What reading and checking an extract gives: an `Extract` without its settings."""

    tables: Mapping[str, nw.LazyFrame[Any]]
    rejected: pd.DataFrame
    summary: pd.DataFrame
    provenance: Mapping[str, Any]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Kept:
    """The place of one extract.

    folder   : of the data
    identity : what decides what the extract comes to, beside the code and the libraries that read it; "tables" has the
               names of its tables (one extract is kept for each choice of tables)
    """

    folder: Path
    identity: Mapping[str, Any]

    def read(self) -> Checked | None:
        """What is kept, or None where there is nothing, something else, or something damaged."""
        label = self._label()
        if not self._is_whole(label):
            return None
        connection = connect()
        connection.execute(f"ATTACH {literal(str(self._path('.duckdb')))} AS kept (READ_ONLY)")
        if not self._is_whole(label):  # another run has put something else in its place meanwhile
            return None
        return Checked(
            tables={name: lazy(connection, _kept(name)) for name in label["tables"]},
            rejected=to_pandas(lazy(connection, _kept(":rejected"))),
            summary=to_pandas(lazy(connection, _kept(":summary"))),
            provenance=label["provenance"],
            notes=tuple(label["notes"]),
        )

    def keep(self, checked: Checked, connection: Any) -> None:
        """Keep an extract in the place of what was kept for the same tables, if it is large.

        connection : the engine that holds its tables

        In a folder that cannot be written to nothing is kept, and the next run reads the files again.
        """
        import duckdb

        if checked.summary["read"].sum() < WORTH_KEEPING:
            return
        partial = self._path(f".{os.getpid()}.part")
        try:
            partial.parent.mkdir(mode=0o700, exist_ok=True)
            _write(checked, connection, partial)
            label = {
                "made_from": self._made_from,
                "sha256": fingerprint(partial).sha256,
                "tables": list(checked.tables),
                "provenance": checked.provenance,
                "notes": checked.notes,
            }
            partial.replace(self._path(".duckdb"))
            partial.write_text(json.dumps(label), encoding="utf-8")
            partial.replace(self._path(".json"))
        except (OSError, duckdb.Error):
            if partial.is_file():
                partial.unlink()

    def _label(self) -> dict[str, Any]:
        """What is said of the kept tables; nothing, where there is none or it cannot be read."""
        try:
            return dict(json.loads(self._path(".json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def _is_whole(self, label: Mapping[str, Any]) -> bool:
        if label.get("made_from") != self._made_from or not self._path(".duckdb").is_file():
            return False
        return bool(label.get("sha256") == fingerprint(self._path(".duckdb")).sha256)

    def _path(self, suffix: str) -> Path:
        tables = ",".join(self.identity["tables"])
        return self.folder / KEPT_FOLDER / f"{hashlib.sha256(tables.encode()).hexdigest()[:12]}{suffix}"

    @property
    def _made_from(self) -> str:
        versions = {name: version(name) for name in _MADE_WITH}
        return json.dumps([self.identity, versions, _own_code()], sort_keys=True)


def _write(checked: Checked, connection: Any, path: Path) -> None:
    connection.execute(f"ATTACH {literal(str(path))} AS kept")
    try:
        for name in checked.tables:
            connection.execute(f"CREATE TABLE {_kept(name)} AS FROM {identifier(name)}")
        for name in ("rejected", "summary"):
            connection.register(_FRAME, getattr(checked, name))
            connection.execute(f"CREATE TABLE {_kept(f':{name}')} AS FROM {identifier(_FRAME)}")
            connection.unregister(_FRAME)
    finally:
        connection.execute("DETACH kept")


def _kept(table: str) -> str:
    return f"kept.main.{identifier(table)}"


@cache
def _own_code() -> str:
    """Checksum of the code that reads and checks: a change in it has every extract read again."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
