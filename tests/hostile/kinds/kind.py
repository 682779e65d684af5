"""A kind of hostile module: its source, its bounds, and how its trace ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cli.support import BLOCK, HEADER, HERE, PIN, Outcome, at_import, in_forward, marked_line

__all__ = [
    "ANY",
    "BLOCK",
    "HEADER",
    "HERE",
    "PIN",
    "Kind",
    "at_import",
    "in_constructor",
    "in_forward",
    "with_argument",
]

ANY = "any"
"""The end of a kind that may be traced or not, as the user's own run would do: it is only not to harm anything."""


@dataclass(frozen=True)
class Kind:
    """A source, and how its trace has to end.

    `stage` is where it fails, with the patterns `message` and `reason`; None if it is traced in spite of all.
    The line of the failure is the one that has the mark, if there is one; `placed` is false if no line can be known.
    `seconds` bounds the trace beyond its `timeout`, which is in seconds too; `memory` is in GiB.
    """

    source: str
    stage: str | None = None
    message: str = ""
    reason: str = "error"
    placed: bool = True
    timeout: float = 30
    memory: float | None = None
    seconds: float = 15

    def faults(self, outcome: Outcome, seconds: float) -> list[str]:
        """What is wrong with the outcome of a trace that took so many seconds."""
        found = []
        shown = outcome.text + outcome.stderr
        if any(word in shown for word in ("Traceback", "aotlens_tracer", "aotlens itself", "without an answer")):
            found.append(f"something of ours is shown: {shown}")
        if seconds > self.timeout + self.seconds:
            found.append(f"{seconds:.1f} s")
        failure = outcome.trace["failure"]
        if self.stage == ANY:
            return found
        if failure is None or self.stage is None:
            return found if failure is self.stage else [*found, f"ended with {failure}"]
        end = (failure["stage"], failure["reason"], failure["message"])
        if not all(re.search(*pair) for pair in zip((self.stage, self.reason, self.message), end, strict=True)):
            found.append(f"ended with {end}")
        line = marked_line(self.source)
        if self.placed and line is not None and failure["line"] != line:
            found.append(f"line {failure['line']}, not {line}")
        if sum(finding["severity"] == "error" for finding in outcome.trace["findings"]) != 1:
            found.append("not one error")
        return found


def in_constructor(code: str) -> str:
    """A module that does something more in `__init__`; lines after the first bring their own indentation."""
    return HEADER + BLOCK.replace("super().__init__()", f"super().__init__()\n        {code}")


def with_argument(code: str, call: str) -> str:
    """A module with more code above it, and another call of it."""
    return HEADER + code + "\n\n" + BLOCK.replace(PIN, f"# aotlens: {call}")
