"""The tables of a programme: distance travelled, needs, nights, figures from elsewhere, interviews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from evalkit.dates import long_date
from evalkit.present.blocks import fact_list
from evalkit.present.declared_tables import show_rates
from evalkit.present.disclosure import SafeTable, is_shown, make_safe, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.intervention_safe import SafeDistance, SafeProgrammes
from evalkit.present.numbers import written
from evalkit.present.tables import show_table

DIFFERENCES = {
    "label": ("Measure", "text"),
    "rate_a": ("Here (%)", "percent"),
    "known_a": ("of", "count"),
    "rate_b": ("There (%)", "percent"),
    "known_b": ("of them", "count"),
    "difference": ("Difference (pp), 95% interval", "points interval"),
    "p_value": ("Fisher's p", "p"),
}
CHANGES = {
    "domain": ("Scale", "text"),
    "people": ("People", "count"),
    "started": ("With a start score", "count"),
    "paired": ("With both", "count"),
    "mean_start": ("Mean at the start", "ratio"),
    "mean_end": ("Mean at the end", "ratio"),
    "change": ("Mean change, 95% interval", "ratio interval"),
    "d_z": ("d_z", "ratio"),
    "expected": ("Change expected of the start score alone", "ratio"),
}
WAYS = {
    "domain": ("Scale", "text"),
    "improved": ("Improved", "count"),
    "same": ("Same", "count"),
    "worse": ("Worse", "count"),
    "improved_share": ("Improved (% of those with both)", "percent"),
    "no_end": ("No end score", "count"),
    "bounds": ("Bounds of improved (% of all with a start score)", "text"),
}
NEEDS = {
    "pathway": ("Pathway", "text"),
    "needs": ("Needs", "count"),
    "achieved": ("Achieved", "count"),
    "partly": ("Partly", "count"),
    "not": ("Not", "count"),
    "no_outcome": ("Unknown", "count"),
    "mean": ("Mean (1, 0.5, 0), 95% interval", "ratio interval"),
    "bounds": ("Bounds", "text"),
}
EACH = {"pathways": ("Pathways", "text"), "people": ("People", "count"), "share": ("Share (%)", "percent")}
NIGHTS = {
    "group": ("How the stay ended", "text"),
    "stays": ("Stays", "count"),
    "nights": ("Nights", "count"),
    "nights_per_stay": ("Nights per stay, 95% interval", "count interval"),
}
BENCHMARKS = {
    "measure": ("Measure here", "text"),
    "label": ("Figure from elsewhere", "text"),
    "benchmark": ("There (%)", "percent"),
    "met": ("Here: counted", "count"),
    "people": ("of", "count"),
    "share": ("Here (%), exact 95% interval", "percent interval"),
    "verdict": ("Like for like?", "text"),
}
TO_THE_MEAN = (
    "Regression to the mean: where people are sent with a poor start score, part of it is chance, and the next score "
    "is better by itself. "
)
EXPECTED = (
    "The last column is the change to expect of that alone, from the reliability of the start score: (1 − reliability) "
    "× (mean of the reference group − mean at the start). Only what lies beyond it can have to do with anything else."
)
NOT_EXPECTED = "How much to expect of that alone is not known here: no reliability of the start score is declared."


def left_out(what: str) -> Piece:
    """One line where a chapter has nothing to show: the page leaves the chapter out and says so once, at its end."""
    return Piece(f'<p class="note left-out">{escaped(what)}</p>', what)


def show_declared(declared: Any) -> Piece:
    """What the specification declares about the programme, word for word: whose rows count, and from when.

    declared : the section [intervention] as `declared_intervention` returned it
    """
    both = {"Programme": declared.programme, "Compared with": declared.compared}
    facts = {
        f"{heading}: {one.label}": "; ".join(f"{column} is {value}" for column, value in one.where.items())
        + f"; started from {long_date(one.period[0])} to {long_date(one.period[1])}"
        for heading, one in both.items()
        if one is not None
    }
    facts["People"] = declared.population
    if (scores := declared.scores) is not None:
        known = "not known" if scores.reliability is None else written(scores.reliability, "ratio")
        facts["Questionnaire"] = (
            f"{scores.instrument}: {scores.better} scores are better; a change of at most "
            f"{written(scores.least_change, 'ratio')} points is none; reliability of the start score: {known}"
        )
    return fact_list(facts)


def show_programmes(safe: SafeProgrammes, meanings: pd.DataFrame, *, labels: Sequence[str]) -> Piece:
    """The programme less the one that it is compared with, and the measures of both with their definitions.

    labels   : what the programmes are called, the programme's own first
    meanings : what `definitions` returned for the measures
    """
    if safe.differences.empty:
        return left_out("The specification declares no programme to compare with.")
    caption = "One programme beside the other"
    differences = show_table(
        safe.differences,
        caption=f"{caption}: differences. Unit: participant",
        columns=DIFFERENCES,
        notes=[
            f"Here: {labels[0]}. There: {labels[-1]}. Shares of those known.",
            "Differences: Newcombe intervals, here less there. p: Fisher's exact test.",
            "The programmes ran at different times: what else changed in between is in the difference.",
        ],
        missing="[z]",
    )
    rates = show_rates(safe.rates, meanings, caption=f"{caption}: measures")
    return Piece(differences.html + rates.html, f"{differences.text}\n\n{rates.text}")


def show_distance(safe: SafeDistance, *, caption: str) -> Piece:
    """Mean change on each scale; who improved, stayed or got worse; bounds for those without an end score."""
    if safe.changes.empty:
        return left_out("The specification declares no scores from start to end.")
    some_expected = bool(safe.changes["expected"].notna().any())  # a hidden one is known as well
    columns = {name: CHANGES[name] for name in CHANGES if name != "expected" or some_expected}
    amber = "Amber: more than 10% of those with a start score have no end score."
    changes = show_table(
        _with_capitals(safe.changes),
        caption=f"{caption}: change from start to end. Unit: participant",
        columns=columns,
        notes=[
            "Means and change of those with both scores; paired t intervals. d_z: mean change over its standard "
            "deviation.",
            TO_THE_MEAN + (EXPECTED if some_expected else NOT_EXPECTED),
            *([amber] if "amber" in set(safe.changes["rating"]) else []),
        ],
        flag="rating",
        missing="[z]",
    )
    ways = show_table(
        _with_bounds(_with_capitals(safe.directions), "percent"),
        caption=f"{caption}: improved, same, worse. Unit: participant",
        columns=WAYS,
        notes=["Bounds: if nobody without an end score improved, and if all of them did."],
        flag="rating",
        missing="[z]",
    )
    return Piece(changes.html + ways.html, f"{changes.text}\n\n{ways.text}")


def show_needs(needs: SafeTable, each: SafeTable, *, caption: str) -> Piece:
    """How far the needs of each pathway were met, and how many pathways people were in."""
    if require_safe(needs).empty:
        return left_out("The specification declares no pathways.")
    met = show_table(
        _with_bounds(needs, "ratio"),
        caption=f"{caption}. Unit: need",
        columns=NEEDS,
        notes=[
            "Achieved counts 1, partly 0.5, not 0; the mean is of needs with an outcome, with a t interval.",
            "Bounds: if no need without an outcome was met, and if every one was. Amber: more than 10% unknown.",
        ],
        flag="rating",
        missing="[z]",
    )
    numbered = make_safe(each.assign(pathways=each["pathways"].astype(str)), counts=[], threshold=each.threshold)
    several = show_table(numbered, caption="Pathways of each person. Unit: participant", columns=EACH, missing="[z]")
    return Piece(met.html + several.html, f"{met.text}\n\n{several.text}")


def show_nights(table: SafeTable, *, caption: str) -> Piece:
    """Bed-nights by how the stay ended."""
    if require_safe(table).empty:
        return left_out("The specification declares no stays.")
    notes = ["From the start of a stay to its end; without an end, to the day of the extract. t intervals."]
    return show_table(table, caption=f"{caption}. Unit: stay", columns=NIGHTS, notes=notes, missing="[z]")


def show_benchmarks(table: SafeTable, *, caption: str) -> Piece:
    """Figures from elsewhere beside the programme's own; below them what is unlike, and why it is shown."""
    if require_safe(table).empty:
        return left_out("The specification declares no figures from elsewhere.")
    verdicts = [_verdict(row) for row in pd.DataFrame(table).to_dict("records")]
    safe = make_safe(pd.DataFrame(table).assign(verdict=verdicts), counts=[], threshold=table.threshold)
    body = show_table(
        safe,
        caption=f"{caption}. Unit: participant",
        columns=BENCHMARKS,
        notes=["Exact intervals: Clopper-Pearson, for the programme's own people."],
        missing="[z]",
    )
    rows = pd.DataFrame(table).to_dict("records")
    lines = [
        f"{row['label']}: not like for like. It differs in: {row['differences']}. Shown because: {row['acknowledged']} "
        f"Source: {row['source']}."
        if row["differences"]
        else f"{row['label']}: like for like. Source: {row['source']}."
        for row in rows
    ]
    items = "".join(f"<li>{escaped(line)}</li>" for line in lines)
    unlike = any(row["differences"] for row in rows)
    kind = "warning" if unlike else "note"
    return Piece(f'{body.html}<aside class="{kind}"><ul>{items}</ul></aside>', "\n".join([body.text, *lines]))


def _with_bounds(table: SafeTable, kind: str) -> SafeTable:
    rows = pd.DataFrame(table)
    bounds = [
        f"{written(low, kind)} to {written(high, kind)}"
        if is_shown(low) and is_shown(high)
        else next((str(value) for value in (low, high) if isinstance(value, str)), "[z]")
        for low, high in zip(rows["worst"], rows["best"], strict=True)
    ]
    return make_safe(rows.assign(bounds=bounds), counts=[], threshold=table.threshold)


def _with_capitals(table: SafeTable) -> SafeTable:
    rows = pd.DataFrame(table)
    return make_safe(rows.assign(domain=rows["domain"].str.capitalize()), counts=[], threshold=table.threshold)


def _verdict(row: dict[Any, Any]) -> str:
    if row["differences"]:
        return "no: see below"
    if not is_shown(row["inside"]):
        return "yes"
    return "yes; inside the interval" if row["inside"] else "yes; outside the interval"
