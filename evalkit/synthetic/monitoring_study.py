"""How honest monitoring is, by simulation: false alarms of offices that do not differ, and how soon a bad team shows.

`python -m evalkit.synthetic.monitoring_study` simulates the runs on record anew (minutes); the tests repeat a slice.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalkit.statistics.alert_rates import COLUMNS, RECORD, SIGNS
from evalkit.statistics.centre import centred
from evalkit.statistics.cusum import cusum_weights, running_sums
from evalkit.statistics.dispersion import SIGNIFICANT_DISPERSION
from evalkit.statistics.funnel import ALERT, WORSE, judged_sums
from evalkit.statistics.monitored import monitored_people
from evalkit.statistics.thresholds import FALSE_ALARM
from evalkit.statistics.unit_cusums import unit_thresholds

TEAM, TEAM_A_YEAR = "team in question", 400
OTHER_OFFICES_A_YEAR = tuple(np.geomspace(100, 800, 35).round().astype(int).tolist())
QUARTERS, QUIET_QUARTERS = 12, 4
"""Every run has three years; for the first nobody is different, and it is not judged."""

RAW_SHIFT = 0.31
"""The raw predictions are too high for everybody by this much, in log-odds: the centre has to see to that."""

TRADE_OFF = (0.0005, 0.0025, 0.005, FALSE_ALARM, 0.01, 0.015, 0.03)
"""False-alarm probabilities of the CUSUM between which the trade-off is shown."""

CHUNKS = 8
"""Parts into which the runs of a scenario are divided among processes."""

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


def study_runs(
    scenario: Scenario, *, runs: Iterable[int], false_alarms: Sequence[float] = (FALSE_ALARM,), seed: int = 2021
) -> pd.DataFrame:
    """Monitor simulated offices quarter by quarter, and count alerts.

    scenario     : what is true
    runs         : numbers of the runs, 0 or more: 36 offices (one of 400 people a year, the others of 100 to 800;
                   12,000 together), 12 quarters, of which 8 are judged. A run is the same in whatever company
    false_alarms : of the CUSUM, as in `monitor`
    seed         : whole number, 0 or more

    Returns columns of `recorded_runs`. Where the team is different it is left out of what is said of any office.
    """
    kept = [_kept_thresholds(share) for share in false_alarms]
    rows = []
    for run in runs:
        cohort = simulated_cohort(scenario, np.random.default_rng([seed, run]))
        for share, quarters in zip(
            false_alarms, _quarters(cohort, kept, team_apart=scenario.odds_ratio != 1), strict=True
        ):
            truth = [scenario.name, scenario.odds_ratio, scenario.tau2, share, run]
            rows.append([*truth, *_counted(quarters)])
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({f"first_{sign}": "float64" for sign in SIGNS})


def study(
    scenarios: Sequence[Scenario],
    *,
    runs: Iterable[int],
    false_alarms: Sequence[float] = (FALSE_ALARM,),
    seed: int = 2021,
    workers: int = 1,
) -> pd.DataFrame:
    """The runs of several scenarios, spread over processes; arguments and result as of `study_runs`."""
    numbers = list(runs)
    parts = [(scenario, numbers[start::CHUNKS]) for scenario in scenarios for start in range(CHUNKS)]
    one = partial(_part, false_alarms=tuple(false_alarms), seed=seed)
    if workers == 1:
        found = list(map(one, parts))
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(one, parts))
    order = {scenario.name: place for place, scenario in enumerate(scenarios)}
    table = pd.concat([part for part in found if len(part)], ignore_index=True)
    table["place"] = table["scenario"].map(order)
    return table.sort_values(["place", "run"], kind="stable", ignore_index=True).drop(columns="place")


def _part(part: tuple[Scenario, list[int]], *, false_alarms: tuple[float, ...], seed: int) -> pd.DataFrame:
    return study_runs(part[0], runs=part[1], false_alarms=false_alarms, seed=seed)


@lru_cache(maxsize=32)
def _kept_thresholds(false_alarm: float) -> pd.DataFrame:
    """Thresholds of the offices, set once on people with nothing the matter, as a user would keep them."""
    first = simulated_cohort(Scenario("any"), np.random.default_rng(2021))
    return unit_thresholds(first, unit="unit", period=_last_day(QUARTERS - 1), false_alarm=false_alarm)


def _counted(quarters: pd.DataFrame) -> list[float]:
    counts: list[float] = [int(quarters[name].sum()) for name in ("any_alert", "any_funnel", "any_cusum", "spread")]
    for sign in SIGNS:
        found = np.flatnonzero(quarters[f"team_{sign}"])
        counts.append(float(found[0] + 1) if len(found) else np.nan)
    return counts


def quarters_of(cohort: pd.DataFrame, thresholds: pd.DataFrame, *, team_apart: bool) -> pd.DataFrame:
    """What `monitor` says on the worse side, quarter by quarter, by the same parts and without what takes it time.

    cohort     : one row per person: unit, index_date, mature, predicted, reconvicted
    thresholds : of the CUSUM, one row per unit
    team_apart : whether the team is left out of what is said of any office

    The CUSUM is centred on years counted from the end of the last quarter. Returns one row per judged quarter: quarter,
    any_alert, any_funnel, any_cusum, spread (beyond chance), team_alert, team_flag (alert or watch), team_poisson.
    """
    return _quarters(cohort, [thresholds], team_apart=team_apart)[0]


def _quarters(cohort: pd.DataFrame, kept: Sequence[pd.DataFrame], *, team_apart: bool) -> list[pd.DataFrame]:
    people = monitored_people(cohort, by=["unit"], period=_last_day(QUARTERS - 1))
    codes, names = pd.factorize(people["unit"], sort=True)
    quarter = _quarter_of(people["matures"])
    others, team = (names != TEAM) | (not team_apart), names == TEAM
    tables = {}
    for now in range(QUIET_QUARTERS, QUARTERS):
        window = (quarter > now - 4) & (quarter <= now)
        tables[now] = _funnel(people[window], codes[window])
    found = []
    for thresholds in kept:
        limits = thresholds.set_index("unit").loc[names, "threshold_worse"].to_numpy()
        alarmed = _alarmed(people, codes, quarter, limits)
        rows = [{"quarter": now, **_said(table, alarmed[:, now], others, team)} for now, table in tables.items()]
        found.append(pd.DataFrame(rows))
    return found


def _alarmed(people: pd.DataFrame, codes: np.ndarray, quarter: np.ndarray, limits: np.ndarray) -> BoolArray:
    """In which quarters the CUSUM of each unit alarms on the worse side."""
    weights = cusum_weights(people["reconvicted"].to_numpy(), people["centred"].to_numpy())
    alarmed = np.zeros((len(limits), QUARTERS), dtype=bool)
    for unit, limit in enumerate(limits):
        own = codes == unit
        _, alarms = running_sums(weights[own].tolist(), float(limit))
        alarmed[unit, quarter[own][np.array(alarms, dtype=bool)]] = True
    return alarmed


def _said(table: pd.DataFrame, alarmed: BoolArray, others: BoolArray, team: BoolArray) -> dict[str, bool]:
    worse = (table["direction"] == WORSE).to_numpy()
    funnel_alert = worse & (table["state"] == ALERT).to_numpy()
    significant = bool(table["phi_p_value"].iloc[0] < SIGNIFICANT_DISPERSION)
    alert = funnel_alert | (alarmed & (not significant))
    poisson = (table["ratio"] > 1 + _POISSON_REACH / np.sqrt(table["predicted"])).to_numpy()
    return {
        "any_alert": bool((alert & others).any()),
        "any_funnel": bool((funnel_alert & others).any()),
        "any_cusum": bool((alarmed & others).any()),
        "spread": significant,
        "team_alert": bool(alert[team].any()),
        "team_flag": bool((worse | alarmed)[team].any()),
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


def write_record(path: Path, *, runs: int, workers: int = 2) -> None:
    """Simulate the runs on record anew: all scenarios, and those of the trade-off at every false-alarm probability."""
    quiet, _, _, changed, *_ = SCENARIOS
    used = study(SCENARIOS, runs=range(runs), workers=workers)
    others = [share for share in TRADE_OFF if share != FALSE_ALARM]
    traded = study((quiet, changed), runs=range(runs // 2), false_alarms=others, workers=workers)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(
            "# Simulated by evalkit.synthetic.monitoring_study, seed 2021; see evalkit.statistics.alert_rates.\n"
        )
        pd.concat([used, traded]).to_csv(file, index=False, lineterminator="\n")


if __name__ == "__main__":
    write_record(RECORD, runs=int(sys.argv[1]) if len(sys.argv) > 1 else 600)
