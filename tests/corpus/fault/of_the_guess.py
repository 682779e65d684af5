"""Classes that run with the right arguments, which are not easily guessed: none of them is to blame."""

from dataclasses import dataclass

import torch
from torch import nn


class Crossed(nn.Module):
    """Its width has to be that of its heads together."""

    def __init__(self, dim, heads=8, dim_head=64):
        super().__init__()
        self.to_q = nn.Linear(dim, heads * dim_head)
        self.to_k = nn.Linear(dim, dim)

    def forward(self, x):
        return self.to_q(x) @ self.to_k(x).transpose(1, 2)


class OfOneSize(nn.Module):
    """It takes sequences of one length."""

    def __init__(self, dim):
        super().__init__()
        self.places = nn.Parameter(torch.zeros(77, dim))

    def forward(self, x):
        assert x.shape[1] == 77
        return x + self.places


class OfPixels(nn.Module):
    """The size of its images is in the width of a layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.head = nn.Linear(8 * 15 * 15, 10)

    def forward(self, images):
        return self.head(self.conv(images).flatten(1))


class AsksAnOracle(nn.Module):
    """It takes an object that nobody can guess."""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x, oracle):
        return self.fc(x) * oracle.answer(x)


class OfParts(nn.Module):
    """It takes a dictionary."""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, batch):
        return self.fc(batch["tokens"]["hidden"])


class OfDoubles(nn.Module):
    """Its weights are of a type that is not usual."""

    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(dim, dim, dtype=torch.float64))

    def forward(self, x):
        return torch.linalg.solve(self.weight, x)


class OfFrames(nn.Module):
    """Its batch has to be a multiple of its frames."""

    def __init__(self, dim, frames=8):
        super().__init__()
        self.frames = frames
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        x = self.fc(x)
        return x.view(3, self.frames, x.shape[1], x.shape[2]).mean(1)


class OfASetting(nn.Module):
    """It takes settings of which nothing is written here."""

    def __init__(self, settings):
        super().__init__()
        self.fc = nn.Linear(settings.table["width"], settings.table["depth"] + settings.extra.width)

    def forward(self, x):
        return self.fc(x)


class Twice(nn.Module):
    """It needs a second input, though it may be left out by the signature."""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(2 * dim, dim)

    def forward(self, x, y=None):
        if y is not None:
            x = torch.cat([x, y], dim=-1)
        return self.fc(x.tanh().mul(2)) + x[..., : self.fc.out_features]


class Turned(nn.Module):
    """It takes a module that makes two tensors of positions, or None."""

    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, 2 * dim)

    def forward(self, x, rotary, pos, mask):
        q, k = self.fc(x).chunk(2, dim=-1)
        if rotary is not None:
            sin, cos = rotary(pos)
            q = q * cos + q.flip(-1) * sin
            k = k * cos + k.flip(-1) * sin
        return mask.attend(q, k)


class MayBeConfigured(nn.Module):
    """It needs its settings, though it can be built without."""

    def __init__(self, dim, hidden=None):
        super().__init__()
        self.hidden = hidden
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        x = self.fc(x)
        return x.view(2, -1, self.hidden.table["width"])


class OfDistances(nn.Module):
    """Its integers are a square."""

    def __init__(self, dim, most=16):
        super().__init__()
        self.embed = nn.Embedding(most, dim)

    def forward(self, distances):
        return self.embed(distances) + self.embed(distances.T)


class TwiceAsLarge(nn.Module):
    """Makes images of `image_size`: its own have half of it."""

    def __init__(self, image_size=64):
        super().__init__()
        self.up = nn.Upsample(scale_factor=2)
        self.bias = nn.Parameter(torch.zeros(1, 3, image_size, image_size))

    def forward(self, image):
        x = self.up(image)
        return x + self.bias[:, :, : x.shape[2], : x.shape[3]]


class WithBorder(nn.Module):
    """Its images are smaller than `image_size`, by a border."""

    def __init__(self, image_size=64):
        super().__init__()
        self.pad = nn.ZeroPad2d(4)
        self.bias = nn.Parameter(torch.zeros(1, 3, image_size, image_size))

    def forward(self, image):
        return self.pad(image) + self.bias


@dataclass
class Kinds:
    dim: int = 64
    kind: str | None = None
    factor: int | None = None


class ChosenBySetting(nn.Module):
    """Its setting has no default that works: who uses it sets it."""

    def __init__(self, config: Kinds):
        super().__init__()
        self.norm = {"layer": nn.LayerNorm, "rms": nn.RMSNorm}[config.kind](config.dim)

    def forward(self, x):
        return self.norm(x)


class ScaledBySetting(nn.Module):
    """Its setting has no default that works: who uses it sets it."""

    def __init__(self, config: Kinds):
        super().__init__()
        self.fc = nn.Linear(config.dim, config.factor * config.dim)

    def forward(self, x):
        return self.fc(x)


class Record:
    """An object that only its user can make."""

    def __init__(self, **entries):
        raise FileNotFoundError("records.csv")


class ReadsARecord(nn.Module):
    """None is passed for a record, which cannot be made."""

    def __init__(self, dim: int):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, data: Record) -> torch.Tensor:
        assert "sub" in data
        return self.fc(data.sub)


class CutIntoSlices(nn.Module):
    """Its input has a slice for each of its layers."""

    def __init__(self, *, vectors: int = 256, layers: int = 4, width: int = 1024):
        super().__init__()
        self.vectors = vectors
        self.weights = nn.ParameterList([nn.Parameter(torch.zeros(vectors, 8, width)) for _ in range(layers)])

    def forward(self, x: torch.Tensor):
        start, results = 0, []
        for weight in self.weights:
            part = x[:, start : start + self.vectors]
            results.append(torch.einsum("bvd,vcd->bvc", part, weight))
            start = start + self.vectors
        return torch.cat(results, 1)


class NamedByItsSetting(nn.Module):
    """A setting decides about the names of its parts."""

    def __init__(self, dim: int, names: tuple[str, ...] = ("first",)):
        super().__init__()
        self.parts = nn.ModuleDict({name: nn.Linear(dim, dim) for name in names})

    def forward(self, x):
        return self.parts.second(x)


class NamedLater(nn.Module):
    """What uses it gives it one more part."""

    def __init__(self, dim: int):
        super().__init__()
        self.parts = nn.ModuleDict({"first": nn.Linear(dim, dim)})

    def add(self, head: nn.Module) -> None:
        self.parts["head"] = head

    def forward(self, x):
        return self.parts.head(self.parts.first(x))


class OfOneWidth(nn.Module):
    """Two widths that have to be equal."""

    def __init__(self, dim: int, context_dim: int):
        super().__init__()
        self.query = nn.Linear(16, dim)
        self.context = nn.Linear(16, context_dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.query(x) * self.context(x)


class InsideOfAHead(nn.Module):
    """The width inside its feed-forward has to be that of a head, which is as large as the model by accident."""

    def __init__(self, dim: int, mlp_dim: int, features: int = 64):
        super().__init__()
        self.up = nn.Linear(dim, mlp_dim)
        self.out = nn.Linear(features, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.up(x))


class OfPieces(nn.Module):
    """As many pieces as it unpacks are in one width only."""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        left, right = self.norm(x).split(12, -1)
        return left * right


class OfSomeRows(nn.Module):
    """It takes the rows that a mask leaves, and refuses them if they have another width."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(37, 37)

    def forward(self, x):
        rows = x[x[..., 0] > -100]
        if rows.shape[-1] % 37 or rows.shape[0] != 11:
            raise ValueError("eleven rows are wanted")
        return self.fc(rows)


class OfItsSubclasses(nn.Module):
    """What it calls is left to subclasses, with as many parameters as they like."""

    def _apply_to(self):
        """Applies the layer."""
        raise NotImplementedError

    def forward(self, x):
        return self._apply_to(x)


class OfSomeSizes(nn.Module):
    """It takes any number of sizes; without any, it cannot be called."""

    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.view(*self.shape)


class OfAnotherMethod(nn.Module):
    """It has to be fitted before it is called."""

    def fit(self, x):
        """Keep the mean of some data."""
        self.mean = x.mean(0)

    def forward(self, x):
        return x - self.mean
