"""Load and check an extract: evalkit against pandas doing the same checks. `python benchmarks/intake.py [PEOPLE]`.

Each side runs in a process of its own; seconds are the best of three, memory is the process's peak. The pandas side
does less: it keeps no row numbers, names no rule per row and hashes no file.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPEATS = 3


def write_extract(folder: Path, people: int) -> None:
    """A clean extract: people, 12 sentences for 7 people, 6 referrals for 7 people."""
    import duckdb

    connection = duckdb.connect()
    person = f"'P' || lpad((i % {people})::VARCHAR, 7, '0')"
    tables = {
        "people": (
            people,
            f"{person} AS person_id, DATE '1950-01-01' + (i * 7 % 18000)::INTEGER AS date_of_birth, "
            "if(i % 7 = 0, 'female', 'male') AS sex, 'White' AS ethnicity, 'British' AS nationality",
        ),
        "sentences": (
            people * 12 // 7,
            f"'S' || i AS sentence_id, {person} AS person_id, DATE '2018-01-01' + (i % 900)::INTEGER AS sentence_date, "
            "'community order' AS sentence_type, '04910' AS offence_code, "
            "DATE '2017-08-01' + (i % 100)::INTEGER AS offence_date, "
            "DATE '2020-06-19' + (i % 100)::INTEGER AS supervision_start, 'North' AS area, 'Team 3' AS team, "
            "1 + i % 40 AS total_sanctions, 17 AS age_at_first_sanction",
        ),
        "referrals": (
            people * 6 // 7,
            f"'R' || i AS referral_id, {person} AS person_id, 'ETE' AS service, "
            "DATE '2019-01-01' + (i % 300)::INTEGER AS referral_date, "
            "DATE '2019-12-01' + (i % 100)::INTEGER AS start_date",
        ),
    }
    for name, (rows, columns) in tables.items():
        query = f"SELECT {columns} FROM range({rows}) t(i)"
        connection.execute(f"COPY ({query}) TO '{folder / name}.csv' (HEADER)").fetchall()
    (folder / "extract.toml").write_text('source = "benchmark"\nextract_date = 2021-12-31\n')


def with_evalkit(folder: Path) -> int:
    """Rows used, by evalkit: read and checked, not as kept from the run before."""
    from evalkit.intake import load
    from evalkit.intake.kept import KEPT_FOLDER

    shutil.rmtree(folder / KEPT_FOLDER, ignore_errors=True)
    return int(load(folder).summary["used"].sum())


def with_pandas(folder: Path) -> int:
    """Rows used, by pandas: read as text, dates, codes, numbers, keys, orphans, order of dates."""
    import pandas as pd

    extract_date = pd.Timestamp(2021, 12, 31)
    codes = {"sex": ["male", "female"], "sentence_type": ["community order", "custody", "fine"]}
    orders = [("offence_date", "sentence_date"), ("referral_date", "start_date")]
    people, used = pd.DataFrame(), 0
    for name in ("people", "sentences", "referrals"):
        table = pd.read_csv(folder / f"{name}.csv", dtype=str).apply(lambda column: column.str.strip())
        bad = table.iloc[:, 0].isna() | table.iloc[:, 0].duplicated(keep=False)
        for column in table.columns:
            if column.endswith(("date", "birth", "_start")):
                dates = pd.to_datetime(table[column], format="%Y-%m-%d", errors="coerce")
                bad |= (dates.isna() & table[column].notna()) | (dates > extract_date)
                table[column] = dates
            elif column in codes:
                bad |= ~table[column].isin(codes[column])
            elif column in ("total_sanctions", "age_at_first_sanction"):
                numbers = pd.to_numeric(table[column], errors="coerce")
                bad |= (numbers.isna() & table[column].notna()) | (numbers < 1)
                table[column] = numbers
        if name == "people":
            people = table[~bad]
        else:
            joined = table.merge(people[["person_id", "date_of_birth"]], on="person_id", how="left")
            bad |= joined["date_of_birth"].isna()
            for first, second in orders:
                if first in table:
                    bad |= (table[second] < table[first]) | (joined[first] <= joined["date_of_birth"])
        used += int((~bad).sum())
    return used


def measure(side: str, folder: str) -> None:
    """Run one side in this process and print what it took as JSON."""
    run = {"evalkit": with_evalkit, "pandas": with_pandas}[side]
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        used = run(Path(folder))
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"used": used, "seconds": min(seconds), "megabytes": peak}))


def main(people: int) -> None:
    """Print both sides and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        write_extract(Path(folder), people)
        results = {}
        for side in ("evalkit", "pandas"):
            command = [sys.executable, __file__, "--side", side, folder]
            results[side] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    ours, theirs = results["evalkit"], results["pandas"]
    for side, result in results.items():
        print(f"{side:8} {result['seconds']:6.2f} s {result['megabytes']:7.0f} MB {result['used']:>10,} rows used")
    print(f"evalkit / pandas: time {ours['seconds'] / theirs['seconds']:.2f}, "
          f"memory {ours['megabytes'] / theirs['megabytes']:.2f}")  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        measure(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 70_000)
