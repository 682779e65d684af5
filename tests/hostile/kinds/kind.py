"""A kind of hostile module: its source, its bounds, and how its trace has to end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cli.support import BLOCK, HEADER, HERE, PIN, at_import, in_forward, marked_line

__all__ = [
    "BLOCK",
    "HEADER",
    "HERE",
    "PIN",
    "End",
    "Kind",
    "at_import",
    "in_constructor",
    "in_forward",
    "with_argument",
]

_OURS = ("Traceback", "aotlens_tracer", "aotlens itself", "without an answer")
"""What no user may see: a traceback of ours, our own files, and a fault that we blame ourselves for."""


@dataclass(frozen=True)
class End:
    """How a trace ended, as a user sees it: `shown` is all that they do. `code` is that of the error, None if there is none.

    `stage` and `reason` are None where the view has none. `errors` is the number of findings that are errors.
    """

    shown: str
    code: str | None
    message: str
    line: int | None
    errors: int
    stage: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        if self.code is None:
            return "traced"
        first = self.message.partition("\n")[0]
        how = f"{self.stage}, {self.reason}: " if self.stage else f"{self.code}: "
        return f"{how}{first[:80]}" + (f", line {self.line}" if self.line else "")


@dataclass(frozen=True)
class Kind:
    """A source, and how its trace has to end.

    `stage` is where it fails, with the patterns `message` and `reason`; None if it is traced in spite of all.
    The line of the failure is the one that has the mark, if there is one; `placed` is false if no line can be known.
    `or_traced` is true where the moment decides which of both it is. `seconds` bounds the trace beyond its `timeout`, on
    an idle machine; both are in seconds. `memory` is in GiB.
    """

    source: str
    stage: str | None = None
    message: str = ""
    reason: str = "error"
    placed: bool = True
    or_traced: bool = False
    timeout: float = 60
    memory: float | None = None
    seconds: float = 5

    def faults(self, end: End, seconds: float, slowness: float) -> list[str]:
        """What is wrong with the end of a trace that took so many seconds, on a machine that is so much slower."""
        found = []
        if any(word in end.shown for word in _OURS if word not in self.message):
            found.append(f"something of ours is shown: {end.shown}")
        if seconds > self.timeout + self.seconds * slowness:
            found.append(f"{seconds:.1f} s, on a machine that is {slowness:.1f} times slower")
        if end.code is None or self.stage is None:
            as_expected = end.code is None and (self.stage is None or self.or_traced)
            return found if as_expected else [*found, f"ended with {end}"]
        if end.errors != 1:
            found.append(f"{end.errors} errors")
        expected = ((self.stage, end.stage), (self.reason, end.reason), (self.message, end.message))
        if not all(value is None or re.search(pattern, value) for pattern, value in expected):
            found.append(f"ended with {end}")
        codes = {"example-failed" if stage == "example" else "trace-failed" for stage in self.stage.split("|")}
        if end.code not in codes:
            found.append(f"the code {end.code}")
        line = marked_line(self.source)
        if self.placed and line is not None and end.line != line:
            found.append(f"line {end.line}, not {line}")
        return found


def in_constructor(code: str) -> str:
    """A module that does something more in `__init__`; lines after the first bring their own indentation."""
    return HEADER + BLOCK.replace("super().__init__()", f"super().__init__()\n        {code}")


def with_argument(code: str, call: str) -> str:
    """A module with more code above it, and another call of it."""
    return HEADER + code + "\n\n" + BLOCK.replace(PIN, f"# aotlens: {call}")
