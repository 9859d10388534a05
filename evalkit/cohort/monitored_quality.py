"""What to check in the records of each unit before anything is made of its figures."""

from __future__ import annotations

import pandas as pd

from evalkit.cohort.monitoring_round import Round
from evalkit.statistics.late_records import last_quarter
from evalkit.statistics.monitored import data_quality


def quality_of(rounds: Round, people: pd.DataFrame, column: str) -> pd.DataFrame:
    """Missing scores, records that are there twice, signs of late recording, by unit.

    rounds : what `monitoring_round` returned
    people : what `monitored_people` returned, for the units
    column : of the units

    Returns the frame of `data_quality`, with unscored and duplicates (the people behind missing_share and
    duplicate_share) and the columns of `last_quarter`.
    """
    quality = data_quality(people, column)
    counts = {
        name: (quality[share].fillna(0) * quality["all_people"]).round().astype("int64")
        for name, share in (("unscored", "missing_share"), ("duplicates", "duplicate_share"))
    }
    frame = rounds.frame[rounds.frame["index_date"] < rounds.as_of]
    moved = frame.assign(centred=rounds.moved(frame["predicted"]))
    late = last_quarter(moved, unit=column, hazard=rounds.hazard(), as_of=rounds.as_of, predicted="centred")
    table = quality.assign(**counts).merge(late, on=column, how="left")
    return table.assign(short=table["short"].eq(True), recent=table["recent"].fillna(0).astype("int64"))
