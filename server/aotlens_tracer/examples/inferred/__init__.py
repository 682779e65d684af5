"""Examples that nobody wrote: constructor and inputs guessed from the source, tried on fake tensors, and repaired."""
