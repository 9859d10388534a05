"""A report on paper: the HTML file printed by headless Chromium, an optional tool, into a tagged PDF."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from evalkit.errors import ReportError
from evalkit.reports.writing import PARTIAL

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
"""Names under which Chromium, or a browser built on it, is looked for."""

SWITCHES = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
    "--export-tagged-pdf",
    "--generate-pdf-document-outline",
)
SECONDS = 120.0
START, END = b"%PDF-", b"%%EOF"


def write_pdf(
    report: str | Path, *, out: str | Path | None = None, browser: str | None = None, seconds: float = SECONDS
) -> Path:
    """Print a report into a tagged PDF with page numbers; return the PDF file.

    report  : an HTML file that evalkit wrote; the style sheet in it lays out the pages and numbers them
    out     : the file to write; without it, the report's name with .pdf beside it
    browser : Chromium, or a browser built on it: a name or a path; without it, the first that is installed
    seconds : time that it may take

    Raises ReportError where the report is missing, no such browser is installed, it fails or takes too long, or the
    file cannot be written. A PDF that was there before is then still there, unchanged.
    """
    report = Path(report).resolve()
    if not report.is_file():
        raise ReportError(f"no report at {report}: make it first, then its PDF")
    program = _find_browser(browser, report)
    target = Path(out).resolve() if out is not None else report.with_suffix(".pdf")
    if target == report:
        raise ReportError(f"the PDF would overwrite the report {report}: give another file")
    with tempfile.TemporaryDirectory(prefix="evalkit-pdf-") as profile:
        printed = Path(profile) / "printed.pdf"
        _print(program, report, printed, profile=Path(profile) / "profile", seconds=seconds)
        _put_in_place(printed, target)
    return target


def _find_browser(browser: str | None, report: Path) -> str:
    names = (browser,) if browser is not None else BROWSERS
    for name in names:
        if found := shutil.which(name):
            return found
    raise ReportError(
        f"a PDF needs the browser Chromium, which was not found (looked for: {', '.join(names)}). Install it (Debian: "
        f"apt-get install chromium), or open {report} in any browser and print it from there"
    )


def _print(program: str, report: Path, printed: Path, *, profile: Path, seconds: float) -> None:
    # Chromium refuses to run as root inside its sandbox, as it has to in most containers.
    rights = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    places = [f"--user-data-dir={profile}", f"--print-to-pdf={printed}", report.as_uri()]
    try:
        done = subprocess.run(
            [program, *SWITCHES, *rights, *places], capture_output=True, timeout=seconds, check=False, text=True
        )
    except subprocess.TimeoutExpired:
        raise ReportError(f"{program} did not print {report.name} within {seconds:g} seconds") from None
    except OSError as error:
        raise ReportError(f"cannot run {program}: {error.strerror or error}") from error
    whole = printed.is_file() and _is_whole(printed.read_bytes())
    if done.returncode or not whole:
        said = " ".join(done.stderr.split())[-300:]
        raise ReportError(f"{program} did not print {report.name} (exit code {done.returncode}): {said}")


def _is_whole(content: bytes) -> bool:
    return content.startswith(START) and content.rstrip().endswith(END)


def _put_in_place(printed: Path, target: Path) -> None:
    """The old file stays until the new one is whole and on the disk."""
    partial = target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")
    try:
        try:
            with partial.open("wb") as file:
                file.write(printed.read_bytes())
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ReportError(f"cannot write {target}: {error.strerror or error}") from error
