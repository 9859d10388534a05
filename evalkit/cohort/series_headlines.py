"""How the report of each notebook arrives at its headline, for a summary across reports: the same calls, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from evalkit.cohort.benchmarks import LIKE, benchmarks
from evalkit.cohort.build import Cohort, build_cohort
from evalkit.cohort.compare import compare
from evalkit.cohort.declared import read_measures
from evalkit.cohort.index import effective_rules
from evalkit.cohort.matched import PRIMARY, matched_comparison
from evalkit.cohort.programme_measures import programme_rates, programmes_compared
from evalkit.cohort.programmes import Programmes, programmes
from evalkit.cohort.released import REACHED, RELEASED, check_on_the_others, released_comparisons, released_people
from evalkit.cohort.releases import releases
from evalkit.cohort.series_line import Headline
from evalkit.cohort.trust import Trust, check_prediction
from evalkit.dates import FOLLOWUP_DAYS
from evalkit.errors import SpecError
from evalkit.intake import Extract
from evalkit.spec import Spec

TOOK_UP, FAIR = "took_up", "sequential"
"""The group and the design that the employment report leads with."""

OUTCOMES = {"reconviction": "reconvicted_1_year", "proven_reoffence": "proven_reoffence_1_year"}
"""Outcome of a cohort followed for a year -> the measure that declares it."""

CAUTIONS = {
    "failed": "its prediction failed the check",
    "undetermined": "whether its prediction fits is undetermined",
    "not applicable": "its prediction was not checked on people of the study",
}
"""Verdict of the check of a prediction -> why what stands beside it as it is is no finding."""


def fair_headline(extract: Extract, spec: Spec) -> tuple[Headline, ...]:
    """Of an employment report: people who took up the service beside people like them who had not, month by month."""
    outcome = _outcome(extract, spec)
    cohort = build_cohort(extract, spec)
    found = compare(cohort, TOOK_UP, design=FAIR).inside
    trust = check_prediction(cohort, TOOK_UP)
    line = _line(
        spec,
        **outcome,
        **_group(cohort, TOOK_UP, analysed=found.people),
        who=spec.group(TOOK_UP).label,
        against="people of the same risk at the same stage of supervision, not there yet",
        **_against_prediction(vars(found)),
        verdict=trust.verdict,
        verdict_reason=trust.reason,
        basis="Neither the raw nor the recalibrated score: it is fitted anew on people at risk at the same stage",
    )
    return (line,)


def matched_headline(extract: Extract, spec: Spec) -> tuple[Headline, ...]:
    """Of a matched comparison: the measure named beforehand, of the people matched."""
    if spec.matching is None:
        raise SpecError(f"{spec.path.name}: the section [matching] is missing")
    outcome = _outcome(extract, spec)
    cohort = build_cohort(extract, spec)
    measures = matched_comparison(cohort, extract).measures
    row = measures[measures["name"] == PRIMARY].iloc[0]
    line = _line(
        spec,
        **outcome,
        **_group(cohort, spec.matching.group, analysed=int(row["n_treated"])),
        who=spec.group(spec.matching.group).label,
        against="people matched to them, not there yet",
        people=int(row["n_treated"]),
        met=int(row["reoffenders_treated"]),
        others=int(row["n_comparison"]),
        others_met=int(row["reoffenders_comparison"]),
        rate=float(row["treated_value"]),
        comparison=float(row["comparison_value"]),
        difference=float(row["estimate"]),
        **{name: float(row[name]) for name in ("low", "high", "p_value")},
        method=str(row["method"]),
        basis="The matched people; the score is one of the things in which they are alike",
        caution="" if row["headline"] else f"too few to test: {row['reason']}",
    )
    return (line,)


def released_headline(extract: Extract, spec: Spec) -> tuple[Headline, ...]:
    """Of a report on releases: everyone released against prediction; then those seen before, as the check allows."""
    outcome = _outcome(extract, spec)
    cohort = released_people(extract, spec, releases(extract, spec))
    lines = released_lines(released_comparisons(cohort), check_on_the_others(cohort))
    return tuple(
        _line(
            spec,
            **outcome,
            **line,
            name=f"{spec.name}: {group}",
            within=f"{spec.name}: {RELEASED.name}" if group == REACHED.name else "",
            not_analysed=int(cohort.frame[group].sum()) - int(line["people"]),
            left_out_of="adults with a release on record that started their supervision",
        )
        for group, line in lines.items()
    )


def released_lines(table: pd.DataFrame, trust: Trust) -> dict[str, dict[str, Any]]:
    """Everyone released and those seen before release, each against the prediction that its check allows.

    table : what `released_comparisons` returned
    trust : what `check_on_the_others` returned

    Returns group -> fields of a headline. Unless the prediction passed, the line of everyone is no finding, as nobody
    is outside to put it right on; that of people seen stands against the recalibrated prediction, where there is one.
    """
    passed = trust.verdict == "passed"
    put_right = not (passed or trust.recalibrated.empty)
    caution = "" if passed else CAUTIONS[trust.verdict]
    check = {"verdict": trust.verdict, "verdict_reason": trust.reason}
    raw = {"against": "their predicted rate", "basis": "The raw prediction", "caution": caution, **check}
    recalibrated = {
        "against": "the rate predicted from those not seen",
        "basis": "The recalibrated prediction, put right on people not seen",
        "caution": "",
        **check,
    }
    rows = {RELEASED: (table, raw), REACHED: (trust.recalibrated, recalibrated) if put_right else (table, raw)}
    found = {group: (_inside(source, group.name), words) for group, (source, words) in rows.items()}
    return {
        group.name: {"who": group.label, **_against_prediction(row), **words}
        for group, (row, words) in found.items()
        if row and row["people"]
    }


def programme_headline(extract: Extract, spec: Spec) -> tuple[Headline, ...]:
    """Of a report on one programme: its primary measure, beside another programme, a like benchmark, or nothing."""
    found = programmes(extract, spec)
    row = programme_rates(found).iloc[0]
    measure = read_measures().measure(found.declared.measures[0])
    known = int(row["known"])
    line = _line(
        spec,
        outcome=measure.id,
        outcome_label=str(row["label"]),
        unit=measure.unit,
        who=found.declared.programme.label,
        people=known,
        met=int(row["met"]),
        scope=float(row["in_scope"]),
        rate=float(row["share"]),
        **_beside(found, spec, row),
        not_analysed=len(found.own) - known,
        left_out_of="people who started in its period",
    )
    return (line,)


HEADLINES: dict[str, Callable[[Extract, Spec], tuple[Headline, ...]]] = {
    "ete.ipynb": fair_headline,
    "matched_comparison.ipynb": matched_headline,
    "through_the_gate.ipynb": released_headline,
    "intervention.ipynb": programme_headline,
}
"""Notebook -> the function that computes its headline."""


def _line(spec: Spec, **values: Any) -> Headline:
    named = {"name": spec.name, "evaluation": spec.name, "title": spec.title, "report": f"{spec.name}.html"}
    return Headline(**{**named, "design": spec.design, "strength": spec.strength, **values})


def _outcome(extract: Extract, spec: Spec) -> dict[str, str]:
    """The declared measure that the cohort's outcome is. Raises SpecError where it is declared nowhere."""
    if spec.cohort is None:
        raise SpecError(f"{spec.path.name}: the section [cohort] is missing")
    rules = effective_rules(extract, spec.cohort)
    if rules.followup_days != FOLLOWUP_DAYS or rules.outcome not in OUTCOMES:
        raise SpecError(
            f"{spec.path.name}: {rules.outcome} within {rules.followup_days} days is no declared measure; a summary "
            f"shows those of {FOLLOWUP_DAYS} days"
        )
    measure = read_measures().measure(OUTCOMES[rules.outcome])
    return {"outcome": measure.id, "outcome_label": measure.label, "unit": measure.unit}


