"""The titles of code actions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aotlens.model.contexts import Context
from aotlens.model.prices import Price
from aotlens_tracer.wire.protocol import Convention

from .brief import all_names, folded
from .conventions import graphs_in_words
from .prices import price_in_words
from .shortening import clipped
from .whose import place_in_model

WRITE_NAMES = "Write the names beside the numbers of this log"
DECODE_LOG = "Open a copy of this log with the names beside the numbers"


def choose_context(context: Context, name: str) -> str:
    """Let another model answer for the class `name`."""
    place = "itself" if context.is_own else place_in_model(context)
    return f"Let {place} answer for {name}"


def change_a_copy(argument: str) -> str:
    """Change a copy of an argument."""
    return f"Change a copy of {argument}, not the caller's tensor"


def copy_descriptors(names: Collection[str], count: int) -> str:
    """Copy `count` descriptors, of the things with these names."""
    return f"Copy the descriptor{'s' if count > 1 else ''} of {folded(names)}"


def out_of_place(text: str) -> str:
    """Compute a new tensor in place of a change."""
    return f"Compute a new tensor: {clipped(text)}"


def pin(name: str, expression: str | None) -> str:
    """Pin an example above a class; None stands for a template."""
    if expression is None:
        return f"Pin an example for {name}, to be completed"
    return f"Pin this example above {name}: {clipped(expression)}"


def pin_in_project(name: str) -> str:
    """Pin the example of a class in the project file."""
    return f"Pin the example of {name} in pyproject.toml"


def detach(label: str, price: Price, lost: Sequence[str]) -> str:
    """Detach an output: `price` is saved, and the inputs `lost` get no gradient any more."""
    but = f", and {', '.join(all_names(lost))} get{'s' if len(lost) == 1 else ''} no gradient" if lost else ""
    return f"Detach {label}: {price_in_words(price)} go{but}"


def edit_example(name: str) -> str:
    """Edit the example of a class."""
    return f"Edit the example of {name}"


def next_example(name: str) -> str:
    """Try the next example of a class."""
    return f"Try the next example of {name}"


def trace_with(argument: str, name: str) -> str:
    """Trace a class with a call that passes an optional argument too."""
    return f"Trace {name} with {argument}"


def trace_without(argument: str, name: str) -> str:
    """Trace a class with a call that leaves an optional argument out."""
    return f"Trace {name} without {argument}"


def return_copy(label: str, other: str) -> str:
    """Return a copy of an output that shares memory with another one."""
    return f"Return a copy as {label}, which shares memory with {other}"


def detach_kept(names: Sequence[str]) -> str:
    """Keep tensors without their graph."""
    return f"Detach what is kept as {', '.join(all_names(names))}"


def register(holder: str, container: str) -> str:
    """Make an attribute a container of `torch.nn`, so that its parameters are the module's."""
    return f"Make {holder} an nn.{container}"


PRINT_IN_EAGER = "Print in eager only, not under torch.compile"
"""Put a `print` under a condition that torch.compile knows to be false."""


def suppress(code: str) -> str:
    """Suppress findings with a code."""
    return f"Suppress {code} on this line"


def show_map(name: str) -> str:
    """Show the map of a target."""
    return f"Show the map of {name}"


def show_graph(kind: str, name: str) -> str:
    """Show a graph of a target."""
    return f"Show the {kind} graph of {name}"


def show_convention(convention: Convention, name: str) -> str:
    """Show the graphs of this convention."""
    return f"Show {graphs_in_words(convention)} of {name}"


def trace_now(name: str) -> str:
    """Trace a target."""
    return f"Trace {name} now"


_CLICKS = {
    "aotlens.showMap": "show the map",
    "aotlens.showDifference": "show what has changed",
    "aotlens.traceNow": "trace now",
    "aotlens.pinExample": "write an example to complete",
}


def click(command: str, of: str | None = None) -> str:
    """The effect of a click on a lens: `Click: show the map of Zoo`. `of` is another target than that of the lens."""
    return f"Click: {_CLICKS[command]}" + (f" of {of}" if of is not None else "")
