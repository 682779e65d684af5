"""Names in patterns: those of einops, the letters of `einsum`, and the annotations of jaxtyping."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .given import ANNOTATION, LETTERS, PATTERN, Given

_EINOPS = ("rearrange", "reduce", "repeat")
_TOKEN = re.compile(r"\(|\)|\.\.\.|…|\w+")
Group = tuple[str, ...]


def names_in_patterns(function: ast.AST) -> Iterator[Given]:
    """Yield the names of the operands and results of the calls in a function that have a pattern."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [
            argument.value
            for argument in (*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "pattern"))
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        pattern = next((text for text in texts if "->" in text), None)
        if pattern is None:
            continue
        before, _, after = pattern.partition("->")
        if name in _EINOPS and node.args and not isinstance(node.args[0], (ast.List, ast.Tuple)):
            yield from _side(node.args[0], before)
            yield from _side(node, after)
        elif name == "einsum":
            operands = [each for each in node.args if not isinstance(each, (ast.Constant, ast.Starred))]
            sides = before.split(",")
            if len(sides) == len(operands):
                for operand, side in zip(operands, sides):
                    yield from _letters(operand, side)
                yield from _letters(node, after)


def names_of_side(side: str) -> list[tuple[tuple[str | None, ...], bool]]:
    """Return the names on one side of a pattern of einops: from the first dimension on, and up to the last one.

    The boolean says which: True for those up to the last. A composed dimension has no name here.
    """
    groups = groups_of(side)
    names = [group[0] if len(group) == 1 and not group[0].isdigit() and group[0] != "_" else None for group in groups]
    wide = [place for place, group in enumerate(groups) if any(token in ("...", "…") for token in group)]
    if not wide:
        return [(tuple(names), False), (tuple(names), True)]
    return [(tuple(names[: wide[0]]), False), (tuple(names[wide[-1] + 1 :]), True)]


def groups_of(side: str) -> list[Group]:
    """Return the dimensions of one side of a pattern, each as the names that it is composed of."""
    groups: list[Group] = []
    inner: list[str] | None = None
    for token in _TOKEN.findall(side):
        if token == "(":
            inner = []
        elif token == ")":
            groups.append(tuple(inner or ["1"]))
            inner = None
        elif inner is not None:
            inner.append(token)
        else:
            groups.append((token,))
    return groups


def names_annotated(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Given]:
    """Yield the names in the annotations of a function's arguments, and of what it returns."""
    arguments = function.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        for names, from_end, is_all in _annotation(argument.annotation):
            yield Given(argument, names, ANNOTATION, from_end, is_all)
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            for names, from_end, is_all in _annotation(function.returns):
                yield Given(node.value, names, ANNOTATION, from_end, is_all)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            for names, from_end, is_all in _annotation(node.annotation):
                yield Given(node.value, names, ANNOTATION, from_end, is_all)


def _annotation(node: ast.expr | None) -> Iterator[tuple[tuple[str | None, ...], bool, bool]]:
    """Yield the names of `Float[Tensor, "b t c"]`, with whether they count up to the last dimension and are all."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple) or len(node.slice.elts) != 2:
        return
    text = node.slice.elts[1]
    if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
        return
    tokens = text.value.split()
    names = [_axis_name(token) for token in tokens]
    wide = [place for place, token in enumerate(tokens) if token.startswith(("*", "...", "#*"))]
    if not wide:
        yield tuple(names), False, True
    else:
        yield tuple(names[: wide[0]]), False, False
        yield tuple(names[wide[-1] + 1 :]), True, False


def _axis_name(token: str) -> str | None:
    name = token.lstrip("#?").partition("=")[0]
    return name if name.isidentifier() and not name.startswith("_") else None


def _side(node: ast.expr, side: str) -> Iterator[Given]:
    is_all = not any(token in side for token in ("...", "…"))
    for names, from_end in names_of_side(side)[: 1 if is_all else 2]:
        yield Given(node, names, PATTERN, from_end, is_all)


def _letters(node: ast.expr, side: str) -> Iterator[Given]:
    if "..." in side:
        before, _, after = side.partition("...")
        yield Given(node, tuple(before.replace(" ", "")), LETTERS)
        yield Given(node, tuple(after.replace(" ", "")), LETTERS, from_end=True)
        return
    tokens = side.split()
    is_of_words = any(len(token) > 1 for token in tokens) and len(tokens) > 1
    yield Given(node, tuple(tokens if is_of_words else side.replace(" ", "")), LETTERS, is_all=True)
