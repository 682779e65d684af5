"""What stands at a position of a document: an attribute of a module, an argument, a `return`, a descriptor.

Syntax alone, also in broken code. Several things may stand at one place, in each other: `subjects_at` gives them from
the innermost to the outermost, so that who has nothing to say about the first may go on with the next.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol

from tree_sitter import Node, Point, Tree

from aotlens_tracer.wire.descriptor_map import Span

from .values import (
    ANY,
    Each,
    Evaluator,
    Items,
    Key,
    Path,
    Place,
    Scope,
    Step,
    Unknown,
    Value,
    integer_value,
    parameter_name,
    string_value,
    text_of,
)

__all__ = [
    "ANY",
    "ArgumentSubject",
    "AttributeSubject",
    "ClassRef",
    "ClassSubject",
    "CreationSubject",
    "DescriptorSubject",
    "FunctionSubject",
    "GraphNameSubject",
    "Key",
    "LineSubject",
    "Path",
    "ReturnSubject",
    "SourceText",
    "Step",
    "StringSubject",
    "Subject",
    "Unknown",
    "is_python",
    "subject_at",
    "subjects_at",
]


class SourceText(Protocol):
    """What syntax looks at: a document, as far as it is needed here. The rows of the tree are its lines."""

    @property
    def path(self) -> str:
        """The absolute path of the file."""

    @property
    def line_count(self) -> int:
        """How many lines there are."""

    @property
    def tree(self) -> Tree:
        """Its syntax tree."""

    def line(self, number: int) -> str:
        """A line without its end."""

    def point(self, line: int, column: int) -> Point:
        """A position as tree-sitter has it."""

    def span_of(self, node: Node) -> Span:
        """Where a node of the tree is."""


@dataclass(frozen=True)
class ClassRef:
    """A class of the document by its qualified name, and its lines: two classes may share a name."""

    qualname: str
    line: int
    end_line: int


@dataclass(frozen=True)
class _InClass:
    owner: ClassRef | None

    @property
    def class_qualname(self) -> str | None:
        """The qualified name of the class around it."""
        return self.owner.qualname if self.owner is not None else None


@dataclass(frozen=True)
class ClassSubject(_InClass):
    """The name of a class definition: `owner` is that class."""

    qualname: str
    span: Span


@dataclass(frozen=True)
class FunctionSubject(_InClass):
    """The name of a function or method definition. `function` is its name within its class."""

    function: str
    qualname: str
    span: Span


@dataclass(frozen=True)
class AttributeSubject(_InClass):
    """What is reached from the module by a path; the empty path is the module itself."""

    path: Path
    span: Span


@dataclass(frozen=True)
class CreationSubject(_InClass):
    """The making of an attribute: either side of `self.qkv = nn.Linear(8, 8)`, `self.register_buffer("mask", …)`."""

    path: Path
    span: Span


@dataclass(frozen=True)
class ArgumentSubject(_InClass):
    """An argument of a function, or what is reached from it by a path. `function` is its name within its class."""

    function: str
    name: str
    path: Path
    span: Span

    @property
    def label(self) -> str:
        """As the user writes it: `batch['mask']`; `[…]` stands for any item."""
        return self.name + "".join(map(_suffix, self.path))


@dataclass(frozen=True)
class ReturnSubject(_InClass):
    """A `return` statement."""

    function: str
    span: Span


@dataclass(frozen=True)
class LineSubject(_InClass):
    """A simple statement, or the first lines of a compound one, in the body of a function."""

    function: str
    span: Span


@dataclass(frozen=True)
class StringSubject(_InClass):
    """A string literal that may be the name of a parameter, buffer or submodule."""

    text: str
    span: Span


@dataclass(frozen=True)
class GraphNameSubject(_InClass):
    """A placeholder's name in any text: `primals_3`, `tangents_1`, `arg0_1`."""

    name: str
    span: Span


@dataclass(frozen=True)
class DescriptorSubject(_InClass):
    """A descriptor in any text: `ParamAOTInput(target='w')`, `__grad(args[0])`, or the name of its class alone."""

    text: str
    span: Span


