"""The commands about locked calling conventions: `aotlens lock`."""
