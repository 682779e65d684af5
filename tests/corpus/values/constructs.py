"""Each construct of Python that code of a module may use; every class is called as `Class()(torch.rand(4, 6))`."""

import contextlib
import functools
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

Pair = namedtuple("Pair", ["first", "second"])
TABLE = {"double": lambda value: value * 2, "halve": lambda value: value / 2}
WEIGHT = torch.ones(6)


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        result = function(*args, **kwargs)
        return result

    return wrapper


def scaled(by):
    def decorate(function):
        def inner(self, *args):
            value = function(self, *args)
            return value * by

        return inner

    return decorate


@dataclass
class Output:
    logits: torch.Tensor
    hidden: tuple = ()
    note: str = ""


@dataclass
class SlottedOutput:
    __slots__ = ("value",)
    value: torch.Tensor


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 6)

    def forward(self, x):
        y = self.linear(x)
        return y


class Targets(Base):
    def forward(self, x):
        a = b = x + 1
        c: torch.Tensor = a * 2
        c += b
        d, (e, *f) = x[:2], list(x)
        [g, h] = x.chunk(2)
        self.kept = g
        holder = {}
        holder["x"], other = h, g
        holder["x"] += 1
        if (n := x.sum(0)) is not None:
            m = n * 2
        for i, row in enumerate(x):
            q = row * i
        else:
            q = x[0]
        for _k, v in {"a": x}.items():
            w = v
        with contextlib.nullcontext(x) as z:
            u = z.sum()
        with contextlib.nullcontext((x, x)) as (s, t), contextlib.suppress(ValueError):
            r = s @ t.T
        del a
        return super().forward(c[:, :6]) + m + q + w.sum() + u + r.sum() + d.sum() + e.sum() + f[0].sum() + other.sum()


class Expressions(Base):
    def forward(self, x):
        y = x if x.shape[0] > 2 else None
        y = (self.training and y) if y is not None else x
        z = [each * 2 for each in y if each is not None]
        w = {index: (each, -each) for index, each in enumerate(z)}
        v = {name for name in ("a", "b") if name}
        total = sum(first.sum() for first, _ in w.values())
        nested = [[cell.sum() for cell in row.unbind()] for row in x]
        text = f"{x.shape} {x.sum(0).shape!r:>10} {len(v)}"
        picked = x[:, [0, 1]][..., None][1:3, ::2]
        both = (lambda p, q=x: p + q)(x)
        starred = torch.stack([*z, *(row for row in x)], dim=0)
        chained = x.relu().view(2, -1).T[0:1]
        matrix = x @ x.t() ** 2 - (~(x > 0.5)[:, :4].bool()).float()
        assert x.shape[1] == 6, f"{x}"
        is_small = 0 < x.shape[0] <= 10
        return (
            total
            + sum(map(sum, nested))
            + len(text)
            + picked.sum()
            + both
            + starred.sum()
            + chained.sum()
            + matrix.sum() * is_small
        )


class Flow(Base):
    def forward(self, x, early=False):
        if early:
            y = x * 100
            return y
        elif x.dim() == 3:
            y = x.mean(0)
        else:
            y = x
        count = 0
        while count < 3:
            count += 1
            if count == 2:
                continue
            y = y + count
        try:
            z = self.missing(x)
        except AttributeError:
            z = x * 3
        else:
            z = None
        finally:
            w = z - 1
        try:
            raise ValueError(x)
        except ValueError as error:
            v = error.args[0]
        match {"kind": "a", "value": x}:
            case {"kind": "b"}:
                u = x
            case {"kind": "a", "value": torch.Tensor() as found} if found.dim() == 2:
                u = found * 2
        match (x, y):
            case [first, *rest]:
                t = first + rest[0]
        for _ in range(2):
            if t is None:
                break
            t = t * 2
        return y + w + v + u + t


class Functions(Base):
    @staticmethod
    def plain(x):
        y = x * 2
        return y

    @classmethod
    def of_class(cls, x):
        y = cls.plain(x) + 1
        return y

    @property
    def doubled(self):
        w = self.linear.weight * 2
        return w

    @functools.cached_property
    def once(self):
        w = self.linear.bias * 2
        return w

    @logged
    def wrapped(self, x):
        y = x + 1
        return y

    @scaled(by=3)
    def decorated(self, x, more):
        y = x + more
        return y

    def __private(self, x):
        self.__hidden = x
        y = self.__hidden * 2
        return y

    def rows(self, x):
        for row in x:
            doubled = row * 2
            yield doubled
        yield from x.unbind()

    @torch.no_grad()
    def frozen(self, x):
        y = x * 2
        return y

    def forward(self, x, *args, factor=2, **kwargs):
        offset = x.mean()

        def shifted(value, by=offset):
            moved = value + by + offset
            return moved

        def counted():
            nonlocal offset
            offset = offset + 1
            return offset

        again = lambda value: shifted(value) * factor  # noqa: E731
        a = self.plain(x) + self.of_class(x) + self.wrapped(x) + self.decorated(x, x) + self.__private(x)
        b = F.linear(x, self.doubled, self.once) + again(x) + counted()
        c = torch.stack(list(self.rows(x))).sum()
        d = TABLE["double"](x) + TABLE["halve"](x) + getattr(self, "of_" + "class")(x)
        e = super().forward(x) + functools.partial(self.plain)(x) + self.frozen(x)
        f = checkpoint(self.wrapped, x, use_reentrant=False) + checkpoint(self.plain, x, use_reentrant=True)
        return a + b + c + d + e + f


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        y = x**3
        return y

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * grad