Subject = (
    ClassSubject
    | FunctionSubject
    | AttributeSubject
    | CreationSubject
    | ArgumentSubject
    | ReturnSubject
    | LineSubject
    | StringSubject
    | GraphNameSubject
    | DescriptorSubject
)

_GRAPH_NAME = re.compile(r"(?<![\w.])(?:(?:primals|tangents)_\d+|arg\d+_\d+)(?!\w)")
_FQN = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_DESCRIPTOR_NAME = re.compile(r"(?<!\w)[A-Z]\w*AOT(?:Input|Output)(?!\w)")
# The names that torch's `.expr()` makes up, and (where no code is) the accessors that it writes.
_EXPRESSION = re.compile(
    r"(?<![\w.])__(?:grad|output_tangent|input_mutation|intermediate_base|make_synthetic_base)(?=\()"
    r"|(?<![\w.])__(?:(?:forward|backward)_token|dummy|aliased_arg_with_metadata_mutation|"
    r"saved_for_backwards_(?:no_vc_check_)?)\d+(?!\w)"
    r"|(?<![\w.])__philox_\w+"
)
_ACCESSOR = re.compile(r"(?<![\w.])(?:self\.get_(?:parameter|buffer)(?=\()|(?:args|output)(?=\[\d+\]))")
_TRAILER = re.compile(r"\.[^\W\d]\w*(?:\(\d+\))?")
_COMPOUND = frozenset(
    {
        "for_statement",
        "while_statement",
        "if_statement",
        "with_statement",
        "try_statement",
        "match_statement",
        "function_definition",
        "class_definition",
        "decorated_definition",
    }
)
_CLAUSES = frozenset({"elif_clause", "else_clause", "except_clause", "finally_clause", "case_clause"})
_REGISTER = frozenset({"register_buffer", "register_parameter", "register_module", "add_module"})
_WINDOW = 2000
"""How far from the position a line is searched: a line may be a megabyte of data."""
_REACH = 3000
"""How many lines up the enclosing class of broken code is searched."""
_CLASS_LINE = re.compile(r"(\s*)class\s+(\w+)")
_DEF_LINE = re.compile(r"(\s*)(?:async\s+)?def\s+(\w+)\s*\(\s*(\w+)?")


def subject_at(document: SourceText, line: int, column: int) -> Subject | None:
    """What stands at a position, the innermost first; None where nothing does."""
    return next(_subjects(document, line, column), None)


def subjects_at(document: SourceText, line: int, column: int) -> tuple[Subject, ...]:
    """Everything that stands at a position, from the innermost to the outermost."""
    return tuple(_subjects(document, line, column))


def is_python(path: str) -> bool:
    """Whether a file of this name is Python code; one without an ending is taken for it, as is a notebook's cell."""
    if not os.path.isabs(path):  # a URI, with what it may end with: `git:/model.py?ref`
        path = re.split("[?#]", path)[0]
    return PurePath(path).suffix in ("", ".py", ".pyi", ".pyw", ".ipynb")


def _subjects(document: SourceText, line: int, column: int) -> Iterator[Subject]:
    if not 1 <= line <= document.line_count or not 1 <= column <= len(document.line(line)) + 1:
        return
    if not is_python(document.path):
        yield from _in_text(document, line, column, None, is_code=False)
        return
    yield from _Here(document, line, column).subjects()


