"""Choosing the people: from a surplus of simulated lives, exactly as many of each kind as the quotas ask for.

The lives come from the planted model and the model is tuned to the published figures, so each kind is thinned at
nearly the same rate: choosing changes the counts by chance amounts and leaves the planted relations as they are.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalkit.dates import FOLLOWUP_DAYS
from evalkit.errors import DataError
from evalkit.synthetic import quotas, truth
from evalkit.synthetic.calendar import LAST_MATURE, SERVICE_CLOSES, SERVICE_OPENS, index_days
from evalkit.synthetic.draws import stream
from evalkit.synthetic.histories import live
from evalkit.synthetic.people import draw_people, predicted_risk, without_score

SURPLUS = (1.6, 3.0, 6.0)
"""Lives simulated per life needed; the next is tried where a kind falls short."""

SMALLEST_POOL = 20_000
LARGEST_SWAP = 0.25
"""Two people are swapped only if their predicted probabilities are this close."""

NON_PARTICIPANT = "non-participant"


def followed_people(seed: int, scale: float) -> pd.DataFrame:
    """Adults with a supervision that started in the period, participants and others, in the numbers of the quotas.

    seed  : of all random streams
    scale : size relative to that at which the published figures come out

    Returns the columns of `draw_people` and `live`, and predicted (the probability before any input is taken away).
    Raises DataError where the seed gives too few people of some kind.
    """
    wanted = _quotas_by_kind(scale)
    for surplus in SURPLUS:
        pool = _simulate(seed, max(SMALLEST_POOL, int(surplus * wanted.sum())))
        kind = _kind(pool)
        supply = kind.value_counts().reindex(wanted.index, fill_value=0)
        if (supply >= wanted).all():
            break
    else:
        raise DataError(f"seed {seed} does not give enough people of every kind; take another seed")
    chosen = kind.groupby(kind).cumcount() < kind.map(wanted).fillna(0)
    return _meet_expected(pool, kind, chosen.to_numpy(), scale)


def _quotas_by_kind(scale: float) -> pd.Series:
    kinds: dict[str, int] = {NON_PARTICIPANT: quotas.NON_PARTICIPANTS}
    for (stage, reconvicted), count in quotas.ANALYSED.items():
        kinds[f"analysed, {stage}, {'reconvicted' if reconvicted else 'not'}"] = count
    for status, group in (("immature", quotas.IMMATURE), ("unscored", quotas.UNSCORED)):
        kinds |= {f"{status}, {stage}": count for stage, count in group.items()}
    return (pd.Series(kinds) * scale).round().astype(int)


def _simulate(seed: int, size: int) -> pd.DataFrame:
    people = draw_people(stream(seed, "people"), index_days(stream(seed, "index days"), size))
    predicted = predicted_risk(people)
    lives = live(stream(seed, "lives"), people, predicted, last_day=SERVICE_CLOSES)
    rng = stream(seed, "unscored")
    unscored = rng.random(size) < people["team"].map(truth.UNSCORED_IN_TEAM).fillna(truth.UNSCORED_SHARE).to_numpy()
    pool = pd.concat([without_score(rng, people, unscored), lives], axis=1)
    pool = pool.assign(predicted=predicted, unscored=unscored)
    # Wanted before the three-year database opened: belongs to the earlier participants, whatever became of it.
    too_early = pool["wanted"] & (pool["index_day"] + pool["lag"] < SERVICE_OPENS)
    return pool[~too_early].reset_index(drop=True)


def _kind(pool: pd.DataFrame) -> pd.Series:
    stage = pd.Series(np.select([pool["sustained"], pool["found"]], ["sustained", "found work"], "took up"))
    reconvicted = (pool["reconvicted_after"] <= FOLLOWUP_DAYS).map({True: "reconvicted", False: "not"})
    immature = pool["index_day"] > LAST_MATURE
    kind = "analysed, " + stage + ", " + reconvicted
    kind = kind.mask(pool["unscored"], "unscored, " + stage).mask(immature, "immature, " + stage)
    return kind.where(pool["took_up"], NON_PARTICIPANT)


def _meet_expected(pool: pd.DataFrame, kind: pd.Series, chosen: np.ndarray, scale: float) -> pd.DataFrame:
    chosen = chosen.copy()
    predicted = pool["predicted"].to_numpy()
    for stage, expected in quotas.EXPECTED.items():
        members = kind.str.startswith(f"analysed, {stage},").to_numpy()
        pairs = _pairs(kind.to_numpy(), members, chosen)
        pairs["gain"] = predicted[pairs["enters"]] - predicted[pairs["leaves"]]
        swaps = _enough(pairs, expected * scale - predicted[members & chosen].sum())
        chosen[swaps["leaves"]], chosen[swaps["enters"]] = False, True
    return pool[chosen].reset_index(drop=True)


def _pairs(kind: np.ndarray, members: np.ndarray, chosen: np.ndarray) -> pd.DataFrame:
    pairs = []
    for name in np.unique(kind[members]):
        inside, outside = (np.flatnonzero((kind == name) & mark) for mark in (chosen, ~chosen))
        number = min(len(inside), len(outside))
        pairs.append(pd.DataFrame({"leaves": inside[:number], "enters": outside[:number]}))
    return pd.concat(pairs).sort_index(kind="stable").reset_index(drop=True)


def _enough(pairs: pd.DataFrame, lacking: float) -> pd.DataFrame:
    gain = pairs["gain"] * np.sign(lacking)
    useful = pairs[(gain > 0) & (gain < LARGEST_SWAP)]
    within = useful["gain"].abs().cumsum() <= abs(lacking)
    remainder = lacking - useful.loc[within, "gain"].sum()
    last = (useful.loc[~within, "gain"] - remainder).abs().nsmallest(1).index
    return pd.concat([useful[within], useful.loc[last]])
