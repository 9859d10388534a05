"""The in-reach claim tested: were people whom the service saw in prison likelier to engage with it outside?"""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from evalkit.cohort.build import Cohort
from evalkit.cohort.in_reach_lines import known_at_release
from evalkit.cohort.in_reach_matched import InReachMatched, match_seen
from evalkit.cohort.job_times import IN_REACH
from evalkit.cohort.service import declared_service, service_referrals
from evalkit.errors import DataError
from evalkit.intake import Extract, to_pandas
from evalkit.statistics.rates import wilson
from evalkit.statistics.standardised import standardised_comparison

ENGAGED_DAYS = 183
"""Engaged: started with an adviser outside prison within this many days of release."""

COVARIATES = ("predicted", "age", "sex", "area")
"""What people seen and not seen in prison are made alike in; all known on the day of release."""

COLUMNS = (
    *("label", "seen", "seen_engaged", "not_seen", "not_seen_engaged", "seen_share", "not_seen_share"),
    *("estimate", "low", "high", "method"),
)


@dataclass(frozen=True, repr=False, eq=False)
class InReachTested:
    """The claim tested in three ways, on the same people.

    claim   : as counted and standardised, see `in_reach_claim`
    matched : from `match_seen`; the outcome is 'engaged'
    """

    claim: pd.DataFrame
    matched: InReachMatched

    def __repr__(self) -> str:
        return f"InReachTested\n{self.claim.to_string(index=False)}\n{self.matched!r}"


def in_reach_tested(extract: Extract, cohort: Cohort) -> InReachTested:
    """The in-reach claim as counted, standardised, and in matched pairs of people alike on the day of release.

    The people, and what counts as engaged, are those of `in_reach_claim`. Everyone is followed from the day of release
    for the same 183 days, so nobody is on a side by what came after it. Matched on the score, age, sex, ethnicity,
    area, offence, criminal history, other services in hand, prison, days in custody and half-year, within the same
    estimated length of sentence; what an extract does not hold is left out.
    """
    people = _released(extract, cohort)
    services = _other_services(extract, cohort, people) if "predicted" in people else None
    ready = known_at_release(people, services) if len(people) else people.reindex(columns=["seen", "engaged"])
    return InReachTested(_claim(people), match_seen(ready, ("engaged",)))


