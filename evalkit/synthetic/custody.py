"""The table of releases: resettlement of those followed from a release from custody."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evalkit.cohort.business_days import bank_holidays
from evalkit.synthetic import catalogue, truth
from evalkit.synthetic.calendar import EXTRACTED
from evalkit.synthetic.draws import MISSING, pick, to_dates, to_ids, yes_no

RECALLED = 0.13
PLAN_REVIEW_DAYS = 84
"""The plan is reviewed about 12 weeks before release, where the sentence is long enough."""

MISSED = 0.05
"""Share of releases without a first appointment on record."""

PROMPT = 2
"""Business days after release from which a first appointment is late."""

LATEST = 24
"""Business days after release by which the late ones have taken place."""

WORK_UNKNOWN = {"employed_6_weeks": 0.07, "employed_6_months": 0.13}
"""Share of releases of which nobody knows whether the person was in work then."""


def release_table(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """The table releases, by date.

    people : one row per person, as made by `cast.everyone`; the row number is the person
    """
    released = people[(people["sentence_type"] == "custody") & people["index_day"].notna()]
    released = released.sort_values("index_day", kind="stable")
    size = len(released)
    table = pd.DataFrame(
        {
            "release_id": to_ids("SYN-L", np.arange(size)),
            "person_id": to_ids("SYN-P", released.index),
            "prison": released["prison"].array,
            **_dates(rng, released),
            "complexity": pick(rng, catalogue.COMPLEXITY, size),
            "met_at_gate": yes_no(rng, 0.18, size),
            **_afterwards(rng, released),
            "bank_account": yes_no(rng, 0.71, size),
        }
    )
    # A stream of its own: what is drawn here leaves all the rest of the table as it is.
    (own,) = rng.spawn(1)
    return table.assign(**_planted(own, table))


def _planted(rng: np.random.Generator, table: pd.DataFrame) -> dict[str, Any]:
    """What depends on the length of the sentence and on the prison: see `truth`."""
    size = len(table)
    long = ((table["release_date"] - table["reception_date"]).dt.days >= truth.LONG_CUSTODY_DAYS).to_numpy()
    in_reach, prompt = (np.where(long, *chances) for chances in (truth.IN_REACH_IF_LONG, truth.PROMPT_IF_LONG))
    first_night = pd.Series(pick(rng, catalogue.HOUSED, size))
    moved = pd.Series(pick(rng, catalogue.HOUSED, size))
    later = first_night.where(rng.random(size) < truth.HOUSING_KEPT, moved)
    unknown = table["prison"].map(truth.UNKNOWN_HOUSING_IN_PRISON).fillna(truth.UNKNOWN_HOUSING).to_numpy()
    work = {name: table[name].mask(rng.random(size) < share) for name, share in WORK_UNKNOWN.items()}
    return {
        "in_reach": yes_no(rng, in_reach, size),
        "first_appointment_date": _first_appointment(rng, table["release_date"], rng.random(size) < prompt),
        "accommodation_first_night": first_night.mask(rng.random(size) < unknown, catalogue.UNKNOWN),
        "accommodation_3_months": later.mask(rng.random(size) < truth.UNKNOWN_HOUSING, catalogue.UNKNOWN),
        **work,
    }


def _first_appointment(rng: np.random.Generator, release: pd.Series, prompt: np.ndarray) -> pd.Series:
    """Prompt ones on the day of release or the next business day, the others later, a few never."""
    size = len(release)
    wait = np.where(prompt, rng.integers(0, PROMPT, size), PROMPT + np.floor(rng.exponential(3.5, size)))
    day = release.to_numpy().astype("datetime64[D]")
    years = pd.DatetimeIndex(day).year
    holidays = np.array(bank_holidays(int(years.min()), int(years.max()) + 1), dtype="datetime64[D]")
    wait = np.minimum(wait, LATEST).astype(int)
    reached = np.maximum(np.busday_offset(day, wait, roll="backward", holidays=holidays), day).astype(float)
    return to_dates(np.where(rng.random(size) < MISSED, MISSING, reached))


def _dates(rng: np.random.Generator, released: pd.DataFrame) -> dict:
    size, release = len(released), released["index_day"].to_numpy()
    reception = released["sentence_day"].to_numpy() - rng.integers(0, 30, size)
    screening = np.minimum(reception + rng.integers(0, 4, size), release)
    plan = np.minimum(screening + rng.integers(1, 9, size), release)
    review = np.clip(release - PLAN_REVIEW_DAYS + rng.integers(-10, 11, size), plan, release)
    never = np.where(rng.random(size) < 0.04, np.nan, 0.0)
    return {
        "reception_date": to_dates(reception),
        "screening_date": to_dates(screening),
        "plan_date": to_dates(plan + never),
        "plan_reviewed_date": to_dates(review + never),
        "release_date": to_dates(release),
    }


def _afterwards(rng: np.random.Generator, released: pd.DataFrame) -> dict:
    size, release = len(released), released["index_day"].to_numpy()
    in_work = released["job_day"].to_numpy() - release  # days; comparisons with a missing value are false
    recall = np.where(rng.random(size) < RECALLED, release + rng.integers(3, 200, size), np.nan)
    benefit = np.where(rng.random(size) < 0.64, release + rng.integers(0, 40, size), np.nan)
    return {
        "employed_6_weeks": yes_no(rng, np.where(in_work <= 42, 1.0, 0.08), size),
        "employed_6_months": yes_no(rng, np.where(in_work <= 183, 1.0, 0.12), size),
        "benefit_claim_date": to_dates(benefit),
        "recall_date": to_dates(np.where(recall <= EXTRACTED, recall, np.nan)),
    }
