"""Repairs of constructors: each file is one rule, which changes the arguments that a class is built with."""
