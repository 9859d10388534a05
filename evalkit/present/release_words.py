"""Sentences of a report on people released from custody: against prediction, with the verdict of its check."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evalkit.present.blocks import Card, comparison_card
from evalkit.present.disclosure import SafeTable, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count, percent, points
from evalkit.present.words import (
    HIGHER,
    LOWER,
    SMALL,
    UNCLEAR,
    answer_piece,
    finding,
    magnitude_interval,
    row_of,
    say_boxes,
    unsigned,
    verdict,
)

VERDICTS = {
    "passed": "The prediction passes its check on people not seen in prison before release.",
    "failed": "The prediction fails its check on people not seen in prison before release, so this difference is no "
    "finding about the services.",
    "undetermined": "Whether the prediction fits people not seen in prison before release is undetermined, so this "
    "difference is no finding about the services.",
}


def released_answer(table: SafeTable, *, verdict_of_check: str, unscored: SafeTable | None = None) -> Piece:
    """The headline: everyone released against their prediction, and whether that prediction can be trusted.

    table            : the comparisons of `released_comparisons`, made safe
    verdict_of_check : of the calibration gate
    """
    row = row_of(table, "released")
    sentence = finding(row, who="people released from prison")
    check = VERDICTS.get(verdict_of_check, "The prediction was not checked on people of this study.")
    text = sentence if verdict(row) == SMALL else f"{sentence} {check}"
    return answer_piece(text, row, unscored=unscored)


def reached_beside(table: SafeTable, recalibrated: SafeTable, *, verdict_of_check: str) -> Piece:
    """The second sentence: people seen in prison before release, against the prediction that the check allows.

    table, recalibrated : the comparisons as they are, and with the prediction put right on the people not seen
    """
    passed = verdict_of_check == "passed"
    row = _reached(table if passed or require_safe(recalibrated).empty else recalibrated)
    text = reached_finding(row, put_right=not passed)
    return Piece(f'<p class="beware">{escaped(text)}</p>', text)


def reached_finding(row: dict[str, Any] | None, *, put_right: bool) -> str:
    """One sentence on people seen before release; the caveat of selection goes with it.

    put_right : whether the prediction was put right on the people not seen
    """
    if row is None or verdict(row) == SMALL:
        return "There are too few people seen in prison before release to set them beside the others."
    against = "predicted from those not seen" if put_right else "predicted"
    rates = (
        f"Of the {count(row['people'])} people seen in prison before release {percent(row['actual_rate'])}% were "
        f"{row['outcome']} within {row['horizon']}, against {percent(row['predicted_rate'])}% {against}"
    )
    if verdict(row) == UNCLEAR:
        low, high = points(row["difference_low"]), points(row["difference_high"])
        found = f"{rates}: not distinguishable ({points(row['difference'])}, 95% interval {low} to {high} points)."
    else:
        way = {LOWER: "lower", HIGHER: "higher"}[verdict(row)]
        found = f"{rates}: {unsigned(row['difference'])} points {way} ({magnitude_interval(row)})."
    return f"{found} Who is seen was not decided by lot."


def released_card(table: SafeTable, *, verdict_of_check: str) -> Card:
    """The difference of everyone released from the score as it is, and what its check says of that."""
    check = {"passed": "passed its check", "failed": "failed its check"}.get(verdict_of_check, "may not fit")
    return comparison_card(table, "released", label=f"reconvicted, against a score that {check}")


def released_can_and_cannot(table: SafeTable, recalibrated: SafeTable, *, verdict_of_check: str) -> Piece:
    """Two boxes: what these comparisons support, and what readers must not conclude."""
    everyone = row_of(table, "released")
    passed = verdict_of_check == "passed"
    reached = _reached(table if passed or require_safe(recalibrated).empty else recalibrated)
    can = [finding(everyone, who="people released from prison"), reached_finding(reached, put_right=not passed)]
    cannot = [
        "That the services made the difference: nobody released was without any of them, so there is no group to "
        "compare everyone with but the score's own past.",
        "That contact before release goes with fewer reconvictions or kept appointments by itself: people with longer "
        "sentences are seen more often, and differ in more than that.",
        "That a recall is a reconviction, or that few recalls mean few reconvictions: a person back in custody is at "
        "less risk of one.",
        "That a measure is low where much is unknown: look at its bounds.",
    ]
    if not passed:
        cannot.insert(
            0, "That fewer or more reconvictions than predicted say anything here: the score did not pass its check."
        )
    return say_boxes(can, cannot)


def _reached(table: SafeTable) -> dict[str, Any] | None:
    rows = pd.DataFrame(require_safe(table))
    inside = rows[(rows["name"] == "reached") & ~rows["complement"].astype(bool)] if len(rows) else rows
    records = [{str(key): value for key, value in row.items()} for row in inside.to_dict("records")]
    return records[0] if records else None
