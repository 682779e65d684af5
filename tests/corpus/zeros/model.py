"""Modules with gradients that are zero whatever the values are: the finding has to state the cause.

`# <name>: <words>` at the end of a line says that the line makes the gradient of the parameter zero, and that the
message has these words. Every other parameter has a gradient that is not zero for most values.
"""

import torch
import torch.nn.functional as F
from torch import nn


def ones(*sizes, dtype=None):
    return nn.Parameter(torch.rand(*sizes, dtype=dtype) + 0.3)


class Base(nn.Module):
    """A parameter `w` with a gradient, and `v`, whose gradient is zero."""

    def __init__(self):
        super().__init__()
        self.w = ones(4)
        self.v = ones(4)


# aotlens: Rounded()(torch.randn(3, 4))
class Rounded(Base):
    def forward(self, x):
        return x * self.w + self.v.round()  # v: the derivative of `self.v.round()` on line {line} is zero everywhere


# aotlens: RoundedTwice()(torch.randn(3, 4))
class RoundedTwice(Base):
    def forward(self, x):
        low = torch.floor(self.v)  # v: the derivative of `torch.floor(self.v)` on line {line} and
        high = torch.ceil(self.v)  # v: `torch.ceil(self.v)` on line {line} is zero everywhere
        return x * self.w + low * high


# aotlens: SignOfWeights()(torch.randn(3, 4))
class SignOfWeights(Base):
    def forward(self, x):
        binary = torch.sign(torch.tanh(self.v))  # v: the derivative of `torch.sign(torch.tanh(self.v))`
        return F.linear(x, binary.expand(4, 4)) * self.w


# aotlens: OneOfTwoPaths()(torch.randn(3, 4))
class OneOfTwoPaths(Base):
    """One path rounds, the other does not."""

    def forward(self, x):
        return x * self.w + self.v.round() + self.v


# aotlens: StraightThrough()(torch.randn(3, 4))
class StraightThrough(Base):
    def forward(self, x):
        return x * self.w + self.v + (self.v.round() - self.v).detach()


# aotlens: TruncatedLater()(torch.randn(3, 4))
class TruncatedLater(Base):
    """The zero goes back through matrix products, views, a norm and a sum of paths."""

    def forward(self, x):
        scores = F.layer_norm(x * self.v, (4,)) @ (x * self.v).T
        steps = scores.reshape(1, 9).trunc()  # v: the derivative of `scores.reshape(1, 9).trunc()`
        return x.sum() * self.w + steps.sum()


# aotlens: FloorDivision()(torch.randn(3, 4))
class FloorDivision(Base):
    def forward(self, x):
        return x * self.w + torch.div(self.v, 0.5, rounding_mode="floor")  # v: is zero everywhere


# aotlens: Real()(torch.randn(3, 4))
class Real(Base):
    def forward(self, x):
        return (x * torch.complex(self.w, self.v)).real  # v: takes a part that does not depend on it


# aotlens: Imaginary()(torch.randn(3, 4))
class Imaginary(Base):
    def forward(self, x):
        return (torch.complex(self.v, self.w) * x).imag  # v: takes a part that does not depend on it


# aotlens: RealOfComplexProduct()(torch.randn(3, 4, dtype=torch.cfloat))
class RealOfComplexProduct(Base):
    """A complex factor mixes the parts."""

    def forward(self, x):
        return (x * torch.complex(self.w, self.v)).real


# aotlens: FirstOfStack()(torch.randn(3, 4))
class FirstOfStack(Base):
    def forward(self, x):
        return x * torch.stack([self.w, self.v])[0]  # v: takes a part that does not depend on it


# aotlens: LastOfStack()(torch.randn(3, 4))
class LastOfStack(Base):
    def forward(self, x):
        return x * torch.stack([self.v, self.w])[-1]  # v: takes a part that does not depend on it


# aotlens: HalfOfJoined()(torch.randn(3, 4))
class HalfOfJoined(Base):
    def forward(self, x):
        joined = torch.cat([x * self.w, x * self.v], -1)
        return joined[:, :4]  # v: takes a part that does not depend on it


# aotlens: UnusedChunk()(torch.randn(3, 4))
class UnusedChunk(Base):
    def forward(self, x):
        first, _ = torch.cat([x * self.w, x * self.v], -1).chunk(2, -1)  # v: a part that does not depend on it
        return first


# aotlens: OverlapOfJoined()(torch.randn(3, 4))
class OverlapOfJoined(Base):
    """The range has one element of the second part."""

    def forward(self, x):
        return torch.cat([x * self.w, x * self.v], -1)[:, :5]


# aotlens: Single()(torch.randn(3, 4))
class Single(Base):
    """A softmax over the one score that each row has."""

    def forward(self, x):
        gate = torch.softmax((x * self.v).sum(-1, keepdim=True), -1)  # v: is over a single element
        return x * self.w * gate


