"""The code of a notebook that a trace runs: what its target and the examples need, in place of the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from aotlens.syntax.definitions import definitions
from aotlens.syntax.name_flow import flow_of
from aotlens.syntax.needed_code import NeededCode, needed_code
from aotlens.syntax.parsing import parse
from aotlens.text.notebooks import is_notebook
from aotlens_tracer.wire.protocol import ExampleSource, Root, TraceParams
from aotlens_tracer.wire.training_steps import is_step


def with_notebook_code(params: TraceParams, text: str) -> TraceParams:
    """Return the request for a target of a notebook, with the code that it needs; that for another file unchanged.

    `text` is that of the notebook. Its code runs in the notebook's folder, as in Jupyter, unless a folder is chosen.
    """
    if not is_notebook(params.path):
        return params
    first = params.qualname.split(".")[0]
    defined = {definition.qualname for definition in definitions(text)}
    # Without the target, the other definitions are all that can be said of the text.
    names = {first, *_names_in_examples(params.examples)} if first in defined else defined
    needed = needed_code(text, names) if not is_step(params.qualname) else NeededCode(text, ())
    folder = params.working_directory or str(_folder(Path(params.path)))
    overlay = {**params.overlay, params.path: needed.text}
    return replace(params, overlay=overlay, working_directory=folder, left_out=needed.missing)


def _folder(notebook: Path) -> Path:
    """Return the folder of a notebook; for a copy that an editor keeps in a folder of its own, the one around that."""
    folder = notebook.parent
    return folder.parent if folder.name == ".virtual_documents" else folder


def _names_in_examples(examples: Iterable[ExampleSource]) -> Iterator[str]:
    """Yield the names of the module level that examples need."""
    for example in examples:
        statements = [*example.prelude, *(example.step.body if example.step is not None else ())]
        code = "\n".join([*(each.text for each in statements), example.expression])
        yield from (name.split(".")[0] for name in flow_of(parse(code).root_node).reads)
        if example.root is not None:
            yield from _names_in_root(example.root)
        for sibling in example.siblings:
            yield sibling.qualname.split(".")[0]
            yield from flow_of(parse(sibling.expression).root_node).reads


def _names_in_root(root: Root) -> Iterator[str]:
    yield root.qualname.split(".")[0]
    yield from _names_in_examples(root.examples)
