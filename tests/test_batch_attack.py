"""A whole batch attacked: who has seen every unit's report, everyone's and an earlier one finds no small count."""

import numpy as np
import pytest
from attacks import found_out
from test_earlier import LONGER, YEAR
from test_publication import KINDS, drawn, shown_cells

from evalkit.present.earlier import Beside, Release, shown_of
from evalkit.present.running import end_publication, plan_publication, start_publication
from evalkit.reports.together import Unit, Whole, settled, to_hide

SIZES = (60, 100, 140)
NAMES = ("North", "South", "West")


@pytest.fixture(autouse=True)
def nothing_published():
    yield
    plan_publication(())
    end_publication()


def published(people, beside, planned=()):
    """What a report shows, and its publication."""
    plan_publication(planned, beside)
    publication = start_publication(10)
    return shown_cells(people), publication


def released(unit, windows, publication):
    return Release(unit, windows, shown_of(publication.released), f"{unit} {windows}")


def batch(areas, windows=YEAR, releases=(), *, together=True):
    """What the reports on all areas show, and their releases; releases: everyone's, and earlier ones."""
    names = [f"area={name}" for name in NAMES[: len(areas)]]
    besides = {name: Beside(name, windows, [one for one in releases if one.unit in ("", name)]) for name in names}
    made = {name: published(people, besides[name]) for name, people in zip(names, areas, strict=True)}
    everyone = next((one.shown for one in releases if (one.unit, one.windows) == ("", windows)), None)
    units = {name: Unit.of(publication) for name, (_, publication) in made.items()}
    planned = settled(units, [Whole(everyone)]) if together else {}
    for name, people in zip(names, areas, strict=True):
        if name in planned:
            made[name] = published(people, besides[name], planned[name])
    left = to_hide({name: Unit.of(publication) for name, (_, publication) in made.items()}, [Whole(everyone)])
    assert left == {} or not together
    return [shown for shown, _ in made.values()], [released(name, windows, one) for name, (_, one) in made.items()]


def exposed(people, seen):
    """Counts that can be worked out: hidden somewhere, of somebody, and with fewer than five possible values.

    people : people of each kind, one row per part of the population; seen: (which parts, what was shown of them)
    """
    truth = np.concatenate(people)
    known = [(np.ones(len(truth)), 1, 10 * truth.sum())]
    hidden = set()
    for parts, cells in seen:
        for vector, shown in cells:
            row = np.concatenate([vector * part for part in parts])
            if shown == "[c]":
                known.append((row, min(1, row @ truth), np.inf))
                hidden.add(tuple(row))
            else:
                known.append((row, shown, shown))
    wanted = {vector for vector in hidden if np.array(vector) @ truth > 0}
    return {(vector.index(1.0) // len(KINDS), count): ends for vector, count, ends in found_out(wanted, known, truth)}


def population(seed):
    return [drawn(100 * seed + number, size + 20 * (seed % 3)) for number, size in enumerate(SIZES)]


def attacked(seed, *, together):
    """Everyone's report, then one of each area."""
    areas = population(seed)
    whole, publication = published(sum(areas), Beside("", YEAR))
    shown, _ = batch(areas, releases=[released("", YEAR, publication)], together=together)
    each = [tuple(int(one == number) for one in range(len(areas))) for number in range(len(areas))]
    return exposed(areas, [((1,) * len(areas), whole), *zip(each, shown, strict=True)])


def attacked_after_a_year(seed, *, together):
    """The same of a year, and then of a longer period: everyone's report and one of each area, twice."""
    first = population(seed)[:2]
    later = [drawn(7000 + 10 * seed + number, 15 + 10 * number) for number in range(2)]
    both = [one + other for one, other in zip(first, later, strict=True)]
    seen, ledger = [], []
    each = [np.array([1, 0]), np.array([0, 1])]
    for windows, areas, parts in ((YEAR, first, [1, 0]), (LONGER, both, [1, 1])):
        known = ledger if together else []
        whole, publication = published(sum(areas), Beside("", windows, known))
        everyone = released("", windows, publication)
        shown, units = batch(areas, windows, [*known, everyone], together=together)
        ledger += [everyone, *units]
        seen += [
            (np.kron(parts, one), cells) for one, cells in zip([np.array([1, 1]), *each], [whole, *shown], strict=True)
        ]
    return exposed([*first, *later], seen)


@pytest.mark.parametrize("seed", [3])
def test_nothing_hidden_in_a_batch_is_found_through_the_other_units_and_everyone(seed):
    assert attacked(seed, together=True) == {}


def test_units_protected_one_by_one_give_each_other_away():
    found = [attacked(seed, together=False) for seed in (3,)]
    assert all(found)


@pytest.mark.full
def test_nothing_is_found_when_an_earlier_batch_is_known_as_well():
    assert attacked_after_a_year(5, together=True) == {}


def test_a_batch_and_the_one_before_it_give_each_other_away_without_a_ledger():
    assert len(attacked_after_a_year(5, together=False)) >= 2
