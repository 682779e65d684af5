"""Translation with recurrent networks and attention."""

import torch
import torch.nn.functional as F
from torch import nn


class Encoder(nn.Module):
    def __init__(self, vocab, emb_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb_dim)
        self.rnn = nn.GRU(emb_dim, hidden, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden, hidden)

    def forward(self, src):
        embedded = self.embedding(src)
        outputs, hidden = self.rnn(embedded)
        hidden = torch.cat([hidden[0], hidden[1]], dim=-1)
        hidden = torch.tanh(self.bridge(hidden))
        return {"outputs": outputs, "hidden": hidden}


class AdditiveAttention(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(2 * hidden, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, query, keys):
        q = self.query(query).unsqueeze(1)
        k = self.key(keys)
        energy = self.score(torch.tanh(q + k)).squeeze(-1)
        weights = F.softmax(energy, dim=-1)
        context = torch.bmm(weights.unsqueeze(1), keys)
        return context.squeeze(1), weights


class Decoder(nn.Module):
    def __init__(self, vocab, emb_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb_dim)
        self.attention = AdditiveAttention(hidden)
        self.cell = nn.GRUCell(emb_dim + 2 * hidden, hidden)
        self.out = nn.Linear(hidden + 2 * hidden + emb_dim, vocab)

    def forward(self, tgt, memory, hidden):
        embedded = self.embedding(tgt)
        logits = []
        for step in range(embedded.size(1)):
            current = embedded[:, step]
            context, _ = self.attention(hidden, memory)
            hidden = self.cell(torch.cat([current, context], dim=-1), hidden)
            logits.append(self.out(torch.cat([hidden, context, current], dim=-1)))
        return torch.stack(logits, dim=1)


# aotlens: Seq2Seq(200, 220, 32, 48)(torch.randint(200, (3, 9)), torch.randint(220, (3, 4)))
class Seq2Seq(nn.Module):
    def __init__(self, src_vocab, tgt_vocab, emb_dim=32, hidden=48):
        super().__init__()
        self.encoder = Encoder(src_vocab, emb_dim, hidden)
        self.decoder = Decoder(tgt_vocab, emb_dim, hidden)

    def forward(self, src, tgt):
        encoded = self.encoder(src)
        logits = self.decoder(tgt, encoded["outputs"], encoded["hidden"])
        return logits
