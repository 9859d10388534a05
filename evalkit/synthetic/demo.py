"""Writing the demonstration extract: all tables and extract.toml, into a folder that appears only when complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from evalkit.errors import DataError, SpecError
from evalkit.intake.pseudonyms import KEY_FILE, write_key
from evalkit.synthetic import quotas
from evalkit.synthetic.cast import everyone
from evalkit.synthetic.custody import release_table
from evalkit.synthetic.draws import stream, to_dates, to_ids
from evalkit.synthetic.interventions import intervention_rows
from evalkit.synthetic.interviews import interview_table
from evalkit.synthetic.programmes import programme_rows
from evalkit.synthetic.sentences import sentence_table
from evalkit.synthetic.service import course_table, need_table, progress_table, referral_table, volunteer_table
from evalkit.synthetic.work import job_table

SMALLEST, LARGEST = 500, 2_000_000
SOURCE = 'source = "evalkit demonstration extract (synthetic)"'
"""By this line an earlier demonstration extract is known, and may be replaced."""

SETTINGS = f"""\
{SOURCE}
extract_date = 2021-12-31
date_format = "YYYY-MM-DD"
synthetic = true
outcome = "reconviction"
settling_days = 30
"""

KEY = "0" * 64
"""Of the pseudonyms: no secret, because nobody of this extract exists, and the same wherever it is written."""

CHARACTERISTICS = ["sex", "ethnicity", "disability", "religion", "sexual_orientation", "nationality"]


def write_demo(folder: str | Path, *, people: int | None = None, seed: int = 2021) -> Path:
    """Write the demonstration extract: a CSV file per table, extract.toml, the key; same bytes for the same arguments.

    folder : where to write; an earlier demonstration extract there is replaced, anything else is refused
    people : persons in the extract, 500 to 2,000,000; without it 70,000, where the published figures come out exactly
    seed   : whole number, 0 or more; another seed gives other people with the same figures

    Returns the folder. Raises SpecError where `people` or `seed` is out of range, DataError where the folder holds
    something else.
    """
    size = quotas.people_in_all() if people is None else people
    if not SMALLEST <= size <= LARGEST:
        raise SpecError(f"people is {size}; the demonstration extract holds {SMALLEST:,} to {LARGEST:,}")
    if seed < 0:
        raise SpecError(f"seed is {seed}; it must be 0 or more")
    folder = Path(folder)
    _refuse_to_overwrite(folder)
    unfinished = folder.with_name(f".{folder.name}.unfinished-{os.getpid()}")
    unfinished.mkdir(parents=True)
    try:
        for name, table in _tables(size, seed):
            _write_csv(table, unfinished / f"{name}.csv")
        (unfinished / "extract.toml").write_text(SETTINGS, encoding="utf-8", newline="\n")
        write_key(unfinished / KEY_FILE, KEY)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _refuse_to_overwrite(folder: Path) -> None:
    settings = folder / "extract.toml"
    empty = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    if not empty and not (settings.is_file() and SOURCE in settings.read_text(encoding="utf-8", errors="replace")):
        raise DataError(f"{folder}: holds something other than a demonstration extract and is left as it is")


def _tables(size: int, seed: int) -> Iterator[tuple[str, pd.DataFrame]]:
    scale = size / quotas.people_in_all()
    people = everyone(seed, scale, size)
    yield "people", _people_table(people)
    yield "sentences", sentence_table(stream(seed, "sentences"), people)
    referrals = referral_table(stream(seed, "referrals"), people)
    programmes = programme_rows(stream(seed, "programmes"), people, scale)
    interventions = intervention_rows(stream(seed, "interventions"), people, scale)
    yield "referrals", _with(_with(referrals, programmes.referrals), interventions.referrals)
    referral_of = _take_up_referrals(referrals, len(people))
    courses = course_table(stream(seed, "courses"), people, referral_of, scale)
    yield "courses", _with(courses, programmes.courses)
    yield "jobs", _with(job_table(stream(seed, "jobs"), people, referral_of), programmes.jobs)
    yield "progress", progress_table(stream(seed, "progress"), people, referral_of)
    releases = release_table(stream(seed, "releases"), people)
    yield "releases", releases
    yield "needs", _with(need_table(stream(seed, "needs"), referrals, releases), interventions.needs)
    yield "measures", interventions.measures
    yield "volunteers", volunteer_table(stream(seed, "volunteers"))
    yield "interviews", interview_table(stream(seed, "interviews"))


def _with(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The table with the rows below it, in the table's own columns."""
    return pd.concat([table, rows.reindex(columns=table.columns).astype(table.dtypes)], ignore_index=True)


def _people_table(people: pd.DataFrame) -> pd.DataFrame:
    ids = to_ids("SYN-P", people.index)
    return pd.DataFrame({"person_id": ids, "date_of_birth": to_dates(people["birth_day"]), **people[CHARACTERISTICS]})


def _take_up_referrals(referrals: pd.DataFrame, people: int) -> pd.Series:
    started = referrals[(referrals["service"] == "ETE") & referrals["start_date"].notna()]
    first = started.drop_duplicates("person_id").set_index("person_id")["referral_id"]
    return first.reindex(to_ids("SYN-P", np.arange(people))).reset_index(drop=True)


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    from pyarrow import csv

    rows = pa.Table.from_pandas(table, preserve_index=False)
    days = [pa.field(item.name, pa.date32()) if pa.types.is_timestamp(item.type) else item for item in rows.schema]
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as file:
        file.write((",".join(rows.column_names) + "\n").encode())
        csv.write_csv(rows.cast(pa.schema(days)), file, options)
