"""A report that is made beside what was released earlier, and entered in the ledger when it is written."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evalkit.reports.ledger import Entry, Identity, adding_to, beside, read_ledger

EXCHANGE, ASKED, RELEASED = "EVALKIT_PUBLICATION", "asked.json", "released.json"
WITHIN, WHOLE, AGAIN = "within.json", "published.pickle", "again.json"
"""As in `present.exchange`, which is not imported here, because the kernel has to be started first."""


@dataclass(frozen=True)
class Told:
    """The folder through which the process of a notebook is told what was released, and tells what it shows itself."""

    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables for that process."""
        return {EXCHANGE: str(self.folder)}

    @property
    def released(self) -> list[dict[str, Any]]:
        """The tables as they are shown; none where nothing was published."""
        path = self.folder / RELEASED
        return list(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []

    @property
    def within(self) -> dict[str, int]:
        """The wider units in which everybody is whom they count, with how many units of that kind lie in each."""
        path = self.folder / WITHIN
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    def ask_again(self) -> bool:
        """Whether the report has to be made again, because a later table hides what an earlier one shows.

        The process that does so is then told what to hide from the first table on.
        """
        path = self.folder / AGAIN
        if not path.is_file():
            return False
        asked = json.loads((self.folder / ASKED).read_text(encoding="utf-8"))
        asked["planned"] = json.loads(path.read_text(encoding="utf-8"))
        (self.folder / ASKED).write_text(json.dumps(asked), encoding="utf-8")
        path.unlink()
        return True

    @property
    def published(self) -> Any:
        """The Publication itself, with hidden counts, where it was asked for; None where nothing was published."""
        path = self.folder / WHOLE
        return pickle.loads(path.read_bytes()) if path.is_file() else None


@contextmanager
def told(asked: Mapping[str, Any]) -> Iterator[Told]:
    """While this lasts, a process can be told something, and its answer read."""
    with TemporaryDirectory(prefix="evalkit-") as private:
        folder = Path(private)
        (folder / ASKED).write_text(json.dumps(asked), encoding="utf-8")
        yield Told(folder)


@dataclass(frozen=True)
class Releases:
    """The ledger as one report finds it, and what the report says of itself; without a folder it is not entered."""

    out: Path
    identity: Identity | None = None
    entries: Sequence[Entry] = ()
    exchange: Told | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables for the process of the notebook."""
        return self.exchange.environment if self.exchange else {}

    def ask_again(self) -> bool:
        """Whether the notebook has to be run again beside these releases, as `Told.ask_again`."""
        return self.exchange is not None and self.exchange.ask_again()

    def enter(self, report: str) -> None:
        """Enter what the report shows, before it takes its place: what is not in the ledger is not released.

        Raises ReportError where another run has released something of the same evaluation meanwhile.
        """
        if self.exchange and self.identity and (tables := self.exchange.released):
            with adding_to(self.out, self.entries, self.identity.evaluation) as ledger:
                ledger.add(self.identity, report, tables, within=self.exchange.within)


@contextmanager
def among_releases(out: Path, identity: Identity | None) -> Iterator[Releases]:
    """While this lasts, a report can be told what was released, and is entered itself; None: it has no such place."""
    if identity is None:
        yield Releases(out)
        return
    entries = read_ledger(out, identity.evaluation)
    with told(beside(identity, entries)) as exchange:
        yield Releases(out, identity, entries, exchange)
