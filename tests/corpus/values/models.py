"""Small models of kinds that people write; each is called as `NAME()(*inputs_of(NAME))`."""

import itertools
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class CausalAttention(nn.Module):
    def __init__(self, n_embd, n_head, block_size):
        super().__init__()
        self.c_attn = nn.Linear(n_embd, 3 * n_embd)
        self.c_proj = nn.Linear(n_embd, n_embd)
        self.n_head, self.n_embd = n_head, n_embd
        self.register_buffer("bias", torch.tril(torch.ones(block_size, block_size)).view(1, 1, block_size, block_size))

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
        k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
        att = F.softmax(att, dim=-1)
        y = att @ v
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        return self.c_proj(y)


class GPTBlock(nn.Module):
    def __init__(self, n_embd, n_head, block_size):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)
        self.attn = CausalAttention(n_embd, n_head, block_size)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(n_embd, 4 * n_embd), "c_proj": nn.Linear(4 * n_embd, n_embd)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        h = self.mlp["c_fc"](self.ln_2(x))
        h = F.gelu(h)
        x = x + self.mlp["c_proj"](h)
        return x


class GPT(nn.Module):
    """Like nanoGPT."""

    def __init__(self, vocab=65, block_size=16, n_layer=3, n_head=4, n_embd=32):
        super().__init__()
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(vocab, n_embd),
                "wpe": nn.Embedding(block_size, n_embd),
                "h": nn.ModuleList([GPTBlock(n_embd, n_head, block_size) for _ in range(n_layer)]),
                "ln_f": nn.LayerNorm(n_embd),
            }
        )
        self.lm_head = nn.Linear(n_embd, vocab, bias=False)

    def forward(self, idx, targets=None):
        _b, t = idx.size()
        pos = torch.arange(0, t, dtype=torch.long, device=idx.device)
        tok_emb = self.transformer.wte(idx)
        pos_emb = self.transformer.wpe(pos)
        x = tok_emb + pos_emb
        for block in self.transformer.h:
            x = block(x)
        x = self.transformer.ln_f(x)
        if targets is not None:
            logits = self.lm_head(x)
            loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        else:
            logits = self.lm_head(x[:, [-1], :])
            loss = None
        return logits, loss


class DoubleConv(nn.Sequential):
    def __init__(self, inside, outside):
        super().__init__(nn.Conv2d(inside, outside, 3, padding=1), nn.BatchNorm2d(outside), nn.ReLU())


class Up(nn.Module):
    def __init__(self, inside, outside):
        super().__init__()
        self.up = nn.ConvTranspose2d(inside, inside // 2, 2, stride=2)
        self.conv = DoubleConv(inside, outside)

    def forward(self, x, skip):
        x = self.up(x)
        dy, dx = skip.size(2) - x.size(2), skip.size(3) - x.size(3)
        if dy or dx:
            x = F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        x = torch.cat([skip, x], dim=1)
        return self.conv(x)


class UNet(nn.Module):
    def __init__(self, widths=(8, 16, 32)):
        super().__init__()
        self.first = DoubleConv(3, widths[0])
        self.downs = nn.ModuleList(DoubleConv(a, b) for a, b in itertools.pairwise(widths))
        self.ups = nn.ModuleList(Up(b, a) for a, b in reversed(list(itertools.pairwise(widths))))
        self.last = nn.Conv2d(widths[0], 2, 1)

    def forward(self, image):
        x = self.first(image)
        skips = []
        for down in self.downs:
            skips.append(x)
            x = down(F.max_pool2d(x, 2))
        for up in self.ups:
            skip = skips.pop()
            x = up(x, skip)
        logits = self.last(x)
        return logits


class Tagger(nn.Module):
    """An LSTM over sentences of different lengths, and a cell that is unrolled."""

    def __init__(self, vocab=50, width=12, hidden=16, tags=5):
        super().__init__()
        self.embed = nn.Embedding(vocab, width, padding_idx=0)
        self.lstm = nn.LSTM(width, hidden, num_layers=2, bidirectional=True, batch_first=True)
        self.cell = nn.LSTMCell(2 * hidden, hidden)
        self.out = nn.Linear(hidden, tags)

    def forward(self, words, lengths):
        vectors = self.embed(words)
        packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        packed_output, (h_n, c_n) = self.lstm(packed)
        output, sizes = pad_packed_sequence(packed_output, batch_first=True)
        h, c = h_n[-1], c_n[-1]
        steps = []
        for step in output.unbind(1):
            h, c = self.cell(step, (h, c))
            steps.append(h)
        hidden = torch.stack(steps, dim=1)
        scores = self.out(hidden)
        mask = torch.arange(scores.shape[1]) < sizes[:, None]
        return scores.log_softmax(-1) * mask[..., None]


class Expert(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        h = F.silu(self.up(x))
        return self.down(h)


class Mixture(nn.Module):
    """Sends each token to its experts: how many tokens an expert gets depends on data."""

    def __init__(self, width=16, experts=4, k=2):
        super().__init__()
        self.gate = nn.Linear(width, experts)
        self.experts = nn.ModuleList([Expert(width) for _ in range(experts)])
        self.k = k

    def forward(self, x):
        tokens = x.reshape(-1, x.shape[-1])
        scores = self.gate(tokens)
        weights, chosen = scores.softmax(-1).topk(self.k, dim=-1)
        weights = weights / weights.sum(-1, keepdim=True)
        result = torch.zeros_like(tokens)
        for number, expert in enumerate(self.experts):
            row, column = torch.where(chosen == number)
            if row.numel() == 0:
                continue
            part = expert(tokens[row])
            result.index_add_(0, row, part * weights[row, column, None])
        result = result.view_as(x)
        return result


def inputs_of(name):
    """Arguments for a model."""
    return {
        "GPT": lambda: (torch.randint(65, (2, 12)), torch.randint(65, (2, 12))),
        "UNet": lambda: (torch.randn(1, 3, 22, 30),),
        "Tagger": lambda: (torch.randint(1, 50, (3, 7)), torch.tensor([7, 3, 5])),
        "Mixture": lambda: (torch.randn(2, 9, 16),),
    }[name]()
