"""The examples of the targets of a workspace: what was built, where calls stand, which one the user prefers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from aotlens.model.snapshot import TargetKey
from aotlens.model.trust import Trust
from aotlens.syntax.containment import containers, containment_in
from aotlens.syntax.interfaces import interface_of
from aotlens.syntax.training_steps import step_examples
from aotlens.text.documents import Document
from aotlens_tracer.wire.protocol import ExampleSource

from .built import Built, built_by
from .call_sites import CallSitesOfFolders
from .candidates import File, candidates, from_preferred
from .last_good import LastGood, is_traced_guess, last_good_call
from .pinned import definition_lines
from .project import pinned_in_project

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap


@dataclass(frozen=True)
class FoundExamples:
    """The examples to try for a target, best first, and which classes of its file build which others.

    `interface` is what the text says of the target's arguments.
    """

    examples: tuple[ExampleSource, ...]
    contained: Mapping[str, frozenset[str]]
    interface: str = ""


@dataclass(frozen=True)
class KnownExamples:
    """The facts at one moment from which the examples of one target are found. Immutable, but for its caches.

    `trust` says whose code may be part of an example.
    """

    key: TargetKey
    trust: Trust
    built: tuple[Built, ...]
    preferred: ExampleSource | None
    call_sites: CallSitesOfFolders
    last_good: LastGood | None = None
    passed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def find(self, document: Document, folder: Path, texts: Mapping[str, str]) -> FoundExamples:
        """Find the examples to try for the target.

        `document` holds the target. Call sites are looked for in `folder`; `texts` are those of open documents, by
        path. Reads many files: never call this on the event loop. Raises BadProjectFile.
        """
        path, definitions = Path(self.key.path), document.definitions
        classes = [definition.qualname for definition in definitions if definition.kind == "class"]
        calls = self.call_sites.of(folder, self.trust)
        sites = calls.of(path, classes, texts)
        contained = containment_in(document.tree)
        steps = step_examples(
            self.key.path, document.text, [self.key.qualname], lambda name: calls.calling(path, name, texts)
        )
        lines = definition_lines(self.key.qualname, definitions)
        interface = interface_of(document, lines[-1]) if lines else ""
        file = File(
            path,
            definitions,
            pinned_in_project(path, self.trust.outermost(self.key.path)),
            contained,
            sites,
            document.steps,
            steps,
            {} if steps else calls.steps_with(path, classes, texts),
            built=self.built,
            last_good=self.last_good,
            interface=interface,
        )
        found = from_preferred(candidates(file, self.key.qualname), self.preferred)
        found = tuple(replace(each, passed=self.passed, left_out=self.left_out) for each in found)
        return FoundExamples(found, contained, interface)


class ExampleMemory:
    """The facts about examples from earlier traces, texts and the user. Belongs to the event loop; reads no files."""

    def __init__(self, call_sites: CallSitesOfFolders | None = None) -> None:
        self._contained: dict[str, Mapping[str, frozenset[str]]] = {}
        self._built: dict[TargetKey, Built] = {}
        self._call_sites = call_sites or CallSitesOfFolders()
        # The examples that the last trace of a target could choose from, and the index of the one it chose.
        self._offered: dict[TargetKey, tuple[tuple[ExampleSource, ...], int]] = {}
        self._preferred: dict[TargetKey, ExampleSource] = {}
        self._last_good: dict[TargetKey, LastGood] = {}
        # The optional arguments of a target's call that the user wants to be passed (True), or left out.
        self._arguments: dict[TargetKey, dict[str, bool]] = {}

    def known(self, key: TargetKey, trust: Trust) -> KnownExamples:
        """Return the facts about the examples of a target as they are now, with code of trusted files alone."""
        preferred, last_good = self._preferred.get(key), self._last_good.get(key)
        wanted = self._arguments.get(key, {})
        passed = tuple(name for name, is_passed in wanted.items() if is_passed)
        left_out = tuple(name for name, is_passed in wanted.items() if not is_passed)
        built = tuple(one for one in self._built.values() if trust.covers(one.path))
        return KnownExamples(key, trust, built, preferred, self._call_sites, last_good, passed, left_out)

    def steps_from(self, path: str, folder: Path, texts: Mapping[str, str]) -> list[TargetKey]:
        """Return the training steps of other files that a script calls. Reads many files, as `KnownExamples.find`."""
        roots = self._call_sites.of(folder).steps_from(Path(path), texts)
        return [TargetKey(root.path, root.qualname) for root in roots]

    def set_contained(self, path: str, contained: Mapping[str, frozenset[str]]) -> None:
        """Remember which classes of a file build which others."""
        self._contained[path] = contained

    def depth(self, key: TargetKey) -> int:
        """Return the number of classes of its file that may build a target."""
        return len(containers(key.qualname, self._contained.get(key.path, {})))

    def record(
        self, key: TargetKey, map: DescriptorMap, examples: tuple[ExampleSource, ...], interface: str
    ) -> Built | None:
        """Remember which example a trace chose and what it built. Returns what it built, if anything.

        `interface` is what the traced text says of the target's arguments.
        """
        chosen = map.example.candidate if map.example is not None else None
        self._offered[key] = _choices(examples, chosen or 0, map.status == "traced")
        built = built_by(map, examples)
        if built is not None:
            self._built[key] = built
        good = last_good_call(map, examples, interface)
        if good is not None:
            self._last_good[key] = good
        return built

    def offered(self, key: TargetKey) -> int:
        """Return the number of examples that the last trace of a target could choose from."""
        return len(self._offered.get(key, ((), 0))[0])

    def prefer_next(self, key: TargetKey) -> bool:
        """Prefer the example after the one that the last trace chose. Returns whether there is another one."""
        offered, chosen = self._offered.get(key, ((), 0))
        if len(offered) < 2:
            return False
        if is_traced_guess(offered[chosen]):
            self._last_good.pop(key, None)
        self._preferred[key] = offered[(chosen + 1) % len(offered)]
        return True

    def pass_arguments(self, key: TargetKey, names: Iterable[str]) -> None:
        """Have the call of a target pass these arguments too, whatever its example says."""
        self._arguments.setdefault(key, {}).update(dict.fromkeys(names, True))

    def leave_out_arguments(self, key: TargetKey, names: Iterable[str]) -> None:
        """Have the call of a target leave these arguments out, whatever its example says."""
        self._arguments.setdefault(key, {}).update(dict.fromkeys(names, False))

    def forget_file(self, path: str) -> None:
        """Forget which classes of a file build which others."""
        self._contained.pop(path, None)

    def forget(self, key: TargetKey) -> None:
        """Forget a target that no longer exists."""
        self._built.pop(key, None)
        self._offered.pop(key, None)
        self._preferred.pop(key, None)
        self._last_good.pop(key, None)
        self._arguments.pop(key, None)


def _choices(
    examples: tuple[ExampleSource, ...], chosen: int, is_traced: bool
) -> tuple[tuple[ExampleSource, ...], int]:
    """Return the examples that a user can choose from, and the index of the chosen one.

    A guess that is traced again is no other choice than the guess.
    """
    if not (is_traced and is_traced_guess(examples[chosen])):
        return examples, chosen
    choices = examples[:chosen] + examples[chosen + 1 :]
    return choices, next(index for index, example in enumerate(choices) if example.origin == "inferred")
