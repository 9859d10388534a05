"""One programme of a service, as a specification declares it: who started it, what is known of them, what came of it.

One row is one person, from the first start of the programme in its period; later starts count as stays only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import narwhals as nw
import pandas as pd

from evalkit.cohort.index import effective_rules
from evalkit.cohort.intervention_spec import FollowUp, Intervention, Programme, declared_intervention
from evalkit.cohort.reconviction import outcomes
from evalkit.dates import FOLLOWUP_DAYS, long_date
from evalkit.errors import DataError, SpecError
from evalkit.intake import Extract, to_pandas
from evalkit.spec import Spec

COLUMNS = ("referral_id", "person_id", "start_date", "end_date", "end_reason")


@dataclass(frozen=True, repr=False)
class Programmes:
    """The people of a programme and, if one is declared, of the programme it is compared with.

    frame        : one row per person: person_id, referral_id, programme (label), start_date, end_date, end_reason,
                   jobs_found, courses_completed, reconvictions (within a year of the start), settled_at_3_months
                   (1, 0 or missing)
    stays        : one row per start of the programme itself: the columns of the referral
    flow         : of the programme: step, excluded, remaining, reason; of starts, of people from the last step on
    extract_date : until which all is known
    """

    declared: Intervention
    frame: pd.DataFrame
    stays: pd.DataFrame
    flow: pd.DataFrame
    extract_date: pd.Timestamp

    @property
    def own(self) -> pd.DataFrame:
        """The people of the programme itself."""
        return self.frame[self.frame["programme"] == self.declared.programme.label].reset_index(drop=True)

    def __repr__(self) -> str:
        return f"{len(self.own):,} people of {self.declared.programme.label}\n{self.flow.to_string(index=False)}"


def programmes(extract: Extract, spec: Spec) -> Programmes:
    """The people who started the declared programme in its period, and those of the one it is compared with.

    extract : what `load` returned, with the tables people, sentences and referrals
    spec    : its section [intervention]; its [cohort] says which sentences count as reconvictions

    Whoever started both programmes stays with the one started first, and is counted in the flow of the other.
    Raises SpecError where a declared column does not exist, DataError where nobody started a programme.
    """
    declared = declared_intervention(spec)
    extract_date = pd.Timestamp(extract.settings.extract_date)
    both = [declared.programme, *([declared.compared] if declared.compared else [])]
    referrals = {one.label: _referrals(extract, one, spec) for one in both}
    started = pd.concat([_in_period(referrals[one.label], one, extract_date) for one in both], ignore_index=True)
    first = started.sort_values(["start_date", "referral_id"]).drop_duplicates("person_id")
    for one in both:
        if not (first["programme"] == one.label).any():
            raise DataError(
                f"nobody started '{one.label}' from {long_date(one.period[0])} to {long_date(one.period[1])}; check "
                "its period and the values that its referrals must have"
            )
    own = declared.programme
    return Programmes(
        declared=declared,
        frame=_described(first.reset_index(drop=True), extract, spec, declared),
        stays=started[started["programme"] == own.label].reset_index(drop=True),
        flow=_flow(referrals[own.label], started, first, own, extract_date),
        extract_date=extract_date,
    )


def programme_caveats(extract: Extract) -> tuple[str, ...]:
    """Sentences that belong above the first figure: which tables have rejected rows."""
    return tuple(
        f"{line['rejected']:,} of {line['read']:,} rows of {line['table']} were rejected and are in no figure."
        for line in extract.summary.to_dict("records")
        if line["rejected"]
    )


def _referrals(extract: Extract, programme: Programme, spec: Spec) -> pd.DataFrame:
    rows = extract.table("referrals")
    columns = rows.collect_schema().names()
    for column, value in programme.where.items():
        if column not in columns:
            raise SpecError(f"{spec.path.name}, '{programme.label}': the table referrals has no column {column}")
        rows = rows.filter(nw.col(column) == value)
    return to_pandas(rows.select(*COLUMNS)).assign(programme=programme.label)


def _in_period(rows: pd.DataFrame, programme: Programme, extract_date: pd.Timestamp) -> pd.DataFrame:
    first, last = (pd.Timestamp(day) for day in programme.period)
    return rows[rows["start_date"].between(first, min(last, extract_date))]


def _flow(
    every: pd.DataFrame, started: pd.DataFrame, first: pd.DataFrame, programme: Programme, extract_date: pd.Timestamp
) -> pd.DataFrame:
    opens, closes = programme.period[0], min(programme.period[1], extract_date.date())
    own = started[started["programme"] == programme.label]
    numbers = [
        ("referrals to the programme", len(every), ""),
        ("started it", int(every["start_date"].notna().sum()), "never started"),
        ("started in the period", len(own), f"not started from {long_date(opens)} to {long_date(closes)}"),
        ("first start of each person", own["person_id"].nunique(), "a later start of the same person"),
        (
            "not in the other programme before",
            int((first["programme"] == programme.label).sum()),
            "started the programme it is compared with first",
        ),
    ]
    rows, before = [], numbers[0][1]
    for step, remaining, reason in numbers:
        rows.append((step, before - remaining, remaining, reason))
        before = remaining
    return pd.DataFrame(rows, columns=["step", "excluded", "remaining", "reason"])


def _described(frame: pd.DataFrame, extract: Extract, spec: Spec, declared: Intervention) -> pd.DataFrame:
    counted = {"jobs_found": ("jobs", "start_date"), "courses_completed": ("courses", "completion_date")}
    for name, (table, dated) in counted.items():
        frame[name] = _of_referrals(extract, table, dated, frame)
    frame["reconvictions"] = _reconvictions(extract, spec, frame)
    frame["settled_at_3_months"] = _follow_up(extract, declared.settled, frame)
    return frame


def _of_referrals(extract: Extract, table: str, dated: str, frame: pd.DataFrame) -> pd.Series:
    """Rows of a table that belong to each referral and have the date; 0 where the extract lacks the table."""
    if table not in extract.tables:
        return pd.Series(0, index=frame.index)
    rows = to_pandas(extract.table(table).filter(~nw.col(dated).is_null()).select("referral_id"))
    return frame["referral_id"].map(rows["referral_id"].value_counts()).fillna(0).astype("int64")


def _reconvictions(extract: Extract, spec: Spec, frame: pd.DataFrame) -> pd.Series:
    """Reconvictions of each person within a year of the start."""
    if spec.cohort is None:
        raise SpecError(f"{spec.path.name}: the section [cohort] is missing; it says which sentences count")
    rules = replace(effective_rules(extract, spec.cohort), followup_days=FOLLOWUP_DAYS, outcome="reconviction")
    own = extract.table("referrals").filter(nw.col("referral_id").is_in(frame["referral_id"].tolist()))
    index = own.select("person_id", index_date=nw.col("start_date"), index_sentence_id=nw.lit(""))
    events = to_pandas(outcomes(extract.table("sentences"), index, rules)).set_index("person_id")["reconvictions"]
    return frame["person_id"].map(events).fillna(0).astype("int64")


def _follow_up(extract: Extract, settled: FollowUp | None, frame: pd.DataFrame) -> pd.Series:
    if settled is None or "measures" not in extract.tables:
        return pd.Series(float("nan"), index=frame.index)
    rows = extract.table("measures").filter(
        nw.col("instrument") == settled.instrument, nw.col("domain") == settled.domain, nw.col("stage") == "end"
    )
    scores = to_pandas(rows.select("referral_id", "date", "score")).dropna(subset=["referral_id"])
    if not scores["score"].isin([0, 1]).all():
        raise DataError(f"measures, '{settled.instrument}', '{settled.domain}': a score is neither 1 (yes) nor 0 (no)")
    last = scores.sort_values("date", kind="stable").drop_duplicates("referral_id", keep="last")
    return frame["referral_id"].map(last.set_index("referral_id")["score"])
