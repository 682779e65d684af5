"""Repairs of calls by another constructor: each file is one rule, which reads a failed call of the module."""
