"""One kernel per report: private, repeatable, started before anything that can wait."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from threading import Thread
from typing import Any

from evalkit import errors
from evalkit.errors import EvalkitError, ReportError
from evalkit.reports.inside import REFUSED
from evalkit.reports.processes import SINGLE_THREAD

KERNEL_ENVIRONMENT = {
    **SINGLE_THREAD,
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    # As in JupyterLab: a figure left open is shown, and then refused for want of a text alternative.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
KERNEL_ARGUMENTS = (
    "--HistoryManager.enabled=False",
    "--IPKernelApp.extra_extensions=evalkit.reports.inside",
)
LAUNCH = """import gc, sys
gc.disable()
sys.path = [place for place in sys.path if place]
sys.modules["debugpy"] = None
from evalkit.reports.drawing import hire
hire()
from evalkit.reports.streams import Application
Application.launch_instance()"""
"""What the kernel's process runs: the notebook's folder is searched for modules only after Jupyter's own are found.

Nobody debugs a report, and importing the debugger takes a tenth of a second. Garbage is looked for once all is imported
(`evalkit.reports.inside`).
"""

LONGEST_TEMPORARY_PATH = 80
"""A Unix socket's path may have 107 bytes; the rest of ours takes fewer than 25."""


@contextmanager
def started_kernel(
    folder: Path, *, told: Mapping[str, str] | None = None, inherits: Collection[int] = ()
) -> Iterator[Any]:
    """Start a kernel in `folder` and return its manager, while the kernel is still waking up.

    told     : environment variables for it
    inherits : file descriptors that stay open in it

    It listens on sockets in a folder of its own that only this user can enter (a TCP port could be listened to by
    anyone on the machine), reads no IPython settings or start-up files of the user, and is ended on leaving, or when
    this process ends.
    """
    with TemporaryDirectory(prefix="evalkit-", dir=socket_folder(gettempdir())) as private:
        connection = _write_connection(Path(private))
        environment = os.environ | KERNEL_ENVIRONMENT | {"IPYTHONDIR": private, "JPY_PARENT_PID": str(os.getpid())}
        environment |= told or {}
        # Jupyter's own way to start one would be imported first, which takes half as long as the kernel to wake up.
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, "-f", str(connection), *KERNEL_ARGUMENTS],
            cwd=folder,
            env=environment,
            pass_fds=tuple(inherits),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            with _managed(process, connection) as manager:
                yield manager
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _write_connection(private: Path) -> Path:
    """Where the kernel listens and whom it believes, in the form of Jupyter's connection files."""
    channels = ("shell", "iopub", "stdin", "control", "hb")
    ports = {f"{channel}_port": number for number, channel in enumerate(channels, start=1)}
    trust = {"signature_scheme": "hmac-sha256", "key": secrets.token_hex()}
    connection = private / "connection.json"
    connection.write_text(json.dumps({"transport": "ipc", "ip": f"{private}/k"} | ports | trust), encoding="utf-8")
    return connection


@contextmanager
def _managed(process: subprocess.Popen[bytes], connection: Path) -> Iterator[Any]:
    """Jupyter's manager of a kernel that was started without it."""
    import zmq
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning import LocalProvisioner

    manager = AsyncKernelManager(connection_file=str(connection))
    manager.load_connection_file()
    # However many outputs a cell has, none is thrown away because they come faster than they are read.
    manager.context.setsockopt(zmq.RCVHWM, 0)
    manager.provisioner = LocalProvisioner(parent=manager)
    manager.provisioner.process = process
    # Whoever runs the cells asks for a client and leaves it open, because the kernel is not theirs.
    client = manager.client()
    manager.client = lambda **_: client
    try:
        yield manager
    finally:
        if client.channels_running:
            client.stop_channels()
        manager.context.destroy(linger=0)


def socket_folder(temporary: str) -> str:
    """Where kernels may put their sockets: the temporary folder, or /tmp where its path is too long for a socket."""
    return "/tmp" if len(temporary.encode()) > LONGEST_TEMPORARY_PATH else temporary