class _Here:
    """One position of a Python document, with what is around it."""

    def __init__(self, document: SourceText, line: int, column: int) -> None:
        self._document = document
        self._line = line
        self._column = _of_word(document.line(line), column)
        self._chain = self._around(line, self._column)
        self._function: str | None = None
        self._owner, self._scopes = self._enclosing()
        self._module_name: str | None = None
        if document.tree.root_node.has_error:
            self._correct_by_indentation()
        self._evaluator = Evaluator(self._chain, self._scopes)

    def subjects(self) -> Iterator[Subject]:
        """What stands here, from the innermost to the outermost."""
        leaf = self._chain[0]
        in_comment = any(node.type == "comment" for node in self._chain[:1])
        string = next((node for node in self._chain[:3] if node.type == "string"), None)
        is_code = not in_comment and string is None
        yield from _in_text(self._document, self._line, self._column, self._owner, is_code)
        if in_comment:
            return
        creation = self._creation()
        for subject in self._string(string) if string is not None else self._leaf(leaf):
            # The name of what is made here is answered as such: in another module it may be another thing's.
            if creation is not None and _names(subject, creation):
                yield dataclasses.replace(creation, span=subject.span)
                creation = None
            yield subject
        if creation is not None:
            yield creation
        yield from self._statement()

    def _around(self, line: int, column: int) -> list[Node]:
        """The nodes around a position, innermost first."""
        text = self._document.line(line)
        start = self._document.point(line, column)
        end = self._document.point(line, column + 1) if column <= len(text) else start
        node = self._document.tree.root_node.descendant_for_point_range(start, end)
        chain = []
        while node is not None:
            chain.append(node)
            node = node.parent
        return chain or [self._document.tree.root_node]

    def _enclosing(self) -> tuple[ClassRef | None, list[Scope]]:
        """The innermost class that is around, and the functions around within it and beyond, innermost first."""
        names: list[tuple[str, Node]] = []
        for node in reversed(self._chain):
            if node.type in ("class_definition", "function_definition"):
                names.append((text_of(node.child_by_field_name("name")), node))
        # On its decorators, bases or name a definition is not yet around.
        if names and not _is_inside(names[-1][1], self._chain):
            names.pop()
        owner: ClassRef | None = None
        scopes: list[Scope] = []
        qualname, local = "", ""
        for index, (name, node) in enumerate(names):
            in_class = index > 0 and names[index - 1][1].type == "class_definition"
            if node.type == "class_definition":
                qualname, local = qualname + name, ""
                owner = _class_ref(qualname, node)
                qualname += "."
                continue
            module = _module_parameter(node) if in_class else None
            scopes.append(Scope(node, local + name, module))
            local += f"{name}.<locals>."
            qualname += f"{name}.<locals>."
        # In the body of a class, but in none of its methods, a function around the class is no place to be in.
        self._function = scopes[-1].name if local else None
        return owner, scopes[::-1]

    def _correct_by_indentation(self) -> None:
        """In broken code a class may be lost to the tree, or may have swallowed the next: then indentation decides."""
        around = [node for node in self._chain if node.type in ("class_definition", "function_definition")]
        if around and not around[-1].has_error:
            return
        text = self._document.line(self._line)
        indent = len(text) - len(text.lstrip())
        function: str | None = None
        module: str | None = None
        owner: ClassRef | None = None
        for number in range(self._line - 1, max(0, self._line - _REACH), -1):
            text = self._document.line(number)
            definition, is_class = _DEF_LINE.match(text), _CLASS_LINE.match(text)
            if definition and len(definition[1]) < indent and function is None:
                function, module = definition[2], definition[3]
                indent = len(definition[1])
            elif is_class and len(is_class[1]) < indent:
                owner = ClassRef(is_class[2], number, self._line)
                break
        known = self._owner.line if self._owner is not None else None
        if owner is None or (known == owner.line and self._function is not None):
            return
        self._owner, self._function, self._module_name = owner, function, module
        self._scopes = []

    def _value(self, node: Node, before: int | None = None) -> Value:
        if self._module_name is not None:
            return _plain_value(node, self._module_name, self._function or "")
        return self._evaluator.value(node, before)

    def _leaf(self, leaf: Node) -> Iterator[Subject]:
        """What the token here names."""
        parent = leaf.parent
        if parent is None:
            return
        if leaf.type == "identifier":
            yield from self._identifier(leaf, parent)
        for node in self._chain[1:4]:  # an index, or the bracket around it: the item
            if node.type == "subscript":
                if not _within(leaf, node.child_by_field_name("value")):
                    yield from self._reached(self._value(node), self._document.span_of(node))
                return
            if node.type not in ("unary_operator", "slice"):
                return

    def _identifier(self, leaf: Node, parent: Node) -> Iterator[Subject]:
        span = self._document.span_of(leaf)
        is_name = _same(parent.child_by_field_name("name"), leaf)
        if parent.type == "class_definition" and is_name:
            owner = _class_ref(self._prefix() + text_of(leaf), parent)
            yield ClassSubject(owner, owner.qualname, span)
            return
        if parent.type == "function_definition" and is_name:
            local = (f"{self._function}.<locals>." if self._function else "") + text_of(leaf)
            yield FunctionSubject(self._owner, local, self._prefix() + text_of(leaf), span)
            return
        if parent.type == "keyword_argument" and is_name:
            return
        if parent.type == "attribute" and not _same(parent.child_by_field_name("object"), leaf):
            called = self._called(parent)
            if called is not None:
                yield from self._reached(called, self._document.span_of(parent))
            yield from self._reached(self._value(parent), self._document.span_of(parent))
            return
        parameter = self._parameter(leaf)
        if parameter is not None:
            yield from self._reached(parameter, span)
            return
        yield from self._reached(self._value(leaf, self._binding_end(leaf)), span)

    def _prefix(self) -> str:
        """What stands before the name of something that is defined here."""
        prefix = f"{self._owner.qualname}." if self._owner is not None else ""
        return prefix + (f"{self._function}.<locals>." if self._function else "")

    def _called(self, attribute: Node) -> Value:
        """What `self.get_parameter("w")` gives, asked at its name."""
        call = attribute.parent
        name = text_of(attribute.child_by_field_name("attribute"))
        if call is not None and call.type == "call" and name.startswith("get_"):
            return self._value(call)
        return None

    def _parameter(self, leaf: Node) -> Place | None:
        """The argument whose name in the signature this is."""
        for node, inner in zip(self._chain[1:6], self._chain[:5]):
            if node.type == "parameters":
                if parameter_name(inner) != text_of(leaf) or not _is_its_name(inner, leaf):
                    return None
                break
            if node.type == "block":
                return None
        else:
            return None
        function = self._chain[self._chain.index(node) + 1] if node in self._chain else None
        scope = next((scope for scope in self._scopes if function is not None and scope.node.id == function.id), None)
        if scope is None:
            return None
        if scope.module == text_of(leaf):
            return Place(None, scope.name)
        return Place(text_of(leaf), scope.name)

    def _binding_end(self, leaf: Node) -> int | None:
        """For the name on the left of an assignment or loop: from where on it is bound."""
        inner = leaf
        for node in self._chain[1:6]:
            left = node.child_by_field_name("left")
            if node.type == "assignment" and _same(left, inner):
                while node.parent is not None and node.parent.type == "assignment":
                    node = node.parent
                return node.end_byte
            if node.type in ("for_statement", "for_in_clause") and _same(left, inner):
                right = node.child_by_field_name("right")
                return right.end_byte + 1 if right is not None else None
            if node.type not in ("pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern"):
                return None
            inner = node
        return None

    def _reached(self, value: Value, span: Span) -> Iterator[Subject]:
        if isinstance(value, Each):  # `first, *rest = self.blocks`: each of them
            value = value.item
        if not isinstance(value, Place):
            return
        if value.argument is not None:
            yield ArgumentSubject(self._owner, value.function, value.argument, value.path, span)
        elif self._owner is not None:
            yield AttributeSubject(self._owner, _as_attributes(value.path), span)

    def _string(self, string: Node) -> Iterator[Subject]:
        text = string_value(string)
        parent = string.parent
        if text is None or parent is None:
            return
        span = self._document.span_of(string)
        if parent.type == "subscript" and not _same(parent.child_by_field_name("value"), string):
            yield from self._reached(self._value(parent), self._document.span_of(parent))
        if parent.type == "argument_list" and parent.parent is not None:
            yield from self._reached(self._value(parent.parent), span)
        if len(text) <= _WINDOW and _FQN.fullmatch(text):
            yield StringSubject(self._owner, text, span)

    def _creation(self) -> CreationSubject | None:
        """The assignment or call around that makes an attribute of the module."""
        for node in self._chain:
            if node.type in ("block", "function_definition", "lambda"):
                return None
            if node.type == "call":
                path = self._registered(node)
                if path is not None:
                    return CreationSubject(self._owner, path, self._document.span_of(node))
            if node.type == "assignment":
                left = node.child_by_field_name("left")
                if left is not None and left.type in ("attribute", "subscript"):
                    value = self._value(left)
                    if isinstance(value, Place) and value.argument is None and value.path and self._owner is not None:
                        return CreationSubject(self._owner, _as_attributes(value.path), self._document.span_of(node))
        return None

    def _registered(self, call: Node) -> Path | None:
        """The path of what `self.register_buffer("name", …)`, `setattr(self, "name", …)` and the like make."""
        function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
        if function is None or arguments is None:
            return None
        given = [child for child in arguments.named_children if child.type not in ("keyword_argument", "comment")]
        if function.type == "attribute" and text_of(function.child_by_field_name("attribute")) in _REGISTER:
            base = function.child_by_field_name("object")
            name = given[0] if given else None
        elif text_of(function) == "setattr" and len(given) > 1:
            base, name = given[0], given[1]
        else:
            return None
        owner = self._value(base) if base is not None else None
        if not isinstance(owner, Place) or owner.argument is not None or name is None:
            return None
        text = string_value(name)
        return (*_as_attributes(owner.path), text if text is not None else ANY)

    def _statement(self) -> Iterator[Subject]:
        if self._function is None:
            return
        text = self._document.line(self._line)
        first = len(text) - len(text.lstrip()) + 1
        if first > len(text) or text[first - 1] == "#":
            return
        chain = self._chain if first <= self._column <= len(text.rstrip()) else self._around(self._line, first)
        for node, outer in zip(chain, [*chain[1:], None]):
            if node.type in ("comment", "string_start") and outer is not None and outer.type in ("block", "module"):
                return
            if node.type == "return_statement":
                yield ReturnSubject(self._owner, self._function, self._document.span_of(node))
                yield LineSubject(self._owner, self._function, self._document.span_of(node))
                return
            if node.type in _COMPOUND or node.type in _CLAUSES:
                # Asked in its first lines: inside its block the chain has met a statement before.
                body = node.child_by_field_name("body") or node.child_by_field_name("consequence")
                if node.type in ("function_definition", "class_definition", "decorated_definition"):
                    return
                whole = self._document.span_of(node)
                last = body.start_point.row + 1 if body is not None else whole.line
                end_line = max(last - 1, whole.line)
                if whole.line <= self._line <= end_line:
                    end_column = len(self._document.line(end_line).rstrip()) + 1
                    span = Span(whole.path, whole.line, whole.column, end_line, end_column)
                    yield LineSubject(self._owner, self._function, span)
                return
            if outer is not None and outer.type in ("block", "ERROR"):
                yield LineSubject(self._owner, self._function, self._document.span_of(node))
                return


