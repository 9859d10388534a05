"""The publication of this process: every table that is made safe is taken into it, and whoever asked for it is told."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from evalkit.present.counts import Countable
from evalkit.present.earlier import NOTHING_BEFORE, Beside
from evalkit.present.exchange import EXCHANGE, Exchange
from evalkit.present.publication import Publication
from evalkit.present.published import Hidden

_running: list[Publication] = []
_exchanges: list[Exchange] = []
_planned: list[tuple[Sequence[Hidden], Beside]] = []
_wider: dict[str, Mapping[str, int]] = {}


def plan_publication(planned: Sequence[Hidden], beside: Beside = NOTHING_BEFORE) -> None:
    """What the next publication has to hide for the sake of others: column -> rows, for each of its tables in order.

    beside : what its report is, and what earlier reports have shown
    """
    _planned[:] = [(planned, beside)]


def place_within(unit: str, wider: Mapping[str, int]) -> None:
    """Say that everybody of a unit belongs to each of these wider ones, as its report finds in the extract.

    unit  : 'team=Alton', say
    wider : 'area=North', say -> the number of teams in it
    """
    _wider.clear()
    _wider[unit] = wider
    for publication in _running:
        publication.beside = _placed(publication.beside)


def _placed(beside: Beside) -> Beside:
    return replace(beside, within=_wider.get(beside.unit, beside.within))


def start_publication(threshold: int = 10, *, planned: Sequence[Hidden] = ()) -> Publication:
    """From here on, every table made safe with this threshold is protected together with those before it.

    One process publishes one report at a time; starting again forgets the tables of the one before.
    """
    exchange = Exchange(Path(os.environ[EXCHANGE])) if EXCHANGE in os.environ else None
    if exchange and not _planned:
        plan_publication(exchange.planned, exchange.beside)
    before, beside = _planned[0] if _planned else ((), NOTHING_BEFORE)
    _running[:] = [Publication(threshold, planned=planned or before, beside=_placed(beside))]
    if exchange:
        exchange.tell(_running[0])
    _exchanges[:] = [exchange] if exchange else []
    return _running[0]


def running_publication() -> Publication | None:
    """The publication that is running, if there is one."""
    return _running[0] if _running else None


def end_publication() -> None:
    """Tables are made safe one by one again."""
    _running.clear()
    _exchanges.clear()


def decide(counts: Countable, threshold: int) -> Hidden:
    """What of a table is hidden: alone, or given all tables of the publication that is running."""
    alone = Publication(threshold, totals_known=True).take_in(counts)
    if _running and _running[0].threshold == threshold:
        hidden = _running[0].take_in(counts, hidden_alone=alone)
        for exchange in _exchanges:
            exchange.tell(_running[0])
        return hidden
    return alone
