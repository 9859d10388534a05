"""How long the last look at a report takes, beside one regular expression per identifier. Run from the repository."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from evalkit.intake.identifiers import read_identifiers
from evalkit.reports.scan import scanned

REPORT = Path("reports/ete.html")
BYTES, SAMPLE = 700_000, 300


def seconds(work, *, times=5):
    """The best of several runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main():
    """Print the seconds of each way."""
    if not REPORT.is_file():
        sys.exit(f"{REPORT} is missing: make report")
    one = REPORT.read_text(encoding="utf-8")
    # The report again and again, with other figures each time, so that no word is a repetition.
    copies = [re.sub(r"\d{2,}", lambda found, n=n: f"{int(found[0]) + n}", one) for n in range(BYTES // len(one) + 1)]
    page = "".join(copies)[:BYTES]
    identifiers = read_identifiers("data/demo")
    patterns = [re.compile(rf"\b{re.escape(name)}\b") for name in identifiers.values[:SAMPLE].to_pylist()]
    each = seconds(lambda: [pattern.search(page) for pattern in patterns], times=1) / SAMPLE * len(identifiers.values)
    print(f"page of {len(page):,} characters, {len(identifiers.values):,} identifiers")
    print(f"reading the identifiers       {seconds(lambda: read_identifiers('data/demo')):8.3f} s")
    print(
        f"scan, identifiers just read   {seconds(lambda: scanned(page, read_identifiers('data/demo'))):8.3f} s in all"
    )
    print(f"scan                          {seconds(lambda: scanned(page, identifiers)):8.3f} s")
    print(f"one expression per identifier {each:8.0f} s (from {SAMPLE})")


if __name__ == "__main__":
    main()
