"""Months of a safe table: where they lie on an axis, and which neighbours a line may join."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evalkit.errors import DataError
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown

if TYPE_CHECKING:
    from collections.abc import Hashable

Breaks = Mapping[str, str]
"""First month after a break ('2020-04') -> what broke the series there."""

EPOCH = datetime.date(1970, 1, 1).toordinal()
"""Where matplotlib begins to count days."""

HALF_A_MONTH = 15


def first_day(month: Any) -> datetime.date:
    """The first day of a month given as '2020-04', or as one of its days. Raises DataError for anything else."""
    try:
        return datetime.date.fromisoformat(f"{str(month)[:7]}-01")
    except ValueError:
        raise DataError(f"'{month}' is not a month: give year and month, such as 2020-04") from None


def month_number(month: Any) -> int:
    """Of a month; neighbours differ by one."""
    day = first_day(month)
    return 12 * day.year + day.month


def place_of(month: Any) -> float:
    """Of a month's point on an axis of dates."""
    return float(first_day(month).toordinal() - EPOCH)


def place_before(month: Any) -> float:
    """Half way between a month's point and that of the month before."""
    return place_of(month) - HALF_A_MONTH


def stretches(table: SafeTable, month: str, value: str, breaks: Breaks) -> Iterator[list[dict[Hashable, Any]]]:
    """Runs of neighbouring months with a value that is shown, none across a break.

    table  : months ascending
    month  : its column of months
    value  : the column that must be shown
    breaks : as above
    """
    starts = [month_number(first) for first in breaks]
    run: list[dict[Hashable, Any]] = []
    for row in table.to_dict("records"):
        if not is_shown(row[value]):
            continue
        number = month_number(row[month])
        if run and (number != month_number(run[-1][month]) + 1 or number in starts):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def hidden_places(table: SafeTable, month: str, values: Sequence[str]) -> list[float]:
    """The middle of each run of months in which something is hidden: one symbol stands for the run."""
    runs: list[list[Any]] = []
    for row in table.to_dict("records"):
        if CONFIDENTIAL not in [row[name] for name in values if isinstance(row[name], str)]:
            continue
        if runs and month_number(row[month]) == month_number(runs[-1][-1]) + 1:
            runs[-1].append(row[month])
        else:
            runs.append([row[month]])
    return [(place_of(run[0]) + place_of(run[-1])) / 2 for run in runs]
