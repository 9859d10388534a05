"""Invented people: who they are, the sentence they are followed from, and what OGRS3 needs to know of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalkit.ogrs import ogrs3
from evalkit.synthetic import catalogue
from evalkit.synthetic.draws import MISSING, pick, to_dates

DAYS_PER_YEAR = 365.25
ADULT_AGES = (18.05, 76.0)
YOUTH_AGES = (16.0, 17.9)

FIRST_TIME_SHARE = 0.11
"""Share whose first sanction is the sentence they are followed from."""

SANCTIONS_PER_YEAR, SANCTIONS_SPREAD = 0.41, 0.62
"""Median and log standard deviation of sanctions over (10 + years since the first sanction)."""


def draw_people(
    rng: np.random.Generator, index_day: np.ndarray, *, ages: tuple[float, float] = ADULT_AGES
) -> pd.DataFrame:
    """One invented person per index day, with the sentence that led to it.

    index_day : day numbers on which supervision started
    ages      : youngest and oldest age in years on the index day

    Returns the columns of the tables people and sentences, with days as numbers (birth_day, index_day, sentence_day).
    """
    people = _characteristics(rng, len(index_day))
    people["index_day"] = index_day
    people["birth_day"] = index_day - np.round(_ages(rng, len(index_day), ages) * DAYS_PER_YEAR)
    people = people.assign(**_sentence(rng, people), **_teams(rng, len(people)))
    custody = people["sentence_type"] == "custody"
    return people.assign(prison=pick_prisons(rng, people["sex"]).where(custody), **_record(rng, people))


def predicted_risk(people: pd.DataFrame) -> np.ndarray:
    """One-year OGRS3 probability of each person, computed from the same inputs that are written to the files."""
    inputs = pd.DataFrame(
        {
            "gender": people["sex"].to_numpy(),
            "date_of_birth": to_dates(people["birth_day"]),
            "conviction_date": to_dates(people["sentence_day"]),
            "followup_date": to_dates(people["index_day"]),
            "total_sanctions": people["total_sanctions"].to_numpy(),
            "age_at_first_sanction": people["age_at_first_sanction"].to_numpy(),
            "offence_code": people["offence_code"].to_numpy(),
        }
    )
    return ogrs3(inputs)["ogrs3_one_year"].to_numpy(dtype=float)


def _characteristics(rng: np.random.Generator, size: int) -> pd.DataFrame:
    shares = {
        "sex": catalogue.SEX,
        "ethnicity": catalogue.ETHNICITY,
        "disability": catalogue.DISABILITY,
        "religion": catalogue.RELIGION,
        "sexual_orientation": catalogue.SEXUAL_ORIENTATION,
        "nationality": catalogue.NATIONALITY,
    }
    return pd.DataFrame({name: pick(rng, share, size) for name, share in shares.items()})


def _ages(rng: np.random.Generator, size: int, ages: tuple[float, float]) -> np.ndarray:
    youngest, oldest = ages
    return youngest + (oldest - youngest) * rng.beta(1.5, 3.3, size)


def _sentence(rng: np.random.Generator, people: pd.DataFrame) -> dict:
    size = len(people)
    sentence_type = pick(rng, catalogue.SENTENCE_TYPES, size)
    served = days_served(rng, size)
    wait = np.where(sentence_type == "custody", served, rng.integers(0, 4, size))
    return {
        "sentence_type": sentence_type,
        "sentence_day": people["index_day"].to_numpy() - wait,
        "offence_code": pick(rng, catalogue.OFFENCES, size),
    }


def days_served(rng: np.random.Generator, size: int) -> np.ndarray:
    """Days from sentence to release: two weeks to three years, most of them short."""
    return np.minimum(14 + np.floor(rng.gamma(1.0, 160.0, size)), 1095).astype(int)


def _teams(rng: np.random.Generator, size: int) -> dict:
    teams = [team for area in catalogue.TEAMS.values() for team in area]
    areas = [area for area, members in catalogue.TEAMS.items() for _ in members]
    weights = 1 + 0.6 * np.sin(1 + 2.0 * np.arange(len(teams)))  # large and small teams side by side
    chosen = rng.choice(len(teams), size=size, p=weights / weights.sum())
    return {
        "team_number": chosen,
        "team": pd.array(teams, dtype="str").take(chosen),
        "area": pd.array(areas, dtype="str").take(chosen),
    }


def pick_prisons(rng: np.random.Generator, sex: pd.Series) -> pd.Series:
    """A prison for each person, for men or for women, with the index of `sex`."""
    by_sex = {
        name: pd.Series(pick(rng, shares, len(sex)), index=sex.index) for name, shares in catalogue.PRISONS.items()
    }
    return by_sex["male"].where(sex == "male", by_sex["female"])


def _record(rng: np.random.Generator, people: pd.DataFrame) -> dict:
    size = len(people)
    # One day is taken off so that nobody's first sanction comes after the age, in completed years, at this sentence.
    age = np.floor((people["sentence_day"] - people["birth_day"] - 1) / DAYS_PER_YEAR).to_numpy()
    earlier = np.minimum(10 + np.floor(rng.gamma(2.2, 3.6, size)), age)
    first_time = rng.random(size) < FIRST_TIME_SHARE
    age_at_first = np.where(first_time, age, earlier)
    rate = SANCTIONS_PER_YEAR * np.exp(SANCTIONS_SPREAD * rng.standard_normal(size))
    repeat = np.maximum(2, np.round(rate * (10 + age - age_at_first)))
    sanctions = np.where(first_time, 1, repeat)
    return {
        "age_at_first_sanction": age_at_first,
        "total_sanctions": sanctions,
        "total_violent_sanctions": rng.binomial(sanctions.astype(int), 0.22),
    }


def without_score(rng: np.random.Generator, people: pd.DataFrame, unscored: np.ndarray) -> pd.DataFrame:
    """The same people, those marked `unscored` lacking an input of OGRS3 or having an offence it does not weight."""
    lack = np.asarray(pick(rng, {"sanctions": 45, "age": 35, "offence": 20}, len(people)))
    codes = pd.Series(pick(rng, catalogue.UNWEIGHTED_OFFENCES, len(people)), index=people.index)
    no_sanctions, no_age = unscored & (lack == "sanctions"), unscored & (lack == "age")
    return people.assign(
        total_sanctions=people["total_sanctions"].mask(no_sanctions, MISSING),
        total_violent_sanctions=people["total_violent_sanctions"].astype(float).mask(no_sanctions, MISSING),
        age_at_first_sanction=people["age_at_first_sanction"].mask(no_age, MISSING),
        offence_code=people["offence_code"].mask(unscored & (lack == "offence"), codes),
    )
