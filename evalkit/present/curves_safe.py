"""Monitored units over time made safe: their running sums, and the curves of those whose year is not over.

Both are drawn beside tables of the same units (`monitored_safe`): what those hide of a unit, no line gives away.
"""

from __future__ import annotations

import datetime

import pandas as pd

from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, make_safe, require_safe
from evalkit.present.made_safe import FEWEST, merge_path
from evalkit.present.quarters import Units
from evalkit.present.rolling import ACTUAL, PEOPLE

CURVE_BASE = 5
"""The number reconvicted so far is rounded to this: sums and differences of curves then leave five values open."""

EARLY_DAY = 90
"""The day of a curve whose number stands beside it, not rounded, in the table of the first three months."""

CURVE = ("actual", "predicted", "low", "high")


def make_paths_safe(
    paths: pd.DataFrame, units: SafeTable, *, last: datetime.date, among: Units | None = None
) -> SafeTable:
    """The running sums of some units, as `merge_path` makes them safe; an empty table where there are none.

    paths : columns of `cusum_paths`, with unit
    units : from `make_units_safe`: who is hidden there has one row with '[c]'
    last  : last day of the quarter judged
    among : as in `make_units_safe`: nor has a path who is hidden in an earlier quarter of which the path would tell

    That there is a path says that enough people came in every year of it; beside the total of their wider unit that
    could give away how few came in another.
    """
    if paths.empty:
        return make_safe(paths, counts=[])
    rows = require_safe(units).to_dict("records")
    shown = {row["unit"] for row in rows if is_shown(row["people"]) and is_shown(row["actual"])}
    if among is not None:
        shown -= _hidden_before(among, paths["matures"].min().date())
    return merge_path(paths, unit="unit", last=last, shown=shown)


def _hidden_before(among: Units, first: datetime.date) -> set[str]:
    """Units of which an earlier quarter hides people, or people reconvicted, of some window from a day on."""
    return {
        unit
        for release in among.earlier
        for window in release
        if window.series in (PEOPLE, ACTUAL) and window.last >= first
        for unit, people in window.counts.items()
        if people is None
    }


def make_curves_safe(
    curves: pd.DataFrame,
    early: SafeTable | None = None,
    *,
    everyone: SafeTable | None = None,
    fewest: int = FEWEST,
) -> SafeTable:
    """Reconvictions so far, month by month, reduced to points between which enough people were reconvicted.

    curves : unit, label, day (ascending, from 0), people, actual, predicted, low, high, as `interim_curves` gives them
    early  : from `make_early_safe`, of the same units: a unit whose first three months are hidden has no curve; units
             that are not in it (everyone, say) are judged by their own numbers
    everyone : from `make_everyone_safe`: where it hides the people of the first three months, they have no curve
    fewest : people reconvicted between two points, and people not reconvicted at each; where the table of the first
             three months shows its number, also between each point before day 90 and that day

    Returns one row per point, made safe: unit, label, day, people, and as shares of the people actual_share (from the
    number rounded to 5), predicted_share, low_share, high_share. A unit with too few people has one row with '[c]'.

    The curves of other quarters, of partly the same people a quarter further on, need not be known. A rounded number
    leaves five values open and a difference of two nine; only a number known exactly can narrow that, and the one there
    is, of day 90, is kept away from. (Integer programming on four successive quarters of 44 simulated units found no
    number of a few people; without that distance it found some in seven of ten.)
    """
    rows = [] if early is None else require_safe(early).to_dict("records")
    whole = [] if everyone is None else require_safe(everyone).to_dict("records")
    hidden = {row["unit"] for row in rows if not is_shown(row["actual_90"])}
    hidden |= {row["unit"] for row in whole if not is_shown(row["people_90"])}
    exact = {row["unit"] for row in [*rows, *whole]}
    parts = [
        _merged_curve(part, fewest, shown=name not in hidden, exact=name in exact)
        for name, part in curves.groupby("unit", sort=False)
    ]
    columns = ["unit", "label", "day", "people", *(f"{name}_share" for name in CURVE)]
    return make_safe(pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns), counts=[])


def _merged_curve(curve: pd.DataFrame, fewest: int, *, shown: bool, exact: bool) -> pd.DataFrame:
    people = int(curve["people"].iloc[0])
    kept = _kept(curve, fewest, exact=exact)
    points = curve.iloc[kept][["unit", "label", "day"]].astype(object)
    if len(kept) == 1 or not shown:
        cells = dict.fromkeys(["people", *(f"{name}_share" for name in CURVE)], CONFIDENTIAL)
        return points.iloc[:1].assign(**cells)
    rounded = curve.iloc[kept].assign(actual=lambda rows: CURVE_BASE * (rows["actual"] / CURVE_BASE).round())
    shares = {f"{name}_share": (rounded[name] / people).astype(object) for name in CURVE}
    return points.assign(people=people, **shares).astype(object)


def _kept(curve: pd.DataFrame, fewest: int, *, exact: bool) -> list[int]:
    """The points of a curve that are far enough apart, and from the number of day 90 if that is shown as it is."""
    actual, people = curve["actual"].to_numpy(), int(curve["people"].iloc[0])
    early = actual[(curve["day"] <= EARLY_DAY).to_numpy()][-1]
    kept = [0]
    for row, day in enumerate(curve["day"]):
        too_near = exact and day < EARLY_DAY and early - actual[row] < fewest
        if actual[row] - actual[kept[-1]] >= fewest and people - actual[row] >= fewest and not too_near:
            kept.append(row)
    return kept
