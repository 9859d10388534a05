"""Can the prediction be trusted? Checked on the people who did not reach a group, and what follows for the others."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evalkit.cohort.build import Cohort
from evalkit.cohort.compare import comparison_row, with_actual_limits
from evalkit.statistics.calibration import calibration
from evalkit.statistics.expected import actual_vs_predicted
from evalkit.statistics.gate import gate
from evalkit.statistics.recalibration import recalibrate, recalibrated_actual_vs_predicted
from evalkit.statistics.tipping import tipping_points

FEWEST_EVENTS = 10
"""With fewer reference people reconvicted, or not, nothing is fitted to them."""


@dataclass(frozen=True)
class Trust:
    """The check of a prediction on reference people, and the comparison after it is put right on them.

    verdict      : 'passed', 'failed', 'undetermined' or 'not applicable'; reason says why
    measures     : measure, value, low, high
    deciles      : group, people, actual, predicted, actual_rate with limits, predicted_rate; by predicted risk
    smooth       : predicted, actual_rate: a smooth line through all reference people
    recalibrated : as `group_comparisons`, for the group and what lies within it, against the recalibrated prediction
    tipping      : point, capture, ratio, p_value, score_factor: what would have to be missed for the result to tip
    """

    verdict: str
    reason: str
    measures: pd.DataFrame
    deciles: pd.DataFrame
    smooth: pd.DataFrame
    recalibrated: pd.DataFrame
    tipping: pd.DataFrame


def check_prediction(cohort: Cohort, group: str) -> Trust:
    """Check the prediction on the people who are not in a group, and compare the group again after recalibration.

    group : an outermost group; the people outside it are the reference

    Raises SpecError for an undeclared group.
    """
    cohort.spec.group(group)
    sides = list(cohort.sides)
    reference = next(side.people for side in sides if side.group.name == group and side.complement)
    if not _enough(reference) or cohort.model is not None:
        return _unchecked(cohort)
    check = calibration(reference["reconvicted"], reference["predicted"])
    verdict = gate(check)
    adjusted = recalibrate(reference["reconvicted"], reference["predicted"], reference["predicted"])
    rows = [
        comparison_row(
            side,
            "naive",
            cohort.spec,
            recalibrated_actual_vs_predicted(adjusted, side.people["reconvicted"], side.people["predicted"]),
        )
        for side in sides
        if len(side.people) and not (side.complement and side.group.name == group)
    ]
    inside = next(side.people for side in sides if side.group.name == group and not side.complement)
    raw = actual_vs_predicted(inside["reconvicted"], inside["predicted"]) if _enough(inside) else None
    return Trust(
        verdict=verdict.verdict,
        reason=verdict.reason,
        measures=pd.DataFrame(
            [
                (label, getattr(check, name), getattr(check, f"{name}_low", None), getattr(check, f"{name}_high", None))
                for name, label in MEASURES.items()
            ],
            columns=["measure", "value", "low", "high"],
        ),
        deciles=check.deciles,
        smooth=check.smooth,
        recalibrated=with_actual_limits(pd.DataFrame(rows)) if rows else pd.DataFrame(columns=["name"]),
        tipping=tipping_points(raw, inside["predicted"]) if raw else pd.DataFrame(columns=["point"]),
    )


def _enough(people: pd.DataFrame) -> bool:
    reconvicted = int(people["reconvicted"].sum())
    return min(reconvicted, len(people) - reconvicted) >= FEWEST_EVENTS


MEASURES = {
    "ratio": "Actual / predicted",
    "slope": "Calibration slope",
    "intercept": "Calibration intercept",
    "auc": "Area under the curve (AUC)",
    "brier": "Brier score",
    "scaled_brier": "Scaled Brier score",
    "spiegelhalter_z": "Spiegelhalter's z",
}


def _unchecked(cohort: Cohort) -> Trust:
    nothing = pd.DataFrame({"measure": [], "name": [], "point": [], "people": [], "actual": [], "verdict": []})
    if cohort.model is not None:
        return Trust("not applicable", "calibrated by construction", *[nothing] * 5)
    return Trust("undetermined", "too few reference people to check the prediction", *[nothing] * 5)
