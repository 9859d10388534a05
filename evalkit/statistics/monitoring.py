"""Monitoring teams, areas and cohorts: funnel, CUSUM and data quality in one state for each."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from evalkit.errors import SpecError
from evalkit.statistics.cusum import ODDS_RATIO
from evalkit.statistics.dispersion import SIGNIFICANT_DISPERSION
from evalkit.statistics.funnel import ALERT, AS_EXPECTED, HOLD, TOO_SMALL, WATCH, funnel
from evalkit.statistics.monitored import MOST_UNSCORED, Day, data_quality, monitored_people, monitoring_period
from evalkit.statistics.thresholds import FALSE_ALARM
from evalkit.statistics.unit_cusums import ARMS, paths_of, thresholds_of

FUNNEL_REASON, CUSUM_REASON = "ratio of the period", "CUSUM in the last quarter"
_RANK = {AS_EXPECTED: 0, WATCH: 1, ALERT: 2}
_NOT_RECORDED = "not recorded"


def monitor(
    cohort_frame: pd.DataFrame,
    *,
    unit: str,
    period: Day | tuple[Day, Day],
    court_days: int = 0,
    odds_ratio: float = ODDS_RATIO,
    false_alarm: float = FALSE_ALARM,
    thresholds: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Say of each unit whether its people are reconvicted as predicted, and if not, in which direction.

    cohort_frame : one row per person: the unit, index_date, mature, reconvicted, predicted (may be missing), and
                   person_id and recorded_late if there are any (see `monitored_people`)
    period       : last day of the last quarter (judged are those whose follow-up year ended in the twelve months to it,
                   first and last day included), or the first and last day on which their years ended
    court_days   : days added to the follow-up year: 183 for proven reoffences
    odds_ratio   : what the CUSUM looks for, above 1 (the better arm: one over it)
    false_alarm  : probability of a CUSUM alarm in a year, for each arm of a unit with nothing the matter
    thresholds   : thresholds kept from an earlier run (see `unit_thresholds`); None computes them

    Predictions are centred on all the units: on all the people of the period, and each earlier year of the CUSUM on the
    people of that year. The funnel judges the period; the CUSUM runs over everybody up to its end, in the order in
    which their years ended. state, the first that applies:
    - data-quality hold: more than 10 % of the period's people without a score, or some not yet mature
    - too small to judge: fewer than 30 people or 10 predicted reconvictions (never to be shown as good)
    - alert: outside the adjusted 99.8 % limits, or a CUSUM alarm in the last quarter
    - watch: outside the adjusted 95 % limits, or outside the unadjusted 99.8 % ones only
    - as expected
    The CUSUM knows only chance. Where units may differ by more (phi_p_value below 0.05), its alarm alone is an
    unadjusted one, and a watch: otherwise ordinary differences between units would raise alerts in most quarters.

    Returns one row per unit, sorted by name (no ranks): the unit, state, direction, reason; the columns of `funnel`,
    with funnel_state and funnel_direction; all_people, missing_share, immature_share, duplicate_share, late_share;
    cusum_worse, cusum_better (as they stand), threshold_worse, threshold_better, cusum_alarm (the arms that alarmed in
    the last quarter), last_alarm (date of the latest alarm of either arm); common_ratio (actual over predicted of
    everybody in the period before centring, the same in every row: to be said once).
    Raises DataError where a column is absent or a row refused, or where nobody can be analysed; SpecError otherwise.
    """
    people = monitored_people(cohort_frame, by=[unit], period=period, court_days=court_days)
    table = _judged(people, unit)
    if thresholds is None:
        years = monitoring_period(period).years
        thresholds = thresholds_of(people, unit, years=years, odds_ratio=odds_ratio, false_alarm=false_alarm)
    paths = paths_of(people, unit, thresholds, odds_ratio=odds_ratio)
    quarter_first = monitoring_period(period).quarter_first
    table = table.merge(_cusum_findings(paths, unit, quarter_first), on=unit, how="left")
    table["cusum_alarm"] = table["cusum_alarm"].fillna("")
    combined = pd.DataFrame([_combined(row) for row in table.to_dict("records")])
    for place, column in enumerate(("state", "direction", "reason"), start=1):
        table.insert(place, column, combined[column])
    return table


