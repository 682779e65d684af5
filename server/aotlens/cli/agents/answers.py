"""The answer of a tool: a text to read, and the same facts as data. And what all tools answer from."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from aotlens.cli.options import TraceOptions, UsageError
from aotlens.cli.output import path_label
from aotlens.explain.visible import visible_line, visible_output
from aotlens.project.options import ProjectOptions
from aotlens.session.examples.project_world import WorldInWords
from aotlens.session.files import read_python
from aotlens.session.tracer.environments import interpreter_of_command
from aotlens.session.tracer.interpreter import NoSuchInterpreter
from aotlens.text.notebooks import all_opened
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .arguments import Folders
from .attached import unsaved_texts
from .recent import Traced
from .tracing import Tracing

_WIDTH = 140
_MOST_PRINTED = 40
"""The lines of the output of user code that are shown."""


@dataclass(frozen=True)
class Answer:
    """The text and the facts. `failed` says that there is no whole answer, and the text why."""

    text: str
    facts: dict[str, Any] = field(default_factory=dict)
    failed: bool = False


@dataclass(frozen=True)
class Place:
    """The things that a server for agents has: its folders, tracer, options and the unsaved texts."""

    folders: Folders
    tracing: Tracing
    options: TraceOptions
    attach: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    def of_now(self) -> tuple[Place, str]:
        """The same with the unsaved texts of this moment, and a line that says of which. Raises UsageError."""
        if self.attach is None:
            return self, ""
        unsaved = unsaved_texts(self.attach)
        all_opened(unsaved.notebooks if unsaved is not None else {})
        if unsaved is None:
            return self, f"(no editor listens on {self.attach}: the files are as they are on disk)"
        names = ", ".join(visible_line(path_label(path)) for path in unsaved.texts)
        return replace(self, texts=unsaved.texts), f"(with what is not saved yet of {names})" if names else ""

    def trace_options(self, target: str, arguments: Mapping[str, Any], **more: Any) -> TraceOptions:
        """The options of `aotlens trace` for the arguments of a call. Raises UsageError."""
        given = {name: arguments[name] for name in ("example", "convention", "dynamic", "mode") if name in arguments}
        cluster = WorldInWords(arguments.get("mesh"), arguments.get("world_size"), arguments.get("rank"))
        return replace(self.options, python=self._python_for(target), cluster=cluster, **given, **more)

    def project_options(self, arguments: Mapping[str, Any]) -> ProjectOptions:
        """The options of `aotlens check` and `diff`."""
        options = self.options
        memory = int(options.memory * (1 << 30)) if options.memory is not None else None
        return ProjectOptions(
            options.python,
            arguments["convention"],
            timeout=options.timeout,
            memory=memory,
            fence=options.fence,
        )

    def _python_for(self, target: str) -> str:
        """The interpreter for a target: an agent starts the server outside of the environment of the project."""
        folder = Path(target.partition("::")[0]).absolute().parent
        try:
            return interpreter_of_command(folder, self.options.python).path
        except NoSuchInterpreter as error:
            raise UsageError(str(error)) from None

    def read(self, path: str) -> str:
        """The text of a Python file, unsaved or not. Raises UnreadableSource and OSError."""
        return self.texts[path] if path in self.texts else read_python(path)


class Text:
    """A console that collects what is printed for a person, without colours."""

    def __init__(self, *, soft_wrap: bool = False) -> None:
        self._file = io.StringIO()
        self.console = Console(
            file=self._file, width=_WIDTH, highlight=False, color_system=None, force_terminal=False, soft_wrap=soft_wrap
        )

    def lines(self) -> list[str]:
        """The lines, without spaces at their ends."""
        return [line.rstrip() for line in self._file.getvalue().rstrip().splitlines()]


def cut(lines: Sequence[str], most: int, how: str) -> str:
    """At most so many lines; `how` says how to see the others."""
    if len(lines) <= most:
        return "\n".join(lines)
    return "\n".join([*lines[:most], f"... {len(lines) - most} more lines: {how}"])


def with_output(answer: Answer, traced: Traced, show: bool) -> Answer:
    """The answer with what user code printed, or the number of its lines."""
    lines = visible_output(traced.output).splitlines()
    if not lines:
        return answer
    if show:
        said = "\n".join(["The code printed:", *lines[-_MOST_PRINTED:]])
    else:
        said = f"(the code printed {len(lines)} line{'s' * (len(lines) != 1)}: show_output shows them)"
    return replace(answer, text=f"{answer.text}\n\n{said}")


def has_failed(maps: Sequence[DescriptorMap]) -> bool:
    """Whether nothing was traced."""
    return not any(map.status == "traced" for map in maps)
