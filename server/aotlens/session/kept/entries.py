"""An entry of a kept map: everything that the map depends on, and whether it is still so. Blocks: it reads files."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aotlens import __version__
from aotlens.syntax.source import UnreadableSource
from aotlens_tracer.wire.json_codec import to_json
from aotlens_tracer.wire.protocol import VERSION, ExampleSource, TraceParams

from ..files import read_python, stamp
from ..project_file import find_project_file

_IN_REQUEST = (
    "path",
    "qualname",
    "mode",
    "convention",
    "working_directory",
    "import_roots",
    "outermost",
    "partitioner",
    "memory_budget",
    "eager",
    "dynamic",
    "world",
    "default_world",
)
"""The parameters of a request that the map depends on, and that are known before the examples are looked for."""

SECONDS_OF_FAILURE = 24 * 3600.0
"""The time for which a failure is the answer: it may depend on what nobody sees, such as data that is not there yet."""
_STAGES_OF_CODE = ("target", "example", "forward", "capture")
_OF_SURROUNDINGS = re.compile(
    r"^(?:[\w.]*\.)?(?:OSError|IOError|\w*(?:File|Permission|Module|Import|Connection|Timeout|URL|HTTP)\w*Error)\b",
    re.MULTILINE,
)
_WHEN_EXACT = ("examples", "project_world", "fence")
"""The other parameters that the map depends on, apart from those that follow from the text of the file."""


@dataclass(frozen=True)
class Identity:
    """The things that tell entries apart: the target, the interpreter with its environment variables, the settings.

    One target has several entries if the user changes between settings or interpreters.
    """

    parameters: Mapping[str, Any]
    interpreter: str
    environment: Mapping[str, str]

    @property
    def name(self) -> str:
        """A file name for the entry."""
        text = json.dumps(
            [VERSION, __version__, dict(self.parameters), self.interpreter, dict(self.environment)], sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()


def identity_of(
    params: TraceParams, interpreter: str, environment: Mapping[str, str], is_exact: bool = False
) -> Identity:
    """Return the identity of the entry for a request.

    If it is exact, requests that differ in the examples that are known have different entries: what is kept is then
    what a trace would give.
    """
    names = (*_IN_REQUEST, *(_WHEN_EXACT if is_exact else ()))
    return Identity({name: to_json(getattr(params, name)) for name in names}, interpreter, environment)


def is_good(fields: Mapping[str, Any]) -> bool:
    """Return whether a map, as JSON, is of a trace that did not fail."""
    return bool(fields.get("status") == "traced")


def is_lasting(fields: Mapping[str, Any]) -> bool:
    """Return whether a failed trace would fail again as long as the code and its libraries stay as they are.

    That of a limit of time or memory may not, nor one that is about files, packages or the network.
    """
    failure = fields.get("failure") or {}
    if failure.get("stage") not in _STAGES_OF_CODE or failure.get("reason") != "error" or not fields.get("files"):
        return False
    return _OF_SURROUNDINGS.search(failure.get("traceback") or "") is None


def entry_of(
    identity: Identity, params: TraceParams, fields: dict[str, Any], texts: Mapping[str, str], started: int
) -> dict[str, Any] | None:
    """Return the entry for a map (its fields as JSON); None if a file has changed since the trace started.

    Code under trace can forge the map: what the request names counts, whatever the map says, and none is kept that is
    of another file.

    `texts` are those of the open documents by path, and `started` is the start of the trace in nanoseconds since 1970.
    User files count by their content, installed ones by the time of their last change and their size.
    """
    if fields["target"].get("path") != params.path:
        return None
    files = {}
    for path in dict.fromkeys((params.path, *_files_of(params.examples), *_user_files(fields))):
        text = texts.get(path)
        try:
            if text is None and stamp(path).changed >= started:
                return None
            files[path] = _digest(read_python(path) if text is None else text)
        except (OSError, UnreadableSource):
            return None
    stamps = {}
    for path in (identity.interpreter, *fields.get("libraries", ())):
        try:
            stamps[path] = list(stamp(path))
        except OSError:
            return None
    entry = {"files": files, "libraries": stamps, "map": fields}
    return entry if is_good(fields) else {**entry, "until": time.time() + SECONDS_OF_FAILURE}


def valid_map(entry: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the fields of an entry's map if nothing that it was made from has changed; None otherwise.

    Raises KeyError, TypeError, AttributeError or ValueError if the entry is damaged.
    """
    if entry.get("until", math.inf) < time.time():
        return None
    for path, digest in entry["files"].items():
        try:
            text = texts[path] if path in texts else read_python(path)
        except (OSError, UnreadableSource):
            return None
        if _digest(text) != digest:
            return None
    for path, was in entry["libraries"].items():
        try:
            if list(stamp(path)) != was:
                return None
        except OSError:
            return None
    fields: dict[str, Any] = entry["map"]
    return fields


def _files_of(examples: Iterable[ExampleSource]) -> Iterator[str]:
    """Yield the files of a request's examples, as far as they are there."""
    for example in examples:
        paths = [example.path, *((example.root.path, *_files_of(example.root.examples)) if example.root else ())]
        yield from (path for path in paths if path and os.path.isfile(path))


def _user_files(fields: Mapping[str, Any]) -> Iterable[str]:
    """Yield the files whose text the map depends on: those that were imported, and that of the example."""
    example = fields.get("example") or {}
    source = example.get("source") or {}
    recorded_in = (example.get("recorded_in") or "").rpartition("::")[0]
    paths = [fields["target"]["path"], *fields.get("files", ()), source.get("path"), recorded_in]
    if (example.get("options") or {}).get("world") is not None:  # the project file may name it
        project = find_project_file(Path(fields["target"]["path"]))
        paths.append(str(project) if project is not None else None)
    return dict.fromkeys(path for path in paths if path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
