"""Releases with contact before release beside those without, matched on what was known on the day of release."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evalkit.cohort.build import Cohort
from evalkit.cohort.declared import Registry, read_measures
from evalkit.cohort.declared_rates import rows_of, value_of
from evalkit.cohort.in_reach_lines import known_at_release
from evalkit.cohort.in_reach_matched import InReachMatched, match_seen
from evalkit.cohort.releases import Releases

KNOWN_OF_PEOPLE = (
    *("predicted", "age", "sex", "ethnicity", "area", "offence_group", "total_sanctions", "age_at_first_sanction"),
)
"""What the cohort says of the person on the day of a release that is their index date."""


def matched_reached(
    found: Releases, cohort: Cohort, ids: Sequence[str], *, registry: Registry | None = None
) -> InReachMatched:
    """Declared measures of releases with contact before release beside those without, in matched pairs.

    found  : what `releases` returned; releases of which nobody knows whether there was contact are left out
    cohort : what `released_people` returned for the same releases; a later release of the same person is not its index
             date, has no record of the person on that day, and is in no pair
    ids    : ids of measures of releases

    Returns what `match_seen` does, one outcome per measure: met (1), not met (0), or not known.
    Raises SpecError where a column is not there.
    """
    known = registry or read_measures()
    rows = found.frame[found.frame["in_reach"].notna()]
    outcomes = {name: _outcome(found, name, known).loc[rows.index] for name in ids}
    people = cohort.frame[["person_id", "index_date", *(name for name in KNOWN_OF_PEOPLE if name in cohort.frame)]]
    held = ["person_id", "release_date", "prison", "reception_date", "in_reach"]
    joined = (
        rows[held]
        .assign(**outcomes)
        .merge(people, how="left", left_on=["person_id", "release_date"], right_on=["person_id", "index_date"])
    )
    twice = joined.duplicated(["person_id", "release_date"])
    own = joined.assign(predicted=joined["predicted"].mask(twice), seen=joined["in_reach"].astype(bool))
    return match_seen(known_at_release(own), tuple(ids))


def _outcome(found: Releases, name: str, registry: Registry) -> pd.Series:
    measure = registry.measure(name)
    values = value_of(measure, rows_of(measure, found.tables), found.extract_date)
    return values["met"].astype("float64").where(values["known"])
