"""The memory that a call leaves allocated in eager, beside what torch's allocator has given out on real tensors."""

from __future__ import annotations

import functools
import gc
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from support import CORPUS, trace_json

FILES = (CORPUS / "saved" / "held.py", CORPUS / "saved" / "held_packages.py")
PIN = re.compile(r"^# aotlens: (\w+)(\(.*?\))(\(.*\))$", re.MULTILINE)
CALLS = {
    name: (file, build, call) for file in FILES for name, build, call in PIN.findall(file.read_text(encoding="utf-8"))
}


@functools.cache
def corpus(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@functools.cache
def graphs(file: Path, *options: str) -> dict[str, dict[str, Any]]:
    traces = trace_json(file.name, *options, cwd=file.parent)["traces"]
    return {trace["target"]["qualname"]: trace["graphs"][0] for trace in traces if trace["graphs"]}


def growth(name: str) -> int:
    """The bytes that the allocator has given out for the call, and not taken back while the result is there."""
    file, build, call = CALLS[name]
    module = eval(f"corpus.{name}{build}", {"corpus": corpus(file)})
    arguments = eval(f"(lambda *given: given){call}", {"torch": torch})
    gc.collect()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        result = module(*arguments)
        gc.collect()
    assert result is not None
    return sum(event.self_cpu_memory_usage for event in recorded.events())


@pytest.mark.parametrize("name", CALLS)
def test_what_the_call_leaves_in_memory_is_what_the_process_grows_by(name: str) -> None:
    file, _, _ = CALLS[name]
    if file == FILES[1]:
        for package in ("transformers", "vit_pytorch"):
            if importlib.util.find_spec(package) is None:
                pytest.skip(f"{package} is not installed")
    said = graphs(file, "--partitioner", "eager", "--no-eager")[name]["eager_memory"]
    assert said["on"] == "real"
    assert said["held"] + said["returned"] == pytest.approx(growth(name), rel=0.01)


def partly(name: str, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = graphs(CALLS[name][0], *options)[name]["eager_memory"]["partly"]
    return found


def test_the_view_that_holds_more_than_is_needed_is_named_with_its_line() -> None:
    (storage,) = partly("LastToken", "--partitioner", "eager", "--no-eager")
    assert (storage["label"], storage["bytes"], storage["needed"], storage["returned"]) == ("lin(x)", 51200, 512, False)
    (view,) = storage["views"]
    assert (view["label"], view["is_inside"]) == ("h[:, -1]", False)
    assert storage["source"]["line"] + 1 == view["source"]["line"]


def test_a_copy_frees_the_rest_unless_the_result_keeps_it_too() -> None:
    assert partly("LastTokenCopied", "--partitioner", "eager", "--no-eager") == []
    (storage,) = partly("LastTokenReturned", "--partitioner", "eager", "--no-eager")
    assert storage["returned"]


def test_values_that_share_a_storage_say_so() -> None:
    graph = graphs(CALLS["Slices"][0], "--partitioner", "eager", "--no-eager")["Slices"]
    sizes = {value["storage"]: value["storage_bytes"] for value in graph["saved"]}
    assert sum(sizes.values()) == graph["eager_memory"]["held"]
    assert sum(value["bytes"] for value in graph["saved"]) == graph["eager_memory"]["saved"]
    assert len(sizes) < len(graph["saved"])
