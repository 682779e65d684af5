"""The magics: `%aotlens Net`, `%aotlens Net()(x)`, and `%%aotlens` above a cell, which is run as without it."""

from __future__ import annotations

import ast
import atexit
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aotlens.cli.options import TraceOptions
from aotlens.session.tracer.client import TracerUnusable, UnreadableAnswer
from aotlens.session.tracer.interpreter import Interpreter
from aotlens.session.tracer.problems import remedy
from aotlens.syntax.definitions import definitions
from aotlens.syntax.magics import without_magics

from .kernel_code import code_of_kernel
from .shown import ShownMaps
from .tracing import KernelTracer

_USAGE = "%aotlens [--compile] [--full] Name, or a call: %aotlens Net(4)(x)"
_NAME = "aotlens"
_FLAGS = ("--compile", "--full")


class NothingToTrace(Exception):
    """The line of a magic names nothing that can be traced: the message says what it could name."""


class _Magic:
    """The magic of one shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._tracer = KernelTracer()
        atexit.register(self._leave)

    def __call__(self, line: str, cell: str | None = None) -> ShownMaps | None:
        """Run the cell, if there is one, and show the maps of what the line or the cell names."""
        from IPython.core.error import UsageError

        if cell is not None and not self._shell.run_cell(cell).success:
            return None  # IPython has shown why
        try:
            return self._shown(line, cell)
        except NothingToTrace as error:
            raise UsageError(str(error)) from None
        except TracerUnusable as error:
            mend = remedy(error.problem, Interpreter("", ""), "choose another kernel")
            raise UsageError(f"{error}" + (f"; {mend}" if mend else "")) from None
        except UnreadableAnswer:
            raise UsageError("the process of the trace sent an answer that cannot be read") from None

    def close(self) -> None:
        """End the tracer."""
        atexit.unregister(self._leave)
        self._tracer.close()

    def _leave(self) -> None:
        """End the tracer while the kernel ends: Python starts no thread any more that looks for what it has left."""
        with contextlib.suppress(RuntimeError):
            self._tracer.close()

    def _shown(self, line: str, cell: str | None) -> ShownMaps:
        flags, subject = _split(line)
        cells = self._shell.history_manager.input_hist_raw
        path, notebook = code_of_kernel(cells, Path(os.getcwd()))
        variables: Mapping[str, Any] = self._shell.user_ns
        known = [definition.qualname for definition in definitions(notebook.text)]
        if not subject:
            names = _classes_in(cell) if cell is not None else []
            if not names:
                what = "the cell defines no class with a forward" if cell is not None else "nothing is named"
                raise NothingToTrace(f"{what}: {_USAGE}")
        else:
            name = _target(subject, variables)
            if name not in known:
                file = f"the cells of this kernel define no {name}"
                raise NothingToTrace(f"{file}; for a class of a file: !aotlens trace FILE::{name}")
            names = [name]
        options = TraceOptions(
            example=subject if "(" in subject else None, convention="compile" if "--compile" in flags else "export"
        )
        maps = self._tracer.trace(names, path, notebook.text, variables, options)
        return ShownMaps(tuple(maps), "--full" in flags)


def load(shell: Any) -> None:
    """Add the magics to a shell."""
    shell.register_magic_function(_Magic(shell), magic_kind="line_cell", magic_name=_NAME)


def unload(shell: Any) -> None:
    """Remove the magics from a shell, and end their tracer."""
    for magics in shell.magics_manager.magics.values():
        magic = magics.pop(_NAME, None)
        if isinstance(magic, _Magic):
            magic.close()


def _split(line: str) -> tuple[set[str], str]:
    """Return the flags of a line, before or after its subject, and the subject. Raises NothingToTrace."""
    flags, words = set(), line.split(" ")
    while words and (words[0].startswith("--") or not words[0]):
        flags.add(words.pop(0))
    while words and (words[-1].startswith("--") or not words[-1]):
        flags.add(words.pop())
    for flag in sorted(flags - {"", *_FLAGS}):
        raise NothingToTrace(f"there is no {flag}: {_USAGE}")
    return flags, " ".join(words)


def _classes_in(cell: str) -> list[str]:
    found = {definition.qualname for definition in definitions(without_magics(cell))}
    return [each.qualname for each in definitions(without_magics(cell)) if f"{each.qualname}.forward" in found]


def _target(subject: str, variables: Mapping[str, Any]) -> str:
    """Return the qualified name of the class or function that an expression names or calls. Raises NothingToTrace."""
    try:
        node: ast.expr = ast.parse(subject, mode="eval").body
    except SyntaxError as error:
        raise NothingToTrace(f"{subject} is not Python ({error.msg}): {_USAGE}") from None
    while isinstance(node, ast.Call):
        node = node.func
    dotted = ast.unparse(node)
    if not all(part.isidentifier() for part in dotted.split(".")):
        raise NothingToTrace(f"{subject} is neither a name nor a call: {_USAGE}")
    first = dotted.split(".")[0]
    value = variables.get(first)
    if value is None or isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return dotted
    return type(value).__qualname__  # an instance: what is traced is its class
