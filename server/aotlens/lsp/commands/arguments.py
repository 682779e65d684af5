"""The arguments of commands: every command's are checked here, before it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from aotlens.explain.ddp import NOTHING_OF_DDP
from aotlens.explain.graph_lines import KINDS
from aotlens.lsp.context import Context
from aotlens.lsp.targets import is_known, parse_target
from aotlens.model.ddp_errors import read_ddp_error
from aotlens.text.documents import Document
from aotlens_tracer.wire.protocol import CONVENTIONS


@dataclass(frozen=True)
class Parameter:
    """A parameter of a command. `parse` converts its argument; it raises InvalidParams for an invalid one."""

    name: str
    expected: str
    parse: Callable[[Context, Any], Any]
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.expected}" + (" (optional)" if self.optional else "")


def _target(context: Context, argument: Any) -> Any:
    key = parse_target(argument)
    if not is_known(context, key):
        raise JsonRpcInvalidParams(f"there is no {key.qualname} in {key.path}")
    return key


def _labels(context: Context, argument: Any) -> list[str]:
    labels = [argument] if isinstance(argument, str) else argument
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise JsonRpcInvalidParams(f"{argument!r} is neither a label nor a list of labels")
    return labels


def _names(context: Context, argument: Any) -> list[str]:
    names = [argument] if isinstance(argument, str) else argument
    if not isinstance(names, list) or not names or not all(isinstance(n, str) and n.isidentifier() for n in names):
        raise JsonRpcInvalidParams(f"{argument!r} is neither a name nor a list of names")
    return names


def _kind(context: Context, argument: Any) -> Any:
    if argument not in KINDS:
        raise JsonRpcInvalidParams(f"{argument!r} is none of {', '.join(KINDS)}")
    return argument


def _module(context: Context, argument: Any) -> Any:
    if not isinstance(argument, str):
        raise JsonRpcInvalidParams(f"{argument!r} is not a name")
    return argument


def _convention(context: Context, argument: Any) -> Any:
    if argument not in CONVENTIONS:
        raise JsonRpcInvalidParams(f"{argument!r} is none of {', '.join(CONVENTIONS)}")
    return argument


def _ddp_error(context: Context, argument: Any) -> Any:
    error = read_ddp_error(argument) if isinstance(argument, str) else None
    if error is None:
        raise JsonRpcInvalidParams(NOTHING_OF_DDP)
    return error


def _log(context: Context, argument: Any) -> Document:
    document = context.documents.get(argument) if isinstance(argument, str) else None
    if document is None or document.is_python:
        raise JsonRpcInvalidParams(f"{argument!r} is no open text")
    return document


TARGET = Parameter("target", "path::Qualname of a class, function or method", _target)
OF = Parameter("of", "path::Qualname of a class", _target)
CONTEXT = Parameter("context", "path::Qualname of the target whose map answers for it", _target)
LABELS = Parameter("labels", "a label of an input or output, or a list of labels", _labels)
ARGUMENTS = Parameter("arguments", "the name of an argument of the call, or a list of names", _names)
DDP_ERROR = Parameter("error", "the text of an error of DDP's, or its numbers", _ddp_error)
CONVENTION = Parameter("convention", "export or compile", _convention, optional=True)
LOG = Parameter("log", "the URI of an open text that is not Python", _log)
KIND = Parameter("kind", "a kind of graph", _kind, optional=True)
MODULE = Parameter("module", "the name of a module in the target", _module, optional=True)


def parse_arguments(
    context: Context, command: str, parameters: Sequence[Parameter], arguments: Sequence[Any]
) -> list[Any]:
    """Convert the arguments of a command. Raises InvalidParams with a message that names what was expected."""
    required = sum(not parameter.optional for parameter in parameters)
    if not required <= len(arguments) <= len(parameters):
        expected = f"({'; '.join(map(str, parameters))})" if parameters else "no arguments"
        raise JsonRpcInvalidParams(f"{command} takes {expected}, but got {_counted(len(arguments))}")
    parsed = []
    for parameter, argument in zip(parameters, arguments):
        try:
            parsed.append(parameter.parse(context, argument))
        except JsonRpcInvalidParams as error:
            message = f"{command}: {parameter.name} has to be {parameter.expected}: {error.message}"
            raise JsonRpcInvalidParams(message) from None
        except (TypeError, ValueError, RecursionError):  # such as a number of 5,000 digits, or a path that cannot be
            message = f"{command}: {parameter.name} has to be {parameter.expected}"
            raise JsonRpcInvalidParams(message) from None
    return parsed


def _counted(number: int) -> str:
    return f"{number} argument" + ("" if number == 1 else "s")
