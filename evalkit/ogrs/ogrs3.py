"""OGRS3: predicted proven reoffending within one and two years, from age, gender, criminal history and offence."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from evalkit.dates import completed_years
from evalkit.errors import SpecError
from evalkit.ogrs.findings import Finding, error_texts, missing_inputs, unreadable_inputs
from evalkit.ogrs.inputs import BoolArray, FloatArray, People, is_female, read_people
from evalkit.ogrs.offences import CODE_LENGTH, NEED_EXACT_DETAILS, groups, weights
from evalkit.ogrs.scores import bands, logistic, whole_percent

__all__ = ["ogrs3"]

COEFFICIENT_SETS = ("published", "moj_api")

MINIMUM_AGE = 10
OLDEST_BAND = 50


@dataclass(frozen=True)
class _Coefficients:
    intercept: Mapping[str, float]
    copas: float
    first_sanction: float
    repeat_sanctions: float
    by_age: FloatArray  # gender (0 male, 1 female) x age at follow-up from 0 to 50; 50 stands for all above
    offence_group: Mapping[str, float]
    band_starts: list[int]


@dataclass(frozen=True)
class _History:
    female: FloatArray
    conviction_age: FloatArray
    followup_age: FloatArray
    offence_weight: FloatArray  # NaN where the code is missing, unknown or not weighed


def ogrs3(
    frame: pd.DataFrame, *, coefficients: str = "published", cap_previous_sanctions: int | None = None
) -> pd.DataFrame:
    """Score every row with OGRS3; a row that cannot be scored gets missing scores and its reason, the others go on.

    frame : one row per person: gender (M, F, male or female, in any capitals); date_of_birth, conviction_date and
        followup_date (start of the community sentence, or release; dates, or text YYYY-MM-DD); total_sanctions (whole
        number, the current one included); age_at_first_sanction (completed years); offence_code (text of five digits)
    coefficients : "published" (nine decimals), or "moj_api" (what the Ministry's service computes)
    cap_previous_sanctions : None, or the largest number of previous sanctions that counts (50 in some implementations)

    Returns, with the index of `frame`: ogrs3_one_year and ogrs3_two_year (probabilities, 0 to 1, unrounded);
    ogrs3_one_year_percent and ogrs3_two_year_percent (whole, 1 to 99, rounded as the Ministry's service does);
    ogrs3_band (of the two-year per cent: LOW to 49, MEDIUM to 74, HIGH to 89, VERY_HIGH); ogrs3_error ("" if scored, or
    the kinds found at the first stage that fails, joined by ";", a kind's fields after ": ").
    Kinds are the Ministry's, but for two that its service refuses before scoring: INPUT_NOT_READABLE (a cell that is no
    date, whole number or text) and GENDER_NOT_MALE_OR_FEMALE.
    Raises DataError where a column is absent or wholly of the wrong type, SpecError for an unknown option.
    Source: Howard et al. (2009); rules of ministryofjustice/hmpps-arns-risk-actuarial-api, 1811fe74.
    """
    weigh = _coefficients(coefficients)
    _check_cap(cap_previous_sanctions)
    people = read_people(frame)
    history = _history(people, weigh)
    errors = error_texts(_stages(people, history), len(frame))
    scored = np.asarray(errors == "", dtype=bool)
    linear = _linear_predictor(people, history, weigh, scored=scored, cap=cap_previous_sanctions)
    return _scores(linear, weigh, scored).assign(ogrs3_error=errors).set_axis(frame.index)


def _check_cap(cap: int | None) -> None:
    if cap is not None and (isinstance(cap, bool) or not isinstance(cap, int) or cap < 1):
        raise SpecError(
            f"cap_previous_sanctions is {cap!r} (expected None or a whole number of at least 1, such as 50)"
        )


def _history(people: People, weigh: _Coefficients) -> _History:
    born = people.date_of_birth.days
    offence_weights = np.array(weights(people.offence_code, "OGRS3", weigh.offence_group), dtype=np.float64)
    return _History(
        female=is_female(people.gender),
        conviction_age=completed_years(born, people.conviction_date.days).to_numpy(),
        followup_age=completed_years(born, people.followup_date.days).to_numpy(),
        offence_weight=people.offence_code.spread(offence_weights),
    )


def _stages(people: People, history: _History) -> list[Sequence[Finding]]:
    dates = (people.date_of_birth, people.conviction_date, people.followup_date)
    born, convicted, followed = (column.days.to_numpy() for column in dates)
    return [
        unreadable_inputs(vars(people), history.female),
        [
            *missing_inputs(vars(people)),
            Finding("TOTAL_NUMBER_OF_SANCTIONS_LESS_THAN_ONE", people.total_sanctions.values < 1),
            Finding(
                "OFFENCE_CODE_INCORRECT_FORMAT",
                people.offence_code.flag([len(code) != CODE_LENGTH for code in people.offence_code.distinct]),
            ),
        ],
        [Finding("UNEXPECTED_ERROR", (convicted <= born) | (followed <= born))],
        _age_and_offence_findings(people, history),
        [Finding("UNEXPECTED_ERROR", history.followup_age < MINIMUM_AGE)],
    ]


def _age_and_offence_findings(people: People, history: _History) -> list[Finding]:
    codes, first_age = people.offence_code, people.age_at_first_sanction.values
    too_general = codes.flag([groups("OGRS3").get(code) == NEED_EXACT_DETAILS for code in codes.distinct])
    return [
        Finding("AGE_AT_CURRENT_CONVICTION_LESS_THAN_TEN", history.conviction_age < MINIMUM_AGE),
        Finding("AGE_AT_FIRST_SANCTION_AFTER_AGE_AT_CURRENT_CONVICTION", first_age > history.conviction_age),
        Finding("NEED_DETAILS_OF_EXACT_OFFENCE", too_general),
        Finding("OFFENCE_CODE_MAPPING_NOT_FOUND", np.isnan(history.offence_weight) & ~too_general),
    ]


def _linear_predictor(
    people: People, history: _History, weigh: _Coefficients, *, scored: BoolArray, cap: int | None
) -> FloatArray:
    sanctions = people.total_sanctions.values[scored]
    counted = sanctions if cap is None else np.minimum(sanctions, cap + 1)
    career_years = history.conviction_age[scored] - people.age_at_first_sanction.values[scored]
    age = np.minimum(history.followup_age[scored], OLDEST_BAND).astype(np.int64)
    return (  # summed in the order of the Ministry's code
        weigh.by_age[history.female[scored].astype(np.int64), age]
        + np.where(counted == 1, weigh.first_sanction, weigh.repeat_sanctions)
        + weigh.copas * np.log(counted / (10 + career_years))
        + history.offence_weight[scored]
    )


def _scores(linear: FloatArray, weigh: _Coefficients, scored: BoolArray) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    percents: dict[str, Any] = {}
    for horizon, intercept in weigh.intercept.items():
        probability = np.full(len(scored), np.nan)
        probability[scored] = logistic(intercept + linear)
        percent = np.zeros(len(scored), dtype=np.int64)
        percent[scored] = np.clip(whole_percent(probability[scored]), 1, 99)
        columns[f"ogrs3_{horizon}"] = probability
        percents[f"ogrs3_{horizon}_percent"] = pd.arrays.IntegerArray(percent, ~scored)
    band = bands(percent, starts=weigh.band_starts, scored=scored)  # the last horizon: two years
    return pd.DataFrame({**columns, **percents, "ogrs3_band": band})


@cache
def _coefficients(name: str) -> _Coefficients:
    if name not in COEFFICIENT_SETS:
        raise SpecError(f"coefficients is {name!r} (expected {' or '.join(COEFFICIENT_SETS)})")
    stored = tomllib.loads((files("evalkit.ogrs") / "ogrs3_coefficients.toml").read_text(encoding="utf-8"))
    return _Coefficients(
        intercept={horizon: values[name] for horizon, values in stored["intercept"].items()},
        copas=stored["copas"][name],
        first_sanction=stored["first_sanction"][name],
        repeat_sanctions=stored["repeat_sanctions"][name],
        by_age=_weights_by_age(stored["age_at_followup"], name),
        offence_group={group: values[name] for group, values in stored["offence_group"].items()},
        band_starts=stored["bands"],
    )


def _weights_by_age(age_bands: list[dict[str, Any]], name: str) -> FloatArray:
    by_age = np.full((2, OLDEST_BAND + 1), np.nan)
    for band in age_bands:  # ascending: each overwrites the ages from its own start upwards
        by_age[:, band["from"] :] = [[band["male"][name]], [band["female"][name]]]
    return by_age
