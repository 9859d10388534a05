"""What the service did: who took it up, found work, kept it 13 weeks; courses and sectors.

Each stage is a lazy frame (person_id, date): the day the person first reached it. A course or job belongs to the
service if its referral does, or if it names no referral and its person took the service up.
"""

from __future__ import annotations

from collections.abc import Callable

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.dates import days_after, within
from evalkit.errors import SpecError
from evalkit.intake import Extract, to_pandas
from evalkit.spec import Count, Service, Spec
from evalkit.statistics.rates import wilson

SUSTAINED_DAYS = 91
"""13 weeks of continuous work."""

GAP_DAYS = 7
"""Work goes on if the next job starts within this many days of the end of the last one."""


def took_up(extract: Extract, service: Service) -> nw.LazyFrame:
    """First day, within the declared period, on which each person took up the service: person_id, date."""
    starts = service_referrals(extract, service).filter(within("start_date", service.took_up))
    return _first(starts, "start_date")


def first_start(extract: Extract, service: Service) -> nw.LazyFrame:
    """First day on which each person took up the service at all, in the declared period or not: person_id, date."""
    return _first(service_referrals(extract, service).filter(~nw.col("start_date").is_null()), "start_date")


def found_work(extract: Extract, service: Service) -> nw.LazyFrame:
    """First day of work after take-up, up to the end of the declared period: person_id, date."""
    return _first(_jobs_after_take_up(extract, service), "start_date")


def sustained_13_weeks(extract: Extract, service: Service) -> nw.LazyFrame:
    """Day on which each person had been in continuous work for 13 weeks (91 days): person_id, date.

    Jobs that follow each other within 7 days are one spell of work. A job without an end is still held on the extract
    date, unless it is marked as not confirmed at 13 weeks: then its length is unknown and it counts for no day. The
    spell starts with a job that counts as found work.
    """
    unconfirmed = nw.col("confirmed_13_weeks") == nw.lit(False)
    held_until = nw.lit(extract.settings.extract_date)
    open_end = nw.when(unconfirmed).then(nw.col("start_date")).otherwise(held_until)
    jobs = _jobs_after_take_up(extract, service, open_ended=True).with_columns(
        end_date=nw.when(nw.col("end_date").is_null()).then(open_end).otherwise(nw.col("end_date"))
    )
    order = ["start_date", "end_date"]
    ended = nw.col("end_date").cum_max().over("person_id", order_by=order)
    jobs = jobs.with_columns(ended=ended).with_columns(
        ended_before=nw.col("ended").shift(1).over("person_id", order_by=order)
    )
    broken = nw.col("ended_before").is_null() | (nw.col("start_date") > days_after("ended_before", GAP_DAYS))
    jobs = jobs.with_columns(broken=broken.cast(nw.Int64)).with_columns(
        spell=nw.col("broken").cum_sum().over("person_id", order_by=order)
    )
    spells = jobs.group_by("person_id", "spell").agg(nw.col("start_date").min(), nw.col("end_date").max())
    reached = spells.with_columns(reached=days_after("start_date", SUSTAINED_DAYS))
    kept = reached.filter(nw.col("end_date") >= nw.col("reached"), nw.col("start_date") <= service.took_up[1])
    return _first(kept, "reached")


STAGES: dict[str, Callable[[Extract, Service], nw.LazyFrame]] = {
    "took_up": took_up,
    "found_work": found_work,
    "sustained_13_weeks": sustained_13_weeks,
}
"""The groups that a specification may name, by the stage of the service that defines them."""


def stages(extract: Extract, spec: Spec) -> pd.DataFrame:
    """How many people reached each declared group, of the wider group they are part of.

    Returns one row per group: name, label, people, of, of_label, share, low, high (Wilson, 95 %), method; the last
    five are missing for a group that is part of no other.
    """
    service = declared_service(spec)
    table = pd.DataFrame(
        {
            "name": [group.name for group in spec.groups],
            "label": [group.label for group in spec.groups],
            "people": [len(reached(extract, service, group.name)) for group in spec.groups],
        }
    )
    people = table.set_index("name")["people"]
    table["of"] = [people.get(group.within) for group in spec.groups]
    table["of_label"] = [spec.group(group.within).label if group.within else "" for group in spec.groups]
    return with_shares(table, "people")


