"""The text of code in a block of a file, with its places in that file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from aotlens_tracer.wire.statements import Statement

from .code_blocks import Block
from .nodes import text_of
from .parsing import parse
from .pins import pins_above

_ENTERED = b"if 1:"
"""The head that a block has which is entered whatever its condition is. No compound statement has a shorter one."""


class BlockSource:
    """A block of code in a file. Its nodes are read as statements that can be run on their own."""

    def __init__(self, path: str, block: Block) -> None:
        self.path = path
        self._block = block
        self.tree = parse(block.text)
        self.root = self.tree.root_node

    def place(self, node: Node) -> tuple[int, int]:
        """The line and column (from 1, code points) at which a node starts in the file."""
        row = node.start_point.row
        head = self._block.lines[row].encode("utf-8", "surrogatepass")[: node.start_point.column]
        return row + 1, len(head.decode("utf-8", "replace")) + self._block.offsets.get(row, 0) + 1

    def pinned_above(self, node: Node) -> Statement | None:
        """The first expression in the `# aotlens:` comments right above a node; None if there is none."""
        pin = next(pins_above(self._block.lines, node.start_point.row), None)
        if pin is None:
            return None
        return Statement(pin.expression, self.path, pin.line, pin.column + self._block.offsets.get(pin.line - 1, 0))

    def text(self, node: Node) -> str:
        """The text of a node, with its later lines indented as if it began at the left margin."""
        return self._dedented(text_of(node), node)

    def _dedented(self, text: str, node: Node) -> str:
        first, *rest = text.split("\n")
        row = self._block.lines[node.start_point.row]
        indent = row[: len(row) - len(row.lstrip())]
        if any(line.strip() and not line.startswith(indent) for line in rest):
            return "\n".join((first, *rest))
        return "\n".join((first, *(line[len(indent) :] for line in rest)))

    def part(self, outer: Node, kept: Sequence[Node], contexts: Sequence[Node]) -> Statement:
        """A `with` statement with only some of the statements in it, each at its place in the file.

        Compound statements between the two are entered whatever their conditions are. Those among `contexts` stay.
        """
        data = bytearray(outer.text or b"")
        for start, end in _gaps(outer, kept):
            for index in range(start - outer.start_byte, end - outer.start_byte):
                if data[index] not in b"\r\n":
                    data[index] = ord(" ")
        for block in _blocks_between(outer, kept):
            start, body = block.start_byte - outer.start_byte, block.child_by_field_name("body")
            if body is not None and any(block.id == each.id for each in contexts):
                head = (block.text or b"")[: body.start_byte - block.start_byte].rstrip()
            else:
                head = _ENTERED
            data[start : start + len(head)] = head
        return self.statement(self._dedented(data.decode("utf-8", "replace").rstrip(), outer), outer)

    def statement(self, text: str, node: Node) -> Statement:
        """A statement with this text, at the place of a node."""
        return Statement(text, self.path, *self.place(node))


def _blocks_between(outer: Node, kept: Sequence[Node]) -> list[Node]:
    """The compound statements in `outer` that have one of the statements inside."""
    found: dict[int, Node] = {}
    for node in kept:
        inner = node.parent
        while inner is not None and inner.id != outer.id:
            if inner.type in ("if_statement", "for_statement", "while_statement", "with_statement"):
                found[inner.id] = inner
            inner = inner.parent
    return list(found.values())


def _gaps(outer: Node, kept: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """The bytes of a compound statement that are neither its head nor one of the statements to keep."""
    body = outer.child_by_field_name("body")
    position = body.start_byte if body is not None else outer.end_byte
    for node in kept:
        yield position, node.start_byte
        position = node.end_byte
    yield position, outer.end_byte
