"""Training steps whose backward pass a framework runs: methods that return the loss, and the call of their trainer.

`training_step(self, batch, batch_idx)` of a module that the script gives to `trainer.fit(module, loader)`, and
`compute_loss(self, model, inputs)` of a trainer that the script trains with `trainer.train()`. A trainer of a package,
whose `compute_loss` is no code of the user's, has its step at the call of `train()`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from .block_source import BlockSource
from .name_flow import reads_of
from .nodes import items_of, parameter_name, text_of

TRAINING_STEP, COMPUTE_LOSS = "training_step", "compute_loss"
METHODS = (TRAINING_STEP, COMPUTE_LOSS)
"""Methods that return the loss of a batch to a framework."""
RUNS = {TRAINING_STEP: "fit", COMPUTE_LOSS: "train"}
"""The method of the script's trainer that calls them."""
BATCH = "first_batch"
"""The name of a batch that a framework takes."""
_SPLATS = ("list_splat_pattern", "dictionary_splat_pattern", "comment")
_LOADERS = ("train_dataloaders", "train_dataloader", "datamodule")


@dataclass(frozen=True)
class Given:
    """The values that a framework gives to a method: by parameter, each as code and the names that it reads.

    `before` are statements that it runs before, and `batch` is the code that takes the first batch, None if unknown.
    """

    values: dict[str, tuple[str, frozenset[str]]]
    batch: tuple[str, str, frozenset[str]] | None
    before: tuple[tuple[str, frozenset[str]], ...] = ()


def returned_losses(function: Node) -> Iterator[tuple[Node, Node]]:
    """The `return` statement of such a method whose value is the loss, and the expression of the loss in it."""
    if not _is_called_by_framework(function):
        return
    found: list[Node] = []
    pending = [function.child_by_field_name("body")]
    while pending:
        node = pending.pop()
        if node is None or node.type in ("function_definition", "class_definition", "lambda"):
            continue
        if node.type == "return_statement":
            found.append(node)
        pending += node.named_children
    returns = sorted(found, key=lambda node: node.start_byte)
    for node in reversed(returns):
        loss = _loss_in(node.named_children[0]) if node.named_children else None
        if loss is not None:
            yield node, loss
            return


def trainer_of(call: Node) -> Node | None:
    """The trainer of a package in a call `trainer.train()`; None for other calls.

    The file assigns `Trainer(model, …)`, or that of a class with such a name, to the variable, and does not define the
    class itself.
    """
    callee = call.child_by_field_name("function")
    trainer = callee.child_by_field_name("object") if callee is not None and callee.type == "attribute" else None
    if callee is None or trainer is None or trainer.type != "identifier":
        return None
    if text_of(callee.child_by_field_name("attribute")) != RUNS[COMPUTE_LOSS]:
        return None
    scope = call
    while scope.parent is not None and scope.type != "function_definition":
        scope = scope.parent
    return trainer if _is_trainer_of_package(scope, text_of(trainer)) else None


def _is_trainer_of_package(scope: Node, name: str) -> bool:
    pending, kinds = [scope], set()
    root = scope
    while root.parent is not None:
        root = root.parent
    while pending:
        node = pending.pop()
        value = node.child_by_field_name("right") if node.type == "assignment" else None
        if value is not None and value.type == "call" and text_of(node.child_by_field_name("left")) == name:
            given = items_of(value.child_by_field_name("arguments"))
            positional = [each for each in given if each.type not in ("keyword_argument", "dictionary_splat")]
            named = {text_of(each.child_by_field_name("name")) for each in given if each.type == "keyword_argument"}
            if positional or "model" in named:
                kinds.add(text_of(value.child_by_field_name("function")).rpartition(".")[2])
        pending += node.named_children
    own = {text_of(each.child_by_field_name("name")) for each in root.named_children if each.type == "class_definition"}
    return any(kind.endswith("Trainer") and kind not in own for kind in kinds)


def in_trainer(trainer: str) -> tuple[tuple[str, ...], str]:
    """The statements that take the first batch of a trainer, and the loss that it computes of it."""
    before = (f"{trainer}.model.train()", f"{BATCH} = next(iter({trainer}.get_train_dataloader()))")
    return before, f"{trainer}.compute_loss({trainer}.model, {BATCH})"


