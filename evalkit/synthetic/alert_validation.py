"""Whether monitoring's alerts are honest: the simulated runs on record judged, a slice of them repeated, and limits.

Where offices differ by more than chance, no rule can both ring falsely in fewer than 10 % of quarters and find a team
at odds 1.5 in time: the table of limits says how far any rule could come.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evalkit.statistics.alert_rates import COLUMNS, alert_rates, found_at_best, recorded_runs
from evalkit.statistics.thresholds import FALSE_ALARM
from evalkit.synthetic.monitoring_study import (
    OTHER_OFFICES_A_YEAR,
    QUIET_QUARTERS,
    SCENARIOS,
    TEAM_A_YEAR,
    TRADE_OFF,
    Scenario,
    study,
)

MOST_FALSE = 0.10
"""Share of quarters in which any of 36 offices may be an alert on the worse side for no reason."""

LEAST_FOUND = {4: 2 / 3, 8: 0.95}
"""Quarters -> share of teams at odds 1.5 with 400 people a year that are to be in alert within them."""

OFFICES = 1 + len(OTHER_OFFICES_A_YEAR)
NUMBERS = {4: "four", 8: "eight"}


def alert_verdicts(runs: pd.DataFrame | None = None) -> pd.DataFrame:
    """What is asked of the alerts beside what they did in simulated runs.

    runs : columns of `recorded_runs`; without it, those on record

    Returns one row per question: what, scenario, runs, found with found_low and found_high (a share and its 95 %
    interval), target (a text), passed. Passed: the share found is below the target, for teams at
    least the target. passed is missing where no rule could meet the target (see `alert_limits`).
    """
    rows = []
    for rates in _in_use(runs).to_dict("records"):
        if rates["odds_ratio"] == 1:
            rows.append(_row("quarters with any false alert", rates, "any_alert", "below 10%"))
            rows[-1]["passed"] = rates["any_alert"] < MOST_FALSE
            continue
        for within, least in LEAST_FOUND.items():
            what = f"team in alert within {NUMBERS[within]} quarters"
            rows.append(_row(what, rates, f"alert_within_{within}", f"at least {100 * least:.0f}%"))
            rows[-1]["passed"] = None if rates["tau2"] else rates[f"alert_within_{within}"] >= least
        if not rates["tau2"]:
            what = "the same within four, by a funnel with Poisson limits"
            rows.append(_row(what, rates, "poisson_within_4", "it misses: below half of the above"))
            rows[-1]["passed"] = rates["poisson_within_4"] < rates["alert_within_4"] / 2
    return pd.DataFrame(rows)


def alert_limits(runs: pd.DataFrame | None = None) -> pd.DataFrame:
    """How often any rule at all could find the team, beside what is asked and what monitoring did.

    runs : as in `alert_verdicts`

    Returns one row per scenario with a team that differs, and number of quarters: scenario, within, target, best and
    best_of_change (see `found_at_best`: without and with the year before the team's odds rose), found (shares), passed:
    monitoring is not above the better of them by more than its own 95 % interval.
    """
    rows = []
    scenarios = {scenario.name: scenario for scenario in SCENARIOS}
    for rates in _in_use(runs).to_dict("records"):
        for within, target in LEAST_FOUND.items() if rates["odds_ratio"] != 1 else ():
            name = f"alert_within_{within}"
            scenario = scenarios[str(rates["scenario"])]
            best, change = (best_of(scenario, quarters=within, before=before) for before in (0, QUIET_QUARTERS))
            row = {"scenario": scenario.name, "within": within, "target": target, "best": best}
            row |= {"best_of_change": change, "found": rates[name], "passed": rates[f"{name}_low"] <= change}
            rows.append(row)
    return pd.DataFrame(rows)


def best_of(scenario: Scenario, *, quarters: int, before: int = 0) -> float:
    """How often any rule could find the team of a scenario within some quarters (see `found_at_best`)."""
    return found_at_best(
        _risks(),
        people_a_quarter=TEAM_A_YEAR / 4,
        odds_ratio=scenario.odds_ratio,
        tau2=scenario.tau2,
        lasting=scenario.spread == "lasting",
        quarters=quarters,
        before=before,
        level=1 - (1 - MOST_FALSE) ** (1 / OFFICES),
    )


def repeated_runs(runs: int) -> pd.DataFrame:
    """The first runs on record simulated again: the record is what this code does.

    runs : how many of each scenario

    Returns one row per scenario: scenario, runs, same (how many give every number of the record), passed.
    """
    record = recorded_runs()
    record = record[np.isclose(record["false_alarm"], FALSE_ALARM)]
    rows = []
    for scenario in SCENARIOS:
        again = study([scenario], runs=range(runs))[list(COLUMNS)]
        held = record[(record["scenario"] == scenario.name) & (record["run"] < runs)][list(COLUMNS)]
        same = [_same(held[held["run"] == run], again[again["run"] == run]) for run in range(runs)]
        rows.append({"scenario": scenario.name, "runs": runs, "same": sum(same), "passed": all(same)})
    return pd.DataFrame(rows)


def trade_off(runs: pd.DataFrame | None = None) -> pd.DataFrame:
    """False alerts a quarter against the time to find the team, for a range of the CUSUM's false-alarm probabilities.

    runs : as in `alert_verdicts`

    Returns one row per probability: false_alarm (of an office in a year; false_alarm_percent in per cent), any_alert
    (share of quarters with any false alert, funnel and CUSUM together), within_4, within_8 (share of teams at odds 1.5
    in alert by then), mean_quarters (to the alert, one never found counting as nine), used (bool: the probability in
    use). Without a spread of offices.
    """
    runs = recorded_runs() if runs is None else runs
    runs = runs[(runs["tau2"] == 0) & runs["false_alarm"].isin(TRADE_OFF)]
    # the same runs at every point: between different ones chance would bend the curve
    common = runs.groupby(["odds_ratio", "false_alarm"])["run"].max().min()
    rates = alert_rates(runs[runs["run"] <= common])
    quiet, changed = (rates[(rates["odds_ratio"] == 1) == alike].set_index("false_alarm") for alike in (True, False))
    table = pd.DataFrame(
        {
            "any_alert": quiet["any_alert"],
            "within_4": changed["alert_within_4"],
            "within_8": changed["alert_within_8"],
            "mean_quarters": changed["mean_quarters"],
        }
    )
    table = table.rename_axis("false_alarm").sort_index().reset_index()
    percent = 100 * table["false_alarm"]
    return table.assign(false_alarm_percent=percent, used=np.isclose(table["false_alarm"], FALSE_ALARM))


def poisson_width() -> float:
    """How many times too wide limits are that take the number reconvicted for Poisson, with the risks of the study."""
    risks = _risks()
    return float(np.sqrt(risks.sum() / (risks * (1 - risks)).sum()))


def _risks() -> np.ndarray:
    """The risks of the study's people, evenly through their distribution."""
    from scipy.stats import beta

    return np.asarray(beta.ppf((np.arange(2_000) + 0.5) / 2_000, 1.6, 2.9).clip(0.02, 0.97))


def _in_use(runs: pd.DataFrame | None) -> pd.DataFrame:
    rates = alert_rates(runs)
    return rates[np.isclose(rates["false_alarm"], FALSE_ALARM)]


def _row(what: str, rates: dict[Any, Any], name: str, target: str) -> dict[str, Any]:
    found = {"found": rates[name], "found_low": rates[f"{name}_low"], "found_high": rates[f"{name}_high"]}
    return {"what": what, "scenario": rates["scenario"], "runs": rates["runs"], **found, "target": target}


def _same(held: pd.DataFrame, again: pd.DataFrame) -> bool:
    return held.reset_index(drop=True).astype(again.dtypes).equals(again.reset_index(drop=True))
