"""A group of a cohort beside its prediction, always with its complement.

A group that people can only reach after the index date (take-up, a job) cannot be compared with its prediction
fairly: to reach it a person must first have stayed unconvicted. It is compared by one of the designs that follow
people from that day on (see `evalkit.cohort.designs`); from the index date only if that is asked for by name,
design='naive', and then it carries that label.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from evalkit.cohort.build import Cohort, Side
from evalkit.cohort.designs import HONEST, designed, trials_for
from evalkit.errors import DataError, SpecError
from evalkit.spec import Group, Spec
from evalkit.statistics.expected import ActualVsPredicted, actual_vs_predicted, comparison_sizes
from evalkit.statistics.rates import newcombe, wilson
from evalkit.statistics.reference import estimated_actual_vs_predicted

DESIGNS = {
    "naive": "followed from the index date, the group known later",
    "known at index": "the group was settled on or before the index date",
    **HONEST,
}
"""How a group and its follow-up are put together."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """A group and the rest of the people it is part of, each against its prediction.

    inside, outside : of a design that follows people from the day they reached the group, the outside are lines of
                      people at risk who had not reached it yet (a person may have several), which the prediction
                      fits by construction
    odds            : odds_ratio with odds_ratio_low and odds_ratio_high, group over the others; empty if naive
    flow            : of such a design, where the people of the group leave: step, excluded, remaining, reason
    """

    group: Group
    design: str
    inside: ActualVsPredicted
    outside: ActualVsPredicted
    odds: dict[str, float] = field(default_factory=dict)
    flow: pd.DataFrame | None = None

    @property
    def table(self) -> pd.DataFrame:
        """Both sides: label, design, and the fields of ActualVsPredicted."""
        sides = {self.group.label: self.inside, self.group.complement: self.outside}
        return pd.DataFrame([{"label": label, "design": self.design, **asdict(side)} for label, side in sides.items()])

    def __repr__(self) -> str:
        return f"Comparison of '{self.group.name}', {self.design}\n{self.table.T.to_string(header=False)}"

    def _repr_html_(self) -> str:
        return str(self.table.T.to_html(header=False))


def compare(cohort: Cohort, group: str, *, against: str = "complement", design: str | None = None) -> Comparison:
    """Compare a group, and those of the wider group who are not in it, each with its own prediction.

    cohort  : what `build_cohort` returned
    group   : name of a group that the specification declares
    against : 'complement', the people of the wider group who are not in this one
    design  : must be given for a group that is reached after the index date: 'sequential', 'own_lag', 'landmark',
              or 'naive'

    Raises SpecError for an undeclared group or design, and where a group reached after the index date is compared
    without a design; DataError where one side is empty.
    """
    declared = cohort.spec.group(group)
    if against != "complement":
        raise SpecError(f"compare against '{against}' is not known (known: 'complement')")
    checked = _checked_design(declared, design)
    if checked in HONEST:
        return _honest(cohort, group, checked)
    results = [against_prediction(side, cohort) for side in _sides_of(group, cohort)]
    for side, result in zip(_sides_of(group, cohort), results, strict=True):
        if result is None:
            raise DataError(f"nobody to compare in the group '{side.label}'")
    inside, outside = (result for result in results if result)
    return Comparison(declared, checked, inside, outside)


def _honest(cohort: Cohort, group: str, design: str) -> Comparison:
    found = designed(cohort, trials_for(cohort, group, design), design)
    outside = found.trials.rows.query("not treated")
    return Comparison(
        group=cohort.spec.group(group),
        design=design,
        inside=found.inside,
        outside=_fitted_by_construction(outside.assign(predicted=found.fitted)),
        odds=found.odds,
        flow=found.trials.flow,
    )


def _sides_of(group: str, cohort: Cohort) -> list[Side]:
    """The people of the group and those of the wider group who are not in it."""
    return sorted((side for side in cohort.sides if side.group.name == group), key=lambda side: side.complement)


def against_prediction(side: Side, cohort: Cohort) -> ActualVsPredicted | None:
    """One side, followed from the index date, against its prediction; None where there is nobody."""
    people, model = side.people, cohort.model
    if people.empty:
        return None
    if model is None:
        return actual_vs_predicted(people["reconvicted"], people["predicted"])
    if side.group.name != cohort.spec.predictor.reference_group:
        raise SpecError(f"the reference model was fitted outside another group than '{side.group.name}'")
    if side.complement:
        return _fitted_by_construction(people)
    return estimated_actual_vs_predicted(model, people.assign(**{model.reference: False}))


def compare_rates(cohort: Cohort, group: str) -> pd.DataFrame:
    """The rate of a group known at the index date beside that of the people who are not in it, without prediction.

    For groups that are independent of each other, above all an allocation at random.

    Returns one row: name, label, complement_label, outcome, horizon, and the fields of RateDifference (a: the group;
    Newcombe interval, Fisher's exact p).
    Raises SpecError where the group is reached after the index date.
    """
    declared = cohort.spec.group(group)
    _checked_design(declared, None)
    inside, outside = (side.people["reconvicted"] for side in _sides_of(group, cohort))
    result = newcombe(int(inside.sum()), len(inside), int(outside.sum()), len(outside))
    names = {"name": group, "label": declared.label, "complement_label": declared.complement}
    return pd.DataFrame(
        [{**names, "outcome": cohort.spec.outcome_word, "horizon": cohort.spec.horizon, **asdict(result)}]
    )


def _fitted_by_construction(people: pd.DataFrame) -> ActualVsPredicted:
    """Reference people beside the model that was fitted on them: their sizes, and no test."""
    none = float("nan")
    actual, predicted = int(people["reconvicted"].sum()), float(people["predicted"].sum())
    tests: dict[str, Any] = dict.fromkeys(("p_value", "log10_p", "variance", "z", "spiegelhalter_z", "level"), none)
    return ActualVsPredicted(
        **comparison_sizes(len(people), actual, predicted, low=none, high=none),
        **tests,
        predictions="estimated",
        method="reference people: the model fits them by construction",
    )


def group_comparisons(cohort: Cohort, *, design: str | None = None) -> pd.DataFrame:
    """Every declared group and its complement, actual against predicted.

    design : as in `compare`

    Returns one row per group and complement: name, label, complement (bool), within, outcome, horizon (as
    sentences say it), design, immortal_time, the fields of ActualVsPredicted, and actual_rate_low, actual_rate_high
    (Wilson).
    """
    _refuse_nobody(cohort)
    rows = [
        comparison_row(side, _checked_design(side.group, design), cohort.spec, against_prediction(side, cohort))
        for side in cohort.sides
    ]
    return with_actual_limits(pd.DataFrame(rows))


def with_actual_limits(table: pd.DataFrame) -> pd.DataFrame:
    """Add actual_rate_low and actual_rate_high (Wilson); missing where there is nobody."""
    some = table[table["people"] > 0]
    intervals = wilson(some["actual"], some["people"])
    return table.assign(actual_rate_low=intervals["lower"], actual_rate_high=intervals["upper"])


EVERYONE = "everyone"
"""What the line of the whole cohort is called."""

BOUNDS_ABOVE = 0.05
"""With a larger share unscored, the difference is bounded by what their scores might have been."""


def unscored(cohort: Cohort) -> pd.DataFrame:
    """People followed up in full but without a valid score: how many, their actual rate, what they might change.

    Returns one row per declared group, and one for everyone: name, label, complement (False), within, people, unscored,
    share, reconvicted (of the unscored), actual_rate with _low and _high (Wilson; missing where nobody is unscored),
    and bound_from and bound_to: where more than 5 % are unscored, the difference (share) if they all had the 90th or
    the 10th percentile of the scored people's prediction.
    """
    counted = ["analysed", "predicted", "reconvicted", *(group.name for group in cohort.spec.groups)]
    mature = cohort.frame.loc[cohort.frame["mature"], counted]
    everyone = Group(EVERYONE, "Everyone in the cohort", "")
    rows = [_unscored_row(everyone, mature)]
    rows += [
        _unscored_row(replace(group, within=group.within or EVERYONE), mature[mature[group.name]])
        for group in cohort.spec.groups
    ]
    table = pd.DataFrame(rows)
    some = table[table["unscored"] > 0]
    if some.empty:
        return table.assign(**dict.fromkeys(("actual_rate", "actual_rate_low", "actual_rate_high"), float("nan")))
    intervals = wilson(some["reconvicted"], some["unscored"])
    return table.assign(
        actual_rate=intervals["rate"], actual_rate_low=intervals["lower"], actual_rate_high=intervals["upper"]
    )


def _unscored_row(group: Group, people: pd.DataFrame) -> dict[str, object]:
    without = ~people["analysed"]
    share = float(without.mean()) if len(people) else 0.0
    bounds = [float("nan")] * 2
    if share > BOUNDS_ABOVE and not without.all():
        scored = people.loc[~without, "predicted"].astype("float64")
        guesses = [float(scored.sum() + without.sum() * scored.quantile(level)) for level in (0.9, 0.1)]
        bounds = [(float(people["reconvicted"].sum()) - guess) / len(people) for guess in guesses]
    return {
        "name": group.name,
        "label": group.label,
        "complement": False,
        "within": group.within,
        "people": len(people),
        "unscored": int(without.sum()),
        "reconvicted": int(people.loc[without, "reconvicted"].sum()),
        "share": share,
        "bound_from": bounds[0],
        "bound_to": bounds[1],
    }


def _checked_design(group: Group, design: str | None) -> str:
    if design is not None and design not in DESIGNS:
        raise SpecError(f"design '{design}' is not known (known: {', '.join(DESIGNS)})")
    if group.known_at_index:
        return "known at index"
    if design is None or design == "known at index":
        raise SpecError(
            f"group '{group.name}' is reached after the index date: to be in it a person must first have stayed "
            "unconvicted, so it cannot be compared from there without saying so. Write design='sequential' (or "
            "'own_lag', 'landmark') for a fair comparison, or design='naive' to show the other, labelled as such."
        )
    return design


def _refuse_nobody(cohort: Cohort) -> None:
    if cohort.analysed.empty:
        reasons = cohort.flow.sort_values("excluded", kind="stable")["reason"]
        raise DataError(f"nobody can be analysed; most people leave here: {reasons.iloc[-1]}")


def comparison_row(side: Side, design: str, spec: Spec, result: ActualVsPredicted | None) -> dict[str, object]:
    """One line of a comparison table; a side with nobody in it (None) has its counts, and no rates."""
    return {
        "name": side.group.name,
        "label": side.label,
        "complement": side.complement,
        "within": side.group.within,
        "outcome": spec.outcome_word,
        "horizon": spec.horizon,
        "design": design,
        "immortal_time": design == "naive" and not side.complement,
        **(asdict(result) if result else {"people": 0, "actual": 0, "predicted": 0.0, "predictions": ""}),
    }
