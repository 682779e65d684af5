"""What every message goes through: exactly one reply to each request, and plain errors for what makes no sense.

pygls' own dispatch is replaced; of it remain the registry of handlers, the converter, and sending. Handlers run on the
event loop: up to its first `await`, a handler sees the documents as they were when its message arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import json
import logging
import re
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future, InvalidStateError
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import cattrs
from cattrs import Converter
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.feature_manager import is_thread_function
from pygls.progress import Progress
from pygls.protocol import LanguageServerProtocol, lsp_method

from aotlens.text.documents import NotOpen
from aotlens.text.uris import SCHEME

from .capabilities import asks_for_content, pulls_diagnostics
from .connection import frame, watch_process
from .positions import Encoding, choose_encoding, to_edit

if TYPE_CHECKING:
    from .app import AotlensServer

CHANGE_TRUST = "aotlens/didChangeTrust"
"""The client says whether the workspace is trusted now: `{trusted: bool}`."""
DEBUG_TEXT = "aotlens/debugText"
"""What the server takes an open document to be: `{textDocument: {uri}}` -> `{text, version}`, or null if not open."""

MessageId = int | str
Steps = Generator[Any, Any, Any]

_log = logging.getLogger(__name__)
_SNAKE = re.compile(r"_([a-z])")
_LARGEST = (1 << 31) - 1  # LSP's uinteger
_NO_VERSION = -1  # never grows, so the documents choose one


class StrictProtocol(LanguageServerProtocol):
    """The language server protocol, to the letter."""

    _server: AotlensServer

    def __init__(self, server: AotlensServer, converter: Converter) -> None:
        self.encoding: Encoding = "utf-16"
        self.phase: Literal["new", "initializing", "running", "shut down"] = "new"
        self.ended: Future[int] = Future()
        """The status to exit with, once there is nothing more to do."""
        self._running: dict[object, asyncio.Future[Any]] = {}
        super().__init__(server, converter)
        self.progress = _Progress(self)
        for method in list(self.fm.builtin_features):
            if method.startswith("notebookDocument/"):
                del self.fm.builtin_features[method]

    # What comes in.

    def receive(self, body: bytes | None) -> None:
        """Handle one message, whatever it is. None stands for a header that made no sense."""
        if body is None:
            self._refuse(None, JsonRpcParseError("the header has no valid Content-Length"))
            return
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            self._refuse(None, JsonRpcParseError(f"the message is no JSON: {error}"))
            return
        if not isinstance(message, list):
            self._receive_one(message)
            return
        # LSP has no batches. Each of the requests in one gets its answer all the same, so that nobody waits for ever.
        ids = [one["id"] for one in message if isinstance(one, dict) and "method" in one and _is_id(one.get("id"))]
        for id in ids or [None]:
            self._refuse(id, JsonRpcInvalidRequest("the language server protocol has no batches"))

    def _receive_one(self, message: Any) -> None:
        if not isinstance(message, dict):
            self._refuse(None, JsonRpcInvalidRequest("a message has to be an object"))
            return
        if "method" not in message and ("result" in message or "error" in message):
            self._receive_response(message)
            return
        id, method = message.get("id"), message.get("method")
        problem = None
        if "id" in message and not _is_id(id):
            id, problem = None, "an id has to be a string or an integer"
        elif not isinstance(method, str):
            problem = "a message needs a method"
        elif message.get("jsonrpc") != "2.0":
            problem = 'a message needs "jsonrpc": "2.0"'
        elif id in self._running:
            problem = f"the id {id!r} is that of a request still running"
        if problem is not None:
            if "id" in message or "method" not in message:
                self._refuse(id, JsonRpcInvalidRequest(problem))
            else:
                _log.warning("a notification was ignored: %s", problem)
            return
        # Each handler runs in a context of its own, which tells it (and `msg_id`) the request that it serves.
        context = contextvars.copy_context()
        if "id" in message:
            context.run(self._receive_request, id, method, message.get("params"))
        else:
            context.run(self._receive_notification, method, message.get("params"))

    def _receive_request(self, id: MessageId, method: str, params: Any) -> None:
        self._ctx_msg_id.set(id)
        try:
            self._check_phase(method)
            handler = self._handler(method)
            params = self._structured(method, params)
            if method == types.INITIALIZE:
                self.phase = "initializing"
            elif method == types.SHUTDOWN:
                self.phase = "shut down"
            self._run(id, handler, params, partial(self._finish_request, id, method))
        except JsonRpcException as error:
            self._refuse(id, error)

    def _check_phase(self, method: str) -> None:
        if _is_notification(method):
            raise JsonRpcInvalidRequest(f"{method} is a notification: it has no id")
        if method == types.INITIALIZE:
            if self.phase != "new":
                raise JsonRpcInvalidRequest("the server is initialized already")
        elif self.phase in ("new", "initializing"):
            raise JsonRpcServerNotInitialized(f"{method} came before the answer to initialize")
        elif self.phase == "shut down":
            raise JsonRpcInvalidRequest(f"{method} came after shutdown")

    def _receive_notification(self, method: str, params: Any) -> None:
        if method == types.EXIT:
            self.end()
            return
        if method == types.CANCEL_REQUEST:
            id = params.get("id") if isinstance(params, dict) else None
            if _is_id(id) and (request := self._running.get(id)) is not None:
                request.cancel()
            return
        if self.phase in ("new", "shut down"):
            _log.warning(
                "%s was ignored: the server is %s", method, "not initialized" if self.phase == "new" else "shut down"
            )
            return
        try:
            handler = self._handler(method)
            if _is_request(method):
                raise JsonRpcInvalidRequest(f"{method} is a request: it needs an id")
            self._run(object(), handler, self._structured(method, params), partial(self._finish_notification, method))
        except JsonRpcMethodNotFound:
            _log.debug("%s was ignored: it has no handler", method)
        except JsonRpcException as error:
            _log.warning("%s was ignored: %s", method, error)

    def _receive_response(self, message: dict[str, Any]) -> None:
        id = message.get("id")
        future = self._request_futures.pop(id, None) if _is_id(id) else None
        type = self._result_types.pop(id, None) if _is_id(id) else None
        if future is None or future.done():
            _log.debug("a response to no request was ignored")
            return
        try:
            if "error" in message:
                error = self._converter.structure(message["error"], types.ResponseError)
                future.set_exception(JsonRpcException.from_error(error))
            elif type is None:
                future.set_result(message["result"])
            else:
                whole = {"jsonrpc": "2.0", "id": id, "result": message["result"]}
                future.set_result(self._converter.structure(whole, type).result)
        except Exception as error:  # whatever a converter raises on what it did not expect
            future.set_exception(JsonRpcInvalidParams(f"the client's response makes no sense: {_in_words(error)}"))

    def _handler(self, method: str) -> Callable[..., Any]:
        handler = self.fm.builtin_features.get(method) or self.fm.features.get(method)
        if handler is None:
            raise JsonRpcMethodNotFound.of(method)
        return handler

    def _structured(self, method: str, params: Any) -> Any:
        """The params as the type that LSP gives them. Those of methods that LSP does not know stay as they are."""
        if params is not None and not isinstance(params, dict | list):
            raise JsonRpcInvalidParams(f"{method}: params have to be an object")
        type = types.METHOD_TO_TYPES.get(method, (None, None, None))[2]
        if type is None:
            return params
        if method == types.TEXT_DOCUMENT_DID_CHANGE:
            params = _lenient_change(params)
        try:
            return self._converter.structure(params, type)
        except Exception as error:  # whatever a converter raises on what it did not expect
            raise JsonRpcInvalidParams(f"{method}: {_in_words(error)}") from None

    # Running handlers.

    def _run(self, key: object, handler: Callable[..., Any], params: Any, finish: Callable[[Outcome], None]) -> None:
        """Call a handler and, now or later, `finish` with what came of it: exactly once."""
        try:
            result = self._advance(handler(params)) if _is_steps(handler) else self._call(handler, (params,), {})
        except Exception as error:
            finish(Outcome(error=error))
            return
        if not inspect.isawaitable(result):
            finish(Outcome(result))
            return

        def done(task: asyncio.Future[Any]) -> None:
            del self._running[key]
            if task.cancelled():
                finish(Outcome(error=JsonRpcRequestCancelled()))
            elif (error := task.exception()) is not None:
                finish(Outcome(error=error))
            else:
                finish(Outcome(task.result()))

        task = asyncio.ensure_future(result)
        self._running[key] = task
        task.add_done_callback(done)

    def _call(self, handler: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if is_thread_function(handler):
            call = partial(handler, *args, **kwargs)
            return asyncio.get_running_loop().run_in_executor(self._server.thread_pool, call)
        return handler(*args, **kwargs)

    def _advance(self, steps: Steps, value: Any = None) -> Any:
        """Run a builtin, which yields the handlers to call in between. Awaitable as soon as one of these is."""
        while True:
            try:
                handler, args, kwargs = steps.send(value)
            except StopIteration as stop:
                return stop.value
            value = self._call(handler, args or (), kwargs or {})
            if inspect.isawaitable(value):
                return self._advance_later(steps, value)

    async def _advance_later(self, steps: Steps, value: Awaitable[Any]) -> Any:
        result = self._advance(steps, await value)
        return await result if inspect.isawaitable(result) else result

    def _finish_request(self, id: MessageId, method: str, outcome: Outcome) -> None:
        if method == types.INITIALIZE:
            self.phase = "running" if outcome.error is None else "new"
        if outcome.error is None:
            try:
                self._send_body({"jsonrpc": "2.0", "id": id, "result": outcome.result})
                return
            except (TypeError, ValueError, RecursionError) as error:
                outcome = Outcome(error=error)
        self._refuse(id, self._as_reply(method, outcome.error))

    def _finish_notification(self, method: str, outcome: Outcome) -> None:
        if outcome.error is not None and not isinstance(outcome.error, JsonRpcRequestCancelled):
            _log.error("%s failed: %s", method, outcome.error, exc_info=outcome.error)

    def _as_reply(self, method: str, error: BaseException | None) -> JsonRpcException:
        if isinstance(error, JsonRpcException):
            return error
        _log.error("%s failed", method, exc_info=error)
        return JsonRpcInternalError(f"aotlens could not answer {method}: {type(error).__name__}: {error}")

    # What goes out.

    def _refuse(self, id: MessageId | None, error: JsonRpcException) -> None:
        fields: dict[str, Any] = {"code": error.code, "message": error.message}
        if error.data is not None:
            fields["data"] = error.data
        _log.debug("the request %r was refused: %s", id, error.message)
        self._send_body({"jsonrpc": "2.0", "id": id, "error": fields})

    def _send_data(self, data: Any) -> None:
        self._send_body(data)

    def _send_body(self, data: Any) -> None:
        """Send a message. Raises TypeError and ValueError for what is no JSON; a client that has gone is no error."""
        if self.writer is None:
            return
        text = json.dumps(
            data, default=self._serialize_message, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
        try:
            body = text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can write
            body = json.dumps(data, default=self._serialize_message, allow_nan=False).encode()
        self.writer.write(frame(body))

    def _serialize_message(self, data: Any) -> Any:
        if hasattr(data, "__attrs_attrs__"):
            return self._converter.unstructure(data)
        if isinstance(data, Enum):
            return data.value
        raise TypeError(f"{type(data).__name__} is nothing that JSON has")

    # Lifecycle and documents.

    def end(self, status: int | None = None) -> None:
        """There is nothing more to do: the client has left, or says so. Thread-safe.

        The status to exit with is, unless it is given, 0 after a shutdown, else 1.
        """
        with contextlib.suppress(InvalidStateError):  # it had ended already
            self.ended.set_result(self.exit_status if status is None else status)

    @property
    def exit_status(self) -> int:
        """What LSP has a server exit with now: 0 after a shutdown, else 1."""
        return 0 if self.phase == "shut down" else 1

    async def cancel_all(self, seconds: float) -> None:
        """Cancel what still runs, and give it some seconds to end; requests are answered that they were cancelled."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=seconds)
            await asyncio.sleep(0)  # their answers

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Steps:
        """Agree on the encoding of positions, and answer with what the server can do."""
        self.encoding = choose_encoding(params.capabilities)
        options = params.initialization_options
        self._server.trusted = isinstance(options, dict) and options.get("trusted") is True
        result: types.InitializeResult = yield from super().lsp_initialize(params)
        if not pulls_diagnostics(params.capabilities):
            result.capabilities.diagnostic_provider = None
        if asks_for_content(params.capabilities) and result.capabilities.workspace is not None:
            result.capabilities.workspace.text_document_content = types.TextDocumentContentOptions([SCHEME])
        result.capabilities.position_encoding = types.PositionEncodingKind(self.encoding)
        if params.process_id is not None:
            watch_process(params.process_id, self._server.leave)
        return result

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Steps:
        """Cancel what runs, and wait for `exit`."""
        if (handler := self.fm.features.get(types.SHUTDOWN)) is not None:
            yield handler, args, None
        for id, task in self._running.items():
            if id != self.msg_id:
                task.cancel()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> None:
        """End the server."""
        self.end()

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Steps:
        """Remember the document, then tell the feature that wants to know."""
        opened = params.text_document
        self._server.documents.open(opened.uri, opened.version, opened.text)
        yield from self._tell(types.TEXT_DOCUMENT_DID_OPEN, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Steps:
        """Apply the changes, then tell the feature that wants to know."""
        changed = params.text_document
        edits = [partial(to_edit, change=change, encoding=self.encoding) for change in params.content_changes]
        try:
            self._server.documents.change(changed.uri, changed.version, edits)
        except NotOpen:
            raise JsonRpcInvalidParams(f"{changed.uri} is not open") from None
        yield from self._tell(types.TEXT_DOCUMENT_DID_CHANGE, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Steps:
        """Forget the document, then tell the feature that wants to know."""
        self._server.documents.close(params.text_document.uri)
        yield from self._tell(types.TEXT_DOCUMENT_DID_CLOSE, params)

    @lsp_method(CHANGE_TRUST)
    def change_trust(self, params: Any) -> Steps:
        """Remember whether the workspace is trusted, then tell the feature that wants to know."""
        trusted = params.get("trusted") if isinstance(params, dict) else None
        if not isinstance(trusted, bool):
            raise JsonRpcInvalidParams("trusted has to be true or false")
        self._server.trusted = trusted
        yield from self._tell(CHANGE_TRUST, params)

    @lsp_method(DEBUG_TEXT)
    def debug_text(self, params: Any) -> dict[str, Any] | None:
        """The text and version of an open document, as the server knows it."""
        try:
            uri = params["textDocument"]["uri"]
        except (TypeError, LookupError):
            uri = None
        if not isinstance(uri, str):
            raise JsonRpcInvalidParams(f"{DEBUG_TEXT}: textDocument.uri has to be a string")
        document = self._server.documents.get(uri)
        return None if document is None else {"text": document.text, "version": document.version}

    def _tell(self, method: str, params: Any) -> Steps:
        if (handler := self.fm.features.get(method)) is not None:
            yield handler, (params,), None


class Outcome:
    """What came of a handler: a result, or an error."""

    def __init__(self, result: Any = None, error: BaseException | None = None) -> None:
        self.result = result
        self.error = error


class _Progress(Progress):
    """Work-done progress that forgets its tokens when the work is done."""

    def end(self, token: types.ProgressToken, value: types.WorkDoneProgressEnd) -> None:
        """Tell the client that the work is done."""
        self.tokens.pop(token, None)
        super().end(token, value)


def _is_id(id: object) -> bool:
    return isinstance(id, int | str) and not isinstance(id, bool)


def _is_request(method: str) -> bool:
    return method in types.METHOD_TO_TYPES and types.METHOD_TO_TYPES[method][1] is not None


def _is_notification(method: str) -> bool:
    return method in types.METHOD_TO_TYPES and types.METHOD_TO_TYPES[method][1] is None


def _is_steps(handler: Callable[..., Any]) -> bool:
    return inspect.isgeneratorfunction(handler)


def _lenient_change(params: Any) -> Any:
    """The params of a change, made what LSP asks for where the meaning is clear.

    A change that was refused would leave us with another text than the client's. Some clients write a range or version
    that they do not have as null, or the end of the text as a number too large for a position.
    """
    if not isinstance(params, dict) or not isinstance(params.get("contentChanges"), list):
        return params
    changes = [_lenient(change) for change in params["contentChanges"]]
    document = params.get("textDocument")
    if isinstance(document, dict) and document.get("version") is None:
        document = {**document, "version": _NO_VERSION}
    return {**params, "contentChanges": changes, "textDocument": document}


def _lenient(value: Any) -> Any:
    """The value without nulls, its numbers such as a position can have."""
    if isinstance(value, dict):
        return {key: _lenient(one) for key, one in value.items() if one is not None}
    return max(0, min(value, _LARGEST)) if isinstance(value, int) else value


def _in_words(error: Exception) -> str:
    """What a converter did not like, with the client's names."""
    problems = cattrs.transform_error(error) if isinstance(error, cattrs.BaseValidationError) else [str(error)]
    return "; ".join(_SNAKE.sub(lambda match: match[1].upper(), problem) for problem in problems)
