"""The predicted probability of each person: computed by OGRS3, supplied with the extract, or from a reference model."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from evalkit.dates import FOLLOWUP_DAYS
from evalkit.errors import DataError, SpecError
from evalkit.intake import Settings
from evalkit.ogrs import offence_group, ogrs3
from evalkit.spec import Spec
from evalkit.statistics.reference import ReferenceModel, reference_model

TWO_YEAR_ONLY = re.compile(r"\b(ARP|VRP|OGRS4)", re.IGNORECASE)
"""Scores by these names exist for two years only and are never the prediction of a one-year outcome."""


@dataclass(frozen=True)
class Scores:
    """The people with predicted, predictor and score_error (empty if scored), and the model if one was fitted."""

    people: pd.DataFrame
    model: ReferenceModel | None = None


def score(people: pd.DataFrame, *, eligible: pd.Series, spec: Spec, settings: Settings) -> Scores:
    """Give the eligible people their predicted probability, by the source that the specification names.

    Raises SpecError where the specification asks for a score that the extract does not hold, or for one over another
    time than follow-up.
    """
    _check_horizon(spec, settings)
    if "offence_code" in people:
        people = people.assign(offence_group=offence_group(people["offence_code"]))
    people = people.rename(columns={"ogrs3_one_year": "supplied_score"})
    scored = _SOURCES[spec.predictor.source](people[eligible], spec)
    people = people.assign(
        predicted=scored.people["predicted"].reindex(people.index),
        score_error=scored.people["score_error"].reindex(people.index).fillna(""),
        predictor=_predictor_name(spec, settings),
    )
    return Scores(people, scored.model)


def _check_horizon(spec: Spec, settings: Settings) -> None:
    """Refuse a score, or a prepared outcome, over another time than follow-up."""
    followup_days = spec.cohort.followup_days if spec.cohort else FOLLOWUP_DAYS
    declared = spec.predictor.source == "supplied" or settings.prepared
    horizon = settings.horizon_days if declared else FOLLOWUP_DAYS
    if declared and TWO_YEAR_ONLY.search(settings.predictor):
        horizon = 2 * FOLLOWUP_DAYS
    if horizon != followup_days:
        raise SpecError(
            f"{spec.path.name}: the score, or the prepared outcome, is over {horizon} days, but follow-up is "
            f"{followup_days} days"
        )


def _predictor_name(spec: Spec, settings: Settings) -> str:
    predictor = spec.predictor
    if predictor.source == "ogrs3":
        return f"OGRS3 one year ({predictor.coefficients})"
    return settings.predictor or "supplied score" if predictor.source == "supplied" else predictor.source


def _ogrs3(people: pd.DataFrame, spec: Spec) -> Scores:
    if "date_of_birth" not in people:
        raise SpecError(f"{spec.path.name}: OGRS3 cannot be computed for a prepared cohort; use source = 'supplied'")
    inputs = people.rename(columns={"sex": "gender", "sentence_date": "conviction_date", "index_date": "followup_date"})
    scores = ogrs3(
        inputs,
        coefficients=spec.predictor.coefficients,
        cap_previous_sanctions=spec.predictor.cap_previous_sanctions,
    )
    return Scores(scores.rename(columns={"ogrs3_one_year": "predicted", "ogrs3_error": "score_error"}))


def _supplied(people: pd.DataFrame, spec: Spec) -> Scores:
    column = "supplied_score" if "supplied_score" in people else "predicted"
    if column not in people or people[column].isna().all():
        raise SpecError(f"{spec.path.name}: predictor source is 'supplied', but the extract holds no score")
    supplied = people[column].astype("float64")
    return Scores(_with_reason(supplied, "no score supplied"))


def _reference_model(people: pd.DataFrame, spec: Spec) -> Scores:
    missing = [name for name in spec.predictor.covariates if name not in people]
    if missing:
        raise DataError(f"{spec.path.name}: the cohort has no column {', '.join(missing)} for the reference model")
    complete = people[people["mature"] & people[list(spec.predictor.covariates)].notna().all(axis=1)]
    complete = complete.assign(_reference=~complete[spec.predictor.reference_group])
    model = reference_model(
        complete, reference="_reference", covariates=list(spec.predictor.covariates), outcome="reconvicted"
    )
    scored = _with_reason(model.predicted.reindex(people.index), "a covariate is missing")
    return Scores(scored.assign(score_error=scored["score_error"].where(people["mature"], "")), model)


def _with_reason(predicted: pd.Series, reason: str) -> pd.DataFrame:
    return pd.DataFrame({"predicted": predicted, "score_error": predicted.isna().map({True: reason, False: ""})})


_SOURCES = {"ogrs3": _ogrs3, "supplied": _supplied, "reference model": _reference_model}
