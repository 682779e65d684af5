"""JSON-RPC messages: which of them are valid, and their bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeGuard

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest, JsonRpcParseError

MessageId = int | str
LOST = "a header has no valid Content-Length, or a wrong one: no message after it can be read"


def decode(body: bytes | None) -> Any:
    """The JSON value of a message's body. None stands for a stream without further messages. Raises ParseError."""
    if body is None:
        raise JsonRpcParseError(LOST)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise JsonRpcParseError(f"the message is not JSON: {error}") from None


def encode(message: object, default: Callable[[Any], Any]) -> bytes:
    """The body of a message. `default` converts what `json` cannot. Raises TypeError and ValueError."""
    try:
        text = json.dumps(message, default=default, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can write
        return json.dumps(message, default=default, allow_nan=False).encode()


def error_body(id: MessageId | None, error: JsonRpcException) -> dict[str, Any]:
    """The reply that refuses a request."""
    fields: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        fields["data"] = error.data
    return {"jsonrpc": "2.0", "id": id, "error": fields}


def is_id(id: object) -> TypeGuard[MessageId]:
    """Whether a value can be the id of a request."""
    return isinstance(id, int | str) and not isinstance(id, bool)


def is_response(message: dict[str, Any]) -> bool:
    """Whether a message answers a request of ours."""
    return "method" not in message and ("result" in message or "error" in message)


def ids_in_batch(batch: list[Any]) -> list[MessageId]:
    """The ids of the requests in a batch."""
    requests = [one for one in batch if isinstance(one, dict) and "method" in one]
    return [id for one in requests if is_id(id := one.get("id"))]


def problem_of(message: dict[str, Any]) -> str | None:
    """Say why a message is neither a request nor a notification; None if it is one."""
    if "id" in message and not is_id(message["id"]):
        return "an id has to be a string or an integer"
    if not isinstance(message.get("method"), str):
        return "a message needs a method"
    if message.get("jsonrpc") != "2.0":
        return 'a message needs "jsonrpc": "2.0"'
    return None


def check_is_request(method: str) -> None:
    """Raise InvalidRequest if LSP has the method as a notification."""
    if method in types.METHOD_TO_TYPES and types.METHOD_TO_TYPES[method][1] is None:
        raise JsonRpcInvalidRequest(f"{method} is a notification: it has no id")


def check_is_notification(method: str) -> None:
    """Raise InvalidRequest if LSP has the method as a request."""
    if method in types.METHOD_TO_TYPES and types.METHOD_TO_TYPES[method][1] is not None:
        raise JsonRpcInvalidRequest(f"{method} is a request: it needs an id")
