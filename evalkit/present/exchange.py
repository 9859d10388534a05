"""How the process that runs a notebook and the one that started it talk of what is published: through a private folder.

The one that starts it says what the report is, what has been shown earlier and what is to be hidden for the sake of
others; the notebook's process says what its tables show.
"""

from __future__ import annotations

import datetime
import json
import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.present.earlier import NOTHING_BEFORE, Beside, Release, Window, shown_of

if TYPE_CHECKING:
    from evalkit.present.publication import Publication

EXCHANGE = "EVALKIT_PUBLICATION"
"""Environment variable with the folder."""

BESIDE = ("unit", "windows", "releases", "within")
ASKED, RELEASED, WITHIN, WHOLE = "asked.json", "released.json", "within.json", "published.pickle"
AGAIN = "again.json"


def beside_of(asked: Mapping[str, Any]) -> Beside:
    """A report among earlier releases, from what `reports.ledger.beside` says of them in plain values."""
    if not asked:
        return NOTHING_BEFORE
    releases = [
        Release(line["unit"], _windows(line["windows"]), shown_of(line["tables"]), line["title"], line["within"])
        for line in asked["releases"]
    ]
    return Beside(asked["unit"], _windows(asked["windows"]), releases, asked["within"])


def _windows(texts: Sequence[Sequence[str]]) -> tuple[Window, ...]:
    day = datetime.date.fromisoformat
    return tuple((day(first), day(last)) for first, last in texts)


class Exchange:
    """One report's folder, which only this user can enter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = folder / ASKED
        self._asked: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    @property
    def planned(self) -> Sequence[dict[str, list[bool]]]:
        """What each table has to hide for the sake of others."""
        return list(self._asked.get("planned", ()))

    @property
    def beside(self) -> Beside:
        """What the report is, and what was released earlier."""
        return beside_of({name: self._asked[name] for name in BESIDE if name in self._asked})

    def tell(self, publication: Publication) -> None:
        """Say what has been published so far; hidden counts as well, where a batch wants to protect all of it."""
        if self._asked.get("whole"):
            (self._folder / WHOLE).write_bytes(pickle.dumps(publication))
        (self._folder / RELEASED).write_text(json.dumps(publication.released), encoding="utf-8")
        (self._folder / WITHIN).write_text(json.dumps(publication.beside.within), encoding="utf-8")
        if (planned := publication.put_right) is not None:
            (self._folder / AGAIN).write_text(json.dumps(planned), encoding="utf-8")


def tell_again(publication: Publication) -> None:
    """Say what has been published so far, if this process was started by one that wants to know."""
    if EXCHANGE in os.environ:
        Exchange(Path(os.environ[EXCHANGE])).tell(publication)
