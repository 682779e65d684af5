"""In-place errors of many kinds. `needed` marks the expression whose derivative needs a value, `changed` each statement
that changes it before that."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


class Base(nn.Module):
    def __init__(self, n=4):
        super().__init__()
        self.a = nn.Linear(n, n)
        self.b = nn.Linear(n, n)


# aotlens: InPlaceActivation(4)(torch.randn(3, 4))
class InPlaceActivation(Base):
    def forward(self, x):
        h = torch.sigmoid(self.a(x))  # needed
        return self.b(F.relu(h, inplace=True))  # changed


# aotlens: ActivationModule(4)(torch.randn(3, 4))
class ActivationModule(Base):
    def __init__(self, n):
        super().__init__(n)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        h = self.a(x).tanh()  # needed
        return self.b(self.act(h))  # changed


# aotlens: Dropout(4)(torch.randn(3, 4))
class Dropout(Base):
    def forward(self, x):
        h = self.a(x).exp()  # needed
        h = F.dropout(h, 0.5, inplace=True)  # changed
        return self.b(h)


# aotlens: Masked(4)(torch.randn(3, 4))
class Masked(Base):
    def forward(self, x):
        scores = self.a(x).softmax(-1)  # needed
        scores.masked_fill_(x > 0, 0.0)  # changed
        return self.b(scores)


# aotlens: MaskIndex(4)(torch.randn(3, 4))
class MaskIndex(Base):
    def forward(self, x):
        norm = self.a(x).pow(2).sum(-1).sqrt()  # needed
        norm[norm < 1] = 1.0  # changed
        return self.b(x) / norm.unsqueeze(-1)


# aotlens: ThroughView(4)(torch.randn(3, 4))
class ThroughView(Base):
    def forward(self, x):
        h = self.a(x).sigmoid()  # needed
        flat = h.view(-1)
        flat += 1  # changed
        return self.b(h)


# aotlens: ThroughBase(4)(torch.randn(3, 4))
class ThroughBase(Base):
    def forward(self, x):
        h = self.a(x)
        first = h[:, 0]
        y = first * first  # needed
        h.mul_(2)  # changed
        return self.b(h), y


# aotlens: ThroughDetached(4)(torch.randn(3, 4))
class ThroughDetached(Base):
    def forward(self, x):
        h = self.a(x).sigmoid()  # needed
        h.detach().clamp_(0.1, 0.9)  # changed
        return self.b(h)


# aotlens: Out(4)(torch.randn(3, 4))
class Out(Base):
    def forward(self, x):
        scale = torch.ones(4)
        y = self.a(x) * scale  # needed
        torch.add(scale, 1, out=scale)  # changed
        return self.b(y)


# aotlens: IndexPut(4)(torch.randn(3, 4))
class IndexPut(Base):
    def forward(self, x):
        table = self.a(x).exp()  # needed
        table.index_put_((torch.tensor([0]),), torch.zeros(4))  # changed
        return self.b(table)


# aotlens: Scatter(4)(torch.randn(3, 4))
class Scatter(Base):
    def forward(self, x):
        gates = self.a(x).sigmoid()  # needed
        index = torch.zeros(3, 1, dtype=torch.long)
        gates.scatter_(1, index, 0.0)  # changed
        return self.b(gates)


# aotlens: StepInForward(4)(torch.randn(3, 4))
class StepInForward(Base):
    """The weights are updated between the forward and the backward pass."""

    def forward(self, x):
        y = self.b(self.a(x))  # needed
        with torch.no_grad():
            for p in self.parameters():
                p.sub_(0.1)  # changed
        return y


class Square(torch.autograd.Function):
    """Changes its input without saying so."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        y = x * x
        x.zero_()  # changed
        return y

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * 2 * x


# aotlens: CustomFunction(4)(torch.randn(3, 4))
class CustomFunction(Base):
    def forward(self, x):
        h = self.a(x).sigmoid()  # needed
        return self.b(Square.apply(h))


