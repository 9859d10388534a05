"""Files written whole or not at all, and one writer at a time in a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evalkit.errors import ReportError
from evalkit.reports.scan import refuse, scanned

LOCK = ".evalkit.lock"
PARTIAL = ".part"


def write_whole(path: Path, text: str) -> None:
    """Put a text in the place of a file: the old file stays until the new one is whole and on the disk.

    Raises ReportError where it cannot be written; nothing half written is left.
    """
    partial = path.with_name(f".{path.name}{PARTIAL}")
    try:
        try:
            with partial.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ReportError(f"cannot write {path}: {error.strerror or error}") from error


def write_page(path: Path, html: str) -> None:
    """As `write_whole`, unless the page shows a pseudonym or a path, or asks something of the network: ReportError."""
    refuse(scanned(html, None), path.name)
    write_whole(path, html)


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Make a folder where it is missing and keep every other batch out of it; what one killed half way left is removed.

    Raises ReportError where another batch is at work in it, or it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a", encoding="utf-8")
    except OSError as error:
        raise ReportError(f"cannot write to {folder}: {error.strerror or error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReportError(f"another batch is writing to {folder}; wait for it, or give another folder") from None
        for partial in folder.glob(f".*{PARTIAL}"):
            partial.unlink(missing_ok=True)
        yield
