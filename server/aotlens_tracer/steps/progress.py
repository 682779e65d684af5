"""Progress of a trace: its phases with their times, and the map as far as it is known."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from ..wire.descriptor_map import Attempt, DescriptorMap, Finding, Graph, Problem, Seconds, Span
from ..wire.json_codec import to_json
from ..wire.protocol import WHOLE, ExampleSource

Send = Callable[[dict[str, Any]], None]
"""Sends an event to the tracer process."""


class Phases:
    """Times the phases of a trace, and announces each as it begins."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._seconds: dict[str, float] = {}
        self._start = time.perf_counter()
        self.current = "import"

    @contextlib.contextmanager
    def phase(self, stage: str, clock: str | None = None) -> Iterator[None]:
        """Enter a phase that is reported as `stage`, and whose time counts towards `clock` (default: the stage)."""
        self.current = stage
        self._send({"event": "stage", "stage": stage})
        start = time.perf_counter()
        try:
            yield
        finally:
            clock = clock or stage
            self._seconds[clock] = self._seconds.get(clock, 0.0) + time.perf_counter() - start

    def seconds(self) -> Seconds:
        """Return what was measured so far."""
        rounded = {key: round(value, 3) for key, value in self._seconds.items()}
        return Seconds(
            rounded.get("import", 0.0),
            rounded.get("example", 0.0),
            rounded.get("capture", 0.0),
            rounded.get("describe", 0.0),
            round(time.perf_counter() - self._start, 3),
            rounded.get("eager", 0.0),
        )


class Draft:
    """The map as far as it is known: each step that learns something puts a new map in the place of the old one.

    A trace that fails ends with the map as it was then. With `in_stages`, parts of the map are sent ahead. What was
    sent is sent again only if it has changed since.
    """

    def __init__(self, map: DescriptorMap, send: Send, in_stages: bool) -> None:
        self.map = map
        self._send = send
        self._in_stages = in_stages
        self._sent: dict[str, Any] = {}

    def update(self, **fields: Any) -> None:
        """Replace fields of the map."""
        self.map = replace(self.map, **fields)

    def add_findings(self, *findings: Finding) -> None:
        """Append findings to the map's."""
        self.map = replace(self.map, findings=(*self.map.findings, *findings))

    def add_attempts(self, *attempts: Attempt) -> None:
        """Append examples that were passed over to the map's."""
        self.map = replace(self.map, attempts=(*self.map.attempts, *attempts))

    def note(self, source: ExampleSource, reason: Problem) -> None:
        """Note that an example does not work."""
        recorded_in = f"{source.root.path}::{source.root.qualname}" if source.root is not None else None
        self.add_attempts(
            Attempt(source.origin, reason, source.expression.strip() or None, place_of(source), recorded_in)
        )

    def pass_over(self, source: ExampleSource, reason: Problem) -> None:
        """Note that an example does not work, and drop what it added to the map."""
        self.note(source, reason)
        self.map = replace(
            self.map,
            example=None,
            graphs=(),
            modules=(),
            graph_breaks=(),
            eager_run=None,
            ddp_parameters=(),
            state=(),
            values=None,
            step=None,
        )
        self._sent.clear()

    def is_sent_elsewhere(self, name: str) -> None:
        """Leave a field of the map to another process, which sends it as soon as it is known."""
        self._sent[name] = getattr(self.map, name)

    def send_stage(self, stage: str, *names: str) -> None:
        """Send these fields of the map ahead of the rest."""
        if self._in_stages:
            self._send_ahead(stage, {name: to_json(getattr(self.map, name)) for name in names})

    def send_whole(self) -> None:
        """Send the map ahead of what only adds to it: it is the answer if this process ends before it gives another."""
        self._send_ahead(WHOLE, self.rest())

    def _send_ahead(self, stage: str, values: dict[str, Any]) -> None:
        self._send({"event": "map", "stage": stage, "fields": values})
        names = ["graphs" if name == "partitioned" else name for name in values]
        self._sent.update((name, getattr(self.map, name)) for name in names)

    def rest(self) -> dict[str, Any]:
        """Return the map as JSON, without what was sent already and with what graphs learned since (`partitioned`)."""
        result: dict[str, Any] = {}
        for field in fields(self.map):
            value = getattr(self.map, field.name)
            if field.name not in self._sent:
                result[field.name] = to_json(value)
            elif (sent := self._sent[field.name]) is value:
                continue
            elif field.name == "graphs":
                result["partitioned"] = [_changed(*pair) for pair in zip(sent, value, strict=True)]
            else:
                result[field.name] = to_json(value)
        return result


def _changed(before: Graph, after: Graph) -> dict[str, Any]:
    """Return the fields of a graph that have changed, as JSON."""
    names = [field.name for field in fields(after)]
    return {name: to_json(getattr(after, name)) for name in names if getattr(before, name) is not getattr(after, name)}


def place_of(source: ExampleSource) -> Span | None:
    """Return the place of an example's text; None if it is in no file."""
    if source.path is None or source.line is None:
        return None
    return Span(source.path, source.line, source.column)
