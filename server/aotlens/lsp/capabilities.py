"""What a client can take, where an answer depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lsprotocol import types as lsp


@dataclass(frozen=True)
class Offers:
    """What a client does of what LSP has no word for: each a `true` in its `initializationOptions`.

    `clipboard`: it copies what `aotlens.copyExpression` answers. `problems`: it shows what `aotlens/status` says is
    wrong. `slots`: it shows `aotlens/slots`, and wants to know when these may have changed. `links`: its hovers may
    hold links to places in files, and to commands.
    """

    clipboard: bool = False
    problems: bool = False
    slots: bool = False
    links: bool = False


def offers_in(options: Any) -> Offers:
    """What `initializationOptions` say that the client does."""
    if not isinstance(options, dict):
        return Offers()
    return Offers(**{name: options.get(name) is True for name in Offers.__dataclass_fields__})


def pulls_diagnostics(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the client asks for diagnostics; else they are sent.

    One that cannot be told to ask again would not see what a trace has found before the next edit (Neovim 0.11 is
    one): that is sent to, too.
    """
    text, workspace = capabilities.text_document, capabilities.workspace
    refreshes = workspace is not None and workspace.diagnostics is not None and workspace.diagnostics.refresh_support
    return bool(text is not None and text.diagnostic is not None and refreshes)


def relates(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether a diagnostic may name other places that explain it."""
    text = capabilities.text_document
    told = (text.publish_diagnostics, text.diagnostic) if text is not None else ()
    return any(kind is not None and kind.related_information for kind in told)


def understands_markdown(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether hovers may be markdown."""
    text = capabilities.text_document
    formats = text.hover.content_format if text and text.hover else None
    return not formats or lsp.MarkupKind.Markdown in formats


def takes_links(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether a definition may be a `LocationLink`."""
    text = capabilities.text_document
    return bool(text and text.definition and text.definition.link_support)


def checks_versions(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether an edit may name the version of the document that it is for."""
    workspace = capabilities.workspace
    return bool(workspace and workspace.workspace_edit and workspace.workspace_edit.document_changes)


def applies_edits(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the client can be asked to edit a document."""
    workspace = capabilities.workspace
    return bool(workspace and workspace.apply_edit)


def asks_for_content(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the client asks the server for the text of documents that are in no file."""
    return capabilities.workspace is not None and capabilities.workspace.text_document_content is not None


def shows_documents(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the client can be asked to open a document."""
    window = capabilities.window
    return bool(window and window.show_document and window.show_document.support)


def takes_action_literals(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether a code action may be more than a command."""
    text = capabilities.text_document
    return bool(text and text.code_action and text.code_action.code_action_literal_support)
