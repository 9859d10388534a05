"""How honest monitoring is, by simulation: false alarms of offices that do not differ, and how soon a bad team shows.

`python -m evalkit.synthetic.monitoring_study` runs it in full and prints the tables; the tests run a slice.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.statistics.centre import centred
from evalkit.statistics.cusum import ODDS_RATIO
from evalkit.statistics.dispersion import SIGNIFICANT_DISPERSION
from evalkit.statistics.funnel import ALERT, WORSE, judged_sums
from evalkit.statistics.monitored import monitored_people
from evalkit.statistics.rates import wilson
from evalkit.statistics.thresholds import FALSE_ALARM
from evalkit.statistics.unit_cusums import paths_of, unit_thresholds

TEAM, TEAM_A_YEAR = "team in question", 400
OTHER_OFFICES_A_YEAR = tuple(np.geomspace(100, 800, 35).round().astype(int).tolist())
QUARTERS, QUIET_QUARTERS = 12, 4
"""Every run has three years; for the first nobody is different, and it is not judged."""

RAW_SHIFT = 0.31
"""The raw predictions are too high for everybody by this much, in log-odds: the centre has to see to that."""

_FIRST_DAY = pd.Timestamp("2020-01-01")
BoolArray = NDArray[np.bool_]

_POISSON_REACH = 3.090232306167813


@dataclass(frozen=True)
class Scenario:
    """What is true: `odds_ratio` of the team from the second year on, and the spread of all offices (`tau2`).

    spread : 'lasting' (an office keeps its difference) or 'passing' (it draws a new one every quarter)
    """

    name: str
    odds_ratio: float = 1.0
    tau2: float = 0.0
    spread: str = "lasting"


SCENARIOS = (
    Scenario("no difference"),
    Scenario("no difference, lasting spread", tau2=0.005),
    Scenario("no difference, passing spread", tau2=0.005, spread="passing"),
    Scenario("one team at odds 1.5", odds_ratio=1.5),
    Scenario("one team at odds 1.5, lasting spread", odds_ratio=1.5, tau2=0.005),
    Scenario("one team at odds 1.5, passing spread", odds_ratio=1.5, tau2=0.005, spread="passing"),
)


def study(
    scenarios: tuple[Scenario, ...] = SCENARIOS, *, runs: int, seed: int = 2021, false_alarm: float = FALSE_ALARM
) -> pd.DataFrame:
    """Monitor simulated offices quarter by quarter, and count alerts.

    scenarios   : what is true in each
    runs        : how often each is simulated: 36 offices (one of 400 people a year, the others of 100 to 800; 12,000
                  together), 12 quarters
    seed        : whole number, 0 or more
    false_alarm : of the CUSUM, as in `monitor`

    Returns one row per scenario: scenario, runs, quarters judged; of the quarters, the share with any alert on the
    worse side (any_alert, with Wilson's limits as if quarters were independent), with one by the funnel
    (any_funnel_alert), with a CUSUM alarm (any_cusum_alarm), all without the team where it is different, and with a
    spread beyond chance (significant_spread); of the runs, the share in which the team was in alert on the worse side
    within four and eight quarters (alert_within_4, ...), in alert or watch (flagged_within_4, ...), and outside the
    99.8 % limits of a funnel that takes the number reconvicted for Poisson (poisson_within_4, ...).
    """
    first, period = simulated_cohort(Scenario("any"), np.random.default_rng(seed)), _last_day(QUARTERS - 1)
    thresholds = unit_thresholds(first, unit="unit", period=period, false_alarm=false_alarm)
    return pd.DataFrame([_counted(scenario, runs, seed, thresholds) for scenario in scenarios])


def trade_off(false_alarms: tuple[float, ...], *, runs: int, seed: int = 2021) -> pd.DataFrame:
    """The CUSUM alone at several thresholds: false alarms against the time to find the team.

    false_alarms : probabilities of an alarm in a year of an office in control, each between 0 and 1
    runs, seed   : as in `study`

    Returns one row per probability: false_alarm, threshold (the team's), any_cusum_alarm (share of quarters in which
    any of 36 offices in control alarms on the worse side), alarm_within_4 and alarm_within_8 (share of runs in which
    the team at odds 1.5 alarms within four and eight quarters).
    """
    generator, period = np.random.default_rng(seed), _last_day(QUARTERS - 1)
    first = simulated_cohort(Scenario("any"), generator)
    kept = [unit_thresholds(first, unit="unit", period=period, false_alarm=share) for share in false_alarms]
    found = []
    for _ in range(runs):
        quiet, changed = (
            monitored_people(simulated_cohort(Scenario("", odds_ratio=odds), generator), by=["unit"], period=period)
            for odds in (1.0, ODDS_RATIO)
        )
        found += [
            {"false_alarm": share, **_cusum_only(quiet, changed, thresholds)}
            for share, thresholds in zip(false_alarms, kept, strict=True)
        ]
    table = pd.DataFrame(found).groupby("false_alarm", sort=False).mean().reset_index()
    table.insert(1, "threshold", [thresholds.set_index("unit").loc[TEAM, "threshold_worse"] for thresholds in kept])
    return table


def _counted(scenario: Scenario, runs: int, seed: int, thresholds: pd.DataFrame) -> dict[str, object]:
    generators = np.random.default_rng(seed).spawn(runs)
    quarters = pd.concat(
        [
            quarters_of(simulated_cohort(scenario, generator), thresholds, team_apart=scenario.odds_ratio != 1).assign(
                run=run
            )
            for run, generator in enumerate(generators)
        ],
        ignore_index=True,
    )
    any_alert = quarters["any_alert"]
    limits = wilson([int(any_alert.sum())], [len(any_alert)]).iloc[0]
    row: dict[str, object] = {"scenario": scenario.name, "runs": runs, "quarters": len(quarters)}
    row |= {"any_alert": any_alert.mean(), "any_alert_low": limits["lower"], "any_alert_high": limits["upper"]}
    row |= {name: quarters[name].mean() for name in ("any_funnel_alert", "any_cusum_alarm", "significant_spread")}
    for sign in ("alert", "flagged", "poisson"):
        for within in (4, 8):
            early = quarters[quarters["quarter"] < QUIET_QUARTERS + within]
            row[f"{sign}_within_{within}"] = early.groupby("run")[f"team_{sign}"].any().mean()
    return row


def quarters_of(cohort: pd.DataFrame, thresholds: pd.DataFrame, *, team_apart: bool) -> pd.DataFrame:
    """What `monitor` says on the worse side, quarter by quarter, by the same parts and without what takes it time.

    cohort     : one row per person: unit, index_date, mature, predicted, reconvicted
    thresholds : of the CUSUM, one row per unit
    team_apart : whether the team is left out of what is said of any office

    The CUSUM is centred on years counted from the end of the last quarter. Returns one row per judged quarter: quarter,
    any_alert, any_funnel_alert, any_cusum_alarm, significant_spread, team_alert, team_flagged, team_poisson.
    """
    people = monitored_people(cohort, by=["unit"], period=_last_day(QUARTERS - 1))
    codes, names = pd.factorize(people["unit"], sort=True)
    quarter = _quarter_of(people["matures"])
    paths = paths_of(people, "unit", thresholds, odds_ratio=ODDS_RATIO)
    alarmed = np.zeros((len(names), QUARTERS), dtype=bool)
    alarms = paths[paths["alarm_worse"]]
    alarmed[names.get_indexer(pd.Index(alarms["unit"])), _quarter_of(alarms["matures"])] = True
    others = (names != TEAM) | (not team_apart)
    rows = []
    for now in range(QUIET_QUARTERS, QUARTERS):
        window = (quarter > now - 4) & (quarter <= now)
        table = _funnel(people[window], codes[window])
        rows.append({"quarter": now, **_said(table, alarmed[:, now], others, names == TEAM)})
    return pd.DataFrame(rows)


def _said(table: pd.DataFrame, alarmed: BoolArray, others: BoolArray, team: BoolArray) -> dict[str, bool]:
    worse = (table["direction"] == WORSE).to_numpy()
    funnel_alert = worse & (table["state"] == ALERT).to_numpy()
    significant = bool(table["phi_p_value"].iloc[0] < SIGNIFICANT_DISPERSION)
    alert = funnel_alert | (alarmed & (not significant))
    poisson = (table["ratio"] > 1 + _POISSON_REACH / np.sqrt(table["predicted"])).to_numpy()
    return {
        "any_alert": bool((alert & others).any()),
        "any_funnel_alert": bool((funnel_alert & others).any()),
        "any_cusum_alarm": bool((alarmed & others).any()),
        "significant_spread": significant,
        "team_alert": bool(alert[team].any()),
        "team_flagged": bool((worse | alarmed)[team].any()),
        "team_poisson": bool(poisson[team].any()),
    }


def _funnel(people: pd.DataFrame, codes: np.ndarray) -> pd.DataFrame:
    outcomes = people["reconvicted"].to_numpy(float)
    shares = centred(outcomes, people["predicted"].to_numpy()).frame["centred"].to_numpy()
    sums = {name: np.bincount(codes, weights=values) for name, values in (("actual", outcomes), ("predicted", shares))}
    table = pd.DataFrame(
        {"people": np.bincount(codes), **sums, "variance": np.bincount(codes, weights=shares * (1 - shares))}
    )
    return judged_sums(table.assign(ratio=table["actual"] / table["predicted"]))


def _quarter_of(days: pd.Series) -> np.ndarray:
    return np.asarray((4 * (days.dt.year - _FIRST_DAY.year) + (days.dt.month - 1) // 3).to_numpy())


def _cusum_only(quiet: pd.DataFrame, changed: pd.DataFrame, thresholds: pd.DataFrame) -> dict[str, float]:
    alarms = {}
    for name, people in (("quiet", quiet), ("changed", changed)):
        paths = paths_of(people, "unit", thresholds, odds_ratio=ODDS_RATIO)
        paths = paths[paths["alarm_worse"]].assign(quarter=lambda rows: _quarter_of(rows["matures"]))
        alarms[name] = paths[paths["quarter"] >= QUIET_QUARTERS]
    team = alarms["changed"].loc[alarms["changed"]["unit"] == TEAM, "quarter"]
    judged = QUARTERS - QUIET_QUARTERS
    return {
        "any_cusum_alarm": alarms["quiet"]["quarter"].nunique() / judged,
        "alarm_within_4": float((team < QUIET_QUARTERS + 4).any()),
        "alarm_within_8": float((team < QUIET_QUARTERS + 8).any()),
    }


def simulated_cohort(scenario: Scenario, generator: np.random.Generator) -> pd.DataFrame:
    """Everybody whose year ends in the twelve quarters; in which quarter it ends is drawn."""
    sizes = np.array([TEAM_A_YEAR, *OTHER_OFFICES_A_YEAR])
    office = np.repeat(np.arange(len(sizes)), sizes * QUARTERS // 4)
    quarter = generator.integers(0, QUARTERS, len(office))
    starts = np.array(
        [_last_day(number - 1) + pd.Timedelta(days=1) for number in range(QUARTERS)], dtype="datetime64[s]"
    )
    day = starts[quarter] + generator.integers(0, 90, len(office)).astype("timedelta64[D]")
    true = generator.beta(1.6, 2.9, len(office)).clip(0.02, 0.97)
    log_odds = np.log(true / (1 - true))
    changed = (office == 0) & (quarter >= QUIET_QUARTERS)
    log_odds_now = (
        log_odds + _spread(scenario, generator, true)[office, quarter] + np.log(scenario.odds_ratio) * changed
    )
    return pd.DataFrame(
        {
            "unit": np.array([TEAM, *(f"office {number:02d}" for number in range(1, len(sizes)))])[office],
            "index_date": day - np.timedelta64(365, "D"),
            "mature": True,
            "predicted": 1 / (1 + np.exp(-(log_odds + RAW_SHIFT))),
            "reconvicted": generator.random(len(office)) < 1 / (1 + np.exp(-log_odds_now)),
        }
    )


def _spread(scenario: Scenario, generator: np.random.Generator, true: np.ndarray) -> np.ndarray:
    """Log-odds of each office and quarter that move sqrt(actual / predicted) by draws with variance tau2."""
    drawn = generator.standard_normal((1 + len(OTHER_OFFICES_A_YEAR), QUARTERS))
    if scenario.spread == "lasting":
        drawn[:] = drawn[:, [0]]
    log_ratio = 2 * np.log1p(np.sqrt(scenario.tau2) * drawn.clip(-3, 3))
    return np.asarray(log_ratio * true.sum() / (true * (1 - true)).sum())


def _last_day(quarter: int) -> pd.Timestamp:
    return _FIRST_DAY + pd.DateOffset(months=3 * (quarter + 1)) - pd.Timedelta(days=1)


if __name__ == "__main__":
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with pd.option_context("display.width", 200, "display.max_columns", 40):
        print(study(runs=repeats).T.to_string(header=False, float_format=lambda share: f"{share:.3f}"))
        print(trade_off((0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02), runs=repeats).round(4).to_string(index=False))
