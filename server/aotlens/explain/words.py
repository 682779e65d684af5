"""Every descriptor in words: what it is, what it is called in a table, and which stage of AOTAutograd made it.

The claims are checked against torch 2.13 (`torch/_functorch/_aot_autograd`). `_KINDS` has words for every class of
`aotlens.model.descriptors`; an unknown class of a newer torch is named by its own fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aotlens.model.descriptors import (
    ALIASING,
    AUTOGRAD,
    BASES,
    CONVENTION,
    PARTITIONER,
    RNG,
    SUBCLASSES,
    TOKENS,
    Labels,
    piece,
    stage,
)
from aotlens_tracer.wire.descriptor_map import Descriptor, Input, Output, Slot

from .input_roles import NOUNS, named, source_in_words

# How a sentence ends, by stage: who put the slot there.
_CREDITS = {
    CONVENTION: "Part of the original calling convention.",
    BASES: "Introduced by AOTAutograd's synthetic base handling.",
    ALIASING: "Introduced by AOTAutograd's mutation and alias handling.",
    AUTOGRAD: "Introduced by autograd, when AOTAutograd created the joint graph.",
    SUBCLASSES: "Introduced by AOTAutograd's subclass unwrapping.",
    TOKENS: "Introduced by AOTAutograd's effect tokens.",
    RNG: "Introduced by AOTAutograd's functionalized RNG.",
    PARTITIONER: "Introduced by the partitioner, which splits the joint graph into forward and backward.",
}

# Kinds that need no legend: every reader of a model knows them.
USUAL = frozenset(
    {"ParamAOTInput", "BufferAOTInput", "PlainAOTInput", "TangentAOTInput", "PlainAOTOutput", "GradAOTOutput"}
)


@dataclass(frozen=True)
class _Kind:
    """One class of `descriptors.py`. `noun` names one instance, `why` goes on from that name and ends the sentence."""

    role: str
    noun: Callable[[Mapping[str, Any], Labels], str]
    why: str


def _phrase(template: str, inner: str | None = None) -> Callable[[Mapping[str, Any], Labels], str]:
    """A noun made from a template over the fields, where `{inner}` is the name of the descriptor in field `inner`."""

    def noun(fields: Mapping[str, Any], labels: Labels) -> str:
        values = {key: value for key, value in fields.items() if not isinstance(value, Descriptor)}
        if inner is not None:
            values["inner"] = _inner_name(fields.get(inner), labels)
        return template.format_map(_Lenient(values))

    return noun


class _Lenient(dict[str, Any]):
    """The fields of a descriptor; a missing one is `?`, so that a torch that renamed it still gets a sentence."""

    def __missing__(self, key: str) -> str:
        return "?"


def _inner_name(value: Any, labels: Labels) -> str:
    return name(value, labels) if isinstance(value, Descriptor) else "something unknown"


def _is_a_piece_of(what: str) -> str:
    return f", which is a tensor subclass: {what}"


_DUMMY = _Kind(
    "placeholder",
    _phrase("placeholder descriptor {idx}"),
    ": torch puts it where a descriptor is demanded but not needed. No stage introduces it, and no traced graph shows "
    "it",
)
_MADE_OF_PIECES = _is_a_piece_of(
    "the graph takes and returns only plain values, so each subclass is replaced by the attributes it is made of"
)
_DYNAMIC = _is_a_piece_of("its {0} is dynamic here, and therefore passed to or from the graph as a value of its own")
_TOKEN = (
    ". It holds no data: operations with side effects (printing, for instance) are strung along it, "
    "so that they keep their order and are not removed"
)
_INTERNAL = ", which the graph returns to the code after it: the call does not return it"
_SEEDED = ". Random operations become plain functions of a seed and an offset"

_KINDS: dict[str, _Kind] = {
    "ParamAOTInput": _Kind("parameter", _phrase("parameter `{target}`"), ", passed in as it is"),
    "BufferAOTInput": _Kind("buffer", _phrase("buffer `{target}`"), ", passed in as it is"),
    "DummyAOTInput": _DUMMY,
    "PlainAOTInput": _Kind("argument", _phrase("argument `args[{idx}]`"), ", as you passed it"),
    "SubclassGetAttrAOTInput": _Kind("piece", _phrase("the `{attr}` piece of {inner}", "base"), _MADE_OF_PIECES),
    "SubclassSizeAOTInput": _Kind(
        "size",
        _phrase("the size of dimension {idx} of {inner}", "base"),
        _DYNAMIC.format("size"),
    ),
    "SubclassStrideAOTInput": _Kind(
        "stride",
        _phrase("the stride of dimension {idx} of {inner}", "base"),
        _DYNAMIC.format("stride"),
    ),
    "ViewBaseAOTInput": _Kind(
        "view base",
        _phrase("the tensor that {inner} is a view of", "base_of"),
        ". Several inputs share this memory and the traced code writes to it, so this one tensor is passed in place "
        "of them all, and the views are made anew from it",
    ),
    "SyntheticBaseAOTInput": _Kind(
        "synthetic base",
        _phrase("a tensor over the whole storage of {inner}", "base_of"),
        ". Several inputs share this memory and the traced code writes to it, but autograd knows no tensor that "
        "they are views of; so one is made up, passed in place of them all, and the views are made anew from it",
    ),
    "PhiloxForwardSeedAOTInput": _Kind("RNG seed", _phrase("the seed of the forward pass's random numbers"), _SEEDED),
    "PhiloxForwardBaseOffsetAOTInput": _Kind(
        "RNG offset", _phrase("the offset at which the forward pass's random numbers start"), _SEEDED
    ),
    "PhiloxBackwardSeedAOTInput": _Kind("RNG seed", _phrase("the seed of the backward pass's random numbers"), _SEEDED),
    "PhiloxBackwardBaseOffsetAOTInput": _Kind(
        "RNG offset", _phrase("the offset at which the backward pass's random numbers start"), _SEEDED
    ),
    "ForwardTokenAOTInput": _Kind(
        "effect token", _phrase("effect token {idx} on its way into the forward pass"), _TOKEN
    ),
    "BackwardTokenAOTInput": _Kind(
        "effect token", _phrase("effect token {idx} on its way into the backward pass"), _TOKEN
    ),
    "TangentAOTInput": _Kind(
        "tangent",
        _phrase("the tangent of {inner}", "output"),
        ": the gradient of the loss with respect to it, from which the backward pass starts",
    ),
    "PlainAOTOutput": _Kind("output", _phrase("output `output[{idx}]`"), ", as the traced code returns it"),
    "InputMutationAOTOutput": _Kind(
        "mutated input",
        _phrase("the new value of {inner}", "mutated_input"),
        ", which the traced code changes in place. The graph does not write to this input: it returns the new value, "
        "which is written back afterwards",
    ),
    "IntermediateBaseAOTOutput": _Kind(
        "intermediate base",
        _phrase("the intermediate tensor that {inner} is a view of", "base_of"),
        ". Several outputs share its memory, so the graph returns it as well: the outputs are made anew as views of "
        "it, and gradients flow through it",
    ),
    "MetadataMutationAOTOutput": _Kind(
        "metadata mutation",
        _phrase("number {idx} of the aliased inputs whose shape or strides change"),
        " (torch does not say which input that is). It shares memory with another one, and the traced code "
        "changes its shape or strides in place (`t_()`, for instance); it is returned so that the change can be "
        "repeated on the caller's tensor",
    ),
    "GradAOTOutput": _Kind(
        "gradient", _phrase("the gradient of {inner}", "grad_of"), ", computed by the backward pass"
    ),
    "PhiloxUpdatedForwardOffsetAOTOutput": _Kind(
        "RNG offset",
        _phrase("the offset that the forward pass's random numbers have reached"),
        ", returned so that the generator can go on from there",
    ),
    "PhiloxUpdatedBackwardOffsetAOTOutput": _Kind(
        "RNG offset",
        _phrase("the offset that the backward pass's random numbers have reached"),
        ", returned so that the generator can go on from there",
    ),
    "ForwardTokenAOTOutput": _Kind(
        "effect token", _phrase("effect token {idx} on its way out of the forward pass"), _TOKEN
    ),
    "BackwardTokenAOTOutput": _Kind(
        "effect token", _phrase("effect token {idx} on its way out of the backward pass"), _TOKEN
    ),
    "SubclassGetAttrAOTOutput": _Kind("piece", _phrase("the `{attr}` piece of {inner}", "base"), _MADE_OF_PIECES),
    "SubclassSizeAOTOutput": _Kind(
        "size",
        _phrase("the size of dimension {idx} of {inner}", "base"),
        _DYNAMIC.format("size"),
    ),
    "SubclassStrideAOTOutput": _Kind(
        "stride",
        _phrase("the stride of dimension {idx} of {inner}", "base"),
        _DYNAMIC.format("stride"),
    ),
    "DummyAOTOutput": _DUMMY,
    "SavedForBackwardsAOTOutput": _Kind(
        "saved for backward", _phrase("value {idx} that the forward pass keeps for the backward pass"), ""
    ),
    "SavedForBackwardsNoVcCheckAOTOutput": _Kind(
        "saved unchecked",
        _phrase("value {idx} that the forward pass keeps for the backward pass, without a version check"),
        ". A custom `autograd.Function` stored it on `ctx` itself instead of calling `ctx.save_for_backward`, so a "
        "later change in place goes unnoticed, as in eager mode",
    ),
}

# The nouns of a legend, which names no instance; a kind that is not here has a noun without a name already. What comes
# in pairs (in and out, forward and backward) shares one, so that a legend says it once.
_PIECE = "one piece of a value"
_SIZE = "the size of one dimension of a value"
_STRIDE = "the stride of one dimension of a value"
_GENERIC = {
    "ParamAOTInput": "a parameter",
    "BufferAOTInput": "a buffer",
    "PlainAOTInput": "an argument",
    "TangentAOTInput": "the tangent of an output",
    "PlainAOTOutput": "an output",
    "GradAOTOutput": "the gradient of an input",
    "DummyAOTInput": "a placeholder descriptor",
    "SubclassGetAttrAOTInput": _PIECE,
    "SubclassSizeAOTInput": _SIZE,
    "SubclassStrideAOTInput": _STRIDE,
    "ViewBaseAOTInput": "the tensor that an input is a view of",
    "SyntheticBaseAOTInput": "a tensor over the whole storage of an input",
    "ForwardTokenAOTInput": "a marker for side effects",
    "BackwardTokenAOTInput": "a marker for side effects",
    "InputMutationAOTOutput": "the new value of an input",
    "IntermediateBaseAOTOutput": "the intermediate tensor that an output is a view of",
    "MetadataMutationAOTOutput": "one of the aliased inputs whose shape or strides change",
    "ForwardTokenAOTOutput": "a marker for side effects",
    "BackwardTokenAOTOutput": "a marker for side effects",
    "SubclassGetAttrAOTOutput": _PIECE,
    "SubclassSizeAOTOutput": _SIZE,
    "SubclassStrideAOTOutput": _STRIDE,
    "DummyAOTOutput": "a placeholder descriptor",
    "SavedForBackwardsAOTOutput": "a value that the forward pass keeps for the backward pass",
    "SavedForBackwardsNoVcCheckAOTOutput": (
        "a value that the forward pass keeps for the backward pass, without a version check"
    ),
}


def name(descriptor: Descriptor, labels: Labels | None = None) -> str:
    """The descriptor as a noun phrase: "the `_local_tensor` piece of the gradient of parameter `w`"."""
    labels = labels or {}
    label = labels.get(descriptor.descriptor)
    kind = _KINDS.get(descriptor.kind)
    if kind is None:
        noun = f"the {_spelled(descriptor.kind)}" + (f" `{label.text}`" if label else "")
        inner = [f"{key}: {_field(value, labels)}" for key, value in descriptor.fields.items()]
        return f"{noun} ({', '.join(inner)})" if inner else noun
    # torch numbers arguments and outputs, so we show the user's name instead. Other kinds are named by the descriptor
    # inside.
    if label and descriptor.kind in ("PlainAOTInput", "PlainAOTOutput"):
        return named(label)
    return kind.noun(descriptor.fields, labels)


def describe(descriptor: Descriptor, labels: Labels | None = None) -> str:
    """Explain the descriptor, and the stage of AOTAutograd that introduced it, to readers new to torch's source."""
    kind = _KINDS.get(descriptor.kind)
    if kind is None:
        return (
            f"{_capital(name(descriptor, labels))}: torch calls it `{descriptor.kind}`, which this version of aotlens "
            "does not know."
        )
    return _sentence(name(descriptor, labels), descriptor.kind)


