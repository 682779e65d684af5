"""Names that are not there, values that do not fit the names, and arguments that a function does not take."""

import torch
from torch import nn


# aotlens: MissingKey()({"a": torch.randn(2, 4), "mask": torch.ones(2)})
class MissingKey(nn.Module):
    def forward(self, batch):
        x = batch["a"]
        return x + batch["b"]  # fails


# aotlens: OtherOrder()(torch.randn(2, 4))
class OtherOrder(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj_out = nn.Linear(4, 4)

    def forward(self, x):
        with torch.autocast("cpu", enabled=False):
            return x + self.out_proj(x)  # fails


class Config:
    def __init__(self):
        self.width = 3
        self.depth = 2


# aotlens: NotInConfig()(torch.randn(2, 6))
class NotInConfig(nn.Module):
    def __init__(self):
        super().__init__()
        self.config = Config()

    def forward(self, x):
        return x * self.config.scale  # fails


# aotlens: Chunks()(torch.randn(2, 6))
class Chunks(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(6, 6)

    def forward(self, x):
        q, k = self.qkv(x).chunk(3, dim=-1)  # fails
        return q + k


# aotlens: Recurrent()(torch.randn(2, 6))
class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(6, 6)

    def forward(self, x):
        y, h, c = self.rnn(x)  # fails
        return y + h + c


# aotlens: Returned()(torch.randn(2, 6))
class Returned(nn.Module):
    def parts(self, x):
        return x, x, x

    def forward(self, x):
        a, b = self.parts(x)  # fails
        return a + b


# aotlens: OneTooMany()(torch.randn(2, 6))
class OneTooMany(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, 6) for _ in range(2)])

    def forward(self, x):
        for i in range(3):
            x = self.layers[i](x)  # fails
        return x


# aotlens: NoHead()(torch.randn(2, 6))
class NoHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleDict({"cls": nn.Linear(6, 2), "box": nn.Linear(6, 4)})

    def forward(self, x):
        return self.heads["class"](x)  # fails


class Attention(nn.Module):
    def forward(self, x, attn_mask=None):
        return x


# aotlens: OtherKeyword()(torch.randn(2, 6))
class OtherKeyword(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = Attention()

    def forward(self, x):
        return x + self.attention(x, mask=None)  # fails


# aotlens: TooFew()(torch.randn(2, 6))
class TooFew(nn.Module):
    def scale(self, x, by: float):
        return x * by

    def forward(self, x):
        return 1 + self.scale(x)  # fails


# aotlens: Misspelled()(torch.randn(2, 6))
class Misspelled(nn.Module):
    def forward(self, x):
        return x.sofmax(-1)  # fails


# aotlens: NotGiven()(torch.randn(2, 6))
class NotGiven(nn.Module):
    def forward(self, x, mask=None):
        return x + mask.float()  # fails
