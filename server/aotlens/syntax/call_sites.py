"""Call sites: where a text builds an instance of a class and calls it, with the statements that this depends on.

Found by syntax, in straight-line code: `__main__` blocks, functions without parameters or with known ones, scripts,
the code blocks of docstrings and of documentation. Nothing is evaluated here. Of a loop over `range` or over what is
written out the first turn is followed; what other loops or fixtures make is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from aotlens_tracer.wire.protocol import Statement

from .code_blocks import Block, code_blocks, docstring_blocks
from .source import split_lines

_PYTHON = Language(tree_sitter_python.language())
_STRINGS = Query(_PYTHON, "(expression_statement . (string) @text .)")
_FUNCTIONS = Query(_PYTHON, "(function_definition) @function")
_SAME_MODULE = ("eval", "train", "to", "cuda", "cpu", "half", "float", "double", "bfloat16", "requires_grad_")
"""Methods of a module that give back the module, and may change what its trace says."""
_DEFINITIONS = ("function_definition", "class_definition", "decorated_definition")
_LONGEST_PRELUDE = 40
"""Statements; a call that depends on more is no example any more."""


@dataclass(frozen=True)
class CallSite:
    """A call of an instance of a class.

    `name` is the class's own, `module` what it was imported from there, if it was. `prelude` are the statements of the
    same block that the call depends on, `outer` those around it: who is in the file itself has them already.
    """

    name: str
    module: str | None
    expression: str
    line: int
    column: int
    prelude: tuple[Statement, ...]
    outer: tuple[Statement, ...] = ()


def call_sites(path: str, text: str) -> list[CallSite]:
    """The call sites of a Python file, or of documentation, in the order of the text."""
    if not path.endswith(".py"):
        found = [site for block in code_blocks(text) for site in _Block(path, block).sites()]
    else:
        source = Block(tuple(split_lines(text)), {})
        module = _Block(path, source, is_module=True)
        found = list(module.sites())
        for node in _captured(_FUNCTIONS, module.root, "function"):
            found += module.inside(node).sites()
        for node in _captured(_STRINGS, module.root, "text"):
            rows = (node.start_point.row, node.end_point.row)
            for block in docstring_blocks(source.lines, *rows):
                found += _Block(path, block, outer=module.statements).sites()
    return sorted(found, key=lambda site: (site.line, site.column))


def _captured(query: Query, root: Node, name: str) -> list[Node]:
    nodes = QueryCursor(query).captures(root).get(name, [])
    return sorted(nodes, key=lambda node: node.start_byte)


@dataclass(frozen=True)
class _Step:
    """A statement of a straight line: what it binds and what it needs.

    `is_outer` where whoever imports the file has run it.
    """

    statement: Statement
    node: Node | None
    binds: frozenset[str]
    needs: frozenset[str]
    is_outer: bool = False


class _Block:
    """A straight line of statements, and those of the scope around it."""

    def __init__(self, path: str, block: Block, outer: Sequence[_Step] = (), is_module: bool = False) -> None:
        self._path = path
        self._block = block
        self._outer = outer
        self.root = Parser(_PYTHON).parse(block.text.encode("utf-8", "surrogatepass")).root_node
        self.statements = tuple(self._steps(self.root, is_module))

    def inside(self, function: Node) -> _Block:
        """The body of a function as a straight line, where its parameters are known; else an empty one."""
        inner = object.__new__(_Block)
        inner._path, inner._block, inner.root = self._path, self._block, function
        parameters = list(self._parameters(function))
        inner._outer = self.statements
        body = function.child_by_field_name("body")
        known = all(step is not None for step in parameters) and body is not None
        steps = [step for step in parameters if step is not None]
        inner.statements = (*steps, *self._steps(body)) if known and body is not None else ()
        return inner

    def sites(self) -> Iterator[CallSite]:
        """The calls of instances in this straight line."""
        for index, step in enumerate(self.statements):
            if step.node is None or step.node.type in (
                "function_definition",
                "class_definition",
                "decorated_definition",
            ):
                continue
            for call in _calls(step.node):
                site = self._site(index, call)
                if site is not None:
                    yield site

    def _site(self, index: int, call: Node) -> CallSite | None:
        callee, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
        if callee is None or arguments is None or arguments.type != "argument_list":
            return None
        if callee.type == "attribute" and _text(callee.child_by_field_name("attribute")) == "forward":
            callee = callee.child_by_field_name("object")
        constructor = self._constructor(index, callee) if callee is not None else None
        if callee is None or constructor is None:
            return None
        steps, needed = _slice(self.statements[:index], _names(callee) | _names(arguments))
        around, _ = _slice(self._outer, needed)
        outer = tuple(step.statement for step in (*around, *(step for step in steps if step.is_outer)))
        prelude = tuple(step.statement for step in steps if not step.is_outer)
        if len(prelude) + len(outer) > _LONGEST_PRELUDE:
            return None
        name, module = _imported(_text(constructor), (*self._outer, *self.statements[:index]))
        line, column = self._place(call)
        text = self._statement_text(callee) + self._statement_text(arguments)
        return CallSite(name, module, text, line, column, prelude, outer)

    def _constructor(self, index: int, value: Node, depth: int = 0) -> Node | None:
        """The name of the class of which a value is an instance; None where that is not to be seen."""
        if depth > 8:
            return None
        if value.type == "identifier":
            name = _text(value)
            for earlier in range(index - 1, -1, -1):
                step = self.statements[earlier]
                if name in step.binds:
                    made = _assigned(step.node, name)
                    return self._constructor(earlier, made, depth + 1) if made is not None else None
            return None
        if value.type == "parenthesized_expression" and value.named_children:
            return self._constructor(index, value.named_children[0], depth + 1)
        if value.type != "call":
            return None
        callee = value.child_by_field_name("function")
        if callee is None or callee.type not in ("identifier", "attribute"):
            return None
        if callee.type == "attribute" and _text(callee.child_by_field_name("attribute")) in _SAME_MODULE:
            inner = callee.child_by_field_name("object")
            return self._constructor(index, inner, depth + 1) if inner is not None else None
        return callee if all(part.isidentifier() for part in _text(callee).split(".")) else None

    def _steps(self, block: Node, is_outer: bool = False) -> Iterator[_Step]:
        """The statements of a block in their order, those in `if __name__ == …` and in torch's contexts among them."""
        for node in block.named_children:
            if node.type == "with_statement" and _is_torch_context(node):
                body = node.child_by_field_name("body")
                yield from self._steps(body, is_outer) if body is not None else ()
            elif node.type == "if_statement" and "__name__" in _names(node.child_by_field_name("condition")):
                body = node.child_by_field_name("consequence")
                yield from self._steps(body) if body is not None else ()
            elif node.type == "for_statement" and _is_known(node.child_by_field_name("right")):
                body = node.child_by_field_name("body")
                yield self._first_turn(node, is_outer)
                yield from self._steps(body, is_outer) if body is not None else ()
            elif node.type not in ("comment", "ERROR"):
                line, column = self._place(node)
                statement = Statement(self._statement_text(node), self._path, line, column)
                yield _Step(statement, node, _bound(node), _needed(node), is_outer)

    def _first_turn(self, loop: Node, is_outer: bool) -> _Step:
        """What gives the variable of a loop its first value."""
        target, iterated = loop.child_by_field_name("left"), loop.child_by_field_name("right")
        text = f"{_text(target)} = next(iter(({self._statement_text(iterated)})))" if iterated is not None else ""
        statement = Statement(text, self._path, *self._place(loop))
        return _Step(statement, None, _names(target), _names(iterated), is_outer)

    def _parameters(self, function: Node) -> Iterator[_Step | None]:
        """For each parameter a statement that gives it its value, None where none is known."""
        parametrized = dict(self._parametrized(function))
        known: frozenset[str] = frozenset()
        parameters = function.child_by_field_name("parameters")
        for node in parameters.named_children if parameters is not None else ():
            if node.type in ("comment", "keyword_separator", "positional_separator"):
                continue
            name_node = node if node.type == "identifier" else node.child_by_field_name("name")
            name = _text(name_node) if name_node is not None else _text(next(iter(node.named_children), None))
            default = node.child_by_field_name("value")
            if name in parametrized:
                text = parametrized[name]
            elif default is not None:
                text = f"{name} = {self._statement_text(default)}"
            elif name == "self" or node.type in ("list_splat_pattern", "dictionary_splat_pattern"):
                continue  # who needs it does without an example
            else:
                yield None
                continue
            made = Parser(_PYTHON).parse(text.encode("utf-8", "surrogatepass")).root_node.named_children[0]
            if name not in known:
                known |= _bound(made)
                yield _Step(Statement(text, self._path, *self._place(node)), None, _bound(made), _needed(made))

    def _parametrized(self, function: Node) -> Iterator[tuple[str, str]]:
        """What `pytest.mark.parametrize` gives first to each parameter, as statements."""
        outer = function.parent
        for decorator in outer.named_children if outer is not None and outer.type == "decorated_definition" else ():
            call = decorator.named_children[0] if decorator.type == "decorator" and decorator.named_children else None
            if call is None or call.type != "call":
                continue
            if not _text(call.child_by_field_name("function")).endswith("parametrize"):
                continue
            arguments = call.child_by_field_name("arguments")
            given = [item for item in arguments.named_children if item.type != "comment"] if arguments else []
            if len(given) < 2 or given[0].type != "string":
                continue
            names = [name.strip() for name in _text(given[0]).strip("\"'").split(",")]
            target = names[0] if len(names) == 1 else f"({', '.join(names)})"
            for name in names:
                yield name, f"{target} = list({self._statement_text(given[1])})[0]"

    def _place(self, node: Node) -> tuple[int, int]:
        row = node.start_point.row
        head = self._block.lines[row].encode("utf-8", "surrogatepass")[: node.start_point.column]
        return row + 1, len(head.decode("utf-8", "replace")) + self._block.offsets.get(row, 0) + 1

    def _statement_text(self, node: Node) -> str:
        """The text of a node, its later lines indented as if it began at the left."""
        first, *rest = _text(node).split("\n")
        row = self._block.lines[node.start_point.row]
        indent = row[: len(row) - len(row.lstrip())]
        if any(line.strip() and not line.startswith(indent) for line in rest):
            return "\n".join((first, *rest))
        return "\n".join((first, *(line[len(indent) :] for line in rest)))


