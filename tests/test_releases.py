"""Releases in scope, people released, accommodation, contact before release. Each row of the small extract says why."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from scipy.stats import chi2
from small_extracts import loaded
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

from evalkit.cohort.released import (
    check_on_the_others,
    differences_by,
    recall_and_reconviction,
    reconviction_by,
    released_comparisons,
    released_measures,
    released_people,
    time_to_reconviction,
)
from evalkit.cohort.releases import OVER, UNDER, Releases, releases
from evalkit.cohort.resettlement import ALL, SAME_MIX, benefit_days, housing, reached_or_not
from evalkit.errors import DataError, SpecError
from evalkit.present import make_safe
from evalkit.spec import read_spec
from evalkit.statistics import actual_vs_predicted

SPEC = """
title = "Test"
notebook = "none.ipynb"
[cohort]
period = [2018-04-01, 2021-03-31]
sentence_types = ["custody"]
minimum_age = 18
"""
PEOPLE = (
    "person_id,date_of_birth,sex\n" + "\n".join(f"{name},1990-01-01,male" for name in "ABCDFG") + "\nE,2002-06-02,male"
)
RELEASES = """
release_id,person_id,prison,reception_date,release_date,in_reach,recall_date,benefit_claim_date
L1,A,Ranby,2018-10-01,2019-04-01,no,2019-05-01,2019-04-11
L2,A,Ranby,2019-05-01,2019-09-01,yes,,2019-08-30
L3,B,Ranby,2017-10-01,2018-04-01,yes,2019-04-02,
L4,C,Hewell,2017-09-29,2018-03-31,yes,,
L5,D,Hewell,2020-09-29,2021-03-31,,,2021-04-30
L6,E,Hewell,2019-12-01,2020-06-01,yes,,
L7,F,,,2019-06-01,no,2020-05-31,
"""
"""A twice; B on the first day, recalled on day 366; C a day too early; D on the last day, 183 days served; E a day
before 18; F without prison and reception, recalled on day 365; G never."""

NEEDS = """
person_id,referral_id,release_id,pathway,identified_date,addressed_date,outcome
A,,L1,finance benefit and debt,2018-10-02,,
A,,L1,accommodation,2018-10-02,2019-01-01,achieved
B,,L3,health,2018-01-01,2018-02-01,
C,,L4,finance benefit and debt,2018-01-01,,
A,,,finance benefit and debt,2018-01-01,,
"""
SENTENCES = """
sentence_id,person_id,sentence_date,sentence_type,offence_code,supervision_start,total_sanctions,age_at_first_sanction
S1,A,2018-11-01,custody,04910,2019-04-01,3,20
S2,A,2019-06-01,custody,04910,2019-09-01,4,20
S3,B,2017-11-01,custody,04910,2018-04-01,2,20
S4,F,2019-01-01,custody,00801,2019-06-01,5,20
S5,G,2019-01-01,custody,00801,2019-06-01,5,20
S6,F,2020-01-01,fine,04910,,6,20
"""
"""G's supervision starts without a release on record; A and F are reconvicted within the year."""


def spec_of(tmp_path, text=SPEC):
    path = tmp_path / "test.toml"
    path.write_text(text, encoding="utf-8")
    return read_spec(path)


def extract_of(tmp_path, **changes):
    tables = {"people": PEOPLE, "sentences": SENTENCES, "releases": RELEASES, "needs": NEEDS} | changes
    return loaded(tmp_path / "extract", **{name: text for name, text in tables.items() if text})


@pytest.fixture
def small(tmp_path):
    return releases(extract_of(tmp_path), spec_of(tmp_path))


def test_releases_within_the_period_of_adults_are_in_scope(small):
    assert small.frame["release_id"].tolist() == ["L3", "L1", "L7", "L2", "L5"]
    assert small.people == 4
    assert small.flow["excluded"].tolist() == [0, 1, 1]
    assert small.flow["remaining"].tolist() == [7, 6, 5]
    assert "not released from 1 April 2018 to 31 March 2021" in set(small.flow["reason"])
    assert "5 releases of 4 people" in repr(small)


def test_the_length_of_the_sentence_is_estimated_from_half_a_year_served(small):
    lengths = small.frame.set_index("release_id")["sentence_length"]
    days = small.frame.set_index("release_id")["days_in_custody"]
    assert (days["L5"], lengths["L5"]) == (183, OVER)
    assert (days["L1"], lengths["L1"]) == (182, UNDER)
    assert lengths["L7"] == "Length not known"


