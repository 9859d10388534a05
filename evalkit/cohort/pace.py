"""How soon and how often the people of a matched comparison are reconvicted, as ratios and as curves."""

from __future__ import annotations

import pandas as pd

from evalkit.cohort.submitted import Submitted
from evalkit.dates import FOLLOWUP_DAYS
from evalkit.statistics.cox import cox
from evalkit.statistics.event_counts import rate_ratio
from evalkit.statistics.matching import Match
from evalkit.statistics.survival import survival_curve


def pace(matched: Match, people: Submitted) -> pd.DataFrame:
    """How soon (Cox regression) and how often (negative binomial regression), the comparison people as matched.

    In the second Cox regression comparison people who reach the group later leave on that day.
    Returns label, ratio, low, high, p_value, method; only what the columns give of a prepared cohort.
    """
    rows = _first_round(matched, people).assign(followed=float(FOLLOWUP_DAYS))
    found = []
    if rows["days_to_reconviction"].notna().any():
        found.append(_hazard("How soon: hazard ratio", rows))
        if "leaves" in rows:
            left = rows["leaves"].clip(upper=FOLLOWUP_DAYS)
            stays = rows["reconvicted"] & (rows["days"] <= left)
            found.append(
                _hazard(
                    "The same, later starters leaving",
                    rows.assign(reconvicted=stays, days=rows["days"].clip(upper=left)),
                )
            )
    if "reconvictions" in rows and rows["reconvictions"].notna().all():
        counts = rate_ratio(rows, count="reconvictions", exposure="followed", covariates=["treated"], clusters="person")
        ratio = counts[counts["term"] == "treated"].rename(columns={"rate_ratio": "ratio"})
        found.append(ratio.assign(label="How often: rate ratio")[list(PACE)])
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(PACE))


PACE = ("label", "ratio", "low", "high", "p_value", "method")


def _hazard(label: str, rows: pd.DataFrame) -> pd.DataFrame:
    found = cox(rows[rows["days"] > 0], "days, reconvicted ~ treated", clusters="person")
    return found.rename(columns={"hazard_ratio": "ratio"}).assign(label=label)[list(PACE)]


def _first_round(matched: Match, people: Submitted) -> pd.DataFrame:
    """The people of the first round of matches, each line with the days it was followed."""
    first = matched.pairs.drop_duplicates("treated")
    rows = people.frame.loc[[*first["treated"], *first["control"]]].reset_index(drop=True)
    days = rows["days_to_reconviction"].astype("float64").fillna(FOLLOWUP_DAYS)
    return rows.assign(days=days, treated=rows["treated"].astype(bool), reconvicted=rows["reconvicted"].astype(bool))


SIDES = {True: "Group", False: "Matched comparison"}
"""What the two sides of a curve are called."""


def curve(matched: Match, people: Submitted) -> pd.DataFrame:
    """Days to the first reconviction of the people of the first round of matches; empty where days are not known."""
    if "days_to_reconviction" not in people.frame or people.frame["days_to_reconviction"].isna().all():
        return pd.DataFrame(columns=["group", "time", "survival", "low", "high", "at_risk", "events"])
    rows = _first_round(matched, people)
    return survival_curve(rows["days"], rows["reconvicted"], by=rows["treated"].map(SIDES))
