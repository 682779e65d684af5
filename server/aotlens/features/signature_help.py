"""Signature help: the parameters of a call in the code of a graph pass, and what it gives for the traced models."""

from __future__ import annotations

from dataclasses import dataclass

from aotlens.explain.blocks import Block
from aotlens.explain.pass_code import constructor, signature
from aotlens.model.descriptors import STAGES
from aotlens.model.fx_utils import FX_FUNCTIONS
from aotlens.model.snapshot import Snapshot
from aotlens.syntax.open_calls import OpenCall
from aotlens.syntax.pass_kinds import DescriptorValue
from aotlens.syntax.pass_subjects import called_at
from aotlens.text.documents import Document

from .hover.pass_code import call_in_brief
from .hover.question import Question


@dataclass(frozen=True)
class Signature:
    """A signature: its text, its parameters as they stand in it, and the index of the one at the position.

    `active` is None if the position is at none of them.
    """

    label: str
    parameters: tuple[str, ...]
    active: int | None
    blocks: tuple[Block, ...]


def signature_help(snapshot: Snapshot, document: Document, line: int, column: int) -> Signature | None:
    """The signature of the call around a position; None if torch's functions for passes have nothing to do with it."""
    found = called_at(document, line, column)
    if found is None:
        return None
    call, subject = found
    if isinstance(subject.value, DescriptorValue):
        (kind,) = subject.value.only[0]
        if kind not in STAGES:
            return None
        label, parameters = constructor(kind)
    else:
        label, parameters = signature(FX_FUNCTIONS[subject.value.function])
    blocks = call_in_brief(Question(snapshot, document, line, column), subject)
    return Signature(label, parameters, _active(call, parameters), blocks)


def _active(call: OpenCall, parameters: tuple[str, ...]) -> int | None:
    names = [parameter.partition(":")[0] for parameter in parameters]
    if call.keyword is not None:
        return names.index(call.keyword) if call.keyword in names else None
    return call.argument if call.argument < len(names) else None
