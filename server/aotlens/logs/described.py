"""Meanings of the descriptors that torch writes beside inputs and outputs (`# PlainAOTInput(idx=2)`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aotlens_tracer.wire.descriptor_map import Descriptor

from .descriptor_text import read_descriptor
from .named import Role

Label = Callable[[int], tuple[Role, str | None]]
"""Gives the role and the name of the i-th argument of the call."""

_OF_STATE: dict[str, Role] = {"ParamAOTInput": "parameter", "BufferAOTInput": "buffer"}
_INNER = ("base", "base_of", "grad_of", "mutated_input", "output")
_OUTPUTS: dict[str, Role] = {
    "PlainAOTOutput": "result",
    "IntermediateBaseAOTOutput": "result",
    "InputMutationAOTOutput": "new value",
    "MetadataMutationAOTOutput": "new value",
    "GradAOTOutput": "gradient",
    "SavedForBackwardsAOTOutput": "saved",
    "SavedForBackwardsNoVcCheckAOTOutput": "saved",
}


@dataclass(frozen=True)
class Described:
    """The role and the name that a descriptor gives.

    `inner` is the text of the descriptor inside it: the input of a gradient or new value, the output of a tangent; None
    if there is none.
    """

    role: Role
    name: str | None
    inner: str | None = None


def described(text: str, label: Label) -> Described | None:
    """The meaning of a descriptor's text; None if it is not one."""
    descriptor = read_descriptor(text)
    return None if descriptor is None else _meaning(descriptor, label)


def normal(text: str | None) -> str | None:
    """Torch's repr of a descriptor, whatever form the text has; the text itself if it is none."""
    descriptor = None if text is None else read_descriptor(text)
    return text if descriptor is None else descriptor.descriptor


def _meaning(descriptor: Descriptor, label: Label) -> Described:
    kind, fields = descriptor.kind, descriptor.fields
    inner = next((fields[name] for name in _INNER if isinstance(fields.get(name), Descriptor)), None)
    below = None if inner is None else _meaning(inner, label)
    if kind in _OF_STATE:
        return Described(_OF_STATE[kind], str(fields.get("target")))
    if kind == "PlainAOTInput" and isinstance(index := fields.get("idx"), int):
        return Described(*label(index))
    if kind in _OUTPUTS or kind == "TangentAOTInput":
        role = _OUTPUTS.get(kind, "tangent")
        name = below.name if below is not None and role != "tangent" else None
        return Described(role, name, None if inner is None else inner.descriptor)
    if kind.startswith("Subclass") and below is not None and inner is not None:
        return Described(below.role, _piece(descriptor, below.name), _inner_piece(descriptor, inner, below.inner))
    if kind in ("ViewBaseAOTInput", "SyntheticBaseAOTInput") and below is not None:
        return Described(below.role, None if below.name is None else f"{below.name}._base")
    if "Token" in kind:
        return Described("token", None)
    return Described("random state" if kind.startswith("Philox") else "unknown", None)


def _inner_piece(piece: Descriptor, whole: Descriptor, inner: str | None) -> str | None:
    """The descriptor that the piece of a gradient or tangent belongs to: the same piece of the input or output."""
    if inner is None:
        return None
    old, new = ("AOTInput", "AOTOutput") if "AOTInput(" in piece.kind + "(" else ("AOTOutput", "AOTInput")
    kind = piece.kind.replace(old, new)
    return piece.descriptor.replace(whole.descriptor, inner, 1).replace(piece.kind, kind, 1)


def _piece(descriptor: Descriptor, base: str | None) -> str | None:
    if base is None:
        return None
    fields = descriptor.fields
    if "GetAttr" in descriptor.kind:
        return f"{base}.{fields.get('attr')}"
    return f"{base}.{'size' if 'Size' in descriptor.kind else 'stride'}({fields.get('idx')})"
