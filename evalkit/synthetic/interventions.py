"""Smaller interventions beside the service: a domestic abuse programme, supported housing, personal wellbeing.

Their rows are added to the tables; they belong to referrals of their own and count in no figure of the service itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.synthetic import catalogue, truth
from evalkit.synthetic.calendar import SERVICE_CLOSES, SERVICE_OPENS
from evalkit.synthetic.draws import MISSING, day, pick, to_dates, to_ids

NEW_OPENS = day(2019, 10, 1)
"""First day of the new domestic abuse programme, and the end of the one before it."""

QUESTIONNAIRE, SCORE_MEAN, SCORE_SD, SCORE_TOP = "relationships questionnaire", 30.0, 8.0, 60
WHEEL, FOLLOW_UP = "wellbeing wheel", "accommodation follow-up"
END_SCORE = (0.15, 0.92)
"""Chance of an end score: without completing, and having completed."""

PATHWAYS_EACH = {"1": 35, "2": 35, "3": 20, "4": 10}
NO_OUTCOME = 0.08


@dataclass(frozen=True)
class Intervention:
    """One programme: who runs it, when people start, how many, and how long they stay (mean days)."""

    service: str
    partner: str
    opens: int
    closes: int
    people: int
    days: int


NEW = Intervention("domestic abuse programme", "Respectful Relationships", NEW_OPENS, SERVICE_CLOSES - 120, 250, 150)
OLD = Intervention("domestic abuse programme", "Building Respect", SERVICE_OPENS, NEW_OPENS - 1, 325, 150)
HOUSING = Intervention("accommodation", "Bridge House", SERVICE_OPENS, SERVICE_CLOSES - 120, 280, 74)
WELLBEING = Intervention("personal wellbeing", "Steady Steps", SERVICE_OPENS, SERVICE_CLOSES - 120, 420, 120)


@dataclass(frozen=True)
class InterventionRows:
    """Rows to add to the tables of those names."""

    referrals: pd.DataFrame
    needs: pd.DataFrame
    measures: pd.DataFrame


def intervention_rows(rng: np.random.Generator, people: pd.DataFrame, scale: float) -> InterventionRows:
    """Referrals, needs and scores of the interventions; every person is in one of them at most.

    people : one row per person, as made by `cast.everyone`; the row number is the person
    """
    free = people["supervised"] & people["index_day"].notna() & people["area"].notna() & people["team"].notna()
    pool, rows, first = rng.permutation(np.flatnonzero(free)), [], 0
    for intervention in (OLD, NEW, HOUSING, WELLBEING):
        own = _starts(rng, people, pool, intervention, scale)
        pool = pool[~np.isin(pool, own["person"])]
        rows.append(own.assign(referral_id=to_ids("SYN-I", np.arange(first, first + len(own)))))
        first += len(own)
    old, new, housing, wellbeing = rows
    old, new = _completed(rng, old, truth.COMPLETED["old"]), _completed(rng, new, truth.COMPLETED["new"])
    housing = _moved_on(rng, housing)
    wellbeing = wellbeing.assign(end_reason=pick(rng, catalogue.END_REASONS, len(wellbeing)))
    needs = _needs(rng, wellbeing)
    scores = [_questionnaire(rng, new), _wheel(rng, wellbeing, needs), _follow_up(rng, housing)]
    return InterventionRows(
        referrals=pd.concat([_referrals(rng, people, own) for own in (old, new, housing, wellbeing)]),
        needs=needs.drop(columns=["row"]),
        measures=pd.concat(scores, ignore_index=True),
    )


def _starts(
    rng: np.random.Generator, people: pd.DataFrame, pool: np.ndarray, intervention: Intervention, scale: float
) -> pd.DataFrame:
    """People from the pool whose supervision had begun 20 to 250 days before a day on which they can start."""
    start = people["index_day"].to_numpy()[pool] + rng.integers(20, 251, len(pool))
    fits = np.flatnonzero((start >= intervention.opens) & (start <= intervention.closes))
    fits = fits[: max(1, round(intervention.people * scale))]
    stay = np.maximum(7, np.round(rng.gamma(2.0, intervention.days / 2, len(fits))))
    start = start[fits]
    return pd.DataFrame(
        {
            "person": pool[fits],
            "service": intervention.service,
            "partner": intervention.partner,
            "referral_day": start - rng.integers(3, 20, len(fits)),
            "start_day": start,
            "end_day": start + np.minimum(stay, 240),
        }
    )


def _completed(rng: np.random.Generator, rows: pd.DataFrame, share: float) -> pd.DataFrame:
    """Just the planted share completes; a few have no end on record."""
    ended = pd.Series(pick(rng, {"disengaged": 60, "sentence ended": 25, "transferred": 15}, len(rows)))
    known = np.arange(len(rows)) >= round(0.04 * len(rows))
    order = rng.permutation(np.flatnonzero(known))
    ended.iloc[order[: round(share * len(order))]] = "completed"
    return rows.assign(end_reason=ended.where(known), end_day=rows["end_day"].where(known))


def _moved_on(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    moved = np.isin(np.arange(len(rows)), rng.permutation(len(rows))[: round(truth.MOVED_ON * len(rows))])
    to = pick(rng, {"moved to settled housing": 65, "moved to other housing": 35}, len(rows))
    left = pick(rng, {"asked to leave": 45, "left for an unknown place": 35, "back to custody": 20}, len(rows))
    return rows.assign(end_reason=pd.Series(to).where(moved, pd.Series(left)))


def _needs(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """One to four pathways each, the outcome as planted; a few needs have none on record."""
    pathways = np.array(catalogue.WELLBEING_PATHWAYS)
    many = pd.Series(pick(rng, PATHWAYS_EACH, len(rows))).astype(int).to_numpy()
    order = np.argsort(rng.random((len(rows), len(pathways))), axis=1)
    row, place = np.nonzero(np.arange(len(pathways)) < many[:, None])
    pathway = pathways[order[row, place]]
    outcome = pd.Series(pick(rng, truth.WELLBEING_OUTCOMES_ELSEWHERE, len(row)))
    for name, shares in truth.WELLBEING_OUTCOMES.items():
        own = pathway == name
        outcome[own] = pick(rng, shares, int(own.sum()))
    own_rows = rows.iloc[row]
    addressed = own_rows["start_day"].to_numpy() + rng.integers(7, 60, len(row))
    return pd.DataFrame(
        {
            "row": row,
            "person_id": to_ids("SYN-P", own_rows["person"]),
            "referral_id": own_rows["referral_id"].array,
            "pathway": pathway,
            "identified_date": to_dates(own_rows["referral_day"]),
            "addressed_date": to_dates(addressed),
            "outcome": outcome.mask(rng.random(len(row)) < NO_OUTCOME),
        }
    )


def _questionnaire(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Start scores of at most the mean; end scores moved by the planted change, with an error of their own."""
    error, parts = SCORE_SD * np.sqrt(1 - truth.SCORE_RELIABILITY), []
    ends = rng.random(len(rows)) < np.where(rows["end_reason"] == "completed", *END_SCORE[::-1])
    for domain, change in truth.TRUE_CHANGE.items():
        start = np.full(len(rows), np.inf)
        true = np.zeros(len(rows))
        while (waiting := start > SCORE_MEAN).any():
            true[waiting] = SCORE_MEAN + np.sqrt(SCORE_SD**2 - error**2) * rng.standard_normal(waiting.sum())
            start[waiting] = np.round(true[waiting] + error * rng.standard_normal(waiting.sum()))
        end = np.round(true + change + error * rng.standard_normal(len(rows)))
        parts.append(_scores(rows, QUESTIONNAIRE, domain, "start", np.clip(start, 0, SCORE_TOP)))
        parts.append(_scores(rows[ends], QUESTIONNAIRE, domain, "end", np.clip(end, 0, SCORE_TOP)[ends]))
    return pd.concat(parts)


