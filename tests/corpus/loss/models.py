"""Classes whose loss needs an optional argument of `forward`, and some whose optional arguments lead to none."""

import torch.nn.functional as F
from torch import nn


class GPT(nn.Module):
    def __init__(self, vocab=128, width=64):
        super().__init__()
        self.wte = nn.Embedding(vocab, width)
        self.head = nn.Linear(width, vocab)

    def forward(self, idx, targets=None):
        x = self.wte(idx)
        if targets is not None:
            logits = self.head(x)
            loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        else:
            logits = self.head(x[:, [-1], :])
            loss = None
        return logits, loss


class Regression(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 3)
        self.criterion = nn.MSELoss()

    def forward(self, x, y=None):
        out = self.layer(x)
        if y is None:
            return out
        return out, self.criterion(out, y)


class Flag(nn.Module):
    def __init__(self, vocab=100, width=64):
        super().__init__()
        self.embedding = nn.Embedding(vocab, width)
        self.head = nn.Linear(width, vocab)

    def forward(self, ids, return_loss=False):
        logits = self.head(self.embedding(ids[:, :-1] if return_loss else ids))
        if not return_loss:
            return logits
        return F.cross_entropy(logits.transpose(1, 2), ids[:, 1:])


class Classifier(nn.Module):
    """The mask leads to no loss of its own, and the losses are computed in another method."""

    def __init__(self, classes=5):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, stride=4)
        self.head = nn.Linear(16, classes)

    def compute(self, logits, labels):
        return {"ce": F.cross_entropy(logits, labels)}

    def forward(self, image, mask=None, labels=None):
        hidden = self.conv(image).mean((2, 3))
        if mask is not None:
            hidden = hidden * mask[:, None]
        logits = self.head(hidden)
        out = {"logits": logits}
        if self.training and labels is not None:
            out["losses"] = self.compute(logits, labels)
        return out


class Binary(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 1)

    def forward(self, x, target=None):
        out = self.layer(x)
        loss = None
        if target is not None:
            loss = F.binary_cross_entropy_with_logits(out.squeeze(-1), target)
        return {"out": out, "loss": loss}


class ByHand(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x, gt=None):
        out = self.layer(x)
        if gt is None:
            return out
        loss = (out - gt).pow(2).mean()
        return out, loss


class Spans(nn.Module):
    """Both arguments are needed for the loss."""

    def __init__(self, width=64):
        super().__init__()
        self.embedding = nn.Embedding(50, width)
        self.head = nn.Linear(width, 2)
        self.loss_function = nn.CrossEntropyLoss()

    def forward(self, ids, starts=None, ends=None):
        start, end = self.head(self.embedding(ids)).unbind(-1)
        if starts is not None and ends is not None:
            return start, end, self.loss_function(start, starts) + self.loss_function(end, ends)
        return start, end


class Inner(nn.Module):
    """Passes its labels on to a module of its own."""

    def __init__(self):
        super().__init__()
        self.gpt = GPT()

    def forward(self, idx, labels=None):
        return self.gpt(idx, targets=labels)


class Weighted(nn.Module):
    """Has a loss anyway: the weights add none."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x, weights=None):
        loss = self.layer(x).pow(2)
        if weights is not None:
            loss = loss * weights
        return loss.mean()


class Unguessable(nn.Module):
    """The labels are objects that nobody can guess."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x, labels=None):
        out = self.layer(x)
        if labels is None:
            return out
        return out, F.mse_loss(out, labels.boxes.as_tensor(out.device))


class Probed(nn.Module):
    """The probe is returned beside the loss, which does not depend on it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 3)
        self.probe = nn.Linear(8, 2)

    def forward(self, x, labels=None):
        logits, probed = self.layer(x), self.probe(x)
        if labels is None:
            return logits, probed
        return logits, probed, F.cross_entropy(logits.transpose(1, 2), labels)
