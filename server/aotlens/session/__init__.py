"""The interpreter to trace in, the project's settings, and the tracer process."""
