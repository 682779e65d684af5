"""The user's settings, read from the client's `aotlens` section. Invalid values are reported and ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, TypeVar

from aotlens_tracer.wire.example_options import World
from aotlens_tracer.wire.fence import Fence
from aotlens_tracer.wire.protocol import CONVENTIONS, PARTITIONERS, Convention
from aotlens_tracer.wire.world_options import OptionError, world_in_words

from .globs import matches

RUN_CHOICES = ("onType", "onSave", "manual")
DEFAULT_EXCLUDE = ("**/site-packages/**", "**/dist-packages/**", "**/tests/**", "**/test_*.py", "**/conftest.py")
VALUE_HINTS = ("off", "cursor", "all")
_LOG_LEVELS = ("error", "warning", "info", "debug")
_T = TypeVar("_T")


@dataclass(frozen=True)
class InlayHintSettings:
    """Which kinds of inlay hints are shown.

    `values` are the recorded values of the lines of `forward` and of what it calls: `off`, `cursor` (those of the
    function around the cursor) or `all`.
    """

    shapes: bool = False
    saved: bool = False
    values: str = "cursor"


@dataclass(frozen=True)
class Settings:
    """The settings. Each is named after its key: `aotlens.trace.run` is `trace_run`.

    `trace_timeout` is in seconds. `trace_memory` and `tracer_memory` are in GiB; None means three quarters of the
    machine's memory, and 4 GiB for all idle tracers together. `trace_dynamic` is torch.compile's argument `dynamic`;
    None lets torch decide. `trace_world` is the cluster of `trace.mesh`, `trace.worldSize` and `trace.rank`; None
    without one. `fence` is that of `fence.enable`, `fence.writable` and `fence.network`; its folders may be relative to
    the workspace folder. `trace_memory_budget` is a fraction from 0 to 1; None means torch's own configuration.
    """

    interpreter: str | None = None
    trace_run: str = "onSave"
    trace_timeout: float = 120.0
    trace_memory: float | None = None
    trace_mode: str | None = None
    trace_convention: Convention = "export"
    trace_dynamic: bool | None = None
    trace_partitioner: str = "min-cut"
    trace_memory_budget: float | None = None
    trace_eager: bool = True
    trace_world: World | None = None
    trace_exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    trace_working_directory: str | None = None
    trace_environment: Mapping[str, str] = field(default_factory=dict)
    trace_import_paths: tuple[str, ...] = ()
    fence: Fence = field(default_factory=Fence)
    tracer_memory: float | None = None
    diagnostics_enable: bool = True
    code_lens_enable: bool = True
    inlay_hints: InlayHintSettings = InlayHintSettings()
    keep_maps: bool = True
    log_level: str = "info"

    def excludes(self, path: str) -> bool:
        """Return whether a file is traced only when the user asks for it."""
        posix = PurePath(path).as_posix()
        return any(matches(pattern, posix) for pattern in self.trace_exclude)


def parse_settings(section: Any) -> tuple[Settings, list[str]]:
    """Return the settings in a client's `aotlens` section (nested objects), and a message for each invalid value.

    An invalid value is replaced by its default. Unknown keys are ignored, because clients have keys of their own.
    """
    if not isinstance(section, Mapping):
        return Settings(), [] if section is None else ["the settings are not an object"]
    reader = _Reader(section)
    partitioner = reader.choice("trace.partitioner", PARTITIONERS, "min-cut")
    default = Settings()
    settings = Settings(
        interpreter=reader.value("interpreter", str) or None,
        trace_run=reader.choice("trace.run", RUN_CHOICES, default.trace_run),
        trace_timeout=reader.positive("trace.timeout") or default.trace_timeout,
        trace_memory=reader.positive("trace.memory"),
        trace_mode=reader.choice("trace.mode", ("train", "eval"), None),
        trace_convention="compile" if reader.choice("trace.convention", CONVENTIONS, None) == "compile" else "export",
        trace_dynamic=reader.value("trace.dynamic", bool),
        trace_partitioner=partitioner,
        trace_memory_budget=reader.memory_budget("trace.memoryBudget", partitioner),
        trace_eager=reader.flag("trace.eager", default.trace_eager),
        trace_world=reader.world(),
        trace_exclude=reader.strings("trace.exclude", DEFAULT_EXCLUDE),
        trace_working_directory=reader.value("trace.workingDirectory", str) or None,
        trace_environment=reader.environment("trace.environment"),
        trace_import_paths=reader.strings("trace.importPaths", ()),
        fence=reader.fence(),
        tracer_memory=reader.positive("tracer.memory"),
        diagnostics_enable=reader.flag("diagnostics.enable", default.diagnostics_enable),
        code_lens_enable=reader.flag("codeLens.enable", default.code_lens_enable),
        inlay_hints=InlayHintSettings(
            shapes=reader.flag("inlayHints.shapes", False),
            saved=reader.flag("inlayHints.saved", False),
            values=reader.choice("inlayHints.values", VALUE_HINTS, default.inlay_hints.values),
        ),
        keep_maps=reader.flag("keepMaps", default.keep_maps),
        log_level=reader.choice("logLevel", _LOG_LEVELS, default.log_level),
    )
    return settings, reader.problems


class _Reader:
    """Reads values from nested objects by dotted key. An invalid value is added to `problems` and read as missing."""

    def __init__(self, section: Mapping[str, Any]) -> None:
        self._section = section
        self.problems: list[str] = []

    def value(self, key: str, kind: type[_T]) -> _T | None:
        value = self._raw(key)
        if value is None or isinstance(value, kind):
            return value
        self._report(key, f"{value!r} is not {_KINDS[kind]}")
        return None

    def fence(self) -> Fence:
        writable = tuple(folder for folder in self.strings("fence.writable", ()) if folder)
        return Fence(self.flag("fence.enable", True), writable, self.flag("fence.network", False))

    def flag(self, key: str, default: bool) -> bool:
        value = self.value(key, bool)
        return default if value is None else value

    def choice(self, key: str, choices: tuple[str, ...], default: _T) -> str | _T:
        value = self.value(key, str)
        if value is None or value in choices:
            return default if value is None else value
        self._report(key, f"{value!r} is not one of {', '.join(choices)}")
        return default

    def positive(self, key: str) -> float | None:
        value = self._raw(key)
        if value is None or (_is_number(value) and value > 0):
            return None if value is None else float(value)
        self._report(key, f"{value!r} is not a positive number")
        return None

    def memory_budget(self, key: str, partitioner: str) -> float | None:
        value = self._raw(key)
        if value is None:
            return None
        if not (_is_number(value) and 0 <= value <= 1):
            self._report(key, f"{value!r} is not a number from 0 to 1")
            return None
        if partitioner != "min-cut":
            self._report(key, f"only the min-cut partitioner has a memory budget, not {partitioner}")
            return None
        return float(value)

    def world(self) -> World | None:
        """Return the cluster of three settings."""
        words = self.value("trace.mesh", str), self.value("trace.worldSize", int), self.value("trace.rank", int)
        try:
            return world_in_words(*words)
        except OptionError as error:
            from aotlens.explain.option_faults import wrong_option

            self._report("trace.worldSize" if not words[0] else "trace.mesh", wrong_option(error.problem))
            return None

    def strings(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self.value(key, list)
        if value is None:
            return default
        if not all(isinstance(item, str) for item in value):
            self._report(key, "an item is not a string")
            return default
        return tuple(value)

    def environment(self, key: str) -> dict[str, str]:
        value = self.value(key, dict) or {}
        if not all(isinstance(item, str) for item in value.values()):
            self._report(key, "a value is not a string")
            return {}
        return value

    def _raw(self, key: str) -> Any:
        value: Any = self._section
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def _report(self, key: str, problem: str) -> None:
        self.problems.append(f"aotlens.{key}: {problem}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_KINDS: Mapping[type, str] = {
    str: "a string",
    int: "a whole number",
    bool: "a boolean",
    dict: "an object",
    list: "a list",
}
