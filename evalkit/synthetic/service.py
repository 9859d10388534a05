"""The tables of the service: referrals, stages reached, needs, courses, peer mentors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalkit.synthetic import catalogue, quotas
from evalkit.synthetic.calendar import EXTRACTED, REGISTER_OPENS, SERVICE_CLOSES, SERVICE_OPENS
from evalkit.synthetic.draws import MISSING, day, pick, spell_out, to_dates, to_ids

REFERRED_ONLY = 0.14
"""Share of non-participants referred to the service who never started."""

SECOND_REFERRAL = 0.04
LAST_END = day(2021, 6, 25)
"""The contract's last day: referrals still open end here."""

UNFINISHED_COURSES = 1_100


def referral_table(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """The table referrals, by date; a person's first ETE referral is the one of the take-up.

    people : one row per person, as made by `cast.everyone`; the row number is the person
    """
    rows = pd.concat(
        [_taken_up(rng, people), _second(rng, people), _not_started(rng, people), _other_services(rng, people)],
        ignore_index=True,
    ).sort_values(["referral_day", "person"], kind="stable", ignore_index=True)
    size = len(rows)
    places = people[["area", "team"]].take(rows["person"].to_numpy()).reset_index(drop=True)
    ended = rows["end_day"].notna()
    return pd.DataFrame(
        {
            "referral_id": to_ids("SYN-R", rows.index),
            "person_id": to_ids("SYN-P", rows["person"]),
            "service": rows["service"],
            "pathway": rows["service"].map(catalogue.PATHWAY_OF_SERVICE),
            "referral_date": to_dates(rows["referral_day"]),
            "start_date": to_dates(rows["start_day"]),
            "end_date": to_dates(rows["end_day"]),
            "end_reason": pd.Series(pick(rng, catalogue.END_REASONS, size)).where(ended),
            "setting": pick(rng, catalogue.SETTINGS, size),
            **places,
            "advisor_id": to_ids("SYN-A", rng.integers(0, quotas.ADVISORS, size)),
            "partner": pick(rng, catalogue.PARTNERS, size),
            "complexity": pick(rng, catalogue.COMPLEXITY, size),
        }
    )


def _taken_up(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    taken = people[people["take_up_day"].notna()]
    start = taken["take_up_day"]
    notice = np.minimum(rng.integers(0, 22, len(taken)), start - taken["anchor_day"])
    end = start + rng.integers(40, 300, len(taken))
    after_job = taken["job_day"] + rng.integers(0, 100, len(taken))
    end = end.where(~(after_job > end), after_job)
    return _referrals(taken.index, "ETE", start - notice, start, end.clip(upper=LAST_END))


def _second(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    start = people["take_up_day"] + rng.integers(300, 600, len(people))
    recent = people["take_up_day"] >= SERVICE_OPENS
    again = recent & (rng.random(len(people)) < SECOND_REFERRAL) & (start <= SERVICE_CLOSES)
    start = start[again]
    end = np.minimum(start + rng.integers(20, 200, len(start)), LAST_END)
    return _referrals(start.index, "ETE", start - rng.integers(0, 15, len(start)), start, end)


def _not_started(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    others = people["supervised"] & people["take_up_day"].isna()
    referral = people["anchor_day"] + rng.integers(1, 200, len(people))
    referred = others & (rng.random(len(people)) < REFERRED_ONLY) & (referral <= SERVICE_CLOSES)
    return _referrals(np.flatnonzero(referred), "ETE", referral[referred], MISSING, MISSING)


def _other_services(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for service, chance in catalogue.SERVICES.items():
        referral = people["anchor_day"] + rng.integers(1, 120, len(people))
        referred = people["supervised"] & (rng.random(len(people)) < chance) & (referral <= SERVICE_CLOSES - 30)
        if service == "through the gate":
            referred &= people["sentence_type"] == "custody"
            referral = people["sentence_day"].clip(lower=people["anchor_day"] - 84)
        chosen, size = referral[referred], int(referred.sum())
        start = (chosen + rng.integers(0, 30, size)).where(rng.random(size) < 0.8)
        parts.append(_referrals(chosen.index, service, chosen, start, start + rng.integers(14, 200, size)))
    return pd.concat(parts)


def _referrals(
    person: pd.Index | np.ndarray, service: str, referral: object, start: object, end: object
) -> pd.DataFrame:
    columns = {"referral_day": referral, "start_day": start, "end_day": end}
    columns = {name: np.asarray(values, dtype=float) for name, values in columns.items()}
    return pd.DataFrame({"person": np.asarray(person), "service": service, **columns})


def progress_table(rng: np.random.Generator, people: pd.DataFrame, referral_of: pd.Series) -> pd.DataFrame:
    """The table progress: stages reached, in order; everyone who found work reached the last one.

    people      : one row per person, as made by `cast.everyone`
    referral_of : referral_id of the take-up of each person, missing for those who did not take up
    """
    taken = people[people["take_up_day"].notna()]
    found = taken["job_day"].notna().to_numpy()
    last = len(catalogue.STAGES)
    reached = np.where(found, last, rng.integers(1, last, len(taken)))
    steps = rng.integers(4, 40, (len(taken), last)).cumsum(axis=1) - 4
    to_job = (taken["job_day"] - taken["take_up_day"]).to_numpy()[:, None] + 5
    steps = np.where(found[:, None], np.floor(steps / steps[:, -1:] * to_job), steps)
    row, stage = np.nonzero(np.arange(last) < reached[:, None])
    person = taken.index.to_numpy()[row]
    dates = np.minimum(taken["take_up_day"].to_numpy()[row] + steps[row, stage], LAST_END)
    return pd.DataFrame(
        {
            "person_id": to_ids("SYN-P", person),
            "referral_id": referral_of.take(person).array,
            "stage": pd.array(catalogue.STAGES, dtype="str").take(stage),
            "date": to_dates(dates),
        }
    )


def course_table(rng: np.random.Generator, people: pd.DataFrame, referral_of: pd.Series, scale: float) -> pd.DataFrame:
    """The table courses: those completed by subject as published, and some not completed."""
    completed = spell_out(list(quotas.COURSES), [round(count * scale) for count in quotas.COURSES.values()])
    unfinished = pick(rng, quotas.COURSES, round(UNFINISHED_COURSES * scale))
    size = len(completed) + len(unfinished)
    takers = np.flatnonzero(people["take_up_day"] <= SERVICE_CLOSES - 60)
    person = rng.choice(takers, size)
    start = people["take_up_day"].to_numpy()[person] + rng.integers(3, 150, size)
    start = np.minimum(start, SERVICE_CLOSES - 10)
    completion = np.minimum(start + rng.integers(1, 60, size), SERVICE_CLOSES)
    completion[len(completed) :] = MISSING
    courses = pd.DataFrame(
        {
            "person_id": to_ids("SYN-P", person),
            "referral_id": referral_of.take(person).array,
            "subject": pd.concat([pd.Series(completed), pd.Series(unfinished)], ignore_index=True),
            "qualification": pick(rng, catalogue.QUALIFICATIONS, size),
            "provider": pick(rng, catalogue.PROVIDERS, size),
            "start_date": to_dates(start),
            "completion_date": to_dates(completion),
        }
    )
    return courses.sort_values(["start_date", "person_id", "subject"], kind="stable", ignore_index=True)


def need_table(rng: np.random.Generator, referrals: pd.DataFrame, releases: pd.DataFrame) -> pd.DataFrame:
    """The table needs: one or more per release, and one per referral that was taken up."""
    started = referrals[referrals["start_date"].notna()]
    of_referrals = pd.DataFrame(
        {
            "person_id": started["person_id"],
            "referral_id": started["referral_id"],
            "pathway": started["pathway"],
            "identified_date": started["referral_date"],
            "known": started["start_date"],
        }
    )
    repeated = releases.loc[releases.index.repeat(rng.integers(1, 4, len(releases)))]
    of_releases = pd.DataFrame(
        {
            "person_id": repeated["person_id"],
            "release_id": repeated["release_id"],
            "pathway": pick(rng, catalogue.PATHWAYS, len(repeated)),
            "identified_date": repeated["screening_date"],
            "known": repeated["release_date"],
        }
    )
    of_releases = of_releases.drop_duplicates(["release_id", "pathway"])
    needs = pd.concat([of_referrals, of_releases], ignore_index=True)
    addressed = needs["known"] + pd.to_timedelta(rng.integers(0, 180, len(needs)), unit="D")
    seen = (rng.random(len(needs)) < 0.7) & (addressed <= to_dates(np.array([EXTRACTED]))[0])
    outcome = pd.Series(pick(rng, catalogue.OUTCOMES, len(needs)))
    columns = ["person_id", "referral_id", "release_id", "pathway", "identified_date"]
    return needs[columns].assign(addressed_date=addressed.where(seen), outcome=outcome.where(seen))


def volunteer_table(rng: np.random.Generator) -> pd.DataFrame:
    """The table volunteers: peer mentors trained, and those of them employed later."""
    size = quotas.MENTORS_TRAINED
    trained = np.sort(rng.integers(REGISTER_OPENS, SERVICE_CLOSES - 200, size)).astype(float)
    employed = trained + rng.integers(30, 200, size)
    employed[rng.permutation(size)[quotas.MENTORS_EMPLOYED :]] = MISSING
    return pd.DataFrame(
        {
            "volunteer_id": to_ids("SYN-V", np.arange(size)),
            "trained_date": to_dates(trained),
            "employed_date": to_dates(employed),
            "role": pick(rng, catalogue.ROLES, size),
        }
    )
