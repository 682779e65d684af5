"""From a call that failed to calls that may not: each rule reads one kind of error and changes the arguments.

Rules are generators of other arguments, the likeliest first; the search tries what the rules propose, the surest rule
first.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from torch import nn

from .demands import Demand, of_module
from .failing import FailedCall, compared, expressions_at, is_tensor, names_at, value_of
from .inputs import Inputs
from .priors import MAP
from .values import Arguments, Entries, Items, Path, Tensor, Value, Written, tensors, with_tensor

Proposals = Iterator[Arguments]
Rule = Callable[[FailedCall, Inputs], Proposals]

_DTYPES = {
    "float": "float32", "c10::bfloat16": "bfloat16", "bfloat16": "bfloat16", "c10::half": "float16", "half": "float16",
    "double": "float64", "long": "int64", "long int": "int64", "long long": "int64", "int": "int32", "bool": "bool",
    "float16": "float16", "float32": "float32", "float64": "float64", "int64": "int64",
    "torch.float16": "float16", "torch.float32": "float32", "torch.float64": "float64", "torch.int64": "int64",
    "torch.bfloat16": "bfloat16",
}  # fmt: skip


def repairs(failed: FailedCall, inputs: Inputs) -> Iterator[tuple[int, Arguments]]:
    """Other arguments to try, each with how far it is from what the error says: 0 is nearest."""
    for distance, rules in enumerate((_SURE, _LIKELY, _FALLBACKS)):
        for rule in rules:
            try:
                for arguments in rule(failed, inputs):
                    if all(math.prod(tensor.shape) <= LARGEST for _, tensor in tensors(arguments)):
                        yield distance, arguments
            except (RecursionError, MemoryError):
                raise
            except Exception:  # a rule met something it did not expect: the others may know better
                continue


# --- changes


def resized(failed: FailedCall, got: int, want: int, tensor: object = None, axis: int | None = None) -> Proposals:
    """Make `want` of the size `got`: in the argument that `tensor` is, else in those that have such a size."""
    if got == want or want <= 0 or got <= 0:
        return
    near = failed.paths_of(tensor) if tensor is not None else []
    others = [path for path, _ in tensors(failed.arguments) if path not in near]
    for path in near + others:
        value = failed.tensor(path)
        rank = len(value.shape)
        places = [i for i, size in enumerate(value.shape) if size == got]
        places.sort(key=lambda i: (axis is None or i != axis % rank if rank else 0, -i))
        for place in places:
            yield _with_size(failed, path, place, want)
        if len(places) > 1:
            yield with_tensor(
                failed.arguments, path, replace(value, shape=tuple(want if s == got else s for s in value.shape))
            )
    derived = all(got not in failed.tensor(path).shape for path in near + others)
    for path in near + others:
        value = failed.tensor(path)
        places = [(place, size) for place, size in reversed(list(enumerate(value.shape))) if place]
        for place, size in places:
            if abs(want - got) < 8 and size > 4 and size + want - got > 0:  # a class token more or less
                yield _with_size(failed, path, place, size + want - got)
        for place, size in places if derived else ():  # what has it twice in it, beside something else
            if (want - got) % 2 == 0 and size + (want - got) // 2 > 0:
                yield _with_size(failed, path, place, size + (want - got) // 2)
        for place, size in places:
            if size > 1 and (size * want) % got == 0 and size != got:
                yield _with_size(failed, path, place, size * want // got)
        for place, size in places if derived else ():  # what is put beside something else
            if size + want - got >= 0:
                yield _with_size(failed, path, place, size + want - got)
        root = (want / got) ** 0.5
        if len(value.shape) >= 4:
            sides = [round(size * root) for size in value.shape[-2:]]
            if all(sides):
                yield with_tensor(failed.arguments, path, replace(value, shape=(*value.shape[:-2], *sides)))


LARGEST = 1 << 28
"""Elements of the largest argument that is tried: sizes that are guessed from an error may be absurd."""


def _with_size(failed: FailedCall, path: Path, axis: int, size: int) -> Arguments:
    value = failed.tensor(path)
    shape = (*value.shape[:axis], size, *value.shape[axis + 1 :])
    return with_tensor(failed.arguments, path, replace(value, shape=shape))


def reranked(failed: FailedCall, inputs: Inputs, tensor: object, rank: int, names: Iterable[str] = ()) -> Proposals:
    """Give the argument that `tensor` is, or those of these names, another rank."""
    if not 0 < rank < 8:
        return
    paths = failed.paths_of(tensor) or [path for name in names for path in failed.named(name)]
    if not paths:
        paths = [
            path for path, value in tensors(failed.arguments) if value.shape == tuple(getattr(tensor, "shape", ()))
        ]
    for path in paths:
        value = failed.tensor(path)
        had = len(value.shape)
        if had == rank:
            continue
        demand = inputs.demand(str(path[0])) if len(path) == 1 else None
        if len(path) > 1:
            yield from _all_reranked(failed, inputs, path, rank)
        if demand is not None:
            usual = inputs.tensor(str(path[0]), replace(demand, rank=rank, names=()))
            dtype = value.dtype if demand.dtype is None else usual.dtype
            yield with_tensor(failed.arguments, path, replace(usual, dtype=dtype, high=value.high))
        if had > rank:
            yield with_tensor(failed.arguments, path, replace(value, shape=value.shape[:rank]))
            yield with_tensor(failed.arguments, path, replace(value, shape=value.shape[had - rank :]))
        else:
            extra = rank - had
            yield with_tensor(
                failed.arguments, path, replace(value, shape=(*value.shape[:1], *(1,) * extra, *value.shape[1:]))
            )
            yield with_tensor(failed.arguments, path, replace(value, shape=(*value.shape, *value.shape[-1:] * extra)))


def _all_reranked(failed: FailedCall, inputs: Inputs, path: Path, rank: int) -> Proposals:
    """Give all tensors of a list or a dictionary another rank."""
    changed = failed.arguments
    for other in failed.named(str(path[0])):
        value = failed.tensor(other)
        demand = Demand(rank, {1: inputs.width} if rank == 4 else {})
        changed = with_tensor(changed, other, replace(inputs.tensor("", demand), dtype=value.dtype, high=value.high))
    yield changed


def retyped(
    failed: FailedCall, dtype: str, tensor: object = None, only: Callable[[Tensor], bool] | None = None
) -> Proposals:
    """Give arguments another dtype: the one that `tensor` is, else each that `only` holds for."""
    paths = failed.paths_of(tensor) if tensor is not None else []
    rest = [path for path, value in tensors(failed.arguments) if path not in paths and (only is None or only(value))]
    near = [id(frame.f_locals[name]) for frame, line in failed.users() for name in names_at(frame, line)]
    place = {tensor: index for index, tensor in reversed(list(enumerate(near)))}
    rest.sort(key=lambda path: place.get(id(failed.values.get(path)), len(near)))
    for path in paths + rest:
        value = failed.tensor(path)
        if value.dtype != dtype:
            yield with_tensor(failed.arguments, path, replace(value, dtype=dtype))
    changed = failed.arguments
    for path in rest:
        changed = with_tensor(changed, path, replace(failed.tensor(path), dtype=dtype))
    if len(rest) > 1:
        yield changed


def supplied(failed: FailedCall, inputs: Inputs, name: str) -> Proposals:
    """Pass an argument that was not passed, or was None."""
    current = failed.arguments.get(name)
    if name not in inputs.parameters or (current is not None and current.expression != "None"):
        return
    for value in inputs.candidates(name):
        if value.expression != "None":
            yield {**failed.arguments, name: value}


# --- rules that read exactly what is wrong


def _leaf(failed: FailedCall, inputs: Inputs) -> Proposals:
    """The innermost module of torch's that failed: what it asks for, and what it was given."""
    for frame, _ in reversed(failed.frames):
        module = frame.f_locals.get("self")
        if not isinstance(module, nn.Module):
            continue
        demand = of_module(module)
        given = frame.f_locals.get("input", frame.f_locals.get("x", frame.f_locals.get("query")))
        if demand is None or not is_tensor(given):
            return
        if demand.dtype == "int64" and (given.dtype.is_floating_point or given.dtype.is_complex):
            yield from retyped(failed, "int64", given, lambda value: not value.is_integer)
        weight = getattr(module, "weight", None)
        if demand.dtype is None and is_tensor(weight) and given.dtype != weight.dtype:
            yield from retyped(failed, str(weight.dtype).removeprefix("torch."), given)
        rank = given.dim()
        if demand.rank is not None and rank != demand.rank and not isinstance(module, (nn.Embedding, nn.RNNBase)):
            yield from reranked(failed, inputs, given, demand.rank)
            return
        for axis, size in demand.axes.items():
            if -rank <= axis < rank and given.shape[axis] != size:
                yield from resized(failed, given.shape[axis], size, given, axis)
        return


