"""Who is compared with whom about contact in prison: what is known of people on the day of their release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.cohort.releases import HALF_YEAR, NOT_KNOWN, OVER, UNDER
from evalkit.cohort.submitted import FEWEST_IN_CATEGORY, RARE

COVARIATES = (
    *("logit_predicted", "age", "total_sanctions", "years_since_first_sanction", "ethnicity", "area"),
    *("offence_group", "other_services", "prison", "sentence_length", "log_days_in_custody", "half_year"),
)
"""What the sides are matched on, of these what is recorded; all of it known on or before the day of release."""

EXACT = ("sentence_length", "sex")
"""Pairs are of the same kind of stay in prison, and of the same sex, as prisons are."""

NOT_RECORDED = "not recorded"


def known_at_release(people: pd.DataFrame, other_services: Mapping[str, int] | None = None) -> pd.DataFrame:
    """The covariates of a match from what is recorded of people and their releases.

    people         : release_date; predicted, age, age_at_first_sanction, total_sanctions, reception_date where they are
                     there
    other_services : person_id -> services other than this one, in hand on the day of release; people not in it have
                     none
    """
    made: dict[str, Any] = {"half_year": _half_year(people["release_date"])}
    if "predicted" in people:
        made["logit_predicted"] = np.log(people["predicted"] / (1 - people["predicted"]))
    if "age" in people and "age_at_first_sanction" in people:
        made["years_since_first_sanction"] = people["age"].astype(float) - people["age_at_first_sanction"].astype(float)
    if "total_sanctions" in people:
        made["total_sanctions"] = people["total_sanctions"].astype("float64")
    if "reception_date" in people:
        days = (people["release_date"] - people["reception_date"]).dt.days.astype(float)
        made["log_days_in_custody"] = np.log1p(days)
        made["sentence_length"] = np.select([days >= HALF_YEAR, days < HALF_YEAR], [OVER, UNDER], default=NOT_KNOWN)
    if other_services is not None:
        made["other_services"] = people["person_id"].map(other_services).fillna(0).astype("int64")
    return people.assign(**made)


def _half_year(day: pd.Series) -> pd.Series:
    return day.dt.year.astype(str) + np.where(day.dt.month > 6, " July", " January")


@dataclass(frozen=True, eq=False)
class Comparable:
    """People who can be matched.

    frame      : treated (seen in prison), line (place among all people), the outcomes, the covariates, and what must be
                 equal; texts as categories
    covariates : those of `COVARIATES` that are recorded and differ between people
    exact      : those of `EXACT` that are recorded
    complete   : of all people, whether every number among the covariates is recorded
    """

    frame: pd.DataFrame
    covariates: list[str]
    exact: list[str]
    complete: NDArray[np.bool_]

    @property
    def numbers(self) -> list[str]:
        """The covariates that are numbers."""
        return [name for name in self.covariates if pd.api.types.is_numeric_dtype(self.frame[name].dtype)]


def comparable_people(people: pd.DataFrame, outcomes: Sequence[str]) -> Comparable:
    """Everybody with all numbers recorded and a counterpart in every category; rare categories are taken together.

    people   : one row per person: seen, the outcomes, and those of `COVARIATES` and `EXACT` that are recorded
    outcomes : names of columns

    Categories with fewer than 10 people on a side are 'rare'; who is in a category that nobody of the other side is in
    is left out.
    """
    seen = people["seen"].to_numpy(bool)
    recorded = [name for name in COVARIATES if name in people and people[name].notna().any()]
    exact = [name for name in EXACT if name in people]
    texts = [name for name in {*recorded, *exact} if not pd.api.types.is_numeric_dtype(people[name].dtype)]
    numbers = {
        name: people[name].to_numpy(dtype=float, na_value=np.nan)
        for name in dict.fromkeys([*outcomes, *recorded])
        if name not in texts
    }
    gaps = [np.isnan(numbers[name]) for name in recorded if name in numbers]
    complete = ~np.logical_or.reduce(gaps, axis=0) if gaps else np.ones(len(people), dtype=bool)
    categories, kept = _categories({name: people[name] for name in texts}, seen, complete, recorded)
    frame = pd.DataFrame({"treated": seen, "line": np.arange(len(people)), **numbers, **categories})
    frame = frame[kept].reset_index(drop=True)
    return Comparable(frame, [name for name in recorded if frame[name].nunique() > 1], exact, complete)


def _categories(
    texts: dict[str, pd.Series], seen: NDArray[np.bool_], kept: NDArray[np.bool_], covariates: list[str]
) -> tuple[dict[str, pd.Categorical[Any]], NDArray[np.bool_]]:
    """Texts with rare categories taken together, and who is left once each of theirs is on both sides."""
    coded = {name: pd.factorize(values.fillna(NOT_RECORDED)) for name, values in texts.items()}
    while True:
        merged, left = {}, kept.copy()
        for name, (codes, names) in coded.items():
            merged[name], counterpart = _merged(codes, list(map(str, names)), seen, kept)
            left &= counterpart | (name not in covariates)
        if left.all() or (left == kept).all():
            return merged, kept
        kept = left


def _merged(
    codes: NDArray[np.intp], names: list[str], seen: NDArray[np.bool_], kept: NDArray[np.bool_]
) -> tuple[pd.Categorical[Any], NDArray[np.bool_]]:
    """A text with its rare categories taken together, and who has somebody of the other side in theirs."""
    sides = np.array([np.bincount(codes[own & kept], minlength=len(names)) for own in (seen, ~seen)])
    rare = sides.min(axis=0) < FEWEST_IN_CATEGORY
    of_rare = sides[:, rare].sum(axis=1).min() > 0
    counterpart = np.where(rare, of_rare, True)
    code_of = np.where(rare, len(names), np.arange(len(names))).astype(np.intp)
    return pd.Categorical.from_codes(code_of[codes], categories=pd.Index([*names, RARE])), counterpart[codes]
