"""The cohort frame, declared: one row per eligible person, these columns, then two for each group."""

from __future__ import annotations

from evalkit.cohort.reconviction import NOT_COUNTED

COLUMNS: dict[str, str] = {
    "person_id": "identifier of the person",
    "index_date": "start of the supervision that qualifies; follow-up begins the day after",
    "followup_end": "last day of follow-up, or the extract date if that is earlier",
    "mature": "whether follow-up, and the days allowed for late recording, were over on the extract date",
    "analysed": "mature and with a valid score: the people of every comparison with a prediction",
    "age": "completed years on the index date",
    "sex": "as in the table people",
    "ethnicity": "as in the table people",
    "area": "area of the index sentence",
    "team": "team of the index sentence",
    "sentence_type": "type of the index sentence",
    "offence_code": "offence of the index sentence",
    "offence_group": "OGRS3 group of that offence; missing if unknown",
    "total_sanctions": "sanctions up to and including the index sentence",
    "age_at_first_sanction": "completed years at the first sanction",
    "predicted": "predicted probability of reconviction within a year (0 to 1); missing without a valid score",
    "predictor": "what the prediction comes from",
    "score_error": "why there is no score; empty if there is one",
    "supplied_score": "score supplied with the index sentence, if any (0 to 1)",
    "reconvicted": "whether the outcome happened in follow-up; not final unless mature",
    "days_to_reconviction": "days from the index date to the first one; missing if none",
    "days_to_last_reconviction": "days from the index date to the last one in follow-up; missing if none",
    "reconvictions": "number of them in follow-up",
    "custodial_reconvictions": "number of them sentenced to custody",
    "undated_reconvictions": "number of them without an offence date",
    "in_service_before": "whether the person had started the service before the period that is evaluated",
    "index_events": "supervision starts of the person in the period; the first is the index",
    **{f"not_counted_{key}": f"later sentences that do not count: {why}" for key, why in NOT_COUNTED.items()},
}
"""Column -> meaning, in the order of the frame. Of a prepared cohort, the columns supplied are kept as they are."""


def frame_dictionary() -> str:
    """The cohort frame as a section of the data dictionary, in Markdown."""
    rows = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in COLUMNS.items())
    return (
        "## The cohort frame\n\n"
        "What `evalkit.build_cohort(extract, spec).frame` holds: one row per eligible person. Each declared group\n"
        "adds a yes/no column with its name and `<name>_date`, the day it was reached.\n\n"
        f"| column | meaning |\n|---|---|\n{rows}\n"
    )
