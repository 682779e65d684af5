"""Advice in words: what can be done about a problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotlens_tracer.wire import advice as advices

from .brief import listed
from .paths import line_in_words


def advice_in_words(advice: advices.Advice) -> str:
    """Return what can be done, as a sentence without its subject."""
    return _ADVICE[type(advice)](advice)


_GOES_ON = "torch.compile ends a graph here and goes on after it, as the compile convention shows"
_KNOWN = {
    "data-dependent": (
        f"use torch.where or torch.cond instead of the branch, or make the value an argument of forward; {_GOES_ON}"
    ),
    "data-dependent-size": "keep the size: use torch.where, or a factor of 0, instead of leaving out elements",
    "reads-value": (
        "make the value an argument of forward, compute with the tensor itself (torch.where in the place of a branch), "
        f"or print and log it after the call; {_GOES_ON}"
    ),
    "packed-sequence": (
        "a packed sequence has as many rows as the lengths say, so capture stops there: trace the model with padded "
        "sequences and a mask, or the parts before and after the packing"
    ),
    "unpack-result": (
        "the layer that made it returns a tuple: take the part that is wanted, as in `output, state = self.rnn(x)`"
    ),
    "meta-device": (
        "a tensor on the device meta has no values: make it on the device of the others, or give it memory with "
        "to_empty"
    ),
    "attribute-not-moved": (
        "`to`, `cuda` and `half` change parameters and buffers, no other attribute: keep the tensor with "
        "register_buffer"
    ),
    "register-fake": (
        "register one with torch.library.register_fake: a function that returns an empty tensor of the right shape and "
        "type"
    ),
    "validate-args": "a distribution checks the values of its arguments: make it with validate_args=False",
    "raw-string": "`\\U` and `\\N` begin an escape in a string: write a path as r'…', or with forward slashes",
    "runs-at-import": "put what runs at import under `if __name__ == '__main__':`",
    "reads-input": "standard input is empty here: code that asks for input has to work without an answer",
    "no-memory": "build a smaller model in the example, or trace on a machine with more memory",
    "changed-in-place": (
        "change a copy instead (`y = y + 1` in place of `y.add_(1)`): the derivative needs the value as it was"
    ),
    "leaf-changed-in-place": (
        "a parameter, or an argument that requires a gradient, cannot be changed in place where autograd records: "
        "compute a new tensor (`w = w + 1`), or change it under torch.no_grad()"
    ),
    "one-of-several-views": (
        "`unbind`, `split` and `chunk` give views of one tensor, which must not be changed in place: "
        "compute a new tensor (`a = a + 1`)"
    ),
    "wrong-gradient-shape": (
        "`backward` of an autograd.Function has to return a gradient of the shape of each input of its `forward`"
    ),
    "needs-cuda": (
        "this code needs CUDA, which this machine or this build of torch lacks: take the device from the input"
    ),
    "several-devices": (
        "all tensors have to be on one device: if that is CUDA, put the module and its arguments there in the example; "
        "else take the device from the input, as in x.device"
    ),
    "sparse-padding": (
        "the sparse gradient of an embedding with padding_idx leaves out the rows of the padding, and how many these "
        "are depends on the indices: use sparse=False, or no padding_idx"
    ),
    "save-as-utf8": "save the file as UTF-8, or declare its encoding in its first line: # -*- coding: latin-1 -*-",
    "conditional-definition": (
        "its definition stands under a condition that did not hold, or something deletes or replaces it later"
    ),
    "trace-a-module": "trace a subclass of torch.nn.Module, or a function or method that takes tensors",
    "one-expression": (
        "an example builds the module and calls it, in one expression: Block(64)(torch.randn(2, 16, 64))"
    ),
    "mark-before": "mark sizes before the call, or in the example: x: dynamic(0)",
    "options": (
        "options follow the call after semicolons: mesh(dp=2, tp=4, rank=3), world(8, rank=3), x: dynamic(0), "
        'x: dynamic(0, name="batch", min=2, max=64), x: {0: torch.export.Dim("batch", min=2)}'
    ),
    "more-time": "give it more time with --timeout SECONDS",
    "more-memory": "raise the limit with --memory GIB, or build a smaller model in the example",
    "flatten-protocol": (
        "torch.compile and torch.export take a tensor subclass apart with `__tensor_flatten__`, and put it together "
        "again with `__tensor_unflatten__`; in eager nothing calls these methods, and the call works"
    ),
    "subclass-results-alias": (
        "two results share memory, and a parameter, argument or result is a tensor subclass: torch.compile and "
        "torch.export do not take both together, eager does; return a copy of one result (`.clone()`)"
    ),
    "subclass-arguments-alias": (
        "two arguments share memory that the call changes in place, and a parameter, argument or result is a tensor "
        "subclass: torch.compile and torch.export do not take both together, eager does; compute a new tensor in place "
        "of the change"
    ),
    "subclass-reshaped": (
        "AOTAutograd does not take an operation that changes the shape or the memory of a tensor subclass in place, "
        "such as `x.t_()` or `w.data = y`; eager does: use the one that returns a new tensor, `x.t()`"
    ),
    "subclass-gradient-kept": (
        "a parameter already has a gradient (`.grad`) that is a tensor subclass: torch.compile and torch.export do not "
        "take it, eager does; set it to None before the first compiled call (`optimizer.zero_grad()`)"
    ),
    "dispatch-result": (
        "return what the operator returns: where the class has no rule of its own, call `func(*args, **kwargs)` on the "
        "inner tensors"
    ),
    "jagged-reduction": (
        "torch has no derivative of a sum or mean over one dimension of a jagged nested tensor, in eager neither: pad "
        "it first (`torch.nested.to_padded_tensor(y, 0.0).sum(1)`), or reduce its values "
        "(`torch.segment_reduce(y.values(), 'sum', offsets=y.offsets())`)"
    ),
    "jagged-layout": "torch.compile takes nested tensors of one layout alone: make it with layout=torch.jagged",
    "jagged-attention": (
        "torch's attention of jagged nested tensors takes q, k and v that are contiguous before `transpose(1, 2)`, in "
        "eager too: call `.contiguous()` on each part of a `chunk`, or compute q, k and v by a layer each"
    ),
    "jagged-attention-traced": (
        "without a kernel for the device, torch computes attention of nested tensors by way of a list of tensors, "
        "which runs in eager and cannot be traced: pad q, k and v with `torch.nested.to_padded_tensor`, and pass a mask"
    ),
    "report-bug": "this is a mistake in aotlens: please report it, with what --verbose prints",
}


def _bound_by_training(value: advices.BoundByTraining) -> str:
    return (
        f"`{value.name}` is bound by the training loop in {line_in_words(value.path, value.line)} alone, which a trace "
        "leaves out: bind it in code before that loop"
    )


def _move_example(value: advices.MoveExample) -> str:
    lines = (value.example, value.replaced, value.kept)
    example, replaced, kept = (line_in_words(value.path, line or 0) for line in lines)
    return (
        f"the example in {example} stands above the definition in {replaced}, which the one in {kept} replaces: "
        "move it there"
    )


def _defined_classes(value: advices.DefinedClasses) -> str:
    if not value.names:
        return "the file defines no class"
    return "the file defines " + ", ".join(value.names[:8]) + (", …" if len(value.names) > 8 else "")


def _join_cluster(value: advices.JoinCluster) -> str:
    """Return the options that make the code one rank of a cluster, with the dimensions of its mesh if known."""
    if value.mesh:
        sizes = [f"{name}={size}" for name, size in value.mesh]
        pin, option = f"mesh({', '.join(sizes)})", f"--mesh {','.join(sizes)}"
    elif value.size is not None:
        pin, option = f"world({value.size})", f"--world-size {value.size}"
    else:
        pin, option = "mesh(dp=2, tp=4)", "--mesh dp=2,tp=4 or --world-size 8"
    return (
        f"trace it as one rank of a cluster, which needs no other process: write `; {pin}` after the example, "
        f"or use {option}"
    )


def _worked_before(value: advices.WorkedBefore) -> str:
    call = f"`{value.expression}`" if value.expression is not None else f"the call in {value.recorded_in}"
    return f"{call} worked before this edit; if the class wants another call now, try the next example"


_ADVICE: dict[type, Callable[[Any], str]] = {
    advices.InstallPackage: lambda value: (
        f"install {value.package} in the interpreter that traces ({value.python}), "
        "choose another with --python, or add the folder it lies in to PYTHONPATH"
    ),
    advices.PlantedModule: lambda value: (
        f"{value.place} is not imported: another user has put it into a folder that everybody may write to. If it is "
        "meant, copy it, or let the folder be yours alone"
    ),
    advices.SamePackageElsewhere: lambda value: (
        f"{value.package} was found in {value.folder}: is a file missing there, or is another {value.package} meant?"
    ),
    advices.Known: lambda value: _KNOWN[value.code],
    advices.NamesInExample: lambda value: f"an example knows the names of {value.file}, and torch",
    advices.SimilarTargets: lambda value: "did you mean " + " or ".join(value.names) + "?",
    advices.DefinedClasses: _defined_classes,
    advices.BuildAndCall: lambda value: f"an example of {value.qualname} builds one and calls it, in one expression",
    advices.MoveExample: _move_example,
    advices.BoundByTraining: _bound_by_training,
    advices.TraceWhereDefined: lambda value: (
        f"it comes from {value.path}: trace it there, or give an example with --example"
    ),
    advices.ExampleOfLocal: lambda value: (
        f"it is made inside {value.function}: write an example that reaches it, as `# aotlens: {value.call}`, above it"
    ),
    advices.PinExample: lambda value: (
        f"write one right above its definition, `# aotlens: {value.call}`, or give it with --example"
    ),
    advices.WorkedBefore: _worked_before,
    advices.CompleteExample: lambda value: f"write one above the class, and complete it: # aotlens: {value.expression}",
    advices.Replaced: lambda value: (
        f"the code replaced {listed([f'`{name}`' for name in value.names])}, which torch and aotlens call too: leave "
        "Python's own functions as they are, or put them back before the model is built"
    ),
    advices.FromDynamo: lambda value: str(value.text),
    advices.JoinCluster: _join_cluster,
    advices.StatedAdvice: lambda value: str(value.text),
}
