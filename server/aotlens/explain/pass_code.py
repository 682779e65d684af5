"""The code of a graph pass in words: functions of `fx_utils`, descriptors and their fields, and what torch calls."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.brief import all_names
from aotlens.model.descriptors import STATE
from aotlens.model.folding import fold
from aotlens.model.fx_utils import FxFunction, Raised
from aotlens.model.pass_values import Held, classes_with, fields_of
from aotlens.syntax.pass_hooks import PassHook
from aotlens_tracer.wire.descriptor_map import Graph, Output

from .blocks import NOTHING, Code, Line, codes, joined, line, sentence
from .phrases import plural

_FIELDS = {
    "target": "the FQN of the parameter or buffer, a string",
    "idx": "a number",
    "output": "the output whose tangent it is, a descriptor",
    "grad_of": "the input whose gradient it is, a descriptor",
    "base": "the tensor subclass that it is a piece of, a descriptor",
    "attr": "the attribute of the subclass that holds the piece, a string",
    "base_of": "the input or output that it is the base of, a descriptor",
    "mutated_input": "the input whose new value it is, a descriptor",
}
_NUMBERS = {
    "PlainAOTInput": "the position among the arguments of the graph",
    "PlainAOTOutput": "the position among the outputs",
    "SubclassSizeAOTInput": "the dimension",
    "SubclassSizeAOTOutput": "the dimension",
    "SubclassStrideAOTInput": "the dimension",
    "SubclassStrideAOTOutput": "the dimension",
}
_VALUES = 8
"""The most values of a field that are listed."""


def signature(function: FxFunction) -> tuple[str, tuple[str, ...]]:
    """The signature of a function, in torch's words, and its only parameter with its type."""
    parameter = f"{function.parameter}: fx.Graph"
    return f"{function.name}({parameter}) -> {_result_type(function)}", (parameter,)


def _result_type(function: FxFunction) -> str:
    if function.keys is None:
        return "list[fx.Node]"
    if function.keys == "names":
        return "dict[str, fx.Node]"
    side = "Input" if function.partner == "gradient" else "Output"
    return f"dict[{function.only or f'DifferentiableAOT{side}'}, tuple[fx.Node, fx.Node | None]]"


def constructor(kind: str) -> tuple[str, tuple[str, ...]]:
    """The signature of a class of descriptors, and its parameters with their types."""
    parameters = tuple(f"{name}: {_field_type(kind, name)}" for name in fields_of(kind))
    return f"{kind}({', '.join(parameters)})", parameters


def _field_type(kind: str, field: str) -> str:
    if field in ("target", "attr"):
        return "str"
    if field == "idx":
        return "int"
    if field == "grad_of":
        return "DifferentiableAOTInput"
    if field == "output":
        return "DifferentiableAOTOutput"
    is_input = field == "mutated_input" or kind.endswith("Input")
    return "AOTInput" if is_input else "AOTOutput"


def result_in_words(function: FxFunction) -> str:
    """The kind of result of a function: `a dict from ParamAOTInput to (input, gradient)`."""
    noun = {"ParamAOTInput": "parameters", "BufferAOTInput": "buffers"}.get(function.only or "", "inputs")
    if function.keys is None:
        return f"the nodes of the {noun}"
    if function.keys == "names":
        return f"the nodes of the {noun} by FQN"
    if function.partner == "tangent":
        return "outputs and their tangents by descriptor"
    return f"{noun} and their gradients by descriptor"


def surprise(function: FxFunction) -> str | None:
    """A part of the result that a reader does not expect; None if there is none."""
    if function.only is not None or function.partner is None:
        return None
    if function.partner == "gradient":
        return "The tangents are among the inputs."
    return "The gradients are among the outputs, without a tangent."


def raised_in_words(function: FxFunction, raised: Raised, graph: Graph) -> Line:
    """The error that a function raises for a graph, and why."""
    slot = raised.slot
    node = f"output {slot.index}" if isinstance(slot, Output) else slot.node or NOTHING
    head = line(
        "raises ", Code(raised.error), ": ", Code(node), " is ", Code(slot.descriptor or "without a descriptor")
    )
    if raised.error == "RuntimeError":
        return line(head, ", a piece of a tensor subclass, which the function does not support")
    partner = "input" if function.partner == "gradient" else "output"
    return line(head, f", and its {partner} is a tensor subclass, which the graph has in pieces only")


