"""Repairs of calls: each file is one rule, which changes the arguments of `forward`."""