def _multiplied(failed: FailedCall, inputs: Inputs) -> Proposals:
    match = re.search(r"\(?\[?(\d+)(?:x|, )(\d+)\]? (?:and|X) \[?(\d+)(?:x|, )(\d+)", failed.message)
    if match is not None:
        yield from resized(failed, int(match[2]), int(match[3]))
        yield from resized(failed, int(match[3]), int(match[2]))
    match = re.search(r"batch1? ?tensor.*?\[(\d+), (\d+)\] but got: \[(\d+), (\d+)\]", failed.message)
    if match is not None:
        for got, want in ((int(match[3]), int(match[1])), (int(match[4]), int(match[2]))):
            yield from resized(failed, got, want)
            yield from resized(failed, want, got)


def _channels(failed: FailedCall, inputs: Inputs) -> Proposals:
    match = re.search(r"to have (\d+) channels, but got (\d+) channels", failed.message)
    if match is not None:
        yield from resized(failed, int(match[2]), int(match[1]), axis=1)


def _broadcast(failed: FailedCall, inputs: Inputs) -> Proposals:
    message = failed.message
    pairs: list[tuple[int, int]] = []
    match = re.search(
        r"had (?:torch\.Size\()?\[([\d, ]*)\]\)?; but expected shape should be broadcastable to \[([\d, ]*)\]", message
    )
    if match is not None:
        left, right = ([int(size) for size in text.split(",") if size.strip()] for text in (match[1], match[2]))
        for scale in (left, right):
            if len(scale) > 3 and scale[1] > 1 and scale[0] == 1 and {*scale[2:]} == {1}:
                yield from _with_channels(failed, scale)
        pairs += [(a, b) for a, b in zip(reversed(left), reversed(right)) if a != b and 1 not in (a, b)]
    for pattern in (
        r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
        r"expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\)",
        r"Expected size (\d+) but got size (\d+)",
        r"Expected (\d+) but got (\d+) for tensor number",
        r"Shape mismatch, (\d+) != (\d+)",
        r"Attempting to broadcast a dimension of length (\d+) .*? to (\d+)",
        r"input and target.*?\((\d+)\).*?\((\d+)\)",
        r"expected .*? (\d+), got (\d+)",
    ):
        match = re.search(pattern, message, re.IGNORECASE)
        if match is not None:
            pairs.append((int(match[1]), int(match[2])))
    match = re.search(r"sum exactly to (\d+) .*split_sizes=\[([\d, ]+)\]", message)
    if match is not None:
        yield from resized(failed, int(match[1]), sum(int(size) for size in match[2].split(",")))
    for left, right in pairs:
        yield from resized(failed, left, right)
        yield from resized(failed, right, left)


