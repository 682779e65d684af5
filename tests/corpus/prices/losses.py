"""Modules with several outputs that give the same parameters gradients, also with their statements in another order."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils.checkpoint import checkpoint


def discriminator(width):
    return nn.Sequential(nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, 1))


# aotlens: Gan(4)(torch.randn(3, 4), torch.randn(3, 4))
class Gan(nn.Module):
    """Both losses give the critic a gradient, the first one twice; only the second one trains the generator."""

    def __init__(self, width):
        super().__init__()
        self.generator = nn.Linear(width, width)
        self.critic = discriminator(width)

    def forward(self, noise, real):
        fake = self.generator(noise)
        critic_loss = F.softplus(self.critic(fake.detach())).mean() + F.softplus(-self.critic(real)).mean()
        generator_loss = F.softplus(-self.critic(fake)).mean()
        return critic_loss, generator_loss


# aotlens: GanGeneratorFirst(4)(torch.randn(3, 4), torch.randn(3, 4))
class GanGeneratorFirst(Gan):
    """The same, with the loss of the generator computed first."""

    def forward(self, noise, real):
        fake = self.generator(noise)
        generator_loss = F.softplus(-self.critic(fake)).mean()
        on_real = F.softplus(-self.critic(real)).mean()
        critic_loss = F.softplus(self.critic(fake.detach())).mean() + on_real
        return critic_loss, generator_loss


# aotlens: GanBetween(4)(torch.randn(3, 4), torch.randn(3, 4))
class GanBetween(Gan):
    """The same, with the generator's loss between the two terms of the critic's."""

    def forward(self, noise, real):
        on_real = F.softplus(-self.critic(real)).mean()
        fake = self.generator(noise)
        generator_loss = F.softplus(-self.critic(fake)).mean()
        on_fake = F.softplus(self.critic(fake.detach())).mean()
        return {"generator": generator_loss, "critic": on_real + on_fake}


# aotlens: ThreeLosses(4)(torch.randn(3, 4))
class ThreeLosses(nn.Module):
    """Sums of five and six gradients, and a loss inside of another one."""

    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(width, width)

    def forward(self, x):
        a = self.layer(x).mean() * self.layer(x + 1).mean()
        b = self.layer(2 * x).mean()
        c = self.layer(3 * x).sum() + self.layer(4 * x).mean() + b.square()
        return a, b, c


# aotlens: ThreeLossesTurned(4)(torch.randn(3, 4))
class ThreeLossesTurned(ThreeLosses):
    """The same, in another order."""

    def forward(self, x):
        b = self.layer(2 * x).mean()
        c = self.layer(4 * x).mean() + self.layer(3 * x).sum() + b.square()
        a = self.layer(x + 1).mean() * self.layer(x).mean()
        return a, b, c


# aotlens: ActorCritic(4)(torch.randn(5, 4), torch.randint(3, (5,)), torch.randn(5))
class ActorCritic(nn.Module):
    """A shared trunk, a value that is detached for the policy, and the weighted sum of all losses."""

    def __init__(self, width):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(width, 8), nn.Tanh())
        self.actor = nn.Linear(8, 3)
        self.critic = nn.Linear(8, 1)

    def forward(self, state, action, returns):
        hidden = self.trunk(state)
        value = self.critic(hidden).squeeze(-1)
        log = self.actor(hidden).log_softmax(-1)
        advantage = returns - value
        policy_loss = -(log.gather(1, action[:, None]).squeeze(1) * advantage.detach()).mean()
        value_loss = advantage.square().mean()
        entropy = -(log.exp() * log).sum(-1).mean()
        return policy_loss, value_loss, entropy, policy_loss + 0.5 * value_loss - 0.01 * entropy


# aotlens: ActorCriticTurned(4)(torch.randn(5, 4), torch.randint(3, (5,)), torch.randn(5))
class ActorCriticTurned(ActorCritic):
    """The same without the sum, in another order."""

    def forward(self, state, action, returns):
        hidden = self.trunk(state)
        log = self.actor(hidden).log_softmax(-1)
        entropy = -(log.exp() * log).sum(-1).mean()
        advantage = returns - self.critic(hidden).squeeze(-1)
        value_loss = advantage.square().mean()
        policy_loss = -(log.gather(1, action[:, None]).squeeze(1) * advantage.detach()).mean()
        return policy_loss, value_loss, entropy


# aotlens: MultiTask(4)(torch.randn(2, 3, 8, 8))
class MultiTask(nn.Module):
    """Losses that are weighted by parameters of one tensor: its gradient is stacked from those of the losses."""

    def __init__(self, width):
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.depth = nn.Conv2d(width, 1, 1)
        self.mask = nn.Sequential(nn.Conv2d(width, width, 3), nn.GELU(), nn.Conv2d(width, 2, 1))
        self.label = nn.Linear(width, 3)
        self.scales = nn.Parameter(torch.zeros(3))

    def forward(self, image):
        hidden = self.trunk(image)
        pooled = hidden.mean((2, 3))
        losses = self.depth(hidden).square().mean(), self.mask(hidden).amax(), self.label(pooled).logsumexp(-1).mean()
        return [loss * (-scale).exp() + scale for loss, scale in zip(losses, self.scales.unbind())]


# aotlens: MultiTaskTurned(4)(torch.randn(2, 3, 8, 8))
class MultiTaskTurned(MultiTask):
    """The same, in another order, and with the sum of the losses."""

    def forward(self, image):
        hidden = self.trunk(image)
        third, second, first = self.scales.flip(0).unbind()
        label = self.label(hidden.mean((2, 3))).logsumexp(-1).mean() * (-third).exp() + third
        mask = self.mask(hidden).amax() * (-second).exp() + second
        depth = self.depth(hidden).square().mean() * (-first).exp() + first
        return depth, mask, label, depth + mask + label


# aotlens: Recurrent(4)(torch.randn(3, 2, 4))
class Recurrent(nn.Module):
    """The results of a recurrent layer are returned beside its states."""

    def __init__(self, width):
        super().__init__()
        self.rnn = nn.LSTM(width, width)

    def forward(self, x):
        out, (h, c) = self.rnn(x)
        return out, h, c


# aotlens: Tied(9, 4)(torch.randint(9, (2, 5)))
class Tied(nn.Module):
    """One weight is read in three places."""

    def __init__(self, words, width):
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.head = nn.Linear(width, words, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids):
        hidden = self.embedding(ids)
        return self.head(hidden.tanh()), hidden.square().mean(), self.embedding.weight.norm()


# aotlens: Pieces(6)(torch.randn(4, 6))
class Pieces(nn.Module):
    """Views of one value, and operations with several results or arguments."""

    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(width, width)
        self.other = nn.Linear(width, width)

    def forward(self, x):
        h = self.layer(x)
        a, b, c = h.chunk(3, -1)
        variance, mean = torch.var_mean(h, 0)
        joined = torch.cat([a.sin(), self.other(h)[:, :2], c], 1)
        top = h.topk(2, 1).values
        rest = top.sum() + h[0, 0], h[1:, 2:4].sigmoid(), torch.stack([a.cos(), b.cos()])
        return a.exp() * b, c.exp(), variance, mean, joined, *rest


# aotlens: Solved(3)(torch.randn(3, 3))
class Solved(nn.Module):
    """Derivatives that torch computes by another formula if one of the results has no gradient."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, width))

    def forward(self, x):
        values, vectors = torch.linalg.eigh(self.weight @ self.weight.T + x @ x.T)
        _, log = torch.linalg.slogdet(self.weight)
        u, s, v = torch.linalg.svd(self.weight)
        return values, vectors.square(), log, s, (u @ v).square()


