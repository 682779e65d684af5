"""Texts that would take tree-sitter for ever are left in the middle, and all others are parsed as ever."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import time
import tracemalloc

import pytest
from tree_sitter import Node, Parser

from aotlens.syntax.nodes import text_of
from aotlens.syntax.parsing import PYTHON, SECONDS, SECONDS_PER_BYTE, parse, parse_source
from aotlens.text.documents import Document, Documents

FOR_EVER = {
    "backslashes": "\\\n" * 15_000,
    "arrows": "->~" * 3_000,
    "backslashes in code": "\\\na\\\n\\\n\\\n a" * 3_000,
}


@pytest.mark.parametrize("text", FOR_EVER.values(), ids=FOR_EVER.keys())
def test_what_would_take_for_ever_is_left(text: str) -> None:
    start = time.process_time()
    assert parse_source(text.encode()) is None
    document = Document("file:///m.py", "/m.py", 1, "class Net:\n    pass\n")
    assert [each.qualname for each in document.definitions] == ["Net"] and not document.is_unread
    document = document.changed(2, [document.text + text])
    assert not document.is_large
    document.read()
    assert document.is_unread
    assert [each.qualname for each in document.definitions] == ["Net"], "what was known stays, as while one types"
    assert time.process_time() - start < 2.5 * (SECONDS + SECONDS_PER_BYTE * len(text))


def test_the_next_versions_are_read_beside_the_loop_until_one_is_parsed() -> None:
    documents = Documents()
    documents.open("file:///m.py", 1, FOR_EVER["arrows"])
    first = documents.by_path["/m.py"]
    first.read()
    second = documents.change("file:///m.py", 2, ["x = 1\n" + FOR_EVER["arrows"]])
    assert first.is_unread and second is not None and second.is_large and not second.is_read
    third = documents.change("file:///m.py", 3, ["class Net:\n    pass\n"])
    assert third is not None
    third.read()
    assert not third.is_unread and [each.qualname for each in third.definitions] == ["Net"]
    fourth = documents.change("file:///m.py", 4, ["class Other:\n    pass\n"])
    assert fourth is not None and not fourth.is_large


def test_others_run_while_a_text_is_parsed() -> None:
    """The longest time in which the loop is not asked is short, with a text that takes all that it may."""

    async def longest() -> float:
        parsing = asyncio.get_running_loop().run_in_executor(None, parse_source, FOR_EVER["arrows"].encode())
        waited, last = 0.0, time.perf_counter()
        while not parsing.done():
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            waited, last = max(waited, now - last), now
        return waited

    assert min(asyncio.run(longest()) for _ in range(3)) < SECONDS / 2


def _nodes(node: Node) -> list[Node]:
    return [node, *(each for child in node.children for each in _nodes(child))]


TEXTS = ("", "x = 1\n", "é = 'ü'\nprint(é)\n", "class A:\n  def f(\n é = (\n", "# é" * 3_000 + "\n(")


@pytest.mark.parametrize("text", TEXTS)
def test_trees_are_those_of_tree_sitter(text: str) -> None:
    source = text.encode()
    expected, found = Parser(PYTHON).parse(source), parse(text)
    assert [(each.type, each.byte_range, each.text) for each in _nodes(found.root_node)] == [
        (each.type, each.byte_range, each.text) for each in _nodes(expected.root_node)
    ]


def test_texts_are_right_in_broken_code_of_any_length() -> None:
    text = f"a = [{'é, ' * 5_000}]\n(\n" + "x = 1\n" * 500
    trees = [parse(text)]
    other = threading.Thread(target=lambda: trees.append(parse(text)))  # it has another buffer
    other.start()
    other.join()
    for tree in trees:
        root = tree.root_node
        assert root.has_error and text.encode()[root.start_byte : root.end_byte] == root.text == text_of(root).encode()


def test_no_parse_leaves_anything() -> None:
    """tree-sitter's binding never frees what it reads: a text for each key would fill the memory of a long day."""
    source = b"(\n#" + b"a" * 200_000
    parse_source(source)
    tracemalloc.start()
    try:
        for _ in range(20):
            parse_source(source)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < len(source)


def test_nothing_else_parses() -> None:
    """Everything that parses Python code with tree-sitter does so in bounded time."""
    import aotlens.syntax.parsing as only

    assert "progress_callback" in inspect.getsource(only)
    for name, module in list(sys.modules.items()):
        if name.startswith("aotlens.") and module is not only:
            assert not hasattr(module, "Parser"), name
