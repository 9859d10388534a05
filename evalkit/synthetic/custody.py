"""The table of releases: resettlement of those followed from a release from custody."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalkit.synthetic import catalogue
from evalkit.synthetic.calendar import EXTRACTED
from evalkit.synthetic.draws import pick, to_dates, to_ids, yes_no

RECALLED = 0.13
PLAN_REVIEW_DAYS = 84
"""The plan is reviewed about 12 weeks before release, where the sentence is long enough."""


def release_table(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """The table releases, by date.

    people : one row per person, as made by `cast.everyone`; the row number is the person
    """
    released = people[(people["sentence_type"] == "custody") & people["index_day"].notna()]
    released = released.sort_values("index_day", kind="stable")
    size = len(released)
    return pd.DataFrame(
        {
            "release_id": to_ids("SYN-L", np.arange(size)),
            "person_id": to_ids("SYN-P", released.index),
            "prison": released["prison"].array,
            **_dates(rng, released),
            "complexity": pick(rng, catalogue.COMPLEXITY, size),
            "in_reach": yes_no(rng, 0.62, size),
            "met_at_gate": yes_no(rng, 0.18, size),
            **_afterwards(rng, released),
            "bank_account": yes_no(rng, 0.71, size),
        }
    )


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
        "first_appointment_date": to_dates(release + rng.integers(0, 6, size)),
        "accommodation_first_night": pick(rng, catalogue.HOUSING, size),
        "accommodation_3_months": pick(rng, catalogue.HOUSING, size),
        "employed_6_weeks": yes_no(rng, np.where(in_work <= 42, 1.0, 0.08), size),
        "employed_6_months": yes_no(rng, np.where(in_work <= 183, 1.0, 0.12), size),
        "benefit_claim_date": to_dates(benefit),
        "recall_date": to_dates(np.where(recall <= EXTRACTED, recall, np.nan)),
    }
