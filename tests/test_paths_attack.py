"""Running sums attacked: beside the yearly numbers of quarter after quarter their points give no few people away."""

import datetime
import itertools

import numpy as np
import pandas as pd
import pytest
from attacks import found_out
from test_rolling import ACTUAL, FIRST, LAST, TEAMS, released_quarterly, start_of

from evalkit.present.disclosure import is_shown
from evalkit.present.made_safe import STRETCHES, merge_path

QUARTERS_OF_A_PATH = 12
MANY = 10_000
DAY = datetime.timedelta(days=1)
OF_TEN = dict.fromkeys(STRETCHES, (10, 10))


def drawn(seed, people_a_year):
    """People and reconvicted, by team and quarter; a third of the teams opens or shrinks in between."""
    random = np.random.default_rng(seed)
    rates = people_a_year / 4 * random.uniform(0.6, 1.4, (len(TEAMS), 1)) * np.ones((1, LAST))
    for number in range(0, len(TEAMS), 3):
        change = random.integers(FIRST - 3, LAST - 4)
        rates[number, slice(change, None) if number % 2 else slice(0, change)] *= random.choice([0, 0.3])
    people = random.poisson(rates)
    return people, random.binomial(people, 0.3)


def persons(people, actual, seed):
    """Day and outcome of everyone of a team, in order."""
    random, rows = np.random.default_rng(seed), []
    for quarter, (many, few) in enumerate(zip(people, actual, strict=True)):
        days = random.choice((start_of(quarter + 1) - start_of(quarter)).days, many, replace=False)
        rows += [(start_of(quarter) + int(day) * DAY, place < few) for place, day in enumerate(days)]
    table = pd.DataFrame(rows, columns=["matures", "reconvicted"])
    return table.astype({"matures": "datetime64[s]"}).sort_values("matures", kind="stable", ignore_index=True)


def of_page(everyone, quarter):
    """Those whom the path of a quarter's page is about."""
    first, after = start_of(max(quarter - QUARTERS_OF_A_PATH, 0)), start_of(quarter)
    return everyone[everyone["matures"].between(pd.Timestamp(first), pd.Timestamp(after - DAY))]


class Span:
    """The people of some spans between given days, as rows of a system: those reconvicted first, then the others."""

    def __init__(self, days, everyone):
        self.days = sorted(days)
        place = np.searchsorted(pd.DatetimeIndex(self.days), everyone["matures"], side="right") - 1
        outcome = everyone["reconvicted"].to_numpy(dtype=bool)
        self.truth = [np.bincount(place[one], minlength=len(self.days) - 1) for one in (outcome, ~outcome)]
        self.known, self.choices = [], []

    def row(self, kind, first, after):
        """Reconvicted (0), others (1) or both (2), from a day to the day before another."""
        inside = np.array([first <= day < after for day in self.days[:-1]], dtype=float)
        return np.concatenate([inside * (kind != 1), inside * (kind != 0)])

    def at_least(self, fewest, first, after):
        self.known += [(self.row(kind, first, after), fewest, np.inf) for kind in (0, 1)]

    def exactly(self, count, kind, first, after):
        self.known.append((self.row(kind, first, after), count, count))

    def one_at_most(self, options):
        """Of some (most, kind, first, after) one at least holds."""
        self.choices.append([(most, self.row(*span)) for most, *span in options])

    def exposed(self, wanted):
        """Spans of which fewer than five numbers of people are possible, some of them from 1 to 9."""
        truth = np.concatenate(self.truth).astype(float)
        chosen = [float(row @ truth <= most) for options in self.choices for most, row in options]
        spare = np.zeros(len(chosen))
        known = [(np.concatenate([row, spare]), low, high) for row, low, high in self.known]
        number = itertools.count(len(truth))
        for options in self.choices:
            of_one = np.zeros(len(truth) + len(chosen))
            for most, row in options:
                place = next(number)
                of_one[place] = 1
                is_it = np.eye(1, len(of_one), place)[0]
                known += [(is_it, 0, 1), (np.concatenate([row, spare]) + MANY * is_it, -np.inf, most + MANY)]
            known.append((of_one, 1, np.inf))
        values = np.concatenate([truth, chosen])
        assert all(low <= row @ values <= high for row, low, high in known)  # what is known is true
        vectors = {tuple(np.concatenate([self.row(*span), spare])) for span in wanted}
        found = found_out(vectors, known, values)
        return [ends for _, _, ends in found if ends[1] >= 1 and ends[0] <= 9]


def tell_years(spans, releases, team):
    """What the ledger shows of a team's years."""
    for release in releases:
        for held in release.shown.values():
            for (row, _, text), count in held.items():
                series, first, last = text.split()
                if row == f"team={team}" and count is not None:
                    ends = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last) + DAY
                    spans.exactly(count, 0 if series == ACTUAL else 2, *ends)


# ---------------------------------------------------------------- points at the tenth


def tenths(page):
    """Where points once were: at the day on which ten people reconvicted, and ten others, had come since the last."""
    held, ends = [0, 0], []
    for day, outcome in zip(page["matures"], page["reconvicted"], strict=True):
        held[outcome] += 1
        if min(held) >= 10:
            ends.append(day.date())
            held = [0, 0]
    return ends


