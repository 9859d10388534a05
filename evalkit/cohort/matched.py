"""The matched comparison of one group: every table that its report shows, from the people submitted to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from evalkit.cohort.build import Cohort
from evalkit.cohort.pace import PACE, curve, pace
from evalkit.cohort.submitted import Submitted, profile, submitted
from evalkit.errors import DataError, SpecError
from evalkit.intake import Extract
from evalkit.spec import Matching
from evalkit.statistics.contrast import FEWEST_ANALYSED
from evalkit.statistics.matching import Match, match
from evalkit.statistics.measures import FEWEST_EVENTS, Measure, seven_measures
from evalkit.statistics.outcomes import mcnemar
from evalkit.statistics.propensity import overlap
from evalkit.statistics.sensitivity import e_value, minimum_detectable, people_needed, rosenbaum_bound
from evalkit.statistics.standardised import standardised_comparison
from evalkit.statistics.weighting import Method, outcomes_by

FEWEST_SUBMITTED = 60
"""With fewer people submitted a report warns before its first number."""

PRIMARY = "reconvicted"
"""The measure named beforehand."""

MEASURES = {
    "reconvicted": Measure("One-year rate", "reconvicted", "rate"),
    "reconvictions": Measure("Frequency", "reconvictions", "count"),
    "days_to_reconviction": Measure("Time to the first", "days_to_reconviction", "days", among="reconvicted"),
    "first_violent": Measure("First one for violence", "first_violent", "rate"),
    "violent_reconvictions": Measure("Frequency for violence", "violent_reconvictions", "count"),
    "first_custodial": Measure("First one to custody", "first_custodial", "rate"),
    "custodial_reconvictions": Measure("Frequency to custody", "custodial_reconvictions", "count"),
}
"""The seven measures of a matched comparison; a prepared cohort has those that its columns give."""


@dataclass(frozen=True, repr=False, eq=False)
class MatchedComparison:
    """Everything that a report on a matched comparison shows.

    settings  : the declaration it was made by
    submitted : the people, their covariates and outcomes
    match     : from `evalkit.match`
    measures  : columns of `seven_measures`, and people_needed (to tell a difference of the size found from none, where
                the interval straddles zero)
    methods   : the primary measure by every method: label, estimate, low, high, p_value, n_treated, n_comparison,
                method, naive (True where nothing was adjusted)
    bins, support : from `overlap`
    pace      : label, ratio, low, high, p_value, method: how soon and how often, as ratios of the matched people
    curve     : from `survival_curve`, of the matched people; group is the side
    profile   : label, characteristic, category, people, of, share: the people of the group
    attrition : step, excluded, remaining, reason: the people of the group, from the cohort to the match
    strength  : label, value, meaning: what hidden bias would be needed, and what the numbers could have shown
    """

    settings: Matching
    submitted: Submitted
    match: Match
    measures: pd.DataFrame
    methods: pd.DataFrame
    bins: pd.DataFrame
    support: pd.DataFrame
    pace: pd.DataFrame
    curve: pd.DataFrame
    profile: pd.DataFrame
    attrition: pd.DataFrame
    strength: pd.DataFrame

    @property
    def balance(self) -> pd.DataFrame:
        """Balance before and after the match, the covariates as a reader knows them."""
        return self.match.balance.assign(covariate=self.match.balance["covariate"].str.replace("_", " "))

    @property
    def warnings(self) -> list[str]:
        """What a reader must know before the first number: too few people, for one."""
        people = self.match.treated
        few = (
            f"Only {people} people were submitted; with fewer than {FEWEST_SUBMITTED} a matched comparison says little."
        )
        same = ", ".join(name.replace("_", " ") for name in self.submitted.same)
        alike = f"The same for everybody compared, and so of no use in the match: {same}."
        described = f"Only {self.match.matched} people could be matched: figures describe, and nothing is tested."
        return (
            [few] * (people < FEWEST_SUBMITTED)
            + [described] * (self.match.matched < FEWEST_ANALYSED)
            + [alike] * bool(same)
        )

    def __repr__(self) -> str:
        return f"MatchedComparison\n{self.match.method}\n{self.measures.to_string(index=False)}"

    def _repr_html_(self) -> str:
        return str(self.measures.to_html(index=False))


def matched_comparison(cohort: Cohort, extract: Extract) -> MatchedComparison:
    """Match the people of the declared group with people who could have been in it, and compare every measure.

    cohort  : what `build_cohort` returned; its specification has a section [matching]
    extract : the extract it was built from

    A group reached after the index date is matched within each month since then, both sides followed from the same
    days; a group settled on the index date is matched once.
    Raises SpecError without that section, and as `submitted` does; DataError as `evalkit.match` does.
    """
    settings = cohort.spec.matching
    if settings is None:
        raise SpecError(f"{cohort.spec.path.name}: the section [matching] is missing")
    people = submitted(cohort, extract, settings)
    matched = _match(people, settings)
    measures = _measures(matched, people)
    primary = measures[measures["name"] == PRIMARY].iloc[0]
    found, shown = overlap(matched.model), _enough(primary)
    return MatchedComparison(
        settings=settings,
        submitted=people,
        match=matched,
        measures=measures,
        methods=_methods(people, matched, primary) if shown else pd.DataFrame(columns=list(_METHOD_COLUMNS)),
        bins=found.bins,
        support=found.support,
        pace=pace(matched, people) if shown else pd.DataFrame(columns=list(PACE)),
        curve=curve(matched, people),
        profile=profile(people),
        attrition=_attrition(people, matched),
        strength=_strength(matched, people, primary),
    )


def _match(people: Submitted, settings: Matching) -> Match:
    return match(
        people.frame,
        treated="treated",
        covariates=people.covariates,
        caliper=settings.caliper,
        ratio=settings.ratio,
        replace=settings.replace,
        exact=people.exact,
        order=settings.order,
        missing=settings.missing,
        person="person",
    )


def _measures(matched: Match, people: Submitted) -> pd.DataFrame:
    recorded = people.frame.columns[people.frame.notna().any()]
    declared = {name: measure for name, measure in MEASURES.items() if measure.column in recorded}
    found = seven_measures(matched, people.frame, declared)
    return found.assign(people_needed=[_needed(row) for row in found.to_dict("records")])


def _enough(primary: pd.Series) -> bool:
    """Whether the primary measure was tested, with enough people with and without the outcome on either side."""
    events = [primary["reoffenders_treated"], primary["reoffenders_comparison"]]
    others = [primary["n_treated"] - events[0], primary["n_comparison"] - events[1]]
    return bool(primary["tested"]) and min(*events, *others) >= FEWEST_EVENTS


_METHOD_COLUMNS = ("label", "method", "naive", "estimate", "low", "high", "p_value", "n_treated", "n_comparison")


def _needed(row: dict[Any, Any]) -> float:
    if row["kind"] != "rate" or not row["tested"] or not row["low"] <= 0 <= row["high"] or not row["estimate"]:
        return float("nan")
    # A study like this one, only larger: its standard error falls with the square root of its people.
    variance = row["standard_error"] ** 2 * row["n_treated"]
    return float(people_needed(row["estimate"], variance=variance).people)


def _methods(people: Submitted, matched: Match, primary: pd.Series) -> pd.DataFrame:
    """The primary measure unadjusted, matched and weighted, in the order a reader needs them."""
    rows = [_unadjusted(people), _cells(primary) | {"label": "Matched", "method": _MATCHED}]
    for method, (label, short) in _WEIGHTED.items():
        try:
            found = outcomes_by(matched.model, people.frame, PRIMARY, method=method, clusters="person")
        except DataError as error:
            nothing = dict.fromkeys(("estimate", "low", "high", "p_value"), float("nan"))
            rows.append({"label": label, **nothing, "method": f"not possible: {error}"})
        else:
            rows.append(_cells(found.iloc[0]) | {"label": label, "method": short})
    table = pd.DataFrame(rows)
    return table.assign(naive=table["label"] == rows[0]["label"])


_MATCHED = "nearest neighbours, adjusted"
_WEIGHTED: dict[Method, tuple[str, str]] = {
    "att": ("Weighted", "odds of the propensity"),
    "entropy": ("Entropy balancing", "weights that equalise every mean"),
    "doubly_robust": ("Doubly robust", "odds of the propensity, and outcome regression"),
}
"""Method of `weighted_outcomes` -> what a reader calls it, and what it does."""


def _cells(row: pd.Series) -> dict[str, Any]:
    return {name: row[name] for name in ("estimate", "low", "high", "p_value", "n_treated", "n_comparison")}


def _unadjusted(people: Submitted) -> dict[str, Any]:
    """Everybody submitted, as they are."""
    frame = people.frame
    treated = frame["treated"].to_numpy(bool)
    found = standardised_comparison(
        frame[PRIMARY].to_numpy(float),
        treated,
        np.ones((len(frame), 1)),
        ["intercept"],
        clusters=pd.factorize(frame["person"])[0],
    ).comparison
    return {
        "label": "Not adjusted",
        "estimate": found.difference,
        "low": found.difference_low,
        "high": found.difference_high,
        "p_value": found.p_value,
        "n_treated": found.people,
        "n_comparison": int((~treated).sum()),
        "method": "difference of plain rates",
    }


def _attrition(people: Submitted, matched: Match) -> pd.DataFrame:
    """The flow of the group's people, continued to the match."""
    lost = matched.dropped[matched.dropped["side"] == "treated"]["reason"].value_counts()
    rows, left = [], int(people.frame["treated"].sum())
    for reason, many in lost.items():
        left -= int(many)
        rows.append({"step": "matched", "excluded": int(many), "remaining": left, "reason": str(reason)})
    if not rows:
        rows = [{"step": "matched", "excluded": 0, "remaining": left, "reason": ""}]
    return pd.concat([people.flow, pd.DataFrame(rows)], ignore_index=True)