# aotlens: SingleLog()(torch.randn(3, 4))
class SingleLog(Base):
    def forward(self, x):
        scores = (x @ self.v).unsqueeze(1)
        return F.log_softmax(scores, dim=1) + x * self.w  # v: is over a single element in this example, so that


# aotlens: TimesZero()(torch.randn(3, 4))
class TimesZero(Base):
    def forward(self, x):
        return x * self.w + 0.0 * self.v.sum()  # v: `0.0 * self.v.sum()` on line {line} multiplies by zero


# aotlens: TimesZeros()(torch.randn(3, 4))
class TimesZeros(Base):
    def forward(self, x):
        state = torch.zeros(3, 4)
        return x * self.w + state @ torch.diag(self.v)  # v: on line {line} multiplies by zero


# aotlens: MaskOfZerosAndOnes()(torch.randn(3, 4))
class MaskOfZerosAndOnes(Base):
    def forward(self, x):
        mask = torch.zeros(4)
        mask[0] = 1
        return x * self.w + self.v * mask


class ReturnsZeros(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return torch.zeros_like(gradient)


# aotlens: CustomBackward()(torch.randn(3, 4))
class CustomBackward(Base):  # v: `torch.zeros_like(gradient)` on line 174 is what a custom backward returns
    def forward(self, x):
        return x * self.w + ReturnsZeros.apply(self.v)


# aotlens: Saturated()(torch.randn(3, 4))
class Saturated(Base):
    """The derivative is zero for the values that are clamped, and not for others."""

    def forward(self, x):
        return x * self.w + self.v.clamp(0, 1) + F.relu(self.v) + torch.where(self.v > 0.8, self.v, 0.0)


# aotlens: ClampedAfterRounding()(torch.randn(3, 4))
class ClampedAfterRounding(Base):
    def forward(self, x):
        levels = (self.v / 0.1).round().clamp(0, 7)  # v: the derivative of `(self.v / 0.1).round()`
        return x * self.w + levels


# aotlens: ClampedBeforeRounding()(torch.randn(3, 4))
class ClampedBeforeRounding(Base):
    def forward(self, x):
        return x * self.w + (self.v / 0.1).clamp(0, 7).round()  # v: the derivative of `(self.v / 0.1).clamp(0, 7)


# aotlens: StepsOfLayers()(torch.randn(3, 4))
class StepsOfLayers(nn.Module):  # encode.0.weight encode.0.bias encode.2.weight encode.2.bias: `code.round()`
    """Everything before the rounded code."""

    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.LayerNorm(4))
        self.decode = nn.Linear(4, 4)

    def forward(self, x):
        code = self.encode(x)
        return self.decode(code.round())


# aotlens: StepsOfConvolution()(torch.randn(2, 1, 8, 8))
class StepsOfConvolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.head = nn.Linear(2, 2)

    def forward(self, x):
        pooled = F.max_pool2d(self.norm(self.conv(x)), 2).mean((2, 3))
        return self.head(torch.floor(pooled))  # conv.weight conv.bias norm.weight norm.bias: `torch.floor(pooled)`


# aotlens: StepsOfAttention()(torch.randn(1, 3, 4))
class StepsOfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(4, 4, bias=False) for _ in range(3))

    def forward(self, x):
        query = self.query(x).sign()  # query.weight: the derivative of `self.query(x).sign()` on line {line}
        return F.scaled_dot_product_attention(query, self.key(x), self.value(x))


# aotlens: StepOfDerivative()(torch.randn(4))
class StepOfDerivative(Base):
    """The derivative of `relu` has steps, so that the derivative of that is zero."""

    def value(self, x):
        return (F.relu(x + self.v) * self.w).sum()

    def forward(self, x):
        return torch.func.grad(self.value)(x)  # v: the derivative of `torch.func.grad(self.value)(x)`


# aotlens: Argument()(torch.randn(3, 4), torch.randn(4, requires_grad=True))
class Argument(Base):
    def forward(self, x, shift):
        return x * self.w * self.v + shift.round()  # shift: the derivative of `shift.round()`


# aotlens: DirectCapture()(torch.randn(3, 4))
class DirectCapture(Base):  # v: the derivative of `round` is zero everywhere
    """Dynamo does not take it, and AOTAutograd alone knows no lines."""

    def forward(self, x):
        scale = nn.Parameter(torch.ones(4))
        return x * self.w + self.v.round() * scale.detach()


# aotlens: Hook()(torch.randn(3, 4))
class Hook(Base):
    """A hook on a value in between sets its gradient to zero: no derivative does."""

    def forward(self, x):
        h = x + self.v
        h.register_hook(torch.zeros_like)
        return self.w * (h * 2)  # v: `self.w * (h * 2)` on line {line} is followed by zeros in the backward pass
