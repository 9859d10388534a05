"""The people submitted to a matched comparison, with what was known about each when their follow-up starts."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from evalkit.cohort.build import Cohort
from evalkit.cohort.trials import sequential_trials
from evalkit.errors import SpecError
from evalkit.intake import Extract, to_pandas
from evalkit.spec import Matching

COVARIATES = (
    *("sex", "age", "ethnicity", "area", "offence_group", "sentence_type", "total_sanctions"),
    *("years_since_first_sanction", "logit_predicted", "other_services", "month", "half_year"),
)
"""What an extract of tables says about everybody, all of it on or before the day follow-up starts."""


@dataclass(frozen=True, eq=False)
class Submitted:
    """One line per person, or per person and month.

    frame      : treated, person, month (text; the same for everybody where the group was settled at the index date),
                 the covariates, and the outcomes
    covariates : names of those that the comparison uses
    exact      : names of those that must be equal
    flow       : the people of the group on the way here: step, excluded, remaining, reason
    same       : covariates that are the same for everybody left, and so say nothing
    """

    frame: pd.DataFrame
    covariates: tuple[str, ...]
    exact: tuple[str, ...]
    flow: pd.DataFrame
    same: tuple[str, ...] = ()


def submitted(cohort: Cohort, extract: Extract, matching: Matching) -> Submitted:
    """Who is compared: month by month for a group reached after the index date, else everyone once.

    Raises SpecError where a covariate is none of the cohort, or none is named for a prepared cohort, and as
    `sequential_trials` does.
    """
    group = cohort.spec.group(matching.group)
    known: tuple[str, ...] = ()
    if group.known_at_index:
        frame, flow = _at_index(cohort, group.name), cohort.flow_of(group.name)
    else:
        frame, flow = _by_month(cohort, extract, group.name)
        known = COVARIATES
    covariates = matching.covariates or known
    if not covariates:
        raise SpecError(f"{cohort.spec.path.name}: [matching] must name the covariates of a prepared cohort")
    absent = [name for name in (*covariates, *matching.exact) if name not in frame]
    if absent:
        raise SpecError(f"{cohort.spec.path.name}, matching: the cohort has no column {', '.join(absent)}")
    exact = tuple(dict.fromkeys([*(["month"] if known else []), *matching.exact]))
    loose = tuple(name for name in covariates if name not in exact)
    if matching.missing == "indicator":
        frame = frame.assign(**{name: frame[name].fillna("missing") for name in _categories(frame, loose)})
    frame, flow = comparable(with_rare_merged(frame, loose), loose, flow)
    same = tuple(name for name in covariates if frame[name].nunique(dropna=False) < 2)
    return Submitted(frame, tuple(name for name in covariates if name not in same), exact, flow, same)


RARE = "rare"
FEWEST_IN_CATEGORY = 10
"""Categories with fewer people of the group, or fewer others, are taken together as 'rare'."""


def _categories(frame: pd.DataFrame, covariates: tuple[str, ...]) -> list[str]:
    return [name for name in covariates if not pd.api.types.is_numeric_dtype(frame[name].dtype)]


def with_rare_merged(frame: pd.DataFrame, covariates: tuple[str, ...]) -> pd.DataFrame:
    """The frame with every category of few people of the group, or few others, called 'rare'."""
    treated, merged = frame["treated"].astype(bool), {}
    for name in _categories(frame, covariates):
        sides = [frame.loc[side, name].value_counts() for side in (treated, ~treated)]
        counts = pd.concat(sides, axis=1).fillna(0).min(axis=1)
        merged[name] = frame[name].mask(frame[name].isin(counts.index[counts < FEWEST_IN_CATEGORY]), RARE)
    return frame.assign(**merged)


def comparable(
    frame: pd.DataFrame, covariates: tuple[str, ...], flow: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Without people in a category that nobody on the other side is in; those of the group are counted in the flow."""
    for name in _categories(frame, covariates):
        sides = frame.groupby(name, observed=True, dropna=False)["treated"].agg(["min", "max"])
        alone = frame[name].isin(sides.index[sides["min"].astype(bool) | ~sides["max"].astype(bool)])
        lost = int((alone & frame["treated"].astype(bool)).sum())
        frame = frame[~alone]
        if lost:
            left = int(flow["remaining"].iloc[-1]) - lost
            reason = f"nobody else with the same {name.replace('_', ' ')}"
            step = {"step": "comparable", "excluded": lost, "remaining": left, "reason": reason}
            flow = pd.concat([flow, pd.DataFrame([step])], ignore_index=True)
    return frame.reset_index(drop=True), flow


