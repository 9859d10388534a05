"""Releases from custody: which are in scope, what is known of each, and the needs identified for them.

One row is one release; a person released twice in the period counts twice here, and once where people are followed.
"""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import pandas as pd

from evalkit.dates import completed_years, long_date
from evalkit.errors import DataError, SpecError
from evalkit.intake import Extract, to_pandas
from evalkit.spec import CohortRules, Spec

FINANCE = "finance benefit and debt"
"""The pathway of needs with money."""

UNDER, OVER, NOT_KNOWN = "Under 12 months", "12 months or more", "Length not known"
"""Estimated lengths of the sentence that a release ended the custody of."""

HALF_YEAR = 183
"""Half of a sentence is served in custody: fewer days than this stand for a sentence under 12 months."""


@dataclass(frozen=True, repr=False)
class Releases:
    """The releases of one evaluation.

    frame        : one row per release in scope: the columns of the table releases, days_in_custody (reception to
                   release), sentence_length (estimated), finance_needs (needs of that pathway)
    needs        : one row per need of such a release, with prison, complexity and sentence_length of the release
    flow         : step, excluded, remaining, reason; of releases
    extract_date : until which all is known
    """

    frame: pd.DataFrame
    needs: pd.DataFrame
    flow: pd.DataFrame
    extract_date: pd.Timestamp

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Its rows by the names that declared measures use."""
        return {"releases": self.frame, "needs": self.needs}

    @property
    def people(self) -> int:
        """How many people the releases are of."""
        return int(self.frame["person_id"].nunique())

    def __repr__(self) -> str:
        return f"{len(self.frame):,} releases of {self.people:,} people\n{self.flow.to_string(index=False)}"


def releases(extract: Extract, spec: Spec) -> Releases:
    """The releases from custody within the period of the cohort, of people old enough on that day.

    extract : what `load` returned, with the tables people and releases
    spec    : its [cohort] gives the period of release and the least age

    The length of the sentence is not in an extract. It is estimated from the time served, as half of a sentence is
    served in custody: fewer than 183 days from reception to release stand for a sentence under 12 months. Time on
    remand counts as served; early release on a tag and return after a recall make a long sentence look short.
    Raises SpecError without [cohort], DataError where no release is in scope.
    """
    if spec.cohort is None:
        raise SpecError(f"{spec.path.name}: the section [cohort] is missing; its period says which releases count")
    born = extract.table("people").select("person_id", "date_of_birth")
    every = to_pandas(extract.table("releases").join(born, on="person_id", how="left"))
    every = _completed(every).sort_values(["release_date", "release_id"], ignore_index=True)
    extract_date = pd.Timestamp(extract.settings.extract_date)
    in_scope, flow = _scope(every, spec.cohort, extract_date)
    if in_scope.empty:
        raise DataError(f"no release is in scope: {flow['reason'].iloc[-1]}; check the period of the [cohort]")
    frame = _described(in_scope)
    needs = _needs(extract, frame)
    of_finance = needs[needs["pathway"] == FINANCE].groupby("release_id").size()
    frame["finance_needs"] = frame["release_id"].map(of_finance).fillna(0).astype("int64")
    return Releases(frame, needs, flow, extract_date)


def _completed(every: pd.DataFrame) -> pd.DataFrame:
    """The columns that describe a release, empty where the extract does not have them."""
    empty = {"prison": "str", "complexity": "str", "reception_date": "datetime64[us]"}
    absent = {name: pd.Series(None, index=every.index, dtype=dtype) for name, dtype in empty.items()}
    return every.assign(**{name: column for name, column in absent.items() if name not in every})


def _scope(every: pd.DataFrame, rules: CohortRules, extract_date: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    first, last = (pd.Timestamp(day) for day in rules.period)
    age = completed_years(every["date_of_birth"], every["release_date"])
    tests = {
        "released in the period": (
            every["release_date"].between(first, min(last, extract_date)),
            f"not released from {long_date(first)} to {long_date(min(last, extract_date))}",
        ),
        f"aged {rules.minimum_age} or over": (
            age >= rules.minimum_age,
            f"under {rules.minimum_age} on the day of release",
        ),
    }
    remaining = pd.Series(True, index=every.index)
    rows = [("releases in the extract", 0, len(every), "")]
    for step, (test, reason) in tests.items():
        excluded = int((remaining & ~test).sum())
        remaining &= test
        rows.append((step, excluded, int(remaining.sum()), reason))
    flow = pd.DataFrame(rows, columns=["step", "excluded", "remaining", "reason"])
    return every[remaining].reset_index(drop=True), flow


def _described(frame: pd.DataFrame) -> pd.DataFrame:
    days = (frame["release_date"] - frame["reception_date"]).dt.days
    length = pd.Series(UNDER, index=frame.index, dtype="str").mask(days >= HALF_YEAR, OVER).mask(days.isna(), NOT_KNOWN)
    return frame.drop(columns="date_of_birth").assign(days_in_custody=days, sentence_length=length)


def _needs(extract: Extract, frame: pd.DataFrame) -> pd.DataFrame:
    described = frame[["release_id", "prison", "complexity", "sentence_length"]]
    if "needs" not in extract.tables:
        columns = ["release_id", "pathway", "identified_date", "addressed_date", "outcome"]
        return pd.DataFrame(columns=columns).merge(described, on="release_id").astype({"pathway": "str"})
    of_releases = to_pandas(extract.table("needs").filter(~nw.col("release_id").is_null()))
    return of_releases.merge(described, on="release_id", how="inner")