def _is_called_by_framework(function: Node) -> bool:
    """Whether a method has the arguments that the framework passes, and its class the bases."""
    outer = function.parent
    while outer is not None and outer.type != "class_definition":
        outer = outer.parent
    bases = text_of(outer.child_by_field_name("superclasses")) if outer is not None else ""
    parameters = [each for each in items_of(function.child_by_field_name("parameters")) if each.type not in _SPLATS]
    if text_of(function.child_by_field_name("name")) == COMPUTE_LOSS:
        return "Trainer" in bases and len(parameters) >= 3
    return bool(bases) and len(parameters) >= 2


def given_to_training_step(source: BlockSource, function: Node, fit: Node, module: Node) -> Given:
    """The values for `training_step` in a call of `trainer.fit`, of whose arguments `module` is the module."""
    names = _parameters(function)
    values = {names[0]: _code(source, module)} if names else {}
    values |= {name: ("0", frozenset[str]()) for name in names[2:]}
    data = _data(fit, module)
    if len(names) < 2:
        return Given(values, None)
    if data is None:
        text, reads = f"{source.text(module)}.train_dataloader()", reads_of(module)
        return Given(values, (names[1], text, reads))
    code, reads = _code(source, data)
    loader = f'{code}.train_dataloader() if hasattr({code}, "train_dataloader") else {code}'
    before = tuple(
        (f'hasattr({code}, "{method}") and {code}.{method}({given})', reads)
        for method, given in (("prepare_data", ""), ("setup", '"fit"'))
    )
    return Given(values, (names[1], loader, reads), before)


def given_to_compute_loss(source: BlockSource, function: Node, trainer: Node) -> Given:
    """The values for `compute_loss` of the trainer that an expression names."""
    names = _parameters(function)
    code, reads = _code(source, trainer)
    values = dict(zip(names, ((code, reads), (f"{code}.model", reads))))
    batch = (names[2], f"{code}.get_train_dataloader()", reads) if len(names) > 2 else None
    return Given(values, batch, ((f"{code}.model.train()", reads),))


def module_in(fit: Node) -> Node | None:
    """The module that a call of `trainer.fit` is given."""
    given = items_of(fit.child_by_field_name("arguments"))
    for each in given:
        if each.type == "keyword_argument" and text_of(each.child_by_field_name("name")) == "model":
            return each.child_by_field_name("value")
    return next((each for each in given if each.type not in ("keyword_argument", "list_splat")), None)


def _data(fit: Node, module: Node) -> Node | None:
    given = items_of(fit.child_by_field_name("arguments"))
    for each in given:
        if each.type == "keyword_argument" and text_of(each.child_by_field_name("name")) in _LOADERS:
            return each.child_by_field_name("value")
    others = [each for each in given if each.type not in ("keyword_argument", "list_splat", "dictionary_splat")]
    return next((each for each in others if each.id != module.id), None)


def _loss_in(value: Node) -> Node | None:
    """The loss in a returned value: `loss`, `{"loss": loss}`, `(loss, outputs) if return_outputs else loss`."""
    if value.type in ("none", "false", "true", "string", "integer"):
        return None
    if value.type == "conditional_expression" and len(value.named_children) == 3:
        return _loss_in(value.named_children[2])
    if value.type in ("tuple", "expression_list", "parenthesized_expression"):
        return _loss_in(value.named_children[0]) if value.named_children else None
    if value.type == "dictionary":
        pairs = [each for each in value.named_children if each.type == "pair"]
        known = (each for each in pairs if text_of(each.child_by_field_name("key")).strip("\"'") == "loss")
        return next((each.child_by_field_name("value") for each in known), None)
    return value


def _parameters(function: Node) -> list[str]:
    names = [parameter_name(each) for each in items_of(function.child_by_field_name("parameters"))]
    return [name for name in names if name]


def _code(source: BlockSource, node: Node) -> tuple[str, frozenset[str]]:
    return source.text(node), reads_of(node)
