"""Builds the target on fake tensors, and repairs the constructor's arguments where it refuses them."""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Callable, Iterable, Iterator

from torch import nn

from ..guards import TookTooLong
from . import configs
from .constructor import Constructors, Usage, declared_modules, parameters_of, positional_only
from .failing import FailedCall, compared, expressions_at, names_at, value_of
from .priors import constructor_prior
from .settings import other_settings
from .source_hints import definition_of
from .values import Arguments, Items, Value, Written, call

_OTHER_SIZES = ("64", "128", "16", "4", "2", "1", "3", "8", "0.5")


CONSTRUCTIONS = 24
"""How many calls of one constructor are tried."""


def first_that_builds(
    cls: type,
    first: Arguments,
    constructors: Constructors,
    build: Callable[[str], nn.Module],
    note: Callable[[str, Exception], None] = lambda expression, error: None,
) -> tuple[str, nn.Module, Arguments] | None:
    """The first call of a constructor, from `first` on, that builds the class, with what it builds.

    `note` is told of each that fails. Raises what `note` does, and TookTooLong where the time is up.
    """
    parameters, callee, positional = parameters_of(cls), constructors.names.of(cls), positional_only(cls)
    waiting = [first]
    seen: set[str] = set()
    while waiting and len(seen) < CONSTRUCTIONS:
        arguments = waiting.pop(0)
        expression = call(callee, arguments, positional)
        if expression in seen:
            continue
        seen.add(expression)
        try:
            return expression, build(expression), arguments
        except TookTooLong:
            raise
        except Exception as error:
            note(expression, error)
            failed = FailedCall(error, arguments, {}, cls.__init__)
            more = list(constructor_repairs(failed, cls, constructors, parameters))
            waiting[:0] = more if len(seen) < 4 else []
            waiting += more if len(seen) >= 4 else []
    return None


def constructor_repairs(
    failed: FailedCall, cls: type, constructors: Constructors, parameters: dict[str, inspect.Parameter]
) -> Iterator[Arguments]:
    """Other arguments for a constructor that failed, the likeliest first."""
    given = failed.arguments
    usage = Usage(cls)

    def changed(name: str, value: Value | str) -> Arguments:
        return {**given, name: Written(value) if isinstance(value, str) else value}

    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    def can_pass(name: str) -> bool:
        kind = parameters[name].kind if name in parameters else None
        return (
            kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
            if kind is not None
            else takes_any
        )

    def prefixed(missing: Iterable[str]) -> Iterator[Arguments]:
        if takes_any:
            unknown = [name for name in missing if name not in parameters]
            yield from _with_prefixes(unknown, cls, given, lambda name: constructors.by_name(name, cls, usage))

    # something is missing that the signature does not tell
    if isinstance(failed.error, KeyError) or (isinstance(failed.error, TypeError) and "missing" in failed.message):
        missing = re.findall(r"'(\w+)'", failed.message)
        yield from prefixed(missing)
        missing_names = [name for name in missing if name not in given and can_pass(name)]
        if len(missing_names) > 1:
            made = {
                name: constructors.value(
                    cls, parameters.get(name) or inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY), usage
                )
                for name in missing_names
            }
            yield {**given, **made}
        for name in missing_names:
            parameter = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
            yield changed(name, constructors.value(cls, parameters.get(name, parameter), usage))
    # an attribute that a made-up configuration lacks
    if isinstance(failed.error, AttributeError) and "SimpleNamespace" in failed.message:
        attribute = failed.error.name
        for name, value in given.items():
            if "SimpleNamespace(" in value.expression:
                text = constructors.by_name(attribute, cls, usage).expression
                yield changed(name, f"{value.expression[:-1]}, {attribute}={text})".replace("(, ", "("))
    yield from _divisible(failed, given)
    yield from other_settings(failed, cls, constructors, usage)
    yield from _other_configurations(failed, cls, constructors)
    yield from _of_equal_length(failed, given)
    names: list[str] = []
    for frame, line in failed.users():
        for name in names_at(frame, line):
            if name in names:
                continue
            names.append(name)
            if frame.f_locals[name] is None and can_pass(name):
                yield from prefixed([name])
                parameter = parameters.get(name) or inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
                value = constructors.value(cls, parameter, usage)
                if value.expression != "None":
                    yield changed(name, value)
        if frame.f_code.co_name == "__init__" and isinstance(frame.f_locals.get("self"), cls):
            break
    named = [name for name in re.findall(r"\w+", failed.message) if name in parameters and name not in names]
    declared = declared_modules(cls)
    for name in dict.fromkeys((*names, *named)):
        if name in declared:
            continue
        if name in given:
            yield from (changed(name, value) for value in _others(failed, name, given[name], usage))
        elif name in parameters and can_pass(name) and parameters[name].default is None:
            yield changed(name, constructors.value(cls, parameters[name], usage))
    yield from _equal_sides(failed, given)
    for word in dict.fromkeys(re.findall(r"'(\w+)'|\"(\w+)\"", failed.message)):
        for name, value in given.items():
            text = word[0] or word[1]
            if value.expression[:1] in "'\"" and value.expression.strip("'\"") != text:
                yield changed(name, repr(text))
    for name, value in given.items():
        if value.expression == str(64) and constructor_prior(name) is None:
            for size in ("(64, 64)", "torch.nn.Identity()", "torch.nn.Identity", "'gelu'"):
                yield changed(name, size)


