"""OGRS3 for a column of people against the usual loop over rows: seconds, and agreement of the two.

    python benchmarks/ogrs3.py [PEOPLE]

The loop is what an evaluator writes from the published formula: one person at a time, with a dictionary of weights.
It is timed on a sample and scaled up.
"""

from __future__ import annotations

import math
import sys
import time
import tomllib
from datetime import date
from importlib.resources import files

import numpy as np
import pandas as pd

from evalkit.ogrs import offence_group, ogrs3
from evalkit.ogrs.offences import groups

SAMPLE = 20_000
WEIGHTS = tomllib.loads((files("evalkit.ogrs") / "ogrs3_coefficients.toml").read_text(encoding="utf-8"))


def made_up_people(people: int) -> pd.DataFrame:
    """Random histories that can all be scored."""
    rng = np.random.default_rng(20260801)
    codes = [code for code, group in groups("OGRS3").items() if group in WEIGHTS["offence_group"]]
    born = np.datetime64("1950-01-01") + rng.integers(0, 18_000, people)
    convicted = born + rng.integers(16 * 366, 45 * 365, people)
    return pd.DataFrame(
        {
            "gender": rng.choice(["M", "F"], people),
            "date_of_birth": born,
            "conviction_date": convicted,
            "followup_date": convicted + rng.integers(0, 900, people),
            "total_sanctions": rng.geometric(0.15, people),
            "age_at_first_sanction": rng.integers(10, 16, people),
            "offence_code": rng.choice(codes, people),
        }
    )


def years(earlier: date, later: date) -> int:
    """Completed years."""
    return later.year - earlier.year - ((later.month, later.day) < (earlier.month, earlier.day))


def one_year_of(person: object, group: str) -> float:
    """One-year probability of one person."""
    sex = "male" if person.gender == "M" else "female"
    at_conviction = years(person.date_of_birth, person.conviction_date)
    at_followup = years(person.date_of_birth, person.followup_date)
    by_age = [band[sex]["published"] for band in WEIGHTS["age_at_followup"] if band["from"] <= at_followup][-1]
    status = WEIGHTS["first_sanction" if person.total_sanctions == 1 else "repeat_sanctions"]["published"]
    career = 10 + at_conviction - person.age_at_first_sanction
    copas = WEIGHTS["copas"]["published"] * math.log(person.total_sanctions / career)
    linear = by_age + status + copas + WEIGHTS["offence_group"][group]["published"]
    return 1 / (1 + math.exp(-linear - WEIGHTS["intercept"]["one_year"]["published"]))


def one_by_one(people: pd.DataFrame) -> list[float]:
    """One-year probabilities by a loop over rows."""
    named = zip(people.itertuples(), offence_group(people["offence_code"]), strict=True)
    return [one_year_of(person, group) for person, group in named]


def main(people: int) -> None:
    """Print both timings and the largest difference."""
    frame = made_up_people(people)
    groups("OGRS3")
    started = time.perf_counter()
    scored = ogrs3(frame)
    seconds = time.perf_counter() - started
    sample = frame.head(SAMPLE)
    started = time.perf_counter()
    looped = one_by_one(sample)
    loop_seconds = (time.perf_counter() - started) * people / len(sample)
    difference = np.abs(np.array(looped) - scored["ogrs3_one_year"].head(SAMPLE)).max()
    print(
        f"{people:,} people: evalkit {seconds:.2f} s; "
        f"loop over rows {loop_seconds:.1f} s ({loop_seconds / seconds:.0f} x)"
    )
    print(f"scored {int((scored['ogrs3_error'] == '').sum()):,}; largest difference {difference:.1e}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