def _wheel(rng: np.random.Generator, rows: pd.DataFrame, needs: pd.DataFrame) -> pd.DataFrame:
    """A score of 1 to 10 for each pathway of a person."""
    own = rows.iloc[needs["row"]].assign(pathway=needs["pathway"].array)
    change = own["pathway"].map(truth.WELLBEING_CHANGE).fillna(truth.WELLBEING_CHANGE_ELSEWHERE).to_numpy()
    start = np.clip(np.round(4.5 + 1.5 * rng.standard_normal(len(own))), 1, 10)
    end = np.clip(np.round(start + change + 1.3 * rng.standard_normal(len(own))), 1, 10)
    known = rng.random(len(own)) < 0.78
    return pd.concat(
        [
            _scores(own, WHEEL, own["pathway"].array, "start", start),
            _scores(own[known], WHEEL, own["pathway"].array[known], "end", end[known]),
        ]
    )


def _follow_up(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Three months after the stay: 1 settled, 0 not; as planted of those known."""
    known = rows[rng.random(len(rows)) >= truth.UNKNOWN_AFTER_STAY]
    settled = np.arange(len(known)) < round(truth.SETTLED_AFTER_STAY * len(known))
    scores = _scores(known, FOLLOW_UP, "settled at 3 months", "end", rng.permutation(settled).astype(float))
    return scores.assign(date=to_dates(known["end_day"] + 91).array)


def _scores(rows: pd.DataFrame, instrument: str, domain: object, stage: str, score: np.ndarray) -> pd.DataFrame:
    date = rows["start_day"] if stage == "start" else rows["end_day"].fillna(rows["start_day"] + 100)
    return pd.DataFrame(
        {
            "person_id": to_ids("SYN-P", rows["person"]),
            "referral_id": rows["referral_id"].array,
            "instrument": instrument,
            "domain": domain,
            "stage": stage,
            "date": to_dates(date),
            "score": score.astype(int),
        }
    )


def _referrals(rng: np.random.Generator, people: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    places: Mapping[str, object] = {name: people[name].to_numpy()[rows["person"]] for name in ("area", "team")}
    return pd.DataFrame(
        {
            "referral_id": rows["referral_id"].array,
            "person_id": to_ids("SYN-P", rows["person"]),
            "service": rows["service"].array,
            "pathway": rows["service"].map(catalogue.PATHWAY_OF_SERVICE).array,
            "referral_date": to_dates(rows["referral_day"]),
            "start_date": to_dates(rows["start_day"]),
            "end_date": to_dates(rows["end_day"].fillna(MISSING)),
            "end_reason": rows["end_reason"].array,
            "setting": "community office",
            **places,
            "partner": rows["partner"].array,
            "complexity": pick(rng, catalogue.COMPLEXITY, len(rows)),
        }
    )
