"""The reasons why an input gets no gradient, in words that go on after `gets no gradient: `."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.explain.brief import listed
from aotlens.explain.expressions import on_line, quoted_with_lines
from aotlens_tracer.wire.cut_gradients import How
from aotlens_tracer.wire.findings import (
    BackwardReturnsNone,
    Cut,
    NeverUsed,
    NoGradient,
    NoneInEager,
    NoPath,
    NothingTrained,
    NotInEachCall,
    NotInLoss,
    OnlyChanged,
    OnlyMetadata,
    OutputName,
    Outside,
    ReachesKept,
    ReachesOnly,
    ReentrantCheckpoint,
    ReturnedItself,
    StateName,
    UsedButNotReturned,
    UsedInConstructorOnly,
)
from aotlens_tracer.wire.training_steps import is_step

_BEFORE: dict[How, str] = {
    "no-grad": "used under torch.no_grad() only, by",
    "inference-mode": "used under torch.inference_mode() only, by",
}
_AFTER: dict[How, str] = {
    "copy": ", which copies {their} values into a new tensor",
    "new-parameter": ", which makes a new parameter of {their} values",
    "number": ", which makes a Python number of it",
    "boolean": ", which gives booleans",
    "integer": ", which gives integers",
    "constant-of-derivative": ", a derivative that does not depend on {them}: additive constants vanish",
    "derivative": ", a derivative that depends on {them} through nothing differentiable",
    "derivative-without-graph": ", a derivative without create_graph=True",
    "piece": ", which reads an inner tensor of the subclass: autograd does not follow that",
    "wrapped": ", which wraps {them} in a subclass: autograd follows that in an autograd.Function only",
    "no-derivative": ", which has no derivative",
}


def reason_in_words(reason: NoGradient, path: str | None, several: bool = False) -> str:
    """Why one input, or several, get no gradient. A line in the file `path` is named without its file."""
    match reason:
        case NeverUsed(function=function):
            called = (
                "the training step" if is_step(function) else "forward" if function == "forward" else f"`{function}`"
            )
            return f"{called} never uses {'them' if several else 'it'}"
        case NoPath():
            they = "they are" if several else "it is"
            return f"{they} used, but not on a differentiable path to an output that needs one"
        case Cut(how=how, at=at, also=also):
            after = _AFTER.get(how, "").format(them="them" if several else "it", their="their" if several else "its")
            text = f"{_BEFORE.get(how, 'cut off by')} {quoted_with_lines(at, path)}{after}"
            return text + (f"; also cut off by {quoted_with_lines(also, path)}" if also else "")
        case UsedInConstructorOnly(at=at, makes_parameter=makes_parameter):
            text = f"only the constructor uses {'them' if several else 'it'}, by {quoted_with_lines(at, path)}"
            return f"{text}, which makes a new parameter" if makes_parameter else text
        case OnlyMetadata(at=at):
            whose = "their" if several else "its"
            return (
                f"nothing that is returned depends on {whose} values: only a shape, dtype or device is read, "
                f"by {quoted_with_lines(at, path)}"
            )
        case UsedButNotReturned(at=at):
            return f"used by {quoted_with_lines(at, path)}, but nothing that is returned depends on that"
        case BackwardReturnsNone(at=at):
            return f"cut off by {quoted_with_lines(at, path)}, whose backward returns none"
        case ReachesKept(kept=kept, by="constructor", each=each):
            they = "them" if several else "it"
            made = kept_in_words(kept, path, "made by the constructor")
            if each:
                return f"each backward gives {they} one, through {made}, which is not computed anew after a change"
            return f"only the first backward gives {they} one, through {made}"
        case ReachesKept(kept=kept):
            they = "they get theirs" if several else "it gets one"
            return f"{they} only through {kept_in_words(kept, path)}, if the loss uses that"
        case ReturnedItself(outputs=outputs, elsewhere=elsewhere):
            text = _returned(outputs)
            return text if elsewhere is None else f"{text}; elsewhere {_clause(elsewhere, path, several)}"
        case ReachesOnly(outputs=outputs, because=because):
            reach, need = "they reach" if several else "it reaches", "needs" if len(outputs) == 1 else "need"
            text = f"{reach} only {listed([_output(each) for each in outputs])}, which {need} none"
            return text if because is None else f"{text}, because {_clause(because, path, several)}"
        case ReentrantCheckpoint(at=at):
            inside = f"used inside of {quoted_with_lines(at, path)}, a reentrant checkpoint"
            return f"{inside} none of whose inputs requires a gradient; `use_reentrant=False` gives one"
        case OnlyChanged(at=at):
            by = f" by {quoted_with_lines(at, path)}," if at else ""
            return f"only changed,{by} where autograd records nothing"
        case NotInEachCall(seen=seen):
            them = "them" if several else "it"
            if seen:
                return f"the traced call does not use {them}, but one of two training steps in eager does"
            return f"the traced call does not use {them}; it draws random numbers, so that another call may"
        case NotInLoss(outputs=outputs):
            names = listed([_output(each) for each in outputs])
            do = "does" if len(outputs) == 1 else "do"
            return f"the loss does not depend on {'them' if several else 'it'}, only {names} {do}"
        case NoneInEager(because=because):
            if because is None:
                return "the graph has one, but the backward pass in eager does not reach it"
            return f"{reason_in_words(because, path, several)} (the graph has one, eager has none)"
        case NothingTrained(because=NeverUsed() as because):
            return reason_in_words(because, path, several)
        case NothingTrained(because=because, is_loss=is_loss):
            text = "the loss needs none" if is_loss else "nothing that is returned needs one"
            return text if because is None else f"{text}, because {_clause(because, path, several)}"


def outside_in_words(reason: Outside, path: str | None, several: bool = False) -> str:
    """Why a gradient does not pass through the graph, in words that go on after `does not pass through the graph: `."""
    match reason.because:
        case ReturnedItself(outputs=outputs):
            names = listed([each.label for each in outputs])
            tensors = "the same tensor or a view of it" if len(outputs) == 1 else "the same tensor or views of it"
            return f"{names} {'is' if len(outputs) == 1 else 'are'} {tensors}"
        case ReachesKept() as kept:
            return reason_in_words(kept, path, several)
        case None:
            return f"the backward pass in eager gives {'them' if several else 'it'} one all the same"


def _clause(reason: NoGradient, path: str | None, several: bool) -> str:
    """A reason with its subject: "it is cut off by …"."""
    text = reason_in_words(reason, path, several)
    has_subject = not isinstance(
        reason, (ReentrantCheckpoint, OnlyChanged, Cut, UsedButNotReturned, BackwardReturnsNone)
    )
    return text if has_subject else f"{'they are' if several else 'it is'} {text}"


def _returned(outputs: Sequence[OutputName]) -> str:
    names = listed([each.label for each in outputs])
    if len(outputs) == 1:
        return f"{names} is the same tensor or a view of it, whose gradient does not pass through the graph"
    return f"{names} are the same tensor or views of it, whose gradients do not pass through the graph"


def _output(output: OutputName) -> str:
    return f"the new value of {output.label}" if output.is_new_value else output.label


def kept_in_words(kept: Sequence[StateName], path: str | None, how: str = "kept") -> str:
    """Tensors that the call keeps, with their lines: "`self.aux_loss`, kept on line 51"."""
    names = [each.text for each in kept]
    lines = list(dict.fromkeys(on_line(each.span, path).strip() for each in kept if each.span is not None))
    where = f", {how} {listed(lines)}" if lines else ""
    return listed([f"`{name}`" for name in names]) + where
