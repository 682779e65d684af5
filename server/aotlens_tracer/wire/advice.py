"""The vocabulary of advice: what can be done about a problem. `aotlens.explain.failures` makes sentences of it.

`Advice` is a closed set. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged


@dataclass(frozen=True)
class InstallPackage(Tagged):
    """A package is missing in the interpreter `python`."""

    package: str
    python: str


@dataclass(frozen=True)
class PlantedModule(Tagged):
    """A module was found at `place`, and not imported: another user has put it into a folder of all users."""

    module: str
    place: str


@dataclass(frozen=True)
class SamePackageElsewhere(Tagged):
    """A submodule is missing from a package that was found in `folder`: perhaps another one was meant."""

    package: str
    folder: str


@dataclass(frozen=True)
class Known(Tagged):
    """A known situation that needs no more facts.

    `code` is one of data-dependent, data-dependent-size, reads-value, packed-sequence, unpack-result, meta-device,
    register-fake, validate-args, attribute-not-moved, raw-string, runs-at-import, reads-input, no-memory, changed-
    in-place, wrong-gradient-shape, needs-cuda, several- devices, save-as-utf8, sparse-padding, conditional-
    definition, trace-a-module, one- expression, more-time, more- memory, flatten-protocol, dispatch-result,
    subclass-results-alias, subclass-arguments-alias, subclass-reshaped, subclass-gradient-kept, jagged- reduction,
    jagged-layout, jagged-attention, jagged-attention-traced, mark-before, report-bug.
    """

    code: str


@dataclass(frozen=True)
class NamesInExample(Tagged):
    """An example uses a name that is not there: it knows those of this file."""

    file: str


@dataclass(frozen=True)
class SimilarTargets(Tagged):
    """Targets of the file whose names are similar."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class DefinedClasses(Tagged):
    """The classes that the file defines."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class BuildAndCall(Tagged):
    """An example of the target builds one and calls it, in one expression."""

    qualname: str


@dataclass(frozen=True)
class MoveExample(Tagged):
    """The example stands above a definition that a later one of the same name replaces. All three are lines of `path`.

    That is None if it is not known.
    """

    example: int | None
    replaced: int | None
    kept: int | None
    path: str | None = None


@dataclass(frozen=True)
class BoundByTraining(Tagged):
    """A name is bound by a loop that trains alone, at this line, which no trace of a notebook runs."""

    name: str
    path: str
    line: int


@dataclass(frozen=True)
class TraceWhereDefined(Tagged):
    """The target comes from another file."""

    path: str


@dataclass(frozen=True)
class ExampleOfLocal(Tagged):
    """The target is made inside `function`: an example has to reach it. `call` is a template of one."""

    function: str
    call: str


@dataclass(frozen=True)
class PinExample(Tagged):
    """Write an example above the definition. `call` is a template of one."""

    call: str


@dataclass(frozen=True)
class CompleteExample(Tagged):
    """Write this example above the class and complete it."""

    expression: str


@dataclass(frozen=True)
class FromDynamo(Tagged):
    """Dynamo's own hint, to the letter."""

    text: str


@dataclass(frozen=True)
class JoinCluster(Tagged):
    """The code needs other ranks: trace it as one rank of a cluster.

    `mesh` has the named dimensions of the mesh that the code makes, empty if it has no names or is not known. `size` is
    the number of ranks that it needs, None if not known.
    """

    mesh: tuple[tuple[str, int], ...] = ()
    size: int | None = None


@dataclass(frozen=True)
class WorkedBefore(Tagged):
    """The call that fails is a guess with which the target was traced before the latest edit.

    `expression` is that call. It is None for a call that was recorded in that of the target `recorded_in`, a qualified
    name.
    """

    expression: str | None
    recorded_in: str | None = None


@dataclass(frozen=True)
class Replaced(Tagged):
    """The error comes from what the code put in the place of these functions of Python's own library."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class StatedAdvice(Tagged):
    """Advice that the server itself put into words, with a problem that it met itself."""

    text: str


Advice = (
    InstallPackage
    | PlantedModule
    | SamePackageElsewhere
    | Known
    | NamesInExample
    | SimilarTargets
    | DefinedClasses
    | BuildAndCall
    | MoveExample
    | BoundByTraining
    | TraceWhereDefined
    | ExampleOfLocal
    | PinExample
    | CompleteExample
    | FromDynamo
    | JoinCluster
    | WorkedBefore
    | Replaced
    | StatedAdvice
)
"""All advice: what the user can do about a problem."""
