"""Everybody together made safe among the quarters released: totals, what adds up to them, the flow that leads there.

Everybody together is one more unit. It is hidden only for the sake of other quarters; what adds up to it goes with it.

Tenths of risk are not held against those of other quarters one by one. Their bounds are quantiles of the people judged,
shown nowhere, and move with every quarter: the lowest tenth of one year and that of the next are no part of one group
of people. Within a year they only divide its total, and whichever way the total falls on its quarters, each quarter's
people can be divided so that the tenths are as shown (a table can be filled whatever its margins are, if both add up to
the same). So they say of a span of time no more than the total does, which is held; unless a reader knows the risks of
single people. A risk band has bounds that stay: it is a cohort.

Of the flow its last steps are held, the whole of the cohort's period being one more window: who started, who of them
was old enough, was followed for a year, has a score. The steps before count people outside the cohort, who move between
them as an extract grows: a difference is those who came less those who went, and the number of no group of people.
"""

from __future__ import annotations

import pandas as pd

from evalkit.present.disclosure import CONFIDENTIAL, AlsoHidden, SafeTable, is_shown, make_flow_safe, make_safe
from evalkit.present.monitored_safe import (
    SHOWN_OF_CASELOAD,
    SHOWN_OF_EARLY,
    SHOWN_OF_QUALITY,
    SHOWN_OF_UNITS,
    safe_among,
)
from evalkit.present.quarters import Units

SHOWN_OF_EVERYONE = {**SHOWN_OF_UNITS, **SHOWN_OF_QUALITY, **SHOWN_OF_EARLY, **SHOWN_OF_CASELOAD}
"""In the order of `monitored_safe`, as the pages of the widest units decide it."""

OF_FLOW = ("started", "eligible", "followed", "scored")
"""What remains at the steps of a flow before its last, the people judged; on one page only, and so decided last."""


def make_everyone_safe(
    everyone: pd.DataFrame, flow: pd.DataFrame, *, threshold: int = 10, among: Units | None = None
) -> SafeTable:
    """The numbers of everybody together, made safe.

    everyone  : one row, as `everyone_of` gives it
    flow      : from the extract to the people judged, as `make_flow_safe` takes it: what that hides is not shown anyway
    threshold : as in `make_safe`; raises DataError as it does
    among     : everybody in their quarter, as in `make_units_safe`

    Returns the row with judged_shown and flow_shown: whether, beside all other quarters, the people judged can be shown
    as they are, and the flow.
    """
    remaining = dict(zip(OF_FLOW, make_flow_safe(flow, threshold=threshold)["remaining"].iloc[-5:-1], strict=True))
    of_flow = {name: None for name, left in remaining.items() if is_shown(left)}
    counts = {**SHOWN_OF_EVERYONE, **of_flow}
    row = everyone.drop(columns=[name for name in OF_FLOW if name not in of_flow])
    found = among.to_hide(row, counts, threshold) if among is not None else {}
    forced = {name for name, hidden in found.items() if any(hidden)}
    safe = safe_among(row, counts, threshold, among)
    said = {"judged_shown": SHOWN_OF_UNITS, "flow_shown": ("people", *of_flow)}
    open_parts = {name: forced.isdisjoint(counts) for name, counts in said.items()}
    return make_safe(safe.assign(**open_parts), counts=[], threshold=threshold)


def make_judged_safe(judged: pd.DataFrame, everyone: SafeTable, *, threshold: int = 10) -> SafeTable:
    """Everybody judged, in one row or in several that add up to them, as tenths of risk do.

    judged   : people, actual, and what is computed from them
    everyone : from `make_everyone_safe`: where it hides the people judged, or those reconvicted, every row is hidden
    """
    closed = not everyone["judged_shown"].iloc[0]
    rows = {name: [True] * len(judged) for name in SHOWN_OF_UNITS} if closed else {}
    return make_safe(judged, counts=SHOWN_OF_UNITS, threshold=threshold, also_hidden=AlsoHidden(rows))


def make_whole_flow_safe(flow: pd.DataFrame, everyone: SafeTable, *, threshold: int = 10) -> SafeTable:
    """The flow from the extract to the people judged; without any number where the flow cannot be shown.

    flow     : as `make_flow_safe` takes it
    everyone : from `make_everyone_safe`
    """
    safe = make_flow_safe(flow, threshold=threshold)
    if everyone["flow_shown"].iloc[0]:
        return safe
    return make_safe(safe.assign(excluded=CONFIDENTIAL, remaining=CONFIDENTIAL), counts=[], threshold=threshold)
