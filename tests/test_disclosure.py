"""Small counts never reach a reader, and cannot be worked out from what does."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import DataError
from evalkit.present.disclosure import SafeTable, make_flow_safe, make_safe, require_safe


def table(**columns):
    return pd.DataFrame(columns)


def test_counts_from_1_to_9_are_hidden_and_0_and_10_are_shown():
    safe = make_safe(table(name=list("abcd"), n=[0, 1, 9, 10]), counts=["n"])
    # 1 and 9 are small; their sum is 10, so each could be 1 to 9: no third row is needed
    assert safe["n"].tolist() == [0, "[c]", "[c]", 10]


def test_the_threshold_is_an_option():
    assert make_safe(table(n=[4, 5, 30]), counts=["n"], threshold=5)["n"].tolist() == ["[c]", "[c]", 30]


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
