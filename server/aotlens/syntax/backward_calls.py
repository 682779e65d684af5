"""Backward passes in a text: the calls that run one, the loss that each is run for, and the optimizers that step.

`loss.backward()`, `(loss / n).backward()`, `scaler.scale(loss).backward()`, `torch.autograd.backward(loss)`, and
objects that run the backward pass of their argument: `accelerator.backward(loss)`, `self.manual_backward(loss)`.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tree_sitter import Node, Tree

from .block_source import BlockSource
from .driven_steps import METHODS, returned_losses, trainer_of
from .name_flow import dotted_name, reads_of, root_name, target_names
from .named_calls import calls_named, statements_below
from .nodes import items_of, parameter_name, text_of
from .once import once_for_each

_AUTOGRAD = ("torch.autograd", "autograd")
_SCALES = ("scale", "scale_loss")
"""Methods of gradient scalers that take the loss and return it scaled."""
_OUTER = ("function_definition", "class_definition", "lambda")


@dataclass(frozen=True)
class BackwardCall:
    """A call that runs a backward pass, or a `return` to a framework that runs it, and the expression of the loss.

    `of_trainer` says that the call trains, `trainer.train()`: in place of the loss is the trainer that computes it.
    """

    call: Node
    loss: Node
    of_trainer: bool = False

    @property
    def name(self) -> str:
        """The name of the loss, as the target has it: the last part of `self.loss_d`, the variable of `loss / 4`."""
        return _name_in(self.loss) or "loss"


MOST = 100
"""The backward passes of a text that are looked at. Each is compared with each other; nobody writes more by hand."""

_LOOKED_AT = 3 * MOST
"""The calls that may be backward passes. Whether one is depends on all that stands before it."""


def backward_calls(tree: Tree) -> list[BackwardCall]:
    """The backward passes of a text in its order, at most `MOST`. Those of a parameter of the function are left out."""
    found = []
    root = tree.root_node
    for call in itertools.islice(_method_calls(root, ("backward", "manual_backward")), _LOOKED_AT):
        loss = _loss_of(call)
        if loss is not None:
            found.append(BackwardCall(call, loss))
            if len(found) == MOST:
                break
    around = [function_around(each.call) for each in found]
    for method in itertools.islice(_methods(root), _LOOKED_AT):
        if method not in around:
            found += (BackwardCall(statement, loss) for statement, loss in returned_losses(method))
    for call in itertools.islice(_method_calls(root, ("train",)), _LOOKED_AT):
        trainer = trainer_of(call)
        if trainer is not None:
            found.append(BackwardCall(call, trainer, of_trainer=True))
    return sorted(found, key=lambda each: each.call.start_byte)[:MOST]


@once_for_each
def backward_calls_in(source: BlockSource) -> list[BackwardCall]:
    """The same of a block of code, which is searched once for all its steps."""
    return backward_calls(source.tree)


def _method_calls(root: Node, names: Collection[str]) -> Iterator[Node]:
    for call in calls_named(root, names):
        callee = call.child_by_field_name("function")
        if callee is not None and callee.type == "attribute":
            yield call


def _methods(root: Node) -> Iterator[Node]:
    """The methods of classes that frameworks call."""
    text = root.text or b""
    for node, parent in statements_below(root) if any(name.encode() in text for name in METHODS) else ():
        if node.type == "function_definition" and text_of(node.child_by_field_name("name")) in METHODS:
            block = parent.parent if parent.type == "decorated_definition" else parent
            if block is not None and block.parent is not None and block.parent.type == "class_definition":
                yield node


def function_around(node: Node) -> Node | None:
    """The function whose code a node is in; None at module level and in the body of a class."""
    outer = node.parent
    while outer is not None and outer.type not in _OUTER:
        outer = outer.parent
    return outer if outer is not None and outer.type == "function_definition" else None


def stepped_optimizers(function: Node, after: Node, before: Node | None = None) -> list[str]:
    """The expressions whose `step()` is called after a node: up to the next backward pass after the first of them.

    `function` is the function or module around the node. In `scaler.step(optimizer)` it is the optimizer. Without
    `before`, a node, steps count up to the end of the function.
    """
    found: list[str] = []
    for node in _calls_in(function):
        if node.start_byte < after.end_byte:
            continue
        if before is not None and node.start_byte >= before.start_byte:
            break
        name = stepped(node)
        if name is not None and name not in found:
            found.append(name)
        elif found and _is_backward(node):
            break
    return found


def all_optimizers(function: Node) -> list[str]:
    """The expressions whose `step()` is called anywhere in a function or module, in their order."""
    return list(dict.fromkeys(name for node in _calls_in(function) if (name := stepped(node)) is not None))


def _loss_of(call: Node) -> Node | None:
    """The loss of a call; None if it runs no backward pass of a loss that this function computes."""
    callee = call.child_by_field_name("function")
    arguments = [each for each in items_of(call.child_by_field_name("arguments")) if each.type != "keyword_argument"]
    owner = callee.child_by_field_name("object") if callee is not None else None
    if owner is None or callee is None:
        return None
    function = function_around(call)
    if (len(arguments) > 1 and text_of(owner) not in _AUTOGRAD) or _is_of_autograd_function(function):
        return None
    if text_of(callee.child_by_field_name("attribute")) == "manual_backward" or _takes_loss(owner, arguments, call):
        loss = arguments[0] if arguments else None
    else:
        loss = owner
    while loss is not None and loss.type == "parenthesized_expression":
        loss = loss.named_children[0] if loss.named_children else None
    loss = _unscaled(loss) if loss is not None else None
    if loss is None or text_of(loss).startswith("super()"):
        return None
    return loss if _is_computed(loss, function, call) else None


def _is_of_autograd_function(function: Node | None) -> bool:
    """Whether a function is the `backward` of a `torch.autograd.Function`."""
    outer = function.parent if function is not None else None
    is_static = outer is not None and any(text_of(child) == "@staticmethod" for child in outer.children)
    return is_static and function is not None and text_of(function.child_by_field_name("name")) == "backward"


def _takes_loss(owner: Node, arguments: list[Node], call: Node) -> bool:
    """Whether `owner.backward(x)` runs the backward pass of `x`, not that of `owner` with the gradient `x`."""
    if not arguments or owner.type == "call":
        return False
    name = dotted_name(owner)
    if name in _AUTOGRAD:
        return True
    if name is None or root_name(owner) in _names_below(arguments[0]) - {"self"}:
        return False
    function = function_around(call)
    given = text_of(arguments[0])
    if given in _parameters(function) and "grad" not in given:
        return True
    scope = function.child_by_field_name("body") if function is not None else _root(call)
    loops = _loops_around(call, scope)
    return not _is_bound_in(loops[-1] if loops else scope, name, call)


def _unscaled(loss: Node) -> Node:
    """The loss inside `scaler.scale(loss)`."""
    callee = loss.child_by_field_name("function") if loss.type == "call" else None
    if (
        callee is not None
        and callee.type == "attribute"
        and text_of(callee.child_by_field_name("attribute")) in _SCALES
    ):
        given = items_of(loss.child_by_field_name("arguments"))
        return given[0] if given else loss
    return loss


def _is_computed(loss: Node, function: Node | None, call: Node) -> bool:
    """Whether code before the call computes the loss. A loss that is given as an argument is another's."""
    if _passes_on(loss, _parameters(function)):
        return False
    if _has_call(loss):
        return True
    scope = function.child_by_field_name("body") if function is not None else _root(call)
    given = _parameters(function)
    return any(_is_bound_in(scope, name, call, name in given) for name in _dotted_below(loss))


