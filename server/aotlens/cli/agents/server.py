"""The edge to the Model Context Protocol: the only file that knows its types. Tools run in a thread, one at a time."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from typing import Any

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from aotlens import __version__
from aotlens.cli.options import UsageError
from aotlens.explain.visible import visible

from .answers import Answer, Place
from .arguments import checked
from .calls import Call, Stopped
from .tools import TOOLS, Tool

_STOP_SECONDS = 0.1
"""How often a call that is to stop is told so: there is not always something to end."""
_TELL_SECONDS = 1.0
"""How long an answer waits for the progress that was reported before it."""
_BY_NAME = {tool.name: tool for tool in TOOLS}


def instructions() -> str:
    """How an agent should use the tools."""
    return files(__package__).joinpath("instructions.md").read_text(encoding="utf-8")


async def serve(place: Place) -> None:
    """Serve one client on stdin and stdout until it closes them."""
    server = AgentServer(place)
    try:
        async with stdio_server() as (reader, writer):
            await server.protocol.run(reader, writer, server.protocol.create_initialization_options())
    finally:
        with anyio.CancelScope(shield=True):
            await asyncio.get_running_loop().run_in_executor(None, place.tracing.close)


class AgentServer:
    """Answers the requests of one client."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._one_at_a_time = anyio.Lock()
        self.protocol: Server[Any] = Server(
            "aotlens",
            version=__version__,
            title="aotlens",
            instructions=instructions(),
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )

    async def _list_tools(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_listed(tool) for tool in TOOLS])

    async def _call_tool(
        self, context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = _BY_NAME.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name}: {', '.join(_BY_NAME)}")
        try:
            return _result(await self._answer(tool, params.arguments, context))
        except UsageError as error:
            return _result(Answer(visible(f"error: {error}"), failed=True))
        except Exception as error:  # a fault of aotlens: the agent learns of it, and stderr has the rest
            traceback.print_exc(file=sys.stderr)
            said = f"aotlens itself has failed in {tool.name}: {type(error).__name__}: {error}. Its log has more."
            return _result(Answer(visible(said), failed=True))

    def _ask(self, tool: Tool, arguments: dict[str, Any], call: Call) -> Answer:
        """Blocks. Raises UsageError and Stopped."""
        place, note = self._place.of_now()
        answer = tool.answer(arguments, call, place)
        return replace(answer, text=f"{answer.text}\n\n{note}") if note else answer

    async def _answer(self, tool: Tool, given: dict[str, Any] | None, context: ServerRequestContext[Any]) -> Answer:
        """Run a tool in a thread, and pass on what it says. Raises UsageError."""
        arguments = checked(tool.name, tool.schema, given)
        loop = asyncio.get_running_loop()
        said: asyncio.Queue[str | None] = asyncio.Queue()
        call = Call(lambda message: _soon(loop, said, message))

        async def tell() -> None:
            number = 0
            while (message := await said.get()) is not None:
                number += 1
                await context.session.report_progress(number, None, message)

        telling = asyncio.ensure_future(tell())
        try:
            async with self._one_at_a_time:
                return await _in_thread(lambda: call.run(lambda: self._ask(tool, arguments, call)), call)
        finally:
            said.put_nowait(None)
            with anyio.CancelScope(shield=True):  # the answer comes after all that was said before it
                await asyncio.wait([telling], timeout=_TELL_SECONDS)
                telling.cancel()


async def _in_thread(work: Callable[[], Answer], call: Call) -> Answer:
    """Do blocking work. If this task is cancelled, the work is stopped first: the next call needs the tracer."""
    doing = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):
            while not doing.done():
                call.stop()
                await asyncio.wait([doing], timeout=_STOP_SECONDS)
        if (error := doing.exception()) is not None and not isinstance(error, Stopped):
            print(visible(f"error: a call that was cancelled: {error}"), file=sys.stderr)
        raise


def _soon(loop: asyncio.AbstractEventLoop, said: asyncio.Queue[str | None], message: str) -> None:
    loop.call_soon_threadsafe(said.put_nowait, message)


def _listed(tool: Tool) -> types.Tool:
    # No tool says that it only reads: code of the user, and of an example, runs in it, and a client may not ask then.
    hints = types.ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    return types.Tool(
        name=tool.name, title=tool.title, description=tool.description, input_schema=tool.schema, annotations=hints
    )


def _result(answer: Answer) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=answer.text)],
        structured_content=answer.facts or None,
        is_error=answer.failed,
    )