def stage(name: str) -> Callable[[Extract, Service], nw.LazyFrame]:
    """The stage of that name. Raises SpecError where there is none."""
    if name not in STAGES:
        raise SpecError(f"group '{name}' is not a stage of the service (known: {', '.join(STAGES)})")
    return STAGES[name]


def reached(extract: Extract, service: Service, name: str) -> pd.DataFrame:
    """Who reached a stage, and when first: person_id, date. Raises SpecError where there is no stage of that name."""
    # Kept with the extract, as a cached property is: half the tables of a report start from it.
    known: dict[tuple[Service, str], pd.DataFrame] = vars(extract).setdefault("stages_reached", {})
    if (service, name) not in known:
        known[service, name] = to_pandas(stage(name)(extract, service))
    return known[service, name]


def mark_days_reached(people: pd.DataFrame, extract: Extract, spec: Spec) -> None:
    """Put beside people the day each reached each declared group, and first started the service at all.

    people : one row per person: person_id. Gains <group>_date for each group, and service_first_start if there is one;
             missing where a person never did

    Raises SpecError where a group is no stage of the service, or no service is declared.
    """
    places = pd.Index(people["person_id"])
    for group in spec.groups:
        if spec.service is None:
            raise SpecError(f"{spec.path.name}: group '{group.name}' needs the section [service]")
        people[f"{group.name}_date"] = _in_their_places(reached(extract, spec.service, group.name), places)
    if spec.groups and spec.service:
        people["service_first_start"] = _in_their_places(to_pandas(first_start(extract, spec.service)), places)


def _in_their_places(days: pd.DataFrame, people: pd.Index) -> NDArray[np.datetime64]:
    place = people.get_indexer(pd.Index(days["person_id"]))
    dates = np.full(len(people), np.datetime64("NaT"), "datetime64[us]")
    dates[place[place >= 0]] = days["date"].to_numpy()[place >= 0]
    return dates


def courses(extract: Extract, spec: Spec) -> pd.DataFrame:
    """Courses completed within the register window, by subject, most frequent first.

    Returns subject, courses, of (all courses), share, low, high (Wilson), method.
    """
    service = declared_service(spec)
    if "courses" not in extract.tables:
        return _nothing("subject", "courses")
    completed = rows_of_service(extract, "courses", service).filter(_in_register("completion_date", service))
    return _by(completed.with_columns(count=nw.lit(1)), "subject", "courses")


def sectors(extract: Extract, spec: Spec) -> pd.DataFrame:
    """People who found work within the register window, by the sector of their first job, most frequent first.

    Returns sector, people, of (all people who found work), share, low, high (Wilson), method.
    """
    service = declared_service(spec)
    if "jobs" not in extract.tables:
        return _nothing("sector", "people")
    jobs = rows_of_service(extract, "jobs", service).filter(_in_register("start_date", service))
    nth = nw.col("sector").cum_count().over("person_id", order_by=["start_date", "sector"])
    return _by(jobs.with_columns(nth=nth).filter(nw.col("nth") == 1), "sector", "people")


def counts(extract: Extract, spec: Spec) -> pd.DataFrame:
    """Every count that the specification declares and whose table the extract holds: name, label, count, unit.

    Raises SpecError where a declared column does not exist.
    """
    held = [count for count in spec.counts if count.table in extract.tables]
    rows = [(count.name, count.label, _count(extract, count), count.unit) for count in held]
    return pd.DataFrame(rows, columns=["name", "label", "count", "unit"])


def _count(extract: Extract, count: Count) -> int:
    rows = _where(extract.table(count.table), count.where, count)
    if count.of_referral:
        referrals = _where(extract.table("referrals"), count.of_referral, count)
        rows = rows.join(referrals.select("referral_id"), on="referral_id", how="semi")
    if count.dated:
        _require_columns(rows, [count.dated], count)
        rows = rows.filter(within(count.dated, count.period) if count.period else ~nw.col(count.dated).is_null())
    _require_columns(rows, [count.distinct], count)
    named = rows.filter(~nw.col(count.distinct).is_null())
    return _number(named.select(nw.col(count.distinct).n_unique()))


