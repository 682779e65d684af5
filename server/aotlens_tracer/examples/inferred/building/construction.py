"""One class that is being built, as the repair rules for constructors see it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator

from ..reading.definitions import constructor_of, definition_of
from ..values import Arguments, Value
from .constructors import Constructors
from .parameters import parameters_of
from .usage import Usage


class Construction:
    """The class `cls`, its constructor's parameters by name, and the guesses that `constructors` makes for them."""

    def __init__(self, cls: type, constructors: Constructors) -> None:
        self.cls = cls
        self.constructors = constructors
        self.parameters = parameters_of(cls)
        self.usage = Usage(cls)

    @property
    def takes_any(self) -> bool:
        """Whether the constructor takes `**kwargs`."""
        return any(parameter.kind is parameter.VAR_KEYWORD for parameter in self.parameters.values())

    def can_pass(self, name: str) -> bool:
        """Whether an argument of that name can be passed."""
        if name not in self.parameters:
            return self.takes_any
        kind = self.parameters[name].kind
        return kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

    def value(self, name: str) -> Value:
        """The first guess for an argument of that name."""
        parameter = self.parameters.get(name) or inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
        return self.constructors.value(self.cls, parameter, self.usage)

    def by_name(self, name: str) -> Value:
        """The guess that the name and its use in the constructor suggest, whatever its annotation."""
        return self.constructors.by_name(name, self.cls, self.usage)

    def with_prefixes(self, names: Iterable[str], given: Arguments) -> Iterator[Arguments]:
        """Arguments with each prefix by which the constructor sorts its `**kwargs`: `enc_depth=2, dec_depth=2`.

        Only for names that are not parameters.
        """
        if not self.takes_any:
            return
        definition = definition_of(constructor_of(self.cls))
        texts = [node.value for node in ast.walk(definition) if isinstance(node, ast.Constant)] if definition else []
        prefixes = [text for text in dict.fromkeys(texts) if isinstance(text, str) and re.fullmatch(r"[a-z]\w*_", text)]
        for name in names:
            made = {prefix + name: self.by_name(name) for prefix in prefixes if prefix + name not in given}
            if made and name not in self.parameters:
                yield {**given, **made}
