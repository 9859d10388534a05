"""Two small programmes beside the service: an employability event and a skills programme, with their own referrals.

Their courses and jobs belong to those referrals, so they count in no figure of the service itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.synthetic.draws import day, to_dates, to_ids


@dataclass(frozen=True)
class Programme:
    """A programme: when it began, and how many people came, finished which courses, found work."""

    service: str
    partner: str
    opens: int
    days: int
    """Length of the period in which people start."""
    people: int
    courses: dict[tuple[str, str], int]
    """(subject, qualification) -> people who started it; each person takes one."""
    jobs: int
    sector: str


PROGRAMMES = (
    Programme(
        "employability event",
        "Construction and rail",
        day(2019, 5, 14),
        1,
        113,
        {("Track induction", ""): 45},
        13,
        "Rail",
    ),
    Programme(
        "skills programme",
        "Fit for Work Skills Builder",
        day(2018, 9, 3),
        400,
        98,
        {("Construction skills", "level 1"): 61, ("CSCS", ""): 24},
        27,
        "Construction",
    ),
)
"""As published, but for the number of people on the skills programme, which was not."""


@dataclass(frozen=True)
class ProgrammeRows:
    """Rows to add to the tables of those names."""

    referrals: pd.DataFrame
    courses: pd.DataFrame
    jobs: pd.DataFrame


def programme_rows(rng: np.random.Generator, people: pd.DataFrame, scale: float) -> ProgrammeRows:
    """Referrals, courses and jobs of both programmes, for people who did not take up the service itself.

    people : one row per person, as made by `cast.everyone`; the row number is the person
    """
    referrals, courses, jobs = [], [], []
    first = 0
    for programme in PROGRAMMES:
        came = _people(rng, people, programme, scale)
        start = programme.opens + np.sort(rng.integers(0, programme.days, len(came)))
        ids = to_ids("SYN-E", np.arange(first, first + len(came)))
        first += len(came)
        referrals.append(_referrals(people, came, ids, start, programme))
        courses.append(_courses(rng, came, ids, start, programme, scale))
        jobs.append(_jobs(rng, came, ids, start, programme, scale))
    return ProgrammeRows(*(pd.concat(parts, ignore_index=True) for parts in (referrals, courses, jobs)))


def _people(rng: np.random.Generator, people: pd.DataFrame, programme: Programme, scale: float) -> np.ndarray:
    """People under supervision in the year before who never took up the service."""
    anchor = people["anchor_day"]
    near = people["supervised"] & people["take_up_day"].isna() & anchor.between(programme.opens - 365, programme.opens)
    wanted = max(1, round(programme.people * scale))
    return np.sort(rng.choice(np.flatnonzero(near), min(wanted, int(near.sum())), replace=False))


def _referrals(
    people: pd.DataFrame, came: np.ndarray, ids: object, start: np.ndarray, programme: Programme
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "referral_id": ids,
            "person_id": to_ids("SYN-P", came),
            "service": programme.service,
            "pathway": "employment training and education",
            "referral_date": to_dates(start),
            "start_date": to_dates(start),
            **people[["area", "team"]].take(came).reset_index(drop=True),
            "partner": programme.partner,
        }
    )


def _courses(
    rng: np.random.Generator, came: np.ndarray, ids: object, start: np.ndarray, programme: Programme, scale: float
) -> pd.DataFrame:
    sizes = [min(len(came), round(count * scale)) for count in programme.courses.values()]
    takers = rng.permutation(len(came))[: sum(sizes)]
    kinds = np.repeat(np.arange(len(sizes)), sizes)[: len(takers)]
    subjects, qualifications = zip(*programme.courses, strict=True)
    begun = start[takers] + rng.integers(3, 60, len(takers))
    return pd.DataFrame(
        {
            "person_id": to_ids("SYN-P", came[takers]),
            "referral_id": pd.Series(ids).take(takers).array,
            "subject": pd.array(subjects, dtype="str").take(kinds),
            "qualification": pd.array([name or None for name in qualifications], dtype="str").take(kinds),
            "provider": programme.partner,
            "start_date": to_dates(begun),
            "completion_date": to_dates(begun + rng.integers(1, 30, len(takers))),
        }
    )


def _jobs(
    rng: np.random.Generator, came: np.ndarray, ids: object, start: np.ndarray, programme: Programme, scale: float
) -> pd.DataFrame:
    finders = rng.permutation(len(came))[: round(programme.jobs * scale)]
    begun = start[finders] + rng.integers(20, 120, len(finders))
    return pd.DataFrame(
        {
            "person_id": to_ids("SYN-P", came[finders]),
            "referral_id": pd.Series(ids).take(finders).array,
            "sector": programme.sector,
            "start_date": to_dates(begun),
        }
    )