def in_reach_claim(extract: Extract, cohort: Cohort) -> pd.DataFrame:
    """Share of people released from custody who then engaged outside, of those seen in prison and those not seen.

    The people are those of the cohort whose supervision began with a release that the table releases records, with a
    valid score, released early enough for 183 days to be over in the service's period. Seen: `in_reach` of that
    release. Engaged: started the service at a setting other than prison in-reach within 183 days of release.
    Returns two rows, no row where there are no such people: label; seen, seen_engaged, not_seen, not_seen_engaged
    (people); seen_share, not_seen_share (in the second row standardised to people seen); estimate (seen less not
    seen), low, high; method. First as counted (Newcombe), then standardised for score, age, sex and area.
    Source: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    return _claim(_released(extract, cohort))


def _claim(people: pd.DataFrame) -> pd.DataFrame:
    if people.empty or people["seen"].all() or not people["seen"].any():
        return pd.DataFrame(columns=list(COLUMNS)).astype(dict.fromkeys(COLUMNS[1:-1], "float64"))
    seen, others = people[people["seen"]], people[~people["seen"]]
    counts = {
        "seen": len(seen),
        "seen_engaged": int(seen["engaged"].sum()),
        "not_seen": len(others),
        "not_seen_engaged": int(others["engaged"].sum()),
    }
    rows = [_as_counted(counts), _alike(people)]
    return pd.DataFrame([{**row, **counts} for row in rows])[list(COLUMNS)]


def _as_counted(counts: dict[str, int]) -> dict[str, object]:
    events = [counts["seen_engaged"], counts["not_seen_engaged"]]
    rates = wilson(events, [counts["seen"], counts["not_seen"]])
    below, above = rates["rate"] - rates["lower"], rates["upper"] - rates["rate"]
    difference = float(rates["rate"][0] - rates["rate"][1])
    return {
        "label": "As counted",
        "seen_share": float(rates["rate"][0]),
        "not_seen_share": float(rates["rate"][1]),
        "estimate": difference,
        "low": difference - float(np.hypot(below[0], above[1])),
        "high": difference + float(np.hypot(above[0], below[1])),
        "method": "Newcombe hybrid score interval",
    }


def _alike(people: pd.DataFrame) -> dict[str, object]:
    """What the others would have done if they were like those seen, by a logistic regression on the others."""
    row: dict[str, object] = {"label": "Others made alike in score, age, sex and area"}
    design = pd.get_dummies(people[["sex", "area"]].fillna("not recorded"), drop_first=True, dtype=float)
    score = np.log(people["predicted"] / (1 - people["predicted"]))
    age = people["age"].astype(float) / 10
    design = design.assign(score=score, age=age, age_squared=age**2, intercept=1.0)
    seen, engaged = people["seen"].to_numpy(), people["engaged"].to_numpy(float)
    try:
        found = standardised_comparison(
            engaged, seen, design.to_numpy(float), list(design.columns), clusters=np.arange(len(people))
        ).comparison
    except DataError as error:
        return row | dict.fromkeys(COLUMNS[5:-1], np.nan) | {"method": f"cannot be estimated: {error}"}
    return row | {
        "seen_share": found.actual_rate,
        "not_seen_share": found.predicted_rate,
        "estimate": found.difference,
        "low": found.difference_low,
        "high": found.difference_high,
        "method": "standardised to people seen: logistic regression on the others, sandwich variance",
    }


STAY = ("prison", "reception_date")
"""What the table of releases says of a stay in prison, where it does."""

PEOPLE = ("ethnicity", "offence_group", "total_sanctions", "age_at_first_sanction")
"""What a match uses beyond the covariates of the standardisation, where the cohort has it."""


def _released(extract: Extract, cohort: Cohort) -> pd.DataFrame:
    """One row per person: seen in prison, engaged outside, and the covariates."""
    if "releases" not in extract.tables or "index_date" not in cohort.frame:
        return pd.DataFrame()
    service = declared_service(cohort.spec)
    table = extract.table("releases")
    held = [name for name in STAY if name in table.collect_schema().names()]
    releases = to_pandas(table.select("person_id", "release_date", "in_reach", *held))
    releases = releases[releases["in_reach"].notna()].drop_duplicates(["person_id", "release_date"])
    columns = ["person_id", "index_date", *COVARIATES, *(name for name in PEOPLE if name in cohort.frame)]
    people = cohort.frame.loc[cohort.frame["predicted"].notna(), columns]
    people = people.merge(releases, left_on=["person_id", "index_date"], right_on=["person_id", "release_date"])
    end = min(pd.Timestamp(service.took_up[1]), pd.Timestamp(extract.settings.extract_date))
    window = pd.Timedelta(days=ENGAGED_DAYS)
    people = people[people["release_date"] + window <= end].reset_index(drop=True)
    outside = service_referrals(extract, service).filter(nw.col("setting") != IN_REACH, ~nw.col("start_date").is_null())
    starts = to_pandas(outside.select("person_id", "start_date"))
    starts = starts.merge(people[["person_id", "release_date"]], on="person_id")
    soon = starts["start_date"].between(starts["release_date"], starts["release_date"] + window)
    engaged = people["person_id"].isin(starts.loc[soon, "person_id"])
    return people.assign(seen=people["in_reach"].astype(bool), engaged=engaged)


def _other_services(extract: Extract, cohort: Cohort, people: pd.DataFrame) -> dict[str, int]:
    """Person -> services other than this one that were taken up, and not left, by the day of release."""
    others = extract.table("referrals").filter(
        nw.col("service") != declared_service(cohort.spec).name, ~nw.col("start_date").is_null()
    )
    spells = to_pandas(others.select("person_id", "start_date", "end_date"))
    spells = spells.merge(people[["person_id", "release_date"]], on="person_id")
    by_then = (spells["start_date"] <= spells["release_date"]) & ~(spells["end_date"] < spells["release_date"])
    return {str(person): int(many) for person, many in spells.loc[by_then, "person_id"].value_counts().items()}