def _parameters(function: Node | None) -> frozenset[str]:
    parameters = function.child_by_field_name("parameters") if function is not None else None
    return frozenset(parameter_name(each) for each in items_of(parameters))


def _passes_on(node: Node, parameters: frozenset[str]) -> bool:
    """Whether an expression passes on the arguments of the function, `f(*args)`: such code trains what others give."""
    if node.type == "list_splat" and _names_below(node) & parameters:
        return True
    return any(_passes_on(child, parameters) for child in node.named_children)


def _has_call(node: Node) -> bool:
    return node.type == "call" or any(_has_call(child) for child in node.named_children)


def _is_bound_in(scope: Node | None, name: str, before: Node, anew: bool = False) -> bool:
    """Whether a statement before a node assigns to a name, `self.loss` included, or changes an item of it.

    With `anew`, only a value that is not made from the name's own counts.
    """
    pending = [scope] if scope is not None else []
    while pending:
        node = pending.pop()
        if node.start_byte >= before.start_byte:
            continue
        if node.type in ("assignment", "augmented_assignment", "named_expression", "for_statement"):
            left = node.child_by_field_name("name" if node.type == "named_expression" else "left")
            bound = target_names(left) | {root_name(left) if left is not None and left.type == "subscript" else ""}
            is_own = node.type == "augmented_assignment" or name in reads_of(node.child_by_field_name("right"))
            if name in bound and not (anew and is_own):
                return True
        pending += node.named_children
    return False


