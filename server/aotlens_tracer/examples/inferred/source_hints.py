"""What the source of `forward` asks of its arguments: the uses of each, followed into submodules and functions."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from .demands import NOTHING, SAME, Demand, broadcast, is_module_list, of_module, of_weight, through_pattern
from .priors import input_kind

DEEPEST = 12
"""How many calls a use is followed down."""
MOST_READ = 400
"""How many functions are read for one argument."""
_MOST_AXES = 6
_SAME_SHAPE_METHODS = frozenset(
    (
        "float", "half", "bfloat16", "double", "long", "int", "bool", "to", "type", "type_as", "contiguous",
        "clone", "detach", "requires_grad_", "relu", "sigmoid", "tanh", "exp", "log", "sqrt", "square", "abs",
        "neg", "clamp", "clamp_", "softmax", "masked_fill", "masked_fill_", "mul", "add", "sub", "div", "add_",
        "mul_", "cuda", "cpu"
    )
)  # fmt: skip
_SAME_SHAPE_FUNCTIONS = frozenset(
    (
        "relu", "gelu", "silu", "sigmoid", "tanh", "softmax", "log_softmax", "dropout", "leaky_relu", "elu",
        "normalize", "softplus", "exp", "log", "sqrt", "abs", "clamp", "checkpoint", "default", "dropout1d",
        "dropout2d", "dropout3d", "relu6", "hardswish", "mish", "selu"
    )
)  # fmt: skip
_RANKED_FUNCTIONS = {
    "bmm": 3, "max_pool1d": 3, "avg_pool1d": 3, "adaptive_avg_pool1d": 3,
    "max_pool2d": 4, "avg_pool2d": 4, "adaptive_avg_pool2d": 4, "adaptive_max_pool2d": 4, "interpolate": 4,
    "pixel_shuffle": 4, "pixel_unshuffle": 4, "unfold": 4, "grid_sample": 4,
    "max_pool3d": 5, "avg_pool3d": 5, "adaptive_avg_pool3d": 5,
}  # fmt: skip

_DIMS_BEHIND = {
    "mean": 0, "sum": 0, "amax": 0, "amin": 0, "var": 0, "std": 0, "softmax": 0, "log_softmax": 0, "logsumexp": 0,
    "cumsum": 0, "argmax": 0, "argmin": 0, "size": 0, "squeeze": 0, "unbind": 0, "select": 0, "flatten": 0,
    "norm": 1, "chunk": 1, "split": 1, "topk": 1,
}  # fmt: skip
"""Operations by where they take the index of an axis, when that has no name."""


@functools.cache
def definition_of(function: Callable[..., Any]) -> ast.FunctionDef | ast.Lambda | None:
    """The syntax of a function, or None where there is no source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    node = tree.body[0] if tree.body else None
    return node if isinstance(node, ast.FunctionDef) else None


_SIZED = frozenset(("arange", "range", "zeros", "ones", "full", "eye", "empty", "randn", "rand"))


@functools.cache
def sizes_in(function: Callable[..., Any]) -> frozenset[str]:
    """The names that a function uses as sizes: in `range`, or in what makes a tensor of a size."""
    definition = definition_of(function)
    found = set()
    for node in ast.walk(definition) if definition is not None else ():
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", None)) in _SIZED:
            for argument in node.args:
                parts = argument.elts if isinstance(argument, (ast.Tuple, ast.List)) else [argument]
                parts += [side for p in parts if isinstance(p, ast.BinOp) for side in (p.left, p.right)]
                found.update(part.id for part in parts if isinstance(part, ast.Name))
    return frozenset(found)