def _slice(steps: Sequence[_Step], needed: frozenset[str]) -> tuple[tuple[_Step, ...], frozenset[str]]:
    """Of these statements those that the names depend on, and the names that none of them binds."""
    kept: list[_Step] = []
    for step in reversed(steps):
        if step.binds & needed:
            needed = (needed - step.binds) | step.needs
        elif not (step.node is not None and _changes(step.node, needed)):
            continue
        else:
            needed |= step.needs
        kept.append(step)
    return tuple(reversed(kept)), needed


def _changes(node: Node, needed: frozenset[str]) -> bool:
    """Whether a statement changes one of the values: `config.depth = 2`, `model.eval()`."""
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    if inner.type in ("assignment", "augmented_assignment"):
        left = inner.child_by_field_name("left")
        return left is not None and left.type in ("attribute", "subscript") and _root(left) in needed
    if inner.type == "call":
        callee = inner.child_by_field_name("function")
        if callee is None or callee.type != "attribute" or _root(callee) not in needed:
            return False
        method = _text(callee.child_by_field_name("attribute"))
        return method in _SAME_MODULE or (method.endswith("_") and not method.endswith("__"))
    return False


def _root(node: Node | None) -> str:
    """The name that `a.b[0].c` begins with."""
    while node is not None and node.type in ("attribute", "subscript", "call"):
        node = next((item for n in ("object", "value", "function") if (item := node.child_by_field_name(n))), None)
    return _text(node) if node is not None and node.type == "identifier" else ""


