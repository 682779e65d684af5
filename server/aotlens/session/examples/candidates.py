"""The candidate examples of a target, best first: the rungs of the ladder that the server can name.

An option excludes all others, and so do pinned examples. Otherwise, in this order: a recording in the call of a class
that contains the target, call sites, a recording in the call of a guess, and a guess.
`aotlens_tracer.examples.ladder` decides when the next one is tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aotlens.syntax.containment import containers
from aotlens.syntax.definitions import Definition
from aotlens.syntax.step_places import StepPlace
from aotlens_tracer.wire.protocol import ExampleSource, Root, Sibling
from aotlens_tracer.wire.training_steps import is_step

from .built import Built
from .last_good import LastGood, identity, with_last_good
from .pinned import definitions_named, pinned

MOST_SIBLINGS = 8
"""The number of other classes of the file whose values a guess may have."""
MOST_ROOTS = 4
"""The number of classes in whose calls a target is looked for."""
_ORDER = ("option", "pinned", "call-site", "inferred")


@dataclass(frozen=True)
class File:
    """The facts about a target's file from which its candidates follow.

    By qualified name: `in_project` has the examples that the project pins, `contained` the classes of the file that a
    class builds, and `call_sites` the calls found in the workspace. `places` are the training steps of the file, and
    `steps` their slices; `steps_with` has the steps of the workspace that build a class, and `called` are the steps of
    other files that the file calls. `trains` says that importing the file would train. `built` are the targets that
    were built so far, in any file. `last_good` is the call of the target's last good trace, None if there was none, and
    `interface` is what the text says of its arguments now. `notebook` is the code of a notebook, empty for other files.
    """

    path: Path
    definitions: Sequence[Definition]
    in_project: Mapping[str, tuple[ExampleSource, ...]] = field(default_factory=dict)
    contained: Mapping[str, frozenset[str]] = field(default_factory=dict)
    call_sites: Mapping[str, Sequence[ExampleSource]] = field(default_factory=dict)
    places: Sequence[StepPlace] = ()
    steps: Mapping[str, ExampleSource] = field(default_factory=dict)
    steps_with: Mapping[str, Sequence[Root]] = field(default_factory=dict)
    called: Sequence[Root] = ()
    trains: bool = False
    built: Sequence[Built] = ()
    last_good: LastGood | None = None
    interface: str = ""
    notebook: str = ""

    def pinned(self, qualname: str) -> tuple[ExampleSource, ...]:
        """Return the pinned examples of a target of the file."""
        return pinned(str(self.path), qualname, self.definitions, self.in_project)


def candidates(file: File, qualname: str, option: str | None = None) -> tuple[ExampleSource, ...]:
    """Return the examples to try for a target, best first."""
    if option is not None:
        return (ExampleSource(option, "option"),)
    if is_step(qualname):
        return (file.steps[qualname],) if qualname in file.steps else ()
    given = file.pinned(qualname)
    if given or not any(item.kind == "class" for item in definitions_named(qualname, file.definitions)):
        return given
    roots = _roots(file, qualname)
    known = [root for root in roots if root.examples[0].origin != "inferred"]
    guessed = [root for root in roots if root.examples[0].origin == "inferred"]
    ways = (
        *(_recorded(root) for root in known),
        *file.call_sites.get(qualname, ()),
        *(_recorded(root) for root in guessed),
        ExampleSource("", "inferred", siblings=_siblings(file, qualname)),
    )
    return with_last_good(ways, file.last_good, file.interface)


def holders(file: File, qualname: str) -> list[Built]:
    """Return the other targets, built so far, that contain an instance of a class."""
    wanted = (str(file.path), qualname)
    return [item for item in file.built if wanted in item.classes and (item.path, item.qualname) != wanted]


def to_build_first(file: File, qualname: str) -> list[str]:
    """Return the classes in whose call a target may be recorded, outermost first, if only a guess is known for it."""
    if [source.origin for source in candidates(file, qualname)] != ["inferred"]:
        return []
    return containers(qualname, file.contained)[:MOST_ROOTS]


def _siblings(file: File, qualname: str) -> tuple[Sibling, ...]:
    """Return the other classes of the file that were built so far by one expression."""
    built = (one for one in file.built if one.path == str(file.path) and one.qualname != qualname)
    found = [Sibling(one.qualname, one.source.expression) for one in built if not one.source.prelude]
    return tuple(each for each in found if each.expression)[-MOST_SIBLINGS:]


def from_preferred(examples: tuple[ExampleSource, ...], preferred: ExampleSource | None) -> tuple[ExampleSource, ...]:
    """Rotate the examples so that the one that the user prefers comes first, even if it has moved in its file.

    Who prefers a guess prefers the one that was traced, if there is one.
    """
    if preferred is None:
        return examples
    for index, example in enumerate(examples):
        is_guess = example.origin == preferred.origin == "inferred"
        if is_guess or identity(example) == identity(preferred):
            return examples[index:] + examples[:index]
    return examples


def _recorded(root: Root) -> ExampleSource:
    return ExampleSource("", "recorded", root=root)


def _roots(file: File, qualname: str) -> list[Root]:
    """Return the targets in whose call this one may be recorded.

    Those that were built with it come first, then those that may build it according to the text. A training step comes
    before a call that stands alone.
    """
    path = str(file.path)
    known = {(item.path, item.qualname) for item in file.built}
    holding = containers(qualname, file.contained)

    def order(item: Built) -> tuple[bool, str, int, str]:
        depth = holding.index(item.qualname) if item.path == path and item.qualname in holding else len(holding)
        return item.path != path, item.path, depth, item.qualname

    roots = [Root(item.path, item.qualname, (item.source,)) for item in sorted(holders(file, qualname), key=order)]
    for name in holding:
        if (path, name) not in known:
            found = file.pinned(name) or tuple(file.call_sites.get(name, ()))
            roots += [Root(path, name, found)] if found else []
    steps = [root for name in (qualname, *holding) for root in file.steps_with.get(name, ())]
    roots += [root for root in dict.fromkeys(steps) if (root.path, root.qualname) not in known]
    roots.sort(key=lambda root: (_ORDER.index(root.examples[0].origin), root.examples[0].step is None))
    return roots[:MOST_ROOTS]
