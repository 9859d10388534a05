"""The in-reach claim tested: were people whom the service saw in prison likelier to engage with it outside?"""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd

from evalkit.cohort.build import Cohort
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
    people = _released(extract, cohort)
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


def _released(extract: Extract, cohort: Cohort) -> pd.DataFrame:
    """One row per person: seen in prison, engaged outside, and the covariates."""
    if "releases" not in extract.tables or "index_date" not in cohort.frame:
        return pd.DataFrame()
    service = declared_service(cohort.spec)
    releases = to_pandas(extract.table("releases").select("person_id", "release_date", "in_reach"))
    releases = releases[releases["in_reach"].notna()].drop_duplicates(["person_id", "release_date"])
    people = cohort.frame.loc[cohort.frame["predicted"].notna(), ["person_id", "index_date", *COVARIATES]]
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
