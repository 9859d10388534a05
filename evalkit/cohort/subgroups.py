"""Does the comparison look the same everywhere? The landmark design by area, sentence, offence and risk."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.cohort.build import Cohort
from evalkit.cohort.designs import trials_for
from evalkit.errors import DataError
from evalkit.statistics.dispersion import benjamini_hochberg
from evalkit.statistics.standardised import standardised_comparison

DIMENSIONS = {
    "area": "Area",
    "sentence_type": "Sentence",
    "risk_band": "Risk of reconviction",
    "offence_group": "Offence",
}
"""Column -> what it is called."""

RISK_BANDS = {"low (under 25%)": 0.25, "medium (25 to 49%)": 0.5, "high (50% and over)": 1.01}
"""Band of the predicted one-year probability -> where the next begins."""

FEWEST_PEOPLE, FEWEST_EVENTS = 30, 10
"""A subgroup with fewer people on a side, or fewer with (or without) the outcome there, is not estimated."""

EVERYONE = "Everyone"
_ESTIMATE = ("estimate", "low", "high", "p_value")


def by_subgroup(cohort: Cohort, group: str) -> pd.DataFrame:
    """The landmark comparison of a group, in each subgroup by itself.

    Everyone still at risk on day 183 after supervision started, in the group by then or not, is followed from there.
    A logistic regression on those not in it (log-odds of the score and a trend over half-years, fitted in each
    subgroup anew) says what those in it would have had.
    group : name of a declared group

    Returns one row for everyone and one per subgroup of each kind with several: kind, name, people (in the group),
    reconvicted (of them), others, others_reconvicted; estimate (actual less expected share), low, high, p_value,
    missing where a side is too small; q_value (Benjamini-Hochberg over all subgroups); p_alike (Cochran's Q: one
    difference in all subgroups of a kind).
    Empty for a cohort without index dates. Raises SpecError where no group has that name.
    Source: Benjamini & Hochberg (1995), JRSS B 57, 289-300; Cochran (1954), Biometrics 10, 101-129.
    """
    if cohort.history is None:
        return pd.DataFrame(columns=["kind", "name", "people", "reconvicted", "others", "others_reconvicted"])
    return differences(_lines(cohort, group))


def differences(lines: pd.DataFrame) -> pd.DataFrame:
    """The same from lines of people at risk on one day.

    lines : one row per person: treated, reconvicted (yes/no), predicted (0-1), half_year (number of the half-year),
            and a column of texts for each of `DIMENSIONS`
    """
    rows = [_row(EVERYONE, EVERYONE, lines)]
    numbers = lines[["treated", "reconvicted", "predicted", "half_year"]]
    rows += [_row(kind, name, numbers[chosen]) for kind, name, chosen in _subgroups(lines)]
    table = pd.DataFrame(rows)
    inside = table["kind"] != EVERYONE
    table["q_value"] = np.nan
    table.loc[inside, "q_value"] = benjamini_hochberg(table.loc[inside, "p_value"].to_numpy(float))
    table["p_alike"] = table["kind"].map({kind: _alike(rows) for kind, rows in table[inside].groupby("kind")})
    return table


def _lines(cohort: Cohort, group: str) -> pd.DataFrame:
    """One line per person at risk on the landmark, with what the subgroups are made by."""
    lines = trials_for(cohort, group, "landmark").rows
    facts = cohort.frame[["area", "sentence_type", "offence_group"]].iloc[lines["row"].to_numpy()]
    lines = lines.reset_index(drop=True).join(facts.reset_index(drop=True))
    bands = pd.cut(lines["predicted"], [0, *RISK_BANDS.values()], labels=list(RISK_BANDS), right=False)
    return lines[["treated", "reconvicted", "predicted", "half_year", *facts]].assign(risk_band=bands)


def _subgroups(lines: pd.DataFrame) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for column, kind in DIMENSIONS.items():
        codes, found = pd.factorize(lines[column])
        code_of = {str(name): code for code, name in enumerate(found)}
        names = list(RISK_BANDS) if column == "risk_band" else sorted(code_of)
        for name in names if len(names) > 1 else ():
            yield kind, name, codes == code_of.get(name, len(found))


def _row(kind: str, name: str, lines: pd.DataFrame) -> dict[str, object]:
    treated, outcomes = lines["treated"].to_numpy(bool), lines["reconvicted"].to_numpy(float)
    sizes = {
        "people": int(treated.sum()),
        "reconvicted": int(outcomes[treated].sum()),
        "others": int((~treated).sum()),
        "others_reconvicted": int(outcomes[~treated].sum()),
    }
    return {"kind": kind, "name": name, **sizes, **_estimate(lines, treated, outcomes)}


def _estimate(lines: pd.DataFrame, treated: NDArray[np.bool_], outcomes: NDArray[np.float64]) -> dict[str, float]:
    nothing = dict.fromkeys(_ESTIMATE, float("nan"))
    for side in (treated, ~treated):
        people, events = int(side.sum()), int(outcomes[side].sum())
        if people < FEWEST_PEOPLE or min(events, people - events) < FEWEST_EVENTS:
            return nothing
    predicted, half_year = lines["predicted"].to_numpy(float), lines["half_year"].to_numpy(float)
    columns = {"intercept": np.ones(len(lines)), "log-odds of the score": np.log(predicted / (1 - predicted))}
    if np.ptp(half_year[~treated]) > 0:
        columns["half-years"] = half_year - half_year.mean()
    try:
        found = standardised_comparison(
            outcomes, treated, np.column_stack([*columns.values()]), list(columns), clusters=np.arange(len(lines))
        ).comparison
    except DataError:
        return nothing
    values = (found.difference, found.difference_low, found.difference_high, found.p_value)
    return dict(zip(_ESTIMATE, map(float, values), strict=True))


def _alike(rows: pd.DataFrame) -> float:
    """p of Cochran's Q; missing with fewer than two estimates."""
    from scipy.special import chdtrc

    shown = rows[rows["estimate"].notna()]
    if len(shown) < 2:
        return float("nan")
    weight = (2 * 1.959963984540054 / (shown["high"] - shown["low"])) ** 2
    centre = (weight * shown["estimate"]).sum() / weight.sum()
    return float(chdtrc(len(shown) - 1, (weight * (shown["estimate"] - centre) ** 2).sum()))
