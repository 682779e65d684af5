"""The candidate examples of a target, best first: the rungs of the ladder as far as the server knows them.

An option alone; else what is pinned; else what can be recorded in the call of a class that contains the target, what
call sites say, what can be recorded in the call of a guess, and a guess (see `aotlens_tracer.examples.ladder`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aotlens.syntax.containment import containers
from aotlens.syntax.definitions import Definition
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.protocol import ExampleSource, Root

from .project import find_project_file

MOST_ROOTS = 4
"""In the calls of so many classes a target is looked for."""


@dataclass(frozen=True)
class Built:
    """A target that was built: by which example of its own, and of which classes its modules are (path, name)."""

    path: str
    qualname: str
    source: ExampleSource
    classes: frozenset[tuple[str, str]]


def built_by(map: DescriptorMap, examples: Sequence[ExampleSource]) -> Built | None:
    """What a trace built, also where it failed later; None where nothing was, or not by an example of its own."""
    example = map.example
    if example is None or example.candidate is None or not map.modules:
        return None
    source = examples[example.candidate]
    if source.root is not None:
        return None
    if source.origin == "inferred":
        if example.pin is None:
            return None
        source = replace(source, expression=example.pin)
    classes = frozenset((item.class_path, item.type) for item in map.modules if item.class_path is not None)
    return Built(map.target.path, map.target.qualname, source, classes)


@dataclass(frozen=True)
class File:
    """What the ladder has to know of a target's file.

    `contained` says which of its classes build which others, `in_project` is what the project pins, `call_sites` what
    was found in the workspace, both by qualified name. `built` are the targets that were built so far, in any file.
    """

    path: Path
    definitions: Sequence[Definition]
    in_project: Mapping[str, Sequence[str]] = field(default_factory=dict)
    contained: Mapping[str, frozenset[str]] = field(default_factory=dict)
    call_sites: Mapping[str, Sequence[ExampleSource]] = field(default_factory=dict)
    built: Sequence[Built] = ()


def candidates(file: File, qualname: str, option: str | None = None) -> tuple[ExampleSource, ...]:
    """The examples to try for a target, best first."""
    if option is not None:
        return (ExampleSource(option, "option"),)
    given = pinned(file.path, qualname, file.definitions, file.in_project)
    if given or not any(item.kind == "class" for item in _meant(qualname, file.definitions)):
        return given
    roots = _roots(file, qualname)
    surely = [root for root in roots if root.examples[0].origin != "inferred"]
    guessed = [root for root in roots if root.examples[0].origin == "inferred"]
    return (
        *(_recorded(root) for root in surely),
        *file.call_sites.get(qualname, ()),
        *(_recorded(root) for root in guessed),
        ExampleSource("", "inferred"),
    )


def holders(file: File, qualname: str) -> list[Built]:
    """What was built so far with an instance of a class in it."""
    wanted = (str(file.path), qualname)
    return [item for item in file.built if wanted in item.classes and (item.path, item.qualname) != wanted]


def to_build_first(file: File, qualname: str) -> list[str]:
    """The classes in whose call a target may be recorded, where nothing but a guess is known of it: outermost first."""
    if [source.origin for source in candidates(file, qualname)] != ["inferred"]:
        return []
    return containers(qualname, file.contained)[:MOST_ROOTS]


def _recorded(root: Root) -> ExampleSource:
    return ExampleSource("", "recorded", root=root)


def _roots(file: File, qualname: str) -> list[Root]:
    """The targets in whose call this one may be found: those known to contain it, then those that may, by the text."""
    path = str(file.path)
    known = {(item.path, item.qualname) for item in file.built}
    holding = containers(qualname, file.contained)

    def order(item: Built) -> tuple[bool, str, int, str]:
        depth = holding.index(item.qualname) if item.path == path and item.qualname in holding else len(holding)
        return item.path != path, item.path, depth, item.qualname

    roots = [Root(item.path, item.qualname, (item.source,)) for item in sorted(holders(file, qualname), key=order)]
    for name in holding:
        if (path, name) not in known:
            given = pinned(file.path, name, file.definitions, file.in_project)
            found = given or tuple(file.call_sites.get(name, ()))
            roots += [Root(path, name, found)] if found else []
    roots.sort(key=lambda root: _ORDER.index(root.examples[0].origin))
    return roots[:MOST_ROOTS]


_ORDER = ("option", "pinned", "call-site", "inferred")


def from_preferred(examples: tuple[ExampleSource, ...], preferred: ExampleSource | None) -> tuple[ExampleSource, ...]:
    """The same examples, from the one on that the user prefers, wherever it stands by now."""
    for index, example in enumerate(examples):
        if preferred is not None and _identity(example) == _identity(preferred):
            return examples[index:] + examples[:index]
    return examples


def _identity(example: ExampleSource) -> tuple[object, ...]:
    root = (example.root.path, example.root.qualname) if example.root is not None else None
    return example.origin, example.expression, example.path, root, *(item.text for item in example.prelude)


def pinned(
    path: Path, qualname: str, definitions: Sequence[Definition], in_project: Mapping[str, Sequence[str]]
) -> tuple[ExampleSource, ...]:
    """The examples that are pinned: in comments, then in pyproject.toml."""
    found = [
        ExampleSource(pin.expression, "pinned", str(path), pin.line, pin.column, definition.line)
        for definition in _meant(qualname, definitions)
        for pin in definition.pins
    ]
    project = find_project_file(path) if in_project.get(qualname) else None
    for expression in in_project.get(qualname, ()):
        found.append(ExampleSource(expression, "pinned", str(project), _line_of(project, qualname)))
    return tuple(found)


def definition_lines(qualname: str, definitions: Sequence[Definition]) -> tuple[int, ...]:
    """The lines of every definition of that name: there may be several, or one inside a function."""
    return tuple(definition.line for definition in _meant(qualname, definitions))


def _meant(written: str, definitions: Sequence[Definition]) -> list[Definition]:
    """The definitions that a name as its user may write it stands for.

    Without `<locals>` in it, and, where nothing else has that name, without the function that something is in.
    """
    short = written.replace(".<locals>", "")
    found = [definition for definition in definitions if definition.qualname.replace(".<locals>", "") == short]
    return found or [definition for definition in definitions if definition.qualname.endswith(f".<locals>.{written}")]


def _line_of(project: Path | None, qualname: str) -> int | None:
    """The line of pyproject.toml that pins this target."""
    if project is None:
        return None
    lines = project.read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if f"::{qualname}" in line.partition("=")[0]), None)
