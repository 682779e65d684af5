"""The speed of showing a deep model's graph and answering for it, next to a shallow one's: 80 layers and 8.

make bench, or python tests/benchmarks/graphs.py
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peer import Server, ratio, row

DECODER = Path(__file__).parent.parent.parent / "docs" / "examples" / "decoder.py"
LAYERS = (8, 80)
ROUNDS = 20
PATIENCE = 600.0
"""Seconds that a trace may take."""
ATTENTION = "F.scaled_dot_product_attention(q, k, v"
BLOCK = "x = block(x)"


class Shown:
    """A traced decoder of so many layers, and the joint graph of it in an editor."""

    def __init__(self, server: Server, folder: Path, layers: int) -> None:
        self.server = server
        self.path = folder / f"decoder{layers}.py"
        self.text = DECODER.read_text(encoding="utf-8").replace("layers=6)", f"layers={layers})")
        self.path.write_text(self.text, encoding="utf-8")
        server.open(self.text, self.path.as_uri())
        self.target = f"{self.path}::Decoder"
        end = time.monotonic() + PATIENCE
        while "result" not in (answer := self.show("forward")):  # the partitioner comes last
            assert time.monotonic() < end, answer
            time.sleep(0.5)
        self.uri = self.show("joint")["result"]["uri"]
        self.graph = self.content()

    def show(self, kind: str) -> Any:
        arguments = [self.target, kind]
        return self.server.answer("workspace/executeCommand", {"command": "aotlens.showGraph", "arguments": arguments})

    def content(self, kind: str = "joint") -> str:
        uri = self.uri.replace("/joint/", f"/{kind}/", 1)
        return self.server.request("workspace/textDocumentContent", {"uri": uri})["text"]

    def open(self) -> None:
        """Open the document, until the server has an answer for it."""
        self.server.open(self.graph, self.uri)
        assert self.hover() is not None, "no answer is no figure"

    def close(self) -> None:
        self.server.close_document(self.uri)

    def hover(self) -> Any:
        return self.server.request("textDocument/hover", self.at(self.uri, self.graph, "embed_weight: "))

    def symbols(self) -> Any:
        return self.server.request("textDocument/documentSymbol", {"textDocument": {"uri": self.uri}})

    def folds(self) -> Any:
        return self.server.request("textDocument/foldingRange", {"textDocument": {"uri": self.uri}})

    def line(self, text: str) -> Any:
        """The correspondence of a line of the source."""
        return self.server.request("aotlens/correspondence", self.at(self.path.as_uri(), self.text, text))

    def node(self) -> Any:
        """The correspondence of a node of the graph."""
        return self.server.request("aotlens/correspondence", self.at(self.uri, self.graph, "mm: "))

    @staticmethod
    def at(uri: str, text: str, piece: str) -> dict[str, Any]:
        before = text[: text.index(piece)]
        place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2]) + 1}
        return {"textDocument": {"uri": uri}, "position": place}


def milliseconds(action: Callable[[Shown], Any], one: Shown) -> float:
    start = time.perf_counter()
    action(one)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    options = {"trusted": True, "settings": {"interpreter": sys.executable}}
    capabilities = {"workspace": {"textDocumentContent": {}}}
    with tempfile.TemporaryDirectory() as folder:
        server = Server("aotlens", capabilities=capabilities, initializationOptions=options)
        shown = [Shown(server, Path(folder), layers) for layers in LAYERS]
        actions: dict[str, Callable[[Shown], Any]] = {
            "text of the joint graph, once it is made": Shown.content,
            "its document opened, and the first hover": Shown.open,
            "hover": Shown.hover,
            "outline": Shown.symbols,
            "folding": Shown.folds,
            "correspondence of a node": Shown.node,
            "correspondence of attention's line": lambda one: one.line(ATTENTION),
            "correspondence of the line of all layers": lambda one: one.line(BLOCK),
        }
        row("median of 20 (ms)", *(f"{layers} layers" for layers in LAYERS), "ratio")
        row("lines", *(f"{one.graph.count(chr(10)):,}" for one in shown))
        first = [milliseconds(lambda one: one.content("backward"), one) for one in shown]
        row("text of the backward graph, the first time", *(f"{value:.2f}" for value in first), ratio(first))
        for what, action in actions.items():
            taken: list[list[float]] = [[], []]
            for _ in range(ROUNDS):
                for one, values in zip(shown, taken, strict=True):  # in turn: what else the machine does slows both
                    if action is Shown.open:
                        one.close()
                    values.append(milliseconds(action, one))
            medians = [statistics.median(values) for values in taken]
            row(what, *(f"{value:.2f}" for value in medians), ratio(medians))
        server.leave()


if __name__ == "__main__":
    main()