def _with_channels(failed: FailedCall, scale: Sequence[int]) -> Proposals:
    """Give arguments of lower rank the axes of (1, channels, 1, 1): who writes a batch of one writes all axes."""
    for path, value in tensors(failed.arguments):
        if 1 < len(value.shape) < len(scale):
            shape = (value.shape[0], scale[1], *(MAP,) * (len(scale) - 2))
            yield with_tensor(failed.arguments, path, replace(value, shape=shape))


def _ranks(failed: FailedCall, inputs: Inputs) -> Proposals:
    """Messages that tell a rank, of the tensor that the statement is about."""
    message = failed.message
    wanted: list[int] = []
    given: int | None = None
    if match := re.search(r"not enough values to unpack \(expected (\d+), got (\d+)\)", message):
        wanted, given = [int(match[1])], int(match[2])
    elif match := re.search(r"too many values to unpack \(expected (\d+)", message):
        wanted = [int(match[1])]
    elif match := re.search(r"expected to be in range of \[-(\d+), \d+\], but got (-?\d+)", message):
        given = int(match[1])
        index = int(match[2])
        wanted = [index + 1 if index >= 0 else -index]
    elif match := re.search(r"too many indices for tensor of dimension (\d+)", message):
        given = int(match[1])
        wanted = [given + 1, given + 2]
    elif match := re.search(
        r"expected (\d+) dims\. Received (\d+)-dim|"
        r"equation \((\d+)\) does not match the number of dimensions \((\d+)\)",
        message,
    ):
        wanted, given = [int(match[1] or match[3])], int(match[2] or match[4])
    elif match := re.search(r"input\.dim\(\) = (\d+) is not equal to len\(dims\) = (\d+)", message):
        wanted, given = [int(match[2])], int(match[1])
    elif match := re.search(r"or (\d)D \(batched\) input", message):
        wanted = [int(match[1])]
    elif match := re.search(r"(?:xpected|requires|must be|[Oo]nly supports?)[^\d]*(\d)D(?: or (\d)D)?", message):
        wanted = [int(text) for text in (match[2], match[1]) if text]
    elif isinstance(failed.error, IndexError) and "tuple index out of range" in message:
        wanted = [4, 3, 5]
    for frame, line in failed.users():
        names = names_at(frame, line)
        if "to unpack" in message and wanted and (unpacked := _unpacked_beside(frame, line)) is not None:
            shaped, beside = unpacked
            yield from reranked(failed, inputs, shaped, wanted[0] - beside)
            return
        found = [frame.f_locals[name] for name in names if is_tensor(frame.f_locals[name])]
        for tensor in found:
            if given is None or tensor.dim() == given:
                for rank in wanted:
                    yield from reranked(failed, inputs, tensor, rank, names)
    if given is not None:
        for path, value in tensors(failed.arguments):
            if len(value.shape) == given:
                for rank in wanted:
                    yield from reranked(failed, inputs, failed.values.get(path), rank, [str(path[0])])
        for path, value in tensors(failed.arguments):
            for rank in wanted:  # it is about what was made of an argument
                yield from reranked(
                    failed, inputs, failed.values.get(path), len(value.shape) + rank - given, [str(path[0])]
                )


