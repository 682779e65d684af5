"""Subjects: the things in a document that can be asked about, such as an attribute of a module or a `return`."""

from __future__ import annotations

from dataclasses import dataclass

from aotlens_tracer.wire.places import Span

from .pass_hooks import PassHook
from .pass_kinds import DescriptorValue, FxKey, FxNode, FxTable
from .paths import Path, as_written


@dataclass(frozen=True)
class ClassRef:
    """A class of the document: its qualified name, and its lines, because two classes may share a name."""

    qualname: str
    line: int
    end_line: int


@dataclass(frozen=True)
class _InClass:
    """A subject in a class; `owner` is None outside all classes."""

    owner: ClassRef | None

    @property
    def class_qualname(self) -> str | None:
        """The qualified name of the class around it; None outside all classes."""
        return self.owner.qualname if self.owner is not None else None


@dataclass(frozen=True)
class ClassSubject(_InClass):
    """The name of a class definition. `owner` is that class itself."""

    qualname: str
    span: Span


@dataclass(frozen=True)
class FunctionSubject(_InClass):
    """The name of a function or method definition. `function` is its name within its class."""

    function: str
    qualname: str
    span: Span


@dataclass(frozen=True)
class AttributeSubject(_InClass):
    """A thing that a path leads to from the module. The empty path is the module itself."""

    path: Path
    span: Span


@dataclass(frozen=True)
class CreationSubject(_InClass):
    """Code that makes an attribute: either side of `self.qkv = nn.Linear(8, 8)`, `self.register_buffer("mask", …)`."""

    path: Path
    span: Span


@dataclass(frozen=True)
class ArgumentSubject(_InClass):
    """An argument of a function, or a thing that a path leads to from it. `function` is its name within its class."""

    function: str
    name: str
    path: Path
    span: Span

    @property
    def label(self) -> str:
        """The argument as it is written in code: `batch['mask']`; `[…]` for any item."""
        return self.name + as_written(self.path)


@dataclass(frozen=True)
class ReturnSubject(_InClass):
    """A `return` statement."""

    function: str
    span: Span


@dataclass(frozen=True)
class ExpressionSubject(_InClass):
    """An expression in a function or at module level, a target of an assignment, or an argument in a signature.

    `function` is the name of the function within its class, empty at module level.

    `place` is its place as Python counts: an argument with its annotation, no parentheses around the whole.
    """

    function: str
    text: str
    span: Span
    place: Span


@dataclass(frozen=True)
class LineSubject(_InClass):
    """A simple statement, or the first lines of a compound one. `function` is empty at module level."""

    function: str
    span: Span


@dataclass(frozen=True)
class StringSubject(_InClass):
    """A string literal that may be the name of a parameter, buffer or submodule."""

    text: str
    span: Span


@dataclass(frozen=True)
class PieceNameSubject(_InClass):
    """A string in a list of a class that may name a piece of a tensor subclass, as in `__tensor_flatten__`."""

    text: str
    span: Span


@dataclass(frozen=True)
class GraphNameSubject(_InClass):
    """The name of a placeholder, in any text: `primals_3`, `tangents_1`, `arg0_1`."""

    name: str
    span: Span


@dataclass(frozen=True)
class DescriptorSubject(_InClass):
    """A descriptor, in any text: `ParamAOTInput(target='w')`, `__grad(args[0])`, or the name of its class alone."""

    text: str
    span: Span


@dataclass(frozen=True)
class DynamoSourceSubject(_InClass):
    """Dynamo's text for an input, in comments, strings and text: `L['self']._modules['up']`, `L_self_buffers_mean_`."""

    text: str
    span: Span


@dataclass(frozen=True)
class PassSubject(_InClass):
    """A thing in the code of a graph pass: a function of `fx_utils`, what it returns, a descriptor or its field.

    `text` is the expression. `hook` is the place from which torch.compile calls the function around it, None if the
    file shows none; `exports` says that this function captures the graph itself, in the export convention. `several`
    says that the expression is an iterable of such values.
    """

    value: FxTable | FxNode | FxKey | DescriptorValue
    text: str
    several: bool
    hook: PassHook | None
    exports: bool
    span: Span


Subject = (
    ClassSubject
    | FunctionSubject
    | AttributeSubject
    | CreationSubject
    | ArgumentSubject
    | ExpressionSubject
    | ReturnSubject
    | LineSubject
    | StringSubject
    | PieceNameSubject
    | GraphNameSubject
    | DescriptorSubject
    | DynamoSourceSubject
    | PassSubject
)
