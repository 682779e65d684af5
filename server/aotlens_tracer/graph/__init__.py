"""A captured graph as a descriptor map describes it."""
