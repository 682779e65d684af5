"""Error messages and their meaning: one row for each wording of torch, einops or Python, with the facts that it states.

A new wording of a known fact is one row in `MESSAGES`. A rule in `repairs/` asks `says` for the facts that it reads.
Each row has an example of its message, which tests/tracer/test_repairs.py reads back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .facts import (
    Fact,
    Missing,
    NamedDtype,
    NeedsBfloat16,
    NotDivisible,
    Scaled,
    SizesDiffer,
    TooSmall,
    WrongDtype,
    WrongKind,
    WrongRank,
    WrongSize,
    WrongView,
)


@dataclass(frozen=True)
class Message:
    """One wording: messages in which `pattern` is found state `facts`. `example` is such a message.

    `error` is the class that the exception must have.
    """

    pattern: str
    facts: Callable[[re.Match[str]], Iterable[Fact]]
    example: str
    error: type[BaseException] = BaseException


DTYPES = {
    "float": "float32", "c10::bfloat16": "bfloat16", "bfloat16": "bfloat16", "c10::half": "float16", "half": "float16",
    "double": "float64", "long": "int64", "long int": "int64", "long long": "int64", "int": "int32", "bool": "bool",
    "float16": "float16", "float32": "float32", "float64": "float64", "int64": "int64",
    "torch.float16": "float16", "torch.float32": "float32", "torch.float64": "float64", "torch.int64": "int64",
    "torch.bfloat16": "bfloat16",
}  # fmt: skip
"""Names of dtypes in messages, in lower case, by the attribute of `torch` that they mean."""


def _sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",") if size.strip()]


def _differ(match: re.Match[str]) -> Iterator[Fact]:
    yield SizesDiffer(int(match[1]), int(match[2]))


def _broadcast(match: re.Match[str]) -> Iterator[Fact]:
    left, right = _sizes(match[1]), _sizes(match[2])
    for shape in (left, right):
        if len(shape) > 3 and shape[1] > 1 and shape[0] == 1 and {*shape[2:]} == {1}:
            yield Scaled(shape[1], len(shape))
    for one, other in zip(reversed(left), reversed(right)):
        if one != other and 1 not in (one, other):
            yield SizesDiffer(one, other)


def _padding(match: re.Match[str]) -> Iterator[Fact]:
    yield TooSmall(_sizes(match[3])[int(match[2])], int(match[1]))


def _axis(match: re.Match[str]) -> Iterator[Fact]:
    index = int(match[2])
    yield WrongRank((index + 1 if index >= 0 else -index,), int(match[1]))


def _two_ranks(match: re.Match[str]) -> Iterator[Fact]:
    yield WrongRank(tuple(int(text) for text in (match[2], match[1]) if text))


def _dtype(dtype: str) -> Callable[[re.Match[str]], Iterator[Fact]]:
    def facts(match: re.Match[str]) -> Iterator[Fact]:
        yield WrongDtype(dtype)

    return facts


def _kind(kind: str) -> Callable[[re.Match[str]], Iterator[Fact]]:
    def facts(match: re.Match[str]) -> Iterator[Fact]:
        yield WrongKind(kind)

    return facts


def _quoted(match: re.Match[str]) -> Iterator[Fact]:
    yield Missing(tuple(re.findall(r"'(\w+)'", match.string)))


def _two_dtypes(match: re.Match[str]) -> Iterator[Fact]:
    for text in (match[2], match[1]):
        if (dtype := DTYPES.get(text.strip().lower())) is not None:
            yield NamedDtype(dtype)


def _named_dtype(match: re.Match[str]) -> Iterator[Fact]:
    if "dtype" in match.string or "type" in match.string:
        dtype = DTYPES.get((match[1] or match[2]).lower(), match[1])
        if dtype in DTYPES.values():
            yield NamedDtype(dtype)


_SIZES: tuple[Message, ...] = (
    Message(
        r"to have (\d+) channels, but got (\d+) channels",
        lambda m: [WrongSize(int(m[2]), int(m[1]), axis=1)],
        "expected input[2, 64, 56, 56] to have 12 channels, but got 64 channels instead",
    ),
    Message(
        r"sum exactly to (\d+) .*split_sizes=\[([\d, ]+)\]",
        lambda m: [WrongSize(int(m[1]), sum(_sizes(m[2])))],
        "split_with_sizes expects split_sizes to sum exactly to 64 (input tensor's size at dimension -1), "
        "but got split_sizes=[48, 48]",
    ),
    Message(
        r"\(?\[?(\d+)(?:x|, )(\d+)\]? (?:and|X) \[?(\d+)(?:x|, )(\d+)",
        lambda m: [SizesDiffer(int(m[2]), int(m[3]))],
        "mat1 and mat2 shapes cannot be multiplied (2x64 and 128x10)",
    ),
    Message(
        r"batch[12] tensor to be: \[(\d+), (\d+)\] but got: \[(\d+), (\d+)\]",
        lambda m: [SizesDiffer(int(m[3]), int(m[1])), SizesDiffer(int(m[4]), int(m[2]))],
        "Expected size for first two dimensions of batch2 tensor to be: [2, 16] but got: [2, 64].",
    ),
    Message(
        r"had (?:torch\.Size\()?\[([\d, ]*)\]\)?; but expected shape should be broadcastable to \[([\d, ]*)\]",
        _broadcast,
        "Attempting to broadcast a dimension of length 64 at -1! Mismatching argument at index 1 had "
        "torch.Size([2, 16, 64]); but expected shape should be broadcastable to [2, 16, 32]",
    ),
    Message(
        r"(?i)size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
        _differ,
        "The size of tensor a (64) must match the size of tensor b (32) at non-singleton dimension 2",
    ),
    Message(
        r"(?i)expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\)",
        _differ,
        "The expanded size of the tensor (16) must match the existing size (8) at non-singleton dimension 1.",
    ),
    Message(
        r"(?i)Expected size (\d+) but got size (\d+)",
        _differ,
        "Sizes of tensors must match except in dimension 1. Expected size 16 but got size 8 for tensor number 1 in the "
        "list.",
    ),
    Message(
        r"(?i)Expected (\d+)(?: in dimension \d+)? but got (\d+) for tensor number",
        _differ,
        "Sizes of tensors must match except in dimension 1. Expected 16 in dimension 0 but got 8 for tensor number 1 "
        "in the list",
    ),
    Message(r"(?i)Shape mismatch, (\d+) != (\d+)", _differ, "Shape mismatch, 64 != 32"),
    Message(
        r"(?i)input (?:and target|batch_size).*?\((\d+)\).*?\((\d+)\)",
        _differ,
        "Expected input batch_size (32) to match target batch_size (2).",
    ),
    Message(
        r"(?i)expected .*? (\d+), got (\d+)",
        _differ,
        "expected features of width 64, got 32",
    ),
    Message(
        r"(?i)mismatch at dimension (\d+): expected (\d+), got (\d+)",
        lambda m: [WrongSize(int(m[3]), int(m[2]), axis=int(m[1]))],
        "Shape mismatch at dimension 1: expected 1, got 3.",
    ),
    Message(
        r"expected input with shape \[(?:\*, )*(\d+)\], but got input of size\s*(?:torch\.Size\()?\[(?:\d+, )*(\d+)\]",
        lambda m: [WrongSize(int(m[2]), int(m[1]))],
        "Given normalized_shape=[48], expected input with shape [*, 48], but got input of size[2, 16, 32]",
    ),
    Message(
        r"equal to input_size\. Expected (\d+), got (\d+)",
        _differ,
        "input.size(-1) must be equal to input_size. Expected 40, got 64",
    ),
    Message(
        r"inconsistent input_size: got (\d+),? expected (\d+)",
        _differ,
        "input has inconsistent input_size: got 128 expected 80",
    ),
    Message(
        r"should contain (\d+) elements not (\d+)",
        _differ,
        "running_mean should contain 32 elements not 16",
    ),
    Message(
        r"has size (\d+) for operand \d+ which does not broadcast with previously seen size (\d+)",
        _differ,
        "einsum(): subscript d has size 4 for operand 1 which does not broadcast with previously seen size 64",
    ),
    Message(
        r"padding \((\d+), \d+\) at dimension (\d+) of input .*?\[([\d, ]+)\]",
        _padding,
        "Argument #4: Padding size should be less than the corresponding input dimension, but got: "
        "padding (512, 512) at dimension 2 of input torch.Size([1, 2, 256])",
    ),
    Message(
        r"can't be greater than actual input|[Oo]utput size is too small",
        lambda m: [TooSmall()],
        "Calculated padded input size per channel: (4). Kernel size: (7). "
        "Kernel size can't be greater than actual input size",
    ),
    Message(
        r"start \((\d+)\) \+ length \((\d+)\) exceeds dimension size \((\d+)\)",
        lambda m: [WrongSize(int(m[3]), int(m[1]) + int(m[2]))],
        "start (0) + length (256) exceeds dimension size (64).",
    ),
    Message(
        r"can't divide axis of length (\d+) in chunks of (\d+)",
        lambda m: [NotDivisible(int(m[1]), int(m[2]))],
        "Shape mismatch, can't divide axis of length 56 in chunks of 16",
    ),
    Message(
        r"shape '?\[([-\d, ]+)\]'? is invalid for input of size (\d+)",
        lambda m: [WrongView(tuple(_sizes(m[1])), int(m[2]))],
        "shape '[2, 16, 4, 8]' is invalid for input of size 2048",
    ),
)

_RANKS: tuple[Message, ...] = (
    Message(
        r"not enough values to unpack \(expected (\d+), got (\d+)\)",
        lambda m: [WrongRank((int(m[1]),), int(m[2]), unpacks=True)],
        "not enough values to unpack (expected 4, got 3)",
    ),
    Message(
        r"too many values to unpack \(expected (\d+)",
        lambda m: [WrongRank((int(m[1]),), unpacks=True)],
        "too many values to unpack (expected 2)",
    ),
    Message(
        r"expected to be in range of \[-(\d+), \d+\], but got (-?\d+)",
        _axis,
        "Dimension out of range (expected to be in range of [-3, 2], but got 3)",
    ),
    Message(
        r"too many indices for tensor of dimension (\d+)",
        lambda m: [WrongRank((int(m[1]) + 1, int(m[1]) + 2), int(m[1]))],
        "too many indices for tensor of dimension 2",
    ),
    Message(
        r"(?i)expected (\d+) dim(?:ension)?s?, (?:but )?got (\d+)",
        lambda m: [WrongRank((int(m[1]),), int(m[2]))],
        "Shape dimension mismatch: expected 4 dimensions, got 3.",
    ),
    Message(
        r"expected (\d+) dims\. Received (\d+)-dim",
        lambda m: [WrongRank((int(m[1]),), int(m[2]))],
        "Wrong shape: expected 4 dims. Received 3-dim tensor.",
    ),
    Message(
        r"equation \((\d+)\) does not match the number of dimensions \((\d+)\)",
        lambda m: [WrongRank((int(m[1]),), int(m[2]))],
        "einsum(): the number of subscripts in the equation (4) does not match the number of dimensions (3) "
        "for operand 0",
    ),
    Message(
        r"input\.dim\(\) = (\d+) is not equal to len\(dims\) = (\d+)",
        lambda m: [WrongRank((int(m[2]),), int(m[1]))],
        "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
        "ordering of dimensions i.e. input.dim() = 3 is not equal to len(dims) = 4",
    ),
    Message(
        r"or (\d)D \(batched\) input",
        lambda m: [WrongRank((int(m[1]),))],
        "Expected 2D (unbatched) or 3D (batched) input to conv1d, but got input of size: [2, 3, 16, 16]",
    ),
    Message(
        r"(?:xpected|requires|must be|[Oo]nly supports?)[^\d]*(\d)D(?: or (\d)D)?",
        _two_ranks,
        "expected 4D input (got 3D input)",
    ),
    Message(
        r"tuple index out of range",
        lambda m: [WrongRank((4, 3, 5))],
        "tuple index out of range",
        error=IndexError,
    ),
)
"""A rule takes the first of these that is found."""

_VALUES: tuple[Message, ...] = (
    Message(
        r"bitwise|not implemented for 'Float'|only be.*bool|dtype.*bool|(must|to) be.*bool|mask.*bool|boolean",
        _dtype("bool"),
        "\"bitwise_and_cpu\" not implemented for 'Float'",
    ),
    Message(
        r"scalar types: Long, Int|expected scalar type Long|must be long|dtype int64|index tensor|"
        r"to be (of )?(type )?[Ll]ong|"
        r"used as indices|[Ee]xpected.*(int32|int64|integer|Long)|one_hot|an integer|Float'? can.t be cast to .*Long",
        _dtype("int64"),
        "tensors used as indices must be long, int, byte or bool tensors",
    ),
    Message(
        r"floating[ -]point|not implemented for '(Long|Int|Bool)'|bool tensor|\bLong\b|to be floating|"
        r"not supported for.*bool",
        _dtype("float32"),
        "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: Long",
    ),
    Message(r"complex", _dtype("complex64"), "view_as_real is only supported for complex tensors"),
    Message(
        r"xpected.*\b(BF16|BFloat16|bfloat16)\b.*float32",
        lambda m: [NeedsBfloat16()],
        "Expected a and b to have dtype bfloat16, got torch.float32",
    ),
    Message(
        r"(?:same dtype|same type|dtype|type)[^:(]*(?:but got:?|\()\s*:?\s*"
        r"([\w.: ]+?)\)? (?:!=|and)(?: \w+ type)? \(?([\w.:]+)",
        _two_dtypes,
        "expected m1 and m2 to have the same dtype, but got: float != c10::BFloat16",
    ),
    Message(
        r"torch\.(\w+)|\b(c10::\w+|BFloat16|Half|Float|Double|Long)\b",
        _named_dtype,
        "expected input to have dtype torch.float16",
    ),
)

_KINDS: tuple[Message, ...] = (
    Message(r"must be a mapping", _kind("mapping"), "argument after ** must be a mapping, not Tensor"),
    Message(
        r"must be Tensor, not", _kind("tensor"), "where(): argument 'condition' (position 1) must be Tensor, not bool"
    ),
    Message(r"not callable", _kind("callable"), "'int' object is not callable"),
    Message(r"no attribute '(weight|bias)'", _kind("layer"), "'Tensor' object has no attribute 'weight'"),
    Message(
        r"must be tuple of ints|'int'|as an integer|must be int|SymInt",
        _kind("integer"),
        "randn(): argument 'size' must be tuple of ints, but found element of type Tensor at pos 0",
    ),
    Message(
        r"(arange|zeros|ones|empty|randn?|eye|full)\(\) received an invalid combination .* - got \((Fake)?Tensor",
        _kind("integer"),
        "arange() received an invalid combination of arguments - got (FakeTensor, device=torch.device)",
        error=TypeError,
    ),
    Message(r"tuple|list|unpack", _kind("sequence"), "expected a tuple of tensors"),
    Message(
        r"not iterable|not subscriptable|has no len",
        _kind("items"),
        "'int' object is not iterable",
    ),
    Message(r"has no len", _kind("length"), "object of type 'int' has no len()"),
    Message(r"has no attribute", _kind("attributes"), "'NoneType' object has no attribute 'shape'"),
    Message(r"not a Module subclass", _kind("module"), "int is not a Module subclass"),
    Message(
        r'\(not "tuple"\) to list', _kind("list"), 'can only concatenate list (not "tuple") to list', error=TypeError
    ),
)

_NAMES: tuple[Message, ...] = (
    Message(
        r"missing",
        _quoted,
        "Net.forward() missing 2 required positional arguments: 'x' and 'mask'",
        error=TypeError,
    ),
    Message(r"", _quoted, "'hidden_size'", error=KeyError),
)

MESSAGES: tuple[Message, ...] = (*_SIZES, *_RANKS, *_VALUES, *_KINDS, *_NAMES)
_COMPILED = tuple((re.compile(message.pattern), message) for message in MESSAGES)
_ALL = frozenset(message.pattern for message in _VALUES if message.facts in (_two_dtypes, _named_dtype))
"""Patterns that are read wherever they are found, not only at their first place."""


def facts_of(error: BaseException, text: str) -> Iterator[Fact]:
    """Everything that an exception with this text says, in the order of the table."""
    for pattern, message in _COMPILED:
        if not isinstance(error, message.error):
            continue
        for match in pattern.finditer(text):
            yield from message.facts(match)
            if message.pattern not in _ALL:
                break
