"""The event that follow-up starts from: the first supervision start of each person in the period."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import narwhals as nw
import pandas as pd

from evalkit.dates import within
from evalkit.intake import Extract, to_pandas
from evalkit.spec import CohortRules, Outcome

INDEX_COLUMNS = (
    *("person_id", "sentence_date", "sentence_type", "offence_code", "area", "team"),
    *("total_sanctions", "age_at_first_sanction", "ogrs3_one_year"),
)
"""What the cohort takes from the index sentence."""


def effective_rules(extract: Extract, declared: CohortRules) -> CohortRules:
    """The declared rules, with the outcome that the extract declares where they name none."""
    return replace(declared, outcome=declared.outcome or cast(Outcome, extract.settings.outcome))


def qualifying_sentences(extract: Extract, rules: CohortRules) -> nw.LazyFrame:
    """Sentences of the types that start a supervision."""
    return extract.table("sentences").filter(nw.col("sentence_type").is_in(list(rules.sentence_types)))


def supervision_starts(extract: Extract, rules: CohortRules) -> nw.LazyFrame:
    """Those of them whose supervision started in the period."""
    return qualifying_sentences(extract, rules).filter(within("supervision_start", rules.period))


def index_events(extract: Extract, rules: CohortRules) -> nw.LazyFrame:
    """The first supervision start of each person in the period."""
    order = ["supervision_start", "sentence_date", "sentence_id"]
    nth = nw.col("sentence_id").cum_count().over("person_id", order_by=order)
    first = supervision_starts(extract, rules).with_columns(nth=nth).filter(nw.col("nth") == 1)
    return first.select(*INDEX_COLUMNS, index_date="supervision_start", index_sentence_id="sentence_id")


def in_order(people: pd.DataFrame, extract: Extract) -> pd.DataFrame:
    """Rows of people in the order of the table people: that of their pseudonyms would change with the key."""
    order = pd.Index(to_pandas(extract.table("people").select("person_id"))["person_id"])
    return people.iloc[order.get_indexer(people["person_id"]).argsort()].reset_index(drop=True)
