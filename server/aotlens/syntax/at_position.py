"""Finds the subjects at a position of a document, by syntax alone, also in broken code."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator

from tree_sitter import Node

from aotlens_tracer.wire.places import Span

from .creations import creation_around
from .expressions import expressions_at
from .graph_words import WINDOW, graph_words_at
from .nodes import is_same, is_within, parameter_name, string_value, text_of
from .pass_subjects import pass_subjects
from .paths import as_attributes
from .piece_lists import FLATTEN, may_name_piece
from .source_text import SourceText, nodes_around
from .statements import statement_at
from .subjects import (
    ArgumentSubject,
    AttributeSubject,
    ClassSubject,
    CreationSubject,
    DynamoSourceSubject,
    FunctionSubject,
    PieceNameSubject,
    StringSubject,
    Subject,
)
from .surroundings import Surroundings, class_ref
from .values import Each, Place, Value

_FQN = re.compile(r"[^\W\d]\w*(?:\.\w+)*")


def subject_at(document: SourceText, line: int, column: int) -> Subject | None:
    """The innermost subject at a position; None if there is none."""
    return next(_subjects(document, line, column), None)


def subjects_at(document: SourceText, line: int, column: int) -> tuple[Subject, ...]:
    """All subjects at a position, from the innermost to the outermost.

    A feature that knows nothing about the first one may go on with the next.
    """
    return tuple(_subjects(document, line, column))


def _subjects(document: SourceText, line: int, column: int) -> Iterator[Subject]:
    if not 1 <= line <= document.line_count or not 1 <= column <= len(document.line(line)) + 1:
        return
    if not document.is_python:
        yield from graph_words_at(document, line, column, None, is_code=False)
        return
    yield from _Position(document, line, column).subjects()


class _Position:
    """One position of a Python document."""

    def __init__(self, document: SourceText, line: int, column: int) -> None:
        self._document = document
        self._line = line
        self._column = _column_of_word(document.line(line), column)
        self._chain = nodes_around(document, line, self._column)
        self._here = Surroundings(document, line, self._chain)

    def subjects(self) -> Iterator[Subject]:
        """The subjects here, from the innermost to the outermost."""
        in_comment = self._chain[0].type == "comment"
        string = next((node for node in self._chain[:3] if node.type == "string"), None)
        is_code = not in_comment and string is None
        for word in graph_words_at(self._document, self._line, self._column, self._here.owner, is_code):
            # `L['x']` in code is an item of a variable of the user's.
            if not isinstance(word, DynamoSourceSubject) or string is None or self._is_inside(string, word.span):
                yield word
        if in_comment:
            return
        yield from pass_subjects(self._document, self._chain, self._here.owner)
        creation = creation_around(self._document, self._here)
        for subject in self._in_string(string) if string is not None else self._at_token(self._chain[0]):
            # The name of an attribute that is made here stands for its creation.
            if creation is not None and _is_name_of(subject, creation):
                yield dataclasses.replace(creation, span=subject.span)
                creation = None
            yield subject
        if creation is not None:
            yield creation
        yield from expressions_at(self._document, self._here)
        yield from statement_at(self._document, self._line, self._column, self._here)

    def _is_inside(self, string: Node, span: Span) -> bool:
        around = self._document.span_of(string)
        return (around.line, around.column or 1) < (span.line, span.column or 1)

    def _at_token(self, token: Node) -> Iterator[Subject]:
        parent = token.parent
        if parent is None:
            return
        if token.type == "identifier":
            yield from self._at_identifier(token, parent)
        for node in self._chain[1:4]:  # an index, or the bracket around it, stands for the item
            if node.type == "subscript":
                if not is_within(token, node.child_by_field_name("value")):
                    yield from self._reached(self._here.value(node), self._document.span_of(node))
                return
            if node.type not in ("unary_operator", "slice"):
                return

    def _at_identifier(self, token: Node, parent: Node) -> Iterator[Subject]:
        span = self._document.span_of(token)
        is_name = is_same(parent.child_by_field_name("name"), token)
        if parent.type == "class_definition" and is_name:
            owner = class_ref(self._here.prefix + text_of(token), parent)
            yield ClassSubject(owner, owner.qualname, span)
            return
        if parent.type == "function_definition" and is_name:
            local = (f"{self._here.function}.<locals>." if self._here.function else "") + text_of(token)
            yield FunctionSubject(self._here.owner, local, self._here.prefix + text_of(token), span)
            return
        if parent.type == "keyword_argument" and is_name:
            return
        if parent.type == "attribute" and not is_same(parent.child_by_field_name("object"), token):
            called = self._called(parent)
            if called is not None:
                yield from self._reached(called, self._document.span_of(parent))
            yield from self._reached(self._here.value(parent), self._document.span_of(parent))
            return
        parameter = self._parameter(token)
        if parameter is not None:
            yield from self._reached(parameter, span)
            return
        yield from self._reached(self._here.value(token, self._end_of_binding(token)), span)

    def _called(self, attribute: Node) -> Value:
        """The value of `self.get_parameter("w")`, if the position is on the method's name; else None."""
        call = attribute.parent
        name = text_of(attribute.child_by_field_name("attribute"))
        if call is not None and call.type == "call" and name.startswith("get_"):
            return self._here.value(call)
        return None

    def _parameter(self, token: Node) -> Place | None:
        """The argument whose name in a signature the token is; None if it is not such a name."""
        for node, inner in zip(self._chain[1:6], self._chain[:5]):
            if node.type == "parameters":
                if parameter_name(inner) != text_of(token) or not _is_its_name(inner, token):
                    return None
                break
            if node.type == "block":
                return None
        else:
            return None
        function = self._chain[self._chain.index(node) + 1] if node in self._chain else None
        scopes = (scope for scope in self._here.scopes if function is not None and scope.node.id == function.id)
        scope = next(scopes, None)
        if scope is None:
            return None
        if scope.module == text_of(token):
            return Place(None, scope.name)
        return Place(text_of(token), scope.name)

    def _end_of_binding(self, token: Node) -> int | None:
        """The byte from which on a name on the left of an assignment or loop is bound; None for other names."""
        inner = token
        for number, node in enumerate(self._chain[1:6], 1):
            left = node.child_by_field_name("left")
            if node.type == "assignment" and is_same(left, inner):
                whole = itertools.takewhile(lambda outer: outer.type == "assignment", self._chain[number:])
                return max(outer.end_byte for outer in whole)
            if node.type in ("for_statement", "for_in_clause") and is_same(left, inner):
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
            yield ArgumentSubject(self._here.owner, value.function, value.argument, value.path, span)
        elif self._here.owner is not None:
            yield AttributeSubject(self._here.owner, as_attributes(value.path), span)

    def _in_string(self, string: Node) -> Iterator[Subject]:
        text = string_value(string)
        parent = string.parent
        if text is None or parent is None:
            return
        span = self._document.span_of(string)
        if parent.type == "subscript" and not is_same(parent.child_by_field_name("value"), string):
            yield from self._reached(self._here.value(parent), self._document.span_of(parent))
        if parent.type == "argument_list" and parent.parent is not None:
            yield from self._reached(self._here.value(parent.parent), span)
        if self._here.owner is not None and self._here.function in (FLATTEN, None) and may_name_piece(parent, text):
            yield PieceNameSubject(self._here.owner, text, span)
        if len(text) <= WINDOW and _FQN.fullmatch(text):
            yield StringSubject(self._here.owner, text, span)


def _is_name_of(subject: Subject, creation: CreationSubject) -> bool:
    """Whether a subject is the name of the attribute that is made."""
    if isinstance(subject, AttributeSubject):
        return subject.path == creation.path
    return isinstance(subject, StringSubject) and creation.path[-1:] == (subject.text,)


def _is_its_name(parameter: Node, token: Node) -> bool:
    """Whether a token is the name of a parameter and not part of its annotation or default."""
    return not any(is_within(token, parameter.child_by_field_name(field)) for field in ("type", "value"))


def _column_of_word(line: str, column: int) -> int:
    """The column to look at: one to the left if the cursor is right behind a word."""
    if column <= len(line) and _is_word(line[column - 1]):
        return column
    if column > 1 and _is_word(line[column - 2]):
        return column - 1
    return column


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
