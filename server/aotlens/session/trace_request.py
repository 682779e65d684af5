"""The request that traces a target, made from an immutable copy of the session's state."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aotlens.model.snapshot import TargetKey
from aotlens.text.documents import Document
from aotlens.text.notebooks import is_notebook
from aotlens_tracer.wire.protocol import Convention, TraceParams

from .examples.known import KnownExamples
from .examples.notebook_code import with_notebook_code
from .examples.pinned import definition_lines
from .examples.project_world import world_in_project
from .examples.searched_files import search_folder
from .files import read_python
from .limits import default_memory
from .settings import Settings

_OVERLAID = (".py", ".pyi")


@dataclass(frozen=True)
class TraceRequest:
    """The parameters of a trace, and which classes of the target's file build which others.

    `interface` is what the text says of the target's arguments.
    """

    params: TraceParams
    contained: Mapping[str, frozenset[str]]
    interface: str = ""


@dataclass(frozen=True)
class TraceBasis:
    """The facts from which the request for a target is made. `folder` is the workspace folder, or the file's own."""

    key: TargetKey
    convention: Convention
    documents: Mapping[str, Document]
    settings: Settings
    folder: Path
    is_in_workspace: bool
    examples: KnownExamples

    def request(self) -> TraceRequest:
        """Make the request. Reads many files: never call this on the event loop.

        Raises BadProjectFile, UnreadableSource and OSError.
        """
        path, qualname = self.key.path, self.key.qualname
        document = self.documents.get(path) or Document("", path, 0, read_python(path))
        texts = {path: document.text for path, document in self.documents.items()}
        searched = self.folder if self.is_in_workspace else search_folder(Path(path))
        if self._outermost is not None and not searched.is_relative_to(self._outermost):
            searched = Path(self._outermost)
        found = self.examples.find(document, searched, texts)
        params = replace(
            self.without_examples(),
            examples=found.examples,
            definition_lines=definition_lines(qualname, document.definitions, document.steps),
            project_world=world_in_project(Path(path), self._outermost),
            overlay={path: text for path, text in texts.items() if path.endswith(_OVERLAID)},
        )
        return TraceRequest(with_notebook_code(params, document.text), found.contained, found.interface)

    def without_examples(self) -> TraceParams:
        """Return the request as far as it depends on the settings alone."""
        settings = self.settings
        memory = settings.trace_memory
        return TraceParams(
            self.key.path,
            self.key.qualname,
            (),
            settings.trace_mode,
            self.convention,
            timeout=settings.trace_timeout,
            memory=int(memory * (1 << 30)) if memory is not None else default_memory(),
            working_directory=self._working_directory,
            import_roots=tuple(self._absolute(root) for root in settings.trace_import_paths),
            partitioner=settings.trace_partitioner,
            memory_budget=settings.trace_memory_budget,
            outermost=self._outermost,
            stages=True,
            eager=settings.trace_eager,
            dynamic=settings.trace_dynamic if self.convention == "compile" else None,
            default_world=settings.trace_world,
            fence=replace(settings.fence, writable=tuple(self._absolute(path) for path in settings.fence.writable)),
        )

    @property
    def _working_directory(self) -> str | None:
        """The folder that the settings name, else that of the workspace; None for the own folder of a notebook."""
        chosen = self.settings.trace_working_directory
        return None if chosen is None and is_notebook(self.key.path) else self._absolute(chosen or "")

    @property
    def _outermost(self) -> str | None:
        return self.examples.trust.outermost(self.key.path)

    def _absolute(self, path: str) -> str:
        return str(self.folder / os.path.expanduser(path))
