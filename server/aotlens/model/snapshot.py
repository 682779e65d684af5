"""The input of all features: the documents and maps of one moment. Immutable.

Lines and columns are 1-based, columns in Unicode code points, ends exclusive, as in a descriptor map.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from aotlens.text.documents import Document
from aotlens_tracer.wire.places import Span
from aotlens_tracer.wire.protocol import Convention, ExampleSource

from .trust import EVERYWHERE, Trust

if TYPE_CHECKING:  # not needed before there is a map, and many classes
    from aotlens_tracer.wire.descriptor_map import DescriptorMap, Failure

    from .lock import Lock

Status = Literal["untraced", "waiting", "tracing", "traced", "failed", "cancelled"]
Change = Literal["code", "settings", "folders", "session"]
"""The things that make a map stale; `session`: it was kept from the last session, and no trace has confirmed it yet."""

_INSTALLED = re.compile(r"[/\\](?:site-packages|dist-packages|lib[/\\]python3\.\d+)[/\\]")


@dataclass(frozen=True)
class TargetKey:
    """The key of a target: the absolute path of its file, and its qualified name. As text: `path::Qualname`."""

    path: str
    qualname: str

    def __str__(self) -> str:
        return f"{self.path}::{self.qualname}"

    @property
    def is_in_file(self) -> bool:
        """Whether the target is in a file, which can be imported, and not in an unsaved text or a notebook."""
        return os.path.isabs(self.path)

    @classmethod
    def parse(cls, text: str) -> TargetKey:
        """The key that a text spells. Raises ValueError if it is not `path::Qualname`."""
        path, separator, qualname = text.rpartition("::")
        if not (separator and path and qualname):
            raise ValueError(f"{text!r} is not path::Qualname")
        return cls(path, qualname)


def other_than(convention: Convention) -> Convention:
    """The other one of the two conventions."""
    return "compile" if convention == "export" else "export"


@dataclass(frozen=True)
class OtherMap:
    """Everything that is known about a target in the convention that is not shown. The fields are as in `TargetState`.

    `is_under_way` says that a trace of it waits or is running.
    """

    map: DescriptorMap | None = None
    versions: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    stale: bool = False
    changed: Change = "code"
    failure: Failure | None = None
    is_under_way: bool = False

    def outdated(self, changed: Change) -> OtherMap:
        """The same after such a change: a map is stale, and what failed may succeed now."""
        if self.map is None:
            return replace(self, failure=None) if self.failure is not None else self
        return self if self.stale else replace(self, stale=True, changed=changed)


@dataclass(frozen=True)
class TargetState:
    """Everything that is known about a target.

    `convention` is the calling convention that is shown, and `chosen` says that the user chose it for this target.
    `map` is the last good map of that convention, and `versions` are the versions of the open documents that it was
    traced from, by path. `stale` says that something has changed since then (`changed` says what), or that a newer
    trace failed. `failure` belongs to the last attempt, None if it succeeded; `failure_versions` are the documents'
    versions in which it has its places. `stage` is the stage of a running trace.
    `other` has the same of the other convention.

    `attempt` is what the latest trace knows without any graph, whether it succeeded, failed or still runs: a map with
    the example, the modules, their state and the recorded values. `attempt_versions` are its documents' versions, and
    `attempt_stale` says that something has changed since.

    `examples` are the pinned ones, in their order. `offered` is the number of examples that the last trace could choose
    from, and `draft` the expression that got furthest if none of them works.
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
    convention: Convention = "export"
    chosen: bool = False
    other: OtherMap = OtherMap()
    attempt: DescriptorMap | None = None
    attempt_versions: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    attempt_stale: bool = False
    failure_versions: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def settled(self) -> Status:
        """The status of the target if nothing is under way."""
        if self.failure is not None:
            return "failed"
        return "traced" if self.map is not None else "untraced"

    @property
    def is_recorded(self) -> bool:
        """Whether the map was recorded in the call of another target, whose map has the same information and more.

        Before there is a map, the latest attempt counts.
        """
        map = self.map if self.map is not None else self.attempt
        return map is not None and map.example is not None and map.example.origin == "recorded"

    @property
    def maps(self) -> tuple[DescriptorMap, ...]:
        """The last good maps of both conventions, that which is shown first."""
        return tuple(map for map in (self.map, self.other.map) if map is not None)

    def outdated(self, changed: Change = "code", convention: Convention | None = None) -> TargetState:
        """The same state, with its maps stale because of such a change. An earlier change stays the reported one.

        `convention` is that of the maps that the change concerns; None for both.
        """
        state = self
        if convention != self.convention and (other := self.other.outdated(changed)) is not self.other:
            state = replace(state, other=other)
        if convention in (self.convention, None) and self.map is not None and not self.stale:
            state = replace(state, stale=True, changed=changed)
        if convention is None and self.attempt is not None and not self.attempt_stale:
            state = replace(state, attempt_stale=True)
        return state

    @property
    def of_attempt(self) -> TargetState:
        """The same target with its latest attempt as the map: for what needs no graph, and for a trace that failed."""
        return replace(
            self, map=self.attempt, versions=self.attempt_versions, stale=self.attempt_stale, other=OtherMap()
        )

    def swapped(self) -> TargetState:
        """The same target with the other convention shown, and what was shown as the other one."""
        other = self.other
        shown = replace(
            self,
            convention=other_than(self.convention),
            map=other.map,
            versions=other.versions,
            stale=other.stale,
            changed=other.changed,
            failure=other.failure,
            failure_versions=MappingProxyType({}),
            stage=None,
            other=OtherMap(self.map, self.versions, self.stale, self.changed, self.failure),
        )
        return replace(shown, status=shown.settled)

    @property
    def with_all_names(self) -> TargetState:
        """The same target with the export map shown, if there is one: torch.compile's graphs lack what is unused."""
        exported = self.shown_in("export")
        return exported if exported.map is not None else self

    def shown_in(self, convention: Convention) -> TargetState:
        """The same target with this convention shown."""
        return self if self.convention == convention else self.swapped()


