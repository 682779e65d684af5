"""Findings and their reasons as data. The tracer writes no sentence: `aotlens.explain.findings` has all words.

Two findings with the same `code` and `reason` say the same about different subjects. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .advice import Advice
from .collectives import Redistributed as Redistributed
from .collectives import Redistribution as Redistribution
from .compile_reasons import Broken as Broken
from .compile_reasons import NoCudaGraph as NoCudaGraph
from .compile_reasons import Recompiled as Recompiled
from .compile_reasons import RestrictedDimension as RestrictedDimension
from .compile_reasons import SpecializedDimension as SpecializedDimension
from .cut_gradients import Cut as Cut
from .json_codec import Tagged
from .lock_reasons import NotAsLocked as NotAsLocked
from .managed_modules import Managed as Managed
from .named_things import OutputName as OutputName
from .named_things import StateName as StateName
from .named_things import Subject as Subject
from .operands import FailedOperation
from .other_placements import OtherPlacements as OtherPlacements
from .other_placements import TangentPlacements as TangentPlacements
from .other_placements import WrongTangent as WrongTangent
from .places import Expression, Span
from .problems import BrokenProtocol, Problem
from .reasons_in_eager import InBackward as InBackward
from .reasons_in_eager import InEager as InEager
from .reasons_in_eager import NotInEachCall as NotInEachCall
from .reasons_in_eager import NotInLoss as NotInLoss
from .reasons_in_eager import OnlyChanged as OnlyChanged
from .reasons_in_eager import ReentrantCheckpoint as ReentrantCheckpoint
from .unregistered import Unregistered
from .zero_gradients import AlwaysZero

Role = Literal[
    "cut", "zero", "return", "change", "keep", "definition", "need", "stop", "mark", "made", "set", "optimizer"
]


@dataclass(frozen=True)
class Place:
    """A place that explains a finding.

    `role` is cut (a gradient ends here), zero (a gradient becomes zero here), return (the subject is returned here),
    change (it is changed in place here), keep (it is kept here for later), definition (it is defined here too), need
    (the derivative of this needs the value as it was), stop (torch stops here, in code that the line calls), mark (a
    size is marked dynamic here), made (the subject is made here), set (the subject was set here, after it was made) or
    optimizer (an optimizer is made here).
    `explain/findings/words.py` has a sentence for each role.
    """

    role: Role
    span: Span


@dataclass(frozen=True)
class NeverUsed(Tagged):
    """No gradient: the traced call, of `function`, never uses the subject.

    For a module that is `forward`, and for a training step `@LOSS`.
    """

    function: str = "forward"


@dataclass(frozen=True)
class NoPath(Tagged):
    """No gradient: the subject is used, but not on a differentiable path to an output that requires a gradient."""


@dataclass(frozen=True)
class UsedInConstructorOnly(Tagged):
    """No gradient: the traced call never uses the subject; these expressions of constructors use its values.

    `makes_parameter` says that they make new parameters of them.
    """

    at: tuple[Expression, ...]
    makes_parameter: bool = False


@dataclass(frozen=True)
class OnlyMetadata(Tagged):
    """No gradient: no output depends on the subject's values. These expressions read a shape, dtype or device of it."""

    at: tuple[Expression, ...]


@dataclass(frozen=True)
class UsedButNotReturned(Tagged):
    """No gradient: these expressions use the subject, and no output depends on them."""

    at: tuple[Expression, ...]


@dataclass(frozen=True)
class BackwardReturnsNone(Tagged):
    """No gradient: the `backward` of an `autograd.Function`, applied by these expressions, returns None for it."""

    at: tuple[Expression, ...]


@dataclass(frozen=True)
class ReturnedItself(Tagged):
    """No gradient in the graph: these outputs are the subject, or views of it.

    `elsewhere` is why no other path has a gradient; None if there is no other path.
    """

    outputs: tuple[OutputName, ...]
    elsewhere: NoGradient | None = None


@dataclass(frozen=True)
class ReachesOnly(Tagged):
    """No gradient: the subject reaches only these outputs, which require none.

    `because` is why they require none; None if not known.
    """

    outputs: tuple[OutputName, ...]
    because: NoGradient | None = None


@dataclass(frozen=True)
class NothingTrained(Tagged):
    """No gradient: no output requires one, so the graph has no backward part.

    `because` is why they require none; None if not known. `is_loss` says that the only output is the loss of a training
    step, whose backward pass needs it.
    """

    because: NoGradient | None = None
    is_loss: bool = False


@dataclass(frozen=True)
class ReachesKept(Tagged):
    """No gradient from what is returned: the subject reaches only tensors that the call keeps, with their graph.

    `by` is constructor if the constructor made them: then the first backward alone gives the subject a gradient. With
    `each`, every backward does, because nothing that the derivative needs is freed.
    """

    kept: tuple[StateName, ...]
    by: Literal["call", "constructor"] = "call"
    each: bool = False


@dataclass(frozen=True)
class NewTensor(Tagged):
    """The call gives the subject, a buffer, a new tensor, instead of changing the one that it has."""


@dataclass(frozen=True)
class GraphKept(Tagged):
    """The subject is kept for the next call together with its graph.

    `effect` is fails (the backward of the next call goes through that graph again, and raises an error), goes-back (it
    does so without an error) or grows (nothing of the next call uses it, but the graph of each call stays). `by` is
    what gave it the graph: call or constructor.
    """

    effect: Literal["fails", "goes-back", "grows"]
    by: Literal["call", "constructor"] = "call"


