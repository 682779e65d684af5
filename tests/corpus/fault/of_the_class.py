"""Classes that fail whatever they are given."""

import torch
import torch.nn.functional as F
from torch import nn


class Gated(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.up = nn.Linear(dim, 4 * dim)
        self.gate = nn.Linear(dim, 2 * dim)

    def forward(self, x):
        up = self.up(x)
        return up * self.gate(x)  # fails


class OneMore(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim + 1)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))  # fails


class Untransposed(nn.Module):
    def __init__(self, channels=32):
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, padding=1)
        self.norm = nn.LayerNorm(channels + 16)

    def forward(self, image):
        x = self.conv(image).permute(0, 2, 3, 1)
        return self.norm(x)  # fails


class Recurrent(nn.Module):
    def __init__(self, dim, hidden=48):
        super().__init__()
        self.rnn = nn.LSTM(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.out(self.rnn(x))  # fails


class NotAMethod(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        x = self.fc(x)
        return x.gelu()  # fails


class Half(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.embed = nn.Embedding(100, dim)
        self.fc = nn.Linear(dim, dim)

    def forward(self, ids):
        x = self.embed(ids)
        return self.embed(self.fc(x))  # fails


class WrongKey(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.parts = nn.ModuleDict({"query": nn.Linear(dim, dim), "key": nn.Linear(dim, dim)})

    def forward(self, x):
        return self.parts["query"](x) + self.parts["value"](x)  # fails


class WrongCall(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.inner = Half(dim)

    def forward(self, ids):
        return self.inner(ids, mask=torch.ones(2))  # fails


class Unbuilt(nn.Module):
    def __init__(self, dim, heads=4):
        super().__init__()
        self.fc = nn.Linear(dim, dim, biases=False)  # fails

    def forward(self, x):
        return self.fc(x)


class Divided(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim / 2)  # fails

    def forward(self, x):
        return self.fc(x)


class PositionsOfSequences(nn.Module):
    """Runs with as many sequences as tokens, and with one."""

    def __init__(self, vocab_size, dim, longest=128):
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, dim)
        self.positions = nn.Embedding(longest, dim)

    def forward(self, tokens):
        positions = self.positions(torch.arange(tokens.shape[1], device=tokens.device))[:, None]
        return self.tokens(tokens) + positions  # fails


class OneLess(nn.Module):
    """Runs with images that are smaller than those that it is built for."""

    def __init__(self, image_size, patch_size, dim):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, patch_size, stride=patch_size)
        self.first = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(torch.zeros(1, (image_size // patch_size) ** 2, dim))

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(x.shape[0], -1, -1), x], dim=1)
        return x + self.positions[:, : x.shape[1]]  # fails


class WrongName(nn.Module):
    def __init__(self, dim, depth=2):
        super().__init__()
        self.parts = nn.ModuleDict(
            {"layers": nn.ModuleList([nn.Linear(dim, dim) for _ in range(depth)]), "ln_f": nn.LayerNorm(dim)}
        )

    def forward(self, x):
        for layer in self.parts.layers:
            x = layer(x)
        return self.parts.norm_f(x)  # fails


class TheOtherWayRound(nn.Module):
    def __init__(self, dim, mlp_dim, depth=2):
        super().__init__()
        self.up = nn.Linear(dim, mlp_dim)
        self.down = nn.Linear(dim, mlp_dim)
        self.depth = depth

    def forward(self, x):
        for _ in range(self.depth):
            x = x + self.down(F.gelu(self.up(x)))  # fails
        return x


class NoRoomForTheClassToken(nn.Module):
    def __init__(self, *, image_size, patch_size, dim):
        super().__init__()
        self.patch_size = patch_size
        self.embed = nn.Linear(3 * patch_size * patch_size, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(torch.zeros(1, (image_size // patch_size) ** 2, dim))

    def forward(self, img):
        batch, channels, height, width = img.shape
        p = self.patch_size
        x = img.view(batch, channels, height // p, p, width // p, p)
        x = self.embed(x.permute(0, 2, 4, 1, 3, 5).reshape(batch, (height // p) * (width // p), p * p * channels))
        x = torch.cat((self.cls_token.expand(batch, -1, -1), x), dim=1)
        return x + self.positions[:, : x.shape[1]]  # fails
