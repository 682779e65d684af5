"""Modules with tensor subclasses as parameters, buffers, arguments and results, of one kind each.

What aotlens says of them is compared with what eager autograd does.
"""

import torch
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils import _pytree as pytree


def two(*shape, grad=False):
    return TwoTensor(torch.randn(*shape), torch.randn(*shape)).requires_grad_(grad)


class Wrap(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return TwoTensor(x.clone(), x * 2)

    @staticmethod
    def backward(ctx, g):
        return g.a + 2 * g.b


class Half(torch.autograd.Function):
    """the gradient's second piece is always zero"""

    @staticmethod
    def forward(ctx, x):
        return x.a.clone()

    @staticmethod
    def backward(ctx, g):
        return TwoTensor(g, torch.zeros_like(g))


class Nothing(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.a + x.b

    @staticmethod
    def backward(ctx, g):
        return TwoTensor(torch.zeros_like(g), torch.zeros_like(g))


class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.norm = nn.LayerNorm(n)
        self.fc = nn.Linear(n, n)
        self.fc.weight = nn.Parameter(TwoTensor(self.fc.weight.detach(), torch.zeros(n, n)))

    def forward(self, x):
        return x + self.fc(self.norm(x)).relu()


_t = two(2, 4, grad=True)


# aotlens: ParamTwo()(torch.randn(2, 4))
class ParamTwo(nn.Module):
    """subclass weight, plain bias: bias' gradient is a subclass"""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return x @ self.weight + self.bias


# aotlens: BufferTwo()(torch.randn(2, 4))
class BufferTwo(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", two(4))
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        return (x @ self.weight) * self.scale


# aotlens: BufferTwoMut()(torch.randn(2, 4))
class BufferTwoMut(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", two(4))
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        self.scale.mul_(0.9)
        return (x @ self.weight) * self.scale


# aotlens: ArgTwo()(two(2, 4, grad=True))
class ArgTwo(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(x).relu()


# aotlens: OutTwo()(torch.randn(2, 4))
class OutTwo(nn.Module):
    """plain params, output wrapped inside"""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        y = self.fc(x)
        return TwoTensor(y, y * 2)


# aotlens: GradPlain()(torch.randn(2, 4))
class GradPlain(nn.Module):
    """subclass parameter, output unwrapped"""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        y = x @ self.weight
        return y.a + y.b


# aotlens: Nested()(torch.randn(2, 4))
class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(TwoTensor(two(4, 4), two(4, 4)))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return x @ self.weight + self.bias


# aotlens: NestedMixed()(torch.randn(2, 4))
class NestedMixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(TwoTensor(two(4, 4), torch.randn(4, 4)))

    def forward(self, x):
        return (x @ self.weight).tanh()


# aotlens: ListTwo()([two(2, 4), torch.randn(2, 4)])
class ListTwo(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4, bias=False)

    def forward(self, xs):
        return {"one": self.fc(xs[0]), "two": self.fc(xs[1])}


# aotlens: Frozen()(torch.randn(2, 4, requires_grad=True))
class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return x @ self.weight + self.bias


# aotlens: Unused()(torch.randn(2, 4))
class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.dead = nn.Parameter(two(4, 4))
        self.cut = nn.Parameter(two(4))

    def forward(self, x):
        return x @ self.weight + self.cut.detach()


# aotlens: Tied()(torch.randn(2, 4))
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.other = self.weight

    def forward(self, x):
        return x @ self.weight @ self.other


# aotlens: Linears()(torch.randn(2, 4))
class Linears(nn.Module):
    """a stack whose weights are wrapped after construction, as torchao does"""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*[nn.Linear(4, 4) for _ in range(3)])
        for layer in self.layers:
            layer.weight = nn.Parameter(TwoTensor(layer.weight.detach(), layer.weight.detach().clone()))

    def forward(self, x):
        return self.layers(x)


# aotlens: ArgMut()(two(2, 4))
class ArgMut(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(two(4, 4))

    def forward(self, x):
        x.add_(1)
        return x @ self.w


# aotlens: ArgCut()(two(2, 4, grad=True), two(2, 4))
class ArgCut(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(two(4, 4))

    def forward(self, x, y):
        return x.detach() @ self.w + y


# aotlens: OutAlias()(two(2, 4))
class OutAlias(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(two(4, 4))

    def forward(self, x):
        h = x @ self.w
        return h, h.t(), x.t()


# aotlens: WrapOut()(torch.randn(2, 4))
class WrapOut(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return Wrap.apply(self.fc(x))


# aotlens: HalfZero()(torch.randn(2, 4))
class HalfZero(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        return x @ Half.apply(self.weight)


# aotlens: AllZero()(torch.randn(2, 4))
class AllZero(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return x @ Nothing.apply(self.weight) + self.bias


# aotlens: Rounded()(torch.randn(2, 4))
class Rounded(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return x @ self.weight.round() + self.bias


# aotlens: PieceMut()(torch.randn(2, 4))
class PieceMut(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", two(4))
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        self.scale.a.mul_(0.5)
        return (x @ self.weight) * self.scale.a


# aotlens: CopyMut()(torch.randn(2, 4))
class CopyMut(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", two(4))
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        h = x @ self.weight
        with torch.no_grad():
            self.mean.copy_(h.detach().mean(0))
        return h - self.mean


# aotlens: DictTwo()({"q": two(2, 4, grad=True), "rest": [two(2, 4), {"k": torch.randn(2, 4)}]})
class DictTwo(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, batch):
        q = batch["q"] @ self.weight
        return {"q": q, "rest": (batch["rest"][0] + 1, batch["rest"][1]["k"] @ self.weight)}


# aotlens: Twice()(_t, _t)
class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x, y):
        return x @ self.weight + y


# aotlens: TiedHead()(torch.randint(8, (2, 3)))
class TiedHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(4, 4, bias=False)
        self.head = nn.Linear(4, 4, bias=False)
        self.table = nn.Parameter(torch.randn(8, 4))
        self.proj.weight = nn.Parameter(two(4, 4))
        self.head.weight = self.proj.weight

    def forward(self, ids):
        return self.head(self.proj(self.table[ids]))


# aotlens: TiedDead()(torch.randn(2, 4))
class TiedDead(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Parameter(two(4, 4))
        self.other = self.one
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return x @ self.one.detach() + self.bias


# aotlens: SamePieces()(torch.randn(2, 4))
class SamePieces(nn.Module):
    """both pieces are one tensor"""

    def __init__(self):
        super().__init__()
        w = torch.randn(4, 4)
        self.weight = nn.Parameter(TwoTensor(w, w))

    def forward(self, x):
        return x @ self.weight


# aotlens: WholeAndPiece()(torch.randn(2, 4))
class WholeAndPiece(nn.Module):
    """a plain parameter and a piece of another share memory"""

    def __init__(self):
        super().__init__()
        self.plain = nn.Parameter(torch.randn(4, 4))
        self.pair = nn.Parameter(TwoTensor(self.plain.detach(), torch.randn(4, 4)))

    def forward(self, x):
        return x @ self.pair, x @ self.plain


# aotlens: ReturnsPiece()(two(2, 4))
class ReturnsPiece(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        return x @ self.weight, x.a, self.weight.b


# aotlens: ReturnsItself()(two(2, 4, grad=True))
class ReturnsItself(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.scale = nn.Parameter(two(4))

    def forward(self, x):
        return x @ self.weight, x, self.scale


# aotlens: OnePiece()(two(2, 4), two(2, 4, grad=True))
class OnePiece(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x, y):
        return x.a @ self.weight + y.b


# aotlens: TwoOuts()(torch.randn(2, 4))
class TwoOuts(nn.Module):
    def __init__(self):
        super().__init__()
        self.sub = nn.Parameter(two(4, 4))
        self.both = nn.Parameter(torch.randn(4, 4))
        self.plain = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        h = x @ self.both
        return h @ self.sub, h @ self.plain


# aotlens: MutReturn()(two(2, 4))
class MutReturn(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        x.mul_(2)
        return x, x @ self.weight


# aotlens: LeafAdd()(two(2, 4, grad=True))
class LeafAdd(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        h = x.clone()
        h += 1
        return h @ self.weight


# aotlens: ParamData()(torch.randn(2, 4))
class ParamData(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))

    def forward(self, x):
        with torch.no_grad():
            self.weight.mul_(0.9)
        return x @ self.weight


# aotlens: Mixed()(torch.randn(2, 4))
class Mixed(nn.Module):
    """a frozen subclass and a trained plain adapter (LoRA)"""

    def __init__(self):
        super().__init__()
        self.base = nn.Linear(4, 4)
        self.base.weight = nn.Parameter(two(4, 4), requires_grad=False)
        self.down = nn.Linear(4, 2, bias=False)
        self.up = nn.Linear(2, 4, bias=False)

    def forward(self, x):
        y = self.base(x)
        return y.a + self.up(self.down(x))


# aotlens: NoGrad()(torch.randn(2, 4))
class NoGrad(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(two(4, 4))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        with torch.no_grad():
            h = x @ self.weight
        return h + self.bias


# aotlens: FirstFrozen(8, 4)(torch.randn(2, 8))
class FirstFrozen(nn.Module):
    def __init__(self, n, depth):
        super().__init__()
        self.blocks = nn.ModuleList(Block(n) for _ in range(depth))
        for block in self.blocks[:2]:
            block.requires_grad_(False)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


# aotlens: Checkpointed()(torch.randn(2, 4))
class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Parameter(two(4, 4))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        def run(x):
            return (x @ self.one + self.bias).tanh()

        return torch.utils.checkpoint.checkpoint(run, x, use_reentrant=False)


# aotlens: Attr()(torch.randn(2, 4))
class Attr(nn.Module):
    """a subclass as a plain attribute, no parameter"""

    def __init__(self):
        super().__init__()
        self.table = two(4, 4)
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        return x @ self.weight @ self.table


class Scaled(torch.Tensor):
    """int8 data and a float scale, dequantized on every op; an attribute that is no tensor (block)."""

    @staticmethod
    def __new__(cls, data, scale, block=32, dtype=torch.float32, requires_grad=False):
        return torch.Tensor._make_wrapper_subclass(
            cls, data.shape, dtype=dtype, device=data.device, requires_grad=requires_grad
        )

    def __init__(self, data, scale, block=32, dtype=torch.float32, requires_grad=False):
        self.int_data, self.scale, self.block = data, scale, block

    def __tensor_flatten__(self):
        return ["int_data", "scale"], {"block": self.block, "dtype": self.dtype}

    @classmethod
    def __tensor_unflatten__(cls, inner, ctx, outer_size, outer_stride):
        return cls(inner["int_data"], inner["scale"], ctx["block"], ctx["dtype"])

    def dequantize(self):
        return self.int_data.to(self.dtype) * self.scale

    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        if func in (torch.ops.aten.detach.default, torch.ops.aten.alias.default):
            a = args[0]
            return cls(func(a.int_data), func(a.scale), a.block, a.dtype)
        args, kwargs = pytree.tree_map_only(cls, lambda t: t.dequantize(), (args, kwargs or {}))
        return func(*args, **kwargs)

    __torch_function__ = torch._C._disabled_torch_function_impl


def scaled(*shape):
    return Scaled(torch.randint(-128, 127, shape, dtype=torch.int8), torch.rand(shape[0], 1))


class _Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x @ w.dequantize().t()

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g @ w.dequantize(), g.t() @ x


# aotlens: QuantLinear(8, 4)(torch.randn(2, 8))
class QuantLinear(nn.Module):
    """weight requires a gradient: dispatch's dequantize is plain, so the gradient is plain"""

    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(scaled(o, i))
        self.bias = nn.Parameter(torch.zeros(o))

    def forward(self, x):
        return torch.nn.functional.linear(x, self.weight, self.bias)


# aotlens: FrozenQuantLinear(8, 4)(torch.randn(2, 8, requires_grad=True))
class FrozenQuantLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(scaled(o, i), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(o))

    def forward(self, x):
        return torch.nn.functional.linear(x, self.weight, self.bias)


# aotlens: StraightThrough(8, 4)(torch.randn(2, 8))
class StraightThrough(nn.Module):
    """subclass parameter whose gradient is plain, by an autograd.Function"""

    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(scaled(o, i))

    def forward(self, x):
        return _Straight.apply(x, self.weight)


# aotlens: KeptGradient()(two(2, 4))
class KeptGradient(nn.Module):
    """its parameter already has a gradient, which is a subclass"""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))
        result = two(2, 4) @ self.weight
        result.backward(torch.ones_like(result))

    def forward(self, x):
        return x @ self.weight