def meaning(slot: Slot, labels: Labels | None = None, instead: str = "does not exist") -> str:
    """Explain a slot of the graph: its descriptor in words, or that the slot is empty.

    `instead` goes on from the name of a gradient whose slot is empty; `gradients.meaning_of` knows it.
    """
    descriptor = slot.as_descriptor()
    if descriptor is None:
        if isinstance(slot, Output) and slot.node is None:
            return (
                "An empty slot without a descriptor: the input whose gradient would stand here requires none. "
                "Introduced by autograd, when AOTAutograd created the joint graph."
            )
        return "torch attached no descriptor to this slot."
    if slot.node is None and descriptor.kind == "GradAOTOutput":
        return f"{_capital(name(descriptor, labels))} {instead}."
    if isinstance(slot, Output) and slot.is_internal and descriptor.kind == "PlainAOTOutput":
        return f"{_capital(name(descriptor, labels))}{_INTERNAL}."
    if isinstance(slot, Input) and slot.dynamo is not None and descriptor.kind == "PlainAOTInput":
        return source_in_words(slot.dynamo, _capital(name(descriptor, labels)))
    return describe(descriptor, labels)


def legend(kind: str) -> str:
    """One sentence on what slots of this kind are, naming no instance."""
    known = _KINDS.get(kind)
    if known is None:
        return f"torch calls it `{kind}`, which this version of aotlens does not know."
    return _sentence(_GENERIC.get(kind) or known.noun({}, {}), kind)


