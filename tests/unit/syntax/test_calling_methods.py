"""The methods of plain classes that call modules."""

from __future__ import annotations

import time

from aotlens.syntax.calling_methods import calling_methods
from aotlens.text.documents import Document

AGENT = """\
class Agent:
    def __init__(self):
{0}        self.net: nn.Module = nn.Linear(1, 1)
        self.name = str(1)

    def act(self, x):
        return self.net(x)

    def say(self):
        return self.name(1)
"""


def found(text: str) -> list[tuple[str, list[str]]]:
    document = Document("", "/a.py", 1, text)
    return [(one.qualname, names) for one, names in calling_methods(document.definitions, frozenset(), document.lines)]


def test_the_methods_that_call_a_module() -> None:
    assert found(AGENT.replace("{0}", "")) == [("Agent", ["act"])]


def test_many_lines_that_make_nothing_take_no_long_time() -> None:
    start = time.monotonic()
    assert found(AGENT.replace("{0}", "        self.a:\n" * 10_000 + "\n" * 10_000)) == [("Agent", ["act"])]
    assert time.monotonic() - start < 5


def test_many_classes_take_no_long_time() -> None:
    text = "".join(f"class N{number}(N{number + 1}):\n    def f(self): ...\n" for number in range(5000))
    document = Document("", "/a.py", 1, text)
    definitions = document.definitions
    start = time.monotonic()
    assert not list(calling_methods(definitions, frozenset(), document.lines))
    assert time.monotonic() - start < 3
