"""Reports whose periods overlap, and reports on everyone and on a part: no difference of the two gives anybody away."""

import datetime

import numpy as np
import pandas as pd
import pytest
from attacks import found_out
from test_publication import KINDS, drawn, shown_cells

from evalkit.present.disclosure import make_safe
from evalkit.present.earlier import Beside, Release, shown_of
from evalkit.present.running import end_publication, plan_publication, start_publication


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


def published(shows, *, unit="", windows=YEAR, releases=(), within=None):
    """What a report shows beside earlier releases, and its own release."""
    plan_publication((), Beside(unit, windows, releases, within or {}))
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


def seen(*counts, unit="", windows=YEAR, title="earlier", rows=("women", "men"), within=None):
    shown = {"people 1": {(row, 0, "people"): count for row, count in zip(rows, counts, strict=True)}}
    return Release(unit, windows, shown, title, within or {})


def shows(*counts, releases, unit="", windows=LONGER, within=None):
    return published(people(*counts), unit=unit, windows=windows, releases=releases, within=within)[0]


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


# ---------------------------------------------------------------- areas, and the teams within them


def team(name, *counts, area="North", teams=2, windows=YEAR):
    """The release of a team, in an area of so many."""
    return seen(*counts, unit=f"team={name}", windows=windows, within={"": 9, f"area={area}": teams})


def area(name, *counts, areas=2):
    return seen(*counts, unit=f"area={name}", within={"": areas})


def north(*counts, releases, windows=YEAR):
    return shows(*counts, unit="area=North", releases=releases, windows=windows, within={"": 2})


def team_b(*counts, releases, teams=2, windows=YEAR):
    within = {"": 9, "area=North": teams}
    return shows(*counts, unit="team=B", releases=releases, windows=windows, within=within)


@pytest.mark.parametrize(("more", "shown"), [(0, 40), (1, "[c]"), (9, "[c]"), (10, 40)])
def test_a_team_and_its_area_are_set_against_each_other_whichever_is_first(more, shown):
    assert team_b(40, 80, releases=[area("North", 40 + more, 120)]) == [shown, 80]
    after = shown if isinstance(shown, str) else 40 + more
    assert north(40 + more, 120, releases=[team("B", 40, 80, teams=3)]) == [after, 120]
    assert north(40 + more, 120, releases=[seen(40, 80, unit="team=B")]) == [40 + more, 120]  # nothing is known of it
    assert team_b(40, 80, releases=[area("South", 40 + more, 120)]) == [40, 80]


def test_a_team_is_set_against_its_area_of_a_longer_period_as_well():
    longer = seen(45, 120, unit="area=North", windows=LONGER, within={"": 2})
    assert team_b(40, 80, releases=[longer]) == ["[c]", 80]
    assert team_b(45, 120, releases=[area("North", 40, 80)], windows=LONGER) == [45, 120]  # neither contains the other


def test_an_area_less_its_other_teams_is_a_group_as_well():
    others = [team("A", 30, 60), area("North", 45, 120)]
    assert team_b(12, 60, releases=others) == ["[c]", 60]  # three women of the area are in neither team
    assert team_b(15, 60, releases=others) == [15, 60]
    assert team_b(12, 60, releases=others[1:]) == [12, 60]
    assert team_b(12, 60, releases=[team("A", 30, 60, area="South"), others[1]]) == [12, 60]


def test_an_area_is_set_against_all_its_teams_together():
    teams = [team("A", 30, 60), team("B", 12, 60)]
    assert north(45, 120, releases=teams) == ["[c]", 120]
    assert north(42, 120, releases=teams) == [42, 120]
    assert north(52, 120, releases=teams) == [52, 120]


def test_what_one_team_alone_hides_the_area_does_not_give_away():
    # It may be large, hidden for the sake of another: 75 less 30 are its 45.
    assert north(75, 120, releases=[team("A", 30, 60), team("B", None, 60)]) == ["[c]", 120]
    assert north(75, 120, releases=[team("A", 30, 60, teams=3), team("B", None, 60, teams=3)]) == [75, 120]
    both = [team("A", 30, 60, teams=3), team("B", None, 30, teams=3), team("C", None, 30, teams=3)]
    assert north(75, 120, releases=both) == [75, 120]
    assert team_b(45, 60, releases=[team("A", None, 60), area("North", 75, 120)]) == ["[c]", 60]
    assert team_b(45, 60, releases=[team("A", None, 60, teams=3), area("North", 75, 120)], teams=3) == [45, 60]


@pytest.mark.parametrize(("more", "shown"), [(11, "[c]"), (12, 52)])
def test_many_hidden_counts_with_few_people_have_few_values(more, shown):
    # Eight teams hide a count each: of eleven women, none of them has more than four.
    teams = [team("A", 40, 60, teams=9), *(team(str(n), None, 20, teams=9) for n in range(8))]
    assert north(40 + more, 220, releases=teams) == [shown, 220]


def test_the_last_team_does_not_give_away_what_its_area_hides():
    hides = area("North", None, 120)
    assert team_b(40, 60, releases=[hides, team("A", 30, 60)]) == ["[c]", 60]
    assert team_b(40, 60, releases=[hides, team("A", None, 60)]) == [40, 60]
    assert team_b(40, 60, releases=[hides, team("A", 30, 60, teams=3)], teams=3) == [40, 60]


def test_what_the_teams_give_away_protects_nothing_in_their_area():
    assert north(42, 5, releases=[team("A", 30, 5, teams=3)]) == ["[c]", "[c]"]
    assert north(42, 5, releases=[team("A", 30, 5), team("B", 12, 0)]) == [42, "[c]"]
    unrelated = north(42, 5, releases=[team("A", 30, 5, teams=3), team("B", 12, 0, teams=3)])
    assert unrelated == ["[c]", "[c]"]


def test_an_area_of_one_team_hides_what_the_team_hides():
    same = seen(None, 60, unit="team=B", within={"": 9, "area=North": 1})
    found = shows(40, 60, unit="area=North", releases=[same], windows=YEAR, within={"": 2, "team=B": 1})
    assert found == ["[c]", 60]
    assert shows(40, 60, unit="area=North", releases=[same], windows=YEAR, within={"": 2}) == ["[c]", 60]


def test_everyone_less_one_area_and_the_teams_of_the_other_is_a_group_as_well():
    mixed = [area("North", 45, 120), team("D", 20, 30, area="South"), team("E", 30, 30, area="South")]
    assert shows(98, 200, releases=mixed, windows=YEAR) == ["[c]", 200]
    assert shows(95, 200, releases=mixed, windows=YEAR) == [95, 200]
    # The area's own report is not out, but everyone's is, and that of all others.
    known = [seen(98, 200), area("South", 50, 60), team("A", 30, 60)]
    assert team_b(15, 60, releases=known) == ["[c]", 60]
    assert team_b(18, 60, releases=known) == [18, 60]


def test_what_many_units_are_together_is_not_left_out_for_the_sake_of_each_of_them():
    teams = [team(str(number), 10, 20, teams=70) for number in range(70)]
    assert len(Beside("area=North", YEAR, teams).earlier()) == 60
    assert north(703, 1400, releases=teams) == ["[c]", 1400]
    assert north(700, 1400, releases=teams) == [700, 1400]
