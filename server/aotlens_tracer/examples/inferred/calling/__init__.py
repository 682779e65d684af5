"""Calling a module: which arguments its `forward` probably takes.

`inputs` is the entry. `annotations` and `documentation` read what the author wrote, `model_sizes` the sizes of the
module, `shapes` makes tensors of all that is known.
"""