def nothing_in_words(function: FxFunction, convention: str) -> Line:
    """Why a function returns nothing for a graph."""
    if convention == "compile" and function.only in STATE:
        return line("returns nothing: ", sentence(plain_inputs()))
    return line("returns nothing")


def plain_inputs() -> str:
    """How torch.compile passes parameters and buffers."""
    return (
        "parameters and buffers are plain inputs (`PlainAOTInput`) there, "
        "which `get_plain_input_and_grad_nodes` returns"
    )


def about_state(classes: Sequence[str]) -> bool:
    """Whether descriptors of these classes are those of parameters and buffers alone, which torch.compile never has."""
    return bool(classes) and STATE.issuperset(classes)


def no_state_in_words(classes: Sequence[str]) -> Line:
    """Under torch.compile no descriptor is of one of these classes."""
    kinds = line("there is no ", joined([line(Code(kind)) for kind in classes], " and no "))
    return line("Under torch.compile ", kinds, ": ", sentence(f"{plain_inputs()}."))


def hook_in_words(hook: PassHook) -> Line | None:
    """The graph that a pass gets that torch.compile calls, if that is not the joint graph; None if it is."""
    name = Code(hook.name)
    if hook.graph == "dynamo":
        text = "gets Dynamo's graph, whose nodes have no descriptors: `KeyError`. The joint graph has them"
        return line(name, " ", sentence(f"{text} (`joint_custom_pre_pass`, `partition_fn`)."))
    if hook.graph == "partitioned":
        text = (
            "gets the forward graph, which has no gradients, and then the backward graph, "
            "whose saved values have no descriptors: `KeyError` there."
        )
        return line(name, " ", sentence(text))
    return None


def not_captured_in_words(convention: str, hook: PassHook | None) -> Line:
    """No traced model has a map of the convention in which torch runs the pass."""
    if hook is not None:
        text = (
            "is called by torch.compile, and no model was traced in its convention "
            "(the setting `aotlens.trace.convention`)."
        )
        return line(Code(hook.name), " ", sentence(text))
    return sentence(f"No model was traced in the {convention} convention (the setting `aotlens.trace.convention`).")


def field_in_words(field: str, classes: Sequence[str]) -> Line:
    """The value of a field in general: `the FQN of the parameter or buffer, a string`."""
    if field == "idx":
        known = {_NUMBERS[kind] for kind in classes if kind in _NUMBERS}
        return line(known.pop() if len(known) == 1 and len(classes) == 1 else _FIELDS[field])
    return line(_FIELDS.get(field, ""))


def owners_in_words(field: str) -> Line:
    """The classes that have a field: all of them if they are few."""
    return codes(_in_pairs(classes_with(field)))


def lacking_in_words(field: str, lacking: Sequence[str]) -> Line:
    """Some of the descriptors have no such field."""
    kinds = _in_pairs(lacking)
    verb = "has" if len(kinds) == 1 else "have"
    return line(codes(kinds), f" {verb} no ", Code(field), ": ", Code("AttributeError"))


def values_in_words(field: str, held: Sequence[Held]) -> Line:
    """The values of a field, each once: names in brief, descriptors as torch prints them."""
    shown: list[Line]
    if field == "target":
        names = all_names([str(each.plain) for each in held if each.plain is not None])
        shown = [line(Code(name)) for name in names]
    else:
        texts = {_value(each): None for each in held}
        rows = fold([*texts], key=lambda text: 0, label=lambda text: text)
        shown = [sentence(row.label) for row in rows]
    rest = len(shown) - _VALUES
    return line(joined(shown[:_VALUES]), f" and {rest} more" if rest > 0 else "")


def counted(count: int) -> str:
    """`3 items`."""
    return f"{count} {plural('item', count)}"


def _value(held: Held) -> str:
    if held.descriptor is not None:
        return f"`{held.descriptor.descriptor}`"
    label = held.slot.label
    return f"`{held.plain!r}` (`{label}`)" if label and isinstance(held.plain, int) else f"`{held.plain!r}`"


def _in_pairs(kinds: Sequence[str]) -> list[str]:
    """Classes, of which an input and an output of one name are one: `SubclassGetAttrAOT{Input,Output}`."""
    found: dict[str, list[str]] = {}
    for kind in kinds:
        stem, side = (kind[: -len(end)], end) if (end := "Input" if kind.endswith("Input") else "Output") else ("", "")
        found.setdefault(stem, []).append(side)
    return [stem + (sides[0] if len(sides) == 1 else f"{{{','.join(sides)}}}") for stem, sides in found.items()]
