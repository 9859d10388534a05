"""A page for a manager about one area or team: plain words, and no figure where there are too few people.

Each part takes the safe tables of all units of its kind, and the one it is about; a part with nothing to say is empty.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from evalkit.dates import long_date, period_text
from evalkit.errors import DataError
from evalkit.present.alert_words import (
    AS_EXPECTED,
    CHECK,
    FEWER,
    MORE,
    TOO_SMALL,
    WATCH_FEWER,
    WATCH_MORE,
    state_words,
)
from evalkit.present.blocks import Card, cards
from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count, percent

LIKE_THEM = "people of the same age, sex, offence and criminal record, in all places together"
CHANGED_SIZE, CHANGED_RISK = 0.20, 0.03
"""A change of this share in the number of people, or of this much in their average risk, is pointed out."""

HEADLINES = {
    MORE: "More people than expected were reconvicted in {unit}, by more than chance explains.",
    FEWER: "Fewer people than expected were reconvicted in {unit}, by more than chance explains.",
    WATCH_MORE: "Perhaps more people than expected were reconvicted in {unit}: keep an eye on it.",
    WATCH_FEWER: "Perhaps fewer people than expected were reconvicted in {unit}: keep an eye on it.",
    AS_EXPECTED: "About as many people as expected were reconvicted in {unit}.",
    CHECK: "The records of {unit} have to be checked before anything can be said.",
    TOO_SMALL: "There are too few people in {unit} to say anything.",
}

LATELY = {
    MORE: "Lately more people than expected were reconvicted in {unit}, by more than chance explains.",
    FEWER: "Lately fewer people than expected were reconvicted in {unit}, by more than chance explains.",
}
"""Headlines where the year as a whole is as expected, and only the run of its last quarter is not."""

CHANCE = {
    MORE: "Yes. Even allowing for the usual differences between places, a difference like this seldom comes about by "
    "chance alone. It does not say why. Start with the checks below.",
    FEWER: "Yes. Even allowing for the usual differences between places, a difference like this seldom comes about by "
    "chance alone. It does not say why. Make sure of the records first, with the checks below; then ask what others "
    "could learn.",
    WATCH_MORE: "Perhaps. Something like this comes about by chance now and then. Go through the checks below, and "
    "look again next quarter.",
    WATCH_FEWER: "Perhaps. Something like this comes about by chance now and then. Go through the checks below, and "
    "look again next quarter.",
    AS_EXPECTED: "No. A difference like this comes about by chance all the time. That does not mean that nothing can "
    "be improved.",
}


NOT_SHOWN = "The numbers are not shown here: they are small, or would give small ones elsewhere away."


def told_of(table: SafeTable, unit: str) -> str:
    """What a reader is told of one unit: by its state; too small where it has none.

    table : columns of `monitor` with unit, made safe
    """
    if unit not in set(require_safe(table)["unit"]):
        return TOO_SMALL
    row = _row(table, unit)
    return state_words(row["state"], row["direction"])


def briefing_answer(table: SafeTable, unit: str) -> Piece:
    """The first sentence of the page, which also stands in the list of all pages."""
    words = told_of(table, unit)
    row = _row(table, unit) if unit in set(table["unit"]) else {"reason": "", "within": ""}
    lately = _is_run(row) and OF_YEAR not in row["reason"]
    sentence = (LATELY.get(words, HEADLINES[words]) if lately else HEADLINES[words]).format(unit=unit)
    if words == TOO_SMALL:
        sentence += " That is neither good nor bad news."
    facts = {"headline": sentence, "finding": words, "within": str(row["within"])}
    amber = " amber" if words in {WATCH_MORE, WATCH_FEWER, CHECK} else ""
    return Piece(f'<p class="answer{amber}">{escaped(sentence)}</p>', sentence, facts)


def briefing_figures(table: SafeTable, unit: str, *, period: tuple[datetime.date, datetime.date]) -> Piece:
    """What was expected and what happened; empty where nothing is judged, or its numbers are hidden.

    period : first and last day on which the years of the people ended
    """
    if told_of(table, unit) in {TOO_SMALL, CHECK} or not _has_numbers(row := _row(table, unit)):
        return Piece("", "")
    people, expected, actual = (count(row[name]) for name in ("people", "predicted", "actual"))
    sentence = (
        f"Each of the {people} people of {unit} was followed for one year from the start of supervision. Those years "
        f"ended in {period_text(period)}. Of {people} people like them, about {expected} would have been reconvicted; "
        f"here {actual} were. People like them are {LIKE_THEM}."
    )
    shown = cards(
        Card(expected, "expected to be reconvicted", f"of {people} people like those here"),
        Card(actual, "were reconvicted", f"of the {people} people here"),
    )
    markup = f"<h2>What was expected, and what happened</h2>{shown.html}<p>{escaped(sentence)}</p>"
    return Piece(markup, f"{shown.text}\n{sentence}")


def briefing_chance(table: SafeTable, unit: str) -> Piece:
    """Whether it is more than chance; empty where nothing is judged."""
    words = told_of(table, unit)
    if words in {TOO_SMALL, CHECK}:
        return Piece("", "")
    row = _row(table, unit)
    chance = _chance(row, words) if _has_numbers(row) else f"{CHANCE[words]} {NOT_SHOWN}"
    return _box("Is that more than chance?", _paragraph(chance), chance)


def briefing_checks(table: SafeTable, quality: SafeTable, caseload: SafeTable, unit: str) -> Piece:
    """What to check first: missing scores, late records, people counted twice, another kind of caseload.

    quality, caseload : the safe tables of what `monitored_units` returned under these names
    """
    words = told_of(table, unit)
    if words == TOO_SMALL:
        return Piece("", "")
    lines = [
        *_scores(_row(quality, unit), words),
        "Late records: were convictions entered late, or many on one day? The figures cannot show it; your records "
        "team can.",
        *_twice(_row(quality, unit)),
        *_changes(_row(table, unit)["people"], _row(caseload, unit)),
    ]
    items = "".join(f"<li>{escaped(line)}</li>" for line in lines)
    return _box("What to check first", f"<ul>{items}</ul>", "\n- ".join(["What to check first", *lines]))


def briefing_early(table: SafeTable, early: SafeTable, unit: str, *, as_of: datetime.date) -> Piece:
    """The first three months of the people whose year is not over yet, marked INTERIM; empty where there is nothing.

    early : from `make_early_safe`
    as_of : last day on which outcomes are known
    """
    rows = [row for row in require_safe(early).to_dict("records") if row["unit"] == unit]
    if told_of(table, unit) in {TOO_SMALL, CHECK} or not rows or not is_shown(rows[0]["actual_90"]):
        return Piece("", "")
    row: dict[Any, Any] = rows[0]
    if row["people_90"] == 0:
        return Piece("", "")
    sentence = (
        f"INTERIM. Of the {count(row['people_90'])} people whose year was not yet counted and who had been under "
        f"supervision for three months by {long_date(as_of)}, {count(row['actual_90'])} were reconvicted in those "
        f"three months; {count(row['predicted_90'])} of people like them would have been. It is too early to conclude "
        "anything from this."
    )
    return _box("The latest months", _paragraph(sentence), sentence)


def briefing_contact(contact: str) -> Piece:
    """Whom to ask, and where the rest can be found."""
    sentence = (
        f"Ask {contact}. The full report on all areas and teams (rat.html) has every figure, how sure each of them is, "
        "and how they were made. Nothing on this page compares one team with another: there is no ranking."
    )
    return _box("Whom to ask", _paragraph(sentence), sentence)


def briefing_boxes(*parts: Piece) -> Piece:
    """The parts of the page that have something to say, side by side where there is room."""
    said = [part for part in parts if part.text]
    heading = '<h2 class="visually-hidden">What it means, and what to do</h2>'
    return Piece(
        f'{heading}<div class="say">{"".join(part.html for part in said)}</div>', "\n".join(part.text for part in said)
    )


OF_YEAR, OF_RUN = "ratio of the period", "CUSUM"
"""What a unit's reason says where the whole year, or the run of the last quarter, is out of the ordinary."""


