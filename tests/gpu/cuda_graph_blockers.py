"""A run on a real GPU: the consequences of `torch.compile(mode="reduce-overhead")` for CUDA graphs, for small models.

A plain script: `python tests/gpu/cuda_graph_blockers.py [NAME...]`. It needs torch and a CUDA device, and prints a JSON
object, in a line of its own. It has for each model the reasons with which torch skips CUDA graphs, the parts into which
it cuts a graph, the number of graphs that were recorded, and whether this agrees with `cuda_graph_blockers.json`.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch._dynamo
import torch._inductor.config
from torch import nn

MARK = "CUDA GRAPHS "
"""The beginning of the line of output that has the JSON: the models print too."""
EXPECTED = Path(__file__).with_suffix(".json")
_PARTS = re.compile(r"Created (\d+) graph partitions: (\d+) cudagraphable, (\d+) non-cudagraphable")


class Base(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(8, 8)


# aotlens: Plain()(torch.randn(4, 8))
class Plain(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x).relu()


# aotlens: ChangesArgument()(torch.randn(4, 8), torch.zeros(8))
class ChangesArgument(Base):
    def forward(self, x: Any, cache: Any) -> Any:
        y = self.lin(x)
        cache.add_(y.detach().mean(0))
        return y


# aotlens: ChangesArgumentWithGradient()(torch.randn(4, 8).requires_grad_().clone())
class ChangesArgumentWithGradient(Base):
    def forward(self, x: Any) -> Any:
        x.mul_(2)
        return self.lin(x)


# aotlens: ChangesSlice()(torch.randn(4, 8), torch.zeros(4, 3, 8))
class ChangesSlice(Base):
    def forward(self, x: Any, cache: Any) -> Any:
        y = self.lin(x)
        cache[:, 1] = y.detach()
        return y + cache.sum()


# aotlens: ChangesBuffer()(torch.randn(4, 8))
class ChangesBuffer(Base):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(8))

    def forward(self, x: Any) -> Any:
        self.seen.add_(x.detach().mean(0))
        return self.lin(x)


# aotlens: ChangesAttribute()(torch.randn(4, 8))
class ChangesAttribute(Base):
    def __init__(self) -> None:
        super().__init__()
        self.cache = torch.zeros(8, device="cuda" if torch.cuda.is_available() else "cpu")

    def forward(self, x: Any) -> Any:
        self.cache.add_(x.detach().mean(0))
        return self.lin(x)


# aotlens: ReplacesAttribute()(torch.randn(4, 8))
class ReplacesAttribute(Base):
    def __init__(self) -> None:
        super().__init__()
        self.cache = torch.zeros(8, device="cuda" if torch.cuda.is_available() else "cpu")

    def forward(self, x: Any) -> Any:
        self.cache = self.cache * 0.9 + x.detach().mean(0)
        return self.lin(x) + self.cache


# aotlens: ReplacesBuffer()(torch.randn(4, 8))
class ReplacesBuffer(Base):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x: Any) -> Any:
        self.mean = self.mean * 0.9 + x.detach().mean(0)
        return self.lin(x) + self.mean


# aotlens: CopiesIntoBuffer()(torch.randn(4, 8))
class CopiesIntoBuffer(Base):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x: Any) -> Any:
        self.mean.copy_(self.mean * 0.9 + x.detach().mean(0))
        return self.lin(x) + self.mean


# aotlens: ScalarTensor()(torch.randn(4, 8))
class ScalarTensor(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x) * torch.tensor(0.5)


# aotlens: ListTensor()(torch.randn(4, 8))
class ListTensor(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x)[:, torch.tensor([0, 2, 4])]


# aotlens: ArangeIndex()(torch.randn(4, 8))
class ArangeIndex(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x)[torch.arange(x.shape[0])]


# aotlens: ArangeMoved()(torch.randn(4, 8))
class ArangeMoved(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x) + torch.arange(8).to(x.device)


# aotlens: RandomMoved()(torch.randn(4, 8))
class RandomMoved(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x) + torch.randn(x.shape).to(x.device)


# aotlens: TensorMoved()(torch.randn(4, 8))
class TensorMoved(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x) + torch.tensor([1.0] * 8).to(x)


# aotlens: ReturnsCpu()(torch.randn(4, 8))
class ReturnsCpu(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x), torch.arange(4) + 1


# aotlens: ComputesOnCpu()(torch.randn(4, 8))
class ComputesOnCpu(Base):
    def forward(self, x: Any) -> Any:
        steps = torch.arange(8, dtype=torch.float32)
        return self.lin(x) + (steps.sin() / steps.sum()).to(x.device)


# aotlens: ArangeOnDevice()(torch.randn(4, 8))
class ArangeOnDevice(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x) + torch.arange(8, device=x.device)


# aotlens: ScalarArgument()(torch.randn(4, 8), torch.tensor(2.0))
class ScalarArgument(Base):
    def forward(self, x: Any, scale: Any) -> Any:
        return self.lin(x) * scale


# aotlens: ScalarAttribute()(torch.randn(4, 8))
class ScalarAttribute(Base):
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.tensor(2.0)

    def forward(self, x: Any) -> Any:
        return self.lin(x) * self.scale


# aotlens: MovesToCpu()(torch.randn(4, 8))
class MovesToCpu(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x).cpu()


# aotlens: BoolIndexPut()(torch.randn(4, 8))
class BoolIndexPut(Base):
    def forward(self, x: Any) -> Any:
        y = self.lin(x).clone()
        y[x > 0] = 0.0
        return y


# aotlens: BoolIndexPutTensor()(torch.randn(4, 8), torch.zeros(0))
class BoolIndexPutTensor(Base):
    def forward(self, x: Any, values: Any) -> Any:
        return torch.index_put(self.lin(x), (x > 100,), values)


# aotlens: Cond()(torch.randn(4, 8))
class Cond(Base):
    def forward(self, x: Any) -> Any:
        return torch.cond(x.sum() > 0, lambda y: y.sin(), lambda y: y.cos(), (x,))


# aotlens: Item()(torch.randn(4, 8))
class Item(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x) * x.detach().sum().item()


# aotlens: Printed()(torch.randn(4, 8))
class Printed(Base):
    def forward(self, x: Any) -> Any:
        y = self.lin(x)
        print("between two graphs")
        return y * 2


# aotlens: ChangesLocal()(torch.randn(4, 8))
class ChangesLocal(Base):
    def forward(self, x: Any) -> Any:
        y = self.lin(x)
        print("between two graphs")
        y.add_(1)
        return y * 2


# aotlens: Dropped()(torch.randn(4, 8))
class Dropped(Base):
    def forward(self, x: Any) -> Any:
        return nn.functional.dropout(self.lin(x), 0.1)


# aotlens: Normed()(torch.randn(4, 8))
class Normed(Base):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(8)

    def forward(self, x: Any) -> Any:
        return self.norm(self.lin(x))


# aotlens: Sampled()(torch.randn(4, 8))
class Sampled(Base):
    def forward(self, x: Any) -> Any:
        return self.lin(x), torch.multinomial(x.detach().softmax(-1), 1)


def _x(gradient: bool = False) -> Any:
    x = torch.randn(4, 8, device="cuda")
    return x.requires_grad_().clone() if gradient else x


def _cuda(*shape: int) -> Any:
    return torch.zeros(*shape, device="cuda")


MODELS: dict[str, tuple[type[nn.Module], Callable[[], tuple[Any, ...]]]] = {
    "Plain": (Plain, lambda: (_x(),)),
    "ChangesArgument": (ChangesArgument, lambda: (_x(), _cuda(8))),
    "ChangesArgumentWithGradient": (ChangesArgumentWithGradient, lambda: (_x(True),)),
    "ChangesSlice": (ChangesSlice, lambda: (_x(), _cuda(4, 3, 8))),
    "ChangesBuffer": (ChangesBuffer, lambda: (_x(),)),
    "ChangesAttribute": (ChangesAttribute, lambda: (_x(),)),
    "ReplacesAttribute": (ReplacesAttribute, lambda: (_x(),)),
    "ReplacesBuffer": (ReplacesBuffer, lambda: (_x(),)),
    "CopiesIntoBuffer": (CopiesIntoBuffer, lambda: (_x(),)),
    "ScalarTensor": (ScalarTensor, lambda: (_x(),)),
    "ListTensor": (ListTensor, lambda: (_x(),)),
    "ArangeIndex": (ArangeIndex, lambda: (_x(),)),
    "ArangeMoved": (ArangeMoved, lambda: (_x(),)),
    "RandomMoved": (RandomMoved, lambda: (_x(),)),
    "TensorMoved": (TensorMoved, lambda: (_x(),)),
    "ReturnsCpu": (ReturnsCpu, lambda: (_x(),)),
    "ComputesOnCpu": (ComputesOnCpu, lambda: (_x(),)),
    "ArangeOnDevice": (ArangeOnDevice, lambda: (_x(),)),
    "ScalarArgument": (ScalarArgument, lambda: (_x(), torch.tensor(2.0))),
    "ScalarAttribute": (ScalarAttribute, lambda: (_x(),)),
    "MovesToCpu": (MovesToCpu, lambda: (_x(),)),
    "BoolIndexPut": (BoolIndexPut, lambda: (_x(),)),
    "BoolIndexPutTensor": (BoolIndexPutTensor, lambda: (_x(), _cuda(0))),
    "Cond": (Cond, lambda: (_x(),)),
    "Item": (Item, lambda: (_x(),)),
    "Printed": (Printed, lambda: (_x(),)),
    "ChangesLocal": (ChangesLocal, lambda: (_x(),)),
    "Dropped": (Dropped, lambda: (_x(),)),
    "Normed": (Normed, lambda: (_x(),)),
    "Sampled": (Sampled, lambda: (_x(),)),
}


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def measured(name: str, train: bool, dynamic: bool | None = None) -> dict[str, Any]:
    """Three training steps of a model, or calls without gradients, as torch logs them."""
    kind, arguments = MODELS[name]
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    log = _Log()
    loggers = [logging.getLogger(f"torch._inductor.{part}.__cudagraphs") for part in ("cudagraph_utils", "scheduler")]
    loggers += [logging.getLogger(f"torch._inductor.{part}.__cudagraphs") for part in ("compile_fx", "cudagraph_trees")]
    for logger in loggers:
        logger.addHandler(log)
    problem = None
    started = time.monotonic()
    try:
        model = kind().cuda()
        compiled = torch.compile(model, mode="reduce-overhead", dynamic=dynamic)
        for _ in range(3):
            model.zero_grad()  # the gradients of the last step are in memory that the next one overwrites
            torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]  # torch has no types for it
            with torch.set_grad_enabled(train):
                out = compiled(*arguments())
            if train:
                first = out[0] if isinstance(out, tuple) else out
                if first.requires_grad:
                    first.sum().backward()
        torch.cuda.synchronize()
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"[:500]
    finally:
        for logger in loggers:
            logger.removeHandler(log)
    parts = [tuple(map(int, match.groups())) for text in log.texts for match in [_PARTS.search(text)] if match]
    return {
        "skips": sorted({_brief(text) for text in log.texts if "skipping cudagraphs" in text or "disabling" in text}),
        "skip_count": torch._dynamo.utils.counters["inductor"]["cudagraph_skips"],
        "partitions": parts,
        "not_in_a_graph": sorted({text.strip()[:200] for text in log.texts if "reason" in text.lower()}),
        "recorded": _recorded(),
        "problem": problem,
        "seconds": round(time.monotonic() - started, 1),
    }


def _recorded() -> int | None:
    """The number of CUDA graphs that exist."""
    try:
        from torch._inductor.cudagraph_trees import get_container

        manager = get_container(torch.cuda.current_device()).tree_manager
        return 0 if manager is None else manager.new_graph_id().id
    except Exception:
        return None


def _brief(text: str) -> str:
    return " ".join(text.split())[:300]


def main(names: list[str]) -> None:
    """Measure the models, all without names, and compare them with what is expected."""
    torch._inductor.config.force_disable_caches = True  # a graph from a cache logs no parts
    torch._logging.set_logs(cudagraphs=True)  # type: ignore[attr-defined]  # it has no __all__
    expected = json.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.exists() else {}
    found: dict[str, Any] = {"torch": torch.__version__, "device": torch.cuda.get_device_name(), "models": {}}
    for name in names or list(MODELS):
        result: dict[str, Any] = {"train": measured(name, train=True), "inference": measured(name, train=False)}
        if name == "Plain":
            result["dynamic"] = measured(name, train=False, dynamic=True)
        wanted = expected.get(name)
        if wanted is not None:
            result["expected"] = wanted
            result["agrees"] = _effect(result["train"]) == wanted
        found["models"][name] = result
    print(f"\n{MARK}{json.dumps(found)}")


def _effect(result: dict[str, Any]) -> str:
    """The consequence for the CUDA graphs of a model: fails, skipped, split or none."""
    if "CUDAGraphs that has been overwritten" in (result["problem"] or ""):
        return "fails"
    if result["skip_count"] or result["skips"]:
        return "skipped"
    return "split" if any(part[2] for part in result["partitions"]) else "none"


if __name__ == "__main__":
    main(sys.argv[1:])
