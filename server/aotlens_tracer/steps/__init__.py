"""The steps of a trace: import, example, capture, partition."""
