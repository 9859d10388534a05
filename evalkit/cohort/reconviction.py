"""What happened after the index date: reconvictions and proven reoffences, as one lazy expression.

Follow-up is (index date, index date + 365 days]. What looks like a reconviction and is none (a breach, a sentence for
an offence before the index date) is not counted as one, but is counted, so that a reader can see how much it matters.
"""

from __future__ import annotations

import narwhals as nw

from evalkit.dates import COURT_DAYS, days_after
from evalkit.spec import CohortRules

COUNTED = "counted"
NOT_COUNTED = {
    "type": "breach, resentencing or another sentence type that does not count",
    "code": "offence that does not count (non-recordable)",
    "pseudo": "pseudo-reconviction: the offence was on or before the index date",
    "undated": "the date of the offence is missing",
    "late": "the offence was after follow-up",
}
"""Why a sentence passed within the window is not an outcome; tested in this order."""


def outcomes(sentences: nw.LazyFrame, index: nw.LazyFrame, rules: CohortRules) -> nw.LazyFrame:
    """Outcome of each person of `index`: one row per person with any sentence in the window.

    sentences : the table of that name
    index     : person_id, index_date, index_sentence_id; one row per person. The index sentence is never an outcome

    Returns person_id, first_event and last_event (dates), reconvictions, custodial_reconvictions, undated_reconvictions
    (without an offence date) and one count `not_counted_<why>` for each reason of NOT_COUNTED. For `reconviction` an
    event is dated by its sentence; for `proven_reoffence` by its offence, sentenced up to 183 days after follow-up.
    """
    later = _sentences_in_window(sentences, index, rules).with_columns(verdict=_verdict(rules))
    counted = nw.col("verdict") == COUNTED
    event_date = "sentence_date" if rules.outcome == "reconviction" else "offence_date"
    marks = {
        "first_event": nw.when(counted).then(nw.col(event_date)),
        "last_event": nw.when(counted).then(nw.col(event_date)),
        "reconvictions": counted.cast(nw.Int64),
        "custodial_reconvictions": (counted & (nw.col("sentence_type") == "custody")).cast(nw.Int64),
        "undated_reconvictions": (counted & nw.col("offence_date").is_null()).cast(nw.Int64),
        **{f"not_counted_{why}": (nw.col("verdict") == why).cast(nw.Int64) for why in NOT_COUNTED},
    }
    sums = [name for name in marks if name not in {"first_event", "last_event"}]
    people = later.with_columns(**marks).group_by("person_id")
    summed = people.agg(nw.col("first_event").min(), nw.col("last_event").max(), *map(_total, sums))
    return summed.with_columns(nw.col(*sums).cast(nw.Int64))


def _total(name: str) -> nw.Expr:
    return nw.col(name).sum()


def later_sentences(sentences: nw.LazyFrame, index: nw.LazyFrame, rules: CohortRules) -> nw.LazyFrame:
    """Every sentence after the index date that counts, however late: what follow-up from a later day needs.

    sentences, index, rules : as in `outcomes`

    Returns person_id, sentence_date, offence_date (missing where unknown), offence_code, custodial; one row per
    sentence. Whether an offence was before the day that follow-up starts is for the caller to say.
    """
    later = sentences.join(
        index.select("person_id", "index_date", "index_sentence_id"), on="person_id", how="inner"
    ).filter(nw.col("sentence_date") > nw.col("index_date"), nw.col("sentence_id") != nw.col("index_sentence_id"))
    uncounted = _uncounted_kinds(rules)
    counted = later.filter(~uncounted["type"], ~uncounted["code"])
    return counted.select(
        "person_id",
        "sentence_date",
        "offence_date",
        "offence_code",
        custodial=nw.col("sentence_type") == "custody",
    )


def _sentences_in_window(sentences: nw.LazyFrame, index: nw.LazyFrame, rules: CohortRules) -> nw.LazyFrame:
    court_days = COURT_DAYS if rules.outcome == "proven_reoffence" else 0
    windows = index.select(
        "person_id",
        "index_date",
        "index_sentence_id",
        followup_last=days_after("index_date", rules.followup_days),
        sentenced_last=days_after("index_date", rules.followup_days + court_days),
    )
    joined = sentences.join(windows, on="person_id", how="inner")
    return joined.filter(
        nw.col("sentence_date") > nw.col("index_date"),
        nw.col("sentence_date") <= nw.col("sentenced_last"),
        nw.col("sentence_id") != nw.col("index_sentence_id"),
    )


def _verdict(rules: CohortRules) -> nw.Expr:
    offence = nw.col("offence_date")
    tests = [*_uncounted_kinds(rules).items(), ("pseudo", offence <= nw.col("index_date"))]
    if rules.outcome == "proven_reoffence":
        tests += [("undated", offence.is_null()), ("late", offence > nw.col("followup_last"))]
    verdict: nw.Expr = nw.lit(COUNTED)
    for why, test in reversed(tests):
        verdict = nw.when(test).then(nw.lit(why)).otherwise(verdict)
    return verdict


def _uncounted_kinds(rules: CohortRules) -> dict[str, nw.Expr]:
    return {
        "type": ~nw.col("sentence_type").is_in(list(rules.counted_sentence_types)),
        "code": nw.col("offence_code").is_in(list(rules.not_counted_offence_codes)),
    }
