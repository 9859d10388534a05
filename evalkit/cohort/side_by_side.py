"""The naive and the honest figures of every group, in one table."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from evalkit.cohort.build import Cohort, Side
from evalkit.cohort.compare import DESIGNS, against_prediction, comparison_row, with_actual_limits
from evalkit.cohort.designs import designed, trials_for
from evalkit.cohort.trials import Trials
from evalkit.errors import DataError
from evalkit.statistics.expected import ActualVsPredicted


def side_by_side(cohort: Cohort) -> pd.DataFrame:
    """Every group reached after the index date, by every design, the naive one first, for one table.

    Returns one row per group and design: name, label, complement (False), within, design, design_label, method (how
    the design compares), naive and immortal_time (bool), outcome, horizon, the fields of ActualVsPredicted but method,
    estimate, low and high (the difference), actual_rate_low and actual_rate_high (Wilson), odds_ratio with limits, and
    comparison_people (distinct). A design for which nobody remains has a row with 0 people, and says in why_not why.
    """
    groups = [group.name for group in cohort.spec.groups if not group.known_at_index]
    rows = [row for group in groups for row in _designs_of(cohort, group)]
    table = with_actual_limits(pd.DataFrame(rows))
    limits = {"estimate": "difference", "low": "difference_low", "high": "difference_high"}
    return table.assign(**{name: table[column] for name, column in limits.items()})


def _designs_of(cohort: Cohort, group: str) -> Iterator[dict[str, object]]:
    side, others = (side for side in cohort.sides if side.group.name == group)
    yield _design_row(cohort, side, "naive", against_prediction(side, cohort)) | {
        "comparison_people": len(others.people)
    }
    trials: dict[str, Trials] = {}
    for design, shared in (("sequential", "months"), ("own_lag", "months"), ("landmark", "day")):
        try:
            trials[shared] = trials.get(shared) or trials_for(cohort, group, design)
            found = designed(cohort, trials[shared], design)
        except DataError as error:
            yield _design_row(cohort, side, design, None) | {"why_not": str(error)}
        else:
            row = _design_row(cohort, side, design, found.inside)
            yield row | found.odds | {"comparison_people": found.comparison_people}


def _design_row(cohort: Cohort, side: Side, design: str, result: ActualVsPredicted | None) -> dict[str, object]:
    row = comparison_row(side, design, cohort.spec, result)
    said = {"method": DESIGNS[design], "design_label": design.replace("_", " ")}
    return row | said | {"naive": design == "naive", "comparison_people": 0, "why_not": ""}
