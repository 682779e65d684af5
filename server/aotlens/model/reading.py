"""Descriptors out of text: torch's repr and its `.expr()`, read back, and what is wrong with them.

`ParamAOTInput(target='w')`, `GradAOTOutput(PlainAOTInput(0))`, `__grad(self.get_parameter('w'))`, `args[0]._base`.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from aotlens.explain.words import ALIASING, AUTOGRAD, BASES, CONVENTION, KINDS, SUBCLASSES, stage
from aotlens_tracer.wire.descriptor_map import Descriptor

_LONGEST = 4000

# The fields of each class that has any, in torch's order.
_INNER = {
    "SubclassGetAttrAOTInput": ("base", "attr"),
    "SubclassSizeAOTInput": ("base", "idx"),
    "SubclassStrideAOTInput": ("base", "idx"),
    "SubclassGetAttrAOTOutput": ("base", "attr"),
    "SubclassSizeAOTOutput": ("base", "idx"),
    "SubclassStrideAOTOutput": ("base", "idx"),
    "ViewBaseAOTInput": ("base_of",),
    "SyntheticBaseAOTInput": ("base_of",),
    "IntermediateBaseAOTOutput": ("base_of",),
    "InputMutationAOTOutput": ("mutated_input",),
    "TangentAOTInput": ("output",),
    "GradAOTOutput": ("grad_of",),
    "ParamAOTInput": ("target",),
    "BufferAOTInput": ("target",),
}
_NAMES = ("ParamAOTInput", "BufferAOTInput")
# Which of them wrap a descriptor of the other side.
_WRAPS = {
    **{
        kind: "Input" if kind.endswith("Input") else "Output" for kind, names in _INNER.items() if "target" not in names
    },
    "InputMutationAOTOutput": "Input",
    "TangentAOTInput": "Output",
    "GradAOTOutput": "Input",
}
_ORDER = {CONVENTION: 1, BASES: 2, ALIASING: 2, AUTOGRAD: 3, SUBCLASSES: 4}
_CALLS = {
    "__grad": "GradAOTOutput",
    "__output_tangent": "TangentAOTInput",
    "__input_mutation": "InputMutationAOTOutput",
    "__intermediate_base": "IntermediateBaseAOTOutput",
    "__make_synthetic_base": "SyntheticBaseAOTInput",
}
_NUMBERED = {
    "__dummy": "DummyAOTInput",
    "__forward_token": "ForwardTokenAOTInput",
    "__backward_token": "BackwardTokenAOTInput",
    "__aliased_arg_with_metadata_mutation": "MetadataMutationAOTOutput",
    "__saved_for_backwards_": "SavedForBackwardsAOTOutput",
    "__saved_for_backwards_no_vc_check_": "SavedForBackwardsNoVcCheckAOTOutput",
}
_NAMED = {
    "__philox_forward_seed": "PhiloxForwardSeedAOTInput",
    "__philox_forward_base_offset": "PhiloxForwardBaseOffsetAOTInput",
    "__philox_backward_seed": "PhiloxBackwardSeedAOTInput",
    "__philox_backward_base_offset": "PhiloxBackwardBaseOffsetAOTInput",
    "__philox_updated_forward_offset": "PhiloxUpdatedForwardOffsetAOTOutput",
    "__philox_updated_backward_offset": "PhiloxUpdatedBackwardOffsetAOTOutput",
}


def read_descriptor(text: str) -> Descriptor | None:
    """The descriptor that a text is, in torch's repr or as an expression; None where it is none."""
    if len(text) > _LONGEST or "\\" in text:  # Python warns of some escapes, and no descriptor has any
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return _descriptor(tree)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def read_code(text: str) -> Descriptor | None:
    """The descriptor that an expression of a program builds, with None for each argument that is not written out."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return _descriptor(_Unwritten().visit(tree))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


class _Unwritten(ast.NodeTransformer):
    """Puts None for the arguments of calls that cannot be read."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Attribute) and node.func.attr.endswith(("AOTInput", "AOTOutput")):
            node.func = ast.Name(node.func.attr)  # descriptors.GradAOTOutput(…)
        for index, value in enumerate(node.args):
            node.args[index] = self._readable(value)
        for keyword in node.keywords:
            keyword.value = self._readable(keyword.value)
        return node

    def _readable(self, node: ast.expr) -> ast.expr:
        node = self.visit(node)
        try:
            _field(node)
        except (SyntaxError, ValueError):
            return ast.Constant(None)
        return node


def illegal_nesting(descriptor: Descriptor) -> str | None:
    """Why no stage of AOTAutograd makes such a descriptor, at its outermost offence; None where it is legal."""
    for value in descriptor.fields.values():
        if not isinstance(value, Descriptor):
            continue
        problem = _problem(descriptor, value) or illegal_nesting(value)
        if problem is not None:
            return problem
    return None


