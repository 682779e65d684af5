"""Commands that start and stop traces."""

from __future__ import annotations

from aotlens.explain import command_messages
from aotlens.lsp.context import Context
from aotlens.lsp.trust import may_run
from aotlens.model.snapshot import TargetKey
from aotlens_tracer.wire.protocol import Convention


async def trace_now(context: Context, target: TargetKey, convention: Convention | None = None) -> None:
    """Trace a target, whatever `aotlens.trace.run` says: in the convention that is shown, or unseen in the other."""
    if not await may_run(context, target.path):
        return
    context.session.trace_now([target], convention)


def cancel_trace(context: Context, target: TargetKey) -> None:
    """Stop tracing a target."""
    context.session.cancel(target)


async def next_example(context: Context, target: TargetKey) -> None:
    """Trace a target with its next example."""
    if await may_run(context, target.path) and not context.session.choices.next_example(target):
        context.say(command_messages.no_other_example(target.qualname))


async def trace_with(context: Context, target: TargetKey, arguments: list[str]) -> None:
    """Trace a target with a call that passes these optional arguments too."""
    if not await may_run(context, target.path):
        return
    context.session.choices.trace_with(target, arguments)


async def trace_without(context: Context, target: TargetKey, arguments: list[str]) -> None:
    """Trace a target with a call that leaves these optional arguments out."""
    if not await may_run(context, target.path):
        return
    context.session.choices.trace_without(target, arguments)


async def switch_convention(context: Context, target: TargetKey, convention: Convention | None = None) -> None:
    """Show the other convention of a target, or the given one."""
    if not await may_run(context, target.path):
        return
    context.session.conventions.switch(target, convention)


def choose_context(context: Context, of: TargetKey, chosen: TargetKey) -> None:
    """Let the map of one target answer for a class that occurs in several."""
    context.session.choose_context(of, chosen)


async def restart_tracer(context: Context) -> None:
    """End all tracers, and trace the open documents again."""
    await context.session.restart()
