"""How a target is built and called."""