def _names(subject: Subject, creation: CreationSubject) -> bool:
    """Whether a subject is the name of what is made."""
    if isinstance(subject, AttributeSubject):
        return subject.path == creation.path
    return isinstance(subject, StringSubject) and creation.path[-1:] == (subject.text,)


def _in_text(
    document: SourceText, line: int, column: int, owner: ClassRef | None, is_code: bool
) -> Iterator[GraphNameSubject | DescriptorSubject]:
    """The graph names and descriptors at a position, whatever the text around them is."""
    text = document.line(line)
    offset = max(0, column - 1 - _WINDOW)
    window, at = text[offset : column - 1 + _WINDOW], column - 1 - offset

    def span(start: int, end: int) -> Span:
        return Span(document.path, line, offset + start + 1, line, offset + end + 1)

    for match in _GRAPH_NAME.finditer(window):
        if match.start() <= at < match.end() or (at == match.end() == len(window)):
            yield GraphNameSubject(owner, match[0], span(match.start(), match.end()))
    innermost: tuple[int, int] | None = None
    patterns = (_DESCRIPTOR_NAME, _EXPRESSION) if is_code else (_DESCRIPTOR_NAME, _EXPRESSION, _ACCESSOR)
    for pattern in patterns:
        for match in pattern.finditer(window):
            if match.start() > at:
                break
            end = _closing(window, match.end())
            if pattern is not _DESCRIPTOR_NAME and not is_code:
                while trailer := _TRAILER.match(window, end):
                    end = trailer.end()
            if at < end and (innermost is None or match.start() > innermost[0]):
                innermost = match.start(), end
    if innermost is not None:
        yield DescriptorSubject(owner, window[innermost[0] : innermost[1]], span(*innermost))


