"""The arguments of a call, checked: by the schema of the tool, and that its files are in the folders of the server."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its types are another package

from aotlens.cli.options import UsageError

_LONGEST = 300
"""Characters of a message that quotes an argument."""
_MOST_FAULTS = 3


@dataclass(frozen=True)
class Folders:
    """The folders whose files may be asked for. Relative paths start in the first one."""

    paths: tuple[str, ...]

    @classmethod
    def of(cls, written: Sequence[str]) -> Folders:
        """The folders that the user names. Raises UsageError if one of them is none."""
        for path in written:
            if not os.path.isdir(path):
                raise UsageError(f"{path} is not a folder: name the folders whose files the agent may have traced")
        return cls(tuple(os.path.realpath(path) for path in written))

    def check(self, path: str) -> None:
        """Raise UsageError if a path leads out of these folders, also through a link."""
        try:
            real = os.path.realpath(path)
        except (OSError, ValueError):  # a null character
            raise UsageError(f"{path[:_LONGEST]!r} is not a path") from None
        if not any(os.path.commonpath([real, folder]) == folder for folder in self.paths):
            raise UsageError(
                f"{path[:_LONGEST]} is not in {' or '.join(self.paths)}: aotlens mcp FOLDER... names the folders whose "
                "files may be traced, when it is started"
            )

    def check_targets(self, targets: Iterable[str]) -> None:
        """The same for targets, `PATH` or `PATH::Qualname`."""
        for target in targets:
            name, separator, _ = target.rpartition("::")
            self.check(name if separator else target)


def checked(tool: str, schema: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The arguments of a call, with the defaults of those that are left out. Raises UsageError."""
    arguments = dict(given or {})
    faults = sorted(Draft202012Validator(schema).iter_errors(arguments), key=lambda error: list(error.absolute_path))
    if faults:
        said = "; ".join(_fault(error) for error in faults[:_MOST_FAULTS])
        raise UsageError(f"{tool}: {said}. {_in_words(tool, schema)}")
    defaults = {name: each["default"] for name, each in schema["properties"].items() if "default" in each}
    return defaults | arguments


def _fault(error: Any) -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{where}: {error.message}"[:_LONGEST] if where else str(error.message)[:_LONGEST]


def _in_words(tool: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    names = [f"{name} (required)" if name in required else name for name in schema["properties"]]
    return f"The arguments of {tool} are {', '.join(names)}"
