"""The table of sentences: index sentences, earlier ones, reconvictions, and what only looks like a reconviction."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalkit.synthetic import catalogue
from evalkit.synthetic.calendar import EXTRACTED, INDEX_OPENS
from evalkit.synthetic.draws import MISSING, pick, spell_out, to_dates, to_ids
from evalkit.synthetic.people import days_served, pick_prisons

OFFENCE_DATE_MISSING = 0.10
DAYS_TO_SENTENCE = 75
"""Median days from offence to sentence (log-normal)."""

REPEATS, DAYS_TO_REPEAT = 3, 400
"""At most this many sentences after the first reconviction, this many days apart on average."""

LATER_EVENTS = {"breach of order": 0.08, "resentencing": 0.02, "pseudo-reconviction": 0.04}
"""Chance, per person followed, of a later sentence that is no reconviction."""

SUPERVISED_TYPES = ["community order", "suspended sentence order", "custody"]
UNCOUNTED_TYPES = ["breach of order", "resentencing"]


def sentence_table(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """The table sentences, by date.

    people : one row per person, as made by `cast.everyone`; the row number is the person
    """
    later = pd.concat([_reconvictions(rng, people), _no_reconvictions(rng, people)], ignore_index=True)
    rows = pd.concat([_index_sentences(rng, people), _earlier_sentences(rng, people), _dated(rng, people, later)])
    rows = _with_totals(rows, people).sort_values(["sentence_day", "person"], kind="stable", ignore_index=True)
    places = people[["area", "team"]].take(rows["person"].to_numpy()).reset_index(drop=True)
    return pd.DataFrame(
        {
            "sentence_id": to_ids("SYN-S", rows.index),
            "person_id": to_ids("SYN-P", rows["person"]),
            "sentence_date": to_dates(rows["sentence_day"]),
            "sentence_type": rows["sentence_type"],
            "offence_code": rows["offence_code"],
            "offence_date": to_dates(rows["offence_day"]),
            "supervision_start": to_dates(rows["supervision_day"]),
            **places,
            "prison": rows["prison"],
            "total_sanctions": rows["total_sanctions"].astype("Int64"),
            "age_at_first_sanction": people["age_at_first_sanction"]
            .take(rows["person"].to_numpy())
            .astype("Int64")
            .array,
            "total_violent_sanctions": rows["total_violent_sanctions"].astype("Int64"),
        }
    )


def _index_sentences(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    rows = people[["sentence_day", "sentence_type", "offence_code", "prison", "total_violent_sanctions"]]
    offence_day = people["sentence_day"] - _days_to_sentence(rng, len(people))
    return rows.assign(
        person=np.arange(len(people)),
        supervision_day=people["index_day"],
        offence_day=_sometimes_missing(rng, offence_day),
        rank=0.0,
    )


def _earlier_sentences(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    size = len(people)
    sentence_day = people["sentence_day"].clip(upper=INDEX_OPENS - 30) - rng.integers(60, 1500, size)
    old_enough = sentence_day > people["birth_day"] + 365.25 * (people["age_at_first_sanction"] + 1)
    has_one = (rng.random(size) < 0.35) & (people["total_sanctions"] > 1) & old_enough
    person = np.flatnonzero(has_one)
    rows = pd.DataFrame({"person": person, "sentence_day": sentence_day[has_one].to_numpy()})
    rows = rows.assign(
        sentence_type=pick(rng, catalogue.EARLIER_TYPES, len(rows)),
        offence_code=pick(rng, catalogue.OFFENCES, len(rows)),
        offence_day=_sometimes_missing(rng, rows["sentence_day"] - _days_to_sentence(rng, len(rows))),
        rank=-1.0,
    )
    return rows.assign(supervision_day=rows["sentence_day"].where(rows["sentence_type"] == "community order"))


def _reconvictions(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    size = len(people)
    gaps = 1 + np.floor(rng.exponential(DAYS_TO_REPEAT, (size, REPEATS)))
    days = people["reconviction_day"].to_numpy()[:, None] + np.cumsum(np.c_[np.zeros(size), gaps], axis=1)
    person, nth = np.nonzero(days <= EXTRACTED)
    rows = pd.DataFrame({"person": person, "sentence_day": days[person, nth]})
    full, light = (pick(rng, shares, len(rows)) for shares in (catalogue.RECONVICTION_TYPES, catalogue.LIGHT_TYPES))
    supervised = people["supervised"].to_numpy()[person]
    anchor = people["anchor_day"].to_numpy()[person]
    # The offence follows the index date: the delay is shortened where the sentence came soon after it.
    since = rows["sentence_day"] - anchor
    delay = np.minimum(_days_to_sentence(rng, len(rows)), np.floor(since * rng.random(len(rows))))
    return rows.assign(
        sentence_type=pd.Series(full).where(supervised, pd.Series(light)),
        offence_code=pick(rng, catalogue.OFFENCES, len(rows)),
        offence_day=_sometimes_missing(rng, rows["sentence_day"] - delay),
    )


def _no_reconvictions(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    supervised = people["supervised"].to_numpy()
    groups = [np.flatnonzero(supervised & (rng.random(len(people)) < chance)) for chance in LATER_EVENTS.values()]
    person = np.concatenate(groups)
    anchor = people["anchor_day"].to_numpy()[person]
    event = spell_out(list(LATER_EVENTS), [len(group) for group in groups])
    rows = pd.DataFrame({"person": person, "sentence_day": anchor + rng.integers(5, 360, len(person))})
    counted = pd.Series(pick(rng, catalogue.RECONVICTION_TYPES, len(rows)))
    pseudo = np.asarray(event == "pseudo-reconviction", dtype=bool)
    rows = rows.assign(
        sentence_type=counted.where(pseudo, pd.Series(event)),
        offence_code=people["offence_code"].to_numpy()[person],
        offence_day=np.where(pseudo, anchor - rng.integers(0, 200, len(person)), MISSING),
    )
    return rows[rows["sentence_day"] <= EXTRACTED]


def _dated(rng: np.random.Generator, people: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    later = later.sort_values(["person", "sentence_day"], kind="stable", ignore_index=True)
    custody = later["sentence_type"] == "custody"
    wait = np.where(custody, days_served(rng, len(later)), rng.integers(0, 4, len(later)))
    start = later["sentence_day"] + wait
    begins = later["sentence_type"].isin(SUPERVISED_TYPES) & (start <= EXTRACTED)
    sex = people["sex"].take(later["person"].to_numpy()).reset_index(drop=True)
    counted = (~later["sentence_type"].isin(UNCOUNTED_TYPES)).astype(float)
    return later.assign(
        supervision_day=start.where(begins),
        prison=pick_prisons(rng, sex).where(custody),
        rank=counted.groupby(later["person"]).cumsum(),
    )


def _with_totals(rows: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    at_index = people["total_sanctions"].to_numpy()[rows["person"]]
    return rows.assign(total_sanctions=at_index + rows["rank"])


def _days_to_sentence(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.floor(DAYS_TO_SENTENCE * np.exp(0.8 * rng.standard_normal(size)))


def _sometimes_missing(rng: np.random.Generator, days: pd.Series) -> pd.Series:
    return days.mask(rng.random(len(days)) < OFFENCE_DATE_MISSING)
