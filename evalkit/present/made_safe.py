"""Results that need more than `make_safe` before they can be shown: curves, paths, histograms, balance.

A Kaplan-Meier curve falls on the very day on which somebody was reconvicted, and a CUSUM moves with every person: both
keep only points between which at least ten events lie. The share of a category gives away how many people are in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalkit.errors import DataError
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, make_safe
from evalkit.present.labels import readable

FEWEST = 10
"""Events in one step."""

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


def merge_path(path: pd.DataFrame, *, unit: str, events: int = FEWEST) -> SafeTable:
    """CUSUM paths, one row per person, reduced to points between which enough people were, and were not, reconvicted.

    path   : what `cusum_paths` returned: the unit, matures (date, ascending within a unit), fewer_people (predicted
             less actual so far), and cusum, threshold and alarm of both arms (worse, better)
    unit   : the column of the unit
    events : fewest people reconvicted, and fewest not reconvicted, between two points

    Returns one row per point, made safe: the unit, matures, fewer_people (whole), both arms and their thresholds as
    they stand there, and alarm_worse and alarm_better: whether the arm has alarmed since the point before. People left
    over at the end are part of the last step. A unit with too few people for one step has one row with '[c]'.
    Raises DataError where a column is missing or dates do not ascend.
    """
    _check_columns(path, [unit, "matures", "fewer_people", *PATH, *(f"alarm_{arm}" for arm in ARMS)])
    parts = [_merged_path(part, unit, events) for _, part in path.groupby(unit, sort=False)]
    return make_safe(pd.concat(parts, ignore_index=True), counts=[])


def _merged_path(path: pd.DataFrame, unit: str, fewest: int) -> pd.DataFrame:
    if not path["matures"].is_monotonic_increasing:
        raise DataError(f"the dates of '{path[unit].iloc[0]}' do not ascend: a CUSUM needs people in order of maturity")
    # predicted less actual falls with everyone who was reconvicted, and only with them
    reconvicted = np.diff(path["fewer_people"].to_numpy(dtype=float), prepend=0.0) < 0
    ends: list[int] = []
    held = [0, 0]
    for row, outcome in enumerate(reconvicted):
        held[int(outcome)] += 1
        if min(held) >= fewest:
            ends.append(row)
            held = [0, 0]
    if not ends:
        hidden = dict.fromkeys(("fewer_people", *PATH), CONFIDENTIAL) | {f"alarm_{arm}": False for arm in ARMS}
        return path.iloc[[-1]][[unit, "matures"]].astype(object).assign(**hidden)
    ends[-1] = len(path) - 1
    step = np.searchsorted(ends, np.arange(len(path)))
    alarms = {f"alarm_{arm}": path[f"alarm_{arm}"].groupby(step).any().to_numpy() for arm in ARMS}
    points = path.iloc[ends]
    people = points["fewer_people"].astype(float).round().astype("int64").astype(object)
    return points[[unit, "matures", *PATH]].astype(object).assign(fewer_people=people, **alarms)


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
