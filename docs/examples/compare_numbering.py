"""Compares two traces of one model: `python compare_numbering.py export.json compile.json`. See docs/passes.md.

Each file is what `aotlens trace model.py::Model --format json` prints. The inputs are matched by their labels, which
both conventions share, and what each of the joint graphs calls them is printed, with the node of the gradient.
"""

import json
import sys
from pathlib import Path


def inputs_by_label(path):
    """The inputs of a trace by their labels: the node, its descriptor, and the node of its gradient."""
    answer = json.loads(Path(path).read_text(encoding="utf-8"))
    assert answer["schema"] == "aotlens.trace/1", answer["schema"]
    (trace,) = answer["traces"]
    if trace["status"] != "traced":
        sys.exit(f"{trace['target']['qualname']} was not traced")
    found = {}
    for number, graph in enumerate(trace["graphs"]):
        place = f"graph {number}, " if len(trace["graphs"]) > 1 else ""
        for item in graph["inputs"]:
            gradient = graph["outputs"][item["gradient"]]["node"] if item["gradient"] is not None else None
            found.setdefault(item["label"], (place + item["node"], item["descriptor"], gradient))
    return found


def main(one, other):
    """Print a line for each input."""
    first, second = inputs_by_label(one), inputs_by_label(other)
    nothing = ("-", "-", None)
    for label in first | second:
        (node, _, gradient), (other_node, descriptor, other_gradient) = (
            first.get(label, nothing),
            second.get(label, nothing),
        )
        print(f"{label:20} {node:12} {gradient or '-':14} {other_node:12} {other_gradient or '-':14} {descriptor}")


if __name__ == "__main__":
    main(*sys.argv[1:])
