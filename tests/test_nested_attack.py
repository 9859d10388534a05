"""Areas and the teams within them attacked: who has seen the reports of both finds no small count through the other."""

import datetime

import numpy as np
import pytest
from attacks import found_out
from test_earlier import YEAR
from test_publication import drawn, shown_cells

from evalkit.present.exchange import beside_of
from evalkit.present.running import end_publication, plan_publication, start_publication
from evalkit.reports.ledger import Entry, Identity, beside, of_a_batch
from evalkit.reports.together import Unit, settled, to_hide, wholes_of

TEAMS = {"team=A": 90, "team=B": 40, "team=D": 60, "team=E": 45}
AREAS = {"area=North": ("team=A", "team=B"), "area=South": ("team=D", "team=E")}
BATCHES = {"areas": AREAS, "teams": TEAMS}
NO_TEAM = ("", "area=North")
"""People of no team: of no area either, or of one."""


@pytest.fixture(autouse=True)
def nothing_published():
    yield
    plan_publication(())
    end_publication()


def within(unit, *, nested=True):
    if not unit:
        return {}
    area = next((area for area, teams in AREAS.items() if unit in teams), None)
    if area is None or not nested:
        return {"": len(AREAS if area is None else TEAMS)}
    return {"": len(TEAMS), area: len(AREAS[area])}


class Evaluation:
    """A small extract, its ledger, and what has been seen."""

    def __init__(self, seed, *, nested=True, without_team=(0, 0)):
        self.people = {team: drawn(100 * seed + place, size + 15 * (seed % 4))
                       for place, (team, size) in enumerate(TEAMS.items())}  # fmt: skip
        self.people |= {f"no team in {place!r}": drawn(9000 + seed, many) for place, many in
                        zip(NO_TEAM, without_team, strict=True)}  # fmt: skip
        self.nested, self.entries, self.seen = nested, [], []

    def parts(self, unit):
        """Which of the people are of a unit."""
        inside = {unit, *AREAS.get(unit, ()), f"no team in {unit!r}"}
        return np.array([unit == "" or name in inside for name in self.people], dtype=float)

    def counts(self, unit):
        return np.array(list(self.people.values())).T @ self.parts(unit)

    def _publish(self, unit, entries, planned=()):
        identity = Identity("trial", unit, YEAR)
        plan_publication(planned, beside_of(beside(identity, entries, within(unit, nested=self.nested))))
        publication = start_publication(10)
        return shown_cells(self.counts(unit).astype(int)), publication

    def _enter(self, unit, shown, publication):
        made = datetime.date(2020, 1, 1)
        identity, inside = Identity("trial", unit, YEAR), within(unit, nested=self.nested)
        self.entries = [entry for entry in self.entries if entry.identity != identity]
        self.entries.append(Entry(identity, unit, made, publication.released, inside))
        self.seen = [line for line in self.seen if line[0] != unit] + [(unit, shown)]

    def report(self, unit=""):
        shown, publication = self._publish(unit, self.entries)
        if planned := publication.put_right:
            shown, publication = self._publish(unit, self.entries, planned)
        assert publication.put_right is None
        self._enter(unit, shown, publication)

    def batch(self, units):
        """One report for each unit, as a batch makes them."""
        inside = {unit: within(unit, nested=self.nested) for unit in units}
        told = {unit: of_a_batch(Identity("trial", unit, YEAR), self.entries, inside[unit]) for unit in units}
        made = {unit: self._publish(unit, told[unit]) for unit in units}
        wholes = wholes_of(inside, Identity("trial", "", YEAR), self.entries)
        for unit, planned in settled(_units(made), wholes).items():
            made[unit] = self._publish(unit, told[unit], planned)
        assert to_hide(_units(made), wholes) == {}
        for unit, one in made.items():
            self._enter(unit, *one)

    def exposed(self):
        """Hidden counts of somebody that can be worked out from several reports, though not from one by itself."""
        alone = [unit_and_count for line in self.seen for unit_and_count in self._found_out([line])]
        return {found: ends for found, ends in self._found_out(self.seen).items() if found not in alone}

    def _found_out(self, seen):
        """Hidden counts with fewer than five possible values: (unit, count) -> their range."""
        truth = np.concatenate(list(self.people.values()))
        known = [(np.ones(len(truth)), 1, 10 * truth.sum())]
        hidden = {}
        for unit, cells in seen:
            for vector, shown in cells:
                row = np.kron(self.parts(unit), vector)
                if shown == "[c]":
                    known.append((row, min(1, row @ truth), np.inf))
                    hidden.setdefault(tuple(row), unit)
                else:
                    known.append((row, shown, shown))
        wanted = {vector for vector in hidden if np.array(vector) @ truth > 0}
        return {(hidden[vector], count): ends for vector, count, ends in found_out(wanted, known, truth)}


def _units(made):
    return {unit: Unit.of(publication) for unit, (_, publication) in made.items()}


def attacked(seed, *steps, nested=True, without_team=(0, 0)):
    """What can be worked out after some steps: 'areas' and 'teams', one batch each; else the report on one unit."""
    evaluation = Evaluation(seed, nested=nested, without_team=without_team)
    for step in steps:
        if step in BATCHES:
            evaluation.batch(BATCHES[step])
        else:
            evaluation.report(step)
    return evaluation


AREAS_FIRST, TEAMS_FIRST = ("areas", "teams"), ("teams", "areas")
ORDERS = [
    AREAS_FIRST,
    TEAMS_FIRST,
    ("", *AREAS_FIRST),
    (*TEAMS_FIRST, ""),
    ("team=A", "area=North", "team=D", "team=B", "area=South", "team=E"),
]


@pytest.mark.parametrize(("seed", "order"), [(1, AREAS_FIRST), (0, TEAMS_FIRST)])
def test_areas_and_the_teams_within_them_give_nothing_of_each_other_away(seed, order):
    assert attacked(seed, *order).exposed() == {}


def test_areas_and_teams_that_are_not_known_to_be_nested_can_be_subtracted():
    found = [attacked(seed, *AREAS_FIRST, nested=False).exposed() for seed in (1, 5)]
    assert sum(map(bool, found)) == 2


@pytest.mark.full
@pytest.mark.parametrize("without_team", [(0, 0), (3, 4), (20, 15)])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", range(8))
def test_no_count_is_given_away_in_any_order(seed, order, without_team):
    assert attacked(seed, *order, without_team=without_team).exposed() == {}
