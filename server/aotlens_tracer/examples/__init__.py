"""Examples: how a target is built and called."""