@dataclass(frozen=True)
class ReplacedBy(Tagged):
    """The graph takes the tensor of this name in place of the subjects."""

    name: str


@dataclass(frozen=True)
class PartitionFailed(Tagged):
    """The values saved for backward are unknown: the partitioner, or the call itself (in eager), raises an error."""

    in_eager: bool
    problem: Problem


@dataclass(frozen=True)
class Failed(Tagged):
    """The target was not traced: the failure's stage and problem, and its advice if that is to be shown as well.

    `is_guess` says that nobody wrote an example, and that none that was guessed works. `operation` is the operation to
    blame, if there is one.
    """

    stage: str
    problem: Problem
    advice: Advice | None = None
    is_guess: bool = False
    operation: FailedOperation | None = None


@dataclass(frozen=True)
class Incomplete(Tagged):
    """The target was not traced, because its example still has `...` where values belong."""


@dataclass(frozen=True)
class UnknownName(Tagged):
    """A model has nothing of the subject's name. `wanted` is module or parameter; `near` is a similar name, or None."""

    model: str
    wanted: str
    near: str | None = None


@dataclass(frozen=True)
class NeverWraps(Tagged):
    """The text writes a descriptor that wraps another one as torch never does.

    `offence` is wraps-nothing, wrong-side, underivable, stage-order, same-stage or double-backward; `outer` and `inner`
    are classes of descriptors. `wraps` is the side that `outer` wraps, "Input" or "Output", None if it wraps nothing;
    `corrected` the descriptor that was probably intended, None if that is unknown.
    """

    offence: str
    outer: str
    inner: str
    wraps: str | None = None
    corrected: str | None = None


@dataclass(frozen=True)
class NoneInEager(Tagged):
    """No gradient in eager, although the captured graph computes one. `because` says why; None if not known."""

    because: NoGradient | None = None


@dataclass(frozen=True)
class Outside(Tagged):
    """A gradient that does not pass through the graph. `because` says why; None if not known.

    With `ReturnedItself`, outputs are the subject, or views of it; with `ReachesKept`, the constructor computed tensors
    from the subject, and the call uses them.
    """

    because: ReturnedItself | ReachesKept | None = None


@dataclass(frozen=True)
class InNoOptimizer(Tagged):
    """The subject gets a gradient in a training step, and none of the script's optimizers, by expression, has it."""

    optimizers: tuple[str, ...]


NoGradient = (
    NeverUsed
    | NoPath
    | Cut
    | UsedInConstructorOnly
    | OnlyMetadata
    | UsedButNotReturned
    | BackwardReturnsNone
    | ReturnedItself
    | ReachesOnly
    | NothingTrained
    | ReachesKept
    | ReentrantCheckpoint
    | OnlyChanged
    | NotInLoss
    | NoneInEager
    | NotInEachCall
)
"""The reasons why an input that requires a gradient gets none."""


@dataclass(frozen=True)
class SuppressesNothing(Tagged):
    """A comment suppresses nothing, or one of its codes does not.

    `is_known` says that there are findings with this code; else `near` is a similar one, or None.
    """

    is_known: bool = True
    near: str | None = None


Reason = (
    NoGradient
    | NewTensor
    | GraphKept
    | Unregistered
    | Managed
    | AlwaysZero
    | Outside
    | InNoOptimizer
    | InEager
    | InBackward
    | Broken
    | NoCudaGraph
    | Recompiled
    | SpecializedDimension
    | Redistributed
    | OtherPlacements
    | RestrictedDimension
    | TangentPlacements
    | WrongTangent
    | ReplacedBy
    | PartitionFailed
    | BrokenProtocol
    | Failed
    | Incomplete
    | UnknownName
    | NeverWraps
    | SuppressesNothing
    | NotAsLocked
)
"""The closed set of reasons."""


@dataclass(frozen=True)
class Finding:
    """Something worth telling the user, at a place: a path, and a line and column from 1, each None if not known.

    The first of the `subjects` is the one that the finding is about, the others belong to it. `reason` is None if the
    code says all. `places` explain the finding, `outputs` are the indices of the outputs that it is about.
    """

    code: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    subjects: tuple[Subject, ...] = ()
    reason: Reason | None = None
    places: tuple[Place, ...] = ()
    outputs: tuple[int, ...] = ()


def places_of(reason: Reason | None) -> Iterator[Place]:
    """Yield the places that a reason names, in its order."""
    match reason:
        case Cut(at=at, also=also):
            yield from (Place("cut", each.span) for each in (*at, *also) if each.span is not None)
        case UsedInConstructorOnly(at=at) | OnlyMetadata(at=at):
            yield from (Place("cut", each.span) for each in at if each.span is not None)
        case UsedButNotReturned(at=at) | BackwardReturnsNone(at=at):
            yield from (Place("cut", each.span) for each in at if each.span is not None)
        case ReachesKept(kept=kept):
            yield from (Place("keep", each.span) for each in kept if each.span is not None)
        case AlwaysZero(causes=causes):
            yield from (Place("zero", each.span) for cause in causes for each in cause.at if each.span is not None)
        case ReturnedItself(outputs=outputs, elsewhere=None):
            yield from (Place("return", each.source) for each in outputs if each.source is not None)
        case ReentrantCheckpoint(at=at) | OnlyChanged(at=at):
            yield from (Place("cut", each.span) for each in at if each.span is not None)
        case (
            ReturnedItself(elsewhere=inner)
            | ReachesOnly(because=inner)
            | NothingTrained(because=inner)
            | NoneInEager(because=inner)
            | Outside(because=inner)
        ):
            yield from places_of(inner)
