"""The vocabulary of the eager run: two training steps of the example without any capture, and what they leave behind.

A step is the call, and a backward pass from all results that require a gradient. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .places import Frame, Span
from .problems import Problem
from .subclasses import Sharding
from .unregistered import Unregistered

InTurn = Literal["freed", "overwritten", "not-scalar"]
"""The reason for which a backward pass in a script's loop fails: another one has freed the graph of both, something has
changed a value that it needs, or it begins at a tensor of several numbers."""


@dataclass(frozen=True)
class EagerGradient:
    """A parameter, or an argument of the call, that requires a gradient.

    `names` are all names of the tensor, in the order of `named_parameters(remove_duplicate=False)`. `present` says
    whether the first step gives it a gradient (`grad` is not None afterwards), and `again` whether the second step
    does; None if that ended early. `sharding` are the placements of the gradient that the first step leaves, after all
    hooks, if it is a DTensor; None otherwise.
    """

    kind: Literal["parameter", "argument"]
    names: tuple[str, ...]
    present: bool
    again: bool | None = None
    sharding: Sharding | None = None


@dataclass(frozen=True)
class EagerWarning:
    """A warning: its text, unchanged, and the user's innermost expression that leads to it.

    `at` and `expression`, the place and the text of that, are None if there is none.
    """

    text: str
    at: Span | None = None
    expression: str | None = None


@dataclass(frozen=True)
class EagerChange:
    """A change that the captured graph does not have, or that autograd does not see.

    `how` is in-backward (the backward pass changes the subject in place) or data (`forward` gives a parameter other
    memory, by `p.data = …`). `at` is the user's expression that does it, None if unknown. `in_forward` says that the
    call changes the subject in place as well.
    """

    how: Literal["in-backward", "data"]
    kind: Literal["parameter", "buffer", "argument"]
    name: str
    at: Span | None = None
    in_forward: bool = False


@dataclass(frozen=True)
class KeptState:
    """A tensor that is reachable after the first call, and was not before: state that `forward` keeps.

    `kind` is buffer, attribute (of a module or of another object), item (of a list or dict), global (of a file or a
    class) or closure (a variable of a function around). `name` is the user's name for it, `blocks.0.aux_loss`. `place`
    is the statement that keeps it, None if unknown. `carries_graph` says that it requires a gradient and has a history;
    `parameters` are the names of the parameters and arguments that this history leads back to.

    `change` is new (a tensor that was not there), in-place (the tensor was there, and the call changes it) or
    constructor (it was there, with a history that the constructor gave it). `dtype` and `shape` are those of a tensor
    of the graph. `fate` says what the second call does with it: replaced (it is gone afterwards), held (it is still
    there), grows (it is still there, with one more beside it or linked to it) or read (the results of the second call
    depend on it). None if the second call was not made. `subclass` is the name of the class of a tensor subclass; None
    for a plain tensor. `of_script` says that the name begins with one of a script, and not with a part of the target.
    """

    kind: Literal["buffer", "attribute", "item", "global", "closure"]
    name: str
    place: Span | None
    carries_graph: bool
    parameters: tuple[str, ...] = ()
    change: Literal["new", "in-place", "constructor"] = "new"
    dtype: str | None = None
    shape: tuple[int | str, ...] | None = None
    fate: Literal["replaced", "held", "grows", "read"] | None = None
    subclass: str | None = None
    of_script: bool = False

    @property
    def written(self) -> str:
        """The name as code of the target would write it."""
        return self.name if self.kind in ("global", "closure") else written_name(self.name, self.of_script)


def written_name(name: str, of_script: bool) -> str:
    """Return the name of state as code of the target would write it: `self.aux_loss`, `self.layers[0].weight`.

    One with a number, `layers.0.x`, stays as it is, and so does one that begins with a name of a script.
    """
    is_path = all(part.isidentifier() for part in name.partition("[")[0].split("."))
    return f"self.{name}" if is_path and not of_script else name


@dataclass(frozen=True)
class EagerError:
    """The error that ends the run: `step` is 1 or 2, `stage` the part of the step that raises it.

    `path`, `line` and `column` are the user's innermost place, None if unknown; `frames` the user's part of the
    traceback, outermost first. `in_turn` says what fails if the step is a whole turn of the loop around a training
    step, with all its backward passes; `handed_on` are the names whose tensors came with a graph from the turn before.
    """

    step: int
    stage: Literal["forward", "backward"]
    problem: Problem
    path: str | None = None
    line: int | None = None
    frames: tuple[Frame, ...] = ()
    column: int | None = None
    in_turn: InTurn | None = None
    handed_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class EagerRun:
    """Two training steps in eager.

    `on` says whether the tensors were real or fake. `seconds` is what the run cost. `problem` says why nothing is known
    (the other fields are empty then); None if the run was made. `error` is the error that ended it early, None if both
    steps worked. `warnings` are each once. `draws` says that the call draws random numbers from Python or numpy: then
    another call may do something else. `unregistered` are parameters in no module.
    `of_loss` says that the call asks for a loss: the backward passes begin at the scalars in its result, and not at
    its other tensors.
    """

    on: Literal["real", "fake"]
    seconds: float
    gradients: tuple[EagerGradient, ...] = ()
    kept: tuple[KeptState, ...] = ()
    error: EagerError | None = None
    warnings: tuple[EagerWarning, ...] = ()
    problem: Problem | None = None
    changes: tuple[EagerChange, ...] = ()
    draws: bool = False
    unregistered: tuple[Unregistered, ...] = ()
    of_loss: bool = False
