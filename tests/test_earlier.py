"""Reports whose periods overlap, and reports on everyone and on a part: no difference of the two gives anybody away."""

import datetime

import numpy as np
import pandas as pd
import pytest
from attacks import found_out
from test_publication import KINDS, drawn, shown_cells

from evalkit.present.disclosure import make_safe
from evalkit.present.earlier import Beside, Release, shown_of
from evalkit.present.publication import end_publication, plan_publication, start_publication


def day(year, month, date=1):
    return datetime.date(year, month, date)


YEAR = ((day(2018, 4), day(2019, 3, 31)),)
LONGER = ((day(2018, 4), day(2019, 6, 30)),)
SHIFTED = ((day(2018, 7), day(2019, 6, 30)),)
QUARTER = ((day(2018, 4), day(2018, 6, 30)),)
NINE_MONTHS = ((day(2018, 7), day(2019, 3, 31)),)


@pytest.fixture(autouse=True)
def nothing_published():
    yield
    plan_publication(())
    end_publication()


def published(shows, *, unit="", windows=YEAR, releases=()):
    """What a report shows beside earlier releases, and its own release."""
    plan_publication((), Beside(unit, windows, releases))
    publication = start_publication(10)
    found = shows()
    return found, Release(unit, windows, shown_of(publication.released), f"{unit} {windows}"), publication


def exposed(first, second, both):
    """Counts that somebody can work out who has seen a report on one part, and one on both parts together.

    first, second : people of each kind in the one part, and in the other; both: what the two reports show
    """
    truth, nobody = np.concatenate([first, second]), np.zeros(len(KINDS))
    earlier = [(np.concatenate([vector, nobody]), shown) for vector, shown in both[0]]
    new = [(np.concatenate([vector, vector]), shown) for vector, shown in both[1]]
    known = [(np.ones(len(truth)), 1, 10 * truth.sum())]
    for vector, shown in (*earlier, *new):
        hidden = shown == "[c]"
        known.append((vector, min(1, vector @ truth), np.inf) if hidden else (vector, shown, shown))
    wanted = {tuple(vector) for vector, shown in (*earlier, *new) if shown == "[c]"}
    rest = {tuple(np.concatenate([nobody, vector])) for vector, _ in both[1]}
    wanted |= {vector for vector in rest if 0 < np.array(vector) @ truth < 10}
    wanted = {vector for vector in wanted if np.array(vector) @ truth > 0}
    return {count: ends for _, count, ends in found_out(wanted, known, truth)}


def parts(seed):
    """A small part and a large one, or two alike."""
    few = 12 + 9 * (seed % 5)
    return drawn(seed, 60 + 40 * (seed % 4)), drawn(1000 + seed, few)


@pytest.mark.parametrize("seed", range(5))
def test_a_longer_period_gives_nothing_of_the_shorter_one_or_of_the_time_between_away(seed):
    first, second = parts(seed)
    earlier, release, _ = published(lambda: shown_cells(first))
    new, _, _ = published(lambda: shown_cells(first + second), windows=LONGER, releases=[release])
    assert exposed(first, second, (earlier, new)) == {}


def test_without_a_ledger_the_two_can_be_subtracted():
    found = []
    for seed in range(1, 4):
        first, second = parts(seed)
        earlier, _, _ = published(lambda people=first: shown_cells(people))
        new, _, _ = published(lambda people=first + second: shown_cells(people), windows=LONGER)
        found.append(exposed(first, second, (earlier, new)))
    assert sum(map(bool, found)) == 3


@pytest.mark.parametrize("seed", range(1, 4))
def test_an_area_after_everyone_gives_nothing_of_the_others_away(seed):
    first, second = parts(seed)
    everyone, release, _ = published(lambda: shown_cells(first + second))
    area, _, _ = published(lambda: shown_cells(first), unit="area=North", releases=[release])
    assert exposed(first, second, (area, everyone)) == {}


def people(*counts, rows=("women", "men")):
    """Shows a table of so many people."""
    table = pd.DataFrame({"sex": list(rows), "people": counts})
    return lambda: make_safe(table, counts=["people"])["people"].tolist()


def seen(*counts, unit="", windows=YEAR, title="earlier", rows=("women", "men")):
    shown = {"people 1": {(row, 0, "people"): count for row, count in zip(rows, counts, strict=True)}}
    return Release(unit, windows, shown, title)