def _where(rows: nw.LazyFrame, conditions: dict[str, str], count: Count) -> nw.LazyFrame:
    _require_columns(rows, list(conditions), count)
    return rows.filter(*(nw.col(column) == value for column, value in conditions.items())) if conditions else rows


def _require_columns(rows: nw.LazyFrame, names: list[str], count: Count) -> None:
    held = rows.collect_schema().names() if names else []
    missing = [name for name in names if name not in held]
    if missing:
        raise SpecError(f"count '{count.name}': there is no column {', '.join(missing)} to count by")


def _in_register(column: str, service: Service) -> nw.Expr:
    return within(column, service.register or service.took_up)


def declared_service(spec: Spec) -> Service:
    """The service that a specification declares. Raises SpecError where it declares none."""
    if spec.service is None:
        raise SpecError(f"{spec.path.name}: the section [service] is missing")
    return spec.service


def service_referrals(extract: Extract, service: Service) -> nw.LazyFrame:
    """The referrals to the service, all columns."""
    return extract.table("referrals").filter(nw.col("service") == service.name)


def refuse_unknown_service(extract: Extract, spec: Spec, people: pd.DataFrame) -> None:
    """Raise SpecError where nobody reached any group and nobody was referred to the service of the specification."""
    if spec.service is None or not spec.groups:
        return
    if people[[f"{group.name}_date" for group in spec.groups]].notna().any(axis=None):
        return
    services = to_pandas(extract.table("referrals").select("service").unique())["service"].dropna()
    if spec.service.name not in set(services):
        known = ", ".join(sorted(services)) or "none at all"
        raise SpecError(
            f"{spec.path.name}, [service] name: nobody was referred to a service called '{spec.service.name}' "
            f"(services of the table referrals: {known})"
        )


def rows_of_service(extract: Extract, table: str, service: Service) -> nw.LazyFrame:
    """Rows of a table that belong to the service: their referral does, or they name none and the person took it up."""
    referrals = service_referrals(extract, service)
    rows = extract.table(table)
    by_referral = rows.join(referrals.select("referral_id"), on="referral_id", how="semi")
    clients = referrals.filter(~nw.col("start_date").is_null()).select("person_id")
    without = rows.filter(nw.col("referral_id").is_null()).join(clients, on="person_id", how="semi")
    return nw.concat([by_referral, without])


def _jobs_after_take_up(extract: Extract, service: Service, *, open_ended: bool = False) -> nw.LazyFrame:
    starts = took_up(extract, service).select("person_id", taken_up="date")
    jobs = rows_of_service(extract, "jobs", service).join(starts, on="person_id", how="inner")
    jobs = jobs.filter(nw.col("start_date") >= nw.col("taken_up"))
    return jobs if open_ended else jobs.filter(nw.col("start_date") <= service.took_up[1])


def _first(rows: nw.LazyFrame, column: str) -> nw.LazyFrame:
    return rows.group_by("person_id").agg(nw.col(column).min().alias("date"))


def _number(table: nw.LazyFrame) -> int:
    """What a table of one row and one column holds; of no rows, the distinct values are counted as missing."""
    return int(table.collect("pyarrow").item() or 0)


def _nothing(column: str, counted: str) -> pd.DataFrame:
    counts = {name: pd.Series(dtype="int64") for name in (counted, "of")}
    return with_shares(pd.DataFrame({column: pd.Series(dtype="str"), **counts}), counted)


def _by(rows: nw.LazyFrame, column: str, counted: str) -> pd.DataFrame:
    counts = to_pandas(rows.group_by(column).agg(nw.len().alias(counted)))
    counts = counts.sort_values([counted, column], ascending=[False, True], ignore_index=True)
    return with_shares(counts.assign(of=counts[counted].sum()), counted)


def with_shares(table: pd.DataFrame, counted: str) -> pd.DataFrame:
    """The table with share, low, high (Wilson, 95 %) and method of a count; missing where there is nobody in the base.

    table   : the count, and the column of: its base
    counted : name of the count
    """
    based = table[table["of"] > 0]
    if based.empty:
        return table.assign(**dict.fromkeys(("share", "low", "high"), np.nan), method="")
    intervals = wilson(based[counted], based["of"]).rename(columns={"rate": "share", "lower": "low", "upper": "high"})
    return table.join(intervals[["share", "low", "high", "method"]])