def _bound(node: Node) -> frozenset[str]:
    """The names that a statement binds for those after it; none where it is a loop that is not followed."""
    if node.type == "decorated_definition":
        definition = node.child_by_field_name("definition")
        return _bound(definition) if definition is not None else frozenset()
    if node.type in _DEFINITIONS:
        return frozenset([_text(node.child_by_field_name("name"))])
    if node.type in ("import_statement", "import_from_statement"):
        return frozenset(local for local, _, _ in _imports(node))
    if node.type in ("if_statement", "try_statement", "block", "else_clause", "elif_clause", "except_clause"):
        return frozenset().union(*(_bound(child) for child in node.named_children))
    if node.type != "expression_statement" or not node.named_children:
        return frozenset()
    names: set[str] = set()
    inner: Node | None = node.named_children[0]
    while inner is not None and inner.type in ("assignment", "augmented_assignment"):
        left = inner.child_by_field_name("left")
        if left is not None and left.type not in ("attribute", "subscript"):
            names |= _names(left)
        inner = inner.child_by_field_name("right")
    return frozenset(names)


def _needed(node: Node) -> frozenset[str]:
    """The names that a statement needs to have been bound."""
    if node.type != "expression_statement" or not node.named_children:
        return _names(node) - (_bound(node) if node.type in _DEFINITIONS else frozenset())
    inner = node.named_children[0]
    needed = _names(inner.child_by_field_name("right")) if inner.type == "assignment" else _names(inner)
    left = inner.child_by_field_name("left")
    return needed if left is None or left.type not in ("attribute", "subscript") else needed | _names(left)


