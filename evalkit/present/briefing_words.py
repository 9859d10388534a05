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

LIKE_THEM = "of the same age, sex, offence and criminal record, everywhere"
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
    MORE: "Yes. Chance, and the usual differences between places, seldom bring this. It does not say why: start with "
    "the checks.",
    FEWER: "Yes. Chance, and the usual differences between places, seldom bring this. It does not say why: make sure "
    "of the records first, then ask what others could learn.",
    WATCH_MORE: "Perhaps. Chance brings something like this now and then. Go through the checks, and look again next "
    "quarter.",
    WATCH_FEWER: "Perhaps. Chance brings something like this now and then. Go through the checks, and look again next "
    "quarter.",
    AS_EXPECTED: "No. Chance brings a difference like this all the time. It does not mean that nothing can improve.",
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
    heading = '<h2 class="visually-hidden">In short</h2>'
    return Piece(f'{heading}<p class="answer{amber}">{escaped(sentence)}</p>', sentence, facts)


def briefing_figures(table: SafeTable, unit: str, *, period: tuple[datetime.date, datetime.date]) -> Piece:
    """What was expected and what happened; empty where nothing is judged, or its numbers are hidden.

    period : first and last day on which the years of the people ended
    """
    if told_of(table, unit) in {TOO_SMALL, CHECK} or not _has_numbers(row := _row(table, unit)):
        return Piece("", "")
    people, expected, actual = (count(row[name]) for name in ("people", "predicted", "actual"))
    low, high = (count(row["predicted"] * row[f"adjusted_{end}_95"]) for end in ("low", "high"))
    sentence = f"Their years ended in {period_text(period)}. People like them: {LIKE_THEM}."
    shown = cards(
        Card(people, f"people of {unit}", "followed for a year"),
        Card(expected, "expected to be reconvicted", f"of {people} like them"),
        Card(actual, "were reconvicted", f"of the {people} here"),
        Card(f"{low}–{high}", "the usual range", "19 times in 20"),
    )
    return Piece(f"{shown.html}{_paragraph(sentence)}", f"{shown.text}\n{sentence}")


def briefing_chance(table: SafeTable, unit: str) -> Piece:
    """Whether it is more than chance; empty where nothing is judged."""
    words = told_of(table, unit)
    if words in {TOO_SMALL, CHECK}:
        return Piece("", "")
    row = _row(table, unit)
    chance = _chance(row, words) if _has_numbers(row) else f"{CHANCE[words]} {NOT_SHOWN}"
    return _part("Is that more than chance?", _paragraph(chance), chance)


def briefing_checks(table: SafeTable, quality: SafeTable, caseload: SafeTable, unit: str) -> Piece:
    """What to check first: missing scores, late records, records there twice, another kind of caseload.

    quality, caseload : the safe tables of what `monitored_units` returned under these names
    """
    words = told_of(table, unit)
    if words == TOO_SMALL:
        return Piece("", "")
    lines = [
        *_scores(_row(quality, unit), words),
        *_late(_row(quality, unit)),
        *_twice(_row(quality, unit)),
        *_changes(_row(table, unit)["people"], _row(caseload, unit)),
    ]
    items = "".join(f"<li>{escaped(line)}</li>" for line in lines)
    return _part("What to check first", f"<ul>{items}</ul>", "\n- ".join(["What to check first", *lines]))


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
        f"INTERIM. Of {count(row['people_90'])} people whose year is not counted yet, {count(row['actual_90'])} were "
        f"reconvicted in their first three months; of people like them about {count(row['predicted_90'])} would have "
        f"been (known up to {long_date(as_of)}). Too early to judge."
    )
    return _part("The latest months", _paragraph(sentence), sentence)


def briefing_contact(contact: str) -> Piece:
    """Whom to ask, and where the rest can be found."""
    sentence = f"Whom to ask: {contact}. All figures: rat.html."
    return Piece(_paragraph(sentence), sentence)


