"""The validation tables: a small slice of what `make validate` runs in full, and that a failure is not passed over."""

import numpy as np
import pandas as pd
import pytest
from conftest import assert_close
from survival_reference import rossi

from evalkit.errors import DataError
from evalkit.statistics.expected import actual_vs_predicted
from evalkit.synthetic import validation

NAMES = {
    **{"arrest": "reconvicted", "fin": "financial_aid", "race": "black", "wexp": "work_experience"},
    **{"mar": "married", "paro": "parole", "prio": "prior_convictions"},
}
"""Columns of the study as published, by ours."""


def test_the_exact_test_never_rejects_too_often_and_with_many_people_not_too_seldom():
    table = validation.exact_test_sizes((20, 1000))
    assert table["passed"].all()
    assert table["size"].iloc[0] < table["size"].iloc[1] <= 0.05
    assert table["size"].iloc[1] >= 0.04


def test_its_size_is_the_probability_of_every_rejected_count():
    shares = np.full(12, 0.3)
    chances = [1.0]
    for share in shares:  # people one by one: the textbook recursion
        chances = np.convolve(chances, [1 - share, share])
    rejected = [actual_vs_predicted(np.arange(12) < events, shares).p_value < 0.05 for events in range(13)]
    assert_close(validation.size_of_exact_test(shares), float(chances[rejected].sum()), decimals=10)


def test_a_test_that_ignores_one_sampling_is_shown_to_reject_too_often():
    table = validation.estimated_test_sizes(simulations=200).set_index("method")
    naive, right = table["size"]
    assert naive > 0.10
    assert table["passed"].iloc[1]
    assert right < 0.09


def test_the_delta_method_agrees_with_the_bootstrap():
    assert validation.recalibration_bootstrap(draws=200)["passed"].all()


def test_rossi_parts_by_method():
    men = rossi().rename(columns=NAMES)
    days = (7 * men["week"]).where(men["reconvicted"] == 1)
    table = validation.rossi_by_method(men.assign(days_to_reconviction=days)).set_index("method")
    assert table["passed"].all()
    assert (table["p_value"].dropna() < 0.05).sum() == 1


def test_every_failure_is_named_and_what_was_not_judged_is_not():
    good = pd.DataFrame({"what": ["a", "b"], "passed": [True, None]})
    bad = pd.DataFrame({"what": ["c", "d"], "value": [1, 2], "passed": [False, True]})
    validation.refuse_failures(good=good)
    with pytest.raises(DataError, match=r"the validation failed:\nbad: what c, value 1$"):
        validation.refuse_failures(good=good, bad=bad)
