"""The CUSUMs of all units, both arms, each with its own thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evalkit.errors import DataError, SpecError
from evalkit.statistics.cusum import ODDS_RATIO, checked_odds_ratio, cusum_weights, running_sums
from evalkit.statistics.inputs import refuse_absent
from evalkit.statistics.monitored import Day, monitored_people, monitoring_period
from evalkit.statistics.thresholds import FALSE_ALARM, cusum_threshold

ARMS = ("worse", "better")


def unit_thresholds(
    cohort_frame: pd.DataFrame,
    *,
    unit: str,
    period: Day | tuple[Day, Day],
    court_days: int = 0,
    odds_ratio: float = ODDS_RATIO,
    false_alarm: float = FALSE_ALARM,
) -> pd.DataFrame:
    """Thresholds of the CUSUM of each unit, on its own mix of risks; set once, they may be kept from run to run.

    Arguments as in `monitor`. The mix is that of all the unit's people up to the end of the period, the people a year
    those of the period.

    Returns one row per unit, sorted by name: the unit, people_a_year, threshold_worse, threshold_better (missing where
    nobody's year ended in the period).
    """
    people = monitored_people(cohort_frame, by=[unit], period=period, court_days=court_days)
    years = monitoring_period(period).years
    return thresholds_of(people, unit, years=years, odds_ratio=odds_ratio, false_alarm=false_alarm)


def cusum_paths(
    cohort_frame: pd.DataFrame,
    *,
    unit: str,
    period: Day | tuple[Day, Day],
    court_days: int = 0,
    odds_ratio: float = ODDS_RATIO,
    false_alarm: float = FALSE_ALARM,
    thresholds: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The CUSUMs of all units up to the end of the period, person after person, for a chart.

    Arguments as in `monitor`.

    Returns one row per person with a known outcome and a score, unit by unit in the order in which their years ended:
    the unit, matures (date), people (so far), fewer_people (predicted less actual so far), and for each arm
    cusum_worse, alarm_worse, threshold_worse, cusum_better, alarm_better, threshold_better (missing where there is
    none).
    """
    people = monitored_people(cohort_frame, by=[unit], period=period, court_days=court_days)
    if thresholds is None:
        years = monitoring_period(period).years
        thresholds = thresholds_of(people, unit, years=years, odds_ratio=odds_ratio, false_alarm=false_alarm)
    return paths_of(people, unit, thresholds, odds_ratio=odds_ratio)


def thresholds_of(
    people: pd.DataFrame, unit: str, *, years: float, odds_ratio: float, false_alarm: float
) -> pd.DataFrame:
    """The thresholds, from what `monitored_people` returned."""
    rows = []
    for name, own in people[people["analysed"]].groupby(unit, dropna=False, observed=True):
        people_a_year = int(own["judged"].sum()) / years
        found: dict[str, Any] = {unit: name, "people_a_year": people_a_year}
        for arm, ratio in zip(ARMS, _ratios(odds_ratio), strict=True):
            found[f"threshold_{arm}"] = (
                cusum_threshold(own["centred"], people_a_year=people_a_year, odds_ratio=ratio, false_alarm=false_alarm)
                if people_a_year >= 1
                else np.nan
            )
        rows.append(found)
    return pd.DataFrame(rows)


def paths_of(people: pd.DataFrame, unit: str, thresholds: pd.DataFrame, *, odds_ratio: float) -> pd.DataFrame:
    """The paths, from what `monitored_people` returned and one threshold per unit and arm."""
    refuse_absent(thresholds, [unit, *(f"threshold_{arm}" for arm in ARMS)])
    if thresholds[unit].duplicated().any():
        raise DataError(f"thresholds: {thresholds.loc[thresholds[unit].duplicated(), unit].iloc[0]!r} occurs twice")
    analysed = people[people["analysed"]]
    groups = analysed.groupby(unit, dropna=False, observed=True)
    order = np.argsort(groups.ngroup().to_numpy(), kind="stable")
    analysed, sizes = analysed.iloc[order], groups.size()
    outcomes, shares = (analysed[name].to_numpy() for name in ("reconvicted", "centred"))
    limits = sizes.reset_index()[[unit]].merge(thresholds, on=unit, how="left")
    path = analysed[[unit, "matures"]].reset_index(drop=True).assign(fewer_people=shares - outcomes)
    by_unit = path.groupby(np.repeat(np.arange(len(sizes)), sizes))
    path["fewer_people"] = by_unit["fewer_people"].cumsum()
    path.insert(2, "people", by_unit.cumcount() + 1)
    for arm, ratio in zip(ARMS, _ratios(odds_ratio), strict=True):
        weights = np.split(cusum_weights(outcomes, shares, odds_ratio=ratio), np.cumsum(sizes)[:-1])
        own = limits[f"threshold_{arm}"].to_numpy(float)
        runs = [
            running_sums(part.tolist(), limit)
            for part, limit in zip(weights, np.nan_to_num(own, nan=np.inf), strict=True)
        ]
        path[f"cusum_{arm}"] = np.concatenate([sums for sums, _ in runs])
        path[f"alarm_{arm}"] = np.concatenate([alarms for _, alarms in runs])
        path[f"threshold_{arm}"] = np.repeat(own, sizes)
    return path


def _ratios(odds_ratio: float) -> tuple[float, float]:
    if not checked_odds_ratio(odds_ratio) > 1:
        raise SpecError(f"odds_ratio: {odds_ratio!r} is not above 1 (the better arm looks for one over it)")
    return odds_ratio, 1 / odds_ratio
