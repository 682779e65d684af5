"""The documents of the soak test: models, broken files, a script, each with a number that is edited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DOCUMENTS = 20

_MODEL = """import torch
from torch import nn

import shared


# aotlens: Net{number}()(torch.ones(3, 8))
class Net{number}(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, shared.WIDTH)
        self.second = nn.Linear(shared.WIDTH, 4)

    def forward(self, x):
        hidden = torch.relu(self.first(x)) * 1000
        return self.second(hidden)
"""
_GUESSED = """import torch
from torch import nn


class Net{number}(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)

    def forward(self, x):
        return torch.sigmoid(self.fc(x)) * 1000
"""
_SCRIPT = """import torch
from torch import nn

model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    batch = torch.ones(4, 8)
    loss = model(batch).mean() * 1000
    loss.backward()
    optimizer.step()
"""
_RAISES = """import torch
from torch import nn

SCALE = 1000
raise RuntimeError("on purpose")


class Net{number}(nn.Module):
    def forward(self, x):
        return x
"""
_CRASHES = """import os

import torch
from torch import nn


# aotlens: Net{number}()(torch.ones(2))
class Net{number}(nn.Module):
    def forward(self, x):
        os._exit(1000 % 7)
        return x
"""
_SYNTAX = """import torch
from torch import nn


class Net{number}(nn.Module):
    def forward(self, x):
        return x * 1000 +
"""
_KINDS = {15: _GUESSED, 16: _SCRIPT, 17: _RAISES, 18: _CRASHES, 19: _SYNTAX}
_NUMBER = "1000"


class Edited:
    """A document in which a number of four digits is changed again and again."""

    def __init__(self, path: Path, target: str, text: str, is_traced: bool) -> None:
        self.path, self.target, self.is_traced = path, target, is_traced
        self.uri = path.as_uri()
        self.text = text
        self._offset = text.index(_NUMBER)
        before = text[: self._offset]
        self._line, self._column = before.count("\n"), len(before.rpartition("\n")[2])
        self._number = int(_NUMBER)
        self._version = 1

    def next_edit(self) -> dict[str, Any]:
        """Change the number; the parameters of the notification."""
        self._number = 1000 + (self._number - 999) % 9000
        self._version += 1
        end = self._offset + len(_NUMBER)
        self.text = f"{self.text[: self._offset]}{self._number}{self.text[end:]}"
        start = {"line": self._line, "character": self._column}
        change = {
            "range": {"start": start, "end": {"line": self._line, "character": self._column + len(_NUMBER)}},
            "text": str(self._number),
        }
        return {"textDocument": {"uri": self.uri, "version": self._version}, "contentChanges": [change]}

    def somewhere(self) -> dict[str, Any]:
        """The position of a hover: in the line that is edited."""
        return {"textDocument": {"uri": self.uri}, "position": {"line": self._line, "character": 10}}


def documents(folder: Path) -> list[Edited]:
    """Write the documents and the module that most of them import."""
    (folder / "shared.py").write_text("WIDTH = 16\n", encoding="utf-8")
    found = []
    for number in range(DOCUMENTS):
        text = _KINDS.get(number, _MODEL).replace("{number}", str(number))
        path = folder / f"document_{number}.py"
        path.write_text(text, encoding="utf-8")
        found.append(Edited(path, f"Net{number}", text, number not in _KINDS))
    return found
