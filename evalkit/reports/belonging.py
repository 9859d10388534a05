"""Which unit of a column a person belongs to, and which wider unit of another column a whole unit lies in.

A person belongs to the unit of the index sentence; without one, or where it names none, to that of the first referral,
release or course that does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from evalkit.cohort.index import effective_rules, index_events
from evalkit.errors import SpecError
from evalkit.intake import Extract, to_pandas
from evalkit.spec import Spec

FIRST_BY = {"referrals": "referral_date", "releases": "release_date", "courses": "start_date"}
"""Tables that may name a person's unit beside the sentences, in order of preference: the date that makes one first."""

NOWHERE = -1
"""In place of a unit: the person belongs to none."""


def columns_of_units(extract: Extract) -> list[str]:
    """The columns that an extract can be divided by, in alphabetical order."""
    naming = ["cohort"] if "cohort" in extract.tables else ["sentences", *FIRST_BY]
    return sorted({name for table in naming for name in _names_of_units(extract, table)})


def refuse_unknown(extract: Extract, column: str) -> None:
    """Raise SpecError where no table that can name a person's unit has the column."""
    known = columns_of_units(extract)
    if column not in known:
        raise SpecError(
            f"the extract cannot be divided by {column!r}: no table names units in such a column (columns that do: "
            f"{', '.join(known)})"
        )


def units_of_people(extract: Extract, spec: Spec) -> dict[str, pd.Series]:
    """Column -> the unit of each person, as categories by person_id; of a prepared cohort, who need no name, by row.

    Every column that the extract can be divided by. Of the rows of a table the first counts, of two on one day the one
    whose unit comes first in the alphabet.
    """
    columns = columns_of_units(extract)
    if "cohort" in extract.tables:
        rows = to_pandas(extract.table("cohort").select(*columns))
        return {column: rows[column].astype("category") for column in columns}
    sources = list(_naming_rows(extract, spec, columns))
    people = pd.Index(pd.concat([rows["person_id"] for rows in sources]).unique(), name="person_id")
    places = [people.get_indexer(rows["person_id"]) for rows in sources]
    return {column: _first_named(column, people, sources, places) for column in columns}


def wider_units(column: str, units: Mapping[str, pd.Series], fewest: int) -> dict[str, dict[str, int]]:
    """Unit of a column -> the wider units that everybody of it belongs to -> how many units of the column lie in each.

    units  : what `units_of_people` returned
    fewest : people of a unit that is counted

    A wider unit is 'area=North', say; an empty one is everyone.
    """
    own = units[column].cat
    people, names = np.flatnonzero(own.codes != NOWHERE), own.categories
    places = own.codes.to_numpy()[people]
    counted = np.bincount(places, minlength=len(names)) >= fewest
    found = {str(name): {"": int(counted.sum())} for name in names}
    for other in sorted(units.keys() - {column}):
        theirs, wider = units[other].cat.codes.to_numpy()[people], units[other].cat.categories
        lowest, highest = np.full(len(names), len(wider)), np.full(len(names), NOWHERE)
        np.minimum.at(lowest, places, theirs)
        np.maximum.at(highest, places, theirs)
        nested = (lowest == highest) & (lowest != NOWHERE)
        for place in map(int, np.flatnonzero(nested)):
            many = int((nested & counted & (lowest == lowest[place])).sum())
            found[str(names[place])][f"{other}={wider[int(lowest[place])]}"] = many
    return found


def _naming_rows(extract: Extract, spec: Spec, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Rows that may name units: person_id, the day that makes one first, and columns; the best table first."""
    named = [name for name in columns if name in _columns(extract, "sentences")]
    if named and spec.cohort is not None:
        index = index_events(extract, effective_rules(extract, spec.cohort)).select(sentence_id="index_sentence_id")
        sentences = extract.table("sentences").join(index, on="sentence_id", how="semi")
        yield to_pandas(sentences.select("person_id", *named)).assign(day=0)
    for table, date in FIRST_BY.items():
        held = [name for name in columns if name in _columns(extract, table)]
        if held:
            rows = to_pandas(extract.table(table).select("person_id", *held, day=date))
            yield rows.assign(day=rows["day"].rank(method="dense", na_option="bottom"))


def _first_named(
    column: str, people: pd.Index, sources: Sequence[pd.DataFrame], places: Sequence[np.ndarray]
) -> pd.Series:
    """The unit that the best row of each person names."""
    held = [(rows, of_rows) for rows, of_rows in zip(sources, places, strict=True) if column in rows]
    codes, names = pd.factorize(pd.concat([rows[column] for rows, _ in held]), sort=True)
    found, first = np.full(len(people), NOWHERE), 0
    for rows, of_rows in held:
        of_units = codes[first : first + len(rows)]
        first += len(rows)
        order = np.lexsort((of_units, rows["day"]))
        # Whoever comes last stays: the best row has to.
        order = order[(of_units != NOWHERE)[order] & (found == NOWHERE)[of_rows[order]]][::-1]
        found[of_rows[order]] = of_units[order]
    return pd.Series(pd.Categorical.from_codes(found, names), index=people)


def _columns(extract: Extract, table: str) -> list[str]:
    return list(extract.tables[table].collect_schema().names()) if table in extract.tables else []


def _names_of_units(extract: Extract, table: str) -> list[str]:
    """Columns of text that say where people belong; identifiers, which say who they are, are none of them."""
    if table not in extract.tables:
        return []
    schema = extract.table(table).collect_schema()
    return [name for name, kind in schema.items() if kind == nw.String and not name.endswith("_id")]
