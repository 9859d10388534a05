"""Work: how soon the first job came, who kept it, and whether a confirmation and the dates say the same."""

from __future__ import annotations

from typing import Literal

import narwhals as nw
import numpy as np
import pandas as pd

from evalkit.cohort.service import (
    declared_service,
    reached,
    rows_of_service,
    service_referrals,
    with_shares,
)
from evalkit.dates import within
from evalkit.intake import Extract, to_pandas
from evalkit.spec import Spec
from evalkit.statistics.survival import survival_curve

IN_REACH = "prison in-reach"
IN_PRISON, ELSEWHERE = "Taken up through prison in-reach", "Taken up elsewhere"
EVERYONE = "Everyone who took up"
FEWEST_PEOPLE, FEWEST_JOBS = 50, 20
"""A curve of its own needs this many people, and first jobs, on both sides."""

NOT_RECORDED = "not recorded"
DERIVED = ("13 weeks by the dates", "less by the dates")
CONFIRMED = ("confirmed", "not confirmed", NOT_RECORDED)

_WORK = {
    **dict.fromkeys(("person_id", "through", "sector"), "str"),
    **dict.fromkeys(("taken_up", "found", "until"), "datetime64[us]"),
    **{"kept": "bool", "confirmed": "float64"},
}
_CURVE = ("group", "time", "survival", "low", "high", "at_risk", "events", "censored", "cumulative", "level", "method")


def work_records(extract: Extract, spec: Spec) -> pd.DataFrame:
    """What is known of the work of everybody who took up the service.

    Returns one row per person: person_id; taken_up (day); through (whether the take-up was at the setting prison
    in-reach); found (first day of work after take-up, up to the end of the period; missing if none); sector of that
    job; kept (13 weeks of continuous work, by the dates); confirmed (1 if any job after take-up is marked as kept for
    13 weeks, 0 if one is marked as not, else missing); until (last day of the period). No row where the extract has no
    table jobs.
    Raises SpecError where the specification declares no service.
    """
    service = declared_service(spec)
    if "jobs" not in extract.tables:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _WORK.items()})
    people = reached(extract, service, "took_up").rename(columns={"date": "taken_up"}).set_index("person_id")
    starts = service_referrals(extract, service).filter(within("start_date", service.took_up))
    first = to_pandas(starts.select("person_id", "referral_id", "start_date", "setting"))
    first = first.sort_values(["start_date", "referral_id"]).drop_duplicates("person_id").set_index("person_id")
    people["through"] = np.where(first["setting"].reindex(people.index) == IN_REACH, IN_PRISON, ELSEWHERE)
    people["found"] = reached(extract, service, "found_work").set_index("person_id")["date"]
    people["kept"] = reached(extract, service, "sustained_13_weeks").set_index("person_id")["date"]
    people["kept"] = people["kept"].notna()
    jobs = rows_of_service(extract, "jobs", service).select("person_id", "sector", "start_date", "confirmed_13_weeks")
    held = to_pandas(jobs.filter(~nw.col("start_date").is_null()))
    held = held[held["start_date"] >= held["person_id"].map(people["taken_up"])]
    held = held.sort_values(["start_date", "sector"])
    people["sector"] = held.drop_duplicates("person_id").set_index("person_id")["sector"]
    confirmed = held["confirmed_13_weeks"].astype("float64")
    people["confirmed"] = confirmed.groupby(held["person_id"]).max()
    return people.assign(until=pd.Timestamp(service.took_up[1])).reset_index()


def time_to_job(work: pd.DataFrame) -> pd.DataFrame:
    """Share of people without a job yet, by day since they took up the service (Kaplan-Meier), in-reach or not.

    work : what `work_records` returned

    Observation runs from the day of take-up to the last day of the service's period; a job that starts on the day of
    take-up counts on day 1. Whoever goes back to custody stays under observation: the extract does not say when.
    Returns the columns of `survival_curve`, one curve for people whose take-up was at the setting prison in-reach and
    one for the others (group), or one of everyone where either has fewer than 50 people or 20 first jobs; no row where
    there are no people.
    """
    if work.empty:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in _CURVE})
    event = work["found"].notna()
    days = (work["found"].fillna(work["until"]) - work["taken_up"]).dt.days
    sizes = event.groupby(work["through"]).agg(["size", "sum"])
    split = len(sizes) > 1 and sizes["size"].min() >= FEWEST_PEOPLE and sizes["sum"].min() >= FEWEST_JOBS
    group = work["through"] if split else pd.Series(EVERYONE, index=work.index)
    return survival_curve(days.where(~event, np.maximum(days, 1)), event, by=group)


def kept_by(work: pd.DataFrame, column: Literal["sector", "through"]) -> pd.DataFrame:
    """Of people who found work after taking up, how many were in continuous work for 13 weeks.

    work   : what `work_records` returned
    column : 'sector' of the first job, or 'through': whether they took up through prison in-reach

    Returns one row per sector, the largest first (or per way in): the column, found_work, kept, of (found_work),
    share, low, high (Wilson, 95 %), method.
    """
    groups = work[work["found"].notna()].groupby(column)["kept"]
    table = pd.DataFrame({"found_work": groups.size(), "kept": groups.sum()}).astype("int64")
    table = table.rename_axis(column).reset_index()
    table = table.sort_values(["found_work", column], ascending=[False, True], ignore_index=True)
    return with_shares(table.assign(of=table["found_work"]), "kept")


def confirmed_and_derived(work: pd.DataFrame) -> pd.DataFrame:
    """People who found work, by what the dates of their jobs say about 13 weeks and by what was confirmed.

    work : what `work_records` returned

    Returns one row per combination: derived ('13 weeks by the dates', 'less by the dates'), confirmed ('confirmed',
    'not confirmed', 'not recorded'), people; no row where nobody found work. No share of a line's people: it would give
    away how many kept work where that is hidden.
    """
    found = work[work["found"].notna()]
    derived = found["kept"].map(dict(zip((True, False), DERIVED, strict=True))).rename("derived")
    confirmed = found["confirmed"].map(dict(zip((1.0, 0.0), CONFIRMED, strict=False))).fillna(NOT_RECORDED)
    counts = found.groupby([derived, confirmed.rename("confirmed")]).size()
    if len(found):
        kinds = pd.MultiIndex.from_product([DERIVED, CONFIRMED], names=["derived", "confirmed"])
        counts = counts.reindex(kinds, fill_value=0)
    return counts.rename("people").reset_index().astype({"people": "int64"})
