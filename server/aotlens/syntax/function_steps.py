"""The statements of a function's body, after those that give its parameters and `self` their values.

A value is known from a default, from the first case of `pytest.mark.parametrize` or `parameterized.expand`, from a
fixture in the same file, and, for `self.x` in a test, from the set-up methods of its class and from the class's body.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from .block_source import BlockSource
from .dependencies import Step, assigned_value, bound_names, names_of, needed_names
from .named_calls import statements_below
from .nodes import items_of, text_of
from .once import once_for_each
from .parsing import parse
from .straight_lines import block_steps

_SET_UP = ("setUpClass", "setup_class", "setUp", "setup_method", "setup")
"""Methods that run before each test of a class, in their order."""
_PLAIN_OBJECT = "__import__('types').SimpleNamespace"
_DEEPEST = 4
"""Fixtures that need each other."""


@once_for_each
def functions(source: BlockSource) -> list[Node]:
    """The functions of a block, in their order."""
    return [node for node, _ in statements_below(source.root) if node.type == "function_definition"]


def function_steps(source: BlockSource, function: Node) -> tuple[Step, ...]:
    """The statements of a function's body, after those that give its parameters their values.

    Empty if the value of a parameter is not known.
    """
    body = function.child_by_field_name("body")
    given = _given(source, function, _DEEPEST)
    if body is None or given is None:
        return ()
    return (*_of_class(source, function), *given, *block_steps(source, body, is_outer=False))


def returned_value(function: Node) -> Node | None:
    """The value that a function returns, or yields, at its end; None if it does so in a branch, or not at all."""
    for node in reversed(items_of(function.child_by_field_name("body"))):
        inner = items_of(node)[0] if node.type == "expression_statement" and items_of(node) else node
        if inner.type == "return_statement" or inner.type == "yield":
            return next(iter(items_of(inner)), None)
    return None


# --- parameters


def _given(source: BlockSource, function: Node, depth: int) -> list[Step] | None:
    """The statements that give the parameters of a function their values; None if a value is not known."""
    parametrized = dict(_parametrized(source, function))
    steps: list[Step] = []
    known: frozenset[str] = frozenset()
    for node in items_of(function.child_by_field_name("parameters")):
        if node.type in ("keyword_separator", "positional_separator"):
            continue
        name_node = node if node.type == "identifier" else node.child_by_field_name("name")
        name = text_of(name_node) if name_node is not None else text_of(next(iter(node.named_children), None))
        default = node.child_by_field_name("value")
        if name in parametrized:
            text = parametrized[name]
        elif default is not None:
            text = f"{name} = {source.text(default)}"
        elif name in ("self", "cls") or node.type in ("list_splat_pattern", "dictionary_splat_pattern"):
            continue  # code that needs its value does not become an example, unless its class is known
        else:
            fixture = _fixture(source, function, name, depth)
            if fixture is None:
                return None
            steps += fixture
            known |= {name}
            continue
        made = parse(text).root_node.named_children[0]
        if name not in known:
            known |= bound_names(made)
            steps.append(Step(source.statement(text, node), None, bound_names(made), needed_names(made)))
    return steps


@once_for_each
def _fixtures(source: BlockSource) -> dict[str, list[Node]]:
    """The fixtures of a block by name. A file may have thousands of functions, each with parameters."""
    found: dict[str, list[Node]] = {}
    for each in functions(source):
        if any(text_of(_callee(decorator)).rpartition(".")[2] == "fixture" for decorator in _decorators(each)):
            found.setdefault(text_of(each.child_by_field_name("name")), []).append(each)
    return found


def _fixture(source: BlockSource, function: Node, name: str, depth: int) -> list[Step] | None:
    """The statements of the fixture of that name, the last of which gives the name its value; None if there is none."""
    if depth <= 0:
        return None
    for other in _fixtures(source).get(name, ()):
        decorators = _decorators(other)
        if other.id == function.id:
            continue
        body, value = other.child_by_field_name("body"), returned_value(other)
        if body is None or value is None:
            return None
        cases = next((each for each in map(_cases_of_fixture, decorators) if each is not None), None)
        request = []
        if cases is not None:
            text = f"request = {_PLAIN_OBJECT}(param={_first_case(source, cases, 1)})"
            request = [Step(source.statement(text, other), None, frozenset(["request"]), names_of(cases))]
        given = _given(source, other, depth - 1) if cases is None else _given_beside_request(source, other, depth - 1)
        if given is None:
            return None
        text = f"{name} = ({source.text(value)})"
        last = Step(
            source.statement(text, value), parse(text).root_node.named_children[0], frozenset([name]), names_of(value)
        )
        return [*request, *given, *block_steps(source, body, is_outer=False), last]
    return None


def _given_beside_request(source: BlockSource, function: Node, depth: int) -> list[Step] | None:
    """As `_given`, for a fixture whose only parameter is `request`; None if it has others."""
    names = [text_of(node) for node in items_of(function.child_by_field_name("parameters"))]
    return [] if set(names) <= {"request", "self", "cls"} and depth >= 0 else None


# --- decorators


def _decorators(function: Node) -> list[Node]:
    """The expressions of the decorators of a function, then of the class around it."""
    found: list[Node] = []
    for definition in (function, _class_of(function)):
        outer = definition.parent if definition is not None else None
        if outer is not None and outer.type == "decorated_definition":
            found += [items_of(each)[0] for each in outer.named_children if each.type == "decorator" and items_of(each)]
    return found


def _callee(decorator: Node) -> Node | None:
    return decorator.child_by_field_name("function") if decorator.type == "call" else decorator


def _cases_of_fixture(decorator: Node) -> Node | None:
    """The list of `@pytest.fixture(params=[...])`."""
    for node in items_of(decorator.child_by_field_name("arguments")) if decorator.type == "call" else ():
        if node.type == "keyword_argument" and text_of(node.child_by_field_name("name")) == "params":
            return node.child_by_field_name("value")
    return None


def _parametrized(source: BlockSource, function: Node) -> Iterator[tuple[str, str]]:
    """The first values that decorators give, as (parameter, statement that assigns it)."""
    for decorator in _decorators(function):
        if decorator.type != "call":
            continue
        callee, given = text_of(_callee(decorator)), items_of(decorator.child_by_field_name("arguments"))
        if callee.endswith("parametrize") and len(given) > 1:
            names, cases = _names(given[0]), given[1]
        elif callee.endswith(".expand") and given:
            own = [text_of(node) for node in items_of(function.child_by_field_name("parameters"))]
            names, cases = [name for name in own if name != "self"], given[0]
        else:
            continue
        target = names[0] if len(names) == 1 else f"({', '.join(names)})"
        if len(names) == 1 and callee.endswith(".expand"):
            target = f"({target},)"
        for name in names:
            yield name, f"{target} = {_first_case(source, cases, len(names))}"


def _names(node: Node) -> list[str]:
    """The parameters that `parametrize` names: in one string, or in a sequence of strings."""
    if node.type == "string":
        return [name.strip() for name in text_of(node).strip("\"'").split(",")]
    return [text_of(item).strip("\"'") for item in items_of(node)] if node.type in ("tuple", "list") else []


def _first_case(source: BlockSource, cases: Node, count: int) -> str:
    """The first of the cases, as code: `pytest.param(8, id="small")` stands for what it was given."""
    first = next(iter(items_of(cases)), None) if cases.type in ("list", "tuple") else None
    if first is not None and first.type == "call" and text_of(_callee(first)).rpartition(".")[2] == "param":
        values = [
            source.text(n) for n in items_of(first.child_by_field_name("arguments")) if n.type != "keyword_argument"
        ]
        return values[0] if count == 1 and len(values) == 1 else f"({', '.join(values)},)"
    return f"list({source.text(cases)})[0]"


# --- the class of a test


def _class_of(function: Node) -> Node | None:
    outer = function.parent
    while outer is not None and outer.type in ("block", "decorated_definition"):
        outer = outer.parent
    return outer if outer is not None and outer.type == "class_definition" else None


def _of_class(source: BlockSource, function: Node) -> Iterator[Step]:
    """The statements that make `self` of a test: an object with what the class's body and set-up methods put there."""
    owner = _class_of(function)
    body = owner.child_by_field_name("body") if owner is not None else None
    if owner is None or body is None or text_of(function.child_by_field_name("name")) in _SET_UP:
        return
    methods = {
        text_of(node.child_by_field_name("name")): node for node in functions(source) if _class_of(node) == owner
    }
    set_up = [methods[name] for name in _SET_UP if name in methods]
    fields = [node for node in items_of(body) if _assigned_name(node) is not None]
    if not set_up and not fields:
        return
    yield Step(source.statement(f"self = {_PLAIN_OBJECT}()", owner), None, frozenset(["self"]), frozenset())
    for node in fields:
        text = f"self.{source.text(node)}"
        yield Step(
            source.statement(text, node), parse(text).root_node.named_children[0], frozenset(), needed_names(node)
        )
    for method in set_up:
        inner = method.child_by_field_name("body")
        given = _given(source, method, 1)
        if inner is not None and given is not None:
            if text_of(next(iter(items_of(method.child_by_field_name("parameters"))), None)) == "cls":
                yield Step(source.statement("cls = self", method), None, frozenset(["cls"]), frozenset(["self"]))
            yield from given
            yield from block_steps(source, inner, is_outer=False)


def _assigned_name(node: Node) -> str | None:
    """The name of a plain assignment `name = value`."""
    inner = items_of(node)[0] if node.type == "expression_statement" and items_of(node) else None
    left = inner.child_by_field_name("left") if inner is not None and inner.type == "assignment" else None
    name = text_of(left) if left is not None and left.type == "identifier" else None
    return name if name is not None and assigned_value(node, name) is not None else None
