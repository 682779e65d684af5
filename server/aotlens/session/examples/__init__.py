"""The examples of a target: how they are found, and in which order they are tried."""
