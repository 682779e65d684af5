"""`textDocument/signatureHelp`."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

from lsprotocol import types as lsp

from aotlens.explain.render.markdown import markdown
from aotlens.explain.render.plain import plain
from aotlens.features import signature_help
from aotlens.lsp.capabilities import documents_signatures_in_markdown
from aotlens.lsp.context import Context

from .beside import answered
from .position import focused_position

Answer = lsp.SignatureHelp | None


def in_source(context: Context, params: lsp.SignatureHelpParams) -> Answer | Awaitable[Answer]:
    """The signature of the call around a position, if it is one of torch's functions for graph passes."""
    if (place := focused_position(context, params)) is None:
        return None
    find = partial(signature_help.signature_help, context.session.snapshot(), *place)
    return answered(place[0], find, partial(_signature, context))


def _signature(context: Context, found: signature_help.Signature | None) -> Answer:
    if found is None:
        return None
    if documents_signatures_in_markdown(context.capabilities):
        text = lsp.MarkupContent(lsp.MarkupKind.Markdown, markdown(found.blocks))
    else:
        text = lsp.MarkupContent(lsp.MarkupKind.PlainText, plain(found.blocks))
    # Clients find the parameters in the label by their text.
    parameters = [lsp.ParameterInformation(parameter) for parameter in found.parameters]
    signature = lsp.SignatureInformation(found.label, text, parameters)
    return lsp.SignatureHelp([signature], active_signature=0, active_parameter=found.active)
