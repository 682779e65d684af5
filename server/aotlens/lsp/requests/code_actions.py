"""`textDocument/codeAction`."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import partial

from lsprotocol import types as lsp

from aotlens.explain.visible import visible_line
from aotlens.features.fixes.action import CodeAction
from aotlens.features.fixes.code_actions import code_actions
from aotlens.lsp.capabilities import checks_versions, takes_action_literals
from aotlens.lsp.context import Context
from aotlens.lsp.methods import SOURCE
from aotlens.lsp.positions import from_range, to_range
from aotlens.text.documents import Document

from .beside import answered

Answer = list[lsp.CodeAction | lsp.Command]


def in_source(context: Context, params: lsp.CodeActionParams) -> Answer | Awaitable[Answer]:
    """The actions on a range; for clients that take commands only, those actions that are commands."""
    document = context.documents.get(params.text_document.uri)
    if document is None:
        return []
    where = from_range(document, params.range, context.encoding)
    context.session.focus(document.path, where.line)

    def answer(found: Sequence[CodeAction]) -> Answer:
        if not takes_action_literals(context.capabilities):
            return [command for action in found if (command := _command(action)) is not None]
        only = params.context.only
        return [
            _code_action(context, document, action, params.context.diagnostics)
            for action in found
            if not only or any(not kind or f"{action.kind}.".startswith(f"{kind}.") for kind in only)
        ]

    return answered(document, partial(code_actions, context.session.snapshot(), document, where), answer)


def _code_action(
    context: Context, document: Document, action: CodeAction, shown: Sequence[lsp.Diagnostic]
) -> lsp.CodeAction:
    edits = [lsp.TextEdit(to_range(document, edit.span, context.encoding), edit.text) for edit in action.edits]
    fixed = [
        d for d in shown if d.source == SOURCE and d.code == action.fixes and d.range.start.line + 1 == action.line
    ]
    return lsp.CodeAction(
        title=visible_line(action.title),
        kind=action.kind,
        diagnostics=fixed or None,
        is_preferred=action.preferred or None,
        edit=_edit(context, document, edits) if edits else None,
        command=_command(action),
    )


def _edit(context: Context, document: Document, edits: list[lsp.TextEdit]) -> lsp.WorkspaceEdit:
    """The edit with the document's version, if the client checks it, so that it is never applied to another text."""
    if checks_versions(context.capabilities):
        identifier = lsp.OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
        return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(identifier, list(edits))])
    return lsp.WorkspaceEdit(changes={document.uri: edits})


def _command(action: CodeAction) -> lsp.Command | None:
    return (
        lsp.Command(visible_line(action.title), action.command, None, list(action.arguments))
        if action.command
        else None
    )
