"""People from the day they took up a service, against their own re-based risk.

The level of the re-based risks is fitted on people untreated at the same lag, and its sampling is carried.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.errors import DataError
from evalkit.statistics.expected import ActualVsPredicted
from evalkit.statistics.inputs import FloatArray, outcome_array, probability_array, refuse_absent, refuse_rows
from evalkit.statistics.recalibration import Recalibration, recalibrate
from evalkit.statistics.standardised import standardised_comparison


def refitted(
    reference_reconvicted: ArrayLike | pd.Series, reference_rebased: ArrayLike | pd.Series, moved: ArrayLike | pd.Series
) -> Recalibration:
    """Shift the log-odds of re-based risks so that their level fits people at risk at the same lag, untreated then.

    reference_reconvicted : 0/1 or False/True in their follow-up from the lag on, one per row
    reference_rebased     : their re-based risk
    moved                 : re-based risks to shift, strictly between 0 and 1

    The covariance takes the rows for independent people: for one row per person, and for looking at the shift. Where
    people recur at several lags, or are treated later, compare by `rebased_comparison`.
    Raises DataError as `recalibrate` does.
    """
    return recalibrate(reference_reconvicted, reference_rebased, moved, intercept_only=True)


def rebased_comparison(
    treated: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    person: str = "person_id",
    reconvicted: str = "reconvicted",
    predicted: str = "rebased",
    stratum: str | None = None,
    level: float = 0.95,
) -> ActualVsPredicted:
    """Compare treated people with their own risk from their own lag on, at the level of people untreated at that lag.

    treated     : one row per treated person, followed from the day of take-up
    reference   : rows of people at risk and untreated at some lag, followed from there; a person may have a row at
                  each of several lags, and may be treated later (they stay: intention to treat)
    person      : column of who it is, in both frames; the same person has the same label in both
    reconvicted : column of 0/1 or False/True in the follow-up from the lag on
    predicted   : column of re-based risk, strictly between 0 and 1 (`rebased`)
    stratum     : column of the lag's group (the month), in both; the level is then fitted in each by itself
    level       : confidence level, between 0 and 1

    The level (an intercept, offset logit of the re-based risk) is fitted on the reference rows alone. Test and interval
    carry the sampling of both frames and whatever the same people contribute to both (sandwich by person); the shape
    of the hazard is taken as given.
    Raises DataError where a column is absent, a row is refused, a person is treated twice, all or none of the treated
    or of a stratum's reference rows were reconvicted, or a stratum of the treated has no reference rows.
    """
    columns = [person, reconvicted, predicted, *([stratum] if stratum else [])]
    for frame in (treated, reference):
        refuse_absent(frame, columns)
    if stratum:
        reference = _of_the_same_strata(treated, reference, stratum)
    rows = pd.concat([treated[columns], reference[columns]], ignore_index=True)
    is_treated = np.arange(len(rows)) < len(treated)
    outcomes, offset = outcome_array(rows[reconvicted], name=reconvicted), _log_odds(rows[predicted], predicted)
    refuse_rows(rows[person], rows[person].isna().to_numpy(), name=person, rule="each row needs one")
    _refuse_repeated_or_uniform(outcomes[is_treated], treated[person])
    matrix, terms = _levels(rows, stratum)
    codes = pd.factorize(rows[person])[0]
    found = standardised_comparison(outcomes, is_treated, matrix, terms, offset=offset, clusters=codes, level=level)
    return replace(found.comparison, method=_method(reference[person], stratum))


def _method(reference_persons: pd.Series, stratum: str | None) -> str:
    rows, people = len(reference_persons), reference_persons.nunique()
    return (
        f"re-based risk, its level fitted on {rows:,} rows of {people:,} people untreated at that lag"
        f"{f' by {stratum}' if stratum else ''}; sandwich variance by person"
    )


def _log_odds(shares: pd.Series, name: str) -> FloatArray:
    from scipy.special import logit

    return np.asarray(logit(probability_array(shares, name=name)))


def _refuse_repeated_or_uniform(outcomes: FloatArray, persons: pd.Series) -> None:
    repeated = persons.duplicated().to_numpy()
    refuse_rows(persons, repeated, name=str(persons.name), rule="treated more than once; keep the first time")
    if outcomes.min() == outcomes.max():
        share = "all" if outcomes[0] else "none"
        raise DataError(
            f"{share} of the {len(outcomes):,} treated people were reconvicted, so their spread cannot be estimated."
            " Describe them, or take more people"
        )


def _of_the_same_strata(treated: pd.DataFrame, reference: pd.DataFrame, stratum: str) -> pd.DataFrame:
    for frame in (treated, reference):
        refuse_rows(frame[stratum], frame[stratum].isna().to_numpy(), name=stratum, rule="each row needs one")
    absent = sorted(set(treated[stratum]) - set(reference[stratum]), key=str)
    if absent:
        raise DataError(f"{stratum}: no reference row in {', '.join(map(str, absent))}; join it to a neighbour")
    return reference[reference[stratum].isin(treated[stratum])]


def _levels(rows: pd.DataFrame, stratum: str | None) -> tuple[FloatArray, list[str]]:
    """One column per level to fit: one for all, or one per stratum."""
    if stratum is None:
        return np.ones((len(rows), 1)), ["level"]
    strata = sorted(rows[stratum].unique().tolist(), key=str)
    return np.column_stack([(rows[stratum] == one).to_numpy(float) for one in strata]), [
        f"{stratum}={one}" for one in strata
    ]