def _unpacked_beside(frame, line: int) -> tuple[object, int] | None:  # type: ignore[no-untyped-def]
    """The tensor of `b, n, device = *x.shape, x.device`, and how many values stand beside its sizes."""
    values = [node for node in expressions_at(frame, line) if isinstance(node, ast.Tuple)]
    for tuple_ in (node for node in values if isinstance(node.ctx, ast.Load)):
        starred = [item.value for item in tuple_.elts if isinstance(item, ast.Starred)]
        if len(starred) == 1 and (tensor := _shaped(starred[0], frame)) is not None:
            return tensor, len(tuple_.elts) - 1
    return None


def _too_small(failed: FailedCall, inputs: Inputs) -> Proposals:
    """A kernel or a padding that is larger than what it is applied to: make that larger."""
    match = re.search(r"padding \((\d+), \d+\) at dimension (\d+) of input .*?\[([\d, ]+)\]", failed.message)
    if match is not None:
        yield from resized(failed, int(match[3].split(",")[int(match[2])]), 16 * int(match[1]))
    if match is not None or re.search(
        r"can't be greater than actual input|[Oo]utput size is too small", failed.message
    ):
        for path, value in tensors(failed.arguments):
            if len(value.shape) > 1:
                times = (1,) * (2 if len(value.shape) > 2 else 1)
                for factor in (4, 16, 64):
                    rest = (size * factor for size in value.shape[len(times) :])
                    shape = (*value.shape[: len(times)], *rest)
                    yield with_tensor(failed.arguments, path, replace(value, shape=shape))


