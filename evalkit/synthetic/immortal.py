"""Simulated cohorts in which neither a service nor work makes any difference, though both take time to reach.

Whatever a comparison finds in them is the fault of its design. The true risk of every person from every day on is
known, so a re-based prediction can be held against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.cohort.build import Cohort, Step
from evalkit.cohort.history import History
from evalkit.dates import FOLLOWUP_DAYS
from evalkit.spec import CohortRules, Group, Spec

MEAN_LOG_ODDS, SPREAD_LOG_ODDS = -0.7, 0.9
"""Of the one-year risk of reconviction: about 35 % of people on average."""

WANTS_SERVICE, WANTS_WORK = 0.35, 0.40
"""Shares of people who would take up the service, and find work after it, if they were not reconvicted first."""

LAG_DAYS, WORK_LAG_DAYS = 180, 160
"""Longest time to take-up, and from there to work; both have a symmetrical hump, with means of half of that."""

OBSERVED_DAYS = 4 * FOLLOWUP_DAYS
"""Days between index date and extract date for everyone."""

INDEX_DATE = pd.Timestamp("2015-01-01")


@dataclass(frozen=True, eq=False)
class NoEffect:
    """A cohort without any effect.

    cohort  : groups took_up and, within it, found_work
    frailty : variance of what the score does not know; 0: a constant hazard, above: one that falls
    """

    cohort: Cohort
    frailty: float

    def true_risk(self, rows: NDArray[Any], start_days: NDArray[np.float64]) -> NDArray[np.float64]:
        """Chance of a first reconviction in the year after a day, of people who had none by then.

        rows, start_days : as in `History.outcomes_from`
        """
        shares = self.cohort.frame["predicted"].to_numpy(float)[rows]
        before, after = (_survival(shares, days, self.frailty) for days in (start_days, start_days + FOLLOWUP_DAYS))
        return 1 - after / before


def no_effect_cohort(people: int, *, seed: int, frailty: float = 0.0) -> NoEffect:
    """Simulate a cohort in which taking up the service, and work, have no effect at all.

    people  : size of the cohort
    seed    : of the random numbers
    frailty : variance of a gamma-distributed multiplier of each person's hazard; 0 for none
    """
    draw = np.random.default_rng(seed)
    shares = 1 / (1 + np.exp(-draw.normal(MEAN_LOG_ODDS, SPREAD_LOG_ODDS, people)))
    event = np.ceil(_day_of_survival(draw.uniform(size=people), shares, frailty))
    took_up = _reached(draw, event, np.zeros(people), WANTS_SERVICE, LAG_DAYS)
    found_work = _reached(draw, event, took_up, WANTS_WORK, WORK_LAG_DAYS)
    frame = _frame(shares, event, {"took_up": took_up, "found_work": found_work})
    history = History(_events(event), people, INDEX_DATE + pd.Timedelta(days=OBSERVED_DAYS - FOLLOWUP_DAYS), RULES)
    return NoEffect(_cohort(frame, history), frailty)


RULES = CohortRules(period=(INDEX_DATE.date(), INDEX_DATE.date()), outcome="reconviction")

_GROUPS = (
    Group("took_up", "Took up the service", "Did not take up"),
    Group("found_work", "Found work", "Did not find work", within="took_up"),
)


def _survival(shares: NDArray[np.float64], days: NDArray[np.float64], frailty: float) -> NDArray[np.float64]:
    """Share of people of the same one-year risk who have no event by a day."""
    if not frailty:
        return np.asarray((1 - shares) ** (days / FOLLOWUP_DAYS))
    hazard = ((1 - shares) ** -frailty - 1) / frailty
    return np.asarray((1 + frailty * hazard * days / FOLLOWUP_DAYS) ** (-1 / frailty))


def _day_of_survival(survival: NDArray[np.float64], shares: NDArray[np.float64], frailty: float) -> NDArray[np.float64]:
    """Day on which the survival falls to a given value."""
    if not frailty:
        return np.asarray(FOLLOWUP_DAYS * np.log(survival) / np.log(1 - shares))
    hazard = (1 - shares) ** -frailty - 1
    return np.asarray(FOLLOWUP_DAYS * (survival**-frailty - 1) / hazard)


def _reached(
    draw: np.random.Generator, event: NDArray[np.float64], ready: NDArray[np.float64], share: float, longest: int
) -> NDArray[np.float64]:
    """Day on which people who want to reach something do, if they are not reconvicted first; infinite for the rest."""
    wants = draw.uniform(size=len(event)) < share
    day = ready + np.ceil(longest * draw.beta(2, 2, len(event)))
    return np.where(wants & (day < event), day, np.inf)


def _events(event: NDArray[np.float64]) -> pd.DataFrame:
    rows = np.flatnonzero(event <= OBSERVED_DAYS)
    columns = {"row": rows, "day": event[rows], "offence_day": np.nan, "sentence_day": event[rows]}
    return pd.DataFrame({**columns, "custodial": False, "violent": False})


def _frame(
    shares: NDArray[np.float64], event: NDArray[np.float64], reached: dict[str, NDArray[np.float64]]
) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "person_id": [f"SIM-{number:06d}" for number in range(len(shares))],
        "index_date": INDEX_DATE,
        "mature": True,
        "analysed": True,
        "predicted": shares,
        "predictor": "the simulation's own risk",
        "reconvicted": event <= FOLLOWUP_DAYS,
    }
    for name, days in reached.items():
        columns[name] = np.isfinite(days)
        columns[f"{name}_date"] = INDEX_DATE + pd.to_timedelta(np.where(np.isfinite(days), days, np.nan), unit="D")
    return pd.DataFrame(columns)


def _cohort(frame: pd.DataFrame, history: History) -> Cohort:
    spec = Spec(Path("simulated"), "simulated", "Simulated", Path("none"), cohort=RULES, groups=_GROUPS)
    names = [group.name for group in _GROUPS]
    return Cohort(
        frame=frame,
        flow=pd.DataFrame({"step": ["simulated"], "excluded": [0], "remaining": [len(frame)], "reason": [""]}),
        everyone=frame[["person_id", *names]].assign(left_at=1),
        steps=(Step("simulated", ""),),
        notes=pd.DataFrame({"what": [], "count": []}),
        spec=spec,
        history=history,
    )
