"""Parameters that the results of a call depend on, and that are in no module: no optimizer gets to know them.

Autograd's history of the results leads back to them. Only if there are some, an example is built and called once more
to see where they are made.
"""

from __future__ import annotations

import ast
import contextlib
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import nn

from ..examples.evaluate import BuiltExample
from ..failures import Codebase
from ..graph.birthplaces import Birthplaces
from ..graph.stack_traces import source_text
from ..torch_private import gathered_parameters, pytree
from ..wire.eager_run import written_name
from ..wire.places import Span
from ..wire.unregistered import Unregistered
from .keeping_lines import constructed_at
from .reachable import Reach, Reached

Container = Literal["Parameter", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"]
Made = Literal["constructor", "call", "import"]


def has_unregistered(example: BuiltExample, outputs: Any) -> bool:
    """Whether the results of an example's call depend on leaves that are neither its parameters nor its arguments."""
    return example.module is not None and bool(_unknown_leaves(example, outputs))


def unregistered(
    build: Callable[[Birthplaces], BuiltExample], codebase: Codebase, birthplaces: Birthplaces
) -> tuple[Unregistered, ...]:
    """Build an example and call it, and return the parameters in no module that it makes itself.

    `build` builds it while creations are recorded; `birthplaces` has what was made by the import. Parameters that the
    example was given are left out.
    """
    makers = _Makers()
    places = Birthplaces()
    with places.recording(makers.note):
        example = build(places)
        makers.is_called = True
        with example.fake(), torch.compiler.set_stance("force_eager"):
            outputs = example.function(*example.args, **example.kwargs)
    return tuple(_Search(example, codebase, makers, (places, birthplaces)).groups(_unknown_leaves(example, outputs)))


class _Makers:
    """The constructors that run while a parameter is made."""

    def __init__(self) -> None:
        self.is_called = False
        self._by: dict[int, tuple[Made, frozenset[int]]] = {}

    def note(self, made: Any, frame: types.FrameType | None) -> None:
        """Note the modules whose constructors are running; copies that the call makes are what it wants to change."""
        if not isinstance(made, nn.Parameter):
            return
        modules = set()
        while frame is not None:
            code = frame.f_code
            if self.is_called and code.co_name in ("deepcopy", "__deepcopy__"):
                return
            if code.co_name == "__init__" and code.co_varnames:
                made_now = frame.f_locals.get(code.co_varnames[0])
                if isinstance(made_now, nn.Module):
                    modules.add(id(made_now))
            frame = frame.f_back
        self._by[id(made)] = ("call" if self.is_called else "constructor", frozenset(modules))

    def order(self, made: torch.Tensor) -> int:
        """Return a number by which parameters are sorted as they were made; all others come first."""
        return list(self._by).index(id(made)) if id(made) in self._by else -1

    def of(self, made: torch.Tensor) -> tuple[Made, frozenset[int]] | None:
        """Return when a parameter was made, and the ids of what was being constructed; None if that is unknown."""
        return self._by.get(id(made))


class _Search:
    """Finds out where some leaves come from."""

    def __init__(
        self, example: BuiltExample, codebase: Codebase, makers: _Makers, places: tuple[Birthplaces, ...]
    ) -> None:
        assert example.module is not None
        self._modules = dict(example.module.named_modules())
        self._of_script = example.has_names_of_a_script
        self._reach = Reach(example, codebase)
        self._makers = makers
        self._places = places
        self._reached: dict[int, list[Reached]] = {}
        for reached in self._reach.tensors(parameters=True):
            self._reached.setdefault(id(reached.tensor), []).append(reached)

    def groups(self, leaves: list[torch.Tensor]) -> Iterator[Unregistered]:
        """Yield the leaves that the example makes, those of one line together."""
        groups: dict[object, list[Unregistered]] = {}
        for leaf in sorted(leaves, key=self._makers.order):
            if (found := self._described(leaf)) is not None:
                line = (found.place.path, found.place.line) if found.place is not None else None
                groups.setdefault((line, found.made, found.holder), []).append(found)
        for group in groups.values():
            names = tuple(name for each in group for name in each.names)
            yield replace(group[0], count=len(group), names=names)

    def _described(self, leaf: torch.Tensor) -> Unregistered | None:
        """Return what is known of a leaf; None for one that the example was given."""
        reached = self._reached.get(id(leaf), [])
        held = next((each for each in reached if each.kind in ("attribute", "item")), None)
        maker = self._makers.of(leaf)
        place = next((span for span in (each.of_creation(leaf) for each in self._places) if span is not None), None)
        made: Made
        if maker is not None:
            made, constructors = maker
            if made == "constructor" and constructors.isdisjoint(map(id, self._modules.values())):
                return None
        elif not isinstance(leaf, nn.Parameter):
            return self._of_plain_tensor(leaf, held)
        elif held is None and any(each.kind == "global" for each in reached):
            made, constructors = "import", frozenset()
        else:
            return None
        what = self._what(leaf, reached, bool(constructors - set(map(id, self._modules.values()))))
        if held is None or made == "call":
            return Unregistered(what, made, 1, place=place)
        holder, assigned, value = self._holder(held)
        name = written_name(held.name, self._of_script)
        kind = type(value).__name__
        return Unregistered(what, made, 1, (name,), holder, kind, _container(value), assigned, place)

    def _what(self, leaf: torch.Tensor, reached: list[Reached], in_layer: bool) -> Literal["layers", "parameters"]:
        is_attribute = any("." in each.name.removeprefix(each.anchor) for each in reached)
        return "layers" if in_layer or is_attribute else "parameters"

    def _of_plain_tensor(self, leaf: torch.Tensor, held: Reached | None) -> Unregistered | None:
        """Return a plain tensor that an attribute is, and that the constructor makes; None for all others."""
        if held is None or held.name != held.anchor:
            return None
        holder, assigned, _ = self._holder(held)
        if assigned is None or not _makes(assigned):
            return None
        name = written_name(held.name, self._of_script)
        return Unregistered("tensor", "constructor", 1, (name,), holder, "Tensor", "Parameter", assigned, assigned)

    def _holder(self, held: Reached) -> tuple[str | None, Span | None, Any]:
        """Return the attribute that holds a tensor, as its class writes it, its assignment, and its value."""
        owner = self._reach.owner(held.anchor)
        if owner is None:
            return None, None, None
        module, attribute = owner
        return f"self.{attribute}", constructed_at(type(module), attribute), vars(module).get(attribute)


def _makes(assignment: Span) -> bool:
    """Whether a statement assigns something that it makes, not something that it was given."""
    with contextlib.suppress(SyntaxError, AttributeError, IndexError):
        (statement,) = ast.parse(source_text(assignment) or "").body
        return isinstance(statement, (ast.Assign, ast.AnnAssign)) and isinstance(statement.value, (ast.Call, ast.BinOp))
    return False


def _container(value: Any) -> Container | None:
    """Return the class that registers all that a list or dict holds; None if there is none."""
    if isinstance(value, (list, tuple)) and value:
        if all(isinstance(item, nn.Module) for item in value):
            return "ModuleList"
        return "ParameterList" if all(isinstance(item, nn.Parameter) for item in value) else None
    if isinstance(value, dict) and value and all(isinstance(key, str) and "." not in key for key in value):
        if all(isinstance(item, nn.Module) for item in value.values()):
            return "ModuleDict"
        return "ParameterDict" if all(isinstance(item, nn.Parameter) for item in value.values()) else None
    return None


def _unknown_leaves(example: BuiltExample, outputs: Any) -> list[torch.Tensor]:
    """Return the leaves of the history of results that are neither parameters nor arguments, in the order found."""
    assert example.module is not None
    given = pytree.tree_leaves((example.args, example.kwargs))
    modules = [example.module, *(each for each in given if isinstance(each, nn.Module))]
    known = {id(each) for each in given}
    known |= {id(tensor) for module in modules for tensor in (*module.parameters(), *module.buffers())}
    known |= {key for module in modules for key in gathered_parameters(module)}
    results = [each for each in pytree.tree_leaves(outputs) if isinstance(each, torch.Tensor)]
    pending = [result.grad_fn for result in results if result.grad_fn is not None]
    seen = set(pending)
    found: dict[int, torch.Tensor] = {}
    while pending:
        step: Any = pending.pop()
        leaf = getattr(step, "variable", None)
        if isinstance(leaf, torch.Tensor) and id(leaf) not in known:
            found[id(leaf)] = leaf
        for following, _ in step.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                pending.append(following)
    return list(found.values())
