"""The latest traces, for the next question about the same target, as long as nothing that they depend on changes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aotlens.cli.asked import Asked
from aotlens.cli.options import TraceOptions
from aotlens.session.files import Stamp, stamp
from aotlens_tracer.wire.descriptor_map import DescriptorMap

_MOST = 4
_SECONDS = 600.0
"""The time for which a trace answers: what its code reads besides Python files is not seen."""


@dataclass(frozen=True)
class Traced:
    """The maps of a target or of a file, the version of torch, and what user code printed."""

    maps: Sequence[DescriptorMap]
    torch: str | None = None
    output: str = ""


@dataclass(frozen=True)
class _Question:
    """All that decides about a trace before it begins: the target, its examples, the options and unsaved texts."""

    asked: Asked
    options: TraceOptions
    texts: Mapping[str, str]


class Recent:
    """The answers of the last few questions. A trace that failed is no answer to the next question."""

    def __init__(self) -> None:
        self._answers: list[tuple[_Question, Traced, Mapping[str, Stamp], float]] = []

    def answer(self, asked: Asked, options: TraceOptions, texts: Mapping[str, str]) -> Traced | None:
        """The maps of an earlier trace that would be the same today; None if there is none."""
        question = _question(asked, options, texts)
        now = time.monotonic()
        self._answers = [each for each in self._answers if now - each[3] < _SECONDS]
        for known, traced, stamps, _ in self._answers:
            if known == question and stamps == _stamps(stamps):
                return traced
        return None

    def add(self, asked: Asked, options: TraceOptions, texts: Mapping[str, str], traced: Traced, begun: int) -> None:
        """Keep the answer to a question. `begun` is when its trace did, in nanoseconds since the epoch."""
        question = _question(asked, options, texts)
        self._answers = [each for each in self._answers if each[0] != question][-_MOST + 1 :]
        if any(map.status != "traced" for map in traced.maps):
            return
        files = {path for map in traced.maps for path in (*map.files, *map.libraries)}
        stamps = _stamps(files)
        if all(0 <= one.changed < begun for one in stamps.values()):
            self._answers.append((question, traced, stamps, time.monotonic()))


def _question(asked: Asked, options: TraceOptions, texts: Mapping[str, str]) -> _Question:
    """The question without the options that only say what of the map is shown."""
    return _Question(asked, replace(options, graph=None, saved=False, shapes=False), dict(texts))


def _stamps(paths: Iterable[str]) -> dict[str, Stamp]:
    """The stamps of files; a file that is gone has one that no file has."""
    found: dict[str, Stamp] = {}
    for path in paths:
        try:
            found[path] = stamp(path)
        except OSError:
            found[path] = Stamp(-1, -1)
    return found
