"""Needs of a programme's pathways: how far they were met, and how many pathways people were in."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from evalkit.cohort.programme_measures import mean_with_interval
from evalkit.cohort.programmes import Programmes
from evalkit.errors import SpecError
from evalkit.intake import Extract, to_pandas

SCORES = {"achieved": 1.0, "partly": 0.5, "not": 0.0}
"""What an outcome counts."""

MOST_UNKNOWN = 0.10


def pathway_needs(extract: Extract, found: Programmes) -> pd.DataFrame:
    """The needs of a programme's people in its pathways; one row is a need, and a person may have several.

    extract : with the table needs; needs belong to the referral of a person's first start

    Returns person_id, pathway, outcome (achieved, partly, not, or missing); no row where no pathways are declared.
    Raises SpecError where a pathway has no need in the extract.
    """
    declared = found.declared.pathways
    if not declared:
        return pd.DataFrame(columns=["person_id", "pathway", "outcome"])
    rows = to_pandas(
        extract.table("needs")
        .filter(nw.col("pathway").is_in(list(declared)))
        .select("person_id", "referral_id", "pathway", "identified_date", "outcome")
    )
    rows = rows[rows["referral_id"].isin(found.own["referral_id"])]
    if missing := [name for name in declared if not (rows["pathway"] == name).any()]:
        raise SpecError(f"nobody of the programme has a need of the pathway '{missing[0]}'; check its spelling")
    rows = rows.sort_values(["referral_id", "pathway", "identified_date"], kind="stable")
    return rows[["person_id", "pathway", "outcome"]].reset_index(drop=True)


def needs_met(needs: pd.DataFrame, found: Programmes) -> pd.DataFrame:
    """How far needs were met by pathway: achieved 1, partly 0.5, not 0.

    needs : what `pathway_needs` returned

    Returns one row per pathway, in the order declared: pathway, needs, achieved, partly, not, no_outcome (they add up
    to needs); mean (0 to 1, of the needs with an outcome) with low and high (95 % t interval); worst and best (of all
    needs, if those without an outcome were not met, and if all were), rating (amber with more than 10 % unknown),
    method. The interval takes needs of one pathway as those of different people, as they nearly always are.
    """
    rows = []
    for pathway in found.declared.pathways:
        outcome = needs.loc[needs["pathway"] == pathway, "outcome"]
        counts = {name: int((outcome == name).sum()) for name in SCORES}
        unknown, scores = int(outcome.isna().sum()), outcome.dropna().map(SCORES).astype(float)
        total = len(outcome)
        rows.append(
            {
                "pathway": pathway.capitalize(),
                "needs": total,
                **counts,
                "no_outcome": unknown,
                **mean_with_interval(scores),
                "worst": float(scores.sum()) / total,
                "best": (float(scores.sum()) + unknown) / total,
                "rating": "amber" if unknown > MOST_UNKNOWN * total else "green",
                "method": "t interval",
            }
        )
    return pd.DataFrame(rows)


def pathways_each(needs: pd.DataFrame, found: Programmes) -> pd.DataFrame:
    """How many people were in how many pathways.

    needs : what `pathway_needs` returned

    Returns one row per number, from no pathway to all of them: pathways, people, of (the people of the programme),
    share (0 to 1).
    """
    declared, people = len(found.declared.pathways), len(found.own)
    each = needs.drop_duplicates(["person_id", "pathway"]).groupby("person_id").size()
    counts = each.value_counts().reindex(range(1, declared + 1), fill_value=0)
    table = pd.DataFrame({"pathways": range(declared + 1), "people": [people - len(each), *counts]})
    return table.assign(of=people, share=table["people"] / people)
