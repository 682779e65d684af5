"""What the language server knows of examples: what was built, where calls stand, what a user prefers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aotlens.model.snapshot import TargetKey
from aotlens.syntax.containment import containers, containment_in
from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap
from aotlens_tracer.wire.protocol import ExampleSource

from .call_sites import CallSites
from .candidates import Built, File, built_by, candidates, from_preferred
from .project import pinned_in_project


class KnownExamples:
    """The examples of the targets of a workspace. `read` and `of` look through texts: not for the event loop."""

    def __init__(self) -> None:
        self._contained: dict[str, Mapping[str, frozenset[str]]] = {}
        self._built: dict[TargetKey, Built] = {}
        self._call_sites: dict[Path, CallSites] = {}
        # The examples that a target's last trace could choose from, and which of them it chose.
        self._offered: dict[TargetKey, tuple[tuple[ExampleSource, ...], int]] = {}
        self._preferred: dict[TargetKey, ExampleSource] = {}

    def read(self, document: Document) -> Mapping[str, frozenset[str]]:
        """Which classes of a document build which others, as its text is now."""
        self._contained[document.path] = contained = containment_in(document.tree)
        return contained

    def of(
        self, key: TargetKey, document: Document, folder: Path, texts: Mapping[str, str]
    ) -> tuple[ExampleSource, ...]:
        """The examples to try for a target of a document, best first.

        Call sites are looked for in the folder; `texts` are those of open documents. Raises BadProjectFile.
        """
        path, known = Path(key.path), document.definitions
        classes = [definition.qualname for definition in known if definition.kind == "class"]
        contained = self.read(document)
        found = self._call_sites.setdefault(folder, CallSites(folder)).of(path, classes, texts)
        file = File(path, known, pinned_in_project(path), contained, found, tuple(self._built.copy().values()))
        return from_preferred(candidates(file, key.qualname), self._preferred.get(key))

    def depth(self, key: TargetKey) -> int:
        """How many classes of its file may build a target."""
        return len(containers(key.qualname, self._contained.get(key.path, {})))

    def served(self, key: TargetKey, map: DescriptorMap, examples: tuple[ExampleSource, ...]) -> Built | None:
        """Remember which example a trace chose, and what it built, which it returns."""
        chosen = map.example.candidate if map.example is not None else None
        self._offered[key] = (examples, chosen or 0)
        built = built_by(map, examples)
        if built is not None:
            self._built[key] = built
        return built

    def offered(self, key: TargetKey) -> int:
        """How many examples the last trace of a target could choose from."""
        return len(self._offered[key][0])

    def prefer_next(self, key: TargetKey) -> bool:
        """Prefer the example after the one that served; whether there is another one."""
        offered, served = self._offered.get(key, ((), 0))
        if len(offered) < 2:
            return False
        self._preferred[key] = offered[(served + 1) % len(offered)]
        return True

    def forget(self, key: TargetKey) -> None:
        """A target is no more."""
        self._built.pop(key, None)
        self._offered.pop(key, None)
        self._preferred.pop(key, None)
