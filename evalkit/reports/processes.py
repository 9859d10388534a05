"""What has to be known of processes before one is forked, and told to one that was."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

SINGLE_THREAD = {"JE_ARROW_MALLOC_CONF": "background_thread:false", "OPENBLAS_NUM_THREADS": "1"}
"""Environment of a process that will fork: without it, libraries start threads of their own when they are imported."""

CAN_FORK = sys.platform.startswith("linux")
"""Elsewhere fork is missing, or unsafe once system libraries are loaded."""


def may_fork() -> bool:
    """Whether this process can be forked now: a lock that another thread holds stays locked in the child for ever."""
    return CAN_FORK and len(list(Path("/proc/self/task").iterdir())) == 1


def begin_process() -> None:
    """A process group of its own, which ends when its parent does, and random numbers of its own."""
    os.setsid()
    if numpy := sys.modules.get("numpy"):
        # Python's own generator does this by itself after a fork.
        numpy.random.seed()
    with contextlib.suppress(OSError, AttributeError):
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, Linux only


def resident_bytes(pid: int) -> int:
    """Memory that a process holds now; 0 where it is gone or the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
