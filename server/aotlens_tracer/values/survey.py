"""Facts about a function that its parts need: the names that it binds, and the statements that may leave a block."""

from __future__ import annotations

import ast

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_YIELDS = (ast.Yield, ast.YieldFrom)


class Survey:
    """One look at a function and all that is defined in it.

    `names` are those that are bound anywhere in it. `leaving` has the ids of the statements that may end the block in
    which they stand, and `generators` those of the functions that yield.
    """

    def __init__(self, function: ast.AST | None) -> None:
        self.names: set[str] = set()
        self.leaving: set[int] = set()
        self.generators: set[int] = set()
        if function is not None:
            self._look_at(function)

    def _look_at(self, node: ast.AST) -> tuple[bool, bool]:
        """Return whether a node may leave its block, and whether it yields."""
        leaves, yields = isinstance(node, _LEAVING), isinstance(node, _YIELDS)
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                self.names.add(node.id)
            return False, False
        if isinstance(node, ast.arg):
            self.names.add(node.arg)
            return False, False
        for part in vars(node).values():
            for child in part if isinstance(part, list) else (part,):
                if isinstance(child, ast.AST):
                    child_leaves, child_yields = self._look_at(child)
                    leaves, yields = leaves or child_leaves, yields or child_yields
        if isinstance(node, _SCOPES):
            if yields:
                self.generators.add(id(node))
            return False, False
        if leaves:
            self.leaving.add(id(node))
        return leaves, yields