def monitor_cohorts(
    cohort_frame: pd.DataFrame,
    *,
    by: tuple[str | tuple[str, ...], ...],
    period: Day | tuple[Day, Day],
    court_days: int = 0,
) -> pd.DataFrame:
    """Say of each cohort (women, people under 25, ...) whether its people are reconvicted as predicted.

    by : columns, and tuples of columns to cross: ("sex", "age_band", ("sex", "age_band")); the rest as in `monitor`

    The engine of `monitor` without the CUSUM. The spread is that of all these cohorts together, and the q-values go
    over them all; their people overlap, so that neither is exact. People whose characteristic is missing are the cohort
    'not recorded'.

    Returns one row per cohort, in the order of `by` and then by name: characteristic, cohort, state, direction, reason,
    and the columns of `funnel` and of the data's quality as in `monitor`.
    Raises as `monitor`, and SpecError where nothing is declared or something twice.
    """
    crossings = [(item,) if isinstance(item, str) else tuple(item) for item in by]
    if isinstance(by, str) or not crossings or not all(crossings) or len(set(crossings)) < len(crossings):
        raise SpecError(f"by: {by!r} does not declare columns, or tuples of them, each once")
    columns = list(dict.fromkeys(column for crossing in crossings for column in crossing))
    people = monitored_people(cohort_frame, by=columns, period=period, court_days=court_days)
    people = people[people["judged"]]
    number, names, stacked = 0, [], []
    for crossing in crossings:
        labels = people[list(crossing)].astype(object).where(people[list(crossing)].notna(), _NOT_RECORDED)
        cohorts = labels.astype(str).agg(", ".join, axis=1) if len(crossing) > 1 else labels[crossing[0]].astype(str)
        codes, found = pd.factorize(cohorts, sort=True)
        stacked.append(people.assign(cohort_number=codes + number))
        names += [(" and ".join(crossing), cohort) for cohort in found]
        number += len(found)
    table = _judged(pd.concat(stacked, ignore_index=True), "cohort_number")
    described = pd.DataFrame(names, columns=["characteristic", "cohort"]).loc[table["cohort_number"]]
    table = table.rename(columns={"funnel_state": "state", "funnel_direction": "direction"})
    table["reason"] = [_reason(row) for row in table.to_dict("records")]
    leading = ["state", "direction", "reason"]
    rest = table.drop(columns=[*leading, "cohort_number"])
    return pd.concat([described.reset_index(drop=True), table[leading], rest], axis=1)


def _judged(people: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Funnel and data quality of the period, also of units in which nobody can be analysed."""
    quality = data_quality(people, unit)
    analysed = people[people["analysed"] & people["judged"]]
    found = funnel(analysed, unit=unit, predicted="centred", raw="predicted", held=quality.loc[quality["held"], unit])
    found = found.rename(columns={"state": "funnel_state", "direction": "funnel_direction"})
    table = quality[[unit]].merge(found, on=unit, how="left").merge(quality, on=unit)
    nobody = table["people"].isna()
    table["funnel_state"] = table["funnel_state"].mask(nobody, HOLD)
    table["funnel_direction"] = table["funnel_direction"].fillna("")
    for column in ("people", "actual"):
        table[column] = table[column].fillna(0).astype("int64")
    table["predicted"] = table["predicted"].fillna(0.0)
    for column in ("phi", "phi_p_value", "tau2"):
        table[column] = found[column].iloc[0]
    total = analysed["reconvicted"].sum() / analysed["predicted"].sum()
    return table.drop(columns="held").assign(common_ratio=total)


def _cusum_findings(paths: pd.DataFrame, unit: str, quarter_first: pd.Timestamp) -> pd.DataFrame:
    """How each unit's CUSUM stands at the end, and what it said in the last quarter."""
    recent = paths["matures"] >= quarter_first
    marked = paths.assign(**{f"recent_{arm}": paths[f"alarm_{arm}"] & recent for arm in ARMS})
    marked["last_alarm"] = paths["matures"].where(paths["alarm_worse"] | paths["alarm_better"])
    kept = {f"{kind}_{arm}": "last" for kind in ("cusum", "threshold") for arm in ARMS}
    groups = marked.groupby(unit, dropna=False, observed=True)
    table = groups.agg(kept | {"last_alarm": "max"} | {f"recent_{arm}": "any" for arm in ARMS}).reset_index()
    recently = table[[f"recent_{arm}" for arm in ARMS]].to_numpy()
    alarms = [" and ".join(arm for arm, found in zip(ARMS, row, strict=True) if found) for row in recently]
    columns = [unit, *kept, "last_alarm"]
    return table[columns].assign(cusum_alarm=alarms)


def _combined(row: Mapping[Hashable, Any]) -> dict[str, str]:
    """State, direction and reason from the funnel's and the CUSUM's; worse goes before better."""
    if row["funnel_state"] in (HOLD, TOO_SMALL):
        return {"state": row["funnel_state"], "direction": "", "reason": _reason(row)}
    by_cusum = WATCH if row["phi_p_value"] < SIGNIFICANT_DISPERSION else ALERT
    signals = [(row["funnel_state"], row["funnel_direction"], FUNNEL_REASON)] if row["funnel_direction"] else []
    signals += [(by_cusum, arm, CUSUM_REASON) for arm in ARMS if arm in row["cusum_alarm"].split(" and ")]
    if not signals:
        return {"state": AS_EXPECTED, "direction": "", "reason": ""}
    state, direction, _ = max(signals, key=lambda signal: (_RANK[signal[0]], signal[1] == ARMS[0]))
    reasons = [reason for _, where, reason in signals if where == direction]
    return {"state": state, "direction": direction, "reason": " and ".join(reasons)}


def _reason(row: Mapping[Hashable, Any]) -> str:
    """Why a unit is held or not judged, or what its funnel says."""
    state = row.get("funnel_state", row.get("state"))
    if state == HOLD:
        faults = {
            "scores are missing": row["missing_share"] > MOST_UNSCORED,
            "outcomes are not yet known": row["immature_share"] > 0,
        }
        return " and ".join(fault for fault, found in faults.items() if found)
    if state == TOO_SMALL:
        return "fewer than 30 people or 10 predicted reconvictions"
    return "" if state == AS_EXPECTED else FUNNEL_REASON
