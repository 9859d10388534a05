"""Results of an employment report made safe where `make_safe` alone is not enough or is always called alike."""

from __future__ import annotations

import pandas as pd

from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, make_flow_safe, make_safe, require_safe
from evalkit.present.made_safe import merge_steps

STEPS_OF_A_CURVE = 40
"""Events of a long curve are merged until it has about this many steps, so that its table can still be read."""

_STAGES = ("label", "people", "of_label", "of", "share", "low", "high")


def make_progression_safe(flow: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The flow through the stages made safe, as a chart of stages takes it.

    flow      : what `progression` returned: step, excluded, remaining, reason, of, share, low, high
    threshold : as in `make_flow_safe`

    Returns one row per stage: label, people, of_label (the stage before; empty for the first), of, share, low, high.
    A share is shown where both numbers that it is made of are.
    """
    if flow.empty:
        return make_safe(pd.DataFrame(columns=list(_STAGES)), counts=[])
    safe = make_flow_safe(flow, threshold=threshold)
    people = list(safe["remaining"])
    shown = [is_shown(here) and is_shown(before) for before, here in zip([None, *people], people, strict=False)]
    table = pd.DataFrame({"label": list(flow["step"]), "people": pd.Series(people, dtype=object)})
    table["of_label"] = ["", *flow["step"].iloc[:-1]]
    table["of"] = pd.Series([None, *people[:-1]], dtype=object)
    for name in ("share", "low", "high"):
        kept = [value if keep else CONFIDENTIAL for value, keep in zip(flow[name], shown, strict=True)]
        table[name] = pd.Series([None, *kept[1:]], dtype=object)
    made = make_safe(table, counts=[], threshold=threshold)
    made.hidden_cells = safe.hidden_cells
    return made


def make_in_reach_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The test of the in-reach claim made safe: what `in_reach_claim` returned."""
    bases = {"seen": None, "seen_engaged": "seen", "not_seen": None, "not_seen_engaged": "not_seen"}
    return make_safe(table, counts=bases if len(table) else [], within="label", threshold=threshold)


def make_subgroups_safe(table: pd.DataFrame, *, designs: SafeTable, group: str, threshold: int = 10) -> SafeTable:
    """The comparison by subgroup made safe; a subgroup adds up with those of its kind.

    table   : what `by_subgroup` returned for the group
    designs : what `make_designs_safe` returned: where it hides the landmark row of the group, there is no row here, as
              subgroups would add up to it
    group   : name of the group
    """
    landmark = require_safe(designs)[(designs["name"] == group) & (designs["design"] == "landmark")]
    if not all(is_shown(value) for name in ("people", "actual") for value in landmark[name]):
        return make_safe(table.head(0), counts=[], threshold=threshold)
    bases = {"people": None, "reconvicted": "people", "others": None, "others_reconvicted": "others"}
    return make_safe(table, counts=bases, within="kind", threshold=threshold)


def make_curve_safe(curve: pd.DataFrame, *, days: int = 365, events: int = 10) -> SafeTable:
    """A long Kaplan-Meier curve, or several by group, merged to about forty steps.

    curve  : as in `merge_steps`, with the column group
    days   : the curve is shown up to this day; numbers at risk after long steps would be out of date
    events : fewest events in a step
    """
    curve = curve[curve["time"] <= days]
    if curve.empty:
        return merge_steps(curve, group="group")
    steps = [
        merge_steps(part, group="group", events=max(events, int(part["events"].sum()) // STEPS_OF_A_CURVE))
        for _, part in curve.groupby("group", sort=False)
    ]
    return make_safe(pd.concat(steps, ignore_index=True), counts=[])
