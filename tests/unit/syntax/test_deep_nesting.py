"""Code that is nested as deeply as it is long takes a time that grows with its length, and not with its square."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from aotlens.logs.text import parse_log
from aotlens.syntax.accesses import accesses
from aotlens.syntax.at_position import subjects_at
from aotlens.syntax.code_blocks import code_blocks
from aotlens.syntax.descriptor_calls import descriptor_calls
from aotlens.syntax.expressions import call_at
from aotlens.syntax.modules import module_classes
from aotlens.syntax.signatures import definition_node
from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span

HEAD = "from torch import nn\nclass Net(nn.Module):\n    def forward(self, x):\n        "
LINE = HEAD.count("\n") + 1
SHORT, LONG = 500, 4000
MOST_GROWTH = 24
"""Eight times as long: linear growth takes 8 times as long, quadratic growth 64 times."""

NESTED: dict[str, Callable[[int], str]] = {
    "attributes": lambda n: f"return self{'.a' * n}",
    "methods": lambda n: f"return self{'.a()' * n}",
    "subscripts": lambda n: f"return self{'[0]' * n}",
    "calls": lambda n: f"return {'f(' * n}x{')' * n}",
    "lists": lambda n: f"return {'[' * n}x{']' * n}",
    "sums": lambda n: f"return x{' + x' * n}",
    "assignments": lambda n: f"{'x = ' * n}x",
    "conditions": lambda n: f"return {'x if x else ' * n}x",
}


def looked_at(text: str) -> float:
    """The seconds of the processor for the positions at both ends of the line, the best of two runs."""
    path = "/m.py"
    document = Document("file:///m.py", path, 1, text)
    line = document.line(LINE)
    positions = [9, 16, 17, 20, 21, len(line) // 2, len(line) // 2 + 1, len(line) - 1, len(line)]
    taken = []
    for _ in range(2):
        began = time.process_time()
        for column in positions:
            subjects_at(document, LINE, column)
            call_at(document, Span(path, LINE, column, LINE, column + 1))
        call_at(document, Span(path, LINE, 16, LINE, len(line) + 1))
        definition_node(document, LINE)
        taken.append(time.process_time() - began)
    return min(taken)


@pytest.mark.parametrize("kind", NESTED)
def test_the_subjects_of_a_position(kind: str) -> None:
    nested = NESTED[kind]
    short, long = (looked_at(f"{HEAD}{nested(length)}\n") for length in (SHORT, LONG))
    assert long < 0.05 or long < MOST_GROWTH * short


@pytest.mark.parametrize(
    ("begin", "end"),
    [("x = PlainAOTInput(0)", ".a"), ("x = self", ".a"), ("x = d['weight']", ".a"), ("x = m.state_dict()['a']", "[0]")],
)
def test_what_a_text_says_of_descriptors_and_entries(begin: str, end: str) -> None:
    def taken(length: int) -> float:
        document = Document("file:///m.py", "/m.py", 1, f"{begin}{end * length}\n")
        lines = [document.line(1)]
        began = time.process_time()
        list(descriptor_calls(document, lines))
        accesses(document, lines)
        return time.process_time() - began

    short, long = min(taken(SHORT), taken(SHORT)), min(taken(LONG), taken(LONG))
    assert long < 0.05 or long < MOST_GROWTH * short


HEADS: dict[str, Callable[[int], str]] = {
    "a long base": lambda n: f"class A({'a' * n}):\n    pass\n",
    "a long option": lambda n: f"class A({'a' * n}=1):\n    pass\n",
    "spaces": lambda n: f"class A(a{' ' * n}b):\n    pass\n",
    "each derived from the one before": lambda n: (
        "".join(f"class A{i}(A{i - 1}):\n    pass\n" for i in reversed(range(n // 8)))
        + "class A0(nn.Module):\n    pass\n"
    ),
}


@pytest.mark.parametrize("kind", HEADS)
def test_which_classes_are_modules(kind: str) -> None:
    def taken(length: int) -> float:
        document = Document("file:///m.py", "/m.py", 1, HEADS[kind](length))
        definitions = document.definitions
        began = time.process_time()
        module_classes(definitions, document.line)
        return time.process_time() - began

    short, long = (min(taken(length) for _ in range(2)) for length in (4000, 32000))
    assert long < 0.05 or long < MOST_GROWTH * short


def test_a_line_of_a_log_that_is_no_title() -> None:
    def taken(length: int) -> float:
        began = time.process_time()
        parse_log("=" * length + "\n")
        return time.process_time() - began

    short, long = (min(taken(length) for _ in range(2)) for length in (4000, 32000))
    assert long < 0.05 or long < MOST_GROWTH * short


@pytest.mark.parametrize("line", [" ", "\t", " ::", ".. code:: "])
def test_a_line_of_a_readme_that_is_no_code(line: str) -> None:
    def taken(length: int) -> float:
        began = time.process_time()
        code_blocks(line * length + "x\n")
        return time.process_time() - began

    short, long = (min(taken(length) for _ in range(2)) for length in (4000, 32000))
    assert long < 0.05 or long < MOST_GROWTH * short
