"""Sentences about groups that people reach after the index date: the fair figure first, the naive one beside it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evalkit.errors import SpecError
from evalkit.present.blocks import Card
from evalkit.present.disclosure import CONFIDENTIAL, SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count, percent, points, written
from evalkit.present.words import (
    LOWER,
    SMALL,
    UNCLEAR,
    answer_piece,
    finding,
    lower_first,
    magnitude_interval,
    say_boxes,
    unsigned,
    verdict,
)

PRIMARY = "sequential"
"""The design whose figure is the headline."""


SAME_PEOPLE = ("sequential", "own_lag")
"""Designs that follow the same people of a group: what is hidden of them in one must be hidden in the other."""


def make_designs_safe(table: pd.DataFrame, *, threshold: int = 10) -> SafeTable:
    """The table of `side_by_side` made safe, the same people's outcomes in all their rows.

    threshold : as in `make_safe`

    Raises DataError as `make_safe` does.
    """
    safe = make_safe(table, counts={"people": None, "actual": "people"}, within="design", threshold=threshold)
    cells = pd.DataFrame(safe).astype(object)
    if not (cells == CONFIDENTIAL).to_numpy().any():
        return safe
    for _, rows in cells[cells["design"].isin(SAME_PEOPLE)].groupby("name"):
        hidden = [name for name in rows if (rows[name] == CONFIDENTIAL).any()]
        cells.loc[rows.index, hidden] = CONFIDENTIAL
    return make_safe(cells, counts=[], threshold=threshold)


def design_row(table: SafeTable, name: str, design: str = PRIMARY) -> dict[str, Any]:
    """The row of one group by one design, as a mapping."""
    rows = pd.DataFrame(require_safe(table)).query("name == @name and design == @design").to_dict("records")
    if not rows:
        raise SpecError(f"the report needs a group called '{name}' by the design '{design}'")
    return {str(key): value for key, value in rows[0].items()}


def fair_finding(row: dict[str, Any], *, who: str, others: str) -> str:
    """One sentence: the group against comparable people, followed from the same day, with the difference and interval.

    who, others : the people of the group, and those beside them, as the sentence calls them
    """
    kind = verdict(row)
    if kind == SMALL:
        return f"There are too few {who} to compare them with {others}."
    rates = (
        f"{percent(row['actual_rate'])}% of the {count(row['people'])} {who} were {row['outcome']} within "
        f"{row['horizon']} from then, against {percent(row['predicted_rate'])}% of {others}"
    )
    if kind == UNCLEAR:
        return f"{rates}: not distinguishable ({_interval(row)} percentage points)."
    way = "lower" if kind == LOWER else "higher"
    return f"{rates}: {unsigned(row['difference'])} percentage points {way} ({magnitude_interval(row)})."


def fair_answer(table: SafeTable, name: str, *, who: str, others: str, unscored: SafeTable | None = None) -> Piece:
    """The headline of a report on a group reached after the index date, by the primary design."""
    row = design_row(table, name)
    return answer_piece(fair_finding(row, who=who, others=others), row, unscored=unscored)


def naive_beside(naive: SafeTable, recalibrated: SafeTable, name: str, *, verdict_of_check: str, who: str) -> Piece:
    """The second sentence of the headline: the same group followed from the index date, marked as naive.

    naive, recalibrated : the comparisons with the prediction as it is, and put right on the people outside the group
    verdict_of_check    : of the calibration gate: only a prediction that passed is compared with as it is
    """
    passed = verdict_of_check in {"passed", "not applicable"}
    table = naive if passed or require_safe(recalibrated).empty else recalibrated
    row = next((row for row in _records(table) if row["name"] == name and not row["complement"]), None)
    if row is None or verdict(row) == SMALL:
        return Piece("", "")
    text = f"Counted from the start of supervision instead: {lower_first(finding(row, who=who))}"
    text += " This figure is naive: whoever is reconvicted early cannot get into the group."
    raw = next(row for row in _records(naive) if row["name"] == name and not row["complement"])
    if table is not naive:
        text += (
            f" It is against a prediction put right on people outside the group; against the prediction as it is, "
            f"which fails its check on them, it would be {points(raw['difference'])} points."
            if verdict_of_check == "failed"
            else " It is against a prediction put right on people outside the group, as the check of the prediction "
            "could not settle whether it fits them."
        )
    return Piece(f'<p class="beware">{escaped(text)}</p>', text)


def fair_card(table: SafeTable, name: str, *, label: str) -> Card:
    """The difference by the primary design, in percentage points."""
    row = design_row(table, name)
    if not is_shown(row["difference"]):
        return Card(written(row["difference"], "points"), label, "too few to compare")
    limits = f"95% interval {points(row['difference_low'])} to {points(row['difference_high'])}"
    return Card(f"{points(row['difference'])} pp", label, limits)


def fair_can_and_cannot_say(table: SafeTable, *, who: str, others: str) -> Piece:
    """Two boxes: what the primary design supports for each group, and what readers must not conclude.

    who    : the service, as the sentences name it
    others : the comparison people, as in `fair_finding`
    """
    fair = [row for row in _records(table) if row["design"] == PRIMARY]
    can = [fair_finding(row, who=f"people in the group “{row['label']}”", others=others) for row in fair]
    cannot = [
        f"That {who} made the difference: people it reaches differ from the others in more than the score and the day.",
        "That the naive figures show what the groups achieved: to get into a group a person must first have stayed "
        "unconvicted, which alone makes its rate lower (immortal time).",
    ]
    if any(verdict(row) == UNCLEAR for row in fair):
        cannot.append(
            "That there is no difference where none can be distinguished: look at how far the interval reaches."
        )
    return say_boxes(can, cannot)


def designs_finding(table: SafeTable) -> str:
    """What a chart of all designs shows, in one line: in how many groups the naive and the fair figures part."""
    rows = _records(table)
    groups = list(dict.fromkeys(row["name"] for row in rows))
    naive = [verdict(row) for row in rows if row["design"] == "naive"]
    fair = [verdict(row) for row in rows if row["design"] == PRIMARY]
    if set(naive + fair) <= {SMALL}:
        return "The groups are too small to compare"
    return (
        f"Lower than expected in {naive.count(LOWER)} of {len(groups)} groups by the naive figure, in "
        f"{fair.count(LOWER)} when everyone is followed from the same day"
    )


def _records(table: SafeTable) -> list[dict[str, Any]]:
    return [
        {str(key): value for key, value in row.items()} for row in pd.DataFrame(require_safe(table)).to_dict("records")
    ]


def _interval(row: dict[str, Any]) -> str:
    low, high = points(row["difference_low"]), points(row["difference_high"])
    return f"{points(row['difference'])}, 95% interval {low} to {high}"
