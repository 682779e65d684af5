"""The speed of answers from a map: next to an empty pygls server, while a trace runs, and in a very long file.

make bench, or python tests/benchmarks/answers.py [pygls] [trace] [long]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bounds import finish, hold
from peer import CLASS, COMMANDS, Server, ratio, row

DECODER = Path(__file__).parent.parent.parent / "docs" / "examples" / "decoder.py"
ROUNDS = 3_000
EACH = 2_000
TRACE_SECONDS = 30
BUSY = f"""\
import time
import torch

# aotlens: Busy()(torch.ones(1))
class Busy(torch.nn.Module):
    def __init__(self):
        super().__init__()
        end = time.monotonic() + {10 * TRACE_SECONDS}
        while time.monotonic() < end:
            torch.ones(64, 64) @ torch.ones(64, 64)

    def forward(self, x):
        return x
"""
CLASSES, LINES = 300, 20_000
LONG_MODEL = """\
# aotlens: Model()(torch.randn(2, 8))
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([globals()[f"Block{i}"](8) for i in range(0, 300, 10)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x
"""


def aotlens() -> Server:
    options = {"trusted": True, "settings": {"interpreter": sys.executable}}
    return Server("aotlens", initializationOptions=options)


class Text:
    """A document that is open in a server."""

    def __init__(self, server: Server, path: Path) -> None:
        self.server, self.uri = server, path.as_uri()
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.version = 1
        server.open(path.read_text(encoding="utf-8"), self.uri)

    def hover(self, marked: str) -> Any:
        """The hover at `|` in a stretch of a line."""
        plain = marked.replace("|", "")
        line = next(number for number, text in enumerate(self.lines) if plain in text)
        place = {"line": line, "character": self.lines[line].index(plain) + marked.index("|")}
        return self.server.request("textDocument/hover", {"textDocument": {"uri": self.uri}, "position": place})

    def lenses(self) -> list[Any]:
        return self.server.request("textDocument/codeLens", {"textDocument": {"uri": self.uri}}) or []

    def title(self, lens: Any) -> str:
        return self.server.request("codeLens/resolve", lens)["command"]["title"]

    def type(self, line: int) -> None:
        """Type a letter into the comment at the end of a line."""
        self.version += 1
        place = {"line": line, "character": len(self.lines[line])}
        self.lines[line] += "y"
        document = {"uri": self.uri, "version": self.version}
        change = {"range": {"start": place, "end": place}, "text": "y"}
        self.server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    def until(self, words: str) -> None:
        """Wait until a lens says this."""
        while not any(words in self.title(lens) for lens in self.lenses()):
            time.sleep(0.2)


def timed(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def compare_with_pygls() -> None:
    """Warm answers against those of a handler that does nothing."""
    row("", *COMMANDS, "ratio")
    servers = {"empty pygls": Server("empty pygls"), "aotlens": aotlens()}
    texts = {name: Text(server, DECODER) for name, server in servers.items()}
    texts["aotlens"].until("saves ")
    time.sleep(1)
    assert "qkv" in texts["aotlens"].hover("self.q|kv(x)")["contents"]["value"]
    lens = texts["aotlens"].lenses()[-1]
    asked: dict[str, dict[str, Callable[[], Any]]] = {
        "hover": {name: lambda text=text: text.hover("self.q|kv(x)") for name, text in texts.items()},
        "code lens": {name: text.lenses for name, text in texts.items()},
        "code lens resolve": {"aotlens": lambda: texts["aotlens"].title(lens)},
    }
    asked["code lens resolve"] = {"empty pygls": asked["hover"]["empty pygls"], **asked["code lens resolve"]}
    for what, actions in asked.items():
        taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(ROUNDS // 50):
            for name in COMMANDS:
                taken[name] += [timed(actions[name]) for _ in range(50)]
        for percent in (50, 99):
            values = [percentile(taken[name], percent) for name in COMMANDS]
            row(f"{what}, p{percent} of {ROUNDS} (ms)", *(f"{value:.2f}" for value in values), ratio(values))
            if percent == 50:
                hold(f"warm {what}", values[1] / values[0])
    for server in servers.values():
        server.leave()


def compare_with_a_running_trace() -> None:
    """The same requests and edits while nothing runs, and while another target is traced."""
    row("", "idle", "while tracing", "ratio")
    with tempfile.TemporaryDirectory() as folder:
        busy = Path(folder, "busy.py")
        busy.write_text(BUSY, encoding="utf-8")
        server = aotlens()
        text = Text(server, DECODER)
        text.until("saves ")
        time.sleep(1)
        lens = text.lenses()[-1]
        line = next(number for number, line in enumerate(text.lines) if line.startswith("#"))
        idle = measure(text, lens, line)
        other = Text(server, busy)
        other.until("tracing: building the example")
        child = next(pid for pid in descendants(server.process.pid) if not list(descendants(pid)))
        started = time.monotonic()
        traced = measure(text, lens, line, at_least=TRACE_SECONDS)
        seconds = time.monotonic() - started
        assert is_alive(child), "the trace ended too early"
        for what in idle:
            values = [percentile(idle[what], 99), percentile(traced[what], 99)]
            count = f"{len(idle[what])} and {len(traced[what])}"
            row(f"{what}, p99 of {count} (ms)", *(f"{value:.2f}" for value in values), ratio(values))
            hold(f"{what} while tracing", values[1] / values[0])
        print(f"the trace ran for {seconds:.0f} s at least; ", end="")
        start = time.monotonic()
        target = f"{busy}::Busy"
        server.request("workspace/executeCommand", {"command": "aotlens.cancelTrace", "arguments": [target]})
        while is_alive(child):
            time.sleep(0.005)
        print(f"cancelled, its process was gone in {time.monotonic() - start:.2f} s")
        server.leave()


def measure(text: Text, lens: Any, line: int, at_least: float = 0.0) -> dict[str, list[float]]:
    """Milliseconds of each kind of request, in turn; an edit counts with the hover that follows it."""
    taken: dict[str, list[float]] = {"hover": [], "code lens": [], "code lens resolve": [], "edit and hover": []}
    started = time.monotonic()
    while len(taken["hover"]) < EACH or time.monotonic() - started < at_least:
        taken["hover"].append(timed(lambda: text.hover("self.q|kv(x)")))
        taken["code lens"].append(timed(text.lenses))
        taken["code lens resolve"].append(timed(lambda: text.title(lens)))
        taken["edit and hover"].append(timed(lambda: (text.type(line), text.hover("self.q|kv(x)"))))
        time.sleep(0.003)  # nobody types faster, and the benchmark itself must leave a core to the trace
    return taken


def descendants(pid: int) -> Iterator[int]:
    """The processes below one."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from descendants(int(child))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def time_a_long_document() -> None:
    """A file of 20,000 lines with 300 classes, of which a traced model uses thirty."""
    body = [CLASS.format(number, "") for number in range(CLASSES)]
    missing = LINES - sum(part.count("\n") for part in body) - LONG_MODEL.count("\n") - 5
    filler = "        x = x + 1\n" * (missing // CLASSES)
    body = [CLASS.format(number, filler if number % 10 else "") for number in range(CLASSES)]
    text = "import torch\nfrom torch import nn\n\n\n" + "".join(body) + LONG_MODEL
    text = text.rstrip("\n") + "\n" + "# end\n" * (LINES - text.count("\n"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "long.py")
        path.write_text(text, encoding="utf-8")
        server = aotlens()
        start = time.perf_counter()
        document = Text(server, path)
        document.hover("class Blo|ck0(")
        opened = time.perf_counter() - start
        document.until("saves ")
        time.sleep(1)
        line = next(n for n, text in enumerate(document.lines) if "self.linear(x).relu()" in text and n > LINES // 2)
        lenses = document.lenses()
        kinds: dict[str, Callable[[], Any]] = {
            "hover on a module": lambda: document.hover("for block in self.bl|ocks"),
            "hover on a class": lambda: document.hover("class Blo|ck150("),
            f"code lens, {len(lenses)} of them": document.lenses,
            "code lens resolve": lambda: document.title(lenses[-1]),
            "edit, and the hover after it": lambda: (document.type(line), document.hover("class Blo|ck150(")),
            "edit, and the lenses after it": lambda: (document.type(line), document.lenses()),
        }
        row(
            f"{len(document.lines):,} lines, {CLASSES + 1} classes (ms)", "p50", "p99", "processor p50", "processor p99"
        )
        row("open, and the first hover", f"{opened * 1000:.0f}", "")
        for what, action in kinds.items():
            taken, processor = [], []
            for _ in range(200):
                before = server.processor_ms()
                taken.append(timed(action))
                processor.append(server.processor_ms() - before)
            row(what, *(f"{percentile(values, percent):.2f}" for values in (taken, processor) for percent in (50, 99)))
        server.leave()


def main() -> None:
    chosen = sys.argv[1:] or ["pygls", "trace", "long"]
    parts = {"pygls": compare_with_pygls, "trace": compare_with_a_running_trace, "long": time_a_long_document}
    for name in chosen:
        parts[name]()
        print(flush=True)
    finish()


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main()