def test_a_release_after_the_extract_date_is_not_in_scope(tmp_path):
    early = 'source = "test"\nextract_date = 2020-06-30\n'
    tables = {"people": PEOPLE, "sentences": SENTENCES, "needs": NEEDS}
    text = "\n".join(line for line in RELEASES.split("\n") if not line.startswith(("L2", "L5", "L6", "L7")))
    found = releases(loaded(tmp_path / "extract", settings=early, releases=text, **tables), spec_of(tmp_path))
    assert "not released from 1 April 2018 to 30 June 2020" in set(found.flow["reason"])


def test_needs_are_those_of_releases_in_scope_with_what_the_release_says(small):
    assert small.needs["pathway"].tolist() == ["finance benefit and debt", "accommodation", "health"]
    assert set(small.needs["prison"]) == {"Ranby"}
    assert small.frame.set_index("release_id")["finance_needs"].to_dict() == {
        "L3": 0,
        "L1": 1,
        "L7": 0,
        "L2": 0,
        "L5": 0,
    }


def test_without_needs_or_descriptions_the_releases_are_there_all_the_same(tmp_path):
    bare = "release_id,person_id,release_date\nL1,A,2019-04-01"
    found = releases(extract_of(tmp_path, releases=bare, needs=""), spec_of(tmp_path))
    assert found.needs.empty
    assert found.frame["sentence_length"].tolist() == ["Length not known"]
    assert found.frame["prison"].isna().all()


def test_nobody_in_scope_and_no_period_are_errors(tmp_path):
    late = "release_id,person_id,release_date\nL1,A,2021-04-01"
    with pytest.raises(DataError, match=r"no release is in scope: .*check the period"):
        releases(extract_of(tmp_path, releases=late, needs=""), spec_of(tmp_path))
    with pytest.raises(SpecError, match=r"the section \[cohort\] is missing"):
        releases(extract_of(tmp_path), spec_of(tmp_path, 'title = "Test"\nnotebook = "none.ipynb"\n'))


@pytest.fixture
def people(tmp_path):
    extract, spec = extract_of(tmp_path), spec_of(tmp_path)
    return released_people(extract, spec, releases(extract, spec))


def test_people_count_once_from_their_first_release_with_what_it_says(people):
    assert len(people.frame) == 3  # A from L1, B, F; D has no sentence on record, G no release
    rows = people.frame.sort_values("index_date")[["prison", "reached", "recalled", "reconvicted"]]
    assert rows.to_numpy().tolist() == [
        ["Ranby", True, False, False],  # B: recalled on day 366
        ["Ranby", False, True, True],  # A: L1 without contact, although L2 had it
        ["not recorded", False, True, True],  # F: recalled on day 365
    ]


def test_who_has_no_release_on_record_leaves_at_a_counted_step(people):
    flow = people.flow.set_index("step")
    assert flow.loc["with that release on record", "excluded"] == 1
    assert flow["remaining"].tolist() == [7, 4, 4, 4, 3, 3, 3]
    assert people.flow_of("reached")["remaining"].tolist() == [1, 1, 1, 1, 1, 1, 1]
    assert (people.flow["remaining"].iloc[:-1].to_numpy() - people.flow["excluded"].iloc[1:].to_numpy()).tolist() == (
        people.flow["remaining"].iloc[1:].tolist()
    )


def test_nobody_with_a_release_on_record_is_an_error(tmp_path):
    other_day = RELEASES.replace("2019-04-01,no", "2019-04-02,no").replace("2018-04-01,yes", "2018-04-02,yes")
    other_day = other_day.replace("2019-06-01,no", "2019-06-02,no").replace("2019-09-01,yes", "2019-09-02,yes")
    extract, spec = extract_of(tmp_path, releases=other_day), spec_of(tmp_path)
    with pytest.raises(DataError, match="must be the same day"):
        released_people(extract, spec, releases(extract, spec))


def test_everyone_is_the_reached_and_the_others(people):
    table = released_comparisons(people)
    assert table["label"].tolist() == [
        "Everyone released",
        "Seen in prison before release",
        "Not seen, or not on record",
    ]
    assert table["people"].tolist() == [3, 1, 2]
    assert table["actual"].tolist() == [2, 0, 2]
    assert not table["immortal_time"].any()
    whole = actual_vs_predicted(people.frame["reconvicted"], people.frame["predicted"])
    assert_close(table["difference"].iloc[0], whole.difference, decimals=12)
    assert released_measures(people)["people"].tolist() == [3, 1, 2]


def test_too_few_people_are_not_checked(people):
    trust = check_on_the_others(people)
    assert (trust.verdict, len(trust.recalibrated)) == ("undetermined", 0)


