"""Tables of one report are protected together: an attacker who knows how they hang together finds no small count."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from evalkit.present.disclosure import make_flow_safe, make_safe
from evalkit.present.running import end_publication, start_publication

FLAGS = ("took_up", "female", "scored", "reconvicted", "custodial")
KINDS = [
    dict(zip(FLAGS, values, strict=True))
    for values in product([True, False], repeat=len(FLAGS))
    if not (values[4] and not values[3])
]
"""Every kind of person there is; the custodial are among the reconvicted."""

CHANCES = {"took_up": 0.3, "female": 0.12, "scored": 0.93, "reconvicted": 0.25, "custodial": 0.4}


@pytest.fixture
def publication():
    yield lambda: start_publication(10)
    end_publication()


def drawn(seed, people):
    """How many people there are of each kind."""
    chances = np.array(
        [np.prod([CHANCES[flag] if kind[flag] else 1 - CHANCES[flag] for flag in FLAGS]) for kind in KINDS]
    )
    return np.random.default_rng(seed).multinomial(people, chances / chances.sum())


def those(**wanted):
    """Which kinds are counted, as a vector over KINDS."""
    return np.array([all(kind[flag] is value for flag, value in wanted.items()) for kind in KINDS], dtype=float)


GROUPS = [("everyone", {}), ("took_up", {"took_up": True}), ("not", {"took_up": False})]


def shown_cells(kinds):
    """Five tables of one report; returns (what is counted, what is shown) for every count, and the known total."""
    cells = []

    def read(safe, defined):
        for column, vectors in defined.items():
            cells.extend(zip(vectors, safe[column].tolist(), strict=True))

    def frame(rows, defined):
        counts = {column: [int(vector @ kinds) for vector in vectors] for column, vectors in defined.items()}
        return pd.DataFrame({**rows, **counts})

    sides = {"name": ["took_up", "took_up"], "complement": [False, True], "within": ["", ""]}
    both = [{"took_up": True}, {"took_up": False}]
    compared = {"people": [those(scored=True, **side) for side in both],
                "actual": [those(scored=True, reconvicted=True, **side) for side in both]}  # fmt: skip
    read(make_safe(frame(sides, compared), counts={"people": None, "actual": "people"}, within="within"), compared)
    unscored = {"people": [those(**side) for side in both], "unscored": [those(scored=False, **side) for side in both],
                "reconvicted": [those(scored=False, reconvicted=True, **side) for side in both]}  # fmt: skip
    read(
        make_safe(
            frame(sides, unscored),
            counts={"people": None, "unscored": "people", "reconvicted": "unscored"},
            within="within",
        ),
        unscored,
    )
    measures = {"people": compared["people"], "reconvicted": compared["actual"],
                "custodial": [those(scored=True, custodial=True, **side) for side in both]}  # fmt: skip
    bases = {"people": None, "reconvicted": "people", "custodial": "people"}
    read(make_safe(frame(sides, measures), counts=bases, within="within"), measures)
    sexes = [{"female": True}, {"female": False}]
    by_sex = {"people": [those(scored=True, **sex) for sex in sexes],
              "actual": [those(scored=True, reconvicted=True, **sex) for sex in sexes]}  # fmt: skip
    read(make_safe(frame({"sex": ["female", "male"]}, by_sex), counts={"people": None, "actual": "people"}), by_sex)
    all_people, scored = those(), those(scored=True)
    steps = {"excluded": [0 * all_people, those(scored=False)], "remaining": [all_people, scored]}
    flow = frame({"step": ["in the extract", "with a score"], "reason": ["", "no score"]}, steps)
    read(make_flow_safe(flow), {"excluded": steps["excluded"][1:], "remaining": steps["remaining"][1:]} and steps)
    return cells


def feasible_range(vector, cells, kinds):
    """Fewest and most of a count, for somebody who knows how every number shown is made up of kinds of people."""
    rows, low, high = [those()], [1], [10 * kinds.sum()]
    for other, shown in cells:
        rows.append(other)
        low.append(min(1, other @ kinds) if shown == "[c]" else shown)
        high.append(np.inf if shown == "[c]" else shown)
    found = [
        milp(sign * vector, integrality=np.ones(len(KINDS)), bounds=Bounds(0, np.inf),
             constraints=LinearConstraint(np.array(rows), low, high)) for sign in (1, -1)
    ]  # fmt: skip
    return round(found[0].fun), round(-found[1].fun)


def exposed(cells, kinds):
    """Hidden counts of somebody of which fewer than five values are possible (a zero points at nobody)."""
    ranges = {}
    for vector, shown in cells:
        if shown == "[c]" and vector @ kinds > 0:
            ranges[tuple(vector)] = feasible_range(vector, cells, kinds)
    return {int(np.array(vector) @ kinds): both for vector, both in ranges.items() if both[1] - both[0] < 4}


def population(seed):
    return drawn(seed, 60 + 40 * (seed % 6))


@pytest.mark.parametrize("seed", range(12))
def test_nothing_hidden_in_one_table_is_found_through_another(publication, seed):
    publication()
    kinds = population(seed)
    assert exposed(shown_cells(kinds), kinds) == {}


def test_the_same_tables_made_safe_one_by_one_give_small_counts_away():
    found = [exposed(shown_cells(kinds), kinds) for kinds in map(population, range(12))]
    assert sum(map(bool, found)) >= 3
