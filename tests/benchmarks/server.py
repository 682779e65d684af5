"""What the language server costs next to an empty pygls server, side by side in one run.

PYTHONPATH=server python tests/benchmarks/server.py
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aotlens.session.documents import Document, Edit

SERVER = Path(__file__).parent.parent.parent / "server"
EMPTY = """
from lsprotocol import types
from pygls.lsp.server import LanguageServer
server = LanguageServer("empty", "1")
@server.feature(types.TEXT_DOCUMENT_HOVER)
def hover(params): return None
server.start_io()
"""
COMMANDS = {"empty pygls": ["-c", EMPTY], "aotlens": ["-m", "aotlens", "serve"]}
URI = "file:///project/model.py"
SPAWNS, REQUESTS, EDITS = 10, 2_000, 200
CLASS = """\
class Block{0}(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, width)

    def forward(self, x):
        x = self.norm(x)
        return self.linear(x).relu()

"""


def source(lines: int) -> str:
    return "".join(CLASS.format(number) for number in range(lines // 10))


class Server:
    """A server process, asked and answered in turn by one thread."""

    def __init__(self, name: str) -> None:
        started = time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(SERVER)}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, *COMMANDS[name]], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._out, self._in = self.process.stdin, self.process.stdout
        self._next = 0
        self.request("initialize", {"processId": None, "capabilities": {}})
        self.seconds_to_initialize = time.perf_counter() - started
        self.notify("initialized", {})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._out.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._out.flush()

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any = None) -> Any:
        self._next += 1
        self._send({"id": self._next, "method": method, "params": params})
        while (message := self._read()).get("id") != self._next:
            pass
        assert "error" not in message, message
        return message["result"]

    def _read(self) -> dict[str, Any]:
        length = 0
        while header := self._in.readline().strip():
            if header.startswith(b"Content-Length:"):
                length = int(header.split(b":")[1])
        return json.loads(self._in.read(length))

    def open(self, text: str) -> None:
        document = {"uri": URI, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def close_document(self) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": URI}})

    def memory(self) -> float:
        """Resident memory in MB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024

    def leave(self) -> None:
        self.request("shutdown")
        self.notify("exit", None)
        self.process.wait(10)


def row(what: str, *values: str) -> None:
    print(f"{what:<44}" + "".join(f"{value:>16}" for value in values), flush=True)


def ratio(values: list[float]) -> str:
    return f"{values[1] / values[0]:.2f}"


def time_spawns() -> None:
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(SPAWNS):
        for name in COMMANDS:  # in turn: what else the machine does slows both
            server = Server(name)
            seconds[name].append(server.seconds_to_initialize)
            server.leave()
    medians = [statistics.median(values) * 1000 for values in seconds.values()]
    row(f"spawn to initialize, median of {SPAWNS} (ms)", *(f"{value:.0f}" for value in medians), ratio(medians))


def time_requests(servers: dict[str, Server]) -> None:
    hover = ("textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}})
    ask: dict[str, Callable[[], Any]] = {
        "empty pygls": lambda: servers["empty pygls"].request(*hover),
        "aotlens": lambda: servers["aotlens"].request("aotlens/debugText", {"textDocument": {"uri": URI}}),
    }
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for name in COMMANDS:
        servers[name].open("x = 1\n")
    for _ in range(REQUESTS // 100):
        for name in COMMANDS:
            for _ in range(100):
                start = time.perf_counter()
                ask[name]()
                seconds[name].append(time.perf_counter() - start)
    for percent in (50, 99):
        values = [statistics.quantiles(seconds[name], n=100)[percent - 1] * 1000 for name in COMMANDS]
        what = f"round trip p{percent} of {REQUESTS} (ms)"
        row(what, *(f"{value:.2f}" for value in values), ratio(values))
    for name in COMMANDS:
        servers[name].close_document()


def time_changes(servers: dict[str, Server], lines: int) -> None:
    text = source(lines)
    values = []
    for name, server in servers.items():
        server.open(text)
        start = time.perf_counter()
        for version in range(2, EDITS + 2):
            place = {"line": lines // 2 + version % 100, "character": 4}
            change = {"range": {"start": place, "end": place}, "text": "x"}
            document = {"uri": URI, "version": version}
            server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        if name == "aotlens":
            server.request("aotlens/debugText", {"textDocument": {"uri": "file:///other.py"}})
        else:
            server.request("textDocument/hover", {"textDocument": {"uri": URI}, "position": place})
        values.append((time.perf_counter() - start) / EDITS * 1000)
        server.close_document()
    row(f"didChange, {lines:,} lines (ms)", *(f"{value:.2f}" for value in values), ratio(values))


def time_document(lines: int) -> None:
    """What an edit costs within the server. An edit of a statement's first word is the hardest for tree-sitter."""
    document = Document(URI, "/project/model.py", 1, source(lines))
    start = time.perf_counter()
    _ = document.tree
    parts = [f"parse {(time.perf_counter() - start) * 1000:.1f}"]
    line = lines // 2 + 8  # x = self.norm(x)
    for what, column in (("in an expression", 20), ("first word", 9)):
        editing = reparsing = 0.0
        for _edit in range(EDITS):
            start = time.perf_counter()
            document = document.changed(document.version + 1, [Edit(line, column, line, column, "y")])
            edited = time.perf_counter()
            _ = document.tree
            editing += edited - start
            reparsing += time.perf_counter() - edited
        parts.append(f"{what}: edit {editing / EDITS * 1000:.3f}, reparse {reparsing / EDITS * 1000:.2f}")
    print(f"within aotlens, {lines:,} lines (ms): {'; '.join(parts)}", flush=True)


def main() -> None:
    row("", *COMMANDS, "ratio")
    time_spawns()
    servers = {name: Server(name) for name in COMMANDS}
    row("resident memory (MB)", *(f"{server.memory():.0f}" for server in servers.values()))
    time_requests(servers)
    for lines in (1_000, 10_000, 20_000):
        time_changes(servers, lines)
    for server in servers.values():
        server.leave()
    for lines in (1_000, 10_000, 20_000):
        time_document(lines)


if __name__ == "__main__":
    main()
