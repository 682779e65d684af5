"""The server next to an empty pygls server: both as processes, asked and answered in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SERVER = Path(__file__).parent.parent.parent / "server"
EMPTY = """
from lsprotocol import types
from pygls.lsp.server import LanguageServer
server = LanguageServer("empty", "1")
@server.feature(types.TEXT_DOCUMENT_HOVER)
def hover(params): return None
@server.feature(types.TEXT_DOCUMENT_CODE_LENS)
def code_lens(params): return None
server.start_io()
"""
COMMANDS = {"empty pygls": ["-c", EMPTY], "aotlens": ["-m", "aotlens", "serve"]}
URI = "file:///project/model.py"
CLASS = """\
class Block{0}(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, width)

    def forward(self, x):
        x = self.norm(x)
{1}        return self.linear(x).relu()

"""
"""A class of ten lines, with its number, and more statements where the second field is."""


class Server:
    """A server process, asked and answered in turn by one thread."""

    def __init__(self, name: str, **initialize: Any) -> None:
        started = time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(SERVER)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users have compiled modules, and so have the libraries
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, *COMMANDS[name]], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._out, self._in = self.process.stdin, self.process.stdout
        self._next = 0
        self.request("initialize", {"processId": None, "capabilities": {}, **initialize})
        self.seconds_to_initialize = time.perf_counter() - started
        self.notify("initialized", {})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._out.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._out.flush()

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any = None) -> Any:
        message = self.answer(method, params)
        assert "error" not in message, message
        return message["result"]

    def answer(self, method: str, params: Any = None) -> dict[str, Any]:
        """The whole answer, which may be an error."""
        self._next += 1
        self._send({"id": self._next, "method": method, "params": params})
        while (message := self._read()).get("id") != self._next:
            pass
        return message

    def _read(self) -> dict[str, Any]:
        length = 0
        while header := self._in.readline().strip():
            if header.startswith(b"Content-Length:"):
                length = int(header.split(b":")[1])
        return json.loads(self._in.read(length))

    def open(self, text: str, uri: str = URI) -> None:
        document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def close_document(self, uri: str = URI) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def memory(self) -> float:
        """Resident memory in MB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024

    def processor_ms(self) -> float:
        """The processor time that its main thread has taken: what else the machine does is not in it."""
        with open(f"/proc/{self.process.pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e6

    def leave(self) -> None:
        self.request("shutdown")
        self.notify("exit", None)
        self.process.wait(10)


def row(what: str, *values: str) -> None:
    print(f"{what:<44}" + "".join(f"{value:>16}" for value in values), flush=True)


def ratio(values: list[float]) -> str:
    return f"{values[1] / values[0]:.2f}"
