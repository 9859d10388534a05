"""The planted model: who is reconvicted when, who takes up the service, finds work and keeps it.

Everything follows from the constants of truth.py. Reconviction of a person with untreated one-year risk q has the
cumulative hazard -log(1 - q) H(t), H(t) = (t / 365) ** shape; taking up the service multiplies the hazard from that
day on, so that the odds of reconviction within the next 365 days change by the planted factor; work changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from evalkit.ogrs import offence_group
from evalkit.synthetic import catalogue, truth
from evalkit.synthetic.draws import day

YEAR = 365
NEVER = 10_000
"""More days than the extract covers: not within sight."""


def live(rng: np.random.Generator, people: pd.DataFrame, predicted: np.ndarray, *, last_day: int) -> pd.DataFrame:
    """What happens to each person after the index date; days are counted from it.

    people    : as drawn, one row per person
    predicted : one-year OGRS3 probability of each, the true one where the files will lack an input
    last_day  : day number on which the service closed; nobody takes it up or starts work after it

    Returns, one row per person: wanted, lag (days to the wanted take-up), took_up, found, job_lag, sustained, and
    reconvicted_after (days to the first reconviction; NEVER or more if it lies out of sight).
    """
    size = len(people)
    terms = selection_terms(people, predicted)
    days_left = last_day - people["index_day"].to_numpy()
    lag = _lags(rng, size)
    wanted = rng.random(size) < _chance(truth.TAKE_UP, terms, area=terms["area"])
    could = wanted & (lag <= days_left)

    risk = untreated_risk(rng, people, predicted)
    hazard, exposure = -np.log1p(-risk), rng.exponential(size=size)
    untreated_time = _time_at(exposure / hazard)
    took_up = could & _goes_ahead(rng, untreated_time <= lag, truth.TAKE_UP_IF_RECONVICTED)
    time = np.where(took_up & (untreated_time > lag), _treated_time(exposure, hazard, lag), untreated_time)

    job_lag = lag + np.ceil(rng.gamma(truth.JOB_LAG_SHAPE, truth.JOB_LAG_DAYS / truth.JOB_LAG_SHAPE, size))
    seeks = took_up & (rng.random(size) < _chance(truth.FOUND_WORK, terms)) & (job_lag <= days_left)
    found = seeks & _goes_ahead(rng, time <= job_lag, truth.FOUND_WORK_IF_RECONVICTED)
    keeps = found & (rng.random(size) < _chance(truth.SUSTAINED, terms))
    sustained = keeps & _goes_ahead(rng, time <= job_lag + 91, truth.SUSTAINED_IF_RECONVICTED)
    return pd.DataFrame(
        {"wanted": wanted, "lag": lag, "took_up": took_up, "found": found, "job_lag": job_lag, "sustained": sustained}
    ).assign(reconvicted_after=np.ceil(np.minimum(time, NEVER)).astype(int))


def selection_terms(people: pd.DataFrame, predicted: np.ndarray) -> dict[str, np.ndarray]:
    """What selects people into the service and into work: facts known at the index date, and the area."""
    age = (people["index_day"] - people["birth_day"]).to_numpy() / 365.25
    areas = sorted(catalogue.TEAMS)
    steps = pd.Series(np.linspace(-0.5, 0.5, len(areas)) * truth.TAKE_UP_AREA_SPREAD, index=areas)
    return {
        "logit_predicted": logit(predicted),
        "decade_of_age": age / 10 - 3.6,
        "female": (people["sex"] == "female").to_numpy(float),
        "custody": (people["sentence_type"] == "custody").to_numpy(float),
        "suspended sentence order": (people["sentence_type"] == "suspended sentence order").to_numpy(float),
        "area": people["area"].map(steps).to_numpy(float),
    }


def untreated_risk(rng: np.random.Generator, people: pd.DataFrame, predicted: np.ndarray) -> np.ndarray:
    """One-year risk of reconviction from the index date without the service."""
    teams = int(people["team_number"].max()) + 1
    team_effect = truth.TEAM_SPREAD * rng.standard_normal(teams)
    differences = team_effect[people["team_number"].to_numpy()] + _planted(people)
    return expit(truth.SCORE_SHIFT + logit(predicted) + differences)


def _planted(people: pd.DataFrame) -> np.ndarray:
    """Log-odds by which the planted teams and the planted cohort differ from the others, from their day on."""
    start = truth.PLANTED_FROM
    of_team = people["team"].map(truth.PLANTED_TEAMS).fillna(0.0)
    of_cohort = offence_group(people["offence_code"]).map(truth.PLANTED_COHORT).fillna(0.0)
    began = people["index_day"] >= day(start.year, start.month, start.day)
    return ((of_team + of_cohort) * began).to_numpy()


def _chance(
    model: Mapping[str, float], terms: Mapping[str, np.ndarray], *, area: np.ndarray | float = 0.0
) -> np.ndarray:
    log_odds = np.asarray(model["intercept"] + area)
    for name, coefficient in model.items():
        if name != "intercept":
            log_odds = log_odds + coefficient * terms[name]
    return np.asarray(expit(log_odds))


def _goes_ahead(rng: np.random.Generator, reconvicted: np.ndarray, chance_if_reconvicted: float) -> np.ndarray:
    return ~reconvicted | (rng.random(len(reconvicted)) < chance_if_reconvicted)


def _lags(rng: np.random.Generator, size: int) -> np.ndarray:
    first, last = truth.LAG_DAYS
    return first + np.floor((last - first + 1) * rng.beta(truth.LAG_HUMP, truth.LAG_HUMP, size))


def _cumulative(days: np.ndarray) -> np.ndarray:
    return (days / YEAR) ** truth.HAZARD_SHAPE


def _time_at(cumulative: np.ndarray) -> np.ndarray:
    return YEAR * cumulative ** (1 / truth.HAZARD_SHAPE)


def _treated_time(exposure: np.ndarray, hazard: np.ndarray, lag: np.ndarray) -> np.ndarray:
    before = _cumulative(lag)
    rebased = -np.expm1(-hazard * (_cumulative(lag + YEAR) - before))
    treated = expit(logit(rebased) + truth.PARTICIPANT_LOG_ODDS)
    multiplier = np.log1p(-treated) / np.log1p(-rebased)
    after = np.maximum(exposure - hazard * before, 0) / (hazard * multiplier)
    return _time_at(before + after)
