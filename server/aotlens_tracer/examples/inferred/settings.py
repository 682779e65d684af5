"""Settings of a configuration that a constructor refuses, and which it would take."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator

from . import configs
from .constructor import Constructors, Usage, parameters_of
from .failing import FailedCall, compared, expressions_at, function_of
from .values import Arguments, Written


def other_settings(failed: FailedCall, cls: type, constructors: Constructors, usage: Usage) -> Iterator[Arguments]:
    """Other settings of a configuration, for those that a failing statement reads.

    One that is left open gets a value; one that is compared with another value that value; a tuple that is joined with
    a list becomes a list.
    """
    for frame, line in failed.users():
        read = dict(_settings_read(frame, line, failed.arguments, constructors))
        for name in failed.arguments:
            found = {text: setting for text, (argument, setting) in read.items() if argument == name}
            current = {setting: getattr(frame.f_locals[name], setting, ...) for setting in found.values()}
            unset = [setting for setting, now in current.items() if now is None]
            if unset:
                yield _with_settings(
                    failed.arguments, name, {s: constructors.by_name(s, cls, usage).expression for s in unset}
                )
            for left, a, _, right, b in compared(frame, line):
                for side, want in ((left, b), (right, a)):
                    setting = found.get(ast.unparse(side))
                    if setting is not None and type(want) in (int, float, str) and current[setting] != want:
                        yield _with_settings(failed.arguments, name, {setting: repr(want)})
            if '(not "tuple") to list' in failed.message:
                tuples = {setting: repr(list(now)) for setting, now in current.items() if type(now) is tuple}
                if tuples:
                    yield _with_settings(failed.arguments, name, tuples)


def _settings_read(
    frame: types.FrameType, line: int, given: Arguments, constructors: Constructors
) -> Iterator[tuple[str, tuple[str, str]]]:
    """What a failing statement reads of configurations: the expression, the argument and the setting.

    Of those alone that the configuration's constructor takes; also `self.width` behind `self.width = config.width`.
    """
    known: dict[str, tuple[str, str]] = {}
    definition = function_of(frame.f_code)
    for node in ast.walk(definition) if definition is not None else ():
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in given:
            kind = type(frame.f_locals.get(node.value.id))
            is_made = given[node.value.id].expression.startswith(f"{constructors.names.of(kind)}(")
            if is_made and configs.is_configuration_class(kind) and node.attr in parameters_of(kind):
                known[ast.unparse(node)] = (node.value.id, node.attr)
    for node in ast.walk(definition) if definition is not None else ():
        if isinstance(node, ast.Assign) and (read := known.get(ast.unparse(node.value))) is not None:
            known.update({ast.unparse(target): read for target in node.targets})
    for expression in expressions_at(frame, line):
        for node in ast.walk(expression):
            if isinstance(node, ast.expr) and (text := ast.unparse(node)) in known:
                yield text, known[text]


def _with_settings(given: Arguments, name: str, settings: dict[str, str]) -> Arguments:
    """The arguments with other settings of the configuration `name`."""
    made = ast.parse(given[name].expression, mode="eval").body
    assert isinstance(made, ast.Call)
    kept = [word for word in made.keywords if word.arg not in settings]
    new = [ast.keyword(setting, ast.parse(text, mode="eval").body) for setting, text in settings.items()]
    return {**given, name: Written(ast.unparse(ast.Call(made.func, made.args, [*kept, *new])))}
