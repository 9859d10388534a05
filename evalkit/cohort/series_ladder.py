"""The one ladder on which the design of every evaluation of a series stands: what it compares, what it leaves open.

It orders designs, not evaluations, services or people: a high rung is no good result, and a low one is no bad service.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

from evalkit.errors import SpecError
from evalkit.spec import Spec


@dataclass(frozen=True)
class Rung:
    """A step of the ladder: what designs on it compare, and what they cannot rule out."""

    compares: str
    leaves_open: str


LADDER = {
    0: Rung("One group, described", "Nothing stands beside the figure, so it says how things were, and no more"),
    1: Rung(
        "One group, before and after, or beside a figure from elsewhere",
        "Whatever else changed meanwhile, or is different where the other figure comes from",
    ),
    2: Rung(
        "Beside a prediction, or beside people who were not chosen to be alike",
        "All in which the two differ and that no score or adjustment knows, and that times change",
    ),
    3: Rung("Beside people made alike in all that is recorded", "What is not recorded: willingness, for one"),
    4: Rung("Beside people whom chance or a rule kept out", "Whether that chance or rule has to do with the outcome"),
    5: Rung("Beside people chosen by lot", "Chance alone, which the interval is about; and other times and places"),
}
"""Strength as a specification declares it -> what it means (after the Maryland scale; 0: it does not apply)."""


def rung_of(spec: Spec) -> Rung:
    """The rung an evaluation stands on. Raises SpecError where its strength is on no rung."""
    if spec.strength not in LADDER:
        raise SpecError(f"{spec.path.name}: strength {spec.strength} is on no rung of the ladder (known: 0 to 5)")
    return LADDER[spec.strength]


def strength_text(strength: int) -> str:
    """A strength as a table says it: '2 of 5', or 'none'."""
    return f"{strength} of 5" if strength else "none"


def ladder(headlines: pd.DataFrame) -> pd.DataFrame:
    """The whole ladder, with the evaluations of a series that stand on each rung.

    headlines : what `series_headlines` returned

    Returns one row per rung, lowest first, all texts: strength, compares, leaves_open, evaluations (titles in the order
    of the series, empty where none stands there).
    """
    standing = headlines.drop_duplicates("evaluation").groupby("strength")["title"].agg("; ".join)
    rows = [
        {"strength": strength_text(number), **asdict(rung), "evaluations": standing.get(number, "")}
        for number, rung in LADDER.items()
    ]
    return pd.DataFrame(rows)
