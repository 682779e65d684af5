"""Every message passes here: each request gets exactly one reply, and each invalid message a plain error.

pygls' own dispatch is replaced; its registry of handlers, its converter, and its sending remain. Handlers run on the
event loop: up to its first `await`, a handler sees the documents as they were when its message arrived.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
from collections.abc import Generator
from concurrent.futures import Future, InvalidStateError
from enum import Enum
from functools import partial
from typing import Any, Literal

from cattrs import Converter
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.lsp.server import LanguageServer
from pygls.progress import Progress
from pygls.protocol import LanguageServerProtocol, lsp_method

from aotlens.lsp.capabilities import asks_for_content, pulls_diagnostics
from aotlens.lsp.connection import exit_soon, frame, watch_process
from aotlens.lsp.positions import Encoding, choose_encoding
from aotlens.text.documents import Documents
from aotlens.text.uris import SCHEME

from .document_sync import DocumentSync
from .execution import Execution, Handler, Outcome, Steps
from .messages import (
    MessageId,
    check_is_notification,
    check_is_request,
    decode,
    encode,
    error_body,
    ids_in_batch,
    is_id,
    is_response,
    problem_of,
)
from .params import in_words, structured
from .trust import parse_trust

CANCEL_SECONDS = 1.0
"""How long handlers that are cancelled at the end may take."""
CLEANUP_SECONDS = 2.0
"""How long the server's cleanups may take at the end."""
EXIT_SECONDS = 1.0
"""How long the interpreter may take to exit."""
END_SECONDS = CANCEL_SECONDS + CLEANUP_SECONDS + EXIT_SECONDS

_log = logging.getLogger(__name__)


