"""The vocabulary of graph breaks: where Dynamo gives up, why, and what follows. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .advice import Known
from .places import Span
from .problems import GivenUpBy

BreakEffect = Literal["stops", "splits", "eager"]
"""The consequence of a graph break."""


@dataclass(frozen=True)
class GraphBreak:
    """A place at which capture stopped. It is the innermost line of the user's code.

    `reason`, `explanation`, `hints` and `link` are torch's own texts: its short name for the kind of break, why Dynamo
    stops there, what can be done, and the page about this kind of break. All but `reason` are absent if torch gives
    none. `then` are the short names of the breaks that happened while Dynamo handled this one (`graph break in loop`).

    `by` says what gave up: `dynamo` (it refuses the code), `internal` (an error in Dynamo) or `aotautograd` (it refuses
    the graph that Dynamo made).

    `effect` is stops (nothing is captured: the export convention needs one graph), splits (torch.compile ends a graph
    here, makes the call in eager and begins another graph) or eager (torch.compile leaves the rest of `function` to
    eager). `function` is the name of the function whose graph ends here; None if it is not known. `callers_in_eager`
    are functions that call it, and that torch.compile leaves to eager too, because the call is in a loop, for example.
    `inside` is the line of a library at which Dynamo stops; None if that is the user's line itself. `crossing` are the
    local variables that the next graph takes from before the break. `advice` is what can be done about a limit of
    torch's for which torch itself gives no hint; None if that is not known.
    """

    reason: str
    path: str | None = None
    line: int | None = None
    hints: tuple[str, ...] = ()
    by: GivenUpBy = "dynamo"
    explanation: str | None = None
    link: str | None = None
    then: tuple[str, ...] = ()
    effect: BreakEffect = "stops"
    function: str | None = None
    inside: Span | None = None
    crossing: tuple[str, ...] = ()
    callers_in_eager: tuple[str, ...] = ()
    advice: Known | None = None

    @property
    def text(self) -> str:
        """The reason with its explanation, as one text."""
        return f"{self.reason}: {self.explanation}" if self.explanation else self.reason