def corrected(descriptor: Descriptor) -> Descriptor | None:
    """The descriptor that was probably meant by an illegally nested one; None where that cannot be told."""
    for name, value in descriptor.fields.items():
        if not isinstance(value, Descriptor):
            continue
        if _problem(descriptor, value) is not None:
            return _turned_around(descriptor, value)
        if (inner := corrected(value)) is not None:
            return _made(descriptor.kind, {**descriptor.fields, name: inner})
    return None


def _problem(around: Descriptor, inside: Descriptor) -> str | None:
    outer, inner = around.kind, inside.kind
    if outer not in KINDS or inner not in KINDS:
        return None
    side = _WRAPS.get(outer)
    if side is None:
        return f"`{outer}` wraps no other descriptor."
    if not inner.endswith(side):
        article = "an input" if side == "Input" else "an output"
        other = "an output" if side == "Input" else "an input"
        return f"`{outer}` wraps {article}, but `{inner}` is {other}."
    order, inner_order = _ORDER.get(stage(outer)), _ORDER.get(stage(inner))
    if inner_order is None or order is None:
        return f"`{outer}` never wraps `{inner}`: nothing is derived from it."
    if inner_order > order:
        meant = _turned_around(around, inside)
        return f"`{outer}` comes from {stage(outer)}, which runs before {stage(inner)}: it never wraps `{inner}`." + (
            f" Meant is perhaps `{meant.descriptor}`." if meant is not None else ""
        )
    if inner_order == order == 3:
        return f"`{outer}` never wraps `{inner}`: AOTAutograd has no double backward."
    return None


def _turned_around(outer: Descriptor, inner: Descriptor) -> Descriptor | None:
    """The piece of the gradient instead of the gradient of the piece."""
    base = inner.fields.get("base")
    if stage(inner.kind) != SUBCLASSES or not isinstance(base, Descriptor):
        return None
    kind = inner.kind.replace("Input", "").replace("Output", "") + _side(outer)
    return _made(kind, {**inner.fields, "base": _made(outer.kind, {_INNER[outer.kind][0]: base})})


def _descriptor(node: ast.expr) -> Descriptor | None:
    if isinstance(node, ast.Call):
        return _call(node)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        index = ast.literal_eval(node.slice)
        kind = {"args": "PlainAOTInput", "output": "PlainAOTOutput"}.get(node.value.id)
        return _made(kind, {"idx": index}) if kind is not None and isinstance(index, int) else None
    if isinstance(node, ast.Name):
        if node.id in _NAMED:
            return _made(_NAMED[node.id], {})
        match = re.fullmatch(r"(__\w*?)(\d+)", node.id)
        kind = _NUMBERED.get(match[1]) if match else None
        return _made(kind, {"idx": int(match[2])}) if match and kind is not None else None
    if isinstance(node, ast.Attribute):
        base = _descriptor(node.value)
        if base is None:
            return None
        if node.attr == "_base" and base.kind.endswith("Input"):
            return _made("ViewBaseAOTInput", {"base_of": base})
        return _made(f"SubclassGetAttrAOT{_side(base)}", {"base": base, "attr": node.attr})
    return None


def _call(node: ast.Call) -> Descriptor | None:
    function = node.func
    if isinstance(function, ast.Attribute):
        if function.attr in ("get_parameter", "get_buffer") and len(node.args) == 1:
            kind = "ParamAOTInput" if function.attr == "get_parameter" else "BufferAOTInput"
            target = ast.literal_eval(node.args[0])
            return _made(kind, {"target": target}) if isinstance(target, str) else None
        base = _descriptor(function.value)
        if base is not None and function.attr in ("size", "stride") and len(node.args) == 1:
            what = function.attr.capitalize()
            return _made(f"Subclass{what}AOT{_side(base)}", {"base": base, "idx": ast.literal_eval(node.args[0])})
        return None
    if not isinstance(function, ast.Name):
        return None
    name = _CALLS.get(function.id, function.id)
    if not name.endswith(("AOTInput", "AOTOutput")):
        return None
    names = _INNER.get(name, ("idx",))
    fields = dict(zip(names, map(_field, node.args)))
    fields |= {keyword.arg: _field(keyword.value) for keyword in node.keywords if keyword.arg is not None}
    return _made(name, fields)


def _field(node: ast.expr) -> Any:
    return _descriptor(node) or ast.literal_eval(node)


def _side(descriptor: Descriptor) -> str:
    return "Input" if descriptor.kind.endswith("Input") else "Output"


def _made(kind: str, fields: dict[str, Any]) -> Descriptor:
    """The descriptor with the repr that torch would give it."""
    inside = ", ".join(
        f"{name}={value.descriptor if isinstance(value, Descriptor) else repr(value)}" for name, value in fields.items()
    )
    return Descriptor(kind, f"{kind}({inside})", None, fields)
