"""Every command: its handler and its parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aotlens.lsp.context import Context

from . import clipboard, ddp, examples, logs, show, tracing
from .arguments import (
    ARGUMENTS,
    CONTEXT,
    CONVENTION,
    DDP_ERROR,
    KIND,
    LABELS,
    LOG,
    MODULE,
    OF,
    TARGET,
    Parameter,
    parse_arguments,
)


@dataclass(frozen=True)
class Command:
    """A command. `run` takes the context and a value for each parameter, and may be a coroutine function."""

    run: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()


HANDLERS = {
    "aotlens.traceNow": Command(tracing.trace_now, (TARGET, CONVENTION)),
    "aotlens.cancelTrace": Command(tracing.cancel_trace, (TARGET,)),
    "aotlens.nextExample": Command(tracing.next_example, (TARGET,)),
    "aotlens.traceWith": Command(tracing.trace_with, (TARGET, ARGUMENTS)),
    "aotlens.traceWithout": Command(tracing.trace_without, (TARGET, ARGUMENTS)),
    "aotlens.switchConvention": Command(tracing.switch_convention, (TARGET, CONVENTION)),
    "aotlens.chooseContext": Command(tracing.choose_context, (OF, CONTEXT)),
    "aotlens.restartTracer": Command(tracing.restart_tracer),
    "aotlens.showMap": Command(show.show_map, (TARGET,)),
    "aotlens.showReport": Command(show.show_report, (TARGET,)),
    "aotlens.showGraph": Command(show.show_graph, (TARGET, KIND, MODULE)),
    "aotlens.showDifference": Command(show.show_difference, (TARGET,)),
    "aotlens.explainDdpError": Command(ddp.explain_ddp_error, (TARGET, DDP_ERROR)),
    "aotlens.decodeLog": Command(logs.decode_log, (LOG,)),
    "aotlens.writeNames": Command(logs.write_names, (LOG,)),
    "aotlens.goToTarget": Command(show.go_to_target, (TARGET,)),
    "aotlens.showLogs": Command(show.show_logs),
    "aotlens.copyExpression": Command(clipboard.copy_expression, (TARGET, LABELS)),
    "aotlens.editExample": Command(examples.edit_example, (TARGET,)),
    "aotlens.pinExample": Command(examples.pin_example, (TARGET,)),
    "aotlens.pinExampleInProject": Command(examples.pin_example_in_project, (TARGET,)),
}


def run_command(context: Context, name: str, arguments: Sequence[Any]) -> Any:
    """Run a command: its answer, or a coroutine that gives it. Raises InvalidParams for invalid arguments."""
    command = HANDLERS[name]
    return command.run(context, *parse_arguments(context, name, command.parameters, arguments))