class Reader:
    """Reads for one module what its forward asks of each parameter."""

    def __init__(self) -> None:
        self._read = 0
        self._open: set[tuple[int, Any, str]] = set()

    def of_parameter(self, module: nn.Module, parameter: str, depth: int = 0) -> Demand:
        """What calling `module` asks of the parameter of that name."""
        leaf = of_module(module)
        if leaf is not None:
            return leaf
        if isinstance(module, nn.Sequential):
            return self._of_chain(list(module), depth)
        pattern = getattr(module, "pattern", None)
        if isinstance(pattern, str) and "->" in pattern:
            return through_pattern(pattern, getattr(module, "axes_lengths", {}), NOTHING)
        forward = getattr(type(module), "forward", None)
        if forward is None:
            return NOTHING
        return self._of_function(forward, module, parameter, depth + 1)

    def _of_place(self, module: nn.Module, place: int | str, depth: int) -> Demand:
        """The same of the parameter at a position, or of that name."""
        if of_module(module) is not None or isinstance(module, nn.Sequential) or hasattr(module, "pattern"):
            return self.of_parameter(module, "input", depth) if place in (0, "input", "x") else NOTHING
        names = _positional(type(module).forward)
        name = place if isinstance(place, str) else names[place] if place < len(names) else None
        return self.of_parameter(module, name, depth) if name is not None else NOTHING

    def _of_chain(self, modules: list[nn.Module], depth: int) -> Demand:
        for index, module in enumerate(modules):
            pattern = getattr(module, "pattern", None)
            if isinstance(pattern, str) and "->" in pattern:
                after = self._of_chain(modules[index + 1 :], depth)
                return through_pattern(pattern, getattr(module, "axes_lengths", {}), after)
            demand = self._of_place(module, 0, depth)
            if not demand.same_shape:
                return demand
            if demand.axes or demand.rank:
                return demand.and_then(self._of_chain(modules[index + 1 :], depth))
        return SAME

    def _of_function(self, function: Callable[..., Any], owner: Any, parameter: str, depth: int) -> Demand:
        definition = definition_of(function)
        key = (id(owner), function, parameter)
        if definition is None or depth > DEEPEST or key in self._open or self._read > MOST_READ:
            return NOTHING
        self._read += 1
        self._open.add(key)
        try:
            return _Uses(self, inspect.unwrap(function), definition, owner, parameter, depth).demand()
        finally:
            self._open.discard(key)


