"""Two fixed simulated studies in which the true effect is known: do the estimators of a matched comparison find it?

Selection and outcome are logistic in the same covariates, and whatever makes treatment likelier makes reconviction
likelier too: the treatment helps, but the treated look worse than the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from evalkit.synthetic.draws import stream

COVARIATES = ("age", "female", "log_sanctions", "custody", "unsettled", "area", "logit_predicted")
"""What is known of each person before the treatment, in the order of the frame."""

AREAS = ("east", "north", "south")
AREA_SHARES = (0.2, 0.5, 0.3)

SELECTION = MappingProxyType(
    {
        "age": -0.03,
        "female": -0.35,
        "log_sanctions": 0.35,
        "custody": 0.45,
        "unsettled": 0.40,
        "east": 0.30,
        "south": -0.20,
        "logit_predicted": 0.35,
    }
)
"""Log-odds of being treated per unit of a covariate before the strength."""

OUTCOME = MappingProxyType(
    {
        "age": -0.02,
        "female": -0.20,
        "log_sanctions": 0.30,
        "custody": 0.20,
        "unsettled": 0.30,
        "east": 0.20,
        "south": -0.10,
        "logit_predicted": 0.60,
    }
)
"""Log-odds of reconviction per unit of a covariate, treated or not."""

OUTCOME_INTERCEPT = -0.35
"""Log-odds of reconviction of an untreated person at the centre of all covariates."""

TREATMENT_LOG_ODDS = -0.50
"""The effect: treated people's log-odds of reconviction are lower by this much, everybody's alike."""


@dataclass(frozen=True)
class SimulatedDesign:
    """One way of drawing a study.

    people    : people drawn in each study
    intercept : log-odds of being treated at the centre of all covariates
    strength  : what SELECTION is multiplied by
    auc       : area under the curve of the true chance of being treated that results, to within 0.005
    """

    name: str
    people: int
    intercept: float
    strength: float
    auc: float

    def draw(self, seed: int) -> pd.DataFrame:
        """One simulated study of this design.

        seed : whole number; the same one draws the same study

        Returns one row per person: COVARIATES, treated and reconvicted (bool), chance_untreated and chance_treated
        (each one's probabilities of reconviction without and with the treatment: the truth, which no estimator sees).
        """
        rng = stream(seed, self.name)
        frame = _covariates(rng, self.people)
        terms = _terms(frame)
        treated = rng.random(self.people) < _chance(self.intercept + self.strength * _index(terms, SELECTION))
        log_odds = OUTCOME_INTERCEPT + _index(terms, OUTCOME)
        untreated, helped = _chance(log_odds), _chance(log_odds + TREATMENT_LOG_ODDS)
        reconvicted = rng.random(self.people) < np.where(treated, helped, untreated)
        return frame.assign(treated=treated, reconvicted=reconvicted, chance_untreated=untreated, chance_treated=helped)


MODERATE = SimulatedDesign("moderate selection", people=2_000, intercept=-1.642, strength=0.8, auc=0.65)
STRONG = SimulatedDesign("strong selection", people=2_000, intercept=-2.215, strength=1.9, auc=0.80)
DESIGNS = (MODERATE, STRONG)


def true_effect(frame: pd.DataFrame, people: pd.Index) -> float:
    """Mean effect of the treatment on the chance of reconviction, over these people of a drawn frame (a share)."""
    analysed = frame.loc[people]
    return float((analysed["chance_treated"] - analysed["chance_untreated"]).mean())


def _covariates(rng: np.random.Generator, people: int) -> pd.DataFrame:
    risk = rng.normal(size=people)
    return pd.DataFrame(
        {
            "age": np.floor(18 + rng.gamma(2.2, 6.5, people)).clip(max=75),
            "female": rng.random(people) < 0.15,
            "log_sanctions": np.log1p(rng.poisson(rng.gamma(1.2, 4.0, people) * np.exp(0.3 * risk))),
            "custody": rng.random(people) < _chance(-0.8 + 0.3 * risk),
            "unsettled": rng.random(people) < _chance(-1.1 + 0.4 * risk),
            "area": pd.array(AREAS, dtype="str").take(rng.choice(len(AREAS), size=people, p=AREA_SHARES)),
            "logit_predicted": -0.6 + 0.9 * risk,
        }
    )


def _terms(frame: pd.DataFrame) -> Mapping[str, np.ndarray]:
    """The covariates as the two log-odds use them, each about its centre."""
    numbers = {name: frame[name].to_numpy(dtype=float) for name in COVARIATES if name != "area"}
    return {
        **numbers,
        "age": numbers["age"] - 32,
        "log_sanctions": numbers["log_sanctions"] - 1.4,
        "logit_predicted": numbers["logit_predicted"] + 0.6,
        "east": (frame["area"] == "east").to_numpy(dtype=float),
        "south": (frame["area"] == "south").to_numpy(dtype=float),
    }


def _index(terms: Mapping[str, np.ndarray], coefficients: Mapping[str, float]) -> np.ndarray:
    return np.sum([coefficient * terms[name] for name, coefficient in coefficients.items()], axis=0)


def _chance(log_odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-log_odds)))
