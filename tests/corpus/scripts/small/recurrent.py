"""A recurrent model whose state goes from step to step, trained at import."""

import torch
from torch import nn


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 8)
        self.rnn = nn.LSTM(8, 16, batch_first=True)
        self.out = nn.Linear(16, 50)

    def forward(self, x, hidden):
        o, hidden = self.rnn(self.emb(x), hidden)
        return self.out(o), hidden

    def init_hidden(self, n):
        return torch.zeros(1, n, 16), torch.zeros(1, n, 16)


model = RNN()
criterion = nn.CrossEntropyLoss()
data = torch.randint(50, (4, 100))


def get_batch(i, n=10):
    return data[:, i : i + n], data[:, i + 1 : i + 1 + n]


def loss_of(out, y):
    return criterion(out.reshape(-1, 50), y.reshape(-1))


def train():
    model.train()
    total = 0.0
    hidden = model.init_hidden(4)
    for i in range(0, 90, 10):
        x, y = get_batch(i)
        hidden = tuple(h.detach() for h in hidden)
        model.zero_grad()
        out, hidden = model(x, hidden)
        loss = loss_of(out, y)
        if torch.isnan(loss):
            continue
        loss.backward()
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-0.1)
        total += loss.item()


for epoch in range(2):
    train()
