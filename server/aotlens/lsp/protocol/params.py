"""The params of messages as LSP's types."""

from __future__ import annotations

import re
from typing import Any

import cattrs
from cattrs import Converter
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

_SNAKE = re.compile(r"_([a-z])")
_LARGEST = (1 << 31) - 1
"""LSP's largest uinteger."""
_NO_VERSION = -1
"""A version that never grows, so that the documents choose one."""


def structured(method: str, params: Any, converter: Converter) -> Any:
    """The params as the type that LSP gives them; those of methods that LSP does not have, unchanged.

    Raises InvalidParams.
    """
    if params is not None and not isinstance(params, dict | list):
        raise JsonRpcInvalidParams(f"{method}: params have to be an object")
    kind: Any = types.METHOD_TO_TYPES.get(method, (None, None, None))[2]
    if kind is None:
        return params
    if method == types.WORKSPACE_EXECUTE_COMMAND:
        _check_command(params)
    elif method == types.TEXT_DOCUMENT_DID_CHANGE:
        params = _lenient_change(params)
    try:
        return converter.structure(params, kind)
    except Exception as error:  # a converter raises anything on input that it does not expect
        problem = "params are missing" if params is None else in_words(error)
        raise JsonRpcInvalidParams(f"{method}: {problem}") from None


def in_words(error: Exception) -> str:
    """Describe what a converter refused, with LSP's names."""
    problems = cattrs.transform_error(error) if isinstance(error, cattrs.BaseValidationError) else [str(error)]
    return "; ".join(_SNAKE.sub(lambda match: match[1].upper(), problem) for problem in problems)


def _check_command(params: Any) -> None:
    """Check what the converter would bend: a string is no list of arguments. Raises InvalidParams."""
    if not isinstance(params, dict) or not isinstance(command := params.get("command"), str):
        raise JsonRpcInvalidParams("command has to be the name of a command")
    if not isinstance(params.get("arguments"), list | None):
        raise JsonRpcInvalidParams(f"{command}: arguments have to be a list")


def _lenient_change(params: Any) -> Any:
    """Repair the params of a change whose meaning is clear.

    A change that was refused would leave the server with another text than the client's. Some clients write a missing
    range or version as null, or the end of the text as a number too large for a position.
    """
    if not isinstance(params, dict) or not isinstance(params.get("contentChanges"), list):
        return params
    changes = [_lenient(change) for change in params["contentChanges"]]
    document = params.get("textDocument")
    if isinstance(document, dict) and document.get("version") is None:
        document = {**document, "version": _NO_VERSION}
    return {**params, "contentChanges": changes, "textDocument": document}


def _lenient(value: Any) -> Any:
    """The value without nulls, its numbers within the range of a position."""
    if isinstance(value, dict):
        return {key: _lenient(one) for key, one in value.items() if one is not None}
    return max(0, min(value, _LARGEST)) if isinstance(value, int) else value
