"""What a chart shows, in one line: the titles of the charts of designs, matches, curves and monitored units."""

from __future__ import annotations

from collections import Counter
from typing import Any

from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.numbers import count, percent

NAMED = 3
"""So many units are named in a title; of more, the number is given."""


def balance_finding(table: SafeTable) -> str:
    """Title of a Love plot: how many covariates are balanced after the match, by rating."""
    ratings = Counter(rating for rating in require_safe(table)["rating"] if isinstance(rating, str))
    lines = len(table)
    if ratings["green"] == lines:
        return f"All {lines} covariates are balanced after the match"
    found = ", ".join(f"{number} {rating}" for rating in ("green", "amber", "red") if (number := ratings[rating]))
    other = lines - sum(ratings[rating] for rating in ("green", "amber", "red"))
    return f"Of {lines} covariates after the match: {found}{f', {other} not shown' if other else ''}"


def overlap_finding(support: SafeTable) -> str:
    """Title of an overlap chart: how many treated people lie beyond the scores that both sides have.

    support : the safe table of `overlap`'s support: side, people, outside
    """
    rows = [row for row in require_safe(support).to_dict("records") if row["side"] == "treated"]
    people, outside = rows[0]["people"], rows[0]["outside"]
    if not is_shown(people):
        return "There are too few treated people to show"
    if not is_shown(outside):
        return f"Few of the {count(people)} treated people lie outside the scores that both sides have"
    if outside == 0:
        return f"All {count(people)} treated people lie within the scores that both sides have"
    return f"{count(outside)} of the {count(people)} treated people lie outside the scores that both sides have"


def survival_finding(table: SafeTable, *, outcome: str = "reconvicted") -> str:
    """Title of a survival chart: the share of each group at the end of its curve.

    table : what `merge_steps` returned, with a column 'group'
    """
    parts, days = [], set()
    for name, curve in require_safe(table).groupby("group", sort=False):
        last = curve.iloc[-1]
        if is_shown(last["reconvicted"]):
            days.add(last["time"])
            parts.append(f"{percent(last['reconvicted'])}% in “{name}”")
    if not parts:
        return f"Too few people were {outcome} to show by day"
    when = f"by day {count(days.pop())}" if len(days) == 1 else "by the end of each curve"
    return f"{outcome.capitalize()} {when}: {', '.join(parts)}"


def effects_finding(table: SafeTable) -> str:
    """Title of a forest of estimates: how many of the fair ones are lower, higher or not distinguishable from none."""
    fair: list[Any] = [row for row in require_safe(table).to_dict("records") if not row["naive"]]
    shown = [row for row in fair if is_shown(row["low"]) and is_shown(row["high"])]
    if not shown:
        return "There are too few people for an estimate with an interval"
    kinds = Counter("lower" if row["high"] < 0 else "higher" if row["low"] > 0 else "" for row in shown)
    naive = "; the naive one does not count" if len(fair) < len(table) else ""
    words = {"lower": "find it lower", "higher": "find it higher", "": "cannot tell it from none"}
    if len(kinds) == 1 and len(shown) > 1:
        return f"All {len(shown)} estimates {words[next(iter(kinds))]}{naive}"
    alone = {"lower": "finds it lower", "higher": "finds it higher"}
    found = ", ".join(
        f"{kinds[kind]} {alone.get(kind, text) if kinds[kind] == 1 else text}"
        for kind, text in words.items()
        if kinds[kind]
    )
    return f"Of {len(shown)} estimate{'s' if len(shown) > 1 else ''}: {found}{naive}"


def funnel_finding(table: SafeTable, *, units: str) -> str:
    """Title of a funnel: how many units are in which state.

    units : what they are called ('teams')
    """
    states = Counter(zip(require_safe(table)["state"], table["direction"], strict=True))
    alerts = {way: states[("alert", way)] for way in ("worse", "better")}
    total = sum(alerts.values())
    others = Counter(state for state in table["state"] if state != "alert")
    ways = ", ".join(f"{number} {way}" for way, number in alerts.items() if number)
    found = [f"{total} alert{'s' if total != 1 else ''} ({ways})" if total else "no alert"]
    found += [f"{others[state]} {state}" for state in OTHER_STATES if others[state]]
    return f"Of {len(table)} {units}: {', '.join(found)}"


OTHER_STATES = ("watch", "as expected", "data-quality hold", "too small to judge")


def cusum_finding(table: SafeTable, *, unit: str, units: str) -> str:
    """Title of CUSUM panels: which units have alarmed.

    table : what `merge_path` returned
    unit  : the column of the unit
    units : what they are called ('teams')
    """
    shown = require_safe(table)[[is_shown(value) for value in table["alarm_worse"]]]
    every = list(dict.fromkeys(shown[unit]))
    hidden = table[unit].nunique() - len(every)
    if not every:
        return f"The sums of {hidden} {units} cannot be shown" if hidden else f"No {units}"
    alarms = shown[shown["alarm_worse"].astype(bool) | shown["alarm_better"].astype(bool)]
    alarmed = list(dict.fromkeys(alarms[unit]))
    rest = f"; {hidden} cannot be shown" if hidden else ""
    if not alarmed:
        return f"None of {len(every)} {units} has alarmed{rest}"
    names = f": {', '.join(map(str, alarmed))}" if len(alarmed) <= NAMED else ""
    return f"{len(alarmed)} of {len(every)} {units} {'has' if len(alarmed) == 1 else 'have'} alarmed{names}{rest}"
