"""Small modules that between them show every descriptor that a trace on the CPU can show; philox.py has the rest."""

import functools

import torch
from torch import nn
from torch._subclasses.fake_tensor import unset_fake_temporarily
from torch.testing._internal.two_tensor import TwoTensor


# aotlens: Affine()(torch.randn(2, 3))
class Affine(nn.Module):
    """ParamAOTInput, BufferAOTInput, PlainAOTInput, PlainAOTOutput, TangentAOTInput,
    GradAOTOutput, SavedForBackwardsAOTOutput."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 4)
        self.register_buffer("scale", torch.ones(4))

    def forward(self, x):
        return (self.linear(x) * self.scale).tanh()


# aotlens: Centered()(torch.randn(2, 3, requires_grad=True))
class Centered(nn.Module):
    """InputMutationAOTOutput of a BufferAOTInput: a running mean updated in place."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, x):
        self.mean.lerp_(x.detach().mean(0), 0.1)
        return x - self.mean


# aotlens: ScaledInPlace()(torch.randn(3), torch.randn(3, requires_grad=True))
class ScaledInPlace(nn.Module):
    """InputMutationAOTOutput that autograd sees, hence also a TangentAOTInput of it."""

    def forward(self, x, w):
        x.mul_(w)
        return x.sum()


# aotlens: TwoViews()(torch.randn(2, 3, requires_grad=True))
class TwoViews(nn.Module):
    """IntermediateBaseAOTOutput: two outputs are views of one intermediate."""

    def forward(self, x):
        y = x.exp()
        return y.view(-1), y.t()


def windows():
    """Two overlapping slices of one tensor, which is the `_base` of both."""
    base = torch.randn(4)
    return base[:3], base[1:]


# aotlens: MutatedView()(*windows())
class MutatedView(nn.Module):
    """ViewBaseAOTInput: two inputs are views of one base, and one is mutated."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3))

    def forward(self, a, b):
        a.mul_(2)
        return (a + b) * self.weight


# aotlens: ReshapedView()(*windows())
class ReshapedView(MutatedView):
    """MetadataMutationAOTOutput beside a ViewBaseAOTInput, in a joint graph: one view
    is mutated, the other reshaped in place (by `torch.ops`: Dynamo bars methods)."""

    def forward(self, a, b):
        a.mul_(2)
        torch.ops.aten.unsqueeze_(b, 0)
        return (a + b) * self.weight


def aliases(x):
    """Two tensors on the storage of `x`, neither with a `_base`."""
    return x.detach(), x.detach()


# aotlens: MutatedAlias()(*aliases(torch.randn(3)))
class MutatedAlias(nn.Module):
    """SyntheticBaseAOTInput: two inputs share a storage and have no `_base`, and one is
    mutated. Only in an inference graph: no output or mutation may require grad."""

    def forward(self, a, b):
        a.mul_(2)
        return a + b


# aotlens: TransposedAlias()(*aliases(torch.randn(2, 3)))
class TransposedAlias(nn.Module):
    """MetadataMutationAOTOutput and SyntheticBaseAOTInput: of two inputs on one storage,
    one is mutated and the other transposed in place."""

    def forward(self, a, b):
        a.mul_(2)
        torch.ops.aten.t_(b)
        return a.t() + b


def two(*shape, dynamic=()):
    """A differentiable TwoTensor (a pair of tensors `a`, `b`), some dims dynamic."""
    tensor = TwoTensor(torch.randn(*shape), torch.randn(*shape)).requires_grad_()
    torch._dynamo.mark_dynamic(tensor, dynamic)
    return tensor


# aotlens: Sine()(two(4, 5))
class Sine(nn.Module):
    """SubclassGetAttrAOTInput, of a plain input and of a tangent, and
    SubclassGetAttrAOTOutput, of a plain output and of a grad."""

    def forward(self, x):
        return x.sin()


# aotlens: SineOfRows()(two(4, 5, dynamic=[0]))
class SineOfRows(Sine):
    """SubclassSizeAOTInput and SubclassSizeAOTOutput: a dynamic number of rows."""


# aotlens: SineOfColumns()(two(4, 5, dynamic=[1]))
class SineOfColumns(Sine):
    """SubclassStrideAOTInput and SubclassStrideAOTOutput (and those of sizes): a dynamic
    number of columns is also the stride of the rows. By Dynamo."""


def ragged(*lengths):
    """A jagged nested tensor of rows of 3, made outside any fake mode."""
    with unset_fake_temporarily():
        rows = [torch.randn(length, 3) for length in lengths]
        return torch.nested.nested_tensor(rows, layout=torch.jagged)


# aotlens: Ragged(3, 4)(ragged(2, 5))
class Ragged(nn.Linear):
    """SubclassGetAttrAOTInput and SubclassGetAttrAOTOutput of a jagged tensor. By Dynamo."""


@functools.cache
def mesh():
    """The device mesh of a fake process group of 2: one only, as the partitioner fails on
    a process's later captures when each makes a mesh of its own."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.testing._internal.distributed.fake_pg import FakeStore

    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    with unset_fake_temporarily():
        return init_device_mesh("cpu", (2,))


def sharded(tensor):
    """A DTensor of which `tensor` is the shard on rank 0 of 2."""
    from torch.distributed.tensor import DTensor, Shard

    return DTensor.from_local(tensor, mesh(), [Shard(0)], run_check=False)


# aotlens: ShardedLinear()(sharded(torch.randn(2, 3)))
class ShardedLinear(nn.Module):
    """SubclassGetAttrAOTInput of a ParamAOTInput: a DTensor weight (and its mesh)."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(sharded(torch.randn(2, 3)))

    def forward(self, x):
        return x @ self.weight.t()


# aotlens: Inverse()(torch.randn(3, 3, requires_grad=True))
class Inverse(nn.Module):
    """ForwardTokenAOTInput and ForwardTokenAOTOutput: the inverse checks for errors."""

    def forward(self, x):
        return torch.linalg.inv(x)


# aotlens: Spectrum()(torch.randn(3, 3, requires_grad=True))
class Spectrum(nn.Module):
    """BackwardTokenAOTInput and BackwardTokenAOTOutput: the gradient of eigenvalues
    solves a linear system, which checks for errors."""

    def forward(self, x):
        return torch.linalg.eigvals(x).abs()


# aotlens: Greeting()(torch.randn(3, requires_grad=True))
class Greeting(nn.Module):
    """ForwardTokenAOTInput and ForwardTokenAOTOutput: it prints."""

    def forward(self, x):
        torch.ops.aten._print("hello")
        return x * 2


class StashingMatmulSine(torch.autograd.Function):
    """sin(x @ w), which keeps the product on `ctx` without `save_for_backward`."""

    @staticmethod
    def forward(ctx, x, w):
        ctx.product = x @ w
        ctx.save_for_backward(x, w)
        return ctx.product.sin()

    @staticmethod
    def backward(ctx, grad):
        x, w = ctx.saved_tensors
        grad = grad * ctx.product.cos()
        return grad @ w.t(), x.t() @ grad


# aotlens: Stash()(torch.randn(2, 3))
class Stash(nn.Module):
    """SavedForBackwardsNoVcCheckAOTOutput and SavedForBackwardsAOTOutput: an
    autograd.Function stashes one tensor on `ctx` and saves others. By Dynamo."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 4))

    def forward(self, x):
        return StashingMatmulSine.apply(x, self.weight)
