"""Does it tell the truth? Every method of the reports on data whose truth is known, as tables for one report."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from evalkit.cohort import Cohort, hazard_ratios, side_by_side
from evalkit.cohort.designs import designed, trials_for
from evalkit.errors import DataError
from evalkit.statistics.cox import cox
from evalkit.statistics.expected import ActualVsPredicted, actual_vs_predicted
from evalkit.statistics.poisson_binomial import probability_masses
from evalkit.statistics.rates import newcombe
from evalkit.statistics.recalibration import recalibrate, recalibrated_actual_vs_predicted
from evalkit.statistics.reference import estimated_actual_vs_predicted, reference_model
from evalkit.statistics.survival import logrank
from evalkit.synthetic import truth
from evalkit.synthetic.alert_validation import alert_limits as alert_limits
from evalkit.synthetic.alert_validation import alert_verdicts as alert_verdicts
from evalkit.synthetic.alert_validation import poisson_width as poisson_width
from evalkit.synthetic.alert_validation import repeated_runs as repeated_runs
from evalkit.synthetic.alert_validation import trade_off as trade_off
from evalkit.synthetic.designs import DESIGNS
from evalkit.synthetic.immortal import no_effect_cohort
from evalkit.synthetic.study import shortcomings, study

LEVEL = 0.05
FULL = 1_000
"""Simulations for which the bounds below are meant; with fewer they are wider, as chance is."""


def matching_study(*, simulations: int, workers: int = 2) -> pd.DataFrame:
    """Every estimator of a matched comparison on both fixed designs; see `evalkit.synthetic.study.performance`.

    simulations : studies drawn of each design
    workers     : processes to spread them over

    Adds passed (bool): nothing in `shortcomings`; with fewer than 1,000 simulations its bounds are wider.
    """
    wider = _wider(simulations)
    bounded = partial(shortcomings, least_coverage=0.95 - 0.02 * wider, error_ratios=(1 - 0.1 * wider, 1 + 0.2 * wider))
    table = pd.concat(
        [study(design, seeds=range(1, simulations + 1), workers=workers) for design in DESIGNS], ignore_index=True
    )
    return table.assign(passed=[not bounded(table.iloc[[row]]) for row in range(len(table))])


def exact_test_sizes(people: tuple[int, ...] = (20, 50, 100, 300, 1000)) -> pd.DataFrame:
    """How often the exact test of actual against predicted rejects at 5 % where the prediction holds, by enumeration.

    people : sizes of the group; predictions spread evenly in log-odds from 5 to 70 %

    Every possible number of reconvictions is put to the test; the size is the null probability of those rejected.
    Returns people, size (share), passed (never above 5 %, and from 1,000 people on at least 4 %).
    """
    sizes = [(many, size_of_exact_test(_spread_predictions(many))) for many in people]
    rows = [(many, size, size <= LEVEL and (many < FULL or size >= 0.04)) for many, size in sizes]
    return pd.DataFrame(rows, columns=["people", "size", "passed"])


def size_of_exact_test(shares: np.ndarray) -> float:
    """Probability that the exact test rejects at 5 % people of these predictions, if the predictions hold.

    Numbers of events that together have less than a billionth of the probability count as rejected.
    """
    chances, many = probability_masses(shares), np.arange(len(shares))
    likely = np.flatnonzero(chances > 1e-12)
    rejected = [actual_vs_predicted(many < events, shares).p_value < LEVEL for events in likely]
    return float(chances[likely][rejected].sum() + chances[chances <= 1e-12].sum())


def _spread_predictions(people: int) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.linspace(np.log(0.05 / 0.95), np.log(0.7 / 0.3), people))))


def estimated_test_sizes(*, simulations: int, seed: int = 2021) -> pd.DataFrame:
    """How often 216 people differ at 5 % from a rate estimated on 216 others, where both are .25.

    Returns method, size (share of the simulations), passed (3.5 to 6 % of 1,000; missing for the naive test, which is
    shown as a warning).
    """
    draw = np.random.default_rng(seed)
    naive, right = 0, 0
    for _ in range(simulations):
        events = draw.binomial(216, 0.25, 2)
        frame = pd.DataFrame({"untreated": np.repeat([False, True], 216), "y": np.tile(np.arange(216), 2)})
        frame["y"] = frame["y"] < np.repeat(events, 216)
        model = reference_model(frame, reference="untreated", covariates=[], outcome="y")
        right += estimated_actual_vs_predicted(model, frame).p_value < LEVEL
        naive += actual_vs_predicted(frame["y"][:216], np.full(216, events[1] / 216)).p_value < LEVEL
    sizes = naive / simulations, right / simulations
    labels = "exact test, as if the rate had been known", "both samplings carried"
    return pd.DataFrame(
        {"method": labels, "size": sizes, "passed": [None, abs(sizes[1] - 0.0475) <= 0.0125 * _wider(simulations)]}
    )


def immortal_time(*, cohorts: int, people: int = 3_000) -> pd.DataFrame:
    """Every design in cohorts in which neither the service nor work has any effect.

    Returns frailty, name, design, cohorts, mean (difference, a share), found (share of the intervals that leave out
    zero), passed (of the fair designs: found in no more than one in ten of 100, and a mean no further from 0 than three
    standard errors would be with many cohorts).
    """
    from scipy.stats import t

    drawn = pd.concat(
        side_by_side(no_effect_cohort(people, seed=seed, frailty=frailty).cohort).assign(frailty=frailty)
        for frailty in (0.0, 1.5)
        for seed in range(cohorts)
    )
    drawn["found"] = (drawn["low"] > 0) | (drawn["high"] < 0)
    keys = ["frailty", "name", "design"]
    table = drawn.groupby(keys, sort=False).agg(
        cohorts=("found", "size"), mean=("estimate", "mean"), spread=("estimate", "std"), found=("found", "mean")
    )
    fair = table.index.get_level_values("design") != "naive"
    often = table["found"] > 0.05 + 0.05 * _wider(10 * cohorts)
    far = float(t.ppf(0.99865, cohorts - 1)) * table["spread"] / np.sqrt(cohorts)
    calm = ~often & (table["mean"].abs() < far)
    table["passed"] = calm.astype(object).where(fair, None)
    return table.reset_index()


def rebased_risks(people: int = 120_000) -> pd.DataFrame:
    """The risk re-based to a later day beside the true one, in two large cohorts.

    Returns frailty, design, predicted, truth (shares), within (what is allowed), passed.
    """
    rows = []
    for frailty, within in ((0.0, 0.003), (1.5, 0.010)):
        simulated = no_effect_cohort(people, seed=11, frailty=frailty)
        for design in ("own_lag", "landmark"):
            trials = trials_for(simulated.cohort, "took_up", design)
            inside = trials.rows[trials.rows["treated"]]
            true = float(simulated.true_risk(inside["row"].to_numpy(), inside["start_day"].to_numpy()).mean())
            predicted = designed(simulated.cohort, trials, design).inside.predicted_rate
            rows.append((frailty, design, predicted, true, within, abs(predicted - true) < within))
    return pd.DataFrame(rows, columns=["frailty", "design", "predicted", "truth", "within", "passed"])


def rossi_by_method(people: pd.DataFrame) -> pd.DataFrame:
    """Financial aid and re-arrest of 432 released men, by four methods that part at 5 %.

    people : the prepared cohort of that study: reconvicted, days_to_reconviction, financial_aid and covariates

    Returns method, estimate, p_value, reference (from R), passed.
    """
    aid, others = (people.loc[people["financial_aid"] == side, "reconvicted"] for side in (1, 0))
    rates = newcombe(int(aid.sum()), len(aid), int(others.sum()), len(others))
    weeks = people["days_to_reconviction"].astype("float64").fillna(7 * 52) / 7
    frame = people.astype({"reconvicted": int, "financial_aid": int}).assign(weeks=weeks)
    pace = logrank(weeks, frame["reconvicted"], frame["financial_aid"]).iloc[0]
    formula = (
        "weeks, reconvicted ~ financial_aid + age + black + work_experience + married + parole + prior_convictions"
    )
    hazard = cox(frame, formula).iloc[0]
    rows = [
        ("difference of rates, Newcombe interval", 100 * rates.difference, None, -8.33, 2),
        ("difference of rates, Fisher's exact test", 100 * rates.difference, rates.p_value, 0.0632, 4),
        ("log-rank test", None, pace["p_value"], 0.0501, 4),
        ("Cox regression with covariates, log hazard ratio", hazard["log_hazard"], hazard["p_value"], -0.3794222, 7),
    ]
    table = pd.DataFrame(rows, columns=["method", "estimate", "p_value", "reference", "decimals"])
    checked = table["p_value"].where(table["method"].str.contains("Fisher|log-rank"), table["estimate"])
    off = (checked.astype(float) - table["reference"]).abs()
    return table.assign(passed=off < 0.5001 * 10.0 ** -table["decimals"])


def recalibration_bootstrap(*, draws: int = 1_000, seed: int = 2021) -> pd.DataFrame:
    """The standard error of a recalibrated comparison by the delta method beside the bootstrap of both groups.

    Returns reference (people), treated (people), delta, bootstrap (standard errors of the difference, shares), passed
    (within 10 % with 1,000 draws).
    """
    draw = np.random.default_rng(seed)
    rows = []
    for reference, treated in ((400, 400), (2_000, 500), (500, 2_000)):
        shares = 1 / (1 + np.exp(-draw.normal(-0.7, 0.8, reference + treated)))
        events = draw.uniform(size=len(shares)) < 0.85 * shares
        found = _recalibrated(shares, events, np.arange(reference), np.arange(reference, len(shares)))
        delta = (found.difference_high - found.difference_low) / (2 * 1.959964)
        again = [
            _recalibrated(
                shares, events, draw.integers(0, reference, reference), draw.integers(reference, len(shares), treated)
            ).difference
            for _ in range(draws)
        ]
        bootstrap = float(np.std(again, ddof=1))
        rows.append((reference, treated, delta, bootstrap, abs(delta / bootstrap - 1) < 0.10 * _wider(draws)))
    return pd.DataFrame(rows, columns=["reference", "treated", "delta", "bootstrap", "passed"])


def _recalibrated(
    shares: np.ndarray, events: np.ndarray, reference: np.ndarray, treated: np.ndarray
) -> ActualVsPredicted:
    fitted = recalibrate(events[reference], shares[reference], shares[treated])
    return recalibrated_actual_vs_predicted(fitted, events[treated], shares[treated])


def demo_truths(cohort: Cohort) -> pd.DataFrame:
    """What is planted in the demonstration extract beside what the designs recover from its rows.

    Returns what, planted, found, low, high, passed (the interval holds the planted value).
    """
    planted = {
        "took_up": float(np.exp(truth.PARTICIPANT_LOG_ODDS)),
        "found_work": float(np.exp(truth.JOB_LOG_ODDS)),
        "sustained_13_weeks": float(np.exp(truth.JOB_LOG_ODDS)),
    }
    odds = (
        side_by_side(cohort)
        .query("design != 'naive'")
        .assign(
            what=lambda rows: "odds ratio, " + rows["name"] + ", " + rows["design"],
            found=lambda rows: rows["odds_ratio"],
            low=lambda rows: rows["odds_ratio_low"],
            high=lambda rows: rows["odds_ratio_high"],
        )
    )
    # The planted effect of the service is on the odds; only where there is none is the hazard ratio known to be 1.
    hazards = (
        hazard_ratios(cohort)
        .query("name != 'took_up'")
        .assign(what=lambda rows: "hazard ratio, " + rows["name"], found=lambda rows: rows["hazard_ratio"])
    )
    table = pd.concat([odds, hazards], ignore_index=True)[["what", "name", "found", "low", "high"]]
    table.insert(1, "planted", table.pop("name").map(planted))
    return table.assign(passed=(table["low"] <= table["planted"]) & (table["planted"] <= table["high"]))


def _wider(simulations: int) -> float:
    """How much further apart bounds must be with fewer simulations than they are meant for."""
    return max(1.0, float(np.sqrt(FULL / simulations)))


def refuse_failures(**tables: pd.DataFrame) -> None:
    """Raise DataError that names every row of any table whose column `passed` is False."""
    failed = [
        f"{name}: {', '.join(f'{key} {value}' for key, value in row.items() if key != 'passed')}"
        for name, table in tables.items()
        for row in table[table["passed"].eq(False)].to_dict("records")
    ]
    if failed:
        raise DataError("the validation failed:\n" + "\n".join(failed))
