"""The cost of the language server next to an empty pygls server, side by side in one run.

make bench, or python tests/benchmarks/server.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from bounds import finish, hold
from peer import CLASS, COMMANDS, URI, Server, ratio, row

from aotlens.text.documents import Document
from aotlens.text.edits import Edit

SPAWNS, REQUESTS, EDITS = 10, 2_000, 200


def source(lines: int) -> str:
    return "".join(CLASS.format(number, "") for number in range(lines // 10))


def time_spawns() -> None:
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(SPAWNS):
        for name in COMMANDS:  # in turn: what else the machine does slows both
            server = Server(name)
            seconds[name].append(server.seconds_to_initialize)
            server.leave()
    medians = [statistics.median(values) * 1000 for values in seconds.values()]
    row(f"spawn to initialize, median of {SPAWNS} (ms)", *(f"{value:.0f}" for value in medians), ratio(medians))
    hold("spawn to initialize", medians[1] / medians[0])


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
    """The time of an edit within the server. An edit of a statement's first word is the hardest for tree-sitter."""
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
    finish()


if __name__ == "__main__":
    main()
