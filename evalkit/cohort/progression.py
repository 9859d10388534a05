"""The progression framework: how far people got through the stages on the way to work."""

from __future__ import annotations

from itertools import pairwise

import narwhals as nw
import pandas as pd

from evalkit.cohort.service import declared_service, reached, took_up, with_shares
from evalkit.intake import Extract, to_pandas
from evalkit.intake.tables import STAGES
from evalkit.spec import Spec

_FLOW = ("step", "excluded", "remaining", "reason", "of")


def progression(extract: Extract, spec: Spec) -> pd.DataFrame:
    """How many of the people who took up the service reached each stage of the framework, as a flow.

    A person has reached a stage if it, or a later one, is recorded on or after the day of take-up; the flow is of
    stages reached at least, so that a stage that was skipped counts as reached.
    Returns a flow as `make_flow_safe` takes it, its first row those who took up: step (the stage), excluded (people
    who got to the stage before and not to this one), remaining, reason, of (remaining before; missing at first) and
    of them share, low, high (Wilson, 95 %), method. No row where the extract has no table progress.
    Raises SpecError where the specification declares no service.
    """
    if "progress" not in extract.tables:
        return with_shares(pd.DataFrame({name: pd.Series(dtype="float64") for name in _FLOW}), "remaining")
    service = declared_service(spec)
    starts = took_up(extract, service).select("person_id", taken_up="date")
    rows = extract.table("progress").join(starts, on="person_id", how="inner")
    place = nw.lit(0)
    for number, stage in enumerate(STAGES, start=1):
        place = nw.when(nw.col("stage") == stage).then(nw.lit(number)).otherwise(place)
    rows = rows.filter(nw.col("date") >= nw.col("taken_up")).with_columns(place=place)
    people = rows.group_by("person_id").agg(furthest=nw.col("place").max())
    counts = to_pandas(people.group_by("furthest").agg(people=nw.len()))
    far_enough = [
        len(reached(extract, service, "took_up")),
        *(int(counts.loc[counts["furthest"] >= number, "people"].sum()) for number in range(1, len(STAGES) + 1)),
    ]
    before = ["no stage recorded", *(f"got as far as: {stage}" for stage in STAGES[:-1])]
    flow = pd.DataFrame(
        {
            "step": ["took up the service", *STAGES],
            "excluded": [0, *(earlier - later for earlier, later in pairwise(far_enough))],
            "remaining": far_enough,
            "reason": ["", *before],
            "of": [float("nan"), *far_enough[:-1]],
        }
    )
    return with_shares(flow, "remaining")
