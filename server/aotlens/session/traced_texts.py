"""The texts that traces began with, by which a map is found to be as good as before an edit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from aotlens.syntax.code_lines import code_lines
from aotlens.text.documents import Document

_KEPT = 8
"""Texts that are kept for each file: those of the last traces, and those that were found to be like them."""


class TracedTexts:
    """The open documents as they were when traces began, by path and version."""

    def __init__(self) -> None:
        self._texts: dict[str, OrderedDict[int, Document]] = {}

    def note(self, documents: Mapping[str, Document]) -> dict[str, int]:
        """Maps have the places of these documents: a trace begins with them. Returns their versions."""
        for path, document in documents.items():
            texts = self._texts.setdefault(path, OrderedDict())
            texts[document.version] = document
            texts.move_to_end(document.version)
            if len(texts) > _KEPT:
                texts.popitem(last=False)
        return {path: document.version for path, document in documents.items()}

    def forget(self, path: str) -> None:
        """A document was closed: its versions are counted anew when it is opened again."""
        self._texts.pop(path, None)

    def are_alike(self, path: str, version: int, now: Document) -> bool:
        """Whether a trace of a text gives the same map, with the same positions, as one of the text at `version`."""
        if now.version == version:
            return True
        before = self._texts[path].get(version) if path in self._texts else None
        return before is not None and (before.text == now.text or code_lines(before) == code_lines(now))
