"""The messages of commands that cannot do what they are for."""

from __future__ import annotations

from pathlib import PurePath

from .visible import visible_name

NO_EXAMPLE = "there is no example to edit"
NOTHING_TO_NAME = "there is nothing to name in this text, or all names are there"
CANNOT_WRITE_NAMES = "this editor does not let aotlens edit: open a copy with the names, or run aotlens decode"
IS_TRACE = "torch has hashed what is in this file of TORCH_TRACE: open a copy with the names instead"
NOT_TRUSTED = "aotlens does not run code of a workspace that is not trusted"
TRUST_FOLDER = "Trust This Folder"
"""The answer with which the user trusts a folder until the server ends."""


def may_be_trusted(name: str, folder: str) -> str:
    """The file `name` is in no trusted folder: the user may trust `folder`."""
    return (
        f"{visible_name(name)} is in no trusted folder, and tracing runs its code. "
        f"Do you trust this folder until the server ends? {visible_name(folder)}"
    )


def nothing_to_pin(name: str) -> str:
    """A target has no example that could be pinned."""
    return f"there is no example of {name} to pin"


def no_project_file(path: PurePath) -> str:
    """No project file can take an example of the file `path`."""
    return f"there is no pyproject.toml above {visible_name(path.name)} that could hold the example"


def not_open(name: str) -> str:
    """A target's document is not open."""
    return f"{name} is not in an open document"


def as_locked(name: str) -> str:
    """A target does not differ from its lock, or there is nothing to compare."""
    return f"{name} is as it is locked, or it is not locked"


def not_yours(name: str) -> str:
    """No comment may be written above a class, because its file must not be edited."""
    return f"{name} is in a read-only file or an installed package: trace a model of yours that uses it"


def no_other_example(name: str) -> str:
    """A target has one example, or none."""
    return f"{name} has no other example"


def write_into(project: PurePath, text: str) -> str:
    """The user has to edit the project file."""
    return f"write this into {visible_name(str(project))}:\n{text.strip()}"


def write_above(name: str, text: str) -> str:
    """The user has to write a comment above a class."""
    return f"write this above {name}: {text.strip()}"
