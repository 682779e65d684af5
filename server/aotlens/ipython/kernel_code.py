"""The code that a kernel has run, as a notebook, and what the user's variables hold, as code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aotlens.session.examples.call_sites import CallSites
from aotlens.session.examples.candidates import File
from aotlens.syntax.containment import containment
from aotlens.syntax.definitions import definitions
from aotlens.syntax.name_flow import flow_of
from aotlens.syntax.parsing import parse
from aotlens.text.notebooks import KERNEL, CodeCell, JoinedNotebook, joined, remember
from aotlens_tracer.wire.protocol import ExampleSource
from aotlens_tracer.wire.statements import Statement

_LONGEST_TEXT = 200
_PLAIN = (bool, int, float, str, type(None))


def code_of_kernel(cells: Sequence[str], folder: Path) -> tuple[Path, JoinedNotebook]:
    """Return the cells of a kernel, as they were entered, as one text; and the path that stands for it."""
    path = folder / KERNEL
    notebook = joined(CodeCell(number, text) for number, text in enumerate(cells) if number)
    remember(str(path), notebook)
    return path, notebook


def file_of_kernel(path: Path, text: str) -> File:
    """Return what is known of the targets in the code of a kernel. Reads the files of its folder."""
    known = definitions(text)
    classes = [definition.qualname for definition in known if definition.kind == "class"]
    sites = CallSites(path.parent).of(path, classes, {str(path): text})
    return File(path, known, contained=containment(text), call_sites=sites, notebook=text)


def with_values(example: ExampleSource, path: Path, variables: Mapping[str, Any]) -> ExampleSource:
    """Return an example whose tensors and numbers are like those that the user's variables hold.

    The code that made them, such as that of a data loader, is then not run. The values of tensors are zeros.
    """
    code = "\n".join([*(statement.text for statement in example.prelude), example.expression])
    values = tuple(
        Statement(text, str(path), 1) for text in _assignments(flow_of(parse(code).root_node).reads, variables)
    )
    return replace(example, prelude=(*values, *example.prelude)) if values else example


def _assignments(names: Iterable[str], variables: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(names):
        if name in variables and (value := _as_code(variables[name])) is not None:
            yield f"{name} = {value}"


def _as_code(value: Any) -> str | None:
    """Return code for a tensor or a plain value; None for anything else."""
    kind = type(value)
    if kind in _PLAIN:
        text = repr(value)
        return text if len(text) <= _LONGEST_TEXT and text not in ("nan", "inf", "-inf") else None
    if (kind.__module__, kind.__name__) != ("torch", "Tensor"):
        return None
    size = tuple(int(each) for each in value.shape)
    grad = ", requires_grad=True" if value.requires_grad else ""
    return f"__import__('torch').zeros({size}, dtype=__import__('torch').{str(value.dtype).rpartition('.')[2]}, " + (
        f"device={str(value.device)!r}{grad})"
    )
