"""The eager witness: the user's own call and backward pass, without any capture."""
