"""What the tracer and the server say to each other. Standard library only."""
