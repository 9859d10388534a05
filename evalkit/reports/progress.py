"""How far a batch is: a line that renews itself on a terminal, plain lines in a log, JSON for programs, or silence."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Literal, TextIO

from evalkit.reports.manifest import FAILED, Entry

Manner = Literal["terminal", "lines", "json", "quiet"]


@dataclass
class Progress:
    """Counts the reports of a batch and says so in one manner."""

    manner: Manner = "quiet"
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    kept: int = 0
    due: int = 0
    done: int = 0
    failed: int = 0
    _started: float = field(default_factory=time.monotonic)

    def begin(self, *, kept: int, due: int, workers: int) -> None:
        """So many reports are up to date, so many are to be made."""
        self.kept, self.due, self._started = kept, due, time.monotonic()
        if self.manner == "json":
            self._write_json({"kept": kept, "due": due, "workers": workers})
        elif self.manner in {"lines", "terminal"} and due:
            self._write(f"{due} reports to make, {kept} up to date, {workers} at a time\n")

    def tell(self, entry: Entry) -> None:
        """One report is done, or has failed."""
        failed = entry.state == FAILED
        self.done, self.failed = self.done + (not failed), self.failed + failed
        if self.manner == "json":
            error = {"error": dict(entry.error)} if entry.error else {}
            self._write_json({"unit": entry.unit, "state": entry.state, "seconds": entry.seconds, **error})
        elif self.manner == "lines":
            self._write(f"[{self.done + self.failed}/{self.due}] {self._about(entry)}\n")
        elif self.manner == "terminal":
            lasting = f"{self._about(entry)}\n" if failed else ""
            self._write(f"\r\x1b[K{lasting}{self._line()}{'' if self.left else chr(10)}")

    def withdrawn(self, entry: Entry) -> None:
        """A report that was done is withdrawn."""
        self.done, self.failed = self.done - 1, self.failed + 1
        if self.manner == "json":
            error = {"error": dict(entry.error)} if entry.error else {}
            self._write_json({"unit": entry.unit, "state": entry.state, "seconds": entry.seconds, **error})
        elif self.manner != "quiet":
            self._write(f"{self._about(entry)}\n")

    def working_out(self, many: int) -> None:
        """Of so many reports it is worked out what they have to hide beside the others."""
        if self.manner == "json":
            self._write_json({"working_out": many})
        elif self.manner != "quiet" and many:
            self._write(f"{many} set beside the others: what has to be hidden is being worked out\n")

    def again(self, many: int) -> None:
        """So many reports are made again, because they would give away what others hide."""
        if self.manner == "json":
            self._write_json({"again": many})
        elif self.manner != "quiet":
            self._write(f"{many} made again: together with others they would give small numbers away\n")

    @property
    def left(self) -> int:
        """Reports still to be made."""
        return self.due - self.done - self.failed

    def end(self, folder: str, *, stopped: bool = False) -> None:
        """The batch is over: what was made, what was up to date, what failed, and where it lies."""
        if self.manner == "json":
            counts = {"done": self.done, "kept": self.kept, "failed": self.failed, "left": self.left}
            self._write_json({**counts, "stopped": stopped, "out": folder})
        elif self.manner != "quiet" or self.failed or stopped:
            begun = "\n" if self.manner == "terminal" and stopped and self.due else ""
            left = f"{f', {self.left} not made' if self.left else ''}: run it again to go on" if stopped else ""
            self._write(
                f"{begun}{'Stopped: ' if stopped else ''}{self.done} made, {self.kept} up to date, {self.failed} failed"
                f"{left}. See {folder}/index.html\n"
            )

    def _about(self, entry: Entry) -> str:
        if entry.error:
            cell = f"{entry.error['cell']}: " if entry.error["cell"] else ""
            return f"{entry.unit}: failed: {cell}{entry.error['message'].splitlines()[0]}"
        return f"{entry.unit}: {entry.seconds:.1f} s"

    def _line(self) -> str:
        finished = self.done + self.failed
        seconds = (time.monotonic() - self._started) / finished * self.left
        left = f"about {seconds:.0f} s left" if seconds < 120 else f"about {seconds / 60:.0f} min left"
        return f"{self.done} done, {self.failed} failed, {self.left} to do{f', {left}' if self.left else ''}"

    def _write_json(self, facts: dict[str, Any]) -> None:
        self._write(json.dumps(facts, ensure_ascii=False) + "\n")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
