"""The machine as the set-up of a script sees it: no arguments, no worker processes, and the CPU if there is no CUDA."""

from __future__ import annotations

import argparse
import ast
import contextlib
import os
import re
import sys
import types
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch.utils.data import DataLoader

from ...torch_private import take_autocast_of_cpu_for_cuda

_OF_PROCESSES = ("num_workers", "prefetch_factor", "persistent_workers", "multiprocessing_context", "timeout")
"""Arguments of a `DataLoader` about its worker processes."""
_CUDA = re.compile(r"cuda(:\d+)?$")
_TAKE_DEVICES = ("to", "device", "autocast", "GradScaler", "set_default_device")
_NAMES_OF_DEVICES = ("device", "device_type", "default", "map_location", "accelerator")


_GUESSES: dict[Any, Any] = {int: 8, float: 0.1, str: "a"}
"""Values for arguments of a command line that a script requires, by their type."""


@contextlib.contextmanager
def machine(script: str, guessed: list[str]) -> Iterator[None]:
    """Let code find an empty command line, loaders that start no processes, and folders that need not be made.

    Arguments that the script requires get values by their types, and are noted in `guessed`.
    """
    initialize, parse = DataLoader.__init__, argparse.ArgumentParser.parse_known_args

    def initialized(loader: Any, *args: Any, **kwargs: Any) -> None:
        kept = {name: value for name, value in kwargs.items() if name not in _OF_PROCESSES}
        initialize(loader, *args, **{**kept, "num_workers": 0, "pin_memory": False})

    def parsed(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
        for action in vars(parser)["_actions"]:
            if action.required and action.nargs is None:
                kind = action.type if action.type in _GUESSES else str
                parser.set_defaults(**{action.dest: next(iter(action.choices or ()), _GUESSES[kind])})
                guessed.append(next(iter(action.option_strings), action.dest))
                action.nargs = None if action.option_strings else "?"
                action.required = False
        return parse(parser, args, namespace)

    with (
        patch.object(DataLoader, "__init__", initialized),
        patch.object(argparse.ArgumentParser, "parse_known_args", parsed),
        patch.object(sys, "argv", [script]),
        patch.object(os, "mkdir", lambda *args, **kwargs: None),
    ):
        yield


class Devices:
    """Puts the CPU in the place of CUDA, where there is none. `are_replaced` says that the script wants CUDA."""

    def __init__(self) -> None:
        self._is_needed = not torch.cuda.is_available()
        self.are_replaced = False

    def note(self) -> None:
        """Note that the script wants CUDA, and gets the CPU in its place."""
        self.are_replaced = True
        take_autocast_of_cpu_for_cuda()

    def in_code(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Replace the devices that code names; a device that depends on `torch.cuda.is_available()` is left alone."""
        if not self._is_needed:
            return body
        visitor = _Names(self)
        return [visitor.visit(node) for node in body]

    def in_value(self, value: Any) -> Any:
        """Return a value, or another one in its place if it is a device, or has one as an item or attribute."""
        if not self._is_needed:
            return value
        if isinstance(value, (argparse.Namespace, types.SimpleNamespace)):
            for name, item in vars(value).items():
                setattr(value, name, self._device(item))
        elif type(value) is dict:
            value.update({name: self._device(item) for name, item in value.items() if item is not self._device(item)})
        return self._device(value)

    def _device(self, value: Any) -> Any:
        is_cuda = isinstance(value, torch.device) and value.type == "cuda"
        if not is_cuda and not (type(value) is str and _CUDA.match(value)):
            return value
        self.note()
        return torch.device("cpu") if is_cuda else "cpu"


class _Names(ast.NodeTransformer):
    def __init__(self, devices: Devices) -> None:
        self._devices = devices

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        if name in _TAKE_DEVICES:
            node.args = [self._replaced(each) for each in node.args]
        for keyword in node.keywords:
            if keyword.arg in _NAMES_OF_DEVICES:
                keyword.value = self._replaced(keyword.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        node.value = self._replaced(node.value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        node.value = self._replaced(node.value) if node.value is not None else None
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        self.generic_visit(node)
        node.defaults = [self._replaced(each) for each in node.defaults]
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if self._devices.are_replaced:
            node.left, node.comparators = self._replaced(node.left), [self._replaced(each) for each in node.comparators]
        return node

    def _replaced(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Constant) and type(node.value) is str and _CUDA.match(node.value):
            self._devices.note()
            return ast.copy_location(ast.Constant("cpu"), node)
        return node
