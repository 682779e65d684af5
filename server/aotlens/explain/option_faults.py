"""Wrong options in words: of an example, of the command line, of the settings."""

from __future__ import annotations

from aotlens_tracer.wire.option_faults import Fault, WrongOption


def wrong_option(problem: WrongOption) -> str:
    """Return why an option cannot be read, or does not fit the call, and its text."""
    return f"{_reason(problem)}: {problem.code}"


def _reason(problem: WrongOption) -> str:
    match problem.fault:
        case "no-argument" if problem.names:
            return f"the call has no tensor of this name; it has {', '.join(problem.names)}"
        case "no-such-dimension":
            return f"this tensor has {problem.number} dimension{'' if problem.number == 1 else 's'}"
        case "size-outside":
            return f"the size in the example is {problem.number}, outside these bounds"
    return _FAULTS[problem.fault]


_FAULTS: dict[Fault, str] = {
    "unknown": "this is no option of an example",
    "twice": "this option is given twice",
    "no-dimensions": "a mesh has at least one dimension, as in mesh(tp=8)",
    "no-name": "each dimension of a mesh has a name and a size, as in dp=2",
    "no-size": "the number of ranks is missing, as in world(8)",
    "size": "a size is a whole number above 0",
    "rank": "a rank is a whole number from 0 to the number of ranks minus 1",
    "other-size": "the dimensions of this mesh do not make up the number of ranks that is given too",
    "dimension": "the number of a dimension is missing, as in dynamic(0)",
    "no-sizes": "no dimension is given, as in dynamic(0)",
    "size-name": "the name of a size is a string",
    "bounds": "min and max are whole numbers, and min is not above max",
    "keyword": "this option does not take such an argument",
    "no-argument": "the call has no tensor of this name",
    "no-tensor": "only the sizes of a tensor can change",
    "no-such-dimension": "this tensor has fewer dimensions",
    "size-outside": "the size in the example is outside these bounds",
}