def _group(cohort: Cohort, group: str, *, analysed: int) -> dict[str, Any]:
    """How many people of a group are not analysed, and which other evaluations would follow the same."""
    everyone, service = int(cohort.flow_of(group)["remaining"].iloc[0]), cohort.spec.service
    return {
        "not_analysed": everyone - analysed,
        "left_out_of": "all in the extract who took up the service in its period",
        "same_people": f"{service.name}, {group}, {service.took_up[0]} to {service.took_up[1]}" if service else "",
    }


def _against_prediction(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of ActualVsPredicted as those of a headline."""
    return {
        "people": int(row["people"]),
        "met": int(row["actual"]),
        "rate": float(row["actual_rate"]),
        "comparison": float(row["predicted_rate"]),
        "difference": float(row["difference"]),
        "low": float(row["difference_low"]),
        "high": float(row["difference_high"]),
        "p_value": float(row["p_value"]),
        "method": str(row["method"]),
    }


def _inside(table: pd.DataFrame, group: str) -> dict[str, Any]:
    """The line of a group, not of the people outside it; empty where there is none."""
    rows = table[(table["name"] == group) & ~table["complement"].astype(bool)] if len(table) else table
    return {str(name): value for name, value in rows.iloc[0].items()} if len(rows) else {}


def _beside(found: Programmes, spec: Spec, row: pd.Series) -> dict[str, Any]:
    """What a programme's primary measure stands beside, with the difference and how it is computed."""
    compared = programmes_compared(found)
    if len(compared) and compared.iloc[0]["name"] == row["name"]:
        return _beside_programme(found, compared.iloc[0])
    table = benchmarks(found, spec)
    like = table[(table["kind"] == LIKE) & (table["beside"] == row["name"])] if len(table) else table
    if len(like):
        return _beside_benchmark(like.iloc[0])
    return {
        "rate_low": float(row["low"]),
        "rate_high": float(row["high"]),
        "method": str(row["method"]),
        "basis": "None: there is nothing to compare it with",
    }


def _beside_programme(found: Programmes, compared: pd.Series) -> dict[str, Any]:
    other, rates = found.declared.labels[1], programme_rates(found, by="programme")
    own = rates[(rates["group"] == other) & (rates["name"] == compared["name"])].iloc[0]
    return {
        "against": other,
        "others_scope": float(own["in_scope"]),
        "others": int(compared["known_b"]),
        "others_met": int(compared["met_b"]),
        "comparison": float(compared["rate_b"]),
        **{name: float(compared[name]) for name in ("difference", "low", "high", "p_value")},
        "method": str(compared["method"]),
        "basis": "The people of the other programme",
    }


def _beside_benchmark(like: pd.Series) -> dict[str, Any]:
    """The share less a fixed figure; its exact interval moves with it."""
    benchmark = float(like["benchmark"])
    return {
        "against": str(like["label"]),
        "comparison": benchmark,
        "difference": float(like["share"]) - benchmark,
        "low": float(like["low"]) - benchmark,
        "high": float(like["high"]) - benchmark,
        "method": f"{like['method']}, less the benchmark",
        "basis": "The figure from elsewhere that is like for like; unlike ones are left out",
    }
