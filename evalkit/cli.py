"""The command line: python -m evalkit. No logic here: it calls the library and turns errors into plain sentences.

Exit codes: 0 done, 1 the data or the specification is wrong, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from evalkit.errors import EvalkitError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except EvalkitError as error:
        print(f"evalkit: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evalkit", description="Evaluations of probation and rehabilitation services."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="read an extract and say what was used and what was rejected, and why")
    check.add_argument("data", type=Path, help="folder with one file per table and extract.toml, or an Excel workbook")
    check.set_defaults(run=_check)

    demo = commands.add_parser("demo", help="write the demonstration extract (synthetic)")
    demo.add_argument("out", type=Path, help="folder to write")
    demo.add_argument("--people", type=int, help="size, for benchmarks; the default reconstructs the published figures")
    demo.add_argument("--seed", type=int, default=2021, help="seed of the random numbers (default 2021)")
    demo.set_defaults(run=_demo)

    report = commands.add_parser("report", help="run the notebook of a specification and write its report")
    report.add_argument("spec", type=Path, help="the specification, a .toml file")
    report.add_argument("--data", type=Path, help="the extract (default: what the specification names)")
    report.add_argument("--out", type=Path, default=Path("reports"), help="folder for the report (default: reports)")
    report.set_defaults(run=_report)

    dictionary = commands.add_parser("dictionary", help="print the data dictionary, as in data/README.md")
    dictionary.set_defaults(run=_dictionary)
    return parser


def _check(options: argparse.Namespace) -> int:
    from evalkit.intake import describe, load, write_rejected

    extract = load(options.data)
    print(describe(extract))
    if extract.rejected.empty:
        return 0
    folder = (options.data if options.data.is_dir() else options.data.parent) / "rejected"
    for path in write_rejected(extract, folder):
        print(f"Written: {path}")
    return 1


def _demo(options: argparse.Namespace) -> int:
    from evalkit.synthetic import write_demo

    print(f"Written: {write_demo(options.out, people=options.people, seed=options.seed)}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from evalkit.reports import run_report

    print(f"Written: {run_report(options.spec, data=options.data, out=options.out)}")
    return 0


def _dictionary(_: argparse.Namespace) -> int:
    from evalkit.synthetic import data_readme

    print(data_readme(), end="")
    return 0
