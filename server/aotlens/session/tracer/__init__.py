"""Interpreters and the tracer processes that run in them."""
