"""What the cells of a report show and print, on its way out of the kernel."""

from __future__ import annotations

import codecs
import os
import select
import sys
from contextlib import suppress
from threading import RLock
from typing import Any, cast

import zmq
from ipykernel.iostream import PIPE_BUFFER_SIZE, OutStream
from ipykernel.kernelapp import IPKernelApp


class Stream(OutStream):
    """Jupyter's stream, which waits for another thread only if something was written.

    It is flushed six times with each cell, and each time Jupyter's takes the way to another thread and back: a quarter
    of a second for a report of seventy cells. On this way it happened to give a third thread the time to hand over what
    a library in C, or another program, had written; here that is fetched, so that none of it is lost. A letter of which
    half has come waits for the rest until the next flush.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._fetching = RLock()
        self._unsent = False
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        super().__init__(*arguments, **options)

    def write(self, string: str) -> int:
        """Write a text, to be sent soon; return its length."""
        self._unsent = True
        try:
            return cast(int, super().write(string))
        finally:
            self._unsent = True  # another thread may have flushed in between

    def flush(self) -> None:
        """Send what was written since the last flush, and wait until it is on its way.

        Also what a timer has begun to send meanwhile: it may be overtaken by the end of the cell, and is then lost.
        """
        if self._should_watch and self._is_master_process():
            self._fetch()
        if self._unsent or self._subprocess_flush_pending:
            self._unsent = False
            super().flush()

    def _watch_pipe_fd(self) -> None:
        # In a thread of its own.
        try:
            while self._should_watch:
                self._fetch(wait=None)
        except Exception:
            self._exc = sys.exc_info()

    def _fetch(self, wait: float | None = 0.0) -> None:
        """Take over what was written to the file descriptor of this stream.

        wait : seconds for which to wait for something to be written; None: as long as it takes
        """
        pipe = cast(int, self._fid)
        select.select([pipe], [], [], wait)
        with self._fetching:
            while self._should_watch and select.select([pipe], [], [], 0)[0]:
                written = os.read(pipe, PIPE_BUFFER_SIZE)
                self.write(self._decoder.decode(written))
                with suppress(OSError):  # evalkit's own output may be closed, or its disk full
                    os.write(self._original_stdstream_copy, written)
            if wait is not None and (half := self._decoder.decode(b"", final=True)):
                self.write(half)


class Application(IPKernelApp):
    """Jupyter's kernel, with our stream, which throws no output away when many come faster than they are read."""

    outstream_class = f"{__name__}.Stream"

    def init_iopub(self, context: zmq.Context[Any]) -> None:
        """Open the channel for outputs. Its queue, of a thousand, would drop what is beyond."""
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)
