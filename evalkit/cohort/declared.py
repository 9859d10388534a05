"""Measures of a service, declared once: what each percentage counts, of what, when, and what happens to unknowns.

The registry is data (`declared_measures.toml`). Conditions name columns of a table; nothing here knows a service.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evalkit.cohort.conditions import Condition
from evalkit.cohort.index import effective_rules
from evalkit.dates import long_date
from evalkit.errors import SpecError
from evalkit.intake import Extract
from evalkit.spec import CohortRules

REGISTRY = Path(__file__).with_name("declared_measures.toml")


@dataclass(frozen=True)
class Break:
    """A day from which the figures of a measure mean something else."""

    date: datetime.date
    label: str


@dataclass(frozen=True)
class Measure:
    """One percentage or mean, declared. A row is in scope if it meets every condition of `scope`; its value is known if
    it meets every one of `known` as well; it counts if it also meets every one of `met`."""

    id: str
    label: str
    definition: str
    numerator: str
    denominator: str
    unit: str
    """What one row of the table is: release, need, person, referral."""
    window: str
    unknowns: str
    """What happens to rows whose value is not known."""
    source: str
    """Table and columns that it is read from."""
    table: str
    met: tuple[Condition, ...] = ()
    scope: tuple[Condition, ...] = ()
    known: tuple[Condition, ...] = ()
    each: str = ""
    """Column of which every category is counted in turn, instead of `met`."""
    categories: tuple[str, ...] = ()
    mean_of: str = ""
    """Column whose mean is taken, instead of a percentage."""
    part_of: str = ""
    """Measure whose rows hold those of this one: engaged within 7 days is part of engaged within 28."""
    breaks: tuple[Break, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it needs."""
        conditions = (*self.scope, *self.known, *self.met)
        named = [name for condition in conditions for name in condition.columns]
        return tuple(dict.fromkeys([*named, *filter(None, (self.each, self.mean_of))]))


@dataclass(frozen=True)
class Registry:
    """Every declared measure, by id."""

    measures: dict[str, Measure]
    name: str

    def measure(self, name: str) -> Measure:
        """The measure of that id. Raises SpecError, naming the known ones, where there is none."""
        if name not in self.measures:
            close = difflib.get_close_matches(name, self.measures, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            known = ", ".join(self.measures)
            raise SpecError(f"{self.name}: no measure has the id '{name}'{hint} (known: {known})")
        return self.measures[name]


def read_measures(path: str | Path = REGISTRY) -> Registry:
    """Read and check a registry of measures.

    path : a .toml file with one [[measures]] for each; without it, the registry of evalkit

    Raises SpecError where the file cannot be read, a name is unknown or missing, an id is declared twice, or a measure
    says neither what has to be met nor which categories are counted.
    """
    path = Path(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path.name}: the registry of measures cannot be read: {error}") from None
    breaks = {name: _made(Break, one, f"{path.name}, break '{name}'") for name, one in values.pop("breaks", {}).items()}
    if set(values) != {"measures"}:
        raise SpecError(
            f"{path.name}: holds {', '.join(sorted(values)) or 'nothing'}; [[measures]] and [breaks] belong"
        )
    measures: dict[str, Measure] = {}
    for declared in values["measures"]:
        measure = _measure(declared, breaks, path.name)
        if measure.id in measures:
            raise SpecError(f"{path.name}: measure '{measure.id}' is declared twice; give one another id")
        measures[measure.id] = measure
    registry = Registry(measures, path.name)
    for measure in measures.values():
        if measure.part_of:
            registry.measure(measure.part_of)
    return registry


def outcome_definitions(extract: Extract, rules: CohortRules) -> pd.DataFrame:
    """What the one-year measures of the outcome that an evaluation follows mean: columns of `definitions`."""
    known, table = read_measures(), f"cohort_{effective_rules(extract, rules).outcome}"
    return definitions([measure.id for measure in known.measures.values() if measure.table == table], registry=known)


def definitions(ids: Sequence[str], *, registry: Registry | None = None) -> pd.DataFrame:
    """What measures mean, for the table of definitions under their figures.

    ids      : ids of declared measures, in order
    registry : what `read_measures` returned; without it, the registry of evalkit

    Returns one row per measure, all texts: id, label, definition, numerator, denominator, unit, window, unknowns,
    source, breaks.
    Raises SpecError for an unknown id.
    """
    known = registry or read_measures()
    texts = ("id", "label", "definition", "numerator", "denominator", "unit", "window", "unknowns", "source")
    rows = [
        {**{name: getattr(measure, name) for name in texts}, "breaks": _breaks_text(measure)}
        for measure in (known.measure(name) for name in ids)
    ]
    return pd.DataFrame(rows, columns=[*texts, "breaks"])


def _breaks_text(measure: Measure) -> str:
    return "; ".join(f"{long_date(item.date)}: {item.label}" for item in measure.breaks) or "none known"


def _measure(declared: dict[str, Any], breaks: dict[str, Break], file: str) -> Measure:
    where = f"{file}, measure '{declared.get('id', 'without id')}'"
    values = dict(declared)
    for name in ("met", "scope", "known"):
        values[name] = tuple(_made(Condition, one, f"{where}, {name}") for one in values.get(name, []))
    for name in values.get("breaks", []):
        if name not in breaks:
            raise SpecError(f"{where}: no break is called '{name}' (known: {', '.join(breaks) or 'none'})")
    values["breaks"] = tuple(breaks[name] for name in values.get("breaks", []))
    values["categories"] = tuple(values.get("categories", []))
    measure: Measure = _made(Measure, values, where)
    if sum(map(bool, (measure.met, measure.each, measure.mean_of))) != 1:
        raise SpecError(
            f"{where}: say either what has to be met, or of which column each category is counted or the mean is taken"
        )
    if bool(measure.each) != bool(measure.categories):
        raise SpecError(f"{where}: 'each' needs its categories, and categories need 'each'")
    return measure


def _made(cls: Any, values: dict[str, Any], where: str) -> Any:
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for name in values:
        if name not in fields:
            raise SpecError(f"{where}: unknown name '{name}' (known: {', '.join(fields)})")
    for name, field in fields.items():
        value = values.get(name)
        if field.default is dataclasses.MISSING and value in (None, ""):
            raise SpecError(f"{where}: '{name}' is missing; every measure says it")
        if value is not None and field.type == "str" and not isinstance(value, str):
            raise SpecError(f"{where}, {name}: {value!r} is not a text")
    try:
        return cls(**values)
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from None