class StrictProtocol(LanguageServerProtocol):
    """The language server protocol, and the state that follows from its messages: documents, trust, encoding, phase."""

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        self.documents = Documents()
        self.encoding: Encoding = "utf-16"
        self.phase: Literal["new", "initializing", "running", "shut down"] = "new"
        self.ended: Future[int] = Future()
        """The status to exit with, once there is nothing more to do."""
        self.execution = Execution(lambda: server.thread_pool)
        super().__init__(server, converter)
        self.progress = _Progress(self)
        for method in list(self.fm.builtin_features):
            if method.startswith("notebookDocument/"):
                del self.fm.builtin_features[method]
        self.sync = DocumentSync(self.documents, self.fm.features, lambda: self.encoding)
        self.fm.builtin_features.update(self.sync.builtins())

    # Incoming messages.

    def receive(self, body: bytes | None) -> None:
        """Handle one message, whatever it is. None stands for a stream without further messages: the server ends."""
        try:
            message = decode(body)
        except JsonRpcException as error:
            self._refuse(None, error)
            if body is None:
                _log.error("the server ends: %s", error.message)
                self.end(1)
            return
        if isinstance(message, list):
            # LSP has no batches. Each request in one is answered all the same, so that no client waits for ever.
            ids: list[MessageId | None] = [*ids_in_batch(message)] or [None]
            for id in ids:
                self._refuse(id, JsonRpcInvalidRequest("the language server protocol has no batches"))
        elif not isinstance(message, dict):
            self._refuse(None, JsonRpcInvalidRequest("a message has to be an object"))
        elif is_response(message):
            self._receive_response(message)
        else:
            self._receive_call(message)

    def _receive_call(self, message: dict[str, Any]) -> None:
        id = message.get("id")
        problem = problem_of(message)
        if problem is None and "id" in message and id in self.execution:
            problem = f"the id {id!r} is that of a request still running"
        if problem is not None:
            if "id" in message or "method" not in message:
                self._refuse(id if is_id(id) else None, JsonRpcInvalidRequest(problem))
            else:
                _log.warning("a notification was ignored: %s", problem)
            return
        # Each handler runs in a context of its own, in which `msg_id` is the id of its request.
        context, method, params = contextvars.copy_context(), str(message["method"]), message.get("params")
        if is_id(id):
            context.run(self._receive_request, id, method, params)
        else:
            context.run(self._receive_notification, method, params)

    def _receive_request(self, id: MessageId, method: str, params: Any) -> None:
        self._ctx_msg_id.set(id)
        try:
            check_is_request(method)
            self._check_phase(method)
            handler = self._handler(method)
            params = structured(method, params, self._converter)
            if method == types.INITIALIZE:
                self.phase = "initializing"
            elif method == types.SHUTDOWN:
                self.phase = "shut down"
            self.execution.run(id, handler, params, partial(self._finish_request, id, method))
        except JsonRpcException as error:
            self._refuse(id, error)

    def _check_phase(self, method: str) -> None:
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
            if is_id(id):
                self.execution.cancel(id)
            return
        if self.phase in ("new", "shut down"):
            state = "not initialized" if self.phase == "new" else "shut down"
            _log.warning("%s was ignored: the server is %s", method, state)
            return
        try:
            handler = self._handler(method)
            check_is_notification(method)
            params = structured(method, params, self._converter)
            self.execution.run(object(), handler, params, partial(self._finish_notification, method))
        except JsonRpcMethodNotFound:
            _log.debug("%s was ignored: it has no handler", method)
        except JsonRpcException as error:
            _log.warning("%s was ignored: %s", method, error)

    def _receive_response(self, message: dict[str, Any]) -> None:
        id = message.get("id")
        future = self._request_futures.pop(id, None) if is_id(id) else None
        kind = self._result_types.pop(id, None) if is_id(id) else None
        if future is None or future.done():
            _log.debug("a response to no request was ignored")
            return
        try:
            if "error" in message:
                error = self._converter.structure(message["error"], types.ResponseError)
                future.set_exception(JsonRpcException.from_error(error))
            elif kind is None:
                future.set_result(message["result"])
            else:
                whole = {"jsonrpc": "2.0", "id": id, "result": message["result"]}
                future.set_result(self._converter.structure(whole, kind).result)
        except Exception as error:  # a converter raises anything on input that it does not expect
            future.set_exception(JsonRpcInvalidParams(f"the client's response is not valid: {in_words(error)}"))

    def _handler(self, method: str) -> Handler:
        handler: Handler | None = self.fm.builtin_features.get(method) or self.fm.features.get(method)
        if handler is None:
            raise JsonRpcMethodNotFound.of(method)
        return handler

    # Outgoing messages.

    def _finish_request(self, id: MessageId, method: str, outcome: Outcome) -> None:
        if method == types.INITIALIZE:
            self.phase = "running" if outcome.error is None else "new"
        if outcome.error is None:
            try:
                self._send_data({"jsonrpc": "2.0", "id": id, "result": outcome.result})
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

    def _refuse(self, id: MessageId | None, error: JsonRpcException) -> None:
        _log.debug("the request %r was refused: %s", id, error.message)
        self._send_data(error_body(id, error))

    def _send_data(self, data: Any) -> None:
        """Send a message. Raises TypeError and ValueError for what JSON cannot hold. Without a client, do nothing."""
        if self.writer is not None:
            self.writer.write(frame(encode(data, self._serialize_message)))

    def _serialize_message(self, data: Any) -> Any:
        if hasattr(data, "__attrs_attrs__"):
            return self._converter.unstructure(data)
        if isinstance(data, Enum):
            return data.value
        raise TypeError(f"JSON has no {type(data).__name__}")

    # The beginning and the end.

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Steps[types.InitializeResult]:
        """Agree on the encoding of positions, and answer with the server's capabilities."""
        self.encoding = choose_encoding(params.capabilities)
        options: Any = params.initialization_options
        stated = options.get("trusted") if isinstance(options, dict) else None
        if stated is not None:
            self.sync.trusted = parse_trust(stated) or False
        result = yield from super().lsp_initialize(params)
        if not pulls_diagnostics(params.capabilities):
            result.capabilities.diagnostic_provider = None
        if asks_for_content(params.capabilities) and result.capabilities.workspace is not None:
            result.capabilities.workspace.text_document_content = types.TextDocumentContentOptions([SCHEME])
        if params.capabilities.notebook_document is None:
            result.capabilities.notebook_document_sync = None
        result.capabilities.position_encoding = types.PositionEncodingKind(self.encoding)
        if params.process_id is not None:
            watch_process(params.process_id, self.leave)
        return result

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Steps[None]:
        """Cancel the running requests, and wait for `exit`."""
        if (handler := self.fm.features.get(types.SHUTDOWN)) is not None:
            yield handler, args, None
        self.execution.cancel_others(self.msg_id)

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:
        """End the server."""
        self.end()
        yield from ()

    def end(self, status: int | None = None) -> None:
        """End the server: the client has left, or says so. Thread-safe.

        The status to exit with is, unless it is given, 0 after a shutdown, else 1.
        """
        with contextlib.suppress(InvalidStateError):  # it had ended already
            self.ended.set_result(self.exit_status if status is None else status)

    def leave(self) -> None:
        """End the server, at the latest when the event loop has been stuck for some seconds. Thread-safe."""
        exit_soon(self.exit_status, END_SECONDS)
        self.end()

    @property
    def exit_status(self) -> int:
        """The status that LSP has a server exit with now: 0 after a shutdown, else 1."""
        return 0 if self.phase == "shut down" else 1


class _Progress(Progress):
    """Work-done progress that forgets its tokens when the work is done."""

    def end(self, token: types.ProgressToken, value: types.WorkDoneProgressEnd) -> None:
        """Tell the client that the work is done."""
        self.tokens.pop(token, None)
        super().end(token, value)