def _loops_around(node: Node, scope: Node | None) -> list[Node]:
    """The loops around a node within a scope, the outermost last."""
    found: list[Node] = []
    outer = node.parent
    while outer is not None and (scope is None or outer.id != scope.id):
        if outer.type in ("for_statement", "while_statement"):
            found.append(outer)
        outer = outer.parent
    return found


def _calls_in(scope: Node) -> Iterator[Node]:
    """The calls in a function or module in the order of the text, without those in functions inside of it."""
    body = scope.child_by_field_name("body") if scope.type == "function_definition" else scope
    pending = [body] if body is not None else []
    while pending:
        node = pending.pop()
        if node.type == "call":
            yield node
        if node.type not in _OUTER:
            pending += reversed(node.named_children)


def _is_backward(call: Node) -> bool:
    callee = call.child_by_field_name("function")
    if callee is None or callee.type != "attribute":
        return False
    return text_of(callee.child_by_field_name("attribute")) in ("backward", "manual_backward")


def stepped(call: Node) -> str | None:
    """The optimizer that a call steps, as an expression; None if it steps none."""
    callee = call.child_by_field_name("function")
    if callee is None or callee.type != "attribute" or text_of(callee.child_by_field_name("attribute")) != "step":
        return None
    owner = callee.child_by_field_name("object")
    given = items_of(call.child_by_field_name("arguments"))
    name = text_of(owner)
    if given and "scaler" in name.lower() and dotted_name(given[0]) is not None:
        return text_of(given[0])
    return name if dotted_name(owner) is not None and "sched" not in name.lower() else None


def _name_in(node: Node | None) -> str | None:
    """The name that stands for a loss: the variable or attribute that is met first, functions aside."""
    if node is None:
        return None
    if node.type == "identifier":
        return text_of(node)
    if node.type == "attribute":
        return text_of(node.child_by_field_name("attribute"))
    if node.type == "call":
        callee, given = node.child_by_field_name("function"), items_of(node.child_by_field_name("arguments"))
        if callee is None or callee.type != "attribute":
            return _name_in(given[0]) if text_of(callee) == "sum" and given else None
        return _name_in(callee.child_by_field_name("object")) if not given else None  # `loss.mean()`
    return next((name for child in items_of(node) if (name := _name_in(child)) is not None), None)


def _names_below(node: Node) -> set[str]:
    return {name.split(".")[0] for name in _dotted_below(node)}


def _dotted_below(node: Node) -> set[str]:
    """The names in an expression, and their first attributes."""
    found: set[str] = set()
    pending = [node]
    while pending:
        current = pending.pop()
        found |= target_names(current)
        pending += current.named_children
    return found


def _root(node: Node) -> Node:
    while node.parent is not None:
        node = node.parent
    return node