SECONDS_TO_READ = 600
"""For the outputs of a cell that has ended; one may have thousands."""


def run_cells(
    notebook: Mapping[str, Any], parameters: Mapping[str, Any], place: str, *, bar: bool = False, **engine: Any
) -> Any:
    """Run a notebook through papermill; return it with its outputs, nothing written.

    notebook : the .ipynb as read from JSON, its parameters already checked
    place    : the notebook's file name, for messages
    bar      : whether a terminal shows how far it is
    engine   : what papermill runs it in: km, the manager of a started kernel, or engine_name; hooks of its client

    Raises the EvalkitError that a cell raised, of the same kind; ReportError for any other failure.
    """
    import nbformat
    from nbclient.exceptions import DeadKernelError
    from papermill import PapermillExecutionError, execute_notebook

    try:
        return execute_notebook(
            nbformat.from_dict(notebook),
            None,
            parameters=dict(parameters),
            kernel_name="python3",
            language="python",
            progress_bar=bar,
            iopub_timeout=SECONDS_TO_READ,
            **engine,
        )
    except PapermillExecutionError as error:
        raise _translated(error, _place_of_failure(error, notebook, parameters, place)) from None
    except TimeoutError as error:
        raise ReportError(f"{place}: its Python process did not say that a cell had ended: {error}") from error
    except (DeadKernelError, RuntimeError) as error:
        raise ReportError(f"{place}: its Python process ended early (out of memory?): {error}") from error


def _translated(error: Any, where: str) -> EvalkitError:
    if error.traceback[:1] == [REFUSED]:
        kind: type[EvalkitError] = getattr(errors, error.ename, EvalkitError)
        return kind(error.evalue)
    return ReportError(f"{where}: {error.ename}: {error.evalue}")


def _place_of_failure(error: Any, notebook: Mapping[str, Any], parameters: Mapping[str, Any], place: str) -> str:
    before = notebook["cells"][: error.cell_index]
    # Where there are values to inject, papermill puts a cell of its own after the parameters cell.
    injected = bool(parameters) and any("parameters" in cell["metadata"].get("tags", []) for cell in before)
    return cell_place(place, error.cell_index + (0 if injected else 1), error.source)


def cell_place(place: str, number: int, source: str) -> str:
    """Where a reader finds a cell: file, number among all cells from 1, and its first line."""
    lines = source.strip().splitlines()
    return f"{place}, cell {number} ({lines[0] if lines else 'empty'})"


UNUSED = ("rfc3987_syntax", "rfc3986_validator", "isoduration", "pyarrow.fs")
"""What papermill and jsonschema import if it is installed: grammars of addresses and durations, Hadoop's files."""


def import_papermill() -> None:
    """Import papermill without what no notebook needs of it, which takes longer than all the rest."""
    left_out = [name for name in UNUSED if name not in sys.modules]
    if "papermill" not in sys.modules:
        sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]
        try:
            import papermill  # noqa: F401
        finally:
            for name in left_out:
                del sys.modules[name]


LOADED_AFTER = 3
"""Cells after which the extract has been loaded, which takes every processor there is."""


class WhileCellsRun:
    """Work that this process does in a thread of its own, while the kernel runs the cells after the heaviest ones."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work: Future[Any] = Future()
        self._thread = Thread(target=self._do, args=(work,), daemon=True)

    def _do(self, work: Callable[[], Any]) -> None:
        try:
            self._work.set_result(work())
        except BaseException as error:
            self._work.set_exception(error)

    def begin(self, *, cell_index: int, **_: Any) -> None:
        """A hook for the client of the kernel: called before each cell."""
        if cell_index >= LOADED_AFTER and self._thread.ident is None:
            self._thread.start()

    def result(self) -> Any:
        """What the work came to; raises what it raised. A notebook too short for it to have begun waits here."""
        if self._thread.ident is None:
            self._thread.start()
        return self._work.result()
