"""The headlines of a series of evaluations, side by side: each computed as the evaluation's own report computes it.

They are never pooled, averaged or ranked: outcomes, people and designs differ from one to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

import pandas as pd

from evalkit.cohort.caveats import refuse_rejected
from evalkit.cohort.series_headlines import HEADLINES
from evalkit.cohort.series_ladder import rung_of, strength_text
from evalkit.cohort.series_line import Headline
from evalkit.errors import DataError, SpecError
from evalkit.intake import Extract
from evalkit.spec import Spec, read_spec


def series_specs(spec: Spec) -> tuple[Spec, ...]:
    """The specifications that a summary lists, in its order.

    spec : of the summary; its `evaluations` are names of files beside it

    Raises SpecError where it lists none, or one twice, or one that cannot be read.
    """
    names = list(spec.evaluations)
    if not names:
        raise SpecError(f"{spec.path.name}: 'evaluations' is empty; list the specifications of the series")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SpecError(f"{spec.path.name}, evaluations: '{twice}' is listed twice; an evaluation counts once")
    return tuple(read_spec(spec.path.parent / name) for name in names)


def series_headlines(extract: Extract, specs: Sequence[Spec]) -> pd.DataFrame:
    """The headline of every evaluation of a series, each from the tables that its own report reads.

    extract : what `load` returned, with every table that an evaluation names
    specs   : what `series_specs` returned

    Returns one row per headline, in the order of the series: the fields of `Headline`, and strength_words, compares and
    leaves_open (of the ladder). A report that leads with a prediction which failed its check has a second row: the
    comparison that the check allows.
    Raises SpecError and DataError, naming the specification, where a report could not be made either.
    """
    rows = [_with_rung(line, spec) for spec in specs for line in headlines_of(extract, spec)]
    return pd.DataFrame(rows)


def headlines_of(extract: Extract, spec: Spec) -> tuple[Headline, ...]:
    """The headline of one evaluation; with a second line where its prediction is not to be trusted.

    extract : as for `series_headlines`
    spec    : of the evaluation; its notebook decides how the headline is computed

    Raises SpecError for a notebook without a headline, and what the library raises, with the specification's name.
    """
    if (notebook := spec.notebook.name) not in HEADLINES:
        raise SpecError(
            f"{spec.path.name}: nobody has said what the headline of {notebook} is (known: {', '.join(HEADLINES)})"
        )
    own = tables_of(extract, spec)
    try:
        refuse_rejected(own, spec)
        return HEADLINES[notebook](own, spec)
    except (SpecError, DataError) as error:
        if spec.path.name in str(error):
            raise
        raise type(error)(f"{spec.path.name}: {error}") from error


def tables_of(extract: Extract, spec: Spec) -> Extract:
    """The extract as an evaluation's own report loads it: the tables it names, those required, those referred to.

    What an evaluation finds can depend on which tables it has, so it must not see more of them here than there.
    """
    if spec.tables is None:
        return extract
    known = extract.settings.tables()
    named = {*spec.tables, *(name for name, table in known.items() if table.required)}
    named |= {parent.table for name in named for parent in known[name].references}
    summary = extract.summary[extract.summary["table"].isin(named)].reset_index(drop=True)
    tables = {name: rows for name, rows in extract.tables.items() if name in named}
    return replace(extract, tables=tables, summary=summary)


def _with_rung(line: Headline, spec: Spec) -> dict[str, object]:
    return {**asdict(line), "strength_words": strength_text(spec.strength), **asdict(rung_of(spec))}