def _positional(function: Callable[..., Any]) -> list[str]:
    """The names of a method's positional parameters, without the first."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter.name for parameter in parameters if parameter.kind in kinds][1:]


class _Uses:
    """The uses of one parameter in one function, in the order of the source."""

    def __init__(
        self, reader: Reader, function: Any, definition: ast.FunctionDef, owner: Any, parameter: str, depth: int
    ) -> None:
        self._reader = reader
        self._globals = getattr(function, "__globals__", {})
        self._definition = definition
        self._depth = depth
        self._same = {parameter}
        self._cuts: set[str] = set()
        """Names of slices of the argument: `ids[:, :-1]`."""
        self._is_of_ids = input_kind(parameter) in ("tokens", "positions", "mask")
        self._known: dict[str, Any] = {}
        self._rearranged: dict[str, ast.Call] = {}
        """Names of what einops made of the argument."""
        arguments = definition.args.posonlyargs + definition.args.args
        if owner is not None and arguments:
            self._known[arguments[0].arg] = owner
        self._found = NOTHING
        self._is_returned_same = False
        self._branches = 0
        self._parts = 0
        """How many the last axis has at least: `boxes[..., 3]`."""
        self._indexed = 0
        """How many axes are likely, by an index, where nothing says so for sure."""

    def demand(self) -> Demand:
        """What the whole body asks."""
        self._statements(self._definition.body)
        found = self._found.and_then(Demand(self._indexed) if self._indexed and self._found.rank is None else NOTHING)
        found = found.and_then(Demand(axes={-1: self._parts}, least=3) if self._parts > 1 else NOTHING)
        return replace(found, same_shape=self._is_returned_same)

    def _statements(self, body: list[ast.stmt]) -> None:
        for statement in body:
            if isinstance(statement, ast.If):
                self._expressions(statement.test)
                before = set(self._same)
                self._branches += 1
                self._statements(statement.body)
                after, self._same = self._same, set(before)
                self._statements(statement.orelse)
                self._branches -= 1
                self._same |= after
            elif isinstance(statement, ast.For):
                self._expressions(statement.iter)
                self._bind_loop(statement.target, statement.iter)
                self._statements(statement.body)
            elif isinstance(statement, (ast.With, ast.Try, ast.While)):
                self._statements(statement.body)
            elif isinstance(statement, ast.Assign):
                self._expressions(statement.value)
                for target in statement.targets:
                    self._assign(target, statement.value)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                self._expressions(statement.value)
                self._assign(statement.target, statement.value)
            elif isinstance(statement, ast.AugAssign):
                self._expressions(statement.value)
                if self._is_same(statement.target):
                    self._binary(statement.value)
            elif isinstance(statement, (ast.Expr, ast.Return, ast.Assert)):
                value = statement.test if isinstance(statement, ast.Assert) else statement.value
                if value is not None:
                    self._expressions(value)
                if isinstance(statement, ast.Return) and value is not None and self._is_same(value):
                    self._is_returned_same = True

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
                pairs = [
                    (t, self._is_same(v), self._resolve(v), self._is_cut(v)) for t, v in zip(target.elts, value.elts)
                ]
                for t, same, resolved, is_cut in pairs:
                    self._name(t, same, resolved, is_cut)
                return
            if self._is_shape(value):
                self._unpacked(target)
            for element in target.elts:
                self._name(element, False, None)
            return
        rearranged = self._rearrangement(value)
        self._name(target, self._is_same(value), self._resolve(value), self._is_cut(value))
        if rearranged is not None and isinstance(target, ast.Name):
            self._rearranged[target.id] = rearranged

    def _name(self, target: ast.expr, same: bool, resolved: Any, is_cut: bool = False) -> None:
        if not isinstance(target, ast.Name):
            return
        self._rearranged.pop(target.id, None)
        (self._same.add if same else self._same.discard)(target.id)
        (self._cuts.add if is_cut else self._cuts.discard)(target.id)
        if resolved is not None:
            self._known[target.id] = resolved
        else:
            self._known.pop(target.id, None)

    def _unpacked(self, target: ast.Tuple | ast.List) -> None:
        """`b, c, h, w = x.shape`; `b, *_, d = x.shape` says how little the rank can be."""
        if any(isinstance(element, ast.Starred) for element in target.elts):
            self._at_least(len(target.elts) - 1)
            return
        names = tuple(element.id if isinstance(element, ast.Name) else None for element in target.elts)
        self._add(Demand(len(names), names=names))

    def _is_shape(self, node: ast.expr) -> bool:
        """`x.shape`, `x.size()`."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "size":
            return not node.args and self._is_same(node.func.value)
        return isinstance(node, ast.Attribute) and node.attr == "shape" and self._is_same(node.value)

    def _bind_loop(self, target: ast.expr, iterated: ast.expr) -> None:
        value = self._first_of(iterated)
        self._bind(target, value)

    def _bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self._name(target, False, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = list(value) if is_module_list(value) else []
            for index, element in enumerate(target.elts):
                self._bind(element, items[index] if index < len(items) else None)

    def _first_of(self, iterated: ast.expr) -> Any:
        """What a loop's variable is at first, as far as that is a module: through zip, enumerate and slices."""
        if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name):
            if iterated.func.id == "zip":
                return [self._first_of(argument) for argument in iterated.args]
            if iterated.func.id == "enumerate" and iterated.args:
                return [None, self._first_of(iterated.args[0])]
            if iterated.func.id in ("reversed", "list", "tuple") and iterated.args:
                return self._first_of(iterated.args[0])
        if isinstance(iterated, ast.Subscript) and isinstance(iterated.slice, ast.Slice):
            return self._first_of(iterated.value)
        value = self._resolve(iterated)
        return value[0] if is_module_list(value) and len(value) else None

    def _resolve(self, node: ast.expr) -> Any:
        """The module, tensor or function that an expression of names, attributes and constant indices stands for."""
        if isinstance(node, ast.Name):
            return self._known[node.id] if node.id in self._known else self._globals.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._resolve(node.value)
            if owner is None:
                return None
            try:
                return getattr(owner, node.attr, None)
            except Exception:
                return None
        if isinstance(node, ast.Subscript):
            owner = self._resolve(node.value)
            if not isinstance(owner, (nn.ModuleList, nn.Sequential, nn.ModuleDict, list, tuple, dict)) or not len(
                owner
            ):
                return None
            try:
                return owner[node.slice.value if isinstance(node.slice, ast.Constant) else 0]  # type: ignore[index]
            except Exception:
                return None
        return None

    def _is_same(self, node: ast.expr) -> bool:
        """Whether an expression has the argument's shape."""
        if isinstance(node, ast.Name):
            return node.id in self._same
        if isinstance(node, ast.IfExp):
            return self._is_same(node.body) or self._is_same(node.orelse)
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
            return self._is_same(node.right if isinstance(node.left, ast.Constant) else node.left)
        if not isinstance(node, ast.Call):
            return False
        if (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in _SAME_SHAPE_METHODS
            and self._is_same(node.func.value)
        ):
            return True
        callee = self._resolve(node.func)
        if callee is torch.where and any(map(self._is_same, node.args[1:])):
            return True
        if not node.args or not self._is_same(node.args[0]):
            return False
        if isinstance(callee, nn.Module):
            return self._reader._of_place(callee, 0, self._depth).same_shape
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in _SAME_SHAPE_FUNCTIONS

    def _is_cut(self, node: ast.expr) -> bool:
        """Whether an expression is a slice of the argument that has all its axes."""
        if isinstance(node, ast.Name):
            return node.id in self._cuts
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
            return False
        is_slice = all(isinstance(element, ast.Slice) for element in node.slice.elts)
        return is_slice and (self._is_same(node.value) or self._is_cut(node.value))

    def _each(self, target: ast.expr, iterated: ast.expr, body: list[ast.expr]) -> None:
        """Expressions that are evaluated for each item: of a comprehension, or of `map` with a lambda."""
        before = set(self._same), dict(self._known), dict(self._rearranged)
        items = iterated.elts if isinstance(iterated, (ast.Tuple, ast.List)) else []
        self._bind_loop(target, iterated)
        if isinstance(target, ast.Name) and any(self._is_same(item) for item in items):
            self._same.add(target.id)
        for expression in body:
            self._expressions(expression)
        self._same, self._known, self._rearranged = before

    def _expressions(self, node: ast.expr) -> None:
        """Every use in an expression, innermost first."""
        if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            first = node.generators[0]
            self._expressions(first.iter)
            self._each(first.target, first.iter, [node.elt])
            return
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", None) == "map"
            and len(node.args) == 2
            and isinstance(function := node.args[0], ast.Lambda)
            and len(function.args.args) == 1
        ):
            self._expressions(node.args[1])
            self._each(ast.Name(function.args.args[0].arg), node.args[1], [function.body])
            return
        for child in _children(node):
            self._expressions(child)
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.MatMult):
                self._matmul(node.left, node.right)
            elif self._is_same(node.left):
                self._binary(node.right)
            elif self._is_same(node.right):
                self._binary(node.left)
        elif isinstance(node, ast.Subscript) and self._is_same(node.value) and isinstance(node.slice, ast.Tuple):
            elements = node.slice.elts
            if not any(isinstance(e, ast.Constant) and e.value in (None, ...) for e in elements):
                self._at_least(len(elements))
                # `x[:, 0]` mostly takes a token of (batch, tokens, width); ids have no width.
                self._indexed = self._indexed or (len(elements) if self._is_of_ids else max(len(elements), 3))
            elif len(elements) == 2 and isinstance(last := elements[1], ast.Constant) and type(last.value) is int:
                self._parts = max(self._parts, last.value + 1)
        elif isinstance(node, ast.Subscript) and self._is_shape(node.value):
            self._at_least(max(map(_least_rank, _numbers(node.slice)), default=0))

    def _at_least(self, rank: int) -> None:
        """Note the least rank."""
        self._add(Demand(least=rank))

    def _dims(self, name: str, node: ast.Call, first: int) -> None:
        """`x.mean(dim=(2, 3))`, `F.normalize(x, dim=-1)`: axes that the argument must have."""
        named = [word.value for word in node.keywords if word.arg in ("dim", "axis", "dims")]
        place = first + _DIMS_BEHIND.get(name, len(node.args))
        dims = named or ([node.args[place]] if place < len(node.args) else [])
        if name == "transpose":
            dims = node.args[first:]
        if name not in ("unsqueeze", "stack"):  # there the axis is a new one
            found = [number for dim in dims for number in _numbers(dim)]
            found += [value for dim in dims if type(value := self._resolve(dim)) is int]
            # A larger one is a width: functions of the user's are asked the same.
            self._at_least(max((_least_rank(axis) for axis in found if axis < _MOST_AXES), default=0))

    def _binary(self, other: ast.expr) -> None:
        value = self._resolve(other)
        if isinstance(value, torch.Tensor) and value.dim():
            self._add(broadcast(value.shape))

    def _matmul(self, left: ast.expr, right: ast.expr) -> None:
        weight = self._resolve(right)
        if self._is_same(left) and isinstance(weight, torch.Tensor) and weight.dim() >= 2:
            self._add(of_weight(weight, -2))

    def _call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and self._is_same(function.value):
            self._method(function.attr, node)
            self._dims(function.attr, node, 0)
        self._through(node)
        place = self._place(node, self._is_same)
        if place is None:
            self._call_on_a_cut(node)
            return
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in ("rearrange", "reduce", "repeat") and len(node.args) > 1 and place == 0:
            self._pattern(node)
            return
        if name == "einsum":
            self._einsum(node)
            return
        callee = self._resolve(function)
        if place == 0:
            self._dims(name if _is_of_torch(callee) else "", node, 1)
        if isinstance(callee, nn.Module):
            self._add(self._of_callee(callee, place))
        elif place == 0 and name in (
            "linear",
            "conv1d",
            "conv2d",
            "conv3d",
            "embedding",
            "matmul",
            "layer_norm",
            "conv_transpose2d",
        ):
            self._functional(name, node)
        elif place == 0 and callee is torch.where:
            self._add(Demand(dtype="bool"))
        elif place == 0 and name in _RANKED_FUNCTIONS:
            self._add(Demand(_RANKED_FUNCTIONS[name]))
        else:
            self._add(self._of_callee(callee, place))

    def _of_callee(self, callee: Any, place: int | str) -> Demand:
        """What a module or a function of the user's asks of what it is given there."""
        if isinstance(callee, nn.Module):
            return self._reader._of_place(callee, place, self._depth)
        function, owner = getattr(callee, "__func__", callee), getattr(callee, "__self__", None)
        if isinstance(callee, types.MethodType):
            names = _positional(function)
        elif isinstance(callee, types.FunctionType) and not callee.__module__.startswith(("torch.", "einops")):
            names = [a.arg for a in d.args.posonlyargs + d.args.args] if (d := definition_of(callee)) else []
        else:
            return NOTHING
        parameter = place if isinstance(place, str) else names[place] if place < len(names) else None
        if parameter is None:
            return NOTHING
        return self._reader._of_function(function, owner, parameter, self._depth + 1)

    def _call_on_a_cut(self, node: ast.Call) -> None:
        """`self.net(ids[:, :-1])`: that these are ids, the net tells; how many there are, it does not."""
        place = self._place(node, self._is_cut)
        demand = self._of_callee(self._resolve(node.func), place) if place is not None else NOTHING
        if demand.dtype == "int64":
            self._add(Demand(demand.rank, dtype=demand.dtype, high=demand.high))

    def _place(self, node: ast.Call, is_meant: Callable[[ast.expr], bool]) -> int | str | None:
        """Where in a call something is handed on."""
        for index, argument in enumerate(node.args):
            if is_meant(argument.value if isinstance(argument, ast.Starred) else argument):
                return index
        return next((word.arg for word in node.keywords if word.arg and is_meant(word.value)), None)

    def _method(self, name: str, node: ast.Call) -> None:
        if name == "permute" and node.args and not isinstance(node.args[0], ast.Starred):
            count = len(node.args[0].elts) if isinstance(node.args[0], (ast.Tuple, ast.List)) else len(node.args)
            self._add(Demand(count))
        elif name == "flatten" and node.args and getattr(node.args[0], "value", None) == 2:
            self._add(Demand(4))
        elif name == "matmul" and node.args:
            weight = self._resolve(node.args[0])
            if isinstance(weight, torch.Tensor) and weight.dim() >= 2:
                self._add(of_weight(weight, -2))

    def _rearrangement(self, node: ast.expr) -> ast.Call | None:
        """The call of einops that makes an expression from the argument."""
        if isinstance(node, ast.Name):
            return self._rearranged.get(node.id)
        if isinstance(node, ast.Call) and len(node.args) > 1 and self._is_same(node.args[0]):
            return node if getattr(node.func, "id", getattr(node.func, "attr", "")) == "rearrange" else None
        return None

    def _through(self, node: ast.Call) -> None:
        """A module that is called on what einops made of the argument."""
        callee = self._resolve(node.func)
        rearranged = self._rearrangement(node.args[0]) if node.args else None
        if rearranged is not None and isinstance(callee, nn.Module):
            self._pattern(rearranged, self._reader._of_place(callee, 0, self._depth))

    def _pattern(self, node: ast.Call, after: Demand = NOTHING) -> None:
        pattern = node.args[1]
        if not (isinstance(pattern, ast.Constant) and isinstance(pattern.value, str) and "->" in pattern.value):
            return
        lengths = {}
        for word in node.keywords:
            value = word.value.value if isinstance(word.value, ast.Constant) else self._resolve(word.value)
            if word.arg and isinstance(value, int):
                lengths[word.arg] = value
        self._add(through_pattern(pattern.value, lengths, after))

    def _einsum(self, node: ast.Call) -> None:
        parts = [a for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        operands = [a for a in node.args if a not in parts]
        if not parts:
            return
        terms = parts[0].value.split("->")[0].split(",")
        letters = [term.split() if " " in term.strip() else list(term.strip()) for term in terms]
        if len(letters) != len(operands) or any("." in name for term in letters for name in term):
            return
        sizes: dict[str, int] = {}
        for term, operand in zip(letters, operands):
            value = self._resolve(operand)
            if isinstance(value, torch.Tensor) and value.dim() == len(term):
                sizes.update(zip(term, value.shape))
        for term, operand in zip(letters, operands):
            if self._is_same(operand):
                axes = {index: sizes[name] for index, name in enumerate(term) if name in sizes}
                self._add(Demand(len(term), axes, tuple(term)))
                return

    def _functional(self, name: str, node: ast.Call) -> None:
        weight = self._resolve(node.args[1]) if len(node.args) > 1 else None
        if name.startswith("conv"):
            rank = 2 + int(name[-2])
            groups = next((self._resolve(word.value) for word in node.keywords if word.arg == "groups"), None)
            fits = isinstance(weight, torch.Tensor) and weight.dim() == rank and not isinstance(groups, int)
            axis = 0 if "transpose" in name else 1
            self._add(Demand(rank, {1: weight.shape[axis]} if fits else {}))
        elif isinstance(weight, torch.Tensor) and weight.dim() >= 2:
            if name == "embedding":
                self._add(Demand(2, dtype="int64", high=weight.shape[0]))
            else:
                self._add(of_weight(weight, -1 if name == "linear" else -2))

    def _add(self, demand: Demand) -> None:
        # What is done on a condition may be done for other ranks alone.
        self._found = self._found.and_then(replace(demand, least=0) if self._branches else demand)


def _children(node: ast.AST) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and not isinstance(child, ast.Lambda):
            yield child
        elif isinstance(child, ast.keyword):
            yield child.value


def _numbers(node: ast.expr) -> list[int]:
    """The integers that are written out: of `-1`, `(2, 3)`, `-3:`."""
    if isinstance(node, (ast.Tuple, ast.List)):
        return [number for element in node.elts for number in _numbers(element)]
    if isinstance(node, ast.Slice):
        return [number for number in _numbers(node.lower) if number < 0] if node.lower is not None else []
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return []
    return [value] if type(value) is int else []


def _is_of_torch(callee: Any) -> bool:
    """Whether a function's or a module's class is torch's own."""
    return (getattr(callee, "__module__", None) or "").partition(".")[0] == "torch"


def _least_rank(axis: int) -> int:
    """The least rank of a tensor with that axis. Whoever counts from the end has more than that one."""
    return axis + 1 if axis >= 0 else max(-axis, 2)
