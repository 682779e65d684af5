"""The values of options that are one of a few words."""

from __future__ import annotations

import enum


class Format(str, enum.Enum):
    """The format of the printed map."""

    text = "text"
    markdown = "markdown"
    json = "json"


class GraphKind(str, enum.Enum):
    """The graph that is printed."""

    joint = "joint"
    forward = "forward"
    backward = "backward"


class Partitioner(str, enum.Enum):
    """The partitioner that decides what is saved for backward."""

    eager = "eager"
    default = "default"
    min_cut = "min-cut"


class Convention(str, enum.Enum):
    """The calling convention of the graphs: of torch.export (one graph), or of torch.compile."""

    export = "export"
    compile = "compile"


class Mode(str, enum.Enum):
    """The module's mode."""

    train = "train"
    eval = "eval"
