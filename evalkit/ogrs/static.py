"""Static OGRS4/G (ARP, all reoffending) and OGRS4/V (VRP, violent reoffending): two-year predictions, brief forms."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

import numpy as np
import pandas as pd

from evalkit.dates import completed_months, completed_years
from evalkit.ogrs.findings import Finding, error_texts, missing_inputs, unreadable_inputs
from evalkit.ogrs.inputs import (
    BoolArray,
    Column,
    Counts,
    Dates,
    FloatArray,
    People,
    is_female,
    read_counts,
    read_dates,
    read_people,
)
from evalkit.ogrs.offences import is_five_digits, weights
from evalkit.ogrs.scores import bands, half_up, logistic

LONGEST_OFFENCE_FREE_MONTHS = 36
MOST_SANCTIONS = 999
AGE_LIMIT = 110
CONVICTION_MARGIN_MONTHS = 3

_MANDATORY = (
    "assessment_date",
    "date_of_birth",
    "conviction_date",
    "age_at_first_sanction",
    "gender",
    "offence_code",
    "total_sanctions",
    "total_violent_sanctions",
)


@dataclass(frozen=True)
class _Inputs:
    people: People
    assessment_date: Dates
    violent: Counts | None

    def columns(self) -> dict[str, Column]:
        named = {**vars(self.people), "assessment_date": self.assessment_date}
        return named if self.violent is None else {**named, "total_violent_sanctions": self.violent}


@dataclass(frozen=True)
class _History:
    female: FloatArray
    age: FloatArray  # at start of follow-up, or at conviction where no start is given
    conviction_age: FloatArray
    career_years: FloatArray
    months: FloatArray
    sanctions: FloatArray
    violent: FloatArray
    offence_weight: FloatArray  # NaN where the code is missing or has no weight

    def of(self, rows: BoolArray) -> _History:
        return _History(**{name: values[rows] for name, values in vars(self).items()})


def arp(frame: pd.DataFrame) -> pd.DataFrame:
    """Score every row with static ARP: any proven reoffending within TWO years (there is no one-year form).

    frame : one row per person, with the columns of `ogrs3` and assessment_date (date, or text YYYY-MM-DD). A missing
        followup_date is replaced by conviction_date; a missing assessment_date is an error, never today.

    Returns, with the index of `frame`: arp_two_year (probability, 0 to 1, unrounded); arp_two_year_percent (two
    decimals, half-up, 99.99 at most); arp_band (MEDIUM from 50, HIGH from 75, VERY_HIGH from 90 per cent); arp_error
    ("" if scored, or all kinds found, joined by ";", a kind's fields after ": "). A row with an error has no score;
    a score that rounds to 0.00 is an UNEXPECTED_ERROR, as in the Ministry's service.
    Raises DataError where a column is absent or wholly of the wrong type.
    Source: ministryofjustice/hmpps-arns-risk-actuarial-api, 016919c5.
    """
    people = read_people(frame)
    return _score("arp", _Inputs(people, read_dates(frame, "assessment_date"), None)).set_axis(frame.index)


def vrp(frame: pd.DataFrame) -> pd.DataFrame:
    """Score every row with static VRP: proven violent reoffending within TWO years (there is no one-year form).

    frame : one row per person, with the columns of `arp` and total_violent_sanctions (whole number, 0 up to
        total_sanctions)

    Returns vrp_two_year, vrp_two_year_percent, vrp_band (MEDIUM from 30, HIGH from 60, VERY_HIGH from 80 per cent) and
    vrp_error, as `arp` does.
    Raises DataError where a column is absent or wholly of the wrong type.
    Source: ministryofjustice/hmpps-arns-risk-actuarial-api, 016919c5.
    """
    people, violent = read_people(frame), read_counts(frame, "total_violent_sanctions")
    return _score("vrp", _Inputs(people, read_dates(frame, "assessment_date"), violent)).set_axis(frame.index)


def _score(name: str, inputs: _Inputs) -> pd.DataFrame:
    model = _models()[name]
    history = _history(inputs, model)
    stages = _stages(name, inputs, history)
    rows = len(history.age)
    valid = np.asarray(error_texts(stages, rows) == "", dtype=bool)
    probability = np.full(rows, np.nan)
    for is_sex, sex in ((0.0, model["male"]), (1.0, model["female"])):
        chosen = valid & (history.female == is_sex)
        probability[chosen] = logistic(_linear_predictor(history.of(chosen), model, sex))
    hundredths = np.zeros(rows, dtype=np.int64)
    hundredths[valid] = np.minimum(half_up(probability[valid], 10_000), 9_999)
    # The Ministry's service has no band for a score of 0.00 and fails on it.
    errors = error_texts([*stages, [Finding("UNEXPECTED_ERROR", valid & (hundredths == 0))]], rows)
    scored = valid & (hundredths > 0)
    percent = np.where(scored, hundredths / 100, np.nan)
    return pd.DataFrame(
        {
            f"{name}_two_year": np.where(scored, probability, np.nan),
            f"{name}_two_year_percent": percent,
            f"{name}_band": bands(percent, starts=model["bands"], scored=scored),
            f"{name}_error": errors,
        }
    )


def _history(inputs: _Inputs, model: Mapping[str, Any]) -> _History:
    people = inputs.people
    born, convicted = people.date_of_birth.days, people.conviction_date.days
    start = people.followup_date.days.where(~people.followup_date.missing, convicted)
    months = completed_months(start, inputs.assessment_date.days)
    conviction_age = completed_years(born, convicted).to_numpy()
    offence_weights = np.array(weights(people.offence_code, "ACTUARIAL", model["actuarial_category"]), dtype=np.float64)
    return _History(
        female=is_female(people.gender),
        age=completed_years(born, start).to_numpy(),
        conviction_age=conviction_age,
        career_years=conviction_age - people.age_at_first_sanction.values,
        months=months.clip(0, LONGEST_OFFENCE_FREE_MONTHS).to_numpy(),
        sanctions=people.total_sanctions.values,
        violent=np.full(len(months), np.nan) if inputs.violent is None else inputs.violent.values,
        offence_weight=cast(FloatArray, people.offence_code.spread(offence_weights)),
    )


def _linear_predictor(history: _History, model: Mapping[str, Any], sex: Mapping[str, Any]) -> FloatArray:
    linear = (
        model["intercept"]
        + sex["constant"]
        + _polynomial(history.age, sex["age"])
        + history.offence_weight
        + model["sanctions"] * history.sanctions
        + _polynomial(history.months, model["months"])
        + _career(history, model, sex)
    )
    return linear + _violence(history, model, sex) if "no_violence" in sex else linear


def _career(history: _History, model: Mapping[str, Any], sex: Mapping[str, Any]) -> FloatArray:
    rate = np.log(history.sanctions / (history.career_years + model["rate_years"]))
    second = model["second_sanction"] + sex["second_years"] * history.career_years
    later = _polynomial(rate, sex["rate"])
    return np.select([history.sanctions == 1, history.sanctions == 2], [model["first_sanction"], second], later)


def _violence(history: _History, model: Mapping[str, Any], sex: Mapping[str, Any]) -> FloatArray:
    violent = history.violent
    rate = np.log(np.maximum(violent, 1) / (history.career_years + model["violent_rate_years"]))
    once = np.where(violent == 1, model["violent_once"], 0.0)
    some = model["violent_sanctions"] * violent + model["violent_rate"] * rate + once
    return np.where(violent == 0, sex["no_violence"], some)


def _polynomial(values: FloatArray, from_first_power: Sequence[float]) -> FloatArray:
    return cast(FloatArray, np.polynomial.polynomial.polyval(values, [0.0, *from_first_power]))


def _stages(name: str, inputs: _Inputs, history: _History) -> list[Sequence[Finding]]:
    columns = inputs.columns()
    mandatory = {field: columns[field] for field in _MANDATORY if field in columns}
    convictions, first_age = _conviction_findings(inputs, history), _first_age_findings(inputs)
    offence, sanctions = _offence_findings(inputs, history), _sanction_findings(history)
    if name == "arp":
        rules = [*convictions, *first_age, *offence, *sanctions]
    else:
        rules = [*first_age, *sanctions, *offence, *convictions]
    rules += _followup_findings(inputs, history)
    return [unreadable_inputs(columns, history.female), [*missing_inputs(mandatory), *rules]]


def _conviction_findings(inputs: _Inputs, history: _History) -> list[Finding]:
    people = inputs.people
    born, convicted = people.date_of_birth.days, people.conviction_date.days
    before_birth = (convicted <= born).to_numpy()
    latest = inputs.assessment_date.days + pd.DateOffset(months=CONVICTION_MARGIN_MONTHS)
    return [
        Finding("DATE_OF_CURRENT_CONVICTION_BEFORE_DATE_OF_BIRTH", before_birth),
        Finding(
            "AGE_AT_FIRST_SANCTION_AFTER_AGE_AT_CURRENT_CONVICTION",
            (people.age_at_first_sanction.values > history.conviction_age) & ~before_birth,
        ),
        # The kind's name is the source's; the rule is: more than three months after the assessment.
        Finding("DATE_OF_CURRENT_CONVICTION_WITHIN_THREE_MONTHS_OF_ASSESSMENT_DATE", (convicted > latest).to_numpy()),
    ]


def _first_age_findings(inputs: _Inputs) -> list[Finding]:
    first_age = inputs.people.age_at_first_sanction.values
    return [Finding("AGE_AT_FIRST_SANCTION_OUT_OF_RANGE", (first_age < 0) | (first_age >= AGE_LIMIT))]


def _offence_findings(inputs: _Inputs, history: _History) -> list[Finding]:
    codes = inputs.people.offence_code
    malformed = codes.flag([not is_five_digits(code) for code in codes.distinct])
    unmapped = np.isnan(history.offence_weight) & ~malformed & ~codes.missing
    return [
        Finding("OFFENCE_CODE_INCORRECT_FORMAT", malformed),
        Finding("OFFENCE_CODE_MAPPING_NOT_FOUND", unmapped),
    ]


def _sanction_findings(history: _History) -> list[Finding]:
    sanctions, violent = history.sanctions, history.violent
    return [
        Finding("TOTAL_NUMBER_OF_SANCTIONS_OUT_OF_RANGE", (sanctions < 1) | (sanctions > MOST_SANCTIONS)),
        Finding("VIOLENT_SANCTION_OUT_OF_RANGE", (violent < 0) | (violent > sanctions)),
    ]


def _followup_findings(inputs: _Inputs, history: _History) -> list[Finding]:
    people = inputs.people
    followed, born = people.followup_date.days, people.date_of_birth.days
    return [
        Finding("DATE_OF_START_OF_FOLLOWUP_REQUIRED", people.followup_date.missing & people.conviction_date.missing),
        Finding("DATE_OF_START_OF_FOLLOWUP_BEFORE_DATE_OF_BIRTH", (followed <= born).to_numpy()),
        Finding("DATE_OF_START_OF_FOLLOWUP_OUT_OF_RANGE", history.age >= AGE_LIMIT),
    ]


@cache
def _models() -> dict[str, Any]:
    return tomllib.loads((files("evalkit.ogrs") / "static_coefficients.toml").read_text(encoding="utf-8"))
