"""What goes with a reconviction rate: how often, how soon, how severe, and what late or missing records may hide."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from evalkit.cohort.build import Cohort, Side
from evalkit.intake import Extract, to_pandas
from evalkit.spec import Spec
from evalkit.statistics.rates import wilson

Z_95 = NormalDist().inv_cdf(0.975)
EARLY_DAYS = (0, 30, 60)
"""Days after the index date whose events are left out, to see how much offences from before it may matter."""


def outcome_measures(cohort: Cohort) -> pd.DataFrame:
    """Frequency, time and severity beside the rate, for each declared group and its complement.

    Returns one row per group and complement: name, label, complement, within, people, reconvicted, reconvictions,
    per_person, per_reoffender, days_to_first (mean over those reconvicted), each with _low and _high (mean with normal
    95 % interval), custodial (people with a custodial reconviction). Of people followed up in full with a valid score.
    """
    return pd.DataFrame([_measures(side) for side in cohort.sides])


def _measures(side: Side) -> dict[str, object]:
    people = side.people
    reoffenders = people[people["reconvicted"]]
    return {
        "name": side.group.name,
        "label": side.label,
        "complement": side.complement,
        "within": side.group.within,
        "people": len(people),
        "reconvicted": len(reoffenders),
        "reconvictions": int(people["reconvictions"].sum()),
        **_mean_with_limits("per_person", people["reconvictions"]),
        **_mean_with_limits("per_reoffender", reoffenders["reconvictions"]),
        **_mean_with_limits("days_to_first", reoffenders["days_to_reconviction"]),
        "custodial": int((people["custodial_reconvictions"] > 0).sum()),
    }


def _mean_with_limits(name: str, values: pd.Series) -> dict[str, float]:
    mean = float(values.mean()) if len(values) else np.nan
    margin = Z_95 * float(values.std()) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return {name: mean, f"{name}_low": mean - margin, f"{name}_high": mean + margin}


def early_events_left_out(cohort: Cohort) -> pd.DataFrame:
    """The rate of everyone analysed if events soon after the index date do not count.

    A sentence soon after the index date may be for an offence before it. Where offence dates are missing this cannot be
    told, so the rate is repeated without the events of the first 30 and 60 days.

    Returns one row per number of days left out: days (text), people, reconvicted, rate, low, high (Wilson).
    """
    last = cohort.analysed["days_to_last_reconviction"]
    table = pd.DataFrame(
        {
            "days": ["none" if days == 0 else f"the first {days} days" for days in EARLY_DAYS],
            "people": len(last),
            "reconvicted": [int((last > days).sum()) for days in EARLY_DAYS],
        }
    )
    intervals = wilson(table["reconvicted"], table["people"])
    return table.assign(rate=intervals["rate"], low=intervals["lower"], high=intervals["upper"])


def court_delay(extract: Extract, spec: Spec) -> pd.DataFrame:
    """Days from offence to sentence, by year of the sentence from the first index year on, where the offence is dated.

    Returns year (text), sentences, dated, median_days.
    """
    sentences = to_pandas(extract.table("sentences").select("sentence_date", "offence_date"))
    year = sentences["sentence_date"].dt.year
    if spec.cohort is not None:
        sentences = sentences[year >= spec.cohort.period[0].year]
    days = (sentences["sentence_date"] - sentences["offence_date"]).dt.days
    by_year = sentences.assign(days=days).groupby(year)
    return pd.DataFrame(
        {
            "year": by_year.size().index.astype("str"),
            "sentences": by_year.size().to_numpy(),
            "dated": by_year["offence_date"].count().to_numpy(),
            "median_days": by_year["days"].median().to_numpy(),
        }
    )