class Both(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x * w, x + w.exp()

    @staticmethod
    def backward(ctx, left, right):
        x, w = ctx.saved_tensors
        return left * w + right, (left * x).sum(0) + (right * w.exp()).sum(0)


# aotlens: Custom(4)(torch.randn(3, 4))
class Custom(nn.Module):
    """A custom function with two results: its `backward` runs as a whole as long as one of them has a gradient."""

    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(width, width)
        self.weight = nn.Parameter(torch.randn(width))

    def forward(self, x):
        left, right = Both.apply(self.layer(x), self.weight)
        return left.sin(), right.cos()


# aotlens: Checkpointed(4)(torch.randn(3, 4))
class Checkpointed(nn.Module):
    """All layers are returned, and each is computed again in the backward pass."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(2))

    def forward(self, x):
        outs = []
        for layer in self.layers:
            x = checkpoint(lambda t, layer=layer: layer(t).sin().exp(), x, use_reentrant=False)
            outs.append(x)
        return outs


# aotlens: Written(4)(torch.randn(3, 4))
class Written(nn.Module):
    """Outputs that read a tensor before and after it is changed in place."""

    def __init__(self, width):
        super().__init__()
        self.a = nn.Linear(width, width)
        self.b = nn.Linear(width, width)

    def forward(self, x):
        h = self.a(x)
        out = torch.zeros(3, 8)
        out[:, :4] = h
        out[:, 4:] = self.b(h)
        out[0] *= 2
        return out.sum(), h.square(), out[:, 3:5].sin()


# aotlens: Attended(8)(torch.randn(2, 5, 8))
class Attended(nn.Module):
    """An attention with its weights, and a parameter that two outputs read."""

    def __init__(self, width):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.gate = nn.Parameter(torch.ones(width))

    def forward(self, x):
        x = self.norm(x)
        out, weights = self.attention(x, x, x)
        return out + x, weights, (out * self.gate).sum(), self.gate.abs().sum()


# aotlens: Complex(4)(torch.randn(3, 4))
class Complex(nn.Module):
    """Real and complex derivatives of one spectrum."""

    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(width, width)

    def forward(self, x):
        z = torch.fft.rfft(self.layer(x))
        return z.real.square().sum(), z.imag.sum(), z.abs().mean(), torch.fft.irfft(z * z)


# aotlens: Losses(4)(torch.randn(3, 4), torch.randint(4, (3,)))
class Losses(nn.Module):
    """Logits, the loss of these, and a distillation between two heads."""

    def __init__(self, width):
        super().__init__()
        self.trunk = nn.Linear(width, width)
        self.heads = nn.ModuleList(nn.Linear(width, 4) for _ in range(2))

    def forward(self, x, target):
        hidden = F.dropout(F.silu(self.trunk(x)), 0.2, self.training)
        first, second = (head(hidden) for head in self.heads)
        distance = F.kl_div(first.log_softmax(-1), second.softmax(-1), reduction="batchmean")
        loss, near = F.cross_entropy(first, target), F.mse_loss(first, second)
        return {"logits": first, "loss": loss, "distance": distance, "near": near}


# aotlens: Halves()(torch.randn(3, 4))
class Halves(nn.Module):
    """The outputs are tensor subclasses: each is detached as a whole, whatever its pieces are."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(TwoTensor(torch.randn(4, 4), torch.randn(4, 4)))
        self.other = nn.Parameter(TwoTensor(torch.randn(4, 4), torch.randn(4, 4)))

    def forward(self, x):
        hidden = x @ self.weight
        return hidden.sin(), hidden.cos() @ self.other, self.other.exp()
