"""How often monitoring rings falsely, and how fast it finds a team: rates from simulated runs, and those on record.

The runs on record were made by `python -m evalkit.synthetic.monitoring_study`; the validation repeats some of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.errors import DataError, SpecError
from evalkit.statistics.inputs import refuse_absent
from evalkit.statistics.rates import wilson
from evalkit.statistics.thresholds import FALSE_ALARM

RECORD = Path(__file__).with_name("monitoring_runs.csv")

JUDGED_QUARTERS = 8
"""Quarters judged in every run."""

QUARTERS_WITH = ("alert", "funnel", "cusum", "spread")
SIGNS = ("alert", "flag", "poisson")
COLUMNS: tuple[str, ...] = ("scenario", "odds_ratio", "tau2", "false_alarm", "run")
COLUMNS += (*(f"{name}_quarters" for name in QUARTERS_WITH), *(f"first_{sign}" for sign in SIGNS))


def recorded_runs() -> pd.DataFrame:
    """The simulated runs on record, one row per scenario, false-alarm probability and run.

    Returns scenario, odds_ratio (of the team from the second year on), tau2 (spread of all offices), false_alarm (of
    the CUSUM), run (number of the seed); of the 8 quarters judged those with any alert on the worse side
    (alert_quarters), with one by the funnel, with a CUSUM alarm, with a spread beyond chance; and the quarter (1 to 8)
    in which the team was first in alert on the worse side (first_alert), in alert or watch (first_flag), beyond the
    limits of a funnel that takes numbers for Poisson (first_poisson); missing where it never was.
    """
    return pd.read_csv(RECORD, comment="#")


def alert_rates(runs: pd.DataFrame | None = None) -> pd.DataFrame:
    """How often any office is an alert for no reason, and how soon the team in question is one.

    runs : columns of `recorded_runs`; without it, those on record

    Returns one row per scenario and false-alarm probability, in the order of their first run: scenario, odds_ratio,
    tau2, false_alarm, runs; of the quarters, the share with any alert on the worse side (any_alert, the 95 % interval
    any_alert_low to any_alert_high allowing for quarters of one run being alike), with one by the funnel, with a CUSUM
    alarm, with a spread beyond chance (any_funnel, any_cusum, any_spread); of the runs, the share in which the team
    was found within four and eight quarters: alert_within_4, alert_within_8 (each with Wilson's 95 % interval _low and
    _high), flag_within_4, ..., poisson_within_4, ...; and mean_quarters, the mean number of quarters to its alert, one
    never found counting as nine.
    Raises DataError where a column is absent.
    """
    runs = recorded_runs() if runs is None else runs
    refuse_absent(runs, list(COLUMNS))
    groups = runs.groupby(["scenario", "odds_ratio", "tau2", "false_alarm"], sort=False)
    return pd.DataFrame([{**dict(zip(COLUMNS, keys, strict=False)), **_rates(own)} for keys, own in groups])


def _rates(own: pd.DataFrame) -> dict[str, float]:
    row: dict[str, float] = {"runs": len(own)}
    for name in QUARTERS_WITH:
        row[f"any_{name}"] = float(own[f"{name}_quarters"].mean() / JUDGED_QUARTERS)
    reach = 1.959963984540054 * float(own["alert_quarters"].std(ddof=1) / JUDGED_QUARTERS / np.sqrt(len(own)))
    row |= {"any_alert_low": max(0.0, row["any_alert"] - reach), "any_alert_high": row["any_alert"] + reach}
    for sign in SIGNS:
        for within in (4, 8):
            found = int((own[f"first_{sign}"] <= within).sum())
            limits = wilson([found], [len(own)]).iloc[0]
            name = f"{sign}_within_{within}"
            row |= {name: found / len(own), f"{name}_low": limits["lower"], f"{name}_high": limits["upper"]}
    row["mean_quarters"] = float(own["first_alert"].fillna(JUDGED_QUARTERS + 1).mean())
    return row


def found_at_best(
    risks: ArrayLike,
    *,
    people_a_quarter: float,
    odds_ratio: float,
    tau2: float,
    lasting: bool,
    quarters: int,
    before: int = 0,
    level: float = 0.00292,
) -> float:
    """The largest probability with which any rule at all could find a team, if it rings falsely no oftener than told.

    risks            : mix of risks of the team's people in control, strictly between 0 and 1
    people_a_quarter : people of the team whose years end in a quarter
    odds_ratio       : of the team, above 1
    tau2, lasting    : variance between offices of sqrt(actual / predicted), for good or redrawn every quarter
    quarters         : how many the rule has since the team's odds rose
    before           : how many earlier ones it has, to compare the team with its own past
    level            : probability that an office in control is an alert in a quarter: .00292 makes it 10 % for any of
                       36 that are alike and independent

    An alert in any of some quarters has at most that many times the level as its probability. Among tests that keep to
    that none has more power than the most powerful one of the team's mean deviation (Neyman & Pearson, 1933), here on
    the scale of the square root and normal, with centre and spread known. Rules that must estimate them do worse.
    Raises SpecError where the odds ratio is not above 1, DataError for risks out of range.
    """
    from scipy.special import ndtr, ndtri

    if not odds_ratio > 1:
        raise SpecError(f"odds_ratio: {odds_ratio!r} is not above 1")
    shares = np.asarray(risks, float)
    if not ((shares > 0) & (shares < 1)).all():
        raise DataError("risks: each must lie strictly between 0 and 1")
    ratio = (odds_ratio * shares / (1 - shares + odds_ratio * shares)).mean() / shares.mean()
    chance = (shares * (1 - shares)).mean() / (4 * people_a_quarter * shares.mean() ** 2)
    if lasting and tau2 > 0:
        # what the earlier quarters leave unknown of the office's own level, and the chance of those since
        variance = 1 / (1 / tau2 + before / chance) + chance / quarters
    else:
        variance = (tau2 + chance) / quarters
    return float(ndtr((np.sqrt(ratio) - 1) / np.sqrt(variance) + ndtri(min(1.0, quarters * level))))


def rates_shown() -> pd.DataFrame:
    """The rates on record as a report prints them: those of the false-alarm probability in use.

    Returns one row per scenario: label, runs, any_alert, alert_within_4, alert_within_8, flag_within_8 (missing where
    no team differs), mean_quarters.
    """
    table = alert_rates()
    used = table[np.isclose(table["false_alarm"], FALSE_ALARM)].reset_index(drop=True)
    differs = used["odds_ratio"] != 1
    names = ["alert_within_4", "alert_within_8", "flag_within_8", "mean_quarters"]
    return used.assign(label=used["scenario"], **{name: used[name].where(differs) for name in names})[
        ["label", "runs", "any_alert", *names]
    ]