def test_recall_and_reconviction_are_told_apart(people):
    table = recall_and_reconviction(people)
    assert table["people"].tolist() == [1, 0, 0, 2]
    assert_close(table["share"], [1 / 3, 0, 0, 2 / 3], decimals=12)
    assert set(table["of"]) == {3}
    totals = table.groupby("outcome")["people"].sum()
    assert totals.to_dict() == {"not": 1, "reconvicted": int(people.analysed["reconvicted"].sum())}


def test_reconviction_by_prison_adds_up(people):
    table = reconviction_by(people, "prison")
    assert table["label"].tolist() == ["Ranby", "not recorded"]
    assert table["people"].tolist() == [2, 1]
    assert_close(table["predicted"].sum(), people.frame["predicted"].sum(), decimals=12)


def test_differences_by_prison_have_everyone_first_then_names_in_order():
    rng = np.random.default_rng(6)
    people = pd.DataFrame(
        {"prison": np.repeat(["C", "A", "B"], [300, 200, 100]), "predicted": rng.uniform(0.1, 0.7, 600)}
    )
    people["reconvicted"] = rng.random(600) < people["predicted"] - 0.1 * (people["prison"] == "B")
    table = differences_by(SimpleNamespace(analysed=people), "prison", kind="Prison")
    assert table["name"].tolist() == ["Everyone", "A", "B", "C"]
    assert table["people"].tolist() == [600, 200, 100, 300]
    own = people[people["prison"] == "B"]
    assert_close(table["estimate"].iloc[2], own["reconvicted"].mean() - own["predicted"].mean(), decimals=12)
    assert_close(table["estimate"].iloc[0], people["reconvicted"].mean() - people["predicted"].mean(), decimals=12)
    p_values = table["p_value"].iloc[1:].to_numpy(float)
    assert_close(table["q_value"].iloc[1:], multipletests(p_values, method="fdr_bh")[1], decimals=12)
    # Cochran's Q by hand: inverse-variance weighted squares around the weighted mean, on 2 degrees of freedom
    parts = [part for _, part in people.groupby("prison")]
    means = np.array([(part["reconvicted"] - part["predicted"]).mean() for part in parts])
    errors = np.array([np.sqrt((part["predicted"] * (1 - part["predicted"])).sum()) / len(part) for part in parts])
    centre = np.average(means, weights=errors**-2)
    assert_close(table["p_alike"].iloc[1], chi2.sf((((means - centre) / errors) ** 2).sum(), 2), decimals=12)


def test_curves_follow_everyone_for_a_year(people):
    curve = time_to_reconviction(people)
    assert set(curve["group"]) == {"Seen in prison before release", "Not seen, or not on record"}
    not_seen = curve[curve["group"] == "Not seen, or not on record"]
    assert not_seen["time"].tolist() == [0, 61, 214]  # A is sentenced 61 days after release, F 214
    assert_close(not_seen["survival"], [1, 0.5, 0], decimals=12)


def test_days_to_the_claim_are_of_releases_with_one(small):
    table = benefit_days(small).set_index("group")
    assert table.loc[ALL, ["releases", "claims", "median"]].tolist() == [5, 3, 10]  # -2, 10, 30
    assert table.loc[UNDER, ["releases", "claims", "median"]].tolist() == [3, 2, 4]
    assert_close(table.loc[ALL, ["lower_quartile", "upper_quartile"]].astype(float), [4, 20], decimals=12)


def test_few_claims_of_one_length_are_not_the_rest_of_all():
    claims = [pd.Timestamp("2020-01-05")] * 60 + [pd.NaT] * 40
    found = of_rows(sentence_length=[OVER] * 4 + [UNDER] * 96, benefit_claim_date=claims)
    counts = {"releases": None, "claims": "releases"}
    safe = make_safe(benefit_days(found), counts=counts, within="within").set_index("group")
    assert safe.loc[ALL, "claims"] == 60
    assert safe.loc[[OVER, UNDER], "claims"].tolist() == ["[c]", "[c]"]


def of_rows(**columns):
    frame = pd.DataFrame(columns)
    dated = {"release_date": pd.Timestamp("2020-01-01")} | dict.fromkeys(("reception_date",), pd.NaT)
    frame = frame.assign(**{name: value for name, value in dated.items() if name not in frame})
    frame["release_date"] = frame["release_date"].astype("datetime64[us]")
    return Releases(frame, pd.DataFrame(), pd.DataFrame(), pd.Timestamp("2021-12-31"))


