"""The tracer process, its children and the pipes between them."""
