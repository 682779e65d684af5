"""What eager autograd does with the pinned classes of a file: one JSON object for each. `in_eager.py FILE`.

It runs each on real tensors, several times, and shares no code with aotlens.
"""

import ast
import importlib.util
import inspect
import json
import re
import sys
import warnings
from pathlib import Path

import torch
import torch.utils._pytree as pytree
from torch.utils._python_dispatch import is_traceable_wrapper_subclass


def pieces(tensor, path=""):
    """The plain tensors in a tensor, each with the path to it."""
    if not is_traceable_wrapper_subclass(tensor):
        return {path: tensor}
    names, _ = tensor.__tensor_flatten__()
    inner = {}
    for name in names:
        if isinstance(getattr(tensor, name), torch.Tensor):
            inner |= pieces(getattr(tensor, name), f"{path}.{name}")
    return inner


def kind(tensor):
    return type(tensor).__name__ if is_traceable_wrapper_subclass(tensor) else "Tensor"


def memory(tensor):
    return tensor.untyped_storage().data_ptr()


def run(pin, space, seed):
    torch.manual_seed(seed)
    call = ast.parse(pin, mode="eval").body
    module = eval(ast.unparse(call.func), space)
    given = ", ".join([*map(ast.unparse, call.args), *map(ast.unparse, call.keywords)])
    args, kwargs = eval(f"(lambda *args, **kwargs: (args, kwargs))({given})", space)
    values = {name: ("parameter", value) for name, value in module.named_parameters(remove_duplicate=False)}
    values |= {name: ("buffer", value) for name, value in module.named_buffers()}
    for name, argument in inspect.signature(module.forward).bind(*args, **kwargs).arguments.items():
        for path, leaf in pytree.tree_flatten_with_path(argument)[0]:
            if isinstance(leaf, torch.Tensor):
                values[name + pytree.keystr(path)] = ("argument", leaf)
    before = {
        name: {path: each.detach().clone() for path, each in pieces(value).items()}
        for name, (_, value) in values.items()
    }
    result = module(*args, **kwargs)
    changed = [
        name + path
        for name, (_, value) in values.items()
        for path, each in pieces(value).items()
        if not torch.equal(each, before[name][path])
    ]
    outputs = {"output" + pytree.keystr(path): leaf for path, leaf in pytree.tree_flatten_with_path(result)[0]}
    where = {
        memory(each): name + path
        for name, (_, value) in reversed(values.items())
        for path, each in pieces(value).items()
    }
    aliases = {
        name + path: where[memory(each)]
        for name, value in outputs.items()
        for path, each in pieces(value).items()
        if memory(each) in where
    }
    needing = [value for value in outputs.values() if value.requires_grad]
    if needing:
        torch.autograd.backward(needing, [torch.ones_like(value) for value in needing])
    gradients = {
        name: None
        if value.grad is None
        else {"type": kind(value.grad), "pieces": {p: not each.any() for p, each in pieces(value.grad).items()}}
        for name, (role, value) in values.items()
        if value.requires_grad
    }
    same = {}
    for name, (role, value) in values.items():
        if role != "buffer":
            same.setdefault(id(value), []).append(name)
    return {
        "types": {name: kind(value) for name, (_, value) in values.items()},
        "outputs": {name: kind(value) for name, value in outputs.items()},
        "gradients": gradients,
        "changed": sorted(changed),
        "aliases": aliases,
        "tied": sorted(names for names in same.values() if len(names) > 1),
    }


def always(runs):
    """What all runs have in common: a piece of a gradient is zero if it is in each of them."""
    first = runs[0]
    for name, gradient in first["gradients"].items():
        for path in gradient["pieces"] if gradient is not None else ():
            gradient["pieces"][path] = all(each["gradients"][name]["pieces"][path] for each in runs)
    return first


def main(path):
    warnings.simplefilter("ignore")
    spec = importlib.util.spec_from_file_location("pinned", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    source = Path(path).read_text(encoding="utf-8")
    for pin, name in re.findall(r"^# aotlens: (.*)\nclass (\w+)", source, re.MULTILINE):
        runs = []
        for seed in range(2):
            spec.loader.exec_module(module)
            runs.append(run(pin, vars(module), seed))
        print(json.dumps({"name": name} | always(runs)))


if __name__ == "__main__":
    main(sys.argv[1])
