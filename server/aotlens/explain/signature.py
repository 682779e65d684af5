"""The differences between a graph's signature and that of the call, in words and in signs."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.brief import all_names, numbers_in_brief
from aotlens.model.signature import Difference

_MOST = 4
"""The most names that are listed; of the others, the number is given."""


def difference_in_words(difference: Difference) -> str:
    """A sentence without a full stop, in Markdown."""
    names, of, output = difference.names, f"`{difference.of}`", _outputs(difference)
    several = len(names) > 1
    match difference.kind:
        case "base":
            those = "both" if len(names) == 2 else "all of them" if several else "it"
            return (
                f"{_listed(names)} share memory that is written to: one input, {of}, stands for {those}, and the graph "
                "makes the views anew from it"
            )
        case "duplicate":
            are, those = ("are", "all of them") if several else ("is", "both")
            same = f"{_listed(names)} {are} the same tensor as {of}"
            return f"{same}, which is changed in place: one input stands for {those}"
        case "vanished":
            return f"{_listed(names)} has no input of its own, and torch does not say why"
        case "mutation":
            are, values = ("are", "their new values are") if several else ("is", "its new value is")
            if len(difference.new_outputs) > len(names):
                values = f"the pieces of {'their new values' if several else 'its new value'} are"
            return f"{_changed(difference)} {are} changed in place: {values} {output}"
        case "reshape":
            return f"the shape or strides of {_changed(difference)} are changed in place: the result is {output}"
        case "metadata":
            return (
                "the shape or strides of one of the arguments that share memory are changed in place: the graph "
                f"returns the result as {output}, and the change is repeated on the argument"
            )
        case "views":
            return (
                f"{_listed(names)} are views of one tensor: the graph returns that too, as {output}, the views are "
                "made anew from it, and it alone has a tangent"
            )
        case "view":
            return f"{_listed(names)} is a view of {of}, made anew from that: it has no tangent of its own"
        case "itself":
            return f"{_listed(names)} is {of} itself, which the caller gets back: it has no tangent of its own"
        case "token":
            return (
                f"operations with side effects keep their order by the token {_listed(names)}, which the graph takes "
                "and gives back"
            )


def change_in_signs(difference: Difference) -> str:
    """The numbers of inputs and outputs that the graph has more or less: `+1 input, +1 output`; empty for none."""
    numbers = ((difference.more_inputs, "input"), (difference.more_outputs, "output"))
    return ", ".join(f"{'+' if n > 0 else '−'}{abs(n)} {noun}{'s' * (abs(n) != 1)}" for n, noun in numbers if n)


def _changed(difference: Difference) -> str:
    noun = "buffer" if difference.is_buffer else "input"
    known = all_names(dict.fromkeys(difference.names))
    if len(known) > _MOST:
        return f"{len(difference.names)} {noun}s"
    plural = "s" if len(difference.names) > 1 else ""
    return f"the {noun}{plural} {_listed(known)}" if difference.is_buffer else _listed(known)


def _outputs(difference: Difference) -> str:
    """`output 3 (`add_38`)`; several without their nodes."""
    if not difference.new_outputs:
        return ""
    if len(difference.new_outputs) > 1:
        return f"outputs {numbers_in_brief(list(difference.new_outputs))}"
    return f"output {difference.new_outputs[0]}" + (f" (`{difference.node}`)" if difference.node else "")


def _listed(names: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return "".join(shown) if len(shown) < 2 else f"{', '.join(shown[:-1])} and {shown[-1]}"
