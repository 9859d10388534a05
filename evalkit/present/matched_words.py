"""A matched comparison as sentences, chosen by rule: lower, not distinguishable, higher, or too small to say.

Every sentence takes a row of a safe table of measures and carries its interval. A difference that cannot be
distinguished from none is called that; it is never called the absence of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from evalkit.errors import SpecError
from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import MINUS, count, percent, points
from evalkit.present.words import HIGHER, LOWER, RANDOMISED, SMALL, SMALLEST_GROUP, UNCLEAR, say_boxes

MATCHED = 3
"""Strength of a matched design on the Maryland scale."""

OTHERS = {MATCHED: "the matched comparison group", RANDOMISED: "the comparison group"}


class Kind(NamedTuple):
    """How a kind of measure is put into words: values, differences with sign, their directions, and whose they are."""

    value: Callable[[float], str]
    difference: Callable[[float], str]
    unit: str
    directions: Mapping[str, str]
    among: str = "among"
    whom: str = "{} "
    of: str = "in"


def matched_verdict(row: Mapping[str, Any]) -> str:
    """Which of the four findings a row of measures supports."""
    needed = [row[name] for name in ("estimate", "low", "high", "treated_value", "comparison_value", "n_treated")]
    if not (row["headline"] and all(is_shown(value) for value in needed)) or row["n_treated"] < SMALLEST_GROUP:
        return SMALL
    if row["high"] < 0:
        return LOWER
    return HIGHER if row["low"] > 0 else UNCLEAR


def matched_finding(row: Mapping[str, Any], *, who: str, outcome: str = "", strength: int = MATCHED) -> str:
    """One sentence on one measure: both values, the difference with its interval, the number of people.

    who      : the treated people, as the sentence names them
    outcome  : what happened to them ('reconvicted within a year'), for a rate; empty: the sentence begins with the
               label of the measure
    strength : of the design, on the Maryland scale; from 5 on the comparison group is not called matched
    """
    others, kind = _others(strength), matched_verdict(row)
    label = "" if outcome else f"{row['label']}: "
    if kind == SMALL:
        few = f"{label}{'there' if label else 'There'} are too few {who} to compare them with {others}"
        return f"{few} ({row['reason']})." if row["reason"] else f"{few}."
    words = KINDS[row["kind"]]
    were = f" were {outcome}" if outcome else ""
    values = (
        f"{label}{words.value(row['treated_value'])} {words.among} the {words.whom.format(count(row['n_treated']))}"
        f"{who}{were}, against {words.value(row['comparison_value'])} {words.of} {others}"
    )
    low, high = words.difference(row["low"]), words.difference(row["high"])
    if kind == UNCLEAR:
        difference = words.difference(row["estimate"])
        unclear = f"{values}: not distinguishable ({difference}, {_level(row)} interval {low} to {high} {words.unit})."
        return unclear + _needed(row, who)
    smaller, larger = sorted((row["low"], row["high"]), key=abs)
    interval = f"{_level(row)} interval {_size(words, smaller)} to {_size(words, larger)}"
    return f"{values}: {_size(words, row['estimate'])} {words.unit} {words.directions[kind]} ({interval})."


def could_show(strength: SafeTable) -> Piece:
    """What the numbers could show at all, to be read before what they do show.

    strength : the safe table of a matched comparison's strength; its first line is the smallest detectable difference
    """
    first = require_safe(strength).iloc[0]
    text = f"Before the result: {first['label'][0].lower()}{first['label'][1:]}: {first['value']}, {first['meaning']}."
    return Piece(f'<p class="note">{escaped(text)}</p>', text)


def matched_answer(table: SafeTable, name: str, *, who: str, outcome: str, strength: int = MATCHED) -> Piece:
    """The headline of a matched comparison: the finding for one measure.

    table : the safe table of measures, with the columns of `seven_measures`; where it has people_needed (how many
            treated people it would take), a measure that cannot be distinguished says so
    name  : of the measure
    who, outcome, strength : as in `matched_finding`

    Raises SpecError where there is no such measure.
    """
    rows = [row for row in _rows(table) if row["name"] == name]
    if not rows:
        raise SpecError(f"the report needs a measure called '{name}' (there are: {', '.join(table['name'])})")
    sentence = matched_finding(rows[0], who=who, outcome=outcome, strength=strength)
    marked = re.sub(r"(\d+\.\d%)", r"<strong>\1</strong>", escaped(sentence), count=2)
    return Piece(f'<p class="answer">{marked}</p>', sentence)


def matched_can_and_cannot(table: SafeTable, *, service: str, who: str, strength: int = MATCHED) -> Piece:
    """Two boxes: what the measures support, and what readers are tempted to conclude and must not.

    service  : the service or programme, as the sentences name it
    who      : the treated people
    strength : of the design: 3 matched, 5 randomised
    """
    rows = _rows(table)
    can = [matched_finding(row, who=who, strength=strength) for row in rows]
    return say_boxes(can, _cannot_say(rows, service, who, strength))


def _cannot_say(rows: list[dict[str, Any]], service: str, who: str, strength: int) -> list[str]:
    lines = []
    if strength < RANDOMISED:
        lines.append(
            f"That {service} made the difference: the groups are alike in what is recorded, and may differ in what is "
            "not."
        )
        lines.append(f"That it holds for {who} who could not be matched: they are not part of the comparison.")
    lines.append(f"That {service} would go with the same difference elsewhere or today: these are people of one study.")
    verdicts = [matched_verdict(row) for row in rows]
    if UNCLEAR in verdicts:
        lines.append(
            "That there is no difference where none can be distinguished: look at how far the interval reaches."
        )
    compared = len(verdicts) - verdicts.count(SMALL)
    if compared > 1:
        lines.append(
            f"That one measure among {compared} is a finding by itself: with no true difference about one in twenty "
            "stands out by chance. The one named beforehand counts."
        )
    return lines


def _others(strength: int) -> str:
    return OTHERS[RANDOMISED if strength >= RANDOMISED else MATCHED]


def _needed(row: Mapping[str, Any], who: str) -> str:
    """How many people would settle it, where that is known."""
    people = row.get("people_needed")
    if not is_shown(people):
        return ""
    enough = count(float(people or 0))
    return f" It would take {enough} {who} to tell a difference of this size from none (80% power)."


def _level(row: Mapping[str, Any]) -> str:
    return f"{100 * row['level']:g}%"


def _size(words: Kind, difference: float) -> str:
    """A difference without its sign."""
    return words.difference(abs(difference)).removeprefix("+")


def _rows(table: SafeTable) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in require_safe(table).to_dict("records")]


def _signed(decimals: int) -> Callable[[float], str]:
    """Writes a difference with its sign; with another decimal where one would show zero."""

    def write(value: float) -> str:
        for places in (decimals, decimals + 1, decimals + 2):
            if float(text := f"{value:+.{places}f}"):
                return text.replace("-", MINUS)
        return "0"

    return write


KINDS: dict[str, Kind] = {
    "rate": Kind(
        value=lambda value: f"{percent(value)}%",
        difference=points,
        unit="percentage points",
        directions={LOWER: "lower", HIGHER: "higher"},
        among="of",
        of="of",
    ),
    "count": Kind(
        value=lambda value: f"{value:.2f} per person",
        difference=_signed(2),
        unit="per person",
        directions={LOWER: "lower", HIGHER: "higher"},
    ),
    "days": Kind(
        value=lambda value: f"{value:.1f} days",
        difference=_signed(1),
        unit="days",
        directions={LOWER: "earlier", HIGHER: "later"},
        whom="{} with the outcome of the ",
    ),
}
"""By the kind of a declared measure."""
