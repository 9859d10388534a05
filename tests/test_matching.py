"""Matching: an independent greedy over all distances, R's plain loop, ties, calipers, and who is left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import DataError, SpecError
from evalkit.statistics.matching import match
from evalkit.statistics.nearest import Line, Sides, greedy_pairs, nearest_distances

FOLDER = Path(__file__).parent / "reference"
PEOPLE = pd.read_csv(FOLDER / "matching_people.csv", index_col="person")
VALUES = pd.read_csv(FOLDER / "matching_values.csv", index_col="name")["value"].to_dict()
PAIRS = pd.read_csv(FOLDER / "matching_pairs.csv")
COVARIATES = ("age", "sanctions", "logit_p", "sex", "area")


def matched(frame, *covariates, **options):
    return match(frame, treated="treated", covariates=covariates or COVARIATES, **options)


def pair_set(result):
    return set(zip(result.pairs["treated"], result.pairs["control"], strict=True))


# ---- the witness: every distance, one after the other ---------------------------------------------------------------


def by_brute_force(logit, treated, *, order, width=np.inf, ratio=1, replace=False, stratum=None, person=None):
    """Pairs of row numbers. Nearest first, earliest row of equally near ones: `argmin` returns the first."""
    same = np.ones(len(logit), dtype=bool)
    available, pairs = ~treated, []
    for _ in range(ratio):
        for row in order:
            allowed = available & (same if stratum is None else stratum == stratum[row])
            if person is not None:
                allowed = allowed & (person != person[row])
            if replace:
                allowed = allowed & ~np.isin(np.arange(len(logit)), [control for own, control in pairs if own == row])
            distances = np.where(allowed, np.abs(logit - logit[row]), np.inf)
            control = int(np.argmin(distances))
            if np.isfinite(distances[control]) and distances[control] <= width:
                pairs.append((int(row), control))
                available = available & (replace | (np.arange(len(logit)) != control))
    return pairs


def choosing(logit, treated, order, seed=None):
    """Row numbers of the treated in the order in which they choose."""
    rows = [row for row in range(len(logit)) if treated[row]]
    if order == "random":
        return np.array(rows)[np.random.default_rng(seed).permutation(len(rows))]
    keys = {
        "largest": lambda row: (-logit[row], row),
        "smallest": lambda row: (logit[row], row),
        "data": lambda row: row,
    }
    return sorted(rows, key=keys[order])


def by_search(logit, treated, *, order, width, ratio, replace, stratum, person):
    rows = np.arange(len(logit))
    lines = [Line(logit[own], stratum[own], person[own]) for own in (treated, ~treated)]
    numbers = {row: number for number, row in enumerate(rows[treated])}
    order = np.array([numbers[row] for row in order])
    pairs = greedy_pairs(Sides(*lines), order=order, width=width, ratio=ratio, replace=replace)
    distances = np.abs(logit[treated][pairs["treated"]] - logit[~treated][pairs["control"]])
    assert pairs["distance"].tolist() == distances.tolist()
    return set(zip(rows[treated][pairs["treated"]], rows[~treated][pairs["control"]], strict=True))


@st.composite
def lines(draw, places):
    """Places, sides, strata and persons of two to forty rows with both sides."""
    size = draw(st.integers(2, 40))
    logit = np.array(draw(st.lists(places, min_size=size, max_size=size)), dtype=float)
    treated = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    treated[:2] = [True, False]
    strata = np.array(draw(st.lists(st.integers(0, 2), min_size=size, max_size=size)), dtype=np.intp)
    persons = np.array(draw(st.lists(st.integers(0, size), min_size=size, max_size=size)), dtype=np.intp)
    return logit, treated, strata, persons


OPTIONS = st.fixed_dictionaries(
    {
        "order": st.sampled_from(["largest", "smallest", "data", "random"]),
        "width": st.sampled_from([np.inf, 0.25, 1.0, 3.0]),
        "ratio": st.integers(1, 3),
        "replace": st.booleans(),
    }
)
# quarters: ties everywhere, of places and of distances, all exact
TIED, UNTIED = st.integers(-8, 8).map(lambda step: step / 4), st.floats(-5, 5).map(lambda place: round(place, 9))


@given(st.one_of(lines(TIED), lines(UNTIED)), OPTIONS)
def test_the_search_finds_the_pairs_of_the_brute_force(line, options):
    logit, treated, stratum, person = line
    options = options | {"order": choosing(logit, treated, options["order"], seed=1)}
    expected = by_brute_force(logit, treated, stratum=stratum, person=person, **options)
    assert by_search(logit, treated, stratum=stratum, person=person, **options) == set(expected)
    assert len(set(expected)) == len(expected)


def cohort(seed, *, ties):
    """Rows with months, persons and covariates, some with the same covariates if there are to be ties."""
    generator = np.random.default_rng(seed)
    size = 160
    frame = pd.DataFrame(
        {
            "age": generator.integers(18, 22, size) if ties else generator.normal(30, 8, size),
            "sex": generator.choice(["m", "f"], size),
            "month": generator.choice(["m1", "m2", "m3", "m4"], size),
            "person": generator.integers(0, 80, size),
        },
        index=[f"row {number}" for number in generator.permutation(size)],
    )
    frame["treated"] = generator.random(size) < 0.3 + 0.2 * (frame["sex"] == "m")
    return frame


@pytest.mark.parametrize("order", ["largest", "smallest", "data", "random"])
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("caliper", [None, 0.05, 0.2])
def test_matches_are_those_of_the_brute_force(order, ties, replace, caliper):
    for ratio in (1, 2, 3):
        for exact in ((), ("month", "sex")):
            frame = cohort(ratio, ties=ties)
            seed = 20 if order == "random" else None
            options = {"ratio": ratio, "replace": replace}
            result = matched(
                frame, "age", "sex", caliper=caliper, exact=exact, order=order, seed=seed, person="person", **options
            )
            logit, treated = result.model.logit.to_numpy(), frame["treated"].to_numpy()
            expected = by_brute_force(
                logit,
                treated,
                order=choosing(logit, treated, order, seed=20),
                width=np.inf if caliper is None else caliper * np.std(logit, ddof=1),
                stratum=frame[list(exact)].agg("".join, axis=1).to_numpy() if exact else None,
                person=frame["person"].to_numpy(),
                **options,
            )
            assert (len(np.unique(logit)) < 20) == ties
            assert pair_set(result) == {(frame.index[row], frame.index[control]) for row, control in expected}


R_MATCHES = {
    "plain": {},
    "narrow": {"caliper": 0.05},
    "free": {"caliper": None},
    "smallest": {"order": "smallest"},
    "twice": {"ratio": 2},
    "replaced": {"ratio": 2, "replace": True},
    "monthly": {"exact": ("month",)},
}


@pytest.mark.parametrize("name", R_MATCHES)
def test_matches_agree_with_a_plain_loop_in_r(name):
    result = matched(PEOPLE, **R_MATCHES[name])
    expected = PAIRS[PAIRS["match"] == name]
    assert pair_set(result) == set(zip(expected["treated"], expected["control"], strict=True))
    assert len(result.pairs) == len(expected)
    found = result.pairs.sort_values(["treated", "control"])["distance"]
    assert_close(found, expected.sort_values(["treated", "control"])["distance"], decimals=9)
    width = R_MATCHES[name].get("caliper", 0.2)
    assert_close(result.caliper_width, width * VALUES["logit_sd"] if width else np.inf, decimals=10)


@pytest.mark.parametrize("order", ["largest", "smallest"])
@pytest.mark.parametrize("options", [{}, {"ratio": 3}, {"replace": True}, {"exact": ("month",)}])
def test_without_ties_the_order_of_rows_does_not_matter(order, options):
    pairs = pair_set(matched(PEOPLE, order=order, **options))
    shuffled = PEOPLE.sample(frac=1, random_state=3)
    assert pair_set(matched(shuffled, order=order, **options)) == pairs
    assert PEOPLE.index.tolist() != shuffled.index.tolist()


# ---- rules, by hand -------------------------------------------------------------------------------------------------


def sides(treated, comparison):
    """Two lines in one stratum, everybody a different person."""
    persons = np.split(np.arange(len(treated) + len(comparison)), [len(treated)])
    return Sides(
        *(
            Line(np.array(places, dtype=float), np.zeros(len(places), dtype=np.intp), person)
            for places, person in zip((treated, comparison), persons, strict=True)
        )
    )


def chosen(treated, comparison, *, width=np.inf, ratio=1, replace=False):
    order = np.arange(len(treated))
    pairs = greedy_pairs(sides(treated, comparison), order=order, width=width, ratio=ratio, replace=replace)
    return list(zip(pairs["treated"].tolist(), pairs["control"].tolist(), strict=True))


@pytest.mark.parametrize(
    ("width", "pairs"), [(np.nextafter(0.5, 0), []), (0.5, [(0, 0)]), (np.nextafter(0.5, 1), [(0, 0)])]
)
def test_the_caliper_itself_is_allowed(width, pairs):
    assert chosen([1.0], [1.5], width=width) == pairs
    assert chosen([1.0], [0.5], width=width) == pairs


def test_ties_go_to_the_earlier_row():
    assert chosen([1.0], [2.0, 0.0]) == [(0, 0)]  # equally far above and below
    assert chosen([1.0], [0.0, 2.0]) == [(0, 0)]
    assert chosen([1.0, 1.0, 1.0], [0.0, 2.0, 0.0]) == [(0, 0), (1, 1), (2, 2)]
    assert chosen([1.0, 1.0], [0.0, 0.0]) == [(0, 0), (1, 1)]  # the same place below
    assert chosen([0.0, 0.0], [5.0, 1.0, 1.0]) == [(0, 1), (1, 2)]  # and above
    assert chosen([1.0], [2.0, 0.0, 1.0], ratio=3, replace=True) == [(0, 2), (0, 0), (0, 1)]


def test_everybody_chooses_once_before_anybody_chooses_again():
    # at once, the first would take the places 1 and 2 and leave 3 to the second
    assert chosen([0.0, 0.0], [1.0, 2.0, 3.0], ratio=2) == [(0, 0), (0, 2), (1, 1)]
    assert chosen([0.0, 0.0], [1.0, 2.0, 3.0], ratio=2, replace=True) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_nearest_distances_pass_over_other_strata():
    line = Line(np.array([0.0, 4.0]), np.array([0, 1]), np.array([0, 1]))
    others = Line(np.array([1.0, 9.0, 4.0]), np.array([0, 0, 2]), np.array([2, 3, 4]))
    assert nearest_distances(Sides(line, others), np.array([0, 1])).tolist() == [1.0, np.inf]
    assert nearest_distances(Sides(line, others), np.array([], dtype=int)).tolist() == []


def pairs_frame(gap, **columns):
    """Sixty rows: twenty treated, forty not; the last treated is a gap above everybody else."""
    places = np.concatenate([np.arange(20) / 4.0, np.arange(40) / 8.0])
    places[19] += gap
    frame = pd.DataFrame({"treated": np.arange(60) < 20, "risk": places})
    return frame.assign(**columns)


def test_people_without_a_match_are_listed_with_the_reason():
    month = ["a"] * 18 + ["b", "a"] + ["a"] * 40
    result = matched(pairs_frame(20.0, month=month), "risk", exact=("month",))
    assert result.dropped.to_dict("list") == {
        "row": [18, 19],
        "side": ["treated", "treated"],
        "reason": ["no comparison person with the same month", "no comparison person within the caliper"],
    }
    assert (result.treated, result.matched, result.unused) == (20, 18, 22)
    assert "18 of 20 treated people matched" in result.method
    assert "exact on month" in result.method


def test_people_too_late_are_told_from_people_too_far():
    frame = pd.DataFrame({"treated": [1, 1, 1, 0, 1, 0], "risk": [1.0, 1.0, 1.0, 1.0, 3.0, 4.0]})
    frame = pd.concat([frame, pd.DataFrame({"treated": [0, 1], "risk": [0.0, 0.0]})], ignore_index=True)
    result = matched(frame, "risk", order="data", caliper=0.1)
    reasons = dict(zip(result.dropped["row"], result.dropped["reason"], strict=True))
    late, far = "no comparison person left within the caliper", "no comparison person within the caliper"
    assert reasons == {1: late, 2: late, 4: far}
    without = matched(frame, "risk", order="data", caliper=None)
    assert without.dropped["reason"].tolist() == ["no comparison person left"] * 2
    assert "no caliper" in without.method
    assert without.caliper_width == np.inf


def test_rows_with_missing_covariates_are_listed_and_weigh_nothing():
    frame = PEOPLE.copy()
    gaps = [*PEOPLE.index[PEOPLE["treated"] == 1][:2], *PEOPLE.index[PEOPLE["treated"] == 0][-2:]]
    frame.loc[gaps, "age"] = np.nan
    result = matched(frame, missing="drop")
    listed = result.dropped[result.dropped["reason"] == "missing age"]
    assert listed["row"].tolist() == gaps
    assert listed["side"].tolist() == ["treated", "treated", "comparison", "comparison"]
    assert result.weights.index.equals(frame.index)
    assert result.weights[gaps].tolist() == [0, 0, 0, 0]
    assert result.propensity.isna().sum() == 4
    complete = matched(frame.dropna())
    assert pair_set(result) == pair_set(complete)
    pd.testing.assert_frame_equal(result.balance, complete.balance)
    everybody = matched(frame, missing="indicator")
    assert "age: missing" in everybody.balance["covariate"].tolist()
    assert everybody.propensity.notna().all()


@pytest.mark.parametrize("options", [{}, {"ratio": 3}, {"ratio": 2, "replace": True}])
def test_weights_share_each_treated_person_among_the_matches(options):
    result = matched(PEOPLE, **options)
    expected = pd.Series(0.0, index=PEOPLE.index)
    for treated, pairs in result.pairs.groupby("treated"):
        expected[treated] = 1
        for control in pairs["control"]:
            expected[control] += 1 / len(pairs)
    assert_close(result.weights, expected, decimals=12)
    treated = PEOPLE["treated"] == 1
    assert_close(result.weights[treated].sum(), result.weights[~treated].sum(), decimals=9)
    assert result.matched == result.pairs["treated"].nunique()
    assert result.unused == 300 - result.pairs["control"].nunique()
    assert (result.pairs["control"].value_counts().max() > 1) == options.get("replace", False)


def test_a_person_is_never_matched_with_themselves():
    frame = pairs_frame(0.0, who=np.concatenate([np.arange(20), 100 + np.arange(40)]))
    frame.loc[20:39, "risk"] = frame.loc[:19, "risk"].to_numpy()  # perfect matches: the same people
    frame.loc[20:39, "who"] = np.arange(20)
    free, own = matched(frame, "risk", replace=True), matched(frame, "risk", replace=True, person="who")
    assert (free.pairs["distance"] == 0).all()
    who = frame["who"]
    assert (who[own.pairs["treated"]].to_numpy() != who[own.pairs["control"]].to_numpy()).all()
    assert own.matched > 10
    assert own.person.equals(who)
    assert free.person is None


def test_a_person_may_serve_once_in_each_month():
    month = np.tile(["a", "b"], 30)
    frame = pairs_frame(0.0, month=month, who=np.concatenate([np.arange(20), np.repeat(100 + np.arange(20), 2)]))
    result = matched(frame, "risk", exact=("month",), person="who", caliper=None)
    assert result.matched == 20
    assert result.pairs["control"].is_unique
    assert frame.loc[result.pairs["control"], "who"].duplicated().any()
    rows = [frame.loc[result.pairs[side], "month"].to_numpy() for side in ("treated", "control")]
    assert (rows[0] == rows[1]).all()


def test_a_random_order_is_repeated_by_its_seed():
    first, again, other = (pair_set(matched(PEOPLE, order="random", seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_nobody_near_enough_is_an_error():
    with pytest.raises(
        DataError, match=r"nobody can be matched: no comparison person within the caliper for any of the 100"
    ):
        matched(PEOPLE, caliper=1e-9)
    frame = PEOPLE.assign(month=np.where(PEOPLE["treated"] == 1, "now", "then"))
    with pytest.raises(DataError, match="no comparison person with the same month for any of the 100 treated"):
        matched(frame, exact=("month",))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"caliper": 0}, "caliper: 0 is neither a number above 0"),
        ({"caliper": -0.2}, "caliper: -0.2 is neither"),
        ({"caliper": np.inf}, "caliper: inf is neither"),
        ({"caliper": "wide"}, "caliper: 'wide' is neither"),
        ({"ratio": 0}, "ratio: 0 is not a whole number of at least 1"),
        ({"ratio": 1.5}, "ratio: 1.5 is not"),
        ({"ratio": True}, "ratio: True is not"),
        ({"exact": "month"}, r"exact: 'month' is one name; write \('month',\)"),
        ({"order": "best"}, "order: 'best' is none of largest, smallest, data, random"),
        ({"order": "random"}, "seed: needed with order='random'"),
        ({"seed": 3}, "seed: needed with order='random'.*and with no other order"),
        ({"missing": "mean"}, "missing: 'mean' is none of"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(SpecError, match=message):
        matched(PEOPLE, **options)


def test_gaps_in_keys_and_absent_keys_are_refused():
    frame = PEOPLE.assign(month=PEOPLE["month"].where(PEOPLE.index > 3))
    with pytest.raises(DataError, match="month: missing for 3 rows; leave them out or give them a value of their own"):
        matched(frame, exact=("month",))
    with pytest.raises(DataError, match="month: missing for 3 rows"):
        matched(frame, person="month")
    with pytest.raises(DataError, match="the frame lacks the column week"):
        matched(frame, exact=("week",))


def test_a_match_shows_its_size_and_method():
    shown = repr(matched(PEOPLE, ratio=2))
    assert "nearest neighbour 1:2 without replacement on the logit of the propensity, largest propensity first" in shown
    assert "caliper 0.2 standard deviations of the logit over all rows (0.1778), ties by row order" in shown
    assert "treated        100" in shown
