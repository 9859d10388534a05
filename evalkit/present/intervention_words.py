"""Sentences of a report on one programme: masthead, answer, and what can be said and what not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from evalkit.dates import long_date
from evalkit.present.blocks import Card
from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.intervention_safe import SafeDistance, SafeProgrammes
from evalkit.present.numbers import count, p_value, percent, points, signed
from evalkit.present.words import say_boxes
from evalkit.spec import Spec

SMALL = "There are too few people to show the primary measure."


def programme_masthead(spec: Spec, settings: Any, *, caveats: Sequence[str] = ()) -> Piece:
    """Title, what the report is about, and what a reader needs before the first number.

    settings : the extract's settings (extract_date, synthetic)
    caveats  : what makes the figures doubtful
    """
    strength = f" (strength {spec.strength} of 5)" if spec.strength else ""
    chips = [
        *(["Read the warnings first"] if caveats else []),
        f"Design: {spec.design}{strength}",
        f"Extract of {long_date(settings.extract_date)}",
    ]
    synthetic = ["Synthetic data: no real person"] if settings.synthetic else []
    warning = "".join(f'<li class="warn">{escaped(text)}</li>' for text in synthetic)
    markup = (
        f'<div class="masthead"><p class="series">{escaped(spec.series)}</p><h1>{escaped(spec.title)}</h1>'
        f'<p class="lede">{escaped(spec.lede)}</p><ul class="chips">{warning}'
        f"{''.join(f'<li>{escaped(chip)}</li>' for chip in chips)}</ul></div>"
    )
    return Piece(markup, "\n".join([spec.title, spec.lede, *synthetic, *chips]))


def programme_answer(rates: SafeTable, compared: SafeProgrammes, *, who: str, labels: Sequence[str]) -> Piece:
    """The headline: the primary measure and, where there is a programme to compare with, the difference from it.

    rates    : the measures of the programme, made safe; the first is the primary one
    compared : both programmes, made safe together
    who      : the people, as sentences call them
    labels   : what the programmes are called, the programme's own first
    """
    row = require_safe(rates).to_dict("records")[0]
    sentences = [share_sentence(row, who=who)]
    if not compared.differences.empty:
        first = compared.differences.to_dict("records")[0]
        if first["name"] == row["name"]:
            sentences.append(difference_sentence(first, labels=labels))
    text = " ".join(sentences)
    return Piece(f'<p class="answer">{escaped(text)}</p>', text, {"headline": text})


def share_sentence(row: dict[Any, Any], *, who: str) -> str:
    """One declared measure as a sentence with its interval, and its bounds where much is unknown."""
    if not is_shown(row["share"]):
        return SMALL if row is not None and isinstance(row["share"], str) else f"Nothing is known yet of {who}."
    sentence = (
        f"{row['label']}: {count(row['met'])} of the {count(row['known'])} {who} of whom it is known, "
        f"{percent(row['share'])}% (95% interval {percent(row['low'])} to {percent(row['high'])})."
    )
    if is_shown(row["worst"]) and is_shown(row["best"]):
        sentence += (
            f" It is unknown of {percent(row['unknown_share'])}% of them: of all, it could be {percent(row['worst'])}% "
            f"to {percent(row['best'])}%."
        )
    return sentence


def difference_sentence(row: dict[Any, Any], *, labels: Sequence[str]) -> str:
    """The difference between two programmes as a sentence; says so where interval and test do not agree at 5%."""
    if not is_shown(row["difference"]):
        return f"There are too few people to set “{labels[0]}” beside “{labels[1]}”."
    interval = (
        f"{points(row['difference'])} percentage points, 95% interval {points(row['low'])} to {points(row['high'])}, "
        f"p = {p_value(row['p_value'])}"
    )
    sentence = f"In “{labels[1]}” it was {percent(row['rate_b'])}% of {count(row['known_b'])}"
    clear = row["low"] > 0 or row["high"] < 0
    sentence += f": {interval}." if clear else f". The two are not distinguishable ({interval})."
    if clear != (row["p_value"] < 0.05):
        sentence += " Interval and exact test do not agree: at 5% the verdict depends on the method."
    return sentence


def measure_cards(rates: SafeTable, *, most: int = 4) -> list[Card]:
    """The declared measures as key figures, the primary one first."""
    rows = require_safe(rates).to_dict("records")[:most]
    return [_card(row) for row in rows]


def measures_finding(rates: SafeTable) -> str:
    """What the chart of the measures shows, in one line: the primary measure."""
    row = require_safe(rates).to_dict("records")[0]
    if not is_shown(row["share"]):
        return "The numbers are too small to show"
    return f"{row['label']}: {percent(row['share'])}% of {count(row['known'])} people"


def _card(row: dict[Any, Any]) -> Card:
    if not is_shown(row["share"]):
        return Card(str(row["share"]) if isinstance(row["share"], str) else "[z]", row["label"], "too few to show")
    detail = f"{count(row['met'])} of {count(row['known'])} people · 95% interval {percent(row['low'])} to "
    detail += percent(row["high"])
    if row["rating"] == "amber":
        detail += f" · unknown: {percent(row['unknown_share'])}%"
    return Card(f"{percent(row['share'])}%", row["label"], detail)


def programme_can_and_cannot(
    rates: SafeTable, compared: SafeProgrammes, distance: SafeDistance, *, who: str, labels: Sequence[str]
) -> Piece:
    """Two boxes: what the figures of a programme support, and what readers must not conclude."""
    can = [share_sentence(row, who=who) for row in require_safe(rates).to_dict("records") if is_shown(row["share"])]
    can += [
        f"{row['label']}. {difference_sentence(row, labels=labels)}" for row in compared.differences.to_dict("records")
    ]
    can += [change_sentence(row) for row in pd.DataFrame(distance.changes).to_dict("records")]
    cannot = ["That the programme made the difference: nobody was drawn by lot to start it, or not to."]
    if not compared.differences.empty:
        cannot.append("That only the programme changed: the two ran one after the other, with other people each.")
    if not distance.changes.empty:
        cannot.append(
            "That a mean change is what the programme did: poor scores get better by themselves, and nobody knows the "
            "change of those without an end score."
        )
    cannot.append("That a figure from elsewhere is a fair yardstick unless it is marked as like for like.")
    cannot.append("That a measure is low where much is unknown: look at its bounds.")
    return say_boxes(can or [SMALL], cannot)


def change_sentence(row: dict[Any, Any]) -> str:
    """The mean change on one scale as a sentence, beside what regression to the mean alone leads one to expect."""
    if not (is_shown(row["change"]) and is_shown(row["low"])):
        return f"{row['domain'].capitalize()}: there are too few people with both scores."
    low, high = signed(row["low"], 2), signed(row["high"], 2)
    clear = row["low"] > 0 or row["high"] < 0
    verdict = "" if clear else ", which is not distinguishable from no change"
    text = (
        f"{row['domain'].capitalize()}: the mean score of the {count(row['paired'])} people with both scores "
        f"changed by {signed(row['change'], 2)} points (95% interval {low} to {high}){verdict}."
    )
    if not is_shown(row["expected"]):
        return text
    beyond = not row["low"] <= row["expected"] <= row["high"]
    how = "and the interval leaves that out" if beyond else "and the interval holds that"
    expected = signed(row["expected"], 2)
    return f"{text} The start score alone leads one to expect {expected} (regression to the mean), {how}."
