"""Monitored units and cohorts in words, chosen by rule from their state. Units are named, never ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.errors import DataError
from evalkit.present.disclosure import SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.labels import readable
from evalkit.present.numbers import count, percent, ratio
from evalkit.present.tables import show_table
from evalkit.present.words import lower_first, say_boxes

MORE, FEWER, CHECK = "more than people like them", "fewer than people like them", "data to be checked first"
TOO_SMALL, AS_EXPECTED = "too small to judge", "as expected"
WATCH_MORE, WATCH_FEWER = "watch: perhaps more", "watch: perhaps fewer"

STATE_WORDS: Mapping[tuple[str, str], str] = {
    ("alert", "worse"): MORE,
    ("alert", "better"): FEWER,
    ("watch", "worse"): WATCH_MORE,
    ("watch", "better"): WATCH_FEWER,
    ("as expected", ""): AS_EXPECTED,
    ("data-quality hold", ""): CHECK,
    ("too small to judge", ""): TOO_SMALL,
}
"""State and direction of a unit -> what a reader is told."""

MARKS = {MORE: "red", FEWER: "red", WATCH_MORE: "amber", WATCH_FEWER: "amber", CHECK: "amber"}
"""What is told -> colour of its row: an alert of either direction is to be looked at; the others have none."""

NEEDS_A_LOOK = (MORE, FEWER, CHECK)
NAMED = 4
"""So many units are named in a sentence; of more, the number is given."""


def state_words(state: str, direction: str) -> str:
    """What a reader is told of a unit in some state. Raises DataError for one that is not known."""
    words = STATE_WORDS.get((state, direction))
    if words is None:
        known = ", ".join(sorted({name for name, _ in STATE_WORDS}))
        raise DataError(f"state '{state}', direction '{direction}': there are no words for it (known: {known})")
    return words


def show_alerts(table: SafeTable, *, caption: str, columns: str = "alerts", notes: Sequence[str] = ()) -> Piece:
    """Units or cohorts with what the figures say in words, and in colour; sorted as given, without ranks.

    table   : columns of `monitor` with unit, or of `monitor_cohorts`, made safe
    columns : the layout: 'alerts' or 'cohort alerts'
    """
    rows = _rows(table)
    told = [state_words(row["state"], row["direction"]) for row in rows]
    written = table.assign(finding=told, mark=[MARKS.get(words, "") for words in told])
    if "cohort" in table:
        written["cohort"] = [_cohort(row) for row in rows]
    safe = make_safe(written, counts=[], threshold=table.threshold)
    return show_table(safe, caption=caption, columns=columns, notes=notes, flag="mark")


def monitoring_answer(
    teams: SafeTable, areas: SafeTable, cohorts: SafeTable, common: SafeTable, *, units: tuple[str, str]
) -> Piece:
    """The headline: how many units need a look, which, and how far everybody is from the score, said once.

    teams, areas, cohorts : as in `show_alerts`
    common                : one row: people, actual, predicted, ratio with its limits, of everybody
    units                 : what teams and areas are called: ('teams', 'areas')
    """
    tables = list(zip((teams, areas), units, strict=True))
    headline = " and ".join(_how_many(table, called) for table, called in tables)
    needing = sum(len(_told(table)[words]) for table, _ in tables for words in NEEDS_A_LOOK)
    headline = f"{headline[0].upper()}{headline[1:]} need{'s' if needing == 1 else ''} a look."
    details = [sentence for table, called in tables for sentence in _details(table, called)]
    details.append(_alerts_of_cohorts(cohorts))
    shift = common_shift(common)
    markup = (
        f'<p class="answer">{escaped(headline)}</p><p class="beware">{escaped(" ".join(details))}</p>'
        f'<p class="beware">{escaped(shift)}</p>'
    )
    return Piece(markup, "\n".join([headline, *details, shift]))


def common_shift(common: SafeTable) -> str:
    """How far everybody together is from the score: the one finding that is no unit's own."""
    (row,) = _rows(common)
    if not (is_shown(row["actual"]) and is_shown(row["ratio"])):
        return "There are too few people to say how far everybody together is from the score."
    return (
        f"Everybody together: {count(row['actual'])} of {count(row['people'])} people were reconvicted within a year, "
        f"{ratio(row['ratio'])} times the number that their scores predict (95% interval {ratio(row['ratio_low'])} to "
        f"{ratio(row['ratio_high'])}). That is said here once, and taken out of every comparison below: each unit is "
        "compared with people of the same risk in all units together."
    )


