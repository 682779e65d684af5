"""Errors of DistributedDataParallel, as people paste them."""

from __future__ import annotations

import pytest

from aotlens.model.ddp_errors import DdpError, named_parameters, read_ddp_error
from aotlens_tracer.wire.descriptor_map import DdpParameter

REDUCTION = (
    "RuntimeError: Expected to have finished reduction in the prior iteration before starting a new one. {more}\n"
    "Parameter indices which did not receive grad for rank 0: {numbers}\n"
    " In addition, you can set the environment variable TORCH_DISTRIBUTED_DEBUG to either INFO or DETAIL"
)
TWICE = (
    "Parameter at index {index}{name} has been marked as ready twice. This means that multiple autograd engine hooks"
)
PARAMETERS = tuple(
    DdpParameter(names) for names in (("scale",), ("a.weight", "tied.weight"), ("a.bias",), ("blocks.0.a.weight",))
)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (REDUCTION.format(numbers="3 4", more=""), DdpError("no-gradient", (3, 4))),
        (REDUCTION.format(numbers="1360 1361\n1362", more=""), DdpError("no-gradient", (1360, 1361, 1362))),
        (REDUCTION.format(numbers="3 4\n2024-06-18 12:00:01 INFO", more=""), DdpError("no-gradient", (3, 4))),
        (
            REDUCTION.format(numbers="4", more="Since `find_unused_parameters=True` is enabled, this likely  means"),
            DdpError("no-gradient", (4,), finds_unused=True),
        ),
        (
            "[rank0]: Parameter indices which did not receive grad for rank 0: 3 4\n"
            "[rank1]: Parameter indices which did not receive grad for rank 1: 4 7",
            DdpError("no-gradient", (3, 4, 7)),
        ),
        (
            "Parameters which did not receive grad for rank 0: out.bias, spare.0.bias, .scale\n"
            "Parameter indices which did not receive grad for rank 0: 0 4 6",
            DdpError("no-gradient", (0, 4, 6), ("out.bias", "spare.0.bias", "scale")),
        ),
        (
            "Parameters which did not receive grad for rank 0: a.bias Parameter indices which did not receive grad for "
            "rank 0: 2",
            DdpError("no-gradient", (2,), ("a.bias",)),
        ),
        ("[Rank 0] Parameter a.bias did not get gradient in backwards pass.", DdpError("no-gradient", (), ("a.bias",))),
        (TWICE.format(index=753, name=""), DdpError("twice", (753,))),
        (TWICE.format(index=3, name=" with name b.bias"), DdpError("twice", (3,), ("b.bias",))),
        (
            "[1]: params[3] in this process with sizes [8, 4] appears not to match sizes of the same param in "
            "process 0.",
            DdpError("other-size", (3,)),
        ),
        ("3 4", DdpError("no-gradient", (3, 4))),
        ("[4, 3]", DdpError("no-gradient", (3, 4))),
        ("a.bias, scale", DdpError("no-gradient", (), ("a.bias", "scale"))),
        (" all\n", DdpError("all")),
        ("CUDA out of memory. Tried to allocate 2 GiB", None),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_errors(text: str, error: DdpError | None) -> None:
    assert read_ddp_error(text) == error


def named(error: DdpError) -> list[str]:
    return [one.parameter.names[0] for one in named_parameters(error, PARAMETERS).found]


def test_numbers_and_names_lead_to_parameters() -> None:
    assert named(DdpError("no-gradient", (2, 0))) == ["a.bias", "scale"][::-1]
    assert named(DdpError("no-gradient", names=("tied.weight", "scale"))) == ["scale", "a.weight"]
    assert named(DdpError("all")) == [one.names[0] for one in PARAMETERS]


def test_a_name_of_a_module_around_the_target_is_known_by_its_end() -> None:
    """The longest end counts: `blocks.0.a.weight` ends with `a.weight` too."""
    error = DdpError("twice", (387,), ("model.blocks.0.a.weight",))
    assert named(error) == ["blocks.0.a.weight"]
    assert named_parameters(error, PARAMETERS).by_name
    assert not named_parameters(DdpError("twice", (3,), ("blocks.0.a.weight",)), PARAMETERS).by_name


def test_names_and_numbers_that_the_target_lacks() -> None:
    assert named_parameters(DdpError("no-gradient", (1, 9)), PARAMETERS).missing == ("9",)
    other = named_parameters(DdpError("no-gradient", (1,), ("head.bias",)), PARAMETERS)
    assert (other.found, other.missing, other.by_name) == ((), ("head.bias",), False)