def title(kind: str) -> str:
    """Name a kind of slot for the legend: as `role` does, but the pieces of all values have one title, "piece"."""
    known = _KINDS.get(kind)
    return known.role if known is not None else _spelled(kind)


def role_of(slot: Slot) -> str:
    """Name the role of a slot in two or three words, for a table: "parameter", "gradient piece", "effect token".

    Under torch.compile the source of an input says it; in torch's descriptor all are plain inputs.
    """
    descriptor = slot.as_descriptor()
    if descriptor is None or not isinstance(slot, Input) or slot.dynamo is None:
        return role(slot.kind, slot.fields)
    if piece(descriptor)[1].kind != "PlainAOTInput":
        return role(slot.kind, slot.fields)
    whole = NOUNS[slot.dynamo.role]
    return whole if descriptor.kind == "PlainAOTInput" else f"{whole} {_KINDS[descriptor.kind].role}"


def role(kind: str | None, fields: Mapping[str, Any] | None = None) -> str:
    """Name the kind of a slot, as `role_of` does, by its descriptor alone."""
    if kind is None:
        return "no descriptor"
    known = _KINDS.get(kind)
    if known is None:
        return _spelled(kind)
    if stage(kind) != SUBCLASSES:
        return known.role
    base = (fields or {}).get("base")
    if not isinstance(base, Descriptor):
        return f"subclass {known.role}"
    # A piece of a piece is a piece: nesting shows in the label, and words for it would only get longer.
    _, owner = piece(base)
    return f"{role(owner.kind, owner.fields)} {known.role}"


def _sentence(noun: str, kind: str) -> str:
    credit = _CREDITS.get(stage(kind))
    return f"{_capital(noun)}{_KINDS[kind].why}.{' ' + credit if credit else ''}"


def _field(value: Any, labels: Labels) -> str:
    return name(value, labels) if isinstance(value, Descriptor) else f"`{value!r}`"


def _spelled(kind: str) -> str:
    """`FancyNewAOTInput` as "fancy new input"."""
    stem = re.sub(r"AOT(?=(Input|Output)$)", "", kind)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", stem).lower()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
