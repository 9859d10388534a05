"""Sentences of a summary across a series: each headline by itself, never a sum of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count, p_value, percent, points
from evalkit.present.series_safe import DESCRIBED, NO_FINDING
from evalkit.present.words import HIGHER, LOWER, SMALL, UNCLEAR, say_boxes

Row = dict[Any, Any]


def series_finding_line(table: SafeTable) -> str:
    """What the forest plot shows, in one line: the findings of each outcome, the same people once."""
    rows = [row for row in _records(table) if row["finding"] != DESCRIBED]
    said = [
        f"{outcome}: {_tally([row for row in rows if row['outcome_label'] == outcome])}"
        for outcome in _keys(rows, "outcome_label")
    ]
    return ". ".join(said) if said else "No evaluation of this series has a comparison"


def why_not_added(table: SafeTable) -> str:
    """One sentence on why the lines cannot be added up or averaged."""
    outcomes = [f"“{outcome.lower()}”" for outcome in dict.fromkeys(row["outcome_label"] for row in _records(table))]
    different = f"{_joined(outcomes)} are different things" if len(outcomes) > 1 else "each line is of other people"
    return (
        f"These figures cannot be added up or averaged: {different}, of some of which fewer is better and of others "
        "more, in people of different services, followed from different days, by designs of different strength."
        if len(outcomes) > 1
        else f"These figures cannot be added up or averaged: {different}, by a design of its own."
    )


def same_people_note(table: SafeTable) -> str:
    """Which evaluations follow the same people by different designs; empty where none do."""
    rows = [row for row in _records(table) if row["same_people"]]
    groups = {key: [row["title"] for row in rows if row["same_people"] == key] for key in _keys(rows, "same_people")}
    return " ".join(
        f"{_joined([f'“{title}”' for title in titles])} follow the same people by different designs: read them as one "
        "result looked at in several ways, not as several."
        for titles in groups.values()
        if len(titles) > 1
    )


def series_answer(table: SafeTable) -> Piece:
    """The answer of a summary: how the comparisons of each outcome read, and why there is no total.

    table : what `make_series_safe` returned
    """
    rows = _records(table)
    number, outcomes = len(_keys(rows, "evaluation")), len(_keys(rows, "outcome_label"))
    total = "" if outcomes == 1 else ", which do not add up to a total"
    lead = f"{_many(number, 'evaluation')} of {_many(outcomes, 'outcome')}{total}. {series_finding_line(table)}."
    after = [text for text in (same_people_note(table), why_not_added(table)) if text]
    markup = f'<p class="answer">{escaped(lead)}</p>{"".join(f"<p>{escaped(text)}</p>" for text in after)}'
    return Piece(markup, "\n".join([lead, *after]), {"headline": lead})


def headline_sentence(row: Row) -> str:
    """One headline as a sentence with its interval and people, and what it may not be read as."""
    start = f"{row['title']}. "
    if not is_shown(row["rate"]):
        return f"{start}There are too few people to show “{row['outcome_label'].lower()}”."
    figure = f"{row['outcome_label']}: {percent(row['rate'])}% of {count(row['people'])} people ({row['who']})"
    if row["finding"] == DESCRIBED:
        low, high = percent(row["rate_low"]), percent(row["rate_high"])
        return f"{start}{figure}, 95% interval {low} to {high}. Nothing stands beside it."
    figure += f", against {percent(row['comparison'])}% ({row['against']})" if is_shown(row["comparison"]) else ""
    if not (is_shown(row["difference"]) and is_shown(row["low"])):
        return f"{start}{figure}. There are too few people to compare."
    low, high = points(row["low"]), points(row["high"])
    figure += f": {points(row['difference'])} percentage points, 95% interval {low} to {high}."
    return f"{start}{figure}{_tail(row)}"


def _tail(row: Row) -> str:
    said = {
        NO_FINDING: f" No finding: {row['caution']}.",
        UNCLEAR: " The two are not distinguishable.",
        SMALL: " There are too few people to say more.",
    }.get(row["finding"], "")
    clear = row["low"] > 0 or row["high"] < 0
    if is_shown(row["p_value"]) and row["finding"] in (LOWER, HIGHER, UNCLEAR) and clear != (row["p_value"] < 0.05):
        said += f" Interval and test (p = {p_value(row['p_value'])}) do not agree: the verdict depends on the method."
    return said


def series_can_and_cannot(table: SafeTable) -> Piece:
    """Two boxes: what the headlines support, each by itself, and what readers of one page must not conclude."""
    rows = _records(table)
    can = [headline_sentence(row) for row in rows if row["finding"] in (LOWER, HIGHER, UNCLEAR, DESCRIBED)]
    cannot = [
        "That one evaluation did better than another: outcomes, people, follow-up and designs differ, and nothing here "
        "puts them in an order.",
        "That the series as a whole had an effect of some size: no total or average of these lines means anything.",
    ]
    if any(row["strength_words"] != "5 of 5" for row in rows):
        cannot.append("That a service made the difference: no design below 5 of 5 drew lots for who got it.")
    if any(row["finding"] == UNCLEAR for row in rows):
        cannot.append("That there is no difference where none can be distinguished: look at how far it reaches.")
    if any(row["finding"] == NO_FINDING for row in rows):
        cannot.append("That a line marked as no finding is one: its prediction did not pass the check.")
    return say_boxes(can or ["There are too few people in every evaluation."], cannot)


def _tally(rows: list[Row]) -> str:
    """How many comparisons read how; lines of the same people that read alike are one, by several designs."""
    found: dict[str, list[int]] = {}
    for key in _keys(rows, "people_key"):
        own = [row["finding"] for row in rows if row["people_key"] == key]
        for finding in dict.fromkeys(own):
            found.setdefault(finding, []).append(own.count(finding))
    kinds = [finding for finding in (LOWER, HIGHER, UNCLEAR, NO_FINDING, SMALL) if finding in found]
    alone = sum(map(len, found.values())) == 1
    if alone:
        return f"{kinds[0]}{_designs(found[kinds[0]])}"
    of_all = [f" of {sum(map(len, found.values()))} comparisons", *[""] * (len(kinds) - 1)]
    return ", ".join(
        f"{kind} in {len(found[kind])}{of}{_designs(found[kind])}" for kind, of in zip(kinds, of_all, strict=True)
    )


def _designs(lines: list[int]) -> str:
    return f" (by {lines[0]} designs)" if len(lines) == 1 and lines[0] > 1 else ""


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _records(table: SafeTable) -> list[Row]:
    rows = pd.DataFrame(require_safe(table)).to_dict("records")
    return [{**row, "people_key": row["same_people"] or row["name"]} for row in rows]


def _keys(rows: Any, column: str) -> list[str]:
    return list(dict.fromkeys(row[column] for row in rows))


def _joined(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
