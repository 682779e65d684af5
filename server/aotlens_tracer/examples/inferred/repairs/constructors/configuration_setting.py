"""Change settings of a configuration that the failing statement reads.

A setting that is None gets a value, one that is compared with another value gets that value, and a tuple that is
concatenated with a list becomes a list.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...building import configurations
from ...building.construction import Construction
from ...building.parameters import parameters_of
from ...values import Arguments, Written
from ..failed_attempt import FailedAttempt
from ..places import Place
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    for place in failed.users():
        read = dict(_settings_read(place, failed.arguments, construction))
        for name in failed.arguments:
            found = {text: setting for text, (argument, setting) in read.items() if argument == name}
            if found:
                yield from _other_settings(failed, construction, place, name, found)


def _other_settings(
    failed: FailedAttempt, construction: Construction, place: Place, name: str, found: dict[str, str]
) -> Proposals:
    """Other settings of the configuration that is the argument `name`.

    `found` has the settings that are read, by the expressions that read them.
    """
    current = {setting: getattr(place.variables[name], setting, ...) for setting in found.values()}
    unset = {setting: construction.by_name(setting).expression for setting, now in current.items() if now is None}
    if unset:
        yield _with_settings(failed.arguments, name, unset)
    for compared in place.comparisons():
        for side, wanted in ((compared.left, compared.right_value), (compared.right, compared.left_value)):
            setting = found.get(ast.unparse(side))
            if setting is not None and type(wanted) in (int, float, str) and current[setting] != wanted:
                yield _with_settings(failed.arguments, name, {setting: repr(wanted)})
    if failed.wants("list"):
        tuples = {setting: repr(list(now)) for setting, now in current.items() if type(now) is tuple}
        if tuples:
            yield _with_settings(failed.arguments, name, tuples)


def _settings_read(place: Place, given: Arguments, construction: Construction) -> Iterator[tuple[str, tuple[str, str]]]:
    """The settings that the statement reads: the expression, the argument and the setting.

    Only settings that the configuration's constructor takes. `self.width` counts after `self.width = config.width`.
    """
    known: dict[str, tuple[str, str]] = {}
    nodes = list(ast.walk(place.function)) if place.function is not None else []
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in given:
            kind = type(place.variables.get(node.value.id))
            is_made = given[node.value.id].expression.startswith(f"{construction.constructors.names.of(kind)}(")
            if is_made and configurations.is_configuration_class(kind) and node.attr in parameters_of(kind):
                known[ast.unparse(node)] = (node.value.id, node.attr)
    for node in nodes:
        if isinstance(node, ast.Assign) and (read := known.get(ast.unparse(node.value))) is not None:
            known.update({ast.unparse(target): read for target in node.targets})
    for part in place.nodes():
        if isinstance(part, ast.expr) and (text := ast.unparse(part)) in known:
            yield text, known[text]


def _with_settings(given: Arguments, name: str, settings: dict[str, str]) -> Arguments:
    """The arguments with other settings of the configuration `name`, which are expressions."""
    made = ast.parse(given[name].expression, mode="eval").body
    if not isinstance(made, ast.Call):
        return given
    kept = [word for word in made.keywords if word.arg not in settings]
    new = [ast.keyword(setting, ast.parse(text, mode="eval").body) for setting, text in settings.items()]
    return {**given, name: Written(ast.unparse(ast.Call(made.func, made.args, [*kept, *new])))}


RULE = Rule("configuration-setting", "the settings of configurations that failing statements read", _propose)
