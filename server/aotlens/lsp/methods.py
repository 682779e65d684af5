"""The requests that the features answer, and what the client is told of each when it asks what the server can do.

The handlers come later: they import all that the features need, and the answer to `initialize` does not wait for that.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

if TYPE_CHECKING:
    from .app import AotlensServer

SOURCE = "aotlens"
"""Whose the diagnostics are."""
SLOTS = "aotlens/slots"
MAP = "aotlens/map"
CORRESPONDENCE = "aotlens/correspondence"
CHANGE_SLOTS = "aotlens/didChangeSlots"
"""What `aotlens/slots` answers may be another now; only to a client that shows it."""


METHODS: dict[str, tuple[str, Any]] = {
    lsp.TEXT_DOCUMENT_HOVER: ("hover", None),
    lsp.TEXT_DOCUMENT_CODE_LENS: ("code_lens", lsp.CodeLensOptions(resolve_provider=True)),
    lsp.CODE_LENS_RESOLVE: ("resolve_lens", None),
    lsp.TEXT_DOCUMENT_DEFINITION: ("definition", None),
    lsp.TEXT_DOCUMENT_REFERENCES: ("references", None),
    lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: ("highlight", None),
    lsp.WORKSPACE_SYMBOL: ("workspace_symbols", None),
    lsp.TEXT_DOCUMENT_COMPLETION: ("completion", lsp.CompletionOptions(trigger_characters=['"', "'", "."])),
    lsp.TEXT_DOCUMENT_INLAY_HINT: ("inlay_hints", None),
    lsp.TEXT_DOCUMENT_CODE_ACTION: (
        "code_actions",
        lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.Refactor, lsp.CodeActionKind.Empty]),
    ),
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: ("document_symbols", None),
    lsp.TEXT_DOCUMENT_FOLDING_RANGE: ("folding_ranges", None),
    lsp.WORKSPACE_TEXT_DOCUMENT_CONTENT: ("content", None),
    lsp.TEXT_DOCUMENT_DIAGNOSTIC: (
        "pull_diagnostics",
        lsp.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False, identifier=SOURCE),
    ),
    SLOTS: ("slots", None),
    MAP: ("map", None),
    CORRESPONDENCE: ("correspondence", None),
}
"""The name of each method's handler in `features.Handlers`, and the method's options."""


def register(server: AotlensServer) -> None:
    """Add every feature to the server."""
    for method, (handler, options) in METHODS.items():
        server.feature(method, options)(partial(_handle, server, handler))


def _handle(server: AotlensServer, handler: str, params: Any) -> Any:
    return getattr(server.handlers, handler)(params)
