"""Reads descriptors out of text: torch's repr, and the expression that torch's `.expr()` gives.

Examples of reprs are `ParamAOTInput(target='w')` and `GradAOTOutput(PlainAOTInput(0))`, of expressions
`__grad(self.get_parameter('w'))` and `args[0]._base`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aotlens_tracer.wire.descriptor_map import Descriptor

LONGEST = 4000
"""The most characters of a descriptor that is read: torch nests a few, and Python's parser takes time for many."""

FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
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
)
"""The fields of a descriptor class in torch's order, if they are not just `idx`."""
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
    """The descriptor that a text spells, as torch's repr or as an expression; None if it is not a descriptor."""
    if len(text) > LONGEST or "\\" in text:  # Python warns of some escapes, and no descriptor has any
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return _descriptor(tree)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def read_code(text: str) -> Descriptor | None:
    """The descriptor that an expression of a program builds, with None for each argument that is not a literal.

    None if the expression does not build a descriptor, or is longer than any.
    """
    if len(text) > LONGEST:
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return _descriptor(_Unwritten().visit(tree))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def descriptor_of(kind: str, fields: dict[str, Any]) -> Descriptor:
    """A descriptor with the repr that torch would give it."""
    inside = ", ".join(
        f"{name}={value.descriptor if isinstance(value, Descriptor) else repr(value)}" for name, value in fields.items()
    )
    return Descriptor(kind, f"{kind}({inside})", None, fields)


def side(descriptor: Descriptor) -> str:
    """The side of the graph that a descriptor belongs to: "Input" or "Output"."""
    return "Input" if descriptor.kind.endswith("Input") else "Output"


class _Unwritten(ast.NodeTransformer):
    """Puts None in place of the arguments of calls that cannot be read."""

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


def _descriptor(node: ast.expr) -> Descriptor | None:
    if isinstance(node, ast.Call):
        return _call(node)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        index = ast.literal_eval(node.slice)
        kind = {"args": "PlainAOTInput", "output": "PlainAOTOutput"}.get(node.value.id)
        return descriptor_of(kind, {"idx": index}) if kind is not None and isinstance(index, int) else None
    if isinstance(node, ast.Name):
        if node.id in _NAMED:
            return descriptor_of(_NAMED[node.id], {})
        match = re.fullmatch(r"(__\w*?)(\d+)", node.id)
        kind = _NUMBERED.get(match[1]) if match else None
        return descriptor_of(kind, {"idx": int(match[2])}) if match and kind is not None else None
    if isinstance(node, ast.Attribute):
        base = _descriptor(node.value)
        if base is None:
            return None
        if node.attr == "_base" and base.kind.endswith("Input"):
            return descriptor_of("ViewBaseAOTInput", {"base_of": base})
        return descriptor_of(f"SubclassGetAttrAOT{side(base)}", {"base": base, "attr": node.attr})
    return None


def _call(node: ast.Call) -> Descriptor | None:
    function = node.func
    if isinstance(function, ast.Attribute):
        if function.attr in ("get_parameter", "get_buffer") and len(node.args) == 1:
            kind = "ParamAOTInput" if function.attr == "get_parameter" else "BufferAOTInput"
            target = ast.literal_eval(node.args[0])
            return descriptor_of(kind, {"target": target}) if isinstance(target, str) else None
        base = _descriptor(function.value)
        if base is not None and function.attr in ("size", "stride") and len(node.args) == 1:
            what = function.attr.capitalize()
            return descriptor_of(
                f"Subclass{what}AOT{side(base)}", {"base": base, "idx": ast.literal_eval(node.args[0])}
            )
        return None
    if not isinstance(function, ast.Name):
        return None
    name = _CALLS.get(function.id, function.id)
    if not name.endswith(("AOTInput", "AOTOutput")):
        return None
    names = FIELDS.get(name, ("idx",))
    fields = dict(zip(names, map(_field, node.args)))
    fields |= {keyword.arg: _field(keyword.value) for keyword in node.keywords if keyword.arg is not None}
    return descriptor_of(name, fields)


def _field(node: ast.expr) -> Any:
    return _descriptor(node) or ast.literal_eval(node)
