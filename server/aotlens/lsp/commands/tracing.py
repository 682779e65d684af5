"""Commands that start and stop traces."""

from __future__ import annotations

from aotlens.lsp.context import Context
from aotlens.model.snapshot import TargetKey

_NOT_TRUSTED = "aotlens does not run code of a workspace that is not trusted"


def trace_now(context: Context, target: TargetKey) -> None:
    """Trace a target, whatever `aotlens.trace.run` says."""
    if not context.session.trusted:
        context.say(_NOT_TRUSTED)
        return
    context.session.trace_now([target])


def cancel_trace(context: Context, target: TargetKey) -> None:
    """Stop tracing a target."""
    context.session.cancel(target)


def next_example(context: Context, target: TargetKey) -> None:
    """Trace a target with its next example."""
    if not context.session.trusted:
        context.say(_NOT_TRUSTED)
    elif not context.session.next_example(target):
        context.say(f"{target.qualname} has no other example")


def choose_context(context: Context, of: TargetKey, chosen: TargetKey) -> None:
    """Let the map of one target answer for a class that occurs in several."""
    context.session.choose_context(of, chosen)


async def restart_tracer(context: Context) -> None:
    """End all tracers, and trace the open documents again."""
    await context.session.restart()
