"""How the demonstration extract draws its values: named random streams, shares, days."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

MISSING = np.nan
"""A day that is not known or never came."""


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream of that name: a change in how one table is drawn leaves the others as they were."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def pick(rng: np.random.Generator, shares: Mapping[str, float], size: int) -> pd.api.extensions.ExtensionArray:
    """Texts drawn by their shares, which need not add up to 1; an empty text stands for a missing value."""
    weights = np.cumsum(list(shares.values()))
    codes = np.searchsorted(weights, rng.random(size) * weights[-1], side="right")
    return pd.array([name or None for name in shares], dtype="str").take(codes)


def yes_no(rng: np.random.Generator, share: float | np.ndarray, size: int) -> pd.api.extensions.ExtensionArray:
    """Texts 'yes' (with that probability) and 'no'."""
    return pd.array(["no", "yes"], dtype="str").take((rng.random(size) < share).astype(int))


def spell_out(names: list[str], counts: list[int]) -> pd.api.extensions.ExtensionArray:
    """Each text as often as its count says, in the order given."""
    return pd.array(names, dtype="str").take(np.repeat(np.arange(len(names)), counts))


def day(year: int, month: int, day_of_month: int) -> int:
    """A date as a day number: days since 1 January 1970."""
    return (datetime.date(year, month, day_of_month) - datetime.date(1970, 1, 1)).days


def to_dates(days: np.ndarray | pd.Series) -> pd.Series:
    """Day numbers as dates; missing stays missing."""
    values = np.asarray(days, dtype=float)
    known = np.isfinite(values)
    dates = np.where(known, values, 0).astype("int64").astype("datetime64[D]").astype("datetime64[s]")
    return pd.Series(dates).where(known)


def to_ids(prefix: str, numbers: np.ndarray | pd.Series | pd.Index) -> pd.api.extensions.ExtensionArray:
    """Obviously synthetic identifiers: prefix and a number of at least six digits, counted from 1."""
    digits = pd.Series(np.asarray(numbers) + 1).astype("int64").astype("str").str.zfill(6)
    return (prefix + digits).array