def _chance(row: dict[str, Any], words: str) -> str:
    """Whether it is more than chance, and between which numbers the count would mostly lie (the limits that decide)."""
    low, high = (row["predicted"] * row[f"adjusted_{end}_95"] for end in ("low", "high"))
    usual = f"In a place like this the number would mostly, 19 times in 20, lie between {count(low)} and {count(high)}."
    way = "more" if words in {MORE, WATCH_MORE} else "fewer"
    run = f"person after person, the last quarter kept bringing {way} reconvictions than expected"
    if _is_run(row) and OF_YEAR not in row["reason"]:
        sure = "Yes, lately" if words in {MORE, FEWER} else "Perhaps, lately"
        return f"{sure}: over the whole year the number is not out of the ordinary, but {run}. {usual}"
    return f"{CHANCE[words]} {usual}{f' Also, {run}.' if _is_run(row) else ''}"


def _is_run(row: dict[str, Any]) -> bool:
    return OF_RUN in row["reason"]


def _scores(row: dict[str, Any], words: str) -> Sequence[str]:
    if is_shown(row["unscored"]) and row["unscored"] > 0:
        share = f" ({percent(row['missing_share'])}%)" if is_shown(row["missing_share"]) else ""
        text = f"Missing scores: {count(row['unscored'])} people{share} have no risk score, and are in no figure here."
    else:
        text = "Missing scores: hardly anybody is without a risk score." if words != CHECK else "Missing scores."
    if words == CHECK:
        text += " As long as more than 10% have none, or outcomes are missing, this page says nothing else."
        text += " Have the missing criminal records and dates completed."
    return [text]


def _twice(row: dict[str, Any]) -> Sequence[str]:
    if is_shown(row["duplicates"]) and row["duplicates"] == 0:
        return ["People counted twice: none under one number. Is anybody on the books under two?"]
    return ["People counted twice: there are some. Have their records put together."]


def _changes(people: Any, row: dict[str, Any]) -> Sequence[str]:
    before = row["people_before"]
    if not (is_shown(people) and is_shown(before) and before > 0):
        return ["Another caseload: there is no earlier year to compare with."]
    risk, risk_before = row["risk"], row["risk_before"]
    text = f"Another caseload: {count(people)} people, against {count(before)} the year before"
    if is_shown(risk) and is_shown(risk_before):
        text += f"; their average risk was {percent(risk)}%, against {percent(risk_before)}%"
        changed = abs(people - before) >= CHANGED_SIZE * before or round(abs(risk - risk_before), 9) >= CHANGED_RISK
        asked = "That is a marked change: find out what lies behind it."
        return [f"{text}. {asked if changed else 'That is much the same.'}"]
    return [f"{text}."]


def _row(table: SafeTable, unit: str) -> dict[str, Any]:
    for row in require_safe(table).to_dict("records"):
        if row["unit"] == unit:
            return {str(key): value for key, value in row.items()}
    raise DataError(f"'{unit}' is not among the units of this table")


def _has_numbers(row: dict[str, Any]) -> bool:
    return all(is_shown(row[name]) for name in ("people", "actual", "predicted"))


def _box(heading: str, markup: str, text: str) -> Piece:
    return Piece(f"<div><h3>{escaped(heading)}</h3>{markup}</div>", text)


def _paragraph(text: str) -> str:
    return f"<p>{escaped(text)}</p>"