def _assigned(statement: Node | None, name: str) -> Node | None:
    """The value that a plain assignment gives a name; of `a, b = f(), g()` that of the name."""
    if statement is None or statement.type != "expression_statement" or not statement.named_children:
        return None
    inner = statement.named_children[0]
    left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
    if inner.type != "assignment" or left is None or right is None:
        return None
    if left.type == "identifier":
        return right
    if right.type == "expression_list" and len(right.named_children) == len(left.named_children):
        pairs = zip(left.named_children, right.named_children, strict=True)
        return next((value for target, value in pairs if _text(target) == name), None)
    return None


def _imports(node: Node) -> Iterator[tuple[str, str, str | None]]:
    """Of an import statement each name that it binds, the name it has there, and the module it comes from."""
    module = _text(node.child_by_field_name("module_name")) if node.type == "import_from_statement" else None
    for child in node.children_by_field_name("name"):
        alias = child.child_by_field_name("alias")
        name = _text(child.child_by_field_name("name") if child.type == "aliased_import" else child)
        if alias is not None:
            yield _text(alias), name, module
        else:
            yield (name if module is not None else name.split(".")[0]), name, module
    if any(child.type == "wildcard_import" for child in node.named_children):
        yield "*", "*", module


def _imported(dotted: str, steps: Sequence[_Step]) -> tuple[str, str | None]:
    """A class's own name and the module that it was imported from, as far as imports tell."""
    first, _, rest = dotted.partition(".")
    for step in reversed(steps):
        if step.node is None or step.node.type not in ("import_statement", "import_from_statement"):
            continue
        for local, name, module in _imports(step.node):
            if local != first:
                continue
            if not rest:
                return name, module
            imported = name if module is None else f"{module}.{name}"
            prefix = dotted.rpartition(".")[0]
            return dotted.rpartition(".")[2], prefix.replace(
                local, imported if local != name.split(".")[0] else local, 1
            )
    return dotted.rpartition(".")[2], dotted.rpartition(".")[0] or None


def _is_torch_context(node: Node) -> bool:
    """Whether a `with` enters contexts of torch's alone, and gives them no name."""
    items = [item for child in node.named_children if child.type == "with_clause" for item in child.named_children]
    return bool(items) and all(_text(item).startswith("torch.") and " as " not in _text(item) for item in items)


def _is_known(iterated: Node | None) -> bool:
    """Whether a loop is over `range(…)`, or over items that are written out."""
    if iterated is None:
        return False
    if iterated.type == "call":
        return _text(iterated.child_by_field_name("function")) == "range"
    return iterated.type in ("tuple", "list", "expression_list") and bool(iterated.named_children)


def _calls(node: Node) -> Iterator[Node]:
    """The calls in a statement that it makes itself, the outer ones first."""
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type == "call":
            yield current
        if current.type not in ("lambda", "list_comprehension", "generator_expression", "block"):
            pending += reversed(current.named_children)


def _names(node: Node | None) -> frozenset[str]:
    """The names that occur in a piece of code, those of attributes and keywords apart."""
    found = set()
    pending: list[Node] = [node] if node is not None else []
    while pending:
        current = pending.pop()
        if current.type == "identifier":
            found.add(_text(current))
        elif current.type in ("attribute", "keyword_argument"):
            inner = current.child_by_field_name("object" if current.type == "attribute" else "value")
            pending += [inner] if inner is not None else []
        elif current.type not in ("import_statement", "import_from_statement"):
            pending += current.named_children
    return frozenset(found)


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "surrogatepass") if node is not None and node.text is not None else ""
