"""What came of a programme: declared measures, the programme beside another, bed-nights."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evalkit.cohort.declared_rates import declared_rates
from evalkit.cohort.programmes import Programmes
from evalkit.statistics.rates import newcombe


def programme_rates(found: Programmes, *, by: str | None = None) -> pd.DataFrame:
    """The declared measures of the people of the programme; with `by` "programme", of both programmes side by side.

    Returns what `declared_rates` returns; the unit of every measure is a participant.
    """
    rows = found.frame if by else found.own
    return declared_rates({"referrals": rows}, found.declared.measures, extract_date=found.extract_date, by=by)


def programmes_compared(found: Programmes) -> pd.DataFrame:
    """Each declared measure of the programme less that of the one it is compared with, of those known.

    Returns one row per measure known of somebody on both sides: name, label, known_a, met_a, rate_a, known_b, met_b,
    rate_b (a: the programme), difference, low, high (Newcombe, 95 %), p_value (Fisher), method. Shares are 0 to 1.
    No row where no other programme is declared.
    """
    if found.declared.compared is None:
        return pd.DataFrame()
    rates, rows = programme_rates(found, by="programme"), []
    for name, own in rates.groupby("name", sort=False):
        sides = own.set_index("group")
        labels = [found.declared.programme.label, found.declared.compared.label]
        known, met = ([int(number) for number in sides[count].reindex(labels)] for count in ("known", "met"))
        if min(known) > 0:
            test = newcombe(met[0], known[0], met[1], known[1])
            numbers = {key: getattr(test, key) for key in ("rate_a", "rate_b", "difference", "low", "high", "p_value")}
            counts = {
                "known_a": test.people_a,
                "met_a": test.events_a,
                "known_b": test.people_b,
                "met_b": test.events_b,
            }
            rows.append({"name": name, "label": sides["label"].iloc[0], **counts, **numbers, "method": test.method})
    return pd.DataFrame(rows)


def bed_nights(found: Programmes) -> pd.DataFrame:
    """Nights from the start of a stay to its end, or to the extract date where it has none, by how the stay ended.

    Returns a row for all stays and one per end reason, the most frequent first: group, stays, nights, nights_per_stay,
    with low and high (95 % t interval, missing with one stay), method. No row where stays are not declared.
    """
    if not found.declared.stays:
        return pd.DataFrame()
    stays = found.stays
    nights = (stays["end_date"].fillna(found.extract_date) - stays["start_date"]).dt.days
    reason = stays["end_reason"].astype(object).where(stays["end_reason"].notna(), "no end on record")
    rows = [_night_row("All stays", nights)]
    rows += [_night_row(str(name).capitalize(), nights[reason == name]) for name in reason.value_counts().index]
    return pd.DataFrame(rows)


def mean_with_interval(values: pd.Series, *, level: float = 0.95) -> dict[str, float]:
    """The mean of numbers with its t interval: mean, low, high; no interval of fewer than two."""
    from scipy.stats import t

    size = len(values)
    mean = float(values.mean()) if size else float("nan")
    if size < 2:
        return {"mean": mean, "low": float("nan"), "high": float("nan")}
    half = float(t.ppf((1 + level) / 2, size - 1)) * float(values.std(ddof=1)) / size**0.5
    return {"mean": mean, "low": mean - half, "high": mean + half}


def _night_row(group: str, nights: pd.Series) -> dict[str, Any]:
    found = mean_with_interval(nights)
    return {
        "group": group,
        "stays": len(nights),
        "nights": int(nights.sum()),
        "nights_per_stay": found["mean"],
        "low": found["low"],
        "high": found["high"],
        "method": "t interval",
    }
