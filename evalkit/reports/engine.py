"""The papermill engine of a batch: cells run in this very process, in the shell of a kernel without its sockets.

It is meant for a process of one report, forked from one that has imported everything: what a cell leaves behind goes
with the process.
"""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

from ipykernel.compiler import XCachingCompiler
from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from jupyter_client.session import Session
from nbformat import NotebookNode
from nbformat.v4 import output_from_msg
from papermill.engines import Engine, papermill_engines
from traitlets.config import Config

from evalkit.reports.inside import load_ipython_extension

ENGINE = "evalkit"
"""Name under which papermill knows the engine."""

OUTPUT_KINDS = frozenset({"stream", "display_data", "execute_result", "error"})


class Messages(Session):
    """Takes what a kernel would send to its clients, and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[dict[str, Any]] = []

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, *_: Any, **__: Any) -> None:  # noqa: ARG002
        if not isinstance(msg_or_type, str):
            msg_or_type, content = msg_or_type["header"]["msg_type"], msg_or_type["content"]
        # As over a wire: tuples become lists, and nothing stays tied to an object of a cell.
        self.kept.append({"header": {"msg_type": msg_or_type}, "content": json.loads(json.dumps(content))})


class Stream(io.TextIOBase):
    """Standard output or error of the cells: a message whenever it is flushed, as in a kernel."""

    encoding = "UTF-8"

    def __init__(self, name: str, descriptor: int, messages: Messages) -> None:
        self.name, self._descriptor, self._messages = name, descriptor, messages
        self._parts: list[str] = []

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._parts.append(text)
        return len(text)

    def flush(self) -> None:
        text, self._parts = "".join(self._parts), []
        if text:
            self._messages.send(None, "stream", {"name": self.name, "text": text})


class Descriptor:
    """What programs that cells start write to file descriptor 1 or 2, past Python."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._file = os.memfd_create(f"evalkit-{stream.name}")
        self._seen = 0
        os.dup2(self._file, stream.fileno())

    def collect(self) -> None:
        size = os.fstat(self._file).st_size
        if size > self._seen:
            self._stream.write(os.pread(self._file, size - self._seen, self._seen).decode("utf-8", "replace"))
            self._seen = size


class CellRunner:
    """A fresh shell, and the outputs of the cells run in it."""

    def __init__(self) -> None:
        self._messages = Messages()
        self._streams = [Stream(name, number, self._messages) for number, name in enumerate(("stdout", "stderr"), 1)]
        self._descriptors = [Descriptor(stream) for stream in self._streams]
        sys.stdout, sys.stderr = self._streams
        self._shell = ZMQInteractiveShell.instance(
            config=Config({"HistoryManager": {"enabled": False}}), compiler_class=XCachingCompiler
        )
        self._shell.displayhook.session = self._shell.display_pub.session = self._messages
        load_ipython_extension(self._shell)
        self._displays: dict[str, list[NotebookNode]] = {}

    def run(self, cell: NotebookNode) -> bool:
        """Run one code cell and put its outputs into it; return whether the notebook goes on."""
        if cell.cell_type != "code" or not cell.source.strip():
            return True
        cell.execution_count, cell.outputs, self._messages.kept = self._shell.execution_count, [], []
        done = self._shell.run_cell(cell.source, store_history=True)
        for descriptor in self._descriptors:
            descriptor.collect()
        for stream in self._streams:
            stream.flush()
        self._add_outputs(cell)
        failed = not done.success or any(output.output_type == "error" for output in cell.outputs)
        return not failed or "raises-exception" in cell.metadata.get("tags", [])

    def _add_outputs(self, cell: NotebookNode) -> None:
        waiting_to_clear = False
        for message in self._messages.kept:
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "clear_output":
                waiting_to_clear = content["wait"]
                cell.outputs = cell.outputs if waiting_to_clear else []
            elif kind == "update_display_data":
                self._update(content)
            elif kind in OUTPUT_KINDS:
                cell.outputs, waiting_to_clear = [] if waiting_to_clear else cell.outputs, False
                output = output_from_msg(message)
                cell.outputs.append(output)
                if name := (content.get("transient") or {}).get("display_id"):
                    self._displays.setdefault(name, []).append(output)

    def _update(self, content: dict[str, Any]) -> None:
        for output in self._displays.get(content["transient"]["display_id"], []):
            output.data, output.metadata = NotebookNode(content["data"]), NotebookNode(content["metadata"])


class InThisProcess(Engine):
    """Papermill's engine of that name: no kernel is started, the process itself is used up."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> None:  # noqa: ARG003
        """Run the cells in order up to the first that fails."""
        runner = CellRunner()
        for number, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, number)
            goes_on = runner.run(cell)
            if not goes_on:
                nb_man.cell_exception(cell, cell_index=number)
            nb_man.cell_complete(cell, cell_index=number)
            if not goes_on:
                break
        nb_man.nb.metadata["language_info"] = NotebookNode(IPythonKernel.language_info)


papermill_engines.register(ENGINE, InThisProcess)
