"""Capabilities of a client that answers depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lsprotocol import types as lsp


@dataclass(frozen=True)
class Offers:
    """Features of a client beyond LSP: each is a `true` in its `initializationOptions`.

    `clipboard`: it copies the answers to `aotlens.copyExpression`. `problems`: it shows the problems in
    `aotlens/status`. `slots`: it shows `aotlens/slots`, and wants to know when the answers may have changed. `links`:
    its hovers may hold links to places in files, and to commands. `cursor`: it notifies where the cursor is.
    """

    clipboard: bool = False
    problems: bool = False
    slots: bool = False
    links: bool = False
    cursor: bool = False


def offers_in(options: Any) -> Offers:
    """The features that `initializationOptions` name."""
    if not isinstance(options, dict):
        return Offers()
    return Offers(**{name: options.get(name) is True for name in Offers.__dataclass_fields__})


def pulls_diagnostics(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the client pulls diagnostics; otherwise the server publishes them.

    A client that pulls but has no refresh (Neovim 0.11 is one) would not see the findings of a trace before the next
    edit. The server publishes to it as well.
    """
    text, workspace = capabilities.text_document, capabilities.workspace
    refreshes = workspace is not None and workspace.diagnostics is not None and workspace.diagnostics.refresh_support
    return bool(text is not None and text.diagnostic is not None and refreshes)


def relates(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether a diagnostic may name other places that explain it."""
    text = capabilities.text_document
    ways = (text.publish_diagnostics, text.diagnostic) if text is not None else ()
    return any(way is not None and way.related_information for way in ways)


def links_codes(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the code of a diagnostic may have a link to a page about it."""
    text = capabilities.text_document
    ways = (text.publish_diagnostics, text.diagnostic) if text is not None else ()
    return any(way is not None and way.code_description_support for way in ways)


def understands_markdown(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether hovers may be Markdown."""
    text = capabilities.text_document
    formats = text.hover.content_format if text and text.hover else None
    return not formats or lsp.MarkupKind.Markdown in formats


def documents_signatures_in_markdown(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the documentation of a signature may be Markdown."""
    text = capabilities.text_document
    information = text.signature_help.signature_information if text and text.signature_help else None
    formats = information.documentation_format if information is not None else None
    return not formats or lsp.MarkupKind.Markdown in formats


def takes_links(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether a definition may be a `LocationLink`."""
    text = capabilities.text_document
    return bool(text and text.definition and text.definition.link_support)


def checks_versions(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether an edit may name the version of its document."""
    workspace = capabilities.workspace
    return bool(workspace and workspace.workspace_edit and workspace.workspace_edit.document_changes)


def applies_edits(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the client can be asked to edit a document."""
    workspace = capabilities.workspace
    return bool(workspace and workspace.apply_edit)


def nests_symbols(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the symbols of a document may have others in them."""
    symbols = capabilities.text_document.document_symbol if capabilities.text_document else None
    return bool(symbols and symbols.hierarchical_document_symbol_support)


def asks_for_content(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the client asks the server for the text of documents that are not files."""
    return capabilities.workspace is not None and capabilities.workspace.text_document_content is not None


def shows_documents(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the client can be asked to open a document."""
    window = capabilities.window
    return bool(window and window.show_document and window.show_document.support)


def refreshes_inlay_hints(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether the client can be told to request inlay hints again."""
    workspace = capabilities.workspace
    return bool(workspace and workspace.inlay_hint and workspace.inlay_hint.refresh_support)


def takes_action_literals(capabilities: lsp.ClientCapabilities) -> bool:
    """Whether a code action may be more than a command."""
    text = capabilities.text_document
    return bool(text and text.code_action and text.code_action.code_action_literal_support)
