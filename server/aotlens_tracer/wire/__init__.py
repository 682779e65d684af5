"""The vocabulary and the protocol between tracer and server. Standard library only."""
