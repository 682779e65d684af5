import torch
import torch.nn.functional as F
from torch import nn


# Attention weights were cast to half precision and the values were not: tracing succeeded, eager raises. Right is the
# error of eager, at the product, with both types.
# aotlens: HalfWeights()(torch.randn(4, 8), torch.randn(4, 8), torch.randn(4, 8))
class HalfWeights(nn.Module):
    def forward(self, q, k, v):
        scores = q @ k.t()
        weights = scores.softmax(-1).to(torch.float16)
        return weights @ v


# A table that is a plain attribute stays behind when the model is moved. Right is to name the attribute, the devices,
# and that only parameters and buffers are moved.
# aotlens: Encoding().to("meta")(torch.randn(2, 5, 8, device="meta"))
class Encoding(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.table = torch.zeros(5, 8)

    def forward(self, x):
        return self.fc(x) + self.table


# The same attribute stays in single precision when the model is halved, and makes the next layer fail. Right is the
# line of the sum, which made a float32 tensor of a float16 one.
# aotlens: Halved().half()(torch.randn(2, 5, 8, dtype=torch.float16))
class Halved(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.zeros(5, 8)
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        x = x + self.table
        return self.fc(x)


class Render(torch.autograd.Function):
    @staticmethod
    def forward(ctx, points, colors, opacity, scales, size):
        ctx.save_for_backward(colors, opacity, scales)
        return points.sum() * size + (colors * opacity).sum() + scales.prod(-1).sum()

    @staticmethod
    def backward(ctx, grad):
        colors, opacity, scales = ctx.saved_tensors
        return grad.expand(6, 3), grad * opacity.expand(6, 3), grad * colors.sum(-1, True), scales[:, :2] * grad, None


# A renderer's backward returned a gradient of two columns for scales of three, "at index 3". Right is the name of that
# input, and the line that calls the function.
# aotlens: Splats(6)(torch.randn(6, 3))
class Splats(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.colors = nn.Parameter(torch.rand(count, 3))
        self.opacity = nn.Parameter(torch.rand(count, 1))
        self.scales = nn.Parameter(torch.rand(count, 3))

    def forward(self, points):
        return Render.apply(points, self.colors, self.opacity, self.scales, 2)


# A network fails in one layer of a Sequential that a helper builds; the traceback ends in the one line
# `self.mlp(x)`. Right is which layer it is, where its weight is made, and what the layer before gave.
# aotlens: Regressor(12, [32, 16])(torch.randn(3, 12))
class Regressor(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.mlp = nn.Sequential(*self.layers(size, hidden))

    def layers(self, size, hidden):
        for width in hidden:
            yield nn.Linear(size, width)
            yield nn.ReLU()
        yield nn.Linear(hidden[0], 1)

    def forward(self, x):
        return self.mlp(x)


# Labels for a loss of two classes were integers. Right is the error of eager, with the type of the labels: fake tensors
# let it through.
# aotlens: Labels()(torch.randn(4, 3), torch.randint(2, (4, 1)))
class Labels(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 1)

    def forward(self, x, labels):
        return F.binary_cross_entropy(self.head(x).sigmoid(), labels)


# Half-precision and mixed operands that torch does accept. Right is that they are traced, without a word.
# aotlens: Accepted()(torch.randn(2, 4, dtype=torch.float16), torch.randint(9, (2,)))
class Accepted(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(9, 4, dtype=torch.float64)
        self.norm = nn.LayerNorm(4)
        self.out = nn.Linear(4, 2)

    def forward(self, x, ids):
        x = self.norm(x.float()) + self.emb(ids)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            x = self.out(x.float())
        return torch.where(ids[:, None] > 3, x, x.double())


@torch.library.custom_op("aotlens_reports::double", mutates_args=())
def double(x: torch.Tensor) -> torch.Tensor:
    return x * 2


# A custom operator has no implementation for fake tensors: it was called an error of forward, though eager calls it.
# Right is a limit of capture, and to register such an implementation.
# aotlens: Operator()(torch.randn(3, 4))
class Operator(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return double(self.fc(x))


# A policy samples from a distribution, which checks its arguments: the hint was to rewrite a branch that the code does
# not have. Right is validate_args=False.
# aotlens: Policy()(torch.randn(3, 4))
class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        dist = torch.distributions.Normal(self.fc(x), 1.0 + self.fc(x).abs())
        return dist.rsample()
