"""Results as sentences, chosen by rule: lower than predicted, not distinguishable, higher, or too small to say.

Every sentence takes a row of a safe table and carries its interval. Differences are in percentage points. No sentence
here says that a service brought a difference about: the designs of these tables cannot show that.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from evalkit.errors import SpecError
from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.layouts import LAYOUTS
from evalkit.present.numbers import count, p_value, percent, points

SMALLEST_GROUP = 30
"""Fewer people than this are described, not compared."""

SMALLEST_COUNT = 10
"""With fewer people reconvicted (or not reconvicted) than this, a comparison says too little."""

AMBER_ABOVE = 0.10
"""With a larger share of people unscored a headline turns amber."""

RANDOMISED = 5
"""Highest design strength on the Maryland scale."""

LOWER, HIGHER, UNCLEAR, SMALL = "lower", "higher", "not distinguishable", "too small"


def lower_first(sentence: str) -> str:
    """A sentence as part of another."""
    return sentence[:1].lower() + sentence[1:]


def row_of(table: SafeTable, name: str, *, complement: bool = False) -> dict[str, Any]:
    """The row of one group, or of its complement, as a mapping."""
    rows = [row for row in _rows(require_safe(table)) if row["name"] == name and row["complement"] == complement]
    if not rows:
        raise SpecError(f"the report needs a group called '{name}' (declared: {', '.join(table['name'].unique())})")
    return rows[0]


def verdict(row: dict[str, Any]) -> str:
    """Which of the four findings a row supports."""
    people, actual = row["people"], row["actual"]
    if not (is_shown(people) and is_shown(actual) and is_shown(row["difference_low"])):
        return SMALL
    if people < SMALLEST_GROUP or min(actual, people - actual) < SMALLEST_COUNT:
        return SMALL
    if row["difference_high"] < 0:
        return LOWER
    return HIGHER if row["difference_low"] > 0 else UNCLEAR


def finding(row: dict[str, Any], *, who: str) -> str:
    """One sentence: actual against predicted, with the difference, its interval and the number of people."""
    kind = verdict(row)
    if kind == SMALL:
        return f"There are too few {who} to compare them with the prediction."
    rates = (
        f"{percent(row['actual_rate'])}% of the {count(row['people'])} {who} were {row['outcome']} within "
        f"{row['horizon']}, against {percent(row['predicted_rate'])}% predicted"
    )
    if kind == UNCLEAR:
        return f"{rates}: not distinguishable from the prediction ({_points_interval(row)} percentage points)."
    fewer, word = row["fewer_people"], "fewer" if kind == LOWER else "more"
    low, high = sorted((abs(row["fewer_people_low"]), abs(row["fewer_people_high"])))
    return (
        f"{rates}: {unsigned(row['difference'])} percentage points {kind} ({magnitude_interval(row)}), or "
        f"{count(abs(fewer))} {word} people than predicted ({count(low)} to {count(high)})."
    )


def answer(table: SafeTable, name: str, *, who: str, unscored: SafeTable | None = None) -> Piece:
    """The headline of a report: the finding for one group.

    unscored : the table of people without a score; with more than a tenth of the group in it the headline says so and
               turns amber
    """
    row = row_of(table, name)
    naive = " This figure is naive." if row["immortal_time"] and verdict(row) != SMALL else ""
    return answer_piece(finding(row, who=who) + naive, row, unscored=unscored)


def answer_piece(sentence: str, row: dict[str, Any], *, unscored: SafeTable | None) -> Piece:
    """A headline about the group of a row; amber, and saying so, where more than a tenth of it has no score."""
    sizes = {
        name: row[f"difference{limit}"] for name, limit in (("difference", ""), ("low", "_low"), ("high", "_high"))
    }
    shown = {name: float(value) if is_shown(value) else None for name, value in sizes.items()}
    facts = {"headline": sentence, "finding": verdict(row), **shown}
    return _answer(sentence, caution=_caution(unscored, row["name"]), facts=facts)


def _caution(unscored: SafeTable | None, name: str) -> str:
    if unscored is None:
        return ""
    rows = [row for row in _rows(require_safe(unscored)) if row["name"] == name and is_shown(row["share"])]
    if not rows or rows[0]["share"] <= AMBER_ABOVE:
        return ""
    return f" {percent(rows[0]['share'])}% of these people could not be scored and are left out: read this with care."


def _answer(sentence: str, *, caution: str = "", facts: dict[str, Any] | None = None) -> Piece:
    """A headline; the two rates it compares are set off."""
    marked = re.sub(r"(\d+\.\d%)", r"<strong>\1</strong>", escaped(sentence), count=2)
    amber = ' amber"' if caution else '"'
    return Piece(f'<p class="answer{amber}>{marked}{escaped(caution)}</p>', sentence + caution, facts or {})


def beware(table: SafeTable, name: str, *, who: str, caveat: str) -> Piece:
    """The second sentence of a headline: how the people outside the group fared, and what that means."""
    row = row_of(table, name, complement=True)
    kind = verdict(row)
    if kind == SMALL:
        sentence = f"There are too few {who} to set beside them."
    elif kind == UNCLEAR:
        sentence = f"Among the {count(row['people'])} {who} the rate was not distinguishable from the prediction"
        sentence += f" ({_points_interval(row)} percentage points)."
    else:
        same = kind == verdict(row_of(table, name))
        how = f"{'also ' if same else ''}{row['outcome']} {'less' if kind == LOWER else 'more'} than predicted"
        sentence = f"{'But the' if same else 'The'} {count(row['people'])} {who} were {how}"
        sentence += f", by {unsigned(row['difference'])} points ({magnitude_interval(row)})."
    text = f"{sentence} {caveat}"
    return Piece(f'<p class="beware">{escaped(text)}</p>', text)


def chart_finding(table: SafeTable) -> str:
    """What an actual-against-predicted chart shows, in one line."""
    rows = [row for row in _rows(require_safe(table)) if row["predictions"] != "estimated" or not row["complement"]]
    kinds = [verdict(row) for row in rows]
    if set(kinds) <= {SMALL}:
        return "The groups are too small to compare with the prediction"
    outcome = rows[0]["outcome"]
    if len(rows) == 1:
        how = {LOWER: f"{outcome} less than predicted", HIGHER: f"{outcome} more than predicted"}
        return f"{rows[0]['label']}: {how.get(kinds[0], 'not distinguishable from the prediction')}"
    if set(kinds) == {LOWER}:
        return f"Every group was {outcome} less than predicted, also those outside"
    parts = {
        LOWER: f"{outcome} less than predicted",
        HIGHER: "more",
        UNCLEAR: "not distinguishable",
        SMALL: "too small to say",
    }
    found = ", ".join(f"{kinds.count(kind)} {text}" for kind, text in parts.items() if kind in kinds)
    return f"Of {len(rows)} groups: {found}"


def most_frequent(table: SafeTable, layout: str, *, what: str) -> str:
    """What a chart of frequencies shows, in one line: the first category, its count, base and percentage."""
    name, counted, share = list(LAYOUTS[layout])[:3]
    shown = [row for row in require_safe(table).to_dict("records") if is_shown(row[counted])]
    if not shown:
        return f"The numbers of {what} are too small to show" if len(table) else f"There are no {what}"
    first = shown[0]
    return (
        f"{first[name]} comes first: {count(first[counted])} of {count(first['of'])} {what} ({percent(first[share])}%)"
    )


_PLURAL = {"agrees": "agree with the rows", "does not reconcile": "do not reconcile", "not from rows": "not from rows"}


def reconciliation(table: SafeTable) -> Piece:
    """How many published figures agree with their recomputed values, and how many do not. One paragraph."""
    if require_safe(table).empty:
        return Piece("<p>The specification declares no published figures.</p>", "No published figures are declared.")
    verdicts = table["verdict"].value_counts()
    parts = ", ".join(f"{number} {_PLURAL.get(str(verdict), verdict)}" for verdict, number in verdicts.items())
    sentence = f"Of {len(table)} published figures: {parts}."
    return Piece(f"<p>{escaped(sentence)}</p>", sentence)


def rates_answer(table: SafeTable) -> Piece:
    """The headline of two independent groups: both rates, their difference with its interval, and the exact p."""
    return _answer(rates_finding(_rows(require_safe(table))[0]))


def rates_finding(row: dict[str, Any]) -> str:
    """One sentence on two independent rates. Says so where interval and exact test do not agree at 5%."""
    if not is_shown(row["difference"]):
        return "The groups are too small to compare."
    sentence = (
        f"{percent(row['rate_a'])}% of the {count(row['people_a'])} people in the group “{row['label']}” were "
        f"{row['outcome']} within {row['horizon']}, against {percent(row['rate_b'])}% of the {count(row['people_b'])} "
        f"in the group “{row['complement_label']}”"
    )
    low, high = points(row["low"]), points(row["high"])
    interval = f"{points(row['difference'])} percentage points, 95% interval {low} to {high}"
    clear = row["high"] < 0 or row["low"] > 0
    edge = clear != (row["p_value"] < 0.05)
    sentence += f": {interval}." if clear else f". The two are not distinguishable ({interval})."
    if edge:
        sentence += (
            f" Fisher's exact test gives p = {p_value(row['p_value'])}: at 5% the verdict depends on the method."
        )
    return sentence


def can_and_cannot_say(table: SafeTable, *, who: str, strength: int) -> Piece:
    """Two boxes: what this table supports, and what readers are tempted to conclude and must not.

    who      : the service or programme, as the sentences name it
    strength : of the design, on the Maryland scale (5: randomised)
    """
    rows = _rows(require_safe(table))
    can = [
        finding(row, who=f"people in the group “{row['label']}”")
        + (" This figure is naive." if row["immortal_time"] else "")
        for row in rows
        if not row["complement"]
    ]
    return say_boxes(can, _cannot_say(rows, who, strength))


def say_boxes(can: list[str], cannot: list[str]) -> Piece:
    """Two boxes of sentences: what a reader can say, and what not."""
    boxes = (("can", "You can say", can), ("cannot", "You cannot say", cannot))
    markup = "".join(
        f'<div class="{kind}"><h3>{heading}</h3><ul>{"".join(f"<li>{escaped(line)}</li>" for line in lines)}</ul></div>'
        for kind, heading, lines in boxes
    )
    text = "\n".join("\n- ".join([heading, *lines]) for _, heading, lines in boxes)
    return Piece(f'<div class="say">{markup}</div>', text)


def _cannot_say(rows: list[dict[str, Any]], who: str, strength: int) -> list[str]:
    lines = []
    if strength < RANDOMISED:
        lines.append(f"That {who} made the difference: those it reaches differ from the others in more than the score.")
    else:
        lines.append(
            f"That {who} would go with the same difference elsewhere or today: these are the people of one study."
        )
    if any(verdict(row) == UNCLEAR for row in rows):
        lines.append(
            "That there is no difference where none can be distinguished: look at how far the interval reaches."
        )
    if any(row["immortal_time"] for row in rows):
        lines.append(
            "That finding or keeping work goes with fewer reconvictions: to reach these groups a person must first "
            "have stayed unconvicted, which alone makes their rates lower (immortal time)."
        )
    if any(row["predictions"] == "estimated" for row in rows):
        lines.append(
            "That the prediction has been checked: it was fitted in this study, on the people of the other group."
        )
    else:
        lines.append("That the score predicts these people well: a comparison with it is no check of it.")
    return lines


def _rows(table: SafeTable) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in pd.DataFrame(table).to_dict("records")]


def _points_interval(row: dict[str, Any]) -> str:
    return (
        f"{points(row['difference'])}, 95% interval {points(row['difference_low'])} to {points(row['difference_high'])}"
    )


def magnitude_interval(row: dict[str, Any]) -> str:
    """The interval of a difference whose direction is said in words: without signs, smaller end first."""
    low, high = sorted((abs(row["difference_low"]), abs(row["difference_high"])))
    return f"95% interval {unsigned(low)} to {unsigned(high)}"


def unsigned(difference: float) -> str:
    """A difference in percentage points without its sign."""
    return points(abs(difference)).removeprefix("+")