def _divided(failed: FailedCall, inputs: Inputs) -> Proposals:
    match = re.search(r"can't divide axis of length (\d+) in chunks of (\d+)", failed.message)
    if match is not None:
        size, chunk = int(match[1]), int(match[2])
        yield from resized(failed, size, max(round(size / chunk), 1) * chunk)
        yield from resized(failed, size, chunk)
        yield from resized(failed, size, (size // chunk + 1) * chunk)


def _dtypes(failed: FailedCall, inputs: Inputs) -> Proposals:
    message = failed.message
    wants_bool = re.search(
        r"bitwise|not implemented for 'Float'|only be.*bool|dtype.*bool|(must|to) be.*bool|mask.*bool|boolean", message
    )
    if wants_bool is not None:
        yield from retyped(failed, "bool", None, lambda value: value.is_integer)
        yield from retyped(failed, "bool", None, lambda value: value.dtype != "bool")
    elif re.search(
        r"scalar types: Long, Int|expected scalar type Long|must be long|dtype int64|index tensor|"
        r"to be (of )?(type )?[Ll]ong|"
        r"used as indices|[Ee]xpected.*(int32|int64|integer|Long)|one_hot|an integer|Float'? can.t be cast to .*Long",
        message,
    ):
        yield from retyped(failed, "int64", None, lambda value: not value.is_integer)
    if re.search(
        r"floating[ -]point|not implemented for '(Long|Int|Bool)'|bool tensor|\bLong\b|to be floating|"
        r"not supported for.*bool",
        message,
    ):
        yield from retyped(failed, "float32", None, lambda value: value.is_integer or value.dtype == "bool")
    if re.search(r"complex", message):
        yield from retyped(failed, "complex64")
    pattern = (
        r"(?:same dtype|same type|dtype|type)[^:(]*(?:but got:?|\()\s*:?\s*"
        r"([\w.: ]+?)\)? (?:!=|and)(?: \w+ type)? \(?([\w.:]+)"
    )
    for found in re.finditer(pattern, message):
        for text in (found[2], found[1]):
            dtype = _DTYPES.get(text.strip().lower())
            if dtype is not None:
                yield from retyped(failed, dtype)
    if "dtype" in message or "type" in message:
        for text in re.findall(r"torch\.(\w+)|\b(c10::\w+|BFloat16|Half|Float|Double|Long)\b", message):
            dtype = _DTYPES.get((text[0] or text[1]).lower(), text[0])
            if dtype in _DTYPES.values():
                yield from retyped(failed, dtype)


def _missing(failed: FailedCall, inputs: Inputs) -> Proposals:
    """Required arguments that a wrapped signature did not show."""
    if isinstance(failed.error, TypeError) and "missing" in failed.message:
        for name in re.findall(r"'(\w+)'", failed.message):
            yield from supplied(failed, inputs, name)


def _none(failed: FailedCall, inputs: Inputs) -> Proposals:
    """Something that is None in the failing statement, or in one that led to it: pass it."""
    for frame, line in failed.users():
        for name in names_at(frame, line):
            if frame.f_locals[name] is None:
                yield from supplied(failed, inputs, name)
        if frame is failed.root:
            return


def _compared(failed: FailedCall, inputs: Inputs) -> Proposals:
    """A condition of the user's that did not hold: make its sides equal."""
    if not isinstance(failed.error, (AssertionError, ValueError, RuntimeError, TypeError)):
        return
    frame, line = next(failed.users(), (None, 0))
    if frame is None:
        return
    for left, a, operator, right, b in compared(frame, line):
        yield from _made_equal(failed, inputs, frame, left, a, operator, right, b)


def _made_equal(failed, inputs, frame, left, a, operator, right, b) -> Proposals:  # type: ignore[no-untyped-def]
    if isinstance(operator, (ast.In, ast.NotIn)) and isinstance(b, (tuple, list)):
        for choice in b:
            yield from _made_equal(failed, inputs, frame, left, a, ast.Eq(), right, choice)
        return
    if type(a) is int and type(b) is int:
        tensor = _rank_of(left, frame) if _rank_of(left, frame) is not None else _rank_of(right, frame)
        if tensor is not None:
            want = b if _rank_of(left, frame) is not None else a
            yield from reranked(failed, inputs, tensor, want + isinstance(operator, (ast.Gt, ast.LtE)) * 0)
        elif isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mod) and b == 0:
            size, chunk = value_of(left.left, frame), value_of(left.right, frame)
            if type(size) is int and type(chunk) is int and chunk:
                yield from resized(failed, size, max(round(size / chunk), 1) * chunk)
                yield from resized(failed, size, (size // chunk + 1) * chunk)
        else:
            yield from resized(failed, a, b)
            yield from resized(failed, b, a)
    elif isinstance(a, tuple) and isinstance(b, (tuple, list)):
        yield from _of_one_shape(failed, _shaped(left, frame), _shaped(right, frame))
        for x, y in zip(a, b) if len(a) == len(b) else ():
            if type(x) is int and type(y) is int and x != y:
                yield from resized(failed, x, y)
                yield from resized(failed, y, x)
    elif hasattr(b, "is_floating_point") and hasattr(a, "is_floating_point"):
        yield from retyped(failed, str(b).removeprefix("torch."))


def _of_one_shape(failed: FailedCall, one: object, other: object) -> Proposals:
    """`x.shape == y.shape` of two arguments: the one takes the shape of the other; that of ids is the surest."""
    paths = [path for tensor in (one, other) for path, value in failed.values.items() if value is tensor]
    if len(paths) == 2:
        paths.sort(key=lambda path: not failed.tensor(path).is_integer)
        for kept, path in (paths, reversed(paths)):
            shape = failed.tensor(kept).shape
            yield with_tensor(failed.arguments, path, replace(failed.tensor(path), shape=shape))


def _rank_of(node: ast.expr, frame) -> object:  # type: ignore[no-untyped-def]
    """The tensor whose rank an expression is: `x.dim()`, `x.ndim`, `len(x.shape)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("dim", "ndimension"):
        return _tensor(node.func.value, frame)
    if isinstance(node, ast.Attribute) and node.attr == "ndim":
        return _tensor(node.value, frame)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and node.args:
        return _shaped(node.args[0], frame)
    return None


def _shaped(node: ast.expr, frame) -> object:  # type: ignore[no-untyped-def]
    """The tensor whose shape an expression is: `x.shape`, `x.size()`."""
    if isinstance(node, ast.Attribute) and node.attr == "shape":
        return _tensor(node.value, frame)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "size":
        return _tensor(node.func.value, frame) if not node.args else None
    return None


def _tensor(inner: ast.expr, frame) -> object:  # type: ignore[no-untyped-def]
    try:
        value = value_of(inner, frame)
    except Exception:
        return None
    return value if is_tensor(value) else None


# --- rules that read what is probably wrong


def _named_in_message(failed: FailedCall, inputs: Inputs) -> Proposals:
    """Optional arguments that the message speaks of."""
    words = re.findall(r"\w+", failed.message)
    for word in dict.fromkeys(words):
        yield from supplied(failed, inputs, word)


def _viewed(failed: FailedCall, inputs: Inputs) -> Proposals:
    """A view of another number of elements: the sizes in it that the tensor should have had."""
    match = re.search(r"shape '?\[([-\d, ]+)\]'? is invalid for input of size (\d+)", failed.message)
    if match is None:
        return
    wanted = [int(size) for size in match[1].split(",")]
    given = int(match[2])
    known = 1
    for size in wanted:
        known *= size if size > 0 else 1
    if known and -1 not in wanted:
        yield from resized(failed, given, known)
    for frame, line in failed.users():
        for name in names_at(frame, line):
            tensor = frame.f_locals[name]
            if is_tensor(tensor) and tensor.numel() == given:
                for path in failed.paths_of(tensor):
                    shape = failed.tensor(path).shape
                    for axis in reversed(range(1, len(shape))):
                        rest = given // shape[axis] if shape[axis] else 0
                        if rest and known % rest == 0 and -1 not in wanted:
                            yield _with_size(failed, path, axis, known // rest)
                        elif known:
                            yield _with_size(failed, path, axis, shape[axis] * known)
                    if -1 in wanted and given % known:
                        yield _with_size(failed, path, 0, shape[0] * (known // math.gcd(known, given)))
                    for size in wanted:
                        if size > 1:
                            yield _with_size(failed, path, len(shape) - 1, size)
        break


def _other_candidates(failed: FailedCall, inputs: Inputs) -> Proposals:
    """The next candidates of the arguments in the failing statements, then of all."""
    names: list[str] = []
    for frame, line in failed.users():
        if frame is failed.root:
            names = [name for name in names_at(frame, line) if name in failed.arguments]
            break
    for name in dict.fromkeys((*names, *failed.arguments)):
        for value in inputs.candidates(name):
            if value.expression != failed.arguments[name].expression:
                yield {**failed.arguments, name: value}


def _wrong_kind(failed: FailedCall, inputs: Inputs) -> Proposals:
    """A tensor where something else is meant: a number, a pair, a list of tensors, a module."""
    message = failed.message
    if not isinstance(failed.error, (TypeError, AttributeError, ValueError)):
        return
    names = []
    for frame, line in failed.users():
        names += [n for n in names_at(frame, line) if n in failed.arguments and n not in names]
    for name in names:
        value = failed.arguments[name]
        options: list[Value] = []
        if "must be a mapping" in message:
            options = [_mapping(failed, name)]
        elif "not callable" in message:
            options = [Written("torch.nn.Identity()")]
        elif isinstance(value, Tensor) and re.search(r"no attribute '(weight|bias)'", message):
            options = [Written(f"torch.nn.Embedding({inputs.vocabulary}, {inputs.width})")]
            options.append(Written(f"torch.nn.Linear({inputs.width}, {inputs.width})"))
        elif isinstance(value, Tensor):
            if (
                "must be tuple of ints" in message
                or "'int'" in message
                or "as an integer" in message
                or "must be int" in message
                or "SymInt" in message
            ):
                options = [Written("4"), Written("(4, 4)")]
            elif "tuple" in message or "list" in message or "unpack" in message:
                options = [Items((value, value)), Items((value, value), True)]
        elif "not iterable" in message or "not subscriptable" in message or "has no len" in message:
            options = [Written(f"({value.expression}, {value.expression})")]
        elif "has no attribute" in message:
            options = [*inputs.shapes(name)[:4]]
        for option in options:
            yield {**failed.arguments, name: option}


def _mapping(failed: FailedCall, name: str) -> Value:
    """What is passed with `**`: the sizes of the axes that an einops pattern leaves open, else nothing."""
    for frame, line in failed.users():
        for expression in expressions_at(frame, line):
            for node in ast.walk(expression):
                if not isinstance(node, ast.Call) or not any(
                    word.arg is None and isinstance(word.value, ast.Name) and word.value.id == name
                    for word in node.keywords
                ):
                    continue
                texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                pattern = next((text for text in texts if "->" in text), "")
                known = {word.arg for word in node.keywords}
                sides = re.findall(r"\(([\w ]+)\)", pattern.partition("->")[0])
                axes = [axis for side in sides for axis in side.split() if axis not in known]
                return Entries(tuple((axis, Written("4")) for axis in dict.fromkeys(axes)))
    return Entries(())


def _any_shape(failed: FailedCall, inputs: Inputs) -> Proposals:
    """Nothing is known: the shapes that arguments usually have, of one argument at a time."""
    for path, _ in tensors(failed.arguments):
        if len(path) == 1:
            for value in inputs.shapes(str(path[0])):
                yield with_tensor(failed.arguments, path, value)


def _all_optional(failed: FailedCall, inputs: Inputs) -> Proposals:
    """Nothing is known: pass what may be left out, one after the other."""
    for name, parameter in inputs.parameters.items():
        if name not in failed.arguments and parameter.default is None:
            yield from supplied(failed, inputs, name)


_SURE: tuple[Rule, ...] = (
    _missing, _none, _leaf, _channels, _ranks, _too_small, _divided, _multiplied, _broadcast, _dtypes, _compared
)  # fmt: skip
_LIKELY: tuple[Rule, ...] = (_named_in_message, _viewed, _wrong_kind, _other_candidates)
_FALLBACKS: tuple[Rule, ...] = (_any_shape, _all_optional)
