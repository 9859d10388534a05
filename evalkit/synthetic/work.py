"""The table of jobs: first jobs by sector as published, and spells of work on both sides of 13 weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalkit.synthetic import quotas
from evalkit.synthetic.calendar import EXTRACTED
from evalkit.synthetic.draws import MISSING, pick, spell_out, to_dates, to_ids

WEEKS_13 = 91
TWO_JOBS = 0.20
"""Share of spells of work that are two jobs, one soon after the other."""

SHORT_GAPS = (1, 8)
"""Days from the end of one job to the start of the next within a spell: 1 to 7."""

LONG_GAPS = (10, 60)
"""Days after which work counts as broken off."""

STILL_IN_WORK = 0.45


def job_table(rng: np.random.Generator, people: pd.DataFrame, referral_of: pd.Series) -> pd.DataFrame:
    """The table jobs, by date; `confirmed_13_weeks` is yes for the jobs of a spell of 13 weeks or more.

    people      : one row per person, as made by `cast.everyone`; the row number is the person
    referral_of : referral_id of the take-up of each person
    """
    workers = people[people["job_day"].notna()]
    spells = _first_jobs(rng, workers)
    rows = pd.concat([spells, _second_jobs(rng, spells)], ignore_index=True)
    rows = rows.sort_values(["start_day", "person"], kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "person_id": to_ids("SYN-P", rows["person"]),
            "referral_id": referral_of.take(rows["person"].to_numpy()).array,
            "sector": rows["sector"],
            "start_date": to_dates(rows["start_day"]),
            "end_date": to_dates(rows["end_day"]),
            "confirmed_13_weeks": np.where(rows["sustained"], "yes", "no"),
        }
    )


def _first_jobs(rng: np.random.Generator, workers: pd.DataFrame) -> pd.DataFrame:
    size, sustained = len(workers), workers["sustained"].to_numpy(dtype=bool)
    two, broken = rng.random(size) < TWO_JOBS, rng.random(size) < 0.5
    whole = np.where(sustained, _long_spell(rng, size), _short_spell(rng, size))
    first = np.where(two & (sustained | ~broken), np.floor(whole * rng.uniform(0.3, 0.6, size)), whole)
    start = workers["job_day"].to_numpy()
    open_ended = sustained & ~two & (rng.random(size) < STILL_IN_WORK)
    end = np.where(open_ended, MISSING, start + first)
    return pd.DataFrame(
        {
            "person": workers.index,
            "sector": rng.permutation(_sectors(size)),
            "start_day": start,
            "end_day": np.where(end <= EXTRACTED, end, MISSING),
            "sustained": sustained,
            "two": two,
            "broken": broken & ~sustained,
            "left": np.maximum(whole - first, 1),
        }
    )


def _second_jobs(rng: np.random.Generator, first_jobs: pd.DataFrame) -> pd.DataFrame:
    earlier = first_jobs[first_jobs["two"]]
    size = len(earlier)
    broken = earlier["broken"].to_numpy()
    gap = np.where(broken, rng.integers(*LONG_GAPS, size), rng.integers(*SHORT_GAPS, size))
    start = earlier["end_day"] + gap
    # A short spell stays short with its gap; a sustained one holds 13 weeks of work without counting the gap.
    left = np.where(earlier["sustained"], earlier["left"], np.maximum(earlier["left"] - gap, 1))
    length = np.where(broken, rng.integers(5, 80, size), left)
    end = start + length
    rows = earlier.assign(start_day=start, end_day=end.where(end <= EXTRACTED), sector=pick(rng, quotas.SECTORS, size))
    return rows[start <= EXTRACTED]


def _long_spell(rng: np.random.Generator, size: int) -> np.ndarray:
    """Days of work of 13 weeks or more, some of them to the day."""
    return np.where(rng.random(size) < 0.04, WEEKS_13, WEEKS_13 + np.floor(rng.gamma(1.5, 70, size)))


def _short_spell(rng: np.random.Generator, size: int) -> np.ndarray:
    """Days of work that fall short of 13 weeks, some of them by a day."""
    return np.where(rng.random(size) < 0.06, WEEKS_13 - 1, rng.integers(3, WEEKS_13, size))


def _sectors(size: int) -> np.ndarray:
    published = np.array(list(quotas.SECTORS.values()))
    counts = published * size // published.sum()
    counts[: size - counts.sum()] += 1
    return np.asarray(spell_out(list(quotas.SECTORS), counts.tolist()))
