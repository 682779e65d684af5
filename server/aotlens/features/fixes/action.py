"""A code action as the features make it."""

from __future__ import annotations

from dataclasses import dataclass

from aotlens_tracer.wire.places import Span

Argument = str | list[str]


@dataclass(frozen=True)
class TextEdit:
    """A stretch of a document and the text that replaces it."""

    span: Span
    text: str


@dataclass(frozen=True)
class CodeAction:
    """An action with edits, or with a command and its arguments.

    `kind` is that of LSP; empty for an action that changes no code. `fixes` is the code of the finding that the action
    mends or suppresses, at `line`; None for an action that is about no finding. `preferred` is as in LSP.
    """

    title: str
    kind: str
    edits: tuple[TextEdit, ...] = ()
    command: str | None = None
    arguments: tuple[Argument, ...] = ()
    fixes: str | None = None
    line: int | None = None
    preferred: bool = False


def command(title: str, name: str, *arguments: Argument) -> CodeAction:
    """An action that runs a command of the server and has no edits."""
    return CodeAction(title, "", (), name, arguments)
