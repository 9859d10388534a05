"""The measures of a matched comparison, each with both values, and the rules for what is tested and headlined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.errors import SpecError
from evalkit.statistics.contrast import FEWEST_ANALYSED, few_analysed, outcome_values
from evalkit.statistics.inputs import FloatArray, checked_level, outcome_array, refuse_rows
from evalkit.statistics.matching import Match
from evalkit.statistics.outcomes import Adjustment, MatchedLines, adjustment_for, compared_lines, matched_lines

FEWEST_EVENTS = 10
"""A measure is tested only with at least this many treated people who have the outcome."""

FEWEST_REOFFENDERS = 30
"""Days to the first reconviction are headlined only with at least this many treated reoffenders."""

_KINDS = ("rate", "count", "days")
_AMONG = "difference of weighted means among reoffenders, not adjusted (it compares people selected by the outcome)"


@dataclass(frozen=True)
class Measure:
    """One declared outcome of a matched comparison.

    label  : how a reader knows it
    column : of the frame: 0/1 or False/True for a rate, numbers for a count or days
    kind   : 'rate', 'count' (per person) or 'days' (to the first, among reoffenders)
    unit   : what one of it is, for labels
    among  : column of 0/1 or False/True of the reoffenders that the measure is about; empty: everybody matched
    """

    label: str
    column: str
    kind: Literal["rate", "count", "days"]
    unit: str = ""
    among: str = ""

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise SpecError(f"measure {self.label}: kind {self.kind!r} is not one of {', '.join(_KINDS)}")
        if self.kind == "days" and not self.among:
            raise SpecError(
                f"measure {self.label}: days to the first are known of reoffenders only; name them in `among`"
            )


def testable(people: int, rate: float) -> bool:
    """Whether a rate may be tested: at least 10 treated people have the outcome (people x rate).

    people : treated people analysed
    rate   : share of them with the outcome
    """
    return bool(people * rate >= FEWEST_EVENTS - 1e-9)


def seven_measures(
    match: Match,
    frame: pd.DataFrame,
    measures: Mapping[str, Measure],
    *,
    level: float = 0.95,
    clusters: str | None = None,
) -> pd.DataFrame:
    """Every declared measure of a matched comparison, with the rules for testing and headlining applied.

    match, frame, level, clusters : as for `matched_outcomes`
    measures : by name; any number of them

    A measure among reoffenders compares the matched reoffenders of either side, weighted as matched but not adjusted:
    who reoffends is itself an outcome, so the pairs no longer match and the difference describes.
    Returns one row per measure: name, label, kind, unit, the columns of `matched_outcomes` without the outcome's,
    reoffenders_treated, reoffenders_comparison (people matched who have the outcome, or of whom the measure is; the
    comparison's as rows) and reoffenders_comparison_weighted, tested, headline, and reason (why it is not tested or
    not headlined; empty where it is both).
    Tested: 30 or more matched treated, and 10 or more of them with the outcome (among reoffenders, on either side).
    What is not tested is described by both plain means. Headlined: what is tested; days with 30 or more treated
    reoffenders only.
    Raises DataError as `matched_outcomes` does.
    """
    checked_level(level)
    lines = matched_lines(match, frame, clusters=clusters)
    adjustment = adjustment_for(match, lines)
    rows = [
        {"name": name, "label": measure.label, "kind": measure.kind, "unit": measure.unit}
        | _measured(lines, frame, measure, adjustment, level=level)
        for name, measure in measures.items()
    ]
    return pd.DataFrame(rows).drop(columns="outcome")


def _measured(
    lines: MatchedLines, frame: pd.DataFrame, measure: Measure, adjustment: Adjustment, *, level: float
) -> dict[str, Any]:
    having = _having(lines, frame, measure)
    counts = {
        "reoffenders_treated": int(having[lines.treated].sum()),
        "reoffenders_comparison": int(lines.rows[having & ~lines.treated].nunique()),
        "reoffenders_comparison_weighted": float(lines.weights[having & ~lines.treated].sum()),
    }
    untested = _why_not_tested(int(lines.treated.sum()), counts, measure)
    if measure.among:
        lines, adjustment = lines.only(having), Adjustment(np.zeros((int(having.sum()), 0)), _AMONG)
    values = _checked_values(frame, lines, measure)
    columns = compared_lines(lines, values, adjustment, outcome=measure.column, level=level, description=untested)
    few = measure.kind == "days" and counts["reoffenders_treated"] < FEWEST_REOFFENDERS
    reason = untested or (f"fewer than {FEWEST_REOFFENDERS} treated reoffenders" if few else "")
    return columns | counts | {"tested": not untested, "headline": not reason, "reason": reason}


def _having(lines: MatchedLines, frame: pd.DataFrame, measure: Measure) -> NDArray[np.bool_]:
    """The lines of people whom the measure is about, or who have the outcome at all."""
    if measure.among:
        members = outcome_values(frame, lines.rows, measure.among)
        return np.asarray(outcome_array(members, name=f"column {measure.among}") == 1)
    return _checked_values(frame, lines, measure) > 0


def _checked_values(frame: pd.DataFrame, lines: MatchedLines, measure: Measure) -> FloatArray:
    values = outcome_values(frame, lines.rows, measure.column)
    if measure.kind == "rate":
        return outcome_array(values, name=f"rate {measure.column}")
    refuse_rows(values, values < 0, name=f"{measure.kind} {measure.column}", rule="each must be 0 or more")
    return values


def _why_not_tested(people: int, counts: Mapping[str, float], measure: Measure) -> str:
    if people < FEWEST_ANALYSED:
        return few_analysed(people)
    sides = ["treated", "comparison"] if measure.among else ["treated"]
    for side in sides:
        if not testable(people, counts[f"reoffenders_{side}"] / people):
            whom = "reoffenders" if measure.among else "people with the outcome"
            return f"fewer than {FEWEST_EVENTS} {side} {whom}"
    return ""