def _closing(text: str, start: int) -> int:
    """Where the bracket that opens at `start` is closed; `start` where none opens, or none closes."""
    depth, quote, index = 0, "", start
    if text[start : start + 1] not in ("(", "["):
        return start
    while index < len(text):
        char = text[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
            if depth == 0:
                return index + 1
        index += 1
    return start


def _of_word(line: str, column: int) -> int:
    """The column of the word that the cursor is on or right behind."""
    if column <= len(line) and _is_word(line[column - 1]):
        return column
    if column > 1 and _is_word(line[column - 2]):
        return column - 1
    return column


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _is_inside(definition: Node, chain: Sequence[Node]) -> bool:
    """Whether the chain comes from a definition's body, or from a function's parameters."""
    for node in chain:
        if node.parent is not None and node.parent.id == definition.id:
            return node.type in ("block", "parameters", "comment", "ERROR")
    return chain[0].id == definition.id


def _module_parameter(function: Node) -> str | None:
    """The name of a method's first parameter, which is the module; None of static and class methods."""
    outer = function.parent
    if outer is not None and outer.type == "decorated_definition":
        decorators = {text_of(child) for child in outer.children if child.type == "decorator"}
        if decorators & {"@staticmethod", "@classmethod"}:
            return None
    parameters = function.child_by_field_name("parameters")
    for child in parameters.named_children if parameters is not None else ():
        if child.type != "comment":
            return parameter_name(child) or None
    return None


def _class_ref(qualname: str, node: Node) -> ClassRef:
    return ClassRef(qualname, node.start_point.row + 1, node.end_point.row + 1)


def _plain_value(node: Node, module: str, function: str) -> Value:
    """What an expression stands for where only the name of the module is known."""
    steps: list[Step] = []
    while node.type in ("attribute", "subscript"):
        if node.type == "attribute":
            steps.append(text_of(node.child_by_field_name("attribute")))
            inner = node.child_by_field_name("object")
        else:
            subscripts = node.children_by_field_name("subscript")
            number = integer_value(subscripts[0]) if len(subscripts) == 1 else None
            key = string_value(subscripts[0]) if len(subscripts) == 1 else None
            steps.append(number if number is not None else Key(key) if key is not None else ANY)
            inner = node.child_by_field_name("value")
        if inner is None:
            return None
        node = inner
    if node.type != "identifier" or text_of(node) != module:
        return None
    return Place(None, function, tuple(reversed(steps)))


def _as_attributes(path: Path) -> Path:
    """A path into a module: a key of a ModuleDict is a name like any other."""
    return tuple(step.name if isinstance(step, Key) else step for step in path)


def _suffix(step: Step) -> str:
    if isinstance(step, Key):
        return f"[{step.name!r}]"
    if isinstance(step, int):
        return f"[{step}]"
    return "[…]" if isinstance(step, (Unknown, Items)) else f".{step}"


def _is_its_name(parameter: Node, leaf: Node) -> bool:
    """Whether the leaf is the name of a parameter rather than part of its annotation or default."""
    return not any(_within(leaf, parameter.child_by_field_name(field)) for field in ("type", "value"))


def _within(inner: Node, outer: Node | None) -> bool:
    return outer is not None and outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _same(node: Node | None, other: Node) -> bool:
    return node is not None and node.id == other.id
