"""Pass another configuration, which has the attribute that this one lacks: a part of it, or another of the module."""

from __future__ import annotations

from torch import nn

from ...building import configurations
from ...building.construction import Construction
from ..failed_attempt import FailedAttempt
from ..rule import Proposals, Rule


def _propose(failed: FailedAttempt, construction: Construction) -> Proposals:
    error = failed.error
    if not isinstance(error, AttributeError) or not error.name or isinstance(error.obj, (nn.Module, type)):
        return
    whole, cls, constructors = error.obj, construction.cls, construction.constructors
    text = constructors.names.of(type(whole))
    for name, value in failed.arguments.items():
        if not value.expression.startswith(f"{text}("):
            continue
        parts = [type(part) for part in vars(whole).values() if configurations.is_part(part, whole)]
        others = configurations.find_configuration(cls, constructors.names, declared=False)
        for other in dict.fromkeys((*parts, *others)):
            made = constructors.configuration(cls, [other]) if other is not type(whole) else None
            if made is not None and configurations.has_attribute(other, error.name):
                yield {**failed.arguments, name: made}


RULE = Rule("other-configuration", "the attribute that a configuration lacks", _propose)
