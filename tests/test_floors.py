"""The fewest that a hidden count can be: a few people left for several units are too few if most of them are taken."""

import pandas as pd
import pytest
from test_earlier import YEAR

from evalkit.present.disclosure import make_safe
from evalkit.present.earlier import Beside, Release
from evalkit.present.floors import Floors
from evalkit.present.published import Published
from evalkit.present.running import end_publication, plan_publication, start_publication
from evalkit.reports.together import Unit, to_hide

ROWS = ("all", "rest")


@pytest.fixture(autouse=True)
def nothing_published():
    yield
    plan_publication(())
    end_publication()


def test_a_whole_is_no_less_than_its_parts_nor_than_theirs():
    floors = Floors()
    assert floors.take_in([((0, 1), 2), ((2, 3), 4), ((5,), 4)]) == {2, 4, 5}
    counts = {0: 12, 3: 5}

    def fewest(cell):
        return floors.fewest(cell, counts.get, lambda one: int(one == 1))

    assert fewest(2) == 13  # 12, and one at least
    assert fewest(4) == 18
    assert fewest(3) == fewest(5) == 5  # what equals 4 is followed two sums, no further


def release(unit, **tables):
    """What a unit shows of the first row; of the second, much; a missing count is hidden."""
    shown = {}
    for name, columns in tables.items():
        first = {("all", 0, column): count for column, count in columns.items()}
        rest = {("rest", 0, column): 200 if count else None for column, count in columns.items()}
        shown[name.replace("_and_", " | ") + " 1"] = {**first, **rest}
    return Release(unit, YEAR, shown, unit, {"": 2})


def shown_of_everyone(tables, *releases, planned=()):
    plan_publication(planned, Beside("", YEAR, releases))
    publication = start_publication(10)
    safe = [make_safe(pd.DataFrame({"name": ROWS, **table}), counts=counts) for table, counts in tables]
    return [table.iloc[0, 1:].tolist() for table in safe], publication


@pytest.mark.parametrize(("people", "planned"), [(55, True), (56, False)])
def test_what_a_later_table_says_of_the_fewest_is_put_right_in_an_earlier_one(people, planned):
    tables = [({"people": [people, 500]}, ["people"]), ({"seen": [50, 460], "unseen": [people - 50, 40]},
                                                        ["seen", "unseen"])]  # fmt: skip
    units = [release(unit, people={"people": None}, seen_and_unseen={"seen": count, "unseen": None})
             for unit, count in (("area=B", 20), ("area=D", 30))]  # fmt: skip
    found, publication = shown_of_everyone(tables, *units)
    assert found == [[people], [50, "[c]"]]  # 21 and 31 at least: three are left of 55, four of 56
    assert (publication.put_right is not None) is planned
    again, publication = shown_of_everyone(tables, *units, planned=publication.put_right or ())
    assert again == [["[c]" if planned else people], [50, "[c]"]]
    assert publication.put_right is None


def test_units_whose_hidden_counts_are_nearly_known_do_not_protect_each_other():
    def unit(count, hidden, least=None):
        known = {("people", 0): least} if least else {}
        return Unit([Published("people 1", ("women",), {"people": (count,)}, {"people": [hidden]}, least=known)])

    units = {"A": unit(13, True), "B": unit(17, True), "C": unit(40, False)}
    assert to_hide(units) == {}
    units |= {"A": unit(13, True, least=11), "B": unit(17, True, least=15)}
    assert to_hide(units) == {}  # four more than the fewest: five values
    units["A"] = unit(13, True, least=12)
    assert list(to_hide(units)) == ["C"]


def test_a_publication_says_how_few_each_hidden_count_can_be():
    table = {"people": [13, 500], "actual": [12, 200]}
    _, publication = shown_of_everyone([(table, {"people": None, "actual": "people"})])
    (published,) = publication.published
    assert published.hidden == {"people": [False, False], "actual": [True, True]}
    assert published.least == {("actual", 0): 1, ("actual", 1): 1}
    tables = [({"people": [13, 500]}, ["people"]), ({"seen": [12, 460], "unseen": [1, 40]}, ["seen", "unseen"])]
    _, publication = shown_of_everyone(tables, planned=[{"people": [True, True]}])
    assert publication.published[0].hidden == {"people": [True, True]}
    assert publication.published[0].least[("people", 0)] == 13  # 12 that are shown, and one at least