def shows(*counts, releases, unit="", windows=LONGER):
    return published(people(*counts), unit=unit, windows=windows, releases=releases)[0]


def test_a_difference_of_one_to_nine_hides_the_new_count_and_ten_or_none_does_not():
    assert shows(40, 80, releases=[seen(30, 70)]) == [40, 80]
    assert shows(39, 80, releases=[seen(30, 70)]) == ["[c]", 80]  # no report shows how many they are together
    assert shows(31, 80, releases=[seen(30, 70)]) == ["[c]", 80]
    assert shows(30, 80, releases=[seen(30, 70)]) == [30, 80]
    assert shows(30, 70, releases=[seen(30, 70)]) == [30, 70]


def test_what_was_hidden_is_not_shown_by_the_next_report():
    assert shows(40, 80, releases=[seen(None, None)]) == [40, 80]
    # Nobody was added to a table that hid both: shown now, the counts would be those hidden then.
    total = {("all", 0, "people"): 110}
    before = Release("", YEAR, {"people 1": seen(None, None).shown["people 1"] | total}, "earlier")
    table = pd.DataFrame({"name": ["all", "women"], "complement": [False] * 2, "within": ["", "all"],
                          "people": [110, 40]})  # fmt: skip
    found, _, _ = published(
        lambda: make_safe(table, counts=["people"], within="within")["people"].tolist(), windows=LONGER,
        releases=[Release("", YEAR, {"people 1": {("all", 0, "people"): 110, ("women", 0, "people"): None}})],
    )  # fmt: skip
    assert before.shown["people 1"]["all", 0, "people"] == 110
    assert found == [110, "[c]"]


def test_a_report_made_again_is_a_revision_and_one_of_another_time_or_unit_is_no_matter():
    assert shows(39, 80, releases=[seen(45, 70, windows=LONGER)]) == [39, 80]
    later = ((day(2020, 1), day(2020, 12, 31)),)
    assert shows(39, 80, releases=[seen(30, 70, windows=later)]) == [39, 80]
    assert shows(39, 80, unit="area=North", releases=[seen(30, 70, unit="area=South")]) == [39, 80]


def test_a_shifted_period_is_set_against_what_two_earlier_ones_leave_between_them():
    # The year less its first quarter is known: 30 women in the nine months that the shifted year begins with.
    earlier = [seen(50, 100), seen(20, 30, windows=QUARTER)]
    assert shows(33, 90, windows=SHIFTED, releases=earlier) == ["[c]", 90]
    assert shows(33, 90, windows=SHIFTED, releases=earlier[:1]) == [33, 90]
    assert shows(45, 90, windows=SHIFTED, releases=earlier) == [45, 90]
    pieces = [seen(20, 30, windows=QUARTER), seen(30, 70, windows=NINE_MONTHS)]
    assert shows(53, 120, windows=LONGER, releases=pieces) == ["[c]", 120]


def test_everyone_less_the_areas_that_are_known_is_a_group_as_well():
    areas = [seen(30, 70, unit="area=North"), seen(40, 50, unit="area=South")]
    assert shows(75, 140, windows=YEAR, releases=areas) == ["[c]", 140]  # 5 women belong to no area
    assert shows(70, 140, windows=YEAR, releases=areas) == [70, 140]
    everyone = seen(75, 140)
    assert shows(40, 50, unit="area=South", windows=YEAR, releases=[everyone, areas[0]]) == ["[c]", 50]
    assert shows(40, 50, unit="area=South", windows=YEAR, releases=[everyone]) == [40, 50]


def test_what_is_hidden_for_the_sake_of_earlier_reports_is_counted_and_they_are_named():
    _, _, publication = published(people(39, 80), windows=LONGER, releases=[seen(30, 70, title="ete.html (2018)")])
    assert publication.suppressed == {"counts": 2, "small": 0, "few_left": 0, "protecting": 0, "earlier": 1}
    assert publication.earlier_titles == ["ete.html (2018)"]
    _, _, alone = published(people(39, 80), windows=LONGER)
    assert alone.suppressed["earlier"] == 0


def test_a_row_that_was_not_there_and_data_that_were_put_right_are_no_difference():
    assert shows(12, 80, releases=[seen(70, rows=("men",))]) == [12, 80]
    assert shows(30, 80, releases=[seen(35, 70)]) == [30, 80]  # fewer than before: not the same people any more
