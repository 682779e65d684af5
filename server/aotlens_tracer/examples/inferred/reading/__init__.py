"""Reading the source of a `forward`: what its operations, submodules and functions demand of each argument.

`reader` is the entry. `demand` is what is known of a tensor, `scope` what the variables of a function stand for, `uses`
walks the statements of a function, and `calls` says what one call demands.
"""
