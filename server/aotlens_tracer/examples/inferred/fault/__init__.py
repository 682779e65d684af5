"""Whose fault is a failure: that of the class, or that of the guesses that it was built and called with."""
