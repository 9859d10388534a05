"""Results that need more than `make_safe` before they can be shown: curves, paths, histograms, balance.

A Kaplan-Meier curve falls on the very day on which somebody was reconvicted: it keeps only points between which at
least ten events lie. A CUSUM moves with every person: it keeps the ends of months, or of longer stretches in which
enough people come. The share of a category gives away how many people are in it.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from evalkit.errors import DataError
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, make_safe
from evalkit.present.labels import readable

FEWEST = 10
"""Events in one step."""

YEAR = 12
Stretches = Mapping[int, tuple[int, int]]
STRETCHES: Stretches = {1: (360, 15), 3: (120, 15), 6: (60, 15), YEAR: (10, 10)}
"""Months from one point of a path to the next -> fewest people reconvicted, and fewest others: in each year, and in
each such stretch.

Yearly numbers are shown quarter after quarter, so that a stretch differs from the same one of another year by a number
that is known. Where one has enough and the other has not, the other is known within a few: just below 15 that is no
small number, just below 10 it is. Years hold twice as many as their stretches have to, or stretches known to hold 15
each could leave next to nothing open. Years themselves are shown from 10 on anyway. (Integer programming on 13
successive quarters found numbers of a few people in 8 of 132 simulated units with 10 in every stretch, in 3 of 132 with
15 and no rule for years, and in none of 444 with these numbers.)
"""

ONE_DAY = pd.Timedelta(days=1)

RISK_BASE = 5
"""Numbers at risk are rounded to this: exact ones would give away how few people left without an event."""

SHOWN = ("reconvicted", "low", "high", "at_risk", "events")
CURVE = ("survival", "low", "high", "at_risk", "events")
BALANCE_MEANS = {
    "treated_mean": "treated_people",
    "treated_mean_after": "treated_people_after",
    "comparison_mean_before": "comparison_people_before",
    "comparison_mean_after": "comparison_people_after",
}
"""Mean of a balance table -> the number of people behind it."""

ARMS = ("worse", "better")
PATH = tuple(f"{part}_{arm}" for part in ("cusum", "threshold") for arm in ARMS)
ALARMS = tuple(f"alarm_{arm}" for arm in ARMS)


def merge_steps(curve: pd.DataFrame, *, events: int = FEWEST, group: str | None = None) -> SafeTable:
    """A Kaplan-Meier curve, or several, with steps merged until each holds enough events.

    curve  : one row per time, ascending: time, survival, low, high, at_risk (before the events of that time), events;
             the first row is at time 0, without events
    events : fewest events in a step, and fewest people left at its end: the curve is shown no further than that
    group  : column of the curves' names, if there are several

    Returns one row per step, and one for the end of the curve, made safe: the group; time at which the step ends;
    reconvicted, the share by then (1 - survival), with low and high, to three decimals; at_risk after it (rounded to 5;
    exact at time 0); events in it. Events left over at the end are part of the last step. Of a curve with too few
    events for one step only time 0 is there, with '[c]'.
    Raises DataError where a column is missing, numbers at risk or events are not whole, times do not ascend, or a curve
    does not begin at time 0 without events.
    """
    _check_columns(curve, ["time", *CURVE, *([group] if group else [])])
    parts = [part for _, part in curve.groupby(group, sort=False)] if group else [curve]
    if not parts or curve.empty:
        return make_safe(curve.assign(reconvicted=[])[[*([group] if group else []), "time", *SHOWN]], counts=[])
    merged = pd.concat([_merged_curve(part, events) for part in parts], ignore_index=True)
    return make_safe(merged[[*([group] if group else []), "time", *SHOWN]], counts=[])


def _merged_curve(curve: pd.DataFrame, fewest: int) -> pd.DataFrame:
    counts, at_risk = _checked_curve(curve)
    remaining = at_risk - counts
    too_few = np.flatnonzero((remaining > 0) & (remaining < fewest))
    rows = int(too_few[0]) if len(too_few) else len(curve)
    ends = _step_ends(counts[:rows], fewest)
    if not ends and counts.sum() > 0:
        start = curve.iloc[[0]].astype(object)
        shown = ["at_risk"] if at_risk[0] >= fewest else []
        return start.assign(**{name: CONFIDENTIAL for name in SHOWN if name not in shown})
    ends = list(dict.fromkeys([0, *ends, rows - 1]))
    held = np.diff(np.cumsum(counts)[ends], prepend=0)
    rounded = RISK_BASE * np.round(remaining[ends] / RISK_BASE).astype(int)
    rounded[0] = at_risk[0]
    steps = curve.iloc[ends]
    shares = {"reconvicted": steps["survival"], "low": steps["high"], "high": steps["low"]}
    rounded_shares = {name: (1 - survival).round(3) for name, survival in shares.items()}
    return steps.assign(**rounded_shares, events=held, at_risk=rounded).astype(object)


def _step_ends(events: np.ndarray, fewest: int) -> list[int]:
    """The last row of each step; events that do not fill a step of their own at the end are part of the one before."""
    ends: list[int] = []
    held = 0
    for row, count in enumerate(events):
        held += int(count)
        if held >= fewest:
            ends.append(row)
            held = 0
    if ends:
        ends[-1] = int(np.flatnonzero(events)[-1])
    return ends


def _checked_curve(curve: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    if curve.empty or curve["time"].iloc[0] != 0 or curve["events"].iloc[0] != 0:
        raise DataError("a curve must begin with a row at time 0 without events")
    if not (np.diff(curve["time"].to_numpy(dtype=float)) > 0).all():
        raise DataError("the times of a curve must ascend, with one row for each")
    numbers = curve[["events", "at_risk"]].to_numpy(dtype=float)
    if not (np.isfinite(numbers).all() and (numbers == np.round(numbers)).all() and (numbers >= 0).all()):
        raise DataError("numbers at risk and events of a curve must be whole: weighted curves cannot be made safe")
    return numbers[:, 0].astype(int), numbers[:, 1].astype(int)


def merge_path(
    path: pd.DataFrame,
    *,
    unit: str,
    last: datetime.date,
    shown: Collection[str] | None = None,
    stretches: Stretches = STRETCHES,
) -> SafeTable:
    """CUSUM paths, one row per person, reduced to points at the ends of equal stretches of the calendar.

    path      : what `cusum_paths` returned: the unit, matures (date, ascending within a unit), fewer_people (predicted
                less actual so far), and cusum, threshold and alarm of both arms (worse, better)
    unit      : the column of the unit
    last      : last day of the period that the paths end with; whole years are counted from it backwards, the first of
                them beginning in the month of the unit's first person or later
    shown     : units of which a path may be shown; None: all
    stretches : months from point to point -> fewest people reconvicted, and fewest not reconvicted, in each year, and
                between points

    The points of a unit end months, quarters, half-years or years: the shortest stretches that all hold enough people.
    That choice is all that depends on people: points where the tenth of them had come would give days away.

    Returns one row per point, made safe: the unit, matures (last day of the stretch), fewer_people (whole), both arms
    and their thresholds as they stand there (two decimals), and alarm_worse and alarm_better: whether the arm has
    alarmed since the point before. People from before the first whole year are part of the first step. A unit with too
    few people for years, or without a whole one, has one row with '[c]'.
    Raises DataError where a column is missing, dates do not ascend, or a path goes on after the last day.
    """
    _check_columns(path, [unit, "matures", "fewer_people", *PATH, *ALARMS])
    parts = []
    for name, own in path.groupby(unit, sort=False):
        ends = _stretches(own, str(name), pd.Timestamp(last), stretches)
        is_hidden = ends.empty or (shown is not None and name not in shown)
        parts.append(_hidden_path(own, unit, last) if is_hidden else _merged_path(own, unit, ends))
    return make_safe(pd.concat(parts, ignore_index=True), counts=[])


def _hidden_path(path: pd.DataFrame, unit: str, last: datetime.date) -> pd.DataFrame:
    hidden = dict.fromkeys(("fewer_people", *PATH, *ALARMS), CONFIDENTIAL)
    return path[[unit]].head(1).astype(object).assign(matures=pd.Timestamp(last), **hidden)


def _merged_path(path: pd.DataFrame, unit: str, ends: pd.DatetimeIndex) -> pd.DataFrame:
    step = ends.searchsorted(path["matures"])
    points = path.groupby(step).last()
    people = points["fewer_people"].round().astype("int64").astype(object)
    alarms = {name: path[name].groupby(step).any() for name in ALARMS}
    return points[[unit, *PATH]].round(2).astype(object).assign(matures=ends, fewer_people=people, **alarms)


def _stretches(path: pd.DataFrame, name: str, last: pd.Timestamp, lengths: Stretches) -> pd.DatetimeIndex:
    """The last days of the shortest stretches of whole years that all hold enough people; none, if years do not."""
    days, after = path["matures"], last + ONE_DAY
    _check_days(days, name, last)
    years = _months_begun(days.iloc[0], after) // YEAR
    # predicted less actual falls with everyone who was reconvicted, and only with them
    reconvicted = np.diff(path["fewer_people"].to_numpy(dtype=float), prepend=0.0) < 0

    def starts(months: int) -> pd.DatetimeIndex:
        return pd.DatetimeIndex([after - pd.DateOffset(months=back) for back in range(years * YEAR, -1, -months)])

    def fewest(months: int) -> int:
        stretch = starts(months).searchsorted(days, side="right")
        held = [np.bincount(stretch[one], minlength=years * YEAR // months + 1) for one in (reconvicted, ~reconvicted)]
        return int(np.min(held, axis=0)[1:].min())

    for months, (in_year, in_stretch) in lengths.items():
        if years and fewest(YEAR) >= in_year and fewest(months) >= in_stretch:
            return starts(months)[1:] - ONE_DAY
    return pd.DatetimeIndex([])


def _months_begun(first: pd.Timestamp, after: pd.Timestamp) -> int:
    """Months counted back from a day until the one that another day lies in, that one included."""
    months = 12 * (after.year - first.year) + after.month - first.month
    return months + int(after - pd.DateOffset(months=months) > first)


def _check_days(days: pd.Series, name: str, last: pd.Timestamp) -> None:
    if not days.is_monotonic_increasing:
        raise DataError(f"the dates of '{name}' do not ascend: a CUSUM needs people in order of maturity")
    if days.iloc[-1] > last:
        raise DataError(f"the path of '{name}' goes on after {last.date()}: give the last day of the period it is of")


def make_bins_safe(bins: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """A histogram of two groups made safe: the limits of a bin stay, whatever happens to its counts.

    bins      : low and high (limits of each bin), treated and comparison (people in it)
    threshold : as in `make_safe`

    Raises DataError as `make_safe` does.
    """
    _check_columns(bins, ["low", "high", "treated", "comparison"])
    limits = bins.astype({"low": object, "high": object})
    return make_safe(limits, counts=["treated", "comparison"], threshold=threshold)


def make_balance_safe(balance: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """A balance table made safe: the line of a category with few people on any side is hidden.

    balance   : what `balance` returned: covariate ('name: category' for a category), treated_mean, treated_mean_after,
                comparison_mean_before, comparison_mean_after, smd_after, rating, and the people behind each mean
    threshold : as in `make_safe`

    Returns the same lines under readable names, with the people of each category as counts (a number's own line counts
    everybody).
    Raises DataError as `make_safe` does.
    """
    _check_columns(balance, ["covariate", "smd_after", "rating", *BALANCE_MEANS, *BALANCE_MEANS.values()])
    category = balance["covariate"].str.contains(": ", regex=False)
    counts = {}
    for mean, people in BALANCE_MEANS.items():
        held = (balance[mean].astype(float) * balance[people]).round()
        counts[f"count_{mean}"] = held.where(category & held.notna(), balance[people]).astype("int64")
    named = balance["covariate"].str.split(": ", n=1).str[0]
    bases = dict(zip(counts, BALANCE_MEANS.values(), strict=True))
    safe = make_safe(balance.assign(**counts, of=named), counts=bases, within="of", threshold=threshold)
    hidden = safe["smd_after"].isin([CONFIDENTIAL])
    said = {"covariate": safe["covariate"].map(readable), "rating": safe["rating"].mask(hidden, CONFIDENTIAL)}
    rated = make_safe(safe.assign(**said), counts=[], threshold=threshold)
    rated.hidden_cells = safe.hidden_cells
    return rated


def _check_columns(table: pd.DataFrame, needed: Sequence[str]) -> None:
    if missing := [name for name in needed if name not in table]:
        raise DataError(f"the table has no column '{missing[0]}' (needed: {', '.join(needed)})")
