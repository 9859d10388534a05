"""Whom the evaluation follows: index events, eligibility, and an attrition flow that balances.

Eligibility uses only facts dated on or before the index date, and the extract date; it never sees the outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import narwhals as nw
import pandas as pd

from evalkit.cohort.columns import COLUMNS
from evalkit.cohort.history import History, history, last_mature_day, settled_after
from evalkit.cohort.index import effective_rules, in_order, index_events, qualifying_sentences, supervision_starts
from evalkit.cohort.reconviction import NOT_COUNTED, later_sentences, outcomes
from evalkit.cohort.scores import score
from evalkit.cohort.service import mark_days_reached, refuse_unknown_service
from evalkit.dates import completed_years, long_date
from evalkit.errors import DataError, SpecError
from evalkit.intake import Extract, to_pandas
from evalkit.spec import CohortRules, Group, Spec, read_spec
from evalkit.statistics.reference import ReferenceModel


@dataclass(frozen=True)
class Step:
    """One line of the attrition flow: what must hold, and why people who leave here leave."""

    name: str
    reason: str


@dataclass(frozen=True)
class Side:
    """The people of one declared group, or those of the wider group who are not in it."""

    group: Group
    complement: bool
    people: pd.DataFrame

    @property
    def label(self) -> str:
        """What these people are called."""
        return self.group.complement if self.complement else self.group.label


@dataclass(frozen=True, repr=False)
class Cohort:
    """The people of one evaluation, and how they were arrived at.

    frame    : one row per eligible person (columns: data dictionary, "The cohort frame")
    flow     : step, excluded, remaining, reason; the first line is everyone, the last the people analysed
    everyone : person_id, left_at (number of the step at which the person left, or the number of steps), one boolean
               column per group
    steps    : the steps of the flow
    notes    : what, count: what was set aside or not counted on the way
    model    : the reference model that the predictions come from, if they were estimated in this study
    history  : what happened to each person after the index date, however late; None for a prepared cohort
    """

    frame: pd.DataFrame
    flow: pd.DataFrame
    everyone: pd.DataFrame
    steps: tuple[Step, ...]
    notes: pd.DataFrame
    spec: Spec
    model: ReferenceModel | None = None
    history: History | None = None

    @cached_property
    def analysed(self) -> pd.DataFrame:
        """The people of every fixed-window rate: followed up in full and with a valid score."""
        return self.frame[self.frame["analysed"]]

    @property
    def predictor(self) -> str:
        """What the predictions come from."""
        return str(self.frame["predictor"].iloc[0])

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """Both sides of every declared group among those analysed: a group, all that lies within it, the others."""
        return tuple(self._sides_within("", self.analysed))

    def _sides_within(self, within: str, people: pd.DataFrame) -> Iterator[Side]:
        for group in self.spec.groups:
            if group.within == within:
                inside = people[people[group.name]]
                yield Side(group, False, inside)
                yield from self._sides_within(group.name, inside)
                yield Side(group, True, people[~people[group.name]])

    def flow_of(self, group: str) -> pd.DataFrame:
        """The attrition flow of the people of one group; same columns as `flow`."""
        self.spec.group(group)
        return _flow(self.everyone[self.everyone[group]], self.steps)

    def __repr__(self) -> str:
        return (
            f"Cohort of {len(self.frame):,} people, {len(self.analysed):,} analysed\n{self.flow.to_string(index=False)}"
        )

    def _repr_html_(self) -> str:
        return str(self.flow.to_html(index=False))


def build_cohort(extract: Extract, spec: Spec | str | Path) -> Cohort:
    """Build the cohort that a specification declares from an extract.

    extract : what `load` returned; an extract of tables or a prepared cohort
    spec    : what `read_spec` returned, or the path of a specification

    Raises SpecError where the specification names what the extract lacks, DataError where nobody is eligible.
    """
    spec = spec if isinstance(spec, Spec) else read_spec(spec)
    if "cohort" in extract.tables:
        people, steps = _prepared_people(extract, spec)
    else:
        people, steps = _people_of_tables(extract, spec)
    if people.empty:
        raise DataError("no row of the extract could be used; run `python -m evalkit check` on it to see why")
    if (people["left_at"] < len(steps) - 2).all():
        reasons = _flow(people, steps).sort_values("excluded")["reason"]
        raise DataError(f"nobody is eligible; most people leave here: {reasons.iloc[-1]}")
    scores = score(people, eligible=people["left_at"] >= len(steps) - 2, spec=spec, settings=extract.settings)
    people = scores.people
    without_score = (people["left_at"] == len(steps)) & people["predicted"].isna()
    people["left_at"] = people["left_at"].mask(without_score, len(steps) - 1)
    people["analysed"] = people["left_at"] == len(steps)
    groups = [group.name for group in spec.groups]
    frame = people[people["left_at"] >= len(steps) - 2].reset_index(drop=True)
    return Cohort(
        frame=frame[_frame_columns(frame, groups)],
        flow=_flow(people, steps),
        everyone=people[["person_id", "left_at", *groups]],
        steps=steps,
        notes=_notes(frame, spec),
        spec=spec,
        model=scores.model,
        history=_history(extract, frame, spec) if spec.cohort and "index_date" in frame else None,
    )


_SCORED = Step("with a valid risk score", "no valid risk score")


def _people_of_tables(extract: Extract, spec: Spec) -> tuple[pd.DataFrame, tuple[Step, ...]]:
    if spec.cohort is None:
        raise SpecError(f"{spec.path.name}: the section [cohort] is missing")
    rules = effective_rules(extract, spec.cohort)
    people = _collect_people(extract, spec, rules)
    people["age"] = completed_years(people["date_of_birth"], people["index_date"])
    extract_date = pd.Timestamp(extract.settings.extract_date)
    lag, last_mature = settled_after(extract, rules), last_mature_day(extract, rules)
    people["mature"] = people["index_date"] <= last_mature
    followup_end = people["index_date"] + pd.Timedelta(days=rules.followup_days)
    people["followup_end"] = followup_end.mask(followup_end > extract_date, extract_date)
    people["days_to_reconviction"] = (people["first_event"] - people["index_date"]).dt.days
    people["days_to_last_reconviction"] = (people["last_event"] - people["index_date"]).dt.days
    people["reconvicted"] = people["reconvictions"] > 0
    first, last = rules.period
    kinds = ", ".join(rules.sentence_types)
    steps_and_tests = [
        (
            Step("sentenced to supervision", f"no sentence on record that starts supervision ({kinds})"),
            people["qualifying"] > 0,
        ),
        (
            Step(
                "supervision started in the period",
                f"no supervision start from {long_date(first)} to {long_date(last)}",
            ),
            people["index_date"].notna(),
        ),
        (
            Step(f"aged {rules.minimum_age} or over", f"under {rules.minimum_age} on the index date"),
            people["age"] >= rules.minimum_age,
        ),
        (
            Step(
                "followed up in full",
                f"index date after {long_date(last_mature)}: follow-up, and {lag} days for late recording, were not "
                "over on the extract date",
            ),
            people["mature"],
        ),
    ]
    people["left_at"] = _first_failed([test for _, test in steps_and_tests])
    return people, (*(step for step, _ in steps_and_tests), _SCORED)


def _history(extract: Extract, frame: pd.DataFrame, spec: Spec) -> History:
    rules = effective_rules(extract, cast(CohortRules, spec.cohort))
    later = later_sentences(extract.table("sentences"), index_events(extract, rules), rules)
    return history(extract, to_pandas(later), frame, rules)


def _collect_people(extract: Extract, spec: Spec, rules: CohortRules) -> pd.DataFrame:
    """One row per person: who they are, their index event, what followed, when they reached each group."""
    sentences, index = extract.table("sentences"), index_events(extract, rules)
    qualifying, starts = qualifying_sentences(extract, rules), supervision_starts(extract, rules)
    people = (
        extract.table("people")
        .select("person_id", "date_of_birth", "sex", "ethnicity")
        .join(qualifying.group_by("person_id").agg(nw.len().alias("qualifying")), on="person_id", how="left")
        .join(starts.group_by("person_id").agg(nw.len().alias("index_events")), on="person_id", how="left")
        .join(index, on="person_id", how="left")
        .join(outcomes(sentences, index, rules), on="person_id", how="left")
    )
    frame = in_order(to_pandas(people), extract)
    mark_days_reached(frame, extract, spec)
    counts = ["qualifying", "index_events", "reconvictions", "custodial_reconvictions", "undated_reconvictions"]
    counts += [f"not_counted_{why}" for why in NOT_COUNTED]
    frame[counts] = frame[counts].fillna(0).astype("int64")
    if spec.groups and spec.service:
        frame["in_service_before"] = frame["service_first_start"] < pd.Timestamp(spec.service.took_up[0])
    refuse_unknown_service(extract, spec, frame)
    for group in spec.groups:
        frame[group.name] = frame[f"{group.name}_date"].notna()
        if group.within:
            frame[group.name] &= frame[group.within]
    return frame


def _prepared_people(extract: Extract, spec: Spec) -> tuple[pd.DataFrame, tuple[Step, ...]]:
    people = to_pandas(extract.table("cohort"))
    for group in spec.groups:
        if group.name not in people:
            raise SpecError(f"{spec.path.name}: the prepared cohort has no group column '{group.name}'")
        people[group.name] = people[group.name].astype(bool)
        outside = int((people[group.name] & ~people[group.within]).sum()) if group.within else 0
        if outside:
            raise DataError(
                f"prepared cohort, column {group.name}: {outside:,} rows are yes but not in {group.within}, of which "
                f"{spec.path.name} says the group is part"
            )
    people["reconvicted"] = people["reconvicted"].astype(bool)
    people["mature"] = True
    steps = (Step("followed up in full", "not followed up in full"), _SCORED)
    people["left_at"] = len(steps)
    return people, steps


def _first_failed(tests: list[pd.Series]) -> pd.Series:
    """Number of the first test each person fails; one more than there are tests (for the score) if none."""
    left_at = pd.Series(len(tests) + 1, index=tests[0].index)
    for number, test in reversed(list(enumerate(tests))):
        left_at = left_at.mask(~test, number)
    return left_at


def _flow(people: pd.DataFrame, steps: tuple[Step, ...]) -> pd.DataFrame:
    left = people["left_at"].value_counts()
    excluded = [0, *(int(left.get(number, 0)) for number in range(len(steps)))]
    return pd.DataFrame(
        {
            "step": ["people in the extract", *(step.name for step in steps)],
            "excluded": excluded,
            "remaining": len(people) - pd.Series(excluded).cumsum(),
            "reason": ["", *(step.reason for step in steps)],
        }
    )


def _frame_columns(frame: pd.DataFrame, groups: list[str]) -> list[str]:
    if "index_events" not in frame:
        return [name for name in frame.columns if name != "left_at"]
    wanted = [*COLUMNS, *(name for group in groups for name in (group, f"{group}_date"))]
    return [name for name in wanted if name in frame]


def _notes(frame: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """What was set aside or not counted among eligible people, in words with its count."""
    rows: list[tuple[str, int]] = []
    if "index_events" in frame:
        rows.append(("later supervision starts of the same people, set aside", int((frame["index_events"] - 1).sum())))
        rows += [
            (f"later sentences not counted: {why}", int(frame[f"not_counted_{key}"].sum()))
            for key, why in NOT_COUNTED.items()
        ]
    for group in spec.groups:
        dated = frame.get(f"{group.name}_date")
        if dated is not None:
            rows.append((f"{group.label}: before the index date", int((dated < frame["index_date"]).sum())))
            rows.append((f"{group.label}: after follow-up ended", int((dated > frame["followup_end"]).sum())))
    return pd.DataFrame(rows, columns=["what", "count"])
