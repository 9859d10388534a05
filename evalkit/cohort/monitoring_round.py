"""One quarter's look at a cohort: whose year ended when, up to which day outcomes are known, what everybody says."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from evalkit.cohort.build import Cohort
from evalkit.cohort.history import History
from evalkit.dates import COURT_DAYS, FOLLOWUP_DAYS
from evalkit.errors import SpecError
from evalkit.intake import Extract, to_pandas
from evalkit.spec import Monitoring, Spec
from evalkit.statistics.centre import Centre, centred
from evalkit.statistics.monitored import monitored_people, monitoring_period
from evalkit.statistics.rebasing import BaselineHazard, baseline_hazard

AGE_BANDS = {18: "under 18", 25: "18 to 24", 35: "25 to 34", 50: "35 to 49", np.inf: "50 and over"}
RISK_BANDS = {0.25: "0 to 24%", 0.50: "25 to 49%", 0.75: "50 to 74%", np.inf: "75 to 99%"}
"""Upper end, left out of the band -> what the band is called; the risk is the predicted one within a year."""

FEWEST_QUARTERS = 4


@dataclass(frozen=True, eq=False)
class Round:
    """One quarter's look: its people, its dates, and what everybody together says.

    frame  : the people of all quarters looked back on, and those not yet judged, with age_band and risk_band
    last   : last day of the last quarter judged; court_days are added to the follow-up year, 183 for proven reoffences
    as_of  : last day on which outcomes are known
    judged : of `monitored_people`, those of the period with a score
    centre : how the predictions are moved to fit them
    """

    spec: Spec
    settings: Monitoring
    frame: pd.DataFrame
    last: pd.Timestamp
    court_days: int
    as_of: pd.Timestamp
    judged: pd.DataFrame
    centre: Centre

    @property
    def period(self) -> tuple[datetime.date, datetime.date]:
        window = monitoring_period(self.last)
        return window.first.date(), window.last.date()

    def matures(self) -> pd.Series:
        """Day on which each person's follow-up year ends."""
        return self.frame["index_date"] + pd.Timedelta(days=FOLLOWUP_DAYS + self.court_days)

    def moved(self, predicted: pd.Series) -> pd.Series:
        """Predictions moved as those of the people judged were."""
        odds = self.centre.intercept + self.centre.slope * np.log(predicted / (1 - predicted))
        return pd.Series(1 / (1 + np.exp(-odds)), index=predicted.index)

    def hazard(self) -> BaselineHazard:
        """How risk builds up over the year, from everybody with a score."""
        scored = self.frame[self.frame["predicted"].notna() & (self.frame["index_date"] < self.as_of)]
        known = np.minimum((self.as_of - scored["index_date"]).dt.days, FOLLOWUP_DAYS).astype(float)
        event = scored["days_to_reconviction"].astype(float) <= known
        days = scored["days_to_reconviction"].astype(float).where(event, known)
        return baseline_hazard(days, event, self.moved(scored["predicted"]))

    def not_yet_judged(self) -> pd.DataFrame:
        """People whose year ends after the period, with the moved prediction as `centred`."""
        later = self.frame[(self.matures() > self.last) & (self.frame["index_date"] < self.as_of)]
        return later.assign(centred=self.moved(later["predicted"]))


def recorded_twice(extract: Extract) -> set[str]:
    """People of whom a sentence is recorded twice: same person, same day, same offence.

    extract : what `load` returned. One person under two numbers cannot be seen from it
    """
    same = ["person_id", "sentence_date", "offence_code"]
    sentences = extract.table("sentences").group_by(*same).agg(rows=nw.len()).filter(nw.col("rows") > 1)
    return set(to_pandas(sentences.select("person_id"))["person_id"])


def monitoring_round(cohort: Cohort, extract: Extract | None = None) -> Round:
    """Set the dates of a cohort's quarterly look, and centre the predictions on the people judged.

    cohort  : of everyone who is monitored; its specification has a section [monitoring]
    extract : what it was built from, for records that are there twice; without it none is looked for

    Raises SpecError without that section, for a prepared cohort, for another follow-up than a year, or for a quarter
    whose outcomes are not all known; DataError as `monitored_people` does.
    """
    settings, history = cohort.spec.monitoring, cohort.history
    if settings is None:
        raise SpecError(f"{cohort.spec.path.name}: the section [monitoring] is missing")
    if history is None:
        raise SpecError(f"{cohort.spec.path.name}: monitoring needs dates, which a prepared cohort does not have")
    if history.rules.followup_days != FOLLOWUP_DAYS or settings.quarters < FEWEST_QUARTERS or not settings.units:
        rule = f"a unit, {FEWEST_QUARTERS} quarters or more, and a follow-up of {FOLLOWUP_DAYS} days"
        raise SpecError(f"{cohort.spec.path.name}: monitoring needs {rule}")
    court_days = COURT_DAYS if history.rules.outcome == "proven_reoffence" else 0
    last = _quarter_end(settings, history, court_days, cohort.spec.path.name)
    frame = cohort.frame.assign(
        age_band=_banded(cohort.frame["age"], AGE_BANDS), risk_band=_banded(cohort.frame["predicted"], RISK_BANDS)
    )
    if extract is not None:
        frame["recorded_twice"] = frame["person_id"].isin(recorded_twice(extract))
    matures = frame["index_date"] + pd.Timedelta(days=FOLLOWUP_DAYS + court_days)
    from_day = last + pd.Timedelta(days=1) - pd.DateOffset(months=3 * settings.quarters)
    frame = frame[matures >= from_day].reset_index(drop=True)
    people = monitored_people(frame.assign(everybody="all"), by=["everybody"], period=last, court_days=court_days)
    judged = people[people["judged"] & people["analysed"]]
    return Round(
        spec=cohort.spec,
        settings=settings,
        frame=frame,
        last=last,
        court_days=court_days,
        as_of=history.mature_until + pd.Timedelta(days=FOLLOWUP_DAYS),
        judged=judged,
        centre=centred(judged["reconvicted"], judged["predicted"]),
    )


def _quarter_end(settings: Monitoring, history: History, court_days: int, place: str) -> pd.Timestamp:
    """Last day of the quarter judged last: the declared one, or the last whose people are all mature."""
    settled = history.mature_until + pd.Timedelta(days=FOLLOWUP_DAYS + court_days)
    latest = (settled + pd.Timedelta(days=1)).to_period("Q").start_time - pd.Timedelta(days=1)
    if settings.quarter_end is None:
        return latest
    declared = pd.Timestamp(settings.quarter_end)
    if declared > settled:
        raise SpecError(
            f"{place}, monitoring, quarter_end: by {declared:%Y-%m-%d} not all outcomes are known; the last complete"
            f" quarter ends on {latest:%Y-%m-%d}. Declare that, or wait for a later extract"
        )
    return declared


def _banded(values: pd.Series, bands: dict[float, str]) -> pd.Series:
    """The band of each value; missing where the value is."""
    place = np.searchsorted(np.array(list(bands)), values.to_numpy(float), side="right")
    names = np.array([*bands.values(), ""], dtype=object)
    return pd.Series(names[place], index=values.index, dtype=object).where(values.notna())