def monitoring_can_and_cannot(teams: SafeTable, cohorts: SafeTable, *, units: str) -> Piece:
    """Two boxes: what the states support, and what readers are tempted to conclude and must not.

    units : what the teams are called
    """
    can = [*_details(teams, units), _alerts_of_cohorts(cohorts)]
    cannot = [
        f"That the work of any of these {units} made the difference: people differ in more than the score knows.",
        f"That one of the {units} does better or worse than another: each is compared with everybody, none with each "
        "other, and there is no ranking in these figures.",
        f"That {units} as expected are all alike, or that nothing can be improved there: only that chance and the "
        "usual spread explain what is seen.",
        "That too small to judge is good: it says nothing either way.",
        "That people from a cohort with more reconvictions are at fault: it asks whether their needs are being met.",
    ]
    return say_boxes(can, cannot)


def interim_finding(table: SafeTable) -> str:
    """Title of the interim curves: how far the first of them has come. It names no state: nothing is decided by it.

    table : what `make_curves_safe` returned
    """
    rows = _rows(table)
    own = [row for row in rows if row["unit"] == rows[0]["unit"] and is_shown(row["actual_share"])]
    if not own:
        return "INTERIM: too few people to show"
    last = own[-1]
    return (
        f"INTERIM: {last['unit']}, {percent(last['actual_share'])}% reconvicted by day {count(last['day'])}, "
        f"{percent(last['predicted_share'])}% expected by then"
    )


def _how_many(table: SafeTable, called: str) -> str:
    needing = sum(len(_told(table)[words]) for words in NEEDS_A_LOOK)
    return f"{count(needing) if needing else 'none'} of {count(len(table))} {called}"


def _details(table: SafeTable, called: str) -> list[str]:
    """What is found among the units: one sentence for those that need a look, one for the others."""
    told = _told(table)
    looked = {
        MORE: "more people were reconvicted than among people like them in",
        FEWER: "fewer were reconvicted than among people like them in",
        CHECK: "the data must be checked first in",
    }
    parts = [f"{text} {_names(told[words])}" for words, text in looked.items() if told[words]]
    rest = {
        f"on watch ({_names([*told[WATCH_MORE], *told[WATCH_FEWER]])})": len(told[WATCH_MORE]) + len(told[WATCH_FEWER]),
        "as expected": len(told[AS_EXPECTED]),
        "too small to judge": len(told[TOO_SMALL]),
    }
    others = ", ".join(f"{count(many)} {'are' if many > 1 else 'is'} {words}" for words, many in rest.items() if many)
    if not parts and len(told[AS_EXPECTED]) == len(table):
        return [f"All {count(len(table))} {called} are as expected."]
    found = [f"Of the {called}: {'; '.join(parts)}."] if parts else []
    return [*found, *([f"Of the {'others' if parts else called}, {others}."] if others else [])]


def _alerts_of_cohorts(cohorts: SafeTable) -> str:
    rows = [(lower_first(_cohort(row)), state_words(row["state"], row["direction"])) for row in _rows(cohorts)]
    parts = []
    for words, text in ((MORE, "more reconvictions than among people like them"), (FEWER, "fewer")):
        names = [name for name, told in rows if told == words]
        if names:
            parts.append(f"{text} in {_names(names)}")
    if not parts:
        return f"None of {count(len(rows))} cohorts stands out."
    asked = " The needs of a cohort with more may not be met." if parts[0].startswith("more") else ""
    return f"Of {count(len(rows))} cohorts: {', '.join(parts)}.{asked}"


def _cohort(row: Mapping[str, Any]) -> str:
    return readable(f"{row['characteristic']}: {row['cohort']}")


def _told(table: SafeTable) -> dict[str, list[str]]:
    """What is told -> the units of which it is told, in the order of the table."""
    told: dict[str, list[str]] = {words: [] for words in STATE_WORDS.values()}
    for row in _rows(table):
        told[state_words(row["state"], row["direction"])].append(str(row["unit"]))
    return told


def _names(names: Sequence[str]) -> str:
    if len(names) > NAMED:
        return f"{count(len(names))} of them"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _rows(table: SafeTable) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in require_safe(table).to_dict("records")]
