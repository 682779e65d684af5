"""Names of configurations, and of the depths of stacks in them: patterns for whole names."""

from __future__ import annotations

import re

PARAMETERS = re.compile(r"(.*_)?(config|cfg|configuration|args|hparams|params|opts?|options|settings)")
"""Parameters of constructors that are configurations, in lower case."""
CLASSES = re.compile(r".*(Config|Configuration|Args|Arguments|Params|HParams|Hparams|Settings|Options|Cfg)$")
"""Classes of configurations."""
MAIN_DEPTHS = re.compile(
    r"(num_|n_)?((hidden|encoder|decoder|transformer|text|vision|block)_)?layers?|(encoder_|decoder_)?depth|num_blocks|"
    r"n_blocks"
)
"""Settings that are surely the number of layers of a stack."""
DEPTHS = re.compile(
    r"(?!.*(idx|index|drop|feature|start|end|freq|period|interval|first|last|norm|_per_|every|skip))"
    r"(.*_)?((num|n)_.*layers?|layers?|depth|num_.*blocks)|((num|n)_)?(layers|blocks)_per_(stage|level)"
)
"""Settings that are probably the number of layers of a stack."""
LISTS_OF_DEPTHS = re.compile(
    r"(.*_)?(depths?|layers|blocks|(num|n)_(layers|blocks)|((num|n)_)?(layers|blocks)_per_(stage|level))"
)
"""Settings that have the number of layers of each stage."""
