"""Modules that want what the fence denies. The line at which they end is marked."""

import os
import socket
import urllib.request
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).parent


# aotlens: Writes()(torch.randn(1, 2))
class Writes(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)

    def forward(self, x):
        with open(HERE / "log.txt", "a") as file:  # <-
            file.write("called")
        return super().forward(x)


# aotlens: Saves()(torch.randn(1, 2))
class Saves(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)
        torch.save({}, HERE / "saved.pt")  # <-


# aotlens: Downloads()(torch.randn(1, 2))
class Downloads(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)
        urllib.request.urlopen("http://weights.invalid/")  # <-


# aotlens: Sends()(torch.randn(1, 2))
class Sends(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # <-


# aotlens: ChangesOwner()(torch.randn(1, 2))
class ChangesOwner(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)
        os.chown(__file__, os.getuid(), os.getgid())  # <-


# aotlens: Signals()(torch.randn(1, 2))
class Signals(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)
        os.kill(os.getppid(), 0)  # <-


class Found(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # <-
