"""Whom the service reached: people referred and people who took it up, by place and month by month."""

from __future__ import annotations

import pandas as pd

from evalkit.cohort.service import declared_service, service_referrals, with_shares
from evalkit.intake import Extract, to_pandas
from evalkit.spec import Spec

KINDS = {"setting": "Setting", "area": "Area", "partner": "Partner"}
"""Columns of a referral by which reach is told, and what they are called."""

EVERYONE, NOT_RECORDED = "Everyone", "not recorded"


def referral_records(extract: Extract, spec: Spec) -> pd.DataFrame:
    """The referrals to the service that matter for its period, one row each, the earliest first.

    Returns person_id, referral_id, referral_date, start_date, setting, area, partner; referred and took_up: whether
    the referral, and the start, lie in the declared period.
    Raises SpecError where the specification declares no service.
    """
    service = declared_service(spec)
    columns = ["person_id", "referral_id", "referral_date", "start_date", *KINDS]
    records = to_pandas(service_referrals(extract, service).select(*columns))
    first, last = map(pd.Timestamp, service.took_up)
    referred = records["referral_date"].between(first, last)
    took_up = records["start_date"].between(first, last)
    records = records.assign(referred=referred, took_up=took_up)[referred | took_up]
    return records.sort_values(["referral_date", "referral_id"], ignore_index=True)


def reach(records: pd.DataFrame) -> pd.DataFrame:
    """People referred to the service in its period, and how many of them took it up, by setting, area and partner.

    records : what `referral_records` returned

    Each person counts once, where the first referral of the period says; took_up: started, by the end of the period,
    from any referral dated within it. Whoever was referred before the period and started in it is not here.
    Returns a row for everyone and one per kind and value, the largest first, of each kind with several values: kind,
    value, referred, took_up, of (referred), share, low, high (Wilson, 95 %), method.
    """
    referred = records[records["referred"]]
    took_up = referred["took_up"].groupby(referred["person_id"]).transform("any")
    people = referred.assign(took_up=took_up).drop_duplicates("person_id")
    parts = [_by(people, column, kind) for column, kind in KINDS.items()]
    parts = [part for part in parts if len(part) > 1]
    everyone = pd.DataFrame([{"kind": EVERYONE, "value": EVERYONE, "referred": len(people)}])
    everyone = everyone.assign(took_up=int(people["took_up"].sum()), of=len(people))
    table = pd.concat([everyone, *parts], ignore_index=True)
    return with_shares(table, "took_up")


def reach_by_month(records: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """People by the month of their first referral in the period, and by the month in which they first took up.

    records : what `referral_records` returned

    Returns one row per month of the period, with 0 where nothing happened: month ('2018-04'), referred, took_up.
    Raises SpecError where the specification declares no service.
    """
    months = pd.period_range(*declared_service(spec).took_up, freq="M")
    table = pd.DataFrame({"month": [f"{month:%Y-%m}" for month in months]})
    for name, column in (("referred", "referral_date"), ("took_up", "start_date")):
        first = records[records[name]].groupby("person_id")[column].min().dt.to_period("M")
        table[name] = first.value_counts().reindex(months, fill_value=0).to_numpy()
    return table


def _by(people: pd.DataFrame, column: str, kind: str) -> pd.DataFrame:
    value = people[column].astype(object).where(people[column].notna(), NOT_RECORDED)
    groups = people.groupby(value)["took_up"]
    table = pd.DataFrame({"referred": groups.size(), "took_up": groups.sum()}).astype("int64")
    table = table.rename_axis("value").reset_index().sort_values(["referred", "value"], ascending=[False, True])
    return table.assign(kind=kind, of=table["referred"])[["kind", "value", "referred", "took_up", "of"]]
