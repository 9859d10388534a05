"""Signs of late recording: the last quarter beside the three before, by hand, by simulation, and made safe."""

import datetime

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from scipy.stats import binom

from evalkit.present.briefing_words import briefing_checks
from evalkit.present.disclosure import make_safe
from evalkit.present.monitored_safe import make_quality_safe
from evalkit.statistics.late_records import last_quarter

TODAY = datetime.date(2021, 12, 31)


class EvenHazard:
    """The same risk on every day."""

    def at(self, days):
        return np.asarray(days, float) / 365


def table_of(rows, **settings):
    frame = pd.DataFrame(rows, columns=["unit", "ago", "days_to_reconviction", "predicted"])
    frame["index_date"] = pd.Timestamp(TODAY) - pd.to_timedelta(frame["ago"], unit="D")
    return last_quarter(frame, unit="unit", hazard=EvenHazard(), as_of=TODAY, **settings).set_index("unit")


def test_the_last_quarter_by_hand():
    rows = [("a", 300, 100, 0.3)] * 12  # 200 days ago: in the nine months before; at risk there for 100 days
    rows += [("a", 300, 280, 0.3)] * 4  # 20 days ago: in the last quarter; at risk before it for 209 days, in it for 71
    rows += [("a", 91, None, 0.3)] * 10  # the whole last quarter, and no day before it
    rows += [("a", 500, 50, 0.3)] * 9  # before the year
    rows += [("a", 60, 70, 0.3)] * 9  # known only later
    row = table_of(rows).loc["a"]
    days_before, days_recent = 12 * 100 + 4 * 209, 4 * 71 + 10 * 91 + 9 * 60
    expected = 12 * days_recent / days_before
    assert row["recent"] == 4
    assert_close(row["recent_expected"], expected, decimals=10)
    assert_close([row["recent_ratio"], row["short_share"]], [4 / expected, 1 - 4 / expected], decimals=10)
    assert_close(row["recent_p"], binom.cdf(4, 16, days_recent / (days_recent + days_before)), decimals=10)


@pytest.mark.parametrize(("ago", "recent"), [(90, 1), (91, 0)])
def test_a_reconviction_counts_in_the_quarter_of_its_day(ago, recent):
    rows = [("a", 300, 300 - ago, 0.3)] + [("a", 300, 100, 0.3)] * 15
    assert table_of(rows).loc["a", "recent"] == recent


@pytest.mark.parametrize(("before", "judged"), [(9, False), (10, True)])
def test_nothing_is_said_with_fewer_than_ten_reconvictions_before(before, judged):
    rows = [("a", 300, 100, 0.3)] * before + [("a", 300, None, 0.3)] * 200
    row = table_of(rows).loc["a"]
    assert row["short"] == (judged and row["recent_p"] < 0.01)
    assert pd.isna(row["recent_ratio"]) != judged
    assert row["recent"] == 0


def simulated(people, generator, *, lost):
    """Risk even over the year; of the last 60 days a share of the sentences is not entered yet."""
    ago, share = generator.integers(1, 700, people), generator.uniform(0.1, 0.6, people)
    days = np.ceil(365 * np.log(generator.random(people)) / np.log(1 - share))
    entered = (ago - days > 60) | (generator.random(people) >= lost)
    return list(zip(["a"] * people, ago, np.where(entered, days, np.nan), share, strict=True))


def test_late_recording_is_seen_and_its_absence_is_not_mistaken_for_it():
    generator = np.random.default_rng(2)
    ratios = [table_of(simulated(2_000, generator, lost=0.0)).loc["a"] for _ in range(40)]
    assert_close(np.mean([row["recent_ratio"] for row in ratios]), 1.0, decimals=1)
    assert sum(row["short"] for row in ratios) <= 2  # one in a hundred by chance
    late = table_of(simulated(2_000, generator, lost=0.7)).loc["a"]
    # two thirds of the quarter lost 70 %
    assert abs(late["short_share"] - 0.46) < 0.15
    assert late["short"]


def test_who_has_no_score_is_left_out():
    rows = [("a", 300, 100, 0.3)] * 20 + [("a", 300, 290, np.nan)] * 5
    assert table_of(rows).loc["a", "recent"] == 0


# ------------------------------------------------------------------ shown
def quality(**changed):
    own = {"all_people": 300, "unscored": 15, "missing_share": 0.05, "duplicates": 0, "held": False}
    own |= {"recent": 20, "recent_expected": 38.0, "recent_ratio": 0.526, "short_share": 0.474}
    own |= {"recent_p": 0.001, "short": True} | changed
    return pd.DataFrame([{"unit": "Aston", "within": "North", **own}, {"unit": "Yardley", "within": "North", **own}])


def units():
    table = pd.DataFrame({"unit": ["Aston", "Yardley"], "within": "North", "people": 285, "actual": 90, "risk": 0.3})
    return make_safe(table.assign(state="as expected", direction=""), counts=["people", "actual"], within="within")


def test_the_share_is_rounded_and_the_numbers_behind_it_are_not_shown():
    safe = make_quality_safe(quality(), units())
    assert_close(safe["recent_ratio"].astype(float), [0.55, 0.55], decimals=12)
    assert safe["short"].tolist() == [True, True]
    assert not {"recent", "recent_expected", "short_share", "recent_p", "all_people"} & set(safe.columns)


@pytest.mark.parametrize(("recent", "hidden"), [(9, True), (10, False), (0, True)])
def test_few_recent_reconvictions_are_hidden(recent, hidden):
    safe = make_quality_safe(quality(recent=recent), units())
    assert (safe["recent_ratio"] == "[c]").all() == hidden
    assert safe["short"].any() != hidden


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, "brought only 55.0% of what the nine before let expect. Entered late?"),
        ({"short": False}, "Late records: no sign of it; the last three months are in line with the nine before."),
        ({"recent": 9}, "Late records: were convictions entered late, or many on one day?"),
        ({"recent_ratio": np.nan, "short": False}, "Late records: were convictions entered late, or many on one day?"),
        ({"duplicates": 0}, "Records there twice: none, unless one person has two numbers."),
        ({"duplicates": 12}, "Records there twice: some sentences are. Have the second ones removed."),
        ({"duplicates": 3}, "Records there twice: some sentences are. Have the second ones removed."),
    ],
)
def test_the_briefing_says_what_to_check(changed, sentence):
    caseload = units().assign(people_before=280, risk_before=0.3)
    safe_caseload = make_safe(caseload, counts=["people_before"], within="within")
    safe_quality = make_quality_safe(quality(**changed), units())
    assert sentence in briefing_checks(units(), safe_quality, safe_caseload, "Aston").text