@dataclass(frozen=True)
class OpenLock:
    """The lock of a project as it is on disk: the absolute path of its file, and what is in it.

    `state` is another one whenever the file has changed.
    """

    path: str
    lock: Lock
    state: int


@dataclass(frozen=True)
class Snapshot:
    """The state of the session at one moment.

    `documents` are the open ones by path. `contexts` are the user's choices of the target that answers for a class that
    occurs in several: from the class to the target. `trust` says whose code may run. Targets in the `excluded` files
    (paths) are traced only when the user asks for it; `manual` says the same of all targets. `read_only` are the paths
    of documents that cannot be written to. `locks` are the locks of the projects of documents, by path of the document.
    """

    documents: Mapping[str, Document]
    states: Mapping[TargetKey, TargetState]
    contexts: Mapping[TargetKey, TargetKey] = field(default_factory=lambda: MappingProxyType({}))
    trust: Trust = EVERYWHERE
    excluded: frozenset[str] = frozenset()
    manual: bool = False
    read_only: frozenset[str] = frozenset()
    locks: Mapping[str, OpenLock] = field(default_factory=lambda: MappingProxyType({}))

    def trusts(self, path: str) -> bool:
        """Whether the code of a file may run."""
        return self.trust.covers(path)

    def can_edit(self, document: Document) -> bool:
        """Whether edits of a document may be offered: not if it is read-only or belongs to an installed package."""
        return document.path not in self.read_only and _INSTALLED.search(document.path) is None

    def now(self, state: TargetState, span: Span) -> Span | None:
        """A span of the state's map in today's text; None if an edit has destroyed it."""
        return self.carried(state.versions, span)

    def now_of_failure(self, state: TargetState, span: Span) -> Span | None:
        """A span of the state's failure in today's text; None if an edit has destroyed it."""
        return self.carried(state.failure_versions, span)

    def then(self, state: TargetState, path: str, line: int, column: int) -> tuple[int, int] | None:
        """A position of today's text in the text that the state's map was traced from; None if it is in new text."""
        return self.carried_back(state.versions, path, line, column)

    def carried(self, versions: Mapping[str, int], span: Span) -> Span | None:
        """A span of documents of these versions in today's text; None if an edit has destroyed it."""
        document = self.documents.get(span.path)
        version = versions.get(span.path)
        if document is None or version is None:
            return span
        return document.carry(version, span)

    def carried_back(self, versions: Mapping[str, int], path: str, line: int, column: int) -> tuple[int, int] | None:
        """A position of today's text in the text of documents of these versions; None if it is in new text."""
        document = self.documents.get(path)
        version = versions.get(path)
        if document is None or version is None:
            return line, column
        return document.back(version, line, column)

    def shown_in(self, convention: Convention) -> Snapshot:
        """The same moment with this convention shown for every target."""
        return replace(self, states={key: state.shown_in(convention) for key, state in self.states.items()})

    def with_attempts(self) -> Snapshot:
        """The same moment with the latest attempt in the place of each map that is missing."""
        states = {
            key: state.of_attempt if state.map is None and state.attempt is not None else state
            for key, state in self.states.items()
        }
        return replace(self, states=states)

    def maps(self) -> list[TargetState]:
        """The states that have a map."""
        return [state for state in self.states.values() if state.map is not None]

    def models(self) -> list[TargetState]:
        """The states that have a map, without those that are part of another one; see `is_part`."""
        return [state for state in self.maps() if not self.is_part(state)]

    def is_part(self, state: TargetState) -> bool:
        """Whether a target's map was recorded in the call of another target, which has a good map itself."""
        example = state.map.example if state.map is not None else None
        if example is None or example.recorded_in is None:
            return False
        root = self.states.get(TargetKey.parse(example.recorded_in))
        return root is not None and root.map is not None and root.status != "failed"
