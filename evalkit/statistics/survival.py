"""Time to the first reconviction: curves, people at risk, and the log-rank test.

Few lines of numpy rather than statsmodels' (the tests hold them against R's survival): the same numbers, with the rows
at risk and the log-log limits that statsmodels leaves out, and without its seconds of imports in every report.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evalkit.errors import DataError
from evalkit.statistics.inputs import (
    FloatArray,
    checked_level,
    numeric_array,
    outcome_array,
    refuse_rows,
    refuse_unequal,
)

_CURVE = "Kaplan-Meier, log-log limits (Greenwood)"


@dataclass(frozen=True, eq=False)
class ObservedTimes:
    """Under observation in (entry, days], one each per row; event is 1.0 where that ended with an event."""

    entry: FloatArray
    days: FloatArray
    event: FloatArray


def survival_curve(
    days: ArrayLike | pd.Series,
    event: ArrayLike | pd.Series,
    *,
    level: float = 0.95,
    by: ArrayLike | pd.Series | None = None,
) -> pd.DataFrame:
    """Share of people not yet reconvicted, day by day (Kaplan-Meier).

    days  : days under observation, one per person, until the event or until observation ended; 0 is allowed without
            an event
    event : 0/1 or False/True: whether observation ended with the event
    level : confidence level, between 0 and 1
    by    : group label, one per person; a curve each

    Returns one row per day on which anybody's observation ended, the first row day 0: time, survival (share), low, high
    (log-log limits; missing after day 0 while nobody has had the event, and where nobody is left without), at_risk
    (people observed up to that day), events, censored (of that day), cumulative (1 - survival), level, method. With
    `by` the column group comes first, groups in alphabetical order.
    Raises DataError where a row is refused or the lengths differ.
    Source: Kaplan & Meier (1958), Journal of the American Statistical Association 53, 457-481; Kalbfleisch & Prentice
    (1980), The Statistical Analysis of Failure Time Data, section 1.3.
    """
    checked_level(level)
    times = observed_times(days, event)
    if by is None:
        return _curve(times, level=level)
    codes, names = _group_codes(days, by)
    curves = [_curve(_some(times, codes == code), level=level) for code in range(len(names))]
    return pd.concat(dict(zip(names, curves, strict=True)), names=["group"]).reset_index("group").reset_index(drop=True)


def number_at_risk(
    days: ArrayLike | pd.Series,
    event: ArrayLike | pd.Series,
    times: ArrayLike,
    *,
    by: ArrayLike | pd.Series | None = None,
) -> pd.DataFrame:
    """How many people were still under observation on some days: the row of figures beneath a curve.

    days, event, by : as in `survival_curve`
    times           : days to ask for, 0 or later

    Returns one row per day asked for, in that order: time, at_risk (people observed up to that day, its own events
    among them), events and censored (up to and with that day, so that people = at_risk + those of earlier days). With
    `by` the column group comes first.
    Raises DataError as `survival_curve`, and where a time is missing or before 0.
    """
    observed, asked = observed_times(days, event), numeric_array(times, name="times")
    refuse_rows(times, ~(np.isfinite(asked) & (asked >= 0)), name="times", rule="each must be a day, 0 or later")
    if by is None:
        return _standing(observed, asked)
    codes, names = _group_codes(days, by)
    tables = [_standing(_some(observed, codes == code), asked) for code in range(len(names))]
    return pd.concat(dict(zip(names, tables, strict=True)), names=["group"]).reset_index("group").reset_index(drop=True)


def logrank(days: ArrayLike | pd.Series, event: ArrayLike | pd.Series, group: ArrayLike | pd.Series) -> pd.DataFrame:
    """Test whether groups of people are reconvicted at the same pace (log-rank).

    days, event : as in `survival_curve`
    group       : label, one per person; at least two different ones

    Returns one row per group, in alphabetical order: group, people, events, expected (events, if all groups shared
    one pace), and of the test, the same in every row: chi_squared, degrees_of_freedom, p_value, method.
    Raises DataError as `survival_curve`, and where there is one group only or nobody has the event.
    Source: Mantel (1966), Cancer Chemotherapy Reports 50, 163-170; Peto & Peto (1972).
    """
    from scipy.special import chdtrc

    observed = observed_times(days, event)
    codes, names = _group_codes(days, group)
    if len(names) < 2:
        raise DataError(f"group: everybody is in the same ({names[0]!r}); at least two are needed")
    if not observed.event.any():
        raise DataError("event: nobody has one, so there is no pace to compare. Take a longer period")
    expected, covariance = _logrank_parts(observed, codes, len(names))
    events = np.bincount(codes, observed.event, len(names))
    excess = (events - expected)[1:]
    chi_squared = float(excess @ np.linalg.pinv(covariance[1:, 1:], hermitian=True) @ excess)
    freedom = int(np.linalg.matrix_rank(covariance[1:, 1:], hermitian=True))
    return pd.DataFrame(
        {
            "group": names,
            "people": np.bincount(codes, minlength=len(names)),
            "events": events.astype("int64"),
            "expected": expected,
            "chi_squared": chi_squared,
            "degrees_of_freedom": freedom,
            "p_value": float(chdtrc(freedom, chi_squared)) if freedom else float("nan"),
            "method": "log-rank test",
        }
    )


def observed_times(
    days: ArrayLike | pd.Series, event: ArrayLike | pd.Series, entry: ArrayLike | pd.Series | None = None
) -> ObservedTimes:
    """Checked times under observation.

    days  : end of observation, one per row, 0 or later
    event : 0/1 or False/True; not on the day of entry, which lies outside (entry, days]
    entry : start of observation, one per row, from 0 to `days`; day 0 where it is not given

    Raises DataError where a row is refused or the lengths differ.
    """
    refuse_unequal(days, event, names=("days", "event"))
    ends, events = numeric_array(days, name="days"), outcome_array(event, name="event")
    refuse_rows(days, ~(np.isfinite(ends) & (ends >= 0)), name="days", rule="each must be a number of days, 0 or more")
    starts = np.zeros(len(ends))
    if entry is not None:
        refuse_unequal(days, entry, names=("days", "entry"))
        starts = numeric_array(entry, name="entry")
        rule = "each must be a number of days from 0 to the row's last day"
        refuse_rows(entry, ~((starts >= 0) & (starts <= ends)), name="entry", rule=rule)
    rule = "an event must come after the day on which observation begins (observation is (entry, days])"
    refuse_rows(days, (events == 1) & (ends <= starts), name="days", rule=rule)
    return ObservedTimes(starts, ends, events)


def _some(times: ObservedTimes, chosen: NDArray[np.bool_]) -> ObservedTimes:
    return ObservedTimes(times.entry[chosen], times.days[chosen], times.event[chosen])


def _group_codes(days: ArrayLike | pd.Series, group: ArrayLike | pd.Series) -> tuple[NDArray[np.intp], list[object]]:
    refuse_unequal(days, group, names=("days", "group"))
    labels = pd.Series(group)
    refuse_rows(labels, labels.isna().to_numpy(), name="group", rule="each person needs one")
    names = sorted(labels.unique().tolist(), key=str)
    return pd.Index(names).get_indexer(labels.to_numpy()), names


def _ended(times: ObservedTimes) -> pd.DataFrame:
    """Per day on which observation ended: events, censored, and the people observed up to it."""
    days, place = np.unique(times.days, return_inverse=True)
    ended, events = np.bincount(place), np.bincount(place, times.event)
    at_risk = np.cumsum(ended[::-1])[::-1]
    counts = {"at_risk": at_risk, "events": events, "censored": ended - events}
    return pd.DataFrame(counts, index=pd.Index(days, name="time")).astype("int64")


def _curve(times: ObservedTimes, *, level: float) -> pd.DataFrame:
    table = _ended(times)
    if table.index[0] > 0:
        start = pd.DataFrame({"at_risk": len(times.days), "events": 0, "censored": 0}, index=pd.Index([0.0]))
        table = pd.concat([start, table]).rename_axis("time")
    at_risk, events = table["at_risk"].to_numpy(float), table["events"].to_numpy(float)
    survival = np.cumprod(1 - events / at_risk)
    inside = (survival > 0) & (survival < 1)
    left = np.where(at_risk > events, at_risk - events, np.nan)
    greenwood = np.cumsum(np.where(at_risk > events, events / (at_risk * left), 0.0))
    log_survival = np.log(np.where(inside, survival, np.nan))
    reach = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(greenwood) / -log_survival
    low, high = np.exp(log_survival * np.exp(reach)), np.exp(log_survival * np.exp(-reach))
    low[0] = high[0] = 1.0
    curve = {"survival": survival, "low": low, "high": high, **table.to_dict("series"), "cumulative": 1 - survival}
    return pd.DataFrame(curve, index=table.index).reset_index().assign(level=level, method=_CURVE)


def _standing(times: ObservedTimes, asked: FloatArray) -> pd.DataFrame:
    ends, own_events = np.sort(times.days), np.sort(times.days[times.event == 1])
    gone, events = (np.searchsorted(sorted_days, asked, side="right") for sorted_days in (ends, own_events))
    at_risk = len(ends) - np.searchsorted(ends, asked, side="left")
    return pd.DataFrame({"time": asked, "at_risk": at_risk, "events": events, "censored": gone - events})


def _logrank_parts(times: ObservedTimes, codes: NDArray[np.intp], groups: int) -> tuple[FloatArray, FloatArray]:
    """Expected events of every group, and their covariance (hypergeometric on each day of events)."""
    days, place = np.unique(times.days, return_inverse=True)
    cells = np.bincount(place * groups + codes, minlength=len(days) * groups).reshape(len(days), groups)
    at_risk = np.cumsum(cells[::-1], axis=0)[::-1].astype(float)
    events, total = np.bincount(place, times.event), at_risk.sum(axis=1)
    shares = at_risk / total[:, None]
    spread = events * (total - events) / np.maximum(total - 1, 1)
    covariance = np.diag(spread @ shares) - (shares * spread[:, None]).T @ shares
    return events @ shares, covariance