def exposed_by_tenths(everyone, releases, team, pages):
    points = {quarter: tenths(of_page(everyone, quarter)) for quarter in pages}
    days = {start_of(quarter) for quarter in range(LAST + 1)}
    spans = Span(days | {day + DAY for ends in points.values() for day in ends}, everyone)
    tell_years(spans, releases, team)
    wanted = set()
    for quarter, ends in points.items():
        first = start_of(max(quarter - QUARTERS_OF_A_PATH, 0))
        for end in ends[:-1]:
            spans.at_least(10, first, end + DAY)
            spans.one_at_most([(10, kind, first, end + DAY) for kind in (0, 1)])
            first = end + DAY
    for first, after in itertools.pairwise(spans.days):
        wanted |= {(kind, first, after) for kind in (0, 1, 2)}
    return spans.exposed(wanted)


# ---------------------------------------------------------------- points at the ends of stretches


def path_of(page):
    outcome = page["reconvicted"].to_numpy(dtype=float)
    path = page[["matures"]].assign(team="Aston", fewer_people=np.cumsum(0.3 - outcome))
    numbers = {f"{part}_{arm}": 1.0 for part in ("cusum", "threshold") for arm in ("worse", "better")}
    return path.assign(**numbers, alarm_worse=False, alarm_better=False)


def lengths(points, stretches):
    """Months between the points, as a reader takes them from the dates; none of a hidden path."""
    if not is_shown(points["fewer_people"].iloc[0]):
        return None
    days = [day.date() + DAY for day in points["matures"]]
    apart = {12 * (later.year - day.year) + later.month - day.month for day, later in itertools.pairwise(days)}
    return apart.pop() if apart else max(stretches)


def exposed_by_stretches(everyone, releases, team, pages, stretches=STRETCHES):
    spans = Span({start_of(quarter) for quarter in range(LAST + 1)}, everyone)
    tell_years(spans, releases, team)
    for quarter in pages:
        page = of_page(everyone, quarter)
        if page.empty:
            continue
        points = merge_path(path_of(page), unit="team", last=start_of(quarter) - DAY, stretches=stretches)
        first = page["matures"].iloc[0].date()
        years = sum(start_of(at) >= first.replace(day=1) for at in range(quarter - 4, -1, -4))
        chosen = lengths(points, stretches)
        for months, fewest in stretches.items():
            if months == 1 and chosen != 1:
                continue  # a quarter's people can all have come in one of its months
            ends = [start_of(at) for at in range(quarter, quarter - 4 * years - 1, -max(months // 3, 1))]
            needed = [(few * max(3 // length, 1), *span) for few, length, held in
                      ((fewest[0], 12, ends[:: 12 // max(months, 3)]), (fewest[1], months, ends))
                      for span in itertools.pairwise(held[::-1])]  # fmt: skip
            if months == chosen:
                for few, *span in needed:
                    spans.at_least(few, *span)
                break
            if needed:
                spans.one_at_most([(few - 1, kind, *span) for few, *span in needed for kind in (0, 1)])
    spans_of_both = [*itertools.pairwise(spans.days), *zip(spans.days, spans.days[2:], strict=False)]
    return spans.exposed({(kind, *span) for span in spans_of_both for kind in (0, 1, 2)})


# ---------------------------------------------------------------- thirteen quarters in succession

PAGES = range(FIRST, LAST + 1)


@pytest.fixture(scope="module", params=[(4, 0), (5, 7)], ids=str)
def team(request):
    """Everyone of a team, what the ledger shows of its years, and its name; each comes to few people at some time."""
    seed, place = request.param
    people, actual = drawn(seed, 120)
    return persons(people[place], actual[place], seed), released_quarterly(people, actual, ledger=True), TEAMS[place]


def test_points_at_the_day_of_the_tenth_person_give_few_people_away(team):
    assert exposed_by_tenths(*team, PAGES[-4:])


def test_points_at_the_ends_of_stretches_give_nobody_away(team):
    assert exposed_by_stretches(*team, PAGES) == []


def test_ten_in_every_stretch_would_be_too_few(team):
    # Where a stretch of ten is followed by one of fewer, and the yearly numbers say by how many fewer.
    assert exposed_by_stretches(*team, PAGES, OF_TEN)


def test_the_yearly_numbers_alone_give_nobody_away(team):
    assert exposed_by_stretches(*team, ()) == []


def test_stretches_that_change_from_quarter_to_quarter_give_nobody_away():
    people, actual = drawn(3, 300)
    everyone = persons(people[4], actual[4], 3)
    paths = [path_of(of_page(everyone, quarter)) for quarter in PAGES]
    points = [
        merge_path(path, unit="team", last=start_of(quarter) - DAY) for path, quarter in zip(paths, PAGES, strict=True)
    ]
    assert {lengths(one, STRETCHES) for one in points} == {6, 12}
    releases = released_quarterly(people, actual, ledger=True)
    assert exposed_by_stretches(everyone, releases, TEAMS[4], PAGES) == []
