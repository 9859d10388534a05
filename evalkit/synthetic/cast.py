"""Everyone in the demonstration extract: the people followed, and those whom the cohort rules set aside."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalkit.synthetic import catalogue, quotas
from evalkit.synthetic.calendar import EXTRACTED, INDEX_OPENS, REGISTER_OPENS, SERVICE_CLOSES, SERVICE_OPENS, index_days
from evalkit.synthetic.choose import followed_people
from evalkit.synthetic.draws import MISSING, day, pick, stream
from evalkit.synthetic.histories import NEVER
from evalkit.synthetic.people import YOUTH_AGES, draw_people

LONGEST_JOB_LAG = 110
"""Days from take-up to work of participants outside the model; they take up early enough to find it in time."""


def everyone(seed: int, scale: float, people: int) -> pd.DataFrame:
    """One row per person, in random order: who they are, their sentence, and what they did with the service.

    Days are day numbers, missing where something never came: birth_day, sentence_day, index_day, take_up_day, job_day,
    reconviction_day; anchor_day is the index day or, without one, the day of the sentence. `supervised` marks those
    followed from an index day in the period; later sentences of all others never start a supervision.
    """
    followed = _followed(seed, scale)
    groups = [followed, _without_index(seed, scale), _earlier(seed, scale), _under_18(seed, scale)]
    so_far = sum(len(group) for group in groups)
    groups.append(_fines_only(seed, max(0, people - so_far)))
    together = pd.concat([group.assign(supervised=group is followed) for group in groups], ignore_index=True)
    together["anchor_day"] = together["index_day"].fillna(together["sentence_day"])
    shuffled = together.iloc[stream(seed, "order").permutation(len(together))]
    return shuffled.reset_index(drop=True)


def _followed(seed: int, scale: float) -> pd.DataFrame:
    followed = followed_people(seed, scale)
    start = followed["index_day"]
    known = start + followed["reconvicted_after"]
    return followed.assign(
        take_up_day=(start + followed["lag"]).where(followed["took_up"]),
        job_day=(start + followed["job_lag"]).where(followed["found"]),
        reconviction_day=known.where(known <= EXTRACTED),
    ).drop(columns=["wanted", "lag", "took_up", "found", "job_lag", "reconvicted_after", "predicted", "unscored"])


def _without_index(seed: int, scale: float) -> pd.DataFrame:
    rng = stream(seed, "participants without index")
    stages = _stages(quotas.WITHOUT_INDEX, scale)
    people = draw_people(rng, rng.integers(day(2016, 10, 1), INDEX_OPENS, len(stages)))
    take_up = rng.integers(SERVICE_OPENS, SERVICE_CLOSES - LONGEST_JOB_LAG, len(stages))
    people = _outside_model(rng, people, take_up, stages)
    start_not_recorded = rng.random(len(people)) < 0.15
    return people.assign(index_day=people["index_day"].mask(start_not_recorded))


def _earlier(seed: int, scale: float) -> pd.DataFrame:
    rng = stream(seed, "earlier participants")
    stages = _stages(quotas.EARLIER, scale)
    take_up = rng.integers(REGISTER_OPENS, SERVICE_OPENS, len(stages))
    index_day = np.minimum(take_up - rng.integers(1, 183, len(stages)), INDEX_OPENS - 1)
    return _outside_model(rng, draw_people(rng, index_day), take_up, stages)


def _under_18(seed: int, scale: float) -> pd.DataFrame:
    rng = stream(seed, "under 18")
    size = round(quotas.UNDER_18 * scale)
    return _later_fines(rng, draw_people(rng, index_days(rng, size), ages=YOUTH_AGES))


def _fines_only(seed: int, size: int) -> pd.DataFrame:
    rng = stream(seed, "fines only")
    people = draw_people(rng, index_days(rng, size))
    people = people.assign(sentence_type=pick(rng, catalogue.LIGHT_TYPES, size), sentence_day=people["index_day"])
    return _later_fines(rng, people.assign(index_day=MISSING, prison=None))


def _stages(quota: dict[str, int], scale: float) -> np.ndarray:
    return np.repeat(list(quota), [round(count * scale) for count in quota.values()])


def _outside_model(
    rng: np.random.Generator, people: pd.DataFrame, take_up_day: np.ndarray, stages: np.ndarray
) -> pd.DataFrame:
    job_day = take_up_day + 1 + np.floor(LONGEST_JOB_LAG * rng.beta(1.2, 1.2, len(people)))
    found = stages != "took up"
    people = people.assign(
        take_up_day=take_up_day.astype(float),
        job_day=np.where(found, job_day, MISSING),
        sustained=stages == "sustained",
    )
    return _later_fines(rng, people)


def _later_fines(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    after = np.where(rng.random(len(people)) < 0.3, rng.integers(20, 900, len(people)), NEVER)
    fined = people["index_day"].fillna(people["sentence_day"]) + after
    return people.assign(reconviction_day=fined.where(fined <= EXTRACTED))
