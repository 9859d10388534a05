"""The naive and the honest figures of every group, in one table."""

from __future__ import annotations

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
    rows: list[dict[str, object]] = []
    for group in groups:
        rows.append(_naive_row(cohort, group))
        for designs in _SAME_TRIALS:
            rows += _fair_rows(cohort, group, designs)
    table = with_actual_limits(pd.DataFrame(rows))
    limits = {"estimate": "difference", "low": "difference_low", "high": "difference_high"}
    return table.assign(**{name: table[column] for name, column in limits.items()})


_SAME_TRIALS = (("sequential", "own_lag"), ("landmark",))
"""Designs that share their trials."""


def _naive_row(cohort: Cohort, group: str) -> dict[str, object]:
    side, others = (side for side in cohort.sides if side.group.name == group)
    row = _design_row(cohort, side, "naive", against_prediction(side, cohort))
    return row | {"comparison_people": len(others.people)}


def _fair_rows(cohort: Cohort, group: str, designs: tuple[str, ...]) -> list[dict[str, object]]:
    side = next(side for side in cohort.sides if side.group.name == group)
    trials: Trials | None = None
    rows = []
    for design in designs:
        try:
            trials = trials or trials_for(cohort, group, design)
            found = designed(cohort, trials, design)
        except DataError as error:
            rows.append(_design_row(cohort, side, design, None) | {"why_not": str(error)})
        else:
            row = _design_row(cohort, side, design, found.inside)
            rows.append(row | found.odds | {"comparison_people": found.comparison_people})
    return rows


def _design_row(cohort: Cohort, side: Side, design: str, result: ActualVsPredicted | None) -> dict[str, object]:
    row = comparison_row(side, design, cohort.spec, result)
    said = {"method": DESIGNS[design], "design_label": design.replace("_", " ")}
    return row | said | {"naive": design == "naive", "comparison_people": 0, "why_not": ""}