def briefing_boxes(*boxes: Sequence[Piece]) -> Piece:
    """The parts of the page that have something to say, in boxes side by side where there is room.

    boxes : the parts of each box, from the top
    """
    said = [[part for part in box if part.text] for box in boxes]
    if not any(said):
        return Piece("", "")
    markup = "".join(f"<div>{''.join(part.html for part in box)}</div>" for box in said if box)
    return Piece(f'<div class="say">{markup}</div>', "\n".join(part.text for box in said for part in box))


OF_YEAR, OF_RUN = "ratio of the period", "CUSUM"
"""What a unit's reason says where the whole year, or the run of the last quarter, is out of the ordinary."""


def _chance(row: dict[str, Any], words: str) -> str:
    """Whether it is more than chance, in the year or in the run of its last quarter."""
    way = "more" if words in {MORE, WATCH_MORE} else "fewer"
    run = f"the last quarter kept bringing {way} reconvictions than expected"
    if _is_run(row) and OF_YEAR not in row["reason"]:
        sure = "Yes, lately" if words in {MORE, FEWER} else "Perhaps, lately"
        return f"{sure}: over the whole year the number is not out of the ordinary, but {run}."
    return f"{CHANCE[words]}{f' Also, {run}.' if _is_run(row) else ''}"


def _is_run(row: dict[str, Any]) -> bool:
    return OF_RUN in row["reason"]


def _scores(row: dict[str, Any], words: str) -> Sequence[str]:
    if is_shown(row["unscored"]) and row["unscored"] > 0:
        share = f" ({percent(row['missing_share'])}%)" if is_shown(row["missing_share"]) else ""
        text = f"Missing scores: {count(row['unscored'])} people{share} have no risk score, and are left out."
    else:
        text = "Missing scores: hardly anybody is without a risk score." if words != CHECK else "Missing scores."
    if words == CHECK:
        text += " As long as more than 10% have none, or outcomes are missing, this page says nothing else."
        text += " Have the missing criminal records and dates completed."
    return [text]


def _late(row: dict[str, Any]) -> Sequence[str]:
    """Whether the end of the records falls short of what came before: entered late, or truly fewer."""
    ratio = row.get("recent_ratio")
    if ratio is None or not is_shown(ratio):
        return ["Late records: were convictions entered late, or many on one day?"]
    beside = "the three months up to the end of the records brought"
    if row["short"]:
        return [f"Late records: {beside} only {percent(ratio)}% of what the nine before let expect. Entered late?"]
    return ["Late records: no sign of it; the last three months are in line with the nine before."]


def _twice(row: dict[str, Any]) -> Sequence[str]:
    if is_shown(row["duplicates"]) and row["duplicates"] == 0:
        return ["Records there twice: none, unless one person has two numbers."]
    return ["Records there twice: some sentences are. Have the second ones removed."]


def _changes(people: Any, row: dict[str, Any]) -> Sequence[str]:
    before = row["people_before"]
    if not (is_shown(people) and is_shown(before) and before > 0):
        return ["Another caseload: there is no earlier year to compare with."]
    risk, risk_before = row["risk"], row["risk_before"]
    text = f"Another caseload: {count(before)} people the year before"
    if is_shown(risk) and is_shown(risk_before):
        text += f" at {percent(risk_before)}% average risk, now {count(people)} at {percent(risk)}%"
        changed = abs(people - before) >= CHANGED_SIZE * before or round(abs(risk - risk_before), 9) >= CHANGED_RISK
        asked = "A marked change: find out what lies behind it."
        return [f"{text}. {asked if changed else 'Much the same.'}"]
    return [f"{text}."]


def _row(table: SafeTable, unit: str) -> dict[str, Any]:
    for row in require_safe(table).to_dict("records"):
        if row["unit"] == unit:
            return {str(key): value for key, value in row.items()}
    raise DataError(f"'{unit}' is not among the units of this table")


def _has_numbers(row: dict[str, Any]) -> bool:
    return all(is_shown(row[name]) for name in ("people", "actual", "predicted"))


def _part(heading: str, markup: str, text: str) -> Piece:
    return Piece(f"<h3>{escaped(heading)}</h3>{markup}", text)


def _paragraph(text: str) -> str:
    return f"<p>{escaped(text)}</p>"
