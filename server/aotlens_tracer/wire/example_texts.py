"""The text of an example, split into its call and the options after it. The one place that knows how it is written.

`Net(8)(torch.randn(6, 8)); x: dynamic(0, name="batch"); mesh(dp=2, tp=4, rank=3)`: Python statements, the call first.

Standard library only.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .example_options import DynamicSize, ExampleOptions, World
from .option_faults import WrongOption
from .problems import EmptyExample, NotACall, NotAnExpression, Problem
from .size_options import sizes_in
from .world_options import MESH, WORLD, OptionError, world_in_call

_FILE = "<example>"


class MalformedExample(Exception):
    """An example's text of the wrong form. `line` and `column` are within that text, from 1; column in code points."""

    def __init__(self, problem: Problem, line: int = 1, column: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.column = column


@dataclass(frozen=True)
class TextPlace:
    """A part of an example's text: lines and columns from 1, columns in code points, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class SplitExample:
    """An example's call, its text, and its options.

    `places` has, for each of `options.sizes`, the place of the statement that says it; `world_place` is that of the
    cluster, None if there is none.
    """

    call: ast.Call
    call_text: str
    options: ExampleOptions
    places: tuple[TextPlace, ...] = ()
    world_place: TextPlace | None = None


def split(text: str, file: str = _FILE) -> SplitExample:
    """Return the call and the options of an example; surrounding space does not count. `file` is what errors name.

    Raises MalformedExample.
    """
    text = text.strip()
    lines = text.splitlines()
    try:
        statements = ast.parse(text, file).body
    except SyntaxError as error:
        line = min(error.lineno or 1, max(len(lines), 1))
        raise MalformedExample(NotAnExpression(error.msg, _code(lines, line)), line, error.offset) from None
    if not statements:
        raise MalformedExample(EmptyExample())
    first, *rest = statements
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Call)):
        raise MalformedExample(NotACall(_code(lines, 1)))
    options = _Options(lines)
    for statement in rest:
        options.add(statement)
    found = ExampleOptions(options.world, tuple(options.sizes))
    call_text = ast.get_source_segment(text, first.value) or ast.unparse(first.value)
    return SplitExample(first.value, call_text, found, tuple(options.places), options.world_place)


class _Options:
    """The options of one example, statement by statement."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self.world: World | None = None
        self.world_place: TextPlace | None = None
        self.sizes: list[DynamicSize] = []
        self.places: list[TextPlace] = []

    def add(self, statement: ast.stmt) -> None:
        """Read one statement. Raises MalformedExample."""
        place = self._place(statement)
        try:
            if isinstance(statement, ast.AnnAssign) and statement.value is None:
                self._add_sizes(sizes_in(statement), statement, place)
            elif _is_world(statement):
                assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
                if self.world is not None:
                    raise OptionError(ast.unparse(statement), "twice")
                self.world, self.world_place = world_in_call(statement.value), place
            else:
                raise OptionError(ast.unparse(statement), "unknown")
        except OptionError as error:
            at = self._place(error.node) if error.node is not None else place
            problem = WrongOption(ast.unparse(statement), error.problem.fault)
            raise MalformedExample(problem, at.line, at.column) from None

    def _add_sizes(self, sizes: tuple[DynamicSize, ...], statement: ast.stmt, place: TextPlace) -> None:
        known = {(size.argument, size.dimension) for size in self.sizes}
        for size in sizes:
            if (size.argument, size.dimension) in known:
                raise OptionError(ast.unparse(statement), "twice")
            known.add((size.argument, size.dimension))
            self.sizes.append(size)
            self.places.append(place)

    def _place(self, node: ast.stmt | ast.expr | ast.keyword) -> TextPlace:
        line, end_line = node.lineno, node.end_lineno or node.lineno
        end = node.end_col_offset if node.end_col_offset is not None else node.col_offset
        return TextPlace(line, self._column(line, node.col_offset), end_line, self._column(end_line, end))

    def _column(self, line: int, offset: int) -> int:
        """Return the column in code points, from 1; `offset` is Python's, in bytes of UTF-8."""
        return len(self._lines[line - 1].encode()[:offset].decode(errors="ignore")) + 1


def _is_world(statement: ast.stmt) -> bool:
    called = statement.value.func if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    return isinstance(called, ast.Name) and called.id in (MESH, WORLD)


def _code(lines: list[str], line: int) -> str | None:
    """Return a line of the text, counted from 1; None past its end."""
    return lines[line - 1].strip() or None if line <= len(lines) else None