def _with_prefixes(
    missing: Iterable[str], cls: type, given: Arguments, value: Callable[[str], Value]
) -> Iterator[Arguments]:
    """`enc_depth=2, dec_depth=2` for a constructor that takes `**kwargs` apart by the prefixes `enc_` and `dec_`."""
    definition = definition_of(cls.__init__)
    texts = [node.value for node in ast.walk(definition) if isinstance(node, ast.Constant)] if definition else []
    prefixes = [text for text in dict.fromkeys(texts) if isinstance(text, str) and re.fullmatch(r"[a-z]\w*_", text)]
    for name in missing:
        made = {prefix + name: value(name) for prefix in prefixes if prefix + name not in given}
        if made:
            yield {**given, **made}


def _of_equal_length(failed: FailedCall, given: Arguments) -> Iterator[Arguments]:
    """`len(p)` of what has no length, or another length than a condition wants."""
    for frame, line in failed.users():
        asked = [node for part in expressions_at(frame, line) for node in ast.walk(part) if _is_len(node)]
        names = [node.args[0].id for node in asked if isinstance(node.args[0], ast.Name)]
        if "has no len" in failed.message:
            for name in names:
                if name in given and isinstance(frame.f_locals.get(name), int):
                    yield {**given, name: Items((given[name],) * 2)}
            return
        for left, a, _, right, b in compared(frame, line):
            for side, want in ((left, b), (right, a)):
                name = side.args[0].id if _is_len(side) and isinstance(side.args[0], ast.Name) else None
                if name in given and type(want) is int and 0 < want < 16 and a != b:
                    value = given[name]
                    current = frame.f_locals.get(name)
                    item = value.items[0] if isinstance(value, Items) and value.items else None
                    item = item or Written(repr(current[0]) if current else "2")
                    yield {**given, name: Items((item,) * want)}
        if names:
            return


def _is_len(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", None) == "len" and len(node.args) == 1


def _other_configurations(failed: FailedCall, cls: type, constructors: Constructors) -> Iterator[Arguments]:
    """Where a configuration lacks an attribute: those that have it, of its own parts and of the module's."""
    whole, attribute = getattr(failed.error, "obj", None), getattr(failed.error, "name", None)
    if not isinstance(failed.error, AttributeError) or not attribute or isinstance(whole, (nn.Module, type)):
        return
    text = constructors.names.of(type(whole))
    for name, value in failed.arguments.items():
        if not value.expression.startswith(f"{text}("):
            continue
        parts = [type(part) for part in vars(whole).values() if configs.is_part(part, whole)]
        for other in dict.fromkeys((*parts, *configs.find_configuration(cls, constructors.names, declared=False))):
            made = constructors.configuration(cls, [other]) if other is not type(whole) else None
            if made is not None and configs.has_attribute(other, attribute):
                yield {**failed.arguments, name: made}


def _others(failed: FailedCall, name: str, value: Value, usage: Usage) -> Iterator[Value]:
    """Values of another kind, or other sizes, for the parameter that a failing statement names."""
    text, message = value.expression, failed.message
    is_number = re.fullmatch(r"-?[\d.]+", text) is not None
    if "not iterable" in message or "not subscriptable" in message or "has no len" in message:
        yield from (
            Items((Written(text),) * count, is_list)
            for count in (usage.sequences.get(name, 2), 4)
            for is_list in (False, True)
        )
        return
    if "not callable" in message:
        yield from (
            Written(option)
            for option in ("torch.nn.Identity", "torch.nn.GELU", "torch.nn.LayerNorm", "torch.nn.BatchNorm2d")
        )
        return
    if "not a Module subclass" in message or "has no attribute" in message:
        yield from (
            Written(option)
            for option in ("torch.nn.Identity()", f"torch.nn.Linear({text}, {text})")
            if is_number or "Identity" in option
        )
    for literal in usage.literals.get(name, ())[:6]:
        if repr(literal) != text:
            yield Written(repr(literal))
    if is_number:
        yield from (Written(size) for size in _OTHER_SIZES if size != text)
    elif isinstance(value, Items) or text.startswith(("(", "[")):
        yield Written(text.strip("([])").split(",")[0])
    if text.startswith("torch.nn."):
        yield from (
            Written(option)
            for option in ("torch.nn.Identity", "torch.nn.Identity()", "torch.nn.BatchNorm2d", "'gelu'", "'relu'")
            if option != text
        )


def _equal_sides(failed: FailedCall, given: Arguments) -> Iterator[Arguments]:
    """A condition on sizes: make the argument of one side's size that of the other, or a multiple of it."""
    frame, line = next(failed.users(), (None, 0))
    if frame is None:
        return
    for _, a, _, _, b in compared(frame, line):
        if type(a) is not int or type(b) is not int or a == b:
            continue
        for got, want in ((a, b), (b, a)):
            for name, value in given.items():
                if value.expression == str(got):
                    yield {**given, name: Written(str(want))}


def _divisible(failed: FailedCall, given: Arguments) -> Iterator[Arguments]:
    """A condition that a size divides another: the next larger one that it divides, or one that divides it."""
    frame, line = next(failed.users(), (None, 0))
    if frame is None:
        return
    for left, a, _, right, b in compared(frame, line):
        side = next(
            (side for side in (left, right) if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mod)), None
        )
        if side is None or not {a, b} & {0} or a == b:
            continue
        size, divisor = value_of(side.left, frame), value_of(side.right, frame)
        if type(size) is not int or type(divisor) is not int or divisor <= 0:
            continue
        for name, value in given.items():
            if value.expression == str(size):
                yield {**given, name: Written(str((size // divisor + 1) * divisor))}
        for name, value in given.items():
            if value.expression == str(divisor) and (common := math.gcd(size, divisor)) > 1:
                yield {**given, name: Written(str(common))}


def is_lazy(module: nn.Module) -> bool:
    """Whether a module's parameters take their shape from its first input."""
    from torch.nn.parameter import is_lazy as lazy

    return any(lazy(value) for value in (*module.parameters(), *module.buffers()))
