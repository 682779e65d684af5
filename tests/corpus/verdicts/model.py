"""Modules in which a parameter gets no gradient, each for one known cause: the finding has to state that cause.

`# <name>: <words>` at the end of a line says that the line cuts off the parameter, and that the message has these
words. If no line cuts it off, the mark stands at the end of the first line of the class.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn


def ones(*sizes):
    return nn.Parameter(torch.ones(*sizes))


class Base(nn.Module):
    """A parameter `w` that has to get a gradient, and `v`, which gets none."""

    def __init__(self):
        super().__init__()
        self.w = ones(4)
        self.v = ones(4)


# aotlens: NeverUsed()(torch.randn(2, 4))
class NeverUsed(Base):  # v: forward never uses it
    def forward(self, x):
        return x * self.w


# aotlens: UsedByConstructor()(torch.randn(2, 4))
class UsedByConstructor(Base):
    def __init__(self):
        super().__init__()
        self.table = torch.sin(self.v * 2).detach()  # v: only the constructor uses it, by `torch.sin(self.v * 2).detach

    def forward(self, x):
        return x * self.w * self.table


# aotlens: NewParameterInConstructor()(torch.randn(2, 4))
class NewParameterInConstructor(Base):
    def __init__(self):
        super().__init__()
        self.scaled = nn.Parameter(self.v * 2)  # v: by `nn.Parameter(self.v * 2)` on line {line}, which makes a new

    def forward(self, x):
        return x * self.w * self.scaled


# aotlens: BufferOfLocal()(torch.randn(2, 4))
class BufferOfLocal(Base):
    """The parameter is a local variable when it is used."""

    def __init__(self):
        super().__init__()
        scale = ones(4)
        self.register_buffer("table", scale.detach().exp())  # v: only the constructor uses it, by `self.register_buffer
        self.v = scale

    def forward(self, x):
        return x * self.w + self.table


# aotlens: UsedByOuterConstructor()(torch.randn(2, 4))
class UsedByOuterConstructor(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Base()
        with torch.no_grad():
            self.norm = self.inner.v.norm()  # inner.v: only the constructor uses it, by `self.inner.v.norm()`

    def forward(self, x):
        return x * self.inner.w / self.norm


# aotlens: OnlyInitialised()(torch.randn(2, 4))
class OnlyInitialised(Base):  # v: forward never uses it
    """A constructor that fills it, and reads its shape, makes nothing of its values."""

    def __init__(self):
        super().__init__()
        nn.init.uniform_(self.v)
        self.v.data.fill_(1.0)
        self.width = self.v.shape[0] + self.v.numel()
        self.alias = lambda: self.v * 2

    def forward(self, x):
        return x * self.w


# aotlens: Detached()(torch.randn(2, 4))
class Detached(Base):
    def forward(self, x):
        return x * self.w + self.v.detach()  # v: cut off by `self.v.detach()`


# aotlens: DetachedLater()(torch.randn(2, 4))
class DetachedLater(Base):
    def forward(self, x):
        hidden = torch.tanh(x * self.v)
        hidden = hidden + 1
        target = hidden.detach()  # v: cut off by `hidden.detach()`
        return x * self.w - target


# aotlens: DetachedOutput()(torch.randn(2, 4))
class DetachedOutput(Base):
    def forward(self, x):
        return x * self.w, (x + self.v).detach()  # v: cut off by `(x + self.v).detach()`


# aotlens: Data()(torch.randn(2, 4))
class Data(Base):
    def forward(self, x):
        scale = self.v.data  # v: cut off by `self.v.data`
        return x * self.w * scale


# aotlens: NoGrad()(torch.randn(2, 4))
class NoGrad(Base):
    def forward(self, x):
        with torch.no_grad():
            offset = self.v * 2  # v: used under torch.no_grad() only, by `self.v * 2`
            offset = offset + 1
        return x * self.w + offset


# aotlens: NoGradLater()(torch.randn(2, 4))
class NoGradLater(Base):
    def forward(self, x):
        hidden = self.v.exp()
        with torch.no_grad():
            target = hidden.sum()  # v: used under torch.no_grad() only, by `hidden.sum()`
        return x * self.w + target


# aotlens: NoGradHelper()(torch.randn(2, 4))
class NoGradHelper(Base):
    @torch.no_grad()
    def target(self, x):
        return x * self.v  # v: used under torch.no_grad() only, by `x * self.v`

    def forward(self, x):
        return x * self.w + self.target(x)


# aotlens: SetGradEnabled()(torch.randn(2, 4))
class SetGradEnabled(Base):
    def forward(self, x):
        with torch.set_grad_enabled(False):
            offset = F.relu(self.v)  # v: used under torch.no_grad() only, by `F.relu(self.v)`
        return x * self.w + offset


# aotlens: Integers()(torch.randn(2, 4))
class Integers(Base):
    def forward(self, x):
        return x * self.w + self.v.long()  # v: cut off by `self.v.long()` on line {line}, which gives integers


# aotlens: CastTo()(torch.randn(2, 4))
class CastTo(Base):
    def forward(self, x):
        steps = (self.v * 10).to(torch.int32)  # v: cut off by `(self.v * 10).to(torch.int32)`
        return x * self.w * steps.to(x.dtype)


# aotlens: Argmax()(torch.randn(2, 4))
class Argmax(Base):
    def forward(self, x):
        choice = torch.argmax(self.v, -1, keepdim=True)  # v: keepdim=True)` on line {line}, which gives integers
        return (x * self.w)[:, choice]


# aotlens: Sorted()(torch.randn(2, 4))
class Sorted(Base):
    def forward(self, x):
        order = self.v.argsort()  # v: cut off by `self.v.argsort()` on line {line}, which gives integers
        return (x * self.w)[:, order]


# aotlens: TopIndices()(torch.randn(2, 4))
class TopIndices(Base):
    def forward(self, x):
        scores = x @ self.v
        best = scores.argmax(0, keepdim=True)  # v: ` on line {line}, which gives integers
        return (x * self.w)[best]


# aotlens: Compared()(torch.randn(2, 4))
class Compared(Base):
    def forward(self, x):
        mask = x > self.v  # v: cut off by `x > self.v` on line {line}, which gives booleans
        return torch.where(mask, x * self.w, x)


# aotlens: MaskFilled()(torch.randn(2, 4))
class MaskFilled(Base):
    def forward(self, x):
        keep = torch.sigmoid(self.v) < 0.5  # v: ` on line {line}, which gives booleans
        return (x * self.w).masked_fill(keep, 0.0)


# aotlens: Bucketed()(torch.randn(2, 4))
class Bucketed(Base):
    def forward(self, x):
        place = torch.bucketize(x, self.v)  # v: ` on line {line}, which gives integers
        return self.w[place.clamp(max=3)]


# aotlens: EmptyLike()(torch.randn(2, 4))
class EmptyLike(Base):
    def forward(self, x):
        zeros = torch.zeros_like(self.v)  # v: only a shape, dtype or device is read, by `torch.zeros_like(self.v)`
        return x * self.w + zeros


# aotlens: ShapeOfOther()(torch.randn(2, 4))
class ShapeOfOther(Base):
    def forward(self, x):
        return (x * self.w).sum(0).view_as(self.v)  # v: only a shape, dtype or device is read, by `(x * self.w)


# aotlens: ShapeOfResult()(torch.randn(2, 4))
class ShapeOfResult(Base):
    """The values of what is computed from `v` are not used."""

    def forward(self, x):
        scores = x * self.v
        return torch.ones_like(scores) * self.w  # v: depends on its values: only a shape, dtype or device is read


# aotlens: ShapeAndDetached()(torch.randn(2, 4))
class ShapeAndDetached(Base):
    def forward(self, x):
        zeros = torch.zeros_like(self.v)
        return x * self.w + zeros + self.v.detach()  # v: cut off by `self.v.detach()`


# aotlens: ReturnedZeros()(torch.randn(2, 4))
class ReturnedZeros(Base):
    def forward(self, x):
        return x * self.w, torch.zeros_like(self.v)  # v: nothing that is returned depends on its values: only a shape


# aotlens: InferenceMode()(torch.randn(2, 4))
class InferenceMode(Base):
    def forward(self, x):
        with torch.inference_mode():
            offset = self.v * 2  # v: used under torch.inference_mode() only, by `self.v * 2`
        return x * self.w + offset.clone()


# aotlens: Copied()(torch.randn(2, 4))
class Copied(Base):
    def forward(self, x):
        return x * self.w + torch.tensor(self.v)  # v: , which copies its values into a new tensor


# aotlens: ShapeAttribute()(torch.randn(2, 4))
class ShapeAttribute(Base):
    """Dynamo has no operation for it."""

    def forward(self, x):
        return F.layer_norm(x * self.w, self.v.shape)  # v: a shape, dtype or device is read, by `self.v.shape`


# aotlens: LengthOfParameter()(torch.randn(2, 4))
class LengthOfParameter(Base):
    def forward(self, x):
        return x * self.w + torch.arange(len(self.v))  # v: a shape, dtype or device is read, by `len(self.v)`


# aotlens: NewParameter()(torch.randn(2, 4))
class NewParameter(Base):
    """Dynamo does not take it."""

    def forward(self, x):
        scale = nn.Parameter(self.v * 2)  # v: cut off by `nn.Parameter(self.v * 2)` on line {line}, which makes a new
        return x * self.w * scale


# aotlens: NewLeaf()(torch.randn(2, 4))
class NewLeaf(Base):
    def forward(self, x):
        leaf = self.v.detach().requires_grad_()  # v: cut off by `self.v.detach()` on line {line}
        return x * self.w * leaf


# aotlens: ForceWithoutGraph()(torch.randn(4))
class ForceWithoutGraph(Base):
    def forward(self, x):
        x = x.detach().requires_grad_()
        energy = (x * x * self.v).sum()
        (force,) = torch.autograd.grad(energy, x)  # v: on line {line}, a derivative without create_graph=True
        return force * self.w


# aotlens: ForceWithGraph()(torch.randn(4))
class ForceWithGraph(Base):
    def forward(self, x):
        x = x.detach().requires_grad_()
        energy = (x * x * self.w + self.v).sum()
        (force,) = torch.autograd.grad(energy, x, create_graph=True)  # v: on line {line}, a derivative that does not
        return force


# aotlens: NoGradOfDirectCapture()(torch.randn(2, 4))
class NoGradOfDirectCapture(Base):
    def forward(self, x):
        scale = nn.Parameter(torch.ones(4))
        with torch.no_grad():
            offset = self.v.exp()  # v: used under torch.no_grad() only, by `self.v.exp()`
        return x * self.w * scale.detach() + offset


# aotlens: GradientInForward()(torch.randn(4))
class GradientInForward(Base):
    def energy(self, x):
        return (x * x * self.w + self.v).sum()

    def forward(self, x):
        return torch.func.grad(self.energy)(x)  # v: a derivative that does not depend on it: additive constants vanish


# aotlens: JacobianInForward()(torch.randn(4))
class JacobianInForward(Base):
    def value(self, x):
        return torch.tanh(x * self.w) + self.v

    def forward(self, x):
        return torch.func.jacrev(self.value)(x)  # v: a derivative that does not depend on it: additive constants vanish


# aotlens: ForwardMode()(torch.randn(4))
class ForwardMode(JacobianInForward):
    def forward(self, x):
        return torch.func.jvp(self.value, (x,), (x,))[1]  # v: a derivative that does not depend on it: additive


# aotlens: Hessian()(torch.randn(4))
class Hessian(Base):
    """The second derivative: what is linear in `x` vanishes as well."""

    def value(self, x):
        return (torch.sin(x) * self.w + x * self.v).sum()

    def forward(self, x):
        return torch.func.hessian(self.value)(x)  # v: a derivative that does not depend on it: additive constants


# aotlens: Piecewise()(torch.randn(4))
class Piecewise(Base):
    """The derivative of `maximum` is 0 or 1: `v` chooses which, but not in a differentiable way."""

    def value(self, x):
        return (torch.maximum(x, self.v) * self.w).sum()

    def forward(self, x):
        return torch.func.grad(self.value)(x)  # v: a derivative that depends on it through nothing differentiable


# aotlens: DerivativeKeepsIt()(torch.randn(4))
class DerivativeKeepsIt(Base):
    """Both parameters are in the derivative."""

    def value(self, x):
        return torch.sin(x * self.v).sum() + (x * self.w).sum()

    def forward(self, x):
        return torch.func.grad(self.value)(x)


# aotlens: NotReturned()(torch.randn(2, 4))
class NotReturned(Base):
    def forward(self, x):
        aside = torch.sin(x * self.v)  # v: but nothing that is returned depends on that
        self.last = aside.shape
        return x * self.w


# aotlens: Average()(torch.randn(2, 4))
class Average(Base):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x):
        with torch.no_grad():
            self.mean.lerp_(self.v, 0.1)  # v: used under torch.no_grad() only, by `self.mean.lerp_(self.v, 0.1)`
        return x * self.w


class Stop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        return x * scale

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


# aotlens: NoneFromBackward()(torch.randn(2, 4))
class NoneFromBackward(Base):
    def forward(self, x):
        return Stop.apply(x * self.w, self.v)  # v: ` on line {line}, whose backward returns none


# aotlens: TwoCuts()(torch.randn(2, 4))
class TwoCuts(Base):
    def forward(self, x):
        low = x - self.v.detach()  # v: cut off by `self.v.detach()` on line {line} and
        high = x + self.v.detach()  # v: `self.v.detach()` on line {line}
        return self.w * low * high


# aotlens: CutOfTwoWays()(torch.randn(2, 4))
class CutOfTwoWays(Base):
    def forward(self, x):
        left, right = torch.sin(self.v), torch.cos(self.v)
        return x * self.w + (left * right).detach()  # v: cut off by `(left * right).detach()`


# aotlens: CutAndUnused()(torch.randn(2, 4))
class CutAndUnused(Base):
    def forward(self, x):
        _ = self.v.long()
        return x * self.w + torch.exp(self.v).detach()  # v: cut off by `torch.exp(self.v).detach()`


# aotlens: OnlyIndices()(torch.randn(2, 4))
class OnlyIndices(Base):
    def forward(self, x):
        best = (x * self.v).argmax(-1)  # v: reaches only output[1], which needs none, because it is cut off by `(x *
        return x * self.w, best


# aotlens: OnlyInfo()(torch.randn(2, 4))
class OnlyInfo(Base):
    """Two outputs by name, of which no one takes a gradient."""

    def forward(self, x):
        energy = (x * self.v).exp()
        seen = energy.detach()  # v: reaches only output['seen'] and output['log'], which need none, because it is cut
        return {"y": x * self.w, "seen": seen, "log": seen.log()}


# aotlens: OnlyBuffer()(torch.randn(2, 4))
class OnlyBuffer(Average):
    def forward(self, x):
        seen = self.v.detach().abs()  # v: reaches only the new value of mean, which needs none, because it is cut off
        self.mean.copy_(seen)
        return x * self.w


# aotlens: OnlyNotDifferentiable()(torch.randn(2, 4))
class OnlyNotDifferentiable(Base):
    def forward(self, x):
        order = torch.searchsorted(self.v, x)  # v: reaches only output.order, which needs none, because it is cut off
        return Ordered(x * self.w, order)


class Ordered(NamedTuple):
    value: torch.Tensor
    order: torch.Tensor


class Marked(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        doubled = x * 2
        ctx.mark_non_differentiable(doubled)
        return doubled

    @staticmethod
    def backward(ctx, gradient):
        return gradient


# aotlens: OnlyMarked()(torch.randn(2, 4))
class OnlyMarked(Base):
    """Dynamo does not take it, and what AOTAutograd alone makes of it has no lines: eager has them."""

    def forward(self, x):
        return x * self.w, Marked.apply(x * self.v)  # v: reaches only output[1], which needs none, because it is cut


# aotlens: NothingNeedsAGradient()(torch.randn(2, 4))
class NothingNeedsAGradient(Base):
    def forward(self, x):
        scores = x * self.w + self.v
        return scores.argmax(-1)  # w v: nothing that is returned needs one, because it is cut off by


# aotlens: AllUnderNoGrad()(torch.randn(2, 4))
class AllUnderNoGrad(Base):
    @torch.no_grad()
    def forward(self, x):
        x = x * self.w  # w: nothing that is returned needs one, because it is used under torch.no_grad() only, by `x *
        return x + self.v  # v: nothing that is returned needs one, because it is used under torch.no_grad() only, by `x


# aotlens: ReturnedAsView()(torch.randn(2, 4))
class ReturnedAsView(Base):
    def forward(self, x):
        square = self.v.view(2, 2)  # v: output[1] is the same tensor or a view of it
        return x * self.w, square


# aotlens: ReturnedAsItIs()(torch.randn(2, 4))
class ReturnedAsItIs(Base):  # v: output[1] is the same tensor or a view of it
    def forward(self, x):
        return x * self.w, self.v


# aotlens: ArgumentForIndices()(torch.randn(2, 4), torch.randn(4, requires_grad=True))
class ArgumentForIndices(Base):
    def forward(self, x, bias):
        order = bias.argsort()  # bias: reaches only output[1], which needs none, because it is cut off by
        return x * self.w * self.v, order


class Gate(Base):
    def forward(self, x):
        openness = torch.sigmoid(self.v)
        return x * self.w * openness.detach()  # gates.0.v gates.1.v: cut off by `openness.detach()`


# aotlens: Layers()(torch.randn(2, 4))
class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.gates = nn.ModuleList(Gate() for _ in range(2))

    def forward(self, x):
        for gate in self.gates:
            x = gate(x)
        return x


# aotlens: Frozen()(torch.randn(2, 4))
class Frozen(Base):
    def __init__(self):
        super().__init__()
        self.v.requires_grad_(False)

    def forward(self, x):
        return x * self.w * self.v


# aotlens: Tied()(torch.zeros(2, dtype=torch.long))
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(8, 4)
        self.head = nn.Linear(4, 8, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x):
        return self.head(self.embed(x))


# aotlens: NothingMissing()(torch.randn(2, 4))
class NothingMissing(Base):
    """Detaches, rounds and compares, and yet every parameter gets its gradient by another way."""

    def forward(self, x):
        with torch.no_grad():
            scale = self.v.abs().max()
        kept = self.v.detach() + self.v * 2
        return x * self.w * kept / scale + (self.v > 0)


# aotlens: Argument()(torch.randn(2, 4), torch.randn(4, requires_grad=True))
class Argument(Base):  # v: forward never uses it
    def forward(self, x, bias):
        return x * self.w + bias.detach()  # bias: cut off by `bias.detach()`


# aotlens: NothingButReturned()()
class NothingButReturned(nn.Module):  # kept: output is the same tensor or a view of it
    def __init__(self):
        super().__init__()
        self.kept = ones(4)

    def forward(self):
        return self.kept


# aotlens: method().score(torch.randn(2, 4))
class Method(Base):
    def score(self, x):
        return x * self.w + self.v.detach()  # v: cut off by `self.v.detach()`


def method():
    return Method()


# aotlens: OtherMethod().step(torch.randn(2, 4))
class OtherMethod(Base):  # v: `step` never uses it
    """The traced method does not use what forward uses."""

    def forward(self, x):
        return x * self.w * self.v

    def step(self, x):
        return x * self.w


# aotlens: plain(torch.randn(2, 4), torch.randn(4, requires_grad=True), torch.randn(4, requires_grad=True))
def plain(x, scale, shift):  # shift: `plain` never uses it
    return x * scale