class Transforms(Base):
    def row(self, row):
        y = row * 2
        return y.sum()

    def forward(self, x):
        a = torch.func.vmap(self.row)(x)
        b = torch.func.grad(lambda value: self.row(value))(x)
        c = torch.func.vmap(torch.func.grad(self.row))(x)
        d = Cube.apply(x)
        e = torch.func.functional_call(self.linear, dict(self.linear.named_parameters()), (x,))
        with torch.device("cpu"), torch.autocast("cpu", dtype=torch.bfloat16):
            f = self.linear(x)
        with torch.inference_mode():
            g = x + 1
        return a.sum() + b.sum() + c.sum() + d + e + f.float() + g.sum()


class Containers(Base):
    def forward(self, x):
        output = Output(self.linear(x), (x, x[0]))
        slotted = SlottedOutput(x)
        pair = Pair(x, second=[x[0], {"deep": (x[1],)}])
        ordered = OrderedDict(a=x, b=None)
        empty, sizes = [], [x.shape[0], x.size(1)]
        many = [x[0] for _ in range(50)]
        loop = [x]
        loop.append(loop)
        y = output.logits + slotted.value + pair.second[1]["deep"][0] + ordered["a"] + many[3]
        return {"output": output, "y": y, "rest": (pair, empty, sizes)}


class Tagged(torch.Tensor):
    calls = 0

    @classmethod
    def __torch_function__(cls, function, kinds, args=(), kwargs=None):
        Tagged.calls += 1
        return super().__torch_function__(function, kinds, args, kwargs or {})


class Loud:
    """Notices whatever looks into it."""

    def __init__(self, value):
        self.value = value
        self.seen = []

    def __len__(self):
        self.seen.append("len")
        return 1

    def __repr__(self):
        self.seen.append("repr")
        return "Loud"

    def __iter__(self):
        self.seen.append("iter")
        return iter(())

    def __bool__(self):
        self.seen.append("bool")
        return True

    def __eq__(self, other):
        self.seen.append("eq")
        return True

    def __hash__(self):
        self.seen.append("hash")
        return 1

    def __getattr__(self, name):
        self.seen.append(name)
        raise AttributeError(name)

    @property
    def shape(self):
        self.seen.append("shape")
        return ()


class Subclasses(Base):
    def forward(self, x):
        tagged = x.as_subclass(Tagged)
        before = Tagged.calls
        same = tagged
        assert Tagged.calls == before
        loud = Loud(x)
        items = [loud, x]
        assert items[0].seen == [], items[0].seen
        key = {loud: x}
        plain = same.as_subclass(torch.Tensor)
        assert set(loud.seen) <= {"hash"}, loud.seen
        return plain * 2 + len(key)


class Hooked(Base):
    def __init__(self):
        super().__init__()
        self.linear.register_forward_hook(self.after)
        self.register_forward_pre_hook(lambda module, args: (args[0] * 2,))

    def after(self, module, args, output):
        changed = output * 2
        return changed

    def forward(self, x):
        y = self.linear(x)
        return y


def assigned(x):
    y = x * 5
    return y


class Dynamic(Base):
    def __init__(self):
        super().__init__()
        self.forward = assigned
        self.unused = 1


class Compiled(Base):
    def __init__(self):
        super().__init__()
        self.inner = torch.compile(Base(), backend="eager")
        self.scripted = torch.jit.script(nn.Linear(6, 6))

    def forward(self, x):
        y = self.inner(x)
        z = self.scripted(y)
        return z


class ByMethod(Base):
    """Calls methods of a submodule past its `__call__`."""

    def __init__(self):
        super().__init__()
        self.inner = Functions()

    def forward(self, x):
        y = self.inner.forward(x)
        z = self.inner.wrapped(y)
        return z


class Item:
    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        total = self.value + other.value
        return Item(total)

    def __getitem__(self, index):
        part = self.value[index]
        return part

    def __call__(self, x):
        y = self.value + x
        return y


class Objects(Base):
    def __init__(self):
        super().__init__()
        self.tools = Item(torch.ones(6))

    def forward(self, x):
        item = Item(x) + Item(x)
        row = item[0]
        y = item(x) + self.tools(row)
        return y


Made = type("Made", (Base,), {"forward": lambda self, x: self.linear(x) * 2})

namespace = {"torch": torch, "Base": Base}
exec(
    """
class Executed(Base):
    def forward(self, x):
        y = self.linear(x)
        return y
""",
    namespace,
)
Executed = namespace["Executed"]


class Ünïcode(Base):
    def forward(self, x):
        größe = "ßßß", x * 2
        ergebnis = größe[1] + x
        return ergebnis


def made_in_a_function(width):
    scale = 2

    class Local(Base):
        class Part(nn.Module):
            def forward(self, x):
                z = x * scale
                return z

        def __init__(self):
            super().__init__()
            self.part = self.Part()

        def forward(self, x):
            y = super().forward(x) * scale
            w = self.part(y)
            return w[:, :width]

    return Local


Local = made_in_a_function(3)


class Globals(Base):
    def forward(self, x):
        global WEIGHT
        WEIGHT = WEIGHT * 1
        y = x * WEIGHT
        return y
