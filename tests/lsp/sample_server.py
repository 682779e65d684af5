"""A server with handlers that behave badly in every way that a handler can. Run as a program, it serves on stdio."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from aotlens.lsp.app import create_server
from aotlens.lsp.client_log import log_to_stderr
from aotlens.lsp.server import AotlensServer
from aotlens.lsp.serving import serve_stdio


def register(server: AotlensServer) -> None:
    heard: list[Any] = []

    @server.feature("test/slow")
    async def slow(params: Any) -> str:
        await asyncio.sleep(params["seconds"])
        return "slept"

    @server.feature("test/stubborn")
    async def stubborn(params: Any) -> str:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            return "finished all the same"
        return "slept"

    @server.feature("test/fail")
    def fail(params: Any) -> None:
        raise ZeroDivisionError("division by zero")

    @server.feature("test/failLater")
    async def fail_later(params: Any) -> None:
        await asyncio.sleep(0)
        raise KeyError("weight")

    @server.feature("test/refuse")
    def refuse(params: Any) -> None:
        raise JsonRpcInvalidParams("not like this", data={"why": "so"})

    @server.feature("test/failingNotification")
    def failing_notification(params: Any) -> None:
        raise ZeroDivisionError("in a notification")

    @server.feature("test/noJson")
    def no_json(params: Any) -> object:
        return {"set": {1}} if params is None else float("nan")

    @server.feature("test/echo")
    def echo(params: Any) -> Any:
        return params

    @server.feature("test/print")
    def print_something(params: Any) -> str:
        print("this is on stdout")
        return sys.stdin.read()

    @server.thread()
    @server.feature("test/thread")
    def in_thread(params: Any) -> str:
        return threading.current_thread().name

    @server.feature("test/seen")
    async def seen(params: Any) -> list[Any]:
        first = server.documents.get(params["uri"])
        await asyncio.sleep(0.05)
        second = server.documents.get(params["uri"])
        return [None if one is None else one.version for one in (first, second)]

    @server.feature("test/hang")
    async def hang(params: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, 300)

    @server.feature("test/block")
    def block(params: Any) -> None:
        time.sleep(300)

    @server.feature("test/state")
    def state(params: Any) -> dict[str, Any]:
        protocol = server.protocol
        return {
            "requests": len(protocol._request_futures),
            "results": len(protocol._result_types),
            "running": len(protocol.execution),
            "tokens": len(protocol.progress.tokens),
            "trusted": server.trusted,
            "encoding": server.encoding,
            "heard": heard,
        }

    @server.feature("test/progress")
    async def progress(params: Any) -> str:
        await server.work_done_progress.create_async("a token")
        server.work_done_progress.begin("a token", types.WorkDoneProgressBegin(title="working"))
        server.work_done_progress.end("a token", types.WorkDoneProgressEnd())
        return "done"

    @server.feature("test/configuration")
    async def configuration(params: Any) -> Any:
        asked = types.ConfigurationParams(items=[types.ConfigurationItem(section="aotlens")])
        return await server.workspace_configuration_async(asked)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, document.line(params.position.line + 1)))

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        heard.append(["open", params.text_document.uri])
        await asyncio.sleep(0)

    @server.feature("aotlens/didChangeTrust")
    def trust(params: Any) -> None:
        heard.append(["trust", server.trusted])

    @server.command("test.slow")
    async def slow_command(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "slept"

    if len(sys.argv) > 1:
        server.cleanups.append(lambda: Path(sys.argv[1]).write_text("cleaned up") and None)


if __name__ == "__main__":
    log_to_stderr("debug")
    sys.exit(serve_stdio(create_server([register])))
