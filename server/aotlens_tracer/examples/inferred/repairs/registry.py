"""All repair rules, in the order in which they are applied.

To add a rule, write its file, add its `RULE` here, and state what it proposes in a file of the same name in
`tests/corpus/repairs/`, in the folder of its kind.
"""

from __future__ import annotations

from ..building.construction import Construction
from ..calling.inputs import Inputs
from .calls import (
    absent_default,
    any_shape,
    condition,
    empty_slice,
    longer_list,
    loss_target,
    missing_arguments,
    missing_entry,
    modulation,
    named_in_message,
    none_accepted,
    none_read,
    not_divisible,
    optional_arguments,
    other_candidates,
    scaled_channels,
    sizes_differ,
    skipped_branch,
    squeezed,
    too_small,
    torch_layer,
    traced_assertion,
    wrong_dtype,
    wrong_kind,
    wrong_rank,
    wrong_size,
    wrong_view,
)
from .constructors import (
    advised_setting,
    another_kind,
    class_passed,
    configuration_setting,
    dictionary_keys,
    divisible_sizes,
    equal_lengths,
    equal_sides,
    missing_keys,
    namespace_attribute,
    no_download,
    none_passed,
    other_configuration,
    other_values,
    quoted_choice,
    refused_value,
    wrapped_layer,
    written_constructor,
    written_text,
)
from .rebuilding import agreeing_sizes, conditional_attribute, documented_module
from .rule import Rule

CALLS: tuple[Rule[Inputs], ...] = (
    missing_arguments.RULE,
    missing_entry.RULE,
    longer_list.RULE,
    none_read.RULE,
    skipped_branch.RULE,
    absent_default.RULE,
    loss_target.RULE,
    modulation.RULE,
    squeezed.RULE,
    torch_layer.RULE,
    wrong_size.RULE,
    wrong_rank.RULE,
    too_small.RULE,
    not_divisible.RULE,
    scaled_channels.RULE,
    empty_slice.RULE,
    sizes_differ.RULE,
    wrong_dtype.RULE,
    condition.RULE,
    traced_assertion.RULE,
    named_in_message.RULE,
    none_accepted.RULE,
    wrong_view.RULE,
    wrong_kind.RULE,
    other_candidates.RULE,
    any_shape.RULE,
    optional_arguments.RULE,
)
"""Rules for a call of `forward` that failed."""

WITHOUT_DATA = tuple(rule for rule in CALLS if rule is not any_shape.RULE)
"""Rules for a call that runs if it has data: its tensors are right, and another argument may spare it the data."""

CONSTRUCTORS: tuple[Rule[Construction], ...] = (
    missing_keys.RULE,
    dictionary_keys.RULE,
    advised_setting.RULE,
    no_download.RULE,
    namespace_attribute.RULE,
    divisible_sizes.RULE,
    configuration_setting.RULE,
    other_configuration.RULE,
    equal_lengths.RULE,
    class_passed.RULE,
    refused_value.RULE,
    wrapped_layer.RULE,
    written_constructor.RULE,
    written_text.RULE,
    none_passed.RULE,
    other_values.RULE,
    equal_sides.RULE,
    quoted_choice.RULE,
    another_kind.RULE,
)
"""Rules for a constructor that failed."""

REBUILDING: tuple[Rule[Construction], ...] = (
    conditional_attribute.RULE,
    documented_module.RULE,
    agreeing_sizes.RULE,
)
"""Rules for a call of `forward` that failed, which change how the module is built."""