def test_accommodation_has_six_categories_and_both_denominators():
    first = ["settled"] * 5 + ["rough sleeping"] * 2 + ["unknown"] * 2 + [None]
    third = ["settled"] * 3 + ["unknown"] * 3 + ["settled"] * 3 + ["other housed"]
    found = housing(of_rows(accommodation_first_night=first, accommodation_3_months=third))
    rows = found.first_night.set_index("label")
    assert rows["met"].tolist() == [5, 0, 0, 0, 2, 3]
    assert rows.loc["Settled", ["share", "share_all", "worst", "best", "rating"]].tolist() == [
        5 / 7,
        0.5,
        0.5,
        0.8,
        "amber",
    ]
    assert_close(rows.loc["Unknown", "share_all"], 0.3, decimals=12)
    assert pd.isna(rows.loc["Unknown", "share"])
    pairs = found.transitions.set_index(["first", "third"])
    assert len(pairs) == 36
    assert pairs["releases"].sum() == 10
    assert pairs.loc[("settled", "settled"), ["releases", "of", "share"]].tolist() == [3, 5, 0.6]
    assert pairs.loc[("unknown", "other housed"), ["releases", "of"]].tolist() == [1, 3]
    assert pairs["share"].isna().sum() == 18  # three categories with nobody on the first night


def test_transitions_are_of_releases_whose_three_months_are_over():
    days = pd.to_datetime(["2021-09-30", "2021-10-01"])  # 92 and 91 days before the extract date
    found = housing(
        of_rows(accommodation_first_night=["settled"] * 2, accommodation_3_months=["settled"] * 2, release_date=days)
    )
    assert found.transitions["releases"].sum() == 1
    assert found.first_night["met"].iloc[0] == 2
    assert found.three_months["met"].iloc[0] == 1


def contrast(*, long, short, unknown=0):
    """Releases with a bank account or without: (seen with, seen without, not seen with, not seen without)."""
    rows = [
        (length, seen, account)
        for length, counts in ((OVER, long), (UNDER, short))
        for (seen, account), count in zip(
            [(True, True), (True, False), (False, True), (False, False)], counts, strict=True
        )
        for _ in range(count)
    ]
    rows += [(OVER, None, True)] * unknown
    length, seen, account = zip(*rows, strict=True)
    return of_rows(
        sentence_length=list(length),
        in_reach=pd.array(seen, dtype="boolean"),
        bank_account=pd.array(account, dtype="boolean"),
    )


def test_selection_shows_in_the_difference_and_not_in_the_same_mix():
    # 80 % of long and 40 % of short sentences have an account, seen or not; long ones are seen four times as often
    found = contrast(long=(320, 80, 80, 20), short=(40, 60, 160, 240), unknown=7)
    table = reached_or_not(found, ["bank_account"]).set_index("stratum")
    assert_close(table.loc[ALL, "difference"], 360 / 500 - 240 / 500, decimals=12)
    assert_close(table.loc[[OVER, UNDER, SAME_MIX], "difference"], [0, 0, 0], decimals=12)
    assert table.loc[ALL, ["known", "known_a", "known_b"]].tolist() == [1000, 500, 500]  # the 7 are left out
    assert table.loc[SAME_MIX, "low"] < 0 < table.loc[SAME_MIX, "high"]


def test_differences_and_their_same_mix_agree_with_statsmodels():
    found = contrast(long=(30, 20, 12, 18), short=(10, 40, 25, 75))
    table = reached_or_not(found, ["bank_account"]).set_index("stratum")
    counts = {OVER: (30, 50, 12, 30), UNDER: (10, 50, 25, 100)}
    limits = {name: confint_proportions_2indep(*four, method="newcomb") for name, four in counts.items()}
    for name, expected in limits.items():
        assert_close(table.loc[name, ["low", "high"]].astype(float), expected, decimals=8)
    differences = {name: a / n - b / m for name, (a, n, b, m) in counts.items()}
    weights = {OVER: 80 / 230, UNDER: 150 / 230}
    mixed = sum(weights[name] * differences[name] for name in counts)
    below = sum((weights[name] * (differences[name] - limits[name][0])) ** 2 for name in counts) ** 0.5
    above = sum((weights[name] * (limits[name][1] - differences[name])) ** 2 for name in counts) ** 0.5
    found = table.loc[SAME_MIX, ["difference", "low", "high"]].astype(float)
    assert_close(found, [mixed, mixed - below, mixed + above], decimals=8)


def test_a_length_of_which_one_side_has_nobody_is_left_out_of_the_same_mix():
    found = contrast(long=(30, 20, 12, 18), short=(0, 0, 25, 75))
    table = reached_or_not(found, ["bank_account"]).set_index("stratum")
    assert table.index.tolist() == [ALL, OVER, SAME_MIX]
    assert_close(table.loc[SAME_MIX, "difference"], 30 / 50 - 12 / 30, decimals=12)
