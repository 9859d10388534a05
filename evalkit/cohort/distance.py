"""Distance travelled: scores of a questionnaire at the start and at the end, of the people of a programme.

A mean change is no finding about the programme: scores of people who were sent because of a low score rise by
themselves (regression to the mean), and those without an end score may have changed otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pandas as pd

from evalkit.cohort.intervention_spec import Scores
from evalkit.cohort.programmes import Programmes
from evalkit.errors import DataError, SpecError
from evalkit.intake import Extract, to_pandas

DIRECTIONS = {"improved": "Improved", "same": "Same", "worse": "Worse"}
METHOD = "paired t interval"
MOST_MISSING = 0.10
"""With a larger share without an end score, a scale is amber."""


@dataclass(frozen=True)
class DistanceTravelled:
    """Start and end scores of each scale.

    changes    : one row per scale: domain, people, started (with a start score), paired (with both), no_end; mean_start
                 and mean_end (of the paired), change (end less start) with low and high (95 % paired t interval), d_z
                 (mean change over its standard deviation); expected (change expected from the reliability of the
                 start score alone; missing where that is not known), rating (amber with more than 10 % without an end
                 score), method
    directions : one row per scale: domain, improved, same, worse (they add up to paired), no_end (with them: started);
                 improved_share (of the paired), worst and best (of those with a start score, if nobody without an end
                 score improved, and if everybody did), rating
    """

    changes: pd.DataFrame
    directions: pd.DataFrame


def distance_travelled(extract: Extract, found: Programmes) -> DistanceTravelled | None:
    """How far the people of a programme travelled on each declared scale.

    extract : with the table measures
    found   : what `programmes` returned; its declaration names the questionnaire, in which direction it is better

    Without declared scores there is none. Scores belong to the referral of a person's first start. The earliest start
    score and the latest end score count.
    Raises SpecError where a scale has no score in the extract, DataError where a score is not a finite number.
    Source: Lakens (2013), Frontiers in Psychology 4, 863 (d_z); Barnett, van der Pols & Dobson (2005), International
    Journal of Epidemiology 34, 215-220 (regression to the mean).
    """
    scores = found.declared.scores
    if scores is None:
        return None
    own = found.own["referral_id"]
    rows = _scores(extract, scores)
    changes, directions = [], []
    for domain in scores.domains:
        both = _start_and_end(rows[rows["domain"] == domain], own)
        if both["start"].notna().sum() == 0:
            known = ", ".join(sorted(rows["domain"].unique())) or "none"
            raise SpecError(
                f"nobody of the programme has a start score of '{scores.instrument}', '{domain}' (known: {known})"
            )
        changes.append({"domain": domain, **_change(both, scores)})
        directions.append({"domain": domain, **_directions(both, scores)})
    return DistanceTravelled(pd.DataFrame(changes), pd.DataFrame(directions))


def paired_change(start: pd.Series, end: pd.Series) -> dict[str, float]:
    """Mean change of paired scores (end less start) with its 95 % t interval, and d_z: change, low, high, d_z.

    start, end : numbers of the same people, in the same order, none missing

    Of fewer than two people there is no interval; where all change alike there is no d_z.
    """
    from scipy.stats import t

    difference = end - start
    size, mean = len(difference), float(difference.mean()) if len(difference) else float("nan")
    if size < 2:
        return {"change": mean, "low": float("nan"), "high": float("nan"), "d_z": float("nan")}
    spread = float(difference.std(ddof=1))
    half = float(t.ppf(0.975, size - 1)) * spread / size**0.5
    d_z = mean / spread if spread > 0 else float("nan")
    return {"change": mean, "low": mean - half, "high": mean + half, "d_z": d_z}


def _scores(extract: Extract, scores: Scores) -> pd.DataFrame:
    rows = extract.table("measures").filter(nw.col("instrument") == scores.instrument)
    found = to_pandas(rows.select("referral_id", "domain", "stage", "date", "score"))
    if not found["score"].abs().lt(float("inf")).all():
        raise DataError(
            f"measures, '{scores.instrument}': a score is not a finite number; correct or leave out the row"
        )
    return found.sort_values(["date", "score"], kind="stable")


def _start_and_end(rows: pd.DataFrame, own: pd.Series) -> pd.DataFrame:
    """One row per person of the programme: the first start and the last end score, missing where there is none."""
    by_stage = {stage: rows[rows["stage"] == stage].dropna(subset=["referral_id"]) for stage in ("start", "end")}
    first = by_stage["start"].drop_duplicates("referral_id", keep="first").set_index("referral_id")["score"]
    last = by_stage["end"].drop_duplicates("referral_id", keep="last").set_index("referral_id")["score"]
    return pd.DataFrame({"start": own.map(first), "end": own.map(last)}).astype(float)


def _change(both: pd.DataFrame, scores: Scores) -> dict[str, Any]:
    started, paired = both.dropna(subset=["start"]), both.dropna()
    mean_start = float(paired["start"].mean()) if len(paired) else float("nan")
    return {
        "people": len(both),
        "started": len(started),
        "paired": len(paired),
        "no_end": len(started) - len(paired),
        "mean_start": mean_start,
        "mean_end": float(paired["end"].mean()) if len(paired) else float("nan"),
        **paired_change(paired["start"], paired["end"]),
        "expected": _expected(mean_start, scores),
        "rating": _rating(started, paired),
        "method": METHOD,
    }


def _expected(mean_start: float, scores: Scores) -> float:
    """Change expected of people picked by their start score if nothing but the error of measurement changed."""
    if scores.reliability is None or scores.reference_mean is None:
        return float("nan")
    return (1 - scores.reliability) * (scores.reference_mean - mean_start)


def _directions(both: pd.DataFrame, scores: Scores) -> dict[str, Any]:
    started, paired = both.dropna(subset=["start"]), both.dropna()
    gain = (paired["end"] - paired["start"]) * (1 if scores.better == "higher" else -1)
    improved, worse = int((gain > scores.least_change).sum()), int((gain < -scores.least_change).sum())
    no_end = len(started) - len(paired)
    return {
        "improved": improved,
        "same": len(paired) - improved - worse,
        "worse": worse,
        "no_end": no_end,
        "improved_share": improved / len(paired) if len(paired) else float("nan"),
        "worst": improved / len(started),
        "best": (improved + no_end) / len(started),
        "rating": _rating(started, paired),
    }


def _rating(started: pd.DataFrame, paired: pd.DataFrame) -> str:
    return "amber" if len(started) - len(paired) > MOST_MISSING * len(started) else "green"
