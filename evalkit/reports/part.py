"""One area, team, prison or provider of an evaluation: its people, all their rows, and nothing of anyone else's.

Every person is part of one unit of a column at most (`belonging`), and the units of a column add up.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from evalkit.errors import DataError, SpecError
from evalkit.intake import Extract
from evalkit.intake.engine import connect, identifier, lazy
from evalkit.intake.extract import REJECTED_COLUMNS
from evalkit.intake.pseudonyms import numbered
from evalkit.reports.belonging import refuse_unknown, units_of_people, wider_units
from evalkit.spec import CohortRules, Spec


@dataclass(frozen=True)
class Only:
    """What a report is restricted to: the units of one column, and one of them."""

    column: str
    value: str

    def __str__(self) -> str:
        return f"{self.column}={self.value}"


def parse_only(text: str) -> Only:
    """Read 'column=value'. Raises SpecError where it is of another form."""
    column, equals, value = (part.strip() for part in text.partition("="))
    if not (column and equals and value):
        raise SpecError(f"only: {text!r} is not of the form column=value (such as area=Derbyshire)")
    return Only(column, value)


def spec_of_part(spec: Spec, only: str) -> Spec:
    """The specification of a report on one unit: the title names it, and published figures of the whole are left out.

    spec : what `read_spec` returned
    only : 'area=Derbyshire', say; empty: the specification as it is

    Raises SpecError where `only` is of another form.
    """
    return replace(spec, title=f"{spec.title}: {parse_only(only).value}", published=None) if only else spec


def extract_of_part(extract: Extract, spec: Spec, only: str) -> Extract:
    """The extract of a report on one unit: the rows of its people, with a checksum of their own.

    extract : what `load` returned
    spec    : decides which sentence is a person's index sentence
    only    : 'area=Derbyshire', say; empty: the extract as it is

    Tables that name no person are left out. What is published from here on is known to be of people of the wider units
    in which the unit lies (`Units.wider`). `summary` counts the rows of the part, of which none is rejected; of a
    table with rejected rows, which cannot be told by unit, it has the line of the whole extract, and says so.
    Raises SpecError where `only` is malformed or its column unknown, DataError where the unit has nobody.
    """
    if not only:
        return extract
    from evalkit.present.running import place_within

    wanted = parse_only(only)
    shared = extract.tables.units if isinstance(extract.tables, TablesOfAll) else None
    units = shared if shared and shared.fits(spec, wanted.column) else divide(extract, spec, wanted.column)
    place_within(str(wanted), units.wider.get(wanted.value, {}))
    return units.part(wanted)


class Tables(Mapping[str, nw.LazyFrame[Any]]):
    """Tables held in memory, handed to an engine of their own when the first of them is asked for."""

    def __init__(self, held: Mapping[str, pa.Table]) -> None:
        self._held = held
        self._connection: Any = None

    def __getitem__(self, name: str) -> nw.LazyFrame[Any]:
        if name not in self._held:
            raise KeyError(name)
        if self._connection is None:
            self._connection = connect()
            for table, rows in self._held.items():
                self._connection.register("arriving", rows)
                self._connection.execute(f"CREATE TABLE {identifier(table)} AS SELECT * FROM arriving")
                self._connection.unregister("arriving")
        return lazy(self._connection, identifier(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


class TablesOfAll(Tables):
    """The tables of a whole extract, with what is needed to cut one unit out of it."""

    def __init__(self, units: Units) -> None:
        super().__init__(units.tables)
        self.units = units


@dataclass(frozen=True)
class Units:
    """An extract divided by the units of one column.

    rules   : decide which sentence is a person's index sentence
    tables  : name -> all rows, in the order of the files; people in that of the source's identifiers
    rows    : name -> unit -> numbers of the rows of its people; tables that name no person are not in it
    whole   : the extract as it was loaded, without its tables
    without : number of people who belong to no unit
    wider   : unit -> units of other columns that everybody of it belongs to (`wider_units`)
    identifiers : those of the source, where pages made of the units are held against them
    """

    column: str
    rules: CohortRules | None
    tables: Mapping[str, pa.Table]
    rows: Mapping[str, Mapping[str, np.ndarray]]
    whole: Extract
    without: int
    wider: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    identifiers: Any = field(default=None, repr=False)

    @property
    def names(self) -> list[str]:
        """The units, in alphabetical order."""
        return sorted({unit for rows in self.rows.values() for unit in rows})

    def fits(self, spec: Spec, column: str) -> bool:
        """Whether this is the division by that column which the specification asks for."""
        return (spec.cohort, column) == (self.rules, self.column)

    def people(self, unit: str) -> int:
        """Number of people of a unit."""
        table = "people" if "people" in self.rows else "cohort"
        return len(self.rows[table].get(unit, ()))

    def all(self) -> Extract:
        """The whole extract."""
        return replace(self.whole, tables=TablesOfAll(self))

    def part(self, only: Only) -> Extract:
        """The extract of one unit. Raises DataError where it has nobody."""
        if only.value not in self.names:
            raise DataError(f"nobody in the extract belongs to {only}")
        nobody = np.array([], dtype=int)
        held = {name: self.tables[name].take(rows.get(only.value, nobody)) for name, rows in self.rows.items()}
        return replace(
            self.whole,
            tables=Tables(held),
            rejected=pd.DataFrame(columns=list(REJECTED_COLUMNS)),
            summary=self._summary(held),
            provenance=self._provenance(held, only),
            notes=(*self.whole.notes, *self._left_out()),
        )

    def fingerprint(self, only: Only) -> str:
        """SHA-256 of everything that a report on this unit can show of the extract."""
        part = self.part(only)
        shown = {"provenance": part.provenance, "notes": part.notes, "summary": part.summary.to_dict("records")}
        return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()

    def _summary(self, held: Mapping[str, pa.Table]) -> pd.DataFrame:
        lines = []
        for line in self.whole.summary.to_dict("records"):
            if line["rejected"]:
                lines.append({**line, "table": f"{line['table']} (of the whole extract)"})
            elif line["table"] in held:
                rows = held[line["table"]].num_rows
                lines.append({**line, "read": rows, "used": rows})
        return pd.DataFrame(lines, columns=self.whole.summary.columns)

    def _provenance(self, held: Mapping[str, pa.Table], only: Only) -> dict[str, Any]:
        file_of = dict(zip(self.whole.summary["table"], self.whole.summary["file"], strict=True))
        order = held["cohort" if "cohort" in held else "people"].column("person_id")
        files = {f"{file_of[name]}, rows of {only.value}": _described(rows, order) for name, rows in held.items()}
        return {**self.whole.provenance, "files": files}

    def _left_out(self) -> list[str]:
        missing = [name for name in self.tables if name not in self.rows]
        if not missing:
            return []
        return [f"Not in a report on one {self.column}: {', '.join(missing)} (the rows name no person)."]


def _described(rows: pa.Table, order: Any) -> dict[str, Any]:
    """Checksum and size of rows as a CSV file, people numbered in `order`, so that it is the same under every key."""
    text = io.BytesIO()
    pyarrow.csv.write_csv(numbered(rows, order), text)
    return {
        "sha256": hashlib.sha256(text.getbuffer()).hexdigest(),
        "bytes": text.getbuffer().nbytes,
        "rows": rows.num_rows,
    }


def divide(extract: Extract, spec: Spec, column: str) -> Units:
    """Divide an extract by a column: area, team, prison, provider, or one of a prepared cohort.

    Raises SpecError where no table that can name a person's unit has the column.
    """
    refuse_unknown(extract, column)
    tables = {name: frame.collect("pyarrow").to_native() for name, frame in extract.tables.items()}
    belonging = units_of_people(extract, spec)
    unit_of = belonging[column].dropna().astype("str")
    if "cohort" in tables:
        units = {"cohort": unit_of.reindex(belonging[column].index)}
    else:
        named = [name for name, table in tables.items() if "person_id" in table.column_names]
        units = {name: _column(tables[name], "person_id").map(unit_of) for name in named}
    rows = {name: _places(of_rows) for name, of_rows in units.items()}
    everyone = units["cohort" if "cohort" in tables else "people"]
    if everyone.nunique() > MOST_UNITS:
        raise SpecError(f"{column!r} divides people into {everyone.nunique():,} units; at most {MOST_UNITS:,} are made")
    whole, without = replace(extract, tables={}), int(everyone.isna().sum())
    wider = wider_units(column, belonging, spec.threshold)
    return Units(column, spec.cohort, tables, rows, whole, without, wider)


def _column(table: pa.Table, name: str) -> pd.Series:
    return table.column(name).to_pandas().reset_index(drop=True)


MOST_UNITS = 1_000
"""A column that divides people into more units than this hardly names places."""


def _places(units: pd.Series) -> dict[str, np.ndarray]:
    return {str(unit): np.asarray(rows) for unit, rows in units.groupby(units).indices.items()}
