"""What the user can set: read from the client's `aotlens` section, with a word on what is wrong in it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from aotlens_tracer.wire.protocol import PARTITIONERS

RUN_CHOICES = ("onType", "onSave", "manual")
DEFAULT_EXCLUDE = ("**/site-packages/**", "**/dist-packages/**", "**/tests/**", "**/test_*.py", "**/conftest.py")


@dataclass(frozen=True)
class InlayHintSettings:
    """Which inlay hints are shown; each kind on its own, all off by default."""

    shapes: bool = False
    saved: bool = False


@dataclass(frozen=True)
class Settings:
    """The settings, each named after its key: `aotlens.trace.run` is `trace_run`.

    `trace_timeout` is in seconds, `trace_memory` and `tracer_memory` in GiB (None: three quarters of the machine's, and
    4 GiB for all idle tracers together), `trace_memory_budget` a share of 1 (None: as torch is configured).
    """

    interpreter: str | None = None
    trace_run: str = "onSave"
    trace_timeout: float = 120.0
    trace_memory: float | None = None
    trace_mode: str | None = None
    trace_partitioner: str = "min-cut"
    trace_memory_budget: float | None = None
    trace_exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    trace_working_directory: str | None = None
    trace_environment: Mapping[str, str] = field(default_factory=dict)
    trace_import_paths: tuple[str, ...] = ()
    tracer_memory: float | None = None
    diagnostics_enable: bool = True
    code_lens_enable: bool = True
    inlay_hints: InlayHintSettings = InlayHintSettings()
    log_level: str = "info"

    def excludes(self, path: str) -> bool:
        """Whether the file is not to be traced for being opened; it still is when asked for."""
        posix = PurePath(path).as_posix()
        return any(_glob(pattern).fullmatch(posix) for pattern in self.trace_exclude)


def parse_settings(section: Any) -> tuple[Settings, list[str]]:
    """The settings in a client's `aotlens` section (nested objects), and what in it was not understood.

    A value that is no good is left at its default and named; unknown keys are left alone, as clients have their own.
    """
    if not isinstance(section, Mapping):
        return Settings(), [] if section is None else ["the settings are no object"]
    problems: list[str] = []
    reader = _Reader(section, problems)
    environment = reader.get("trace.environment", dict, {})
    if not all(isinstance(value, str) for value in environment.values()):
        problems.append("aotlens.trace.environment: every value has to be a string")
        environment = {}
    partitioner = reader.choice("trace.partitioner", PARTITIONERS, "min-cut")
    budget = reader.share("trace.memoryBudget")
    if budget is not None and partitioner != "min-cut":
        problems.append(f"aotlens.trace.memoryBudget: the min-cut partitioner alone has one, {partitioner} has none")
        budget = None
    settings = Settings(
        interpreter=reader.get("interpreter", str, None) or None,
        trace_run=reader.choice("trace.run", RUN_CHOICES, "onSave"),
        trace_timeout=reader.positive("trace.timeout", 120.0) or 120.0,
        trace_memory=reader.positive("trace.memory", None),
        trace_mode=reader.choice("trace.mode", ("train", "eval", None), None),
        trace_partitioner=partitioner,
        trace_memory_budget=budget,
        trace_exclude=reader.strings("trace.exclude", DEFAULT_EXCLUDE),
        trace_working_directory=reader.get("trace.workingDirectory", str, None) or None,
        trace_environment=environment,
        trace_import_paths=reader.strings("trace.importPaths", ()),
        tracer_memory=reader.positive("tracer.memory", None),
        diagnostics_enable=reader.get("diagnostics.enable", bool, True),
        code_lens_enable=reader.get("codeLens.enable", bool, True),
        inlay_hints=InlayHintSettings(
            shapes=reader.get("inlayHints.shapes", bool, False), saved=reader.get("inlayHints.saved", bool, False)
        ),
        log_level=reader.choice("logLevel", ("error", "warning", "info", "debug"), "info"),
    )
    return settings, problems


class _Reader:
    """Takes values out of nested objects by dotted key."""

    def __init__(self, section: Mapping[str, Any], problems: list[str]) -> None:
        self._section = section
        self._problems = problems

    def get(self, key: str, kind: type, default: Any) -> Any:
        value: Any = self._section
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            return default
        if not isinstance(value, kind) or (kind in (int, float) and isinstance(value, bool)):
            self._problems.append(f"aotlens.{key}: {value!r} is no {_KINDS.get(kind, kind.__name__)}")
            return default
        return value

    def choice(self, key: str, choices: tuple[str | None, ...], default: str | None) -> Any:
        value = self.get(key, str, default)
        if value not in choices:
            self._problems.append(f"aotlens.{key}: {value!r} is none of {', '.join(map(str, filter(None, choices)))}")
            return default
        return value

    def positive(self, key: str, default: float | None) -> float | None:
        value = self.get(key, object, default)
        if value is default:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
            self._problems.append(f"aotlens.{key}: {value!r} is no positive number")
            return default
        return float(value)

    def share(self, key: str) -> float | None:
        value = self.get(key, object, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            self._problems.append(f"aotlens.{key}: {value!r} is no number from 0 to 1")
            return None
        return float(value)

    def strings(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self.get(key, list, None)
        if value is None:
            return default
        if not all(isinstance(item, str) for item in value):
            self._problems.append(f"aotlens.{key}: every item has to be a string")
            return default
        return tuple(value)


@functools.cache
def _glob(pattern: str) -> re.Pattern[str]:
    """A glob as editors have them: `*` and `?` stay within one folder, `**` does not."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts))


_KINDS = {str: "string", bool: "boolean", dict: "object", list: "list"}