# aotlens: Recurrent(4)(torch.randn(5, 3, 4))
class Recurrent(Base):
    """A hidden state that is written in place at each step."""

    def forward(self, xs):
        h = torch.zeros(3, 4)
        for x in xs:
            h[:] = torch.tanh(self.a(x) + self.b(h))  # needed changed
        return h


# aotlens: Slots(4)(torch.randn(5, 3, 4))
class Slots(Base):
    """The outputs of all steps, preallocated."""

    def forward(self, xs):
        out = torch.zeros(6, 3, 4)
        for i, x in enumerate(xs):
            out[i + 1] = self.a(x) + self.b(out[i])  # needed changed
        return out


# aotlens: CalledTwice(4)(torch.randn(3, 4))
class CalledTwice(Base):
    """A buffer that each call updates, and whose old value the first call still needs."""

    def __init__(self, n):
        super().__init__(n)
        self.register_buffer("scale", torch.ones(n))

    def part(self, x):
        y = self.a(x) * self.scale  # needed
        self.scale.mul_(0.9)  # changed
        return y

    def forward(self, x):
        return self.part(x) + self.part(x + 1)


# aotlens: Queue(4)(torch.randn(3, 4))
class Queue(Base):
    """A queue of keys, as of contrastive learning, gets new keys before the loss goes backward."""

    def __init__(self, n):
        super().__init__(n)
        self.register_buffer("queue", torch.randn(n, 6))

    def forward(self, x):
        q = self.a(x)
        logits = q @ self.queue  # needed
        with torch.no_grad():
            self.queue[:, :3] = self.b(x).t()  # changed
        return logits


# aotlens: InnerGrad(4)(torch.randn(3, 4))
class InnerGrad(Base):
    """The derivative is computed inside of forward, so the call itself fails."""

    def forward(self, x):
        h = self.a(x).sigmoid()  # needed
        h += 1  # changed
        (g,) = torch.autograd.grad(h.sum(), self.a.weight, create_graph=True)
        return self.b(h) + g.sum()


# aotlens: Twice(4)(torch.randn(3, 4))
class Twice(Base):
    """Two statements overwrite one value."""

    def forward(self, x):
        h = self.a(x).sigmoid()  # needed
        h += x  # changed
        h = self.b(h.mul_(2))  # changed
        return h


def change(t):
    t.add_(1)  # changed


# aotlens: Elsewhere(4)(torch.randn(3, 4))
class Elsewhere(Base):
    """The statement stands in a function that forward calls."""

    def forward(self, x):
        h = self.a(x).sigmoid()  # needed
        change(h)
        return self.b(h)


# aotlens: Nested(4)(torch.randn(3, 4))
class Nested(nn.Module):
    """The value is needed in one module and overwritten by the one that holds it."""

    def __init__(self, n):
        super().__init__()
        self.block = nn.Sequential(nn.Linear(n, n), nn.Sigmoid())

    def forward(self, x):
        h = self.block(x)  # needed
        h -= h.mean()  # changed
        return h


# aotlens: Lstm(4)(torch.randn(5, 3, 4))
class Lstm(nn.Module):
    """The final state of a recurrent layer is reset in place."""

    def __init__(self, n):
        super().__init__()
        self.lstm = nn.LSTM(n, n)

    def forward(self, xs):
        out, (h, _) = self.lstm(xs)  # needed
        out[0] = 0  # changed
        return out, h


# aotlens: Attribute(4)(torch.randn(3, 4))
class Attribute(Base):
    """The tensor is an attribute, and Python's augmented assignment changes it."""

    def forward(self, x):
        self.h = self.a(x).exp()  # needed
        self.h *= 2  # changed
        return self.b(self.h)


# aotlens: AfterCheckpoint(4)(torch.randn(3, 4, requires_grad=True))
class AfterCheckpoint(Base):
    """The value is saved after a checkpointed part."""

    def forward(self, x):
        h = checkpoint(self.a, x, use_reentrant=False)
        y = torch.sigmoid(h)  # needed
        y += 1  # changed
        return self.b(y)
