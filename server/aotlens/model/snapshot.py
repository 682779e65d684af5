"""What a feature may look at: the documents and maps of one moment. Immutable.

Lines and columns are 1-based, columns in Unicode code points, ends exclusive, as in a descriptor map.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from aotlens.text.documents import Document
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure, Span
from aotlens_tracer.wire.protocol import ExampleSource

Status = Literal["untraced", "waiting", "tracing", "traced", "failed", "cancelled"]
Change = Literal["code", "settings", "folders"]
_INSTALLED = re.compile(r"[/\\](?:site-packages|dist-packages|lib[/\\]python3\.\d+)[/\\]")


@dataclass(frozen=True)
class TargetKey:
    """Names a target: the absolute path of its file, and its qualified name. As text: `path::Qualname`."""

    path: str
    qualname: str

    def __str__(self) -> str:
        return f"{self.path}::{self.qualname}"

    @property
    def is_in_file(self) -> bool:
        """Whether the text is one of a file, which can be imported: not a new one, nor a cell of a notebook."""
        return os.path.isabs(self.path)

    @classmethod
    def parse(cls, text: str) -> TargetKey:
        """The target that a text names. Raises ValueError."""
        path, separator, qualname = text.rpartition("::")
        if not (separator and path and qualname):
            raise ValueError(f"{text!r} is not path::Qualname")
        return cls(path, qualname)


@dataclass(frozen=True)
class TargetState:
    """All that is known of a target.

    `map` is the last good map; `versions` the versions of the open documents that it was traced from, by path.
    `stale` says that something has changed since, which is `changed`, or that a newer trace failed. `failure` is that
    of the last attempt. `stage` is what a running trace is doing. `examples` are those that are pinned, in their order;
    `offered` is how many examples the last trace could choose from, `draft` an expression that it came furthest with.
    """

    key: TargetKey
    status: Status = "untraced"
    map: DescriptorMap | None = None
    versions: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    stale: bool = False
    changed: Change = "code"
    failure: Failure | None = None
    stage: str | None = None
    examples: tuple[ExampleSource, ...] = ()
    offered: int = 0
    draft: str | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether it was traced as it is called in another target, whose map then says the same and more."""
        return self.map is not None and self.map.example is not None and self.map.example.origin == "recorded"

    def outdated(self, changed: Change = "code") -> TargetState:
        """The same state after such a change: what it has is of before. The first change is the one to tell."""
        if self.map is None or self.stale:
            return self
        return replace(self, stale=True, changed=changed)


@dataclass(frozen=True)
class Snapshot:
    """The state of the session at one moment.

    `documents` are the open ones by path. `contexts` says which target's map answers for a class that occurs in
    several, where the user has chosen: from the class to the target. Of the `excluded` files (by path) nothing is
    traced before the user asks for it, nor of any where `manual` is set. The `read_only` ones cannot be written to.
    """

    documents: Mapping[str, Document]
    states: Mapping[TargetKey, TargetState]
    contexts: Mapping[TargetKey, TargetKey] = field(default_factory=lambda: MappingProxyType({}))
    trusted: bool = True
    excluded: frozenset[str] = frozenset()
    manual: bool = False
    read_only: frozenset[str] = frozenset()

    def can_edit(self, document: Document) -> bool:
        """Whether an edit of a document is to be offered: not of an installed package, which is nobody's to change."""
        return document.path not in self.read_only and _INSTALLED.search(document.path) is None

    def now(self, state: TargetState, span: Span) -> Span | None:
        """Where a span of the state's map is in today's text; None where an edit has destroyed it."""
        document = self.documents.get(span.path)
        version = state.versions.get(span.path)
        if document is None or version is None:
            return span
        return document.carry(version, span)

    def then(self, state: TargetState, path: str, line: int, column: int) -> tuple[int, int] | None:
        """Where a position of today's text was in the text that the state's map was traced from; None if it is new."""
        document = self.documents.get(path)
        version = state.versions.get(path)
        if document is None or version is None:
            return line, column
        return document.back(version, line, column)

    def maps(self) -> list[TargetState]:
        """The states that have a map."""
        return [state for state in self.states.values() if state.map is not None]

    def models(self) -> list[TargetState]:
        """The states that have a map, those apart of which another map says all and more."""
        return [state for state in self.maps() if not self.is_part(state)]

    def is_part(self, state: TargetState) -> bool:
        """Whether a target was traced as it is called in another one, which has a good map itself."""
        example = state.map.example if state.map is not None else None
        if example is None or example.recorded_in is None:
            return False
        root = self.states.get(TargetKey.parse(example.recorded_in))
        return root is not None and root.map is not None and root.status != "failed"
