"""Small counts never reach a reader, and cannot be worked out from what does."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from evalkit.errors import DataError
from evalkit.present import suppression
from evalkit.present.disclosure import SafeTable, make_flow_safe, make_safe, require_safe


def table(**columns):
    return pd.DataFrame(columns)


def test_counts_from_1_to_9_are_hidden_and_0_and_10_are_shown():
    safe = make_safe(table(name=list("abcd"), n=[0, 1, 9, 10]), counts=["n"])
    # 1 and 9 are small; their sum is 10, so each could be 1 to 9: no third row is needed
    assert safe["n"].tolist() == [0, "[c]", "[c]", 10]


def test_the_threshold_is_an_option():
    assert make_safe(table(n=[5, 4, 30]), counts=["n"], threshold=5)["n"].tolist() == ["[c]", "[c]", 30]


def test_a_single_hidden_count_takes_the_next_smallest_with_it():
    # 4 alone could be worked out from the total
    assert make_safe(table(n=[4, 50, 12, 300]), counts=["n"])["n"].tolist() == ["[c]", 50, "[c]", 300]


def test_two_hidden_counts_whose_sum_gives_them_away_take_a_third():
    # 1 + 1 = 2 leaves no doubt; with 40 the sum is 42
    assert make_safe(table(n=[1, 1, 40, 300]), counts=["n"])["n"].tolist() == ["[c]", "[c]", "[c]", 300]


def test_a_small_complement_hides_the_count_as_well():
    # 95 of 100 leaves 5; the other row is whole
    safe = make_safe(table(n=[95, 50, 40], of=[100, 100, 100]), counts={"n": "of"})
    assert safe["n"].tolist() == ["[c]", 50, "[c]"]


def test_what_is_computed_from_a_hidden_count_goes_with_it():
    safe = make_safe(table(n=[3, 40, 50], rate=[0.3, 0.4, 0.5], label=["x", "y", "z"]), counts=["n"])
    assert safe["rate"].tolist() == ["[c]", "[c]", 0.5]
    assert safe["label"].tolist() == ["x", "y", "z"]


def test_rows_are_protected_within_their_own_total():
    safe = make_safe(table(n=[3, 40, 50, 60], part=["a", "a", "b", "b"]), counts=["n"], within="part")
    assert safe["n"].tolist() == ["[c]", "[c]", 50, 60]


def test_rounding_rounds_counts_and_withdraws_what_came_from_exact_ones():
    safe = make_safe(table(n=[12, 13, 101], rate=[0.1, 0.2, 0.3]), counts=["n"], round_to=5)
    assert safe["n"].tolist() == [10, 15, 100]
    assert safe["rate"].tolist() == ["[x]"] * 3


@pytest.mark.parametrize("bad", [[-1, 20], [1.5, 20], [float("nan"), 20]])
def test_what_is_no_count_is_refused(bad):
    with pytest.raises(DataError, match="'n' is not a count"):
        make_safe(table(n=bad), counts=["n"])


def test_a_missing_count_column_is_named():
    with pytest.raises(DataError, match="no count column 'm'"):
        make_safe(table(n=[1]), counts=["m"])


def test_only_what_make_safe_returned_counts_as_safe():
    safe = make_safe(table(n=[20]), counts=["n"])
    assert isinstance(require_safe(safe), SafeTable)
    for changed in (safe.assign(n=[3]), safe.copy().rename(columns={"n": "m"}), pd.DataFrame(safe), safe.head(1)):
        with pytest.raises(DataError, match="make_safe"):
            require_safe(changed)


def test_hidden_exclusions_of_a_flow_hide_the_remainders_between():
    flow = table(step=list("abcde"), excluded=[0, 3, 40, 4, 50], remaining=[200, 197, 157, 153, 103], reason=[""] * 5)
    safe = make_flow_safe(flow)
    assert safe["excluded"].tolist() == [0, "[c]", 40, "[c]", 50]
    # 200 - 153 - 40 = 7 left at b and d together; with 197 or 157 shown, 3 would be known
    assert safe["remaining"].tolist() == [200, "[c]", "[c]", 153, 103]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12))
def test_no_hidden_count_can_be_worked_out_from_the_total(counts):
    safe = make_safe(table(n=counts), counts=["n"])
    hidden = [n for n, cell in zip(counts, safe["n"], strict=True) if cell == "[c]"]
    shown = [n for n, cell in zip(counts, safe["n"], strict=True) if cell != "[c]"]
    assert all(n == 0 or n >= 10 for n in shown)
    if hidden and any(n > 0 for n in shown):
        # a hidden count of k others is anything from 1 to the remaining total less k
        assert sum(hidden) - len(hidden) + 1 >= 5
        assert len(hidden) > 1


# --- Each of these was once shown ---


def nested(*groups):
    """(name, within, (people, actual) of the group, (people, actual) of its complement) as group_comparisons has it."""
    rows = [
        {"name": name, "label": name if side is inside else f"not {name}", "complement": side is not inside,
         "within": within, "people": side[0], "actual": side[1], "actual_rate": side[1] / max(side[0], 1)}
        for name, within, inside, outside in groups for side in (inside, outside)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def nested_safe(groups):
    return make_safe(groups, counts={"people": None, "actual": "people"}, within="within")


def test_inner_groups_do_not_restore_a_hidden_outer_one():
    # 4 outside a hide the 30 inside as well; the 14 + 16 within a were once shown
    safe = nested_safe(nested(("a", "", (60, 30), (400, 4)), ("b", "a", (30, 14), (30, 16))))
    assert safe["actual"].tolist()[:2] == ["[c]", "[c]"]
    assert "[c]" in safe["actual"].tolist()[2:]
    # where it is the inner ones that are small, they cover each other and the outer one stays
    safe = nested_safe(nested(("a", "", (60, 30), (400, 90)), ("b", "a", (30, 4), (30, 26))))
    assert safe["actual"].tolist() == [30, 90, "[c]", "[c]"]
    assert safe["actual_rate"].tolist()[2:] == ["[c]", "[c]"]


def test_a_group_without_a_row_for_its_complement_is_still_a_part():
    groups = nested(("a", "", (60, 30), (400, 90)), ("b", "a", (56, 20), (4, 10)))
    safe = nested_safe(groups.drop(index=3))
    # 60 - 56 leaves 4 people
    assert safe["people"].tolist()[2] == "[c]"


def test_shown_bases_bound_what_is_hidden_below_them():
    # 8 and 12 add up to 20, so the 8 of 10 and the 12 of 12 could only be 8 + 12, 9 + 11 or 10 + 10
    rows = table(n=[40, 8, 12, 50], people=[80, 10, 12, 90])
    safe = make_safe(rows, counts={"people": None, "n": "people"})
    assert safe["n"].tolist() == ["[c]", "[c]", "[c]", 50]


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        # shown, 18 of a hidden base would be all of it, or leave at least 10: of 27 it can only be all
        (((27, 19), (40, 17)), ((18, 18), (9, 1))),
        # 34 of a hidden base would leave at least 10: 6 or 7 people were then left for the others
        (((51, 40), (29, 22)), ((45, 34), (6, 6))),
    ],
)
def test_a_shown_count_says_that_its_complement_is_not_small(outer, inner):
    truth = nested(("a", "", *outer), ("b", "a", *inner))
    safe = nested_safe(truth)
    assert safe["people"].tolist() == [outer[0][0], outer[1][0], "[c]", "[c]"]
    assert safe["actual"].tolist() == ["[c]"] * 4
    assert not list(exposed(nested_reader(truth, safe)))


def test_zeros_are_hidden_last():
    # in this order 13 does not cover the 8, and 14 with it only just does
    assert make_safe(table(n=[14, 13, 8, 0]), counts=["n"])["n"].tolist() == ["[c]", "[c]", "[c]", 0]


def test_the_base_of_one_row_does_not_show_the_hidden_count_of_another():
    # 5 of 100 found no work, so 95 is hidden; the next stage was shown as 50 of 95
    stages = table(stage=list("abc"), people=[100, 95, 50], of=[np.nan, 100, 95], share=[np.nan, 0.95, 50 / 95])
    safe = make_safe(stages, counts={"people": "of"}, within="stage")
    assert safe["people"].tolist() == [100, "[c]", 50]
    assert safe["of"].tolist()[1:] == ["[c]", "[c]"]
    assert safe["share"].tolist()[1:] == ["[c]", "[c]"]


def test_the_place_in_a_ranking_does_not_give_a_hidden_count_away():
    ranked = table(subject=list("qpba"), courses=[30, 20, 4, 3], of=[57] * 4)
    # in this order 7 courses could only be 4 + 3, 5 + 2 or 6 + 1
    assert make_safe(ranked, counts=["courses"])["courses"].tolist() == [30, "[c]", "[c]", "[c]"]
    safe = make_safe(ranked, counts=["courses"], ranked_by="subject")
    assert safe["subject"].tolist() == ["q", "p", "a", "b"]
    assert safe["courses"].tolist() == [30, 20, "[c]", "[c]"]
    assert safe["of"].tolist() == [57, 57, "[c]", "[c]"]
    assert safe.index.tolist() == [0, 1, 2, 3]


def test_a_ranking_needs_labels_that_are_distinct():
    for label in ("n", "missing"):
        with pytest.raises(DataError, match=f"'{label}' cannot label a ranking"):
            make_safe(table(n=[20, 20]), counts=["n"], ranked_by=label)


def test_the_smallest_are_hidden_first_and_that_gives_nothing_away():
    # 9 with 30 hidden and another 30 shown: if the next smallest is hidden, at most 30, the sum of 39 leaves 9 and 30
    safe = make_safe(table(n=[30, 9, 30, 200]), counts=["n"])
    assert safe["n"].tolist() == ["[c]", "[c]", "[c]", 200]


def test_a_total_too_small_to_hide_in_hides_all():
    assert make_safe(table(n=[3, 0, 0]), counts=["n"])["n"].tolist() == ["[c]"] * 3
    assert make_safe(table(n=[0, 3, 0], of=[3] * 3), counts={"n": "of"})["of"].tolist() == ["[c]"] * 3


def flow(start, excluded):
    excluded = np.array([0, *excluded])
    steps = ["start", *"abcdefgh"[: len(excluded) - 1]]
    return table(step=steps, excluded=excluded, remaining=start - excluded.cumsum(), reason=[""] * len(excluded))


def test_a_small_remainder_is_hidden_with_a_cover():
    safe = make_flow_safe(flow(100, [30, 20, 45]))
    assert safe["excluded"].tolist() == [0, 30, "[c]", 45]
    assert safe["remaining"].tolist() == [100, 70, "[c]", "[c]"]


def test_a_small_remainder_of_small_steps_is_hidden_though_they_cover_each_other():
    # 4 and 4 could each be 1 to 7, but the 8 who remain before them are few as well
    safe = make_flow_safe(flow(38, [0, 0, 30, 4]))
    assert safe["excluded"].tolist() == [0, 0, 0, "[c]", "[c]"]
    assert safe["remaining"].tolist() == [38, 38, 38, "[c]", "[c]"]


def test_the_first_row_of_a_flow_covers_nothing():
    # 3 and 0: the zero of the start says nothing, as everybody knows it
    safe = make_flow_safe(flow(60, [3, 0]))
    assert safe["excluded"].tolist() == [0, "[c]", 0]
    assert safe["remaining"].tolist() == [60, "[c]", "[c]"]


def test_a_small_start_hides_the_whole_flow():
    safe = make_flow_safe(flow(9, [9, 0]))
    assert safe["remaining"].tolist() == ["[c]"] * 3
    assert make_flow_safe(flow(10, [10, 0]))["remaining"].tolist() == [10, 0, 0]


def test_people_outside_the_group_are_protected_where_the_flow_of_everyone_is_shown():
    everyone = flow(400, [34, 120, 80])
    group = flow(100, [30, 20, 15])
    # 34 of everyone less 30 of the group leaves 4
    assert make_flow_safe(group)["excluded"].tolist() == [0, 30, 20, 15]
    safe = make_flow_safe(group, whole=everyone)
    assert safe["excluded"].tolist() == [0, "[c]", 20, "[c]"]
    assert safe["remaining"].tolist() == [100, "[c]", "[c]", 35]
    # a group of nearly everyone: 6 people are outside it
    assert make_flow_safe(flow(394, [34, 120, 80]), whole=everyone)["remaining"].tolist() == ["[c]"] * 4


def test_small_remainders_of_the_people_outside_the_group_are_hidden_too():
    # 308 of everyone remain after b, and 300 of the group did: the zero of b covers the 8 others
    safe = make_flow_safe(flow(300, [0, 0, 10]), whole=flow(463, [0, 155, 11]))
    assert safe["excluded"].tolist() == [0, 0, "[c]", "[c]"]
    assert safe["remaining"].tolist() == [300, 300, "[c]", "[c]"]


def test_a_flow_that_cannot_be_one_is_refused():
    unbalanced = flow(100, [30, 20]).assign(remaining=[100, 70, 51])
    with pytest.raises(DataError, match="does not balance"):
        make_flow_safe(unbalanced)
    with pytest.raises(DataError, match="same steps"):
        make_flow_safe(flow(100, [30, 20]), whole=flow(200, [50]))
    with pytest.raises(DataError, match="fewer people"):
        make_flow_safe(flow(100, [30, 20]), whole=flow(200, [29, 70]))


def test_where_nothing_is_hidden_the_solver_is_not_even_loaded():
    program = (
        "import sys, pandas as pd; from evalkit.present.disclosure import make_safe; "
        "make_safe(pd.DataFrame({'n': [20, 30]}), counts=['n']); loaded = 'scipy.optimize' in sys.modules; "
        "make_safe(pd.DataFrame({'n': [2, 30]}), counts=['n']); print(loaded, 'scipy.optimize' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]


def test_what_would_take_too_long_is_hidden_as_a_whole(monkeypatch):
    counts = table(n=[3, 40, 50, 60, 70, 80])
    assert make_safe(counts, counts=["n"])["n"].tolist() == ["[c]", "[c]", 50, 60, 70, 80]
    monkeypatch.setattr(suppression, "MOST_SOLUTIONS", 0)
    assert make_safe(counts, counts=["n"])["n"].tolist() == ["[c]"] * 6


# --- What a reader can work out: an attack of its own, from what is shown ---

MOST = 5_000
"""More than any count in these tables."""


class Reader:
    """What is known of one shown table: cells with bounds, equations, and which cells are hidden."""

    def __init__(self):
        self.low, self.high, self.rows, self.hidden = [], [], [], []

    def cell(self, shown, *, least=0):
        """A shown or hidden count."""
        known = shown != "[c]"
        if not known:
            self.hidden.append(len(self.low))
        return self.unknown(shown if known else least, shown if known else MOST)

    def unknown(self, low=0, high=MOST):
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def rule(self, terms, low, high):
        self.rows.append((terms, low, high))

    def add_up(self, parts, whole):
        self.rule([*((part, 1) for part in parts), (whole, -1)], 0, 0)

    def rest(self, part, whole):
        """What is left of a whole without a part."""
        rest = self.unknown()
        self.add_up([part, rest], whole)
        return rest

    def one_is_small(self, cells):
        """At least one of the cells is 1 to 9."""
        switches = []
        for cell in cells:
            switch = self.unknown(0, 1)
            self.rule([(cell, 1), (switch, -1)], 0, np.inf)
            self.rule([(cell, 1), (switch, MOST)], -np.inf, MOST + 9)
            switches.append((switch, 1))
        self.rule(switches, 1, np.inf)

    def is_not_small(self, cell):
        """The cell is 0 or at least 10."""
        switch = self.unknown(0, 1)
        self.rule([(cell, 1), (switch, -10)], 0, np.inf)
        self.rule([(cell, 1), (switch, -MOST)], -np.inf, 0)


def exposed(reader):
    """Hidden cells with fewer than five possible values: they are found one by one, from the smallest up."""
    possible = {cell: set() for cell in reader.hidden}
    for cell in possible:
        # HiGHS's presolve can lose solutions: what it finds exposed is looked at again without
        if not any(has_five(reader, cell, possible, presolve=presolve) for presolve in (True, False)):
            yield cell


def has_five(reader, cell, possible, *, presolve):
    floor = reader.low[cell]
    while len(possible[cell]) < 5:
        solution = smallest(reader, cell, floor, presolve=presolve)
        if solution is None:
            return False
        for other in possible:
            possible[other].add(solution[other])
        floor = solution[cell] + 1
    return True


def smallest(reader, cell, floor, *, presolve):
    """A full picture that agrees with all that is known, with the cell as small as it can be from the floor up."""
    low = np.array(reader.low, dtype=float)
    low[cell] = floor
    if low[cell] > reader.high[cell]:
        return None
    matrix = np.zeros((len(reader.rows), len(low)))
    for row, (terms, _, _) in enumerate(reader.rows):
        for place, factor in terms:
            matrix[row, place] += factor
    found = milp(
        np.arange(len(low)) == cell,
        integrality=np.ones(len(low), dtype=int),
        bounds=Bounds(low, reader.high),
        constraints=LinearConstraint(matrix, *np.transpose([limits for _, *limits in reader.rows])),
        options={"presolve": presolve},
    )
    return np.round(found.x) if found.status == 0 else None


def assert_nothing_is_exposed(readers):
    """Nothing hidden in any table has fewer than five possible values, but where the table had nothing left to hide."""
    assert not [(reader.shown, cell) for reader in readers for cell in exposed(reader) if not reader.excused(cell)]


def flat_reader(counts, safe, *, ordered):
    reader = Reader()
    shown = [n for n in safe["n"] if n != "[c]"]
    cells = [reader.cell(n, least=1 if any(shown) else 0) for n in safe["n"]]
    reader.add_up(cells, reader.cell(sum(counts)))
    if reader.hidden:
        reader.one_is_small(reader.hidden)
        for cell in reader.hidden:  # the smallest are hidden first
            reader.high[cell] = max(9, min([n for n in shown if n > 0], default=MOST))
    if ordered:
        for larger, smaller in pairwise(cells):
            reader.rest(smaller, larger)
    reader.shown = (counts, safe)
    few = 5 * len(counts) if ordered else 10
    reader.excused = lambda _: len(shown) == 0 and sum(counts) < few
    return reader


def random_counts(rng, size):
    """Mostly what is hard: zeros, small counts, and counts just above the threshold."""
    kinds = rng.choice(4, size, p=[0.15, 0.3, 0.25, 0.3])
    return np.choose(
        kinds, [0 * kinds, rng.integers(1, 10, size), rng.integers(10, 15, size), rng.integers(10, 300, size)]
    )


def test_attack_on_flat_tables():
    rng = np.random.default_rng(1)
    readers = []
    for _ in range(70):
        counts = random_counts(rng, rng.integers(1, 9))
        readers.append(flat_reader(counts, make_safe(table(n=counts), counts=["n"]), ordered=False))
    assert_nothing_is_exposed(readers)


def test_attack_on_tables_in_order_of_size():
    rng = np.random.default_rng(2)
    readers = []
    for _ in range(40):
        counts = np.sort(random_counts(rng, rng.integers(2, 9)))[::-1]
        readers.append(flat_reader(counts, make_safe(table(n=counts), counts=["n"]), ordered=True))
    assert_nothing_is_exposed(readers)


def test_attack_on_ranked_tables():
    rng = np.random.default_rng(3)
    readers = []
    for _ in range(70):
        counts = np.sort(random_counts(rng, rng.integers(2, 9)))[::-1]
        labels = rng.permutation(list("abcdefgh"))[: len(counts)]
        safe = make_safe(table(n=counts, label=labels), counts=["n"], ranked_by="label")
        hidden = (safe["n"] == "[c]").tolist()
        assert hidden == sorted(hidden)
        assert safe.loc[hidden, "label"].is_monotonic_increasing
        assert safe.index.tolist() == list(range(len(counts)))
        readers.append(flat_reader(counts, safe, ordered=False))
    assert_nothing_is_exposed(readers)


def nested_reader(truth, safe):
    """Both columns: what adds up, what is at most its base, and what shown counts say about their complements."""
    reader = Reader()
    people, actual = ([reader.cell(n) for n in safe[name]] for name in ("people", "actual"))
    unsure = [
        place for place, (n, of) in enumerate(zip(safe["actual"], safe["people"], strict=True)) if "[c]" in (n, of)
    ]
    rests = {place: reader.rest(actual[place], people[place]) for place in unsure}
    place_of = {name: place for place, name in enumerate(safe["name"]) if not safe["complement"].iloc[place]}
    for (_, within), rows in safe.groupby(["name", "within"]).indices.items():
        for name, cells in (("people", people), ("actual", actual)):
            total = reader.cell(truth[name].iloc[rows].sum()) if not within else cells[place_of[within]]
            reader.add_up([cells[row] for row in rows], total)
    for place, rest in rests.items():
        if safe["actual"].iloc[place] != "[c]":
            reader.is_not_small(rest)
    if reader.hidden:
        reader.one_is_small([*reader.hidden, *rests.values()])
    small = {}
    for tops in [rows for (_, within), rows in safe.groupby(["name", "within"]).indices.items() if not within]:
        inside = list(tops)
        for place, within in enumerate(safe["within"]):
            inside += [place] if within and place_of[within] in inside else []
        sums = truth.iloc[tops][["people", "actual"]].sum()
        for name, cells in (("people", people), ("actual", actual)):
            few = min(sums[name], sums["people"] - sums["actual"]) < 10
            excused = few and (safe[name].iloc[inside] == "[c]").all()
            small |= {cells[place]: excused for place in inside}
    reader.shown, reader.excused = (truth, safe), small.get
    # small complements of hidden counts are as secret as the counts
    left = truth["people"] - truth["actual"]
    reader.hidden += [rest for place, rest in rests.items() if 0 < left.iloc[place] < 10]
    small |= {rest: small[actual[place]] for place, rest in rests.items()}
    return reader


def random_nested(rng):
    def split(n):
        pick = rng.integers(4)
        return int([0, min(n, rng.integers(1, 10)), max(n - rng.integers(1, 10), 0), rng.integers(0, n + 1)][pick])

    people = int(rng.integers(20, 900))
    inside = {"": (people, split(people))}
    groups = []
    for name in "abcd"[: rng.integers(1, 5)]:
        within = str(rng.choice(list(inside))) if groups else ""
        whole, hit = inside[within]
        size = split(whole)
        least, most = max(0, hit - (whole - size)), min(size, hit)
        part = min(max(split(most), least), most)
        inside[name] = (size, part)
        groups.append((name, within, (size, part), (whole - size, hit - part)))
    return nested(*groups)


def test_attack_on_groups_within_groups():
    rng = np.random.default_rng(4)
    readers = []
    for _ in range(30):
        truth = random_nested(rng)
        readers.append(nested_reader(truth, nested_safe(truth)))
    assert_nothing_is_exposed(readers)


def add_flow(reader, safe, start):
    """Parts of a flow as cells, with its remainders; returns the parts and the remainders."""
    parts = [reader.cell(n) for n in safe["excluded"].iloc[1:]]
    remaining = [reader.cell(start), *(reader.cell(n) for n in safe["remaining"].iloc[1:])]
    for step, part in enumerate(parts):
        reader.add_up([part, remaining[step + 1]], remaining[step])
    return [*parts, remaining[-1]], remaining


def test_attack_on_flows():
    rng = np.random.default_rng(5)
    readers = []
    for _ in range(70):
        parts = random_counts(rng, rng.integers(2, 8))
        safe = make_flow_safe(flow(parts.sum(), parts[:-1]))
        reader = Reader()
        _, remaining = add_flow(reader, safe, parts.sum())
        if reader.hidden:
            reader.one_is_small([*reader.hidden, *(reader.rest(cell, remaining[0]) for cell in remaining[1:])])
        everything = (safe.loc[1:, ["excluded", "remaining"]] == "[c]").all(axis=None)
        few = parts.sum() < 10
        reader.shown, reader.excused = safe, lambda _, excused=everything and few: excused
        shown = [n for n in [*safe["excluded"], *safe["remaining"]] if n != "[c]"]
        assert not [n for n in shown if 0 < n < 10]
        readers.append(reader)
    assert_nothing_is_exposed(readers)


def test_attack_on_flows_of_a_group_and_of_everyone():
    rng = np.random.default_rng(6)
    readers = []
    for _ in range(50):
        size = rng.integers(2, 7)
        parts, others = random_counts(rng, size), random_counts(rng, size)
        both = flow((parts + others).sum(), (parts + others)[:-1])
        safe = make_flow_safe(flow(parts.sum(), parts[:-1]), whole=both)
        everyone = make_flow_safe(both)
        reader = Reader()
        inside, left = add_flow(reader, safe, parts.sum())
        hidden = len(reader.hidden)
        whole, all_left = add_flow(reader, everyone, (parts + others).sum())
        outside = [reader.rest(*pair) for pair in zip([*inside, *left[1:]], [*whole, *all_left[1:]], strict=True)]
        if len(reader.hidden) > hidden:
            reader.one_is_small(reader.hidden[hidden:])
        # the others are shown nowhere, but their small numbers are as secret
        truth = [*others, *(others.sum() - others.cumsum())[:-1]]
        reader.hidden += [cell for cell, n in zip(outside, truth, strict=True) if 0 < n < 10]
        # where nobody at all left, nobody of the group did
        nobody = [cell for cell, all_of in zip(inside, whole, strict=True) if reader.high[all_of] == 0]
        reader.hidden = [cell for cell in reader.hidden if cell not in nobody]
        everything = (safe.loc[1:, ["excluded", "remaining"]] == "[c]").all(axis=None)
        few = min(parts.sum(), others.sum()) < 10 or (everyone.loc[1:, "excluded"] == "[c]").all()
        reader.shown, reader.excused = safe, lambda _, excused=everything and few: excused
        readers.append(reader)
    assert_nothing_is_exposed(readers)
