"""The commands about locked calling conventions: `aotlens lock` and `aotlens diff`."""
