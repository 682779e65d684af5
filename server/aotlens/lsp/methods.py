"""The requests and commands that the features answer, and the capabilities that `initialize` announces for them.

The features' handlers are imported later: the answer to `initialize` does not wait for these imports.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from lsprotocol import types as lsp

from .server import AotlensServer

SOURCE = "aotlens"
"""The source of our diagnostics."""
SLOTS = "aotlens/slots"
MAP = "aotlens/map"
REPORT = "aotlens/report"
CORRESPONDENCE = "aotlens/correspondence"

METHODS: dict[str, Any] = {
    lsp.TEXT_DOCUMENT_HOVER: None,
    lsp.TEXT_DOCUMENT_CODE_LENS: lsp.CodeLensOptions(resolve_provider=True),
    lsp.CODE_LENS_RESOLVE: None,
    lsp.TEXT_DOCUMENT_DEFINITION: None,
    lsp.TEXT_DOCUMENT_REFERENCES: None,
    lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: None,
    lsp.WORKSPACE_SYMBOL: None,
    lsp.TEXT_DOCUMENT_COMPLETION: lsp.CompletionOptions(trigger_characters=['"', "'", "."]),
    lsp.TEXT_DOCUMENT_SIGNATURE_HELP: lsp.SignatureHelpOptions(trigger_characters=["(", ","]),
    lsp.TEXT_DOCUMENT_INLAY_HINT: None,
    lsp.TEXT_DOCUMENT_CODE_ACTION: lsp.CodeActionOptions(
        [lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.Refactor, lsp.CodeActionKind.Empty]
    ),
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: None,
    lsp.TEXT_DOCUMENT_FOLDING_RANGE: None,
    lsp.TEXT_DOCUMENT_DOCUMENT_LINK: lsp.DocumentLinkOptions(),
    lsp.WORKSPACE_TEXT_DOCUMENT_CONTENT: None,
    lsp.TEXT_DOCUMENT_DIAGNOSTIC: lsp.DiagnosticOptions(
        inter_file_dependencies=True, workspace_diagnostics=False, identifier=SOURCE
    ),
    SLOTS: None,
    MAP: None,
    REPORT: None,
    CORRESPONDENCE: None,
}
"""The requests, each with its options. Their handlers are in `requests/handlers.py`."""

COMMANDS = (
    "aotlens.traceNow",
    "aotlens.cancelTrace",
    "aotlens.switchConvention",
    "aotlens.chooseContext",
    "aotlens.showMap",
    "aotlens.showReport",
    "aotlens.showGraph",
    "aotlens.showDifference",
    "aotlens.explainDdpError",
    "aotlens.decodeLog",
    "aotlens.writeNames",
    "aotlens.copyExpression",
    "aotlens.editExample",
    "aotlens.goToTarget",
    "aotlens.pinExample",
    "aotlens.pinExampleInProject",
    "aotlens.nextExample",
    "aotlens.traceWith",
    "aotlens.traceWithout",
    "aotlens.restartTracer",
    "aotlens.showLogs",
)
"""The commands. Their handlers and parameters are in `commands/handlers.py`."""


def register(server: AotlensServer) -> None:
    """Add every request and command to the server."""
    for method, options in METHODS.items():
        server.feature(method, options)(partial(_answer, server, method))
    for name in COMMANDS:
        server.command(name)(_command(server, name))


def _answer(server: AotlensServer, method: str, params: Any) -> Any:
    assert server.answer_request is not None, f"{method} came before the answer to initialize"
    return server.answer_request(method, params)


def _command(server: AotlensServer, name: str) -> Any:
    def run(*arguments: Any) -> Any:  # pygls reads this signature: any arguments are passed on
        assert server.run_command is not None, f"{name} came before the answer to initialize"
        return server.run_command(name, arguments)

    return run
