"""The fixed pieces of a report: masthead, key figures, attrition flow, how it was made."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from evalkit.dates import long_date
from evalkit.errors import SpecError
from evalkit.present.disclosure import SafeTable, is_shown, require_safe
from evalkit.present.html import Piece, escaped
from evalkit.present.numbers import count, percent, points, written
from evalkit.present.running import running_publication
from evalkit.present.words import row_of
from evalkit.spec import Spec


def masthead(spec: Spec, settings: Any, *, caveats: Sequence[str] = ()) -> Piece:
    """Title, what the report is about, and the facts a reader needs before the first number.

    settings : the extract's settings (extract_date, synthetic)
    caveats  : what makes the figures doubtful; with any, the report does not call itself final
    """
    chips = [
        "Read the warnings first" if caveats else f"Final: everyone analysed was followed for {spec.horizon}",
        f"Design: {spec.design}" + (f" (strength {spec.strength} of 5)" if spec.strength else ""),
        f"Extract of {long_date(settings.extract_date)}",
    ]
    warning = '<li class="warn">Synthetic data: no real person</li>' if settings.synthetic else ""
    markup = (
        f'<div class="masthead"><p class="series">{escaped(spec.series)}</p><h1>{escaped(spec.title)}</h1>'
        f'<p class="lede">{escaped(spec.lede)}</p><ul class="chips">{warning}'
        f"{''.join(f'<li>{escaped(chip)}</li>' for chip in chips)}</ul></div>"
    )
    synthetic = ["Synthetic data: no real person"] if settings.synthetic else []
    return Piece(markup, "\n".join([spec.title, spec.lede, *synthetic, *chips]))


@dataclass(frozen=True)
class Card:
    """One key figure: the number, what it is, and what stands behind it."""

    figure: str
    label: str
    detail: str


def stage_card(table: SafeTable, name: str, *, label: str) -> Card:
    """The number of people at a stage of the service or, for a stage within another, their share with its interval."""
    rows = require_safe(table)[table["name"] == name].to_dict("records")
    if not rows:
        raise SpecError(f"the report needs a group called '{name}' (declared: {', '.join(table['name'])})")
    row = rows[0]
    if not row["of_label"]:
        return Card(written(row["people"], "count"), label, "")
    if not is_shown(row["share"]):
        return Card(written(row["people"], "count"), label, "too few to show as a share")
    people, low, high = count(row["people"]), percent(row["low"]), percent(row["high"])
    return Card(f"{percent(row['share'])}%", label, f"{people} people · 95% interval {low} to {high}")


def comparison_card(table: SafeTable, name: str, *, label: str) -> Card:
    """The difference between actual and predicted for one group, in percentage points."""
    row = row_of(table, name)
    if not is_shown(row["difference"]):
        return Card(written(row["difference"], "points"), label, "too few to compare")
    interval = f"95% interval {points(row['difference_low'])} to {points(row['difference_high'])}"
    naive = " · naive" if row["immortal_time"] else ""
    return Card(f"{points(row['difference'])} pp", label, interval + naive)


def rate_card(table: SafeTable, name: str, *, complement: bool) -> Card:
    """The actual rate of one group, or of its complement, with its interval."""
    row = row_of(table, name, complement=complement)
    if not is_shown(row["actual_rate"]):
        return Card(written(row["actual_rate"], "percent"), row["label"], "too few to show")
    low, high = percent(row["actual_rate_low"]), percent(row["actual_rate_high"])
    detail = f"{count(row['actual'])} of {count(row['people'])} people · 95% interval {low} to {high}"
    return Card(f"{percent(row['actual_rate'])}%", f"{row['outcome']}: {row['label'].lower()}", detail)


def cards(*figures: Card) -> Piece:
    """Key figures side by side."""
    markup = "".join(
        f'<div class="card"><b>{escaped(card.figure)}</b><span>{escaped(card.label)}</span>'
        f"<small>{escaped(card.detail)}</small></div>"
        for card in figures
    )
    text = "\n".join(f"{card.figure} {card.label} ({card.detail})" for card in figures)
    return Piece(f'<div class="cards">{markup}</div>', text)


def show_flow(flow: SafeTable, *, start: str) -> Piece:
    """An attrition flow as a list: how many people remain after each step, and why the others left.

    flow  : what `make_flow_safe` returned
    start : what the first number counts
    """
    rows = require_safe(flow).to_dict("records")
    items = [f"<li><b>{escaped(written(rows[0]['remaining'], 'count'))}</b> {escaped(start)}<small></small></li>"]
    items += [
        f"<li><b>{escaped(written(row['remaining'], 'count'))}</b> {escaped(row['step'])}"
        f"<small>{_leavers(row)}</small></li>"
        for row in rows[1:]
    ]
    text = pd.DataFrame(flow)[["step", "excluded", "remaining", "reason"]].to_string(index=False)
    return Piece(f'<ol class="flow">{"".join(items)}</ol>', text)


def _leavers(row: Mapping[Any, Any]) -> str:
    """How many left at a step, and why; a step that nobody left needs no reason."""
    left = escaped(written(row["excluded"], "count"))
    return f"{left} left: {escaped(row['reason'])}" if row["reason"] else f"{left} left"


def show_caveats(caveats: Sequence[str]) -> Piece:
    """What makes the figures doubtful, above the first of them; nothing where there is nothing to say."""
    if not caveats:
        return Piece("", "No caveat on the data.")
    items = "".join(f"<li>{escaped(caveat)}</li>" for caveat in caveats)
    return Piece(f'<aside class="warning"><ul>{items}</ul></aside>', "\n".join(f"- {caveat}" for caveat in caveats))


def warning(text: str) -> Piece:
    """A warning that belongs to what follows it."""
    return Piece(f'<aside class="warning">{escaped(text)}</aside>', f"Note: {text}")


def how_made(spec: Spec, provenance: Mapping[str, Any]) -> Piece:
    """What the report was made from: names and values, no path and no person.

    provenance : source, extract_date, evalkit (version) and files (name -> sha256, rows) of the extract
    """
    files = [
        f"{name}: {count(facts['rows'])} rows, SHA-256 {facts['sha256']}" for name, facts in provenance["files"].items()
    ]
    facts = {
        "Source": [str(provenance["source"])],
        "Extract date": [long_date(datetime.date.fromisoformat(provenance["extract_date"]))],
        "Specification": [spec.path.name],
        "Notebook": [spec.notebook.name],
        "evalkit": [str(provenance["evalkit"])],
        "Rules": _rules(spec),
        "Files": files,
    }
    return fact_list(facts)


def fact_list(facts: Mapping[str, str | Sequence[str]]) -> Piece:
    """Names with what there is to say about each: one text, or several below each other; a name without any goes."""
    said = {name: [value] if isinstance(value, str) else list(value) for name, value in facts.items() if value}
    markup = "".join(
        f"<dt>{escaped(name)}</dt>{''.join(f'<dd>{escaped(value)}</dd>' for value in values)}"
        for name, values in said.items()
    )
    text = "\n".join(f"{name}: {'; '.join(values)}" for name, values in said.items())
    return Piece(f'<dl class="made">{markup}</dl>', text)


def what_is_hidden(spec: Spec) -> Piece:
    """How many counts of the tables above are hidden, and why; nothing about any one of them."""
    publication = running_publication()
    if publication is None:
        raise SpecError(
            "nothing has been published together: call evalkit.start_publication(...) before the first table"
        )
    found, few = publication.suppressed, f"1 to {spec.threshold - 1}"
    hidden = found["small"] + found["few_left"] + found["protecting"] + found["earlier"]
    lines = [
        f"{count(hidden)} of {count(found['counts'])} counts in the tables above are hidden as [c], and every number "
        "computed from one with it."
        if hidden
        else f"None of the {count(found['counts'])} counts in the tables above is hidden.",
        *([_why_hidden(found, few)] if hidden else []),
        "All tables were decided together: equal counts, differences and totals of different tables were taken into "
        "account. More counts are hidden until a hidden one leaves at least five possible values or nothing that "
        "could protect it is left to hide.",
    ]
    if titles := publication.earlier_titles:
        lines.append(
            "Hidden because of earlier releases, from which these tables could be subtracted, or they from these: "
            f"{count(found['earlier'])}. Held against: {'; '.join(titles)}."
        )
    return Piece("".join(f"<p>{escaped(line)}</p>" for line in lines), "\n".join(lines))


def _why_hidden(found: Mapping[str, int], few: str) -> str:
    return (
        f"Why: {few} themselves: {count(found['small'])}; leaving {few} of the people they are part of: "
        f"{count(found['few_left'])}; hidden so that none of these can be worked out: {count(found['protecting'])}."
    )


def _rules(spec: Spec) -> list[str]:
    """Every declared rule, as written in the specification."""
    sections = ("cohort", "predictor", "service", "matching", "monitoring")
    parts = {section: getattr(spec, section) for section in sections}
    return [
        f"{part}, {field.name}: {_plain(getattr(rules, field.name))}"
        for part, rules in parts.items()
        if rules is not None
        for field in fields(rules)
        if getattr(rules, field.name) not in ((), "", None)
    ]


def _plain(value: Any) -> str:
    if isinstance(value, Path):
        return value.name
    if not isinstance(value, tuple):
        return str(value)
    return ", ".join(" x ".join(map(str, item)) if isinstance(item, tuple) else str(item) for item in value)
