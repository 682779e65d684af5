"""Keeps track of which targets there are: found in texts, followed through renames, forgotten with their files."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from aotlens.model.snapshot import TargetKey, TargetState
from aotlens.syntax.containment import containment_in
from aotlens.text.documents import Document, Documents
from aotlens_tracer.wire.example_options import World
from aotlens_tracer.wire.protocol import ExampleSource

from .automatic import AutomaticTraces
from .background import Background, Delayed
from .client import Client
from .examples.known import ExampleMemory
from .examples.project import pinned_in_project
from .examples.project_world import world_in_project
from .project_file import BadProjectFile
from .queue import Ranking
from .reading import Reading
from .renames import renamed, successor
from .scheduler import Scheduler
from .states import States, is_under_way
from .targets_in_text import TargetsInText, targets_in
from .workspace import Workspace

LEARN_PAUSE = 0.1
"""Seconds after an edit before the targets of a text are looked for; edits until then are included."""

MOST_CLOSED = 100
"""Closed files whose targets are remembered, with their maps: those that were closed last."""
MOST_CUT = 20
"""Targets that were cut out of texts, and may be put back: the last ones."""


class Targets:
    """The targets of the open documents, and those of closed files that have maps."""

    def __init__(
        self,
        client: Client,
        workspace: Workspace,
        documents: Documents,
        reading: Reading,
        states: States,
        examples: ExampleMemory,
        ranking: Ranking,
        scheduler: Scheduler,
        automatic: AutomaticTraces,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._documents = documents
        self._reading = reading
        self._background = Background(lambda message: client.log("error", message))
        self._states = states
        self._examples = examples
        self._ranking = ranking
        self._scheduler = scheduler
        self._automatic = automatic
        self._in_project: dict[str, dict[str, tuple[ExampleSource, ...]]] = {}
        self._worlds: dict[str, World | None] = {}
        self._cut: dict[TargetKey, TargetState] = {}
        self._closed: dict[str, None] = {}
        self._learning = Delayed(LEARN_PAUSE, self._learn_changed)

    def learn(self, document: Document) -> None:
        """Find the targets of a text: classes with a `forward`, definitions that have an example, training steps."""
        self._take_over(document, targets_in(document, self._in_project.get(document.path, {})))

    async def learn_large(self, path: str, then: Callable[[str], None] = lambda path: None) -> None:
        """Do the same for a large document, in another thread, and `then` what follows, unless it was closed."""
        while (document := await self._reading.document(path)) is not None:
            in_project = self._in_project.get(path, {})
            found = await asyncio.get_running_loop().run_in_executor(None, targets_in, document, in_project)
            if self._documents.by_path.get(path) is document:
                self._take_over(document, found)
                self._client.text_changed()
                then(path)
                return

    def _take_over(self, document: Document, found: TargetsInText) -> None:
        path, names = document.path, found.examples
        self._ranking.set_definitions(path, found.lines)
        changes = []
        for name, examples in names.items():
            key = TargetKey(path, name)
            state = self._states.get(key)
            if state is None or state.examples != examples:
                state = state or self._cut.pop(key, None) or self._states.new(key)
                changes.append(replace(state, examples=examples))
        gone = [state for state in self._states.of_files((path,)) if state.key.qualname not in names]
        self._states.update(changes)
        self._forget([state.key for state in gone if self._follow(state, document, names)])

    def learn_soon(self, path: str) -> None:
        """Find the targets of an edited document after a moment, once for several edits."""
        self._learning.start(path)

    def learn_now(self, path: str) -> None:
        """Find the targets of an edited document now, if that is still to be done."""
        self._learning.call_now(path)

    async def learn_structure(self, path: str) -> None:
        """Find which classes of a document build which others. The whole text is examined, in another thread."""
        document = await self._reading.document(path)
        if document is not None:
            tree = document.tree
            contained = await asyncio.get_running_loop().run_in_executor(None, containment_in, tree)
            self._examples.set_contained(path, contained)

    async def learn_called_steps(self, document: Document, folder: Path) -> None:
        """Find the training steps of other files that a script calls: hovers in the script are about them."""
        texts = {path: each.text for path, each in self._documents.by_path.items()}
        find = functools.partial(self._examples.steps_from, document.path, folder, texts)
        keys = await asyncio.get_running_loop().run_in_executor(None, find)
        new = [self._states.new(key) for key in keys if self._states.get(key) is None]
        if new and document.path in self._documents.by_path:
            self._states.update(new)
            self._automatic.trace(new)

    async def read_project(self, path: str) -> None:
        """Read what the project says about a file: its pinned examples, and the cluster that they run in.

        Targets are updated if it has changed.
        """
        if not os.path.isabs(path):  # it is a URI
            return
        loop = asyncio.get_running_loop()
        outermost = self._workspace.trust.outermost(path)
        try:
            pinned = await loop.run_in_executor(None, pinned_in_project, Path(path), outermost)
            world = await loop.run_in_executor(None, world_in_project, Path(path), outermost)
        except BadProjectFile as error:
            self._client.log("warning", str(error))
            return
        is_other = path in self._worlds and world != self._worlds[path]
        self._worlds[path] = world
        if is_other:
            self._states.outdate(self._states.of_files((path,)), "settings")
        elif pinned == self._in_project.get(path, {}):
            return
        self._in_project[path] = pinned
        document = self._documents.by_path.get(path)
        if document is not None and document.is_large:
            await self.learn_large(path, self._automatic.trace_open)
        elif document is not None:
            self.learn(document)
            self._automatic.trace_open(path)

    def forget_cut(self, path: str) -> None:
        """Forget the targets that were cut out of a document, which was closed."""
        self._cut = {key: state for key, state in self._cut.items() if key.path != path}

    def closed(self, path: str) -> None:
        """A document was closed: forget the targets of the files that were closed longest ago, if they are too many.

        Their maps are kept on disk.
        """
        self._closed.pop(path, None)
        self._closed[path] = None
        for oldest in list(self._closed)[:-MOST_CLOSED]:
            del self._closed[oldest]
            if oldest not in self._documents.by_path:
                self._remove([state.key for state in self._states.of_files((oldest,))])
                self._ranking.forget(oldest)
                self._examples.forget_file(oldest)
                self._in_project.pop(oldest, None)
                self._worlds.pop(oldest, None)

    async def forget_if_gone(self, path: str) -> None:
        """Forget the targets of a file that neither exists nor is open."""
        exists = await asyncio.get_running_loop().run_in_executor(None, os.path.exists, path)
        if not exists and path not in self._documents.by_path:
            self._forget([state.key for state in self._states.of_files((path,))])

    def _learn_changed(self, path: str) -> None:
        document = self._documents.by_path.get(path)
        if document is not None and document.is_large:
            self._background.run(self.learn_large(path))
        elif document is not None:
            self.learn(document)
            self._client.text_changed()

    def _follow(self, state: TargetState, document: Document, names: Collection[str]) -> bool:
        """Return whether a target that is no longer in the text is forgotten: it was renamed, cut out, or deleted.

        While the text has a syntax error this is unknown, and the target stays. One that was cut out may be put back.
        """
        key = TargetKey(document.path, successor(state, document, names) or state.key.qualname)
        known = self._states.by_key[key]
        if known is not state and not known.maps:
            moved = replace(renamed(state, key.qualname), examples=known.examples, status=state.settled)
            self._states.update([moved])
            self._states.rename_in_contexts(state.key, moved.key)
            if is_under_way(state) or is_under_way(known):
                self._scheduler.add([moved.key])
        elif state.maps:
            if document.tree.root_node.has_error:
                return False
            cut = state.outdated()
            self._cut[state.key] = replace(
                cut, status=cut.settled, stage=None, other=replace(cut.other, is_under_way=False)
            )
            for oldest in list(self._cut)[:-MOST_CUT]:
                del self._cut[oldest]
        return True

    def _forget(self, keys: Sequence[TargetKey]) -> None:
        if keys:
            self._remove(keys)
            self._trace_orphans(keys)

    def _remove(self, keys: Sequence[TargetKey]) -> None:
        self._scheduler.cancel(keys)
        for key in keys:
            self._examples.forget(key)
        self._states.remove(keys)

    def _trace_orphans(self, gone: Iterable[TargetKey]) -> None:
        """Trace again the targets that were recorded in the call of a target that no longer exists."""
        roots = {str(key) for key in gone}
        examples = ((state, map.example) for state in self._states.all() for map in state.maps)
        orphans = [state for state, example in examples if example is not None and example.recorded_in in roots]
        self._states.outdate(orphans)
        self._automatic.trace(orphans)