def _strength(matched: Match, people: Submitted, primary: pd.Series) -> pd.DataFrame:
    """What the numbers could have shown, and what hidden bias it would take to explain what they show."""
    chances = people.frame.loc[matched.weights[matched.weights > 0].index, "predicted"].to_numpy(float)
    variance = float((chances * (1 - chances)).mean())
    detectable = minimum_detectable(
        matched.matched,
        variance=variance,
        comparison_people=int(primary["n_comparison"]),
        comparison_variance=variance,
    )
    rows = [
        (
            "Smallest difference these numbers could show",
            f"{100 * detectable.difference:.1f} percentage points",
            "with 80% power at the 5% level, from the predicted risks alone",
        )
    ]
    if primary["tested"] and np.isfinite(primary["ratio"]):
        hidden = asdict(e_value(*(float(primary[name]) for name in ("ratio", "ratio_low", "ratio_high"))))
        rows.append(
            (
                "E-value of the ratio of rates, and of its limit nearer to 1",
                f"{hidden['point']:.2f} (limit {hidden['limit']:.2f})",
                "something unrecorded would have to go with both the group and the outcome by this ratio each",
            )
        )
    if primary["tested"] and matched.pairs["treated"].is_unique and matched.pairs["control"].is_unique:
        rows.append(_hidden_bias(matched, people))
    return pd.DataFrame(rows, columns=["label", "value", "meaning"])


def _hidden_bias(matched: Match, people: Submitted) -> tuple[str, str, str]:
    pairs = mcnemar(matched, people.frame, PRIMARY)
    bound = rosenbaum_bound(pairs.treated_only, pairs.comparison_only)
    return (
        "Rosenbaum's bound for the pairs",
        f"{bound.gamma:.2f}" if bound.gamma > 1 else "1 (not significant even without hidden bias)",
        "up to these odds of hidden selection within a pair the difference stays significant at the 5% level",
    )
