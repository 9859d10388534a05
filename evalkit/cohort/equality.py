"""Equality: people who took part beside the caseload, by every protected characteristic that is recorded."""

from __future__ import annotations

import pandas as pd

from evalkit.cohort.build import Cohort
from evalkit.cohort.service import with_shares
from evalkit.errors import SpecError
from evalkit.intake import Extract, to_pandas

CHARACTERISTICS = {
    "age_band": "Age",
    "sex": "Sex",
    "ethnicity": "Ethnicity",
    "disability": "Disability",
    "religion": "Religion or belief",
    "sexual_orientation": "Sexual orientation",
    "nationality": "Nationality",
}
"""Column -> what the characteristic is called."""

NOT_HELD = "gender reassignment, marriage and civil partnership, pregnancy and maternity"
"""Protected characteristics that an extract has no column for."""

AGE_BANDS = {"under 21": 21, "21 to 24": 25, "25 to 34": 35, "35 to 49": 50, "50 and over": 200}
"""Band -> the age at which the next begins."""

NOT_RECORDED = "not recorded"


def equality(extract: Extract, cohort: Cohort, *, group: str) -> pd.DataFrame:
    """How many of the caseload took part, by characteristic.

    extract : what `load` returned
    cohort  : its eligible people, followed up in full or not, are the caseload; age is that on the index date
    group   : name of the declared group that took part

    Returns one row per characteristic and category, categories in alphabetical order and 'not recorded' last; a
    characteristic that is recorded of nobody is left out: label, characteristic, category, caseload, participants,
    of (caseload), share, low, high (Wilson, 95 %), caseload_share and participant_share (of everyone), method.
    Raises SpecError where no group has that name.
    """
    if group not in cohort.frame:
        raise SpecError(f"equality: the cohort has no group '{group}'")
    people = _characteristics(extract, cohort).assign(took_part=cohort.frame[group].to_numpy())
    recorded = {name: title for name, title in CHARACTERISTICS.items() if (people[name] != NOT_RECORDED).any()}
    table = pd.concat([_by(people, name, title) for name, title in recorded.items()], ignore_index=True)
    participants = max(int(people["took_part"].sum()), 1)
    return with_shares(
        table.assign(
            of=table["caseload"],
            caseload_share=table["caseload"] / len(people),
            participant_share=table["participants"] / participants,
        ),
        "participants",
    )


def _characteristics(extract: Extract, cohort: Cohort) -> pd.DataFrame:
    """One row per person of the caseload, in its order: a text for each characteristic."""
    own = ["disability", "religion", "sexual_orientation", "nationality"]
    recorded = to_pandas(extract.table("people").select("person_id", *own)).set_index("person_id")
    people = cohort.frame[["person_id", "sex", "ethnicity"]].join(recorded, on="person_id")
    limits = [-1, *(limit - 1 for limit in AGE_BANDS.values())]
    people["age_band"] = pd.cut(cohort.frame["age"], limits, labels=list(AGE_BANDS)).astype("str")
    return people[list(CHARACTERISTICS)].fillna(NOT_RECORDED)


def _by(people: pd.DataFrame, name: str, title: str) -> pd.DataFrame:
    values, took_part = people[name], people["took_part"]
    caseload, participants = values.value_counts(), values[took_part].value_counts()
    table = pd.DataFrame({"caseload": caseload, "participants": participants}).fillna(0).astype("int64")
    order = list(AGE_BANDS) if name == "age_band" else sorted(map(str, table.index))
    order = [category for category in order if category in table.index and category != NOT_RECORDED]
    table = table.reindex([*order, *([NOT_RECORDED] if NOT_RECORDED in table.index else [])])
    table = table.rename_axis("category").reset_index().assign(characteristic=title)
    table["label"] = [f"{title}: {category[:1].upper()}{category[1:]}" for category in table["category"]]
    return table[["label", "characteristic", "category", "caseload", "participants"]]
