"""A training step: the code of a script from a batch to the loss whose backward pass is run, and its optimizers.

`StepSource` is what the text tells, for a request. `TrainingStep` is what the trace found, in a map. The name of the
target is the qualified name of a function, a sign and the name of the loss. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .places import Span
from .statements import Statement

SIGN = "@"
"""Stands between the function and the loss in the name of a target that is a training step."""


def is_step(qualname: str) -> bool:
    """Whether a target is a training step, `train@loss`, and no class or function."""
    return SIGN in qualname


def function_of(qualname: str) -> str:
    """Return the qualified name of the function that a step stands in, `train` of `train@loss`.

    It is empty for a step at module level.
    """
    return qualname.partition(SIGN)[0]


@dataclass(frozen=True)
class StepSource:
    """The training step of a target such as `train@loss`, read from the text.

    `body` are the statements that the loss depends on, from the first that uses the batch to the last before the
    backward pass, in their order; contexts around them (`with autocast():`) and branches are whole statements. `loss`
    is the expression whose backward pass is run (`loss`, `out.loss / 4`), at `loss_line` and `loss_column`. `inputs`
    are the names that the batch binds: the variables of the loop, or parameters of the function whose values no code
    shows. The prelude of the example has all that the body needs besides; its last statements give `inputs` their
    values (`x, y = next(iter(loader))`), and if these cannot be run the inputs are guessed.

    `owner` is the name by which the body knows the object whose method it stands in (`self`), None outside of methods.
    `module` are the statements of the module level that run before the step, if importing the file would run the step
    too: a script without `if __name__ == "__main__"`. The file is then not imported: these statements are run in its
    place, each on its own, so that one that fails leaves its names unknown. None if the file is imported as usual.
    The later lines of a statement's text have lost the indentation of its first line, `column - 1` spaces.
    `frame` is the index in the prelude at which the code of the step's own function begins. The statements before it
    are its callers', in any file of the project, and the last of them gives the parameters their values:
    `(model, loader,) = (net, train_loader,)`. The function sees the names that this statement binds, and those of its
    own file, but no other names of its callers. 0 if no caller is known.
    `optimizers` are the expressions whose `step()` is called after the backward pass and before the next one
    (`optimizer`, `self.opt_d`), and `all_optimizers` those of all steps of the same function or script.
    `turn` are the statements of one whole turn of the loop around the step, with all its backward passes and the steps
    of optimizers, `carried` the names that a turn hands on to the next one, and `given` the variables that the loop
    itself binds. `is_usual` says that no more happens in it than in the step alone.
    `conditions` are those of the branches around the backward pass that no loop changes; the step is traced whatever
    they say. `conditions_of_callers` are the same around the calls that lead to the step's function: each is a variable
    that a statement before `frame` binds, and its code. `pinned` are the names to which a comment above a loop gives
    values, which are never guessed.
    """

    body: tuple[Statement, ...]
    loss: str
    loss_line: int
    loss_column: int = 1
    inputs: tuple[str, ...] = ()
    owner: str | None = None
    module: tuple[Statement, ...] | None = None
    frame: int = 0
    optimizers: tuple[str, ...] = ()
    all_optimizers: tuple[str, ...] = ()
    turn: tuple[Statement, ...] = ()
    carried: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    is_usual: bool = True
    conditions: tuple[str, ...] = ()
    conditions_of_callers: tuple[tuple[str, str], ...] = ()
    pinned: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepModel:
    """A module that a training step calls.

    `expression` is the script's own (`model`, `self.net`, `criterion`), and `prefix` the name of it in the FQNs of the
    map (`model`, `net`, `criterion`), empty if the traced module is the model itself.
    """

    expression: str
    prefix: str
    type: str


@dataclass(frozen=True)
class OptimizerGroup:
    """A group of parameters: those of the traced modules by FQN, and how many others it has.

    `options` are torch's (`lr`, `weight_decay`, ...), each with its value in brief.
    """

    options: tuple[tuple[str, str], ...] = ()
    parameters: tuple[str, ...] = ()
    others: int = 0


@dataclass(frozen=True)
class Optimizer:
    """An optimizer of the script: the expression by which the code knows it, its class, and where it was made.

    `steps` says whether it steps after the backward pass of this step.
    """

    expression: str
    type: str
    groups: tuple[OptimizerGroup, ...] = ()
    definition: Span | None = None
    steps: bool = True

    @property
    def parameters(self) -> frozenset[str]:
        """The parameters of all groups, by FQN."""
        return frozenset(name for group in self.groups for name in group.parameters)


@dataclass(frozen=True)
class TrainingStep:
    """The training step that was traced: the loss, the modules that it calls, and the optimizers of the script.

    `loss` is the expression and `loss_at` its place. `guessed` are the inputs whose values no code showed, or whose
    code could not be run, and arguments that the command line of the script requires (`--lr`). `in_no_optimizer` are
    the parameters, by FQN, that require a gradient and are in no group of any optimizer of the script; None if no
    optimizer is known. `on_cpu` says that the script wants CUDA, which this machine lacks, so that the CPU took its
    place. `not_taken` are the conditions of branches around the backward pass, and around the calls that lead to it,
    that are False after the set-up: a run of the script as it is does not come here. `pinned` are the names to which a
    comment above a loop gives values.
    """

    loss: str
    loss_at: Span | None = None
    models: tuple[StepModel, ...] = ()
    optimizers: tuple[Optimizer, ...] = ()
    guessed: tuple[str, ...] = ()
    in_no_optimizer: tuple[str, ...] | None = None
    on_cpu: bool = False
    not_taken: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
