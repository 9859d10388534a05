"""The command line: python -m evalkit. No logic here: it calls the library and turns errors into plain sentences.

Exit codes: 0 done, 1 the data or the specification is wrong, 2 wrong usage, 3 some reports of a batch failed (the
others are there), 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import datetime
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
        prog="evalkit",
        description="Evaluations of probation and rehabilitation services.",
        epilog="Exit codes: 0 done; 1 the data or the specification is wrong; 2 wrong usage; 3 some reports of a batch "
        "failed, the others are there; 130 stopped by Ctrl-C.",
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

    _add_batch(commands)
    verify = commands.add_parser("verify", help="check that the reports of a batch still fit their manifest")
    verify.add_argument("out", type=Path, help="folder that a batch wrote to")
    verify.set_defaults(run=_verify)

    _add_releases(commands)
    _add_alerts(commands)
    scan = commands.add_parser("scan", help="look through a report for people, paths and remote addresses")
    scan.add_argument("report", type=Path, help="an HTML file")
    scan.add_argument("--data", type=Path, required=True, help="the extract it was made from")
    scan.set_defaults(run=_scan)

    pdf = commands.add_parser("pdf", help="print a report into a tagged PDF, beside it (needs Chromium)")
    pdf.add_argument("report", type=Path, help="an HTML file that evalkit wrote")
    pdf.add_argument("--out", type=Path, metavar="FILE", help="the PDF (default: the report's name with .pdf)")
    pdf.set_defaults(run=_pdf)

    dictionary = commands.add_parser("dictionary", help="print the data dictionary, as in data/README.md")
    dictionary.set_defaults(run=_dictionary)
    return parser


def _add_batch(commands: Any) -> None:
    batch = commands.add_parser("batch", help="one report for each area, team, prison or provider, and an index page")
    batch.add_argument("spec", type=Path, help="the specification, a .toml file")
    batch.add_argument("--by", required=True, metavar="COLUMN", help="area, team, prison, provider, ...")
    batch.add_argument("--data", type=Path, help="the extract (default: what the specification names)")
    batch.add_argument("--out", type=Path, default=Path("reports"), help="folder for the reports (default: reports)")
    batch.add_argument("--workers", type=_at_least_one, help="reports made at a time (default: one per core)")
    batch.add_argument("--scheduler", metavar="tcp://...", help="make them on the cluster of this Dask scheduler")
    batch.add_argument("--force", action="store_true", help="make every report again, also those that are up to date")
    batch.add_argument("--time-limit", type=_positive, metavar="S", help="end a report after so many seconds (600)")
    batch.add_argument("--memory-limit", type=_positive, metavar="MB", help="end a report that holds more (4000)")
    manner = batch.add_mutually_exclusive_group()
    manner.add_argument("--quiet", action="store_true", help="say nothing but what goes wrong")
    manner.add_argument("--json", action="store_true", help="one JSON object per report, and one at the end")
    batch.set_defaults(run=_batch)


def _add_releases(commands: Any) -> None:
    releases = commands.add_parser("releases", help="list what reports have released, or forget what was never shared")
    where = "folder of the reports (default: reports)"
    releases.add_argument("out", type=Path, nargs="?", default=Path("reports"), help=where)
    never = "take a release out that nobody has seen: its name as in the list, or 'all'; may be given several times"
    releases.add_argument("--forget", metavar="NAME", action="append", default=[], help=never)
    releases.set_defaults(run=_releases)


def _add_alerts(commands: Any) -> None:
    alerts = commands.add_parser("alerts", help="list the alerts of a register, or enter what was done about one")
    where = "the register, or the extract it belongs to (default: data/demo)"
    alerts.add_argument("register", type=Path, nargs="?", default=Path("data/demo"), help=where)
    alerts.add_argument("--state", help="list those in this state; with --set, the alert's new state")
    alerts.add_argument("--unit", help="list those of this unit")
    alerts.add_argument("--set", metavar="ALERT", help="change this alert: its name as in the list")
    alerts.add_argument("--owner", help="who sees to it ('' for nobody)")
    alerts.add_argument("--due", metavar="YYYY-MM-DD", help="by when ('' for no day)")
    alerts.add_argument("--note", help="what was found; names nobody under supervision ('' for none)")
    alerts.add_argument("--by", metavar="NAME", help="who makes the change")
    alerts.add_argument("--on", metavar="YYYY-MM-DD", help="day of the change (default: today)")
    alerts.set_defaults(run=_alerts, wrong_usage=alerts.error)


def _at_least_one(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)


def _positive(text: str) -> float:
    if not 0 < float(text) < float("inf"):
        raise argparse.ArgumentTypeError("more than 0")
    return float(text)


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


def _batch(options: argparse.Namespace) -> int:
    # An import that is interrupted may swallow the interruption; before there is anything to tidy up, just end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from evalkit.reports.batch import run_batch
    from evalkit.reports.progress import Manner, Progress
    from evalkit.reports.request import Limits

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    terminal: Manner = "terminal" if sys.stderr.isatty() else "lines"
    manner: Manner = "json" if options.json else "quiet" if options.quiet else terminal
    progress = Progress(manner, sys.stdout if options.json else sys.stderr)
    limits = {"seconds": options.time_limit, "megabytes": options.memory_limit}
    try:
        run_batch(
            options.spec,
            by=options.by,
            data=options.data,
            out=options.out,
            workers=options.scheduler or options.workers,
            force=options.force,
            limits=Limits(**{name: value for name, value in limits.items() if value}),
            progress=progress,
        )
    except KeyboardInterrupt:
        progress.end(str(options.out), stopped=True)
        return 130
    progress.end(str(options.out))
    return 3 if progress.failed else 0


def _verify(options: argparse.Namespace) -> int:
    from evalkit.reports.verify import verify_reports

    verified = verify_reports(options.out)
    for misfit in verified.misfits:
        print(misfit)
    print(f"{verified.reports} reports in the manifest, {len(verified.misfits) or 'no'} misfits")
    return 1 if verified.misfits else 0


def _releases(options: argparse.Namespace) -> int:
    from evalkit.reports.ledger import forget, read_ledger

    for entry in forget(options.out, options.forget):
        print(f"Forgotten: {entry}")
    print("\n".join(map(str, read_ledger(options.out))) or f"{options.out}: nothing has been released")
    return 0


def _alerts(options: argparse.Namespace) -> int:
    entries = {name: getattr(options, name) for name in ("owner", "due", "note")}
    edits = [options.by, options.on, *entries.values()]
    if options.set is None and any(edit is not None for edit in edits):
        options.wrong_usage("--owner, --due, --note, --by and --on change an alert: say which with --set ALERT")
    if options.set is not None and (options.by is None or options.unit is not None):
        options.wrong_usage("--set needs --by NAME, and goes without --unit")
    from evalkit.register import alerts_text, edit_alert, read_register

    if options.set is None:
        print(alerts_text(read_register(options.register, state=options.state, unit=options.unit)))
        return 0
    on = options.on or datetime.date.today()
    print(alerts_text(edit_alert(options.register, options.set, by=options.by, on=on, state=options.state, **entries)))
    return 0


def _scan(options: argparse.Namespace) -> int:
    from evalkit.reports.scan import scan_report

    found = scan_report(options.report, options.data)
    print("\n".join(map(str, found)) or f"{options.report}: no person, path or remote address found")
    return 1 if found else 0


def _pdf(options: argparse.Namespace) -> int:
    from evalkit.reports.pdf import write_pdf

    print(f"Written: {write_pdf(options.report, out=options.out)}")
    return 0


def _dictionary(_: argparse.Namespace) -> int:
    from evalkit.synthetic import data_readme

    print(data_readme(), end="")
    return 0
