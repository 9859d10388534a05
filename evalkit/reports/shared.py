"""The extract of a batch, loaded once: notebooks call `evalkit.load` as ever and are handed what is there already.

What a report made use of is noted, because it decides when the report has to be made again.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import evalkit
import evalkit.intake.extract
from evalkit.intake import Extract
from evalkit.reports.part import TablesOfAll, Units

SHOWS_ALL = frozenset({"rejected", "summary", "notes", "provenance"})
"""What an extract holds beside its tables: numbers of everyone."""


@dataclass
class Used:
    """What a report made use of: the rows of everyone, and files beside the extract."""

    all_rows: bool = False
    files: set[str] = field(default_factory=set)

    def checksums(self, base: Path) -> dict[str, str]:
        """Path from `base` -> SHA-256 of each file read."""
        own = sorted(path for path in self.files if _is_input(path))
        return {os.path.relpath(path, base): hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in own}


class SharedExtract(Extract):
    """The whole extract of a batch; notes where a report looks at more of it than the rows of its own unit."""

    def __getattribute__(self, name: str) -> Any:
        if name in SHOWS_ALL:
            object.__getattribute__(self, "_used").all_rows = True
        return object.__getattribute__(self, name)


class WatchedTables(TablesOfAll):
    """The tables of that extract."""

    def __init__(self, units: Units, used: Used) -> None:
        super().__init__(units)
        self._used = used

    def __getitem__(self, name: str) -> Any:
        self._used.all_rows = True
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        self._used.all_rows = True
        return super().__iter__()


def share(units: Units, data: Path, tables: Sequence[str] | None) -> Used:
    """Let `evalkit.load` hand out this extract in this process; return what fills with what is made use of.

    data   : where the extract lies
    tables : the tables that were loaded; None: all
    """
    used = Used()
    real = evalkit.intake.extract.load
    held = _extract(units, used)

    def load(path: str | Path, *, tables: Sequence[str] | None = None) -> Extract:
        if Path(path).resolve() == data and _names(tables) == wanted:
            return held
        used.all_rows = True
        return real(path, tables=tables)

    wanted = _names(tables)
    for module in (evalkit, evalkit.intake, evalkit.intake.extract):
        module.load = load  # type: ignore[attr-defined]
    _watch_files(used)
    return used


def _names(tables: Sequence[str] | None) -> frozenset[str] | None:
    return None if tables is None else frozenset(tables)


def _extract(units: Units, used: Used) -> SharedExtract:
    values = {item.name: getattr(units.whole, item.name) for item in fields(units.whole)}
    extract = SharedExtract(**{**values, "tables": WatchedTables(units, used)})
    object.__setattr__(extract, "_used", used)
    return extract


def _watch_files(used: Used) -> None:
    """Note every file that Python opens from now on (an engine that opens files by itself is not seen)."""

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            used.files.add(str(Path(arguments[0]).absolute()))

    sys.addaudithook(note)


def _is_input(path: str) -> bool:
    """Whether a file that was opened is one the report was made from: no library's, no setting or cache, no device."""
    home = Path.home()
    settings = (home / name for name in (".cache", ".config", ".ipython", ".jupyter", ".local", ".matplotlib"))
    own = (sys.prefix, sys.base_prefix, Path(evalkit.__file__).parent, os.environ["IPYTHONDIR"], *settings)
    system = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib")
    foreign = path.startswith(tuple(f"{place}/" for place in (*own, *system)))
    return not foreign and "/site-packages/" not in path and Path(path).is_file()
