"""The features over LSP: thin handlers that convert positions, ask a pure function, and convert its answer."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from aotlens.explain.markdown import render_markdown
from aotlens.features import code_actions, definition, highlight, hover, inlay_hints, lens, references, symbols
from aotlens.features import diagnostics as findings
from aotlens.features.snapshot import Snapshot, TargetKey
from aotlens.session.documents import Document
from aotlens_tracer.descriptor_map import Span

from .places import Places

if TYPE_CHECKING:
    from aotlens.server import AotlensServer

SOURCE = "aotlens"
COMMANDS = (
    "aotlens.traceNow",
    "aotlens.chooseContext",
    "aotlens.showMap",
    "aotlens.copyExpression",
    "aotlens.restartTracer",
    "aotlens.showLogs",
    "aotlens.editExample",
    "aotlens.pinExample",
)
_SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "information": lsp.DiagnosticSeverity.Information,
    "hint": lsp.DiagnosticSeverity.Hint,
}
_SYMBOLS = {"parameter": lsp.SymbolKind.Field, "buffer": lsp.SymbolKind.Property}
_COMPLETIONS = {
    "parameter": lsp.CompletionItemKind.Field,
    "buffer": lsp.CompletionItemKind.Property,
    "module": lsp.CompletionItemKind.Module,
}
