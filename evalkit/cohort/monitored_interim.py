"""People whose year is not judged yet, as a report shows them: their first three months, and month by month."""

from __future__ import annotations

import pandas as pd

from evalkit.cohort.monitoring_round import Round
from evalkit.statistics.interim import interim, interim_curves

EVERYONE, NOT_RECORDED = "Everyone", "not recorded"


def early_months(rounds: Round, column: str) -> pd.DataFrame:
    """The first three months of people whose year ends after the period; no row where there are none.

    rounds : what `monitoring_round` returned
    column : of the units

    Returns the frame of `interim`, with the column of units under its own name.
    """
    later = rounds.not_yet_judged()
    if later["predicted"].isna().all():
        return pd.DataFrame(columns=[column, "label", "people_90", "actual_90", "predicted_90"])
    return interim(later, unit=column, hazard=rounds.hazard(), as_of=rounds.as_of, predicted="centred")


def early_curves(rounds: Round, column: str = "", only: str = "") -> pd.DataFrame:
    """The same people month by month since the start of supervision; no row where there are none.

    rounds, column : as in `early_months`; without a column everybody together
    only           : the one unit wanted; empty: all

    Returns the frame of `interim_curves`, with the column of units as `unit`.
    """
    later = rounds.not_yet_judged()
    names = later[column].astype(object).where(later[column].notna(), NOT_RECORDED) if column else EVERYONE
    later = later.assign(unit=names)
    wanted = later[later["unit"] == only] if only else later
    if wanted["predicted"].isna().all():
        return pd.DataFrame(columns=["unit", "label", "day", "people", "actual", "predicted", "low", "high"])
    return interim_curves(wanted, unit="unit", hazard=rounds.hazard(), as_of=rounds.as_of, predicted="centred")