def _at_index(cohort: Cohort, group: str) -> pd.DataFrame:
    people = cohort.analysed.reset_index(drop=True)
    return people.assign(treated=people[group], person=np.arange(len(people)), month="1")


def _by_month(cohort: Cohort, extract: Extract, group: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    trials = sequential_trials(cohort, group)
    rows = trials.rows
    people = cohort.frame.iloc[rows["row"]].reset_index(drop=True)
    shares = people["predicted"].to_numpy(float)
    years = people["age"] - people["age_at_first_sanction"].astype("float64")
    start = people["index_date"] + pd.to_timedelta(rows["start_day"], unit="D")
    frame = rows.assign(
        person=rows["row"],
        month=rows["month"].map("{:02d}".format),
        half_year=(rows["half_year"] // 2).astype(str) + np.where(rows["half_year"] % 2, " July", " January"),
        **{name: people[name] for name in ("sex", "ethnicity", "area", "team", "offence_group", "sentence_type")},
        age=people["age"],
        total_sanctions=people["total_sanctions"].astype("float64"),
        years_since_first_sanction=years,
        logit_predicted=np.log(shares / (1 - shares)),
        leaves=(_days_until_reached(people, group) - rows["start_day"]).mask(rows["treated"], np.inf),
        other_services=_other_services(extract, cohort, people["person_id"], start),
    )
    return frame, trials.flow


def _days_until_reached(people: pd.DataFrame, group: str) -> pd.Series:
    """Days from the index date to the group; infinite for people who never reach it."""
    days = (people[f"{group}_date"] - people["index_date"]).dt.days
    return days.where(people[group], np.nan).fillna(np.inf)


def _other_services(extract: Extract, cohort: Cohort, person: pd.Series, start: pd.Series) -> pd.Series:
    """How many other services each person had taken up, and not left, on a day of theirs."""
    if "referrals" not in extract.tables or cohort.spec.service is None:
        return pd.Series(0, index=person.index)
    others = extract.table("referrals").filter(
        nw.col("service") != cohort.spec.service.name, ~nw.col("start_date").is_null()
    )
    spells = to_pandas(others.select("person_id", "start_date", "end_date"))
    lines = pd.DataFrame({"person_id": person, "start": start, "line": np.arange(len(person))})
    joined = lines.merge(spells, on="person_id")
    open_then = (joined["start_date"] <= joined["start"]) & ~(joined["end_date"] < joined["start"])
    return pd.Series(np.bincount(joined.loc[open_then, "line"], minlength=len(person)), index=person.index)


CHARACTERISTICS = {
    "sex": "Sex",
    "age_band": "Age",
    "ethnicity": "Ethnicity",
    "area": "Area",
    "offence_group": "Offence",
    "sentence_type": "Sentence",
}
AGE_BANDS = {18: "18 to 24", 25: "25 to 34", 35: "35 to 44", 45: "45 to 54", 55: "55 and over"}


def profile(people: Submitted) -> pd.DataFrame:
    """Who the people of the group are; of a prepared cohort, the characteristics it has.

    Returns one row per category: label ('Sex: female'), characteristic, category, people, of, share.
    """
    treated = people.frame[people.frame["treated"].astype(bool)]
    if "age" in treated:
        band = np.searchsorted(list(AGE_BANDS), treated["age"].astype(float), side="right") - 1
        treated = treated.assign(age_band=np.array(list(AGE_BANDS.values()))[band.clip(min=0)])
    tables = [
        treated[name]
        .fillna("not recorded")
        .value_counts(sort=False)
        .sort_index()
        .rename_axis("category")
        .reset_index()
        .assign(characteristic=label)
        for name, label in CHARACTERISTICS.items()
        if name in treated and treated[name].notna().any()
    ]
    if not tables:
        return pd.DataFrame(columns=["label", "characteristic", "category", "people", "of", "share"])
    table = pd.concat(tables, ignore_index=True).rename(columns={"count": "people"})
    label = table["characteristic"] + ": " + table["category"].astype("str")
    return table.assign(label=label, of=len(treated), share=table["people"] / len(treated))
