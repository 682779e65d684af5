"""Recorded values in words: `f32[2, 16, 64]` (B, T, n_embd), and what told several of them apart.

Hovers, hints, the command line and the map of a failure all use these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from aotlens.model.dtypes import dtype_in_brief
from aotlens.model.function_runs import FunctionValues
from aotlens.model.not_run import NotRun
from aotlens.model.recorded import Container, Known, Plain, Size, Tensor
from aotlens.model.values import Case, Had
from aotlens_tracer.wire.descriptor_map import Sharding

from .blocks import Code, Line, codes, joined, line, strong
from .phrases import folded_names
from .sharding import placements_in_words
from .shortening import clipped

CASES = 3
"""The most different values of one expression that are written out."""
ITEMS = 4
"""The most items of a container that are written out."""
LONGEST_NAME = 12
"""The most characters of the name of a dimension at the end of a line."""
_BRACKETS = {"tuple": "()", "list": "[]", "set": "{}", "dict": "{}"}
_LONGEST = 60
"""The most characters of a value without tensors."""


def value_in_brief(value: Known, *, device: bool = False) -> str:
    """`f32[2, 16, 64]`, `(f32[2, 16], None)`, `{'loss': f32[]}`, `16`; on which device, if that is asked for."""
    if isinstance(value, Tensor):
        kind = f"{value.type} " if value.type is not None else ""
        where = f" on {value.device}" if device else ""
        return f"{kind}{dtype_in_brief(value.dtype)}[{', '.join(_size(size) for size in value.sizes)}]{where}"
    if isinstance(value, Plain):
        return clipped(value.text, _LONGEST)
    items = [_item(key, item, value, device) for key, item in value.items[:ITEMS]]
    if value.length > len(items):
        items.append("…")
    return _enclosed(value, items)


def names_in_brief(value: Known) -> str:
    """The names of a tensor's dimensions, `(B, T, n_embd)`, in which a size without a name is its number.

    Empty if no dimension has a name that says more than its size.
    """
    if not isinstance(value, Tensor) or not any(_is_telling(size) for size in value.sizes):
        return ""
    return f"({', '.join(size.name if size.name is not None else _size(size) for size in value.sizes)})"


def value_by_names(value: Known) -> str:
    """A value in brief, with the names of dimensions for the sizes of tensors: `f32[B, T, 64]`.

    A name that is longer than a few characters makes a line long that is to be read at a glance: its size stands there.
    """
    return value_in_brief(_by_names(value))


def cases_in_brief(had: Had, *, device: bool = False) -> list[tuple[str, tuple[Case, ...]]]:
    """The different values of an expression in brief, each with its cases.

    Values of one call that differ in one size alone are one, with all its sizes: `f32[2, 1..16, 64]`.
    """
    if had.differs_within_call and (merged := _with_ranges(had.cases, device)) is not None:
        return [(merged, had.cases)]
    found: dict[str, tuple[Case, ...]] = {}
    for case in had.cases:
        text = value_in_brief(case.value, device=device)
        found[text] = (*found.get(text, ()), case)
    return list(found.items())


def had_in_words(had: Had, given: Sequence[Had] = ()) -> Line:
    """All values of an expression on one line, each with the instances that had it, if these tell them apart.

    `given` are the values that a call got, in their order: `f32[2, 16, 64]` → `f32[2, 16, 256]`.
    """
    device = shows_device(had)
    cases = cases_in_brief(had, device=device)
    if len(cases) == 1:
        value = cases[0][1][0].value
        names = names_in_brief(value) if len(cases[0][1]) == 1 else ""
        kind = f"{value.type} " if isinstance(value, Plain) and value.type != "NoneType" else ""
        more = f" and {had.more} more" if had.more else ""
        sharding = sharding_of([case.value for case in cases[0][1]])
        sharded = placements_in_words(sharding) if sharding is not None else ""
        words = "".join(f" {part}" for part in (names, sharded) if part)
        return line(_given(given, had.cases), Code(kind + cases[0][0]), words, more)
    parts = [_case(text, members, had, given) for text, members in cases[:CASES]]
    left_out = max(len(cases) - CASES, 0) + had.more
    rest = f" and {left_out} more" if left_out else ""
    return line(joined(parts, ", " if had.differs_by_instance else ", then "), rest)


def sharding_of(values: Sequence[Known]) -> Sharding | None:
    """How values lie on the ranks, if all are DTensors that do so in the same way; else None."""
    shardings = {value.sharding if isinstance(value, Tensor) else None for value in values}
    return shardings.pop() if len(shardings) == 1 else None


def facts_of(had: Had, given: Sequence[Had] = ()) -> list[Line]:
    """The values of an expression, and what is worth a word about them."""
    facts = [had_in_words(had, given)]
    if had.absent:
        facts.append(line("not run in ", instances(had.absent)))
    return facts


def no_gradient_in_words(had: Had) -> Line:
    """A tensor that could have a gradient and requires none, in a call in which others do; empty for all others."""
    return line("requires no gradient") if had.recording.index.has_gradients and needs_no_gradient(had) else ()


def fails_in_words(text: str) -> Line:
    """The expression at which the recorded call ended with an error."""
    return line(Code(text), ": ", strong("the call fails here"))


def not_run_in_words(found: NotRun) -> Line:
    """Lines that did not run in the recorded call, and why: `not run: targets is None in this call`."""
    model = Code(found.recording.state.key.qualname)
    if found.expression is None:
        return line("not run in the traced call of ", model)
    call: Line = line("this call") if found.is_own else line("the traced call of ", model)
    return line("not run: ", Code(clipped(found.expression, _LONGEST)), f" is {found.value} in ", call)


def recorded_in_words(had: Had) -> Line:
    """The model whose call was recorded, with the instances in it."""
    modules = [module for case in had.cases for module in case.modules]
    model = Code(had.recording.state.key.qualname)
    of = line("in ", instances(modules), " of ") if any(modules) and not had.differs_by_instance else line("in ")
    return line(of, model, ", with real weights" if had.recording.index.weights == "real" else "")


def function_in_words(name: str, values: FunctionValues) -> Line:
    """The values that a function got, and those that it returned: `forward(x: f32[2, 16])` → `f32[2, 64]`."""
    given = [f"{argument}: {_outcome(had)}" for argument, had in values.arguments]
    results = dict.fromkeys(_outcome(had) for had in values.results)
    outcome = line(" → ", joined((line(Code(text)) for text in results), " or ")) if results else ()
    return line(Code(f"{name}({', '.join(given)})"), outcome)


def instances(modules: Iterable[str]) -> Line:
    """Instances by their FQNs, similar ones together: `blocks.{0..5}`; the root is the model itself."""
    names = dict.fromkeys(modules)
    below = [name for name in names if name]
    both = " and " if below and "" in names else ""
    return line(folded_names(below) if below else (), both, "the model itself" if "" in names else "")


def needs_no_gradient(had: Had) -> bool:
    """Whether all values are tensors of floating-point numbers that no gradient flows through."""
    tensors = [case.value for case in had.cases if isinstance(case.value, Tensor)]
    return len(tensors) == len(had.cases) and all(
        not tensor.requires_grad and tensor.dtype.startswith(("float", "bfloat", "complex")) for tensor in tensors
    )


def shows_device(had: Had) -> bool:
    """Whether the device is worth a word: not if all tensors are on the CPU."""
    return any(device != "cpu" for case in had.cases for device in _devices(case.value))


def _by_names(value: Known) -> Known:
    if isinstance(value, Tensor):
        is_short = [_is_telling(size) and len(size.name or "") <= LONGEST_NAME for size in value.sizes]
        return replace(value, sizes=tuple(Size(s.name) if short else s for s, short in zip(value.sizes, is_short)))
    if isinstance(value, Container):
        return replace(value, items=tuple((key, _by_names(item)) for key, item in value.items))
    return value


def _devices(value: Known) -> set[str]:
    if isinstance(value, Tensor):
        return {value.device}
    if isinstance(value, Container):
        return {device for _, item in value.items for device in _devices(item)}
    return set()


def _case(text: str, members: Sequence[Case], had: Had, given: Sequence[Had]) -> Line:
    modules = dict.fromkeys(module for case in members for module in case.modules)
    where = line(" in ", instances(modules)) if had.differs_by_instance else ()
    return line(_given(given, members), Code(text), where)


def _given(given: Sequence[Had], cases: Sequence[Case]) -> Line:
    """The values that a call got in the module calls of some cases, with an arrow; empty if they differ."""
    calls = {call for case in cases for call in case.calls}
    found = []
    for had in given:
        fitting = dict.fromkeys(
            value_in_brief(case.value, device=shows_device(had)) for case in had.cases if calls & set(case.calls)
        )
        if len(fitting) > 1:
            return ()
        found += list(fitting)
    return line(codes(found), " → ") if found else ()


def _outcome(had: Had) -> str:
    """A value in brief; several are told with an ellipsis."""
    texts = cases_in_brief(had, device=shows_device(had))
    return texts[0][0] if len(texts) == 1 else f"{texts[0][0]} …"


def _size(size: Size) -> str:
    return "?" if size.size is None else str(size.size)


def _is_telling(size: Size) -> bool:
    return size.name is not None and size.name != _size(size)


def _item(key: str, item: Known, container: Container, device: bool) -> str:
    text = value_in_brief(item, device=device)
    if key.isdecimal() and container.type != "dict":
        return text
    return f"{key[1:]}={text}" if key.startswith(".") else f"{key}: {text}"


def _enclosed(container: Container, items: Sequence[str]) -> str:
    brackets = _BRACKETS.get(container.type)
    if brackets is None:
        return f"{container.type}({', '.join(items)})"
    comma = "," if container.type == "tuple" and len(items) == 1 else ""
    return f"{brackets[0]}{', '.join(items)}{comma}{brackets[1]}"


def _with_ranges(cases: Sequence[Case], device: bool) -> str | None:
    """Tensors that differ in one size alone, as one: `f32[2, 1..16, 64]`; integers: `0..5`; None for others."""
    integers = [case.value.text for case in cases if isinstance(case.value, Plain) and case.value.type == "int"]
    if len(integers) == len(cases) and all(text.isdecimal() for text in integers):
        return _one_of([int(text) for text in integers])
    tensors = [case.value for case in cases if isinstance(case.value, Tensor)]
    first = tensors[0] if tensors else None
    if first is None or len(tensors) < len(cases):
        return None
    if len({(tensor.dtype, tensor.device, tensor.type, len(tensor.sizes)) for tensor in tensors}) > 1:
        return None
    axes = [{tensor.sizes[axis].size for tensor in tensors} for axis in range(len(first.sizes))]
    varying = [axis for axis, sizes in enumerate(axes) if len(sizes) > 1]
    numbers = [size for axis in varying for size in axes[axis] if isinstance(size, int)]
    if len(varying) != 1 or len(numbers) < len(axes[varying[0]]):
        return value_in_brief(first, device=device) if not varying else None
    one_of = _one_of(numbers)
    if one_of is None:
        return None
    sizes = list(first.sizes)
    sizes[varying[0]] = Size(one_of)
    return value_in_brief(Tensor(first.dtype, tuple(sizes), first.device, False, first.type), device=device)


def _one_of(numbers: Sequence[int]) -> str | None:
    """`1..16` for a run of numbers, `2 or 4` for a few others; None for many. A comma would look like another size."""
    found = sorted(set(numbers))
    if len(found) > 2 and found[-1] - found[0] == len(found) - 1:
        return f"{found[0]}..{found[-1]}"
    return " or ".join(map(str, found)) if len(found) <= CASES else None
