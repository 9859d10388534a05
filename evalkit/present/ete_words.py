"""Sentences of an employment, training and education report, chosen by rule from safe tables; each has its numbers."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.labels import capital
from evalkit.present.numbers import count, percent, points

EVERYONE = "Everyone"


def sentences(lines: Sequence[str]) -> Piece:
    """Sentences as a list; empty ones are left out."""
    said = [line for line in lines if line]
    markup = "".join(f"<li>{escaped(line)}</li>" for line in said)
    return Piece(f'<ul class="findings">{markup}</ul>', "\n".join(f"- {line}" for line in said))


def reach_finding(table: SafeTable) -> str:
    """How many people were referred in the period and how many of them took up, from the table of `reach`."""
    rows = _rows(table, kind=EVERYONE)
    if not rows or not is_shown(rows[0]["share"]):
        return "Too few people were referred in the period to say how many took up the service."
    row = rows[0]
    return (
        f"Of {count(row['referred'])} people referred to the service in its period, {count(row['took_up'])} took it up "
        f"by the end of it: {_share(row)}."
    )


def months_finding(table: SafeTable) -> str:
    """Title of the monthly chart: the month with most people taking up, among those shown."""
    shown = [row for row in _rows(table) if is_shown(row["took_up"])]
    if not shown or max(row["took_up"] for row in shown) == 0:
        return "Too few people took up the service in any month to show"
    most = max(shown, key=lambda row: row["took_up"])
    day = datetime.date.fromisoformat(f"{most['month']}-01")
    return f"Most people took up the service in {day:%B %Y}: {count(most['took_up'])}"


def stages_finding(table: SafeTable) -> str:
    """Title of the chart of the progression framework: how many of those who took up reached the last stage."""
    rows = _rows(table)
    if not rows or not (is_shown(rows[0]["people"]) and is_shown(rows[-1]["people"])):
        return "The numbers at the first or the last stage are too small to show"
    first, last = rows[0]["people"], rows[-1]["people"]
    share = f" ({percent(last / first)}%)" if first else ""
    return f"{count(last)} of {count(first)} people who took up reached “{rows[-1]['label']}”{share}"


def completion_finding(table: SafeTable) -> str:
    """The lowest and the highest share of courses completed in a year, from the table of `course_completion`."""
    shown = [row for row in _rows(table) if is_shown(row["share"])]
    if len(shown) < len(table) or not shown:
        return "The numbers of courses are too small to say in which year most were completed."
    if len(shown) == 1:
        return f"Of {count(shown[0]['started'])} courses started in {shown[0]['year']}: {_share(shown[0])} completed."
    least, most = (choose(shown, key=lambda row: row["share"]) for choose in (min, max))
    return (
        f"Between {percent(least['share'])}% (started in {least['year']}) and {percent(most['share'])}% "
        f"({most['year']}) of the courses were completed."
    )


def equality_finding(table: SafeTable) -> str:
    """In which categories people took up clearly less, or more, often than the caseload as a whole.

    A category differs where its 95 % interval leaves out the share of everyone in the categories shown of its
    characteristic.
    """
    shown = [row for row in _rows(table) if is_shown(row["share"]) and row["category"] != "not recorded"]
    kinds: dict[str, list[str]] = {"less": [], "more": []}
    for row in shown:
        alike = [other for other in shown if other["characteristic"] == row["characteristic"]]
        overall = sum(other["participants"] for other in alike) / sum(other["caseload"] for other in alike)
        name = f"{capital(row['category'])} ({row['characteristic'].lower()}, {percent(row['share'])}%)"
        if row["high"] < overall:
            kinds["less"].append(name)
        elif row["low"] > overall:
            kinds["more"].append(name)
    if not shown:
        return "The groups are too small to compare participants with the caseload."
    found = [f"{word} often: {', '.join(names)}" for word, names in kinds.items() if names]
    if not found:
        return f"None of the {len(shown)} categories took up clearly less or more often than the others together."
    return (
        f"Of {len(shown)} categories, these took up clearly differently from the average of their characteristic: "
        f"{'; '.join(found)}. About one in twenty would appear so by chance."
    )


def confirmed_finding(table: SafeTable) -> str:
    """How far a confirmation and the dates of the jobs agree, from the table of `confirmed_and_derived`."""
    rows = _rows(table)
    if not rows or not all(is_shown(row["people"]) for row in rows):
        return "The numbers are too small to say how far confirmation and dates agree."
    same = {("13 weeks by the dates", "confirmed"), ("less by the dates", "not confirmed")}
    known = [row for row in rows if row["confirmed"] != "not recorded"]
    people = sum(row["people"] for row in known)
    agree = sum(row["people"] for row in known if (row["derived"], row["confirmed"]) in same)
    missing = sum(row["people"] for row in rows) - people
    if not people:
        return "For nobody who found work is it recorded whether 13 weeks were confirmed."
    return (
        f"Confirmation and dates agree for {count(agree)} of {count(people)} people who found work "
        f"({percent(agree / people)}%)"
        + (f"; for {count(missing)} more no confirmation is recorded either way." if missing else ".")
    )


def in_reach_finding(table: SafeTable) -> str:
    """Whether people seen in prison engaged more often outside, as counted and made alike, by rule."""
    rows = [row for row in _rows(table) if is_shown(row["estimate"]) and is_shown(row["low"])]
    if not rows:
        return "There are too few people released to test whether those seen in prison engaged more often outside."
    row = rows[-1]
    size = f"{points(row['estimate'])} percentage points, 95% interval {points(row['low'])} to {points(row['high'])}"
    alike = ", beside others made alike in score, age, sex and area," if len(rows) > 1 else ""
    rates = f"{percent(row['seen_share'])}% against {percent(row['not_seen_share'])}%: {size}"
    if row["low"] <= 0 <= row["high"]:
        return f"People seen in prison{alike} did not engage outside distinguishably more or less often ({rates})."
    return f"People seen in prison{alike} engaged outside {'more' if row['low'] > 0 else 'less'} often ({rates})."


def stage_finding(table: SafeTable, name: str, *, did: str) -> str:
    """The people who reached a stage of the service, with their share of the wider group and its interval.

    did : what they did, as the sentence says it: 'found work'
    """
    rows = _rows(table, name=name)
    if not rows or not is_shown(rows[0]["people"]):
        return ""
    row = rows[0]
    if not is_shown(row["share"]):
        return f"{count(row['people'])} people {did}."
    return f"{count(row['people'])} people {did}: {_share(row)} of {count(row['of'])}."


def _share(row: dict[str, Any]) -> str:
    return f"{percent(row['share'])}% (95% interval {percent(row['low'])} to {percent(row['high'])})"


def _rows(table: SafeTable, **wanted: str) -> list[dict[str, Any]]:
    rows = [{str(key): value for key, value in row.items()} for row in require_safe(table).to_dict("records")]
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]
