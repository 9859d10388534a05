"""What makes the figures of a report doubtful before they are read: rejected rows, an early end, missing dates."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from evalkit.cohort.build import Cohort
from evalkit.dates import long_date
from evalkit.errors import DataError
from evalkit.intake import Extract, to_pandas
from evalkit.spec import Spec

UNDATED_ABOVE = 0.20
"""Share of reconvictions without an offence date above which a reader is warned."""


def refuse_rejected(extract: Extract, spec: Spec) -> None:
    """Stop a report where too many rows were rejected: what is missing would not be missing at random.

    Raises DataError naming the table, its rows and the share that the specification accepts.
    """
    for line in extract.summary.to_dict("records"):
        if line["rejected"] > spec.most_rejected * line["read"]:
            raise DataError(
                f"{line['file']}: {line['rejected']:,} of {line['read']:,} rows were rejected, more than the "
                f"{spec.most_rejected:.0%} that {spec.path.name} accepts (most_rejected); "
                "run `python -m evalkit check` on the extract to see why"
            )


def caveats(extract: Extract, cohort: Cohort) -> tuple[str, ...]:
    """Sentences that belong above the first figure; none where nothing is to be said."""
    return (*_rejected(extract), *_ends_early(extract), *_undated(cohort))


def _rejected(extract: Extract) -> list[str]:
    return [
        f"{line['rejected']:,} of {line['read']:,} rows of {line['table']} were rejected and are in no figure."
        for line in extract.summary.to_dict("records")
        if line["rejected"]
    ]


def _ends_early(extract: Extract) -> list[str]:
    if "sentences" not in extract.tables:
        return []
    latest = to_pandas(extract.table("sentences").select(nw.col("sentence_date").max()))["sentence_date"].iloc[0]
    extract_date = pd.Timestamp(extract.settings.extract_date)
    missing = (extract_date - latest).days
    if missing <= extract.settings.settling_days:
        return []
    return [
        f"The latest sentence is of {long_date(latest)}, {missing:,} days before the extract date. If later "
        "sentences are missing, reconvictions are missing, and every rate is too low."
    ]


def _undated(cohort: Cohort) -> list[str]:
    if "undated_reconvictions" not in cohort.frame:
        return []
    events, undated = (int(cohort.analysed[name].sum()) for name in ("reconvictions", "undated_reconvictions"))
    if undated <= UNDATED_ABOVE * events:
        return []
    return [
        f"{undated / events:.0%} of the reconvictions have no offence date. Some may be for offences before "
        "supervision started, which makes rates too high; see what remains without early events."
    ]
