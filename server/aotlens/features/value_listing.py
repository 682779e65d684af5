"""The code of the functions that ran, line by line, with the values of each line: an annotated listing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from aotlens.explain.value_hints import FAILS, values_in_full
from aotlens.model.recorded import Tensor, recorded_in
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.model.values import Had, values_on_lines
from aotlens.text.documents import Document
from aotlens.text.uris import uri_of
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.values import FunctionRun

from .value_hints import value_hints


@dataclass(frozen=True)
class ListedLine:
    """A line of code, the values of the line in brief, and each value in full if it differs between calls."""

    number: int
    code: str
    label: str = ""
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """A function that ran: its file and qualified name, the modules that it ran in, and its lines.

    `sizes` are the sizes of the dimensions that have a name, if each of them was always the same.
    """

    path: str
    qualname: str
    modules: tuple[str, ...]
    sizes: tuple[tuple[str, int], ...]
    lines: tuple[ListedLine, ...]


def listings(map: DescriptorMap, texts: Mapping[str, str]) -> list[Listing]:
    """The functions of some files (their texts by path) that ran in the recorded call of a map."""
    if map.values is None:
        return []
    key = TargetKey(map.target.path, map.target.qualname)
    documents = {path: Document(uri_of(path), path, 1, text) for path, text in texts.items()}
    state = TargetState(key, attempt=map, attempt_versions=MappingProxyType(dict.fromkeys(documents, 1)))
    snapshot = Snapshot(MappingProxyType(documents), MappingProxyType({key: state}))
    found: list[Listing] = []
    for file in map.values.files:
        last = 0
        for function in sorted(file.functions, key=lambda each: (each.line, -each.end_line)):
            if file.path in documents and function.end_line > last:  # one in another is listed with that
                found.append(_listing(snapshot, documents[file.path], map, function))
                last = function.end_line
    return found


def _listing(snapshot: Snapshot, document: Document, map: DescriptorMap, function: FunctionRun) -> Listing:
    assert map.values is not None
    calls = recorded_in(map.values).calls
    lines = range(function.line, function.end_line + 1)
    labels = {hint.line: hint.label for hint in value_hints(snapshot, document, lines.start, lines.stop - 1)}
    failed = map.values.failed
    if failed is not None and failed.path == document.path and failed.line in lines:
        labels[failed.line] = FAILS
    differing: dict[int, list[str]] = {}
    values = values_on_lines(snapshot, document, lines.start, lines.stop - 1)
    for had in values:
        if len(had.cases) > 1 and had.role != "expression":
            name = "return" if had.role == "result" else document.text_in(had.span)
            text = values_in_full(name, had)
            if text.removeprefix(f"{name}: ").removeprefix("int ") not in labels.get(had.span.line, ""):
                differing.setdefault(had.span.line, []).append(text)
    return Listing(
        document.path,
        function.qualname,
        tuple(dict.fromkeys(module for call in function.calls if (module := calls[call].module) is not None)),
        tuple(_sizes(values)),
        tuple(
            ListedLine(line, document.line(line).rstrip(), labels.get(line, ""), tuple(differing.get(line, ())))
            for line in lines
        ),
    )


def _sizes(values: Sequence[Had]) -> Iterator[tuple[str, int]]:
    found: dict[str, set[int]] = {}
    tensors = [case.value for had in values for case in had.cases if isinstance(case.value, Tensor)]
    for size in (size for tensor in tensors for size in tensor.sizes):
        if size.name is not None and size.name.isidentifier() and isinstance(size.size, int):
            found.setdefault(size.name, set()).add(size.size)
    yield from ((name, min(sizes)) for name, sizes in found.items() if len(sizes) == 1)
