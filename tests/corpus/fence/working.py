"""Modules that do what the fence lets them do."""

import json
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import torch
import torch.distributed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Works(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)
        self.work()


# aotlens: Reads()(torch.randn(1, 2))
class Reads(Works):
    def work(self):
        self.text = Path(__file__).read_text()


# aotlens: Files()(torch.randn(1, 2))
class Files(Works):
    def work(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "config.json").write_text(json.dumps({"width": 2}))
            shutil.copyfile(f"{folder}/config.json", f"{folder}/copy.json")
            torch.save({"width": 2}, f"{folder}/saved.pt")
            self.saved = torch.load(f"{folder}/saved.pt")


# aotlens: Git()(torch.randn(1, 2))
class Git(Works):
    def work(self):
        self.version = subprocess.run(["git", "--version"], check=True, capture_output=True).stdout


# aotlens: Workers()(torch.randn(1, 2))
class Workers(Works):
    def work(self):
        data = TensorDataset(torch.arange(8.0))
        self.sum = sum(float(batch.sum()) for (batch,) in DataLoader(data, batch_size=2, num_workers=2))
        assert self.sum == 28


# aotlens: Threads()(torch.randn(1, 2))
class Threads(Works):
    def work(self):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()


# aotlens: Compiles()(torch.randn(1, 2))
class Compiles(nn.Linear):
    def __init__(self):
        super().__init__(2, 2)

    def forward(self, x):
        return torch.compile(super().forward)(x)


# aotlens: Group()(torch.randn(1, 2))
class Group(Works):
    def work(self):
        from torch.testing._internal.distributed.fake_pg import FakeStore

        torch.distributed.init_process_group("fake", rank=0, world_size=2, store=FakeStore())


# aotlens: Imports()(torch.randn(1, 2))
class Imports(Works):
    def work(self):
        import transformers

        self.version = transformers.__version__
