"""The functions whose expressions are recorded: found as objects, compiled anew, and given their new code."""

from __future__ import annotations

import ast
import bisect
import builtins
import contextlib
import copy
import types
from collections.abc import Callable, Iterable, Mapping

from ..examples.evaluate import BuiltExample, BuiltStep
from ..loading.overlay import read_bytes
from .excerpt import excerpt
from .instrument import instrument
from .reach import reachable
from .statements import FunctionRewriter
from .table import Table

_PLAIN = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)


class Functions:
    """The functions of some files, and their instrumented code."""

    def __init__(self, files: Iterable[str]) -> None:
        self._files = frozenset(files)
        self._original: dict[types.FunctionType, types.CodeType] = {}
        self._instrumented: dict[types.CodeType, types.CodeType | None] = {}
        self.table = Table()

    def instrument(self, example: BuiltExample) -> None:
        """Give new code to the functions that the example's call may run, and put into `table` what it reports.

        Code is compiled the first time. A file that cannot be read or parsed is left out.
        """
        values = (*example.args, *example.kwargs.values())
        found = reachable(example.function, example.module, values, self._files)
        if example.step is not None:
            found -= self._instrument_step(example.step)
        self._compile(found)
        for function in found:
            code = function.__code__
            new = self._instrumented.get(code)
            if new is not None:
                self._original[function] = code
                function.__code__ = new

    def _instrument_step(self, step: BuiltStep) -> set[types.FunctionType]:
        """Give new code to the functions of a training step, which no file has as they are; return them."""
        for function, definition, path in step.functions:
            code = function.__code__
            if path not in self._files:
                continue
            if code not in self._instrumented:
                rewriter = FunctionRewriter(path, self.table, _plain_names(function), "", True)
                made = rewriter.function(copy.deepcopy(definition))
                with contextlib.suppress(SyntaxError, ValueError, RecursionError):
                    new = _by_key(compile(ast.Module([made], []), path, "exec", dont_inherit=True))
                    self._instrumented[code] = new.get(_key(code))
            changed = self._instrumented.get(code)
            if changed is not None:
                self._original[function] = code
                function.__code__ = changed
        return {function for function, _, _ in step.functions}

    def _compile(self, functions: Iterable[types.FunctionType]) -> None:
        by_file: dict[str, list[types.FunctionType]] = {}
        for function in functions:
            if function.__code__ not in self._instrumented:
                by_file.setdefault(function.__code__.co_filename, []).append(function)
        for path, new in by_file.items():
            codes = _instrumented(path, new, self.table)
            for code in (function.__code__ for function in new):
                made = codes.get(_key(code))
                self._instrumented[code] = made if made is not None and made.co_freevars == code.co_freevars else None

    def restore(self) -> None:
        """Give the functions their own code back."""
        for function, code in self._original.items():
            function.__code__ = code
        self._original.clear()


def _key(code: types.CodeType) -> tuple[str, int, tuple[str, ...]]:
    count = code.co_argcount + code.co_kwonlyargcount
    return code.co_name, code.co_firstlineno, code.co_varnames[:count]


def _instrumented(
    path: str, functions: list[types.FunctionType], table: Table
) -> Mapping[tuple[str, int, tuple[str, ...]], types.CodeType]:
    tree = _parsed(path, functions)
    if tree is None:
        return {}
    lines = sorted(function.__code__.co_firstlineno for function in functions)

    def is_needed(node: ast.AST) -> bool:
        decorators = getattr(node, "decorator_list", None)
        first: int = decorators[0].lineno if decorators else node.lineno  # type: ignore[attr-defined]  # a function
        at = bisect.bisect_left(lines, first)
        return at < len(lines) and lines[at] <= node.end_lineno  # type: ignore[attr-defined]  # the same

    module = instrument(tree, path, table, is_needed, _plain_names(functions[0]))
    with contextlib.suppress(SyntaxError, ValueError, RecursionError):
        return _by_key(compile(module, path, "exec", dont_inherit=True))
    return {}


def _parsed(path: str, functions: list[types.FunctionType]) -> ast.Module | None:
    """Return what has some functions of a file; None if the file cannot be read or parsed."""
    try:
        source = read_bytes(path)
    except OSError:
        return None
    with contextlib.suppress(SyntaxError, ValueError):
        part = excerpt(source.decode().splitlines(), [function.__code__ for function in functions])
        if part is not None:
            return ast.parse(part, path)
    with contextlib.suppress(SyntaxError, ValueError):
        return ast.parse(source, path)
    return None


def _plain_names(function: types.FunctionType) -> Callable[[str], bool]:
    names = function.__globals__

    def is_plain(name: str) -> bool:
        value = names[name] if name in names else vars(builtins).get(name)
        return isinstance(value, _PLAIN)

    return is_plain


def _by_key(code: types.CodeType) -> dict[tuple[str, int, tuple[str, ...]], types.CodeType]:
    """Return all code within a code object, by what tells it apart; without two lambdas that nothing tells apart."""
    found: dict[tuple[str, int, tuple[str, ...]], types.CodeType | None] = {}
    waiting = [code]
    while waiting:
        for each in waiting.pop().co_consts:
            if isinstance(each, types.CodeType):
                found[_key(each)] = None if _key(each) in found else each
                waiting.append(each)
    return {key: value for key, value in found.items() if value is not None}
